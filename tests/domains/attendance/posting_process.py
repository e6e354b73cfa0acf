"""A process that sends posts, to be killed: `python -m tests.domains.attendance.posting_process URL BASE TOKEN NOW`.

It kills itself as soon as Discord has taken the first message, before it could be noted.
"""

import asyncio
import os
import signal
import sys
from datetime import datetime

import httpx

from guildhall.adapters.discord_posts import DiscordPosts
from guildhall.core.cache import LocalCache
from guildhall.core.db import open_database
from guildhall.domains.attendance.posting import Message, Sender
from tests.clock import SettableClock


class LastPost(DiscordPosts):
    """An office whose first message is its process's last deed."""

    async def post(self, channel_id: int, message: Message, *, nonce: str) -> int:
        await super().post(channel_id, message, nonce=nonce)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("unreachable")


async def main(url: str, base: str, token: str, now: str) -> None:
    """Take one turn."""
    database = await open_database(url)
    async with httpx.AsyncClient() as client:
        office, clock = LastPost(lambda: token, base=base, client=client), SettableClock(datetime.fromisoformat(now))
        await Sender(database, office, clock, LocalCache(), public_url="https://hub.test").take_turn()
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
