"""Two weeks at the demo's front desk: who asked what, who answered, and what is still open.

It is told by the verbs that the bot and the panel call, with the clock of then.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final

from guildhall.core.actor import SYSTEM
from guildhall.core.db import Tx
from guildhall.demo.voice import Stage
from guildhall.domains import audit, identity, tickets
from guildhall.domains.tickets import EVERYTHING, Draft, Origin, Person, Priority, Source, Ticket, Transport, snippets
from guildhall.web.house import House

DONE: Final = "demo.received"
DAYS: Final = 14
CHANCE: Final = 11
"""Where the source of chance begins, so that every demo has the same past."""

STAFF: Final = 3
"""How many of the guild's people work at the desk."""

SNIPPETS: Final = {
    "welcome": "Hello {{user.name}}, this is {{staff.name}} at the front desk. How can we help?",
    "key-card": "We have blocked your card. A new one waits for you at the front desk from {{args.1}} on.",
    "report": "Thank you, {{user.name}}. We look at it today; your report has the number {{ticket.number}}.",
    "solved": "Does it work now? If we hear nothing more we close this on {{args.1}}.",
}
UNNAMED: Final = frozenset({"report"})


@dataclass(frozen=True)
class Talk:
    """What somebody asked, and what followed, in turns: the staff answer first. A turn with a `#` is a note."""

    asked: str
    turns: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    priority: Priority = Priority.NORMAL
    about: str | None = None


PAST: Final = (
    Talk("I lost my key card, what now?", ("We have blocked it. A new one is at the desk.", "Thank you!"), ("keys",)),
    Talk(
        "Somebody keeps sending me odd links.",
        ("Who is it, and may we see one?", "They are called free-nitro.", "They are gone now.", "That was quick!"),
        ("report",),
        Priority.HIGH,
    ),
    Talk("Does the printer take A3?", ("By hand, and with kind words.", "It listened. Thanks.")),
    Talk(
        "My attendance from last night seems too short.", ("The bot was away for an hour; now it is right.",), ("bot",)
    ),
    Talk("Could I become a host?", ("Gladly! Come on Thursday at six.", "I will be there."), ("hosts",)),
    Talk("I booked the workshop for the wrong day.", ("Cancelled; book again whenever you like.", "Perfect.")),
)
OPEN: Final = {
    "bram": Talk(
        "May the choir have the big hall on Fridays?",
        ("#Ask the neighbours about the noise first.", "How many of you are there?", "Fourteen, and a small piano."),
        ("rooms",),
        about="The big hall on Fridays",
    ),
    "chiara": Talk(
        "It stays open a hand wide since the storm.", (), ("keys", "repair"), Priority.URGENT, "The side door"
    ),
    "elif": Talk("Can it be paid in two parts?", ("Yes. In March and in September?",), ("money",), about="Membership"),
    "noor": Talk("I would like to report a message in off-topic.", (), ("report",), Priority.HIGH, "Off-topic"),
}
"""What is open, by who asked it: by the names that they sign in with."""


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
        for key, content in SNIPPETS.items():
            await snippets.create_snippet(tx, SYSTEM, key=key, content=content, anonymous=key in UNNAMED, now=now)
        for day in range(DAYS):
            for person in chance.sample(members, k=chance.randrange(4)):
                at = begin + timedelta(days=day, minutes=chance.randrange(8 * 60))
                ticket = await _open(tx, stage, person, Transport.RELAY, at)
                ticket = await _hold(tx, ticket, chance.choice(PAST), chance.choice(staff), chance, at, ends=True)
                for reader in staff:
                    await tickets.mark_read(tx, ticket, reader.id)
        for name, talk in OPEN.items():
            user = await identity.user_who_signs_in_as(tx, name)
            if user is not None:
                at = now - timedelta(minutes=chance.randrange(3 * 60, 20 * 60))
                ticket = await _open(tx, stage, Person(user.id, user.display_name), Transport.DIRECT, at, talk.about)
                await _hold(tx, ticket, talk, chance.choice(staff), chance, at, ends=False)
        await audit.record(tx, SYSTEM, DONE, str(stage.guild_id), now=now)
    return f"{len(OPEN)} tickets are open at the front desk, and more come in while you look."


async def _open(
    tx: Tx, stage: Stage, person: Person, transport: Transport, at: datetime, about: str | None = None
) -> Ticket:
    return await tickets.open_ticket(
        tx,
        SYSTEM,
        guild_id=stage.guild_id,
        person=person,
        origin=Origin.DM if transport is Transport.RELAY else Origin.WEB,
        transport=transport,
        needs_channel=False,
        subject=about,
        now=at,
    )


async def _hold(
    tx: Tx, ticket: Ticket, talk: Talk, staff: Person, chance: Random, at: datetime, *, ends: bool
) -> Ticket:
    """Let a talk take its course, some minutes from one turn to the next, and return what became of the ticket."""
    asker = Person(ticket.user_id, ticket.user_name)
    source = Source.DISCORD if ends else Source.PANEL
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
    ticket = await tickets.sort_ticket(
        tx, SYSTEM, ticket, label="", priority=talk.priority, subject=ticket.subject, now=at
    )
    if ends:
        ticket = await tickets.close_ticket(tx, SYSTEM, ticket, by=staff.id, now=at + timedelta(hours=1))
    return ticket
