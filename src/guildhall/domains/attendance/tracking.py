"""What happens to the sessions of a guild when something happens in it. Pure decisions, no I/O.

Whatever happened, the answer is found in the same way: here is where everybody is now, here are the open sessions;
which sessions end, change and begin so that the two agree? That is why an event that comes twice, late, or as part of a
full picture needs no care of its own.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from msgspec.structs import replace

from guildhall.domains.attendance.models import EndReason, Mode, Session, SigningState, Voice
from guildhall.domains.attendance.states import ALONE, INFERRED, split_at, state_at, with_state

LEFT_ALONE_OR_JOINED: Final = 2
"""A channel with so many people after somebody came or went may have had one who was alone, or has one now."""


@dataclass(frozen=True)
class Rules:
    """Which channels of a guild are tracked. What is not tracked is not stored."""

    mode: Mode
    listed: frozenset[int]
    afk_channel_id: int | None = None

    def track(self, channel_id: int) -> bool:
        """Tell whether sessions are kept in a channel; in the AFK channel only if an allowlist names it."""
        if self.mode is Mode.ALLOWLIST:
            return channel_id in self.listed
        if self.mode is Mode.OFF or channel_id == self.afk_channel_id:
            return False
        return self.mode is Mode.ALL or channel_id not in self.listed


@dataclass(frozen=True)
class Start:
    """A session that begins."""

    user_id: int
    channel_id: int
    at: datetime
    state: int


@dataclass(frozen=True)
class Changes:
    """What becomes of sessions: those that end, those that go on in another state, and those that begin."""

    ended: list[Session] = field(default_factory=list)
    changed: list[Session] = field(default_factory=list)
    started: list[Start] = field(default_factory=list)


def end_of(session: Session, at: datetime, reason: EndReason) -> Session:
    """Return a session as it has ended: never before the last thing that is known of it, whatever the clock says."""
    left_at = max(at, session.last_change)
    return replace(session, left_at=left_at, end_reason=reason, signing_state=SigningState.PENDING)


def align(
    sessions: Collection[Session], voices: Collection[Voice], company: Mapping[int, int], rules: Rules, at: datetime
) -> Changes:
    """Bring the open sessions of some people in line with where they are from an instant on.

    `sessions` has the open ones of all these people, `voices` those of them who are in voice, and `company` how many
    are in each of their channels.
    """
    here = {voice.user_id: voice for voice in voices}
    changes = Changes()
    staying = set()
    for session in sessions:
        voice = here.get(session.user_id)
        reason = _why_ended(session, voice, rules)
        if voice is None or reason is not None:
            changes.ended.append(end_of(session, at, reason or EndReason.LEFT))
            continue
        staying.add(session.user_id)
        after = session_with(session, at, state_of(voice, company))
        if after is not session:
            changes.changed.append(after)
    for voice in voices:
        if voice.user_id not in staying and rules.track(voice.channel_id):
            changes.started.append(Start(voice.user_id, voice.channel_id, at, state_of(voice, company)))
    return changes


def _why_ended(session: Session, voice: Voice | None, rules: Rules) -> EndReason | None:
    if voice is None:
        return EndReason.LEFT
    if voice.channel_id != session.channel_id:
        return EndReason.MOVED
    return None if rules.track(session.channel_id) else EndReason.UNTRACKED


def bridge(sessions: Iterable[Session], voices: Collection[Voice], witnessed: datetime) -> Changes:
    """Judge open sessions after a gap that began at `witnessed`, by where people are after it.

    Who is still there was there all the time; how is only inferred, so the gap has the states of before and of after,
    and a rule pauses it if either would. Who is not there any more was last known at the beginning of the gap.
    """
    here = {voice.user_id: voice for voice in voices}
    company = company_in(voices)
    changes = Changes()
    for session in sessions:
        voice = here.get(session.user_id)
        if voice is None or voice.channel_id != session.channel_id:
            changes.ended.append(end_of(session, witnessed, EndReason.LOST))
            continue
        since = max(witnessed, session.last_change)
        before = state_at(session.stretches, session.second(since))
        changes.changed.append(session_with(session, since, before | state_of(voice, company) | INFERRED))
    return changes


def concerned(voices: Iterable[Voice], company: Mapping[int, int], user_id: int) -> list[Voice]:
    """Return those whom a change of one person's connection may concern: that person, and who is or was left alone."""
    return [voice for voice in voices if voice.user_id == user_id or company[voice.channel_id] <= LEFT_ALONE_OR_JOINED]


def end_all(sessions: Iterable[Session], at: datetime, reason: EndReason) -> Changes:
    """End every session."""
    return Changes(ended=[end_of(session, at, reason) for session in sessions])


def end_untracked(sessions: Iterable[Session], rules: Rules, at: datetime) -> Changes:
    """End the sessions in channels that are not tracked any more, of people of whom nothing new is known."""
    gone = [session for session in sessions if not rules.track(session.channel_id)]
    return end_all(gone, at, EndReason.UNTRACKED)


def cut(session: Session, border: datetime, *, new_id: str, period_id: str, carried: int) -> tuple[Session, Session]:
    """Split a session that began before a border: the part that ends there, and the one that goes on from there.

    `carried` is what the whole visit has counted up to the border.
    """
    before, after = split_at(session.stretches, session.second(border))
    first = end_of(replace(session, stretches=before), border, EndReason.RESET)
    second = replace(
        session,
        id=new_id,
        period_id=period_id,
        joined_at=border,
        stretches=after,
        continued_from=session.id,
        carried=carried,
    )
    return first, second


def session_with(session: Session, at: datetime, state: int) -> Session:
    """Return the session with a state from an instant on; the same object when it changes nothing."""
    second = max(session.second(at), session.stretches[-1][0])
    stretches = with_state(session.stretches, second, state)
    return session if stretches == session.stretches else replace(session, stretches=stretches)


def company_in(voices: Iterable[Voice]) -> Mapping[int, int]:
    """Return how many people are in each channel."""
    return Counter(voice.channel_id for voice in voices)


def state_of(voice: Voice, company: Mapping[int, int]) -> int:
    """Return the states of a connection, with whether nobody else is in the channel."""
    return voice.state | ALONE if company[voice.channel_id] == 1 else voice.state
