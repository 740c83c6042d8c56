"""Fixtures of the tests of the language models that see."""

from generate_tools import pictures, qwen, tiny

__all__ = ["pictures", "qwen", "tiny"]
