"""Tickets of apps in Discord: the real bot makes a channel for them, in which owner and staff go on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from guildhall.bot import Supervisor
from guildhall.core.actor import SYSTEM
from guildhall.domains import bot, tickets
from guildhall.domains.bot import Phase
from guildhall.domains.tickets import EVERYTHING, Draft, Person, Source, TicketState
from guildhall.settings import Settings
from guildhall.simulator.discord import DiscordSimulator, Limits, guilds, simulate
from guildhall.simulator.discord.permissions import Permission
from guildhall.simulator.discord.state import Channel
from tests.bot.conftest import Scene, until
from tests.bot.front import ROSA, TOBIAS, Front
from tests.clock import SettableClock
from tests.dialects.hazebot.tickets.people import OPENING, People
from tests.services.discord import pointed_at
from tests.serving import Served, settings_for

TICKETS = "/api/tickets"
CATEGORY = 4


@pytest.fixture
async def discord() -> AsyncIterator[DiscordSimulator]:
    """Discord, which the library's clients are pointed at."""
    async with simulate(limits=Limits(requests=10_000, requests_of_the_bot=10_000)) as simulator:
        with pointed_at(simulator):
            yield simulator


@pytest.fixture
def settings(database_url: str, tmp_path: Path, discord: DiscordSimulator) -> Settings:
    return settings_for(database_url, tmp_path, **discord.settings)


@pytest.fixture
async def front(served: Served, clock: SettableClock, discord: DiscordSimulator) -> AsyncIterator[Front]:
    """The process that serves, with the bot in it."""
    supervisor = Supervisor(served.house)
    supervisor.start()
    try:
        scene = Scene(served.house, clock, discord, supervisor)
        await scene.comes_to(Phase.CONNECTED)
        yield Front(scene)
    finally:
        await supervisor.stop()


async def test_a_ticket_of_an_app_goes_on_in_a_channel_of_its_owner_and_staff(front: Front, people: People) -> None:
    scene = front.scene
    world, guild = scene.discord.world, scene.discord.guild
    place = guilds.create_channel(world, guild, Channel(world.new_id(), CATEGORY, "Tickets", guild_id=guild.id))
    await front.configure(thread__inbox_category_id=place.id)
    await front.let_stewards_in()
    rosa = await people.enters("rosa", discord_id=scene.person(ROSA))
    mod = await people.enters("mod", "moderator", discord_id=scene.person(TOBIAS))

    made = (await rosa.post(TICKETS, json=OPENING)).json()
    (channel,) = front.channels()
    assert (made["channel_id"], channel.parent_id) == (channel.id, place.id)
    seen_by = {name for name in (ROSA, TOBIAS, "juniper") if _sees(front, channel, name)}
    assert seen_by == {ROSA, TOBIAS}
    words = f"**Subject:** {OPENING['subject']}\n\n**Description:**\n{OPENING['description']}"
    await front.comes(lambda: front.shown_in(channel), [words])

    # What either writes there is theirs, and what they write elsewhere is shown there with its author.
    await front.says(channel, "I am here too", ROSA)
    await front.says(channel, "So am I")
    one = f"{TICKETS}/{made['ticket_id']}"
    await rosa.post(f"{one}/messages", json={"content": "From the app"})
    await mod.post(f"{one}/messages", json={"content": "From the desk"})
    (ticket,) = await front.tickets()
    hidden = Draft("Nobody knows who", Source.PANEL, anonymous=True)
    await front.do(tickets.write_as_staff, ticket, Person(scene.person(TOBIAS), "Tobias"), hidden)
    await front.comes(lambda: front.shown_in(channel), [words, "From the app", "From the desk", "Nobody knows who"])
    shown = [each.embeds[0]["author"]["name"] for each in channel.messages.values() if each.author.bot][1:]
    assert shown == ["rosa", "rosa", "mod (Steward)", "Support team"]
    await front.holds(ticket, 6)
    assert sorted((each.kind.value, each.content) for each in await front.messages(ticket)) == sorted(
        [
            ("user", words), ("user", "I am here too"), ("staff", "So am I"), ("user", "From the app"),
            ("staff", "From the desk"), ("staff", "Nobody knows who"),
        ]
    )  # fmt: skip

    # Without the bot a ticket is there at once, and its channel comes with the bot.
    await scene.ask(bot.stop_bot)
    await scene.comes_to(Phase.STOPPED)
    later = (await rosa.post(TICKETS, json=OPENING)).json()
    assert later["channel_id"] is None
    await scene.ask(bot.start_bot)
    await until(lambda: _is_open(front, later["ticket_id"]))
    assert len(front.channels()) == 2
    # Where tickets are threads, this one is in a channel that its owner sees.
    hall = scene.channel("general")
    await front.configure(
        thread__container="threads", thread__inbox_channel_id=hall, bot__features_channel_id=hall,
        thread__inbox_category_id=None, tickets__max_open_per_user=4,
    )  # fmt: skip
    made = (await rosa.post(TICKETS, json=OPENING)).json()
    (thread,) = guild.threads.values()
    assert (made["channel_id"], thread.parent_id) == (thread.id, hall)
    assert scene.person(ROSA) in thread.members
    await front.configure(thread__container="channels", thread__inbox_category_id=place.id)
    # Where Discord refuses a channel, the ticket goes on without one.
    own = next(role for role in guild.roles.values() if role.bot_id is not None)
    own.permissions &= ~Permission.MANAGE_CHANNELS
    third = await rosa.post(TICKETS, json=OPENING)
    assert (third.status_code, third.json()["channel_id"]) == (201, None)
    await until(lambda: _is_open(front, third.json()["ticket_id"]))


def _sees(front: Front, channel: Channel, username: str) -> bool:
    world = front.scene.discord.world
    found = world.permissions(channel, world.users[front.scene.person(username)])
    return bool(found & Permission.VIEW_CHANNEL)


async def _is_open(front: Front, ticket_id: str) -> bool:
    async with front.scene.house.database.read() as tx:
        ticket = await tickets.access_ticket(tx, SYSTEM, ticket_id, sight=EVERYTHING)
    return ticket.state is TicketState.OPEN
