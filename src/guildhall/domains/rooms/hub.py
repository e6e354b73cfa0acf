"""What the rooms and shifts need to know of the house they are in."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Hub:
    """The hub's time zone, the host name that its calendar entries carry, and the address that invites.

    `mints_on_chain` tells whether rewards are minted on a chain instead of in the embedded ledger.
    """

    zone: ZoneInfo
    host: str
    organiser: str
    mints_on_chain: bool = False
