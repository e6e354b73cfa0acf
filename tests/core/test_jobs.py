"""The engine at work in this process, on both stores."""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import bindparam, text

from guildhall.core import leases, outbox
from guildhall.core.actor import Actor, ActorKind
from guildhall.core.clock import SystemClock
from guildhall.core.db import Database, command, open_database
from guildhall.core.errors import Limited, Unavailable
from guildhall.core.jobs import JobContext, JobEngine, JobRefused
from guildhall.core.jobs.transact import Handed
from guildhall.core.outbox import JobKind, JobState, Queue, Rate
from tests.clock import SettableClock
from tests.core.working import LEASE, comes_to, eventually, job, working

OPERATOR = Actor(ActorKind.OPERATOR, permissions=frozenset({outbox.MANAGE_JOBS}))
HOUR = timedelta(hours=1)


class Mail(msgspec.Struct, frozen=True):
    to: str


SEND = JobKind("mail.send", Mail)


class Postman:
    """Does the jobs of a test, and remembers them."""

    def __init__(self, *faults: Exception | None) -> None:
        self.faults = list(faults)
        self.runs: list[tuple[str, str, int]] = []
        self.times: list[float] = []

    async def send(self, context: JobContext, mail: Mail) -> None:
        """Fail with the next fault that is left, or succeed."""
        self.runs.append((context.id, mail.to, context.attempt))
        self.times.append(time.monotonic())
        if self.faults and (fault := self.faults.pop(0)) is not None:
            raise fault

    def does(self, kind: JobKind[Mail]) -> Callable[[JobEngine], None]:
        """Return what declares this postman's work."""
        return lambda engine: engine.work(kind, self.send)


async def put(database: Database, kind: JobKind[Mail], to: str, *, due: timedelta = timedelta(0)) -> str:
    now = SystemClock().now()
    async with database.write() as tx:
        job_id = await outbox.put(tx, kind, Mail(to), now=now, due=now + due)
    assert job_id is not None
    return job_id


async def put_and_fail(database: Database) -> None:
    async with database.write() as tx:
        await outbox.put(tx, SEND, Mail("rolled back"), now=SystemClock().now())
        raise RuntimeError


async def test_a_job_runs_once_after_the_commit_and_never_without_one(database: Database, database_url: str) -> None:
    postman = Postman()
    early = await put(database, SEND, "put before the start")
    async with working(database, database_url, SystemClock(), postman.does(SEND)):
        with pytest.raises(RuntimeError):
            await put_and_fail(database)
        late = await put(database, SEND, "put while it works")
        await comes_to(database, early, JobState.DONE)
        done = await comes_to(database, late, JobState.DONE)
    assert done.ended_at is not None
    assert done.error is None
    assert sorted(postman.runs) == sorted([(early, "put before the start", 1), (late, "put while it works", 1)])


async def test_a_job_waits_until_it_is_due(database: Database, database_url: str, clock: SettableClock) -> None:
    postman = Postman()
    async with working(database, database_url, clock, postman.does(SEND)) as engine:
        async with database.write() as tx:
            later = await outbox.put(tx, SEND, Mail("later"), now=clock.now(), due=clock.now() + HOUR)
            soon = await outbox.put(tx, SEND, Mail("soon"), now=clock.now())
        await comes_to(database, soon, JobState.DONE)
        assert (await job(database, later)).state is JobState.WAITING
        clock.advance(HOUR)
        engine.wake()
        await comes_to(database, later, JobState.DONE)
    assert [to for _, to, _ in postman.runs] == ["soon", "later"]


async def test_failing_work_is_tried_again_then_fails_visibly_and_can_be_retried_by_hand(
    database: Database, database_url: str
) -> None:
    kind = JobKind("mail.send", Mail, backoff=(timedelta(0), timedelta(milliseconds=50)))
    leak = RuntimeError("POST https://anna:geheim@example.org failed")
    postman = Postman(leak, Unavailable("The mail server is away"), leak)
    async with working(database, database_url, SystemClock(), postman.does(kind)):
        job_id = await put(database, kind, "anna")
        failed = await comes_to(database, job_id, JobState.FAILED)
        assert [attempt for _, _, attempt in postman.runs] == [1, 2, 3]
        assert failed.attempts == 3
        assert failed.error == "RuntimeError", "what a library said may hold secrets"
        assert failed.ended_at is not None

        async with database.write() as tx:
            await outbox.retry_job(tx, OPERATOR, job_id=job_id, now=SystemClock().now())
        done = await comes_to(database, job_id, JobState.DONE)
        assert (done.attempts, done.error) == (0, None)
    assert {run for run, _, _ in postman.runs} == {job_id}, "a job has one id in all its attempts"


