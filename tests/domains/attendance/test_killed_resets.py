"""A process that is killed in the middle of a reset leaves a period that is still current, and the next one ends it."""

import asyncio
import sys
from signal import SIGKILL

from guildhall.core.db import Database
from guildhall.domains import attendance
from guildhall.domains.attendance.key_models import SigningKey
from guildhall.domains.attendance.models import SigningState
from guildhall.domains.attendance.tlog.queries import QUEUED
from tests.domains.attendance.examples import GUILD, KEY_ID, RECEIPT, SESSION
from tests.domains.attendance.guild import ADA, BEN, CLEO, HALL, STUDIO, Guild, open_guild

FATAL = (1, 2, 3, 4, 6, 8, 11, 14, 17, 20, 23, 26)
"""Before which statements of the transaction a process dies; with three people it has about thirty."""


async def reset(database_url: str, fatal: int) -> int | None:
    """Let another process end the period at the hundredth second; returns how it ended."""
    command = [sys.executable, "-m", "tests.domains.attendance.resetter_process", database_url, "100", str(fatal)]
    process = await asyncio.create_subprocess_exec(*command)
    return await asyncio.wait_for(process.wait(), 60)


async def signatures_to_log(guild: Guild) -> int:
    async with guild.database.read() as tx:
        return len(await tx.all(QUEUED, limit=100))


async def test_a_reset_that_is_killed_anywhere_has_not_happened_and_the_next_one_loses_nothing(
    database: Database, database_url: str
) -> None:
    guild = await open_guild(database, guild_id=GUILD)
    async with database.write() as tx:
        key = SigningKey(id=KEY_ID, guild_id=GUILD, public_key=RECEIPT["public_key"], created_at=SESSION.joined_at)
        await tx.insert(key)
    await guild.voice(10, ADA, HALL)
    await guild.voice(20, BEN, STUDIO)
    await guild.voice(40, CLEO, HALL)
    await guild.beat(90)
    guild.at = 100
    before = await guild.story()
    for fatal in FATAL:
        assert await reset(database_url, fatal) == -SIGKILL
        assert await guild.story() == before
        assert (await guild.ask(attendance.period_of)).number == 1
        assert await signatures_to_log(guild) == 0
    assert await reset(database_url, 0) == 0
    assert await guild.board(1) == {ADA: 90, BEN: 80, CLEO: 60}
    assert [line[2:] for line in await guild.story()] == [
        *((start, 100, "reset") if ended else (100, None, None) for start in (10, 20, 40) for ended in (True, False))
    ]
    (archived,) = (await guild.ask(attendance.history_of)).periods
    assert archived.signing_state is SigningState.SIGNED
    assert await signatures_to_log(guild) == 4
