"""`mmavk eval`."""
