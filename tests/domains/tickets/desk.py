"""A front desk as tests tell of it: people who write, staff who answer, and a clock that somebody turns."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from guildhall.core.actor import SYSTEM
from guildhall.core.db import Database
from guildhall.domains import tickets
from guildhall.domains.tickets import (
    EVERYTHING,
    Draft,
    Message,
    Origin,
    Person,
    Sight,
    Source,
    Ticket,
    TicketPage,
    Transport,
    Wanted,
)

T = TypeVar("T")
START = datetime(2026, 3, 3, 9, tzinfo=UTC)
ROSA, PAVEL = Person("1001", "rosa.m"), Person("1002", "pavel_n")
MARA, TOBIAS = Person("2001", "mara.d"), Person("2002", "tobias.k")


class Desk:
    """The tickets of one database."""

    def __init__(self, database: Database) -> None:
        self.database, self.now = database, START

    def later(self, **by: float) -> None:
        """Let time pass."""
        self.now += timedelta(**by)

    async def open(self, person: Person = ROSA, **named: Any) -> Ticket:  # noqa: ANN401 (whatever the verb takes)
        """Open a ticket for somebody: relayed and without a channel to wait for, unless told otherwise."""
        given = {"guild_id": 1, "origin": Origin.DM, "transport": Transport.RELAY, "needs_channel": False, **named}
        async with self.database.write() as tx:
            return await tickets.open_ticket(tx, SYSTEM, person=person, now=self.now, **given)

    async def do(self, verb: Callable[..., Awaitable[T]], ticket: Ticket, *args: Any, **named: Any) -> T:  # noqa: ANN401 (whatever the verb takes)
        """Call a verb for a ticket, now."""
        async with self.database.write() as tx:
            fresh = await tickets.access_ticket_to_change(tx, SYSTEM, ticket.id, sight=EVERYTHING)
            return await verb(tx, SYSTEM, fresh, *args, now=self.now, **named)

    async def says(self, ticket: Ticket, content: str, person: Person = ROSA, **named: Any) -> Message:  # noqa: ANN401 (whatever a draft takes)
        """Let the user write."""
        return await self.do(tickets.write_as_user, ticket, person, Draft(content, Source.DISCORD, **named))

    async def replies(self, ticket: Ticket, content: str, person: Person = MARA, **named: Any) -> Message:  # noqa: ANN401 (whatever the verb takes)
        """Let somebody of the staff answer."""
        return await self.do(tickets.write_as_staff, ticket, person, Draft(content, Source.PANEL), **named)

    async def look(self, ticket: Ticket, sight: Sight = EVERYTHING) -> Ticket:
        """Return the ticket as it is stored."""
        async with self.database.read() as tx:
            return await tickets.access_ticket(tx, SYSTEM, ticket.id, sight=sight)

    async def page(self, wanted: Wanted = Wanted(), sight: Sight = EVERYTHING, **named: Any) -> TicketPage:  # noqa: ANN401, B008 (whatever the read takes; a frozen value)
        """Return a page of tickets."""
        async with self.database.read() as tx:
            return await tickets.list_tickets(tx, wanted, sight=sight, **named)

    async def numbers(self, wanted: Wanted = Wanted(), sight: Sight = EVERYTHING, **named: Any) -> list[int]:  # noqa: ANN401, B008 (as above)
        """Return the numbers of a page of tickets."""
        return [ticket.number for ticket in (await self.page(wanted, sight, **named)).tickets]

    async def messages(self, ticket: Ticket, **named: Any) -> list[Message]:  # noqa: ANN401 (whatever the read takes)
        """Return a page of what was said."""
        async with self.database.read() as tx:
            return (await tickets.messages_of(tx, ticket, **named)).messages
