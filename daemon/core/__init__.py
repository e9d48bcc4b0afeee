"""The node's decisions: pure, without clock, sockets, database or logger."""
