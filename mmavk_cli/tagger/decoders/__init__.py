"""Decoders: word vectors to tags or spans."""
