"""The front desk in Discord, seen from both sides: who writes to the bot, and who answers in channels of tickets."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from guildhall.core.actor import SYSTEM, Actor, ActorKind
from guildhall.domains import site, tickets
from guildhall.domains.bot import Phase
from guildhall.domains.identity import Permission, desk
from guildhall.domains.identity.desk import SubjectKind
from guildhall.domains.identity.permissions import DESK
from guildhall.domains.tickets import EVERYTHING, Message, Person, Ticket, TicketState
from guildhall.simulator.discord.state import Channel
from tests.bot.conftest import OPERATOR, Scene, until

ROSA, TOBIAS = "rosa.m", "tobias.k"
MARA = Person("2001", "mara.d")
Json = dict[str, Any]


@dataclass
class Front:
    """A process whose bot is connected, seen from both sides of the desk."""

    scene: Scene

    @property
    def tobias(self) -> Person:
        return Person(self.scene.person(TOBIAS), "Tobias")

    async def writes(self, text: str, username: str = ROSA, **more: object) -> Json:
        """Let somebody write to the bot."""
        person = self.scene.person(username)
        return await self.steer("POST", "/messages", dm_of=person, author_id=person, content=text, **more)

    async def says(self, channel: Channel, text: str, username: str = TOBIAS, **more: object) -> Json:
        """Let somebody write in a channel."""
        who = self.scene.person(username)
        return await self.steer("POST", "/messages", channel_id=channel.id, author_id=who, content=text, **more)

    async def presses(self, name: str, values: object = None, *, kind: str = "component") -> Json:
        """Let Rosa press something in her direct messages, choose, or fill in."""
        person = self.scene.person(ROSA)
        body = {"type": kind, "user_id": person, "dm_of": person, "custom_id": f"desk:{name}", "values": values}
        return await self.steer("POST", "/interactions", **body, wait_seconds=20)

    async def steer(self, method: str, path: str, **body: object) -> Json:
        async with httpx.AsyncClient(timeout=30) as client:
            answer = await client.request(method, f"{self.scene.discord.address}/_sim{path}", json=body)
        assert answer.is_success, answer.text
        return dict(answer.json()) if answer.content else {}

    def heard_by(self, username: str = ROSA) -> list[str]:
        """What the bot has said to somebody."""
        world = self.scene.discord.world
        user = world.users[self.scene.person(username)]
        return [text_of(each) for each in world.conversation(user, world.bot).messages.values() if each.author.bot]

    def channels(self) -> list[Channel]:
        """The channels of tickets, by the topic that names one."""
        return [each for each in self.scene.discord.guild.channels.values() if each.topic]

    async def channel(self) -> Channel:
        """The one channel of a ticket, once it is there."""
        await until(self._has_channel)
        (channel,) = self.channels()
        return channel

    async def _has_channel(self) -> bool:
        return bool(self.channels())

    def shown_in(self, channel: Channel) -> list[str]:
        """What the bot has said in a channel, but for what it begins with."""
        return [text_of(each) for each in channel.messages.values() if each.author.bot][1:]

    async def tickets(self) -> list[Ticket]:
        async with self.scene.house.database.read() as tx:
            page = await tickets.list_tickets(tx, tickets.Wanted(), sight=EVERYTHING)
        return page.tickets

    async def messages(self, ticket: Ticket) -> list[Message]:
        async with self.scene.house.database.read() as tx:
            return (await tickets.messages_of(tx, ticket, limit=100)).messages

    async def do(self, verb: Callable[..., Awaitable[Any]], ticket: Ticket, *args: Any, **named: Any) -> Any:  # noqa: ANN401 (whatever the verb takes)
        async with self.scene.house.database.write() as tx:
            fresh = await tickets.access_ticket_to_change(tx, SYSTEM, ticket.id, sight=EVERYTHING)
            return await verb(tx, SYSTEM, fresh, *args, now=self.scene.clock.now(), **named)

    async def configure(self, **changes: object) -> None:
        named = {name.replace("__", "."): value for name, value in changes.items()}
        async with self.scene.house.database.write() as tx:
            await site.change_configuration(
                tx, OPERATOR, named, site=self.scene.house.site, version=None, now=self.scene.clock.now()
            )

    async def let_stewards_in(self) -> None:
        """Give the role that Tobias has what it takes to see tickets."""
        role = next(each for each in self.scene.discord.guild.roles.values() if each.name == "Steward")
        ruler = Actor(ActorKind.USER, user_id="7", permissions=frozenset(DESK))
        async with self.scene.house.database.write() as tx:
            await desk.grant(
                tx,
                ruler,
                subject_kind=SubjectKind.ROLE,
                subject_id=role.id,
                permission=Permission.VIEW_TICKETS,
                now=self.scene.clock.now(),
            )

    async def is_opening(self) -> bool:
        """Whether a ticket waits for its channel."""
        return any(each.state is TicketState.OPENING for each in await self.tickets())

    async def holds(self, ticket: Ticket, number: int) -> None:
        """Wait until a ticket has so many messages."""

        async def so() -> bool:
            return len(await self.messages(ticket)) == number

        await until(so)

    async def comes(self, found: Callable[[], object], wanted: object) -> None:
        """Wait until something is so, and tell what it is when it does not come."""

        async def so() -> bool:
            return found() == wanted

        try:
            await until(so, within=15)
        except TimeoutError:
            assert found() == wanted, found()


def text_of(message: Any) -> str:  # noqa: ANN401 (a message of the simulator's)
    shown = [str(each.get("description") or each.get("title") or "") for each in message.embeds]
    return " ".join(part for part in (message.content, *shown) if part)


@asynccontextmanager
async def open_front(scenes: Callable[..., Any]) -> AsyncIterator[Front]:
    """Open a desk that has no categories, and whose channels end as soon as their tickets do."""
    async with scenes() as scene:
        await scene.comes_to(Phase.CONNECTED)
        front = Front(scene)
        await front.configure(thread__time_to_close_thread=0)
        await front.let_stewards_in()
        yield front
