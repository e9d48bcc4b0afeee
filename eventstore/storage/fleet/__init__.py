"""The archive of many clusters in PostgreSQL: arriving, reading, asking across, detaching."""
