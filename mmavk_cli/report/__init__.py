"""Measures, tables and what people look at."""
