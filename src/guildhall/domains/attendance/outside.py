"""Sessions that somebody else saw: a webinar, a room with a door, anything that knows who was there and when."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from guildhall.core import ids
from guildhall.core.db import Tx
from guildhall.domains.attendance.errors import BadSpan, ChannelNotTracked, OutsidePeriod, SessionOverlap
from guildhall.domains.attendance.models import (
    EndReason,
    OutsideSession,
    Session,
    Source,
    whole_second,
)
from guildhall.domains.attendance.policy import (
    access_current_period,
    access_guild_to_change,
    is_live,
    not_before,
    rules_of,
)
from guildhall.domains.attendance.queries import OUTSIDE_SESSION, OVERLAP
from guildhall.domains.attendance.resets import known_up_to, pass_borders
from guildhall.domains.attendance.scene import Scene
from guildhall.domains.attendance.states import OPEN_MICROPHONE
from guildhall.domains.attendance.writing import end_sessions, insert_session

SHORTEST: Final = timedelta(seconds=1)
LONGEST: Final = timedelta(hours=24)
GRACE: Final = timedelta(seconds=60)
"""How far the sender's clock may be ahead."""


@dataclass(frozen=True)
class Recorded:
    """The session that an outside id stands for; `duplicate` when it was stored before."""

    session_id: str
    duplicate: bool


async def record_outside_session(
    tx: Tx,
    *,
    external_id: str,
    guild_id: int,
    user_id: int,
    channel_id: int,
    joined_at: datetime,
    left_at: datetime,
    now: datetime,
    scene: Scene,
) -> Recorded:
    """Store a finished session that somebody else saw, once for each id of the sender. It counts in full.

    Raises GuildNotSeen, BadSpan, OutsidePeriod, ChannelNotTracked, SessionOverlap.
    """
    guild = await access_guild_to_change(tx, guild_id)
    known = await tx.one(OUTSIDE_SESSION, external_id=external_id)
    if known is not None:
        return Recorded(known.session_id, duplicate=True)
    joined_at, left_at = whole_second(joined_at), whole_second(left_at)
    if not SHORTEST <= left_at - joined_at <= LONGEST or left_at > now + GRACE:
        raise BadSpan
    period = await access_current_period(tx, guild_id)
    at = not_before(guild, period, now)
    guild = known_up_to(guild, at) if is_live(guild, at) else guild
    period = await pass_borders(tx, guild, period, at=at, scene=scene)
    if joined_at < period.started_at or (period.ends_at is not None and left_at > period.ends_at):
        raise OutsidePeriod
    if not (await rules_of(tx, guild)).track(channel_id):
        raise ChannelNotTracked
    # Whatever lies in the current period has begun in it.
    span = {"earliest": period.started_at, "since": joined_at, "until": left_at}
    if await tx.one(OVERLAP, guild_id=guild_id, user_id=user_id, **span):
        raise SessionOverlap
    session = Session(
        id=ids.uuid(),
        guild_id=guild_id,
        user_id=user_id,
        channel_id=channel_id,
        period_id=period.id,
        joined_at=joined_at,
        left_at=left_at,
        end_reason=EndReason.RECORDED,
        source=Source.WEBHOOK,
        stretches=((0, OPEN_MICROPHONE),),
    )
    await insert_session(tx, session)
    await end_sessions(tx, scene, [session], guild_id=guild_id, now=at)
    await tx.insert(OutsideSession(external_id, session.id, now))
    tx.announce("attendance", guild_id=str(guild_id))
    return Recorded(session.id, duplicate=False)
