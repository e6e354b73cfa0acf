"""The tables of the FastAPI baseline, as an application of its kind would declare them."""

from datetime import date, datetime, time

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    """All tables."""


class App(Base):
    """A program that vouches for its users."""

    __tablename__ = "apps"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    provider: Mapped[str]
    secret_hash: Mapped[str] = mapped_column(unique=True)
    revoked_at: Mapped[datetime | None]


class User(Base):
    """A person, with the id that the app's provider knows them by."""

    __tablename__ = "users"
    __table_args__ = (Index("ix_users_provider_external_id", "provider", "external_id", unique=True),)
    id: Mapped[int] = mapped_column(primary_key=True)
    provider: Mapped[str]
    external_id: Mapped[str]
    username: Mapped[str]
    disabled: Mapped[bool]
    roles: Mapped[list["Role"]] = relationship(lazy="selectin")


class Role(Base):
    """A role that a person holds."""

    __tablename__ = "roles"
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)


class Room(Base):
    """A bookable room."""

    __tablename__ = "rooms"
    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    opens: Mapped[time]
    closes: Mapped[time]


class ClosedDay(Base):
    """A day on which the house is closed."""

    __tablename__ = "closed_days"
    day: Mapped[date] = mapped_column(primary_key=True)
    reason: Mapped[str]


class Booking(Base):
    """A room reserved by somebody. Times are UTC."""

    __tablename__ = "bookings"
    __table_args__ = (
        Index("ix_bookings_room_id_starts_at", "room_id", "starts_at", sqlite_where=text("state = 'live'")),
        Index("ix_bookings_user_id_starts_at", "user_id", "starts_at", sqlite_where=text("state = 'live'")),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    room_id: Mapped[str] = mapped_column(ForeignKey("rooms.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    title: Mapped[str]
    description: Mapped[str | None]
    private: Mapped[bool]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    state: Mapped[str]
    created_at: Mapped[datetime]
    user: Mapped[User] = relationship(lazy="raise")


class ShiftSlot(Base):
    """A slot of a day, in minutes since its midnight."""

    __tablename__ = "shift_slots"
    day: Mapped[date] = mapped_column(primary_key=True)
    slot: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    opens: Mapped[int]
    closes: Mapped[int]
    places: Mapped[int]


class Signup(Base):
    """A person's place in a slot. Times are UTC."""

    __tablename__ = "signups"
    __table_args__ = (
        Index("ix_signups_live", "day", "slot", "user_id", unique=True, sqlite_where=text("state = 'live'")),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[date]
    slot: Mapped[int]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    state: Mapped[str]
    signed_up_at: Mapped[datetime]
    user: Mapped[User] = relationship(lazy="raise")


class ShiftLine(Base):
    """A line of what happened in a slot."""

    __tablename__ = "shift_lines"
    __table_args__ = (Index("ix_shift_lines_day_slot", "day", "slot"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[date]
    slot: Mapped[int]
    at: Mapped[datetime]
    username: Mapped[str]
    what: Mapped[str]


class ShiftReward(Base):
    """What a person was given for a slot."""

    __tablename__ = "shift_rewards"
    __table_args__ = (Index("ix_shift_rewards_day_slot_user_id", "day", "slot", "user_id", unique=True),)
    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[date]
    slot: Mapped[int]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    amount: Mapped[int]
