"""`mmavk reproduce`: the tables and the figure of the paper."""
