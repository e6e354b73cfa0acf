"""A server of python-socketio as people write it: a token at the door, rooms by ticket, and a route that emits.

It keeps nothing, and lets whoever has a token into any room. What it says of a message is what the server says, in the
same two events.
"""

import os
from datetime import UTC, datetime
from typing import Any

import jwt
import socketio  # type: ignore[import-untyped]  # the library has no types
from fastapi import FastAPI
from pydantic import BaseModel


class MessageIn(BaseModel):
    """What to say."""

    message: str


http = FastAPI()
server = socketio.AsyncServer(async_mode="asgi", cors_allowed_origins="*")
app = socketio.ASGIApp(server, other_asgi_app=http)


async def connect(sid: str, _: dict[str, Any], auth: dict[str, Any]) -> None:
    """Let in whoever has a token."""
    try:
        jwt.decode(auth["token"], os.environ["JWT_SECRET"], algorithms=["HS256"])
    except (KeyError, TypeError, jwt.InvalidTokenError) as fault:
        raise socketio.exceptions.ConnectionRefusedError("token_invalid") from fault
    await server.emit("connected", {"authenticated": True}, to=sid)


async def join(sid: str, wish: dict[str, Any]) -> None:
    """Let a socket into the room of a ticket."""
    await server.enter_room(sid, wish["ticket_id"])
    await server.emit("joined_ticket", {"ticket_id": wish["ticket_id"]}, to=sid)


server.on("connect", connect)
server.on("join_ticket", join)


@http.get("/health")
async def get_health() -> dict[str, str]:
    """Say that it is there."""
    return {"status": "ok"}


@http.post("/api/tickets/{ticket_id}/send")
async def send(ticket_id: str, wish: MessageIn) -> dict[str, bool]:
    """Tell a room what was said."""
    now = datetime.now(UTC).isoformat()
    reply: dict[str, Any] = {
        "id": now, "author_id": "staff", "author_name": "staff", "author_avatar": None, "content": wish.message,
        "timestamp": now, "is_admin": True, "is_bot": False, "role": "moderator", "display_content": wish.message,
        "attachments": [], "edited_at": None,
    }  # fmt: skip
    said = {"ticket_id": ticket_id, "message": wish.message, "messageData": reply}
    await server.emit("new_message", said, room=ticket_id)
    update = {"ticket_id": ticket_id, "event_type": "new_message", "data": reply, "timestamp": now}
    await server.emit("ticket_update", update, room=ticket_id)
    return {"success": True}
