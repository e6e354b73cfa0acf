"""The store keeps its promises, on both engines alike."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import asyncpg
import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import (
    bindparam,
    func,
    select,
    update,
)

from guildhall import migrations
from guildhall.core.db import (
    Database,
    SqliteDatabase,
    StoreUnavailable,
    Tx,
    UtcTime,
    command,
    insert_if_new,
    metadata,
    open_database,
    query,
)
from guildhall.core.db.base import Clash
from guildhall.core.errors import Conflict
from tests.core.widgets import HOW_MANY, NAMES, Colour, Part, Widget, parts, sync_engine, widgets, with_widgets
from tests.services.postgres import create_database, drop_database


class WidgetTaken(Conflict):
    code = "widget_taken"


WIDGET = query(Widget, select(widgets).where(widgets.c.id == bindparam("id")))
WIDGETS = query(Widget, select(widgets).order_by(widgets.c.id))
LATEST = query(datetime, select(func.max(widgets.c.sold_at, type_=UtcTime)))
COLOUR = query(Colour, select(widgets.c.colour).where(widgets.c.id == bindparam("id")))
MADE_BETWEEN = query(str, select(widgets.c.id).where(widgets.c.made_at.between(bindparam("a"), bindparam("b"))))
COUNT_OF = query(int, select(widgets.c.count).where(widgets.c.id == bindparam("id")))
SELL = command(update(widgets).where(widgets.c.id == bindparam("which")).values(sold_at=bindparam("at")))
COUNT_UP = command(update(widgets).where(widgets.c.id == bindparam("which")).values(count=widgets.c.count + 1))
PUT_IF_NEW = insert_if_new(parts)
RECOLOUR = command(
    update(widgets)
    .where(widgets.c.colour == "blue", widgets.c.count == bindparam("asked"))
    .values(colour="red", notes=bindparam("doc"), sold_at=datetime(2026, 1, 1, tzinfo=UTC))
)
COLOURED = query(str, select(widgets.c.id).where(widgets.c.colour.in_(["red", "green"])).order_by(widgets.c.id))


@pytest.fixture
def widgets_url(database_url: str) -> str:
    """A database that has the tables above too."""
    return with_widgets(database_url)


@pytest.fixture
async def store(widgets_url: str) -> AsyncIterator[Database]:
    store = await open_database(widgets_url)
    yield store
    await store.close()


@pytest.fixture
async def other(widgets_url: str) -> AsyncIterator[Database]:
    """The same database as another process sees it."""
    other = await open_database(widgets_url)
    yield other
    await other.close()


def in_step(command_lines: list[list[str]]) -> None:
    """Run programs that say "ready", let them go on at the same time, and see all of them end well and in silence."""
    with ExitStack() as stack:
        programs = [stack.enter_context(program(each)) for each in command_lines]
        assert [each.stdout and each.stdout.readline() for each in programs] == ["ready\n"] * len(programs)
        for each in programs:
            assert each.stdin is not None
            each.stdin.write("go\n")
            each.stdin.flush()
        assert [(*each.communicate(timeout=60), each.returncode) for each in programs] == [("", "", 0)] * len(programs)


def program(command_line: list[str]) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    return subprocess.Popen(command_line, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


async def names(store: Database) -> list[str]:
    async with store.read() as tx:
        return await tx.all(NAMES)


async def test_rows_are_put_found_counted_and_changed(store: Database) -> None:
    async with store.write() as tx:
        for name in ("b", "a", "c"):
            await tx.insert(Widget(id=name, count=1))
        assert await tx.run(SELL, which="a", at=datetime(2026, 1, 1, tzinfo=UTC)) == 1
        assert await tx.run(SELL, which="nobody", at=None) == 0
        assert await tx.one(HOW_MANY) == 3
    async with store.read() as tx:
        assert await tx.one(WIDGET, id="nobody") is None
        assert (await tx.one(WIDGET, id="a")) == Widget(id="a", count=1, sold_at=datetime(2026, 1, 1, tzinfo=UTC))
        assert [each.id for each in await tx.all(WIDGETS)] == ["a", "b", "c"]
        assert await tx.all(NAMES) == ["a", "b", "c"]
        await tx.ping()


async def test_a_parameter_that_is_missing_is_a_mistake_and_nothing_is_run(store: Database) -> None:
    async with store.write() as tx:
        await tx.insert(Widget(id="a"))
        with pytest.raises(KeyError):
            await tx.run(SELL, which="a")
        assert await tx.one(WIDGET, id="a") == Widget(id="a")


@pytest.mark.parametrize(
    "widget",
    [
        Widget(id="all empty"),
        Widget(
            id="text", notes={"text": 'quotes " and \\ and é and 🦊 and \u2028', "empty": "", "nested": [{"a": [1]}]}
        ),
        Widget(id="numbers", notes={"big": 2**53, "small": -1, "part": 0.1, "none": None, "yes": True}),
        Widget(id="empty document", notes={}),
        Widget(id="true", works=True, colour=Colour.RED, day=date(2024, 2, 29)),
        Widget(id="false", works=False, colour=Colour.BLUE, day=date(1, 1, 1), weight=-0.1),
        Widget(id="before the epoch", made_at=datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
        Widget(id="the first instant", made_at=datetime(1, 1, 1, tzinfo=UTC), count=0),
        Widget(id="the last instant", made_at=datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
        Widget(
            id="a microsecond", made_at=datetime(2026, 3, 29, 1, 0, 0, 1, tzinfo=UTC), count=2**63 - 1, weight=1e308
        ),
        Widget(id="'; DROP TABLE widgets; --", colour=Colour.RED),
    ],
    ids=lambda widget: widget.id,
)
async def test_every_type_comes_back_as_it_went_in(store: Database, widget: Widget) -> None:
    async with store.write() as tx:
        await tx.insert(widget)
    async with store.read() as tx:
        assert await tx.one(WIDGET, id=widget.id) == widget
        assert await tx.one(COLOUR, id=widget.id) is widget.colour


async def test_instants_are_compared_in_time_whatever_their_offset_and_naive_ones_are_refused(store: Database) -> None:
    tokyo = timezone(timedelta(hours=9))
    async with store.write() as tx:
        await tx.insert(Widget(id="a", made_at=datetime(2026, 1, 1, 9, 30, tzinfo=tokyo)))
        found = await tx.one(WIDGET, id="a")
        assert found is not None
        assert found.made_at == datetime(2026, 1, 1, 0, 30, tzinfo=UTC)
        assert found.made_at.tzinfo is UTC
        a, b = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 10, 0, tzinfo=tokyo)
        assert await tx.all(MADE_BETWEEN, a=a, b=b) == ["a"]
        assert await tx.one(LATEST) is None
        with pytest.raises(TypeError):
            await tx.insert(Widget(id="b", made_at=datetime(2026, 1, 1)))  # noqa: DTZ001 (the mistake itself)


async def test_a_statement_may_bring_constants_and_lists_of_its_own(store: Database) -> None:
    async with store.write() as tx:
        for name, colour, count in (("a", Colour.RED, 1), ("b", Colour.BLUE, 1), ("c", Colour.BLUE, 2), ("d", None, 1)):
            await tx.insert(Widget(id=name, colour=colour, count=count))
        assert await tx.run(RECOLOUR, asked=1, doc={"by": "hand"}) == 1
        assert await tx.all(COLOURED) == ["a", "b"]
        changed = await tx.one(WIDGET, id="b")
    assert changed == Widget(
        id="b", colour=Colour.RED, count=1, notes={"by": "hand"}, sold_at=datetime(2026, 1, 1, tzinfo=UTC)
    )


async def test_a_broken_rule_of_uniqueness_is_told_in_the_callers_words_and_others_are_not(store: Database) -> None:
    async with store.write() as tx:
        await tx.insert(Widget(id="a"))
    with pytest.raises(WidgetTaken):
        async with store.write() as tx:
            await tx.insert(Widget(id="a"), clash=WidgetTaken)
    with pytest.raises(Clash):
        async with store.write() as tx:
            await tx.insert(Widget(id="a"))
    with pytest.raises(Exception, match=r"(?i)check constraint|violates check"):
        async with store.write() as tx:
            await tx.insert(Widget(id="b", count=-1), clash=WidgetTaken)
    assert await names(store) == ["a"]


async def test_an_insert_of_what_may_be_there_already_happens_once(store: Database) -> None:
    async with store.write() as tx:
        await tx.insert(Widget(id="a"))
        assert await tx.run(PUT_IF_NEW, id=1, widget="a") == 1
        assert await tx.run(PUT_IF_NEW, id=1, widget="a") == 0


async def test_a_value_that_no_column_can_hold_is_a_mistake_and_no_outage(store: Database) -> None:
    with pytest.raises((OverflowError, asyncpg.DataError)):
        async with store.write() as tx:
            await tx.insert(Widget(id="a", count=2**80))
    async with store.write() as tx:
        await tx.insert(Widget(id="b"))
    assert await names(store) == ["b"]


async def test_a_fault_of_who_is_told_does_not_deny_what_was_committed(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[str] = []
    async with database.write() as tx:
        tx.after_commit(lambda: told.remove("nothing"))
        tx.after_commit(lambda: told.append("told"))
    assert told == ["told"]
    assert "An effect after a commit failed" in caplog.text


async def test_a_transaction_that_raises_leaves_nothing_and_tells_nobody(store: Database) -> None:
    told: list[str] = []
    store.announcer = lambda topic, _: told.append(topic)

    async def change_my_mind() -> None:
        async with store.write() as tx:
            await tx.insert(Widget(id="a"))
            tx.announce("widgets", id="a")
            tx.after_commit(lambda: told.append("effect"))
            raise RuntimeError("changed my mind")

    with pytest.raises(RuntimeError, match="changed my mind"):
        await change_my_mind()
    assert told == []
    assert await names(store) == []


async def test_effects_run_after_the_commit_in_order_and_see_it_done(store: Database, other: Database) -> None:
    told: list[object] = []
    store.announcer = lambda topic, data: told.append((topic, data))
    async with store.write() as tx:
        await tx.insert(Widget(id="a"))
        tx.announce("widgets", id="a", count=1)
        tx.after_commit(lambda: told.append("effect"))
        assert told == []
        assert await names(other) == []
    assert told == [("widgets", {"id": "a", "count": 1}), "effect"]
    assert await names(other) == ["a"]


async def test_a_part_that_fails_is_undone_alone_with_its_effects(store: Database) -> None:
    told: list[str] = []
    store.announcer = lambda topic, _: told.append(topic)
    async with store.write() as tx:
        await tx.insert(Widget(id="a"))
        tx.announce("a")
        with suppress(WidgetTaken):
            async with tx.savepoint():
                await tx.insert(Widget(id="b"))
                tx.announce("b")
                await tx.insert(Widget(id="a"), clash=WidgetTaken)
        with suppress(ZeroDivisionError):
            async with tx.savepoint():
                await tx.insert(Widget(id="c"))
                async with tx.savepoint():
                    await tx.insert(Widget(id="d"))
                raise ZeroDivisionError
        async with tx.savepoint():
            await tx.insert(Widget(id="e"))
            tx.announce("e")
    assert await names(store) == ["a", "e"]
    assert told == ["a", "e"]


async def test_a_commit_that_fails_leaves_nothing_tells_nobody_and_the_next_one_works(store: Database) -> None:
    told: list[str] = []
    store.announcer = lambda topic, _: told.append(topic)

    async def put_a_part_of_nothing() -> None:
        async with store.write() as tx:
            await tx.insert(Widget(id="a"))
            await tx.insert(Part(1, "nobody"))
            tx.announce("widgets")

    with pytest.raises(Exception, match=r"(?i)foreign key"):
        await put_a_part_of_nothing()
    assert told == []
    async with store.write() as tx:
        await tx.insert(Widget(id="b"))
        await tx.insert(Part(1, "b"))
        tx.announce("widgets")
    assert await names(store) == ["b"]
    assert told == ["widgets"]


async def test_a_reader_does_not_see_what_is_not_committed_and_does_not_wait_for_it(store: Database) -> None:
    async with store.write() as tx:
        await tx.insert(Widget(id="a"))
        assert await names(store) == []
    assert await names(store) == ["a"]


async def test_on_sqlite_one_read_is_one_snapshot(sqlite_database_url: str) -> None:
    store = await open_database(with_widgets(sqlite_database_url))
    async with store.read() as tx:
        assert await tx.one(HOW_MANY) == 0
        async with store.write() as writing:
            await writing.insert(Widget(id="a"))
        assert await tx.one(HOW_MANY) == 0
    assert await names(store) == ["a"]
    await store.close()


async def test_a_long_read_holds_up_nobody(store: Database) -> None:
    other_did = threading.Event()

    async def count(tx: Tx) -> int:
        # On SQLite this waits in a thread of its own; elsewhere every read gives way to others by itself.
        if tx.engine == "sqlite":
            assert other_did.wait(20)
        return len(await tx.all(WIDGETS))

    async def put_one() -> None:
        async with store.write() as tx:
            await tx.insert(Widget(id="a", count=1))
        other_did.set()

    counted, _ = await asyncio.gather(store.long_read(count), put_one())
    assert counted in (0, 1)
    assert await store.long_read(count) == 1

    async def fail(_: Tx) -> None:
        raise WidgetTaken

    with pytest.raises(WidgetTaken):
        await store.long_read(fail)


async def test_fifty_writers_at_once_lose_nothing(store: Database) -> None:
    async with store.write() as tx:
        await tx.insert(Widget(id="shared", count=0))

    async def write(number: int) -> None:
        async with store.write() as tx:
            await tx.run(COUNT_UP, which="shared")
            await tx.insert(Widget(id=f"w{number:02}"))

    await asyncio.gather(*(write(number) for number in range(50)))
    assert await names(store) == ["shared", *(f"w{number:02}" for number in range(50))]
    async with store.read() as tx:
        assert await tx.one(COUNT_OF, id="shared") == 50


async def test_a_writer_that_is_cancelled_leaves_nothing_and_the_next_one_can_write(store: Database) -> None:
    inside = asyncio.Event()

    async def write_and_wait() -> None:
        async with store.write() as tx:
            await tx.insert(Widget(id="a"))
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(write_and_wait())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with store.write() as tx:
        await tx.insert(Widget(id="b"))
    assert await names(store) == ["b"]


async def test_a_writer_cancelled_at_any_step_gives_no_open_transaction_back(store: Database) -> None:
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context["message"]))

    async def write() -> None:
        async with store.write() as tx:
            await tx.one(HOW_MANY)

    for steps in range(40):
        task = asyncio.create_task(write())
        for _ in range(steps):
            await asyncio.sleep(0)  # One turn of the loop, so that each step is met by some cancellation.
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    assert complaints == []


async def test_a_writer_cancelled_while_it_waits_for_another_process_leaves_the_store_usable(
    store: Database, other: Database
) -> None:
    """On SQLite the wait for the file's lock is in a thread, which gets the lock although nobody wants it any more."""
    waits = asyncio.Event()

    async def count_up() -> None:
        async with store.write() as tx:
            await tx.run(COUNT_UP, which="shared")

    async with other.write() as holding:
        await holding.insert(Widget(id="shared", count=0))
    async with other.write() as holding:
        await holding.run(COUNT_UP, which="shared")
        store.observe = lambda _: waits.set()
        task = asyncio.create_task(count_up())
        if isinstance(store, SqliteDatabase):
            await asyncio.sleep(0)  # The task's first step takes it into the thread.
            assert store._turn.locked()
        else:
            await waits.wait()
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await count_up()
    async with store.read() as tx:
        assert await tx.one(COUNT_OF, id="shared") == 2


