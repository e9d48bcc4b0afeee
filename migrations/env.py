"""Run the migrations on the connection that the store hands over; there is no other way in."""

from alembic import context

from eventstore.storage.schema import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
