"""Google tells of changes, and the house listens at once; from the link to the room that is busy."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from guildhall.core.actor import SYSTEM
from guildhall.core.crypto import SecretBox
from guildhall.core.db import Database
from guildhall.core.ids import ulid
from guildhall.domains import calendars
from guildhall.domains.calendars import CalendarKind, CalendarPlan, Link
from guildhall.settings import SettingsError, load_settings
from guildhall.simulator.google_calendar import Calendar
from guildhall.web.hooks import PATH, PERIOD, channel_token, google_channel
from guildhall.work import SYNC_PERIOD
from tests import serving as servers
from tests.calendars.google.conftest import ROOM, Adapt
from tests.calendars.google.events import timed
from tests.clock import SettableClock
from tests.contract.recorder import recording_client
from tests.services.google_calendar import GoogleServer
from tests.serving import MASTER_KEY, Served, serving, settings_for

FOREIGN = "foreign@example.org"
BODY = {"title": "Standup", "date": "2026-03-05", "start": "14:00", "end": "15:00"}


@pytest.fixture
async def link(database: Database, clock: SettableClock) -> Link:
    """The room's link to its calendar at Google."""
    plan = CalendarPlan(target="room:ostrom", kind=CalendarKind.GOOGLE, address=ROOM)
    async with database.write() as tx:
        return await calendars.link_calendar(tx, SYSTEM, plan, box=SecretBox("unused", "x"), now=clock.now())


@pytest.fixture
async def house(
    database_url: str, tmp_path: Path, google: GoogleServer, room: Calendar, link: Link, clock: SettableClock,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Served]:  # fmt: skip
    """A server that works, with an address that it knows before it listens there."""
    port = servers.free_port()
    monkeypatch.setattr(servers, "free_port", lambda: port)
    settings = settings_for(
        database_url, tmp_path, PUBLIC_URL=f"http://127.0.0.1:{port}", GOOGLE_API_BASE=google.base,
        GOOGLE_ACCOUNT_KEY_FILEPATH=str(google.key_file),
    )  # fmt: skip
    async with serving(settings, clock=clock, works_jobs=True) as served:
        yield served


async def until(probe: Callable[[], Awaitable[bool]], served: Served, clock: SettableClock) -> None:
    """Let time go by until something is so."""
    async with asyncio.timeout(30):
        while not await probe():
            clock.advance(timedelta(seconds=1))
            served.house.jobs.wake()
            await asyncio.sleep(0.02)  # The pause between two looks at a condition, not a guess at a time.


async def test_what_changes_at_google_is_known_here_and_what_changes_here_is_written_there(
    house: Served, google: GoogleServer, room: Calendar, clock: SettableClock
) -> None:
    async def watched() -> bool:
        return any(each["path"].endswith("/watch") for each in google.simulator.requests)

    async with recording_client(house.url, headers={"Authorization": f"Bearer {MASTER_KEY}"}) as master:

        async def titles() -> list[str]:
            day = (await master.get("/v1/rooms/ostrom/availability", params={"date": "2026-03-04"})).json()
            return [each["title"] for each in day["events"]]

        async def is_busy() -> bool:
            return await titles() == ["Foreign"]

        async def is_free() -> bool:
            return await titles() == []

        async def is_written() -> bool:
            return any(each.get("summary") == "Standup" for each in room.events.values())

        await until(watched, house, clock)
        await google.simulator.delivered()
        began = clock.now()
        foreign = room.insert(timed("2026-03-04T09:00:00", "2026-03-04T10:00:00"), by=FOREIGN)
        await google.simulator.delivered()
        await until(is_busy, house, clock)
        room.delete(foreign["id"])
        await google.simulator.delivered()
        await until(is_free, house, clock)
        # There are five minutes between two regular looks.
        assert clock.now() - began < SYNC_PERIOD
        person = {"X-User-Id": "7", "X-User-Name": "ada"}
        made = await master.post("/v1/rooms/ostrom/book", json=BODY, headers=person)
        assert made.status_code == 200
        await until(is_written, house, clock)


