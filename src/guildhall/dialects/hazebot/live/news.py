"""Telling the rooms what has happened in their tickets, whichever way it came about."""

from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec

from guildhall.core.actor import SYSTEM
from guildhall.core.events import LAGGED, Event
from guildhall.core.log import get_logger
from guildhall.dialects.hazebot.face import code_of
from guildhall.dialects.hazebot.live.rooms import Payload, Rooms, Socket, ticket_room
from guildhall.dialects.hazebot.ticket_wire import moment
from guildhall.dialects.hazebot.ticket_work import Visitor, newest, reader_of, surroundings_of
from guildhall.domains import tickets
from guildhall.domains.identity.sessions import ACCESS_CHANGED
from guildhall.domains.tickets import EVERYTHING, TOPIC, Kind, Message, Ticket
from guildhall.domains.tickets.errors import NotTicketOwner, TicketNotFound
from guildhall.web.house import House

log = get_logger(__name__)

REMEMBERED: Final = 1024
"""Events whose ids are kept: after a broken connection one may come twice."""

Change = tuple[str, Payload]
Look = Callable[[str], Awaitable[None]]


class News:
    """What sockets are told by themselves."""

    def __init__(self, house: House, rooms: Rooms) -> None:
        self._house = house
        self._rooms = rooms
        self._told: deque[str] = deque(maxlen=REMEMBERED)
        self._holders: dict[str, tuple[str | None, str | None]] = {}

    def remember(self, ticket: Ticket) -> None:
        """Note who has a ticket that somebody follows, so that a change of that is seen."""
        self._holders.setdefault(ticket.id, (ticket.claimed_by, ticket.assigned_to))

    async def follow(self, look_again: Look) -> None:
        """Tell everything until the house closes. `look_again` is called for a person whose rights have changed."""
        async with self._house.events.subscribe(TOPIC, ACCESS_CHANGED) as told:
            async for event in told:
                try:
                    await self._tell(event, look_again)
                except Exception:
                    # Nobody may miss all that follows for the sake of one event.
                    log.exception("Sockets were not told of an event", topic=event.topic)

    async def judge(self, socket: Socket, visitor: Visitor) -> None:
        """Let a socket follow only what its person may see now, and be told what people like them are told.

        Whoever may go on is in a room all the while, so that nothing is missed which is told meanwhile.
        """
        for ticket_id in tuple(socket.tickets):
            try:
                async with self._house.database.read() as tx:
                    await tickets.access_ticket(tx, visitor.actor, ticket_id, sight=visitor.sight)
            except (TicketNotFound, NotTicketOwner) as error:
                await self._rooms.leave(socket, ticket_id)
                said = {"message": error.message, "code": code_of(error), "ticket_id": ticket_id}
                await self._rooms.tell("error", said, socket.sid)
            else:
                await self._rooms.follow(socket, visitor, ticket_id)

    async def _tell(self, event: Event, look_again: Look) -> None:
        if event.id in self._told:
            return
        self._told.append(event.id)
        if event.topic == LAGGED:
            await self._tell_anew()
        elif event.topic == ACCESS_CHANGED:
            await look_again(str(event.data["user_id"]))
        elif self._rooms.followers(event.data["ticket_id"]) and _is_shown(event):
            await self._tell_of(event.data)

    async def _tell_of(self, told: Mapping[str, Any]) -> None:
        what, ticket_id, message_id = told["what"], told["ticket_id"], told.get("message_id")
        if what == "ticket.deleted":
            await self._tell_all(ticket_id, "ticket_deleted", {})
            for each in self._rooms.followers(ticket_id):
                await self._rooms.leave(each, ticket_id)
            self._holders.pop(ticket_id, None)
            return
        async with self._house.database.read() as tx:
            try:
                ticket = await tickets.access_ticket(tx, SYSTEM, ticket_id, sight=EVERYTHING)
            except TicketNotFound:
                return  # Its deletion is told next.
        if message_id is not None:
            await self._tell_of_message(what, ticket, message_id)
            return
        for kind, data in self._changes(what, ticket, told.get("close_message")):
            await self._tell_all(ticket_id, kind, data)

    def _changes(self, what: str, ticket: Ticket, close_message: str | None) -> list[Change]:
        """Return what a change of a ticket is called, none when it is nothing that sockets are told."""
        before = self._holders.get(ticket.id, (None, None))
        self._holders[ticket.id] = (ticket.claimed_by, ticket.assigned_to)
        if what == "ticket.closed":
            return [("ticket_closed", {"close_message": close_message})]
        if what == "ticket.reopened":
            return [("ticket_reopened", {})]
        changes: list[Change] = []
        if ticket.claimed_by != before[0]:
            changes.append(("ticket_claimed", {"claimed_by": ticket.claimed_by}))
        if ticket.assigned_to != before[1]:
            changes.append(("ticket_assigned", {"assigned_to": ticket.assigned_to}))
        return changes

    async def _tell_of_message(self, what: str, ticket: Ticket, message_id: int) -> None:
        if what == "message.deleted":
            await self._tell_all(ticket.id, "message_deleted", {"message_id": str(message_id)})
            return
        async with self._house.database.read() as tx:
            page = await tickets.messages_of(tx, ticket, after=message_id - 1, limit=1, visible=True)
        message = next((each for each in page.messages if each.id == message_id), None)
        if message is None:
            return  # Deleted meanwhile, which is told next.
        around = await surroundings_of(self._house, [message])
        for own in (True, False):
            reply = msgspec.to_builtins(around.show(message, reader_of(self._house, own=own)))
            await self._tell_message(what, ticket.id, reply, ticket_room(ticket.id, own=own))
        if what == "message.created" and message.kind is not Kind.SYSTEM:
            await self._note_read(ticket, message)

    async def _tell_message(self, what: str, ticket_id: str, reply: Payload, room: str) -> None:
        if what != "message.created":
            await self._tell_update(ticket_id, "message_edited", reply, room)
            return
        said = {"ticket_id": ticket_id, "message": reply["content"], "messageData": reply}
        await self._rooms.tell("new_message", said, room)
        await self._tell_update(ticket_id, "new_message", reply, room)

    async def _note_read(self, ticket: Ticket, message: Message) -> None:
        """Note that whoever has the ticket before them has read it; the author's own mark is set already."""
        followers = [each.visitor for each in self._rooms.followers(ticket.id) if each.visitor]
        present = {each.person.id for each in followers} - {message.author_id}
        if present:
            async with self._house.database.write() as tx:
                for person_id in sorted(present):
                    await tickets.mark_read(tx, ticket, person_id)

    async def _tell_all(self, ticket_id: str, kind: str, data: Payload) -> None:
        for own in (True, False):
            await self._tell_update(ticket_id, kind, data, ticket_room(ticket_id, own=own))

    async def _tell_update(self, ticket_id: str, kind: str, data: Payload, room: str) -> None:
        now = moment(self._house.clock.now())
        said = {"ticket_id": ticket_id, "event_type": kind, "data": data, "timestamp": now}
        await self._rooms.tell("ticket_update", said, room)

    async def _tell_anew(self) -> None:
        """Send every room its newest messages, because some news was missed."""
        for ticket_id in self._rooms.followed:
            for socket in self._rooms.followers(ticket_id):
                if socket.visitor is not None:
                    await self.judge(socket, socket.visitor)
            async with self._house.database.read() as tx:
                try:
                    ticket = await tickets.access_ticket(tx, SYSTEM, ticket_id, sight=EVERYTHING)
                except TicketNotFound:
                    continue
            for own in (True, False):
                messages = await newest(self._house, ticket, reader_of(self._house, own=own))
                said = {"ticket_id": ticket_id, "messages": msgspec.to_builtins(messages)}
                await self._rooms.tell("message_history", said, ticket_room(ticket_id, own=own))


def _is_shown(event: Event) -> bool:
    """Whether sockets see what an event is about: neither notes, nor how far a message has come on its way."""
    return event.data.get("kind") != Kind.NOTE and "delivery" not in event.data
