"""`mmavk train`."""
