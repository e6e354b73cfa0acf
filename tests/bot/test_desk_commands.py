"""Commands of the front desk, chosen and typed by people in Discord: the real library against the simulator."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import httpx
import pytest

from guildhall.bot.desk.commands import handle
from guildhall.bot.desk.commands.catalogue import BY_NAME
from guildhall.bot.desk.commands.doing import perform
from guildhall.bot.desk.commands.errors import AlreadyDone
from guildhall.bot.words import words_for
from guildhall.core.actor import SYSTEM
from guildhall.domains import audit, bot, site, tickets
from guildhall.domains.bot import Phase
from guildhall.domains.tickets import (
    EVERYTHING,
    Kind,
    Message,
    Origin,
    Person,
    Priority,
    Ticket,
    TicketState,
    Transport,
    blocks,
    categories,
    snippets,
)
from guildhall.simulator.discord import DiscordSimulator
from tests.bot.conftest import OPERATOR, Scene, until

Json = dict[str, Any]

OWNER, STEWARD, SECOND, MEMBER, USER = "mara", "tobias.k", "ines_v", "juniper", "rosa.m"


@dataclass
class Desk:
    """A ticket of Rosa's with a channel, and people around it."""

    scene: Scene
    ticket: Ticket
    channel_id: str

    async def use(self, who: str, name: str, *, channel: str | None = None, **options: object) -> Json:
        """Choose a command; the embed that the person sees, which nobody else does."""
        seen = await self.act("command", who, name=name, options=options, channel=channel)
        assert seen["ephemeral"], seen
        embed: Json = seen["embeds"][0]
        return embed

    async def act(self, kind: str, who: str, *, channel: str | None = None, **body: object) -> Json:
        async with httpx.AsyncClient(timeout=30) as client:
            answer = await client.post(
                f"{self.scene.discord.address}/_sim/interactions",
                json={
                    "type": kind,
                    "user_id": self.scene.person(who),
                    "channel_id": channel or self.channel_id,
                    "wait_seconds": 20,
                    **body,
                },
            )
        assert answer.is_success, answer.text
        found: Json = answer.json()
        return found

    async def say(self, who: str, text: str, **place: str) -> str:
        """Type something; the id of the message."""
        where = place or {"channel_id": self.channel_id}
        async with httpx.AsyncClient() as client:
            answer = await client.post(
                f"{self.scene.discord.address}/_sim/messages",
                json={"author_id": self.scene.person(who), "content": text, **where},
            )
        assert answer.is_success, answer.text
        return str(answer.json()["id"])

    async def answered(self, who: str, text: str, **place: str) -> str:
        """Type a command; the words or the sign with which the bot answers."""
        message_id = await self.say(who, text, **place)
        found = ""

        async def heard() -> bool:
            nonlocal found
            found = self._answer_to(message_id)
            return bool(found)

        await until(heard)
        return found

    def _answer_to(self, message_id: str) -> str:
        for channel in self.scene.discord.world.channels.values():
            for each in channel.messages.values():
                if each.id == message_id and each.reactions:
                    return "".join(each.reactions)
                if each.replied is not None and each.replied.id == message_id:
                    return f"{each.embeds[0].get('title', '')} {each.embeds[0]['description']}".strip()
        return ""

    async def look(self) -> Ticket:
        async with self.scene.house.database.read() as tx:
            return await tickets.access_ticket(tx, SYSTEM, self.ticket.id, sight=EVERYTHING)

    async def messages(self, kind: Kind = Kind.STAFF) -> list[Message]:
        async with self.scene.house.database.read() as tx:
            found = (await tickets.messages_of(tx, self.ticket, limit=200)).messages
        return [each for each in found if each.kind is kind]

    async def configure(self, **changes: object) -> None:
        named = {key.replace("__", "."): value for key, value in changes.items()}
        house = self.scene.house
        async with house.database.write() as tx:
            await site.change_configuration(tx, OPERATOR, named, site=house.site, now=self.scene.clock.now())


@asynccontextmanager
async def open_desk(scenes: Callable[..., Any]) -> AsyncIterator[Desk]:
    """Open a desk whose commands are known to Discord, with a ticket."""
    async with scenes() as scene:
        await scene.comes_to(Phase.CONNECTED)

        async def known() -> bool:
            async with scene.house.database.read() as tx:
                return any(each.registered_at for each in await bot.registrations_of(tx))

        await until(known)
        async with httpx.AsyncClient() as client:
            place = f"{scene.discord.address}/_sim/guilds/{scene.guild_id}/channels"
            channel_id = (await client.post(place, json={"name": "rosa-1", "type": 0})).json()["id"]
        yield Desk(scene, await opened(scene, USER, int(channel_id)), channel_id)


