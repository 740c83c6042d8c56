"""Fixtures of the tests of the formats."""

from optional_packages import needs

__all__ = ["needs"]
