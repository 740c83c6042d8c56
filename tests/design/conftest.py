"""Fixtures of the tests of the design."""

from workplace import shell, small_data

__all__ = ["shell", "small_data"]
