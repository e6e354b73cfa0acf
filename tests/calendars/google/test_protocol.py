"""The program that stands for Google answers as Google documents it."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from guildhall.adapters.google_calendar import GRANT, GoogleAccess
from guildhall.simulator.google_calendar import Calendar, KeyPair
from tests.calendars.google.conftest import ROOM
from tests.calendars.google.events import timed, whole_day
from tests.clock import START, SettableClock
from tests.services.google_calendar import GoogleServer, google_server, keys

EVENTS = f"/calendar/v3/calendars/{ROOM}/events"
CONTROL = f"/control/calendars/{ROOM}"
WEEKLY = timed("2026-03-04T09:00:00", "2026-03-04T10:00:00", recurrence=["RRULE:FREQ=WEEKLY;COUNT=4"])
ONCE = timed("2026-03-04T09:00:00", "2026-03-04T10:00:00", id="abcde12345")


@pytest.fixture
async def api(
    google: GoogleServer, room: Calendar, client: httpx.AsyncClient, clock: SettableClock
) -> AsyncIterator[httpx.AsyncClient]:
    """A client that is signed in."""
    token = await GoogleAccess(google.account, client=client, clock=clock).token()
    async with httpx.AsyncClient(base_url=google.base, headers={"Authorization": f"Bearer {token}"}) as api:
        yield api


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """The status and the reason, from an error in Google's form."""
    error = answer.json()["error"]
    assert set(error) == {"errors", "code", "message"}
    assert error["code"] == answer.status_code
    assert error["errors"][0]["message"] == error["message"]
    return error["code"], error["errors"][0]["reason"]


async def ids(api: httpx.AsyncClient, **query: str) -> list[str]:
    return [each["id"] for each in (await api.get(EVENTS, params=query)).json()["items"]]


async def test_an_event_has_the_documented_fields_from_its_creation_to_its_end(api: httpx.AsyncClient) -> None:
    made = (await api.post(EVENTS, json={**ONCE, "location": "Ostrom", "unheard": 1, "etag": "mine"})).json()
    assert made | {"etag": "", "htmlLink": ""} == {
        **ONCE, "kind": "calendar#event", "etag": "", "htmlLink": "", "status": "confirmed", "location": "Ostrom",
        "created": "2026-03-02T09:00:00.000Z", "updated": "2026-03-02T09:00:00.000Z", "sequence": 0,
        "iCalUID": "abcde12345@google.com", "creator": {"email": "guildhall@simulator.iam.gserviceaccount.com"},
        "organizer": {"email": ROOM, "self": True}, "reminders": {"useDefault": True}, "eventType": "default",
    }  # fmt: skip
    path = f"{EVENTS}/{made['id']}"
    assert (await api.get(path)).json() == made

    patched = (await api.patch(path, json={"location": None, "description": "Now"})).json()
    assert ("location" in patched, patched["description"], patched["summary"]) == (False, "Now", "Foreign")
    assert patched["etag"] != made["etag"]
    for attempt in (
        api.patch(path, json={}, headers={"If-Match": made["etag"]}),
        api.delete(path, headers={"If-Match": made["etag"]}),
    ):
        assert refusal(await attempt) == (412, "conditionNotMet")
    replaced = (
        await api.put(
            path, json=timed("2026-03-05T09:00:00", "2026-03-05T10:00:00"), headers={"If-Match": patched["etag"]}
        )
    ).json()
    assert ("description" in replaced, replaced["sequence"]) == (False, 1)
    assert refusal(await api.patch(path, json={"sequence": 0})) == (400, "invalid")

    assert (await api.delete(path, headers={"If-Match": replaced["etag"]})).status_code == 204
    assert refusal(await api.delete(path)) == (410, "deleted")
    assert (await api.get(path)).json()["status"] == "cancelled"
    assert refusal(await api.post(EVENTS, json=ONCE)) == (409, "duplicate")
    assert await ids(api) == []
    listed = (await api.get(EVENTS, params={"showDeleted": "true"})).json()["items"]
    assert [set(each) for each in listed] == [{"kind", "etag", "id", "status"}]
    assert (await api.patch(path, json={"status": "confirmed"})).json()["status"] == "confirmed"
    assert await ids(api) == [made["id"]]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({**ONCE, "id": "xyz"}, (400, "invalid")),
        ({**ONCE, "id": "ab"}, (400, "invalid")),
        ({**ONCE, "id": "a" * 1025}, (400, "invalid")),
        ({"summary": "When?"}, (400, "required")),
        ({"start": ONCE["start"]}, (400, "required")),
        (timed("2026-03-04T10:00:00", "2026-03-04T09:00:00"), (400, "timeRangeEmpty")),
        ({**ONCE, "end": {"date": "2026-03-05"}}, (400, "timeRangeEmpty")),
        (timed("tomorrow", "2026-03-04T09:00:00"), (400, "invalid")),
        ({**ONCE, "start": {"dateTime": "2026-03-04T09:00:00"}}, (400, "invalid")),
        ({**ONCE, "start": "soon"}, (400, "invalid")),
        ({**ONCE, "status": "perhaps"}, (400, "invalid")),
        ({**ONCE, "recurrence": ["every day"]}, (400, "invalid")),
        (
            {**ONCE, "recurrence": ["RRULE:FREQ=DAILY"], "start": {"dateTime": "2026-03-04T08:00:00Z"}},
            (400, "required"),
        ),
        ({**ONCE, "attendees": [{"email": ROOM, "responseStatus": "perhaps"}]}, (400, "invalid")),
        ({**ONCE, "attendees": "everybody"}, (400, "invalid")),
        ({**ONCE, "attendees": [{"email": "zoe@example.org"}]}, (403, "forbiddenForServiceAccounts")),
    ],
)
async def test_a_body_that_makes_no_sense_is_refused(
    api: httpx.AsyncClient, body: dict[str, Any], expected: tuple[int, str]
) -> None:
    assert refusal(await api.post(EVENTS, json=body)) == expected
    assert await ids(api) == []


