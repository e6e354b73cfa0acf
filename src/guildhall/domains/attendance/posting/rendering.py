"""What posts look like: from facts and names to the text of a message. Pure, no I/O."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from guildhall.domains.attendance.posting.models import (
    Author,
    BoardLine,
    Content,
    Leaderboard,
    PeriodReset,
    Post,
    SessionCompleted,
    SettingsChanged,
    SigningNews,
)
from guildhall.domains.attendance.posting.port import Message

BLUE, GREEN, GOLD, GREY = 0x4F7CFF, 0x2E9E6B, 0xD9A441, 0x7A8291

MOST_LINES: Final = 25
"""Sessions that are named in one message, because more would not fit."""

LONGEST_NAME: Final = 40
LONGEST_VALUE: Final = 160
LONGEST_TEXT: Final = 4000
UNITS: Final = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))
MARKS: Final = re.compile(r"([\\*_~`|>\[\]()<@#:-])")
NOBODY: Final = "Nobody has counted time yet."

KEY_NEWS: Final = {
    "generated": ("Signing key made", "What closes from now on is signed at once."),
    "rotated": ("Signing key replaced", "The new key is unlocked, and what waited is being signed with it."),
    "unlocked": ("Signing unlocked", "What waited is being signed."),
    "locked": ("Signing locked", "What closes is kept, and waits for its signature."),
}
SETTINGS: Final = {
    "mode": "Tracking mode",
    "tracked_channel": "Tracked channels",
    "fairness": "How time counts",
    "schedule": "Periods",
    "tier": "Tier",
    "destination": "Log destinations",
}


@dataclass(frozen=True)
class Letterhead:
    """What the text needs beside the facts: what people are called, and the address of this server."""

    names: Mapping[int, str]
    public_url: str

    def person(self, user_id: int) -> str:
        """Return somebody's name in bold, or their number in a form that Discord shows as their name."""
        name = " ".join(self.names.get(user_id, "").split())
        return f"**{plain(name[:LONGEST_NAME])}**" if name else f"<@{user_id}>"


def people_in(posts: Iterable[Post]) -> set[int]:
    """Return the ids of everybody whom these posts name."""
    return {user_id for post in posts for user_id in _people(post.content)}


def message_of(posts: Sequence[Post], head: Letterhead) -> Message:
    """Return the message of a post, or of several posts about sessions that go out together."""
    if len(posts) > 1:
        return _sessions([post.content for post in posts if isinstance(post.content, SessionCompleted)], posts, head)
    content, at = posts[0].content, posts[0].created_at
    match content:
        case SessionCompleted():
            return Message("Session completed", _session(content, head), f"Session {content.session_id}", BLUE, at)
        case PeriodReset():
            return _period(content, head, at)
        case Leaderboard():
            return _leaderboard(content, head, at)
        case SigningNews():
            return _signing(content, head, at)
        case SettingsChanged():
            return _settings(content, head, at)


def duration(seconds: int) -> str:
    """Return a length of time in its two largest units: 1 h 30 min."""
    parts = []
    for size, unit in UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


def plain(text: str) -> str:
    """Return text that Discord shows as it is: without markup, links or mentions."""
    return MARKS.sub(r"\\\1", text)


def _people(content: Content) -> Iterator[int]:
    if isinstance(content, SessionCompleted):
        yield content.user_id
    elif isinstance(content, PeriodReset | Leaderboard):
        yield from (line.user_id for line in content.top)
    elif content.author.user_id is not None:
        yield content.author.user_id


def _session(content: SessionCompleted, head: Letterhead) -> str:
    return f"{head.person(content.user_id)} in <#{content.channel_id}> for {duration(content.seconds)}"


