"""Fixtures of the tests of `mmavk data`."""

from optional_packages import needs
from small_set import make_set

__all__ = ["make_set", "needs"]
