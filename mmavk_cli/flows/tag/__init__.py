"""`mmavk tag`."""
