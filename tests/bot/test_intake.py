"""Many voice events at once: in few transactions, in their order, and none lost by another's fault."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import timedelta

import pytest

from guildhall.bot.intake import BURST, Intake
from guildhall.bot.lanes import DEPTH
from guildhall.core.db import Database
from guildhall.domains import attendance
from guildhall.domains.attendance import Mode, Picture, Seen, Watch
from guildhall.domains.attendance.queries import GUILD_LOCKED
from guildhall.domains.bot import Name
from tests.bot.conftest import until
from tests.clock import START, SettableClock
from tests.domains.attendance.guild import MANAGER, SCENE

GUILD = 1
PEOPLE = DEPTH - 100
TOO_LARGE = 2**64
"""An id that no store takes."""

Story = list[tuple[int, int, int, int | None, str | None]]


class Place:
    """One guild that is watched, and who is there when somebody looks."""

    def __init__(self, database: Database, clock: SettableClock) -> None:
        self.database, self.clock = database, clock
        self.here: list[Seen] = []
        watch = Watch("this process")
        self.names: dict[int, Name] = {}
        self.intake = Intake(
            database, clock, watch, scene=SCENE, look=lambda _: Picture(self.here), remember=self._remember
        )
        self.intake.see(GUILD, Picture())

    async def _remember(self, guild_id: int, names: Mapping[int, Name]) -> None:
        assert guild_id == GUILD
        self.names |= names

    async def track(self) -> None:
        """Track every channel."""
        await self.settled()
        async with self.database.write() as tx:
            await attendance.set_mode(tx, MANAGER, guild_id=GUILD, mode=Mode.ALL, now=self.clock.now(), scene=SCENE)

    def at(self, second: int) -> None:
        self.clock.set(START + timedelta(seconds=second))

    def busy(self) -> Callable[[], None]:
        """Let the guild's lane be held by something that lasts, and return what ends it."""
        door = asyncio.Event()

        async def wait() -> None:
            await door.wait()

        self.intake.meanwhile(GUILD, wait)
        return door.set

    async def settled(self) -> None:
        """Wait until all that was told is stored."""
        done = asyncio.Event()

        async def note() -> None:
            done.set()

        self.intake.meanwhile(GUILD, note)
        async with asyncio.timeout(60):
            await done.wait()

    async def story(self) -> Story:
        """Return all sessions as who, where, from which second, to which, why it ended."""
        async with self.database.read() as tx:
            lines = await attendance.sessions_of(tx, guild_id=GUILD, now=self.clock.now(), limit=10_000)
        return sorted(
            (
                each.session.user_id,
                each.session.channel_id,
                int((each.session.joined_at - START).total_seconds()),
                None if each.session.left_at is None else int((each.session.left_at - START).total_seconds()),
                each.session.end_reason and each.session.end_reason.value,
            )
            for each in lines
        )


@pytest.fixture
async def place(database: Database, clock: SettableClock) -> AsyncIterator[Place]:
    place = Place(database, clock)
    await place.track()
    yield place
    await place.intake.stop()


async def test_what_waits_together_is_stored_together_and_in_its_order(place: Place) -> None:
    turns = 0

    def observe(text: str) -> None:
        nonlocal turns
        turns += text == GUILD_LOCKED.on(place.database.engine).text

    place.database.observe = observe
    go_on = place.busy()
    place.at(5)
    for person in range(1, PEOPLE + 1):
        place.intake.meet(GUILD, {person: Name(f"Person {person}")})
        place.intake.voice(GUILD, Seen(person, 100 + person // 8))
    place.at(7)
    place.intake.afk_channel(GUILD, 100)
    place.at(10)
    for person in range(1, PEOPLE + 1):
        place.intake.voice(GUILD, Seen(person, 1000 + person // 8))
    go_on()
    await place.settled()
    expected: Story = []
    for person in range(1, PEOPLE + 1):
        was_away = person // 8 == 0
        expected.append((person, 100 + person // 8, 5, *((7, "untracked") if was_away else (10, "moved"))))
        expected.append((person, 1000 + person // 8, 10, None, None))
    assert await place.story() == expected
    assert turns < 3 * PEOPLE / BURST
    assert place.names == {person: Name(f"Person {person}") for person in range(1, PEOPLE + 1)}


async def test_an_event_that_cannot_be_stored_takes_none_along_that_came_before_it(place: Place) -> None:
    go_on = place.busy()
    place.at(5)
    for person in (1, TOO_LARGE, 2):
        place.intake.voice(GUILD, Seen(person, 100))
    place.at(20)
    place.here = [Seen(1, 100), Seen(2, 100)]
    go_on()

    async def looked() -> bool:
        return len(await place.story()) > 1

    await until(looked)
    # The rest is known by the look at the whole.
    assert await place.story() == [(1, 100, 5, None, None), (2, 100, 20, None, None)]
    place.at(30)
    place.intake.voice(GUILD, Seen(2, None))
    await place.settled()
    assert (2, 100, 20, 30, "left") in await place.story()
