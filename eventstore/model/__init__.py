"""The model: objects, events, commands and what becomes of them. Pure, no I/O."""