async def test_lists_are_filtered_ordered_and_cut(api: httpx.AsyncClient, room: Calendar) -> None:
    late = room.insert(timed("2026-03-06T09:00:00", "2026-03-06T10:00:00", summary="Late"), by="a@b.c")["id"]
    early = room.insert(timed("2026-03-05T09:00:00", "2026-03-05T10:00:00", summary="Early"), by="a@b.c")["id"]
    marked = room.insert(whole_day("2026-03-07", "2026-03-08", extendedProperties={"private": {"a": "1"}}), by="a@b.c")[
        "id"
    ]
    assert await ids(api) == [late, early, marked]
    assert await ids(api, singleEvents="true", orderBy="startTime") == [early, late, marked]
    assert await ids(api, orderBy="updated") == [late, early, marked]
    assert await ids(api, q="late") == [late]
    assert await ids(api, privateExtendedProperty="a=1") == [marked]
    assert await ids(api, iCalUID=f"{early}@google.com") == [early]
    # Both bounds leave out what merely touches them.
    assert await ids(api, timeMin="2026-03-05T09:00:00Z") == [late, marked]
    assert await ids(api, timeMax="2026-03-06T08:00:00Z") == [early]

    first = (await api.get(EVENTS, params={"maxResults": "2"})).json()
    assert set(first) == {
        "kind", "etag", "summary", "updated", "timeZone", "accessRole", "defaultReminders", "items", "nextPageToken",
    }  # fmt: skip
    assert (first["kind"], first["accessRole"], first["timeZone"]) == ("calendar#events", "writer", "Europe/Brussels")
    second = (await api.get(EVENTS, params={"maxResults": "2", "pageToken": first["nextPageToken"]})).json()
    assert ("nextPageToken" in second, "nextSyncToken" in second, len(second["items"])) == (False, True, 1)
    ordered = (await api.get(EVENTS, params={"singleEvents": "true", "orderBy": "startTime"})).json()
    assert "nextSyncToken" not in ordered
    for query in (
        {"maxResults": "none"}, {"maxResults": "0"}, {"pageToken": "unheard"}, {"timeMin": "2026-03-05"},
        {"timeMin": "2026-03-05T00:00:00"}, {"orderBy": "startTime"},
    ):  # fmt: skip
        assert refusal(await api.get(EVENTS, params=query)) == (400, "invalid")
    backwards = {"timeMin": "2026-03-05T00:00:00Z", "timeMax": "2026-03-04T00:00:00Z"}
    assert refusal(await api.get(EVENTS, params=backwards)) == (400, "timeRangeEmpty")


