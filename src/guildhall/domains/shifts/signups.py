"""Signing up for a shift, withdrawing, and declining in a calendar outside."""

from dataclasses import dataclass
from datetime import date, datetime

import msgspec
from sqlalchemy import bindparam, update

from guildhall.core import ids
from guildhall.core.actor import Actor
from guildhall.core.db import Tx, command, insert_if_new
from guildhall.domains import audit, calendars, identity
from guildhall.domains.identity import User
from guildhall.domains.identity.names import valid_email
from guildhall.domains.rooms import Hub
from guildhall.domains.rooms.errors import InPast
from guildhall.domains.rooms.invitations import queue_invitation
from guildhall.domains.shifts.calendars import shift_entry, slot_event_id
from guildhall.domains.shifts.errors import AlreadyRewarded, AlreadySignedUp, NotSignedUp, SlotClosed, SlotFull
from guildhall.domains.shifts.models import NewLine, ShiftPlan, Signup, SignupState, shift_signups, shift_slots
from guildhall.domains.shifts.plans import DaySlot
from guildhall.domains.shifts.queries import SIGNUP_LOCKED, SLOT_LOCKED, TAKEN_PLACES, WAS_REWARDED, shifts_of
from guildhall.domains.shifts.rota import access_slot, day_slots, span_of

FIX_SLOT = insert_if_new(shift_slots)
END = command(
    update(shift_signups)
    .where(shift_signups.c.id == bindparam("signup_id"))
    .values(state=bindparam("new_state"), ended_at=bindparam("at"))
)


@dataclass(frozen=True)
class SignedUp:
    """A fresh sign-up: the slot, the places left after it, and whether it overlaps another shift of the person."""

    signup: Signup
    slot: DaySlot
    places_left: int
    overlaps: bool


async def sign_up(
    tx: Tx, actor: Actor, *, day: date, index: int, email: str | None = None, hub: Hub, now: datetime
) -> SignedUp:
    """Take a place in a slot for the person who acts; of two who want the last one, the earlier commit wins.

    Overlap with another own shift is allowed and told. Raises SlotNotFound, MissingUserId, InvalidEmail, InPast,
    AlreadySignedUp (judged before a full slot), SlotClosed, SlotFull.
    """
    slot, plan = await access_slot(tx, actor, day, index)
    user = await identity.access_self(tx, actor)
    invite = valid_email(email) if email else None
    if not slot.fixed:
        await _fix_day(tx, day, now)
        slot, plan = await access_slot(tx, actor, day, index)
    _check_open(slot, plan, hub, now)
    places = await _locked_places(tx, day, index)
    if await tx.one(SIGNUP_LOCKED, day=day, slot=index, user_id=user.id):
        raise AlreadySignedUp
    if slot.closed:
        raise SlotClosed
    taken = set(await tx.all(TAKEN_PLACES, day=day, slot=index))
    if len(taken) >= places:
        raise SlotFull(f"This shift slot is full ({len(taken)}/{places} spots taken)", places=places)
    signup = Signup(
        id=ids.event_id(),
        day=day,
        slot=index,
        user_id=user.id,
        place=next(seat for seat in range(places) if seat not in taken),
        places=places,
        invite=invite,
        signed_up_at=now,
    )
    await tx.insert(signup, clash=AlreadySignedUp)
    await _write_down(tx, actor, user, signup, "shift.signed_up", "signed up", now)
    await _tell_calendars(tx, slot, signup, hub, now)
    return SignedUp(signup, slot, places - len(taken) - 1, await _overlaps(tx, user, slot))


async def withdraw(tx: Tx, actor: Actor, *, day: date, index: int, hub: Hub, now: datetime) -> None:
    """Give the place of the person who acts back.

    Raises SlotNotFound, MissingUserId, NotSignedUp, AlreadyRewarded.
    """
    slot, _ = await access_slot(tx, actor, day, index)
    user = await identity.access_self(tx, actor)
    signup = await _end(tx, slot, user, SignupState.WITHDRAWN, now)
    await _write_down(tx, actor, user, signup, "shift.cancelled", "cancelled", now)
    await _tell_calendars(tx, slot, signup, hub, now)


