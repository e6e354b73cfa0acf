"""Setting an action up for somebody to confirm. Nothing is reserved, and the person needs no right yet."""

import math
from datetime import datetime, timedelta

import msgspec

from guildhall.core import ids
from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.domains import audit, identity
from guildhall.domains.actions.deeds import Deed
from guildhall.domains.actions.errors import InvalidExpiry, TooManyPending
from guildhall.domains.actions.models import NewAction
from guildhall.domains.actions.policy import VOUCHING
from guildhall.domains.actions.queries import MOST_PENDING, pending_of
from guildhall.domains.identity import User
from guildhall.domains.identity.errors import WrongUser
from guildhall.domains.identity.names import valid_user_id
from guildhall.domains.rooms import Hub

DEFAULT_EXPIRY = 3600
LONGEST_EXPIRY = 604_800


async def prepare_action(
    tx: Tx, actor: Actor, deed: Deed, *, target: str, expires_in: int, hub: Hub, now: datetime
) -> NewAction:
    """Prepare a deed for the person whom the caller calls `target`, for `expires_in` seconds.

    Who vouches for people may name anybody, and makes a person nobody has seen yet; others name themselves. Raises
    InvalidExpiry, InvalidUserId, InvalidParams, WrongUser, NotFound for the room, slot or booking, TooManyPending.
    """
    if not 1 <= expires_in <= LONGEST_EXPIRY:
        raise InvalidExpiry
    name = valid_user_id(target)
    await deed.check(tx, hub=hub)
    user = await _target(tx, actor, name, now)
    summary = await deed.describe(tx, actor, hub=hub)
    await _check_room_for_more(tx, user, now)
    action = NewAction(
        id="act_" + ids.base62(20),
        kind=deed.kind,
        params=msgspec.to_builtins(deed),
        summary=summary,
        user_id=user.id,
        app_id=actor.app_id,
        created_at=now,
        expires_at=now + timedelta(seconds=expires_in),
    )
    await tx.insert(action)
    await audit.record(tx, actor, "action.prepared", action.id, now=now, kind=action.kind, user=user.id)
    return action


async def _target(tx: Tx, actor: Actor, name: str, now: datetime) -> User:
    """Return the person, locked: what they have pending is counted by one call after the other."""
    if actor.method & VOUCHING:
        provider = str(actor.provider)
        await identity.ensure_user(
            tx, actor, provider=provider, external_id=name, username=None, display_name=None, now=now
        )
        return await identity.access_user(tx, actor, name, to_change=True)
    user = await identity.access_self(tx, actor, to_change=True)
    if user.alias not in (name, f"u_{name}"):
        raise WrongUser
    return user


async def _check_room_for_more(tx: Tx, user: User, now: datetime) -> None:
    pending = await pending_of(tx, user.id, now=now)
    if len(pending) >= MOST_PENDING:
        wait = math.ceil((pending[0].expires_at - now).total_seconds())
        raise TooManyPending(f"A user has at most {MOST_PENDING} pending actions", retry_after=wait, limit=MOST_PENDING)
