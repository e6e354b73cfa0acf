"""Calendars outside in the panel: linked to a real CalDAV server and Google's stand-in, with what goes wrong."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from guildhall.core import outbox
from guildhall.core.actor import SYSTEM, Actor, ActorKind, Credential
from guildhall.core.outbox import JobState
from guildhall.domains import calendars, identity, rooms
from guildhall.domains.calendars import CalendarKind, CalendarPlan, Link, WriteCounts, WriteRef
from guildhall.domains.identity import User
from guildhall.domains.rooms import BookedEvent, Import, Wish
from guildhall.domains.rooms.times import Span
from guildhall.settings import Settings
from tests.clock import SettableClock
from tests.panel.visiting import sign_in, visiting
from tests.services.google_calendar import GoogleServer, google_server
from tests.services.radicale import PASSWORD, USER, Collection, RadicaleServer
from tests.serving import Served, serving, settings_for

CALENDARS = "/panel/office/calendars"
ROOM = "room:ostrom"
GOOGLE_ID = "ostrom@resource.calendar.google.com"
WEEK = timedelta(days=7)
SLOWEST = 30_000
"""Milliseconds that a job of the server may take to be seen."""

EVENT = """BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//Neighbours//EN\r
BEGIN:VEVENT\r
UID:choir\r
DTSTAMP:20260301T080000Z\r
DTSTART:20260305T140000Z\r
DTEND:20260305T150000Z\r
SUMMARY:Rehearsal of the choir\r
END:VEVENT\r
END:VCALENDAR\r
"""


@pytest.fixture
def calendar(radicale: RadicaleServer) -> Collection:
    """An empty calendar on a real server."""
    return radicale.make_calendar()


@pytest.fixture
async def google(tmp_path: Path, clock: SettableClock) -> AsyncIterator[GoogleServer]:
    """Google's stand-in with a calendar that the account may write to."""
    async with google_server(tmp_path, clock=clock) as server:
        server.simulator.add_calendar(GOOGLE_ID, zone=ZoneInfo("Europe/Brussels"))
        yield server


@pytest.fixture
def settings(database_url: str, tmp_path: Path, google: GoogleServer) -> Settings:
    """Settings of a house with an account at Google."""
    return settings_for(
        database_url, tmp_path, GOOGLE_ACCOUNT_KEY_FILEPATH=str(google.key_file), GOOGLE_API_BASE=google.base
    )


