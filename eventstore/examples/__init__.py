"""Worked examples of the library; LIBRARY.md shows each of them, and what it prints."""