@pytest.fixture
async def desk(scenes: Callable[..., Any]) -> AsyncIterator[Desk]:
    async with open_desk(scenes) as desk:
        yield desk


async def opened(scene: Scene, username: str, channel_id: int, transport: Transport = Transport.RELAY) -> Ticket:
    """Open a ticket that has its channel."""
    async with scene.house.database.write() as tx:
        ticket = await tickets.open_ticket(
            tx,
            SYSTEM,
            guild_id=scene.guild_id,
            person=Person(scene.person(username), username),
            origin=Origin.DM,
            transport=transport,
            needs_channel=True,
            now=scene.clock.now(),
        )
        return await tickets.note_channel(tx, ticket, channel_id)


async def test_a_reply_is_written_once_whether_chosen_or_typed_and_changed_by_whoever_wrote_it(desk: Desk) -> None:
    async with desk.scene.house.database.write() as tx:
        text = "Hello {{user.name}}, {{args.1}}. {{staff.name}}"
        await snippets.create_snippet(
            tx, OPERATOR, key="hello", content=text, anonymous=True, now=desk.scene.clock.now()
        )
    assert (await desk.use(STEWARD, "reply", text="We are looking."))["description"] == "✅"
    assert await desk.answered(SECOND, "!ar Patience,\nplease.") == "✅"
    assert await desk.answered(STEWARD, "!s use hello soon") == "✅"
    replies = await desk.messages()
    assert [(each.content, each.anonymous, each.number) for each in replies] == [
        ("We are looking.", False, 1),
        ("Patience,\nplease.", True, 2),
        ("Hello rosa.m, soon. Support team", True, 3),
    ]
    assert "more words" in await desk.answered(STEWARD, "!r {{hello}}")
    assert replies[0].author_id == desk.scene.person(STEWARD)
    assert await desk.answered(STEWARD, "!e 1 We have looked.") == "✅"
    assert "Only whoever wrote" in await desk.answered(STEWARD, "!edit 2 Never mind.")
    assert "Only whoever wrote" in (await desk.use(STEWARD, "delete", number=2))["description"]
    # A super admin deletes anybody's.
    assert (await desk.use(OWNER, "delete", number=2))["description"] == "✅"
    changed = await desk.messages()
    assert (changed[0].content, changed[1].deleted_by) == ("We have looked.", desk.scene.person(OWNER))
    assert await desk.answered(SECOND, "!n Known from last year.") == "✅"
    assert [each.content for each in await desk.messages(Kind.NOTE)] == ["Known from last year."]
    assert "Something is missing" in await desk.answered(STEWARD, "!edit 1")
    assert "cannot read this" in await desk.answered(STEWARD, "!delete all")
    # A slip of the fingers goes nowhere, and what bots and people say is no command.
    assert await desk.answered(STEWARD, "!repyl Hello") == "❓"
    assert await desk.answered(STEWARD, "!release") == "Anybody may take ticket #1 now."
    assert len(await desk.messages()) == 3


async def test_commands_of_one_ticket_follow_one_another_and_one_that_comes_twice_is_done_once(desk: Desk) -> None:
    last = [await desk.say(STEWARD, f"!r {number}") for number in range(8)][-1]

    async def all_there() -> bool:
        return len(await desk.messages()) == 8

    await until(all_there)
    assert [each.content for each in await desk.messages()] == list("01234567")
    # The gateway tells the last message again, as it does after a resume.
    bot_now = desk.scene.supervisor.bot
    assert bot_now is not None
    channel = bot_now.get_channel(int(desk.channel_id))
    again = await channel.fetch_message(int(last))  # type: ignore[union-attr] # It is a text channel.
    assert await handle(bot_now, again)
    # And an interaction.
    person = Person(desk.scene.person(STEWARD), "Tobias")
    hold_once = partial(
        perform, bot_now, BY_NAME["hold"], dict,
        person=person, source_id=77, guild_id=desk.scene.guild_id, channel_id=int(desk.channel_id),
        words=words_for("en"),
    )  # fmt: skip
    held = await hold_once()
    with pytest.raises(AlreadyDone):
        await hold_once()
    assert (held.text, (await desk.look()).state) == ("Ticket #1 rests until the user writes.", TicketState.ON_HOLD)
    assert len(await desk.messages()) == 8


