"""Between Discord and the desk: what comes in is kept and judged, what goes out is queued in order, each once."""

from datetime import timedelta
from itertools import count

from guildhall.core.actor import SYSTEM
from guildhall.core.db import Database, Tx
from guildhall.core.ids import DISCORDS_FIRST_DAY
from guildhall.domains import audit, tickets
from guildhall.domains.identity.desk import SubjectKind
from guildhall.domains.site import Document
from guildhall.domains.site.sections import GateSettings, OfficeHours, OfficeWindow, TicketSettings
from guildhall.domains.site.values import TimeOfDay
from guildhall.domains.tickets import Delivery, Draft, Source, Transport, blocks, categories, choosing, intake, relay
from guildhall.domains.tickets.intake import Guest, Rules
from guildhall.domains.tickets.office import is_staffed
from guildhall.domains.tickets.relay import CHANNEL, LOG, USER, Incoming, Say, delivery
from guildhall.domains.tickets.relay.delivery import Taken
from tests.domains.tickets.desk import MARA, PAVEL, ROSA, START, Desk

GUEST = Guest(ROSA.id, ROSA.name, "en", frozenset())
MEMBERS = Rules(Document(), 1)


async def out(desk: Desk) -> list[Taken]:
    """Take out all that can go out now, as the courier does, and return it in the order of its going."""
    sent: list[Taken] = []
    async with desk.database.write() as tx:
        for lane in await delivery.waiting_lanes(tx, now=desk.now):
            while (taken := await delivery.take_post(tx, lane, now=desk.now)) is not None:
                sent.append(taken)
                await delivery.note_sent(tx, taken, now=desk.now)
    return sent


def told(sent: list[Taken]) -> list[tuple[str, str, str]]:
    return [(each.post.target, each.post.payload.say, each.message.content if each.message else "") for each in sent]


async def writes(desk: Desk, number: int, content: str, rules: Rules = MEMBERS, guest: Guest = GUEST) -> bool:
    """Let a message of Discord's come in; whether it was new."""
    heard = Incoming(
        message_id=number,
        lane=int(guest.user_id),
        channel_id=77,
        author_id=guest.user_id,
        author_name=guest.name,
        content=content,
        attachments=[],
        reply_to=None,
        heard_at=desk.now,
    )
    async with desk.database.write() as tx:
        is_new = await intake.store_incoming(tx, heard, user_id=guest.user_id)
        await intake.take_in(tx, guest, rules, now=desk.now)
    return is_new


async def test_nothing_is_said_before_the_channel_is_there_and_a_repeated_message_is_one(database: Database) -> None:
    desk = Desk(database)
    assert [await writes(desk, number, f"{number}") for number in (1, 2, 2)] == [True, True, False]
    (ticket,) = (await desk.page()).tickets
    assert told(await out(desk)) == [(LOG, Say.WORDS, "")]
    await desk.do(_channel, ticket)
    assert told(await out(desk)) == [
        (USER, Say.WELCOME, ""),
        (CHANNEL, Say.RECAP, ""),
        (CHANNEL, Say.MESSAGE, "1"),
        (CHANNEL, Say.MESSAGE, "2"),
    ]
    assert [each.delivery for each in await desk.messages(ticket)] == [Delivery.DELIVERED] * 2


async def _channel(tx: Tx, _: object, ticket: tickets.Ticket, **__: object) -> tickets.Ticket:
    return await tickets.note_channel(tx, ticket, 555)


