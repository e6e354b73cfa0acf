"""What people type at the front desk and what it means, without Discord: times, arguments, turns, names."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import discord
import pytest
from hypothesis import given, strategies as st

from guildhall.bot.desk.commands import COMMANDS, slash_commands
from guildhall.bot.desk.commands.catalogue import BY_NAME, GROUP_NAMES
from guildhall.bot.desk.commands.errors import MissingWord, UnreadableTime, UnreadableWord
from guildhall.bot.desk.commands.menu import read_form
from guildhall.bot.desk.commands.model import Subject
from guildhall.bot.desk.commands.reading import find_command, read_values
from guildhall.bot.desk.commands.times import parse_moment
from guildhall.bot.desk.commands.turns import Turns
from guildhall.bot.words import TABLES

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ZONES = st.sampled_from([ZoneInfo(each) for each in ("UTC", "Europe/Paris", "Asia/Kathmandu", "America/St_Johns")])
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 (bounds)
NAME = re.compile(r"[-_'\w]{1,32}")


@given(now=INSTANTS, zone=ZONES, ahead=st.integers(1, 400 * 24 * 60))
def test_a_day_with_its_time_is_the_instant_at_which_clocks_show_it(now: datetime, zone: ZoneInfo, ahead: int) -> None:
    shown = f"{(now + timedelta(minutes=ahead)).astimezone(zone):%Y-%m-%d %H:%M}"
    try:
        found = parse_moment(shown, now=now, zone=zone)
    except UnreadableTime:
        # Within the minute that runs, it has begun already.
        assert ahead == 1
        return
    assert found > now
    assert f"{found.astimezone(zone):%Y-%m-%d %H:%M}" == shown


@given(now=INSTANTS, zone=ZONES, parts=st.lists(st.integers(0, 60), min_size=5, max_size=5))
def test_a_duration_is_counted_from_now(now: datetime, zone: ZoneInfo, parts: list[int]) -> None:
    typed = "".join(f"{number}{unit}" for number, unit in zip(parts, "wdhms", strict=True) if number)
    weeks, days, hours, minutes, seconds = parts
    whole = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    if whole:
        assert parse_moment(typed, now=now, zone=zone) == now + whole
    else:
        with pytest.raises(UnreadableTime):
            parse_moment(typed, now=now, zone=zone)


@given(now=INSTANTS, zone=ZONES, typed=st.text() | st.from_regex(r"[0-9wdhms:T -]{1,20}", fullmatch=True))
def test_whatever_is_typed_is_a_time_to_come_or_refused(now: datetime, zone: ZoneInfo, typed: str) -> None:
    try:
        found = parse_moment(typed, now=now, zone=zone)
    except UnreadableTime:
        return
    assert found > now


def test_times_lie_in_the_zone_of_the_desk_and_skipped_or_past_ones_are_refused() -> None:
    assert parse_moment("17:30", now=NOW, zone=PARIS) == datetime(2026, 3, 2, 16, 30, tzinfo=UTC)
    assert parse_moment("2026-07-01 9:00", now=NOW, zone=PARIS) == datetime(2026, 7, 1, 7, tzinfo=UTC)
    assert parse_moment(" 2026-07-01T09:00 ", now=NOW, zone=PARIS) == datetime(2026, 7, 1, 7, tzinfo=UTC)
    assert parse_moment("2026-07-01", now=NOW, zone=PARIS) == datetime(2026, 6, 30, 22, tzinfo=UTC)
    # 2:30 is there twice on that night, and the second one is still to come.
    between = datetime(2026, 10, 25, 0, 45, tzinfo=UTC)
    assert parse_moment("2:30", now=between, zone=PARIS) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    for typed in ("9:59", "10:00", "2026-03-29 02:30", "2026-02-30", "24:00", "0m", "2h 30", "3", "", "2025-01-01"):
        with pytest.raises(UnreadableTime):
            parse_moment(typed, now=NOW, zone=PARIS)


def read(typed: str) -> tuple[str, dict[str, Any]]:
    """Return the name of the command that is typed, and what was given with it."""
    found = find_command(typed, BY_NAME, GROUP_NAMES)
    assert found is not None
    command, rest = found
    return command.name, read_values(command.arguments, rest)


@pytest.mark.parametrize(
    ("typed", "name", "values"),
    [
        ("close", "close", {}),
        ("C 2h30m Silent  Thank\nyou", "close", {"time": "2h30m", "silent": True, "reason": "Thank\nyou"}),
        ("close 2026-07-01 09:00 later", "close", {"time": "2026-07-01 09:00", "reason": "later"}),
        ("close cancel", "close", {"time": "cancel"}),
        ("close 25:99", "close", {"time": "25:99"}),
        ("close Solved at 17:30", "close", {"reason": "Solved at 17:30"}),
        ("e #3 New\n  lines", "edit", {"number": 3, "text": "New\n  lines"}),
        ("nt <@!1234567890>", "new_thread", {"user": 1234567890}),
        ("am <@&77>", "addmod", {"subject": Subject(77, is_role=True)}),
        ("block 78 3d", "block", {"subject": Subject(78), "time": "3d"}),
        ("mv Two words", "move", {"category": "Two words"}),
        ('category rename "Two words" New ones', "category rename", {"category": "Two words", "name": "New ones"}),
        ("S USE hello a b", "snippet use", {"key": "hello", "words": "a b"}),
        ("priority HIGH", "priority", {"priority": "high"}),
    ],
)  # fmt: skip
def test_what_is_typed_is_read_as_the_command_wants_it(typed: str, name: str, values: dict[str, Any]) -> None:
    assert read(typed) == (name, values)


@pytest.mark.parametrize(
    ("typed", "refusal"),
    [
        ("reply", MissingWord),
        ("edit 1", MissingWord),
        ("edit one text", UnreadableWord),
        ("delete 0", UnreadableWord),
        ("delete 1 2", UnreadableWord),
        ("nt rosa", UnreadableWord),
        ("nt <@99999999999999999999>", UnreadableWord),
        ("am <@&>", UnreadableWord),
        ("priority top", UnreadableWord),
        ("snippet", MissingWord),
        ("tag sort", UnreadableWord),
    ],
)
def test_what_a_command_cannot_use_is_refused(typed: str, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        read(typed)


def test_what_is_no_command_is_none() -> None:
    assert [find_command(typed, BY_NAME, GROUP_NAMES) for typed in ("hello there", "", "closed")] == [None, None, None]
    assert [(each.key, each.label, each.required) for each in read_form("A?*\n\n> B; C")] == [
        ("q1", "A?", True),
        ("q2", "B", False),
        ("q3", "C", False),
    ]
    assert read_form(" - ") == []


async def test_whoever_leaves_the_line_early_lets_nobody_pass_those_before() -> None:
    turns, order = Turns(), list[str]()
    may_end = asyncio.Event()

    async def come(name: str, *, stays: bool = True) -> None:
        with turns.take(7) as turn:
            if not stays:
                return
            await turn.come()
            if name == "first":
                await may_end.wait()
            order.append(name)

    coming = [asyncio.create_task(come("first")), asyncio.create_task(come("second", stays=False))]
    coming.append(asyncio.create_task(come("third")))
    await coming[1]
    with turns.take(8) as elsewhere:
        await elsewhere.come()
    assert order == []
    may_end.set()
    await asyncio.gather(*coming)
    assert order == ["first", "third"]
    with turns.take(7) as turn:
        await turn.come()


@pytest.mark.parametrize("language", TABLES)
def test_commands_of_the_desk_fit_discord_in_every_language(language: str) -> None:
    table = TABLES[language]
    places: dict[str, list[str]] = {"": [], "option": []}
    for command in COMMANDS:
        group, _, last = command.name.rpartition(" ")
        places.setdefault(group, []).append(table[f"commands.{command.name.replace(' ', '.')}"])
        named = [table[f"commands.option.{each.name}"] for each in command.arguments]
        assert len(set(named)) == len(named), command.name
        places["option"] += named
        assert last
    places[""] += [table[f"commands.{group}"] for group in places if group not in {"", "option"}]
    for place, names in places.items():
        assert [each for each in names if not NAME.fullmatch(each) or each != each.lower()] == []
        assert place == "option" or len(set(names)) == len(names), place
    ours = {key: text for key, text in table.items() if key.startswith("commands.")}
    assert [key for key, text in ours.items() if key.endswith(".about") and len(text) > 100] == []
    assert set(places[""]).isdisjoint(table[f"command.{each}"] for each in ("leaderboard", "attendance", "admin"))


def test_what_staff_use_is_hidden_from_members_and_what_is_everybodys_is_not() -> None:
    made = {str(each.name): each for each in slash_commands()}
    everybodys = {name for name, each in made.items() if each.default_permissions is None}
    assert everybodys == {"help", "language", "tickets"}
    hidden = [each for name, each in made.items() if name not in everybodys]
    assert {each.default_permissions for each in hidden} == {discord.Permissions(manage_messages=True)}
    assert all(each.guild_only for each in hidden)
    assert len(made) < 100
