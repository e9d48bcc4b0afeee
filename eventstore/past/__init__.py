"""What was: a state at any moment, what happened, what leads from one moment to another."""
