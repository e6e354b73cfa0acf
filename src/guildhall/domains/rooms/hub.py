"""What the rooms and shifts need to know of the house they are in."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from guildhall.domains.calendars import CalendarKind


@dataclass(frozen=True)
class Hub:
    """The hub's time zone, the host name that its calendar entries carry, and the address that invites.

    `inviting` are the kinds of calendars that invite people themselves: where one of those is linked, no mail is sent.
    `mints_on_chain` tells whether rewards are minted on a chain instead of in the embedded ledger.
    """

    zone: ZoneInfo
    host: str
    organiser: str
    inviting: frozenset[CalendarKind] = frozenset()
    mints_on_chain: bool = False
