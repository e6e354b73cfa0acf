"""The front desk in Discord: the real library against the simulator, from a first direct message to the last word."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from guildhall.domains import tickets
from guildhall.domains.bot import Phase
from guildhall.domains.identity.desk import SubjectKind
from guildhall.domains.tickets import Draft, Origin, Person, Source, Ticket, blocks, categories
from guildhall.domains.tickets.categories import FieldKind, FormField, Layout
from guildhall.domains.tickets.guests import Guest, open_for
from guildhall.simulator.discord import Fault, guilds
from guildhall.web.ticket_channels import await_channel, await_welcome
from tests.bot.conftest import OPERATOR, until
from tests.bot.front import MARA, ROSA, TOBIAS, Front, open_front, text_of

TOO_NEW = "You have not been on the server for long enough to write to its team here"


@pytest.fixture
async def front(scenes: Callable[..., Any]) -> AsyncIterator[Front]:
    async with open_front(scenes) as front:
        yield front


async def test_twenty_messages_at_once_make_one_ticket_in_order_and_each_is_copied_once(front: Front) -> None:
    texts = [f"Question {number}" for number in range(20)]
    # One after the other from one person, as fast as they come; nobody waits for the bot in between.
    for text in texts:
        await front.writes(text)
    channel = await front.channel()
    await front.comes(lambda: front.shown_in(channel), texts)
    (ticket,) = await front.tickets()
    assert [each.content for each in await front.messages(ticket)] == texts
    assert front.heard_by() == [front.scene.house.site.now.document.bot.welcome_message]

    async def delivered() -> bool:
        return {each.delivery for each in await front.messages(ticket)} == {tickets.Delivery.DELIVERED}

    await until(delivered)


async def test_staff_answer_from_panel_and_channel_and_what_is_changed_changes_everywhere(front: Front) -> None:
    first = await front.writes("Hello?")
    channel = await front.channel()
    (ticket,) = await front.tickets()
    reply = await front.do(tickets.write_as_staff, ticket, MARA, Draft("Good morning", Source.PANEL))
    await front.says(channel, "Between us: she is new")
    await front.holds(ticket, 3)
    await front.configure(thread__plain_messages="reply", tickets__anonymous_by_default=True)
    await front.says(channel, "What can we do?")
    await front.comes(lambda: front.heard_by()[1:], ["Good morning", "What can we do?"])
    world = front.scene.discord.world
    dm = world.conversation(world.users[front.scene.person(ROSA)], world.bot)
    authors = [each.embeds[0].get("author", {}).get("name") for each in dm.messages.values() if each.author.bot]
    assert authors[1:] == ["mara.d", "Support team"]
    assert front.shown_in(channel) == ["Hello?", "Good morning"]
    assert [each.kind.value for each in await front.messages(ticket)] == ["user", "staff", "note", "staff"]

    # Rosa reacts to the first answer, and staff see it on theirs.
    answer = next(each for each in dm.messages.values() if text_of(each) == "Good morning")
    who = {"channel_id": dm.id, "message_id": answer.id, "user_id": front.scene.person(ROSA)}
    await front.steer("POST", "/reactions", **who, emoji="👍")
    staffs = next(each for each in channel.messages.values() if text_of(each) == "Good morning")
    await front.comes(lambda: list(staffs.reactions), ["👍"])

    await front.steer("PATCH", f"/messages/{dm.id}/{first['id']}", content="Hello there?")
    await front.do(tickets.edit_message, ticket, reply.id, person=MARA, content="Good evening")
    await front.comes(lambda: front.shown_in(channel), ["Hello there?", "Good evening"])
    await front.comes(lambda: front.heard_by()[1:], ["Good evening", "What can we do?"])
    await front.do(tickets.delete_message, ticket, reply.id, person=MARA)
    await front.steer("DELETE", f"/messages/{dm.id}/{first['id']}")
    await front.comes(lambda: front.heard_by()[1:], ["What can we do?"])
    await front.comes(lambda: front.shown_in(channel), ["~~Hello there?~~\ndeleted", "~~Good evening~~\ndeleted"])


async def test_who_chooses_a_category_reads_its_answer_fills_in_its_form_and_is_asked_no_more(front: Front) -> None:
    field = FormField(key="order", label="Order", type=FieldKind.SHORT, required=True)
    layout = Layout(name="Orders", discord_category_id="1", answer="Look into your mail.", fields=[field])
    async with front.scene.house.database.write() as tx:
        actor = OPERATOR
        category = await categories.create_category(tx, actor, layout, now=front.scene.clock.now())
    await front.writes("Where is my parcel?")
    await front.comes(lambda: len(front.heard_by()), 1)
    await front.writes("It is blue")
    answered = await front.presses("menu", [category.id])
    assert answered["content"] == "Look into your mail."
    window = (await front.presses("further"))["modal"]
    assert window["title"] == "Orders"
    assert await front.tickets() == []
    summary = await front.presses("form", kind="modal", values={"order": "4711"})
    assert [each["value"] for each in summary["embeds"][0]["fields"]] == ["Orders", "4711"]
    assert await front.tickets() == []
    await front.presses("confirm")
    channel = await front.channel()
    await front.comes(lambda: front.shown_in(channel), ["Where is my parcel?", "It is blue"])
    (ticket,) = await front.tickets()
    assert (ticket.category_name, ticket.language) == ("Orders", "en")
    begin = next(iter(channel.messages.values()))
    fields = {each["name"]: each["value"] for each in begin.embeds[0]["fields"]}
    assert (fields["Order"], fields["Category"]) == ("4711", "Orders")


async def test_a_reply_that_does_not_reach_the_user_is_told_and_goes_out_when_tried_again(front: Front) -> None:
    await front.writes("Hello?")
    channel = await front.channel()
    await front.comes(lambda: len(front.heard_by()), 1)
    (ticket,) = await front.tickets()
    rosa = front.scene.discord.world.users[front.scene.person(ROSA)]
    rosa.closed = True
    await front.do(tickets.write_as_staff, ticket, MARA, Draft("Good morning", Source.PANEL))
    await front.comes(lambda: [each[:30] for each in front.shown_in(channel)[2:]], ["Reply 1 did not reach the user"])
    (_, reply) = await front.messages(ticket)
    assert (reply.delivery, reply.delivery_error) == ("failed", "The user takes no direct messages")
    rosa.closed = False
    who = {"type": "component", "user_id": front.scene.person(TOBIAS), "channel_id": channel.id}
    await front.steer("POST", "/interactions", **who, custom_id=f"desk:retry:{reply.id}", wait_seconds=20)
    await front.comes(lambda: front.heard_by()[1:], ["Good morning"])


async def test_whom_another_system_brings_is_welcomed_at_once_and_whom_staff_bring_with_the_first_reply(
    front: Front,
) -> None:
    house, welcome = front.scene.house, front.scene.house.site.now.document.bot.welcome_message

    async def opened(username: str, origin: Origin) -> Ticket:
        guest = Guest(Person(front.scene.person(username), username), frozenset())
        async with house.database.write() as tx:
            ticket = await open_for(
                tx, OPERATOR, guest, guild_id=house.discord.guild_id, origin=origin, now=house.clock.now()
            )
        return await await_channel(house, ticket.id)

    front.scene.discord.world.users[front.scene.person("juniper")].closed = True
    told = [await opened(each, Origin.EXTERNAL) for each in (ROSA, "juniper")]
    assert [await await_welcome(house, each, patience=15) for each in told] == [True, False]
    assert (front.heard_by(ROSA), front.heard_by("juniper")) == ([welcome], [])

    ticket = await opened("pavel_n", Origin.PANEL)
    assert await await_welcome(house, ticket, patience=0.5) is None
    for text in ("Good morning", "Are you there?"):
        await front.do(tickets.write_as_staff, ticket, MARA, Draft(text, Source.PANEL))
    await front.comes(lambda: front.heard_by("pavel_n"), [welcome, "Good morning", "Are you there?"])


async def test_a_closed_ticket_loses_its_channel_and_its_user_opens_it_again_with_its_last_words(front: Front) -> None:
    await front.writes("Hello?")
    channel = await front.channel()
    await front.comes(lambda: len(front.shown_in(channel)), 1)
    (ticket,) = await front.tickets()
    await front.do(tickets.close_ticket, ticket, by="mara.d", reason="All done")
    await front.comes(front.channels, [])
    closing = front.scene.house.site.now.document.bot.close_message
    await front.comes(lambda: front.heard_by()[1:], [f"{closing}\n\nAll done"])
    await front.presses(f"reopen:{ticket.id}")
    again = await front.channel()
    assert again.id != channel.id
    begin = "This ticket is open again. What was said last:\n**Rosa**: Hello?"
    await front.comes(lambda: [text_of(each) for each in again.messages.values()][:1], [begin])
    (open_again,) = await front.tickets()
    assert (open_again.number, open_again.closed, open_again.channel_id) == (ticket.number, False, int(again.id))
    # A channel that somebody deletes takes its ticket with it.
    guilds.delete_channel(front.scene.discord.world, front.scene.discord.guild, again)

    async def closed() -> bool:
        return [each.closed_by for each in await front.tickets()] == ["channel_deleted"]

    await until(closed)


async def test_what_was_written_while_the_bot_was_away_is_read_and_what_was_to_be_said_goes_out(
    scenes: Callable[..., Any],
) -> None:
    async with scenes() as scene:
        await scene.comes_to(Phase.CONNECTED)
        front = Front(scene)
        await front.let_stewards_in()
        await front.writes("Hello?")
        channel = await front.channel()
        await front.comes(lambda: len(front.shown_in(channel)), 1)
        await front.comes(lambda: len(front.heard_by()), 1)
        (ticket,) = await front.tickets()
    # The process is gone.
    await front.writes("Is anybody there?")
    await front.says(channel, "I will answer tomorrow")
    async with scenes() as scene:
        front = Front(scene)
        await front.do(tickets.write_as_staff, ticket, MARA, Draft("We are back", Source.PANEL))
        await scene.comes_to(Phase.CONNECTED)
        await front.comes(lambda: front.heard_by()[1:], ["We are back"])
        await front.comes(lambda: sorted(front.shown_in(channel)), ["Hello?", "Is anybody there?", "We are back"])
        contents = sorted(each.content for each in await front.messages(ticket))
        assert contents == ["Hello?", "I will answer tomorrow", "Is anybody there?", "We are back"]


async def test_what_was_missed_comes_first_also_when_somebody_writes_before_anybody_could_look(front: Front) -> None:
    discord = front.scene.discord
    await front.writes("First")
    channel = await front.channel()
    await front.comes(lambda: front.shown_in(channel), ["First"])
    # The desk is busy with a channel that Discord is slow to make, when the connection breaks for good.
    discord.faults.add(Fault(path=f"/api/v10/guilds/{discord.guild.id}/channels", delay=60), times=3)
    await front.writes("Hello?", "pavel_n")
    await until(front.is_opening)
    discord.gateway.invalidate()
    discord.gateway.drop(4000)
    await front.writes("Missed")
    await front.comes(lambda: discord.gateway.identified, 2)
    await front.writes("Heard")
    await front.comes(lambda: front.shown_in(channel), ["First", "Missed", "Heard"])
    discord.faults.clear()
    await front.comes(lambda: len(front.channels()), 2)


async def test_a_channel_that_discord_refuses_discards_the_ticket_and_its_user_is_told(front: Front) -> None:
    scene = front.scene
    own = next(role for role in scene.discord.guild.roles.values() if role.bot_id is not None)
    own.permissions &= ~(1 << 4)  # To manage channels.
    await front.writes("Hello?")
    await front.comes(lambda: [each[:36] for each in front.heard_by()], ["Your message could not be brought to"])
    assert (await front.tickets(), front.channels()) == ([], [])


async def test_nobody_is_let_in_who_is_a_stranger_or_blocked_or_comes_while_nobody_is_there(front: Front) -> None:
    async with front.scene.house.database.write() as tx:
        await blocks.block(
            tx,
            OPERATOR,
            subject_kind=SubjectKind.USER,
            subject_id=front.scene.person("pavel_n"),
            reason="Spam",
            now=front.scene.clock.now(),
        )
    await front.writes("Buy this", "pavel_n")
    await front.comes(lambda: len(front.heard_by("pavel_n")), 1)
    await front.writes("Buy this", "pavel_n")
    assert "Spam" in front.heard_by("pavel_n")[0]
    await front.configure(gates__membership_age_hours=1)
    members = front.scene.discord.guild.members
    members[front.scene.person("juniper")].joined_at = front.scene.clock.now()
    await front.writes("Let me in", "juniper")
    await front.comes(lambda: [each.split(".")[0] for each in front.heard_by("juniper")], [TOO_NEW])
    await front.configure(bot__presence_state="maintenance", gates__membership_age_hours=0)
    await front.writes("Hello?")
    away = front.scene.house.site.now.document.bot.maintenance_message
    await front.comes(front.heard_by, [away])
    assert await front.tickets() == []
    await front.configure(bot__presence_state="online")
    channel = await front.channel()
    await front.comes(lambda: front.shown_in(channel), ["Hello?"])
    assert len(front.heard_by("pavel_n")) == 1


async def test_discord_that_stumbles_delays_words_and_doubles_none(front: Front) -> None:
    await front.writes("Hello?")
    channel = await front.channel()
    await front.comes(lambda: len(front.heard_by()), 1)
    (ticket,) = await front.tickets()
    front.scene.discord.faults.add(Fault(path="/api/v10/channels", status=503), times=3)
    await asyncio.gather(
        *(
            front.do(tickets.write_as_staff, ticket, MARA, Draft(f"Answer {number}", Source.PANEL))
            for number in range(5)
        )
    )
    sent = [each.content for each in await front.messages(ticket) if each.number]
    seconds = itertools.count(1)

    def heard() -> list[str]:
        # The house waits longer from time to time, by its own clock.
        front.scene.at(next(seconds))
        return front.heard_by()[1:]

    await front.comes(heard, sent)
    await front.comes(lambda: front.shown_in(channel), ["Hello?", *sent])
