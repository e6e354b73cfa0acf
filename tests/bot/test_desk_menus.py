"""Menus of messages and users, files by slash, and what people are told of their commands."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest

from guildhall.bot.words import TABLES
from guildhall.domains import bot, tickets
from guildhall.domains.bot import Phase
from guildhall.domains.tickets import Delivery, Kind
from guildhall.domains.tickets.attachments import attachments_of
from guildhall.simulator.discord import DiscordSimulator, Fault
from guildhall.simulator.discord.state import Channel
from tests.bot.conftest import until
from tests.bot.front import text_of
from tests.bot.test_desk_commands import (
    MEMBER,
    OWNER,
    SECOND,
    STEWARD,
    USER,
    Desk,
    Json,
    open_desk,
)

LONGEST_NAME = 32
PICTURE = {"filename": "map.png", "content": "a map"}
LIST = {"filename": "list.txt", "content": "a list"}


@pytest.fixture
async def desk(scenes: Callable[..., Any]) -> AsyncIterator[Desk]:
    async with open_desk(scenes) as desk:
        yield desk


def channel_of(desk: Desk) -> Channel:
    return desk.scene.discord.world.channels[desk.channel_id]


def private(desk: Desk) -> Channel:
    world = desk.scene.discord.world
    return world.conversation(world.users[desk.scene.person(USER)], world.bot)


async def shown(channel: Channel, words: str) -> str:
    """The id of what the bot has said with these words, once it has."""
    found: list[str] = []

    async def there() -> bool:
        found[:] = [each.id for each in channel.messages.values() if each.author.bot and words in text_of(each)]
        return bool(found)

    await until(there)
    return found[-1]


async def choose(desk: Desk, who: str, name: str, target: str) -> Json:
    """Choose in a menu; what the person sees."""
    seen = await desk.act("menu", who, name=name, target_id=target)
    assert seen["ephemeral"] or seen["modal"], seen
    return seen


async def refused(desk: Desk, who: str, name: str, target: str) -> str:
    seen = await choose(desk, who, name, target)
    assert seen["modal"] is None
    return f"{seen['embeds'][0].get('title', '')} {seen['embeds'][0]['description']}"


def offered_to_all(discord: DiscordSimulator) -> None:
    """Offer commands to everybody, as those who manage a guild can do: the house checks by itself."""
    for scope in discord.world.application.commands.values():
        for each in scope.values():
            each["default_member_permissions"] = None


async def test_whoever_wrote_a_reply_changes_it_in_the_menu_of_its_message_and_a_super_admin_deletes_it(
    desk: Desk,
) -> None:
    assert await desk.answered(STEWARD, "!r We are looking.") == "✅"
    copy = await shown(channel_of(desk), "We are looking.")
    theirs = await shown(private(desk), "We are looking.")

    assert "Only whoever wrote" in await refused(desk, SECOND, "Edit reply", copy)
    asked = (await choose(desk, STEWARD, "Edit reply", copy))["modal"]
    entry = asked["components"][0]["component"]
    assert (asked["title"], entry["value"], entry["custom_id"]) == ("Edit reply", "We are looking.", "text")
    sent = await desk.act("modal", STEWARD, custom_id=asked["custom_id"], values={"text": "We have looked."})
    assert (sent["ephemeral"], sent["embeds"][0]["description"]) == (True, "✅")
    (reply,) = await desk.messages()
    assert reply.content == "We have looked."
    assert await shown(private(desk), "We have looked.") == theirs
    assert await shown(channel_of(desk), "We have looked.") == copy

    # What is no reply of this ticket has no such menu, and nobody sends a form that is another's.
    said = await desk.say(STEWARD, "Between us")
    await desk.use(STEWARD, "note", text="Known from last year.")
    for each in (said, await shown(channel_of(desk), "Known from last year.")):
        assert "shows no reply" in await refused(desk, STEWARD, "Edit reply", each)
        assert "shows no reply" in await refused(desk, STEWARD, "Delete reply", each)
    again = (await choose(desk, STEWARD, "Edit reply", copy))["modal"]["custom_id"]

    assert "Only whoever wrote" in await refused(desk, SECOND, "Delete reply", copy)
    await desk.configure(notifications__show_success_on_delete=True)
    deleted = await choose(desk, OWNER, "Delete reply", copy)
    assert deleted["embeds"][0]["description"] == "Reply 1 is deleted."
    assert (await desk.messages())[0].deleted_by == desk.scene.person(OWNER)
    assert "was deleted" in await refused(desk, STEWARD, "Edit reply", copy)
    late = await desk.act("modal", STEWARD, custom_id=again, values={"text": "Too late."})
    assert "was deleted" in late["embeds"][0]["description"]
    assert (await desk.messages())[0].content == "We have looked."


async def test_overrides_count_for_menus_as_for_commands_and_help_names_what_is_left(
    desk: Desk,
    discord: DiscordSimulator,
) -> None:
    offered_to_all(discord)
    scene, amina = desk.scene, desk.scene.person("amina")
    await desk.answered(STEWARD, "!r We are looking.")
    copy = await shown(channel_of(desk), "We are looking.")
    asked = (await choose(desk, STEWARD, "Edit reply", copy))["modal"]["custom_id"]
    await desk.configure(
        command__channel_members_are_staff=False,
        notifications__show_success_on_delete=True,
        command__overrides=[
            {"command": "edit", "enabled": False},
            {"command": "delete", "allow_users": [scene.person(MEMBER)], "deny_users": [scene.person(STEWARD)]},
            {"command": "new_thread", "deny_users": [scene.person(STEWARD)]},
        ],
    )
    assert "switched off" in await refused(desk, OWNER, "Edit reply", copy)
    late = await desk.act("modal", STEWARD, custom_id=asked, values={"text": "After all"})
    assert "switched off" in late["embeds"][0]["description"]
    assert "may not" in await refused(desk, STEWARD, "Delete reply", copy)
    assert "may not" in await refused(desk, USER, "Delete reply", copy)
    assert "may not" in await refused(desk, STEWARD, "Open a ticket", amina)
    # Whom a list lets in comes as far as the author of the reply lets them.
    assert "Only whoever wrote" in await refused(desk, MEMBER, "Delete reply", copy)
    told = {who: (await desk.use(who, "help"))["description"] for who in (OWNER, STEWARD, MEMBER)}
    assert "In the menu of a user, below Apps: **Open a ticket**" in told[OWNER]
    assert "In the menu of a reply, below Apps: **Delete reply**" in told[MEMBER]
    assert "In the menu" not in told[STEWARD]
    await desk.configure(command__slash_commands=False)
    for name, target in (("Delete reply", copy), ("Open a ticket", amina)):
        assert "switched off" in await refused(desk, OWNER, name, target)
    assert [each.content for each in await desk.messages() if each.deleted_at is None] == ["We are looking."]

    known = [each for scope in discord.world.application.commands.values() for each in scope.values()]
    menus = {each["name"]: each["name_localizations"]["de"] for each in known if each["type"] != 1}
    assert menus == {
        "Open a ticket": "Ticket öffnen", "Edit reply": "Antwort ändern", "Delete reply": "Antwort löschen",
    }  # fmt: skip
    for table in TABLES.values():
        names = [table[f"commands.menu.{each}"] for each in ("new_thread", "edit", "delete")]
        assert len(set(names)) == len(names)
        assert all(len(each) <= LONGEST_NAME for each in names)
        assert len(table["commands.form.edit"]) <= LONGEST_NAME


async def test_files_go_with_replies_that_are_chosen_with_or_without_words(desk: Desk) -> None:
    sent = await desk.use(STEWARD, "reply", text="Over there", file=PICTURE, file_3=LIST)
    assert sent["description"] == "✅"
    assert (await desk.use(STEWARD, "anonreply", file_2=LIST))["description"] == "✅"
    assert (await desk.use(SECOND, "note", file=PICTURE))["description"] == "✅"
    # Nothing at all is nothing to send, and with one file that is too large nothing is sent.
    assert (await desk.use(STEWARD, "reply"))["description"] == "There is nothing to send. Write something."
    await desk.configure(attachments__max_mb=1)
    film = {"filename": "film.mp4", "content": "x" * ((1 << 20) + 1)}
    too_large = await desk.use(STEWARD, "reply", text="Look", file=LIST, file_2=film)
    assert "Nothing was sent" in too_large["description"]

    def files() -> list[list[tuple[str, bytes]]]:
        own = [each for each in private(desk).messages.values() if each.author.bot]
        return [[(file.filename, file.content) for file in each.attachments] for each in own]

    wanted = [[("map.png", b"a map"), ("list.txt", b"a list")], [("list.txt", b"a list")]]

    async def arrived() -> bool:
        return [each for each in files() if each] == wanted

    await until(arrived)
    replies, house = await desk.messages(), desk.scene.house
    assert [(each.content, each.anonymous) for each in replies] == [("Over there", False), ("", True)]
    async with house.database.read() as tx:
        kept = await attachments_of(tx, [each.id for each in (*replies, *await desk.messages(Kind.NOTE))])
    assert [[file.name for file in each] for each in kept.values()] == [
        ["map.png", "list.txt"], ["list.txt"], ["map.png"],
    ]  # fmt: skip
    (picture, _), *_ = kept.values()
    assert b"".join([part async for part in await house.files.read_file(picture)]) == b"a map"


async def both(desk: Desk, name: str, *, typed: str = "", **options: Any) -> tuple[str, str]:  # noqa: ANN401 (whatever a command takes)
    """How a command is answered when it is typed and when it is chosen."""
    answered = await desk.answered(STEWARD, f"!{name} {typed}".strip())
    return answered, (await desk.use(STEWARD, name, **options))["description"]


async def test_it_is_said_or_shown_by_a_sign_that_a_command_has_worked_as_the_configuration_wants(
    desk: Desk,
) -> None:
    assert await both(desk, "reply", typed="One", text="Two") == ("✅", "✅")
    await desk.configure(
        notifications__show_success_on_reply=True,
        notifications__show_success_on_edit=True,
        notifications__show_success_on_delete=True,
    )
    assert await both(desk, "reply", typed="Three", text="Four") == (
        "Reply 3 is on its way.", "Reply 4 is on its way.",
    )  # fmt: skip
    assert await both(desk, "edit", typed="1 1st", number=2, text="2nd") == (
        "Reply 1 is changed.", "Reply 2 is changed.",
    )  # fmt: skip
    assert await both(desk, "delete", typed="3", number=4) == ("Reply 3 is deleted.", "Reply 4 is deleted.")
    assert await both(desk, "rename", typed="a", label="b") == (
        "Ticket #1 is labelled **a**.", "Ticket #1 is labelled **b**.",
    )  # fmt: skip
    await desk.configure(notifications__show_success=False)
    assert await both(desk, "rename", typed="a", label="b") == ("✅", "✅")
    desk.scene.clock.advance(timedelta(seconds=1))
    assert await both(desk, "edit", typed="1 One", number=2, text="Two") == ("✅", "✅")
    # What was asked for is always told.
    assert await desk.answered(STEWARD, "!tag list") == "The ticket has no tags."

    # An edit of what the user does not have is half of one.
    desk.scene.discord.world.users[desk.scene.person(USER)].closed = True
    assert await desk.answered(STEWARD, "!r Are you there?") == "✅"

    async def has_failed() -> bool:
        return (await desk.messages())[-1].delivery is Delivery.FAILED

    await until(has_failed)
    assert await desk.answered(STEWARD, "!e 5 Hello?") == (
        "Reply 5 is changed, but the user does not have it: it was not delivered."
    )
    await desk.configure(notifications__show_partial_success_on_edit=False)
    desk.scene.clock.advance(timedelta(seconds=1))
    assert await desk.answered(STEWARD, "!e 5 Hello there?") == "✅"


async def test_the_channel_hears_of_an_edit_that_the_user_does_not_get_to_see(desk: Desk) -> None:
    await desk.answered(STEWARD, "!r We are looking.")
    theirs = await shown(private(desk), "We are looking.")
    spoilt = Fault(path=f"/api/v10/channels/{private(desk).id}/messages/{theirs}", status=403)
    desk.scene.discord.faults.add(spoilt)
    await desk.answered(STEWARD, "!e 1 We have looked.")
    await shown(channel_of(desk), "still reads reply 1 as it was")
    await desk.configure(notifications__show_partial_success_on_edit=False)
    desk.scene.discord.faults.add(spoilt)
    desk.scene.clock.advance(timedelta(seconds=1))
    await desk.answered(STEWARD, "!e 1 We will look.")
    desk.scene.clock.advance(timedelta(seconds=1))
    await desk.answered(STEWARD, "!e 1 We looked.")
    await shown(private(desk), "We looked.")
    assert sum("still reads" in text_of(each) for each in channel_of(desk).messages.values()) == 1


async def test_why_a_command_has_failed_is_said_as_the_configuration_wants_and_never_what_is_inside(
    desk: Desk,
) -> None:
    missing = "This ticket has no reply of that number."
    typed, chosen = await both(desk, "delete", typed="9", number=9)
    assert (typed.endswith(missing), chosen) == (True, missing)
    await desk.configure(error_handling__show_detailed_errors=True)
    seen = await desk.use(STEWARD, "delete", number=9)
    code, kind, reference = seen["footer"]["text"].split(" · ")
    assert (code, kind, reference.isdecimal()) == ("message_not_found", "not_found", True)
    await desk.configure(error_handling__send_error_embeds=False)
    plain = await desk.act("command", STEWARD, name="delete", options={"number": 9})
    assert (plain["ephemeral"], plain["embeds"]) == (True, [])
    title, text, details = plain["content"].split("\n")
    assert (title[:2], text, details.split(" · ")[:2]) == ("**", missing, ["-# message_not_found", "not_found"])
    message_id = await desk.say(STEWARD, "!delete 9")
    said = await shown(channel_of(desk), f"-# message_not_found · not_found · {message_id}")
    assert channel_of(desk).messages[said].embeds == []

    await desk.configure(error_handling__send_error_embeds=True, notifications__show_failure_on_edit=False)
    assert await both(desk, "edit", typed="9 x", number=9, text="x") == ("⚠️", "That did not work.")
    assert missing in await desk.answered(STEWARD, "!delete 9")
    await desk.configure(error_handling__display_errors=False)
    assert await both(desk, "delete", typed="9", number=9) == ("⚠️", "That did not work.")
    await desk.configure(error_handling__display_errors=True, notifications__show_error=False)
    silent = await desk.say(STEWARD, "!delete 9")
    # It takes its turn before this one, and is not answered.
    assert await both(desk, "tag list") == ("The ticket has no tags.", "The ticket has no tags.")
    assert not channel_of(desk).messages[silent].reactions
    assert all(each.replied is None or each.replied.id != silent for each in channel_of(desk).messages.values())
    assert (await desk.use(STEWARD, "delete", number=9))["description"] == "That did not work."
    # Who may not do something is told so in any case.
    assert await desk.answered(USER, "!take") == "🚫"


async def test_what_went_wrong_is_taken_out_of_the_channel_after_a_while_also_by_a_bot_that_was_away(
    desk: Desk,
) -> None:
    scene, channel = desk.scene, channel_of(desk)
    await desk.answered(STEWARD, "!delete 8")
    stays = await shown(channel, "no reply of that number")
    await desk.configure(error_handling__auto_delete_error_messages=True, error_handling__error_message_ttl=40)
    await desk.answered(STEWARD, "!delete 9")
    goes = await shown(channel, "no reply of that number")
    assert goes != stays
    await desk.answered(STEWARD, "!tag list")
    answered = await shown(channel, "no tags")

    async def queued() -> bool:
        async with scene.house.database.read() as tx:
            return await tickets.relay.pending_posts(tx) == 1

    await until(queued)
    await scene.ask(bot.stop_bot)
    await scene.comes_to(Phase.STOPPED)
    scene.clock.advance(timedelta(seconds=41))
    assert goes in channel.messages
    await scene.ask(bot.start_bot)

    async def gone() -> bool:
        return goes not in channel.messages

    await until(gone)
    assert {stays, answered} <= channel.messages.keys()


async def test_the_log_channel_hears_of_what_no_person_could_have_avoided(desk: Desk) -> None:
    scene = desk.scene
    log = scene.discord.world.channels[scene.channel("general")]
    await desk.configure(bot__enable_logs=True, bot__logs_channel_id=log.id)
    forbidden = Fault(path=f"/api/v10/channels/{desk.channel_id}/permissions", status=403)
    someone = scene.person(SECOND)
    for wanted in (False, True):
        await desk.configure(error_handling__log_errors=wanted)
        scene.discord.faults.add(forbidden)
        assert "Manage Channels" in (await desk.use(STEWARD, "addmod", subject=someone))["description"]
        await desk.answered(STEWARD, "!delete 9")
    await shown(log, f"`addmod` of <@{scene.person(STEWARD)}> has failed: bot_may_not (`")
    lines = [text_of(each) for each in log.messages.values() if "has failed" in text_of(each)]
    assert len(lines) == 1
