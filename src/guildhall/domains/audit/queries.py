"""Reading the audit log."""

from itertools import chain, combinations

from sqlalchemy import bindparam, select

from guildhall.core.db import Query, Tx, query
from guildhall.domains.audit.models import AuditEntry, audit_entries

NEWEST = 2**62
FILTERS = ("action", "app_id", "target", "user_id")


def _page(names: tuple[str, ...]) -> Query[AuditEntry]:
    return query(
        AuditEntry,
        select(audit_entries)
        .where(*(audit_entries.c[name] == bindparam(name) for name in names), audit_entries.c.seq < bindparam("before"))
        .order_by(audit_entries.c.seq.desc())
        .limit(bindparam("limit")),
    )


PAGES = {
    names: _page(names)
    for names in chain.from_iterable(combinations(FILTERS, size) for size in range(len(FILTERS) + 1))
}
"""A statement for each set of filters: the index of one of them finds the rows, in their order."""


async def page_of_entries(
    tx: Tx,
    *,
    limit: int,
    before: int | None = None,
    action: str | None = None,
    target: str | None = None,
    user_id: str | None = None,
    app_id: str | None = None,
) -> list[AuditEntry]:
    """Return entries, newest first, that were written before entry `before` and fit all that is given.

    `action` is what was done, `target` to what, `user_id` by whom, `app_id` through which app or with which key.
    """
    wanted = {"action": action, "app_id": app_id, "target": target, "user_id": user_id}
    given = {name: value for name, value in wanted.items() if value}
    cursor = NEWEST if before is None else min(before, NEWEST)
    return await tx.all(PAGES[tuple(given)], before=cursor, limit=limit, **given)
