"""Fixtures of the tests of the design."""

from workplace import captions, evaluated, shell, small_data, trained

__all__ = ["captions", "evaluated", "shell", "small_data", "trained"]