async def test_sync_tokens_bring_what_changed_and_take_no_other_restriction(
    api: httpx.AsyncClient, room: Calendar
) -> None:
    async def since(token: str, **more: str) -> httpx.Response:
        return await api.get(EVENTS, params={"syncToken": token, **more})

    token = (await api.get(EVENTS)).json()["nextSyncToken"]
    one = room.insert(ONCE, by="a@b.c")["id"]
    answer = (await since(token)).json()
    assert [each["id"] for each in answer["items"]] == [one]
    room.delete(one)
    (gone,) = (await since(answer["nextSyncToken"])).json()["items"]
    assert (gone["id"], gone["status"]) == (one, "cancelled")
    for name in (
        "iCalUID",
        "orderBy",
        "privateExtendedProperty",
        "q",
        "sharedExtendedProperty",
        "timeMin",
        "timeMax",
        "updatedMin",
    ):
        assert refusal(await since(token, **{name: "2026-03-05T00:00:00Z"})) == (
            400,
            "syncTokenWithRequestRestrictions",
        )
    assert refusal(await since(token, showDeleted="false")) == (400, "syncTokenWithRequestRestrictions")
    assert refusal(await since("rubbish")) == (400, "invalid")
    assert (await api.post(f"{CONTROL}/expire-sync-tokens")).status_code == 204
    assert refusal(await since(token)) == (410, "fullSyncRequired")
    assert (await since((await api.get(EVENTS)).json()["nextSyncToken"])).json()["items"] == []


async def test_a_series_is_one_event_or_its_dates_and_each_date_can_be_changed(
    api: httpx.AsyncClient, room: Calendar
) -> None:
    weekly = room.insert(WEEKLY, by="a@b.c")["id"]
    dates = [f"{weekly}_202603{day}T080000Z" for day in ("04", "11", "18", "25")]
    assert await ids(api) == [weekly]
    assert await ids(api, singleEvents="true") == dates
    assert (
        await ids(api, singleEvents="true", timeMin="2026-03-12T00:00:00Z", timeMax="2026-03-20T00:00:00Z")
        == dates[2:3]
    )
    assert await ids(api, timeMin="2026-04-12T00:00:00Z") == []
    one = (await api.get(f"{EVENTS}/{dates[1]}")).json()
    assert ("recurrence" in one, one["recurringEventId"]) == (False, weekly)
    assert (
        one["originalStartTime"]
        == one["start"]
        == {"dateTime": "2026-03-11T09:00:00+01:00", "timeZone": "Europe/Brussels"}
    )
    for absent in (f"{weekly}_20260305T080000Z", f"{weekly}_soon", "abcde"):
        assert refusal(await api.get(f"{EVENTS}/{absent}")) == (404, "notFound")

    later = timed("2026-03-11T15:00:00", "2026-03-11T16:00:00")
    moved = (await api.patch(f"{EVENTS}/{dates[1]}", json={"start": later["start"], "end": later["end"]})).json()
    assert (moved["id"], moved["originalStartTime"]) == (dates[1], one["originalStartTime"])
    assert (await api.delete(f"{EVENTS}/{dates[2]}")).status_code == 204
    # Cancelled dates are named beside their series, so that a client can leave them out.
    listed = (await api.get(EVENTS)).json()["items"]
    assert [(each["id"], each["status"]) for each in listed] == [
        (weekly, "confirmed"), (dates[1], "confirmed"), (dates[2], "cancelled"),
    ]  # fmt: skip
    assert set(listed[2]) == {"kind", "etag", "id", "status", "recurringEventId", "originalStartTime"}

    instances = f"{EVENTS}/{weekly}/instances"
    found = (await api.get(instances)).json()["items"]
    assert [each["id"] for each in found] == [dates[0], dates[1], dates[3]]
    page = (await api.get(instances, params={"maxResults": "2"})).json()
    rest = (await api.get(instances, params={"pageToken": page["nextPageToken"]})).json()
    assert [each["id"] for each in rest["items"]] == [dates[3]]
    assert len((await api.get(instances, params={"showDeleted": "true"})).json()["items"]) == 4
    assert refusal(await api.get(instances, params={"pageToken": "unheard"})) == (400, "invalid")
    once = room.insert(ONCE, by="a@b.c")["id"]
    assert refusal(await api.get(f"{EVENTS}/{once}/instances")) == (400, "required")


