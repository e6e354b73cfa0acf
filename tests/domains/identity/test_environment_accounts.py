"""Accounts that the environment names are as it says, at every start."""

from collections.abc import Iterator

import pytest

from guildhall.core.actor import SYSTEM, Actor, ActorKind, Credential
from guildhall.core.crypto import PasswordHasher
from guildhall.core.db import Database
from guildhall.domains import identity
from guildhall.domains.identity.community import keep_accounts
from guildhall.domains.identity.errors import NameTaken, WrongPassword
from guildhall.settings import NamedAccount
from tests.clock import SettableClock

GRACE, HEDY, FIRST = "Grace", "hedy", "first"


@pytest.fixture
def hasher() -> Iterator[PasswordHasher]:
    hasher = PasswordHasher()
    yield hasher
    hasher.close()


def named(name: str, password: str = FIRST, role: str = "moderator") -> NamedAccount:
    return NamedAccount(name=name, password=password, role=role)


async def test_accounts_are_made_changed_disabled_and_let_in_again(
    database: Database, hasher: PasswordHasher, clock: SettableClock
) -> None:
    now = clock.now()

    async def start(*accounts: NamedAccount) -> None:
        await keep_accounts(database, hasher, accounts, now=now)

    async def state(name: str) -> tuple[list[str], bool, int]:
        async with database.read() as tx:
            user = await identity.user_who_signs_in_as(tx, name)
            assert user is not None
            sessions = await identity.sessions_of(tx, user.id, now=now)
            return await identity.roles_of(tx, user.id), user.disabled_at is not None, len(sessions)

    async def enter(name: str, password: str) -> None:
        await identity.sign_in(database, hasher, name=name, password=password, ip=None, user_agent=None, now=now)

    await start(named(GRACE), named(HEDY, role="admin"))
    await enter("grace", "first")
    await start(named(GRACE), named(HEDY, role="admin"))
    assert await state(GRACE) == (["moderator"], False, 1), "nothing has changed, so nobody is signed out"
    await start(named(GRACE, "second"), named(HEDY, role="admin"))
    assert await state(GRACE) == (["moderator"], False, 0)
    with pytest.raises(WrongPassword):
        await enter(GRACE, "first")
    await enter(GRACE, "second")

    async with database.read() as tx:
        grace = await identity.user_who_signs_in_as(tx, GRACE)
    assert grace is not None
    operator = Actor(ActorKind.OPERATOR, Credential.MASTER_KEY)
    async with database.write() as tx:
        await identity.set_roles(tx, operator, grace, ["lootling", "minter"], now=now)
    await identity.set_password(database, hasher, SYSTEM, grace, new="chosen in the panel", now=now)
    await start(named(GRACE, "second"), named(HEDY, role="admin"))
    await enter(GRACE, "chosen in the panel")
    assert (await state(GRACE))[0] == ["lootling", "minter"], "what the panel changed stays"
    await start(named(GRACE, "second", "admin"))
    assert await state(GRACE) == (["admin", "minter"], False, 1), "what the environment changes is applied"
    assert await state(HEDY) == (["admin"], True, 0), "whom it names no more is disabled"
    await start(named(HEDY))
    assert (await state(HEDY))[:2] == (["moderator"], False)
    assert (await state(GRACE))[:2] == (["admin", "minter"], False), "the last administrator stays"


async def test_a_name_of_somebody_else_is_refused_and_changes_nothing(
    database: Database, hasher: PasswordHasher, clock: SettableClock
) -> None:
    now = clock.now()
    kept = await hasher.hash("their own")
    async with database.write() as tx:
        for name, role in ((GRACE, "moderator"), (HEDY, "super_admin")):
            await identity.create_person(
                tx, SYSTEM, sign_in_name=name, password_hash=kept, email=None, roles=[role], now=now
            )
    await keep_accounts(database, hasher, [named(HEDY, "of the environment", "admin")], now=now)
    with pytest.raises(WrongPassword):
        await identity.sign_in(
            database, hasher, name=HEDY, password="of the environment", ip=None, user_agent=None, now=now
        )
    with pytest.raises(NameTaken, match="Grace"):
        await keep_accounts(database, hasher, [named("ada"), named(GRACE)], now=now)
    async with database.read() as tx:
        assert await identity.user_who_signs_in_as(tx, "ada") is None
