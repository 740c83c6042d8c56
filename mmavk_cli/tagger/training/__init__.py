"""Training of a tagger."""