async def test_a_reply_goes_to_both_sides_a_note_to_one_and_a_failed_reply_can_be_sent_again(
    database: Database,
) -> None:
    desk = Desk(database)
    ticket = await desk.open(needs_channel=True)
    await desk.do(_channel, ticket)
    await out(desk)
    reply = await desk.replies(ticket, "Good morning")
    await desk.do(tickets.write_note, ticket, MARA, Draft("She is new", Source.PANEL))
    # What is changed before it went out, goes out as it is then.
    await desk.do(tickets.edit_message, ticket, reply.id, person=MARA, content="Good evening")
    async with database.write() as tx:
        taken = await delivery.take_post(tx, f"user:{ROSA.id}", now=desk.now)
        assert taken is not None
        await delivery.note_away(tx, taken, "Discord is away", now=desk.now)
        assert await delivery.take_post(tx, f"user:{ROSA.id}", now=desk.now) is None
        again = await delivery.take_post(tx, f"user:{ROSA.id}", now=desk.now + timedelta(seconds=1))
        assert again is not None
        assert (again.nonce, again.was_tried, again.message and again.message.content) == (
            taken.nonce, True, "Good evening",
        )  # fmt: skip
        await delivery.note_failed(tx, again, "They take none", now=desk.now)
    shown = told(await out(desk))
    assert [(say, text) for target, say, text in shown if target is CHANNEL] == [
        (Say.MESSAGE, "Good evening"),
        (Say.MESSAGE, "She is new"),
        (Say.EDIT, "Good evening"),
        (Say.WORDS, "Good evening"),
    ]
    message = next(each for each in await desk.messages(ticket) if each.id == reply.id)
    assert (message.delivery, message.delivery_error) == (Delivery.FAILED, "They take none")
    for _ in range(2):
        # Whoever presses late still reads that it has failed.
        await desk.do(relay.queue_again, ticket, message)
    assert told(await out(desk)).count((USER, Say.MESSAGE, "Good evening")) == 1
    async with database.read() as tx:
        entries = await audit.page_of_entries(tx, limit=9, action="ticket.delivered_again")
    assert [(each.target, each.details) for each in entries] == [(ticket.id, {"message": message.id})]


async def test_in_a_direct_ticket_what_was_not_written_in_the_channel_is_copied_there_but_no_note(
    database: Database,
) -> None:
    desk = Desk(database)
    ticket = await desk.open(transport=Transport.DIRECT, needs_channel=True)
    await desk.do(_channel, ticket)
    await out(desk)
    await desk.says(ticket, "In the channel", written=tickets.Written(555, 9001))
    await desk.replies(ticket, "By the app")
    await desk.do(tickets.write_note, ticket, MARA, Draft("Between us", Source.HAZEBOT))
    assert told(await out(desk)) == [(CHANNEL, Say.MESSAGE, "By the app")]
    other = await desk.open(PAVEL, transport=Transport.DIRECT)
    await desk.replies(other, "Nowhere in Discord")
    assert await out(desk) == []


async def test_closing_says_goodbye_and_ends_the_channel_and_opening_again_calls_that_off(database: Database) -> None:
    desk = Desk(database)
    ticket = await desk.open(needs_channel=True)
    await desk.do(_channel, ticket)
    await out(desk)
    await desk.do(tickets.close_ticket, ticket, by="mara.d", reason="Done")
    async with database.read() as tx:
        assert await delivery.waiting_lanes(tx, now=desk.now) == [
            f"user:{ROSA.id}", f"ticket:{ticket.id}", f"end:{ticket.id}", "log",
        ]  # fmt: skip
    await desk.do(tickets.reopen_ticket, ticket)
    again = await desk.look(ticket)
    assert (again.state, again.channel_id) == (tickets.TicketState.OPENING, 555)
    await desk.do(_channel, ticket)
    assert Say.END not in {say for _, say, _ in told(await out(desk))}


async def test_who_may_not_write_is_told_once_a_day_and_nothing_of_theirs_is_kept(database: Database) -> None:
    desk = Desk(database)
    stranger = Guest("3001", "stranger", "en", None)
    closed = Rules(Document(tickets=TicketSettings(enabled=False)), 1)
    for number in (1, 2):
        await writes(desk, number, "Hello?", guest=stranger)
        await writes(desk, number + 10, "Hello?", closed)
    assert [(each.post.user_id, each.post.payload.words) for each in await out(desk)] == [
        ("3001", "desk.stranger"),
        (ROSA.id, "desk.disabled"),
    ]
    desk.later(days=1)
    await writes(desk, 3, "Hello?", guest=stranger)
    assert len(await out(desk)) == 1
    assert (await desk.page()).tickets == []
    await writes(desk, 20, "Now?")
    (ticket,) = (await desk.page()).tickets
    assert [each.content for each in await desk.messages(ticket)] == ["Now?"]


async def test_office_hours_are_those_of_the_zone_and_holidays_have_none(database: Database) -> None:
    window = OfficeWindow(day="tue", from_=TimeOfDay("09:00"), to=TimeOfDay("17:00"))
    hours = OfficeHours(enabled=True, mode="refuse", windows=(window,))
    document = Document(office_hours=hours)
    assert is_staffed(document, START)
    assert not is_staffed(document, START + timedelta(hours=8))
    assert not is_staffed(document, START + timedelta(days=1))
    assert is_staffed(Document(), START + timedelta(days=1))
    desk = Desk(database)
    desk.later(hours=9)
    await writes(desk, 1, "Anybody?", Rules(document, 1))
    assert [each.post.payload.text for each in await out(desk)] == [hours.closed_message]
    assert (await desk.page()).tickets == []


