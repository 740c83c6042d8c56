"""What other programs write and read: one file a format, all with the same four doors (format.py)."""
