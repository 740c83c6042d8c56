"""Fixtures of the tests of `mmavk generate`."""

from generate_tools import pictures, tiny
from loopback import server

__all__ = ["pictures", "server", "tiny"]
