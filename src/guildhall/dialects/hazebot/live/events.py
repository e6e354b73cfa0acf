"""What sockets ask for: to follow a ticket, to write in it, and to have read it."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec

from guildhall.core.errors import Forbidden, GuildhallError, Internal, Invalid, Limited
from guildhall.core.log import get_logger
from guildhall.dialects.hazebot.face import code_of
from guildhall.dialects.hazebot.lending import borrowed
from guildhall.dialects.hazebot.live.news import News
from guildhall.dialects.hazebot.live.rooms import Payload, Rooms, Socket
from guildhall.dialects.hazebot.ticket_work import MINUTE, Visitor, count_write, mark_read, newest, reader_of, write
from guildhall.domains import tickets
from guildhall.domains.identity.community import caller_again
from guildhall.web.bodies import has_unstorable_text
from guildhall.web.house import House

log = get_logger(__name__)

JOINS: Final = 60
"""How often somebody may begin to follow a ticket in a minute."""

LONGEST_ID: Final = 64
Answer = Callable[[Socket, Visitor, str, Payload], Awaitable[Payload]]


class IdMissing(Invalid):
    """Nothing says which ticket is meant."""

    code = "invalid_request"
    text = "ticket_id required"


class Conversation:
    """The events that sockets may send."""

    def __init__(self, house: House, rooms: Rooms, news: News) -> None:
        self._house = house
        self._rooms = rooms
        self._news = news

    def listen(self, server: Any) -> None:  # noqa: ANN401 (untyped)
        """Answer these events."""
        for name, answer in (
            ("join_ticket", self._join),
            ("leave_ticket", self._leave),
            ("send_message", self._send),
            ("mark_read", self._read),
        ):
            server.on(name, self._answering(answer))

    def _answering(self, answer: Answer) -> Callable[..., Awaitable[Payload | None]]:
        """Return the handler that says what went wrong, both as the event `error` and to who waits for an answer."""

        async def handle(sid: str, payload: object = None, *_: object) -> Payload | None:
            socket = self._rooms.get(sid)
            if socket is None:
                return None
            ticket_id = _text(payload, "ticket_id")
            try:
                _check_id(ticket_id)
                # What somebody may do is looked up each time, as it is for requests.
                visitor = socket.visitor = await self._visitor(socket, ticket_id, joins=answer == self._join)
                return await answer(socket, visitor, ticket_id, payload if isinstance(payload, dict) else {})
            except GuildhallError as error:
                return await self._refuse(socket, ticket_id, error)
            except Exception:
                log.exception("An event of a socket failed")
                return await self._refuse(socket, ticket_id, Internal())

        return handle

    async def _visitor(self, socket: Socket, ticket_id: str, *, joins: bool) -> Visitor:
        """Return who asks for something about a ticket, as they are now. Raises Forbidden, SessionEnded."""
        if socket.lent_at is not None and joins:
            visitor = await borrowed(self._house, socket.lent_at, ticket_id)
            for each in tuple(socket.tickets):
                await self._rooms.leave(socket, each)
            return visitor
        if socket.visitor is None or (socket.lent_at is not None and ticket_id not in socket.tickets):
            raise Forbidden
        return Visitor(await caller_again(self._house.community, socket.visitor.caller))

    async def _refuse(self, socket: Socket, ticket_id: str, error: GuildhallError) -> Payload:
        code = code_of(error)
        named = {"ticket_id": ticket_id} if ticket_id else {}
        await self._rooms.tell("error", {"message": error.message, "code": code, **named}, socket.sid)
        return {"success": False, "error": error.message, "code": code}

    async def _join(self, socket: Socket, visitor: Visitor, ticket_id: str, _: Payload) -> Payload:
        key = f"hazebot.join:{visitor.person.id}"
        allowance = await self._house.limiter.hit(key, limit=JOINS, window=MINUTE)
        if not allowance.allowed:
            raise Limited(retry_after=allowance.retry_after)
        async with self._house.database.read() as tx:
            ticket = await tickets.access_ticket(tx, visitor.actor, ticket_id, sight=visitor.sight)
        # First into the room, then the past: what comes in between is told twice, under one id, and never missed.
        await self._rooms.follow(socket, visitor, ticket_id)
        self._news.remember(ticket)
        async with self._house.database.read() as tx:
            unread = await tickets.unread_of(tx, [ticket], visitor.person.id)
        messages = await newest(self._house, ticket, reader_of(self._house, own=not visitor.is_staff))
        if unread[ticket_id]:
            async with self._house.database.write() as tx:
                await mark_read(tx, visitor, ticket_id)
        history = {"ticket_id": ticket_id, "messages": msgspec.to_builtins(messages)}
        await self._rooms.tell("message_history", history, socket.sid)
        room = {"ticket_id": ticket_id, "room": f"ticket_{ticket_id}"}
        await self._rooms.tell("joined_ticket", room, socket.sid)
        return {"success": True, **room}

    async def _leave(self, socket: Socket, _: Visitor, ticket_id: str, __: Payload) -> Payload:
        await self._rooms.leave(socket, ticket_id)
        room = {"ticket_id": ticket_id, "room": f"ticket_{ticket_id}"}
        await self._rooms.tell("left_ticket", room, socket.sid)
        return {"success": True, **room}

    async def _send(self, _: Socket, visitor: Visitor, ticket_id: str, payload: Payload) -> Payload:
        text, client_id = _text(payload, "message"), _text(payload, "client_message_id") or None
        house = self._house
        if has_unstorable_text([text, client_id]) or len(client_id or "") > LONGEST_ID:
            raise Invalid("The message has characters that no text has, or its name is too long")
        await count_write(house, visitor)
        async with house.database.write() as tx:
            reply = await write(tx, house, visitor, ticket_id, text, client_id, now=house.clock.now())
        return {"success": True, "message": msgspec.to_builtins(reply)}

    async def _read(self, _: Socket, visitor: Visitor, ticket_id: str, __: Payload) -> Payload:
        async with self._house.database.write() as tx:
            await mark_read(tx, visitor, ticket_id)
        return {"success": True}


def _check_id(ticket_id: str) -> None:
    if not 1 <= len(ticket_id) <= LONGEST_ID or has_unstorable_text(ticket_id):
        raise IdMissing


def _text(payload: object, name: str) -> str:
    """Return a text of what was sent, empty when it is none."""
    value = payload.get(name) if isinstance(payload, dict) else None
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
