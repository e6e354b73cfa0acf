"""Processes that are killed and databases that fail while people sit in voice: no second is lost or counted twice."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from guildhall.bot.backoff import Backoff
from guildhall.bot.lanes import DEPTH, Lanes
from guildhall.core.clock import SystemClock
from guildhall.core.db import open_database
from guildhall.domains import attendance
from guildhall.domains.attendance import Mode, SessionLine
from guildhall.simulator.discord import DiscordSimulator
from tests.bot.conftest import OPERATOR, Scene, until
from tests.domains.attendance.guild import SCENE
from tests.faults.server_process import ServerProcess, server_process

ROSA, PAVEL, INES = "rosa.m", "pavel_n", "ines_v"
LOUNGE = "Lounge"


class People:
    """Those in voice, and what a server on that database has stored of them."""

    def __init__(self, discord: DiscordSimulator, database_url: str, process: ServerProcess) -> None:
        self.discord, self.database_url, self.process = discord, database_url, process
        self.guild_id = int(discord.guild.id)

    def who(self, username: str) -> int:
        return next(int(each.id) for each in self.discord.world.users.values() if each.username == username)

    async def move(self, username: str, channel: str | None) -> None:
        place = next((each.id for each in self.discord.guild.channels.values() if each.name == channel), None)
        body = {"guild_id": self.discord.guild.id, "user_id": str(self.who(username)), "channel_id": place}
        async with httpx.AsyncClient() as client:
            assert (await client.post(f"{self.discord.address}/_sim/voice", json=body)).is_success

    async def connected(self) -> None:
        async def so() -> bool:
            async with httpx.AsyncClient() as client:
                checks = (await client.get(f"{self.process.url}/health")).json()["checks"]
            return bool(checks["bot"] == "simulated")

        async with asyncio.timeout(60):
            while not await so():  # noqa: ASYNC110 (another process tells it)
                await asyncio.sleep(0.2)  # The pause between two looks at a condition, not a guess at a time.

    async def track(self) -> None:
        database = await open_database(self.database_url)

        async def seen() -> bool:
            async with database.read() as tx:
                return bool(await attendance.list_guilds(tx))

        await until(seen)
        async with database.write() as tx:
            now = SystemClock().now()
            await attendance.set_mode(tx, OPERATOR, guild_id=self.guild_id, mode=Mode.ALL, now=now, scene=SCENE)
        await database.close()

    async def sessions(self) -> dict[int, SessionLine]:
        database = await open_database(self.database_url)
        async with database.read() as tx:
            lines = await attendance.sessions_of(tx, guild_id=self.guild_id, now=SystemClock().now(), limit=50)
        await database.close()
        return {each.session.user_id: each for each in lines}


async def test_a_server_that_is_killed_loses_nobody_who_stays(
    discord: DiscordSimulator, sqlite_database_url: str, tmp_path: Path
) -> None:
    settings = {**discord.settings, "ATTENDANCE_CHECKPOINT_SECONDS": "1"}
    with server_process(sqlite_database_url, tmp_path, **settings) as process:
        people = People(discord, sqlite_database_url, process)
        await people.connected()
        await people.track()
        await people.move(ROSA, LOUNGE)
        await people.move(PAVEL, LOUNGE)

        async def both() -> bool:
            return len(await people.sessions()) == 2

        await until(both)
        began = await people.sessions()
        killed = SystemClock().now()
        process.kill()
        await people.move(PAVEL, None)
        await people.move(INES, LOUNGE)
        back = SystemClock().now()
        process.start()

        async def three() -> bool:
            return len(await people.sessions()) == 3

        # The lease of the dead process has to end first.
        await until(three, within=90)
        after = await people.sessions()
        rosa, pavel, ines = (after[people.who(each)].session for each in (ROSA, PAVEL, INES))
        assert (rosa.id, rosa.joined_at, rosa.left_at) == (
            began[rosa.user_id].session.id,
            began[rosa.user_id].session.joined_at,
            None,
        )
        assert pavel.left_at is not None
        assert pavel.end_reason is not None
        assert pavel.joined_at <= pavel.left_at <= killed
        assert pavel.end_reason.value == "lost"
        assert ines.joined_at >= back - timedelta(seconds=1)


@pytest.mark.parametrize("engine", ["sqlite"])  # The fault is made with a trigger of SQLite.
async def test_a_database_that_fails_makes_a_gap_and_the_bot_stays_connected(
    scene: Scene, discord: DiscordSimulator, database_url: str
) -> None:
    await scene.track()
    await scene.voice(ROSA, LOUNGE)
    await scene.tells((ROSA, LOUNGE, 0, None, None))
    with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"))) as other:
        other.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON attendance_presences BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        )
        scene.at(10)
        await scene.voice(PAVEL, LOUNGE)
        await scene.voice(ROSA, None)
        scene.at(20)
        other.execute("DROP TRIGGER refuse")
    # What could not be stored is known by its outcome: Rosa was last seen for certain when Pavel came.
    await scene.tells((ROSA, LOUNGE, 0, 0, "lost"), (PAVEL, LOUNGE, 20, None, None))
    assert discord.gateway.identified == 1


async def test_too_much_that_waits_is_given_up_for_a_look_at_the_whole() -> None:
    done: list[str] = []
    door = asyncio.Event()

    async def wait_at_the_door() -> None:
        await door.wait()

    async def note(what: str) -> None:
        done.append(what)

    async def recover(guild_id: int) -> None:
        done.append(f"looked at {guild_id}")

    lanes = Lanes(recover, backoff=lambda: Backoff(first=0.01))
    lanes.add(7, wait_at_the_door)
    lanes.add(8, lambda: note("another guild"))
    await until(lambda: _holds(done == ["another guild"]))
    # Whoever adds never waits, however much there is.
    for _ in range(DEPTH + 1):
        lanes.add(7, lambda: note("too old"))
    lanes.add(7, lambda: note("new"))
    door.set()
    assert await lanes.drain(within=5)
    assert done == ["another guild", "looked at 7", "new"]
    assert not lanes.busy


async def _holds(truth: bool) -> bool:  # noqa: FBT001 (the condition itself)
    return truth