async def test_what_went_wrong_decides_whether_and_when_a_job_is_tried_again(
    database: Database, database_url: str, clock: SettableClock
) -> None:
    class Stubborn(Postman):
        async def send(self, context: JobContext, mail: Mail) -> None:
            await super().send(context, mail)
            await asyncio.Event().wait()

    postman = Postman(JobRefused("There is no such address"), Limited(retry_after=7200))
    slow = JobKind("mail.slow", Mail, backoff=(HOUR,), timeout=timedelta(milliseconds=50))

    def prepare(engine: JobEngine) -> None:
        engine.work(SEND, postman.send)
        engine.work(slow, Stubborn().send)

    async with working(database, database_url, clock, prepare):
        async with database.write() as tx:
            refused = await outbox.put(tx, SEND, Mail("anna"), now=clock.now())
        failed = await comes_to(database, refused, JobState.FAILED)
        assert (failed.attempts, failed.error) == (1, "There is no such address")

        async with database.write() as tx:
            limited = await outbox.put(tx, SEND, Mail("bert"), now=clock.now())
            late = await outbox.put(tx, slow, Mail("carl"), now=clock.now())

        async def both_failed_once() -> bool:
            return [(await job(database, each)).attempts for each in (limited, late)] == [1, 1]

        await eventually(both_failed_once)
        assert (await job(database, limited)).due_at == clock.now() + 2 * HOUR, "the other side said when to come back"
        assert (await job(database, late)).due_at == clock.now() + HOUR
        assert "TimeoutError" in str((await job(database, late)).error)


async def test_a_payload_that_no_longer_fits_fails_its_job_alone(database: Database, database_url: str) -> None:
    class Letter(msgspec.Struct, frozen=True):
        street: str

    old = JobKind("mail.send", Letter, backoff=())
    postman = Postman()
    async with working(database, database_url, SystemClock(), postman.does(JobKind("mail.send", Mail, backoff=()))):
        async with database.write() as tx:
            broken = await outbox.put(tx, old, Letter("Ring 1"), now=SystemClock().now())
        assert (await comes_to(database, broken, JobState.FAILED)).error == "ValidationError"
        await comes_to(database, await put(database, SEND, "anna"), JobState.DONE)


async def test_a_rate_limit_holds_however_much_is_waiting(database: Database, database_url: str) -> None:
    lane = Queue("slow-lane", rate=Rate(3, timedelta(seconds=2)), poll=timedelta(milliseconds=50))
    kind = JobKind("mail.limited", Mail, queue=lane)
    postman = Postman()
    async with working(database, database_url, SystemClock(), postman.does(kind)):
        for put_id in [await put(database, kind, str(number)) for number in range(8)]:
            await comes_to(database, put_id, JobState.DONE)
    starts = postman.times
    assert len(starts) == 8
    # The limit counts when a job is taken from its queue; a busy machine may then start it up to half a second later.
    assert all(starts[index + 3] - starts[index] > 1.5 for index in range(5))


async def test_no_more_jobs_of_a_queue_run_together_than_it_allows(database: Database, database_url: str) -> None:
    lane = Queue("narrow", at_once=2, poll=timedelta(milliseconds=50))
    kind = JobKind("mail.narrow", Mail, queue=lane)
    inside, most, gate = 0, 0, asyncio.Semaphore(0)

    async def send(_: JobContext, __: Mail) -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await gate.acquire()
        inside -= 1

    async def two_inside() -> bool:
        return inside == 2

    async with working(database, database_url, SystemClock(), lambda engine: engine.work(kind, send)):
        put_ids = [await put(database, kind, str(number)) for number in range(5)]
        await eventually(two_inside)
        for _ in put_ids:
            gate.release()
        for put_id in put_ids:
            await comes_to(database, put_id, JobState.DONE)
    assert most == 2


async def test_periodic_work_keeps_its_rhythm_and_makes_up_for_missed_turns_with_one_run(
    database: Database, database_url: str, clock: SettableClock
) -> None:
    start, turns = clock.now(), 0

    async def count(_: JobContext) -> None:
        nonlocal turns
        turns += 1
        if turns == 2:
            raise Unavailable("Not today")

    async def next_turn(number: int) -> outbox.Job:
        async def over() -> bool:
            async with database.read() as tx:
                waiting = await outbox.list_jobs(tx, state=JobState.WAITING)
            return any(each.kind == "count" and each.round == number for each in waiting)

        await eventually(over)
        async with database.read() as tx:
            waiting = await outbox.list_jobs(tx, state=JobState.WAITING)
        return next(each for each in waiting if each.kind == "count")

    async with working(database, database_url, clock, lambda engine: engine.every("count", HOUR, count)) as engine:
        assert (await next_turn(1)).due_at == start + HOUR
        clock.advance(HOUR + timedelta(minutes=5))
        engine.wake()
        failed = await next_turn(2)
        assert failed.due_at == start + 2 * HOUR
        assert (failed.attempts, failed.error) == (1, "Not today")
        clock.advance(10 * HOUR)
        engine.wake()
        again = await next_turn(3)
        assert again.due_at == start + 12 * HOUR
        assert (again.attempts, again.error) == (0, None)
    assert turns == 3

    clock.advance(timedelta(minutes=30))
    shorter = timedelta(minutes=10)
    async with working(database, database_url, clock, lambda engine: engine.every("count", shorter, count)):

        async def sooner() -> bool:
            return (await next_turn(3)).due_at == clock.now() + shorter

        await eventually(sooner)
    assert turns == 3, "a start is no turn"


