"""The forms that several groups of routes share."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from typing import Annotated, ClassVar

import msgspec

from guildhall.core.errors import Invalid, InvalidField
from guildhall.domains.rooms.errors import InvalidDate
from guildhall.web.bodies import Body, QueryString


class HubBody(Body, frozen=True, kw_only=True, rename="camel"):
    """A JSON body with camelCase keys."""


class Reply(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A JSON answer with camelCase keys."""


class Ok(Reply, frozen=True):
    """Done."""

    ok: bool = True


def _form(**schema: object) -> msgspec.Meta:
    """Tell programs the form of a text; whether one has it is judged where the words for the refusal are."""
    return msgspec.Meta(extra_json_schema=schema)


Day = Annotated[str, _form(format="date")]
TimeOfDay = Annotated[str, _form(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")]
Email = Annotated[str, _form(format="email", maxLength=254)]
Wallet = Annotated[str, _form(pattern="^0x[0-9a-fA-F]{40}$")]
Word = Annotated[str, _form(pattern="^[a-z][a-z0-9_-]{0,31}$")]
Page = Annotated[int, msgspec.Meta(ge=1, le=200)]


class DayRange(QueryString, frozen=True, kw_only=True):
    """A range of days."""

    refusals: ClassVar[dict[str, type[Invalid]]] = {"from": InvalidDate, "to": InvalidDate}
    first: Day | None = msgspec.field(name="from", default=None)
    last: Day | None = msgspec.field(name="to", default=None)


def utc(instant: datetime) -> str:
    """Write an instant as RFC 3339 in UTC, to the second."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def cursor_of(position: int) -> str:
    """Return the cursor that continues a list after a row with this number."""
    return urlsafe_b64encode(str(position).encode()).decode().rstrip("=")


def position_of(cursor: str | None) -> int | None:
    """Return the number that a cursor stands for; without one, None. Raises InvalidField."""
    if cursor is None:
        return None
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except ValueError as fault:
        raise InvalidField("This cursor is not one of ours", field="cursor") from fault
    if not text.isdigit() or len(text) > 18:  # noqa: PLR2004 (the digits of a 64-bit number)
        raise InvalidField("This cursor is not one of ours", field="cursor")
    return int(text)
