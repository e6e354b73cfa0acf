"""Files at the front desk in Discord: they come from either side into the house's keeping, and go out as files."""

import itertools
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from guildhall.domains import tickets
from guildhall.domains.bot import Phase
from guildhall.domains.tickets import Delivery, Draft, Message, Source
from guildhall.domains.tickets.attachments import attachments_of
from guildhall.simulator.discord import Fault
from guildhall.simulator.discord.state import Channel
from tests.bot.conftest import until
from tests.bot.front import MARA, ROSA, Front, open_front

PICTURE = {"filename": "map.png", "content": "a map"}
LIST = {"filename": "list.txt", "content": "a list"}
AWAY = Fault(path="/attachments", status=503)
MEBIBYTE = 1 << 20


@pytest.fixture
async def front(scenes: Callable[..., Any]) -> AsyncIterator[Front]:
    async with open_front(scenes) as front:
        yield front


def files_in(channel: Channel) -> list[tuple[str, bytes]]:
    """The files that the bot has posted in a channel."""
    own = (each for each in channel.messages.values() if each.author.bot)
    return [(file.filename, file.content) for each in own for file in each.attachments]


def direct(front: Front, username: str = ROSA) -> Channel:
    world = front.scene.discord.world
    return world.conversation(world.users[front.scene.person(username)], world.bot)


async def kept(front: Front, messages: list[Message]) -> list[list[tuple[str, bytes]]]:
    """The files of each message, as the house has them."""
    async with front.scene.house.database.read() as tx:
        found = await attachments_of(tx, [each.id for each in messages])
    return [
        [
            (file.name, b"".join([part async for part in await front.scene.house.files.read_file(file)]))
            for file in files
        ]
        for files in found.values()
    ]


async def test_files_go_from_the_user_to_staff_and_from_staff_to_the_user_with_or_without_words(front: Front) -> None:
    first = await front.writes("Where is this?", attachments=[PICTURE, LIST])
    await front.writes("", attachments=[PICTURE])
    channel = await front.channel()
    await front.comes(
        lambda: files_in(channel), [("map.png", b"a map"), ("list.txt", b"a list"), ("map.png", b"a map")]
    )
    assert front.shown_in(channel) == ["Where is this?", ""]
    # What Discord forgets, the house has.
    await front.steer("DELETE", f"/messages/{direct(front).id}/{first['id']}")

    await front.says(channel, "!reply Over there", attachments=[PICTURE])
    await front.says(channel, "!r", attachments=[LIST])
    await front.configure(thread__plain_messages="reply")
    await front.says(channel, "", attachments=[LIST])
    sent = [("map.png", b"a map"), ("list.txt", b"a list"), ("list.txt", b"a list")]
    await front.comes(lambda: files_in(direct(front)), sent)
    assert front.heard_by()[1:] == ["Over there", "", ""]
    (ticket,) = await front.tickets()
    messages = await front.messages(ticket)
    assert [each.kind.value for each in messages] == ["user", "user", "staff", "staff", "staff"]
    a_map, a_list = ("map.png", b"a map"), ("list.txt", b"a list")
    assert await kept(front, messages) == [[a_map, a_list], [a_map], [a_map], [a_list], [a_list]]

    # A command that has no use for files does nothing, and says so.
    await front.says(channel, "!claim", attachments=[LIST])
    await front.comes(lambda: "does not send files" in front.shown_in(channel)[-1], wanted=True)


async def test_stickers_polls_and_what_is_passed_on_become_words_and_files(front: Front) -> None:
    passed = {"message": {
        "type": 0, "content": "As they said", "embeds": [], "attachments": [], "mentions": [], "mention_roles": [],
        "timestamp": "2026-03-01T09:00:00+00:00", "edited_timestamp": None, "flags": 0, "components": [],
    }}  # fmt: skip
    await front.writes("See", message_snapshots=[passed])
    stickers = [{"id": "77", "name": "Wave", "format_type": 1}, {"id": "78", "name": "Dance", "format_type": 3}]
    await front.writes("", sticker_items=stickers)
    answers = [{"answer_id": each, "poll_media": {"text": text}} for each, text in ((1, "Red"), (2, "Blue"))]
    poll = {
        "question": {"text": "Which?"}, "answers": answers, "expiry": "2026-12-01T09:00:00+00:00",
        "allow_multiselect": False, "layout_type": 1,
    }  # fmt: skip
    await front.writes("", poll=poll)
    channel = await front.channel()
    await front.comes(lambda: front.shown_in(channel), ["See\n> As they said", "[Dance]", "Which?\n- Red\n- Blue"])
    ((name, picture),) = files_in(channel)
    assert (name, picture[:4]) == ("Wave.png", b"\x89PNG")
    # Words beyond what Discord shows at once go on in another post.
    await front.configure(thread__embedded_message=False)
    (ticket,) = await front.tickets()
    await front.do(tickets.write_as_staff, ticket, MARA, Draft("word " * 700, Source.PANEL))
    await front.comes(lambda: [len(each) > 1000 for each in front.heard_by()[1:]], [True, True])


