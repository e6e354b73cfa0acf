"""Four weeks at the demo's front desk: who asked what, who answered, and what is still open.

It is told by the verbs that the bot and the panel call, with the clock of then.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Final

from guildhall.core.actor import SYSTEM
from guildhall.core.db import Tx
from guildhall.demo.talks import OPEN, PAST, RATINGS, SNIPPETS, UNNAMED, Talk, layouts
from guildhall.demo.voice import Stage
from guildhall.domains import audit, identity, tickets
from guildhall.domains.identity.desk import SubjectKind
from guildhall.domains.tickets import (
    EVERYTHING,
    Draft,
    Origin,
    Person,
    Source,
    Ticket,
    Transport,
    blocks,
    categories,
    ratings,
    snippets,
)
from guildhall.domains.tickets.categories import Category, ChoiceSettings
from guildhall.web.house import House

DONE: Final = "demo.received"
DAYS: Final = 28
CHANCE: Final = 11
"""Where the source of chance begins, so that every demo has the same past."""

STAFF: Final = 3
"""How many of the guild's people work at the desk."""

RATED: Final = 0.7
"""How likely it is that somebody says what they think of the help they had."""

RATED_WITHIN: Final = 24
"""Hours after which nobody is asked any more."""

THINKING: Final = 60
"""Seconds that the demo's people have for the menu, most of whom never look at it."""


async def receive(house: House, stage: Stage) -> str | None:
    """Give the front desk its past with members of the guild; what is open still was asked by the neighbours.

    The first of the guild's people work at the desk. Returns what to tell about it; None when that was done before.
    """
    now, chance = house.clock.now(), Random(CHANCE)  # noqa: S311 (not a secret)
    begin = now - timedelta(days=DAYS)
    people = [Person(str(key), name) for key, name in stage.people.items()]
    staff, members = people[:STAFF], people[STAFF:]
    async with house.database.write() as tx:
        if await audit.page_of_entries(tx, limit=1, action=DONE):
            return None
        menu = await _furnish(tx, stage, begin)
        for day in range(DAYS):
            for person in chance.sample(members, k=chance.randrange(4)):
                at = begin + timedelta(days=day, minutes=chance.randrange(8 * 60))
                talk, helper = chance.choice(PAST), chance.choice(staff)
                ticket = await _open(tx, stage, person, Transport.RELAY, talk, menu, at)
                ticket = await _hold(tx, ticket, talk, helper, chance, at)
                end = at + timedelta(minutes=chance.randrange(2 * 60, 10 * 60))
                ticket = await tickets.close_ticket(tx, SYSTEM, ticket, by=helper.id, now=end)
                await _rate(tx, ticket, chance, end + timedelta(hours=1))
                for reader in staff:
                    await tickets.mark_read(tx, ticket, reader.id)
        for name, talk in OPEN.items():
            user = await identity.user_who_signs_in_as(tx, name)
            if user is not None:
                at = now - timedelta(minutes=chance.randrange(3 * 60, 20 * 60))
                asker = Person(user.id, user.display_name)
                ticket = await _open(tx, stage, asker, Transport.DIRECT, talk, menu, at)
                await _hold(tx, ticket, talk, chance.choice(staff), chance, at)
        await _keep_out(tx, members[-1], now)
        await audit.record(tx, SYSTEM, DONE, str(stage.guild_id), now=now)
    return f"{len(OPEN)} tickets are open at the front desk, and more come in while you look."


async def _furnish(tx: Tx, stage: Stage, at: datetime) -> Mapping[str, Category]:
    """Give the desk its snippets and its menu, and return the categories by their names."""
    for key, content in SNIPPETS.items():
        await snippets.create_snippet(tx, SYSTEM, key=key, content=content, anonymous=key in UNNAMED, now=at)
    await categories.change_choice(tx, SYSTEM, ChoiceSettings(enabled=True, selection_timeout_s=THINKING), now=at)
    made = [await categories.create_category(tx, SYSTEM, each, now=at) for each in layouts(stage.place)]
    return {each.name: each for each in made}


async def _open(
    tx: Tx, stage: Stage, person: Person, transport: Transport, talk: Talk, menu: Mapping[str, Category], at: datetime
) -> Ticket:
    category = menu[talk.category] if talk.category else None
    ticket = await tickets.open_ticket(
        tx,
        SYSTEM,
        guild_id=stage.guild_id,
        person=person,
        origin=Origin.DM if transport is Transport.RELAY else Origin.WEB,
        transport=transport,
        needs_channel=False,
        category_id=category.id if category else None,
        category_name=talk.category,
        subject=talk.about,
        now=at,
    )
    if category is not None:
        await categories.keep_answers(tx, ticket, categories.check_answers(category.fields, talk.filled))
    return ticket


async def _hold(tx: Tx, ticket: Ticket, talk: Talk, staff: Person, chance: Random, at: datetime) -> Ticket:
    """Let a talk take its course, some minutes from one turn to the next, and return what became of the ticket."""
    asker = Person(ticket.user_id, ticket.user_name)
    source = Source.DISCORD if ticket.transport is Transport.RELAY else Source.PANEL
    await tickets.write_as_user(tx, SYSTEM, ticket, asker, Draft(talk.asked, source), now=at)
    answers = True
    for turn in talk.turns:
        at += timedelta(minutes=chance.randrange(2, 25))
        ticket = await tickets.access_ticket_to_change(tx, SYSTEM, ticket.id, sight=EVERYTHING)
        if turn.startswith("#"):
            await tickets.write_note(tx, SYSTEM, ticket, staff, Draft(turn[1:], Source.PANEL), now=at)
            continue
        write, person = (tickets.write_as_staff, staff) if answers else (tickets.write_as_user, asker)
        await write(tx, SYSTEM, ticket, person, Draft(turn, Source.PANEL if answers else source), now=at)
        answers = not answers
    ticket = await tickets.access_ticket_to_change(tx, SYSTEM, ticket.id, sight=EVERYTHING)
    if talk.turns:
        ticket = await tickets.claim_ticket(tx, SYSTEM, ticket, staff, now=at)
    await tickets.tag_ticket(tx, SYSTEM, ticket, talk.tags, now=at)
    return await tickets.sort_ticket(
        tx, SYSTEM, ticket, label="", priority=talk.priority, subject=ticket.subject, now=at
    )


async def _rate(tx: Tx, ticket: Ticket, chance: Random, at: datetime) -> None:
    """Let the user of a closed ticket say what they think of it, as most of them do."""
    if chance.random() > RATED:
        return
    score, words = chance.choice(RATINGS)
    await ratings.rate_ticket(tx, SYSTEM, ticket, closing=0, score=score, hours=RATED_WITHIN, now=at)
    if words:
        await ratings.comment_on_rating(tx, SYSTEM, ticket, closing=0, text=words, hours=RATED_WITHIN, now=at)


async def _keep_out(tx: Tx, person: Person, now: datetime) -> None:
    """Keep one of the guild's people from the desk for some days."""
    until = now + timedelta(days=5)
    await blocks.block(
        tx, SYSTEM, subject_kind=SubjectKind.USER, subject_id=person.id, reason="Advertising, three times",
        expires_at=until, now=now,
    )  # fmt: skip
