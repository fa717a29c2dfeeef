"""Alembic runs this: on the connection `ledger.database.migrate` hands over."""

from __future__ import annotations

from alembic import context

from ledger.models import Base

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Base.metadata, transactional_ddl=True
)
context.run_migrations()