async def test_what_is_too_large_is_named_or_linked_and_the_words_go_through(front: Front) -> None:
    await front.configure(attachments__max_mb=1)
    big = {"filename": "film.mp4", "content": "x" * (MEBIBYTE + 1)}
    await front.writes("Look", attachments=[big, LIST])
    channel = await front.channel()
    named = "Look\nfilm.mp4 (1.0 MB) stayed with Discord: too large, or no longer there"
    await front.comes(lambda: front.shown_in(channel), [named])
    assert files_in(channel) == [("list.txt", b"a list")]

    await front.configure(attachments__max_mb=25)
    house, (ticket,) = front.scene.house, await front.tickets()
    content = b"y" * (10 * MEBIBYTE + 1)
    film = await house.files.keep_file(content, name="film.mp4", content_type="video/mp4", limit=house.largest_file)
    draft = Draft("Here it is", Source.PANEL, attachments=(film,))
    reply = await front.do(tickets.write_as_staff, ticket, MARA, draft)
    await front.comes(lambda: len(front.heard_by()), 2)
    async with house.database.read() as tx:
        (file,) = (await attachments_of(tx, [reply.id]))[reply.id]
    assert front.heard_by()[1].startswith(f"Here it is\n[film.mp4]({house.links.of(file.id)}?exp=")
    assert files_in(direct(front)) == []

    async def delivered() -> bool:
        return (await front.messages(ticket))[-1].delivery is Delivery.DELIVERED

    await until(delivered)


async def test_a_file_that_discord_does_not_hand_out_yet_delays_nobody_else_and_is_not_lost_by_a_kill(
    scenes: Callable[..., Any],
) -> None:
    async with scenes() as scene:
        await scene.comes_to(Phase.CONNECTED)
        front = Front(scene)
        await front.let_stewards_in()
        scene.discord.faults.add(AWAY, times=1000)
        await front.writes("See here", attachments=[PICTURE])
        await front.writes("Did you see?")
        await front.writes("Hello?", "juniper")
        await until(lambda: _has_two(front))
        shown = {str(each.topic).partition(" ")[0]: each for each in front.channels()}
        await front.comes(lambda: front.shown_in(shown["Juniper"]), ["Hello?"])
        assert front.shown_in(shown["Rosa"]) == []
    # The process is gone, and what was stored is all there is.
    scene.discord.faults.clear()
    async with scenes() as scene:
        front = Front(scene)
        await scene.comes_to(Phase.CONNECTED)
        await front.comes(lambda: front.shown_in(shown["Rosa"]), ["See here", "Did you see?"])
        assert files_in(shown["Rosa"]) == [("map.png", b"a map")]
        assert files_in(shown["Juniper"]) == []


async def _has_two(front: Front) -> bool:
    return len(front.channels()) == 2


async def test_a_file_whose_address_lapsed_is_asked_for_again_and_one_that_is_gone_is_named(front: Front) -> None:
    world, dm = front.scene.discord.world, direct(front)
    front.scene.discord.faults.add(AWAY, times=1000)
    told = await front.writes("See here", attachments=[PICTURE])
    channel = await front.channel()
    world.files.clear()
    dm.messages[told["id"]].attachments = [world.keep_file(dm, "map.png", "image/png", b"a map")]
    front.scene.discord.faults.clear()
    await front.comes(lambda: files_in(channel), [("map.png", b"a map")])
    front.scene.discord.faults.add(Fault(path="/attachments", status=404), times=2)
    await front.writes("And here", attachments=[LIST])
    await front.comes(lambda: len(front.shown_in(channel)), 2)
    assert front.shown_in(channel)[1].startswith("And here\nlist.txt (6 B) stayed with Discord")


async def test_discord_that_breaks_off_an_upload_gets_it_again_and_shows_it_once(front: Front) -> None:
    await front.writes("Hello?")
    channel = await front.channel()
    await front.comes(lambda: len(front.heard_by()), 1)
    house, (ticket,) = front.scene.house, await front.tickets()
    file = await house.files.keep_file(b"a map", name="map.png", content_type="image/png", limit=100)
    front.scene.discord.faults.add(Fault(path="/api/v10/channels", status=503), times=4)
    draft = Draft("Here", Source.PANEL, attachments=(file,))
    await front.do(tickets.write_as_staff, ticket, MARA, draft)
    seconds = itertools.count(1)

    def files() -> list[tuple[str, bytes]]:
        # The house waits longer from time to time, by its own clock.
        front.scene.at(next(seconds))
        return files_in(direct(front)) + files_in(channel)

    await front.comes(files, [("map.png", b"a map")] * 2)
    assert (front.heard_by()[1:], front.shown_in(channel)) == (["Here"], ["Hello?", "Here"])
