"""The forms that several groups of routes share."""

from datetime import UTC, datetime
from typing import Annotated, ClassVar

import msgspec

from guildhall.core.errors import Invalid
from guildhall.domains.rooms.errors import InvalidDate
from guildhall.web.bodies import Body, QueryString


class HubBody(Body, frozen=True, kw_only=True, rename="camel"):
    """A JSON body with camelCase keys."""


class Reply(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A JSON answer with camelCase keys."""


class Ok(Reply, frozen=True):
    """Done."""

    ok: bool = True


class DayRange(QueryString, frozen=True, kw_only=True):
    """A range of days."""

    refusals: ClassVar[dict[str, type[Invalid]]] = {"from": InvalidDate, "to": InvalidDate}
    first: str | None = msgspec.field(name="from", default=None)
    last: str | None = msgspec.field(name="to", default=None)


Page = Annotated[int, msgspec.Meta(ge=1, le=200)]


def utc(instant: datetime) -> str:
    """Write an instant as RFC 3339 in UTC, to the second."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
