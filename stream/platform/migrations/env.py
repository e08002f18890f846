"""Alembic's environment: it runs the revisions on the connection, and in the transaction, that it is given."""

from alembic import context

from take5.stream.platform.tables import VERSION_TABLE, Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
