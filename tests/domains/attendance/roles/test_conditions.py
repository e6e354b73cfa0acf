"""Conditions held against figures, and which roles the bot may give: sums without a database."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from guildhall.core.errors import InvalidField
from guildhall.domains.attendance import DiscordGuild, GuildRole
from guildhall.domains.attendance.roles.conditions import (
    Figure,
    Tally,
    begin_of_days,
    decide,
    holds,
    in_words,
    midnights_between,
    ranked,
    window_of,
)
from guildhall.domains.attendance.roles.errors import RoleNotGivable, RoleUnknown
from guildhall.domains.attendance.roles.hierarchy import GONE, MAY_NOT, NOT_GIVABLE, TOO_HIGH, Standing
from guildhall.domains.attendance.roles.models import Grant, GrantState, Rule, Scope, Terms

NOW = datetime(2026, 3, 29, 12, tzinfo=UTC)
BRUSSELS = ZoneInfo("Europe/Brussels")
"""Where clocks changed in the night before NOW."""

ROLE, PERSON = 20, 11


def rule(name: str = "first", **terms: Any) -> Rule:  # noqa: ANN401 (terms of a rule)
    fixed: dict[str, Any] = {"guild_id": 1, "assignable": True, "problem": None, "created_at": NOW, "created_by": None}
    return Rule(**{"id": name, "role_id": ROLE, "min_seconds": 0, **fixed, **terms})


def grant(state: GrantState, by: str = "first") -> Grant:
    return Grant(
        guild_id=1, user_id=PERSON, role_id=ROLE, rule_id=by, state=state, due_at=None, given_at=NOW, problem=None
    )


@pytest.mark.parametrize(
    ("terms", "figure", "holding"),
    [
        ({"min_seconds": 60}, Figure(60, 9, 1), True),
        ({"min_seconds": 60}, Figure(59, 1, 1), False),
        ({"min_seconds": 0}, Figure(), True),
        ({"top_n": 3}, Figure(5, 3, 1), True),
        ({"top_n": 3}, Figure(5, 4, 1), False),
        ({"top_n": 3}, Figure(), False),
        ({"min_active_days": 2}, Figure(5, 1, 2), True),
        ({"min_active_days": 2}, Figure(5, 1, 1), False),
        ({"min_seconds": 5, "top_n": 1, "min_active_days": 1}, Figure(5, 1, 1), True),
        ({"min_seconds": 6, "top_n": 1, "min_active_days": 1}, Figure(5, 1, 1), False),
    ],
)
def test_a_rule_holds_when_all_its_conditions_do(terms: dict[str, Any], figure: Figure, *, holding: bool) -> None:
    assert holds(rule(**terms), figure) is holding


@given(st.dictionaries(st.integers(1, 50), st.integers(0, 5)))
def test_a_rank_is_one_more_than_the_number_of_those_who_have_more(totals: dict[int, int]) -> None:
    assert ranked(totals) == {
        person: 1 + sum(others > seconds for others in totals.values()) for person, seconds in totals.items() if seconds
    }


@given(st.lists(st.tuples(st.integers(0, 80), st.integers(1, 40)), max_size=8))
def test_days_are_those_on_whose_local_date_a_second_counted(stays: list[tuple[int, int]]) -> None:
    since = datetime(2026, 3, 27, 5, tzinfo=UTC)
    midnights, tally = midnights_between(since, NOW + timedelta(days=3), BRUSSELS), Tally()
    seconds: set[int] = set()
    for begin, hours in stays:
        start = int(since.timestamp()) + begin * 3600
        tally.add((PERSON, start, start + hours * 3600), int(since.timestamp()), int(NOW.timestamp()), midnights)
        seconds |= set(range(start, min(start + hours * 3600, int(NOW.timestamp())), 1800))
    assert tally.active_days(PERSON) == len({datetime.fromtimestamp(each, BRUSSELS).date() for each in seconds})


def test_the_last_days_are_local_ones_and_today_is_among_them() -> None:
    assert begin_of_days(1, NOW, BRUSSELS) == datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert begin_of_days(2, NOW, BRUSSELS) == datetime(2026, 3, 27, 23, tzinfo=UTC)
    assert begin_of_days(1, NOW + timedelta(hours=9, minutes=59), BRUSSELS) == datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert begin_of_days(1, NOW + timedelta(hours=10), BRUSSELS) == datetime(2026, 3, 29, 22, tzinfo=UTC)


MET, MISSED = Figure(60, 1, 1), Figure(59, 1, 1)
TAKES: dict[str, Any] = {"min_seconds": 60, "revoke": True}
KEEPS: dict[str, Any] = {"min_seconds": 60}


@pytest.mark.parametrize(
    ("terms", "figure", "state", "outcome"),
    [
        (KEEPS, MET, None, "give"),
        (KEEPS, MISSED, None, ""),
        (KEEPS, MET, GrantState.TAKEN, "give"),
        (KEEPS, MET, GrantState.REFUSED, "give"),
        (KEEPS, MET, GrantState.AWAY, "give"),
        (KEEPS, MET, GrantState.ASKED, ""),
        (KEEPS, MET, GrantState.TAKING, ""),
        (KEEPS, MET, GrantState.GIVEN, "doubt"),
        (KEEPS, MET, GrantState.OWN, "doubt"),
        (KEEPS, MISSED, GrantState.GIVEN, ""),
        (TAKES, MISSED, GrantState.GIVEN, "take"),
        (TAKES, MISSED, GrantState.OWN, ""),
        (TAKES, MISSED, GrantState.GIVING, ""),
        (TAKES, MISSED, GrantState.AWAY, ""),
    ],
)
def test_what_follows_depends_on_what_was_done_before(
    terms: dict[str, Any], figure: Figure, state: GrantState | None, outcome: str
) -> None:
    each = rule(**terms)
    before = [grant(state)] if state else []
    decided = decide([each], {window_of(each): {PERSON: figure}}, [PERSON], before, present=[PERSON])
    assert (
        PERSON in decided.give.get("first", ()),
        PERSON in decided.take.get("first", ()),
        bool(decided.doubtful),
    ) == (
        outcome == "give",
        outcome == "take",
        outcome == "doubt",
    )


def test_who_was_away_is_asked_for_only_when_they_were_just_seen() -> None:
    each = rule(**KEEPS)
    for state in (GrantState.AWAY, GrantState.GIVEN):
        decided = decide([each], {window_of(each): {PERSON: MET}}, [PERSON], [grant(state)], present=[])
        assert (decided.give, decided.take, decided.doubtful) == ({}, {}, [])


def test_of_several_rules_for_a_role_one_is_enough_and_only_the_giver_takes_back() -> None:
    strict, mild = rule("strict", **TAKES), rule("mild", min_seconds=10, scope=Scope.LIFETIME)
    figures = {window_of(strict): {PERSON: MISSED}, window_of(mild): {PERSON: Figure(20, 1, 1)}}
    assert decide([strict, mild], figures, [PERSON], [], present=[]).give == {"mild": {PERSON}}
    for giver in ("strict", "mild", "deleted"):
        assert decide([strict, mild], figures, [PERSON], [grant(GrantState.GIVEN, giver)], present=[]).take == {}
    figures[window_of(mild)] = {}
    for giver, taken in (("strict", {"strict": {PERSON}}), ("mild", {}), ("deleted", {})):
        decided = decide([strict, mild], figures, [PERSON], [grant(GrantState.GIVEN, giver)], present=[])
        assert decided.take == taken


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"min_seconds": 36_000}, "at least 10 h in this period"),
        ({"min_seconds": 36_000, "top_n": 10}, "at least 10 h in this period and in the top 10"),
        ({"top_n": 3, "scope": Scope.LAST_PERIOD}, "in the top 3 in the last finished period"),
        ({"min_active_days": 1, "scope": Scope.LIFETIME}, "there on at least 1 day in all time"),
        (
            {"min_seconds": 5400, "top_n": 5, "min_active_days": 3, "scope": Scope.LAST_DAYS, "days": 30},
            "at least 1 h 30 min in the last 30 days, in the top 5 and there on at least 3 days",
        ),
        ({"min_seconds": 61, "scope": Scope.LAST_DAYS, "days": 1}, "at least 1 min 1 s today"),
        ({}, "at least 0 s in this period"),
    ],
)
def test_a_rule_is_said_in_plain_words(terms: dict[str, Any], words: str) -> None:
    assert in_words(rule(**terms)) == words


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"min_seconds": -1}, "min_seconds"),
        ({"min_seconds": 315_360_001}, "min_seconds"),
        ({"days": 0}, "days"),
        ({"days": 367}, "days"),
        ({"top_n": 0}, "top_n"),
        ({"top_n": 1001}, "top_n"),
        ({"min_active_days": 0}, "min_active_days"),
        ({"min_active_days": 367}, "min_active_days"),
        ({"scope": Scope.LAST_DAYS}, "days"),
    ],
)
def test_figures_of_a_rule_have_bounds(terms: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidField) as refused:
        Terms(**{"role_id": ROLE, "min_seconds": 0, **terms}).check()
    assert refused.value.details["field"] == field


def test_the_bot_gives_roles_below_its_own_where_it_holds_manage_roles() -> None:
    everyone, own, low = GuildRole(1, "@everyone", 0, 0, managed=False), 5, 3
    may = {"Manage Roles": 0x10000000, "Administrator": 0x8, "nothing": 0}

    def standing(held: int, position: int = 2) -> Standing:
        bot = GuildRole(own, "bot", held, position, managed=True)
        others = [GuildRole(low, "low", 0, 1, managed=False), GuildRole(4, "same", 0, 2, managed=False)]
        higher = [GuildRole(8, "younger at that place", 0, 2, managed=False), GuildRole(9, "high", 0, 3, managed=False)]
        return Standing(DiscordGuild(1, "guild", 7, (everyone, bot, *others, *higher)), frozenset({own}))

    for held in ("Manage Roles", "Administrator"):
        assert [standing(may[held]).problem_with(each) for each in (low, 4, 8, 9, 5, 1, 99)] == [
            None,
            TOO_HIGH,
            None,
            TOO_HIGH,
            NOT_GIVABLE,
            NOT_GIVABLE,
            GONE,
        ]
    assert standing(may["nothing"]).problem_with(low) == MAY_NOT
    assert standing(may["Manage Roles"], position=0).problem_with(low) == TOO_HIGH
    standing(0).check_givable(9)
    for role_id, error in ((1, RoleNotGivable), (own, RoleNotGivable), (99, RoleUnknown)):
        with pytest.raises(error):
            standing(0).check_givable(role_id)
