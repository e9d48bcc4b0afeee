"""The store's schema, version by version; shipped with the program and run by it."""
