"""What a command of the front desk is, and one use of it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, TypeAlias
from zoneinfo import ZoneInfo

from guildhall.bot.desk.commands.errors import AlreadyDone, NoTicketHere
from guildhall.bot.desk.commands.times import parse_moment
from guildhall.bot.words import Words
from guildhall.core import idempotency
from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.core.idempotency import Claim, Kept
from guildhall.domains import tickets
from guildhall.domains.identity import Permission
from guildhall.domains.identity.desk import Standing
from guildhall.domains.site import Document
from guildhall.domains.tickets import EVERYTHING, Person, Sight, Ticket, categories
from guildhall.domains.tickets.attachments import KeptFile
from guildhall.web.house import House

if TYPE_CHECKING:
    from guildhall.bot.client import HouseBot

DONE = 200
"""What is kept of a use that went well, in place of an answer that nobody asks for again."""


class Kind(Enum):
    """What an argument of a command is. A NAME may be put into quotation marks when it has spaces."""

    WORD = auto()
    NAME = auto()
    TEXT = auto()
    NUMBER = auto()
    MOMENT = auto()
    FLAG = auto()
    USER = auto()
    SUBJECT = auto()
    PLACE = auto()
    FILE = auto()


class Telling(Enum):
    """What kind of thing a command tells when it has worked; the configuration says which of them are said in words.

    An ANSWER is what the command was used for, and always said. A SIGN never is, because what the command does shows
    in the channel by itself. PARTLY is an edit that does not reach everybody.
    """

    WORDS = auto()
    ANSWER = auto()
    REPLY = auto()
    EDIT = auto()
    PARTLY = auto()
    DELETE = auto()
    SIGN = auto()


@dataclass(frozen=True)
class Answer:
    """What a command tells the person who used it."""

    text: str
    telling: Telling


@dataclass(frozen=True)
class Subject:
    """A user or a role, by Discord's id."""

    id: int
    is_role: bool = False

    @property
    def mention(self) -> str:
        """How Discord shows them."""
        return f"<@&{self.id}>" if self.is_role else f"<@{self.id}>"


@dataclass(frozen=True)
class Argument:
    """Something that a command takes. `choices` are the only words that it may be."""

    name: str
    kind: Kind
    required: bool = True
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Command:
    """A command. `name` may have two words, of which the first is its group; `short` are further names when typed.

    Without a `permission` it is everybody's, also in the conversation with the bot. `telling` is what its words are,
    where its work does not say so. With files, one that `takes_files` needs no words.
    """

    name: str
    work: "Callable[[Use], Awaitable[str | Answer]]"
    permission: Permission | None
    arguments: tuple[Argument, ...] = ()
    short: tuple[str, ...] = ()
    telling: Telling = Telling.WORDS
    takes_files: bool = False

    @property
    def group(self) -> str:
        """The first word of the name, by which overrides know it."""
        return self.name.partition(" ")[0]


Values: TypeAlias = Mapping[str, Any]
"""What was given, by the names of arguments; what was left out is not there."""


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who uses a command: by Discord's id and the name there, with what they may do and how they stand."""

    person: Person
    actor: Actor
    standing: Standing

    @property
    def id(self) -> int:
        """Discord's id of them."""
        return int(self.person.id)


@dataclass(frozen=True, kw_only=True)
class Use:
    """One use of a command, by somebody who may. `source_id` is Discord's id of the interaction or message.

    `here` is the ticket of the channel as it was when the command came.
    """

    bot: "HouseBot"
    command: Command
    values: Values
    caller: Caller
    source_id: int
    guild_id: int | None
    channel_id: int
    here: Ticket | None
    words: Words
    now: datetime
    files: tuple[KeptFile, ...] = ()

    @property
    def house(self) -> House:
        """The parts of the server."""
        return self.bot.house

    @property
    def document(self) -> Document:
        """The configuration."""
        return self.house.site.now.document

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which people here read and write times."""
        return ZoneInfo(self.document.bot.timezone)

    @property
    def actor(self) -> Actor:
        """Who acts."""
        return self.caller.actor

    @property
    def person(self) -> Person:
        """Who acts, as tickets name them."""
        return self.caller.person

    def moment(self, name: str) -> datetime | None:
        """Return the time that was given, None when there is none. Raises UnreadableTime."""
        typed = self.values.get(name)
        return None if typed is None else parse_moment(typed, now=self.now, zone=self.zone)

    @asynccontextmanager
    async def change(self) -> AsyncIterator[Tx]:
        """Open the transaction of the effect, which this use has once. Raises AlreadyDone."""
        box, claimed = self.house.answers_box, Claim(f"discord:{self.source_id}", self.command.name)
        async with self.house.database.write() as tx:
            if await idempotency.claim(tx, claimed, box=box, now=self.now) is not None:
                raise AlreadyDone
            await idempotency.keep(tx, claimed, Kept(DONE, ""), box=box)
            yield tx

    @asynccontextmanager
    async def change_ticket(self) -> AsyncIterator[tuple[Tx, Ticket]]:
        """Do the same with the ticket of the channel, locked. Raises AlreadyDone, NoTicketHere, TicketNotFound."""
        known = self.ticket()
        async with self.change() as tx:
            yield tx, await tickets.access_ticket_to_change(tx, self.actor, known.id, sight=EVERYTHING)

    def ticket(self) -> Ticket:
        """Return the ticket of the channel; whoever uses a command in its channel sees it. Raises NoTicketHere."""
        if self.here is None:
            raise NoTicketHere
        return self.here

    async def sight(self, tx: Tx) -> Sight:
        """Return which tickets the caller sees."""
        roles = {str(each) for each in self.caller.standing.role_ids}
        return await categories.sight_of(tx, self.actor, role_ids=roles)
