"""The command line: parse, ask the daemon, render, exit."""
