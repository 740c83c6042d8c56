"""Fixtures of the tests of the knowledge."""

from loopback import server

__all__ = ["server"]
