"""Booking a room through the Commons Hub dialect, giving it back, and one's own bookings."""

import asyncio
from datetime import UTC, date, datetime
from typing import Any

import httpx

from guildhall.core.actor import SYSTEM
from guildhall.domains import rooms
from tests.clock import SettableClock
from tests.dialects.commonshub.asking import STANDUP, acting_for, book, booked, make_admin, refusal
from tests.serving import PROVIDER_ID, Served

OTHER = acting_for("777", "zoe")


async def mine(client: httpx.AsyncClient, **query: str) -> list[str]:
    """Return the titles of the acting person's bookings."""
    answer = await client.get("/v1/users/me/bookings", params=query)
    assert answer.status_code == 200, answer.text
    return [each["title"] for each in answer.json()["bookings"]]


async def test_a_booking_is_answered_as_its_owner_sees_it(person: httpx.AsyncClient) -> None:
    made = await booked(person, unknown={"nested": [None]})
    event = made.pop("eventId")
    assert len(event) == 26
    assert set(event) <= set("0123456789abcdefghijklmnopqrstuv")
    assert made == {
        "title": "Team Standup",
        "room": "ostrom",
        "start": "2026-03-19T14:00:00+01:00",
        "end": "2026-03-19T15:00:00+01:00",
        "description": "Weekly sync",
        "bookedBy": "xdamman",
        "userId": "u_849888126",
        "private": False,
        "createdAt": "2026-03-02T09:00:00Z",
    }
    bare = await booked(person, title="  spaces around  ", start="15:00", end="15:05", description=None)
    assert (bare["title"], bare["description"]) == ("spaces around", None)
    long = await booked(person, title="☃" * 200, start="16:00", end="17:00", description="\n" * 5000, private=True)
    assert (long["title"], long["private"]) == ("☃" * 200, True)
    summer = await booked(person, date="2026-07-01")
    assert (summer["start"], summer["end"]) == ("2026-07-01T14:00:00+02:00", "2026-07-01T15:00:00+02:00")


async def test_a_bad_booking_is_refused_by_what_is_wrong_with_it(person: httpx.AsyncClient) -> None:
    for field in ("title", "date", "start", "end"):
        without: dict[str, Any] = {field: None}
        answer = await book(person, **without)
        assert refusal(answer) == (400, "missing_field")
        assert answer.json()["details"] == {"field": field}
    refusals: tuple[tuple[str, dict[str, Any]], ...] = (
        ("invalid_field", {"title": ""}),
        ("invalid_field", {"title": " \t\n "}),
        ("invalid_field", {"title": "x" * 201}),
        ("invalid_field", {"title": "a\nb"}),
        ("invalid_field", {"title": "a\u2028b"}),
        ("invalid_field", {"title": 5}),
        ("invalid_field", {"description": "x" * 5001}),
        ("invalid_field", {"description": ["x"]}),
        ("invalid_field", {"private": "yes"}),
        ("invalid_field", {"email": "nobody"}),
        ("invalid_field", {"email": ""}),
        ("invalid_field", {"email": 5}),
        ("invalid_date", {"date": "2027-02-29"}),
        ("invalid_date", {"date": "2026-3-19"}),
        ("invalid_date", {"date": "19/03/2026"}),
        ("invalid_date", {"date": "2026-03-19T00:00"}),
        ("invalid_date", {"date": "٢٠٢٦-٠٣-١٩"}),
        ("invalid_date", {"date": "9999-12-31"}),
        ("invalid_date", {"date": 20260319}),
        ("invalid_time", {"start": "14:60"}),
        ("invalid_time", {"start": "2pm"}),
        ("invalid_time", {"start": "24:00"}),
        ("invalid_time", {"end": "9:00"}),
        ("invalid_time", {"end": "24:01"}),
        ("invalid_time", {"end": 1500}),
        ("invalid_time", {"date": "2026-03-29", "start": "02:30", "end": "04:00"}),
        ("invalid_time", {"date": "2026-03-29", "start": "01:00", "end": "02:00"}),
        ("invalid_range", {"start": "15:00", "end": "15:00"}),
        ("invalid_range", {"start": "15:00", "end": "14:00"}),
        ("invalid_range", {"start": "15:00", "end": "15:04"}),
        ("invalid_range", {"start": "22:00", "end": "08:00"}),
        ("outside_opening_hours", {"start": "07:59", "end": "09:00"}),
        ("outside_opening_hours", {"start": "21:00", "end": "22:01"}),
        ("outside_opening_hours", {"start": "23:00", "end": "24:00"}),
    )
    for slug, changes in refusals:
        assert refusal(await book(person, **changes)) == (400, slug), changes
    closed = await book(person, start="07:00", end="08:00")
    assert closed.json()["details"] == {"openingHours": {"start": "08:00", "end": "22:00"}}
    assert await mine(person) == []