async def test_what_was_committed_is_told_although_its_request_was_cancelled_meanwhile(widgets_url: str) -> None:
    """Between the commit and its effects nothing may come, or a live page would miss a change that has happened."""
    store = await open_database(widgets_url)
    told: list[str] = []
    store.announcer = lambda topic, _: told.append(topic)

    async def write(name: str) -> None:
        async with store.write() as tx:
            await tx.insert(Widget(id=name))
            tx.announce(name)
            asyncio.get_running_loop().call_soon(tasks[name].cancel)

    tasks: dict[str, asyncio.Task[None]] = {}
    for number in range(20):
        name = f"w{number:02}"
        tasks[name] = asyncio.create_task(write(name))
    await asyncio.wait(tasks.values())
    assert sorted(told) == await names(store)
    await store.close()


WRITER = """
import asyncio, sys
from guildhall.core.db import open_database
from tests.core.test_db import COUNT_UP
from tests.core.widgets import Widget

async def work(url, name):
    store = await open_database(url)
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(50):
        async with store.write() as tx:
            await tx.run(COUNT_UP, which="shared")
            await tx.insert(Widget(id=f"{name}{number:02}"))
    await store.close()

asyncio.run(work(*sys.argv[1:]))
"""


def test_two_processes_write_one_database_and_lose_nothing(widgets_url: str) -> None:
    with sync_engine(widgets_url).begin() as connection:
        connection.execute(widgets.insert().values(id="shared", made_at=0, count=0))
    in_step([[sys.executable, "-c", WRITER, widgets_url, name] for name in "xy"])
    with sync_engine(widgets_url).connect() as connection:
        assert connection.execute(select(func.count()).select_from(widgets)).scalar() == 101
        assert connection.execute(select(widgets.c.count).where(widgets.c.id == "shared")).scalar() == 100


