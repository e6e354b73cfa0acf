"""How Alembic reaches the database: one short-lived connection, one migrator at a time."""

from pathlib import Path

from alembic import context
from sqlalchemy import Connection, create_engine, text

import guildhall.core.idempotency
import guildhall.core.leases
import guildhall.core.outbox
import guildhall.domains.audit.models
import guildhall.domains.identity.models
import guildhall.domains.notifications.models
import guildhall.domains.rooms.models  # noqa: F401 (each of these puts its tables on the metadata)
from guildhall.core.db import metadata

LOCK = 7_204_511_093


def run(connection: Connection) -> None:
    """Run what is missing, in one transaction."""
    postgresql = connection.dialect.name == "postgresql"
    if postgresql:
        connection.execute(text(f"SELECT pg_advisory_lock({LOCK})"))
    try:
        context.configure(connection=connection, target_metadata=metadata)
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
    finally:
        if postgresql:
            connection.execute(text(f"SELECT pg_advisory_unlock({LOCK})"))


def sync_url(url: str) -> str:
    """Return the address with the driver that migrations use."""
    for scheme in ("postgresql://", "postgres://"):
        if url.startswith(scheme):
            return "postgresql+psycopg://" + url.removeprefix(scheme)
    Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    return url


engine = create_engine(sync_url(context.config.attributes["url"]))
with engine.connect() as each:
    run(each)
engine.dispose()
