"""The hub's configuration file, from its text to the house that it makes."""

from datetime import date
from pathlib import Path

import httpx
import pytest

from guildhall.app import apply_hub_file, open_house
from guildhall.core.actor import SYSTEM
from guildhall.core.toml_file import FileFaulty
from guildhall.domains import calendars, ledger, rooms, shifts
from guildhall.domains.calendars import CalendarKind, Link, LinkManagedByFile
from guildhall.domains.ledger import Token
from guildhall.domains.rooms import Room
from guildhall.domains.shifts import ShiftPlan
from guildhall.settings import Settings
from tests.dialects.commonshub.asking import refusal
from tests.serving import Served, settings_for

EXAMPLE = Path(__file__).parents[1] / "docs" / "hub.toml"
PLAN = "[[shift_plans]]\nvalid_from = 2026-01-01\nslots = "
FIRST_PLAN, SECOND_PLAN = date(2026, 1, 1), date(2027, 1, 1)


ROOM = '[rooms.a]\nname = "A"\ncapacity = 1\n[rooms.a.calendar]\n'
CALDAV = 'kind = "caldav"\naddress = "https://dav.test/a/"\nusername = "hub"\n'
PASSWORD = "a password with spaces"
CALENDARS = f"""
[rooms.ostrom]
name = "Ostrom Room"
capacity = 12
[rooms.ostrom.calendar]
{CALDAV}password_env = "ROOM_PASSWORD"
[shifts.calendar]
kind = "google"
address = "c@group.calendar.google.com"
"""


@pytest.fixture
def hub_file(tmp_path: Path) -> Path:
    """The file that the server of this test is given: the example of the documentation."""
    path = tmp_path / "hub.toml"
    path.write_text(EXAMPLE.read_text("utf-8"), "utf-8")
    return path


@pytest.fixture
def settings(database_url: str, tmp_path: Path, hub_file: Path) -> Settings:
    """Settings that name the file."""
    return settings_for(database_url, tmp_path, COMMONSHUB_CONFIG=str(hub_file), ROOM_PASSWORD=PASSWORD)


