"""What people do in Discord, by its audit log: read from the wire, and shown to staff."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import discord
from discord.utils import escape_markdown

from guildhall.bot.words import Words
from guildhall.core.log import get_logger
from guildhall.domains.site.audit_actions import NAMES
from guildhall.domains.tickets.relay import Difference, LoggedDeed

log = get_logger(__name__)

Told: TypeAlias = Mapping[str, Any]
"""An entry as Discord sends it."""

NameOf: TypeAlias = Callable[[str], str]
"""Returns what a user is called by their id, empty for nobody who is known."""

LONGEST_VALUE: Final = 150
LONGEST_REASON: Final = 512
MOST_DIFFERENCES: Final = 12

OF_CHANNELS: Final = frozenset({10, 11, 12, 13, 14, 15, 73, 83, 84, 85, 110, 111, 112, 192, 193})
OF_PEOPLE: Final = frozenset({20, 22, 23, 24, 25, 28, 72, 74, 75, 143, 144, 145, 146})
OF_ROLES: Final = frozenset({30, 31, 32})
OF_GUILDS: Final = frozenset({1, 166, 167, 190, 191, 211})
"""What the target of an entry is, by its action; that of others is told by its name alone."""

UNTOLD: Final = frozenset(
    {"id", "type", "flags", "guild_id", "application_id", "permissions_new", "colors", "image_hash"}
)
"""What changes that says nothing to people, or is told a second time under another name."""

EMPTY: Final[tuple[object, ...]] = (None, "", "0", 0, False, [])
"""Values that say nothing of something new."""

BITS: Final = frozenset({"permissions", "allow", "deny"})
CHANNELS: Final = frozenset({"channel_id", "parent_id", "afk_channel_id", "system_channel_id", "rules_channel_id"})
NOTHING: Final = "\N{EN DASH}"
UNSAID: Final = "\N{HORIZONTAL ELLIPSIS}"
LOST: Final = "\N{MINUS SIGN}"
SWITCHED: Final = {True: "\N{CHECK MARK}", False: "\N{MULTIPLICATION X}"}


def people_in(entry: Told) -> set[str]:
    """Return the ids of the users that an entry is about."""
    found = {entry.get("user_id"), entry.get("target_id") if entry["action_type"] in OF_PEOPLE else None}
    return {str(each) for each in found if each}


def read_deed(entry: Told, guild: discord.Guild | None, name_of: NameOf, *, names_guild: bool) -> LoggedDeed:
    """Return an entry with what everything in it is called at this moment."""
    options = entry.get("options") or {}
    place = str(options.get("channel_id") or "")
    number = int(entry["action_type"])
    changes = [each for each in entry.get("changes") or [] if _is_telling(each, NAMES.get(number, ""))]
    by = str(entry.get("user_id") or "")
    return LoggedDeed(
        entry_id=int(entry["id"]),
        action=NAMES.get(number, str(number)),
        by=_person(by, name_of) if by else "",
        target=_target(number, entry, guild, name_of),
        place=_channel(place, guild, "") if place else "",
        count=str(options.get("count") or options.get("members_removed") or ""),
        reason=escape_markdown(str(entry.get("reason") or "")[:LONGEST_REASON]),
        guild=escape_markdown(guild.name) if names_guild and guild is not None else "",
        differences=[*_beside(options), *(_readable(each, guild) for each in changes)],
    )


def _is_telling(change: Told, action: str) -> bool:
    """Tell whether a change says more than the action: what is made or removed is described whole, name and all."""
    if change.get("key") in UNTOLD:
        return False
    if action.endswith("_create") and change.get("old_value") is None:
        return change.get("key") != "name" and change.get("new_value") not in EMPTY
    return action == "channel_overwrite_delete" or not action.endswith("_delete")


def _beside(options: Told) -> Iterator[Difference]:
    """Tell what an entry says beside its changes: whose permissions in a channel, by which rule of AutoMod."""
    whose = str(options.get("id") or "")
    if whose:
        named = options.get("role_name")
        yield Difference("whose", f"@{escape_markdown(str(named))}" if named else f"<@{whose}>")
    if options.get("auto_moderation_rule_name"):
        yield Difference("rule", _cut(options["auto_moderation_rule_name"]))


def _target(number: int, entry: Told, guild: discord.Guild | None, name_of: NameOf) -> str:
    target, named = str(entry.get("target_id") or ""), _name_in(entry)
    if number in OF_PEOPLE and target:
        return _person(target, name_of)
    if number in OF_CHANNELS and target:
        return _channel(target, guild, named)
    if number in OF_ROLES:
        role = guild.get_role(int(target)) if guild is not None and target else None
        return f"@{escape_markdown(role.name if role is not None else named or target)}"
    return "" if number in OF_GUILDS else escape_markdown(named or target)


def _name_in(entry: Told) -> str:
    """Return the name of what an entry is about, where its changes tell it."""
    values = {each.get("key"): each for each in entry.get("changes") or []}
    told = values.get("name") or values.get("code") or {}
    return str(told.get("new_value") or told.get("old_value") or "")


def _person(user_id: str, name_of: NameOf) -> str:
    name = name_of(user_id)
    return f"{escape_markdown(name)} (<@{user_id}>)" if name else f"<@{user_id}>"


def _channel(channel_id: str, guild: discord.Guild | None, named: str) -> str:
    found = guild.get_channel_or_thread(int(channel_id)) if guild is not None else None
    name = found.name if found is not None else named
    # Who has the channel before them can go there; its name stays when it is gone.
    return f"#{escape_markdown(name)} (<#{channel_id}>)" if name else f"<#{channel_id}>"


def _readable(change: Told, guild: discord.Guild | None) -> Difference:
    try:
        return _difference(change, guild)
    except (AttributeError, TypeError, ValueError):
        # Discord adds forms of values unannounced; one of them must not hold up all that people did after it.
        log.warning("A value of the audit log cannot be read", key=str(change.get("key")))
        return Difference(str(change.get("key")), UNSAID)


def _difference(change: Told, guild: discord.Guild | None) -> Difference:
    key, old, new = str(change.get("key") or ""), change.get("old_value"), change.get("new_value")
    if key in {"$add", "$remove"}:
        sign = "+" if key == "$add" else LOST
        return Difference("roles", ", ".join(f"{sign} @{_cut(each.get('name'))}" for each in new or []))
    if key in BITS:
        return Difference(key, _bits(int(old or 0), int(new or 0)) or NOTHING)
    if old is None:
        return Difference(key, _value(key, new, guild))
    return Difference(key, f"{_value(key, old, guild)} \N{RIGHTWARDS ARROW} {_value(key, new, guild)}")


def _bits(old: int, new: int) -> str:
    """Return which permissions came and went."""
    before, after = set(_named(old)), set(_named(new))
    gained, lost = sorted(after - before), sorted(before - after)
    return ", ".join([*(f"+ {each}" for each in gained), *(f"{LOST} {each}" for each in lost)])


def _named(bits: int) -> Iterator[str]:
    return (name.replace("_", " ") for name, is_set in discord.Permissions(bits) if is_set)


def _value(key: str, value: object, guild: discord.Guild | None) -> str:
    """Return a value as people read it, whatever their language."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return SWITCHED[value]
    if isinstance(value, dict | list):
        return UNSAID
    if key in CHANNELS:
        return _channel(str(value), guild, "")
    written = WRITTEN.get(key)
    return written(str(value)) if written is not None else _cut(value)