async def decline(tx: Tx, actor: Actor, *, day: date, index: int, user_id: str, hub: Hub, now: datetime) -> None:
    """Give back the place of somebody who said in a calendar outside that they will not come.

    Raises SlotNotFound, UserNotFound, NotSignedUp, AlreadyRewarded.
    """
    slot, _ = await access_slot(tx, actor, day, index)
    user = await identity.access_user(tx, actor, user_id)
    signup = await _end(tx, slot, user, SignupState.DECLINED, now)
    await _write_down(tx, actor, user, signup, "shift.declined", "declined (via calendar)", now)
    await _tell_calendars(tx, slot, signup, hub, now)


async def _end(tx: Tx, slot: DaySlot, user: User, state: SignupState, now: datetime) -> Signup:
    """End a person's live sign-up, and return it as it is then."""
    signup = await tx.one(SIGNUP_LOCKED, day=slot.day, slot=slot.index, user_id=user.id)
    if signup is None:
        raise NotSignedUp
    # The sign-up is locked, as it is by whoever rewards it: one of the two comes first and the other one sees it.
    if await tx.one(WAS_REWARDED, day=slot.day, slot=slot.index, user_id=user.id):
        raise AlreadyRewarded
    await tx.run(END, signup_id=signup.id, new_state=state.value, at=now)
    return msgspec.structs.replace(signup, state=state, ended_at=now)


def _check_open(slot: DaySlot, plan: ShiftPlan | None, hub: Hub, now: datetime) -> None:
    if plan is not None and plan.refuse_past and span_of(slot, hub.zone).start < now:
        raise InPast


async def _fix_day(tx: Tx, day: date, now: datetime) -> None:
    """Fix the numbers of a day's slots for ever; two first sign-ups at once fix the same ones."""
    for slot in (await day_slots(tx, day, day))[day]:
        if not slot.fixed:
            await tx.run(
                FIX_SLOT, day=day, slot=slot.index, opens=slot.opens, closes=slot.closes, places=slot.places,
                created_at=now,
            )  # fmt: skip


async def _locked_places(tx: Tx, day: date, index: int) -> int:
    slot = await tx.one(SLOT_LOCKED, day=day, slot=index)
    if slot is None:
        raise LookupError("a fixed slot vanished within its own transaction")
    return slot.places


async def _overlaps(tx: Tx, user: User, slot: DaySlot) -> bool:
    own = await shifts_of(tx, user.id, slot.day, slot.day)
    return any(
        each.slot != slot.index
        and each.state is SignupState.LIVE
        and each.opens < slot.closes
        and slot.opens < each.closes
        for each in own
    )


async def _write_down(tx: Tx, actor: Actor, user: User, signup: Signup, action: str, what: str, now: datetime) -> None:
    await tx.insert(NewLine(signup.day, signup.slot, now, user.username, user.display_name, what))
    place = f"{signup.day.isoformat()}/{signup.slot}"
    await audit.record(tx, actor, action, signup.id, now=now, slot=place)
    tx.announce("shifts", day=signup.day.isoformat(), slot=signup.slot)


async def _tell_calendars(tx: Tx, slot: DaySlot, signup: Signup, hub: Hub, now: datetime) -> None:
    """Have the calendar outside follow a sign-up that began or ended, and that of whoever is invited to it."""
    told = await calendars.event_changed(tx, calendars.SHIFTS, slot_event_id(signup.day, signup.slot), now=now)
    if signup.invite and told not in hub.inviting and span_of(slot, hub.zone).end > now:
        await queue_invitation(tx, shift_entry(signup, slot, hub), signup.invite, hub=hub, now=now)


def line_text(line: NewLine, hub: Hub) -> str:
    """Write a line of a slot's trail: `18/03/2026 14:15: Xavier Damman <@xdamman> signed up`."""
    return f"{line.at.astimezone(hub.zone):%d/%m/%Y %H:%M}: {line.display_name} <@{line.username}> {line.what}"
