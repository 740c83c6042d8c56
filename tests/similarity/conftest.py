"""Fixtures of the tests of similarity."""

from drawn import mmavk, posts

__all__ = ["mmavk", "posts"]
