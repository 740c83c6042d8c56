"""The page of a report: what runs came to, and their posts with the names marked."""
