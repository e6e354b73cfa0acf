"""When a room is free: days, ranges, clock changes."""

from datetime import UTC, date, datetime
from typing import Any

import httpx

from guildhall.core.actor import SYSTEM
from guildhall.domains import rooms
from tests.clock import SettableClock
from tests.dialects.commonshub.asking import acting_for, booked, refusal
from tests.serving import PROVIDER_ID, Served

ALWAYS_OPEN = {"name": "Night Room", "capacity": 4, "openingHours": {"start": "00:00", "end": "24:00"}}


async def asked(client: httpx.AsyncClient, query: str, room: str = "ostrom") -> dict[str, Any]:
    """Return the availability that a query asks for."""
    answer = await client.get(f"/v1/rooms/{room}/availability{query}")
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


def free(day: dict[str, Any]) -> list[str]:
    """Write the free slots of an answer as short texts."""
    return [" ".join(filter(None, (slot.get("date"), slot["start"], slot["end"]))) for slot in day["availableSlots"]]


async def test_a_day_is_its_events_and_what_they_leave_of_the_opening_hours(
    person: httpx.AsyncClient, app: httpx.AsyncClient
) -> None:
    assert await asked(app, "?date=2026-03-19") == {
        "room": "ostrom",
        "date": "2026-03-19",
        "events": [],
        "availableSlots": [{"start": "08:00", "end": "22:00"}],
    }
    board = await booked(person, title="Board Meeting", start="10:00", end="12:00")
    day = await asked(app, "?date=2026-03-19")
    assert day["events"] == [
        {
            "id": board["eventId"],
            "title": "Board Meeting",
            "start": "2026-03-19T10:00:00+01:00",
            "end": "2026-03-19T12:00:00+01:00",
            "bookedBy": "xdamman",
            "userId": "u_849888126",
            "source": "guildhall",
            "allDay": False,
            "private": False,
        }
    ]
    assert free(day) == ["08:00 10:00", "12:00 22:00"]
    await booked(person, title="next to it", start="12:00", end="12:05")
    await booked(person, title="from the start", start="08:00", end="09:59")
    await booked(person, title="to the end", start="12:06", end="22:00")
    day = await asked(app, "?date=2026-03-19")
    assert [event["title"] for event in day["events"]] == [
        "from the start",
        "Board Meeting",
        "next to it",
        "to the end",
    ]
    assert free(day) == ["09:59 10:00", "12:05 12:06"]
    assert free(await asked(app, "?date=2026-03-20")) == ["08:00 22:00"]
    assert free(await asked(app, "?date=2026-03-19", "mush")) == ["08:00 22:00"]


async def test_without_a_day_it_is_today_in_the_zone_of_the_hub(app: httpx.AsyncClient, clock: SettableClock) -> None:
    clock.set(datetime(2026, 3, 18, 22, 59, tzinfo=UTC))
    assert (await asked(app, ""))["date"] == "2026-03-18"
    clock.set(datetime(2026, 3, 18, 23, 0, tzinfo=UTC))
    today = await asked(app, "")
    assert today["date"] == "2026-03-19"
    clock.set(datetime(2026, 3, 19, 15, 0, tzinfo=UTC))
    assert await asked(app, "") == today, "past hours of today are not removed"
    clock.set(datetime(2026, 7, 1, 22, 0, tzinfo=UTC))
    assert (await asked(app, ""))["date"] == "2026-07-02"


