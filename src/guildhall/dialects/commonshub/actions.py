"""Prepared actions: set up by an app, looked at, withdrawn, executed for their person.

The page behind `confirmUrl` is the panel's.
"""

from typing import Any, ClassVar

import msgspec

from guildhall.core.actor import Actor, Credential
from guildhall.core.db import Tx
from guildhall.core.errors import Invalid, InvalidField, MissingField
from guildhall.core.idempotency import IdempotencyKeyReused
from guildhall.dialects.commonshub.auth import FOR_USER, READER
from guildhall.dialects.commonshub.following import look_until
from guildhall.dialects.commonshub.wire import HubBody, Ok, Reply, utc
from guildhall.domains import actions
from guildhall.domains.actions import ActionState, Deed, PreparedAction
from guildhall.domains.actions.errors import (
    ActionAlreadyExecuted,
    ActionCancelled,
    ActionExpired,
    ActionNotFound,
    InvalidExpiry,
    InvalidParams,
    TooManyPending,
    UnknownAction,
)
from guildhall.domains.identity import Permission
from guildhall.domains.identity.errors import InvalidUserId, MissingRole, MissingUserId, WrongUser
from guildhall.domains.rooms.errors import (
    BookingNotFound,
    InPast,
    NotBookingOwner,
    OutsideOpeningHours,
    RoomBooked,
    RoomClosed,
    RoomNotFound,
    TooFarAhead,
)
from guildhall.domains.shifts.errors import (
    AlreadyRewarded,
    AlreadySignedUp,
    NotSignedUp,
    SlotClosed,
    SlotFull,
    SlotNotFound,
)
from guildhall.web.bodies import convert
from guildhall.web.calls import Call
from guildhall.web.house import House
from guildhall.web.routing import route

EXECUTORS = FOR_USER & ~Credential.API_KEY
"""Who may say yes. A personal key is cut down to a few rights, and an action is done with all of its person's."""

OVER = (ActionExpired, ActionAlreadyExecuted, ActionCancelled)


class ActionPrepare(HubBody, frozen=True, kw_only=True):
    """What to prepare, for whom, and for how many seconds."""

    refusals: ClassVar[dict[str, type[Invalid]]] = {
        "action": UnknownAction,
        "userId": InvalidUserId,
        "params": InvalidParams,
        "expiresIn": InvalidExpiry,
    }
    action: str
    user_id: str
    params: dict[str, Any]
    expires_in: int = actions.DEFAULT_EXPIRY

    def deed(self) -> Deed:
        """Return what is to be done. Raises UnknownAction, InvalidParams."""
        kind = actions.KINDS.get(self.action)
        if kind is None:
            raise UnknownAction(f'There is no action "{self.action}"', actions=list(actions.KINDS))
        try:
            return convert(self.params, kind)
        except (MissingField, InvalidField) as fault:
            raise InvalidParams(fault.message, **fault.details) from fault


class ActionPrepared(Reply, frozen=True, kw_only=True):
    """Where and until when the person can confirm."""

    action_id: str
    confirm_url: str
    expires_at: str
    summary: str


class ActionReply(Reply, frozen=True, kw_only=True):
    """A prepared action and its state."""

    action_id: str
    action: str
    params: dict[str, Any]
    user_id: str
    status: ActionState
    expires_at: str
    summary: str
    prepared_by: str | None
    executed_at: str | None
    result: dict[str, Any] | None

    @classmethod
    def of(cls, action: PreparedAction, status: ActionState, result: dict[str, Any] | None = None) -> "ActionReply":
        """Show an action, and what has come of it by now."""
        return cls(
            action_id=action.id,
            action=action.kind,
            params=action.params,
            user_id=action.alias,
            status=status,
            expires_at=utc(action.expires_at),
            summary=action.summary,
            prepared_by=action.app_name,
            executed_at=utc(action.decided_at) if action.decided_at and status is ActionState.EXECUTED else None,
            result=result,
        )


class ActionExecuted(Reply, frozen=True, kw_only=True):
    """Done; `result` is what the deed itself answers."""

    ok: bool = True
    result: dict[str, Any]
    action_id: str


@route(
    "POST", "/v1/actions/prepare", permission=Permission.USE_ACTIONS, accepts=READER,
    refusals=(
        MissingField, UnknownAction, InvalidParams, InvalidExpiry, InvalidUserId, WrongUser, RoomNotFound, SlotNotFound,
        BookingNotFound, IdempotencyKeyReused, TooManyPending,
    ),
)  # fmt: skip
async def prepare_action(data: ActionPrepare, tx: Tx, actor: Actor, house: House) -> ActionPrepared:
    """Prepare an action that the named user can confirm once."""
    action = await actions.prepare_action(
        tx,
        actor,
        data.deed(),
        target=data.user_id,
        expires_in=data.expires_in,
        hub=house.hub,
        now=house.clock.now(),
    )
    return ActionPrepared(
        action_id=action.id,
        confirm_url=f"{house.settings.public_url}/v1/actions/{action.id}/confirm",
        expires_at=utc(action.expires_at),
        summary=action.summary,
    )


@route(
    "GET", "/v1/actions/{action_id}", permission=Permission.USE_ACTIONS, accepts=READER,
    refusals=(WrongUser, ActionNotFound),
)  # fmt: skip
async def get_action(action_id: str, tx: Tx, actor: Actor, house: House) -> ActionReply:
    """Show a prepared action and its state."""
    action = await actions.access_action(tx, actor, action_id)
    return ActionReply.of(action, action.state_at(house.clock.now()), await actions.result_now(tx, action))


@route(
    "DELETE", "/v1/actions/{action_id}", permission=Permission.USE_ACTIONS, accepts=READER,
    refusals=(WrongUser, ActionNotFound, *OVER),
)  # fmt: skip
async def cancel_action(action_id: str, tx: Tx, actor: Actor, house: House) -> Ok:
    """Withdraw a pending action, by the target user or the app that prepared it."""
    await actions.cancel_action(tx, actor, action_id, now=house.clock.now())
    return Ok()


async def follow_action(call: Call, body: bytes) -> bytes:
    """Wait a little for mints that the outcome of an action tells to be pending."""
    if not call.house.hub.mints_on_chain:
        return body
    reply = msgspec.json.decode(body, type=ActionExecuted)

    async def look(tx: Tx) -> dict[str, Any]:
        action = await actions.access_action(tx, call.actor, reply.action_id)
        return await actions.result_now(tx, action) or reply.result

    result = await look_until(call.house, look, _is_settled)
    return msgspec.json.encode(msgspec.structs.replace(reply, result=result))


def _is_settled(result: dict[str, Any]) -> bool:
    return all(each["status"] != "pending" for each in result.get("results", ()))


@route(
    "POST", "/v1/actions/{action_id}/execute", permission=Permission.USE_ACTIONS, accepts=EXECUTORS,
    refusals=(
        MissingUserId, OutsideOpeningHours, InPast, TooFarAhead, WrongUser, MissingRole, NotBookingOwner,
        ActionNotFound, SlotNotFound, NotSignedUp, BookingNotFound, AlreadySignedUp, RoomBooked, *OVER, SlotFull,
        SlotClosed, RoomClosed, AlreadyRewarded,
    ),
    follow=follow_action,
)  # fmt: skip
async def execute_action(action_id: str, tx: Tx, actor: Actor, house: House) -> ActionExecuted:
    """Execute a prepared action once, as the target user; a refusal of the deed itself leaves it pending."""
    result = await actions.execute_action(tx, actor, action_id, hub=house.hub, now=house.clock.now())
    return ActionExecuted(result=result, action_id=action_id)
