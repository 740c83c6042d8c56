"""Fixtures of the tests of `mmavk doctor`."""

from generate_tools import tiny

__all__ = ["tiny"]
