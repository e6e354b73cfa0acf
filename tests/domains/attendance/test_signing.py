"""Signing what has closed: at once, later, in order, by the key of the guild, and once only."""

import asyncio
import base64
import dataclasses
import subprocess
import sys
from datetime import datetime, timedelta
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import select

from guildhall.core import outbox
from guildhall.core.actor import SYSTEM
from guildhall.core.db import Database, query
from guildhall.core.events import LocalEvents
from guildhall.core.jobs import JobEngine
from guildhall.domains import attendance
from guildhall.domains.attendance import Scene
from guildhall.domains.attendance.key_models import SessionRecord, SigningKey
from guildhall.domains.attendance.keyring import Keyring
from guildhall.domains.attendance.keys import generate_key, lock_key, rotate_key, unlock_key
from guildhall.domains.attendance.models import SigningState, attendance_sessions
from guildhall.domains.attendance.records import SessionFacts
from guildhall.domains.attendance.signed.queries import OLDEST_PERIOD, OLDEST_SESSION, pending_of
from guildhall.domains.attendance.signing import (
    SIGN_PENDING,
    keep_signing,
    queue_signing,
    sign_closed,
    sign_waiting,
    signer_of,
)
from guildhall.domains.attendance.tlog.queries import QUEUED
from guildhall.evidence.formats import RecordKind
from tests.clock import SettableClock
from tests.domains.attendance.closing import archive, open_guild, put_session
from tests.domains.attendance.examples import GUILD, KEY_ID, PERIOD, RECEIPT, SESSION
from tests.domains.attendance.guild import ADA, BEN, GAP, HALL, open_guild as watched_guild

PASSPHRASE = "correct horse battery staple"

ALL = query(
    SessionRecord,
    select(*(attendance_sessions.c[name] for name in SessionRecord.__struct_fields__)).order_by(
        attendance_sessions.c.left_at, attendance_sessions.c.id
    ),
)


def sessions(count: int) -> list[SessionFacts]:
    """Sessions that end one minute after the other."""
    return [
        dataclasses.replace(
            SESSION,
            session_id=str(uuid4()),
            user_id=1000 + number,
            left_at=SESSION.left_at + number * timedelta(minutes=1),
        )
        for number in range(count)
    ]


async def new_key(database: Database, keyring: Keyring, clock: SettableClock) -> SigningKey:
    return await generate_key(database, keyring, SYSTEM, guild_id=GUILD, passphrase=PASSPHRASE, now=clock.now())


async def lock(database: Database, keyring: Keyring, clock: SettableClock) -> None:
    async with database.write() as tx:
        await lock_key(tx, keyring, SYSTEM, guild_id=GUILD, now=clock.now())


async def close(database: Database, facts: list[SessionFacts]) -> None:
    """Let sessions close while nobody has the key."""
    async with database.write() as tx:
        await open_guild(tx)
        for each in reversed(facts):
            await put_session(tx, each)


async def stored(database: Database) -> list[SessionRecord]:
    async with database.read() as tx:
        return await tx.all(ALL)


def check(record: SessionRecord, key: SigningKey) -> None:
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key.public_key))
    assert record.bytes_v1 is not None
    assert record.bytes_v2 is not None
    public.verify(base64.b64decode(record.signature_v1 or ""), record.bytes_v1)
    public.verify(base64.b64decode(record.signature_v2 or ""), record.bytes_v2)
    assert record.signing_key_id == key.id


async def test_what_closes_while_the_key_is_open_is_signed_in_the_same_transaction(
    database: Database, keyring: Keyring, clock: SettableClock
) -> None:
    key = await new_key(database, keyring, clock)
    async with database.write() as tx:
        await open_guild(tx)
        await put_session(tx, SESSION)
        await archive(tx, PERIOD)
        for kind, oldest in ((RecordKind.SESSION, OLDEST_SESSION), (RecordKind.PERIOD, OLDEST_PERIOD)):
            waiting = await tx.all(oldest, guild_id=GUILD)
            assert await sign_closed(tx, keyring, kind, waiting, guild_id=GUILD, now=clock.now())
    async with database.read() as tx:
        pending = await pending_of(tx, GUILD)
        assert (pending.sessions, pending.periods) == (0, 0)
    [record] = await stored(database)
    check(record, key)
    assert record.signed_at == clock.now()


