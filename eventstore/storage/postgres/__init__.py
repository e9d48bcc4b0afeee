"""The engine of a store in a schema of a PostgreSQL database."""
