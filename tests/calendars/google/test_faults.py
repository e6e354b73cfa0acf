"""What goes wrong between the house and Google, and what an operator is told."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from guildhall.adapters import google_calendar
from guildhall.adapters.google_calendar import GoogleAccess, GoogleCalendar, ServiceAccount
from guildhall.domains.calendars.errors import CalendarRefused, CalendarUnavailable
from guildhall.domains.calendars.port import Kept
from guildhall.settings import SettingsError
from guildhall.simulator.google_calendar import Calendar, KeyPair, Trouble
from tests.calendars.google.conftest import Adapt
from tests.calendars.google.events import EVENT_ID, HORIZON, OURS
from tests.clock import SettableClock
from tests.services.google_calendar import GoogleServer, google_server, keys
from tests.serving import free_port


def attempts(calendar: GoogleCalendar) -> list[Callable[[], Awaitable[object]]]:
    """Everything that a calendar is asked."""
    return [
        lambda: calendar.write(OURS, None),
        lambda: calendar.write(OURS, Kept(EVENT_ID, None)),
        lambda: calendar.remove(Kept(EVENT_ID, None)),
        lambda: calendar.changes(None, **HORIZON),
        calendar.check,
    ]


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        (Trouble(kind="error", status=500), "500: Backend Error"),
        (Trouble(kind="error", status=503, retry_after="17"), "503: Backend Error"),
        (Trouble(kind="limit", status=403), "Rate Limit Exceeded"),
        (Trouble(kind="limit", status=403, reason="userRateLimitExceeded"), "User Rate Limit Exceeded"),
        (Trouble(kind="limit", status=403, reason="quotaExceeded", retry_after="17"), "usage limits exceeded"),
        (Trouble(kind="limit", status=429, retry_after="17"), "429: Rate Limit Exceeded"),
        (Trouble(kind="limit", status=429, retry_after="999999"), "429: Rate Limit Exceeded"),
        (Trouble(kind="limit", status=429, retry_after="Wed, 21 Oct 2026 07:28:00 GMT"), "429: Rate Limit Exceeded"),
    ],
    ids=lambda each: f"{each.kind} {each.status} {each.reason} {each.retry_after}" if isinstance(each, Trouble) else "",
)
async def test_what_google_cannot_do_now_is_worth_another_try(
    google: GoogleServer, calendar: GoogleCalendar, trouble: Trouble, told: str
) -> None:
    for attempt in attempts(calendar):
        google.simulator.make_trouble(trouble)
        with pytest.raises(CalendarUnavailable, match=told) as caught:
            await attempt()
        wait = {"17": 17, "999999": 3600}.get(trouble.retry_after)
        assert caught.value.details == ({"retry_after": wait} if wait else {})
    await calendar.write(OURS, None)


async def test_an_answer_that_makes_no_sense_is_worth_another_try(
    google: GoogleServer, calendar: GoogleCalendar
) -> None:
    for attempt in [*attempts(calendar)[:2], *attempts(calendar)[3:]]:
        google.simulator.make_trouble(Trouble(kind="nonsense"))
        with pytest.raises(CalendarUnavailable, match="no calendar's"):
            await attempt()


async def test_a_slow_answer_is_not_waited_for(
    google: GoogleServer, calendar: GoogleCalendar, monkeypatch: pytest.MonkeyPatch
) -> None:
    await calendar.check()
    monkeypatch.setattr(google_calendar, "TIMEOUT", 0.05)
    google.simulator.make_trouble(Trouble(kind="slow", times=5, seconds=3600))
    for attempt in attempts(calendar):
        with pytest.raises(CalendarUnavailable, match="did not answer"):
            await attempt()


async def test_nobody_there_is_worth_another_try(adapt: Adapt) -> None:
    for attempt in attempts(adapt(base=f"http://127.0.0.1:{free_port()}")):
        with pytest.raises(CalendarUnavailable, match=r"127\.0\.0\.1 cannot be reached"):
            await attempt()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 404 Not Found\r\ncontent-length: 9\r\n\r\nnot here\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]",
        b'HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n{"items": []}',
        b"HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{",
        b"HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\n{}",
        b"220 mail.example.org\r\n",
        b"",
    ],
)  # fmt: skip
async def test_a_stranger_at_the_address_is_not_taken_for_a_calendar(
    adapt: Adapt, room: Calendar, answer: bytes
) -> None:
    async with stranger(answer) as base:
        with pytest.raises(CalendarUnavailable):
            await adapt(base=base).changes(None, **HORIZON)
        with pytest.raises(CalendarUnavailable):
            await adapt(base=base).write(OURS, Kept(EVENT_ID, None))


async def test_access_is_asked_for_once_and_again_when_it_ends(
    google: GoogleServer, calendar: GoogleCalendar, clock: SettableClock
) -> None:
    def tokens() -> int:
        return sum(each["path"] == "/token" for each in google.simulator.requests)

    await asyncio.gather(*(calendar.check() for _ in range(5)))
    assert tokens() == 1
    clock.advance(timedelta(minutes=59, seconds=30))
    await calendar.check()
    assert tokens() == 2
    google.simulator.expire_access_tokens()
    await calendar.write(OURS, None)
    assert tokens() == 3


async def test_google_may_have_no_token_for_us(
    google: GoogleServer, room: Calendar, tmp_path: Path, adapt: Adapt, client: httpx.AsyncClient, clock: SettableClock
) -> None:
    for trouble in (Trouble(kind="error", path="/token"), Trouble(kind="nonsense", path="/token")):
        google.simulator.make_trouble(trouble)
        with pytest.raises(CalendarUnavailable, match="token"):
            await adapt().check()

    other = tmp_path / "other.json"
    other.write_text(json.dumps(KeyPair.new().account_file(google.base)))
    stranger = GoogleAccess(ServiceAccount.read(other), client=client, clock=clock)
    with pytest.raises(CalendarRefused, match=r"no access \(Invalid JWT Signature\.\): check this machine's clock"):
        await stranger.token()

    slow = SettableClock(clock.now() - timedelta(hours=3))
    with pytest.raises(CalendarRefused, match="reasonable timeframe"):
        await GoogleAccess(google.account, client=client, clock=slow).token()


async def test_an_account_that_may_not_act_for_people_is_told_how_it_could(
    tmp_path: Path, client: httpx.AsyncClient, clock: SettableClock
) -> None:
    async with google_server(tmp_path, clock=clock, delegated=False) as google:
        access = GoogleAccess(google.account, client=client, clock=clock, impersonate="boss@example.org")
        with pytest.raises(CalendarRefused, match="domain-wide delegation, or unset GOOGLE_CALENDAR_IMPERSONATE_USER"):
            await access.token()


def test_the_key_file_is_read_whole_and_its_key_is_never_shown(tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    path.write_text(json.dumps(keys().account_file("https://oauth2.googleapis.com")))
    account = ServiceAccount.read(path)
    assert account.email == "guildhall@simulator.iam.gserviceaccount.com"
    assert account.token_uri == "https://oauth2.googleapis.com/token"
    assert "key=" not in repr(account)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"\xff{", "is no key file of a service account in JSON"),
        ("[]", "is no key file of a service account in JSON"),
        ({"client_email": None}, r"is no key file .* `\$\.client_email`"),
        (
            {"private_key": "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n"},
            "private_key that cannot",
        ),
        ({"private_key": "secret"}, "private_key that cannot be used; download a new key file"),
        ({"type": "authorized_user"}, "but a key of type 'authorized_user'"),
        ({"token_uri": "ftp://x"}, "token_uri"),
    ],
)
def test_a_faulty_key_file_is_refused_with_the_fault_and_without_the_key(
    tmp_path: Path, change: object, told: str
) -> None:
    path = tmp_path / "key.json"
    if isinstance(change, dict):
        path.write_text(json.dumps({**keys().account_file("https://127.0.0.1"), **change}))
    elif change is not None:
        path.write_bytes(change if isinstance(change, bytes) else str(change).encode())
    with pytest.raises(SettingsError, match=f"GOOGLE_ACCOUNT_KEY_FILEPATH: .*{told}") as caught:
        ServiceAccount.read(path)
    assert "secret" not in str(caught.value)
    assert "c2VjcmV0" not in str(caught.value)


@asynccontextmanager
async def stranger(answer: bytes) -> AsyncIterator[str]:
    """Somebody who listens, reads a request and says the same to everybody."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(converse, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