REBUILDER = """
import fcntl, sys

WRITE_LOCK, RECOVERY_LOCK = 120, 122
with open(sys.argv[1], "r+b") as index:
    for lock in (WRITE_LOCK, RECOVERY_LOCK):
        fcntl.lockf(index, fcntl.LOCK_EX, 1, lock)
    index.write(bytes(48))
    index.flush()
    print("rebuilding", flush=True)
    sys.stdin.readline()
"""
"""What a process does to the index of the log (sqlite.org/walformat.html) that finds it broken and builds it anew."""


async def test_on_sqlite_a_writer_waits_while_another_process_rebuilds_the_index_of_the_log(
    sqlite_database_url: str,
) -> None:
    store = await open_database(with_widgets(sqlite_database_url))
    async with store.write() as tx:
        await tx.insert(Widget(id="a"))
    other = program([sys.executable, "-c", REBUILDER, sqlite_database_url.removeprefix("sqlite:///") + "-shm"])
    assert other.stdout is not None
    assert other.stdout.readline() == "rebuilding\n"

    async def write() -> None:
        async with store.write() as tx:
            await tx.insert(Widget(id="b"))

    writing = asyncio.create_task(write())
    await asyncio.sleep(0)
    assert not writing.done()
    assert await asyncio.to_thread(other.communicate, "done\n", 20) == ("", "")
    await writing
    assert await names(store) == ["a", "b"]
    await store.close()