def write(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")


async def found(served: Served) -> tuple[dict[str, Room], dict[date, ShiftPlan], dict[str, Token]]:
    async with served.house.database.read() as tx:
        return (
            {room.id: room for room in await rooms.every_room(tx)},
            {plan.valid_from: plan for plan in await shifts.list_plans(tx)},
            {token.code: token for token in await ledger.list_tokens(tx)},
        )


async def links(served: Served) -> list[Link]:
    async with served.house.database.read() as tx:
        return await calendars.list_links(tx)


async def test_the_example_of_the_documentation_makes_a_house(
    served: Served, master: httpx.AsyncClient, hub_file: Path
) -> None:
    by_id, plans, tokens = await found(served)
    assert list(by_id) == ["ostrom", "phonebooth"]
    assert (by_id["ostrom"].refuse_past, by_id["phonebooth"].opening.daily.closes) == (True, 1440)
    assert [each.places for each in plans[SECOND_PLAN].on(date(2027, 1, 2))] == [2]
    assert plans[SECOND_PLAN].on(date(2027, 1, 3)) == []
    assert list(tokens) == ["CHT", "BREAD"]
    assert (tokens["BREAD"].hourly, tokens["BREAD"].most, tokens["BREAD"].decimals) == (500_000, 20_000_000, 18)
    day = (await master.get("/v1/shifts/2026-12-25")).json()
    assert [slot["closed"] for slot in day["slots"]] == [True] * 3

    room = {"name": "Cellar", "capacity": 4}
    assert refusal(await master.put("/v1/rooms/ostrom", json=room)) == (409, "managed_by_file")

    write(hub_file, "[tokens.CHT]\nhourly = 2\n[[shift_plans]]\nvalid_from = 2026-01-01\nslots = []\n")
    await apply_hub_file(served.house)
    by_id, plans, tokens = await found(served)
    assert (by_id["ostrom"].managed_by_file, plans[SECOND_PLAN].managed_by_file) == (False, False)
    assert (plans[FIRST_PLAN].daily, plans[FIRST_PLAN].managed_by_file) == ([], True)
    assert [(each.code, each.hourly, each.managed_by_file) for each in tokens.values()] == [
        ("CHT", 2_000_000, True),
        ("BREAD", 500_000, False),
    ]
    assert (await master.put("/v1/rooms/ostrom", json=room)).status_code == 200


async def test_a_house_without_its_file_lets_go_of_all_that_the_file_named(
    served: Served, master: httpx.AsyncClient, database_url: str, tmp_path: Path
) -> None:
    async with open_house(settings_for(database_url, tmp_path), works_jobs=False) as house:
        assert house.settings.commonshub.config is None
    by_id, plans, tokens = await found(served)
    assert not any(each.managed_by_file for each in by_id.values())
    assert not any(each.managed_by_file for each in plans.values())
    assert not any(each.managed_by_file for each in tokens.values())
    assert list(by_id) == ["ostrom", "phonebooth"]
    day = (await master.get("/v1/shifts/2026-12-25")).json()
    assert not any(slot["closed"] for slot in day["slots"])


async def test_calendars_of_the_file_are_linked_changed_and_ended_with_it(served: Served, hub_file: Path) -> None:
    write(hub_file, CALENDARS)
    await apply_hub_file(served.house)
    room, plan = await links(served)
    assert (room.target, room.kind, room.username) == ("room:ostrom", CalendarKind.CALDAV, "hub")
    assert calendars.password_of(room, served.house.calendars_box) == PASSWORD
    assert (plan.target, plan.kind, plan.address) == ("shifts", CalendarKind.GOOGLE, "c@group.calendar.google.com")
    assert room.managed_by_file
    assert plan.managed_by_file
    async with served.house.database.write() as tx:
        with pytest.raises(LinkManagedByFile):
            await calendars.unlink_calendar(tx, SYSTEM, room.target, now=served.house.clock.now())

    await apply_hub_file(served.house)
    assert await links(served) == [room, plan]
    write(hub_file, CALENDARS.replace('"hub"', '"house"').partition("[shifts")[0])
    await apply_hub_file(served.house)
    assert [(each.id, each.username) for each in await links(served)] == [(room.id, "house")]
    write(hub_file, CALENDARS.partition("[rooms.ostrom.calendar]")[0])
    await apply_hub_file(served.house)
    assert await links(served) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("closed_day = []", "Line 1: closed_day: is not a setting of this file"),
        ('\n[rooms.A]\nname = "A"\ncapacity = 1', "Line 2: rooms.A: a room's id has small letters"),
        ('[rooms.a]\nname = "A"\ncapacity = "1"', "Line 3: rooms.a.capacity: Expected `int`, got `str`"),
        ('[rooms.a]\nname = "A"\ncapacity = 0', "Line 3: rooms.a.capacity: "),
        ('[rooms.a]\nname = "A"\ncapacity = 1\nseats = 2', "Line 4: rooms.a.seats: "),
        ('[rooms.a]\nname = "A"\ncapacity = 1\nmax_advance_days = 0', "Line 4: rooms.a.max_advance_days: "),
        (
            '[rooms.a]\nname = "A"\ncapacity = 1\nopening_hours = { start = "9", end = "10:00" }',
            "Line 4: rooms.a.opening_hours: A time is written HH:MM",
        ),
        (
            '[rooms.a]\nname = "A"\ncapacity = 1\n[rooms.a.weekdays]\nsunday = { start = "9", end = "10:00" }',
            "Line 5: rooms.a.weekdays.sunday: A time is written HH:MM",
        ),
        ('closed_days = [\n{ day = 2026-12-25, reason = "" }]', "Line 2: closed_days.reason: "),
        ("[[shift_plans]]\nslots = []", "Line 1: shift_plans: Object missing required field `valid_from`"),
        (
            '[[shift_plans]]\nvalid_from = 2026-01-01\nslots = [\n{ start = "9:00", end = "10:00" },\n]',
            "Line 4: shift_plans.slots: A time is written HH:MM",
        ),
        (
            PLAN + '[\n{ start = "09:00", end = "10:00" },\n{ start = "11:00", end = "10:00" },\n]',
            "Line 5: shift_plans.slots: A shift ends after it starts",
        ),
        (
            PLAN + '[]\n[shift_plans.weekdays]\nsunday = [\n{ start = "09:00", end = "10:00", places = -1 },\n]',
            "Line 6: shift_plans.weekdays.sunday: A shift has 0 to 1000 places",
        ),
        (
            PLAN + "[]\n[[shift_plans]]\nslots = []\nvalid_from = 2026-01-01",
            "Line 6: shift_plans.valid_from: Another plan begins on the same day",
        ),
        ("[tokens.cht]\nhourly = 1", "Line 1: tokens.cht.code: A code has 2 to 10 capital letters"),
        ("[tokens.CHT]\nhourly = 0.0000001", "Line 2: tokens.CHT.hourly: An amount has at most 6 decimals"),
        ("[tokens.CHT]\nhourly = 1\nmost = 0", "Line 3: tokens.CHT.most: One reward is more than 0"),
        (
            '[tokens.CHT]\nhourly = 1\nchain_id = 1\ncontract = "0xFB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"',
            "Line 4: tokens.CHT.contract: A contract's address",
        ),
        ("[tokens.CHT]\nhourly = 1\nchain_id = 1", "Line 1: tokens.CHT.contract: A token on a chain has a contract"),
        (ROOM + 'kind = "ical"', "Line 5: rooms.a.calendar.kind: Invalid enum value 'ical'"),
        (ROOM + 'kind = "caldav"', "Line 4: rooms.a.calendar: Object missing required field `address`"),
        (ROOM + 'kind = "google"\naddress = "c@g"\nsecret = 1', "Line 7: rooms.a.calendar.secret: "),
        (
            ROOM + 'kind = "google"\naddress = "c@g"\nusername = "hub"',
            "Line 7: rooms.a.calendar.username: A Google calendar is opened by the hub's service account",
        ),
        (ROOM + CALDAV, "Line 4: rooms.a.calendar.password_env: A CalDAV calendar needs password_env"),
        (
            ROOM + CALDAV + 'password_env = "NO_SUCH_VARIABLE"',
            "Line 8: rooms.a.calendar.password_env: The environment has no variable NO_SUCH_VARIABLE",
        ),
        (
            ROOM + CALDAV.replace("https:", "ftp:") + 'password_env = "ROOM_PASSWORD"',
            "Line 6: rooms.a.calendar.address: A CalDAV address looks like",
        ),
        (
            '[rooms.nowhere.calendar]\nkind = "google"\naddress = "c@g"',
            "Line 1: rooms.nowhere: Object missing required field `name`",
        ),
        ("[shifts]\nplans = 1", "Line 2: shifts.plans: "),
        ('[shifts.calendar]\nkind = "google"', "Line 1: shifts.calendar: Object missing required field `address`"),
        ("rooms = 1", "Line 1: rooms: Expected `object`, got `int`"),
        ("a =", "The file is not valid TOML: "),
    ],
)
async def test_a_faulty_file_changes_nothing_and_names_the_line(
    served: Served, hub_file: Path, text: str, told: str
) -> None:
    before = await found(served)
    write(hub_file, text)
    with pytest.raises(FileFaulty) as refused:
        await apply_hub_file(served.house)
    assert str(refused.value).startswith(told)
    assert await found(served) == before
