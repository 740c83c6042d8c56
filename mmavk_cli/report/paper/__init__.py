"""The tables and the figure of the paper beside our numbers."""
