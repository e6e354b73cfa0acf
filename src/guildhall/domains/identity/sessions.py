"""Sessions: a browser's is a random cookie, kept as a hash, that slides for a week and ends after thirty days.

A program's has no cookie but tokens that point at it (`access_tokens`). Whatever ends sessions announces it as
ACCESS_CHANGED, so that connections which stay open can look again at what their person may do.
"""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import bindparam, delete, update

from guildhall.core import ids
from guildhall.core.actor import Actor, ActorKind, Credential
from guildhall.core.crypto import digest
from guildhall.core.db import Tx, command
from guildhall.domains import audit
from guildhall.domains.identity.models import Session, SessionKind, User, sessions
from guildhall.domains.identity.permissions import permissions_of
from guildhall.domains.identity.queries import GRANTS, SESSION_BY_HASH, SESSIONS_OF, USER, roles_of

IDLE_LIFE = timedelta(days=7)
WHOLE_LIFE = timedelta(days=30)
SEEN_EVERY = timedelta(minutes=1)
LONGEST_AGENT = 300
ENDED_KEPT = timedelta(days=30)

ACCESS_CHANGED = "identity.access"
"""The topic of the event that says: what the person `user_id` may do has changed, or a session of theirs has ended."""

SEEN = command(
    update(sessions)
    .where(sessions.c.id == bindparam("session_id"))
    .values(last_seen_at=bindparam("at"), expires_at=bindparam("until"))
)
TOUCH = command(
    update(sessions)
    .where(sessions.c.id == bindparam("session_id"), sessions.c.last_seen_at <= bindparam("before"))
    .values(last_seen_at=bindparam("at"))
)
PROLONG = command(
    update(sessions)
    .where(sessions.c.id == bindparam("session_id"), sessions.c.ended_at.is_(None))
    .values(expires_at=bindparam("until"))
)
END = command(
    update(sessions)
    .where(
        sessions.c.id == bindparam("session_id"),
        sessions.c.user_id == bindparam("owner"),
        sessions.c.ended_at.is_(None),
    )
    .values(ended_at=bindparam("at"))
)
END_OTHERS = command(
    update(sessions)
    .where(
        sessions.c.user_id == bindparam("owner"),
        sessions.c.id != bindparam("session_id"),
        sessions.c.ended_at.is_(None),
    )
    .values(ended_at=bindparam("at"))
)
FORGET_EXPIRED = command(
    delete(sessions).where(sessions.c.expires_at <= bindparam("at"), sessions.c.ended_at.is_(None))
)
FORGET_ENDED = command(delete(sessions).where(sessions.c.ended_at <= bindparam("before")))


@dataclass(frozen=True)
class SignedIn:
    """A request's session, person and actor, and the id by which Discord knows the person, where that was asked for."""

    session: Session
    user: User
    actor: Actor
    discord_id: int | None = None


async def open_session(
    tx: Tx,
    user: User,
    *,
    ip: str | None,
    user_agent: str | None,
    way: str = "password",
    kind: SessionKind = SessionKind.BROWSER,
    life: timedelta = IDLE_LIFE,
    now: datetime,
) -> tuple[Session, str]:
    """Open a session and return it with the cookie's value, which is kept as a hash only.

    `way` is by which the person proved who they are.
    """
    token = ids.url_token()
    session = Session(
        id=ids.ulid(),
        token_hash=digest(token),
        user_id=user.id,
        created_at=now,
        last_seen_at=now,
        expires_at=now + life,
        ip=ip,
        user_agent=user_agent and user_agent[:LONGEST_AGENT],
        kind=kind,
        way=way,
    )
    await tx.insert(session)
    actor = Actor(ActorKind.USER, Credential.SESSION, user_id=user.id, ip=ip)
    await audit.record(tx, actor, "session.opened", session.id, now=now, way=way)
    return session, token


async def signed_in_with(tx: Tx, token: str, *, ip: str | None, now: datetime) -> SignedIn | None:
    """Return whose session this cookie is, or None when it is unknown, expired or its person is disabled."""
    session = await tx.one(SESSION_BY_HASH, hash=digest(token))
    if session is None or session.expires_at <= now:
        return None
    user = await tx.one(USER, id=session.user_id)
    if user is None or user.disabled_at is not None:
        return None
    roles = await roles_of(tx, user.id)
    granted = permissions_of(Credential.SESSION, roles, await tx.all(GRANTS, user_id=user.id))
    actor = Actor(
        ActorKind.USER, Credential.SESSION, user.id, roles=frozenset(roles), permissions=frozenset(granted), ip=ip
    )
    return SignedIn(session, user, actor)


def wants_renewal(session: Session, now: datetime) -> bool:
    """Tell whether the session's last use is old enough to be written again."""
    return now - session.last_seen_at >= SEEN_EVERY


async def renew_session(tx: Tx, session: Session, *, now: datetime) -> None:
    """Slide the session's end, up to its whole life."""
    until = min(now + IDLE_LIFE, session.created_at + WHOLE_LIFE)
    await tx.run(SEEN, session_id=session.id, at=now, until=until)


async def sessions_of(tx: Tx, user_id: str, *, now: datetime) -> list[Session]:
    """Return a person's live sessions, the latest used first."""
    return await tx.all(SESSIONS_OF, user_id=user_id, now=now)


async def end_session(tx: Tx, actor: Actor, session_id: str, *, now: datetime) -> None:
    """End one session of the person who acts; ending it twice is fine."""
    if await tx.run(END, session_id=session_id, owner=actor.user_id, at=now):
        tx.announce(ACCESS_CHANGED, user_id=actor.user_id)
        await audit.record(tx, actor, "session.ended", session_id, now=now)


async def end_other_sessions(tx: Tx, actor: Actor, session_id: str, *, now: datetime) -> int:
    """End every session of the person who acts but this one, and return how many."""
    ended = await tx.run(END_OTHERS, session_id=session_id, owner=actor.user_id, at=now)
    tx.announce(ACCESS_CHANGED, user_id=actor.user_id)
    await audit.record(tx, actor, "session.others_ended", session_id, now=now, ended=ended)
    return ended


async def end_sessions_of(tx: Tx, actor: Actor, user: User, *, now: datetime) -> int:
    """End every session of a person, on the word of whoever looks after people, and return how many."""
    ended = await tx.run(END_OTHERS, session_id="", owner=user.id, at=now)
    tx.announce(ACCESS_CHANGED, user_id=user.id)
    await audit.record(tx, actor, "user.sessions_ended", user.id, now=now, ended=ended)
    return ended


async def forget_expired(tx: Tx, *, now: datetime) -> int:
    """Remove sessions that have expired, and those that were ended a month ago."""
    return await tx.run(FORGET_EXPIRED, at=now) + await tx.run(FORGET_ENDED, before=now - ENDED_KEPT)


def csrf_token(session_token: str) -> str:
    """Return the token that forms of this session carry: derived from the cookie, which other sites cannot read."""
    return hmac.new(session_token.encode(), b"guildhall form", sha256).hexdigest()
