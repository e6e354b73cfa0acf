"""Reads about the configuration."""

from sqlalchemy import bindparam, literal_column, select

from guildhall.core.db import Tx, query
from guildhall.domains.site.models import Change, Stored, site_changes, site_configuration

_stored = select(*(site_configuration.c[name] for name in Stored.__struct_fields__))
STORED = query(Stored, _stored)
STORED_LOCKED = query(Stored, _stored.with_for_update())
VERSION = query(int, select(site_configuration.c.version))
_changes = select(*(site_changes.c[name] for name in Change.__struct_fields__))
FIRST_CHANGE = query(Change, _changes.where(site_changes.c.version == literal_column("1")))
CHANGES = query(
    Change,
    _changes.order_by(site_changes.c.version.desc()).limit(bindparam("most")),
)


async def list_changes(tx: Tx, *, most: int) -> list[Change]:
    """Return the latest changes, newest first."""
    return await tx.all(CHANGES, most=most)
