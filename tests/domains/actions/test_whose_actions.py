"""People who speak for themselves alone prepare and see their own actions only."""

from datetime import UTC, datetime

import pytest

from guildhall.core.actor import SYSTEM, Actor, ActorKind, Credential
from guildhall.core.db import Database, Tx
from guildhall.domains import actions, identity, rooms, shifts
from guildhall.domains.actions.deeds import ShiftSignup
from guildhall.domains.identity import User
from guildhall.domains.identity.errors import WrongUser
from guildhall.domains.rooms import Hub
from guildhall.settings import load_settings

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HUB = Hub(load_settings({}, dotenv=None).commonshub.timezone, "hub.test", "hub@hub.test")
DEED = ShiftSignup(date="2026-03-19", slot_index=0)


async def somebody(tx: Tx, name: str) -> tuple[User, Actor]:
    user = await identity.ensure_user(
        tx, SYSTEM, provider="discord", external_id=name, username=None, display_name=None, now=NOW
    )
    return user, Actor(ActorKind.USER, Credential.TOKEN, user_id=user.id)


async def test_a_token_prepares_and_sees_what_is_its_persons(database: Database) -> None:
    async with database.write() as tx:
        await rooms.create_default_rooms(tx, SYSTEM, now=NOW)
        await shifts.create_default_plan(tx, SYSTEM, now=NOW)
        _, ada = await somebody(tx, "1")
        _, bob = await somebody(tx, "2")
        for name in ("1", "u_1"):
            made = await actions.prepare_action(tx, ada, DEED, target=name, expires_in=60, hub=HUB, now=NOW)
            assert (await actions.access_action(tx, ada, made.id)).alias == "u_1"
        for name in ("2", "u_2", "nobody"):
            with pytest.raises(WrongUser):
                await actions.prepare_action(tx, ada, DEED, target=name, expires_in=60, hub=HUB, now=NOW)
        with pytest.raises(WrongUser):
            await actions.access_action(tx, bob, made.id)
        with pytest.raises(WrongUser):
            await actions.execute_action(tx, bob, made.id, hub=HUB, now=NOW)
        outcome = await actions.execute_action(tx, ada, made.id, hub=HUB, now=NOW)
        assert outcome["spotsLeft"] == 2
        assert await identity.user_known_as(tx, "nobody", provider="discord") is None
