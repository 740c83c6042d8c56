"""Generators that ask a vision-language model."""
