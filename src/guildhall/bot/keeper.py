"""Who keeps the bot's cogs as they are asked for, and Discord's list of commands true."""

import asyncio
import contextlib
import math
import time
from typing import TYPE_CHECKING, Final

from guildhall.bot.backoff import Backoff
from guildhall.bot.cogs import CogKeeper
from guildhall.bot.registration import register
from guildhall.core.db import StoreUnavailable
from guildhall.core.log import get_logger
from guildhall.domains import bot as bot_domain

if TYPE_CHECKING:
    from guildhall.bot.client import HouseBot

log = get_logger(__name__)

LOOK_AGAIN: Final = 10.0
"""Seconds between two looks at what is asked of cogs: another process may not be able to tell."""

FIRST_TRY, LAST_TRY = 30.0, 3600.0
"""Seconds until commands are registered again after that failed: at first, and at most."""


class CommandKeeper:
    """Looks after the commands of one bot. `registered` says whether Discord knows them as they are now."""

    def __init__(self, bot: "HouseBot") -> None:
        self._bot = bot
        self._cogs = CogKeeper(bot)
        self._backoff = Backoff(FIRST_TRY, LAST_TRY)
        self._look_now = asyncio.Event()
        self._due: float = 0
        self.registered = False

    async def keep(self) -> None:
        """Do what is asked, for as long as the bot lives. Nothing that goes wrong with it ends the bot."""
        async with asyncio.TaskGroup() as together:
            together.create_task(self._hear())
            together.create_task(self._work())

    def look_now(self) -> None:
        """Look at once whether Discord knows the commands where they belong."""
        self._due = 0
        self._look_now.set()

    async def _hear(self) -> None:
        async with self._bot.house.events.subscribe(bot_domain.COGS_ASKED) as news:
            async for _ in news:
                self._look_now.set()

    async def _work(self) -> None:
        while True:
            self._look_now.clear()
            try:
                await self._look()
            except StoreUnavailable as fault:
                self._due = 0
                log.warning("Cogs and commands wait for the database", reason=fault.message)
            except Exception:
                # A cog may bring commands that cannot even be written down for Discord.
                self._due = time.monotonic() + self._backoff.next()
                log.exception("The commands could not be looked after")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_AGAIN):
                    await self._look_now.wait()

    async def _look(self) -> None:
        if await self._cogs.is_asked():
            self._due, self.registered = 0, False
            await self._cogs.obey()
        if time.monotonic() < self._due:
            return
        self._due = math.inf
        self.registered = await register(self._bot)
        if not self.registered:
            # A guild may have come meanwhile, which is a reason to try at once.
            self._due = min(self._due, time.monotonic() + self._backoff.next())
