"""The front desk in private threads: the real library against the simulator."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from guildhall.bot.desk.names import thread_name
from guildhall.domains import tickets
from guildhall.domains.bot import Phase
from guildhall.domains.tickets import Draft, Origin, Person, Source, Ticket, Transport, categories
from guildhall.domains.tickets.guests import Guest, open_for
from guildhall.domains.tickets.opening import open_ticket
from guildhall.simulator.discord import messages, threads
from guildhall.simulator.discord.rest.guilds import MOST_CHANNELS
from guildhall.simulator.discord.state import PRIVATE_THREAD, Channel, Message, Overwrite, Thread
from tests.bot.conftest import OPERATOR, until
from tests.bot.front import MARA, ROSA, TOBIAS, Front, open_front, text_of

VIEW = 1 << 10


@pytest.fixture
async def front(scenes: Callable[..., Any]) -> AsyncIterator[Front]:
    async with open_front(scenes) as front:
        await front.configure(thread__container="threads", thread__inbox_channel_id=inbox_of(front).id)
        yield front


def inbox_of(front: Front) -> Channel:
    """Return the channel around the threads, which the stewards see."""
    return front.scene.discord.world.channels[front.scene.channel("staff")]


def threads_of(front: Front) -> list[Thread]:
    return list(front.scene.discord.guild.threads.values())


async def thread_of(front: Front) -> Thread:
    """Return the one thread of a ticket, once it is there."""

    async def so() -> bool:
        return bool(threads_of(front))

    await until(so)
    (thread,) = threads_of(front)
    return thread


def said(thread: Thread) -> list[Message]:
    """Return what the bot said in a thread, without what Discord notes of it."""
    return [each for each in thread.messages.values() if each.author.bot and each.type == 0]


def shown_in(thread: Thread) -> list[str]:
    """Return what the bot said in a thread, but for what it begins with."""
    return [text_of(each) for each in said(thread)][1:]


def names_in(front: Front, thread: Thread) -> set[str]:
    return {front.scene.discord.world.users[each].username for each in thread.members}


def stewards(front: Front) -> set[str]:
    guild = front.scene.discord.guild
    role = next(each for each in guild.roles.values() if each.name == "Steward")
    return {each.user.username for each in guild.members.values() if role.id in each.roles}


async def test_a_ticket_is_talked_about_in_a_private_thread_as_in_a_channel_also_after_it_rested(front: Front) -> None:
    world = front.scene.discord.world
    first = await front.writes("Hello?")
    thread = await thread_of(front)
    await front.comes(lambda: shown_in(thread), ["Hello?"])
    assert (thread.type, thread.parent_id, thread.name) == (PRIVATE_THREAD, inbox_of(front).id, "rosa-1")
    assert (thread.auto_archive_duration, thread.invitable, front.channels()) == (10080, False, [])
    assert names_in(front, thread) == stewards(front) | {world.bot.username}
    (ticket,) = await front.tickets()
    assert ticket.channel_id == int(thread.id)

    # What Discord notes of what staff do is nothing that they say.
    messages.announce(world, thread, world.users[front.scene.person(TOBIAS)], messages.RENAMED, "help")
    await front.steer("PATCH", f"/messages/{first['channel_id']}/{first['id']}", content="Hello there?")
    await front.comes(lambda: shown_in(thread), ["Hello there?"])
    await front.says(thread, "Between us: she is new")
    await front.holds(ticket, 2)
    await front.says(thread, "!reply Good morning")
    await front.comes(lambda: front.heard_by()[1:], ["Good morning"])
    await front.says(thread, "!take")
    await front.comes(lambda: thread.name, "claimed-rosa-1")
    inbox, guild = inbox_of(front), front.scene.discord.guild
    host = next(each.id for each in guild.roles.values() if each.name == "Host")
    inbox.overwrites[host] = Overwrite(host, 0, VIEW, 0)
    await front.says(thread, f"!am <@&{host}>")
    everybody = names_in(front, thread) | {"okonkwo", "juniper"}
    await front.comes(lambda: names_in(front, thread), everybody)
    await front.says(thread, f"!dm <@&{host}>")
    await front.comes(lambda: names_in(front, thread), everybody - {"okonkwo", "juniper"})
    # Whoever does not see the channel around it cannot be in it either.
    await front.says(thread, f"!am <@{front.scene.person(ROSA)}>")
    await until(lambda: _said_in(thread, "does not let the bot"))
    assert names_in(front, thread) == stewards(front) | {world.bot.username}
    kinds = [each.kind.value for each in await front.messages(ticket)]
    assert kinds == ["user", "note", "staff", "system"]

    threads.archive(world, thread, archived=True)
    threads.tell(world, thread)
    front.scene.at(1)
    await front.steer("PATCH", f"/messages/{first['channel_id']}/{first['id']}", content="Hello, is anybody there?")
    await front.comes(lambda: shown_in(thread)[0], "Hello, is anybody there?")
    assert not thread.archived
    threads.archive(world, thread, archived=True)
    threads.tell(world, thread)
    await front.do(tickets.release_ticket, ticket)
    await front.comes(lambda: (thread.name, thread.archived), ("rosa-1", False))

    threads.delete(world, thread)

    async def closed() -> bool:
        return [each.closed_by for each in await front.tickets()] == ["channel_deleted"]

    await until(closed)


async def test_a_closed_ticket_leaves_a_locked_thread_that_opens_again_or_none_and_then_a_new_one_begins(
    front: Front,
) -> None:
    await front.configure(thread__on_close="archive", thread__auto_archive_duration=60, thread__name_template="{user}")
    await front.writes("Hello?")
    thread = await thread_of(front)
    await front.comes(lambda: shown_in(thread), ["Hello?"])
    (ticket,) = await front.tickets()
    await front.do(tickets.close_ticket, ticket, by="mara.d")
    await front.comes(lambda: (thread.archived, thread.locked), (True, True))
    await front.presses(f"reopen:{ticket.id}")
    told = ["Hello?", "Ticket successfully closed.", "This ticket is open again.", "Ticket has been reopened"]
    await front.comes(lambda: shown_in(thread), told)
    assert (threads_of(front), thread.archived, thread.locked) == ([thread], False, False)
    assert (thread.name, thread.auto_archive_duration) == ("rosa-1", 60)

    # What staff say while it is closed is no part of it, and never reaches the user.
    await front.configure(thread__on_close="keep", thread__plain_messages="reply")
    await front.do(tickets.close_ticket, ticket, by="mara.d")
    for text in ("She was rude", "!close"):
        await front.says(thread, text)
    await until(lambda: _said_in(thread, "is closed"))
    heard = len(front.heard_by())
    await front.presses(f"reopen:{ticket.id}")
    await front.comes(lambda: shown_in(thread)[-1], "Ticket has been reopened")
    await front.says(thread, "Welcome back")
    await front.comes(lambda: front.heard_by()[heard + 1 :], ["Welcome back"])
    assert (threads_of(front), [each.closed for each in await front.tickets()]) == ([thread], [False])

    await front.configure(thread__on_close="delete")
    await front.do(tickets.close_ticket, ticket, by="mara.d")
    await front.comes(lambda: threads_of(front), [])
    await front.presses(f"reopen:{ticket.id}")
    again = await thread_of(front)
    begin = "This ticket is open again. What was said last:\n**Rosa**: Hello?\n**Tobias**: Welcome back"
    await front.comes(lambda: [text_of(each) for each in said(again)][:1], [begin])
    assert [each.channel_id for each in await front.tickets()] == [int(again.id)]


async def test_what_was_said_and_done_in_threads_while_the_bot_was_away_is_found_out(
    scenes: Callable[..., Any],
) -> None:
    async with scenes() as scene:
        await scene.comes_to(Phase.CONNECTED)
        front = Front(scene)
        # Nothing was granted to the stewards: they see the channel around the threads.
        await front.configure(thread__container="threads", thread__inbox_channel_id=inbox_of(front).id)
        await front.writes("Hello?")
        thread = await thread_of(front)
        await front.comes(lambda: shown_in(thread), ["Hello?"])
        (ticket,) = await front.tickets()
        await front.writes("Gone soon", "pavel_n")
        await front.comes(lambda: [len(shown_in(each)) for each in threads_of(front)], [1, 1])
    # The process is gone. One thread is answered in and put away, the other one deleted.
    world = scene.discord.world
    await front.says(thread, "I will answer tomorrow")
    threads.archive(world, thread, archived=True)
    threads.delete(world, next(each for each in threads_of(front) if each is not thread))
    async with scenes() as scene:
        front = Front(scene)
        # And a third was made, and nobody took note of it: the process was killed before that.
        juniper = Guest(Person(scene.person("juniper"), "juniper"), frozenset())
        async with scene.house.database.write() as tx:
            asked = await open_for(
                tx, OPERATOR, juniper, guild_id=scene.guild_id, origin=Origin.STAFF, now=scene.clock.now()
            )
        name = thread_name(asked, "{user}-{number}")
        made = await _made_by_the_bot(scene.discord, inbox_of(front), name)
        other = await _made_by_the_bot(scene.discord, inbox_of(front), "juniper-77")
        owner = world.users[scene.discord.guild.owner_id].username
        await front.says(made, "Who is this?", owner)
        await scene.comes_to(Phase.CONNECTED)
        await front.holds(ticket, 2)
        await front.holds(asked, 1)
        found = {each.user_name: each for each in await front.tickets()}
        assert (found["juniper"].channel_id, threads_of(front)) == (int(made.id), [thread, made, other])
        assert names_in(front, made) == stewards(front) | {owner, world.bot.username}
        await until(lambda: _is_closed(front, "pavel_n"))
        assert not (await _ticket_of(front, ROSA)).closed


async def _made_by_the_bot(discord: Any, parent: Channel, name: str) -> Thread:  # noqa: ANN401 (the simulator)
    headers = {"Authorization": f"Bot {discord.token}"}
    async with httpx.AsyncClient(base_url=discord.api_base, headers=headers) as client:
        answer = await client.post(f"/channels/{parent.id}/threads", json={"name": name, "type": PRIVATE_THREAD})
    thread: Thread = discord.guild.threads[answer.json()["id"]]
    return thread


async def _ticket_of(front: Front, username: str) -> Ticket:
    person = front.scene.person(username)
    return next(each for each in await front.tickets() if each.user_id == person)


async def _is_closed(front: Front, username: str) -> bool:
    return (await _ticket_of(front, username)).closed


async def test_a_full_server_has_room_in_a_thread_and_without_one_the_ticket_is_refused_and_staff_hear_of_it(
    front: Front,
) -> None:
    discord = front.scene.discord
    logs = front.scene.channel("general")
    await front.configure(thread__container="channels", bot__enable_logs=True, bot__logs_channel_id=logs)
    for _ in range(MOST_CHANNELS - len(discord.guild.channels)):
        channel = Channel(discord.world.new_id(), 0, "full", discord.guild.id)
        discord.guild.channels[channel.id] = discord.world.channels[channel.id] = channel
    await front.writes("Hello?")
    thread = await thread_of(front)
    await front.comes(lambda: shown_in(thread), ["Hello?"])

    await front.configure(thread__inbox_channel_id=None)
    await front.writes("Me too", "pavel_n")
    await front.comes(lambda: [each[:30] for each in front.heard_by("pavel_n")], ["Your message could not be brou"])
    await until(lambda: _said_in(discord.world.channels[logs], "Maximum number of guild channels"))
    assert [each.user_name for each in await front.tickets()] == ["Rosa"]


async def _said_in(channel: Channel, words: str) -> bool:
    return any(words in text_of(each) for each in channel.messages.values())


async def test_into_the_thread_of_a_category_for_some_roles_nobody_else_is_brought(front: Front) -> None:
    scene, inbox = front.scene, inbox_of(front)
    host = next(each.id for each in scene.discord.guild.roles.values() if each.name == "Host")
    inbox.overwrites[host] = Overwrite(host, 0, VIEW, 0)
    guest = Guest(Person(scene.person(ROSA), "Rosa"), frozenset())
    async with scene.house.database.write() as tx:
        layout = categories.Layout(name="Safety", discord_category_id="1", viewer_role_ids=[host])
        category = await categories.create_category(tx, OPERATOR, layout, now=scene.clock.now())
        await open_for(
            tx,
            OPERATOR,
            guest,
            guild_id=scene.guild_id,
            origin=Origin.STAFF,
            category=category,
            now=scene.clock.now(),
        )
    thread = await thread_of(front)
    await front.comes(lambda: [text_of(each) for each in said(thread)][:1], ["Ticket 1"])
    assert names_in(front, thread) == {"okonkwo", "juniper", scene.discord.world.bot.username}


async def test_whoever_cannot_be_written_to_talks_in_a_thread_that_they_see_too(front: Front) -> None:
    scene = front.scene
    await front.configure(bot__features_channel_id=scene.channel("general"))

    async def opened(username: str) -> Ticket:
        async with scene.house.database.write() as tx:
            return await open_ticket(
                tx,
                OPERATOR,
                guild_id=scene.guild_id,
                person=Person(scene.person(username), username),
                origin=Origin.BUTTON,
                transport=Transport.DIRECT,
                needs_channel=True,
                now=scene.clock.now(),
            )

    ticket = await opened(ROSA)
    thread = await thread_of(front)
    there = stewards(front) | {ROSA, scene.discord.world.bot.username}
    await front.comes(lambda: (names_in(front, thread), len(said(thread))), (there, 1))
    assert thread.parent_id == scene.channel("general")
    await front.says(thread, "Hello?", ROSA)
    await front.says(thread, "Good morning", TOBIAS)
    await front.holds(ticket, 2)
    assert [each.kind.value for each in await front.messages(ticket)] == ["user", "staff"]
    await front.do(tickets.write_as_staff, ticket, MARA, Draft("From the panel", Source.PANEL))
    await front.comes(lambda: shown_in(thread), ["From the panel"])

    # Somebody who may not even see the channel around it is in no thread, and none is left behind.
    hidden = scene.discord.world.channels[scene.channel("general")]
    pavel = scene.person("pavel_n")
    hidden.overwrites[pavel] = Overwrite(pavel, 1, 0, VIEW)
    await opened("pavel_n")

    async def is_discarded() -> bool:
        # They could read nothing of it, and who pressed the button is told that there is no ticket.
        return [each.user_name for each in await front.tickets()] == [ROSA]

    await until(is_discarded)
    assert threads_of(front) == [thread]
