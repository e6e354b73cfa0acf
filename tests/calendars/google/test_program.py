"""The program as a developer runs it."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from guildhall.adapters.google_calendar import GoogleAccess, GoogleCalendar, ServiceAccount
from guildhall.core.clock import SystemClock
from tests.calendars.google.conftest import BRUSSELS
from tests.calendars.google.events import EVENT_ID, OURS

CALENDAR = "ostrom@example.org"
COMMAND = (sys.executable, "-m", "guildhall.simulator", "google-calendar")


@pytest.fixture
def program(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    options = ("--port", "0", "--key-file", "account.json", "--calendar", CALENDAR)
    with subprocess.Popen([*COMMAND, *options], cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


async def test_it_says_where_it_is_and_writes_the_key_that_opens_it(
    program: "subprocess.Popen[str]", tmp_path: Path, client: httpx.AsyncClient
) -> None:
    assert program.stdout is not None
    address = program.stdout.readline().split()[-1]
    assert program.stdout.readline().split() == [
        f"GOOGLE_API_BASE={address}", "GOOGLE_ACCOUNT_KEY_FILEPATH=account.json",
    ]  # fmt: skip
    path = tmp_path / "account.json"
    assert path.stat().st_mode & 0o777 == 0o600
    access = GoogleAccess(ServiceAccount.read(path), client=client, clock=SystemClock())
    calendar = GoogleCalendar(CALENDAR, access, zone=BRUSSELS, base=address)
    await calendar.check()
    assert (await calendar.write(OURS, None)).outside_id == EVENT_ID
    program.send_signal(signal.SIGTERM)
    assert program.wait(20) == 0


def test_it_lists_what_it_can_stand_for() -> None:
    done = subprocess.run([*COMMAND[:3], "--help"], capture_output=True, text=True, check=True)
    assert "google-calendar" in done.stdout