async def test_a_range_has_the_keys_of_a_day_and_its_days(person: httpx.AsyncClient, clock: SettableClock) -> None:
    event = (await booked(person, date="2026-03-20"))["eventId"]
    shown = await asked(person, "?from=2026-03-19&to=2026-03-20")
    assert {key: shown[key] for key in ("room", "date", "from", "to")} == {
        "room": "ostrom",
        "date": "2026-03-19",
        "from": "2026-03-19",
        "to": "2026-03-20",
    }
    assert [each["id"] for each in shown["events"]] == [event]
    assert free(shown) == ["2026-03-19 08:00 22:00", "2026-03-20 08:00 14:00", "2026-03-20 15:00 22:00"]
    first, second = shown["days"]
    assert (first["date"], first["events"], free(first)) == ("2026-03-19", [], ["08:00 22:00"])
    assert (second["date"], second["events"], free(second)) == (
        "2026-03-20",
        shown["events"],
        ["08:00 14:00", "15:00 22:00"],
    )

    async def days(query: str) -> tuple[str, str, int]:
        shown = await asked(person, query)
        assert shown["date"] == shown["from"] == shown["days"][0]["date"]
        assert shown["to"] == shown["days"][-1]["date"]
        return shown["from"], shown["to"], len(shown["days"])

    clock.set(datetime(2026, 3, 18, 23, 0, tzinfo=UTC))
    assert await days("?from=2026-03-20&to=2026-03-20") == ("2026-03-20", "2026-03-20", 1)
    assert await days("?from=2026-03-20") == ("2026-03-20", "2026-03-26", 7)
    assert await days("?to=2026-03-25") == ("2026-03-19", "2026-03-25", 7)
    assert await days("?from=2026-02-01&to=2026-04-03") == ("2026-02-01", "2026-04-03", 62)
    assert await days("?from=2028-02-28&to=2028-03-01") == ("2028-02-28", "2028-03-01", 3)


async def test_a_bad_day_or_range_is_refused(app: httpx.AsyncClient) -> None:
    for query, slug in (
        ("date=2027-02-29", "invalid_date"),
        ("date=2026-02-30", "invalid_date"),
        ("date=2026-3-19", "invalid_date"),
        ("date=20260319", "invalid_date"),
        ("date=2026-03-19T10:00", "invalid_date"),
        ("date=%202026-03-19", "invalid_date"),
        ("date=", "invalid_date"),
        ("date=today", "invalid_date"),
        ("date=2026-03-1%C9%B5", "invalid_date"),
        ("date=0000-01-01", "invalid_date"),
        ("date=9999-12-31", "invalid_date"),
        ("from=x&to=2026-03-19", "invalid_date"),
        ("from=2026-03-19&to=2026-13-01", "invalid_date"),
        ("from=2026-03-19&to=2026-03-18", "invalid_range"),
        ("to=2026-03-01", "invalid_range"),
        ("date=2026-03-19&from=2026-03-19", "invalid_range"),
        ("date=2026-03-19&to=2026-03-19", "invalid_range"),
        ("from=2026-02-01&to=2026-04-04", "range_too_long"),
        ("from=1970-01-01&to=9998-12-31", "range_too_long"),
    ):
        answer = await app.get(f"/v1/rooms/ostrom/availability?{query}")
        assert refusal(answer) == (400, slug), query
    too_long = await app.get("/v1/rooms/ostrom/availability?from=2026-02-01&to=2026-04-04")
    assert too_long.json()["details"] == {"limit": 62}
    for day in ("1970-01-01", "9998-12-31", "2028-02-29"):
        assert free(await asked(app, f"?date={day}")) == ["08:00 22:00"]
    assert len((await asked(app, "?from=9998-12-31"))["days"]) == 7


async def test_closed_days_and_weekdays_have_no_free_time_but_keep_their_events(
    master: httpx.AsyncClient, app: httpx.AsyncClient, served: Served
) -> None:
    event = (await booked(master, headers=acting_for(PROVIDER_ID)))["eventId"]
    now = served.house.clock.now()
    thursdays = rooms.Opening(rooms.Hours(9 * 60, 24 * 60), {3: rooms.Hours(10 * 60, 16 * 60), 6: None})
    plan = rooms.RoomPlan(name="Ostrom", capacity=4, opening=thursdays)
    async with served.house.database.write() as tx:
        known = await rooms.access_room_to_change(tx, SYSTEM, "ostrom")
        await rooms.put_room(tx, SYSTEM, known, room_id="ostrom", plan=plan, now=now)
        await rooms.close_day(tx, SYSTEM, date(2026, 3, 20), reason="Spring", now=now)
    shown = await asked(app, "?from=2026-03-18&to=2026-03-22")
    assert free(shown) == [
        "2026-03-18 09:00 24:00",
        "2026-03-19 10:00 14:00",
        "2026-03-19 15:00 16:00",
        "2026-03-21 09:00 24:00",
    ]
    assert [each["id"] for each in shown["events"]] == [event]
    assert shown["days"][2] == {"date": "2026-03-20", "events": [], "availableSlots": []}
    async with served.house.database.write() as tx:
        await rooms.close_day(tx, SYSTEM, date(2026, 3, 19), reason="Spring", now=now)
    day = await asked(app, "?date=2026-03-19")
    assert ([each["id"] for each in day["events"]], free(day)) == ([event], [])
    async with served.house.database.write() as tx:
        await rooms.reopen_day(tx, SYSTEM, date(2026, 3, 19), now=now)
    assert free(await asked(app, "?date=2026-03-19")) == ["10:00 14:00", "15:00 16:00"]


