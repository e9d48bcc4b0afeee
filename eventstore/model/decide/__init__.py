"""Which events follow from a command or a notification, or why none do."""
