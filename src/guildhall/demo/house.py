"""A small believable community for looking around: people, what they do in the rooms, and who helps in the house.

Everything is done by the verbs that people's own clicks call, so nothing here can be what could not really be.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from guildhall.core.actor import SYSTEM, Actor, ActorKind, Credential
from guildhall.core.db import Tx
from guildhall.core.errors import Conflict
from guildhall.domains import actions, audit, identity, ledger, rooms, shifts
from guildhall.domains.actions.deeds import ShiftSignup
from guildhall.domains.identity import User, permissions_of
from guildhall.domains.rooms import Wish
from guildhall.domains.rooms.times import Span, parse_minutes
from guildhall.web.house import House

DONE = "demo.filled"
A_YEAR = timedelta(days=365)
A_WEEK = 7 * 24 * 3600
CLOSED_ON = 11
"""Days after this week's Monday: the Friday of the next one."""


class NotEmpty(Conflict):
    """Somebody lives here already."""

    code = "not_empty"
    text = (
        "This installation has people or bookings already, and the demo would mix its own with them; "
        "point DATA_DIR or DATABASE_URL at an empty place and run it again"
    )


@dataclass(frozen=True)
class Neighbour:
    """Somebody of the community, who signs in with their first name."""

    name: str
    roles: tuple[str, ...] = ()

    @property
    def first_name(self) -> str:
        """The name they sign in with."""
        return self.name.partition(" ")[0].lower()


@dataclass(frozen=True)
class Meeting:
    """What somebody does in a room: `days` are counted from this week's Monday."""

    room: str
    days: tuple[int, ...]
    start: str
    end: str
    by: str
    title: str
    description: str | None = None
    private: bool = False
    invites: str | None = None


@dataclass(frozen=True)
class Turn:
    """Who does which shift: `days` are counted from this week's Monday, `slot` is its number on those days."""

    days: tuple[int, ...]
    slot: int
    by: tuple[str, ...]


NEIGHBOURS = (
    Neighbour("Amina Diallo", ("moderator",)),
    Neighbour("Bram Verhoeven"),
    Neighbour("Chiara Rossi"),
    Neighbour("Dries Peeters"),
    Neighbour("Elif Aydemir"),
    Neighbour("Farid Benali"),
    Neighbour("Greta Lindqvist", ("host", "minter")),
    Neighbour("Hugo Lambert"),
    Neighbour("Ines Carvalho"),
    Neighbour("Jonas Meier"),
    Neighbour("Kasia Nowak"),
    Neighbour("Leon Dubois", ("host",)),
    Neighbour("Mira Okafor"),
    Neighbour("Noor Janssens"),
    Neighbour("Oskar Virtanen"),
    Neighbour("Priya Raman"),
)