async def test_a_room_may_refuse_the_past_and_the_far_future(
    person: httpx.AsyncClient, master: httpx.AsyncClient, clock: SettableClock
) -> None:
    clock.set(datetime(2026, 3, 18, 22, 30, tzinfo=UTC))  # 23:30 of the 18th in Brussels.
    assert (await booked(person, date="2020-02-29", title="Long ago"))["start"] == "2020-02-29T14:00:00+01:00"
    assert (await booked(person, date="2126-03-19", title="Far ahead"))["start"].startswith("2126")
    await master.put("/v1/rooms/mush", json={"name": "Mush", "capacity": 9, "refusePast": True, "maxAdvanceDays": 7})
    assert refusal(await book(person, "mush", date="2026-03-18")) == (400, "in_past")
    assert (await booked(person, "mush", date="2026-03-25"))["room"] == "mush"
    ahead = await book(person, "mush", date="2026-03-26")
    assert refusal(ahead) == (400, "too_far_ahead")
    assert ahead.json()["details"] == {"maxAdvanceDays": 7}
    clock.set(datetime(2026, 3, 19, 13, 0, 1, tzinfo=UTC))
    assert refusal(await book(person, "mush")) == (400, "in_past"), "it began a second ago"
    clock.set(datetime(2026, 3, 19, 13, 0, tzinfo=UTC))
    await booked(person, "mush")


async def test_a_closed_day_takes_bookings_from_administrators_only(
    person: httpx.AsyncClient, app: httpx.AsyncClient, master: httpx.AsyncClient, served: Served
) -> None:
    async with served.house.database.write() as tx:
        await rooms.close_day(tx, SYSTEM, date(2026, 3, 19), reason="Spring", now=served.house.clock.now())
    assert refusal(await book(person)) == (400, "outside_opening_hours")
    await make_admin(master, PROVIDER_ID)
    await booked(person)
    clash = await book(app, headers=OTHER)
    assert refusal(clash) == (400, "outside_opening_hours"), "that the day is closed comes before who has it"
    late = await booked(person, start="22:00", end="24:00", date="2026-03-20")
    assert late["end"] == "2026-03-21T00:00:00+01:00"
    clash = await book(master, headers=OTHER)
    assert refusal(clash) == (409, "room_booked")
    assert clash.json()["details"]["alternatives"] == []


