"""What the desk says and asks in Discord when its time has come: the real library against the simulator."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest

from guildhall.bot.desk.places import place_of
from guildhall.core.jobs import JobContext
from guildhall.domains import tickets
from guildhall.domains.bot import Phase
from guildhall.domains.site.sections import BotSettings, Document, LogSettings
from guildhall.domains.site.values import DiscordId
from guildhall.domains.tickets import Draft, Source, reminders, transcripts
from guildhall.domains.tickets.endings import Ended
from guildhall.domains.tickets.relay import Post, Say
from guildhall.simulator.discord import people
from guildhall.simulator.discord.state import Channel
from tests.bot.conftest import Scene, until
from tests.bot.front import MARA, ROSA, Front, Json
from tests.bot.test_desk_commands import SECOND, STEWARD, Desk, desk  # noqa: F401 (a fixture)


@pytest.fixture
async def front(scenes: Callable[..., Any]) -> AsyncIterator[Front]:
    """A desk that is open, without categories."""
    async with scenes() as scene:
        await scene.comes_to(Phase.CONNECTED)
        front = Front(scene)
        await front.configure(thread__time_to_close_thread=0)
        await front.let_stewards_in()
        yield front


async def test_who_was_helped_gives_stars_once_and_says_why_and_all_get_the_transcript(front: Front) -> None:
    house, guild = front.scene.house, front.scene.discord.guild
    kept = next(each for each in guild.channels.values() if each.name == "showcase")
    await front.configure(ratings__enabled=True, transcripts__channel_id=kept.id, transcripts__send_to_user=True)
    await front.writes("Hello?")
    channel = await front.channel()
    await front.comes(lambda: len(front.shown_in(channel)), 1)
    (ticket,) = await front.tickets()
    await front.do(tickets.write_as_staff, ticket, MARA, Draft("Here it is", Source.PANEL))
    await front.do(tickets.write_note, ticket, MARA, Draft("She is new", Source.PANEL))
    await front.do(tickets.close_ticket, ticket, by=MARA.id)
    await front.comes(lambda: [each.endswith("How did we do?") for each in front.heard_by()], [False, False, True])
    window = (await front.presses(f"rate:{ticket.id}:0:4"))["modal"]
    assert window["title"] == "Your rating"

    async def says(name: str, values: object = None, kind: str = "component") -> str:
        answer: Json = await front.presses(name, values, kind=kind)
        return str(answer["content"] or answer["embeds"][0]["description"])

    thanks = "Thank you for your rating."
    assert await says(f"comment:{ticket.id}:0", {"comment": "Quick"}, "modal") == thanks
    assert await says(f"rate:{ticket.id}:0:1") == "You have rated this already. Thank you."
    async with front.scene.house.database.read() as tx:
        rating = (await tickets.details_of(tx, ticket)).rating
    assert rating is not None
    assert (rating.score, rating.comment, rating.staff_id) == (4, "Quick", MARA.id)

    hand_out = transcripts.hander_out_of(house.site, house.files, house.links, house.answers_box)
    for _ in range(2):
        # A job may be done twice; what it causes is there once.
        await hand_out(JobContext("closing", 1, house.database, front.scene.clock), Ended(ticket.id, 0))
    dm = front.scene.discord.world.conversation(
        front.scene.discord.world.users[front.scene.person(ROSA)], front.scene.discord.world.bot
    )

    def pages(channel: Channel) -> list[str]:
        return [each.filename for message in channel.messages.values() for each in message.attachments]

    name = f"transcript-{ticket.number}.html"
    await front.comes(lambda: (pages(kept), pages(dm)), ([name], [name]))
    texts = [
        each.content.decode()
        for place in (kept, dm)
        for message in place.messages.values()
        for each in message.attachments
    ]
    assert [("Here it is" in each, "She is new" in each) for each in texts] == [(True, True), (True, False)]


async def test_staff_are_reminded_and_alerted_where_they_asked_for_it_but_for_a_role_that_they_turned_off(
    desk: Desk,  # noqa: F811 (the fixture)
) -> None:
    house, clock, world = desk.scene.house, desk.scene.clock, desk.scene.discord.world
    steward, second = desk.scene.person(STEWARD), desk.scene.person(SECOND)
    role = next(each for each in desk.scene.discord.guild.roles.values() if each.name == "Steward")
    assert "leave you alone" in await desk.answered(SECOND, f"!reminder_subscription <@&{role.id}> off")
    assert "Reminder 1 comes" in await desk.answered(STEWARD, f"!rem 2h Look into it <@&{role.id}>")
    assert "Reminder 2 comes" in (await desk.use(STEWARD, "remind", time="3h", text="Never"))["description"]
    assert await desk.answered(STEWARD, "!urem 2") == "Reminder 2 is called off."
    assert "No such reminder" in await desk.answered(STEWARD, "!unremind 2")
    assert (await desk.use(STEWARD, "alert", mode="always"))["description"].startswith("You are pinged each time")
    await desk.say("rosa.m", "Anything new?", dm_of=desk.scene.person("rosa.m"))

    async def pings(*wanted: tuple[str, str]) -> None:
        def found() -> list[tuple[str, str]]:
            shown = world.channels[desk.channel_id].messages.values()
            return [
                (each.content, str(each.embeds[0].get("description")))
                for each in shown
                if each.author.bot and each.content
            ]

        await Front(desk.scene).comes(found, list(wanted))

    alert = (f"<@{steward}>", "rosa.m has written.")
    await pings(alert)
    clock.advance(timedelta(hours=2))
    await reminders.remind_due(JobContext("remind", 1, house.database, clock))
    others = [each for each in (steward, *staff_with(desk.scene, role.id)) if each != second]
    named = " ".join(f"<@{each}>" for each in dict.fromkeys(others))
    await pings(alert, (named, "Reminder 1: Look into it"))


async def test_who_leaves_is_asked_about_and_staff_close_or_keep_the_ticket_and_take_its_transcript(
    desk: Desk,  # noqa: F811 (the fixture)
) -> None:
    front, guild = Front(desk.scene), desk.scene.discord.guild
    channel = guild.channels[desk.channel_id]
    assert "on its way" in await desk.answered(STEWARD, "!transcript")
    name = f"transcript-{desk.ticket.number}.html"
    files = [name]
    await front.comes(lambda: [each.filename for m in channel.messages.values() for each in m.attachments], files)
    assert "reads what was missed" in await desk.answered("mara", "!recover")
    people.leave(desk.scene.discord.world, guild, guild.members[desk.scene.person("rosa.m")])

    def asked() -> list[str]:
        return [text for each in channel.messages.values() if "has left" in (text := str(each.embeds[:1]))]

    await front.comes(lambda: len(asked()), 1)
    assert (await desk.look()).user_left

    async def is_back() -> bool:
        return not (await desk.look()).user_left

    world, gateway = desk.scene.discord.world, desk.scene.discord.gateway
    rosa = people.join(world, guild, world.users[desk.scene.person("rosa.m")], [])
    await until(is_back)
    # Nobody hears of this one, and the session that begins afterwards asks.
    gateway.invalidate()
    gateway.drop()
    people.leave(world, guild, rosa)
    await front.comes(lambda: len(asked()), 2)
    await desk.configure(command__channel_members_are_staff=False)
    refused = await desk.act("component", "juniper", custom_id="desk:close", wait_seconds=20)
    assert "You may not" in str(refused["embeds"])
    await desk.configure(command__channel_members_are_staff=True, thread__on_close="keep")
    done = await desk.act("component", STEWARD, custom_id="desk:close", wait_seconds=20)
    assert done["content"] == "Ticket #1 is closed."
    assert (await desk.look()).closed


def staff_with(scene: Scene, role_id: str) -> list[str]:
    members = scene.discord.guild.members
    return sorted((each for each, member in members.items() if role_id in member.roles), key=int)


def test_lines_of_the_log_go_where_the_settings_say_or_nowhere() -> None:
    edited, closed = Post(say=Say.WORDS, words="desk.log.edited"), Post(say=Say.WORDS, words="desk.log.closed")
    bot_settings = BotSettings(enable_logs=True, enable_rustmail_logs=True, logs_channel_id=DiscordId("5"))
    quiet = Document(bot=bot_settings, logs=LogSettings(show_log_on_edit=False))
    assert [place_of(each, Document(bot=bot_settings)) for each in (edited, closed)] == [5, 5]
    assert [place_of(each, quiet) for each in (edited, closed)] == [None, 5]
    assert place_of(closed, Document()) is None
