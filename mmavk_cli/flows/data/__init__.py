"""`mmavk data`: fetch, stats, check, convert."""