async def test_a_taken_time_is_refused_with_what_is_free_instead(
    person: httpx.AsyncClient, app: httpx.AsyncClient
) -> None:
    await booked(person)
    answer = await book(app, headers=OTHER)
    assert refusal(answer) == (409, "room_booked")
    assert "14:00 to 15:00" in answer.json()["message"]
    assert answer.json()["details"] == {
        "start": "2026-03-19T14:00:00+01:00",
        "end": "2026-03-19T15:00:00+01:00",
        "alternatives": [
            {"room": "ostrom", "start": "2026-03-19T13:00:00+01:00", "end": "2026-03-19T14:00:00+01:00"},
            {"room": "ostrom", "start": "2026-03-19T15:00:00+01:00", "end": "2026-03-19T16:00:00+01:00"},
            {"room": "satoshi", "start": "2026-03-19T14:00:00+01:00", "end": "2026-03-19T15:00:00+01:00"},
        ],
    }
    for alternative in answer.json()["details"]["alternatives"]:
        start, end = alternative["start"][11:16], alternative["end"][11:16]
        await booked(app, alternative["room"], start=start, end=end, headers=OTHER)
    whole_day = {"start": "08:00", "end": "22:00", "title": "All day"}
    await booked(person, "coworking", start="19:00", end="22:00")
    await booked(person, "satoshi", **whole_day, date="2026-03-20")
    answer = await book(app, "coworking", start="19:00", end="20:00", headers=OTHER)
    assert answer.json()["details"]["alternatives"] == [], "no other room is as large"
    answer = await book(app, "satoshi", **whole_day, date="2026-03-20", headers=OTHER)
    assert answer.json()["details"]["alternatives"] == []


async def test_only_what_overlaps_in_the_same_room_clashes(person: httpx.AsyncClient, app: httpx.AsyncClient) -> None:
    await booked(person)
    for times in ("14:00 15:00", "13:00 14:05", "14:55 16:00", "13:00 16:00", "14:20 14:25"):
        start, end = times.split()
        assert refusal(await book(app, start=start, end=end, headers=OTHER)) == (409, "room_booked"), times
    await booked(app, start="13:00", end="14:00", headers=OTHER)
    await booked(app, start="15:00", end="16:00", headers=OTHER)
    await booked(app, "mush", headers=OTHER)
    await booked(app, date="2026-03-20", headers=OTHER)
    await booked(app, date="2026-03-18", headers=OTHER)


async def test_a_booking_is_cancelled_once_and_its_time_is_free_at_once(
    person: httpx.AsyncClient, app: httpx.AsyncClient, served: Served
) -> None:
    event = (await booked(person))["eventId"]
    path = f"/v1/rooms/ostrom/book/{event}"
    assert refusal(await app.delete(path, headers=OTHER)) == (403, "not_booking_owner")
    assert (await person.delete(path)).json() == {"ok": True}
    assert refusal(await person.delete(path)) == (404, "booking_not_found")
    assert refusal(await app.delete(path, headers=OTHER)) == (404, "booking_not_found")
    assert await mine(person) == []
    assert (await person.get("/v1/rooms/ostrom/availability?date=2026-03-19")).json()["events"] == []
    again = await booked(app, headers=OTHER)
    assert again["eventId"] != event
    async with served.house.database.read() as tx:
        kept = await rooms.access_event(tx, SYSTEM, event)
    assert kept.state is rooms.BookingState.CANCELLED, "it stays stored"
    for unknown in ("x", event.upper(), event + "0", "%00"):
        answer = await person.delete(f"/v1/rooms/ostrom/book/{unknown}")
        assert answer.status_code == 404


async def test_administrators_and_the_master_key_cancel_what_others_booked(
    person: httpx.AsyncClient, app: httpx.AsyncClient, master: httpx.AsyncClient
) -> None:
    first, second, third = [
        (await booked(app, date=f"2026-03-{day}", headers=OTHER))["eventId"] for day in (16, 17, 18)
    ]
    assert refusal(await person.delete(f"/v1/rooms/ostrom/book/{first}")) == (403, "not_booking_owner")
    await make_admin(master, PROVIDER_ID)
    assert (await person.delete(f"/v1/rooms/ostrom/book/{first}")).json() == {"ok": True}
    assert (await master.delete(f"/v1/rooms/ostrom/book/{second}")).json() == {"ok": True}
    as_somebody = acting_for("888")
    assert (await master.delete(f"/v1/rooms/ostrom/book/{third}", headers=as_somebody)).json() == {"ok": True}


