"""One file a command: the only place where two stages meet."""
