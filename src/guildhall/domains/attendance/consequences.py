"""What follows when sessions end and periods are archived, in the very transaction that closes them."""

from collections.abc import Sequence
from datetime import datetime

from guildhall.core.db import Tx
from guildhall.domains.attendance.key_models import Unsigned
from guildhall.domains.attendance.models import Period, Session
from guildhall.domains.attendance.posting.queueing import queue_period, queue_sessions
from guildhall.domains.attendance.roles import judge, judge_after_sessions
from guildhall.domains.attendance.scene import Scene
from guildhall.domains.attendance.signing import sign_closed
from guildhall.domains.attendance.webhooks.events import queue_period_event, queue_session_events
from guildhall.evidence.formats import RecordKind


async def sessions_ended(
    tx: Tx, scene: Scene, guild_id: int, sessions: Sequence[Session], records: Sequence[Unsigned], *, now: datetime
) -> None:
    """Let everything follow that follows from sessions of a guild which have just ended; `records` are their bytes."""
    await sign_closed(tx, scene.keyring, RecordKind.SESSION, records, guild_id=guild_id, now=now)
    await queue_sessions(tx, guild_id=guild_id, sessions=sessions, now=now)
    await queue_session_events(tx, guild_id, sessions, now=now)
    await judge_after_sessions(tx, guild_id, sessions, now=now)


async def period_archived(tx: Tx, scene: Scene, period: Period, record: Unsigned, *, now: datetime) -> None:
    """Let everything follow that follows from a period which has just been archived; `record` is its bytes."""
    await sign_closed(tx, scene.keyring, RecordKind.PERIOD, [record], guild_id=period.guild_id, now=now)
    await queue_period(tx, guild_id=period.guild_id, period_id=period.id, now=now)
    await queue_period_event(tx, period, now=now)
    await judge(tx, guild_id=period.guild_id, now=now)
