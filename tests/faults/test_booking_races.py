"""Many who want the same room at the same time, on one server and on two, and a server that is killed meanwhile."""

import asyncio
import contextlib
import random
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date, timedelta
from email.message import EmailMessage
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from icalendar import Calendar

from guildhall.core.db.base import Engine
from tests.faults.server_process import ServerProcess, server_process
from tests.services.postgres import create_database, drop_database
from tests.services.smtp import SmtpServer
from tests.serving import MASTER_KEY, Served

PEOPLE = 200
PATIENT = httpx.Timeout(120)
MANY = httpx.Limits(max_connections=PEOPLE)
BOOK = "/v1/rooms/{room}/book"
DELIVERED_WITHIN = 90.0
ROOMS = ("ostrom", "satoshi", "mush")
STORMERS = 7


@asynccontextmanager
async def app_on(server: Served | ServerProcess, secret: str) -> AsyncIterator[httpx.AsyncClient]:
    """Open a client of an app that many people use at once."""
    headers = {"Authorization": f"Bearer {secret}"}
    async with server.client(headers=headers, timeout=PATIENT, limits=MANY) as client:
        yield client


async def secret_from(server: Served | ServerProcess) -> str:
    """Register an app, and return its secret."""
    async with server.client(headers={"Authorization": f"Bearer {MASTER_KEY}"}) as master:
        answer = await master.post("/v1/apps", json={"name": "Storm"})
        return str(answer.json()["appSecret"])


async def want(
    client: httpx.AsyncClient, person: object, start: str, end: str, *, room: str = "ostrom", **headers: str
) -> httpx.Response:
    """Ask for a room in the name of a person."""
    body = {"title": f"of {person}", "date": "2026-03-19", "start": start, "end": end}
    return await client.post(BOOK.format(room=room), json=body, headers={"X-User-Id": f"{person}", **headers})


async def events_of(client: httpx.AsyncClient, room: str = "ostrom", query: str = "date=2026-03-19") -> list[Any]:
    """Return what a room is booked for."""
    answer = await client.get(f"/v1/rooms/{room}/availability?{query}")
    events: list[Any] = answer.json()["events"]
    return events


def judge_slot(answers: Sequence[httpx.Response], events: Sequence[Any]) -> None:
    """One has the slot, everybody else is told that it is taken, and the store says the same."""
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: len(answers) - 1}
    (won,) = [answer.json() for answer in answers if answer.status_code == 200]
    refused = [answer.json() for answer in answers if answer.status_code == 409]
    assert {body["error"] for body in refused} == {"room_booked"}
    assert {(body["details"]["start"], body["details"]["end"]) for body in refused} == {(won["start"], won["end"])}
    assert [event["id"] for event in events] == [won["eventId"]]


async def test_of_200_people_who_book_one_slot_at_once_one_has_it(served: Served, app_secret: str) -> None:
    async with app_on(served, app_secret) as app:
        answers = await asyncio.gather(*(want(app, person, "14:00", "15:00") for person in range(PEOPLE)))
        judge_slot(answers, await events_of(app))