class TestWithJobs:
    """A house that does its work."""

    @pytest.fixture
    async def served(self, settings: Settings, clock: SettableClock) -> AsyncIterator[Served]:
        """A running server that works its jobs."""
        async with serving(settings, clock=clock, works_jobs=True) as each:
            yield each

    async def test_a_room_is_linked_heard_live_shown_changed_and_let_go(
        self, browser: Browser, served: Served, administrator: User, calendar: Collection
    ) -> None:
        calendar.put("choir.ics", EVENT)
        async with visiting(browser, served) as page:
            await sign_in(page)
            await page.goto(CALENDARS)
            await expect(row(page, "Ostrom Room")).to_contain_text("not linked")
            await page.get_by_role("link", name="Ostrom Room").click()
            await fill(page, "ftp://nowhere", USER, PASSWORD)
            await expect(page.locator("#address-problem")).to_contain_text("A CalDAV address looks like https://")
            await fill(page, calendar.url, "", PASSWORD)
            await expect(page.locator("#username-problem")).to_contain_text("A CalDAV calendar needs a user")
            await fill(page, calendar.url, USER, "")
            await expect(page.locator("#password-problem")).to_have_text("A CalDAV calendar needs a password.")

            await fill(page, calendar.url, USER, "not the password")
            await expect(page.locator(".toast")).to_contain_text("The calendar is linked")
            await expect(row(page, "Ostrom Room")).to_contain_text("failing", timeout=SLOWEST)
            await page.get_by_role("link", name="Ostrom Room").click()
            await expect(page.locator(".problem")).to_contain_text("It fails since")
            await fill(page, calendar.url, USER, PASSWORD)
            await expect(row(page, "Ostrom Room")).to_contain_text("working", timeout=SLOWEST)
            await page.get_by_role("button", name="Sync Ostrom Room now").click()
            await expect(page.locator(".toast").last).to_have_text("The calendar is asked in a moment.")
            await page.goto(f"{CALENDARS}/{ROOM}")
            assert PASSWORD not in await page.content()

            await page.goto("/panel/rooms/ostrom?date=2026-03-05")
            event = page.get_by_role("button", name="Rehearsal of the choir")
            await expect(event).to_have_attribute("title", "From CalDAV")
            await event.focus()
            await page.keyboard.press("Enter")
            await expect(page.get_by_role("dialog")).to_contain_text("It holds the room, and is changed only there.")

            await page.goto(f"{CALENDARS}/{ROOM}")
            await page.get_by_role("button", name="End this link…").click()
            await page.get_by_role("button", name="End it").click()
            await expect(row(page, "Ostrom Room")).to_contain_text("not linked")
        assert calendar.names() == ["choir.ics"]

    async def test_a_calendar_at_google_is_linked_by_its_id_once_it_is_shared(
        self, browser: Browser, served: Served, administrator: User, google: GoogleServer
    ) -> None:
        async with visiting(browser, served) as page:
            await sign_in(page)
            await page.goto(f"{CALENDARS}/{ROOM}")
            await expect(page.locator("main code")).to_have_text(google.account.email)
            await page.get_by_label("Kind").select_option("Google Calendar")
            await expect(page.get_by_label("Password")).to_be_hidden()
            await page.get_by_label("Address").fill(GOOGLE_ID)
            await page.get_by_role("button", name="Link it").click()
            await expect(row(page, "Ostrom Room")).to_contain_text("Google Calendar")
            await expect(row(page, "Ostrom Room")).to_contain_text("working", timeout=SLOWEST)


async def test_conflicts_and_what_was_given_up_are_told_until_somebody_deals_with_them(
    browser: Browser, served: Served, administrator: User
) -> None:
    booking, link = await make_trouble(served, administrator)
    async with visiting(browser, served) as page:
        await sign_in(page)
        for path in ("/panel/system", "/panel/office/rooms"):
            await page.goto(path)
            await expect(page.locator(".problem")).to_contain_text("Calendars outside: 1 conflict and 1 trouble.")
        await page.get_by_role("link", name="Look at them").click()
        await expect(row(page, "Ostrom Room").first).to_contain_text("waiting for its first sync")
        await expect(row(page, "Ostrom Room").first).to_contain_text("1 event still to be told, 1 given up")
        clash = page.locator("li.clash")
        await expect(clash).to_contain_text("Booked: Yoga, 10:00 \N{EN DASH} 11:00, by ada")
        await expect(clash).to_contain_text("Outside: Painting, 10:30 \N{EN DASH} 12:00, in CalDAV")

        jobs = await write_jobs(served)
        await page.get_by_role("button", name="Try again").click()
        await expect(page.locator(".toast")).to_have_text("The calendar is told again in a moment.")
        await expect(page.get_by_text("Every calendar that is linked answers")).to_be_visible()
        async with served.house.database.write() as tx:
            await calendars.retry_write(tx, SYSTEM, ROOM, booking.id, now=served.house.clock.now())
            assert await calendars.count_writes(tx) == {link.id: WriteCounts(link.id, 2, 0)}
        assert await write_jobs(served) == jobs + 1

        await clash.get_by_role("link", name="Yoga").click()
        await page.get_by_role("button", name="Cancel this booking…").click()
        await page.get_by_role("button", name="Cancel the booking").click()
        await expect(page.locator(".toast").last).to_contain_text("Cancelled.")
        await page.goto(CALENDARS)
        await expect(page.get_by_text("No event outside is in the way of a booking.")).to_be_visible()
        await page.goto("/panel/system")
        await expect(page.locator("main .problem")).to_have_count(0)


