"""Encoders: pieces to vectors."""
