"""The variables of snippets, without I/O: which there are, and what a text becomes."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Final

from guildhall.domains.tickets.models import Ticket
from guildhall.domains.tickets.snippets.errors import MissingArgument, UnknownVariable

MOST_ARGUMENTS: Final = 9
ARGUMENTS: Final = tuple(f"args.{place}" for place in range(1, MOST_ARGUMENTS + 1))
VARIABLES: Final = (
    "user.name",
    "user.mention",
    "user.id",
    "staff.name",
    "ticket.number",
    "ticket.category",
    "guild.name",
    "date",
    "time",
)
"""What every use has a value for; `args.1` to `args.9` are the words that were given with the key."""

PLACE: Final = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
MENTION_OF_A_USER: Final = re.compile(r"<@!?[0-9]{1,20}>")
MENTIONS: Final = (
    re.compile(r"@(?:everyone|here)", re.IGNORECASE),
    re.compile(r"<(?:@[!&]?|#)[0-9]+>"),
    re.compile(r"</[^<>]*:[0-9]+>"),
    re.compile(r"<id:[^<>]*>"),
)
"""What Discord's client turns into a mention: of everybody, a user or role or channel, a command, a guild's page."""

BREAK: Final = "\N{ZERO WIDTH SPACE}"


def values_for(ticket: Ticket, *, staff: str, guild: str, at: datetime) -> dict[str, str]:
    """Return what the variables mean in a ticket, for whoever answers under the name of `staff`; `at` is local time.

    Only a user of Discord can be mentioned: anybody else is called by name.
    """
    mention = f"<@{ticket.user_id}>" if ticket.user_id.isdecimal() else ticket.user_name
    return {
        "user.name": ticket.user_name,
        "user.mention": mention,
        "user.id": ticket.user_id,
        "staff.name": staff,
        "ticket.number": str(ticket.number),
        "ticket.category": ticket.category_name or "",
        "guild.name": guild,
        "date": f"{at:%Y-%m-%d}",
        "time": f"{at:%H:%M}",
    }


def check_variables(text: str) -> None:
    """Refuse a text with a variable that nobody fills in. Raises UnknownVariable."""
    for place in PLACE.finditer(text):
        if place[1] not in VARIABLES and place[1] not in ARGUMENTS:
            raise UnknownVariable(f"There is no variable {{{{{place[1]}}}}}", variable=place[1], field="content")


def render_snippet(text: str, values: Mapping[str, str], args: Sequence[str] = ()) -> str:
    """Return a snippet's text with every variable replaced, once: what a value says is never read as a variable.

    `values` has all of VARIABLES. Only the text itself and `user.mention` mention anybody; what a value would turn
    into a mention, by itself or with what stands beside it, is broken by a space of no width.
    Raises UnknownVariable, MissingArgument for a word that is absent or blank.
    """
    check_variables(text)
    parts: list[str] = []
    filled: list[bool] = []
    end = 0
    for place in PLACE.finditer(text):
        value = _value(place[1], values, args)
        parts += (text[end : place.start()], value)
        filled += (False, not (place[1] == "user.mention" and MENTION_OF_A_USER.fullmatch(value)))
        end = place.end()
    return _without_mentions([*parts, text[end:]], [*filled, False])


def _value(name: str, values: Mapping[str, str], args: Sequence[str]) -> str:
    if name not in ARGUMENTS:
        return values[name]
    place = ARGUMENTS.index(name)
    if place >= len(args) or not args[place].strip():
        raise MissingArgument(f"This snippet needs word {place + 1} after its key", variable=name)
    return args[place]


def _without_mentions(parts: Sequence[str], filled: Sequence[bool]) -> str:
    """Join the parts, breaking each mention that touches a filled part or reaches across a joint."""
    whole = "".join(parts)
    owner = [index for index, part in enumerate(parts) for _ in part]
    breaks = {
        mention.start() + 1
        for kind in MENTIONS
        for mention in kind.finditer(whole)
        if owner[mention.start()] != owner[mention.end() - 1] or filled[owner[mention.start()]]
    }
    ends = [0, *sorted(breaks), len(whole)]
    return BREAK.join(whole[start:end] for start, end in pairwise(ends))
