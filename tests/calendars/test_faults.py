"""Calendar servers that answer slowly, wrongly or not at all, and processes that die: nothing accepted is lost."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from guildhall.app import open_house
from guildhall.core.actor import SYSTEM, Actor
from guildhall.domains import calendars, rooms
from guildhall.domains.calendars import CalendarKind, CalendarPlan, CalendarRefused, CalendarUnavailable
from guildhall.domains.rooms.times import day_span
from tests.calendars.door import Door, Request, open_door, plain
from tests.calendars.world import World, event_text
from tests.faults.server_process import ServerProcess
from tests.services.programs import wait_until
from tests.services.radicale import PASSWORD, USER, Collection, RadicaleServer
from tests.serving import MASTER_KEY, PROVIDER_ID, settings_for

XML = {"Content_Type": "application/xml"}
LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<multistatus xmlns="DAV:"><sync-token>&b;</sync-token></multistatus>"""


def always(answer: bytes | None) -> Callable[[Door, Request], object]:
    async def behave(_door: Door, _request: Request) -> bytes | None:
        return answer

    return behave


async def cut_short(door: Door, request: Request) -> bytes:
    answer = await door.let_through(request)
    return answer[: len(answer) - 40]


async def never(_door: Door, _request: Request) -> bytes:
    await asyncio.get_running_loop().create_future()
    return b""


async def drop_by_drop(_door: Door, _request: Request) -> bytes:
    # A head that promises a body, which never ends.
    return b"HTTP/1.1 207 So\r\nContent-Length: 1000000\r\n\r\n<multistatus"


@pytest.mark.parametrize(
    ("behave", "words"),
    [
        pytest.param(always(None), "cannot be reached", id="closes"),
        pytest.param(always(b"SSH-2.0-OpenSSH\r\n"), "cannot be reached", id="is another program"),
        pytest.param(always(plain(500, b"<html>Oops</html>")), "500", id="fails"),
        pytest.param(always(plain(503, b"")), "503", id="is busy"),
        pytest.param(always(plain(200, b"<html>Sign in</html>")), "does not answer as a calendar does", id="is a page"),
        pytest.param(always(plain(207, b"<html>Sign in</html>", **XML)), "not of a calendar", id="is another XML"),
        pytest.param(always(plain(207, b"<multistatus xmlns='DAV:'><respon", **XML)), "not the XML", id="is cut"),
        pytest.param(always(plain(207, LAUGHS, **XML)), "not the XML", id="laughs a billion times"),
        pytest.param(always(plain(301, b"", Location="https://else.test/")), "moved to https://else.test", id="moved"),
        pytest.param(cut_short, "cannot be reached", id="stops in its answer"),
        pytest.param(never, "did not answer within 0.3 seconds", id="says nothing"),
        pytest.param(drop_by_drop, "cannot be reached|did not answer", id="never ends"),
    ],
)
async def test_a_server_that_misbehaves_is_told_on_its_link_and_nothing_is_lost(
    world: World, ada: Actor, radicale: RadicaleServer, calendar: Collection, behave: object, words: str
) -> None:
    world.timeout = 20.0
    calendar.put("circle.ics", event_text("circle", "20260320T090000Z", "20260320T100000Z"))
    async with open_door(radicale.origin) as door:
        await world.link(door.url(calendar.url))
        assert (await world.listen()).state == "working"
        booked = await world.book(ada)
        (job,) = await world.waiting()

        door.behave = behave  # type: ignore[assignment]  # one of those above
        world.timeout = 0.3
        fault = await world.try_write(job)
        assert isinstance(fault, CalendarUnavailable | CalendarRefused)
        link = await world.listen()
        assert link.state == "failing"
        assert link.error is not None
        with pytest.raises((CalendarUnavailable, CalendarRefused), match=words):
            await world.open_calendar(link).changes(None, since=world.clock.now(), until=world.clock.now())
        (write,) = (await world.writes()).values()
        assert (write.is_due, write.attempts, bool(write.error)) == (True, 1, True)

        async with open_door(radicale.origin) as mended:
            door.behave = lambda _, request: mended.let_through(request)
            world.timeout = 20.0
            assert await world.try_write(job) is None
            assert (await world.listen()).state == "working"
    assert calendar.names() == sorted([f"{booked.id}.ics", "circle.ics"])
    (write,) = (await world.writes()).values()
    assert (write.is_due, write.attempts, write.error) == (False, 0, None)


