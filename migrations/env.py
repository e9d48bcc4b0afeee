"""Run the migrations on the connection that the store hands over; there is no other way in."""

from alembic import context

from eventstore.storage.schema import metadata

connection = context.config.attributes["connection"]
# alembic believes that SQLite cannot undo a change of the schema, and would commit at each step.
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