async def test_only_who_is_let_in_reads_and_only_writers_write(
    google: GoogleServer, room: Calendar, api: httpx.AsyncClient
) -> None:
    async with httpx.AsyncClient(base_url=google.base) as stranger:
        for headers in ({}, {"Authorization": "Bearer guessed"}, {"Authorization": "Basic eDp5"}):
            assert refusal(await stranger.get(EVENTS, headers=headers)) == (401, "authError")
    found = (await api.get(f"/calendar/v3/calendars/{ROOM}")).json()
    assert (found["kind"], found["id"], found["timeZone"]) == ("calendar#calendar", ROOM, "Europe/Brussels")
    assert refusal(await api.get("/calendar/v3/calendars/other/events")) == (404, "notFound")
    assert refusal(await api.get("/calendar/v3/elsewhere")) == (404, "notFound")
    assert refusal(await api.post(EVENTS, content=b"{")) == (400, "parseError")
    room.roles[google.account.email] = "reader"
    assert (await api.get(EVENTS)).json()["accessRole"] == "reader"
    assert refusal(await api.post(EVENTS, json=ONCE)) == (403, "requiredAccessLevel")
    assert (await api.post("/control/expire-access-tokens")).status_code == 204
    assert refusal(await api.get(EVENTS)) == (401, "authError")


def claim(
    google: GoogleServer, private: str = "", *, kid: str = "", algorithm: str = "RS256", **claims: object
) -> dict[str, str]:
    """The form of a request for a token, whose claims are right but for those given."""
    now = int(START.timestamp())
    right = {
        "iss": google.account.email, "scope": "https://www.googleapis.com/auth/calendar", "iat": now, "exp": now + 3600,
        "aud": google.account.token_uri,
    }  # fmt: skip
    signed = jwt.encode(
        {**right, **claims}, private or keys().private, algorithm, {"kid": kid or google.account.key_id}
    )
    return {"grant_type": GRANT, "assertion": signed}


