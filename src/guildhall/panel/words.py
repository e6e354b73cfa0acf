"""What people read when something is refused."""

from collections.abc import Mapping
from dataclasses import dataclass

from guildhall.core.errors import STATUS, GuildhallError, Kind
from guildhall.domains.identity.errors import InvalidEmail, LastAdmin, NameTaken, WeakPassword
from guildhall.domains.rooms.errors import (
    InPast,
    InvalidDate,
    InvalidRange,
    InvalidTime,
    OutsideOpeningHours,
    RoomClosed,
    RoomNotFound,
    TooFarAhead,
)
from guildhall.domains.tickets.errors import EmptyMessage, InvalidTag, MessageTooLong

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

HEADLINES: dict[Kind, str] = {
    Kind.UNAUTHENTICATED: "You are not signed in",
    Kind.FORBIDDEN: "This door is not yours",
    Kind.NOT_FOUND: "Lost in the house",
    Kind.INVALID: "That cannot be right",
    Kind.CONFLICT: "Something is in the way",
    Kind.UNPROCESSABLE: "Not as things stand",
    Kind.GONE: "This is over",
    Kind.METHOD: "That is not how this page is used",
    Kind.TOO_LARGE: "That is too much at once",
    Kind.UNSUPPORTED: "The house cannot read this",
    Kind.LIMITED: "Not so fast",
    Kind.UNAVAILABLE: "A part of the house does not answer",
    Kind.INTERNAL: "Something broke on our side",
}

FIELDS: dict[type[GuildhallError], str] = {
    InPast: "date",
    InvalidDate: "date",
    InvalidEmail: "email",
    InvalidRange: "end",
    InvalidTime: "start",
    InvalidTag: "tags",
    EmptyMessage: "text",
    MessageTooLong: "text",
    LastAdmin: "roles",
    NameTaken: "name",
    OutsideOpeningHours: "start",
    RoomClosed: "room",
    RoomNotFound: "room",
    TooFarAhead: "date",
    WeakPassword: "password",
}
"""Beside which field of a form a refusal stands, where it does not name one itself."""


@dataclass(frozen=True)
class Refusal:
    """A refusal as a form shows it: beside a field, or above the form when `field` is empty."""

    message: str
    field: str
    status: int

    @classmethod
    def of(cls, error: GuildhallError, *, fields: Mapping[str, str] | None = None) -> "Refusal":
        """Put an error into the form's words; `fields` are the form's names where it has others than the domain."""
        field = str(error.details.get("field", "")) or FIELDS.get(type(error), "")
        return cls(message_of(error), (fields or {}).get(field, field), STATUS[error.kind])


def headline_of(error: GuildhallError) -> str:
    """Return the headline of an error's page."""
    return HEADLINES[error.kind]


def message_of(error: GuildhallError) -> str:
    """Return an error in a sentence; of a fault of the server nothing is told but that it was one."""
    if error.kind is Kind.INTERNAL:
        return "Nothing was changed. Please try again; if it stays so, tell an administrator the reference below."
    return error.message[:1].upper() + error.message[1:].rstrip(".") + "."