async def test_a_booking_to_midnight_ends_at_24_and_is_not_of_the_next_day(
    person: httpx.AsyncClient, master: httpx.AsyncClient
) -> None:
    await master.put("/v1/rooms/night", json=ALWAYS_OPEN)
    late = await booked(person, "night", start="23:00", end="24:00")
    early = await booked(person, "night", date="2026-03-20", start="00:00", end="00:05")
    assert late["end"] == early["start"] == "2026-03-20T00:00:00+01:00"
    shown = await asked(person, "?from=2026-03-19&to=2026-03-20", "night")
    assert [each["id"] for each in shown["days"][0]["events"]] == [late["eventId"]]
    assert [each["id"] for each in shown["days"][1]["events"]] == [early["eventId"]]
    assert free(shown) == ["2026-03-19 00:00 23:00", "2026-03-20 00:05 24:00"]


async def test_the_night_that_loses_an_hour(person: httpx.AsyncClient, master: httpx.AsyncClient) -> None:
    await master.put("/v1/rooms/night", json=ALWAYS_OPEN)
    day = "2026-03-29"
    assert free(await asked(person, f"?date={day}", "night")) == ["00:00 24:00"]
    across = await booked(person, "night", date=day, start="01:30", end="03:30")
    assert (across["start"], across["end"]) == ("2026-03-29T01:30:00+01:00", "2026-03-29T03:30:00+02:00")
    assert free(await asked(person, f"?date={day}", "night")) == ["00:00 01:30", "03:30 24:00"]
    next_to_it = await booked(person, "night", date=day, start="01:00", end="01:30")
    assert next_to_it["end"] == across["start"]
    for start, end in (("02:00", "04:00"), ("00:30", "02:00"), ("00:30", "02:59")):
        answer = await person.post("/v1/rooms/night/book", json={"title": "x", "date": day, "start": start, "end": end})
        assert refusal(answer) == (400, "invalid_time")
    whole = await booked(person, "night", date="2027-03-28", start="00:00", end="24:00")
    assert (whole["start"], whole["end"]) == ("2027-03-28T00:00:00+01:00", "2027-03-29T00:00:00+02:00")
    assert free(await asked(person, "?date=2027-03-28", "night")) == []


async def test_the_night_that_gains_an_hour(person: httpx.AsyncClient, master: httpx.AsyncClient) -> None:
    await master.put("/v1/rooms/night", json=ALWAYS_OPEN)
    day = "2026-10-25"
    across = await booked(person, "night", date=day, start="02:00", end="03:00")
    assert (across["start"], across["end"]) == ("2026-10-25T02:00:00+02:00", "2026-10-25T03:00:00+01:00")
    assert free(await asked(person, f"?date={day}", "night")) == ["00:00 02:00", "03:00 24:00"]
    await master.delete(f"/v1/rooms/night/book/{across['eventId']}")
    first = await booked(person, "night", date=day, start="02:15", end="02:45")
    assert (first["start"], first["end"]) == ("2026-10-25T02:15:00+02:00", "2026-10-25T02:45:00+02:00")
    assert free(await asked(person, f"?date={day}", "night")) == ["00:00 02:15", "02:45 24:00"]
    after = await booked(person, "night", date=day, start="02:45", end="03:15")
    assert (after["start"], after["end"]) == ("2026-10-25T02:45:00+02:00", "2026-10-25T03:15:00+01:00")
    whole = await booked(person, "night", date="2027-10-31", start="00:00", end="24:00")
    assert (whole["start"], whole["end"]) == ("2027-10-31T00:00:00+02:00", "2027-11-01T00:00:00+01:00")
    (event,) = (await asked(person, "?from=2027-10-30&to=2027-11-01", "night"))["events"]
    assert event["id"] == whole["eventId"]