def _sessions(sessions: Sequence[SessionCompleted], posts: Sequence[Post], head: Letterhead) -> Message:
    lines = [f"{_session(each, head)} · `{each.session_id}`" for each in sessions[:MOST_LINES]]
    if len(sessions) > MOST_LINES:
        lines.append(f"and {len(sessions) - MOST_LINES} more")
    first = sessions[0].session_id
    return Message(
        f"{len(sessions)} sessions completed", "\n".join(lines), f"From session {first}", BLUE, posts[0].created_at
    )


def _period(content: PeriodReset, head: Letterhead, at: datetime) -> Message:
    link = f"{head.public_url}/verify/period/{content.guild_id}/{content.number}"
    text = [_span(content.started_at, content.ended_at), "", *_board(content.top, content.people, head)]
    text += ["", f"[Verify this period]({link})"]
    return Message(f"Final board of period {content.number}", "\n".join(text), f"SHA-256 {content.hash}", GOLD, at)


def _leaderboard(content: Leaderboard, head: Letterhead, at: datetime) -> Message:
    title = f"Leaderboard of period {content.number}" + (" (final)" if content.ended_at else "")
    text = [_span(content.started_at, content.ended_at), "", *_board(content.top, content.people, head)]
    return Message(title, "\n".join(text), f"Period {content.number}", GREEN, at)


def _span(started_at: datetime, ended_at: datetime | None) -> str:
    since = f"<t:{int(started_at.timestamp())}:f>"
    return f"{since} to <t:{int(ended_at.timestamp())}:f>" if ended_at else f"Since {since}"


def _board(top: Sequence[BoardLine], people: int, head: Letterhead) -> list[str]:
    lines = [f"`{line.rank:>2}` {head.person(line.user_id)} {duration(line.seconds)}" for line in top]
    if people > len(top):
        lines.append(f"and {people - len(top)} more")
    return lines or [NOBODY]


def _signing(content: SigningNews, head: Letterhead, at: datetime) -> Message:
    footer = f"Key {content.key_id}"
    if content.what == "waiting":
        waiting = f"{_counted(content.sessions, 'session')} and {_counted(content.periods, 'period')}"
        text = f"{waiting} wait for a signature. Unlock the signing key, and they are signed, oldest first."
        return Message("Signing is locked", text, footer, GOLD, at)
    title, text = KEY_NEWS[content.what]
    return Message(title, f"{text}\n{_by(content.author, head)}", footer, GREY, at)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _settings(content: SettingsChanged, head: Letterhead, at: datetime) -> Message:
    what = SETTINGS.get(content.what, content.what.replace("_", " ").capitalize())
    text = "\n".join([*_changes(content.what, content.old, content.new), _by(content.author, head)])
    return Message(f"Settings changed: {what}", text[:LONGEST_TEXT], "Settings", GREY, at)


def _changes(what: str, old: object, new: object) -> list[str]:
    """Return a line for each setting that is another now; what was or becomes nothing is added or removed.

    By name, because not every database keeps the order.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        names = sorted(name for name in {**old, **new} if old.get(name) != new.get(name))
        return [f"{_label(name)}: {_value(name, old.get(name))} → {_value(name, new.get(name))}" for name in names]
    if old is None:
        return [f"Added: {_value(what, new)}"]
    if new is None:
        return [f"Removed: {_value(what, old)}"]
    return [f"{_value(what, old)} → {_value(what, new)}"]


def _label(name: str) -> str:
    return plain(name.replace("_", " ").capitalize())


def _value(name: str, value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{_label(each)} {_value(each, inner)}" for each, inner in sorted(value.items()))
    if isinstance(value, list):
        return ", ".join(_value(name, each) for each in value) or "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    if value is None:
        return "none"
    if name.endswith("channel") and str(value).isdecimal():
        return f"<#{value}>"
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return plain(text[:LONGEST_VALUE])


def _by(author: Author, head: Letterhead) -> str:
    if author.user_id is not None:
        return f"By {head.person(author.user_id)}"
    return f"By {plain(author.name[:LONGEST_NAME])}" if author.name else "By the server itself"
