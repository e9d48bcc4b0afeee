"""The configuration daemon, and the client that talks to it."""
