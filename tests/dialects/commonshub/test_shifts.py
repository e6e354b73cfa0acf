"""Shifts of the Commons Hub dialect."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
from icalendar import Calendar

from guildhall.core.actor import SYSTEM
from guildhall.domains import notifications, rooms, shifts
from guildhall.domains.rooms.times import parse_day
from guildhall.domains.shifts import PlannedSlot
from tests.clock import SettableClock
from tests.serving import Served

DAY = "2026-03-19"


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


async def acting(served: Served, app_secret: str, who: str) -> httpx.AsyncClient:
    return served.client(headers={"Authorization": f"Bearer {app_secret}", "X-User-Id": who})


async def test_a_day_has_the_slots_of_the_plan_with_people_and_room_events(
    person: httpx.AsyncClient, app: httpx.AsyncClient, clock: SettableClock
) -> None:
    clock.set(datetime(2026, 3, 18, 13, 15, tzinfo=UTC))
    booking = {"title": "Yoga Class", "date": DAY, "start": "10:00", "end": "12:00"}
    await person.post("/v1/rooms/ostrom/book", json=booking)
    await person.post("/v1/rooms/satoshi/book", json=booking | {"private": True, "start": "10:30"})
    signed = await person.post(f"/v1/shifts/{DAY}/0/signup", json={})
    assert signed.json() == {
        "ok": True,
        "slot": {"start": "08:30", "end": "11:30", "index": 0},
        "date": DAY,
        "spotsLeft": 2,
        "warnings": [],
    }
    day = (await app.get(f"/v1/shifts/{DAY}")).json()
    assert [(slot["index"], slot["start"], slot["end"], slot["spotsLeft"]) for slot in day["slots"]] == [
        (0, "08:30", "11:30", 2),
        (1, "11:30", "14:30", 3),
        (2, "14:30", "17:30", 3),
        (3, "17:30", "20:30", 3),
        (4, "20:30", "22:30", 3),
    ]
    first = day["slots"][0]
    assert first["signups"] == [
        {
            "userId": "u_849888126",
            "username": "xdamman",
            "displayName": "Xavier Damman",
            "signedUpAt": "18/03/2026 14:15",
            "signedUpAtUtc": "2026-03-18T13:15:00Z",
            "rewarded": False,
        }
    ]
    assert first["suggestedReward"] == 3
    assert [(event["title"], event["room"], event["start"]) for event in first["roomEvents"]] == [
        ("Yoga Class", "Ostrom", f"{DAY}T10:00:00+01:00"),
        ("Busy", "Satoshi", f"{DAY}T10:30:00+01:00"),
    ]
    assert "date" not in first
    assert day["slots"][2]["roomEvents"] == []


async def test_a_range_groups_slots_by_day_and_may_be_cut_to_one_person(
    person: httpx.AsyncClient, app: httpx.AsyncClient
) -> None:
    await person.post("/v1/shifts/2026-03-20/3/signup")
    whole = (await app.get("/v1/shifts", params={"from": DAY, "to": "2026-03-20"})).json()
    assert (whole["date"], whole["from"], whole["to"], len(whole["slots"])) == (DAY, DAY, "2026-03-20", 10)
    assert [(each["date"], len(each["slots"])) for each in whole["days"]] == [(DAY, 5), ("2026-03-20", 5)]
    for whom in ("me", "u_849888126", "849888126"):
        own = (await person.get("/v1/shifts", params={"from": DAY, "to": "2026-03-20", "userId": whom})).json()
        assert [(slot["date"], slot["index"]) for slot in own["slots"]] == [("2026-03-20", 3)]
    nobody = (await app.get("/v1/shifts", params={"date": "2026-03-20", "userId": "stranger"})).json()
    assert nobody["slots"] == []
    assert refusal(await app.get("/v1/shifts", params={"userId": "me"})) == (400, "missing_user_id")
    assert refusal(await app.get("/v1/shifts", params={"date": DAY, "from": DAY})) == (400, "invalid_range")
    assert refusal(await app.get("/v1/shifts", params={"from": DAY, "to": "2026-07-19"})) == (400, "range_too_long")
    assert refusal(await app.get("/v1/shifts/2026-02-30")) == (400, "invalid_date")
    assert (await app.get("/v1/shifts")).json()["date"] == "2026-03-02"


async def test_a_place_is_taken_once_given_back_and_taken_again(
    person: httpx.AsyncClient, app: httpx.AsyncClient, served: Served, app_secret: str
) -> None:
    path = f"/v1/shifts/{DAY}/1/signup"
    assert refusal(await person.delete(path)) == (404, "not_signed_up")
    assert (await person.post(path)).json()["spotsLeft"] == 2
    assert refusal(await person.post(path)) == (409, "already_signed_up")
    for who in ("ada", "bob"):
        async with await acting(served, app_secret, who) as client:
            assert (await client.post(path)).status_code == 200
    assert refusal(await person.post(path)) == (409, "already_signed_up")
    async with await acting(served, app_secret, "cleo") as client:
        full = await client.post(path)
    assert refusal(full) == (422, "slot_full")
    assert full.json()["message"] == "This shift slot is full (3/3 spots taken)"
    assert (await person.delete(path)).json() == {"ok": True}
    async with await acting(served, app_secret, "cleo") as client:
        assert (await client.post(path)).json()["spotsLeft"] == 0
    assert refusal(await person.post(path)) == (422, "slot_full")
    async with served.house.database.read() as tx:
        lines = [shifts.line_text(line, served.house.hub) for line in await shifts.lines_of(tx, parse_day(DAY), 1)]
    assert lines[0] == "02/03/2026 10:00: Xavier Damman <@xdamman> signed up"
    assert [line.rpartition("> ")[2] for line in lines] == ["signed up"] * 3 + ["cancelled", "signed up"]


async def test_what_cannot_be_a_sign_up_is_refused_by_its_name(
    person: httpx.AsyncClient, app: httpx.AsyncClient
) -> None:
    assert refusal(await person.post(f"/v1/shifts/{DAY}/9/signup")) == (404, "slot_not_found")
    assert refusal(await person.post(f"/v1/shifts/{DAY}/-1/signup")) == (400, "invalid_slot")
    assert refusal(await person.post(f"/v1/shifts/{DAY}/first/signup")) == (400, "invalid_slot")
    assert refusal(await person.post("/v1/shifts/19-03-2026/0/signup")) == (400, "invalid_date")
    assert refusal(await person.post(f"/v1/shifts/{DAY}/0/signup", json={"email": "nowhere"})) == (400, "invalid_email")
    assert refusal(await person.post(f"/v1/shifts/{DAY}/9/signup", json={"email": "nowhere"})) == (
        404,
        "slot_not_found",
    )
    assert refusal(await app.post(f"/v1/shifts/{DAY}/0/signup")) == (400, "missing_user_id")
    assert refusal(await person.delete(f"/v1/shifts/{DAY}/9/signup")) == (404, "slot_not_found")


async def test_fixed_slots_keep_their_numbers_when_the_plan_changes(
    person: httpx.AsyncClient, app: httpx.AsyncClient, served: Served, clock: SettableClock
) -> None:
    await person.post(f"/v1/shifts/{DAY}/1/signup")
    plan = [PlannedSlot(7 * 60, 9 * 60, 0), PlannedSlot(11 * 60 + 30, 14 * 60 + 30)]
    async with served.house.database.write() as tx:
        await shifts.set_plan(tx, SYSTEM, valid_from=parse_day("2026-03-19"), daily=plan, now=clock.now())
    slots = (await app.get(f"/v1/shifts/{DAY}")).json()["slots"]
    assert [(slot["index"], slot["start"], slot["closed"]) for slot in slots] == [
        (5, "07:00", False),
        (0, "08:30", True),
        (1, "11:30", False),
        (2, "14:30", True),
        (3, "17:30", True),
        (4, "20:30", True),
    ]
    assert refusal(await person.post(f"/v1/shifts/{DAY}/0/signup")) == (422, "slot_closed")
    assert refusal(await person.post(f"/v1/shifts/{DAY}/5/signup")) == (422, "slot_full")
    untouched = (await app.get("/v1/shifts/2026-03-20")).json()["slots"]
    assert [(slot["index"], slot["start"]) for slot in untouched] == [(0, "07:00"), (1, "11:30")]
    before = (await app.get("/v1/shifts/2026-03-18")).json()["slots"]
    assert len(before) == 5


async def test_overlap_with_an_own_shift_is_told_and_past_days_may_be_recorded(
    person: httpx.AsyncClient, served: Served, clock: SettableClock
) -> None:
    plan = [PlannedSlot(600, 720), PlannedSlot(660, 780)]
    async with served.house.database.write() as tx:
        await shifts.set_plan(tx, SYSTEM, valid_from=parse_day("2026-02-01"), daily=plan, now=clock.now())
    assert (await person.post("/v1/shifts/2026-02-10/0/signup")).json()["warnings"] == []
    assert (await person.post("/v1/shifts/2026-02-10/1/signup")).json()["warnings"] == ["overlaps_own_shift"]
    async with served.house.database.write() as tx:
        await shifts.set_plan(
            tx, SYSTEM, valid_from=parse_day("2026-02-01"), daily=plan, refuse_past=True, now=clock.now()
        )
    assert refusal(await person.post("/v1/shifts/2026-02-11/0/signup")) == (400, "in_past")


async def test_a_hundred_people_at_once_fill_three_places(served: Served, app_secret: str) -> None:
    async def try_one(number: int) -> tuple[int, str]:
        async with await acting(served, app_secret, f"volunteer{number}") as client:
            answer = await client.post(f"/v1/shifts/{DAY}/2/signup", timeout=60)
        return answer.status_code, answer.json().get("error", "")

    answers = await asyncio.gather(*(try_one(number) for number in range(100)))
    assert sorted(set(answers)) == [(200, ""), (422, "slot_full")]
    assert answers.count((200, "")) == 3


async def test_one_person_ten_times_at_once_is_signed_up_once(person: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(person.post(f"/v1/shifts/{DAY}/2/signup") for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 9


async def test_shifts_are_in_the_persons_feed_and_invited_by_mail(
    person: httpx.AsyncClient, served: Served, clock: SettableClock
) -> None:
    feed = (await person.post("/v1/users/me/calendar-feed")).json()["calendarFeedUrl"].removeprefix("http://hub.test")
    await person.post(f"/v1/shifts/{DAY}/0/signup", json={"email": "xavier@example.com"})
    async with served.client() as anybody:
        (event,) = Calendar.from_ical((await anybody.get(feed)).text).walk("VEVENT")
        assert (event["summary"], event["status"], event["sequence"]) == ("Volunteer shift", "CONFIRMED", 0)
        assert event.decoded("dtstart") == datetime(2026, 3, 19, 7, 30, tzinfo=UTC)
        clock.advance(timedelta(hours=1))
        await person.delete(f"/v1/shifts/{DAY}/0/signup")
        (ended,) = Calendar.from_ical((await anybody.get(feed)).text).walk("VEVENT")
        assert (ended["uid"], ended["status"], ended["sequence"]) == (event["uid"], "CANCELLED", 1)
        clock.advance(timedelta(days=31))
        assert Calendar.from_ical((await anybody.get(feed)).text).walk("VEVENT") == []
    async with served.house.database.read() as tx:
        mails = list(reversed(await notifications.page_of_mails(tx, limit=10)))
    assert [(mail.recipient, mail.calendar_method) for mail in mails] == [
        ("xavier@example.com", "REQUEST"),
        ("xavier@example.com", "CANCEL"),
    ]
    uids = {str(Calendar.from_ical(mail.calendar or "").walk("VEVENT")[0]["uid"]) for mail in mails}
    assert uids == {str(event["uid"])}


async def test_a_closed_house_has_closed_slots_and_clock_changes_have_their_hours(
    app: httpx.AsyncClient, person: httpx.AsyncClient, served: Served, clock: SettableClock
) -> None:
    async with served.house.database.write() as tx:
        await rooms.close_day(tx, SYSTEM, parse_day(DAY), reason="Spring clean", now=clock.now())
    assert refusal(await person.post(f"/v1/shifts/{DAY}/0/signup")) == (422, "slot_closed")
    night = (await app.get("/v1/shifts/2026-03-29")).json()["slots"][0]
    assert (night["startAt"], night["endAt"]) == ("2026-03-29T08:30:00+02:00", "2026-03-29T11:30:00+02:00")
