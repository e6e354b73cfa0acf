"""The desk by keyboard alone: an agent works through a queue while others write, and loses neither words nor place."""

from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, Locator, Page, expect

from guildhall.core.actor import SYSTEM
from guildhall.domains import identity, tickets
from guildhall.domains.identity.desk import SubjectKind
from guildhall.domains.tickets import EVERYTHING, Draft, Origin, Person, Source, Ticket, Transport, blocks, snippets
from tests.clock import SettableClock
from tests.panel.test_desk_tickets import DESK, ada, as_member, asked, member, overflow, rosa, send
from tests.panel.test_looks import FAULTS_OF_READING, PHONE
from tests.panel.visiting import sign_in, visiting
from tests.serving import Served

__all__ = ["ada", "rosa"]

SPARE = "Take the spare one, {{user.name}}. It hangs in {{args.1}}."


@pytest.fixture
async def queue(served: Served, rosa: tuple[identity.User, str], clock: SettableClock) -> list[Ticket]:
    """Three tickets, the newest first as the list shows them."""
    words = {"marta": "Who waters the plants?", "pavel": "May I bring a drum kit?"}
    made = [await asked(served, rosa[0], "The key broke")]
    for name, text in words.items():
        clock.advance(timedelta(minutes=1))
        made.append(await asked(served, (await member(served, name))[0], text))
    clock.advance(timedelta(minutes=1))
    return made[::-1]


async def write_on(served: Served, ticket: Ticket, words: str) -> None:
    """Let a ticket's person write once more."""
    house, person = served.house, Person(ticket.user_id, ticket.user_name)
    async with house.database.write() as tx:
        locked = await tickets.access_ticket_to_change(tx, SYSTEM, ticket.id, sight=EVERYTHING)
        await tickets.write_as_user(tx, SYSTEM, locked, person, Draft(words, Source.PANEL), now=house.clock.now())


async def spare(served: Served) -> None:
    """Let there be a snippet, which needs a word."""
    async with served.house.database.write() as tx:
        await snippets.create_snippet(
            tx, SYSTEM, key="spare-key", content=SPARE, anonymous=True, now=served.house.clock.now()
        )


async def has_the_keyboard(place: Locator) -> None:
    """Expect that something has the keyboard, and that whoever looks can tell."""
    await expect(place).to_be_focused()
    assert await place.evaluate("(place) => place.matches(':focus-visible')")


async def listening(page: Page) -> None:
    """Return once a page hears of what happens."""
    await expect(page.locator("html[data-following]")).to_have_count(1)


async def test_an_agent_works_through_a_queue_by_keyboard_while_others_write(
    served: Served, browser: Browser, ada: httpx.AsyncClient, queue: list[Ticket]
) -> None:
    pavel, marta, key = queue
    await spare(served)
    async with visiting(browser, served) as page:
        press, talk, reply = page.keyboard.press, page.locator("#talk"), page.locator("#reply")

        def line(ticket: Ticket) -> Locator:
            return page.locator(f"[data-rows] a[href='{DESK}/{ticket.id}']")

        await sign_in(page)
        await press("g")
        await press("d")
        await listening(page)
        await press("j")
        await has_the_keyboard(line(pavel))
        await press("ArrowDown")
        await has_the_keyboard(line(marta))
        await write_on(served, key, "It is the brass one.")
        await expect(page.locator("[data-rows] a").first).to_contain_text("It is the brass one.")
        await has_the_keyboard(line(marta))
        await press("ArrowUp")
        await has_the_keyboard(line(pavel))
        await press("k")
        await press("Enter")
        await expect(page.get_by_role("heading", level=1)).to_contain_text("The key broke")
        await expect(page.get_by_text("1 of 3")).to_be_visible()
        await listening(page)

        await press("c")
        await expect(page.get_by_text("yours", exact=True)).to_be_visible()
        await has_the_keyboard(talk)
        await press("r")
        await page.keyboard.type("/SPARE")
        await expect(page.get_by_role("dialog")).to_contain_text("Take the spare one, rosa.")
        await expect(page.get_by_role("searchbox")).to_have_value("SPARE")
        await press("Enter")
        await has_the_keyboard(reply)
        await expect(reply).to_have_value("Take the spare one, rosa. It hangs in {{args.1}}.")
        await page.keyboard.type("the hall")
        await write_on(served, key, "I wait at the door.")
        await expect(talk).to_contain_text("I wait at the door.")
        await has_the_keyboard(reply)
        await press("End")
        await page.keyboard.type(" Bye!")
        await expect(page.get_by_label("as Staff, without my name")).to_be_checked()
        await press("Control+Enter")
        await expect(page.locator(".talk .staff")).to_contain_text("It hangs in the hall. Bye!")
        await has_the_keyboard(talk)
        await expect(reply).to_have_value("")
        await press("n")
        await page.keyboard.type("The second one this year.")
        await press("Control+Enter")
        await expect(page.locator(".talk .note")).to_contain_text("The second one this year.")

        await press("x")
        await expect(page.get_by_label("is told, if anything")).to_be_focused()
        await page.keyboard.type("Solved.")
        await press("Control+Enter")
        await expect(page.get_by_text("Closed by")).to_be_visible()
        await has_the_keyboard(page.get_by_role("link", name="Next"))
        await press("j")
        await expect(page.get_by_role("heading", level=1)).to_contain_text("drum kit")
        await listening(page)
        await press("r")
        await page.keyboard.type("Yes, but")
        await send(ada, f"{DESK}/{pavel.id}/close", reason="Asked twice")
        await expect(page.get_by_text("This has changed meanwhile.")).to_be_visible()
        await has_the_keyboard(reply)
        await page.keyboard.type(" quietly")
        await press("Control+Enter")
        await expect(page.get_by_text("This ticket is closed")).to_be_visible()
        await expect(reply).to_have_value("Yes, but quietly")

        await press("Escape")
        await has_the_keyboard(talk)
        await press("j")
        await expect(page.get_by_role("heading", level=1)).to_contain_text("plants")
        await press("r")
        await page.keyboard.type("Leon")
        await press("Escape")
        await press("u")
        await has_the_keyboard(line(marta))
        await press("Enter")
        await expect(reply).to_have_value("Leon")
        await press("Shift+?")
        await expect(page.get_by_role("dialog", name="On the keyboard")).to_be_visible()
        await press("Escape")
        await press("/")
        await has_the_keyboard(page.get_by_label("Words", exact=True))
        await page.keyboard.type("plants")
        await press("Enter")
        await expect(page.get_by_text("1 ticket")).to_be_visible()


