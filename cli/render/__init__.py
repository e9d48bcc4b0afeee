"""Values to text: pure functions, the same on and off a terminal."""
