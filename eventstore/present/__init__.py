"""A state as people see it, and what differs between two: rows of plain data, pure."""
