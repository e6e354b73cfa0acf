"""What the bot says is said in every language, and every refusal has words."""

import re
from collections.abc import Mapping
from string import Formatter

import discord
import pytest

from guildhall.bot.attendance import Admin, Attendance
from guildhall.bot.speech import refusal
from guildhall.bot.words import TABLES, words_for
from guildhall.core.errors import GuildhallError, Kind
from guildhall.domains.attendance import Mode
from guildhall.evidence.signatures import Reason
from tests.clock import START
from tests.dialects.test_faces import ERRORS, INTERNALS, sample

NAME = re.compile(r"[-_'\w]{1,32}")
"""What Discord lets commands and options be called, in small letters."""

LANGUAGES = pytest.mark.parametrize("language", TABLES)


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def faults_of(table: Mapping[str, str]) -> list[str]:
    """What is wrong with a table beside the English one."""
    english = TABLES["en"]
    found = [f"{key} is missing" for key in english.keys() - table.keys()]
    found += [f"{key} is in no other" for key in table.keys() - english.keys()]
    shared = english.keys() & table.keys()
    found += [f"{key} is empty" for key in shared if not table[key].strip()]
    return found + [f"{key}: {table[key]}" for key in shared if placeholders(table[key]) != placeholders(english[key])]


@LANGUAGES
def test_a_language_has_words_for_everything_that_another_has(language: str) -> None:
    assert faults_of(TABLES[language]) == []


def test_a_table_that_lacks_or_changes_something_is_noticed() -> None:
    english = TABLES["en"]
    assert faults_of({key: text for key, text in english.items() if key != "board.title"}) == ["board.title is missing"]
    assert faults_of({**english, "board.titel": "x"}) == ["board.titel is in no other"]
    assert faults_of({**english, "board.own": "You are {number}"}) == ["board.own: You are {number}"]
    assert faults_of({**english, "board.title": " "}) == ["board.title is empty"]


@LANGUAGES
def test_commands_are_called_what_discord_lets_them_be_called(language: str) -> None:
    table = TABLES[language]
    named = [key for key in table if re.fullmatch(r"(command|option)\.[^.]+", key)]
    assert len(named) > 15
    assert [table[key] for key in named if not NAME.fullmatch(table[key]) or table[key] != table[key].lower()] == []
    assert [key for key in table if re.match(r"(command|option)\..*\.", key) and len(table[key]) > 100] == []
    assert len(table["weekdays"].split()) == 7
    commands = [key for key in named if key.startswith("command.")]
    assert len({table[key] for key in commands}) == len(commands)
    # Titles of windows and labels of their fields are short at Discord.
    short = [key for key in table if key.startswith("key.form.") and not key.endswith((".differ", ".warning"))]
    assert [key for key in short if len(table[key]) > 45] == []
    assert len(table["key.form.warning"]) <= 100


@LANGUAGES
def test_a_refusal_of_every_kind_has_a_headline_and_says_what_to_do(language: str) -> None:
    assert len(ERRORS) > 50
    faults = [fault for kind in ERRORS for error in sample(kind) for fault in _faults(error, language)]
    assert faults == []
    assert {f"kind.{kind.value}" for kind in Kind} <= TABLES[language].keys()
    assert {f"reason.{reason.value}" for reason in Reason} <= TABLES[language].keys()
    assert {f"mode.{mode.value}" for mode in Mode} <= TABLES[language].keys()


def _faults(error: GuildhallError, language: str) -> list[str]:
    shown = refusal(error, words_for(language), now=START, reference="4711")
    text = f"{shown.title} {shown.description}"
    found = [f"{type(error).__name__}: {text}"] if INTERNALS.search(text) or not shown.title else []
    if not (shown.description or "").strip().endswith((".", ":R>.", "`.", "!")):
        found.append(f"{type(error).__name__}: no sentence: {shown.description}")
    return found


def test_a_refusal_that_ends_by_itself_says_when() -> None:
    class Closed(GuildhallError):
        code = "too_many_attempts"
        kind = Kind.LIMITED

    shown = refusal(Closed(retry_after=90), words_for("de"), now=START, reference="4711")
    assert f"<t:{int(START.timestamp()) + 90}:R>" in (shown.description or "")
    broken = refusal(GuildhallError("SELECT secret"), words_for("fr"), now=START, reference="4711")
    assert ("4711" in (broken.description or ""), "secret" in (broken.description or "")) == (True, False)


def test_durations_and_numbers_are_said_as_people_say_them() -> None:
    english, french = words_for("en-GB"), words_for("fr")
    assert [english.duration(each) for each in (0, 59, 60, 3599, 3600, 90_061)] == [
        "0 s", "59 s", "1 min", "59 min", "1 h 00 min", "25 h 01 min",
    ]  # fmt: skip
    assert [english.counted("own.days", each) for each in (0, 1, 2)] == ["0 days", "1 day", "2 days"]
    assert [french.counted("own.days", each) for each in (0, 1, 2)] == ["0 jour", "1 jour", "2 jours"]
    assert {words_for(each).language for each in ("xx", "ja", "")} == {"en"}


def test_managers_are_who_discord_offers_the_commands_of_managers() -> None:
    group = Admin().app_command
    assert isinstance(group, discord.app_commands.Group)
    assert group.default_permissions == discord.Permissions(manage_guild=True)
    everyone = Attendance().get_app_commands()
    assert {each.name: each.guild_only for each in [*everyone, group]} == {
        "leaderboard": True, "attendance": True, "admin": True,
    }  # fmt: skip
