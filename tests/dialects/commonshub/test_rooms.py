"""Rooms of the Commons Hub dialect: the list, one room, and how an administrator sets them."""

import asyncio
from typing import Any

import httpx

from guildhall.core.actor import SYSTEM
from guildhall.domains import rooms
from tests.dialects.commonshub.asking import acting_for, book, booked, make_admin, refusal
from tests.serving import PROVIDER_ID, Served

GARDEN: dict[str, Any] = {
    "name": "Garden Room",
    "capacity": 8,
    "amenities": ["whiteboard"],
    "openingHours": {"start": "08:00", "end": "22:00"},
}


async def test_the_house_has_its_seven_rooms_in_their_order(app: httpx.AsyncClient) -> None:
    listed = (await app.get("/v1/rooms")).json()["rooms"]
    assert [(room["id"], room["name"], room["shortName"], room["capacity"]) for room in listed] == [
        ("ostrom", "Ostrom Room", "Ostrom", 12),
        ("satoshi", "Satoshi Room", "Satoshi", 15),
        ("phonebooth", "Phone Booth", "Phone Booth", 1),
        ("mush", "Mush Room", "Mush", 10),
        ("angel", "Angel Room", "Angel", 12),
        ("coworking", "Coworking", "Coworking", 30),
        ("playroom", "Playroom", "Playroom", 10),
    ]
    hours = {room["id"]: (room["openingHours"]["start"], room["openingHours"]["end"]) for room in listed}
    assert hours.pop("coworking") == ("19:00", "22:00")
    assert set(hours.values()) == {("08:00", "22:00")}
    assert (await app.get("/v1/rooms/ostrom")).json() == {
        "id": "ostrom",
        "name": "Ostrom Room",
        "calendarId": "ostrom@hub.test",
        "capacity": 12,
        "amenities": ["projector", "whiteboard"],
        "shortName": "Ostrom",
        "description": None,
        "timezone": "Europe/Brussels",
        "openingHours": {"start": "08:00", "end": "22:00"},
        "bookable": True,
        "maxAdvanceDays": None,
        "refusePast": False,
        "calendarUrl": "http://hub.test/v1/rooms/ostrom/calendar.ics",
    }
    assert listed[0] == (await app.get("/v1/rooms/o%73trom")).json()


async def test_an_unknown_room_is_not_found_but_for_bookings(person: httpx.AsyncClient) -> None:
    for name in ("attic", "OSTROM", "ostrom%20", "%00", "..", "%2e%2e", "x" * 300, "ü"):
        for path in (f"/v1/rooms/{name}", f"/v1/rooms/{name}/availability", f"/v1/rooms/{name}/calendar.ics"):
            answer = await person.get(path)
            assert answer.status_code == 404, path
    assert refusal(await person.get("/v1/rooms/attic")) == (404, "room_not_found")
    assert refusal(await person.get("/v1/rooms/attic/availability?date=broken")) == (404, "room_not_found")
    assert refusal(await person.get("/v1/rooms/attic/calendar.ics")) == (404, "room_not_found")
    assert refusal(await person.delete("/v1/rooms/attic/book/x")) == (404, "room_not_found")
    assert refusal(await book(person, "attic")) == (400, "unknown_room")
    assert refusal(await book(person, "Not a slug")) == (400, "unknown_room")


async def test_a_room_is_made_and_replaced_whole(master: httpx.AsyncClient, person: httpx.AsyncClient) -> None:
    made = (await master.put("/v1/rooms/garden", json={**GARDEN, "unknown": 1})).json()
    assert made == {
        **GARDEN,
        "id": "garden",
        "calendarId": "garden@hub.test",
        "shortName": "Garden Room",
        "description": None,
        "timezone": "Europe/Brussels",
        "bookable": True,
        "maxAdvanceDays": None,
        "refusePast": False,
        "calendarUrl": "http://hub.test/v1/rooms/garden/calendar.ics",
    }
    more = {
        "name": "  Garden  ",
        "shortName": "Grdn",
        "capacity": 100_000,
        "description": "Mind the\nflowers",
        "calendarId": "garden@group.calendar.example",
        "openingHours": {"start": "00:00", "end": "24:00"},
        "bookable": False,
        "maxAdvanceDays": 30,
        "refusePast": True,
    }
    changed = (await master.put("/v1/rooms/garden", json=more)).json()
    assert changed == {**made, **more, "name": "Garden", "amenities": []}
    assert (await person.get("/v1/rooms/garden")).json() == changed
    assert "garden" not in [room["id"] for room in (await person.get("/v1/rooms")).json()["rooms"]]

    assert refusal(await person.put("/v1/rooms/garden", json=GARDEN)) == (403, "admin_required")
    await make_admin(master, PROVIDER_ID)
    assert (await person.put("/v1/rooms/garden", json=GARDEN)).json() == made
    assert (await person.get("/v1/rooms")).json()["rooms"][-1] == made, "new rooms come last"


