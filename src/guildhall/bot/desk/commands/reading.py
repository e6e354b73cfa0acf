"""Typed commands, without I/O: which one is meant, and what was given with it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from guildhall.bot.desk.commands.errors import MissingWord, UnreadableWord
from guildhall.bot.desk.commands.model import Argument, Command, Kind, Subject
from guildhall.bot.desk.commands.times import DAY, TIME_OF_DAY, looks_like_a_time

WORD: Final = re.compile(r"\S+")
QUOTED: Final = re.compile(r'["“„«](?P<inside>[^"”“»]*)["”“»](?=\s|$)')
MENTIONS: Final[Mapping[Kind, re.Pattern[str]]] = {
    Kind.USER: re.compile(r"(?:<@!?)?(?P<id>\d{1,20})>?", re.ASCII),
    Kind.SUBJECT: re.compile(r"(?:<@[!&]?)?(?P<id>\d{1,20})>?", re.ASCII),
    Kind.PLACE: re.compile(r"(?:<#)?(?P<id>\d{1,20})>?", re.ASCII),
}
LARGEST_ID: Final = 2**63 - 1
NUMBER: Final = re.compile(r"#?(?P<number>[1-9]\d{0,8})", re.ASCII)


def find_command(text: str, commands: Mapping[str, Command], groups: Mapping[str, str]) -> tuple[Command, str] | None:
    """Return the command that a text begins with, and the rest of the text; None when it begins with no command.

    `commands` has them by every name that they have, `groups` the names of groups by every name of theirs. Raises
    MissingWord for a group alone, UnreadableWord for a command that its group does not have.
    """
    first, rest = _split(text)
    group = groups.get(first.lower())
    if group is None:
        found = commands.get(first.lower())
        return None if found is None else (found, rest)
    second, rest = _split(rest)
    if not second:
        raise MissingWord(name=group)
    found = commands.get(f"{group} {second.lower()}")
    if found is None:
        raise UnreadableWord(name=group)
    return found, rest


def read_values(arguments: Sequence[Argument], text: str) -> dict[str, Any]:
    """Return what was given for each argument, in their order. Raises MissingWord, UnreadableWord."""
    values: dict[str, Any] = {}
    for argument in arguments:
        text = text.strip()
        taken = _take(argument, text, is_last=argument is arguments[-1])
        if taken is not None:
            values[argument.name], text = taken
        elif argument.required:
            raise (UnreadableWord if text else MissingWord)(name=argument.name)
    if text.strip():
        raise UnreadableWord(name=text.split()[0][:50])
    return values


def _take(argument: Argument, text: str, *, is_last: bool) -> tuple[Any, str] | None:
    """Return the value of an argument at the beginning of a text and what follows; None when it is not there."""
    if not text:
        return None
    if argument.kind is Kind.TEXT:
        return text, ""
    if argument.kind is Kind.NAME:
        return _name(text, is_last=is_last)
    word, rest = _split(text)
    if argument.kind is Kind.MOMENT:
        return _moment(argument, word, rest)
    value = _value(argument, word)
    return None if value is None else (value, rest)


def _name(text: str, *, is_last: bool) -> tuple[str, str]:
    quoted = QUOTED.match(text)
    if quoted is not None:
        return quoted["inside"], text[quoted.end() :]
    return (text, "") if is_last else _split(text)


def _moment(argument: Argument, word: str, rest: str) -> tuple[str, str] | None:
    if word.lower() in argument.choices:
        return word.lower(), rest
    if not argument.required and not looks_like_a_time(word):
        return None
    second, beyond = _split(rest)
    if DAY.fullmatch(word) and TIME_OF_DAY.fullmatch(second):
        return f"{word} {second}", beyond
    return word, rest


def _value(argument: Argument, word: str) -> Any:  # noqa: ANN401 (as many types as there are kinds)
    if argument.kind is Kind.FLAG:
        return True if word.lower() == argument.name else None
    if argument.kind is Kind.NUMBER:
        number = NUMBER.fullmatch(word)
        return int(number["number"]) if number else None
    if argument.kind is Kind.WORD:
        lower = word.lower()
        return None if argument.choices and lower not in argument.choices else lower
    mention = MENTIONS[argument.kind].fullmatch(word)
    if mention is None or int(mention["id"]) > LARGEST_ID:
        return None
    found = int(mention["id"])
    return Subject(found, word.startswith("<@&")) if argument.kind is Kind.SUBJECT else found


def _split(text: str) -> tuple[str, str]:
    """Return the first word of a text and the rest of it, with its lines as they are."""
    word = WORD.search(text)
    return (word[0], text[word.end() :]) if word else ("", "")
