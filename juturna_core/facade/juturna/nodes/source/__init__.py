"""Sources: none is built in yet."""
