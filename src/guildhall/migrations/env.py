"""How Alembic reaches the database: one short-lived connection, one migrator at a time."""

from pathlib import Path

from alembic import context
from sqlalchemy import Connection, NullPool, create_engine, text

import guildhall.core.feed
import guildhall.core.idempotency
import guildhall.core.leases
import guildhall.core.outbox
import guildhall.domains.actions.models
import guildhall.domains.attendance.key_models
import guildhall.domains.attendance.models
import guildhall.domains.attendance.posting.models
import guildhall.domains.attendance.roles.models
import guildhall.domains.attendance.tlog.models
import guildhall.domains.attendance.webhooks.models
import guildhall.domains.audit.models
import guildhall.domains.bans.models
import guildhall.domains.bot.models
import guildhall.domains.calendars.models
import guildhall.domains.identity.desk.models
import guildhall.domains.identity.models
import guildhall.domains.ledger.models
import guildhall.domains.notifications.models
import guildhall.domains.rooms.models
import guildhall.domains.shifts.models
import guildhall.domains.site.models
import guildhall.domains.tickets.attachments.models
import guildhall.domains.tickets.blocks.models
import guildhall.domains.tickets.categories.models
import guildhall.domains.tickets.guildlog.models
import guildhall.domains.tickets.models
import guildhall.domains.tickets.ratings.models
import guildhall.domains.tickets.relay.models
import guildhall.domains.tickets.reminders.models
import guildhall.domains.tickets.snippets.models  # noqa: F401 (each of these puts its tables on the metadata)
from guildhall.core.db import metadata

TAKE_TURN = {"postgresql": "SELECT pg_advisory_xact_lock(7204511093)", "sqlite": "BEGIN IMMEDIATE"}
"""Begins the transaction, and waits there for whoever migrates already."""

LONGEST_TURN = 60.0


def run(connection: Connection) -> None:
    """Run what is missing, in one transaction."""
    connection.execute(text(TAKE_TURN[connection.dialect.name]))
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()


def sync_url(url: str) -> str:
    """Return the address with the driver that migrations use."""
    for scheme in ("postgresql://", "postgres://"):
        if url.startswith(scheme):
            return "postgresql+psycopg://" + url.removeprefix(scheme)
    Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    return url


address = sync_url(context.config.attributes["url"])
options = {"timeout": LONGEST_TURN} if address.startswith("sqlite") else {}
with create_engine(address, connect_args=options, poolclass=NullPool).connect() as each:
    run(each)
