"""Servers that are killed in the middle of busy conversations: counted at both ends, nothing is lost or doubled."""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import delete

from guildhall.core import ids, leases
from guildhall.core.actor import SYSTEM
from guildhall.core.clock import SystemClock
from guildhall.core.crypto import SecretBox
from guildhall.core.db import Database, command, open_database
from guildhall.domains import identity, site, tickets
from guildhall.domains.identity.sessions import open_session
from guildhall.domains.tickets import EVERYTHING, Delivery, Kind, Message, Ticket, Wanted
from guildhall.simulator.discord import DiscordSimulator, Fault, Limits, simulate
from guildhall.simulator.discord.state import Channel
from tests.bot.conftest import until
from tests.faults.server_process import ServerProcess

MEMBERS = ("rosa.m", "pavel_n", "ines_v")
OWNER = "mara"
SAID = 4
"""How much each side says in each conversation before the next thing goes wrong, and after it."""

WITHIN = 120.0
"""Seconds in which everything is where it belongs, on a machine that does much else."""

FREE = command(delete(leases.leases).where(leases.leases.c.name == "bot"))


class Office:
    """Three members who write to the bot, and staff who answer by the routes of modmail and write in the channels."""

    def __init__(
        self, discord: DiscordSimulator, database: Database, servers: Sequence[ServerProcess], cookie: str
    ) -> None:
        self.discord, self.database, self.servers, self._cookie = discord, database, servers, cookie
        self.up: list[ServerProcess] = []
        self.told: dict[str, list[str]] = {name: [] for name in MEMBERS}
        self.noted: dict[str, list[str]] = {name: [] for name in MEMBERS}
        self.answered: dict[str, list[str]] = {name: [] for name in MEMBERS}

    def person(self, username: str) -> str:
        return next(each.id for each in self.discord.world.users.values() if each.username == username)

    async def steer(self, method: str, path: str, **body: object) -> dict[str, Any]:
        async with httpx.AsyncClient(timeout=30) as client:
            answer = await client.request(method, f"{self.discord.address}/_sim{path}", json=body)
        assert answer.is_success, answer.text
        return dict(answer.json())

    async def starts(self, server: ServerProcess) -> None:
        """Start a server, or start it anew."""
        server.launch()
        await asyncio.to_thread(server.come_up)
        self.up.append(server)

    async def dies(self, server: ServerProcess) -> None:
        """Kill a server, and let the time of its lease be over."""
        self.up.remove(server)
        server.kill()
        async with self.database.write() as tx:
            await tx.run(FREE)

    async def writes(self, username: str, text: str) -> str:
        """Let a member write to the bot, and return Discord's id of it."""
        self.told[username].append(text)
        who = self.person(username)
        return str((await self.steer("POST", "/messages", dm_of=who, author_id=who, content=text))["id"])

    async def notes(self, username: str, text: str) -> None:
        """Let staff write in a member's channel."""
        self.noted[username].append(text)
        channel = self.channel_of(username)
        await self.steer("POST", "/messages", channel_id=channel.id, author_id=self.person(OWNER), content=text)

    async def answers(self, ticket: Ticket, username: str, text: str) -> None:
        """Reply to a member, and again under the same key until a server says that it has it."""
        self.answered[username].append(text)
        headers = {"Cookie": f"session_id={self._cookie}", "Idempotency-Key": ids.ulid()}
        place = f"/api/bot/tickets/{ticket.id}/messages"
        while True:
            await until(_true(lambda: bool(self.up)), within=WITHIN)
            async with random.choice(self.up).client(headers=headers, timeout=20) as client:
                with contextlib.suppress(httpx.TransportError):
                    answer = await client.post(place, json={"content": text})
                    assert answer.status_code == 200, answer.text
                    return

    def channels(self) -> list[Channel]:
        """Where tickets are talked about: the channels that name one in their topic, and the threads."""
        guild = self.discord.guild
        return [*(each for each in guild.channels.values() if each.topic), *guild.threads.values()]

    def channel_of(self, username: str) -> Channel:
        who = self.person(username)
        (channel,) = [each for each in self.channels() if who in f"{each.topic}{_beginning_of(each)}"]
        return channel

    def has_channels(self) -> bool:
        return len(self.channels()) == len(MEMBERS)

    def begun(self) -> list[bool]:
        """Of each channel, whether it says who its user is."""
        return [bool(_beginning_of(each)) for each in self.channels()]

    async def prefers_threads(self) -> None:
        """Let tickets be threads of the channel where the staff are among themselves."""
        staff = next(each for each in self.discord.guild.channels.values() if each.name == "staff")
        wanted = {"thread.container": "threads", "thread.inbox_channel_id": staff.id}
        here = site.Configuration(self.database, SecretBox("for this test only", "configuration"), fixed={})
        async with self.database.write() as tx:
            await site.change_configuration(tx, SYSTEM, wanted, site=here, version=None, now=SystemClock().now())

    def dm_of(self, username: str) -> Channel:
        world = self.discord.world
        return world.conversation(world.users[self.person(username)], world.bot)

    async def tickets(self) -> dict[str, Ticket]:
        """The tickets, by the account of whom they are of."""
        async with self.database.read() as tx:
            page = await tickets.list_tickets(tx, Wanted(), sight=EVERYTHING)
        assert page.total == len(MEMBERS)
        names = {self.person(each): each for each in MEMBERS}
        return {names[each.user_id]: each for each in page.tickets}

    async def _stored(self, ticket: Ticket) -> list[Message]:
        async with self.database.read() as tx:
            return (await tickets.messages_of(tx, ticket, limit=500)).messages

    async def begins(self) -> dict[str, Ticket]:
        """Let everybody write for the first time; returns their tickets once each has a channel."""
        # Nobody can know of the words of a stranger to whom no bot has listened yet.
        await until(_true(lambda: self.bots() == 1), within=WITHIN)
        for each in MEMBERS:
            await self.writes(each, f"{each} says hello")
        await until(_true(self.has_channels), within=WITHIN)
        return await self.tickets()

    def bots(self) -> int:
        """How many connections of the bot there are."""
        return sum(each.connection is not None for each in self.discord.gateway.sessions.values())

    async def some_is_said(self) -> None:
        """Return at a moment of the conversation that nobody chose."""
        said = sum(map(len, self.told.values())) + random.randrange(1, 9)
        await until(_true(lambda: sum(map(len, self.told.values())) >= said), within=WITHIN)

    @asynccontextmanager
    async def conversing(self, opened: dict[str, Ticket]) -> AsyncIterator[None]:
        """Let everybody write at once, each one thing after another; the block ends when all of it is said."""

        async def member(username: str) -> None:
            for _ in range(SAID):
                await self.writes(username, f"{username} says {len(self.told[username])}")
                await asyncio.sleep(typing())  # People type; nothing waits for this.

        async def staff(username: str) -> None:
            for _ in range(SAID):
                await self.notes(username, f"noted of {username}: {len(self.noted[username])}")
                await self.answers(opened[username], username, f"{len(self.answered[username])} to {username}")

        async with asyncio.TaskGroup() as tasks:
            for username in MEMBERS:
                tasks.create_task(member(username))
                tasks.create_task(staff(username))
            yield

    async def is_everywhere_once(self, opened: dict[str, Ticket]) -> None:
        """Wait until both ends have the same: each thing once, and what one side says in the order of its saying."""
        for username, ticket in opened.items():
            told, noted, answered = self.told[username], self.noted[username], self.answered[username]
            for kind, said in ((Kind.USER, told), (Kind.NOTE, noted), (Kind.STAFF, answered)):
                await self.comes(partial(self._rows, ticket, kind), said)
            await self.comes(partial(_shown_in, self.channel_of(username), answered), answered)
            await self.comes(partial(_shown_in, self.channel_of(username), told), told)
            await self.comes(partial(_shown_in, self.dm_of(username), answered), answered)
            await self.comes(partial(self._deliveries, ticket), {Delivery.DELIVERED})
            assert Counter(_shown_in(self.channel_of(username))) == Counter([*told, *answered])
            assert _shown_in(self.dm_of(username)) == answered

    async def _rows(self, ticket: Ticket, kind: Kind) -> list[str]:
        return [each.content for each in await self._stored(ticket) if each.kind is kind]

    async def _deliveries(self, ticket: Ticket) -> set[Delivery | None]:
        return {each.delivery for each in await self._stored(ticket) if each.kind is Kind.STAFF}

    async def comes(self, read: Callable[[], Any], wanted: object) -> None:
        """Wait until something is so, and tell what it is, and what the servers say, when it does not come."""
        found: object = None

        async def so() -> bool:
            nonlocal found
            shown = read()
            found = await shown if asyncio.iscoroutine(shown) else shown
            return found == wanted

        try:
            await until(so, within=WITHIN)
        except TimeoutError:
            logs = "".join(each.log.read_text()[-3000:] for each in self.servers)
            assert found == wanted, logs


