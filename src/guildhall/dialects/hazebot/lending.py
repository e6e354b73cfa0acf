"""Sockets that show no token: what somebody has just read with one from the same address lets them follow it.

Off unless an operator wants it, because everybody behind an address is one to the server. Where two people have read
the same ticket from one address, neither is let in by it.
"""

from datetime import timedelta
from typing import Final

import msgspec

from guildhall.core.errors import Forbidden
from guildhall.dialects.hazebot.ticket_work import Visitor
from guildhall.domains.identity.community import Caller, caller_behind
from guildhall.web.house import House

LENT_FOR: Final = timedelta(minutes=10)
FOLLOWED_FOR: Final = timedelta(minutes=60)


class Reader(msgspec.Struct, frozen=True):
    """Who has read a ticket, and in which session; nobody where several have."""

    user_id: str
    session_id: str


NOBODY: Final = Reader("", "")


async def note_reading(house: House, caller: Caller, ip: str, ticket_id: str) -> None:
    """Note that somebody has read a ticket from an address, where the house lends that."""
    if not house.settings.community.socket_rest_grant or caller.user is None:
        return
    reader, before = Reader(caller.user.id, caller.session_id), await _reader(house, ip, ticket_id)
    if before is not None and before.user_id != reader.user_id:
        reader = NOBODY
    await house.cache.set(_key(ip, ticket_id), msgspec.json.encode(reader), ttl=LENT_FOR)


async def borrowed(house: House, ip: str, ticket_id: str) -> Visitor:
    """Return who has read a ticket from an address lately, for an hour at most. Raises Forbidden, SessionEnded."""
    reader = await _reader(house, ip, ticket_id)
    if reader is None or reader == NOBODY:
        raise Forbidden
    until = house.clock.now() + FOLLOWED_FOR
    return Visitor(await caller_behind(house.community, reader.user_id, reader.session_id, until=until, ip=ip))


async def _reader(house: House, ip: str, ticket_id: str) -> Reader | None:
    content = await house.cache.get(_key(ip, ticket_id))
    return msgspec.json.decode(content, type=Reader) if content else None


def _key(ip: str, ticket_id: str) -> str:
    return f"hazebot:read:{ip}:{ticket_id}"
