"""Idempotency-Key: the same call again has the same answer, and nothing happens twice."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx

from guildhall.settings import Settings
from tests.clock import SettableClock
from tests.dialects.commonshub.asking import STANDUP, acting_for, book, booked, profile, refusal
from tests.dialects.commonshub.conftest import Registering
from tests.dialects.commonshub.stored import everything_stored
from tests.serving import Served

BOOK = "/v1/rooms/ostrom/book"
REPLAYED = "idempotent-replay"


def key(text: str = "k1", **more: str) -> dict[str, str]:
    return {"Idempotency-Key": text, **more}


async def test_a_repeat_has_the_first_answer_and_says_so(person: httpx.AsyncClient, clock: SettableClock) -> None:
    first = await book(person, headers=key())
    assert (first.status_code, REPLAYED in first.headers) == (200, False)
    clock.advance(timedelta(hours=23, minutes=59))
    again = await book(person, headers=key())
    assert (again.status_code, again.content, again.headers[REPLAYED]) == (200, first.content, "true")
    assert again.headers["content-type"] == first.headers["content-type"]
    (mine,) = (await person.get("/v1/users/me/bookings")).json()["bookings"]
    assert mine == first.json()
    await person.delete(f"{BOOK}/{mine['eventId']}")
    clock.advance(timedelta(minutes=1))
    anew = await book(person, headers=key())
    assert (anew.status_code, REPLAYED in anew.headers) == (200, False), "a day later the key is free again"
    assert anew.json()["eventId"] != mine["eventId"]


async def test_another_body_with_the_same_key_is_refused(person: httpx.AsyncClient) -> None:
    first = await book(person, headers=key())
    other = await book(person, title="Other", headers=key())
    assert refusal(other) == (409, "idempotency_key_reused")
    assert REPLAYED not in other.headers
    assert (await book(person, headers=key())).content == first.content, "the first answer stays"


async def test_refusals_are_repeated_too(person: httpx.AsyncClient, app: httpx.AsyncClient) -> None:
    theirs = await booked(app, headers=acting_for("777"))
    refused = await book(person, headers=key())
    assert refusal(refused) == (409, "room_booked")
    malformed = await person.post(BOOK, content=b"{", headers=key("k2"))
    assert refusal(malformed) == (400, "invalid_json")
    unknown = await book(person, "attic", headers=key("k3"))
    assert refusal(unknown) == (400, "unknown_room")
    await app.delete(f"{BOOK}/{theirs['eventId']}", headers=acting_for("777"))
    for before, after in (
        (refused, await book(person, headers=key())),
        (malformed, await person.post(BOOK, content=b"{", headers=key("k2"))),
        (unknown, await book(person, "attic", headers=key("k3"))),
    ):
        assert (after.status_code, after.content) == (before.status_code, before.content)
        assert after.headers[REPLAYED] == "true"
    assert (await book(person, headers=key("k4"))).status_code == 200


async def test_a_key_belongs_to_one_caller_acting_user_and_route(
    person: httpx.AsyncClient, app: httpx.AsyncClient, master: httpx.AsyncClient, another_app: Registering
) -> None:
    second_app = await another_app(name="Kiosk")
    calls: tuple[tuple[httpx.AsyncClient, str, dict[str, str]], ...] = (
        (person, "ostrom", {}),
        (app, "ostrom", acting_for("777")),
        (second_app, "ostrom", acting_for("777")),
        (master, "ostrom", acting_for("777")),
        (person, "mush", {}),
        (app, "mush", acting_for("777")),
    )
    for client, room, headers in calls:
        answer = await book(client, room, headers={**key(), **headers})
        assert REPLAYED not in answer.headers
    event = (await booked(person, date="2026-03-20", headers=key("k5")))["eventId"]
    # Another route, and no body: the same key is a key of its own.
    assert (await person.delete(f"{BOOK}/{event}", headers=key("k5"))).json() == {"ok": True}
    again = await person.delete(f"{BOOK}/{event}", headers=key("k5"))
    assert (again.json(), again.headers[REPLAYED]) == ({"ok": True}, "true")
    assert refusal(await person.delete(f"{BOOK}/{event}")) == (404, "booking_not_found")


async def test_of_simultaneous_calls_with_one_key_one_works_and_the_others_wait_for_it(
    person: httpx.AsyncClient, master: httpx.AsyncClient
) -> None:
    for day in range(10, 15):
        calls = (book(person, date=f"2026-03-{day}", headers=key(f"k{day}")) for _ in range(8))
        answers = await asyncio.gather(*calls)
        assert {(answer.status_code, answer.content) for answer in answers} == {(200, answers[0].content)}
        assert sorted(answer.headers.get(REPLAYED, "false") for answer in answers) == ["false"] + ["true"] * 7
    assert len((await person.get("/v1/users/me/bookings")).json()["bookings"]) == 5
    bodies = [{"name": f"App {number % 2}"} for number in range(8)]
    answers = await asyncio.gather(*(master.post("/v1/apps", json=body, headers=key()) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [200] * 4 + [409] * 4
    assert len({answer.content for answer in answers if answer.status_code == 200}) == 1


async def test_a_kept_answer_with_a_secret_is_repeated_and_cannot_be_read_from_the_database(
    master: httpx.AsyncClient, person: httpx.AsyncClient, settings: Settings
) -> None:
    first = (await master.post("/v1/apps", json={"name": "Once"}, headers=key())).json()
    again = (await master.post("/v1/apps", json={"name": "Once"}, headers=key())).json()
    assert again == first
    assert [each["name"] for each in (await master.get("/v1/apps")).json()["apps"]].count("Once") == 1
    feed = (await person.post("/v1/users/me/calendar-feed", headers=key())).json()
    assert (await person.post("/v1/users/me/calendar-feed", headers=key())).json() == feed
    kept = everything_stored(settings.database_url)
    assert first["appId"] in kept
    for secret in (first["appSecret"], feed["calendarFeedUrl"].split("/")[-2]):
        assert secret not in kept
        assert secret.removeprefix("chb_sk_live_")[:16] not in kept


async def test_a_key_has_a_length(person: httpx.AsyncClient, app: httpx.AsyncClient) -> None:
    for bad in ("", "x" * 256):
        assert refusal(await book(person, headers=key(bad))) == (400, "invalid_field")
    assert (await book(person, headers=key("x" * 255))).status_code == 200
    # The key comes after who calls, so a stranger's key is never looked at.
    assert refusal(await app.post(BOOK, json=dict(STANDUP), headers=key(""))) == (400, "missing_user_id")
    assert (await profile(app, "777"))["userId"] == "u_777"


async def test_a_fault_of_the_server_changes_nothing_and_is_not_kept(person: httpx.AsyncClient, served: Served) -> None:
    await person.get("/v1/users/me")

    async def rename(before: str, after: str) -> None:
        async with served.house.database.write() as tx:
            await tx._execute(f"ALTER TABLE {before} RENAME TO {after}", [])

    # The log is written after the booking, in the same transaction.
    await rename("audit_entries", "mislaid")
    broken = await book(person, headers=key())
    assert refusal(broken) == (500, "server_error")
    assert set(broken.json()) == {"error", "message", "status", "requestId"}
    await rename("mislaid", "audit_entries")
    assert (await person.get("/v1/users/me/bookings")).json() == {"bookings": []}
    anew = await book(person, headers=key())
    assert (anew.status_code, REPLAYED in anew.headers) == (200, False)


async def test_reads_take_no_key(person: httpx.AsyncClient) -> None:
    seen: list[Any] = []
    for title in ("one", "two"):
        await booked(person, title=title, date=f"2026-03-1{len(seen)}")
        answer = await person.get("/v1/users/me/bookings", headers=key())
        assert REPLAYED not in answer.headers
        seen.append(len(answer.json()["bookings"]))
    assert seen == [1, 2]
