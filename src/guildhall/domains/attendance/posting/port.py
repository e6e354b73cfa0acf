"""What posting asks of Discord. The port; an adapter fulfils it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class PostRefused(Exception):
    """The channel is gone, or the bot may not post there; the text says which."""


class PostUnfit(Exception):
    """Discord takes other posts in this channel, but never this one; the text says why."""


@dataclass(frozen=True)
class Message:
    """A message as people see it: an embed that mentions nobody. Text and footer are in Discord's markup."""

    title: str
    text: str
    footer: str
    colour: int
    at: datetime


class PostOffice(Protocol):
    """Posting in Discord's channels.

    Everything raises PostRefused, and DiscordUnavailable when it cannot be known whether anything happened.
    """

    async def post(self, channel_id: int, message: Message, *, nonce: str) -> int:
        """Post a message and return its id; for some minutes, one with the same nonce is not posted again.

        Raises PostUnfit.
        """

    async def find(self, channel_id: int, message: Message, *, since: datetime) -> int | None:
        """Return the id of this very message if the bot has posted it since then."""
