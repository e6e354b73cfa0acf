"""Whole visits, as people make them."""

from datetime import timedelta

import httpx
import msgspec
from playwright.async_api import Browser, Page, expect

from guildhall.core import outbox
from guildhall.core.jobs import rows
from guildhall.core.outbox import JobKind, JobState
from guildhall.domains.identity import User
from guildhall.domains.notifications import MailRef
from tests.clock import SettableClock
from tests.panel.visiting import book, click_free_place, sign_in, visiting
from tests.serving import ADMIN_NAME, ADMIN_PASSWORD, Served

FREE_INSTEAD = ".alternative"


async def test_a_newcomer_books_by_clicking_takes_an_alternative_and_cancels(
    browser: Browser, served: Served, administrator: User
) -> None:
    async with visiting(browser, served) as page:
        await page.goto("/panel/bookings")
        await page.get_by_label("Name").fill(ADMIN_NAME)
        await page.get_by_label("Password").fill("not the password")
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("alert")).to_have_text("This name and password do not fit together.")
        await page.get_by_label("Password").fill(ADMIN_PASSWORD)
        await page.get_by_role("button", name="Sign in").click()
        await expect(page).to_have_url(f"{served.url}/panel/bookings")
        await page.get_by_role("link", name="Rooms", exact=True).click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("2 \N{EN DASH} 8 March 2026")

        await click_free_place(page, "Ostrom", 11)
        await expect(page.get_by_label("From")).to_have_value("11:00")
        await book(page, "Garden plans")
        await expect(page.locator(".toast")).to_have_text("Booked. The room is yours.")
        await expect(page.locator(".chip")).to_have_text(["11:00 Garden plans"])

        await page.get_by_role("link", name="Book Ostrom, Tue 3 March").focus()
        await page.keyboard.press("Enter")
        await page.get_by_label("From").fill("11:30")
        await page.get_by_label("Until").fill("12:30")
        await book(page, "Budget")
        await expect(page.locator(".problem")).to_have_text("Ostrom Room is already booked from 11:00 to 12:00.")
        await expect(page.locator(FREE_INSTEAD)).to_have_count(3)
        await page.get_by_role("button", name="Ostrom Room, 12:00 \N{EN DASH} 13:00").click()
        await expect(page.locator(".chip")).to_have_text(["11:00 Garden plans", "12:00 Budget"])

        await page.locator(".chip").first.click()
        await expect(page.get_by_role("heading", name="Garden plans")).to_be_visible()
        await page.get_by_role("button", name="Cancel this booking…").click()
        await page.get_by_role("button", name="Keep it").click()
        await page.get_by_role("button", name="Cancel this booking…").click()
        await page.get_by_role("button", name="Cancel the booking").click()
        await expect(page.locator(".chip")).to_have_text(["12:00 Budget"])


async def test_a_booking_made_elsewhere_appears_without_reloading(
    browser: Browser, served: Served, administrator: User, person: httpx.AsyncClient
) -> None:
    async with visiting(browser, served) as page:
        await sign_in(page)
        await page.wait_for_selector("html[data-following]", state="attached")
        await page.evaluate("window.stayed = true")
        answer = await person.post(
            "/v1/rooms/mush/book", json={"title": "Seed swap", "date": "2026-03-05", "start": "10:00", "end": "11:00"}
        )
        await expect(page.locator(".chip")).to_have_text(["10:00 Seed swap"])
        await person.delete(f"/v1/rooms/mush/book/{answer.json()['eventId']}")
        await expect(page.locator(".chip")).to_have_count(0)
        assert await page.evaluate("window.stayed")


