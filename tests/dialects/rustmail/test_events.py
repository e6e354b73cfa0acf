"""What happens at the desk, told live."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from guildhall.core import feed
from guildhall.core.actor import SYSTEM
from guildhall.core.db import Database
from guildhall.domains import bot, tickets
from guildhall.domains.bot import Figures, Phase
from guildhall.domains.tickets import Draft, Origin, Person, Source, Ticket, Transport
from guildhall.simulator.discord import DiscordSimulator
from tests.clock import SettableClock
from tests.dialects.rustmail.people import OWNER, STEWARD, FrontDesk, refusal
from tests.serving import serving, settings_for

EVENTS = "/api/bot/events"
PATIENCE = 20.0


class Listener:
    """Somebody who follows."""

    def __init__(self, stream: httpx.Response) -> None:
        self._lines = stream.aiter_lines()

    async def hears(self) -> tuple[int, str, dict[str, Any]]:
        """Return the next event: its number, name and data."""
        said: dict[str, str] = {}
        async with asyncio.timeout(PATIENCE):
            while "data" not in said:
                name, _, value = (await anext(self._lines)).partition(": ")
                said[name] = value
        return int(said["id"]), said["event"], json.loads(said["data"])


@asynccontextmanager
async def listening(client: httpx.AsyncClient, **headers: str) -> AsyncIterator[Listener]:
    async with client.stream("GET", EVENTS, headers=headers) as stream:
        assert (stream.status_code, stream.headers["content-type"]) == (200, "text/event-stream")
        listener = Listener(stream)
        async with asyncio.timeout(PATIENCE):
            await anext(listener._lines)
        yield listener


async def opened(database: Database, clock: SettableClock, person: Person, category_id: str | None = None) -> Ticket:
    async with database.write() as tx:
        return await tickets.open_ticket(
            tx, SYSTEM, guild_id=1, person=person, origin=Origin.DM, transport=Transport.RELAY, needs_channel=False,
            category_id=category_id, now=clock.now(),
        )  # fmt: skip


async def test_staff_hear_what_happens_to_what_they_see_and_take_up_where_they_were(
    front: FrontDesk, database: Database, clock: SettableClock, tmp_path: Path, discord: DiscordSimulator
) -> None:
    owner, steward = await front.enters(OWNER), await front.enters(STEWARD)
    assert refusal(await steward.get(EVENTS)) == (403, "FORBIDDEN")
    await front.grants(owner, "view_tickets", to=front.id_of(STEWARD))
    hidden = {"name": "Secret", "discord_category_id": "1", "viewer_role_ids": ["55"]}
    secret = (await owner.post("/api/categories", json=hidden)).json()["id"]
    rosa, pavel = Person("1001", "rosa.m"), Person("1002", "pavel_n")

    async with listening(owner) as all_of_it, listening(steward) as part:
        plain = await opened(database, clock, rosa)
        await opened(database, clock, pavel, secret)
        async with database.write() as tx:
            fresh = await tickets.access_ticket_to_change(tx, SYSTEM, plain.id, sight=tickets.EVERYTHING)
            await tickets.write_as_user(tx, SYSTEM, fresh, rosa, Draft("Hello?", Source.DISCORD), now=clock.now())
        async with database.write() as tx:
            await bot.report(tx, Phase.CONNECTED, "", Figures(), done=0, now=clock.now())
        first, name, told = await all_of_it.hears()
        assert (name, told) == ("ticket.opened", {"ticket_id": plain.id, "user_id": "1001", "category_id": None})
        assert [(await all_of_it.hears())[:2] for _ in range(3)] == [
            (first + 1, "ticket.opened"), (first + 2, "message.created"), (first + 3, "bot.status"),
        ]  # fmt: skip
        heard = [await part.hears() for _ in range(3)]
        assert [each[:2] for each in heard] == [
            (first, "ticket.opened"), (first + 2, "message.created"), (first + 3, "bot.status"),
        ]  # fmt: skip
        assert heard[1][2]["kind"] == "user"
        assert heard[2][2] == {"state": "running", "online": True}

    # Whoever was away hears the rest first, also from another process.
    async with listening(owner, **{"Last-Event-ID": str(first)}) as again:
        assert [(await again.hears())[0] for _ in range(3)] == [first + 1, first + 2, first + 3]
    other = settings_for(front.served.house.settings.database_url, tmp_path, **discord.settings)
    async with (
        serving(other, clock=clock) as elsewhere,
        elsewhere.client(headers=dict(owner.headers)) as client,
        listening(client, **{"Last-Event-ID": str(first + 3)}) as far,
    ):
        await opened(database, clock, Person("1003", "wouter"))
        assert (await far.hears())[:2] == (first + 4, "ticket.opened")

    # What is forgotten, or was never told, cannot be taken up: they go on from now, and know it.
    async with database.write() as tx:
        await tx.run(feed.FORGET, last=first + 3)
    for unknown in (str(first), "999999"):
        async with listening(owner, **{"Last-Event-ID": unknown}) as lost:
            assert (await lost.hears())[:2] == (first + 4, "lagged")
    async with listening(owner, **{"Last-Event-ID": "nonsense"}) as new:
        await opened(database, clock, Person("1004", "nadia"))
        assert (await new.hears())[:2] == (first + 5, "ticket.opened")