async def test_who_leaves_and_a_period_that_ends_are_signed_in_the_transaction_that_closes_them(
    database: Database, keyring: Keyring
) -> None:
    guild = await watched_guild(database, guild_id=GUILD, scene=Scene(GAP, keyring))
    key = await generate_key(database, keyring, SYSTEM, guild_id=GUILD, passphrase=PASSPHRASE, now=guild.now)
    for person in (ADA, BEN):
        await guild.voice(10, person, HALL)
    await guild.voice(60, ADA, None)
    [left] = [record for record in await stored(database) if record.bytes_v1]
    check(left, key)
    guild.at = 100
    done = await guild.do(attendance.reset_now, SYSTEM)
    assert done.archived is not None
    assert done.archived.signing_state is SigningState.SIGNED
    closed = [record for record in await stored(database) if record.bytes_v1]
    assert len(closed) == 2
    for record in closed:
        check(record, key)
    async with database.read() as tx:
        assert len(await tx.all(QUEUED, limit=100)) == 3


async def test_what_waits_is_signed_oldest_first_and_a_period_after_its_sessions(
    database: Database, keyring: Keyring, clock: SettableClock
) -> None:
    facts = sessions(3)
    await close(database, facts)
    async with database.write() as tx:
        await archive(tx, dataclasses.replace(PERIOD, ended_at=facts[1].left_at))
        oldest = await tx.all(OLDEST_SESSION, guild_id=GUILD)
        assert not await sign_closed(tx, keyring, RecordKind.SESSION, oldest, guild_id=GUILD, now=clock.now())
        pending = await pending_of(tx, GUILD)
        assert (pending.sessions, pending.periods) == (3, 1)
    assert await sign_waiting(database, keyring, clock, guild_id=GUILD) == 0
    key = await new_key(database, keyring, clock)

    class Ticking(SettableClock):
        """A clock whose every look is a second later."""

        def now(self) -> datetime:
            return self.advance(timedelta(seconds=1))

    assert await sign_waiting(database, keyring, Ticking(clock.now()), guild_id=GUILD) == 4
    records = await stored(database)
    assert [record.id for record in records] == [each.session_id for each in facts]
    for record in records:
        check(record, key)
    late = [record.signed_at - clock.now() for record in records if record.signed_at]
    assert [each // timedelta(seconds=1) for each in late] == [1, 2, 4]


async def test_two_who_sign_at_once_and_one_who_signs_again_leave_one_signature(
    database: Database, keyring: Keyring, clock: SettableClock
) -> None:
    await close(database, sessions(12))
    async with database.read() as tx:
        [oldest] = await tx.all(OLDEST_SESSION, guild_id=GUILD)
    key = await new_key(database, keyring, clock)
    counts = await asyncio.gather(*(sign_waiting(database, keyring, clock, guild_id=GUILD) for _ in range(3)))
    assert sum(counts) == 12
    before = await stored(database)
    for record in before:
        check(record, key)
    clock.advance(timedelta(hours=1))
    assert await sign_waiting(database, keyring, clock, guild_id=GUILD) == 0
    async with database.write() as tx:
        await sign_closed(tx, keyring, RecordKind.SESSION, [oldest], guild_id=GUILD, now=clock.now())
    assert await stored(database) == before
    async with database.read() as tx:
        assert len(await tx.all(QUEUED, limit=100)) == 12


async def test_what_waited_for_a_key_that_was_rotated_away_is_signed_with_the_new_one(
    database: Database, keyring: Keyring, clock: SettableClock
) -> None:
    await new_key(database, keyring, clock)
    await lock(database, keyring, clock)
    await close(database, sessions(1))
    stale = Keyring()
    old = await unlock_key(database, stale, SYSTEM, guild_id=GUILD, passphrase=PASSPHRASE, now=clock.now())
    assert old.queued.sessions == 1
    new = await rotate_key(database, keyring, SYSTEM, guild_id=GUILD, passphrase="another passphrase", now=clock.now())
    # A process that has not heard of the rotation yet does not sign with what it holds.
    assert await sign_waiting(database, stale, clock, guild_id=GUILD) == 0
    assert await sign_waiting(database, keyring, clock, guild_id=GUILD) == 1
    [record] = await stored(database)
    check(record, new)
    stale.close()


async def test_unlocking_queues_a_durable_job_that_signs_what_waits(
    database: Database, database_url: str, keyring: Keyring, clock: SettableClock
) -> None:
    await new_key(database, keyring, clock)
    await lock(database, keyring, clock)
    await close(database, sessions(5))
    engine = JobEngine(database, database_url, clock)
    engine.work(SIGN_PENDING, signer_of(keyring))
    database.announcer = lambda topic, _: engine.wake() if topic == outbox.TOPIC else None
    await engine.start()
    try:
        await unlock_key(database, keyring, SYSTEM, guild_id=GUILD, passphrase=PASSPHRASE, now=clock.now())
        async with asyncio.timeout(30):
            while any(record.signed_at is None for record in await stored(database)):  # noqa: ASYNC110 (nothing tells of it)
                await asyncio.sleep(0.05)
    finally:
        await engine.stop(timedelta(seconds=5))


async def test_a_job_without_the_key_seeks_another_process_and_then_ends(
    database: Database, database_url: str, keyring: Keyring, clock: SettableClock
) -> None:
    await new_key(database, keyring, clock)
    await lock(database, keyring, clock)
    async with database.write() as tx:
        await queue_signing(tx, GUILD, now=clock.now())
    engine = JobEngine(database, database_url, clock)
    engine.work(SIGN_PENDING, signer_of(keyring))
    await engine.start()
    try:
        async with asyncio.timeout(60):
            while await _open_jobs(database):
                clock.advance(timedelta(seconds=1))
                engine.wake()
                await asyncio.sleep(0.05)
        async with database.read() as tx:
            assert await outbox.list_jobs(tx, state=outbox.JobState.FAILED) == []
    finally:
        await engine.stop(timedelta(seconds=5))


async def _open_jobs(database: Database) -> bool:
    async with database.read() as tx:
        found = [
            job
            for state in (outbox.JobState.WAITING, outbox.JobState.HANDED)
            for job in await outbox.list_jobs(tx, state=state)
        ]
    return any(job.kind == SIGN_PENDING.name for job in found)


async def test_the_process_with_the_key_signs_what_another_process_closes(
    database: Database, keyring: Keyring, clock: SettableClock
) -> None:
    events, without_key = LocalEvents(), Keyring()
    await events.start()
    database.announcer = lambda topic, data: events.publish(topic, {**data})
    key = await new_key(database, keyring, clock)
    keeping = asyncio.create_task(keep_signing(database, keyring, clock, events))
    async with asyncio.timeout(10):
        while events.subscribers == 0:  # noqa: ASYNC110 (nothing tells of it)
            await asyncio.sleep(0)
    async with database.write() as tx:
        await open_guild(tx)
        await put_session(tx, SESSION)
        waiting = await tx.all(OLDEST_SESSION, guild_id=GUILD)
        assert not await sign_closed(tx, without_key, RecordKind.SESSION, waiting, guild_id=GUILD, now=clock.now())
    async with asyncio.timeout(10):
        while (await stored(database))[0].signed_at is None:  # noqa: ASYNC110 (nothing tells of it)
            await asyncio.sleep(0.01)
    check((await stored(database))[0], key)
    keeping.cancel()
    await events.stop()
    without_key.close()


async def test_two_processes_one_of_them_killed_at_work_sign_everything_once(
    database: Database, database_url: str
) -> None:
    key = SigningKey(id=KEY_ID, guild_id=GUILD, public_key=RECEIPT["public_key"], created_at=SESSION.joined_at)
    facts = sessions(300)
    await close(database, facts)
    async with database.write() as tx:
        await tx.insert(key)
    command = [sys.executable, "-m", "tests.domains.attendance.signer_process", database_url]
    first, second = [await asyncio.create_subprocess_exec(*command, stdout=subprocess.DEVNULL) for _ in range(2)]
    async with asyncio.timeout(60):
        while not any(record.signed_at for record in await stored(database)):  # noqa: ASYNC110 (nothing tells of it)
            await asyncio.sleep(0.01)
    first.kill()
    await asyncio.wait_for(asyncio.gather(first.wait(), second.wait()), 60)
    third = await asyncio.create_subprocess_exec(*command, stdout=subprocess.DEVNULL)
    assert await asyncio.wait_for(third.wait(), 60) == 0
    for record in await stored(database):
        check(record, key)
    async with database.read() as tx:
        entries = await tx.all(QUEUED, limit=1000)
    assert sorted(entry.record_id or "" for entry in entries) == sorted(each.session_id for each in facts)
