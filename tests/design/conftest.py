"""Fixtures of the tests of the design."""

from workplace import captions, clip, evaluated, shell, small_data, trained

__all__ = ["captions", "clip", "evaluated", "shell", "small_data", "trained"]