async def test_an_address_where_no_store_is_says_so(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("stores")
    (folder / "text.db").write_text("this is not a database, however much there is of it\n" * 100)
    for url in (f"sqlite:///{folder / 'text.db'}", "postgresql://nobody@127.0.0.1:1/nothing"):
        with pytest.raises(StoreUnavailable) as raised:
            await open_database(url)
        assert str(folder) not in raised.value.message


async def test_statements_and_their_times_are_told_to_whoever_watches(store: Database) -> None:
    seen: list[str] = []
    kinds: list[str] = []
    store.observe = seen.append
    store.timer = lambda kind, seconds: kinds.append(kind) if seconds >= 0 else None
    async with store.write() as tx:
        await tx.insert(Widget(id="a"))
        await tx.one(HOW_MANY)
    assert [text.split()[0] for text in seen] == ["INSERT", "SELECT"]
    assert {"write", "read"} <= set(kinds)


def test_the_tables_of_the_code_are_those_that_the_migrations_make(database_url: str) -> None:
    with sync_engine(database_url).connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_object": lambda _, name, *__: "_search" not in name}
        )
        assert compare_metadata(context, metadata) == []


def test_the_comparison_notices_what_a_migration_forgot(database_url: str) -> None:
    with sync_engine(database_url).begin() as connection:
        connection.execute(sqlalchemy.text("ALTER TABLE apps DROP COLUMN last_used_at"))
        connection.execute(sqlalchemy.text("DROP INDEX ix_sessions_expires_at"))
        found = repr(compare_metadata(MigrationContext.configure(connection), metadata))
    assert "last_used_at" in found
    assert "ix_sessions_expires_at" in found


