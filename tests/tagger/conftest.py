"""Fixtures of the tests of the tagger."""

from tiny_tagger import cutter, tiny_encoder, tiny_tagger

__all__ = ["cutter", "tiny_encoder", "tiny_tagger"]
