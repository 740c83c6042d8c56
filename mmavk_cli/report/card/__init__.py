"""Cards: what a run is, what it was made of and what it came to, in Markdown, from its records alone."""