async def test_everything_works_without_scripts(browser: Browser, served: Served, administrator: User) -> None:
    async with visiting(browser, served, java_script_enabled=False) as page:
        await sign_in(page)
        for title in ("Choir", "Chess"):
            await page.get_by_role("link", name="Book Angel, Wed 4 March").click()
            await expect(page.get_by_label("From")).to_have_value("08:00" if title == "Choir" else "09:00")
            await page.get_by_label("From").fill("08:00")
            await page.get_by_label("Until").fill("09:00")
            await book(page, title)
        await expect(page.locator(".problem")).to_have_text("Angel Room is already booked from 08:00 to 09:00.")
        await expect(page.get_by_label("What for")).to_have_value("Chess")
        await page.get_by_role("button", name="Angel Room, 09:00 \N{EN DASH} 10:00").click()
        await expect(page).to_have_url(f"{served.url}/panel/rooms?done=booked")
        await expect(page.locator(".chip")).to_have_text(["08:00 Choir", "09:00 Chess"])

        await page.get_by_role("link", name="My bookings").click()
        await page.locator("li", has_text="Choir").get_by_role("button", name="Cancel…").click()
        await page.get_by_role("button", name="Cancel the booking").click()
        await expect(page.locator(".toast")).to_have_text("Cancelled. The time is free again.")
        await expect(page.locator("li a.main")).to_have_count(1)
        await page.get_by_role("button", name="Sign out").click()
        await expect(page).to_have_url(f"{served.url}/panel/sign-in?done=signed-out")


async def test_booking_in_the_past_is_asked_about_first(browser: Browser, served: Served, administrator: User) -> None:
    async with visiting(browser, served) as page:
        await sign_in(page)
        await click_free_place(page, "Satoshi", 8, column=2)
        await book(page, "What was forgotten")
        await expect(page.locator(".alternatives")).to_contain_text("already past")
        assert await page.locator(".chip").count() == 0
        await page.get_by_role("button", name="Yes, book it in the past").click()
        await expect(page.locator(".chip")).to_have_text(["08:00 What was forgotten"])


async def test_one_room_is_booked_hour_by_hour_from_the_keyboard_alone(
    browser: Browser, served: Served, administrator: User
) -> None:
    async with visiting(browser, served) as page:
        await sign_in(page)
        await page.get_by_role("link", name="Playroom", exact=True).click()
        await expect(page.get_by_role("heading", level=1)).to_contain_text("Playroom")
        await page.keyboard.press("]")
        await expect(page.get_by_role("heading", level=1)).to_contain_text("9 \N{EN DASH} 15 March 2026")
        await page.locator(".slot").first.focus()
        for key in ("ArrowRight", "ArrowDown", "ArrowDown", "Enter"):
            await page.keyboard.press(key)
        await expect(page.get_by_label("Day", exact=True)).to_have_value("2026-03-10")
        await expect(page.get_by_label("From")).to_have_value("10:00")
        await page.keyboard.type("Puppets")
        await page.keyboard.press("Enter")
        await expect(page.locator(".block")).to_contain_text(["Puppets"])
        await page.keyboard.press("?")
        await expect(page.get_by_role("heading", name="On the keyboard")).to_be_visible()
        await page.keyboard.press("Escape")
        await page.keyboard.press("g")
        await page.keyboard.press("b")
        await expect(page.get_by_role("heading", name="My bookings")).to_be_visible()


async def test_changing_the_password_ends_the_other_sessions(
    browser: Browser, served: Served, administrator: User
) -> None:
    async with visiting(browser, served) as here, visiting(browser, served) as elsewhere:
        await sign_in(here)
        await sign_in(elsewhere)
        await here.goto("/panel/account")
        await _change_password(here, old="not the old one", new="another long password")
        await expect(here.locator("#old-problem")).to_have_text("This is not your present password.")
        await _change_password(here, old=ADMIN_PASSWORD, new="another long password")
        await expect(here.locator(".toast")).to_contain_text("Your password is changed")
        await elsewhere.goto("/panel/rooms")
        await expect(elsewhere).to_have_url(f"{served.url}/panel/sign-in?next=/panel/rooms")
        await here.goto("/panel/rooms")
        await expect(here.get_by_role("heading", level=1)).to_be_visible()
        await sign_in(elsewhere, password="another long password")


async def test_keys_and_calendar_addresses_work_and_are_taken_back(
    browser: Browser, served: Served, administrator: User
) -> None:
    async with visiting(browser, served) as page, httpx.AsyncClient() as outside:
        await sign_in(page)
        await page.goto("/panel/account")
        await page.get_by_label("Name that others see").fill("Ada of the House")
        await page.get_by_role("button", name="Save").click()
        await expect(page.locator(".who")).to_have_text("Ada of the House")
        await page.get_by_label("A new key for").fill("the door")
        await page.get_by_role("button", name="Make a key").click()
        await expect(page.locator(".secret output")).to_contain_text("gh_key_")
        await page.get_by_role("button", name="Make my calendar address").click()
        await expect(page.locator(".secret output")).to_contain_text("/v1/feeds/")
        shown = await page.locator(".secret output").inner_text()
        feed = shown.replace("http://hub.test", served.url)
        assert (await outside.get(feed)).status_code == 200
        await page.get_by_role("button", name="Make a new address…").click()
        await page.get_by_role("button", name="Make it", exact=True).click()
        await expect(page.locator(".secret output")).not_to_have_text(shown)
        assert (await outside.get(feed)).status_code == 404
        await page.get_by_role("button", name="Revoke…").click()
        await page.get_by_role("button", name="Revoke it").click()
        await expect(page.get_by_text("gh_key_")).to_have_count(0)


