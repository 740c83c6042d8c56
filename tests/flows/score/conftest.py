"""Fixtures of the tests of `mmavk score`."""

from drawn import mmavk, posts

__all__ = ["mmavk", "posts"]
