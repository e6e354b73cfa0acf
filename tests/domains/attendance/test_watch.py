"""Who may watch a guild, and what the database holds by itself."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from guildhall.core.db import Database
from guildhall.core.db.base import Clash
from guildhall.domains import attendance
from guildhall.domains.attendance import Seen, Session, Watch
from guildhall.domains.attendance.writing import insert_session
from tests.domains.attendance.guild import ADA, HALL, SCENE, START, open_guild

NOON = datetime(2026, 3, 19, 12, tzinfo=UTC)


async def test_one_process_watches_a_guild_at_a_time(database: Database) -> None:
    mine, theirs = Watch("mine"), Watch("theirs")
    async with database.write() as tx:
        assert await mine.take(tx, 1, now=NOON)
        assert not await theirs.take(tx, 1, now=NOON)
    assert (mine.guilds, theirs.guilds) == ({1}, set())
    async with database.write() as tx:
        assert await mine.prolong(tx, mine.guilds, now=NOON + timedelta(seconds=20)) == set()
        assert not await theirs.take(tx, 1, now=NOON + timedelta(seconds=40))
        assert await theirs.take(tx, 1, now=NOON + timedelta(seconds=51))
        assert await mine.prolong(tx, mine.guilds, now=NOON + timedelta(seconds=52)) == {1}
    assert (mine.guilds, theirs.guilds) == (set(), {1})
    async with database.write() as tx:
        await theirs.give_back(tx, 1)
        assert await mine.take(tx, 1, now=NOON + timedelta(seconds=53))


async def test_a_guild_that_several_see_at_once_begins_once(database: Database) -> None:
    async def see() -> bool:
        async with database.write() as tx:
            return await attendance.see_guild(tx, guild_id=5, now=NOON)

    assert sorted(await asyncio.gather(*(see() for _ in range(5)))) == [False] * 4 + [True]
    async with database.read() as tx:
        assert (await attendance.period_of(tx, guild_id=5)).number == 1


async def test_the_database_holds_that_a_person_has_one_open_session(database: Database) -> None:
    guild = await open_guild(database)
    await guild.voice(0, ADA, HALL)
    period = await guild.ask(attendance.period_of)
    another = Session(
        id="x", guild_id=1, user_id=ADA, channel_id=HALL, period_id=period.id, joined_at=START, stretches=((0, 0),)
    )
    with pytest.raises(Clash):
        async with database.write() as tx:
            await insert_session(tx, another)


async def test_people_who_join_at_the_same_moment_are_all_there_and_nobody_is_alone(database: Database) -> None:
    guild = await open_guild(database)

    async def join(person: int) -> None:
        async with database.write() as tx:
            await attendance.voice_changed(
                tx, guild_id=1, seen=Seen(person, HALL), now=START + timedelta(seconds=5), scene=SCENE
            )

    await asyncio.gather(*(join(person) for person in range(1, 21)))
    sessions = [line.session for line in await guild.sessions()]
    assert sorted(each.user_id for each in sessions) == list(range(1, 21))
    assert {each.stretches for each in sessions} == {((0, 0),)}