def _true(holds: Callable[[], bool]) -> Callable[[], Any]:
    async def so() -> bool:
        return holds()

    return so


def _shown_in(channel: Channel, among: Collection[str] | None = None) -> list[str]:
    """What the bot shows of people's words in a channel, in order; beside them it says who came and hello."""
    shown = [
        str(each.embeds[0].get("description") or "")
        for each in channel.messages.values()
        if each.author.bot and each.embeds and _names(each.embeds[0])
    ]
    return [each for each in shown if among is None or each in among]


def _beginning_of(channel: Channel) -> list[Any]:
    return next((each.embeds for each in channel.messages.values() if each.author.bot and each.embeds), [])


def _names(embed: dict[str, Any]) -> bool:
    """Whether an embed tells who says it, and no more: what a channel begins with has fields."""
    return bool(embed.get("author")) and not embed.get("fields")


@asynccontextmanager
async def open_office(database_url: str, folder: Path, *, servers: int) -> AsyncIterator[Office]:
    async with AsyncExitStack() as stack:
        limits = Limits(requests=10_000, requests_of_the_bot=10_000)
        discord = await stack.enter_async_context(simulate(limits=limits))
        database = await open_database(database_url)
        stack.push_async_callback(database.close)
        processes = [ServerProcess(database_url, folder, **discord.settings) for _ in range(servers)]
        for each in processes:
            stack.callback(each.stop)
        now = SystemClock().now()
        async with database.write() as tx:
            user = await identity.create_person(
                tx, SYSTEM, sign_in_name=OWNER, password_hash="x", email=None, roles=[], now=now
            )
            account = next(each.id for each in discord.world.users.values() if each.username == OWNER)
            await identity.link_identity(tx, SYSTEM, user, provider="discord", external_id=account, now=now)
            _, cookie = await open_session(tx, user, ip=None, user_agent=None, now=now)
        yield Office(discord, database, processes, cookie)


