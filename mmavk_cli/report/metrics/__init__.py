"""Scores, intervals, tests and counts."""
