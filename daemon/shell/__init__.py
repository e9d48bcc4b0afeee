"""Everything of the daemon that touches the world; asyncio lives here."""
