"""Attendance that other systems saw, brought in by webhook."""

from typing import Annotated, Literal

import msgspec

from guildhall.core.actor import Credential
from guildhall.core.crypto import same
from guildhall.core.errors import InvalidField, MissingField, Unauthenticated
from guildhall.dialects.attendance.wire import Instant, SnowflakeIn, snowflake
from guildhall.domains import attendance
from guildhall.domains.attendance.errors import (
    BadSpan,
    ChannelNotTracked,
    GuildNotSeen,
    OutsidePeriod,
    SessionOverlap,
)
from guildhall.domains.identity import Permission
from guildhall.web.answers import Answer
from guildhall.web.bodies import Body, Later
from guildhall.web.calls import Call
from guildhall.web.house import House
from guildhall.web.routing import route

NOT_IMPLEMENTED = 501


class InboundEvent(Body, frozen=True, kw_only=True):
    """A session that somebody else saw, under an id of the sender's."""

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
    type: Literal["session.recorded"]
    guild_id: SnowflakeIn
    user_id: SnowflakeIn
    channel_id: SnowflakeIn
    joined_at: Instant
    left_at: Instant


class Accepted(msgspec.Struct, frozen=True):
    """Stored now, or already stored under this id."""

    accepted: bool
    session_id: str
    duplicate: bool


@route(
    "POST", "/webhooks/attendance", permission=Permission.PUBLIC, accepts=Credential.NONE, transaction="none",
    refusals=(
        Unauthenticated, MissingField, InvalidField, GuildNotSeen, BadSpan, OutsidePeriod, ChannelNotTracked,
        SessionOverlap,
    ),
    also=(NOT_IMPLEMENTED,),
)  # fmt: skip
async def receive_attendance(data: Later[InboundEvent], call: Call, house: House) -> Accepted | Answer:
    """Take in a session that another system saw, where the operator wants that.

    The event's own id tells a repeat; an Idempotency-Key would keep answers for whoever does not show the secret.
    """
    settings = house.settings.attendance
    if settings.webhook_secret and not same(call.header("x-webhook-secret") or "", settings.webhook_secret):
        raise Unauthenticated("x-webhook-secret is not the one that is shared with this server")
    if not settings.webhook_secret or not settings.inbound:
        words = {"error": "Inbound attendance is not implemented", "code": "NOT_IMPLEMENTED"}
        return Answer(msgspec.json.encode(words), status=NOT_IMPLEMENTED)
    event, now = data.read(), house.clock.now()
    guild_id = snowflake(event.guild_id, "guild_id")
    async with house.database.write() as tx:
        recorded = await attendance.record_outside_session(
            tx,
            external_id=event.id,
            guild_id=guild_id,
            user_id=snowflake(event.user_id, "user_id"),
            channel_id=snowflake(event.channel_id, "channel_id"),
            joined_at=event.joined_at,
            left_at=event.left_at,
            now=now,
            scene=house.scene,
        )
    return Accepted(accepted=True, session_id=recorded.session_id, duplicate=recorded.duplicate)
