"""The store: knowledge, similarities and vectors on disk."""
