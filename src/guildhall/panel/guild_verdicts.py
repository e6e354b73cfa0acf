"""What was found of a signed record, in words for people who have never heard of signatures."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from guildhall.core.db import Tx
from guildhall.domains import attendance
from guildhall.domains.attendance import PeriodVerdict, SessionVerdict
from guildhall.domains.attendance.errors import NeedsPro
from guildhall.domains.attendance.key_errors import RecordNotFound
from guildhall.evidence.signatures import Reason


@dataclass(frozen=True)
class Words:
    """A verdict as people read it: `look` is how the page marks it, empty when all is well."""

    headline: str
    text: str
    look: str = ""


GENUINE: Final = Words(
    "Genuine",
    "The signature holds. This is exactly what was recorded when it ended, and nobody has changed it since.",
)
GOING_ON: Final = Words("Still going on", "It is signed when it ends; come back then.", "open")
NOT_GENUINE: Final = {
    Reason.UNSIGNED: Words(
        "Not signed yet",
        "It is over and stored as it will be signed, but the guild's key was locked when it ended. "
        "Once the key is unlocked, it is signed, and this page says so.",
        "open",
    ),
    Reason.BAD_SIGNATURE: Words(
        "Not genuine",
        "The signature does not fit what is stored: one of them was changed after it was signed. Do not rely on it.",
        "broken",
    ),
    Reason.PAYLOAD_MISMATCH: Words(
        "Not genuine",
        "What this server counts with differs from what was signed. Do not rely on the figures below.",
        "broken",
    ),
    Reason.UNKNOWN_KEY: Words(
        "Not genuine",
        "It names a key that was never this guild's, so it proves nothing. Do not rely on it.",
        "broken",
    ),
}


class LogState(StrEnum):
    """Whether a record can be shown to be in the transparency log."""

    THERE = "there"
    LATER = "later"
    RESTS = "rests"


def words_of(verdict: SessionVerdict | PeriodVerdict) -> Words:
    """Return a verdict in words."""
    if verdict.reason is None:
        return GENUINE
    if isinstance(verdict, SessionVerdict) and verdict.left_at is None:
        return GOING_ON
    return NOT_GENUINE[verdict.reason]


async def log_state(tx: Tx, verdict: SessionVerdict | PeriodVerdict) -> LogState:
    """Return whether there is a proof that a record is in the log, or why there is none to be had now."""
    guild_id = int(verdict.guild_id)
    try:
        await attendance.access_pro_guild(tx, guild_id)
        if isinstance(verdict, SessionVerdict):
            await attendance.session_proof(tx, session_id=verdict.session_id)
        else:
            await attendance.period_proof(tx, guild_id=guild_id, number=verdict.period_index)
    except NeedsPro:
        return LogState.RESTS
    except RecordNotFound:
        return LogState.LATER
    return LogState.THERE


def moment_of(text: str | None) -> datetime | None:
    """Return an instant that a verdict tells as text."""
    return datetime.fromisoformat(text) if text else None
