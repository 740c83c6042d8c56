"""`mmavk push`."""
