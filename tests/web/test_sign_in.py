"""Signing in is slow for those who guess, and tells them nothing."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import text

from guildhall.core.actor import SYSTEM, Actor, ActorKind, Credential
from guildhall.core.crypto import PasswordHasher
from guildhall.core.db import Database
from guildhall.core.errors import GuildhallError
from guildhall.domains import identity
from guildhall.domains.audit import page_of_entries
from guildhall.domains.identity.errors import TooManyAttempts, WeakPassword, WrongPassword
from guildhall.domains.identity.sign_in import MOST_FOR_ADDRESS, MOST_FOR_NAME, WINDOW
from tests.clock import SettableClock
from tests.core.widgets import sync_engine

PASSWORD = "correct horse battery"
WRONG = "wrong"
HOME = "192.0.2.1"


class Door:
    """The way in, as the panel uses it."""

    def __init__(self, database: Database, hasher: PasswordHasher, clock: SettableClock) -> None:
        self._database, self._hasher, self._clock = database, hasher, clock

    async def sign_in(
        self, name: str = "ada", password: str = PASSWORD, ip: str = HOME
    ) -> tuple[identity.Session, str]:
        return await identity.sign_in(
            self._database,
            self._hasher,
            name=name,
            password=password,
            ip=ip,
            user_agent="a browser",
            now=self._clock.now(),
        )

    async def refusal(self, name: str = "ada", password: str = WRONG, ip: str = HOME) -> GuildhallError:
        with pytest.raises(GuildhallError) as raised:
            await self.sign_in(name, password, ip)
        return raised.value


@pytest.fixture
def hasher() -> Iterator[PasswordHasher]:
    hasher = PasswordHasher()
    yield hasher
    hasher.close()


@pytest.fixture
async def ada(database: Database, hasher: PasswordHasher, clock: SettableClock) -> identity.User:
    async with database.write() as tx:
        return await identity.create_person(
            tx,
            SYSTEM,
            sign_in_name="Ada",
            password_hash=await hasher.hash(PASSWORD),
            email=None,
            roles=[],
            now=clock.now(),
        )


@pytest.fixture
def door(database: Database, hasher: PasswordHasher, clock: SettableClock, ada: identity.User) -> Door:
    return Door(database, hasher, clock)


async def test_name_and_password_open_a_session_whose_cookie_is_stored_nowhere(
    door: Door, ada: identity.User, database_url: str
) -> None:
    session, token = await door.sign_in("ADA")
    assert (session.user_id, session.ip, session.user_agent) == (ada.id, HOME, "a browser")
    assert len(token) >= 43
    with sync_engine(database_url).connect() as connection:
        tables = (
            connection.execute(text("SELECT * FROM sessions")),
            connection.execute(text("SELECT * FROM audit_entries")),
        )
        stored = repr([table.all() for table in tables])
    assert token not in stored
    assert PASSWORD not in stored


async def test_an_unknown_name_is_refused_as_a_wrong_password_is_after_the_same_work(
    door: Door, database: Database
) -> None:
    refusals, works = [], []
    for name in ("ada", "nobody"):
        statements: list[str] = []
        database.observe = statements.append
        error = await door.refusal(name)
        refusals.append((type(error), error.message, error.details))
        works.append([each.split()[:3] for each in statements if not each.startswith("SELECT users.password_hash")])
    assert refusals[0] == refusals[1] == (WrongPassword, WrongPassword.text, {})
    assert works[0] == works[1]


async def test_a_disabled_person_is_refused_as_a_wrong_password_is(
    door: Door, ada: identity.User, database_url: str
) -> None:
    with sync_engine(database_url).begin() as connection:
        connection.execute(text("UPDATE users SET disabled_at = 0 WHERE id = :id"), {"id": ada.id})
    error = await door.refusal("ada", PASSWORD)
    assert (type(error), error.message) == (WrongPassword, WrongPassword.text)


async def test_ten_wrong_passwords_close_the_account_for_a_while_from_every_address(
    door: Door, clock: SettableClock
) -> None:
    for number in range(MOST_FOR_NAME):
        assert isinstance(await door.refusal(ip=f"192.0.2.{number}"), WrongPassword)
    clock.advance(timedelta(minutes=5))
    refused = await door.refusal("Ada", PASSWORD, "192.0.2.99")
    assert isinstance(refused, TooManyAttempts)
    assert refused.details == {"retry_after": 600}
    clock.advance(timedelta(seconds=599))
    assert (await door.refusal("ada", PASSWORD)).details == {"retry_after": 1}
    clock.advance(timedelta(seconds=1))
    await door.sign_in()


async def test_a_success_forgets_the_failures_before_it(door: Door) -> None:
    for _ in range(2):
        for number in range(MOST_FOR_NAME - 1):
            assert isinstance(await door.refusal(ip=f"192.0.2.{number}"), WrongPassword)
        await door.sign_in()


async def test_thirty_tries_close_the_door_for_an_address_and_no_other(door: Door, clock: SettableClock) -> None:
    for number in range(MOST_FOR_ADDRESS):
        assert isinstance(await door.refusal(f"somebody {number}"), WrongPassword)
    assert isinstance(await door.refusal("ada", PASSWORD), TooManyAttempts)
    await door.sign_in(ip="192.0.2.2")
    clock.advance(WINDOW)
    await door.sign_in()


async def test_a_hundred_guesses_at_once_are_no_more_than_ten(door: Door) -> None:
    refusals = await asyncio.gather(*(door.refusal(ip=f"192.0.2.{number}") for number in range(60)))
    assert sum(isinstance(each, WrongPassword) for each in refusals) == MOST_FOR_NAME
    assert {type(each) for each in refusals} == {WrongPassword, TooManyAttempts}


@pytest.mark.parametrize("name", ["", " ", "a" * 70_000, "é" * 5_000, "'; DROP TABLE users; --", "%", "ada\\"])
async def test_a_strange_name_is_unknown(door: Door, name: str) -> None:
    assert isinstance(await door.refusal(name, PASSWORD), WrongPassword)


async def test_a_long_name_that_does_not_compress_is_unknown_too(door: Door) -> None:
    """An index of PostgreSQL has no room for it."""
    name = "".join(chr(0x4E00 + number * 7919 % 20_000) for number in range(10_000))
    assert isinstance(await door.refusal(name), WrongPassword)


async def test_failures_and_successes_are_in_the_audit_log_without_what_was_typed(
    door: Door, database: Database, ada: identity.User
) -> None:
    await door.refusal("ada", "hunter2")
    await door.refusal("hunter2", "hunter2")
    await door.sign_in()
    async with database.read() as tx:
        entries = await page_of_entries(tx, limit=10)
    assert [(each.action, each.target) for each in entries][1:3] == [
        ("session.refused", None),
        ("session.refused", ada.id),
    ]
    assert entries[0].action == "session.opened"
    assert {each.ip for each in entries[:3]} == {HOME}
    assert "hunter2" not in repr(entries)


async def test_a_changed_password_needs_the_old_one_and_ends_the_other_sessions(
    door: Door, database: Database, hasher: PasswordHasher, ada: identity.User, clock: SettableClock
) -> None:
    mine, my_cookie = await door.sign_in()
    _, other_cookie = await door.sign_in(ip="192.0.2.2")
    actor = Actor(ActorKind.USER, Credential.SESSION, user_id=ada.id)

    async def change(old: str, new: str) -> None:
        await identity.change_password(database, hasher, actor, session_id=mine.id, old=old, new=new, now=clock.now())

    with pytest.raises(WeakPassword):
        await change(PASSWORD, "short")
    with pytest.raises(WrongPassword):
        await change("wrong", "another good password")
    await change(PASSWORD, "another good password")
    assert isinstance(await door.refusal("ada", PASSWORD), WrongPassword)
    await door.sign_in(password="another good password")
    async with database.read() as tx:
        assert await identity.signed_in_with(tx, my_cookie, ip=None, now=clock.now()) is not None
        assert await identity.signed_in_with(tx, other_cookie, ip=None, now=clock.now()) is None
    for _ in range(MOST_FOR_NAME):
        with pytest.raises(WrongPassword):
            await change("wrong", "another good password")
    with pytest.raises(TooManyAttempts):
        await change("another good password", "a third good password")
