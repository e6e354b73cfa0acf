"""A process that works jobs, to be killed: `python -m tests.faults.worker URL LEASE ORDERS HOLD`.

It takes ORDERS orders, each in one transaction with its job, leaving out those that stand already. A job notes that it
was tried, waits until the file HOLD exists, and then has its effect, once however often it is tried. There is a beat
every second besides. All is told in tables that the tests make.
"""

import asyncio
import signal
import sys
from datetime import timedelta
from pathlib import Path

import msgspec
from sqlalchemy import Column, Integer, MetaData, Table, Text, bindparam, select

from guildhall.core import outbox
from guildhall.core.clock import SystemClock
from guildhall.core.db import Database, insert_if_new, open_database, query
from guildhall.core.db.statements import command
from guildhall.core.jobs import JobContext, JobEngine
from guildhall.core.log import setup_logging
from guildhall.core.outbox import JobKind
from guildhall.settings import ServerSettings

tables = MetaData()
orders = Table("orders", tables, Column("number", Integer, primary_key=True))
effects = Table("effects", tables, Column("job", Text, primary_key=True), Column("number", Integer))
tries = Table("tries", tables, Column("job", Text), Column("executor", Text))
beats = Table("beats", tables, Column("executor", Text))

ORDER = insert_if_new(orders)
EFFECT = insert_if_new(effects)
TRY = command(tries.insert().values(job=bindparam("job", type_=Text), executor=bindparam("executor", type_=Text)))
BEAT = command(beats.insert().values(executor=bindparam("executor", type_=Text)))
HIGHEST = query(int, select(orders.c.number).order_by(orders.c.number.desc()).limit(1))


class Order(msgspec.Struct, frozen=True):
    """The payload: which order."""

    number: int


FULFIL = JobKind("order.fulfil", Order)


async def main(url: str, lease: str, count: str, hold: str) -> None:
    """Work until asked to end."""
    setup_logging(ServerSettings(log_format="json"))
    database = await open_database(url)
    engine = JobEngine(database, url, SystemClock(), lease=timedelta(seconds=float(lease)))
    name = engine._executor

    async def fulfil(context: JobContext, order: Order) -> None:
        async with database.write() as tx:
            await tx.run(TRY, job=context.id, executor=name)
        while not await asyncio.to_thread(Path(hold).exists):  # noqa: ASYNC110 (another process makes it)
            await asyncio.sleep(0.02)
        async with database.write() as tx:
            await tx.run(EFFECT, job=context.id, number=order.number)

    async def beat(_: JobContext) -> None:
        async with database.write() as tx:
            await tx.run(BEAT, executor=name)

    engine.work(FULFIL, fulfil)
    engine.every("beat", timedelta(seconds=1), beat)
    database.announcer = lambda topic, _: engine.wake() if topic == outbox.TOPIC else None
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await engine.start()
    sys.stdout.write("started\n")
    sys.stdout.flush()
    await take_orders(database, int(count))
    await ended.wait()
    await engine.stop(timedelta(seconds=1))
    await database.close()


async def take_orders(database: Database, count: int) -> None:
    """Take those orders that nobody has taken yet."""
    for number in range(count):
        async with database.write() as tx:
            if await tx.run(ORDER, number=number) == 1:
                await outbox.put(tx, FULFIL, Order(number), now=SystemClock().now())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
