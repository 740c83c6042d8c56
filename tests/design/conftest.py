"""Fixtures of the tests of the design."""

from workplace import captions, shell, small_data, trained

__all__ = ["captions", "shell", "small_data", "trained"]
