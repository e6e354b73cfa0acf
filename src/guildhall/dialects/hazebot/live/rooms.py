"""Who is connected, and in which rooms."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from guildhall.core.seats import Seats
from guildhall.dialects.hazebot.ticket_work import Visitor

Payload = Mapping[str, Any]


@dataclass
class Socket:
    """One connection: whose place it takes and whose it is, when that was looked at, and which tickets it follows.

    One that has shown no token is nobody's until it follows a ticket that was read from its address, `lent_at`, and is
    good for that one alone.
    """

    sid: str
    seat: str
    visitor: Visitor | None
    looked_at: datetime
    lent_at: str | None = None
    tickets: set[str] = field(default_factory=set)


def person_room(person_id: str) -> str:
    """Return the room of all that one person has open."""
    return f"person:{person_id}"


def ticket_room(ticket_id: str, *, own: bool) -> str:
    """Return the room of those who follow a ticket and are told the same: its owner, or staff."""
    return f"ticket:{ticket_id}:{'owner' if own else 'staff'}"


class Rooms:
    """The sockets of this process. Everything said here stays in it, because each process hears the news itself."""

    def __init__(self, server: Any, seats: Seats) -> None:  # noqa: ANN401 (untyped)
        self._server = server
        self._seats = seats
        self._sockets: dict[str, Socket] = {}
        self._followers: dict[str, set[str]] = {}

    @property
    def sockets(self) -> list[Socket]:
        """All who are connected."""
        return list(self._sockets.values())

    def add(self, socket: Socket) -> None:
        """Take in somebody new, who has a seat."""
        self._sockets[socket.sid] = socket

    def get(self, sid: str) -> Socket | None:
        """Return a socket, None for one that has left."""
        return self._sockets.get(sid)

    def remove(self, sid: str) -> None:
        """Forget somebody who has left."""
        socket = self._sockets.pop(sid, None)
        if socket is None:
            return
        self._seats.leave(socket.seat, sid)
        for ticket_id in socket.tickets:
            self._unfollow(ticket_id, sid)

    def followers(self, ticket_id: str) -> list[Socket]:
        """Return who follows a ticket."""
        return [self._sockets[sid] for sid in self._followers.get(ticket_id, ())]

    @property
    def followed(self) -> list[str]:
        """The ids of all tickets that somebody follows."""
        return list(self._followers)

    async def enter(self, sid: str, room: str) -> None:
        """Let a socket into a room."""
        await self._server.enter_room(sid, room)

    async def follow(self, socket: Socket, visitor: Visitor, ticket_id: str) -> None:
        """Let a socket of somebody's into the room of a ticket for people like them, and out of the other."""
        socket.tickets.add(ticket_id)
        self._followers.setdefault(ticket_id, set()).add(socket.sid)
        await self.enter(socket.sid, ticket_room(ticket_id, own=not visitor.is_staff))
        await self._server.leave_room(socket.sid, ticket_room(ticket_id, own=visitor.is_staff))

    async def leave(self, socket: Socket, ticket_id: str) -> None:
        """Take a socket out of a ticket's rooms, whichever it is in."""
        socket.tickets.discard(ticket_id)
        self._unfollow(ticket_id, socket.sid)
        for own in (True, False):
            await self._server.leave_room(socket.sid, ticket_room(ticket_id, own=own))

    async def tell(self, event: str, payload: Payload, room: str) -> None:
        """Say something to a room, or to the one socket of that id."""
        await self._server.emit(event, payload, room=room, ignore_queue=True)

    async def show_out(self, sid: str) -> None:
        """End a connection."""
        self.remove(sid)
        await self._server.disconnect(sid, ignore_queue=True)

    def _unfollow(self, ticket_id: str, sid: str) -> None:
        sids = self._followers.get(ticket_id, set())
        sids.discard(sid)
        if not sids:
            self._followers.pop(ticket_id, None)
