"""Linking rooms and the shift plan to calendars outside."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import msgspec
from sqlalchemy import bindparam, delete, null, update

from guildhall.core import ids, leases, outbox
from guildhall.core.actor import Actor
from guildhall.core.crypto import SecretBox, SecretUnreadable
from guildhall.core.db import Tx, command
from guildhall.core.errors import InvalidField
from guildhall.core.outbox import JobKind
from guildhall.domains import audit
from guildhall.domains.calendars.errors import CalendarNotLinked, CalendarRefused, LinkManagedByFile
from guildhall.domains.calendars.models import (
    CALENDARS,
    TARGET,
    CalendarKind,
    CalendarPlan,
    Link,
    calendar_conflicts,
    calendar_links,
    calendar_writes,
)
from guildhall.domains.calendars.queries import LINK, LINK_OF, LINK_OF_LOCKED, list_links

LONGEST_ADDRESS = 2000
LONGEST_ACCOUNT = 500

WAKE_PERIOD = timedelta(seconds=5)
"""How long to wait for more when a calendar says that it changed."""

_link = calendar_links.c.id == bindparam("link_id")
CHANGE = command(
    update(calendar_links)
    .where(_link)
    .values(
        username=bindparam("new_username"),
        secret=bindparam("new_secret"),
        managed_by_file=bindparam("by_file"),
    )
)
FORGET = (
    command(delete(calendar_conflicts).where(calendar_conflicts.c.link_id == bindparam("gone"))),
    command(delete(calendar_writes).where(calendar_writes.c.link_id == bindparam("gone"))),
    command(delete(calendar_links).where(calendar_links.c.id == bindparam("gone"))),
)
SYNCED = command(
    update(calendar_links)
    .where(_link)
    .values(position=bindparam("new_position"), synced_at=bindparam("at"), failed_since=null(), error=null())
)
FAILED = command(update(calendar_links).where(_link).values(failed_since=bindparam("since"), error=bindparam("reason")))


class TargetRef(msgspec.Struct, frozen=True):
    """The room or the shift plan that a job is about."""

    target: str


LISTEN = JobKind("calendars.listen", TargetRef, queue=CALENDARS, backoff=())
"""Hears of one calendar now; the next regular turn is the next attempt."""
CLEAR = JobKind("calendars.clear", TargetRef, queue=CALENDARS)
"""Forgets what was heard from a calendar that is linked no longer."""


async def link_calendar(tx: Tx, actor: Actor, plan: CalendarPlan, *, box: SecretBox, now: datetime) -> Link:
    """Link a room or the shift plan to a calendar outside, or change the link. The caller knows that the room exists.

    Another address is another calendar: what the former one was told and said is forgotten, and stays there as it is.
    Raises InvalidField, LinkManagedByFile.
    """
    known = await tx.one(LINK_OF_LOCKED, target=plan.target)
    if known is not None and known.managed_by_file:
        raise LinkManagedByFile
    return await _store(tx, actor, plan, known, box=box, by_file=False, now=now)


async def unlink_calendar(tx: Tx, actor: Actor, target: str, *, now: datetime) -> None:
    """End a link. What the calendar outside holds stays there. Raises CalendarNotLinked, LinkManagedByFile."""
    known = await tx.one(LINK_OF_LOCKED, target=target)
    if known is None:
        raise CalendarNotLinked
    if known.managed_by_file:
        raise LinkManagedByFile
    await _forget(tx, actor, known, now)


async def apply_file(tx: Tx, actor: Actor, plans: Sequence[CalendarPlan], *, box: SecretBox, now: datetime) -> None:
    """Make the links of the configuration file so, and read-only elsewhere. Raises InvalidField.

    A link that an earlier file named and this one does not ends, because its password came from that file.
    """
    named = {plan.target for plan in plans}
    for link in await list_links(tx):
        if link.managed_by_file and link.target not in named:
            await _forget(tx, actor, link, now)
    for plan in plans:
        known = await tx.one(LINK_OF_LOCKED, target=plan.target)
        await _store(tx, actor, plan, known, box=box, by_file=True, now=now)


def password_of(link: Link, box: SecretBox) -> str:
    """Return the password of a link. Raises CalendarRefused when it cannot be read any more."""
    try:
        return box.decrypt(link.secret or "", place=_place(link.target))
    except SecretUnreadable as fault:
        raise CalendarRefused("The calendar's password cannot be read any more: enter it anew") from fault


async def sync_now(tx: Tx, actor: Actor, target: str, *, now: datetime) -> None:
    """Listen to a calendar at once instead of at its next turn. Raises CalendarNotLinked."""
    link = await tx.one(LINK_OF, target=target)
    if link is None:
        raise CalendarNotLinked
    await audit.record(tx, actor, "calendar.sync_asked", target, now=now)
    await _listen_soon(tx, link, now)


async def wake_link(tx: Tx, link_id: str, *, now: datetime) -> None:
    """Listen soon to a calendar that says it changed; one that is linked no longer wakes nobody.

    A calendar that changes often says so often: within WAKE_PERIOD it is listened to once, at its end.
    """
    link = await tx.one(LINK, id=link_id)
    if link is None:
        return
    period = int(now.timestamp() // WAKE_PERIOD.total_seconds())
    ends = datetime.fromtimestamp((period + 1) * WAKE_PERIOD.total_seconds(), UTC)
    await outbox.put(tx, LISTEN, TargetRef(link.target), now=now, key=f"{link.id} {period}", due=ends)


async def begin_listening(tx: Tx, target: str, *, holder: str, lasts: timedelta, now: datetime) -> Link | None:
    """Return a link for listening, alone until `lasts` is over; None when somebody listens, or nothing is linked."""
    link = await tx.one(LINK_OF, target=target)
    if link is None or not await leases.acquire(tx, _lease(link), holder, lasts, now):
        return None
    return link


async def end_listening(
    tx: Tx, link: Link, *, holder: str, position: str | None, error: str | None, now: datetime
) -> None:
    """Write down how far listening came, or why it did not, and let others listen."""
    if error is None:
        await tx.run(SYNCED, link_id=link.id, new_position=position, at=now)
    else:
        await tx.run(FAILED, link_id=link.id, since=link.failed_since or now, reason=error)
    await leases.release(tx, _lease(link), holder)
    tx.announce("calendars", target=link.target)


async def _store(
    tx: Tx, actor: Actor, plan: CalendarPlan, known: Link | None, *, box: SecretBox, by_file: bool, now: datetime
) -> Link:
    check_plan(plan)
    same = known is not None and (known.kind, known.address) == (plan.kind, plan.address)
    if known is not None and same:
        return await _change(tx, actor, plan, known, box=box, by_file=by_file, now=now)
    if plan.kind is CalendarKind.CALDAV and plan.password is None:
        raise InvalidField("A CalDAV calendar needs a password", field="password")
    if known is not None:
        await _forget(tx, actor, known, now)
    link = Link(
        id=ids.ulid(),
        target=plan.target,
        kind=plan.kind,
        address=plan.address,
        username=plan.username,
        secret=None if plan.password is None else box.encrypt(plan.password, place=_place(plan.target)),
        managed_by_file=by_file,
        created_at=now,
    )
    await tx.insert(link)
    await audit.record(tx, actor, "calendar.linked", plan.target, now=now, kind=plan.kind, address=plan.address)
    await _listen_soon(tx, link, now)
    return link


async def _change(
    tx: Tx, actor: Actor, plan: CalendarPlan, known: Link, *, box: SecretBox, by_file: bool, now: datetime
) -> Link:
    """Change the account of a link; one that is as wanted is not touched, so that a reload of the file is free."""
    secret = known.secret
    if plan.password is not None and not _is_password(known, plan.password, box):
        secret = box.encrypt(plan.password, place=_place(plan.target))
    changed = msgspec.structs.replace(known, username=plan.username, secret=secret, managed_by_file=by_file)
    if changed == known:
        return known
    await tx.run(CHANGE, link_id=known.id, new_username=plan.username, new_secret=secret, by_file=by_file)
    await audit.record(tx, actor, "calendar.changed", plan.target, now=now)
    await _listen_soon(tx, changed, now)
    return changed


async def _listen_soon(tx: Tx, link: Link, now: datetime) -> None:
    await outbox.put(tx, LISTEN, TargetRef(link.target), now=now)
    tx.announce("calendars", target=link.target)


async def _forget(tx: Tx, actor: Actor, link: Link, now: datetime) -> None:
    for statement in FORGET:
        await tx.run(statement, gone=link.id)
    await audit.record(tx, actor, "calendar.unlinked", link.target, now=now)
    await outbox.put(tx, CLEAR, TargetRef(link.target), now=now)
    tx.announce("calendars", target=link.target)


def check_plan(plan: CalendarPlan) -> None:
    """Refuse a plan that can be no link. Raises InvalidField."""
    if not TARGET.fullmatch(plan.target):
        raise InvalidField("A calendar shows `room:<id>` or `shifts`", field="target")
    if not 1 <= len(plan.address) <= LONGEST_ADDRESS or not plan.address.isprintable() or " " in plan.address:
        raise InvalidField("This is no address of a calendar", field="address")
    for field, text in (("username", plan.username), ("password", plan.password)):
        if text is not None and not 1 <= len(text) <= LONGEST_ACCOUNT:
            raise InvalidField(f"The {field} has 1 to {LONGEST_ACCOUNT} characters", field=field)
    if plan.kind is CalendarKind.CALDAV:
        _check_caldav(plan)
    elif plan.username is not None or plan.password is not None:
        raise InvalidField("A Google calendar is opened by the hub's service account alone", field="username")


def _check_caldav(plan: CalendarPlan) -> None:
    try:
        address = urlsplit(plan.address)
        good = address.scheme in ("http", "https") and bool(address.hostname) and (address.port or 1) > 0
    except ValueError:
        good = False
    if not good or address.username or address.query or address.fragment:
        raise InvalidField("A CalDAV address looks like https://host/path/, without an account in it", field="address")
    if plan.username is None or ":" in plan.username:
        raise InvalidField("A CalDAV calendar needs a user, whose name has no colon", field="username")


def _is_password(link: Link, password: str, box: SecretBox) -> bool:
    try:
        return password_of(link, box) == password
    except CalendarRefused:
        return False


def _place(target: str) -> str:
    return f"calendars.link:{target}"


def _lease(link: Link) -> str:
    return f"calendar:{link.id}"