async def test_a_ticket_is_closed_now_or_later_and_opened_again(desk: Desk) -> None:
    now = desk.scene.clock.now()
    refused = await desk.answered(STEWARD, "!close 25:99")
    assert "`2h30m`, `3d`, `17:30` or `2024-02-01 09:00`" in refused
    assert "no time to come" in await desk.answered(STEWARD, "!c 2024-02-01 09:00 Too late")
    assert "The ticket closes" in await desk.answered(STEWARD, "!c 2h30m silent Solved  by itself")
    planned = await desk.look()
    assert (planned.close_at, planned.close_planned_silent) == (now + timedelta(hours=2, minutes=30), True)
    assert planned.close_planned_reason == "Solved  by itself"
    assert (await desk.use(STEWARD, "close", time="cancel"))["description"] == "The ticket stays open."
    await desk.configure(bot__timezone="Europe/Paris")
    assert "The ticket closes" in (await desk.use(STEWARD, "close", time="17:30"))["description"]
    # The scene begins in winter, an hour behind Paris.
    assert (await desk.look()).close_at == now.replace(hour=16, minute=30)
    assert await desk.answered(STEWARD, "!close cancel") == "The ticket stays open."
    await desk.configure(thread__on_close="keep")
    assert await desk.answered(STEWARD, "!close Solved") == "Ticket #1 is closed."
    closed = await desk.look()
    assert (closed.close_reason, closed.closed_by) == ("Solved", desk.scene.person(STEWARD))
    assert "is closed" in await desk.answered(STEWARD, "!reply Hello?")
    assert await desk.answered(STEWARD, "!reopen") == "Ticket #1 is open again."
    assert not (await desk.look()).closed
    elsewhere = desk.scene.channel("general")
    assert "This ticket is open" in await desk.answered(OWNER, "!reopen 1", channel_id=elsewhere)
    assert "no such ticket" in await desk.answered(OWNER, "!reopen 77", channel_id=elsewhere)


async def test_a_ticket_is_closed_by_force_and_the_channel_that_it_left_behind_removed(desk: Desk) -> None:
    await desk.configure(thread__on_close="keep")
    assert await desk.answered(STEWARD, "!fc") == "Ticket #1 is closed."
    assert (await desk.look()).closed
    await desk.use(STEWARD, "force_close")
    assert desk.channel_id not in desk.scene.discord.world.channels
    assert "no ticket" in await desk.answered(OWNER, "!fc", channel_id=desk.scene.channel("general"))


async def test_staff_open_tickets_for_members_of_the_community(desk: Desk) -> None:
    scene = desk.scene
    opened_now = await desk.use(STEWARD, "new_thread", user=scene.person("pavel_n"))
    assert opened_now["description"] == f"Ticket #2 for <@{scene.person('pavel_n')}> is being opened."
    menu = await desk.act("menu", STEWARD, name="Open a ticket", target_id=scene.person("amina"))
    assert "Ticket #3" in menu["embeds"][0]["description"]
    assert "has an open ticket already" in await desk.answered(STEWARD, f"!nt <@{scene.person(USER)}>")
    assert "no member" in await desk.answered(STEWARD, f"!nt {scene.discord.world.bot.id}")
    assert "no member" in await desk.answered(STEWARD, "!nt 4711")
    async with scene.house.database.read() as tx:
        made = await tickets.ticket_numbered(tx, 2)
    assert (made.user_name, made.origin, made.closed) == ("Pavel", Origin.STAFF, False)


