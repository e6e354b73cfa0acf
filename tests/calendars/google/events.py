"""Events as tests write them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from guildhall.domains.calendars.port import OwnEvent

SINCE = datetime(2026, 3, 1, 23, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=400)
HORIZON = {"since": SINCE, "until": UNTIL}
EVENT_ID = "0123456789abcdefghijklmnop"

OURS = OwnEvent(
    event_id=EVENT_ID,
    uid=f"{EVENT_ID}@hub.test",
    title="Standup",
    description="Every day",
    place="Ostrom Room",
    starts_at=datetime(2026, 3, 3, 13, tzinfo=UTC),
    ends_at=datetime(2026, 3, 3, 14, tzinfo=UTC),
    sequence=0,
    stamp=datetime(2026, 3, 2, 9, tzinfo=UTC),
)


def later(event: OwnEvent, by: timedelta = timedelta(hours=1)) -> OwnEvent:
    return replace(event, starts_at=event.starts_at + by, ends_at=event.ends_at + by, sequence=event.sequence + 1)


def timed(begins: str, ends: str, **more: object) -> dict[str, Any]:
    """An event in the protocol's form, with times of Brussels."""
    zone = "Europe/Brussels"
    return {
        "summary": "Foreign",
        "start": {"dateTime": begins, "timeZone": zone},
        "end": {"dateTime": ends, "timeZone": zone},
        **more,
    }


def whole_day(first: str, end: str, **more: object) -> dict[str, Any]:
    return {"summary": "Day", "start": {"date": first}, "end": {"date": end}, **more}
