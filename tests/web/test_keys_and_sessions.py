"""What a person carries: keys that never open more than they may, and sessions that slide and end."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from guildhall.core.actor import SYSTEM, Actor, ActorKind, Credential
from guildhall.core.db import Database
from guildhall.core.errors import InvalidField
from guildhall.domains import identity
from guildhall.domains.audit.models import audit_entries
from guildhall.domains.identity import Permission, permissions_of
from guildhall.domains.identity.errors import KeyNotFound
from guildhall.domains.identity.models import api_keys
from guildhall.domains.identity.permissions import ADMINISTRATOR, CEILING, EVERYTHING
from guildhall.domains.identity.sessions import IDLE_LIFE, SEEN_EVERY, WHOLE_LIFE, forget_expired, open_session
from tests.clock import SettableClock
from tests.core.widgets import sync_engine

OPERATOR = Actor(ActorKind.OPERATOR, Credential.MASTER_KEY)


@pytest.fixture
async def ada(database: Database, clock: SettableClock) -> identity.User:
    return await somebody(database, clock, "Ada", ["admin"])


async def somebody(database: Database, clock: SettableClock, name: str, roles: list[str]) -> identity.User:
    async with database.write() as tx:
        return await identity.create_person(
            tx, SYSTEM, sign_in_name=name, password_hash="x", email=None, roles=roles, now=clock.now()
        )


def acting(user: identity.User, *roles: str) -> Actor:
    held = frozenset(permissions_of(Credential.SESSION, roles))
    return Actor(ActorKind.USER, Credential.SESSION, user_id=user.id, roles=frozenset(roles), permissions=held)


async def made(
    database: Database, clock: SettableClock, actor: Actor, user: identity.User, *permissions: str
) -> tuple[identity.ApiKey, str]:
    async with database.write() as tx:
        return await identity.create_key(tx, actor, user, name="a script", permissions=permissions, now=clock.now())


async def opened_by(database: Database, value: str) -> frozenset[str] | None:
    async with database.read() as tx:
        actor = await identity.actor_with_key(tx, value, ip=None)
    return None if actor is None else actor.permissions


async def test_a_key_never_carries_more_than_its_maker(
    database: Database, clock: SettableClock, ada: identity.User
) -> None:
    grace = await somebody(database, clock, "Grace", [])
    for wanted in (Permission.MANAGE_PEOPLE, "nothing.known"):
        with pytest.raises(InvalidField):
            await made(database, clock, acting(grace), grace, Permission.READ_HUB, wanted)
    _, value = await made(database, clock, acting(grace), grace, Permission.READ_HUB)
    assert await opened_by(database, value) == frozenset({Permission.READ_HUB})
    _, for_grace = await made(database, clock, acting(ada, "admin"), grace, Permission.MANAGE_PEOPLE)
    assert await opened_by(database, for_grace) == frozenset()
    narrow = Actor(ActorKind.USER, Credential.API_KEY, user_id=ada.id, permissions=frozenset({Permission.READ_HUB}))
    with pytest.raises(InvalidField):
        await made(database, clock, narrow, ada, Permission.MANAGE_PEOPLE)


async def test_a_key_carries_what_its_owner_still_holds_and_never_more_than_keys_may(
    database: Database, clock: SettableClock, ada: identity.User
) -> None:
    _, value = await made(database, clock, acting(ada, "admin"), ada, *ADMINISTRATOR)
    assert await opened_by(database, value) == CEILING[Credential.API_KEY] & ADMINISTRATOR
    assert Permission.MANAGE_APPS not in CEILING[Credential.API_KEY]
    assert Permission.USE_PANEL not in CEILING[Credential.API_KEY]
    async with database.write() as tx:
        await identity.set_roles(tx, OPERATOR, ada, [], now=clock.now())
    assert await opened_by(database, value) == permissions_of(Credential.API_KEY)


async def test_a_key_ends_with_itself_or_its_owner_and_is_stored_nowhere(
    database: Database, clock: SettableClock, ada: identity.User, database_url: str
) -> None:
    grace = await somebody(database, clock, "Grace", [])
    key, value = await made(database, clock, acting(ada, "admin"), ada, Permission.READ_HUB)
    assert await opened_by(database, value) is not None
    for guess in ("", value[:-1], value + "x", value.upper(), key.key_hash, key.id, key.preview, "\ud800"):
        assert await opened_by(database, guess) is None
    with sync_engine(database_url).begin() as connection:
        tables = [api_keys.select(), audit_entries.select()]
        stored = repr([connection.execute(table).all() for table in tables])
        connection.execute(text("UPDATE users SET disabled_at = 0 WHERE id = :id"), {"id": ada.id})
    assert value not in stored
    assert await opened_by(database, value) is None
    with sync_engine(database_url).begin() as connection:
        connection.execute(text("UPDATE users SET disabled_at = NULL"))
    async with database.write() as tx:
        with pytest.raises(KeyNotFound):
            await identity.revoke_key(tx, acting(grace), key.id, now=clock.now())
    assert await opened_by(database, value) is not None
    async with database.write() as tx:
        await identity.revoke_key(tx, acting(ada), key.id, now=clock.now())
        with pytest.raises(KeyNotFound):
            await identity.revoke_key(tx, acting(ada), key.id, now=clock.now())
        assert await identity.keys_of(tx, ada.id) == []
    assert await opened_by(database, value) is None


def test_no_credential_lends_more_than_its_ceiling_whoever_holds_it() -> None:
    for credential, ceiling in CEILING.items():
        lent = permissions_of(credential, ["super_admin", "admin", "moderator"], [*EVERYTHING, "nothing.known"])
        assert lent == ceiling
        assert permissions_of(credential) <= ceiling
    assert CEILING.keys() == set(Credential)
    assert permissions_of(Credential.NONE, ["super_admin"], EVERYTHING) == {Permission.PUBLIC}
    assert permissions_of(Credential.SESSION, ["a label"], ["jobs.manage"]) == permissions_of(Credential.SESSION) | {
        Permission.MANAGE_JOBS
    }


async def signed_in(database: Database, clock: SettableClock, token: str) -> identity.SignedIn | None:
    async with database.read() as tx:
        return await identity.signed_in_with(tx, token, ip=None, now=clock.now())


async def test_a_session_slides_while_it_is_used_and_ends_after_thirty_days_all_the_same(
    database: Database, clock: SettableClock, ada: identity.User
) -> None:
    async with database.write() as tx:
        session, token = await open_session(tx, ada, ip=None, user_agent="x" * 5000, now=clock.now())
    began = clock.now()
    assert len(session.user_agent or "") == 300
    while clock.now() < began + WHOLE_LIFE - timedelta(days=5):
        clock.advance(timedelta(days=5))
        found = await signed_in(database, clock, token)
        assert found is not None
        assert identity.wants_renewal(found.session, clock.now())
        async with database.write() as tx:
            await identity.renew_session(tx, found.session, now=clock.now())
    found = await signed_in(database, clock, token)
    assert found is not None
    assert not identity.wants_renewal(found.session, clock.now() + SEEN_EVERY - timedelta(microseconds=1))
    assert found.session.expires_at == began + WHOLE_LIFE
    clock.set(began + WHOLE_LIFE - timedelta(microseconds=1))
    assert await signed_in(database, clock, token) is not None
    clock.set(began + WHOLE_LIFE)
    assert await signed_in(database, clock, token) is None


async def test_a_session_that_is_not_used_ends_after_a_week_and_is_forgotten(
    database: Database, clock: SettableClock, ada: identity.User
) -> None:
    async with database.write() as tx:
        _, token = await open_session(tx, ada, ip=None, user_agent=None, now=clock.now())
    clock.advance(IDLE_LIFE - timedelta(microseconds=1))
    assert await signed_in(database, clock, token) is not None
    async with database.write() as tx:
        assert await forget_expired(tx, now=clock.now()) == 0
    clock.advance(timedelta(microseconds=1))
    assert await signed_in(database, clock, token) is None
    async with database.write() as tx:
        assert await identity.sessions_of(tx, ada.id, now=clock.now()) == []
        assert await forget_expired(tx, now=clock.now()) == 1


async def test_sessions_are_ended_by_their_own_person_only(
    database: Database, clock: SettableClock, ada: identity.User, database_url: str
) -> None:
    grace = await somebody(database, clock, "Grace", [])
    async with database.write() as tx:
        mine, my_token = await open_session(tx, ada, ip=None, user_agent=None, now=clock.now())
        _, other_token = await open_session(tx, ada, ip=None, user_agent=None, now=clock.now())
        _, her_token = await open_session(tx, grace, ip=None, user_agent=None, now=clock.now())
        await identity.end_session(tx, acting(grace), mine.id, now=clock.now())
    assert await signed_in(database, clock, my_token) is not None
    async with database.write() as tx:
        assert await identity.end_other_sessions(tx, acting(ada), mine.id, now=clock.now()) == 1
    assert await signed_in(database, clock, my_token) is not None
    assert await signed_in(database, clock, other_token) is None
    assert await signed_in(database, clock, her_token) is not None
    for guess in ("", my_token[:-1], mine.token_hash, mine.id, "\ud800", "é"):
        assert await signed_in(database, clock, guess) is None
    with sync_engine(database_url).begin() as connection:
        connection.execute(text("UPDATE users SET disabled_at = 0 WHERE id = :id"), {"id": ada.id})
    assert await signed_in(database, clock, my_token) is None


def test_the_token_of_forms_belongs_to_one_session() -> None:
    tokens = {identity.csrf_token(each) for each in ("one", "another", "ONE")}
    assert len(tokens) == 3
    assert identity.csrf_token("one") in tokens
    assert "one" not in tokens