async def test_staff_take_hand_over_sort_and_look_up_tickets(desk: Desk) -> None:
    scene = desk.scene
    house, ines = scene.house, scene.person(SECOND)
    async with house.database.write() as tx:
        layout = categories.Layout(name="Billing questions", discord_category_id="12")
        category = await categories.create_category(tx, OPERATOR, layout, now=scene.clock.now())
    taken = await asyncio.gather(desk.answered(STEWARD, "!take"), desk.answered(SECOND, "!claim"))
    assert sorted("is yours" in each for each in taken) == [False, True]
    assert await desk.answered(STEWARD, "!release") == "Anybody may take ticket #1 now."
    assert "who may work on tickets" in await desk.answered(STEWARD, f"!assign <@{scene.person(USER)}>")
    assert "is <@" in (await desk.use(STEWARD, "assign", user=scene.person(OWNER)))["description"]
    assert "rests" in await desk.answered(STEWARD, "!hold")
    assert (await desk.look()).state is TicketState.ON_HOLD
    assert "goes on" in await desk.answered(STEWARD, "!hold")
    assert "**Billing questions**" in await desk.answered(STEWARD, "!mv billing QUESTIONS")
    assert "no such category" in await desk.answered(STEWARD, "!mv Nothing")
    assert "**lost card**" in await desk.answered(STEWARD, "!rn lost card")
    assert (await desk.use(STEWARD, "priority", priority="high"))["description"].endswith("**high**.")
    assert await desk.answered(STEWARD, "!tag add card money") == "Tags: `card` `money`"
    assert "A tag has" in await desk.answered(STEWARD, "!tag add Ünfit")
    assert await desk.answered(SECOND, "!tag remove money") == "Tags: `card`"
    sorted_now = await desk.look()
    assert sorted_now.assigned_to == scene.person(OWNER)
    assert (sorted_now.category_id, sorted_now.label, sorted_now.priority) == (
        category.id, "lost card", Priority.HIGH,
    )  # fmt: skip
    assert await desk.answered(STEWARD, "!mv -") == "Ticket #1 is in no category now."

    assert await desk.answered(STEWARD, f"!am <@{ines}>") == f"<@{ines}> sees this channel now."
    channel = scene.discord.world.channels[desk.channel_id]
    assert ines in channel.overwrites
    assert "was taken out" in (await desk.use(STEWARD, "delmod", subject=ines))["description"]
    assert ines not in channel.overwrites

    assert f"`{sorted_now.id}`" in await desk.answered(STEWARD, "!id")
    link = f"[rosa.m](http://hub.test/panel/desk/{sorted_now.id})"
    assert link in await desk.answered(STEWARD, "!logs")
    assert link in (await desk.use(STEWARD, "search", words="rosa"))["description"]
    assert "No such ticket" in await desk.answered(STEWARD, "!search xylophone")
    assert "no ticket" in await desk.answered(OWNER, "!take", channel_id=scene.channel("general"))
    async with house.database.read() as tx:
        entries = await audit.page_of_entries(tx, limit=50)
        acts = [each.action for each in entries]
    assert {"ticket.claimed", "ticket.access_given", "ticket.access_taken", "ticket.moved"} <= set(acts)


async def test_who_may_use_a_command_is_decided_in_order_and_the_same_for_every_way(
    desk: Desk, discord: DiscordSimulator
) -> None:
    for scope in discord.world.application.commands.values():
        for each in scope.values():
            # Offered to everybody, as those who manage a guild can do: the house checks by itself.
            each["default_member_permissions"] = None
    scene = desk.scene
    # Whoever sees a ticket's channel is staff there, but for what staff alone do not do, and never in their own.
    assert await desk.answered(MEMBER, "!tag list") == "The ticket has no tags."
    assert await desk.answered(MEMBER, "!blocked") == "🚫"
    assert await desk.answered(MEMBER, "!logs", channel_id=scene.channel("general")) == "🚫"
    assert await desk.answered(USER, "!take") == "🚫"
    assert (await desk.use(USER, "take"))["title"] == "You may not do this"
    assert await desk.answered(OWNER, "!blocked") == "Nobody is blocked."
    # What may be done is decided before what was typed is read.
    assert await desk.answered(USER, "!delete all") == "🚫"
    await desk.configure(command__channel_members_are_staff=False)
    assert await desk.answered(MEMBER, "!take") == "🚫"
    steward_role = next(each.id for each in discord.guild.roles.values() if each.name == "Steward")
    overrides = [
        {"command": "take", "allow_users": [scene.person(MEMBER)]},
        {"command": "snippet", "allow_roles": [steward_role], "deny_users": [scene.person(SECOND)]},
        {"command": "note", "deny_users": [scene.person(OWNER)]},
        {"command": "ping", "enabled": False},
    ]
    await desk.configure(command__overrides=overrides, command__prefix="?")
    assert await desk.answered(MEMBER, "?take") == "Ticket #1 is yours."
    assert "no snippets yet" in await desk.answered(STEWARD, "?s list")
    # Whom a list lets in has what the command needs.
    assert "**hi** is there" in (await desk.use(STEWARD, "snippet create", key="hi", text="Hello"))["description"]
    assert await desk.answered(SECOND, "?s list") == "🚫"
    assert await desk.answered(OWNER, "?note For super admins lists do not count.") == "✅"
    assert await desk.answered(OWNER, "?ping") == "🚫"
    assert (await desk.use(OWNER, "ping"))["description"] == "This command is switched off."
    shown = (await desk.use(MEMBER, "help"))["description"]
    assert "`?take`" in shown
    assert "`?reply" not in shown
    await desk.configure(command__slash_commands=False)
    assert "switched off" in (await desk.use(OWNER, "take"))["description"]