MIGRATOR = """
import sys
from guildhall import migrations

print("ready", flush=True)
sys.stdin.readline()
migrations.upgrade(sys.argv[1])
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a database that no migration has touched."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('empty') / 'new' / 'guildhall.db'}"
        return
    maintenance = request.getfixturevalue("postgres_url")
    yield create_database(maintenance, "test_migrated_twice_at_once")
    drop_database(maintenance, "test_migrated_twice_at_once")


def test_processes_that_migrate_at_the_same_time_take_turns(empty_url: str) -> None:
    in_step([[sys.executable, "-c", MIGRATOR, empty_url]] * 3)
    migrations.upgrade(empty_url)
    with sync_engine(empty_url).connect() as connection:
        assert connection.execute(sqlalchemy.text("SELECT count(*) FROM alembic_version")).scalar() == 1


def test_a_migration_that_fails_leaves_the_database_as_it_was_and_says_why(empty_url: str) -> None:
    if empty_url.startswith("sqlite"):
        Path(empty_url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    with sync_engine(empty_url).begin() as connection:
        connection.execute(sqlalchemy.text("CREATE TABLE mails (in_the_way INTEGER)"))
    with pytest.raises(StoreUnavailable, match=r"mails.*already exists"):
        migrations.upgrade(empty_url)
    assert sqlalchemy.inspect(sync_engine(empty_url)).get_table_names() == ["mails"]
    with sync_engine(empty_url).begin() as connection:
        connection.execute(sqlalchemy.text("DROP TABLE mails"))
    migrations.upgrade(empty_url)
    assert "bookings" in sqlalchemy.inspect(sync_engine(empty_url)).get_table_names()


def test_a_database_of_a_later_version_is_left_alone(database_url: str) -> None:
    with sync_engine(database_url).begin() as connection:
        connection.execute(sqlalchemy.text("UPDATE alembic_version SET version_num = 'of tomorrow'"))
    with pytest.raises(StoreUnavailable, match=r"another version of Guildhall.*of tomorrow"):
        migrations.upgrade(database_url)


def test_a_database_that_cannot_be_reached_is_told_without_its_password() -> None:
    with pytest.raises(StoreUnavailable, match="refused") as raised:
        migrations.upgrade("postgresql://somebody:a-password@127.0.0.1:1/nothing")
    assert "a-password" not in raised.value.message