async def test_the_office_looks_after_people_apps_rooms_and_jobs(
    browser: Browser, served: Served, administrator: User
) -> None:
    await _fail_a_job(served)
    async with visiting(browser, served) as page:
        await sign_in(page)
        await page.goto("/panel/people")
        await page.get_by_label("Name to sign in with").fill("grace")
        await page.get_by_label("First password").fill("a first password")
        await page.get_by_role("button", name="Add", exact=True).click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("grace")
        await page.get_by_label("Roles, by comma").fill("moderator, Host!")
        await page.get_by_role("button", name="Set the roles").click()
        await expect(page.locator("#roles-problem")).to_contain_text("host!")
        await page.get_by_label("Roles, by comma").fill("moderator, host")
        await page.get_by_role("button", name="Set the roles").click()
        await expect(page.locator(".head .tag")).to_have_text(["host", "moderator"])

        await page.goto("/panel/apps")
        await page.get_by_label("Name").fill("Screen by the door")
        await page.get_by_role("button", name="Register").click()
        secret = await page.locator("section.secret output").inner_text()
        async with served.client(headers={"Authorization": f"Bearer {secret}"}) as app:
            assert (await app.get("/v1/rooms")).status_code == 200
            await page.locator("li", has_text="Screen by the door").get_by_role("button", name="Revoke…").click()
            await page.get_by_role("button", name="Revoke it").click()
            await expect(page.locator(".list b")).to_have_text(["chb"])
            assert (await app.get("/v1/rooms")).status_code == 401

        await _add_a_room(page)
        await page.get_by_role("link", name="Closed days").click()
        await page.get_by_label("Day", exact=True).fill("2026-03-06")
        await page.get_by_label("Why").fill("Spring cleaning")
        await page.get_by_role("button", name="Close it").click()
        await expect(page.locator(".toast").last).to_have_text("The house is closed that day.")
        await page.goto("/panel/rooms")
        await expect(page.locator(".closed")).to_have_text(["Spring cleaning"] * 8 + ["Closed"], use_inner_text=True)

        await page.goto("/panel/jobs")
        await page.get_by_role("button", name="Run again").click()
        await expect(page.get_by_text("No job has failed.")).to_be_visible()
        await page.goto("/panel/audit?action=app.registered")
        await expect(page.locator("tbody tr")).to_have_count(2)
        await page.goto("/panel/system")
        await expect(page.get_by_text("ADMIN_API_KEY")).to_be_visible()


async def test_an_invitation_is_read_in_the_outbox(browser: Browser, served: Served, administrator: User) -> None:
    async with visiting(browser, served) as page:
        await sign_in(page)
        await click_free_place(page, "Mush", 15)
        await page.get_by_text("Details, privacy, invitation").click()
        await page.get_by_label("Send an invitation to").fill("guest@example.org")
        await book(page, "Tasting")
        await expect(page.locator(".chip")).to_have_text(["15:00 Tasting"])
        await page.goto("/panel/mail")
        await page.get_by_role("link", name="Invitation: Tasting").click()
        await expect(page.locator("pre").last).to_contain_text("BEGIN:VCALENDAR")


async def _change_password(page: Page, *, old: str, new: str) -> None:
    await page.get_by_label("Present password").fill(old)
    await page.get_by_label("New password", exact=True).fill(new)
    await page.get_by_label("New password again").fill(new)
    await page.get_by_role("button", name="Change the password").click()


async def _add_a_room(page: Page) -> None:
    await page.goto("/panel/office/rooms/new")
    await page.get_by_label("Id", exact=True).fill("attic")
    await page.get_by_label("Name", exact=True).fill("Attic")
    await page.get_by_label("People").fill("4")
    await page.get_by_text("Days that differ").click()
    await page.locator("#mode_6").select_option("closed")
    await page.get_by_role("button", name="Make the room").click()
    await expect(page.locator("li", has_text="Attic")).to_contain_text("Sun closed")


