"""What verbs and the panel do with the outbox, without an engine."""

from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import bindparam

from guildhall.core import outbox
from guildhall.core.actor import Actor, ActorKind
from guildhall.core.db import Database, command
from guildhall.core.errors import Forbidden
from guildhall.core.outbox import JobKind, JobState
from tests.clock import SettableClock

OPERATOR = Actor(ActorKind.OPERATOR, permissions=frozenset({outbox.MANAGE_JOBS}))
MEMBER = Actor(ActorKind.USER, user_id="anna")

FAIL = command(
    outbox.jobs.update()
    .where(outbox.jobs.c.id == bindparam("job"))
    .values(state=JobState.FAILED.value, attempts=7, error="it broke", ended_at=bindparam("end"))
)


class Mail(msgspec.Struct, frozen=True):
    to: str
    copies: list[str] = []


SEND = JobKind("mail.send", Mail)
PRINT = JobKind("mail.print", Mail)


async def test_a_job_is_a_row_of_the_transaction_that_put_it(database: Database, clock: SettableClock) -> None:
    heard: list[str] = []
    database.announcer = lambda topic, data: heard.append(f"{topic} {data['id']}")

    async def put_and_fail() -> None:
        async with database.write() as tx:
            await outbox.put(tx, SEND, Mail("anna"), now=clock.now())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await put_and_fail()
    async with database.write() as tx:
        job_id = await outbox.put(tx, SEND, Mail("bert", ["carl"]), now=clock.now(), due=clock.now() + timedelta(1))
        assert not heard, "nobody is told before the commit"
    assert heard == [f"jobs {job_id}"]

    async with database.read() as tx:
        (job,) = await outbox.list_jobs(tx, state=JobState.WAITING)
    assert job.id == job_id
    assert msgspec.json.decode(job.payload, type=Mail) == Mail("bert", ["carl"])
    assert job.made_at == clock.now()
    assert job.due_at == clock.now() + timedelta(1)


async def test_equal_work_is_put_once_while_its_row_exists(database: Database, clock: SettableClock) -> None:
    async with database.write() as tx:
        assert await outbox.put(tx, SEND, Mail("anna"), key="welcome anna", now=clock.now())
        assert await outbox.put(tx, SEND, Mail("anna"), key="welcome anna", now=clock.now()) is None
    async with database.write() as tx:
        assert await outbox.put(tx, SEND, Mail("anna"), key="welcome anna", now=clock.now()) is None
        assert await outbox.put(tx, PRINT, Mail("anna"), key="welcome anna", now=clock.now()), "another kind of work"
        assert await outbox.put(tx, SEND, Mail("anna"), now=clock.now()), "work without a key is never equal"
        assert await outbox.put(tx, SEND, Mail("anna"), now=clock.now())
        assert (await outbox.count_jobs(tx))[JobState.WAITING] == 4


async def test_jobs_are_listed_by_state_newest_first_in_pages(database: Database, clock: SettableClock) -> None:
    async with database.write() as tx:
        put = [await outbox.put(tx, SEND, Mail(str(number)), now=clock.now()) for number in range(5)]
        newest = sorted(filter(None, put), reverse=True)
        first = await outbox.list_jobs(tx, state=JobState.WAITING, limit=3)
        rest = await outbox.list_jobs(tx, state=JobState.WAITING, before=first[-1].id, limit=3)
        assert [job.id for job in first + rest] == newest
        assert await outbox.list_jobs(tx, state=JobState.DONE) == []


async def test_a_failed_job_can_be_retried_by_who_may_manage_jobs(database: Database, clock: SettableClock) -> None:
    async with database.write() as tx:
        job_id = await outbox.put(tx, SEND, Mail("anna"), now=clock.now())
        assert job_id
        with pytest.raises(outbox.JobNotFailed):
            await outbox.retry_job(tx, OPERATOR, job_id=job_id, now=clock.now())
        await tx.run(FAIL, job=job_id, end=clock.now())
        with pytest.raises(Forbidden):
            await outbox.retry_job(tx, MEMBER, job_id=job_id, now=clock.now())
        with pytest.raises(outbox.JobNotFound):
            await outbox.retry_job(tx, OPERATOR, job_id="nothing", now=clock.now())

        clock.advance(timedelta(hours=1))
        await outbox.retry_job(tx, OPERATOR, job_id=job_id, now=clock.now())
        (job,) = await outbox.list_jobs(tx, state=JobState.WAITING)
        assert (job.attempts, job.round, job.due_at, job.ended_at) == (0, 1, clock.now(), None)
        assert job.error == "it broke", "what went wrong last is told until it goes well"
