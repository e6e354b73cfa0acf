"""Reading the audit log."""

from sqlalchemy import bindparam, select

from guildhall.core.db import Tx, query
from guildhall.domains.audit.models import AuditEntry, audit_entries

_before = audit_entries.c.seq < bindparam("before")
_newest = audit_entries.c.seq.desc()
NEWEST = 2**62

PAGE = query(AuditEntry, select(audit_entries).where(_before).order_by(_newest).limit(bindparam("limit")))
PAGE_OF_ACTION = query(
    AuditEntry,
    select(audit_entries)
    .where(audit_entries.c.action == bindparam("action"), _before)
    .order_by(_newest)
    .limit(bindparam("limit")),
)
PAGE_OF_TARGET = query(
    AuditEntry,
    select(audit_entries)
    .where(audit_entries.c.target == bindparam("target"), _before)
    .order_by(_newest)
    .limit(bindparam("limit")),
)


async def page_of_entries(
    tx: Tx, *, limit: int, before: int | None = None, action: str | None = None, target: str | None = None
) -> list[AuditEntry]:
    """Return entries, newest first, that were written before entry `before`, of one action or about one target."""
    cursor = NEWEST if before is None else before
    if action:
        return await tx.all(PAGE_OF_ACTION, action=action, before=cursor, limit=limit)
    if target:
        return await tx.all(PAGE_OF_TARGET, target=target, before=cursor, limit=limit)
    return await tx.all(PAGE, before=cursor, limit=limit)
