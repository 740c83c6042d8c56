"""mmavk: find the names in a post with the help of its picture (MMAVK, 2025)."""

__version__ = "0.1.0"