async def test_who_links_what_cannot_be_written_is_told_so_at_once(
    world: World, radicale: RadicaleServer, calendar: Collection
) -> None:
    async def read_only(door: Door, request: Request) -> bytes:
        answer = await door.let_through(request)
        return plain(207, answer.split(b"\r\n\r\n", 1)[1].replace(b"<all />", b"").replace(b"<write", b"<see"))

    async with open_door(radicale.origin, read_only) as door:
        await world.link(door.url(calendar.url))
        link = await world.listen()
    assert (link.state, link.error) == ("failing", "The calendar can be read with this account, but not written")


async def test_a_process_killed_between_a_write_and_its_answer_leaves_one_event(
    sqlite_database_url: str, tmp_path: Path, radicale: RadicaleServer, calendar: Collection
) -> None:
    arrived = asyncio.Event()
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    calendar.put("circle.ics", event_text("circle", f"{tomorrow:%Y%m%d}T090000Z", f"{tomorrow:%Y%m%d}T100000Z"))

    async def keep_the_answer(door: Door, request: Request) -> bytes:
        answer = await door.let_through(request)
        if request.method == "PUT" and not arrived.is_set():
            arrived.set()
            await asyncio.get_running_loop().create_future()
        return answer

    async with open_door(radicale.origin, keep_the_answer) as door:
        server = ServerProcess(sqlite_database_url, tmp_path)
        async with open_house(settings_for(sqlite_database_url, tmp_path), works_jobs=False) as house:
            plan = CalendarPlan(
                target="room:ostrom", kind=CalendarKind.CALDAV, address=door.url(calendar.url), username=USER,
                password=PASSWORD,
            )  # fmt: skip
            async with house.database.write() as tx:
                await calendars.link_calendar(tx, SYSTEM, plan, box=house.calendars_box, now=house.clock.now())
        await asyncio.to_thread(server.start)
        try:
            booked = await book(server.url)
            await asyncio.wait_for(arrived.wait(), 60)
            server.kill()
            names = sorted([f"{booked}.ics", "circle.ics"])
            assert calendar.names() == names, "it arrived, and nobody heard so"
            await asyncio.to_thread(server.start)
            async with open_house(settings_for(sqlite_database_url, tmp_path), works_jobs=False) as house:

                async def settled() -> bool:
                    async with house.database.read() as tx:
                        link = await calendars.link_of(tx, "room:ostrom")
                        writes = await calendars.writes_of(tx, link) if link else {}
                    told = bool(writes) and not any(write.is_due for write in writes.values())
                    return told and link is not None and link.synced_at is not None

                loop = asyncio.get_running_loop()
                looks = lambda: asyncio.run_coroutine_threadsafe(settled(), loop).result()  # noqa: E731 (two kinds of one look, side by side)
                assert await asyncio.to_thread(wait_until, looks, within=90.0)
                async with house.database.read() as tx:
                    room = await rooms.access_room(tx, SYSTEM, "ostrom")
                    events = await rooms.events_in(tx, room, day_span(tomorrow.date(), house.hub.zone))
                assert [event.title for event in events] == ["Reading circle"], "the server listens too"
        finally:
            server.kill()
    assert calendar.names() == names
    assert str(calendar.event(f"{booked}.ics")["SUMMARY"]) == "Standup"


async def book(url: str) -> str:
    headers = {"Authorization": f"Bearer {MASTER_KEY}", "X-User-Id": PROVIDER_ID}
    wish = {"title": "Standup", "date": "2036-12-01", "start": "14:00", "end": "15:00"}
    async with httpx.AsyncClient(base_url=url, headers=headers) as client:
        answer = (await client.post("/v1/rooms/ostrom/book", json=wish)).raise_for_status()
    return str(answer.json()["eventId"])
