"""Fusions: how knowledge meets the words."""
