"""Linking calendars: by hand, by the configuration file, with passwords that are sealed."""

import pytest

from guildhall.core.actor import SYSTEM
from guildhall.core.crypto import SecretBox
from guildhall.core.errors import InvalidField
from guildhall.domains import audit, calendars
from guildhall.domains.calendars import (
    CalendarKind,
    CalendarNotLinked,
    CalendarPlan,
    CalendarRefused,
    LinkManagedByFile,
)
from tests.calendars.world import BOX, World

ROOM = "room:ostrom"


def plan(target: str = ROOM, address: str = "https://cal.test/ostrom/", **more: str | None) -> CalendarPlan:
    fields: dict[str, str | None] = {"username": "hub", "password": "secret word", **more}
    return CalendarPlan(target=target, kind=CalendarKind.CALDAV, address=address, **fields)


async def test_a_link_keeps_its_password_sealed_and_its_account_can_change(world: World) -> None:
    now = world.clock.now()
    async with world.database.write() as tx:
        link = await calendars.link_calendar(tx, SYSTEM, plan(), box=BOX, now=now)
        assert link.secret is not None
        assert "secret word" not in link.secret
        assert calendars.password_of(link, BOX) == "secret word"
        with pytest.raises(CalendarRefused, match="enter it anew"):
            calendars.password_of(link, SecretBox("another secret key of this house", "calendars outside"))
        assert await calendars.link_calendar(tx, SYSTEM, plan(password=None), box=BOX, now=now) == link
        changed = await calendars.link_calendar(tx, SYSTEM, plan(password="other", username="x"), box=BOX, now=now)
        assert (changed.id, changed.username, calendars.password_of(changed, BOX)) == (link.id, "x", "other")
        moved = await calendars.link_calendar(tx, SYSTEM, plan(address="https://cal.test/b/"), box=BOX, now=now)
        assert moved.id != link.id
        assert [each.id for each in await calendars.list_links(tx)] == [moved.id]
        await calendars.unlink_calendar(tx, SYSTEM, ROOM, now=now)
        assert await calendars.list_links(tx) == []
        with pytest.raises(CalendarNotLinked):
            await calendars.unlink_calendar(tx, SYSTEM, ROOM, now=now)
        entries = await audit.page_of_entries(tx, limit=10, target=ROOM)
    assert [entry.action for entry in reversed(entries)] == [
        "calendar.linked", "calendar.changed", "calendar.unlinked", "calendar.linked", "calendar.unlinked",
    ]  # fmt: skip
    assert "secret word" not in str(entries)


@pytest.mark.parametrize(
    ("faulty", "field"),
    [
        (plan("room:Ostrom"), "target"),
        (plan("rooms"), "target"),
        (plan(address=""), "address"),
        (plan(address="ftp://cal.test/"), "address"),
        (plan(address="https:///ostrom/"), "address"),
        (plan(address="https://cal.test:99999/"), "address"),
        (plan(address="https://me:word@cal.test/"), "address"),
        (plan(address="https://cal.test/\r\nHost: else"), "address"),
        (plan(address="https://cal.test/?" + "x" * 3000), "address"),
        (plan(username=None), "username"),
        (plan(username="a:b"), "username"),
        (plan(password=""), "password"),
        (plan(password=None), "password"),
        (CalendarPlan(target=ROOM, kind=CalendarKind.GOOGLE, address="a@group.test", password="x"), "username"),
    ],
)
async def test_a_plan_that_cannot_be_is_refused_by_its_field(world: World, faulty: CalendarPlan, field: str) -> None:
    with pytest.raises(InvalidField) as refusal:
        async with world.database.write() as tx:
            await calendars.link_calendar(tx, SYSTEM, faulty, box=BOX, now=world.clock.now())
    assert refusal.value.details["field"] == field


async def test_what_the_file_names_is_read_only_elsewhere_and_ends_with_it(world: World) -> None:
    now = world.clock.now()
    async with world.database.write() as tx:
        mine = await calendars.link_calendar(tx, SYSTEM, plan("room:angel"), box=BOX, now=now)
        await calendars.apply_file(tx, SYSTEM, [plan(), plan("shifts")], box=BOX, now=now)
        first = await calendars.list_links(tx)
        assert [(each.target, each.managed_by_file) for each in first] == [
            ("room:angel", False), (ROOM, True), ("shifts", True),
        ]  # fmt: skip
        with pytest.raises(LinkManagedByFile):
            await calendars.link_calendar(tx, SYSTEM, plan(), box=BOX, now=now)
        with pytest.raises(LinkManagedByFile):
            await calendars.unlink_calendar(tx, SYSTEM, "shifts", now=now)
        await calendars.apply_file(tx, SYSTEM, [plan(), plan("shifts")], box=BOX, now=now)
        assert await calendars.list_links(tx) == first, "nothing changes when the file has not"
        await calendars.apply_file(tx, SYSTEM, [plan("shifts")], box=BOX, now=now)
        assert [each.target for each in await calendars.list_links(tx)] == [mine.target, "shifts"]
