"""Who keeps the bot running: one process at a time, while somebody wants it, whatever Discord does."""

import asyncio
import contextlib
import importlib
import math
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from guildhall.bot.backoff import Backoff
from guildhall.bot.errors import Away, Refused
from guildhall.core import ids, leases
from guildhall.core.db import StoreUnavailable, Tx
from guildhall.core.log import get_logger
from guildhall.domains import bot
from guildhall.domains.bot import BotState, Failure, Figures, Phase
from guildhall.domains.site import TOKEN
from guildhall.web.house import House

if TYPE_CHECKING:
    from guildhall.bot.client import HouseBot

log = get_logger(__name__)

LEASE: Final = "bot"
TTL: Final = timedelta(seconds=15)
OFTEN: Final = 5.0
"""Seconds between two reports of the process that runs the bot, each of which prolongs its lease."""

LOOK: Final = 0.5
"""Seconds between two looks at what is asked of it: processes that share no Redis hear nothing of each other."""

STAND_BY: Final = 3.0
"""Seconds between two looks of a process that does not run it."""

STOPPED: Final = "Somebody stopped it. It stays so until it is started."
SERVER_STOPPED: Final = "The server was stopped."
TOKENLESS: Final = (
    "There is no token. Put the bot's token into the configuration, or into DISCORD_TOKEN and restart the server."
)
TOKENLESS_HERE: Final = (
    "There is no token. Put the bot's token into the configuration; or into DISCORD_TOKEN, or give the simulator a "
    "free port by SIMULATOR_PORT, and restart the server."
)
ALL_USED: Final = "All sessions that Discord allows in a day are used. It goes on tomorrow (UTC)."
BROKEN: Final = "Something went wrong in the program; the log has it."


