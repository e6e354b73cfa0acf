"""Leases: rows that say who may do a thing until when, in one process or in many.

A lease has one holder at a time and ends by itself, so the work of a process that died is free again without anybody
noticing the death. It is judged by the clocks of the holders' machines, which must agree within a third of it. A lease
tells who should act, not who does: a holder that was frozen may wake after its lease went to another, so what it does
must bear a repeat.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Column, Table, Text, bindparam, delete, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from guildhall.core.db import JsonDoc, Tx, UtcTime, command, metadata, query

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
)

# Both engines understand the PostgreSQL form of an insert that turns into an update.
_new = insert(leases)
ACQUIRE = command(
    _new.on_conflict_do_update(
        index_elements=[leases.c.name],
        set_={"holder": _new.excluded.holder, "expires_at": _new.excluded.expires_at},
        where=or_(leases.c.holder == _new.excluded.holder, leases.c.expires_at <= bindparam("now")),
    )
)
RENEW = command(
    update(leases)
    .where(
        leases.c.name == bindparam("lease"),
        leases.c.holder == bindparam("owner"),
        leases.c.expires_at > bindparam("now"),
    )
    .values(expires_at=bindparam("until"))
)
_names = bindparam("names", type_=JsonDoc)
# As one JSON list, because a statement has a fixed number of parameters.
_among = {
    "postgresql": text("name = ANY(ARRAY(SELECT jsonb_array_elements_text(:names)))").bindparams(_names),
    "sqlite": text("name IN (SELECT value FROM json_each(:names))").bindparams(_names),
}
_held = (leases.c.holder == bindparam("owner"), leases.c.expires_at > bindparam("now"))
RENEW_ALL = {
    engine: command(update(leases).where(among, *_held).values(expires_at=bindparam("until")))
    for engine, among in _among.items()
}
HELD = {engine: query(str, select(leases.c.name).where(among, *_held)) for engine, among in _among.items()}
RELEASE = command(delete(leases).where(leases.c.name == bindparam("lease"), leases.c.holder == bindparam("owner")))
HOLDERS = query(
    str,
    select(leases.c.holder).where(
        or_(leases.c.name == bindparam("family"), leases.c.name.like(bindparam("members"))),
        leases.c.expires_at > bindparam("now"),
    ),
)
CLEAR = command(delete(leases).where(leases.c.expires_at <= bindparam("before")))


async def acquire(tx: Tx, name: str, holder: str, ttl: timedelta, now: datetime) -> bool:
    """Take a lease that is free, has ended or is the holder's own, until `now + ttl`. False when another holds it."""
    return await tx.run(ACQUIRE, name=name, holder=holder, expires_at=now + ttl, now=now) == 1


async def renew(tx: Tx, name: str, holder: str, ttl: timedelta, now: datetime) -> bool:
    """Prolong a lease that the holder has without a gap, until `now + ttl`. False when it ended or went to another."""
    return await tx.run(RENEW, lease=name, owner=holder, until=now + ttl, now=now) == 1


async def renew_all(tx: Tx, names: Collection[str], holder: str, ttl: timedelta, now: datetime) -> set[str]:
    """Prolong leases as `renew` does, and return those that the holder has. Two statements, however many they are."""
    await tx.run(RENEW_ALL[tx.engine], names=list(names), owner=holder, until=now + ttl, now=now)
    return set(await tx.all(HELD[tx.engine], names=list(names), owner=holder, now=now))


async def release(tx: Tx, name: str, holder: str) -> None:
    """Give a lease back before it ends; a lease of somebody else stays."""
    await tx.run(RELEASE, lease=name, owner=holder)


async def holders(tx: Tx, family: str, now: datetime) -> set[str]:
    """Return who holds a lease named `family` or `family:anything` at that time."""
    return set(await tx.all(HOLDERS, family=family, members=family + ":%", now=now))


async def clear_ended(tx: Tx, before: datetime) -> int:
    """Remove the leases that ended by then, such as those of processes long gone. Returns how many."""
    return await tx.run(CLEAR, before=before)