async def test_the_owner_keeps_categories_snippets_blocks_and_the_bot(desk: Desk) -> None:
    scene = desk.scene
    place = next(each.id for each in scene.discord.guild.channels.values() if each.name == "Hall")
    created = await desk.use(OWNER, "category create", category="Repairs", place=place)
    assert created["description"] == "Category **Repairs** is there."
    for typed, told in (
        ('!category rename "repairs" Things to mend', "Category **Things to mend** is changed."),
        ('!category form "Things to mend" What is broken?*; > Tell us more', "Category **Things to mend** is changed."),
        ('!category form "things to mend"', "What is broken?\\*\n\\> Tell us more"),
        ('!category answer "things to mend" Have you tried the cable?', "Category **Things to mend** is changed."),
        ('!category roles "things to mend" <@&77> 78', "Category **Things to mend** is changed."),
        ('!category move "things to mend" 4', "Category **Things to mend** is changed."),
        ("!category disable things to mend", "Category **Things to mend** is changed."),
        ("!category timeout 60", "People choose a category and have 60 seconds for it."),
        ("!category off", "People choose no category (they would have 60 seconds)."),
        ("!s create hi anonymous Hello {{user.name}}", "Snippet **hi** is there."),
        ("!s edit hi Good day", "Snippet **hi** is changed."),
        ("!s show hi", "**hi**\nGood day"),
        ("!s delete hi", "Snippet **hi** is deleted."),
        (f"!block <@{scene.person(USER)}> 3d silent Too many words", "is blocked until"),
        ("!blocked", "Too many words"),
        (f"!unblock <@{scene.person(USER)}>", "may write again."),
        (f"!unblock <@{scene.person(USER)}>", "They are not blocked."),
        ("!status Open until six", "Members see: Open until six"),
        ("!status dnd", "Members see: dnd"),
        (f"!bi <@{scene.person(USER)}>", "No ban of theirs is known."),
    ):
        assert told in await desk.answered(OWNER, typed), typed
    assert " ms" in await desk.answered(OWNER, "!ping")
    async with scene.house.database.read() as tx:
        (category,) = await categories.list_categories(tx)
        choice = await categories.choice_settings(tx)
        assert await blocks.list_blocks(tx, now=scene.clock.now()) == []
    assert (category.name, category.position, category.enabled) == ("Things to mend", 4, False)
    assert [(each.label, each.required, each.type.value) for each in category.fields] == [
        ("What is broken?", True, "short"),
        ("Tell us more", False, "paragraph"),
    ]
    assert (category.role_ids, category.answer, choice.enabled) == (["77", "78"], "Have you tried the cable?", False)
    shown = scene.house.site.now.document.bot
    assert (shown.status, shown.presence_state) == ("Open until six", "dnd")
    typing: dict[str, Any] = {"name": "category enable", "focused": "category", "options": {"category": "MEND"}}
    assert [each["value"] for each in (await desk.act("autocomplete", OWNER, **typing))["choices"]] == [
        "Things to mend"
    ]
    assert (await desk.act("autocomplete", STEWARD, **typing))["choices"] == []
    assert "deleted; its tickets stay" in await desk.answered(OWNER, "!category delete Things to mend")


async def test_everybody_asks_for_help_their_tickets_and_their_language_also_in_private(desk: Desk) -> None:
    private = {"dm_of": desk.scene.person(USER)}
    assert (await desk.answered(USER, "!tickets", **private)).startswith("**#1** · open · <t:")
    listed = await desk.answered(USER, "!help", **private)
    assert "`!language code`" in listed
    assert "!reply" not in listed
    assert await desk.answered(USER, "!language de", **private) == "Ab jetzt spricht der Bot Deutsch mit dir."
    assert "offen" in await desk.answered(USER, "!tickets", **private)
    assert "does not speak this language" in await desk.answered(USER, "!language tlh", **private)
    general = desk.scene.channel("general")
    assert "offen" in (await desk.use(USER, "tickets", channel=general))["description"]
    await desk.configure(language__per_user=False, language__default_language="fr")
    assert "ouvert" in await desk.answered(USER, "!tickets", **private)
    # What is staff's is nothing that a user can type: they just say it.
    bot_now = desk.scene.supervisor.bot
    assert bot_now is not None
    said = await desk.say(USER, "!close please", **private)
    user = await bot_now.fetch_user(int(desk.scene.person(USER)))
    message = await (await user.create_dm()).fetch_message(int(said))
    assert not await handle(bot_now, message)
