"""`mmavk store`."""
