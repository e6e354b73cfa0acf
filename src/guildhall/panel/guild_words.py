"""Attendance in plain words: durations, borders of periods, states of a connection, why a session ended."""

from base64 import b64decode
from dataclasses import dataclass
from datetime import datetime, tzinfo
from hashlib import sha256
from typing import Final
from zoneinfo import ZoneInfo

from guildhall.domains.attendance import Anchor, EndReason, Interval, Policy, Schedule, State

MINUTE: Final = 60
HOUR: Final = 3600
GROUP: Final = 4
GROUPS: Final = 8

ENDINGS: Final = {
    EndReason.LEFT: "left",
    EndReason.MOVED: "went to another channel",
    EndReason.RESET: "goes on in the next period",
    EndReason.UNTRACKED: "the channel is no longer tracked",
    EndReason.GAP: "nobody was watching for too long",
    EndReason.LOST: "gone when watching began again",
    EndReason.BOT_REMOVED: "the bot was removed",
    EndReason.RECORDED: "recorded by another system",
}
"""Why a session ended."""

MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


@dataclass(frozen=True)
class Sign:
    """A state of somebody's connection: the name of its picture, and what it means."""

    picture: str
    words: str


SIGNS: Final = (
    (State.SERVER_MUTE, Sign("muted", "muted by a moderator")),
    (State.SELF_MUTE, Sign("muted", "muted")),
    (State.SERVER_DEAF, Sign("deaf", "deafened by a moderator")),
    (State.SELF_DEAF, Sign("deaf", "deafened")),
    (State.SUPPRESSED, Sign("audience", "in the audience")),
    (State.VIDEO, Sign("video", "with video")),
    (State.STREAM, Sign("stream", "streaming")),
)


def signs_of(state: int, *, alone: bool) -> list[Sign]:
    """Return what is to be shown of a connection, each picture once; what a moderator did goes before one's own."""
    found = {sign.picture: sign for flag, sign in reversed(SIGNS) if state & flag}
    return [*reversed(found.values()), *([Sign("alone", "alone")] if alone else [])]


def duration_words(seconds: int) -> str:
    """Write a duration as roughly as it is read: 45 s, 34 min, 12 h 05 min."""
    if seconds < MINUTE:
        return f"{seconds} s"
    if seconds < HOUR:
        return f"{seconds // MINUTE} min"
    hours, rest = divmod(seconds, HOUR)
    return f"{hours:,} h {rest // MINUTE:02d} min".replace(",", "\N{NARROW NO-BREAK SPACE}")


def border_words(instant: datetime, zone: tzinfo) -> str:
    """Write when a period ends, with its zone: Monday 30 November 2026, 00:00 UTC."""
    local = instant.astimezone(zone)
    return f"{local:%A} {local.day} {local:%B %Y}, {local:%H:%M} {local:%Z}"


def schedule_words(schedule: Schedule) -> str:
    """Write how often periods end."""
    if schedule.interval is Interval.OFF:
        return "only when somebody ends them"
    if schedule.anchor is Anchor.ROLLING:
        return _ROLLING[schedule.interval]
    zone, hour = ZoneInfo(schedule.timezone).key, f"{schedule.hour:02d}:00"
    day = f"{schedule.day} {MONTHS[schedule.month - 1]}"
    return {
        Interval.HOURLY: "every hour on the hour",
        Interval.DAILY: f"every day at {hour} ({zone})",
        Interval.WEEKLY: f"every {schedule.weekday.value.capitalize()} at {hour} ({zone})",
        Interval.MONTHLY: f"on day {schedule.day} of every month at {hour} ({zone})",
        Interval.YEARLY: f"every year on {day} at {hour} ({zone})",
    }[schedule.interval]


def policy_words(policy: Policy) -> str:
    """Write what does not count."""
    left_out = [
        words
        for on, words in (
            (policy.pause_on_mute, "muted time"),
            (policy.pause_on_deafen, "deafened time"),
            (policy.pause_when_solo, "time alone"),
            (policy.min_session_seconds, f"visits under {duration_words(policy.min_session_seconds)}"),
        )
        if on
    ]
    if not left_out:
        return "All time in tracked channels counts."
    listed = f"{', '.join(left_out[:-1])} and {left_out[-1]}" if left_out[1:] else left_out[0]
    return f"{listed[:1].upper()}{listed[1:]} {'do' if left_out[1:] else 'does'} not count."


def fingerprint(public_key: str) -> str:
    """Write a public key so that people can compare it: the beginning of the SHA-256 of its bytes, in groups."""
    digest = sha256(b64decode(public_key)).hexdigest()
    return " ".join(digest[at : at + GROUP] for at in range(0, GROUP * GROUPS, GROUP))


_ROLLING: Final = {
    Interval.HOURLY: "an hour after each began",
    Interval.DAILY: "24 hours after each began",
    Interval.WEEKLY: "seven days after each began",
    Interval.MONTHLY: "a month after each began",
    Interval.YEARLY: "a year after each began",
}
