"""A new house gets one administrator, however many processes start it."""

import asyncio

import pytest

from guildhall.core.actor import SYSTEM
from guildhall.core.crypto import PasswordHasher
from guildhall.core.db import Database
from guildhall.domains import identity
from guildhall.domains.identity.errors import InvalidEmail, NameTaken, WeakPassword
from tests.clock import SettableClock

PASSWORD = "a good password"


async def test_processes_that_start_together_make_one_administrator(database: Database, clock: SettableClock) -> None:
    hasher = PasswordHasher()

    async def make(password: str = PASSWORD, email: str = "", name: str = "Ada") -> identity.User | None:
        return await identity.create_first_administrator(
            database, hasher, SYSTEM, name=name, password=password, email=email, now=clock.now()
        )

    with pytest.raises(WeakPassword):
        await make("short")
    with pytest.raises(InvalidEmail):
        await make(email="nobody")
    made = await asyncio.gather(*(make() for _ in range(6)))
    (ada,) = [user for user in made if user is not None]
    assert ada.sign_in_name == "ada"
    assert await make(name="Other") is None
    async with database.read() as tx:
        assert await identity.search_users(tx, text=None, limit=10) == [ada]
        assert await identity.roles_of(tx, ada.id) == ["super_admin"]
    async with database.write() as tx:
        await identity.set_roles(tx, SYSTEM, ada, [], now=clock.now())
        assert await identity.has_administrator(tx), "the role is given and taken in the panel only"
    hasher.close()


async def test_a_name_that_a_member_has_is_not_taken_over(database: Database, clock: SettableClock) -> None:
    hasher = PasswordHasher()
    async with database.write() as tx:
        await identity.create_person(
            tx, SYSTEM, sign_in_name="Ada", password_hash="x", email=None, roles=[], now=clock.now()
        )
    with pytest.raises(NameTaken):
        await identity.create_first_administrator(
            database, hasher, SYSTEM, name="ada", password=PASSWORD, email="", now=clock.now()
        )
    hasher.close()
