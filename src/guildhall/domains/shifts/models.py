"""The plan of volunteer shifts, the slots of days that somebody signed up for, and the sign-ups."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from guildhall.core.db import Day, JsonDoc, UtcTime, metadata, stored
from guildhall.domains.ledger import MintState

shift_plans = Table(
    "shift_plans",
    metadata,
    Column("valid_from", Day, primary_key=True),
    Column("daily", JsonDoc, nullable=False),
    Column("weekdays", JsonDoc, nullable=False),
    Column("refuse_past", Boolean, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("managed_by_file", Boolean, nullable=False, server_default=false()),
)

shift_slots = Table(
    "shift_slots",
    metadata,
    Column("day", Day, primary_key=True),
    Column("slot", Integer, primary_key=True, autoincrement=False),
    Column("opens", Integer, nullable=False),
    Column("closes", Integer, nullable=False),
    Column("places", Integer, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    CheckConstraint("slot >= 0", name="slot"),
    CheckConstraint("closes > opens", name="order"),
    CheckConstraint("places >= 0", name="places"),
)

_live: dict[str, Any] = {"sqlite_where": text("state = 'live'"), "postgresql_where": text("state = 'live'")}

shift_signups = Table(
    "shift_signups",
    metadata,
    Column("id", Text, primary_key=True),
    Column("day", Day, nullable=False),
    Column("slot", Integer, nullable=False),
    Column("user_id", Text, ForeignKey("users.id"), nullable=False),
    # The seat taken, and how many there were: unique seats below the count are how the database holds the capacity.
    Column("place", Integer, nullable=False),
    Column("places", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("invite", Text),
    Column("signed_up_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    ForeignKeyConstraint(["day", "slot"], ["shift_slots.day", "shift_slots.slot"]),
    CheckConstraint("state IN ('live', 'withdrawn', 'declined')", name="state"),
    CheckConstraint("place >= 0 AND place < places", name="place"),
    Index("uq_shift_signups_day_slot_user_id", "day", "slot", "user_id", unique=True, **_live),
    Index("uq_shift_signups_day_slot_place", "day", "slot", "place", unique=True, **_live),
    Index("ix_shift_signups_user_id_day", "user_id", "day"),
)

shift_lines = Table(
    "shift_lines",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("day", Day, nullable=False),
    Column("slot", Integer, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("username", Text, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("what", Text, nullable=False),
    Index("ix_shift_lines_day_slot_seq", "day", "slot", "seq"),
)


shift_rewards = Table(
    "shift_rewards",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("day", Day, nullable=False),
    Column("slot", Integer, nullable=False),
    Column("user_id", Text, ForeignKey("users.id"), nullable=False),
    Column("token", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    # The entry of the embedded ledger, or else the mint on a chain that tells what becomes of it.
    Column("tx_hash", Text),
    Column("rewarded_by", Text, ForeignKey("users.id"), nullable=False),
    Column("rewarded_at", UtcTime, nullable=False),
    Column("mint_id", Text, ForeignKey("mints.id"), unique=True),
    CheckConstraint("(tx_hash IS NULL) = (mint_id IS NOT NULL)", name="ledger"),
    ForeignKeyConstraint(["day", "slot"], ["shift_slots.day", "shift_slots.slot"]),
    CheckConstraint("amount > 0", name="amount"),
    UniqueConstraint("day", "slot", "user_id"),
    Index("ix_shift_rewards_user_id_seq", "user_id", "seq"),
)


class PlannedSlot(msgspec.Struct, frozen=True):
    """A slot of a plan: minutes since local midnight, and how many people it takes; none means always full."""

    opens: int
    closes: int
    places: int = 3


@stored(shift_plans)
class ShiftPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The slots of every day from `valid_from` on, until a later plan; weekdays (0 is Monday) may differ.

    `managed_by_file` makes it read-only elsewhere.
    """

    valid_from: date
    daily: list[PlannedSlot]
    weekdays: dict[int, list[PlannedSlot]] = {}
    refuse_past: bool = False
    created_at: datetime
    managed_by_file: bool = False

    def on(self, day: date) -> list[PlannedSlot]:
        """Return the slots of a day by start."""
        return sorted(self.weekdays.get(day.weekday(), self.daily), key=lambda slot: (slot.opens, slot.closes))


@stored(shift_slots)
class FixedSlot(msgspec.Struct, frozen=True):
    """A slot of a day that somebody signed up for: its number and its times never change."""

    day: date
    slot: int
    opens: int
    closes: int
    places: int
    created_at: datetime


class SignupState(StrEnum):
    """A sign-up is live until it is withdrawn, or declined by way of a calendar."""

    LIVE = "live"
    WITHDRAWN = "withdrawn"
    DECLINED = "declined"


@stored(shift_signups)
class Signup(msgspec.Struct, frozen=True, kw_only=True):
    """A person's place in a slot. Signing up again after withdrawing makes a new one."""

    id: str
    day: date
    slot: int
    user_id: str
    place: int
    places: int
    state: SignupState = SignupState.LIVE
    invite: str | None = None
    signed_up_at: datetime
    ended_at: datetime | None = None


class Volunteer(msgspec.Struct, frozen=True):
    """A live sign-up with the names of its person, and whether they were rewarded for it."""

    id: str
    day: date
    slot: int
    user_id: str
    place: int
    signed_up_at: datetime
    alias: str
    username: str
    display_name: str
    rewarded: bool


class VolunteerMail(msgspec.Struct, frozen=True):
    """Somebody signed up, by public id, with the address to which they are invited and that of their profile."""

    alias: str
    invite: str | None
    email: str | None


class OwnShift(msgspec.Struct, frozen=True):
    """A person's sign-up with the times of its slot."""

    id: str
    day: date
    slot: int
    state: SignupState
    signed_up_at: datetime
    ended_at: datetime | None
    opens: int
    closes: int


@stored(shift_lines)
class NewLine(msgspec.Struct, frozen=True):
    """A line of a slot's trail before the database has numbered it."""

    day: date
    slot: int
    at: datetime
    username: str
    display_name: str
    what: str


@stored(shift_rewards)
class NewReward(msgspec.Struct, frozen=True, kw_only=True):
    """A reward before the database has numbered it; the amount is in base units."""

    day: date
    slot: int
    user_id: str
    token: str
    amount: int
    rewarded_by: str
    rewarded_at: datetime
    tx_hash: str | None = None
    mint_id: str | None = None


class RewardState(StrEnum):
    """A reward is confirmed once its tokens exist for good; one that is pending becomes confirmed or failed."""

    CONFIRMED = "confirmed"
    PENDING = "pending"
    FAILED = "failed"


class Reward(msgspec.Struct, frozen=True):
    """What a person was given for a slot, in base units, with the person's names; `seq` grows with time.

    `tx_hash` is that of the ledger's entry or of the transaction on the chain, as soon as there is one; `said` is what
    the chain says of it.
    """

    seq: int
    day: date
    slot: int
    user_id: str
    token: str
    amount: int
    tx_hash: str | None
    rewarded_at: datetime
    alias: str
    username: str
    mint_state: MintState | None
    said: str | None

    @property
    def state(self) -> RewardState:
        """Whether the tokens are there."""
        if self.mint_state in (None, MintState.CONFIRMED):
            return RewardState.CONFIRMED
        return RewardState.FAILED if self.mint_state is MintState.FAILED else RewardState.PENDING