def typing() -> float:
    """Seconds until somebody says the next thing."""
    return random.uniform(0, 0.5)


async def test_a_server_that_is_killed_while_everybody_writes_loses_and_doubles_nothing(
    sqlite_database_url: str, tmp_path: Path
) -> None:
    async with open_office(sqlite_database_url, tmp_path, servers=1) as office:
        (server,) = office.servers
        await office.starts(server)
        opened = await office.begins()
        for _ in range(2):
            async with office.conversing(opened):
                await office.some_is_said()
                await office.dies(server)
                await office.starts(server)
        # Discord stumbles too: it fails, wants people to come later, and says nothing for a while.
        faults = office.discord.faults
        async with office.conversing(opened):
            faults.add(Fault(path="/api/v10/channels", status=503), times=4)
            faults.add(Fault(path="/api/v10/channels", retry_after=0.3), times=3)
            faults.add(Fault(path="/api/v10/", delay=1.0), times=2)
        await office.is_everywhere_once(opened)


async def test_a_server_that_is_killed_while_threads_are_made_makes_each_of_them_once(
    sqlite_database_url: str, tmp_path: Path
) -> None:
    async with open_office(sqlite_database_url, tmp_path, servers=1) as office:
        (server,) = office.servers
        await office.prefers_threads()
        await office.starts(server)
        await until(_true(lambda: office.bots() == 1), within=WITHIN)
        first, *others = MEMBERS
        await office.writes(first, f"{first} says hello")
        # The thread is there, and the server dies before it can have let the staff in.
        await until(_true(lambda: bool(office.channels())), within=WITHIN)
        await office.dies(server)
        await office.starts(server)
        await until(_true(lambda: office.bots() == 1), within=WITHIN)
        for each in others:
            await office.writes(each, f"{each} says hello")
        await office.comes(office.begun, [True] * len(MEMBERS))
        opened = await office.tickets()
        async with office.conversing(opened):
            await office.some_is_said()
            await office.dies(server)
            await office.starts(server)
        await office.is_everywhere_once(opened)
        assert {int(each.id) for each in office.channels()} == {
            each.channel_id for each in (await office.tickets()).values()
        }


async def test_of_two_processes_one_has_the_bot_and_the_other_goes_on_when_that_is_killed(
    postgresql_database_url: str, tmp_path: Path
) -> None:
    async with open_office(postgresql_database_url, tmp_path, servers=2) as office:
        first, second = office.servers
        await office.starts(first)
        opened = await office.begins()
        await office.starts(second)
        assert office.bots() == 1
        async with office.conversing(opened):
            await office.some_is_said()
            await office.dies(first)
        await office.is_everywhere_once(opened)
        assert office.bots() == 1