async def test_a_bad_room_is_refused_and_nothing_is_made(master: httpx.AsyncClient, app: httpx.AsyncClient) -> None:
    refused: tuple[dict[str, Any], ...] = (
        {"name": ""}, {"name": " "}, {"name": "x" * 101}, {"name": "a\u0001"}, {"name": None}, {"name": 5},
        {"capacity": 0}, {"capacity": 100_001}, {"capacity": "8"}, {"capacity": 8.5}, {"capacity": None},
        {"shortName": ""}, {"shortName": "x" * 51},
        {"amenities": "whiteboard"}, {"amenities": [""]}, {"amenities": ["x"] * 51}, {"amenities": ["x" * 51]},
        {"amenities": [1]}, {"amenities": None},
        {"description": "x" * 2001}, {"description": 1},
        {"calendarId": "x" * 256}, {"calendarId": 1},
        {"openingHours": {"start": "08:00", "end": "08:00"}}, {"openingHours": {"start": "22:00", "end": "08:00"}},
        {"openingHours": {"start": "8:00", "end": "22:00"}}, {"openingHours": {"start": "08:00", "end": "22:60"}},
        {"openingHours": {"start": "24:00", "end": "24:00"}}, {"openingHours": {"start": 8, "end": "22:00"}},
        {"openingHours": []}, {"bookable": "yes"}, {"refusePast": 1},
        {"maxAdvanceDays": 0}, {"maxAdvanceDays": -1}, {"maxAdvanceDays": "30"},
    )  # fmt: skip
    for changes in refused:
        answer = await master.put("/v1/rooms/garden", json={**GARDEN, **changes})
        assert refusal(answer) == (400, "invalid_field"), changes
        assert answer.json()["details"]["field"].startswith(next(iter(changes)))
    for field in ("name", "capacity"):
        body = {key: value for key, value in GARDEN.items() if key != field}
        answer = await master.put("/v1/rooms/garden", json=body)
        assert refusal(answer) == (400, "missing_field")
        assert answer.json()["details"] == {"field": field}
    half = await master.put("/v1/rooms/garden", json={**GARDEN, "openingHours": {"start": "08:00"}})
    assert refusal(half) == (400, "missing_field")
    assert half.json()["details"] == {"field": "openingHours.end"}
    assert refusal(await app.get("/v1/rooms/garden")) == (404, "room_not_found")


async def test_only_a_slug_names_a_new_room(master: httpx.AsyncClient) -> None:
    for name in ("Garden", "-garden", "gar_den", "g%20arden", "x" * 65, "jardin-é", "%00"):
        assert refusal(await master.put(f"/v1/rooms/{name}", json=GARDEN)) == (404, "not_found"), name
    for name in ("g", "2-garden", "x" * 64):
        assert (await master.put(f"/v1/rooms/{name}", json=GARDEN)).json()["id"] == name


async def test_many_who_make_the_same_room_at_once_make_one(master: httpx.AsyncClient) -> None:
    for name in ("garden", "attic", "cellar"):
        answers = await asyncio.gather(
            *(master.put(f"/v1/rooms/{name}", json={**GARDEN, "capacity": 1 + number}) for number in range(8))
        )
        assert [answer.json().get("capacity") for answer in answers] == list(range(1, 9))
    listed = [room["id"] for room in (await master.get("/v1/rooms")).json()["rooms"]]
    assert listed[-3:] == ["garden", "attic", "cellar"]


async def test_a_room_that_the_file_sets_is_changed_only_there(master: httpx.AsyncClient, served: Served) -> None:
    plan = rooms.RoomPlan(name="Cellar", capacity=4)
    now = served.house.clock.now()
    async with served.house.database.write() as tx:
        await rooms.apply_file(tx, SYSTEM, plans=[("cellar", plan), ("ostrom", plan)], days=[], now=now)
    for name in ("cellar", "ostrom"):
        assert refusal(await master.put(f"/v1/rooms/{name}", json=GARDEN)) == (409, "managed_by_file")
        assert refusal(await master.put(f"/v1/rooms/{name}", json={})) == (400, "missing_field"), "the body comes first"
    assert (await master.get("/v1/rooms/ostrom")).json()["name"] == "Cellar"
    async with served.house.database.write() as tx:
        await rooms.apply_file(tx, SYSTEM, plans=[("cellar", plan)], days=[], now=now)
    assert (await master.put("/v1/rooms/ostrom", json=GARDEN)).json()["name"] == "Garden Room"


async def test_a_room_out_of_use_keeps_its_bookings_and_takes_no_more(
    master: httpx.AsyncClient, person: httpx.AsyncClient, served: Served
) -> None:
    event = await booked(person)
    async with served.house.database.write() as tx:
        room = await rooms.access_room(tx, SYSTEM, "ostrom")
        await rooms.archive_room(tx, SYSTEM, room, now=served.house.clock.now())
    assert "ostrom" not in [each["id"] for each in (await person.get("/v1/rooms")).json()["rooms"]]
    assert (await person.get("/v1/rooms/ostrom")).json()["bookable"] is False
    day = (await person.get("/v1/rooms/ostrom/availability?date=2026-03-19")).json()
    assert [each["id"] for each in day["events"]] == [event["eventId"]]
    assert refusal(await book(person, start="16:00", end="17:00")) == (422, "room_closed")
    as_admin = acting_for(PROVIDER_ID)
    assert refusal(await book(master, start="16:00", end="17:00", headers=as_admin)) == (422, "room_closed")
    assert (await person.delete(f"/v1/rooms/ostrom/book/{event['eventId']}")).json() == {"ok": True}
