"""Grants and linked identities."""

import pytest

from guildhall.core.actor import SYSTEM, Actor, ActorKind, Credential
from guildhall.core.db import Database
from guildhall.core.errors import InvalidField
from guildhall.domains import identity
from guildhall.domains.identity import Permission, User, permissions_of
from guildhall.domains.identity.errors import InvalidUserId
from guildhall.domains.identity.grants import CannotGrant, IdentityTaken
from tests.clock import SettableClock


async def make_person(database: Database, name: str, clock: SettableClock) -> User:
    async with database.write() as tx:
        return await identity.create_person(
            tx, SYSTEM, sign_in_name=name, password_hash="none", email=None, roles=[], now=clock.now()
        )


def acting(roles: list[str]) -> Actor:
    held = frozenset(permissions_of(Credential.SESSION, roles))
    return Actor(ActorKind.USER, Credential.SESSION, permissions=held)


async def test_a_grant_is_given_and_taken_only_by_somebody_who_holds_it(
    database: Database, clock: SettableClock
) -> None:
    user = await make_person(database, "Nora", clock)
    admin, member = acting(["admin"]), acting([])
    async with database.write() as tx:
        assert await identity.set_grants(tx, admin, user, [Permission.SEE_AUDIT], now=clock.now()) == ["audit.see"]
        with pytest.raises(CannotGrant):
            await identity.set_grants(tx, member, user, [], now=clock.now())
        with pytest.raises(CannotGrant):
            await identity.set_grants(tx, member, user, ["audit.see", "rooms.manage"], now=clock.now())
        with pytest.raises(InvalidField):
            await identity.set_grants(tx, admin, user, ["fly"], now=clock.now())
    async with database.read() as tx:
        held = await identity.grants_of(tx, user.id)
    assert Permission.SEE_AUDIT in permissions_of(Credential.SESSION, [], held)
    assert Permission.USE_PANEL not in permissions_of(Credential.API_KEY, ["admin"], held)


async def test_an_account_elsewhere_names_one_person_at_a_time(database: Database, clock: SettableClock) -> None:
    nora, omar = await make_person(database, "Nora", clock), await make_person(database, "Omar", clock)
    async with database.write() as tx:
        linked = await identity.link_identity(tx, SYSTEM, nora, provider="discord", external_id="u_42", now=clock.now())
        known = await identity.user_known_as(tx, "42", provider="discord")
        assert await identity.discord_id_of(tx, nora.id) == 42
        assert await identity.discord_id_of(tx, omar.id) is None
    assert (linked.external_id, known) == ("42", nora)
    with pytest.raises(IdentityTaken):
        async with database.write() as tx:
            await identity.link_identity(tx, SYSTEM, omar, provider="discord", external_id="42", now=clock.now())
    with pytest.raises(InvalidUserId):
        async with database.write() as tx:
            await identity.link_identity(tx, SYSTEM, omar, provider="discord", external_id="4 2", now=clock.now())
    async with database.write() as tx:
        await identity.unlink_identity(tx, SYSTEM, nora, provider="discord", external_id="42", now=clock.now())
        await identity.link_identity(tx, SYSTEM, omar, provider="discord", external_id="42", now=clock.now())
        assert await identity.identities_of(tx, nora.id) == []
