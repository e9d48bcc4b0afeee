"""Run the migrations of an archive on the connection that it hands over; no other way in."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    version_table="revision",
    version_table_schema="vxfleet",
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
