"""The app of the command line: made once for each house, shown to administrators, and gone when it is revoked."""

import asyncio
from pathlib import Path

from guildhall.app import open_house
from guildhall.core.actor import SYSTEM
from guildhall.core.db import Database
from guildhall.domains import audit, identity
from guildhall.domains.identity import AppKind
from tests.clock import SettableClock
from tests.serving import settings_for

KEY = "a key of the house, long enough for its tests"


async def test_processes_that_start_together_make_one_and_none_after_it_was_revoked(
    database: Database, clock: SettableClock
) -> None:
    async def make() -> None:
        async with database.write() as tx:
            await identity.create_command_line_app(tx, SYSTEM, key=KEY, now=clock.now())

    await asyncio.gather(*(make() for _ in range(6)))
    async with database.read() as tx:
        (app,) = await identity.live_apps(tx)
        (entry,) = await audit.page_of_entries(tx, limit=10, target=app.id)
    assert (app.name, app.kind, entry.action) == ("chb", AppKind.DEVICE, "app.registered")
    async with database.write() as tx:
        await identity.revoke_app(tx, SYSTEM, app, now=clock.now())
    await make()
    async with database.read() as tx:
        assert await identity.live_apps(tx) == []


async def test_its_secret_can_be_read_again_with_the_key_of_the_house_alone(
    database: Database, clock: SettableClock
) -> None:
    async with database.write() as tx:
        await identity.create_command_line_app(tx, SYSTEM, key=KEY, now=clock.now())
        kiosk, _ = await identity.register_app(
            tx, SYSTEM, name="Kiosk", provider="discord", kind=AppKind.DEVICE, now=clock.now()
        )
        (app,) = [each for each in await identity.live_apps(tx) if each.name == "chb"]
        secret = identity.shown_secret(app, key=KEY)
        assert secret is not None
        assert secret not in str(app)
        assert await identity.app_with_secret(tx, secret) == app
    assert identity.shown_secret(app, key=KEY[::-1]) is None, "its people stay logged in, and it cannot be shown"
    assert identity.shown_secret(kiosk, key=KEY) is None


async def test_two_houses_on_one_database_have_the_same_one(
    database_url: str, tmp_path: Path, clock: SettableClock
) -> None:
    settings = settings_for(database_url, tmp_path, SECRET_KEY=KEY)
    async with open_house(settings, clock=clock, works_jobs=False) as one:
        async with open_house(settings, clock=clock, works_jobs=False) as other, other.database.read() as tx:
            (app,) = await identity.live_apps(tx)
        assert identity.shown_secret(app, key=one.token_key) == identity.shown_secret(app, key=other.token_key)