def _instant(value: str) -> str:
    return f"<t:{int(datetime.fromisoformat(value).timestamp())}:f>"


def _mention(value: str) -> str:
    return f"<@{value}>"


def _colour(value: str) -> str:
    return f"#{int(value):06x}"


WRITTEN: Final[Mapping[str, Callable[[str], str]]] = MappingProxyType(
    {
        "color": _colour,
        "communication_disabled_until": _instant,
        "inviter_id": _mention,
        "owner_id": _mention,
        "scheduled_end_time": _instant,
        "scheduled_start_time": _instant,
    }
)
"""How the values of some keys are written, which Discord's clients then show in each reader's way."""


def _cut(value: object) -> str:
    text = " ".join(str(value).split())
    return escape_markdown(text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}{UNSAID}")


def deed_embed(deed: LoggedDeed, words: Words, colour: str) -> discord.Embed:
    """Return what tells staff of a deed, in their language."""
    key = f"audit.{deed.action}"
    title = words(key) if key in words else words("audit.other", action=deed.action)
    lines = [
        words(f"audit.said.{name}", value=value)
        for name, value in (
            ("by", deed.by),
            ("target", deed.target),
            ("place", deed.place),
            ("count", deed.count if deed.count != "1" else ""),
            ("guild", deed.guild),
        )
        if value
    ]
    lines += [f"• {_told(each, words)}" for each in deed.differences[:MOST_DIFFERENCES]]
    if len(deed.differences) > MOST_DIFFERENCES:
        lines.append(words("audit.said.more", number=len(deed.differences) - MOST_DIFFERENCES))
    if deed.reason:
        lines.append(words("audit.said.reason", value=deed.reason))
    # The number tells one deed from another that is like it: after an outage, posts are known by what they say.
    lines.append(f"-# {deed.entry_id}")
    when = discord.utils.snowflake_time(deed.entry_id)
    return discord.Embed(title=title, description="\n".join(lines), colour=int(colour, 16), timestamp=when)


def _told(difference: Difference, words: Words) -> str:
    key = f"audit.key.{difference.key}"
    label = words(key) if key in words else difference.key.strip("$").replace("_", " ").capitalize()
    return words("audit.said.change", key=label, shown=difference.shown)