MEETINGS = (
    Meeting("ostrom", (0, 7), "09:00", "10:00", "greta", "Hosts' Monday round", "Who opens, who closes, what broke."),
    Meeting("ostrom", (1, 8), "10:00", "12:30", "amina", "Neighbourhood budget: reading the numbers"),
    Meeting("ostrom", (1,), "18:00", "20:00", "bram", "Bike kitchen, planning", invites="bikes@example.org"),
    Meeting("ostrom", (2, 9), "14:00", "16:00", "priya", "Cooperative housing study group"),
    Meeting("ostrom", (3, 10), "09:30", "11:00", "jonas", "Energy cooperative: board", private=True),
    Meeting("ostrom", (3,), "19:00", "21:30", "ines", "Film night: discussion"),
    Meeting("ostrom", (4,), "13:00", "17:00", "chiara", "Workshop: deciding together"),
    Meeting("ostrom", (5, 12), "10:00", "13:00", "mira", "Repair café, front desk"),
    Meeting("satoshi", (0, 7), "18:30", "21:00", "oskar", "Open source evening"),
    Meeting("satoshi", (1, 8), "09:00", "12:00", "kasia", "Course: accounts for associations"),
    Meeting("satoshi", (2,), "18:00", "20:00", "hugo", "Local currency working group"),
    Meeting("satoshi", (3, 10), "13:30", "15:00", "elif", "Translators' table"),
    Meeting("satoshi", (4,), "16:00", "18:00", "leon", "New members: a tour of the house"),
    Meeting("satoshi", (9,), "17:00", "19:30", "farid", "Debate: who owns the square?"),
    Meeting("satoshi", (6,), "15:00", "17:00", "noor", "Choir, voices only"),
    Meeting("phonebooth", (0, 2, 9), "11:00", "11:45", "dries", "Call with the bank", private=True),
    Meeting("phonebooth", (1, 8), "15:00", "15:30", "noor", "Job interview", private=True),
    Meeting("phonebooth", (3, 10), "10:00", "10:30", "mira", "Podcast: pick-ups"),
    Meeting("phonebooth", (4,), "14:00", "14:45", "elif", "Call with Ankara"),
    Meeting("mush", (0, 7), "14:00", "15:30", "chiara", "Garden group"),
    Meeting("mush", (1, 2, 8, 9), "09:30", "10:00", "leon", "Stand-up of the kitchen team"),
    Meeting("mush", (2,), "10:30", "12:00", "ines", "Mushroom growing for beginners"),
    Meeting("mush", (3,), "16:00", "18:00", "dries", "Tool library: inventory"),
    Meeting("mush", (5,), "11:00", "13:00", "oskar", "Fermentation Saturday"),
    Meeting("mush", (10,), "18:00", "20:00", "amina", "Conversation table, French"),
    Meeting("angel", (0, 7), "10:30", "12:00", "hugo", "Grant writing, quiet hour"),
    Meeting("angel", (1,), "13:00", "15:00", "farid", "Mediation", private=True),
    Meeting("angel", (2, 9), "19:00", "21:00", "kasia", "Reading circle: Elinor Ostrom", invites="readers@example.org"),
    Meeting("angel", (4,), "09:00", "11:30", "bram", "Street council"),
    Meeting("angel", (8,), "16:00", "18:30", "priya", "Members' assembly, preparation"),
    Meeting("coworking", (2,), "19:00", "22:00", "greta", "Community dinner", "Bring something, or wash up."),
    Meeting("coworking", (8,), "19:30", "22:00", "jonas", "Concert for twelve guitars"),
    Meeting("coworking", (10,), "19:00", "21:00", "amina", "Members' assembly", "The last minutes hang by the door."),
    Meeting("ostrom", (8,), "19:00", "21:00", "leon", "Neighbours' circle"),
    Meeting("ostrom", (13,), "15:00", "18:00", "elif", "Sunday board games"),
    Meeting("satoshi", (8,), "13:00", "16:00", "bram", "Wheel building, part two"),
    Meeting("satoshi", (10,), "18:00", "21:00", "hugo", "Time bank: yearly settling"),
    Meeting("satoshi", (12,), "10:00", "12:30", "priya", "Paper repair, with tea"),
    Meeting("phonebooth", (7, 9), "16:00", "17:00", "kasia", "Advice by phone", private=True),
    Meeting("mush", (8,), "18:30", "20:30", "ines", "Film club chooses"),
    Meeting("mush", (10,), "10:00", "12:00", "greta", "Garden: what winter needs"),
    Meeting("mush", (13,), "11:00", "14:00", "oskar", "Sourdough Sunday"),
    Meeting("angel", (7, 9), "14:00", "17:00", "jonas", "Energy cooperative: open desk"),
    Meeting("angel", (10,), "09:00", "12:00", "farid", "Street council: the crossing"),
    Meeting("angel", (12,), "15:00", "18:00", "chiara", "Drawing people"),
    Meeting("coworking", (7, 9), "19:00", "22:00", "dries", "Night owls"),
    Meeting("playroom", (0, 3, 7, 10), "15:30", "17:30", "mira", "After-school play"),
    Meeting("playroom", (2, 9), "10:00", "12:00", "elif", "Parents and babies"),
    Meeting("playroom", (5, 12), "14:00", "17:00", "noor", "Puppet theatre"),
    Meeting("playroom", (6,), "11:00", "13:00", "leon", "Birthday", private=True),
)  # fmt: skip


TURNS = (
    Turn((-7, -5, -3, 0, 2, 4, 7), 0, ("bram", "noor")),
    Turn((-6, -4, 1, 3, 8), 0, ("priya", "hugo", "chiara")),
    Turn((-7, -6, 0, 1, 3), 1, ("mira", "farid")),
    Turn((-5, -4, 2, 5), 1, ("elif", "oskar", "kasia")),
    Turn((-7, -4, 0, 4, 9), 2, ("leon", "dries")),
    Turn((-6, -2, 1, 6), 2, ("ines", "jonas", "amina")),
    Turn((-5, -3, 2, 3, 10), 3, ("hugo", "greta")),
    Turn((-2, -1, 5, 6), 3, ("noor", "chiara", "leon")),
    Turn((-3, 0, 4), 4, ("oskar",)),
    Turn((-1, 6), 0, ("kasia", "elif")),
)
REWARDED = (-7, -6, -5, -4)
"""Days whose shifts were rewarded already; those after them wait for somebody to do it."""