async def test_a_token_is_given_for_a_claim_that_is_right_in_every_part(
    google: GoogleServer, client: httpx.AsyncClient
) -> None:
    now = int(START.timestamp())

    async def ask(form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        answer = await client.post(google.account.token_uri, data=form)
        return answer.status_code, answer.json()

    status, given = await ask(claim(google))
    assert (status, given["expires_in"], given["token_type"]) == (200, 3600, "Bearer")
    assert (await ask(claim(google, sub="boss@example.org")))[0] == 200
    wrong = {
        "invalid_grant": [
            claim(google, KeyPair.new().private), claim(google, kid="another"), claim(google, aud="https://example.org"),
            claim(google, iss="somebody@example.org"), claim(google, exp=now + 3601), claim(google, iat="now"),
            claim(google, iat=now - 7200, exp=now - 3600), claim(google, iat=now + 900, exp=now + 1800),
            claim(google, "k" * 64, algorithm="HS256"), {"grant_type": GRANT},
            {"grant_type": GRANT, "assertion": "rubbish"},
        ],
        "invalid_scope": [claim(google, scope=""), claim(google, scope="everything")],
        "unsupported_grant_type": [{"grant_type": "password"}, {}],
    }  # fmt: skip
    for error, forms in wrong.items():
        for form in forms:
            status, refused = await ask(form)
            assert (status, refused["error"]) == (400, error)
            assert refused["error_description"]


async def test_an_account_without_delegation_acts_for_nobody(
    tmp_path: Path, client: httpx.AsyncClient, clock: SettableClock
) -> None:
    async with google_server(tmp_path, clock=clock, delegated=False) as google:
        answer = await client.post(google.account.token_uri, data=claim(google, sub="boss@example.org"))
    assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized_client")


async def test_a_token_for_reading_does_not_write(
    google: GoogleServer, room: Calendar, client: httpx.AsyncClient
) -> None:
    scope = "https://www.googleapis.com/auth/calendar.events.readonly"
    token = (await client.post(google.account.token_uri, data=claim(google, scope=scope))).json()["access_token"]
    client.headers["Authorization"] = f"Bearer {token}"
    assert (await client.get(f"{google.base}{EVENTS}")).status_code == 200
    assert refusal(await client.post(f"{google.base}{EVENTS}", json=ONCE)) == (403, "insufficientPermissions")


async def test_the_control_side_makes_everything_happen_that_others_do(
    google: GoogleServer, room: Calendar, client: httpx.AsyncClient, api: httpx.AsyncClient
) -> None:
    async with httpx.AsyncClient(base_url=google.base) as control:
        made = await control.put(
            "/control/calendars/satoshi", json={"timeZone": "Asia/Tokyo", "roles": {"a@b.c": "owner"}}
        )
        assert made.json() == {"id": "satoshi", "timeZone": "Asia/Tokyo", "roles": {"a@b.c": "owner"}}
        assert google.simulator.calendars["satoshi"].zone.key == "Asia/Tokyo"
        foreign = (
            await control.post(f"{CONTROL}/events", json={**ONCE, "attendees": [{"email": "zoe@example.org"}]})
        ).json()
        path = f"{CONTROL}/events/{foreign['id']}"
        assert (await control.patch(path, json={"summary": "Changed"})).json()["summary"] == "Changed"
        declined = (await control.post(f"{path}/responses", json={"email": "zoe@example.org"})).json()
        assert declined["attendees"] == [{"email": "zoe@example.org", "responseStatus": "declined"}]
        assert refusal(await control.post(f"{path}/responses", json={"email": "max@example.org"})) == (404, "notFound")
        assert (await control.delete(path)).status_code == 204
        trouble = {"kind": "limit", "status": 429, "times": 2, "retry_after": "3"}
        assert (await control.post("/control/trouble", json=trouble)).status_code == 204
        for _ in range(2):
            limited = await api.get(EVENTS)
            assert (refusal(limited), limited.headers["retry-after"]) == ((429, "rateLimitExceeded"), "3")
        assert (await api.get(EVENTS)).status_code == 200
        asked = (await control.get("/control/requests")).json()["requests"]
        assert [each["path"] for each in asked] == ["/token", EVENTS, EVENTS, EVENTS]
        assert (await control.get("/control/invitations")).json() == {"invitations": []}
        for wrong in (
            control.post("/control/trouble", json={"kind": "flood"}),
            control.put("/control/calendars/x", json={"timeZone": "Nowhere/Land"}),
            control.put("/control/calendars/x", json={"roles": "all"}),
        ):
            assert refusal(await wrong) == (400, "invalid")
        for absent in (control.get("/control/nothing"), control.delete("/control/calendars/x/events/y")):
            assert refusal(await absent) == (404, "notFound")


async def test_a_channel_is_refused_that_google_would_not_open(api: httpx.AsyncClient) -> None:
    right = {"id": "one", "type": "web_hook", "address": "https://hub.test/hooks"}
    for change, expected in (
        ({"id": None}, "required"),
        ({"address": None}, "required"),
        ({"type": "letter"}, "invalid"),
        ({"id": "with space"}, "invalid"),
        ({"token": "x" * 257}, "invalid"),
        ({"address": "http://hub.test/hooks"}, "push.webhookUrlNotHttps"),
    ):
        assert refusal(await api.post(f"{EVENTS}/watch", json={**right, **change})) == (400, expected)
    assert refusal(await api.post("/calendar/v3/channels/stop", json={"id": "one", "resourceId": "x"})) == (
        404,
        "notFound",
    )


async def test_expired_access_is_refused_at_its_time(api: httpx.AsyncClient, clock: SettableClock) -> None:
    clock.advance(timedelta(minutes=59))
    assert (await api.get(EVENTS)).status_code == 200
    clock.advance(timedelta(minutes=1))
    assert refusal(await api.get(EVENTS)) == (401, "authError")
    assert clock.now() == datetime.fromisoformat("2026-03-02T10:00:00Z")
