"""Executing an action, or not: each is decided once, and the decision and its effect are one transaction."""

from dataclasses import replace
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import bindparam, delete, literal_column, or_, update

from guildhall.core.actor import Actor, ActorKind, Credential
from guildhall.core.db import Tx, command
from guildhall.domains import audit, identity
from guildhall.domains.actions.deeds import KINDS, Deed, Outcome
from guildhall.domains.actions.errors import ActionNotFound
from guildhall.domains.actions.models import ActionState, PreparedAction, prepared_actions
from guildhall.domains.actions.policy import OVER, access_action_to_cancel, access_action_to_execute
from guildhall.domains.actions.queries import ACTION
from guildhall.domains.identity import permissions_of
from guildhall.domains.rooms import Hub

KEPT = timedelta(days=30)

DECIDE = command(
    update(prepared_actions)
    .where(
        prepared_actions.c.id == bindparam("action_id"),
        prepared_actions.c.state == literal_column("'pending'"),
        prepared_actions.c.expires_at > bindparam("at"),
    )
    .values(state=bindparam("new_state"), decided_at=bindparam("at"))
)
KEEP_OUTCOME = command(
    update(prepared_actions).where(prepared_actions.c.id == bindparam("action_id")).values(result=bindparam("outcome"))
)
FORGET = command(
    delete(prepared_actions).where(
        or_(prepared_actions.c.decided_at <= bindparam("before"), prepared_actions.c.expires_at <= bindparam("before"))
    )
)


async def execute_action(tx: Tx, actor: Actor, action_id: str, *, hub: Hub, now: datetime) -> Outcome:
    """Do what was prepared, as its person and with the rights they have now; return what came of it.

    Of several at once, one does it. When the deed is refused, whoever opened the transaction or a part of it rolls it
    back, and the action stays pending. Raises ActionNotFound, WrongUser, ActionExpired, ActionAlreadyExecuted,
    ActionCancelled, and whatever the deed is refused with.
    """
    action = await access_action_to_execute(tx, actor, action_id)
    await _decide(tx, action, ActionState.EXECUTED, now)
    outcome = await deed_of(action).perform(tx, await _as_themselves(tx, actor, action), hub=hub, now=now)
    await tx.run(KEEP_OUTCOME, action_id=action.id, outcome=outcome)
    await audit.record(tx, actor, "action.executed", action.id, now=now, kind=action.kind)
    return outcome


async def cancel_action(tx: Tx, actor: Actor, action_id: str, *, now: datetime) -> None:
    """Withdraw an action, or decline it. Raises ActionNotFound, WrongUser and as for what is over."""
    action = await access_action_to_cancel(tx, actor, action_id)
    await _decide(tx, action, ActionState.CANCELLED, now)
    await audit.record(tx, actor, "action.cancelled", action.id, now=now, kind=action.kind)


async def describe_action(tx: Tx, actor: Actor, action: PreparedAction, *, hub: Hub) -> str:
    """Say what will happen as things stand now. Raises NotFound when what it is about is no longer there."""
    return await deed_of(action).describe(tx, actor, hub=hub)


async def forget_decided(tx: Tx, *, now: datetime) -> int:
    """Remove actions that were decided or expired thirty days ago."""
    return await tx.run(FORGET, before=now - KEPT)


async def result_now(tx: Tx, action: PreparedAction) -> Outcome | None:
    """Return what came of an action, as it stands now; None for one that was not executed."""
    return None if action.result is None else await deed_of(action).follow(tx, action.result)


def deed_of(action: PreparedAction) -> Deed:
    """Return what an action does."""
    return msgspec.convert(action.params, KINDS[action.kind])


async def _decide(tx: Tx, action: PreparedAction, state: ActionState, now: datetime) -> None:
    """Take the action out of pending. The one statement decides between calls that come at once."""
    if await tx.run(DECIDE, action_id=action.id, new_state=state.value, at=now):
        return
    latest = await tx.one(ACTION, id=action.id)
    raise OVER[latest.state_at(now)] if latest else ActionNotFound


async def _as_themselves(tx: Tx, actor: Actor, action: PreparedAction) -> Actor:
    """Return the action's person with their own rights, whoever passes their word on: the master key lends none."""
    method = Credential.SESSION if actor.method is Credential.SESSION else Credential.APP_SECRET_FOR_USER
    roles = await identity.roles_of(tx, action.user_id)
    grants = await identity.grants_of(tx, action.user_id) if method is Credential.SESSION else ()
    return replace(
        actor,
        kind=ActorKind.USER,
        method=method,
        roles=frozenset(roles),
        permissions=frozenset(permissions_of(method, roles, grants)),
    )
