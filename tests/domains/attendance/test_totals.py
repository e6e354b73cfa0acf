"""Whatever happens, no second is lost and none counted twice: random days against a model that counts by the second."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from guildhall.core.actor import SYSTEM
from guildhall.core.db import Database, open_database
from guildhall.domains import attendance
from guildhall.domains.attendance import Anchor, Heard, Interval, Mode, Picture, Policy, Seen
from tests.domains.attendance.guild import GAP, SCENE

T = TypeVar("T")
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
FRESH = 30
CHECKPOINT = 15
HOUR = 3600
PEOPLE = (11, 12, 13)
HALL, LISTED, AFK = CHANNELS = (101, 102, 103)
GUILDS = count(1)

MUTED, DEAF, ALONE = 3, 12, 128
# Most of the time most is tracked, or there would be little to count.
MODES = st.sampled_from((Mode.ALL, Mode.ALL, Mode.ALL, Mode.DENYLIST, Mode.ALLOWLIST, Mode.OFF))
MOVES = st.tuples(
    st.sampled_from(PEOPLE),
    st.sampled_from((HALL, HALL, LISTED, AFK, None)),
    st.sampled_from((0, 1, 2, 4, 16, 64)),
    st.integers(0, 200),
)
SELDOM = st.sampled_from((False, False, True))
POLICIES = st.builds(Policy, SELDOM, SELDOM, SELDOM, st.sampled_from((0, 0, 1, 60, 600)))
Where = tuple[int, int]
Move = tuple[int, int | None, int, int]


def paused(policy: Policy, state: int) -> bool:
    return bool(
        (policy.pause_on_mute and state & MUTED)
        or (policy.pause_on_deafen and state & DEAF)
        or (policy.pause_when_solo and state & ALONE)
    )


class Model:
    """The guild as somebody would count it with a tally sheet: one line for each person and second."""

    def __init__(self) -> None:
        self.now = self.witnessed = self.filled = 0
        self.connected = self.watched = True
        self.mode = Mode.ALL
        self.policy = Policy()
        self.actual: dict[int, Where] = {}
        self.known: dict[int, Where] = {}
        self.visit: dict[int, int] = {}
        self.visits = count()
        self.owner: dict[int, int] = {}
        self.place_of: dict[int, int] = {}
        self.carried: Counter[int] = Counter()
        self.period = 1
        self.began = 0
        self.archives: dict[int, dict[int, tuple[int, int]]] = {}
        self.tally: dict[int, list[tuple[int, int]]] = defaultdict(list)

    def tracks(self, channel: int) -> bool:
        if self.mode is Mode.ALLOWLIST:
            return channel == LISTED
        if self.mode is Mode.OFF or channel == AFK:
            return False
        return self.mode is Mode.ALL or channel != LISTED

    def go(self, person: int, channel: int | None, state: int) -> None:
        if channel is None:
            self.actual.pop(person, None)
        else:
            self.actual[person] = (channel, state)

    def states(self, places: dict[int, Where]) -> dict[int, Where]:
        company = Counter(channel for channel, _ in places.values())
        return {
            person: (channel, state | ALONE if company[channel] == 1 else state)
            for person, (channel, state) in places.items()
        }

    def fill(self, until: int) -> None:
        """Tally everybody with a session, as they were last known, up to a second."""
        states = self.states(self.known)
        for second in range(self.filled, until):
            for person, visit in self.visit.items():
                self.tally[second].append((visit, states[person][1]))
        self.filled = max(self.filled, until)

    def align(self) -> None:
        for person, visit in list(self.visit.items()):
            place = self.known.get(person)
            if place is None or place[0] != self.place_of[visit] or not self.tracks(place[0]):
                self.end(person)
        for person, (channel, _) in self.known.items():
            if person not in self.visit and self.tracks(channel):
                self.visit[person] = next(self.visits)
                self.place_of[self.visit[person]] = channel
                self.owner[self.visit[person]] = person

    def end(self, person: int) -> None:
        del self.visit[person]

    def event(self) -> None:
        """Something was seen now."""
        self.settle(self.now)
        self.fill(self.now)
        self.witnessed = self.now

    def settle(self, known_until: int) -> None:
        """End the periods whose border has passed."""
        while self.now >= self.began + HOUR:
            border = self.began + HOUR
            if self.visit and known_until < border:
                if self.now - known_until <= GAP.total_seconds():
                    return
                self.lose()
            self.fill(border)
            self.archive(border)
            behind = 0 if self.visit else (self.now - border) // HOUR
            self.began = border + behind * HOUR

    def lose(self) -> None:
        self.fill(self.witnessed)
        for person in list(self.visit):
            self.end(person)
        self.watched = False

    def live(self) -> bool:
        return self.watched and self.now - self.witnessed <= FRESH

    def archive(self, border: int) -> None:
        """Freeze the board at a border. A gap that was bridged may be tallied beyond it, for the next period."""
        board, counted = self.board(border, ends=True)
        self.archives[self.period] = board
        for visit in self.visit.values():
            self.carried[visit] += counted[visit]
        self.period += 1

    def board(self, until: int, *, ends: bool = False) -> tuple[dict[int, tuple[int, int]], Counter[int]]:
        counted: Counter[int] = Counter()
        states = self.states(self.known)
        going_on = [(visit, states[person][1]) for person, visit in self.visit.items()]
        for second in range(self.began, until):
            for visit, state in self.tally.get(second, ()) if second < self.filled else going_on:
                counted[visit] += not paused(self.policy, state)
        board: dict[int, tuple[int, int]] = {}
        for visit, seconds in counted.items():
            stays = ends and visit in self.visit.values()
            if seconds and (stays or self.carried[visit] + seconds >= self.policy.min_session_seconds):
                total, sessions = board.get(self.owner[visit], (0, 0))
                board[self.owner[visit]] = total + seconds, sessions + 1
        return board, counted


class Days(RuleBasedStateMachine):
    """The house and the model live through the same days."""

    runner: asyncio.Runner
    database: Database

    def __init__(self) -> None:
        super().__init__()
        self.guild = next(GUILDS)
        self.model = Model()
        self.last: Seen | None = None
        self.write(attendance.see_guild, now=self.instant)
        self.settle_schedule()
        self.write(attendance.set_mode, SYSTEM, mode=Mode.ALL, now=self.instant, scene=SCENE)
        self.write(
            attendance.track_channel,
            SYSTEM,
            channel_id=LISTED,
            voice_channels=CHANNELS,
            now=self.instant,
            scene=SCENE,
        )
        self.take_picture()

    @property
    def instant(self) -> datetime:
        return START + timedelta(seconds=self.model.now, microseconds=self.model.now * 7919 % 1_000_000)

    def write(self, verb: Callable[..., Awaitable[T]], *args: Any, **named: Any) -> T:  # noqa: ANN401 (whatever the callee takes)
        async def run() -> T:
            async with self.database.write() as tx:
                return await verb(tx, *args, guild_id=self.guild, **named)

        return self.runner.run(run())

    def read(self, read: Callable[..., Awaitable[T]], **named: Any) -> T:  # noqa: ANN401 (whatever the callee takes)
        async def run() -> T:
            async with self.database.read() as tx:
                return await read(tx, guild_id=self.guild, **named)

        return self.runner.run(run())

    def settle_schedule(self) -> None:
        self.write(
            attendance.set_schedule,
            SYSTEM,
            interval=Interval.HOURLY,
            anchor=Anchor.ROLLING,
            now=self.instant,
            scene=SCENE,
        )

    def take_picture(self) -> None:
        connections = [Seen(person, channel, state) for person, (channel, state) in self.model.actual.items()]
        connections.append(Seen(99, CHANNELS[0], bot=True))
        self.write(
            attendance.take_picture, picture=Picture(connections, afk_channel_id=AFK), now=self.instant, scene=SCENE
        )

    def told(self, person: int) -> Heard:
        """Return what is told of somebody now."""
        channel, state = self.model.actual.get(person, (None, 0))
        self.last = Seen(person, channel, state)
        return Heard(self.last, self.instant)

    @initialize(policy=POLICIES, moves=st.lists(MOVES, min_size=2, max_size=6))
    def a_day_begins(self, policy: Policy, moves: list[Move]) -> None:
        self.change_policy(policy)
        self.come_and_go(moves)

    @rule(seconds=st.one_of(st.integers(0, 40), st.integers(200, 400), st.integers(1000, 4000)))
    def some_time_passes(self, seconds: int) -> None:
        self.time_passes(seconds)

    def time_passes(self, seconds: int) -> None:
        model = self.model
        target = model.now + seconds
        while model.connected and model.now < target:
            # The watcher ends periods in time, and has said at the last checkpoint that all was well.
            stops = (model.began + HOUR, target // CHECKPOINT * CHECKPOINT, target)
            model.now = min(stop for stop in stops if stop > model.now)
            if model.now in stops[:2]:
                self.beat()
        model.now = target

    def beat(self) -> None:
        now = self.instant

        async def run() -> set[int]:
            async with self.database.write() as tx:
                # What lies behind is witnessed little by little, here in one step.
                return await attendance.checkpoint(tx, guild_ids=[self.guild], now=now, max_gap=timedelta(hours=2))

        assert self.runner.run(run()) == set()
        self.model.witnessed = max(self.model.witnessed, self.model.now)
        self.write(attendance.reset_if_due, now=now, scene=SCENE, watching=True)
        self.model.settle(self.model.now)

    @rule(moves=st.lists(MOVES, min_size=1, max_size=6))
    def people_come_and_go(self, moves: list[Move]) -> None:
        self.come_and_go(moves)

    def come_and_go(self, moves: list[Move]) -> None:
        for person, channel, state, stays in moves:
            self.model.go(person, channel, state)
            self.seen(person)
            self.time_passes(stays)

    def seen(self, person: int) -> None:
        if self.model.connected:
            self.write(attendance.voices_changed, heard=[self.told(person)], scene=SCENE)
            self.learn(person)

    def learn(self, person: int) -> None:
        model = self.model
        if model.known.get(person) == model.actual.get(person):
            return
        model.event()
        model.known = dict(model.actual)
        model.align()

    @precondition(lambda self: self.model.connected)
    @rule(moves=st.lists(MOVES, min_size=2, max_size=6))
    def people_come_and_go_while_the_store_is_slow(self, moves: list[Move]) -> None:
        heard = []
        for person, channel, state, stays in moves:
            self.model.go(person, channel, state)
            heard.append(self.told(person))
            self.learn(person)
            self.model.now += min(stays, CHECKPOINT)
        self.write(attendance.voices_changed, heard=heard, scene=SCENE)
        self.beat()

    @precondition(lambda self: self.model.connected and self.last is not None)
    @rule()
    def the_last_event_comes_again(self) -> None:
        if self.last is not None and self.model.known.get(self.last.user_id) == self.place(self.last):
            self.write(attendance.voice_changed, seen=self.last, now=self.instant, scene=SCENE)

    @staticmethod
    def place(seen: Seen) -> Where | None:
        return None if seen.channel_id is None else (seen.channel_id, seen.state)

    @precondition(lambda self: self.model.connected)
    @rule(cleanly=st.booleans())
    def the_connection_ends(self, cleanly: bool) -> None:  # noqa: FBT001 (a rule's draw)
        model = self.model
        model.connected = False
        if cleanly:
            self.write(attendance.begin_gap, witnessed_until=self.instant, now=self.instant)
            model.witnessed, model.watched = model.now, False

    @precondition(lambda self: not self.model.connected)
    @rule()
    def the_house_starts_again(self) -> None:
        self.write(attendance.begin_gap, now=self.instant)
        self.model.watched = False

    @rule(moves=st.lists(MOVES, max_size=3), seconds=st.integers(0, 330))
    def the_connection_is_away_for_a_while(self, moves: list[Move], seconds: int) -> None:
        self.be_away(moves, seconds)

    def be_away(self, moves: list[Move], seconds: int) -> None:
        self.model.connected = False
        for person, channel, state, _ in moves:
            self.model.go(person, channel, state)
        self.time_passes(seconds)
        self.the_full_picture_comes()

    @rule()
    def a_picture_comes(self) -> None:
        self.the_full_picture_comes()

    def the_full_picture_comes(self) -> None:
        model = self.model
        self.take_picture()
        model.settle(model.witnessed)
        if model.now - model.witnessed > GAP.total_seconds():
            model.lose()
        else:
            self.bridge()
        model.known = dict(model.actual)
        model.witnessed, model.watched, model.connected = model.now, True, True
        model.settle(model.now)
        model.filled = model.now
        model.align()

    def bridge(self) -> None:
        """Who is where they were was there; how is paused if it would have been before or after."""
        model = self.model
        model.fill(model.witnessed)
        before, after = model.states(model.known), model.states(model.actual)
        for person in list(model.visit):
            if person not in after or after[person][0] != before[person][0]:
                model.end(person)
        for second in range(model.filled, model.now):
            for person, visit in model.visit.items():
                model.tally[second].append((visit, before[person][1] | after[person][1]))
        model.filled = model.now

    @rule()
    def a_request_needs_the_period(self) -> None:
        self.write(attendance.reset_if_due, now=self.instant, scene=SCENE, watching=self.model.connected)
        self.model.settle(self.model.now if self.model.connected else self.model.witnessed)

    @rule()
    def too_long_gaps_are_ended(self) -> None:
        async def run() -> list[int]:
            async with self.database.read() as tx:
                return await attendance.lost_guilds(tx, now=self.instant, max_gap=GAP, limit=10_000)

        model = self.model
        lost = model.now - model.witnessed > GAP.total_seconds()
        assert (self.guild in self.runner.run(run())) == (lost and bool(model.visit))
        self.write(attendance.end_gap, now=self.instant, scene=SCENE)
        if lost:
            model.settle(model.witnessed)
            model.lose()

    @rule()
    def somebody_resets_now(self) -> None:
        model = self.model
        answer = self.write(attendance.reset_now, SYSTEM, now=self.instant, scene=SCENE)
        asked, live = model.period, model.live()
        model.settle(model.now if live else model.witnessed)
        if model.period == asked and model.began == model.now:
            assert not answer.reset
            return
        assert answer.reset
        assert answer.archived is not None
        assert answer.archived.number == asked
        if model.period == asked and not live:
            model.lose()
            model.settle(model.witnessed)
        if model.period == asked:
            model.fill(model.now)
            model.archive(model.now)
            model.began = model.now

    @rule(mode=MODES)
    def the_mode_is_changed(self, mode: Mode) -> None:
        model = self.model
        self.write(attendance.set_mode, SYSTEM, mode=mode, now=self.instant, scene=SCENE)
        live = model.live()
        model.settle(model.now if live else model.witnessed)
        if mode is model.mode:
            return
        model.mode = mode
        if live:
            model.fill(model.now)
            model.witnessed = model.now
            model.align()
            return
        for person in [each for each in model.visit if not model.tracks(model.known[each][0])]:
            model.fill(model.witnessed)
            model.end(person)

    @rule(policy=POLICIES)
    def the_policy_is_changed(self, policy: Policy) -> None:
        self.change_policy(policy)

    def change_policy(self, policy: Policy) -> None:
        model = self.model
        self.write(
            attendance.set_fairness,
            SYSTEM,
            pause_on_mute=policy.pause_on_mute,
            pause_on_deafen=policy.pause_on_deafen,
            pause_when_solo=policy.pause_when_solo,
            min_session_seconds=policy.min_session_seconds,
            now=self.instant,
            scene=SCENE,
        )
        model.settle(model.now if model.live() else model.witnessed)
        model.policy = policy

    def totals(self, number: int | None) -> dict[int, tuple[int, int]]:
        board = self.read(attendance.board_of, number=number, limit=500, now=self.instant)
        assert [each.rank for each in board.entries] == ranks([each.total_seconds for each in board.entries])
        assert board.total == len(board.entries)
        return {each.user_id: (each.total_seconds, each.session_count) for each in board.entries}

    @invariant()
    def the_totals_are_the_same(self) -> None:
        model = self.model
        for number, board in list(model.archives.items())[-2:]:
            assert self.totals(number) == board, number
        if model.connected and model.now < model.began + HOUR:
            assert self.totals(None) == model.board(model.now)[0]

    @invariant()
    def the_heatmap_shows_the_same_seconds(self) -> None:
        model = self.model
        if model.connected and model.now < model.began + HOUR:
            heatmap = self.read(attendance.heatmap_of, timezone="Asia/Kathmandu", now=self.instant)
            seconds = sum(bucket.seconds for bucket in heatmap.buckets)
            boards = [*model.archives.values(), model.board(model.now)[0]]
            assert seconds == sum(total for board in boards for total, _ in board.values())


def ranks(totals: list[int]) -> list[int]:
    return [1 + sum(other > total for other in totals) for total in totals]


@contextmanager
def days_in(url: str) -> Iterator[type[Days]]:
    """Lend days that are lived in a database."""
    with asyncio.Runner() as runner:
        database = runner.run(open_database(url, synchronous="OFF"))
        try:
            yield type("Here", (Days,), {"runner": runner, "database": database})
        finally:
            runner.run(database.close())


def live_through(url: str, *, examples: int, steps: int) -> None:
    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    with days_in(url) as here:
        run_state_machine_as_test(here, settings=chosen)


# Every step costs real transactions and two or three boards, so each run lives through a few other days, in seconds;
# a day that was ever told differently is kept by Hypothesis, and comes first in the next run.
def test_totals_agree_with_a_tally_by_the_second(sqlite_database_url: str) -> None:
    live_through(sqlite_database_url, examples=25, steps=40)


# What the engines could tell differently are a few statements, which any day uses.
def test_totals_agree_with_a_tally_by_the_second_on_postgresql(postgresql_database_url: str) -> None:
    live_through(postgresql_database_url, examples=5, steps=30)


def test_a_bridged_gap_counts_on_each_side_of_the_border_it_spans(sqlite_database_url: str) -> None:
    with days_in(sqlite_database_url) as here:
        day = here()
        day.come_and_go([(11, HALL, 0, HOUR - 150)])
        day.be_away([], 250)
        assert day.model.archives == {1: {11: (HOUR, 1)}}
        assert day.totals(None) == {11: (100, 1)}
        day.the_totals_are_the_same()
        day.the_heatmap_shows_the_same_seconds()
