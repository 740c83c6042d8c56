"""Fixtures of the tests of `mmavk sweep`."""

from drawn import mmavk, posts

__all__ = ["mmavk", "posts"]
