"""Fixtures of the tests of the corpus."""

from small_set import make_set

__all__ = ["make_set"]
