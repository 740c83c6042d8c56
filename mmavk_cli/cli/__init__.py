"""Words on the screen: one file a command, no logic."""
