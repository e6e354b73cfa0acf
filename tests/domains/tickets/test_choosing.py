"""What somebody chooses before their ticket opens: nothing is lost by taking too long, and a cancel leaves nothing."""

from guildhall.core.db import Database
from guildhall.domains.tickets import Origin, Ticket, categories, choosing, intake
from guildhall.domains.tickets.categories import Category, FieldKind, FormField, Layout
from guildhall.domains.tickets.choosing import Next
from guildhall.domains.tickets.intake import Guest
from guildhall.domains.tickets.relay import Step
from tests.domains.tickets.desk import PAVEL, ROSA, Desk
from tests.domains.tickets.test_relay import GUEST, MEMBERS, out, writes

FIELD = FormField(key="order", label="Order", type=FieldKind.SHORT, required=True)


async def made(desk: Desk, **more: object) -> Category:
    async with desk.database.write() as tx:
        layout = Layout(name="Orders", discord_category_id="1", **more)  # type: ignore[arg-type]  # whatever is given
        return await categories.create_category(tx, GUEST.actor, layout, now=desk.now)


def step_of(found: Next | None) -> Step | None:
    assert found is not None
    return found.step


def refused(found: Next | None) -> str:
    assert found is not None
    assert found.refusal is not None
    return found.refusal.words


async def answers_in(desk: Desk, ticket: Ticket) -> list[str]:
    async with desk.database.read() as tx:
        return [each.value for each in await categories.answers_of(tx, ticket.id)]


async def test_who_takes_too_long_over_the_last_look_gets_the_ticket_they_filled_in_if_they_have_written(
    database: Database,
) -> None:
    desk = Desk(database)
    category = await made(desk, fields=[FIELD])
    pavel = Guest(PAVEL.id, PAVEL.name, "en", frozenset())
    await writes(desk, 1, "Hello?")
    async with database.write() as tx:
        assert step_of(await choosing.choose(tx, GUEST, MEMBERS, category.id, now=desk.now)) is Step.FORM
        assert await choosing.confirm(tx, GUEST, MEMBERS, now=desk.now) is None
        await choosing.fill_in(tx, GUEST, {"order": "4711"}, now=desk.now)
        # Pavel has only pressed a button.
        await choosing.ask_for_ticket(tx, pavel, MEMBERS, category.id, now=desk.now)
        await choosing.fill_in(tx, pavel, {"order": "4712"}, now=desk.now)
    await writes(desk, 2, "It is blue")
    desk.later(seconds=300)
    async with database.write() as tx:
        await intake.end_due_intakes(tx, MEMBERS, now=desk.now)
        late = await choosing.confirm(tx, GUEST, MEMBERS, now=desk.now)
        assert await choosing.confirm(tx, pavel, MEMBERS, now=desk.now) is None
    (ticket,) = (await desk.page()).tickets
    assert late == Next(ticket=ticket)
    assert (ticket.user_id, ticket.category_id, ticket.origin) == (ROSA.id, category.id, Origin.DM)
    assert [each.content for each in await desk.messages(ticket)] == ["Hello?", "It is blue"]
    assert await answers_in(desk, ticket) == ["4711"]


async def test_a_cancel_leaves_nothing_open_and_whoever_writes_again_is_asked_anew(database: Database) -> None:
    desk = Desk(database)
    category = await made(desk)
    await writes(desk, 1, "Hello?")
    async with database.write() as tx:
        assert step_of(await choosing.choose(tx, GUEST, MEMBERS, category.id, now=desk.now)) is Step.CONFIRMING
        assert await choosing.cancel(tx, GUEST)
        assert not await choosing.cancel(tx, GUEST)
    desk.later(seconds=300)
    async with database.write() as tx:
        await intake.end_due_intakes(tx, MEMBERS, now=desk.now)
    assert (await desk.page()).tickets == []
    await writes(desk, 2, "It is me again")
    assert [each.post.payload.words for each in await out(desk)] == ["desk.choose"] * 2
    async with database.write() as tx:
        # None of the categories is nothing to look at once more.
        found = await choosing.choose(tx, GUEST, MEMBERS, None, now=desk.now)
    assert step_of(found) is None
    (ticket,) = (await desk.page()).tickets
    assert [each.content for each in await desk.messages(ticket)] == ["It is me again"]


async def test_who_has_written_and_presses_a_button_beside_it_loses_no_word_by_taking_too_long(
    database: Database,
) -> None:
    desk = Desk(database)
    category = await made(desk)
    await writes(desk, 1, "Hello?")
    async with database.write() as tx:
        asked = await choosing.ask_for_ticket(tx, GUEST, MEMBERS, category.id, now=desk.now)
    assert step_of(asked) is Step.CONFIRMING
    desk.later(seconds=300)
    async with database.write() as tx:
        await intake.end_due_intakes(tx, MEMBERS, now=desk.now)
    (ticket,) = (await desk.page()).tickets
    assert (ticket.origin, ticket.category_id) == (Origin.DM, category.id)
    assert [each.content for each in await desk.messages(ticket)] == ["Hello?"]


async def test_who_has_pressed_a_button_and_writes_instead_is_asked_where_they_write(database: Database) -> None:
    desk = Desk(database)
    category = await made(desk, fields=[FIELD])
    async with database.write() as tx:
        await choosing.ask_for_ticket(tx, GUEST, MEMBERS, category.id, now=desk.now)
    await writes(desk, 1, "Hello?")
    assert [each.post.payload.words for each in await out(desk)] == ["desk.choose"]
    async with database.write() as tx:
        found = await choosing.choose(tx, GUEST, MEMBERS, None, now=desk.now)
        # They have one now, and the button is of no use.
        pressed = await choosing.ask_for_ticket(tx, GUEST, MEMBERS, category.id, now=desk.now)
    assert (step_of(found), step_of(pressed)) == (None, None)
    assert refused(pressed) == "desk.entry.has_ticket"
    assert [each.origin for each in (await desk.page()).tickets] == [Origin.DM]