async def _fail_a_job(served: Served) -> None:
    kind = JobKind("mail.send", MailRef)
    async with served.house.database.write() as tx:
        job_id = await outbox.put(tx, kind, MailRef("nobody"), now=served.house.clock.now())
        job = await rows.find(tx, str(job_id))
        assert job is not None
        failed = msgspec.structs.replace(job, state=JobState.FAILED, ended_at=job.made_at, error="no such mail")
        await rows.settle(tx, job, failed)


async def test_a_volunteer_signs_up_with_one_click_sees_another_come_and_withdraws(
    browser: Browser, served: Served, administrator: User, person: httpx.AsyncClient, clock: SettableClock
) -> None:
    async with visiting(browser, served) as page:
        await sign_in(page)
        await page.get_by_role("link", name="Shifts", exact=True).click()
        slot = page.locator(".rota-slot").nth(6)
        await expect(slot).to_contain_text("11:30 \N{EN DASH} 14:30")
        await slot.get_by_role("button", name="Sign up").click()
        await expect(slot.locator(".tag")).to_have_text([ADMIN_NAME])
        await page.wait_for_selector("html[data-following]", state="attached")
        clock.advance(timedelta(seconds=1))
        await person.post("/v1/shifts/2026-03-03/1/signup")
        await expect(slot.locator(".tag")).to_have_text([ADMIN_NAME, "Xavier Damman"])
        await slot.get_by_role("button", name="Withdraw").click()
        await slot.get_by_role("button", name="Give it back").click()
        await expect(slot.locator(".tag")).to_have_text(["Xavier Damman"])


async def test_a_person_lets_a_device_in_by_its_code_and_signs_it_out(
    browser: Browser, served: Served, administrator: User, app: httpx.AsyncClient
) -> None:
    codes = (await app.post("/v1/auth/device", json={"clientName": "chb on laptop"})).json()
    async with visiting(browser, served) as page:
        await page.goto(f"/auth/verify?code={codes['userCode']}")
        await page.get_by_label("Name").fill(ADMIN_NAME)
        await page.get_by_label("Password").fill(ADMIN_PASSWORD)
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_label("The code that the device shows")).to_have_value(codes["userCode"])
        await page.get_by_role("button", name="Go on").click()
        await expect(page.get_by_role("main")).to_contain_text("chb on laptop")
        await page.get_by_role("button", name="Approve").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Approved")
        granted = (await app.get(f"/v1/auth/device/{codes['deviceCode']}")).json()
        await page.goto("/panel/account")
        await page.get_by_role("button", name="Sign out…").click()
        await page.get_by_role("button", name="Sign it out").click()
        await expect(page.locator(".toast")).to_have_text("The device is signed out.")
    async with served.client(headers={"Authorization": f"Bearer {granted['token']}"}) as device:
        assert (await device.get("/v1/users/me")).status_code == 401


async def test_the_day_hangs_on_the_wall_on_one_sheet(
    browser: Browser, served: Served, administrator: User, person: httpx.AsyncClient
) -> None:
    await person.post("/v1/shifts/2026-03-03/0/signup")
    times = {"date": "2026-03-03", "start": "10:00", "end": "11:00"}
    await person.post("/v1/rooms/mush/book", json={"title": "Tea", **times})
    await person.post("/v1/rooms/angel/book", json={"title": "Surprise", "private": True, **times})
    async with visiting(browser, served) as page:
        await sign_in(page)
        await page.goto("/panel/shifts?date=2026-03-03")
        await page.get_by_role("link", name="Tue 3 March on one sheet").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Tuesday 3 March 2026")
        morning = page.locator("tr", has_text="08:30")
        await expect(morning.locator("li")).to_have_text(["Xavier Damman", "free place", "free place"])
        await expect(page.locator("tr", has_text="Mush")).to_contain_text("10:00 \N{EN DASH} 11:00 Tea")
        await expect(page.locator("tr", has_text="Angel")).to_contain_text("Busy")
        await page.emulate_media(media="print")
        await expect(page.locator("#nav")).to_be_hidden()
        await expect(page.get_by_role("button", name="Print")).to_be_hidden()