async def test_whoever_takes_too_long_to_choose_gets_a_ticket_without_a_category(database: Database) -> None:
    desk = Desk(database)
    layout = categories.Layout(name="Orders", discord_category_id="1")
    async with database.write() as tx:
        await categories.create_category(tx, GUEST.actor, layout, now=desk.now)
    await writes(desk, 1, "Hello?")
    assert [each.post.payload.words for each in await out(desk)] == ["desk.choose"]
    desk.later(seconds=299)
    async with database.write() as tx:
        await intake.end_due_intakes(tx, MEMBERS, now=desk.now)
    assert (await desk.page()).tickets == []
    desk.later(seconds=1)
    async with database.write() as tx:
        await intake.end_due_intakes(tx, MEMBERS, now=desk.now)
        assert await choosing.choose(tx, GUEST, MEMBERS, None, now=desk.now) is None
    (ticket,) = (await desk.page()).tickets
    assert (ticket.category_id, ticket.message_count) == (None, 1)


async def test_gates_keep_out_who_comes_too_soon_and_tell_them_until_when(database: Database) -> None:
    desk = Desk(database)

    def with_gates(**hours: int) -> Rules:
        return Rules(Document(gates=GateSettings(**hours)), 1)

    async def refused(rules: Rules, guest: Guest) -> str | None:
        """Return the words with which somebody is refused; each writes once and has no ticket."""
        await writes(desk, next(numbers), "Hello?", rules, guest)
        assert (await desk.page()).tickets == []
        (post,) = [each.post for each in await out(desk)]
        assert post.payload.fields == {"when": f"<t:{int((desk.now + timedelta(hours=1)).timestamp())}:R>"}
        return post.payload.words

    numbers = count(1)
    # Accounts are as old as their ids; this one is 23 hours old.
    ids_per_hour = 3_600_000 << 22
    born_now = (desk.now - DISCORDS_FIRST_DAY) // timedelta(milliseconds=1) << 22
    young = Guest(str(born_now - 23 * ids_per_hour), "young", "en", frozenset(), desk.now - timedelta(hours=47))
    assert await refused(with_gates(account_age_hours=24), young) == "desk.gate.account"
    assert await refused(with_gates(membership_age_hours=48), young) == "desk.gate.membership"
    # Of two gates the one counts that opens later.
    both = with_gates(account_age_hours=10, membership_age_hours=48)
    await writes(desk, next(numbers), "Hello?", both, young)
    assert await out(desk) == []
    desk.later(hours=1)
    await writes(desk, next(numbers), "And now?", both, young)
    (ticket,) = (await desk.page()).tickets
    assert [each.content for each in await desk.messages(ticket)] == ["And now?"]
    await desk.do(tickets.close_ticket, ticket, by=MARA.id)
    await out(desk)
    cooldown = with_gates(cooldown_minutes=60)
    await writes(desk, next(numbers), "One more thing", cooldown, young)
    assert [each.post.payload.words for each in await out(desk)] == ["desk.gate.cooldown"]
    desk.later(minutes=60)
    await writes(desk, next(numbers), "Good morning", cooldown, young)
    assert [each.closed for each in (await desk.page()).tickets] == [False, True]


async def test_who_writes_too_fast_is_told_once_and_all_of_it_arrives_in_order(database: Database) -> None:
    desk = Desk(database)
    rules = Rules(Document(gates=GateSettings(messages_per_minute=3)), 1)
    for number in range(1, 8):
        await writes(desk, number, f"{number}", rules)
    (ticket,) = (await desk.page()).tickets

    async def arrived() -> str:
        async with database.write() as tx:
            await intake.go_on_writing(tx, rules, now=desk.now)
        return "".join(each.content for each in await desk.messages(ticket))

    assert await arrived() == "123"
    desk.later(minutes=1)
    assert await arrived() == "123456"
    await desk.do(_channel, ticket)
    assert [each.post.payload.words for each in await out(desk) if each.post.payload.words].count("desk.gate.pace") == 1
    async with database.write() as tx:
        await blocks.block(tx, SYSTEM, subject_kind=SubjectKind.USER, subject_id=ROSA.id, now=desk.now)
    desk.later(minutes=1)
    assert await arrived() == "123456"
    async with database.read() as tx:
        assert await intake.waiting_in(tx, int(ROSA.id)) == []