async def test_a_message_counts_only_with_the_channels_own_token(
    house: Served, link: Link, clock: SettableClock, client: httpx.AsyncClient
) -> None:
    key = house.house.token_key
    channel, _ = google_channel(link.id, now=clock.now())
    right = {
        "X-Goog-Channel-ID": channel,
        "X-Goog-Channel-Token": channel_token(key, channel),
        "X-Goog-Resource-State": "exists",
    }

    async def send(address: str, **change: str) -> int:
        headers = {**right, **{f"X-Goog-{name.replace('_', '-')}": value for name, value in change.items()}}
        return (await client.post(f"{house.url}{PATH}/{address}", headers=headers)).status_code

    assert await send(channel) == 204
    assert await send(channel, Resource_State="sync") == 204
    assert await send(channel, Resource_State="not_exists") == 204
    assert await send(channel, Resource_State="moved") == 400
    assert await send(channel, Channel_Token=channel_token("another key", channel)) == 401
    assert await send(channel, Channel_Token="") == 401
    assert await send(channel, Channel_ID="another-1") == 401
    assert await send("another-1", Channel_ID="another-1") == 401
    assert (await client.post(f"{house.url}{PATH}/{channel}")).status_code == 401
    unlinked, _ = google_channel(ulid(), now=clock.now())
    assert await send(unlinked, Channel_ID=unlinked, Channel_Token=channel_token(key, unlinked)) == 204


async def test_a_channel_is_opened_once_and_closed_once(
    google: GoogleServer, room: Calendar, adapt: Adapt, link: Link, clock: SettableClock
) -> None:
    calendar, (channel, ends) = adapt(), google_channel(link.id, now=clock.now())
    address = f"{google.base}/control/nowhere"
    opened = await calendar.watch(address, channel=channel, token="t", until=ends)
    assert opened is not None
    assert (opened.channel, opened.until) == (channel, ends)
    assert await calendar.watch(address, channel=channel, token="t", until=ends) is None
    await calendar.stop(opened)
    await calendar.stop(opened)
    assert await calendar.watch(address, channel=channel, token="t", until=ends) is not None
    del room.roles[google.account.email]
    with pytest.raises(calendars.CalendarRefused, match="share it with"):
        await calendar.watch(address, channel="another", token="t", until=ends)


def test_one_channel_follows_another_before_it_ends(clock: SettableClock) -> None:
    first, ends = google_channel("link", now=clock.now())
    soon = clock.now() + timedelta(seconds=1)
    assert google_channel("link", now=soon) in [
        (first, ends),
        google_channel("link", now=clock.now() + PERIOD),
    ]
    second, second_ends = google_channel("link", now=ends - timedelta(hours=1))
    assert second != first
    assert timedelta(0) < ends - clock.now() <= timedelta(days=7)
    assert second_ends - ends == PERIOD


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"GOOGLE_API_BASE": "www.googleapis.com"}, "GOOGLE_API_BASE: must begin with http"),
        ({"GOOGLE_CALENDAR_IMPERSONATE_USER": "boss@example.org"}, "needs GOOGLE_ACCOUNT_KEY_FILEPATH"),
    ],
)
def test_settings_that_do_not_fit_are_refused(more: dict[str, str], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        load_settings(more, dotenv=None)


async def test_a_key_file_that_cannot_be_used_stops_the_start(sqlite_database_url: str, tmp_path: Path) -> None:
    settings = settings_for(sqlite_database_url, tmp_path, GOOGLE_ACCOUNT_KEY_FILEPATH=str(tmp_path / "absent.json"))
    with pytest.raises(SettingsError, match=r"GOOGLE_ACCOUNT_KEY_FILEPATH: .*absent\.json cannot be read"):
        async with serving(settings, works_jobs=True):
            pass


def test_google_is_asked_to_call_only_where_it_would() -> None:
    def asks(**environ: str) -> bool:
        return load_settings(environ, dotenv=None).can_be_called_by_google

    assert asks(PUBLIC_URL="https://hub.test")
    assert asks(GOOGLE_API_BASE="http://127.0.0.1:9")
    assert not asks(PUBLIC_URL="http://hub.test")
