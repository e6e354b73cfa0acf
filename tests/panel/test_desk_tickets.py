"""Tickets in the panel: people ask, staff answer, and each sees what is theirs to see."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from guildhall.core.actor import SYSTEM
from guildhall.domains import identity, tickets
from guildhall.domains.identity.sessions import open_session
from guildhall.domains.tickets import EVERYTHING, Draft, Origin, Person, Source, Ticket, Transport, categories
from guildhall.domains.tickets.categories import Category, Layout
from tests.dialects.commonshub.test_statement_counts import counted
from tests.panel.test_looks import FAULTS_OF_READING, PHONE
from tests.panel.visiting import sign_in, visiting
from tests.serving import ADMIN_NAME, ADMIN_PASSWORD, Served

OWN, DESK = "/panel/tickets", "/panel/desk"
NOWHERE = f"{OWN}/01HZZZZZZZZZZZZZZZZZZZZZZZ"


@pytest.fixture
async def rosa(served: Served) -> tuple[identity.User, str]:
    """A member, and the cookie of her session."""
    return await member(served, "rosa")


@pytest.fixture
async def ada(served: Served, administrator: identity.User) -> AsyncIterator[httpx.AsyncClient]:
    """An administrator, who may do everything at the desk."""
    async with served.client() as client:
        await client.post("/panel/sign-in", data={"name": ADMIN_NAME, "password": ADMIN_PASSWORD})
        yield client


async def member(served: Served, name: str) -> tuple[identity.User, str]:
    house = served.house
    async with house.database.write() as tx:
        now = house.clock.now()
        user = await identity.create_person(
            tx, SYSTEM, sign_in_name=name, password_hash="x", email=None, roles=[], now=now
        )
        _, token = await open_session(tx, user, ip=None, user_agent=None, now=now)
    return user, token


@asynccontextmanager
async def browsing(browser: Browser, served: Served, token: str) -> AsyncIterator[Page]:
    """A browser that is signed in already."""
    async with visiting(browser, served) as page:
        await page.context.add_cookies([{"name": "session_id", "value": token, "url": served.url}])
        yield page


def as_member(served: Served, token: str) -> httpx.AsyncClient:
    return served.client(headers={"Cookie": f"session_id={token}"})


async def send(client: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    """Send a form as its page would."""
    token = (await client.get("/panel/account")).text.partition('name="csrf_token" value="')[2].partition('"')[0]
    return await client.post(path, data={"csrf_token": token, **fields})


async def asked(served: Served, user: identity.User, text: str = "Where is the key?") -> Ticket:
    """A ticket that somebody has opened."""
    house, person = served.house, Person(user.id, user.display_name)
    async with house.database.write() as tx:
        now = house.clock.now()
        ticket = await tickets.open_ticket(
            tx, SYSTEM, guild_id=0, person=person, origin=Origin.WEB, transport=Transport.DIRECT, needs_channel=False,
            subject=text, most_open=100, now=now,
        )  # fmt: skip
        await tickets.write_as_user(tx, SYSTEM, ticket, person, Draft(text, Source.PANEL), now=now)
        return await tickets.access_ticket(tx, SYSTEM, ticket.id, sight=EVERYTHING)


async def keys_and_locks(served: Served) -> Category:
    """A category, whose tickets all staff see."""
    house, layout = served.house, Layout(name="Keys and locks", discord_category_id="5")
    async with house.database.write() as tx:
        return await categories.create_category(tx, SYSTEM, layout, now=house.clock.now())


async def test_somebody_asks_and_staff_answer_while_both_look_on(
    served: Served, browser: Browser, administrator: identity.User, rosa: tuple[identity.User, str]
) -> None:
    async with visiting(browser, served) as staff, browsing(browser, served, rosa[1]) as page:
        await sign_in(staff)
        await staff.get_by_role("link", name="Tickets", exact=True).click()
        await expect(staff.get_by_text("No ticket is open.")).to_be_visible()
        await expect(staff.locator("html[data-following]")).to_have_count(1)

        await page.goto(OWN)
        await expect(page.get_by_role("link", name="Tickets", exact=True)).to_have_count(0)
        await page.get_by_label("What it is about").fill("The key of the workshop")
        await page.get_by_label("Your message").fill("I lost it.\nWhat now?")
        await page.get_by_role("button", name="Open a ticket").click()
        await expect(page.get_by_role("heading", level=1)).to_contain_text("The key of the workshop")
        await expect(page.get_by_text("We have your ticket.")).to_be_visible()

        line = staff.get_by_role("listitem").filter(has_text="The key of the workshop")
        await expect(line).to_contain_text("1 new")
        await staff.keyboard.press("j")
        await staff.keyboard.press("Enter")
        await expect(staff.get_by_text("I lost it.")).to_be_visible()
        await expect(staff.locator("html[data-following]")).to_have_count(1)
        await staff.keyboard.press("c")
        await expect(staff.get_by_text("yours", exact=True)).to_be_visible()
        await staff.keyboard.press("n")
        await staff.keyboard.type("She lost one in May too.")
        await staff.get_by_role("button", name="Add the note").click()
        await expect(staff.locator(".talk .note")).to_contain_text("She lost one in May too.")

        await staff.keyboard.press("r")
        await staff.keyboard.type("It is no trouble, ")
        await page.get_by_label("Your message").fill("It is the brass one.")
        await page.get_by_role("button", name="Send").click()
        await expect(staff.locator(".talk .user").last).to_contain_text("It is the brass one.")
        await expect(staff.get_by_label("Reply to")).to_have_value("It is no trouble, ")
        await staff.keyboard.type("take another.")
        await staff.get_by_label("as Staff, without my name").check()
        await staff.get_by_role("button", name="Reply").click()

        answer = page.locator(".talk .staff")
        await expect(answer).to_contain_text("It is no trouble, take another.")
        await change_reply(staff, "It is no trouble, take the spare one.")
        await expect(answer).to_contain_text("take the spare one.")
        await expect(answer.locator("b")).to_have_text("Staff")
        assert "May" not in await page.content()
        assert administrator.display_name not in await page.locator("main").inner_text()

        await staff.get_by_role("button", name="Close…").click()
        await staff.get_by_label("is told, if anything").fill("Solved, I think.")
        await staff.get_by_role("button", name="Close it").click()
        await expect(staff.get_by_text("The ticket is closed.")).to_be_visible()
        await expect(page.get_by_text("This ticket is closed.")).to_be_visible()
        await expect(page.get_by_text("Closed: Solved, I think.")).to_be_visible()
        await page.get_by_role("button", name="Reopen").click()
        await expect(page.get_by_label("Your message")).to_be_visible()
        await expect(staff.get_by_role("button", name="Claim")).to_be_visible()


async def change_reply(staff: Page, words: str) -> None:
    """Let staff change their newest reply."""
    await staff.locator(".talk .staff").get_by_role("button", name="Change").click()
    dialog = staff.get_by_role("dialog", name="Change this reply")
    await dialog.get_by_label("What it says").fill(words)
    await dialog.get_by_role("button", name="Save").click()


async def test_what_came_meanwhile_is_unread_until_it_is_looked_at(
    served: Served, ada: httpx.AsyncClient, rosa: tuple[identity.User, str]
) -> None:
    ticket = await asked(served, rosa[0])
    assert "1 new" in (await ada.get(DESK)).text
    await ada.get(f"{DESK}/{ticket.id}")
    assert "1 new" not in (await ada.get(DESK)).text
    async with as_member(served, rosa[1]) as client:
        assert " new<" not in (await client.get(OWN)).text
        await send(ada, f"{DESK}/{ticket.id}/reply", text="On its hook.", client_id="a")
        await send(ada, f"{DESK}/{ticket.id}/reply", text="On its hook.", client_id="a")
        await send(ada, f"{DESK}/{ticket.id}/note", text="Secret")
        assert "1 new" in (await client.get(OWN)).text
        shown = (await client.get(f"{OWN}/{ticket.id}")).text
        assert (shown.count("On its hook."), "Secret" in shown) == (1, False)
        assert " new<" not in (await client.get(OWN)).text


async def test_members_are_kept_to_their_own_tickets_and_to_the_limits(
    served: Served, ada: httpx.AsyncClient, rosa: tuple[identity.User, str]
) -> None:
    _, stranger = await member(served, "pavel")
    ticket = await asked(served, rosa[0])
    async with as_member(served, stranger) as pavel, as_member(served, rosa[1]) as client:
        for path in (f"{OWN}/{ticket.id}", DESK, f"{DESK}/{ticket.id}", f"{DESK}/live"):
            assert (await pavel.get(path)).status_code == 403, path
        for path in (f"{OWN}/{ticket.id}/write", f"{OWN}/{ticket.id}/close", f"{DESK}/{ticket.id}/reply"):
            assert (await send(pavel, path, text="Let me in")).status_code == 403, path
        assert (await pavel.get(NOWHERE)).status_code == 404
        assert (await pavel.post(OWN, data={"text": "No proof"})).status_code == 403

        empty = await send(client, OWN, subject="A subject", text="  ")
        assert (empty.status_code, "Write something first" in empty.text, "A subject" in empty.text) == (
            400,
            True,
            True,
        )
        long = await send(client, f"{OWN}/{ticket.id}/write", text="x" * 4001)
        assert (long.status_code, "at most 4000" in long.text) == (400, True)
        for _ in range(2):
            assert (await send(client, OWN, text="Another thing")).status_code == 303
        fourth = await send(client, OWN, text="And another")
        assert (fourth.status_code, "Close one of your open tickets first" in fourth.text) == (409, True)

        for _ in range(3):
            assert (await send(client, f"{OWN}/{ticket.id}/close")).status_code == 303
            assert (await send(client, f"{OWN}/{ticket.id}/write", text="Wait")).status_code == 409
            assert (await send(client, f"{OWN}/{ticket.id}/reopen")).status_code == 303
        assert (await send(client, f"{OWN}/{ticket.id}/reopen")).status_code == 409
        await send(client, f"{OWN}/{ticket.id}/close")
        assert "Reopen" not in (await client.get(f"{OWN}/{ticket.id}")).text
        assert (await send(client, f"{OWN}/{ticket.id}/reopen")).status_code == 409
        assert (await send(ada, f"{DESK}/{ticket.id}/reply", text="Too late")).status_code == 409


async def test_staff_sort_hold_search_and_filter(
    served: Served, ada: httpx.AsyncClient, rosa: tuple[identity.User, str]
) -> None:
    key, lamp = await asked(served, rosa[0]), await asked(served, rosa[0], "A lamp is broken")
    one = f"{DESK}/{key.id}"
    for fields in ({"tags": "no!"}, {"label": "x" * 51}, {"priority": "now"}, {"subject": "x" * 201}):
        assert (await send(ada, f"{one}/sort", **fields)).status_code == 400, fields
    await send(ada, f"{one}/sort", subject="Keys", label="later", tags="lost, KEYS", priority="urgent")
    shown = (await ada.get(one)).text
    assert all(words in shown for words in ("#lost", "#keys", "urgent", "later", "1 other ticket"))
    await send(ada, f"{one}/claim")
    await send(ada, f"{one}/hold", rests="yes")
    assert "on hold" in (await ada.get(one)).text

    async def listed(asked_for: str) -> set[str]:
        page = (await ada.get(f"{DESK}?{asked_for}")).text
        return {ticket.id for ticket in (key, lamp) if f"{DESK}/{ticket.id}" in page}

    both = {key.id, lamp.id}
    wanted = {
        "": both, "state=closed": set(), "state=all": both, "whose=mine": {key.id}, "whose=nobody": {lamp.id},
        "tag=lost": {key.id}, "q=broken+lamp": {lamp.id}, "q=nowhere": set(), f"person={rosa[0].id}": both,
        "person=nobody": set(), "page=2": set(),
    }  # fmt: skip
    assert {each: await listed(each) for each in wanted} == wanted
    for wrong in ("state=ajar", "page=0", "whose=yours"):
        assert (await ada.get(f"{DESK}?{wrong}")).status_code == 400
    await send(ada, f"{one}/hold")
    await send(ada, f"{one}/release")
    assert await listed("whose=nobody") == both
    await send(ada, f"{one}/close", reason="")
    assert await listed("state=closed") == {key.id}
    assert "Closed by" in (await ada.get(one)).text
    await send(ada, f"{one}/reopen")
    assert await listed("state=open") == both


async def test_staff_hand_a_ticket_on_plan_its_end_and_mend_their_words(
    served: Served, ada: httpx.AsyncClient, administrator: identity.User, rosa: tuple[identity.User, str]
) -> None:
    house, ticket, keys = served.house, await asked(served, rosa[0]), await keys_and_locks(served)
    one = f"{DESK}/{ticket.id}"
    assert (await send(ada, f"{one}/hand", category=keys.id, assigned=administrator.display_name)).status_code == 303
    shown = (await ada.get(one)).text
    assert ("<dt>Category</dt><dd>Keys and locks" in shown, "<dt>Given to</dt>" in shown) == (True, True)
    assert one in (await ada.get(f"{DESK}?category={keys.id}")).text
    assert one not in (await ada.get(f"{DESK}?category=other")).text
    lost = await send(ada, f"{one}/hand", category="lost")
    assert (lost.status_code, "no such category" in lost.text) == (404, True)
    assert (await send(ada, f"{one}/hand")).status_code == 303
    assert "<dt>Given to</dt>" not in (await ada.get(one)).text

    later = (house.clock.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    assert (await send(ada, f"{one}/close", at=later, reason="No answer")).status_code == 303
    assert "<dt>Closes</dt>" in (await ada.get(one)).text
    await send(ada, f"{one}/keep")
    assert "<dt>Closes</dt>" not in (await ada.get(one)).text
    for wrong in ("2020-01-01T10:00", "soon"):
        assert (await send(ada, f"{one}/close", at=wrong)).status_code == 400

    await send(ada, f"{one}/reply", text="On its hok.")
    said = (await ada.get(one)).text.partition('id="words-')[2].partition('"')[0]
    message = f"{one}/messages/{said}"
    assert (await send(ada, f"{message}/edit", text="On its hook.")).status_code == 303
    assert (await send(ada, f"{message}/edit", text=" ")).status_code == 400
    async with as_member(served, rosa[1]) as client:
        own = f"{OWN}/{ticket.id}"
        assert "On its hook." in (await client.get(own)).text
        assert (await send(ada, f"{message}/delete")).status_code == 303
        assert "On its hook." not in (await client.get(own)).text
    assert (await send(ada, f"{message}/edit", text="Again")).status_code == 409
    assert (await send(ada, f"{one}/messages/{int(said) - 1}/delete")).status_code in {403, 404}


async def test_a_long_conversation_is_read_part_by_part(
    served: Served, ada: httpx.AsyncClient, rosa: tuple[identity.User, str]
) -> None:
    ticket, house = await asked(served, rosa[0], "The very first"), served.house
    async with house.database.write() as tx:
        for number in range(120):
            ticket = await tickets.access_ticket_to_change(tx, SYSTEM, ticket.id, sight=EVERYTHING)
            said = Draft(f"Words {number:03}", Source.PANEL)
            await tickets.write_as_user(tx, SYSTEM, ticket, Person(rosa[0].id, "rosa"), said, now=house.clock.now())
    newest = (await ada.get(f"{DESK}/{ticket.id}")).text
    assert ("Words 119" in newest, "Words 019" in newest) == (True, False)
    earlier = newest.partition(f'href="{DESK}/{ticket.id}?before=')[2].partition('"')[0]
    oldest = (await ada.get(f"{DESK}/{ticket.id}?before={earlier}")).text
    assert ("Words 019" in oldest, "Words 000" in oldest, "Words 020" in oldest) == (True, True, False)


async def test_lists_and_tickets_need_as_many_statements_for_much_as_for_little(
    served: Served, ada: httpx.AsyncClient, rosa: tuple[identity.User, str]
) -> None:
    ticket = await asked(served, rosa[0])
    async with as_member(served, rosa[1]) as client:
        pages = ((ada, DESK, 10), (ada, f"{DESK}?q=key", 10), (ada, f"{DESK}/{ticket.id}", 21), (client, OWN, 10))

        async def measured() -> list[int]:
            found = []
            for reader, path, _ in pages:
                await reader.get(path)
                with counted(served) as seen:
                    assert (await reader.get(path)).status_code == 200
                found.append(len(seen))
            return found

        few = await measured()
        assert all(number <= most for number, (_, _, most) in zip(few, pages, strict=True)), few
        for number in range(35):
            await asked(served, rosa[0], f"Question {number} about the key")
        for number in range(10):
            await send(ada, f"{DESK}/{ticket.id}/reply", text=f"Answer {number}")
        assert await measured() == few


async def test_every_page_is_readable_and_fits_a_phone_in_light_and_dark(
    served: Served, browser: Browser, ada: httpx.AsyncClient, rosa: tuple[identity.User, str], tmp_path: Path
) -> None:
    ticket = await asked(served, rosa[0], "The key of the workshop broke in the lock when I wanted to close")
    await asked(served, rosa[0], "Who waters the plants in August?")
    await asked(served, (await member(served, "pavel"))[0], "May I bring a drum kit on Thursday evening?")
    one = f"{DESK}/{ticket.id}"
    await send(
        ada, f"{one}/sort", subject="Broken key", label="waits for a smith", tags="keys workshop", priority="high"
    )
    await send(ada, f"{one}/hand", category=(await keys_and_locks(served)).id)
    await send(ada, f"{one}/claim")
    later = (served.house.clock.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    await send(ada, f"{one}/close", at=later)
    await send(ada, f"{one}/note", text="The smith comes on Friday.")
    await send(ada, f"{one}/reply", text="Oh no!\n\nPlease leave it in the lock, we take care of it.")
    for scheme in ("light", "dark"):
        for width in ("wide", "phone"):
            size = {"viewport": PHONE} if width == "phone" else {}
            async with visiting(browser, served, color_scheme=scheme, **size) as staff:
                await sign_in(staff)
                for name, path in (("desk", DESK), ("desk-ticket", one), ("desk-none", f"{DESK}?q=nothing")):
                    await staff.goto(path)
                    assert (path, await staff.evaluate(FAULTS_OF_READING)) == (path, [])
                    assert (path, await overflow(staff)) == (path, 0)
                    await staff.screenshot(path=tmp_path / f"{name}-{scheme}-{width}.png", full_page=True)
                await staff.context.clear_cookies()
                await staff.context.add_cookies([{"name": "session_id", "value": rosa[1], "url": served.url}])
                for name, path in (("own", OWN), ("own-ticket", f"{OWN}/{ticket.id}")):
                    await staff.goto(path)
                    assert (path, await staff.evaluate(FAULTS_OF_READING)) == (path, [])
                    assert (path, await overflow(staff)) == (path, 0)
                    await staff.screenshot(path=tmp_path / f"{name}-{scheme}-{width}.png", full_page=True)


async def overflow(page: Page) -> int:
    return int(await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
