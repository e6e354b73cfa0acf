from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeAlias
from zoneinfo import ZoneInfo

import httpx
import pytest

from guildhall.adapters.google_calendar import GoogleAccess, GoogleCalendar
from guildhall.simulator.google_calendar import Calendar
from tests.clock import SettableClock
from tests.services.google_calendar import GoogleServer, google_server

BRUSSELS = ZoneInfo("Europe/Brussels")
ROOM = "ostrom@resource.calendar.google.com"

Adapt: TypeAlias = Callable[..., GoogleCalendar]


@pytest.fixture
async def google(tmp_path: Path, clock: SettableClock) -> AsyncIterator[GoogleServer]:
    """Google, whose time the test moves."""
    async with google_server(tmp_path, clock=clock) as server:
        yield server


@pytest.fixture
def room(google: GoogleServer) -> Calendar:
    """A calendar at Google that the account may write to."""
    return google.simulator.add_calendar(ROOM, zone=BRUSSELS)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """A bare HTTP client."""
    async with httpx.AsyncClient() as client:
        yield client


@pytest.fixture
def adapt(google: GoogleServer, client: httpx.AsyncClient, clock: SettableClock) -> Adapt:
    """Makes an adapter for a calendar, of an impersonated person if one is named."""

    def made(calendar_id: str = ROOM, *, impersonate: str | None = None, base: str = "") -> GoogleCalendar:
        access = GoogleAccess(google.account, client=client, clock=clock, impersonate=impersonate)
        return GoogleCalendar(calendar_id, access, zone=BRUSSELS, base=base or google.base)

    return made


@pytest.fixture
def calendar(room: Calendar, adapt: Adapt) -> GoogleCalendar:
    """The adapter of the room's calendar."""
    return adapt()