async def test_the_same_on_two_servers_with_one_database(postgresql_database_url: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        servers = [stack.enter_context(server_process(postgresql_database_url, tmp_path)) for _ in range(2)]
        secret = await secret_from(servers[0])
        apps = [await stack.enter_async_context(app_on(server, secret)) for server in servers]
        answers = await asyncio.gather(*(want(apps[person % 2], person, "14:00", "15:00") for person in range(PEOPLE)))
        for app in apps:
            judge_slot(answers, await events_of(app))
        # One person through both servers at once is one person, and one key is one booking.
        key = {"Idempotency-Key": "once"}
        again = await asyncio.gather(*(want(apps[n % 2], "new", "16:00", "17:00", **key) for n in range(20)))
        assert {answer.status_code for answer in again} == {200}
        assert len({answer.json()["eventId"] for answer in again}) == 1
        assert {answer.json()["userId"] for answer in again} == {"u_new"}


async def test_two_servers_that_start_at_once_on_nothing_make_one_house(
    engine: Engine, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    if engine == "sqlite":
        url = f"sqlite:///{tmp_path / 'new.db'}"
    else:
        maintenance: str = request.getfixturevalue("postgres_url")
        name = f"test_{secrets.token_hex(8)}"
        url = create_database(maintenance, name)
        request.addfinalizer(lambda: drop_database(maintenance, name))
    servers = [ServerProcess(url, tmp_path) for _ in range(2)]
    try:
        for server in servers:
            server.launch()
        for server in servers:
            server.come_up()
        async with AsyncExitStack() as stack:
            secret = await secret_from(servers[0])
            apps = [await stack.enter_async_context(app_on(server, secret)) for server in servers]
            listed = [(await app.get("/v1/rooms")).json()["rooms"] for app in apps]
            assert listed[0] == listed[1]
            assert len({room["id"] for room in listed[0]}) == len(listed[0]) == 7
            # What one has sealed, the other can open: they have the same secret key.
            acting = {"X-User-Id": "someone"}
            feed = (await apps[0].post("/v1/users/me/calendar-feed", headers=acting)).json()["calendarFeedUrl"]
            assert (await apps[1].get("/v1/users/me", headers=acting)).json()["calendarFeedUrl"] == feed
    finally:
        for server in servers:
            server.stop()


async def test_of_many_different_times_at_once_those_that_are_booked_never_overlap_and_nobody_else_was_refused(
    served: Served, app_secret: str
) -> None:
    chance = random.Random(seed := random.randrange(10**6))

    def times() -> tuple[str, str]:
        start = chance.randrange(8 * 60, 21 * 60, 5)
        end = start + chance.choice((5, 15, 30, 60, 90, 180))
        return f"{start // 60:02d}:{start % 60:02d}", f"{min(end, 22 * 60) // 60:02d}:{min(end, 22 * 60) % 60:02d}"

    wanted = [times() for _ in range(120)]
    async with app_on(served, app_secret) as app:
        answers = await asyncio.gather(*(want(app, n, start, end) for n, (start, end) in enumerate(wanted)))
        events = sorted((event["start"][11:16], event["end"][11:16]) for event in await events_of(app))
    accepted = [times for times, answer in zip(wanted, answers, strict=True) if answer.status_code == 200]
    refused = [times for times, answer in zip(wanted, answers, strict=True) if answer.status_code == 409]
    assert sorted(accepted) == events, seed
    assert len(accepted) + len(refused) == len(wanted), seed
    assert all(before[1] <= after[0] for before, after in pairwise(events)), seed
    for start, end in refused:
        assert any(start < other_end and other_start < end for other_start, other_end in accepted), seed


async def test_different_rooms_do_not_wait_for_each_other(served: Served, app_secret: str) -> None:
    async with app_on(served, app_secret) as app:
        rooms = [room["id"] for room in (await app.get("/v1/rooms")).json()["rooms"]]
        calls = [want(app, f"{room}{n}", "19:00", "20:00", room=room) for n in range(10) for room in rooms]
        answers = await asyncio.gather(*calls)
        assert Counter(answer.status_code for answer in answers) == {200: len(rooms), 409: 9 * len(rooms)}
        for room in rooms:
            assert len(await events_of(app, room)) == 1


class Storm:
    """Bookings without end: each of its own slot, for one of seven people, with a key and an invitation."""

    def __init__(self, secret: str) -> None:
        self.secret = secret
        self.asked: list[dict[str, str]] = []
        self.answered: dict[int, Any] = {}

    @property
    def unanswered(self) -> set[int]:
        """The bookings of which nobody knows whether they were made."""
        return set(range(len(self.asked))) - self.answered.keys()

    def next_wish(self) -> int:
        """Return the number of a booking that nobody has asked for."""
        number = len(self.asked)
        hour = 8 + number // len(ROOMS) % 12
        day = date(2027, 1, 4) + timedelta(days=number // len(ROOMS) // 12)
        self.asked.append(
            {
                "title": f"storm {number}",
                "date": day.isoformat(),
                "start": f"{hour:02d}:00",
                "end": f"{hour + 1:02d}:00",
                "email": f"{number}@example.org",
            }
        )
        return number

    async def ask(self, client: httpx.AsyncClient, number: int) -> None:
        """Ask for a booking, and keep the answer if one comes."""
        headers = {"Idempotency-Key": f"storm {number}", "X-User-Id": f"person{number % STORMERS}"}
        path = BOOK.format(room=ROOMS[number % len(ROOMS)])
        answer = await client.post(path, json=self.asked[number], headers=headers)
        assert answer.status_code == 200, answer.text
        self.answered[number] = answer.json()

    async def rage(self, client: httpx.AsyncClient, server: ServerProcess, *, answers: int) -> None:
        """Book from eight sides at once, and kill the server when so many more were answered."""
        enough = len(self.answered) + answers

        async def go_on() -> None:
            with contextlib.suppress(httpx.TransportError):
                while True:
                    await self.ask(client, self.next_wish())
                    if len(self.answered) >= enough:
                        server.kill()

        await asyncio.gather(*(go_on() for _ in range(8)))

    async def judge(self, client: httpx.AsyncClient) -> None:
        """Everything that was answered is there as it was answered, and whatever is there is there once."""
        found: list[tuple[str, str]] = []
        for number in range(STORMERS):
            path = "/v1/users/me/bookings?from=2027-01-04&to=2027-03-06"
            answer = await client.get(path, headers={"X-User-Id": f"person{number}"})
            found += [(each["title"], each["eventId"]) for each in answer.json()["bookings"]]
        assert len(dict(found)) == len(found)
        assert {title for title, _ in found} <= {wish["title"] for wish in self.asked}
        assert {(each["title"], each["eventId"]) for each in self.answered.values()} <= set(found)


async def test_whatever_was_answered_survives_kills_nothing_is_there_twice_and_every_mail_goes_out(
    database_url: str, tmp_path: Path, smtp_server: SmtpServer
) -> None:
    with server_process(database_url, tmp_path, SMTP_URL=smtp_server.url) as server:
        storm = Storm(await secret_from(server))
        for _ in range(3):
            async with app_on(server, storm.secret) as client:
                await storm.rage(client, server, answers=random.randrange(10, 60))
            server.start()
            async with app_on(server, storm.secret) as client:
                await storm.judge(client)
                assert storm.unanswered, "it was killed while it worked"
                await asyncio.gather(*(storm.ask(client, number) for number in storm.unanswered))
                await storm.judge(client)
        await until_invited(storm, smtp_server)
    invitations: dict[str, set[str]] = {}
    for mail in smtp_server.mails():
        (recipient,) = mail.recipients
        invitations.setdefault(recipient, set()).add(f"{mail.message['Message-ID']} {event_in(mail.message)}")
    assert set(invitations) == {wish["email"] for wish in storm.asked}
    for number, booking in storm.answered.items():
        # One that went out twice is the same message, which mailboxes recognise.
        (message,) = invitations[f"{number}@example.org"]
        assert message.endswith(f" {booking['eventId']}@hub.test")


async def until_invited(storm: Storm, smtp_server: SmtpServer) -> None:
    async with asyncio.timeout(DELIVERED_WITHIN):
        while len({mail.recipients for mail in smtp_server.mails()}) < len(storm.asked):  # noqa: ASYNC110  Another process writes them.
            await asyncio.sleep(0.2)


def event_in(message: EmailMessage) -> str:
    """Return the UID of the event that a message invites to."""
    part = message.get_body(("calendar",))
    assert isinstance(part, EmailMessage)
    calendar = Calendar.from_ical(part.get_content())
    assert isinstance(calendar, Calendar)
    return str(calendar.events[0].uid)
