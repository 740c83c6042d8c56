"""Fixtures of the tests of `mmavk card`."""

from trip import place, ran

__all__ = ["place", "ran"]
