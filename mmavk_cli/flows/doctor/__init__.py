"""`mmavk doctor`."""
