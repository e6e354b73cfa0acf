"""The desk in numbers, on the panel."""

from datetime import timedelta

import pytest
from playwright.async_api import Page, expect

from guildhall.core.actor import SYSTEM
from guildhall.domains import tickets
from guildhall.domains.tickets import Draft, Origin, Person, Source, Transport
from guildhall.domains.tickets.ratings import comment_on_rating, rate_ticket
from guildhall.panel.charts import Day, pairs_chart
from guildhall.panel.templating import day_words
from tests.clock import SettableClock
from tests.serving import Served

STATISTICS = "/panel/desk/statistics"
STAFF = [Person("2001", "mara.d"), Person("2002", "tobias.k"), Person("2003", "nadia")]


@pytest.fixture
def engine() -> str:
    """What is tested here does not depend on the engine."""
    return "sqlite"


async def a_month(served: Served, clock: SettableClock) -> None:
    """Let tickets come and go for thirty days that end now."""
    end = clock.now()
    async with served.house.database.write() as tx:
        for number in range(60):
            opened, staff = end - timedelta(days=(number * 7) % 30, hours=2), STAFF[number % 7 % 3]
            person = Person(str(5000 + number), f"member {number}")
            ticket = await tickets.open_ticket(
                tx, SYSTEM, guild_id=1, person=person, origin=Origin.DM, transport=Transport.RELAY,
                needs_channel=False, now=opened,
            )  # fmt: skip
            draft, later = Draft("We are on it.", Source.PANEL), opened + timedelta(minutes=4 + number % 30)
            await tickets.write_as_staff(tx, SYSTEM, ticket, staff, draft, now=later)
            ticket = await tickets.access_ticket_to_change(tx, SYSTEM, ticket.id, sight=tickets.EVERYTHING)
            if number % 4:
                over = later + timedelta(minutes=50)
                ticket = await tickets.close_ticket(tx, SYSTEM, ticket, by=staff.id, now=over)
            if number % 4 == 1:
                await rate_ticket(tx, SYSTEM, ticket, closing=0, score=3 + number % 3, hours=1, now=over)
                words = "Quick and kind."
                await comment_on_rating(tx, SYSTEM, ticket, closing=0, text=words, hours=1, now=over)


def test_a_chart_has_few_lines_at_round_numbers_and_a_label_below_the_last_day() -> None:
    for most in (0, 1, 3, 7, 38, 4999):
        chart = pairs_chart([Day(0, most, "words", str(each)) for each in range(90)])
        assert 2 <= len(chart.lines) <= 5
        assert int(chart.lines[-1].label) >= most
        assert all(0 <= each.second.y <= chart.ground for each in chart.groups)
        labels = [each.label for each in chart.groups if each.label]
        assert (labels[-1], len(labels) <= 7) == ("89", True)
    assert len(pairs_chart([Day(2, 1, "words", "today")]).groups) == 1


async def test_staff_see_the_desk_in_numbers_by_period(served: Served, clock: SettableClock, page: Page) -> None:
    await page.get_by_role("link", name="Statistics").click()
    await expect(page.get_by_text("Nothing came in these days.")).to_be_visible()
    await a_month(served, clock)
    await page.reload()
    await expect(page.get_by_role("img", name="In 30 days 60 tickets were opened and 45 closed")).to_be_visible()
    await expect(page.locator(".figure", has_text="Open now").locator("dd")).to_have_text("15")
    await expect(page.locator(".figure", has_text="First reply").locator("dd")).to_contain_text("min")
    await expect(page.locator(".figure", has_text="Rating").locator("dd")).to_have_text("4.0 of 5 from 15 closings")
    work = page.get_by_role("row", name="mara.d")
    await expect(work).to_contain_text("wrote most")
    await expect(page.locator(".shares li")).to_contain_text(["No category"])
    await page.get_by_text("The same as a table").click()
    await expect(page.get_by_role("row", name=day_words(clock.now().date()))).to_be_visible()
    await page.get_by_role("link", name="7 days").click()
    await expect(page.get_by_role("img", name="In 7 days")).to_be_visible()
    # What is no period is the usual one.
    await page.goto(f"{STATISTICS}?days=5")
    await expect(page.get_by_role("img", name="In 30 days")).to_be_visible()