async def fill(house: House) -> str | None:
    """Fill an empty installation and return how to look around; None when that was done before. Raises NotEmpty."""
    now = house.clock.now()
    async with house.database.read() as tx:
        if await audit.page_of_entries(tx, limit=1, action=DONE):
            return None
    password = secrets.token_urlsafe(9)
    password_hash = await house.passwords.hash(password)
    async with house.database.write() as tx:
        await _check_empty(tx, now)
        people = {each.first_name: await _move_in(tx, each, password_hash, now) for each in NEIGHBOURS}
        monday = _monday(house, now)
        booked = sum([await _meet(tx, house, each, people[each.by], monday, now) for each in MEETINGS])
        closed_on = monday + timedelta(days=CLOSED_ON)
        await rooms.close_day(tx, SYSTEM, closed_on, reason="House cleaning day", now=now)
        helping = sum([await _help(tx, house, turn, people, monday, now) for turn in TURNS])
        await _reward(tx, house, people["greta"], monday, now)
        await _prepare(tx, house, people, monday, now)
        await audit.record(tx, SYSTEM, DONE, None, now=now)
    return (
        f"{len(people)} people have moved in and made {booked} bookings for this week and the next; "
        f"{helping} times somebody has signed up for a shift; "
        f"the house is closed on {closed_on:%A %d %B}.\n"
        f"Sign in at {house.settings.public_url}/panel as any of {', '.join(people)}, "
        f"with password {password} (shown this once)."
    )


async def _check_empty(tx: Tx, now: datetime) -> None:
    """Allow a house in which at most its administrator lives, and where nobody has booked."""
    users = await identity.search_users(tx, text=None, limit=2)
    around = Span(now - A_YEAR, now + A_YEAR)
    if len(users) > 1 or any([await rooms.bookings_of(tx, user.id, around) for user in users]):
        raise NotEmpty


async def _move_in(tx: Tx, neighbour: Neighbour, password_hash: str, now: datetime) -> User:
    address = f"{neighbour.first_name}@example.org"
    user = await identity.create_person(
        tx,
        SYSTEM,
        sign_in_name=neighbour.first_name,
        password_hash=password_hash,
        email=address,
        roles=list(neighbour.roles),
        now=now,
    )
    return await identity.update_profile(
        tx, SYSTEM, user, email=address, wallet=None, display_name=neighbour.name, now=now
    )


async def _meet(tx: Tx, house: House, meeting: Meeting, user: User, monday: date, now: datetime) -> int:
    """Book every day of a meeting, and return how many there were."""
    actor = _actor(user)
    for day in meeting.days:
        room = await rooms.access_room(tx, actor, meeting.room, to_book=True)
        await rooms.book_room(tx, actor, room, _wish(meeting, monday + timedelta(days=day)), hub=house.hub, now=now)
    return len(meeting.days)


async def _help(tx: Tx, house: House, turn: Turn, people: Mapping[str, User], monday: date, now: datetime) -> int:
    """Sign people up for a shift on each of its days, and return how many sign-ups there were."""
    for day in turn.days:
        for name in turn.by:
            await shifts.sign_up(
                tx, _actor(people[name]), day=monday + timedelta(days=day), index=turn.slot, hub=house.hub, now=now
            )
    return len(turn.days) * len(turn.by)


async def _reward(tx: Tx, house: House, minter: User, monday: date, now: datetime) -> None:
    """Reward last week's first shifts as they suggest."""
    actor = _actor(minter, "minter")
    token = (await ledger.list_tokens(tx))[0]
    done = sorted((day, turn.slot) for turn in TURNS for day in turn.days if day in REWARDED)
    for day, number in done:
        slot, _ = await shifts.access_slot(tx, actor, monday + timedelta(days=day), number)
        there = [each.alias for each in await shifts.volunteers_of(tx, slot.day, slot.index)]
        amount = Decimal(ledger.amount_text(shifts.suggested_units(slot, token.hourly)))
        await shifts.reward(
            tx, actor, slot=slot, participants=there, amount=amount, token=token.code, hub=house.hub, now=now
        )


async def _prepare(tx: Tx, house: House, people: Mapping[str, User], monday: date, now: datetime) -> None:
    """Let everybody find something that waits for their yes: a shift next week that nobody has taken."""
    for number, user in enumerate(people.values()):
        day = monday + timedelta(days=7 + number % 4)
        await actions.prepare_action(
            tx,
            _actor(user),
            ShiftSignup(date=day.isoformat(), slot_index=4),
            target=user.alias,
            expires_in=A_WEEK,
            hub=house.hub,
            now=now,
        )


def _actor(user: User, *roles: str) -> Actor:
    permissions = frozenset(permissions_of(Credential.SESSION, roles))
    return Actor(ActorKind.USER, Credential.SESSION, user.id, permissions=permissions)


def _wish(meeting: Meeting, day: date) -> Wish:
    return Wish(
        day=day,
        start=parse_minutes(meeting.start),
        end=parse_minutes(meeting.end),
        title=meeting.title,
        description=meeting.description,
        private=meeting.private,
        email=meeting.invites,
    )


def _monday(house: House, now: datetime) -> date:
    today = now.astimezone(house.hub.zone).date()
    return today - timedelta(days=today.weekday())