async def test_what_a_stop_interrupts_runs_again_after_the_next_start(database: Database, database_url: str) -> None:
    began, runs = asyncio.Event(), 0

    async def send(_: JobContext, __: Mail) -> None:
        nonlocal runs
        runs += 1
        began.set()
        if runs == 1:
            await asyncio.Event().wait()

    def prepare(engine: JobEngine) -> None:
        engine.work(SEND, send)

    async with working(database, database_url, SystemClock(), prepare, grace=timedelta(0)):
        job_id = await put(database, SEND, "anna")
        await began.wait()
    assert (await job(database, job_id)).state is JobState.HANDED
    async with working(database, database_url, SystemClock(), prepare):
        done = await comes_to(database, job_id, JobState.DONE)
    assert runs == 2
    assert done.attempts == 0, "an interruption is no failure"


async def test_a_stop_lets_running_jobs_end(database: Database, database_url: str) -> None:
    began, gate = asyncio.Event(), asyncio.Event()

    async def send(_: JobContext, __: Mail) -> None:
        began.set()
        await gate.wait()

    async with working(database, database_url, SystemClock(), lambda engine: engine.work(SEND, send)) as engine:
        job_id = await put(database, SEND, "anna")
        await began.wait()
        stopping = asyncio.create_task(engine.stop())
        gate.set()
        await stopping
        assert not engine.working
        assert (await job(database, job_id)).state is JobState.DONE


async def test_a_job_that_the_engine_forgot_or_left_without_result_is_brought_back(
    database: Database, database_url: str
) -> None:
    postman = Postman()
    kind = JobKind("mail.send", Mail, backoff=(timedelta(0),))
    hand = command(outbox.jobs.update().where(outbox.jobs.c.id == bindparam("job")).values(state=JobState.HANDED.value))
    forgotten = await put(database, kind, "anna")
    async with database.write() as tx:
        await tx.run(hand, job=forgotten)
    async with working(database, database_url, SystemClock(), postman.does(kind)) as engine:
        await comes_to(database, forgotten, JobState.DONE)
        assert postman.runs == [(forgotten, "anna", 1)]

        # What the engine notes as ended while the row does not know of an end.
        for state, ends_as, attempts in (
            ("SUCCESS", JobState.DONE, [1]),
            ("CANCELLED", JobState.DONE, [2]),
            ("MAX_RECOVERY_ATTEMPTS_EXCEEDED", JobState.FAILED, []),
        ):
            stray = await put(database, kind, state, due=HOUR)
            await asyncio.to_thread(note_end, engine, stray, state)
            async with database.write() as tx:
                await tx.run(hand, job=stray)
            ended = await comes_to(database, stray, ends_as)
            assert [attempt for _, to, attempt in postman.runs if to == state] == attempts
        assert ended.error == "The work was interrupted and left no result"


def note_end(engine: JobEngine, job_id: str, state: str) -> None:
    """Let the engine have a note of a job's first round that says it ended."""
    assert engine._transact is not None
    handed = Handed(job_id, 0)
    engine._transact.enqueue([("nobody-looks-here", handed)])
    schema = "" if engine._alone else "dbos."
    with engine._transact._engine.begin() as connection:
        connection.execute(
            text(f"UPDATE {schema}workflow_status SET status = :state WHERE workflow_uuid = :id"),  # noqa: S608
            {"state": state, "id": handed.workflow_id},
        )


async def test_a_kind_of_work_and_a_queue_are_declared_once(
    database: Database, database_url: str, clock: SettableClock
) -> None:
    engine, postman = JobEngine(database, database_url, clock), Postman()
    engine.work(SEND, postman.send)
    with pytest.raises(ValueError, match=r"mail\.send"):
        engine.work(SEND, postman.send)
    with pytest.raises(ValueError, match="common"):
        engine.work(JobKind("mail.other", Mail, queue=Queue("common", at_once=1)), postman.send)
    with pytest.raises(ValueError, match="a day"):
        Rate(1, timedelta(days=2))