class Supervisor:
    """Runs the bot as part of the server. The rest of the server never waits for it."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._holder = ids.ulid()
        self._order = BotState()
        self._new_order = asyncio.Event()
        self._news = asyncio.Event()
        self._phase, self._reason = Phase.STOPPED, STOPPED
        self._failure: Failure | None = None
        self._heard = 0
        self._refused_at: int | None = None
        self._task: asyncio.Task[None] | None = None
        self.bot: HouseBot | None = None

    def start(self) -> None:
        """Begin, on the loop that runs now."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Let the bot say goodbye, and another process take over. What people do in voice meanwhile is a gap."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            try:
                if await self._take_turn():
                    await self._hold()
            except StoreUnavailable as fault:
                log.warning("The bot waits for the database", reason=fault.message)
            except Exception:
                log.exception("The supervisor of the bot failed, and begins anew")
            await asyncio.sleep(STAND_BY)

    async def _take_turn(self) -> bool:
        """Take or keep the lease, and read what is wanted. False when another process has the lease."""
        now = self._house.clock.now()
        async with self._house.database.write() as tx:
            # Not `renew`: whoever overslept may go on as long as nobody else took over.
            if not await leases.acquire(tx, LEASE, self._holder, TTL, now):
                return False
            order = await bot.state_of(tx, now=now)
            is_new = (order.wanted, order.asked) != (self._order.wanted, self._order.asked)
            if is_new:
                # Whoever gave the order may just have changed the token that it needs.
                await self._house.site.refresh(tx)
        self._order = order
        if is_new:
            self._new_order.set()
        return True

    async def _hold(self) -> None:
        """Supervise the bot until another process has taken the lease."""
        tasks = [asyncio.create_task(each) for each in (self._keep(), self._listen(), self._work())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._hand_over()

    async def _hand_over(self) -> None:
        """Give the lease back; when the bot was running, say why it no longer is."""
        try:
            if self._phase in {Phase.STARTING, Phase.CONNECTED, Phase.WAITING}:
                self._tell(Phase.STOPPED, SERVER_STOPPED)
            async with self._house.database.write() as tx:
                # Another process may have the lease by now, and tells of its own bot.
                if await leases.renew(tx, LEASE, self._holder, TTL, self._house.clock.now()):
                    await self._write_down(tx, Figures())
                    await leases.release(tx, LEASE, self._holder)
        except StoreUnavailable as fault:
            log.warning("The bot's lease ends by itself", reason=fault.message)

    async def _keep(self) -> None:
        """Prolong the lease and report how the bot does. Returns when the lease is lost."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(OFTEN):
                    await self._news.wait()
            self._news.clear()
            try:
                if not await self._take_turn():
                    log.warning("Another process runs the bot now")
                    return
                await self.report()
            except StoreUnavailable as fault:
                # Nobody else can take the lease either, so the bot stays where it is.
                log.warning("The bot cannot report how it does", reason=fault.message)

    async def _listen(self) -> None:
        """Look at once when somebody starts or stops the bot. Returns when the server stops."""
        async with self._house.events.subscribe(bot.ASKED) as events:
            while True:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK):
                        if await anext(events, None) is None:
                            return
                if await self._is_ordered():
                    self._news.set()

    async def _is_ordered(self) -> bool:
        try:
            async with self._house.database.read() as tx:
                return (await bot.state_of(tx, now=self._house.clock.now())).asked != self._order.asked
        except StoreUnavailable:
            return False  # Reports meet the same fault, and tell of it.

    async def report(self) -> None:
        """Write down how the bot does. Raises StoreUnavailable."""
        figures = self.bot.figures() if self.bot else Figures()
        async with self._house.database.write() as tx:
            await self._write_down(tx, figures)

    async def _write_down(self, tx: Tx, figures: Figures) -> None:
        await bot.report(
            tx,
            self._phase,
            self._reason,
            figures,
            done=self._heard,
            failure=self._failure,
            now=self._house.clock.now(),
        )

    def _tell(self, phase: Phase, reason: str, failure: Failure | None = None) -> None:
        if (phase, reason) != (self._phase, self._reason):
            log.info("The bot", phase=phase.value, reason=reason)
        self._phase, self._reason, self._failure = phase, reason, failure
        self._news.set()

    async def _work(self) -> None:
        """Do what is wanted, for ever."""
        backoff = Backoff()
        while True:
            self._new_order.clear()
            self._heard = self._order.asked
            obstacle = self._obstacle()
            if obstacle is None:
                await self._run_bot(backoff)
                continue
            self._tell(*obstacle)
            with contextlib.suppress(TimeoutError):
                # The day of the used sessions ends without anybody asking.
                async with asyncio.timeout(OFTEN):
                    await self._new_order.wait()

    def _obstacle(self) -> tuple[Phase, str, Failure | None] | None:
        """Return why the bot is not to run now, None when it is."""
        settings, order = self._house.settings, self._order
        if not order.wanted:
            return Phase.STOPPED, STOPPED, None
        if not self._house.site.now.secret(TOKEN):
            words = TOKENLESS if settings.in_production else TOKENLESS_HERE
            return Phase.WAITING, words, Failure.NOT_CONFIGURED
        if self._refused_at == order.asked:
            return Phase.FAILED, self._reason, self._failure
        if not order.identifies_left(self._house.clock.now()):
            return Phase.WAITING, ALL_USED, Failure.UNREACHABLE
        return None

    async def _run_bot(self, backoff: Backoff) -> None:
        """Run one bot to its end, and wait as long as its end asks for."""
        asked = self._order.asked
        self._tell(Phase.STARTING, "Connecting to Discord.")
        fault, was_connected = await self._let_live()
        if fault is None:
            return
        if isinstance(fault, Refused):
            self._refused_at = asked
            self._tell(Phase.FAILED, str(fault), fault.failure)
            return
        if was_connected:
            backoff.reset()
        wait = backoff.next()
        words = str(fault) if isinstance(fault, Away) else BROKEN
        if not isinstance(fault, Away):
            log.error("The bot failed", exc_info=fault)
        failure = Failure.UNREACHABLE if isinstance(fault, Away) else Failure.BROKEN
        self._tell(Phase.WAITING, f"{words} Next try in {math.ceil(wait)} s.", failure)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await self._new_order.wait()

    async def _let_live(self) -> tuple[BaseException | None, bool]:
        """Let a new bot live until it ends or another order comes. Returns what it died of, and whether it lived."""
        # The library takes half a second to import, during which the server would answer nobody.
        client = await asyncio.to_thread(importlib.import_module, "guildhall.bot.client")
        self.bot = made = client.HouseBot(self._house, self._tell, may_identify=self._may_identify)
        order = asyncio.create_task(self._new_order.wait())
        life = [
            asyncio.create_task(each)
            for each in (made.live(), made.keep_watch(), made.keep_commands(), made.keep_presence(), made.keep_desk())
        ]
        tasks = [*life, order]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.bot = None
            for task in tasks:
                task.cancel()
            # Whoever still reads the connection would close it with another code than that of a goodbye.
            ends = await asyncio.gather(*tasks, return_exceptions=True)
            await made.leave()
        fault = next((each for each in ends[: len(life)] if isinstance(each, Exception)), None)
        return fault, made.was_connected

    async def _may_identify(self) -> bool:
        try:
            async with self._house.database.write() as tx:
                return await bot.count_identify(tx, now=self._house.clock.now())
        except StoreUnavailable as fault:
            raise Away(fault.message) from fault
