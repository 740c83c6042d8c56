"""Fixtures of the tests of what the commands know about pictures."""

from drawn import mmavk, posts

__all__ = ["mmavk", "posts"]
