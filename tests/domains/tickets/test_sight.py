"""Who sees the tickets of which categories, and what stays of a ticket when its category changes or ends."""

from hypothesis import given, strategies as st

from guildhall.core.actor import Actor, ActorKind
from guildhall.core.db import Database
from guildhall.domains.identity import Permission
from guildhall.domains.tickets import EVERYTHING, Sight, Ticket, categories
from guildhall.domains.tickets.categories import Category, FieldKind, FormField, Layout, check_answers
from guildhall.domains.tickets.categories.models import Viewers
from guildhall.domains.tickets.categories.policy import seen_categories
from tests.domains.tickets.desk import PAVEL, ROSA, START, Desk

KEEPER = Actor(ActorKind.USER, permissions=frozenset({Permission.MANAGE_CATEGORIES}))
RULER = Actor(ActorKind.USER, permissions=frozenset({Permission.RULE_DESK}))
FORM = [FormField(key="order", label="Order number", type=FieldKind.SHORT, required=True)]

ROLES = st.sets(st.sampled_from("123"))


@given(st.dictionaries(st.text("abcd", min_size=1, max_size=2), ROLES, max_size=5), ROLES)
def test_a_category_is_seen_by_all_staff_or_by_those_with_one_of_its_roles(
    viewers: dict[str, set[str]], mine: set[str]
) -> None:
    seen = seen_categories([Viewers(name, sorted(roles)) for name, roles in viewers.items()], mine)
    visible = {name for name, roles in viewers.items() if not roles or roles & mine}
    assert seen == (None if visible == set(viewers) else visible | {""})


async def made(database: Database, name: str, *viewers: str) -> Category:
    """Make a category whose tickets only these roles see."""
    layout = Layout(name=name, discord_category_id="1", viewer_role_ids=list(viewers), fields=FORM)
    async with database.write() as tx:
        return await categories.create_category(tx, KEEPER, layout, now=START)


async def test_tickets_of_a_category_with_viewers_are_out_of_sight_for_others_also_when_it_is_gone(
    desk: Desk, database: Database
) -> None:
    secret, plain = await made(database, "Secret", "55"), await made(database, "Plain")
    hidden = await desk.open(category_id=secret.id, category_name=secret.name)
    shown = await desk.open(PAVEL, category_id=plain.id, category_name=plain.name)

    async def sight(*roles: str, actor: Actor = KEEPER) -> Sight:
        async with database.read() as tx:
            return await categories.sight_of(tx, actor, role_ids=set(roles))

    async def check() -> None:
        assert await desk.numbers(sight=await sight("7")) == [shown.number]
        assert await desk.numbers(sight=await sight()) == [shown.number]
        assert await desk.numbers(sight=await sight("55", "7")) == [shown.number, hidden.number]
        assert await sight(actor=RULER) == EVERYTHING

    await check()
    async with database.write() as tx:
        found = await categories.access_category_to_change(tx, KEEPER, plain.id)
        await categories.change_category(tx, KEEPER, found, Layout(name="Other", discord_category_id="1"), now=START)
        for each in (secret, plain):
            there = await categories.access_category_to_change(tx, KEEPER, each.id)
            await categories.delete_category(tx, KEEPER, there, now=START)
    await check()
    kept = [await desk.look(each) for each in (hidden, shown)]
    assert [each.category_name for each in kept] == ["Secret", "Plain"]


async def test_a_filled_in_form_stays_with_its_ticket_as_it_was_shown(desk: Desk, database: Database) -> None:
    category = await made(database, "Billing")
    asked, unasked = await desk.open(ROSA), await desk.open(PAVEL)

    async def keep(ticket: Ticket, answers: dict[str, str], form: list[FormField]) -> None:
        async with database.write() as tx:
            await categories.keep_answers(tx, ticket, check_answers(form, answers))

    await keep(asked, {"order": " A-17 "}, category.fields)
    await keep(unasked, {}, [])
    async with database.write() as tx:
        found = await categories.access_category_to_change(tx, KEEPER, category.id)
        await categories.change_category(tx, KEEPER, found, Layout(name="Billing", discord_category_id="1"), now=START)
        (answer,) = await categories.answers_of(tx, asked.id)
        assert (answer.key, answer.label, answer.value) == ("order", "Order number", "A-17")
        assert await categories.answers_of(tx, unasked.id) == []
