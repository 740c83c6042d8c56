"""`mmavk score`."""
