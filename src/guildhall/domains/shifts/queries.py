"""Reads of shifts, each bounded by the days or the person asked for."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import and_, bindparam, func, literal_column, select

from guildhall.core.db import Tx, query
from guildhall.domains.identity.models import users
from guildhall.domains.ledger.mint_models import mints
from guildhall.domains.shifts.models import (
    FixedSlot,
    NewLine,
    OwnShift,
    Reward,
    ShiftPlan,
    Signup,
    SignupState,
    Volunteer,
    VolunteerMail,
    shift_lines,
    shift_plans,
    shift_rewards,
    shift_signups,
    shift_slots,
)

_of_person = ("alias", "username", "display_name")
_of_slot = ("opens", "closes")
_same_slot = (shift_slots.c.day == shift_signups.c.day) & (shift_slots.c.slot == shift_signups.c.slot)
# The state stands in the text: the indexes over live sign-ups serve only statements that name it.
_live = shift_signups.c.state == literal_column("'live'")
# The days stand here once more, because PostgreSQL would otherwise read the rewards of all days.
_same_reward = and_(
    shift_rewards.c.day == shift_signups.c.day,
    shift_rewards.c.slot == shift_signups.c.slot,
    shift_rewards.c.user_id == shift_signups.c.user_id,
    shift_rewards.c.day.between(bindparam("first"), bindparam("last")),
)
MOST_OWN = 1000
NEWEST = 2**62

PLANS = query(ShiftPlan, select(shift_plans).order_by(shift_plans.c.valid_from))
PLAN = query(ShiftPlan, select(shift_plans).where(shift_plans.c.valid_from == bindparam("valid_from")))
FIRST_FIXED_DAY = query(
    date,
    select(shift_slots.c.day)
    .where(shift_slots.c.day.between(bindparam("first"), bindparam("last")))
    .order_by(shift_slots.c.day)
    .limit(1),
)
FIXED_SLOTS = query(
    FixedSlot,
    select(shift_slots)
    .where(shift_slots.c.day.between(bindparam("first"), bindparam("last")))
    .order_by(shift_slots.c.day, shift_slots.c.slot),
)
SLOT_LOCKED = query(
    FixedSlot,
    select(shift_slots)
    .where(shift_slots.c.day == bindparam("day"), shift_slots.c.slot == bindparam("slot"))
    .with_for_update(key_share=True),
)
VOLUNTEERS = query(
    Volunteer,
    select(
        *(users.c[name] if name in _of_person else shift_signups.c[name] for name in Volunteer.__struct_fields__[:-1]),
        shift_rewards.c.seq.is_not(None).label("rewarded"),
    )
    .join_from(shift_signups, users, users.c.id == shift_signups.c.user_id)
    .outerjoin(shift_rewards, _same_reward)
    .where(shift_signups.c.day.between(bindparam("first"), bindparam("last")), _live)
    .order_by(shift_signups.c.day, shift_signups.c.slot, shift_signups.c.signed_up_at, shift_signups.c.id),
)
SIGNUP_LOCKED = query(
    Signup,
    select(shift_signups)
    .where(
        shift_signups.c.day == bindparam("day"),
        shift_signups.c.slot == bindparam("slot"),
        shift_signups.c.user_id == bindparam("user_id"),
        _live,
    )
    .with_for_update(),
)
MAILS_OF_SLOT = query(
    VolunteerMail,
    select(users.c.alias, shift_signups.c.invite, users.c.email)
    .join_from(shift_signups, users, users.c.id == shift_signups.c.user_id)
    .where(shift_signups.c.day == bindparam("day"), shift_signups.c.slot == bindparam("slot"), _live)
    .order_by(shift_signups.c.signed_up_at, shift_signups.c.id),
)
WITHOUT_WALLET = query(
    str,
    select(users.c.alias)
    .join_from(shift_signups, users, users.c.id == shift_signups.c.user_id)
    .where(
        shift_signups.c.day == bindparam("day"),
        shift_signups.c.slot == bindparam("slot"),
        _live,
        users.c.wallet.is_(None),
    ),
)
TAKEN_PLACES = query(
    int,
    select(shift_signups.c.place).where(
        shift_signups.c.day == bindparam("day"), shift_signups.c.slot == bindparam("slot"), _live
    ),
)
LIVE_SIGNUPS_LOCKED = query(
    str,
    select(shift_signups.c.user_id)
    .where(shift_signups.c.day == bindparam("day"), shift_signups.c.slot == bindparam("slot"), _live)
    .with_for_update(),
)
LAST_SIGNUP_STATE = query(
    SignupState,
    select(shift_signups.c.state)
    .where(
        shift_signups.c.user_id == bindparam("user_id"),
        shift_signups.c.day == bindparam("day"),
        shift_signups.c.slot == bindparam("slot"),
    )
    .order_by(shift_signups.c.ended_at.desc(), shift_signups.c.id.desc())
    .limit(1),
)
_of_chain = {
    "tx_hash": func.coalesce(shift_rewards.c.tx_hash, mints.c.tx_hash).label("tx_hash"),
    "mint_state": mints.c.state.label("mint_state"),
    "said": mints.c.said,
}
_rewards = (
    select(
        *(
            _of_chain[name] if name in _of_chain else (users if name in _of_person else shift_rewards).c[name]
            for name in Reward.__struct_fields__
        )
    )
    .join_from(shift_rewards, users, users.c.id == shift_rewards.c.user_id)
    .outerjoin(mints, mints.c.id == shift_rewards.c.mint_id)
)
REWARDS_OF_SLOT = query(
    Reward,
    _rewards.where(shift_rewards.c.day == bindparam("day"), shift_rewards.c.slot == bindparam("slot")).order_by(
        shift_rewards.c.seq
    ),
)
REWARDS_OF_PERSON = query(
    Reward,
    _rewards.where(shift_rewards.c.user_id == bindparam("user_id"), shift_rewards.c.seq < bindparam("before"))
    .order_by(shift_rewards.c.seq.desc())
    .limit(bindparam("limit")),
)
WAS_REWARDED = query(
    int,
    select(shift_rewards.c.seq).where(
        shift_rewards.c.day == bindparam("day"),
        shift_rewards.c.slot == bindparam("slot"),
        shift_rewards.c.user_id == bindparam("user_id"),
    ),
)
SHIFTS_OF = query(
    OwnShift,
    select(*(shift_slots.c[name] if name in _of_slot else shift_signups.c[name] for name in OwnShift.__struct_fields__))
    .join_from(shift_signups, shift_slots, _same_slot)
    .where(
        shift_signups.c.user_id == bindparam("user_id"),
        shift_signups.c.day.between(bindparam("first"), bindparam("last")),
    )
    .order_by(shift_signups.c.day, shift_slots.c.opens, shift_signups.c.id)
    .limit(MOST_OWN),
)
LINES = query(
    NewLine,
    select(*(shift_lines.c[name] for name in NewLine.__struct_fields__))
    .where(shift_lines.c.day == bindparam("day"), shift_lines.c.slot == bindparam("slot"))
    .order_by(shift_lines.c.seq),
)


async def list_plans(tx: Tx) -> Sequence[ShiftPlan]:
    """Return every plan by its first day."""
    return await tx.all(PLANS)


async def shifts_of(tx: Tx, user_id: str, first: date, last: date) -> Sequence[OwnShift]:
    """Return a person's sign-ups of some days, withdrawn ones too, by day and start; at most a thousand."""
    return await tx.all(SHIFTS_OF, user_id=user_id, first=first, last=last)


async def volunteers_of(tx: Tx, day: date, slot: int) -> list[Volunteer]:
    """Return who is signed up for a slot, in the order of their sign-ups."""
    return [each for each in await tx.all(VOLUNTEERS, first=day, last=day) if each.slot == slot]


async def lines_of(tx: Tx, day: date, slot: int) -> Sequence[NewLine]:
    """Return what happened in a slot, oldest first."""
    return await tx.all(LINES, day=day, slot=slot)


async def rewards_of_slot(tx: Tx, day: date, slot: int) -> Sequence[Reward]:
    """Return the rewards of a slot in the order they were given."""
    return await tx.all(REWARDS_OF_SLOT, day=day, slot=slot)


async def rewards_of(tx: Tx, user_id: str, *, before: int | None, limit: int) -> Sequence[Reward]:
    """Return a person's rewards, newest first, that were given before reward `before`."""
    return await tx.all(REWARDS_OF_PERSON, user_id=user_id, before=NEWEST if before is None else before, limit=limit)
