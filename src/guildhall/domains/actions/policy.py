"""Fetch and authorise in one step."""

from datetime import datetime

from guildhall.core.actor import Actor, Credential
from guildhall.core.db import Tx
from guildhall.core.errors import Gone
from guildhall.domains.actions.errors import ActionAlreadyExecuted, ActionCancelled, ActionExpired, ActionNotFound
from guildhall.domains.actions.models import ActionState, PreparedAction
from guildhall.domains.actions.queries import ACTION
from guildhall.domains.identity.errors import WrongUser

VOUCHING = (
    Credential.MASTER_KEY | Credential.MASTER_KEY_FOR_USER | Credential.APP_SECRET | Credential.APP_SECRET_FOR_USER
)
"""Credentials that speak for anybody; any other speaks for its own person alone."""

OVER: dict[ActionState, type[Gone]] = {
    ActionState.EXECUTED: ActionAlreadyExecuted,
    ActionState.CANCELLED: ActionCancelled,
    ActionState.EXPIRED: ActionExpired,
}
FOR_ANOTHER = "This action was prepared for another user"


async def access_action(tx: Tx, actor: Actor, action_id: str) -> PreparedAction:
    """Return an action for looking at: its person's, or any for who vouches. Raises ActionNotFound, WrongUser."""
    action = await _found(tx, action_id)
    if not actor.method & VOUCHING and actor.user_id != action.user_id:
        raise WrongUser(FOR_ANOTHER)
    return action


async def access_action_to_execute(tx: Tx, actor: Actor, action_id: str) -> PreparedAction:
    """Return an action for the person it was prepared for, and for nobody else. Raises ActionNotFound, WrongUser."""
    action = await _found(tx, action_id)
    if actor.user_id != action.user_id:
        raise WrongUser(FOR_ANOTHER)
    return action


async def access_action_to_cancel(tx: Tx, actor: Actor, action_id: str) -> PreparedAction:
    """Return an action for its person, or for the app that prepared it. Raises ActionNotFound, WrongUser.

    An app that says for whom it acts is that person. The master key by itself withdraws anything.
    """
    action = await _found(tx, action_id)
    if actor.user_id is not None:
        allowed = actor.user_id == action.user_id
    else:
        allowed = actor.method is Credential.MASTER_KEY or actor.app_id == action.app_id
    if not allowed:
        raise WrongUser(FOR_ANOTHER)
    return action


def check_pending(action: PreparedAction, *, now: datetime) -> None:
    """Refuse what is over. Raises ActionExpired, ActionAlreadyExecuted, ActionCancelled."""
    state = action.state_at(now)
    if state is not ActionState.PENDING:
        raise OVER[state]


async def _found(tx: Tx, action_id: str) -> PreparedAction:
    action = await tx.one(ACTION, id=action_id)
    if action is None:
        raise ActionNotFound
    return action