async def test_what_is_done_or_long_failed_is_removed_after_a_while(
    database: Database, database_url: str, clock: SettableClock
) -> None:
    postman = Postman(None, JobRefused())

    async def removed(state: JobState) -> bool:
        async with database.read() as tx:
            return not [each for each in await outbox.list_jobs(tx, state=state) if each.kind == "mail.send"]

    async def rests() -> bool:
        """Whether the removal has ended: only then is the next one planned, by the clock of that moment."""
        async with database.read() as tx:
            waiting = await outbox.list_jobs(tx, state=JobState.WAITING)
        return any(each.kind == "jobs.tidy" and each.due_at > clock.now() for each in waiting)

    async with working(database, database_url, clock, postman.does(SEND)) as engine:
        async with database.write() as tx:
            done = await outbox.put(tx, SEND, Mail("anna"), key="once", now=clock.now())
        await comes_to(database, done, JobState.DONE)
        async with database.write() as tx:
            failed = await outbox.put(tx, SEND, Mail("bert"), now=clock.now())
        await comes_to(database, failed, JobState.FAILED)
        clock.advance(timedelta(days=8))
        engine.wake()
        await eventually(lambda: removed(JobState.DONE))
        assert not await removed(JobState.FAILED)
        await eventually(rests)
        clock.advance(timedelta(days=90))
        engine.wake()
        await eventually(lambda: removed(JobState.FAILED))


async def test_on_sqlite_a_second_process_stands_by_until_the_first_ends(sqlite_database_url: str) -> None:
    database, second = await open_database(sqlite_database_url), await open_database(sqlite_database_url)
    first_postman, second_postman = Postman(), Postman()
    try:
        async with working(database, sqlite_database_url, SystemClock(), first_postman.does(SEND)) as engine:
            await comes_to(database, await put(database, SEND, "anna"), JobState.DONE)
            standing_by = JobEngine(second, sqlite_database_url, SystemClock(), lease=LEASE)
            second_postman.does(SEND)(standing_by)
            await standing_by.start()
            await comes_to(database, await put(second, SEND, "bert"), JobState.DONE)
            assert (engine.working, standing_by.working) == (True, False)
        await comes_to(database, await put(second, SEND, "carl"), JobState.DONE)
        assert standing_by.working
        await standing_by.stop()
    finally:
        await database.close()
        await second.close()
    assert [to for _, to, _ in first_postman.runs] == ["anna", "bert"]
    assert [to for _, to, _ in second_postman.runs] == ["carl"]


async def test_on_sqlite_a_process_that_lost_its_lease_rests_until_it_has_it_again(sqlite_database_url: str) -> None:
    database, now = await open_database(sqlite_database_url), SystemClock().now()
    steal = command(leases.leases.update().values(holder="another", expires_at=bindparam("end")))
    postman = Postman()

    async def works(expected: bool) -> bool:  # noqa: FBT001
        return engine.working is expected

    try:
        async with working(database, sqlite_database_url, SystemClock(), postman.does(SEND)) as engine:
            await comes_to(database, await put(database, SEND, "anna"), JobState.DONE)
            async with database.write() as tx:
                await tx.run(steal, end=now + HOUR)
            await eventually(lambda: works(expected=False))
            job_id = await put(database, SEND, "bert")
            async with database.write() as tx:
                await leases.release(tx, "jobs", "another")
            await eventually(lambda: works(expected=True))
            await comes_to(database, job_id, JobState.DONE)
    finally:
        await database.close()
    assert [to for _, to, _ in postman.runs] == ["anna", "bert"]


async def test_on_sqlite_the_notes_of_the_engine_may_be_lost(sqlite_database_url: str, tmp_path: Path) -> None:
    database = await open_database(sqlite_database_url)
    began, postman = asyncio.Event(), Postman()

    async def hang(_: JobContext, __: Mail) -> None:
        began.set()
        await asyncio.Event().wait()

    def prepare(engine: JobEngine) -> None:
        engine.work(SEND, hang)

    try:
        async with working(database, sqlite_database_url, SystemClock(), prepare, grace=timedelta(0)):
            job_id = await put(database, SEND, "anna")
            await began.wait()
        for file in ("jobs.db", "jobs.db-wal", "jobs.db-shm"):
            await asyncio.to_thread((tmp_path / file).unlink, missing_ok=True)
        async with working(database, sqlite_database_url, SystemClock(), postman.does(SEND)):
            await comes_to(database, job_id, JobState.DONE)
    finally:
        await database.close()
    assert postman.runs == [(job_id, "anna", 1)]
