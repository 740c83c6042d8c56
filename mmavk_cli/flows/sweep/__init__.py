"""`mmavk sweep`."""
