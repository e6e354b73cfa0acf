"""The forms that several groups of routes share."""

import re
import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from guildhall.core.errors import InvalidField
from guildhall.domains.attendance import Period, Schedule
from guildhall.evidence.formats import instant

DIGITS: Final = re.compile(r"[0-9]{1,20}", re.ASCII)
LARGEST_ID: Final = 2**63 - 1
LARGEST_INDEX: Final = 2**31 - 1
UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)


def _form(**schema: object) -> msgspec.Meta:
    """Tell programs the form of a text; whether one has it is judged where the words for the refusal are."""
    return msgspec.Meta(extra_json_schema=schema)


Snowflake = Annotated[str, _form(pattern="^[0-9]{1,20}$")]
SnowflakeIn = str | int
PeriodIndex = Annotated[int, msgspec.Meta(ge=0, le=LARGEST_INDEX)]
Instant = Annotated[datetime, msgspec.Meta(tz=True)]
Offset = Annotated[int, msgspec.Meta(ge=0, le=LARGEST_INDEX)]
Page = Annotated[int, msgspec.Meta(ge=1, le=200)]


class Ok(msgspec.Struct, frozen=True):
    """Done."""

    ok: bool = True


class CurrentPeriod(msgspec.Struct, frozen=True, kw_only=True):
    """The period that runs."""

    period_id: str
    period_index: int
    started_at: str
    ends_at: str | None
    schedule: Schedule

    @classmethod
    def of(cls, period: Period, schedule: Schedule) -> "CurrentPeriod":
        """Show a period."""
        return cls(
            period_id=period.id,
            period_index=period.number,
            started_at=instant(period.started_at),
            ends_at=instant(period.ends_at) if period.ends_at else None,
            schedule=schedule,
        )


def snowflake(value: str | int, field: str) -> int:
    """Return an id of Discord's. Raises InvalidField for what is none, or larger than any can be."""
    if not DIGITS.fullmatch(str(value)) or not 1 <= int(value) <= LARGEST_ID:
        raise InvalidField(f"{field} is not an id of Discord's", field=field)
    return int(value)


def snowflake_or_none(value: str | None, field: str) -> int | None:
    """Return an id of Discord's, or None for none. Raises InvalidField."""
    return None if value is None else snowflake(value, field)


def index(value: str, field: str) -> int:
    """Return the number of a period in a path. Raises InvalidField."""
    if not DIGITS.fullmatch(value) or int(value) > LARGEST_INDEX:
        raise InvalidField(f"{field} is not the number of a period", field=field)
    return int(value)


def uuid_text(value: str, field: str) -> str:
    """Return a UUID as the house writes it. Raises InvalidField."""
    if not UUID.fullmatch(value):
        raise InvalidField(f"{field} is not a UUID", field=field)
    return str(uuid.UUID(value))


def mark_after(at: datetime, row_id: str) -> str:
    """Return the cursor behind the last row of a page, by when it came about and its id."""
    return urlsafe_b64encode(f"{instant(at)}/{row_id}".encode()).decode().rstrip("=")


def read_mark(cursor: str) -> tuple[datetime, str]:
    """Return the row that a cursor stands behind. Raises InvalidField for a cursor that is not one of ours."""
    try:
        at, _, row_id = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii").partition("/")
        return msgspec.convert(at, Instant, strict=False), uuid_text(row_id, "cursor")
    except (ValueError, InvalidField) as fault:
        raise InvalidField("This cursor is not one of ours", field="cursor") from fault


PARTS: Final[Mapping[str, Callable[[str, str], object]]] = {
    "guild_id": snowflake,
    "channel_id": snowflake,
    "session_id": uuid_text,
    "destination_id": uuid_text,
    "delivery_id": uuid_text,
    "rule_id": uuid_text,
    "period_index": index,
}
"""What the parts of paths must be, by their names."""


def check_parts(parts: Mapping[str, str]) -> None:
    """Judge the form of a path's parts. Raises InvalidField."""
    for name, judge in PARTS.items():
        if name in parts:
            judge(parts[name], name)


def given(data: msgspec.Struct) -> dict[str, Any]:
    """Return what a partial change names."""
    named = ((name, getattr(data, name)) for name in data.__struct_fields__)
    return {name: value for name, value in named if value is not UNSET}


def first_given(*values: object | UnsetType) -> Any:  # noqa: ANN401 (whatever was given)
    """Return the first value that was sent under one of its names; UNSET when none was."""
    return next((value for value in values if value is not UNSET), UNSET)
