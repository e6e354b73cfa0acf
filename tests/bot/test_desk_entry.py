"""Further ways into a ticket: buttons on the server, channels made by hand, and a last look before one opens."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest

from guildhall.bot.speech import words_among
from guildhall.core.actor import Actor, ActorKind
from guildhall.domains import tickets
from guildhall.domains.bot import Phase
from guildhall.domains.identity import Permission, desk
from guildhall.domains.identity.desk import SubjectKind
from guildhall.domains.identity.permissions import DESK
from guildhall.domains.site.sections import LanguageSettings
from guildhall.domains.site.values import Language
from guildhall.domains.tickets import Draft, Origin, Source, Transport, blocks, categories, invitations
from guildhall.domains.tickets.categories import ChoiceSettings, FieldKind, FormField, Layout
from guildhall.simulator.discord.messages import delete
from guildhall.simulator.discord.state import CATEGORY, PRIVATE_THREAD, Channel, Message, Thread
from tests.bot.conftest import OPERATOR, Scene
from tests.bot.front import MARA, ROSA, TOBIAS, Front, Json, open_front, text_of
from tests.clock import SettableClock

VIEW_CHANNEL = 1 << 10


@pytest.fixture
async def front(scenes: Callable[..., Any]) -> AsyncIterator[Front]:
    async with open_front(scenes) as front:
        yield front


def place(scene: Scene, name: str = "general") -> Channel:
    return next(each for each in scene.discord.guild.channels.values() if each.name == name)


def invitations_in(channel: Channel) -> list[Message]:
    """The messages that everybody sees from which people open tickets."""
    found = (each for each in channel.messages.values() if each.author.bot and each.visible_to is None)
    return [each for each in found if any(str(name).startswith("desk:open") for name in buttons_of(each).values())]


def buttons_of(message: Message) -> dict[str, str]:
    """The buttons of a message: what they say, and their ids."""
    inner = [button for row in message.components for button in row["components"]]
    return {str(each.get("label")): str(each["custom_id"]) for each in inner}


async def invites(front: Front, channel: Channel, *labels: str) -> Message:
    """Wait until exactly one message in a channel invites people, with these buttons."""
    await front.comes(lambda: [list(buttons_of(each)) for each in invitations_in(channel)], [list(labels)])
    (message,) = invitations_in(channel)
    return message


async def made(front: Front, name: str, **more: Any) -> str:  # noqa: ANN401 (whatever a layout takes)
    async with front.scene.house.database.write() as tx:
        layout = Layout(name=name, discord_category_id="1", **more)
        return (await categories.create_category(tx, OPERATOR, layout, now=front.scene.clock.now())).id


async def presses(front: Front, channel: Channel, name: str, username: str = ROSA, **more: object) -> Json:
    """Let somebody press something in a channel of the server, or fill something in there."""
    body = {"type": "component", "user_id": front.scene.person(username), "channel_id": channel.id, **more}
    return await front.steer("POST", "/interactions", **body, custom_id=f"desk:{name}", wait_seconds=20)


async def let_work(front: Front, name: str) -> None:
    """Give a role what it takes to work on tickets."""
    role = next(each for each in front.scene.discord.guild.roles.values() if each.name == name)
    ruler = Actor(ActorKind.USER, user_id="7", permissions=frozenset(DESK))
    async with front.scene.house.database.write() as tx:
        await desk.grant(
            tx,
            ruler,
            subject_kind=SubjectKind.ROLE,
            subject_id=role.id,
            permission=Permission.MANAGE_TICKETS,
            now=front.scene.clock.now(),
        )


async def test_one_message_invites_people_and_follows_the_categories_and_the_configuration(
    scenes: Callable[..., Any],
) -> None:
    async with open_front(scenes) as front:
        scene, general = front.scene, place(front.scene)
        await front.configure(bot__enable_features=True, bot__features_channel_id=general.id)
        message = await invites(front, general, "Open a ticket")
        await made(front, "Orders", emoji="\N{PACKAGE}", description="Parcels and payments")
        assert (await invites(front, general, "Orders")).id == message.id
        assert "Parcels and payments" in text_of(message)
        await made(front, "Events")
        await invites(front, general, "Orders", "Events")
        async with scene.house.database.write() as tx:
            await categories.change_choice(
                tx, OPERATOR, ChoiceSettings(enabled=False, selection_timeout_s=300), now=scene.clock.now()
            )
        await invites(front, general, "Open a ticket")
        await front.configure(language__default_language="de")
        await invites(front, general, "Ticket öffnen")
        delete(scene.discord.world, general, message)
        again = await invites(front, general, "Ticket öffnen")
        assert again.id != message.id
        # Whoever posts it dies before it is noted, and Discord knows the nonce no more when the next one comes.
        await scene.supervisor.stop()
        async with scene.house.database.write() as tx:
            await invitations.begin_invitation(tx, int(general.id))
    async with scenes() as scene:
        front = Front(scene)
        await scene.comes_to(Phase.CONNECTED)
        await front.configure(language__default_language="en")
        assert (await invites(front, general, "Open a ticket")).id == again.id
    delete(scene.discord.world, general, again)
    async with scenes() as scene:
        front, other = Front(scene), place(scene, "planning")
        last = await invites(front, general, "Open a ticket")
        await front.configure(bot__features_channel_id=other.id)
        await invites(front, other, "Open a ticket")
        assert (last.id in general.messages, invitations_in(general)) == (False, [])
        await front.configure(bot__enable_features=False)
        await front.comes(lambda: invitations_in(other), [])


async def test_who_presses_a_category_is_asked_alone_and_looks_once_more_before_a_ticket_opens(front: Front) -> None:
    general, world = place(front.scene), front.scene.discord.world
    field = FormField(key="order", label="Order", type=FieldKind.SHORT, required=True)
    orders = await made(front, "Orders", answer="Look into your mail.", fields=[field])
    events = await made(front, "Events")
    await front.configure(bot__enable_features=True, bot__features_channel_id=general.id)
    message = await invites(front, general, "Orders", "Events")

    answered = await presses(front, general, f"open:{orders}")
    assert (answered["content"], answered["ephemeral"]) == ("Look into your mail.", True)
    assert (await presses(front, general, "further"))["modal"]["title"] == "Orders"
    summary = await presses(front, general, "form", type="modal", values={"order": "4711"})
    assert [each["value"] for each in summary["embeds"][0]["fields"]] == ["Orders", "4711"]
    assert (await presses(front, general, "cancel"))["content"].startswith("Nothing was opened")
    assert await front.tickets() == []

    world.users[front.scene.person(ROSA)].locale = "fr"
    summary = await presses(front, general, f"open:{events}")
    assert (summary["embeds"][0]["title"], summary["ephemeral"]) == ("Ouvrir ce ticket ?", True)
    told = await presses(front, general, "confirm")
    answer = general.messages[told["message_id"]]
    await front.comes(lambda: text_of(answer)[:21], "Ton ticket est ouvert")
    # Nothing to press is left to see.
    assert answer.components == []
    (ticket,) = await front.tickets()
    assert (ticket.origin, ticket.transport, ticket.category_name) == (Origin.BUTTON, Transport.RELAY, "Events")
    assert (ticket.language, len(front.heard_by()), answer.visible_to) == ("fr", 1, front.scene.person(ROSA))
    await front.writes("When does it begin?")
    channel = await front.channel()
    await front.comes(lambda: front.shown_in(channel), ["When does it begin?"])
    assert (await presses(front, general, f"open:{orders}"))["content"].startswith("Tu as déjà un ticket ouvert")
    # What everybody sees is as it was.
    assert (await invites(front, general, "Orders", "Events")).id == message.id


async def test_who_may_not_come_in_is_told_so_alone_and_gets_no_ticket(front: Front) -> None:
    general, scene = place(front.scene), front.scene
    await front.configure(bot__enable_features=True, bot__features_channel_id=general.id)
    await invites(front, general, "Open a ticket")
    pavel, now = scene.person("pavel_n"), scene.clock.now()
    async with scene.house.database.write() as tx:
        await blocks.block(tx, OPERATOR, subject_kind=SubjectKind.USER, subject_id=pavel, reason="Spam", now=now)
    assert "Spam" in (await presses(front, general, "open", "pavel_n"))["content"]
    await presses(front, general, "open")
    document = scene.house.site.now.document
    for changes, words in (
        ({"office_hours__enabled": True, "office_hours__mode": "refuse"}, document.office_hours.closed_message),
        ({"bot__presence_state": "maintenance"}, document.bot.maintenance_message),
        ({"tickets__enabled": False}, "The team takes no messages here at the moment."),
    ):
        await front.configure(**changes)
        told = await presses(front, general, "open")
        assert (told["content"], told["ephemeral"]) == (words, True)
    # What was begun before is judged by how it is now.
    assert (await presses(front, general, "confirm"))["content"] == "The team takes no messages here at the moment."
    assert (await front.tickets(), front.channels(), front.heard_by()) == ([], [], [])


async def test_who_takes_no_direct_messages_gets_a_private_place_on_the_server(front: Front) -> None:
    general, scene = place(front.scene), front.scene
    await front.configure(bot__enable_features=True, bot__features_channel_id=general.id, tickets__max_open_per_user=1)
    await invites(front, general, "Open a ticket")
    rosa = scene.discord.world.users[scene.person(ROSA)]
    rosa.closed = True
    await presses(front, general, "open")
    told = await presses(front, general, "confirm")
    answer = general.messages[told["message_id"]]
    await front.comes(lambda: "Your ticket is open in <#" in text_of(answer), wanted=True)
    (ticket,) = await front.tickets()
    assert (ticket.origin, ticket.transport) == (Origin.BUTTON, Transport.DIRECT)
    channel = scene.discord.world.channel(str(ticket.channel_id))
    assert f"<#{channel.id}>" in text_of(answer)
    welcome = f"<@{rosa.id}> {scene.house.site.now.document.bot.welcome_message}"
    await front.comes(lambda: front.shown_in(channel)[-1:], [welcome])
    assert isinstance(channel, Thread)
    assert (channel.type, channel.parent_id, rosa.id in channel.members) == (PRIVATE_THREAD, general.id, True)
    await front.says(channel, "I cannot log in", ROSA)
    await front.holds(ticket, 1)
    await front.do(tickets.write_as_staff, ticket, MARA, Draft("Try again now", Source.PANEL))
    await front.comes(lambda: front.shown_in(channel)[-2:], [welcome, "Try again now"])
    assert (front.heard_by(), [each.kind.value for each in await front.messages(ticket)]) == ([], ["user", "staff"])
    assert (await presses(front, general, "open"))["content"].startswith("You have as many open tickets")


async def test_a_channel_that_staff_make_by_hand_becomes_the_ticket_of_whom_they_name(front: Front) -> None:
    scene, guild = front.scene, front.scene.discord.guild
    inbox = next(each for each in guild.channels.values() if each.type == CATEGORY)
    await front.configure(
        thread__inbox_category_id=inbox.id, thread__create_ticket_by_create_channel=True, thread__plain_messages="reply"
    )
    path = f"/guilds/{guild.id}/channels"
    made_channel = await front.steer("POST", path, name="for rosa", parent_id=inbox.id)
    channel = guild.channels[made_channel["id"]]
    await front.comes(lambda: [text_of(each)[:24] for each in channel.messages.values()], ["Whose ticket is this cha"])
    await front.says(channel, "She asked at the door")
    # Everybody sees this channel still, but not everybody may say whose it is.
    assert "may not" in (await presses(front, channel, "whose"))["embeds"][0]["description"]
    await let_work(front, "Steward")

    async def names(username: str, answer: str) -> None:
        assert (await presses(front, channel, "whose", TOBIAS))["modal"]["title"] == "Whose ticket is it?"
        chosen = {"member": [scene.person(username)]}
        await presses(front, channel, "adopt", TOBIAS, type="modal", values=chosen)
        await front.comes(
            lambda: any(text_of(each).startswith(answer) for each in channel.messages.values()), wanted=True
        )

    await names("guildhall", "This is a bot")
    await front.writes("Hello?", "pavel_n")
    await front.channel()
    await names("pavel_n", "This person has an open ticket already.")
    await names(ROSA, "This is the channel of ticket #2 now.")
    (ticket,) = (each for each in await front.tickets() if each.user_id == scene.person(ROSA))
    assert (ticket.origin, ticket.channel_id) == (Origin.CHANNEL, int(channel.id))
    await front.comes(lambda: (channel.name, ticket.id in (channel.topic or "")), (f"{ROSA}-2", True))
    outsider = scene.discord.world.users[scene.person("juniper")]
    assert not scene.discord.world.permissions(channel, outsider) & VIEW_CHANNEL
    # A new session reads what was missed, and what was said before there was a ticket is not of it.
    scene.discord.gateway.invalidate()
    scene.discord.gateway.drop(4000)
    await front.comes(lambda: scene.discord.gateway.identified, 2)
    await front.says(channel, "How can we help?")
    await front.comes(lambda: front.heard_by()[1:], ["How can we help?"])
    await front.writes("With my parcel")
    await front.comes(lambda: front.shown_in(channel)[-1], "With my parcel")
    assert len(await front.messages(ticket)) == 2
    # The bot asks about no channel that it makes itself.
    other = next(each for each in front.channels() if each is not channel)
    assert not any("Whose" in text_of(each) for each in other.messages.values())


async def test_a_channel_made_by_hand_while_the_bot_was_away_is_asked_about_once_and_an_old_one_never(
    scenes: Callable[..., Any], clock: SettableClock
) -> None:
    async with open_front(scenes) as front:
        guild = front.scene.discord.guild
        path = f"/guilds/{guild.id}/channels"
        inbox = await front.steer("POST", path, name="Inbox", type=CATEGORY)
        await front.configure(thread__inbox_category_id=inbox["id"], thread__create_ticket_by_create_channel=True)

        async def made_by_hand(name: str) -> Channel:
            return guild.channels[(await front.steer("POST", path, name=name, parent_id=inbox["id"]))["id"]]

        first = await made_by_hand("first")
        await front.comes(lambda: len(first.messages), 1)
    second = await made_by_hand("second")
    async with scenes() as scene:
        await Front(scene).comes(lambda: (len(first.messages), len(second.messages)), (1, 1))
    old = await made_by_hand("old")
    clock.set(clock.now() + timedelta(days=700))
    async with scenes() as scene:
        await scene.comes_to(Phase.CONNECTED)
        front = Front(scene)
        new = await made_by_hand("new")
        await front.comes(lambda: len(new.messages), 1)
        assert (len(first.messages), len(second.messages), len(old.messages)) == (1, 1, 0)


def test_members_are_spoken_to_in_what_they_may_have_and_else_in_what_is_known() -> None:
    def spoken(*wishes: str | None, **more: Any) -> str:  # noqa: ANN401 (whatever the settings take)
        return words_among(LanguageSettings(**more), *wishes).language

    assert (spoken("de", "fr"), spoken(None, "fr-CA"), spoken()) == ("de", "fr", "en")
    few = {"supported_languages": (Language("en"), Language("fr")), "default_language": Language("fr")}
    assert (spoken("de", "en", **few), spoken("de", **few), spoken("en", per_user=False, **few)) == ("en", "fr", "fr")
    unknown = {"default_language": Language("pt"), "fallback_language": Language("es")}
    assert (spoken("it", **unknown), spoken("pt", **unknown)) == ("es", "es")
    assert spoken(default_language=Language("pt"), fallback_language=Language("it")) == "en"
