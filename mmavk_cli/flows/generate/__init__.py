"""`mmavk generate`."""