async def test_what_clashes_stands_side_by_side(browser: Browser, served: Served, administrator: User) -> None:
    await make_trouble(served, administrator)
    async with visiting(browser, served) as page:
        await sign_in(page)
        await page.goto("/panel/rooms/ostrom?date=2026-03-05")
        boxes = [await page.locator(f".block.clash{kind}").bounding_box() for kind in (":not(.outside)", ".outside")]
        booked, outside = boxes
        assert booked is not None
        assert outside is not None
        assert booked["x"] + booked["width"] <= outside["x"]


class TestWithAFile:
    """A house whose calendar stands in the hub's file."""

    @pytest.fixture
    def settings(self, database_url: str, tmp_path: Path) -> Settings:
        """Settings that name the file, and no account at Google."""
        (tmp_path / "hub.toml").write_text('[shifts.calendar]\nkind = "google"\naddress = "c@group.test"\n')
        return settings_for(database_url, tmp_path, COMMONSHUB_CONFIG=str(tmp_path / "hub.toml"))

    async def test_it_is_shown_and_says_where_it_is_changed(
        self, browser: Browser, served: Served, administrator: User, tmp_path: Path
    ) -> None:
        where = f"This is set in {tmp_path / 'hub.toml'} and can be changed only there."
        async with visiting(browser, served) as page:
            await sign_in(page)
            await page.goto(CALENDARS)
            await expect(row(page, "The shift plan")).to_contain_text("set by file")
            await page.get_by_role("link", name="The shift plan").click()
            await expect(page.locator(".problem")).to_have_text(where)
            await expect(page.get_by_role("button", name="Save the link")).to_be_disabled()
            await expect(page.get_by_role("button", name="End this link…")).to_have_count(0)
            await expect(page.locator("main")).to_contain_text("GOOGLE_ACCOUNT_KEY_FILEPATH")


def row(page: Page, name: str) -> Locator:
    return page.locator("main .links li", has_text=name)


async def fill(page: Page, address: str, user: str, password: str) -> None:
    await page.get_by_label("Address").fill(address)
    await page.get_by_label("User").fill(user)
    await page.get_by_label("Password").fill(password)
    await page.locator("#form-calendar .primary").click()


async def make_trouble(served: Served, user: User) -> tuple[BookedEvent, Link]:
    """Book twice in a linked room: an event outside is in the way of the first, and its calendar was never told."""
    house, now = served.house, served.house.clock.now()
    permissions = frozenset(identity.permissions_of(Credential.SESSION, ["admin"]))
    actor = Actor(ActorKind.USER, user_id=user.id, permissions=permissions)
    plan = CalendarPlan(
        target=ROOM, kind=CalendarKind.CALDAV, address="https://dav.test/ostrom/", username=USER, password=PASSWORD
    )
    async with house.database.write() as tx:
        link = await calendars.link_calendar(tx, SYSTEM, plan, box=house.calendars_box, now=now)
        room = await rooms.access_room(tx, actor, "ostrom", to_book=True)
        booking, _ = [
            await rooms.book_room(
                tx, actor, room, Wish(date(2026, 3, 5), hour * 60, hour * 60 + 60, title), hub=house.hub, now=now
            )
            for hour, title in ((10, "Yoga"), (14, "Reading"))
        ]
        painting = Span(datetime(2026, 3, 5, 9, 30, tzinfo=UTC), datetime(2026, 3, 5, 11, tzinfo=UTC))
        outside = Import(source="caldav", outside_id="painting.ics", title="Painting", spans=[painting])
        await rooms.keep_outside_event(tx, SYSTEM, room, outside, now=now)
        for at in (now, now + WEEK):
            ref = WriteRef(link.id, booking.id)
            await calendars.note_failed_write(tx, ref, "It cannot be reached", holder="a job", now=at)
    return booking, link


async def write_jobs(served: Served) -> int:
    """Return how many jobs wait that tell a calendar of an event."""
    async with served.house.database.read() as tx:
        jobs = await outbox.list_jobs(tx, state=JobState.WAITING)
    return sum(job.kind == calendars.WRITE.name for job in jobs)
