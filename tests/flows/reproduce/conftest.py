"""Fixtures of the tests of `mmavk reproduce`."""

from small_place import mmavk, quick, small_place

__all__ = ["mmavk", "quick", "small_place"]