async def test_of_many_cancellations_at_once_one_cancels(person: httpx.AsyncClient) -> None:
    event = (await booked(person))["eventId"]
    answers = await asyncio.gather(*(person.delete(f"/v1/rooms/ostrom/book/{event}") for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [404] * 7


async def test_a_private_booking_is_busy_to_all_but_its_owner_and_administrators(
    person: httpx.AsyncClient, app: httpx.AsyncClient, master: httpx.AsyncClient
) -> None:
    event = await booked(app, title="Surprise", description="cake", private=True, headers=OTHER)

    async def seen(client: httpx.AsyncClient, headers: dict[str, str] | None = None) -> dict[str, Any]:
        path = "/v1/rooms/ostrom/availability?date=2026-03-19"
        (shown,) = (await client.get(path, headers=headers)).json()["events"]
        ranged = (
            await client.get("/v1/rooms/ostrom/availability?from=2026-03-19&to=2026-03-19", headers=headers)
        ).json()
        assert ranged["events"] == ranged["days"][0]["events"] == [shown]
        return dict(shown)

    common = {
        "id": event["eventId"],
        "start": event["start"],
        "end": event["end"],
        "source": "guildhall",
        "allDay": False,
        "private": True,
    }
    hidden = {**common, "title": "Busy", "bookedBy": None, "userId": None}
    open_ = {**common, "title": "Surprise", "bookedBy": "zoe", "userId": "u_777"}
    assert await seen(app) == hidden
    assert await seen(person) == hidden
    assert await seen(app, OTHER) == open_
    assert await seen(master) == open_
    assert await seen(master, acting_for("888")) == open_
    await make_admin(master, PROVIDER_ID)
    assert await seen(person) == open_
    refused = await book(app, headers=acting_for("999"))
    assert "Surprise" not in refused.text
    assert "zoe" not in refused.text


async def test_my_bookings_are_those_from_today_on_or_of_the_days_asked_for(
    person: httpx.AsyncClient, app: httpx.AsyncClient, clock: SettableClock
) -> None:
    clock.set(datetime(2026, 3, 18, 23, 30, tzinfo=UTC))  # Half past midnight of the 19th in Brussels.
    for day, start, room in (
        (18, "20:00", "ostrom"),
        (20, "09:00", "mush"),
        (19, "08:00", "ostrom"),
        (19, "08:00", "angel"),
    ):
        await booked(person, room, date=f"2026-03-{day}", start=start, end="21:00", title=f"{room} {day}")
    await booked(person, date="2027-03-19", title="next year")
    await booked(app, "satoshi", headers=OTHER)
    todays = await mine(person)
    assert sorted(todays[:2]) == ["angel 19", "ostrom 19"]
    assert todays[2:] == ["mush 20", "next year"]
    assert await mine(person, to="2026-03-19") == todays[:2]
    assert await mine(person, **{"from": "2026-03-18", "to": "2026-03-18"}) == ["ostrom 18"]
    assert await mine(person, **{"from": "2026-03-14"}) == ["ostrom 18", *todays[:3]]
    assert await mine(person, **{"from": "2026-03-13"}) == ["ostrom 18", *todays[:2]], "a week, when no end is given"
    full = (await person.get("/v1/users/me/bookings?from=2026-03-20&to=2026-03-20")).json()["bookings"]
    assert full[0]["description"] == STANDUP["description"]
    for query, slug in (
        ("from=2026-02-30", "invalid_date"),
        ("to=x", "invalid_date"),
        ("from=2026-03-20&to=2026-03-19", "invalid_range"),
        ("to=2026-03-18", "invalid_range"),
        ("from=2026-01-01&to=2026-03-04", "range_too_long"),
    ):
        assert refusal(await person.get(f"/v1/users/me/bookings?{query}")) == (400, slug), query
    assert (await person.get("/v1/users/me/bookings?from=2026-01-01&to=2026-03-03")).status_code == 200


async def test_a_renamed_person_has_the_new_name_on_old_bookings(app: httpx.AsyncClient) -> None:
    await booked(app, headers=OTHER)
    await app.get("/v1/users/me", headers=acting_for("777", "zo%C3%AB"))
    (event,) = (await app.get("/v1/rooms/ostrom/availability?date=2026-03-19")).json()["events"]
    assert event["bookedBy"] == "zoë"