async def test_the_desk_knows_whom_it_talks_with_and_fills_snippets_without_a_script(
    served: Served, ada: httpx.AsyncClient, queue: list[Ticket], rosa: tuple[identity.User, str]
) -> None:
    house, key = served.house, queue[-1]
    await spare(served)
    one = f"{DESK}/{key.id}"
    await asked(served, rosa[0], "The lamp flickers")
    shown = (await ada.get(one)).text
    assert ("The lamp flickers" in shown, "1 other ticket" in shown, "no account" in shown) == (True, True, False)
    assert "The lamp flickers" in (await ada.get(f"{one}/member")).text

    menu = (await ada.get(f"{one}/snippets?box=reply")).text
    assert "Take the spare one, rosa. It hangs in {{args.1}}." in menu
    assert "No snippet is like that" in (await ada.get(f"{one}/snippets?q=lamp")).text
    begun = (await ada.get(f"{one}?snippet=spare-key&box=reply")).text
    assert ("Take the spare one, rosa." in begun, 'name="snippet" value="spare-key"' in begun) == (True, True)
    assert "Take the spare" not in (await ada.get(f"{one}?snippet=nothing")).text
    assert (await ada.get(f"{one}/snippets?box=hat")).status_code == 400
    await send(ada, f"{one}/reply", text="Take it.", snippet="spare-key")
    async with house.database.read() as tx:
        assert [each.uses for each in await snippets.list_snippets(tx)] == [1]
    async with as_member(served, rosa[1]) as client:
        for path in (f"{one}/member", f"{one}/snippets", f"{DESK}/new"):
            assert (await client.get(path)).status_code == 403, path


async def test_every_page_of_the_desk_can_be_read_in_light_and_dark_and_on_a_phone(
    served: Served, browser: Browser, ada: httpx.AsyncClient, queue: list[Ticket], tmp_path: Path
) -> None:
    house, now, person = served.house, served.house.clock.now(), Person("849888126", "chidi")
    await spare(served)
    async with house.database.write() as tx:
        await blocks.block(
            tx, SYSTEM, subject_kind=SubjectKind.USER, subject_id=person.id, category_id=None, reason="Advertising",
            notify=True, expires_at=None, now=now,
        )  # fmt: skip
        ticket = await tickets.open_ticket(
            tx, SYSTEM, guild_id=0, person=person, origin=Origin.DM, transport=Transport.DIRECT, needs_channel=False,
            now=now,
        )  # fmt: skip
    one = f"{DESK}/{ticket.id}"
    for scheme in ("light", "dark"):
        for width in ("wide", "phone"):
            size = {"viewport": PHONE} if width == "phone" else {}
            async with visiting(browser, served, color_scheme=scheme, **size) as page:
                await sign_in(page)
                for name, path in (
                    ("list", DESK), ("ticket", one), ("member", f"{one}/member"), ("menu", f"{one}/snippets"),
                    ("new", f"{DESK}/new"), ("block", f"{DESK}/blocks?member={person.id}"),
                ):  # fmt: skip
                    await page.goto(path)
                    if name == "ticket":
                        await expect(page.locator("#on-discord")).to_contain_text("Discord does not tell now.")
                    assert (path, await page.evaluate(FAULTS_OF_READING)) == (path, [])
                    assert (path, await overflow(page)) == (path, 0)
                    await page.screenshot(path=tmp_path / f"{name}-{scheme}-{width}.png", full_page=True)
