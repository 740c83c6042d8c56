"""Generators: what writes knowledge about pictures."""
