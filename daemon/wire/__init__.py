"""Bytes to messages and back: pure, and light enough for every command."""
