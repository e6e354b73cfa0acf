"""What the rooms need to know of the house they are in."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Hub:
    """The hub's time zone, the host name that its calendar entries carry, and the address that invites."""

    zone: ZoneInfo
    host: str
    organiser: str
