"""The desk by keyboard alone: an agent works through a queue while others write, and loses neither words nor place."""

from datetime import timedelta
from itertools import product

import httpx
import pytest
from playwright.async_api import Browser, Locator, Page, expect

from guildhall.core.actor import SYSTEM
from guildhall.domains import identity, tickets
from guildhall.domains.identity.desk import SubjectKind
from guildhall.domains.tickets import EVERYTHING, Draft, Origin, Person, Source, Ticket, Transport, blocks, snippets
from guildhall.domains.tickets.relay import delivery
from tests.clock import SettableClock
from tests.panel.test_desk_files import SCHEMES, SIZES
from tests.panel.test_desk_tickets import DESK, ada, as_member, asked, member, overflow, rosa, send
from tests.panel.test_looks import FAULTS_OF_READING
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
    await expect(place.and_(place.page.locator(":focus-visible"))).to_be_focused()


async def listening(page: Page) -> None:
    """Return once a page hears of what happens."""
    await expect(page.locator("html[data-following]")).to_have_count(1)


def line(page: Page, ticket: Ticket) -> Locator:
    """Return a ticket's line of the list."""
    return page.locator(f"[data-rows] a[href='{DESK}/{ticket.id}']")


async def test_an_agent_works_through_a_queue_by_keyboard(
    served: Served, browser: Browser, administrator: identity.User, queue: list[Ticket]
) -> None:
    await spare(served)
    async with visiting(browser, served) as page:
        press, talk, reply = page.keyboard.press, page.locator("#talk"), page.locator("#reply")
        await sign_in(page)
        await press("g")
        await press("d")
        await listening(page)
        await choose_the_oldest_while_somebody_writes(page, served, queue)
        await press("Enter")
        await expect(page.get_by_text("1 of 3")).to_be_visible()
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
        await expect(page.get_by_label("as Staff, without my name")).to_be_checked()
        await press("Control+Enter")
        await expect(page.locator(".talk .staff")).to_contain_text("It hangs in the hall.")
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
        await press("k")
        await expect(page.get_by_role("heading", level=1)).to_contain_text("The key broke")


async def choose_the_oldest_while_somebody_writes(page: Page, served: Served, queue: list[Ticket]) -> None:
    """Go down the list and up again, while its last line becomes its first."""
    pavel, marta, key = queue
    await page.keyboard.press("j")
    await has_the_keyboard(line(page, pavel))
    await page.keyboard.press("ArrowDown")
    await has_the_keyboard(line(page, marta))
    await write_on(served, key, "It is the brass one.")
    await expect(page.locator("[data-rows] a").first).to_contain_text("It is the brass one.")
    await has_the_keyboard(line(page, marta))
    await page.keyboard.press("ArrowUp")
    await has_the_keyboard(line(page, pavel))
    await page.keyboard.press("k")
    await has_the_keyboard(line(page, key))


async def test_live_updates_take_neither_words_nor_the_keyboard(
    served: Served, browser: Browser, ada: httpx.AsyncClient, queue: list[Ticket]
) -> None:
    pavel, marta, _ = queue
    async with visiting(browser, served) as page:
        press, talk, reply = page.keyboard.press, page.locator("#talk"), page.locator("#reply")
        await sign_in(page)
        await page.goto(DESK)
        await line(page, pavel).focus()
        await press("Enter")
        await listening(page)
        await press("r")
        await page.keyboard.type("Yes, b")
        await press("ArrowLeft")
        await write_on(served, pavel, "It is a small one.")
        await expect(talk).to_contain_text("It is a small one.")
        await has_the_keyboard(reply)
        await page.keyboard.type("to")
        await expect(reply).to_have_value("Yes, tob")
        await send(ada, f"{DESK}/{pavel.id}/close", reason="Asked twice")
        await expect(page.get_by_text("This has changed meanwhile.")).to_be_visible()
        await has_the_keyboard(reply)
        await press("Control+Enter")
        await expect(page.locator(".toast.bad").last).to_contain_text("closed")
        await expect(reply).to_have_value("Yes, tob")

        await press("Escape")
        await has_the_keyboard(talk)
        await press("j")
        await expect(page.get_by_role("heading", level=1)).to_contain_text("plants")
        await listening(page)
        await page.get_by_role("button", name="Claim").focus()
        await send(ada, f"{DESK}/{marta.id}/claim")
        await has_the_keyboard(page.get_by_role("button", name="Release"))
        await press("r")
        await page.keyboard.type("Leon")
        await press("Escape")
        await press("u")
        await has_the_keyboard(line(page, marta))
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


async def test_staff_see_whether_a_reply_has_arrived_and_try_again(served: Served, ada: httpx.AsyncClient) -> None:
    house, person = served.house, Person("849888126", "chidi")
    now = house.clock.now()
    async with house.database.write() as tx:
        opening = await tickets.open_ticket(
            tx, SYSTEM, guild_id=1, person=person, origin=Origin.DM, transport=Transport.RELAY, needs_channel=True,
            now=now,
        )  # fmt: skip
        ticket = await tickets.note_channel(tx, opening, 5)
    one = f"{DESK}/{ticket.id}"
    await send(ada, f"{one}/reply", text="Hello?")
    assert "On its way" in (await ada.get(one)).text
    async with house.database.write() as tx:
        taken = await delivery.take_post(tx, f"user:{person.id}", now=now)
        assert taken is not None
        await delivery.note_failed(tx, taken, "They take no messages from the bot", now=now)
    shown = (await ada.get(one)).text
    assert "Not delivered: They take no messages from the bot" in shown
    again = shown.partition('action="' + one + "/messages/")[2].partition("/")[0]
    assert (await send(ada, f"{one}/messages/{again}/again")).status_code == 303
    assert "On its way" in (await ada.get(one)).text
    async with house.database.write() as tx:
        taken = await delivery.take_post(tx, f"user:{person.id}", now=now)
        assert taken is not None
        await delivery.note_sent(tx, taken, now=now)
    assert ">Delivered<" in (await ada.get(one)).text


async def test_every_page_of_the_desk_can_be_read_in_light_and_dark_and_on_a_phone(
    served: Served, browser: Browser, ada: httpx.AsyncClient, queue: list[Ticket]
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
    async with visiting(browser, served) as page:
        await sign_in(page)
        for scheme, size in product(SCHEMES, SIZES.values()):
            await page.emulate_media(color_scheme=scheme)
            await page.set_viewport_size(size)
            for name in ("ticket", "member", "snippets", "new", "block"):
                path = {"ticket": one, "new": f"{DESK}/new", "block": f"{DESK}/blocks?member={person.id}"}
                await page.goto(path.get(name, f"{one}/{name}"))
                if name == "ticket":
                    await expect(page.locator("#on-discord")).to_contain_text("Discord does not tell now.")
                assert (name, await page.evaluate(FAULTS_OF_READING)) == (name, [])
                assert (name, await overflow(page)) == (name, 0)
