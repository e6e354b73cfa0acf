"""Outbound webhooks as those who manage a guild set them up, and as their own server sees them."""

import base64
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update
from standardwebhooks import Webhook, WebhookVerificationError

from guildhall.core.db import command, query
from guildhall.domains.attendance import WebhookEvent, forget_deliveries, queue_role_event
from guildhall.domains.attendance.posting.models import Post, SettingsChanged, attendance_posts
from guildhall.domains.attendance.signing import sign_waiting
from guildhall.domains.attendance.webhooks.models import attendance_webhooks
from guildhall.domains.audit import page_of_entries
from guildhall.evidence import receipts
from tests.clock import SettableClock
from tests.dialects.attendance.asking import PASSPHRASE, Place, Voices, refusal
from tests.services.receiver import Arrived, Receiver, receiver
from tests.serving import Served, free_port

NOBODY = "00000000-0000-4000-8000-000000000000"
POSTED = query(Post, select(attendance_posts))
PRIVATE = {"ATTENDANCE_WEBHOOK_ALLOW_PRIVATE": "on"}
WAITS = (5, 300, 1800, 7200, 18000, 36000, 36000)


@pytest.fixture
def more_settings(request: pytest.FixtureRequest) -> dict[str, str]:
    return {} if request.node.get_closest_marker("parametrize") else PRIVATE


@pytest.fixture
async def server() -> AsyncIterator[Receiver]:
    """The guild's own server."""
    async with receiver() as each:
        yield each


async def listen(manager: httpx.AsyncClient, server: Receiver, **more: object) -> str:
    """Let the guild's events go to the server, and return the secret."""
    answer = await manager.patch("webhooks/settings", json={"url": f"{server.url}/in", "enabled": True, **more})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["secret"])


async def log(manager: httpx.AsyncClient, **query: str | int) -> list[dict[str, Any]]:
    """Return the delivery log."""
    found: list[dict[str, Any]] = (await manager.get("webhooks/deliveries", params=query)).json()["deliveries"]
    return found


def signed_with(arrived: Arrived, secret: str) -> bool:
    """Tell whether one of the signatures is what the independent library makes of this secret."""
    at = datetime.fromtimestamp(int(arrived.headers["webhook-timestamp"]), UTC)
    expected = Webhook(secret).sign(arrived.id, at, arrived.body.decode())
    return expected in arrived.headers["webhook-signature"].split(" ")


async def test_the_first_address_makes_a_secret_that_is_shown_once_and_can_be_rotated(
    manager: httpx.AsyncClient, server: Receiver, clock: SettableClock
) -> None:
    empty = {
        "url": None,
        "enabled": False,
        "events": ["session.completed", "period.archived"],
        "secret_set": False,
        "disabled_reason": None,
    }
    assert (await manager.get("webhooks/settings")).json() == empty
    early_ones: tuple[dict[str, object], ...] = (
        {"enabled": True},
        {"rotate_secret": True},
        {"url": None, "enabled": True},
    )
    for early in early_ones:
        assert refusal(await manager.patch("webhooks/settings", json=early)) == (
            422,
            "WEBHOOK_ADDRESS_NEEDED",
        )
    assert refusal(await manager.post("webhooks/test")) == (422, "WEBHOOK_ADDRESS_NEEDED")
    wrong: tuple[tuple[dict[str, object], str], ...] = (
        ({}, "MISSING_FIELD"),
        ({"unknown": 1}, "MISSING_FIELD"),
        ({"enabled": "false"}, "INVALID_FIELD"),
        ({"events": ["session.started"]}, "INVALID_FIELD"),
        ({"events": ["role.granted", "role.granted"]}, "INVALID_FIELD"),
        ({"url": 1}, "INVALID_FIELD"),
        ({"url": ""}, "ADDRESS_REFUSED"),
        ({"url": "ftp://example.org/"}, "ADDRESS_REFUSED"),
        ({"url": "https://me:secret@example.org/"}, "ADDRESS_REFUSED"),
        ({"url": "https://no-such-name.invalid/"}, "ADDRESS_REFUSED"),
    )
    for asked, code in wrong:
        assert refusal(await manager.patch("webhooks/settings", json=asked)) == (422, code)
    assert (await manager.get("webhooks/settings")).json() == empty

    first = (await manager.patch("webhooks/settings", json={"url": f"{server.url}/in"})).json()
    assert (first["url"], first["enabled"], first["secret_set"]) == (f"{server.url}/in", False, True)
    assert len(base64.b64decode(first["secret"].removeprefix("whsec_"))) == 32
    assert "secret" not in (await manager.get("webhooks/settings")).json()
    again = (await manager.patch("webhooks/settings", json={"enabled": True, "events": ["role.revoked"]})).json()
    assert (again["enabled"], again["events"], "secret" in again) == (True, ["role.revoked"], False)

    second = (await manager.patch("webhooks/settings", json={"rotate_secret": True})).json()["secret"]
    await manager.post("webhooks/test")
    assert [signed_with(server.arrived[0], each) for each in (first["secret"], second)] == [True, True]
    clock.advance(timedelta(hours=24))
    await manager.post("webhooks/test")
    assert [signed_with(server.arrived[1], each) for each in (first["secret"], second)] == [False, True]

    removed = (await manager.patch("webhooks/settings", json={"url": None})).json()
    assert removed == empty | {"events": ["role.revoked"]}
    assert "secret" in (await manager.patch("webhooks/settings", json={"url": server.url})).json()


async def test_what_arrives_is_verified_by_an_independent_library(
    manager: httpx.AsyncClient, server: Receiver, clock: SettableClock
) -> None:
    clock.set(datetime.now(UTC))
    secret = await listen(manager, server)
    delivery = (await manager.post("webhooks/test")).json()
    assert (delivery["status"], delivery["attempts"], delivery["last_status_code"]) == ("delivered", 1, 204)
    (arrived,) = server.arrived
    assert (arrived.path, arrived.id, arrived.headers["content-type"]) == ("/in", delivery["id"], "application/json")
    read = Webhook(secret).verify(arrived.body, arrived.headers)
    assert (read["type"], read["timestamp"]) == ("webhook.test", delivery["created_at"])
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(arrived.body + b" ", arrived.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + base64.b64encode(bytes(32)).decode()).verify(arrived.body, arrived.headers)


async def test_a_test_is_sent_once_and_says_what_came_of_it(
    served: Served, manager: httpx.AsyncClient, server: Receiver, clock: SettableClock
) -> None:
    await listen(manager, server)
    server.says(500)
    failed = (await manager.post("webhooks/test")).json()
    assert (failed["status"], failed["last_status_code"], failed["next_attempt_at"]) == ("failed", 500, None)
    server.says(307, Location=f"{server.url}/elsewhere")
    assert "redirects are not followed" in (await manager.post("webhooks/test")).json()["last_error"]
    await manager.patch("webhooks/settings", json={"url": f"http://127.0.0.1:{free_port()}/"})
    refused = (await manager.post("webhooks/test")).json()
    assert (refused["last_status_code"], refused["last_error"]) == (None, "The connection was refused")
    clock.advance(timedelta(hours=1))
    await served.house.courier.work_off()
    assert len(server.arrived) == 2
    for _ in range(10):
        await manager.post("webhooks/test")
    often = await manager.post("webhooks/test")
    assert refusal(often) == (429, "TOO_MANY_TESTS")
    assert often.headers["retry-after"] == "60"


async def test_a_delivery_is_tried_eight_times_in_a_day_and_then_given_up_until_somebody_retries_it(
    served: Served, manager: httpx.AsyncClient, server: Receiver, place: Place, voices: Voices, clock: SettableClock
) -> None:
    await listen(manager, server)
    server.says(503)
    await manager.patch("tracking-mode", json={"mode": "All"})
    await voices.begin()
    await voices.visited(place.member, place.lounge, timedelta(minutes=1))
    courier = served.house.courier
    for count, wait in enumerate(WAITS, 1):
        await courier.work_off()
        assert len(server.arrived) == count
        (delivery,) = await log(manager)
        assert (delivery["status"], delivery["attempts"]) == ("pending", count)
        assert (delivery["last_status_code"], delivery["last_error"]) == (503, "The answer was 503")
        due = datetime.fromisoformat(delivery["next_attempt_at"])
        assert 0.9 * wait <= (due - clock.now()).total_seconds() <= 1.1 * wait
        clock.set(due - timedelta(microseconds=1))
        await courier.work_off()
        assert len(server.arrived) == count, "not before its time"
        clock.set(due)
    await courier.work_off()
    (delivery,) = await log(manager, status="failed")
    assert (delivery["attempts"], delivery["next_attempt_at"]) == (8, None)
    assert await log(manager, status="pending") == []

    retry = f"webhooks/deliveries/{delivery['id'].upper()}/retry"
    again = (await manager.post(retry)).json()
    assert (again["status"], again["attempts"]) == ("pending", 8)
    server.says(200)
    clock.advance(timedelta(hours=1))
    await courier.work_off()
    (delivery,) = await log(manager, status="delivered")
    assert (delivery["attempts"], delivery["last_status_code"], delivery["last_error"]) == (9, 200, None)
    assert len(server.arrived) == 9
    assert {each.id for each in server.arrived} == {delivery["id"]}
    assert len({each.body for each in server.arrived}) == 1
    assert len({each.headers["webhook-timestamp"] for each in server.arrived}) == 9

    assert (await manager.post(retry)).json()["status"] == "pending", "also what was delivered is sent again"
    assert refusal(await manager.post(f"webhooks/deliveries/{NOBODY}/retry")) == (404, "DELIVERY_NOT_FOUND")
    assert refusal(await manager.post("webhooks/deliveries/x/retry")) == (422, "INVALID_FIELD")
    await manager.patch("webhooks/settings", json={"url": None})
    assert refusal(await manager.post(retry)) == (422, "WEBHOOK_ADDRESS_NEEDED")


async def test_sessions_and_periods_are_told_with_their_signatures_once_there_is_a_key(
    served: Served, manager: httpx.AsyncClient, server: Receiver, place: Place, voices: Voices
) -> None:
    house = served.house
    await listen(manager, server)
    await manager.patch("tracking-mode", json={"mode": "All"})
    await voices.begin()
    await voices.visited(place.member, place.lounge, timedelta(minutes=1))
    await house.courier.work_off()
    told = json.loads(server.arrived[0].body)
    (listed,) = (await manager.get("sessions")).json()["sessions"]
    assert told["type"] == "session.completed"
    assert told["data"] == {"session": listed | {"guild_id": place.guild}, "receipt": None}
    await manager.post("reset-now")
    await house.courier.work_off()
    told = json.loads(server.arrived[1].body)
    (archived,) = (await manager.get("signing/history")).json()["periods"]
    del archived["signing_version"]
    assert (told["type"], told["data"]) == (
        "period.archived", {"period": archived | {"guild_id": place.guild}, "export": None},
    )  # fmt: skip

    # A key that is made later signs those two, and tells nobody of them again.
    await manager.post("signing/generate-keys", json={"passphrase": PASSPHRASE})
    await sign_waiting(house.database, house.keyring, house.clock, guild_id=int(place.guild))
    await voices.visited(place.member, place.lounge, timedelta(minutes=2))
    await house.courier.work_off()
    assert len(server.arrived) == 3
    told = json.loads(server.arrived[2].body)["data"]
    receipt = (await manager.get(f"sessions/{told['session']['session_id']}/receipt")).json()
    assert (told["session"]["signed"], told["receipt"]) == (True, receipt)
    assert receipts.judge(receipts.read(json.dumps(told["receipt"]).encode()), receipts.Pins()).valid

    # While the key is locked, events wait for it.
    await manager.post("signing/lock")
    await voices.visited(place.member, place.lounge, timedelta(minutes=3))
    await manager.post("reset-now")
    await house.courier.work_off()
    assert len(server.arrived) == 3
    waiting = await log(manager, status="pending")
    assert {(each["event_type"], each["next_attempt_at"], each["attempts"]) for each in waiting} == {
        ("period.archived", None, 0),
        ("session.completed", None, 0),
    }
    early = await manager.post(f"webhooks/deliveries/{waiting[0]['id']}/retry")
    assert refusal(early) == (422, "DELIVERY_WAITS")
    await manager.post("signing/unlock", json={"passphrase": PASSPHRASE})
    await sign_waiting(house.database, house.keyring, house.clock, guild_id=int(place.guild))
    await house.courier.work_off()
    assert {each.id for each in server.arrived[3:]} == {each["id"] for each in waiting}
    (period,) = [told for told in map(_read, server.arrived[3:]) if told["type"] == "period.archived"]
    export = (await manager.get("export/period/2")).json()
    assert export.pop("receipts")
    assert period["data"]["export"] == export
    assert period["data"]["period"]["signature"] == export["signature"]


async def test_roles_are_told_to_those_who_asked_and_nothing_to_those_who_switched_it_off(
    served: Served, manager: httpx.AsyncClient, server: Receiver, place: Place, clock: SettableClock
) -> None:
    async def grant(event: Any = WebhookEvent.ROLE_GRANTED) -> None:  # noqa: ANN401 (one of two events)
        guild, person = int(place.guild), int(place.member)
        async with served.house.database.write() as tx:
            await queue_role_event(
                tx, event, guild_id=guild, rule_id=NOBODY, user_id=person, role_id=5, now=clock.now()
            )

    await grant()
    await listen(manager, server)
    await grant()
    await manager.patch("webhooks/settings", json={"events": ["role.granted"]})
    await grant()
    await grant(WebhookEvent.ROLE_REVOKED)
    await served.house.courier.work_off()
    (told,) = map(_read, server.arrived)
    assert (told["type"], told["data"]) == (
        "role.granted", {"guild_id": place.guild, "rule_id": NOBODY, "user_id": place.member, "role_id": "5"},
    )  # fmt: skip

    clock.advance(timedelta(seconds=1))
    await grant()
    await manager.patch("webhooks/settings", json={"enabled": False})
    await grant()
    await served.house.courier.work_off()
    dropped, delivered = await log(manager)
    assert (dropped["status"], dropped["last_error"]) == ("failed", "The webhook was switched off")
    assert delivered["status"] == "delivered"
    # What was dropped can be sent by hand all the same.
    await manager.post(f"webhooks/deliveries/{dropped['id']}/retry")
    await served.house.courier.work_off()
    assert [each.id for each in server.arrived] == [delivered["id"], dropped["id"]]


async def test_a_receiver_that_is_gone_or_fails_fifty_times_in_a_row_is_switched_off(
    served: Served, manager: httpx.AsyncClient, server: Receiver, place: Place, clock: SettableClock
) -> None:
    house = served.house

    async def events(count: int) -> None:
        async with house.database.write() as tx:
            for number in range(count):
                await queue_role_event(
                    tx, WebhookEvent.ROLE_GRANTED, guild_id=int(place.guild), rule_id=NOBODY, user_id=1 + number,
                    role_id=5, now=clock.now(),
                )  # fmt: skip

    async def a_day_passes() -> None:
        for wait in (0, *WAITS):
            clock.advance(timedelta(seconds=1.2 * wait))
            await house.courier.work_off()

    await listen(manager, server, events=["role.granted"])
    await manager.post("log-destinations", json={"channel_id": place.text, "types": {"settings": True}})
    server.says(410)
    await events(3)
    await house.courier.work_off()
    settings = (await manager.get("webhooks/settings")).json()
    assert (settings["enabled"], settings["disabled_reason"]) == (False, "The receiver answered 410: it wants no more")
    assert {each["status"] for each in await log(manager)} == {"failed"}
    async with house.database.read() as tx:
        entries = await page_of_entries(tx, limit=5)
        posts = await tx.all(POSTED)
    assert "attendance.webhook_switched_off" in [each.action for each in entries]
    told = SettingsChanged("webhook", {"enabled": True}, {"enabled": False, "why": settings["disabled_reason"]})
    assert told in [each.content for each in posts]
    await events(1)
    assert len(await log(manager)) == 3, "nothing is queued for an address that is off"

    settings = (await manager.patch("webhooks/settings", json={"enabled": True})).json()
    assert (settings["enabled"], settings["disabled_reason"]) == (True, None)
    server.says(500)
    await events(49)
    await a_day_passes()
    server.says(200)
    await events(1)
    await house.courier.work_off()
    server.says(500)
    await events(49)
    await a_day_passes()
    assert (await manager.get("webhooks/settings")).json()["enabled"]
    await events(1)
    await a_day_passes()
    settings = (await manager.get("webhooks/settings")).json()
    assert (settings["enabled"], settings["disabled_reason"]) == (False, "50 deliveries in a row failed")


async def test_the_log_comes_in_pages_and_forgets_after_thirty_days(
    served: Served, manager: httpx.AsyncClient, server: Receiver, clock: SettableClock
) -> None:
    await listen(manager, server, events=[])
    made: list[str] = []
    for _ in range(5):
        made.insert(0, (await manager.post("webhooks/test")).json()["id"])
        clock.advance(timedelta(seconds=10, microseconds=1))
    seen: list[str] = []
    cursor = None
    while not seen or cursor:
        page = (
            await manager.get("webhooks/deliveries", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))
        ).json()
        seen += [each["id"] for each in page["deliveries"]]
        cursor = page["next_cursor"]
    assert seen == made
    for wrong in ({"limit": 0}, {"limit": 201}, {"status": "lost"}, {"cursor": "x"}):
        assert refusal(await manager.get("webhooks/deliveries", params=wrong)) == (422, "INVALID_FIELD")

    clock.advance(timedelta(days=30) - timedelta(seconds=25))
    async with served.house.database.write() as tx:
        await forget_deliveries(tx, now=clock.now())
    assert [each["id"] for each in await log(manager)] == made[:2]


async def test_the_free_tier_keeps_the_address_at_rest_and_drops_what_is_queued(
    served: Served, manager: httpx.AsyncClient, server: Receiver, place: Place, voices: Voices
) -> None:
    await listen(manager, server)
    await manager.patch("tracking-mode", json={"mode": "All"})
    await voices.begin()
    await voices.visited(place.member, place.lounge, timedelta(minutes=1))
    await manager.patch("subscription", json={"tier": "free"})
    for answer in (
        await manager.get("webhooks/settings"),
        await manager.patch("webhooks/settings", json={"enabled": False}),
        await manager.patch("webhooks/settings", json={"url": "https://no-such-name.invalid/"}),
        await manager.post("webhooks/test"),
        await manager.get("webhooks/deliveries"),
        await manager.post(f"webhooks/deliveries/{NOBODY}/retry"),
    ):
        assert refusal(answer) == (403, "TIER_REQUIRED")
        assert answer.json()["tier_required"] == "pro"
    assert refusal(await manager.patch("webhooks/settings", json={"url": "ftp://x"})) == (422, "ADDRESS_REFUSED")
    await voices.visited(place.member, place.lounge, timedelta(minutes=1))
    await manager.patch("subscription", json={"tier": "pro"})
    await served.house.courier.work_off()
    assert server.arrived == []
    (dropped,) = await log(manager)
    assert (dropped["status"], dropped["last_error"]) == ("failed", "The guild went to the free tier")
    assert (await manager.get("webhooks/settings")).json()["enabled"]
    await voices.visited(place.member, place.lounge, timedelta(minutes=1))
    await served.house.courier.work_off()
    assert len(server.arrived) == 1


@pytest.mark.parametrize(
    "url",
    ["https://127.0.0.1/", "https://localhost/", "https://[::1]/", "https://2130706433/", "http://example.org/"],
)
async def test_addresses_within_are_refused_when_they_are_saved(manager: httpx.AsyncClient, url: str) -> None:
    answer = await manager.patch("webhooks/settings", json={"url": url, "enabled": True})
    assert refusal(answer) == (422, "ADDRESS_REFUSED")
    assert answer.json()["field"] == "url"


async def test_a_secret_that_cannot_be_read_any_more_is_told_and_does_not_stop_others(
    served: Served, manager: httpx.AsyncClient, server: Receiver, place: Place
) -> None:
    await listen(manager, server)
    async with served.house.database.write() as tx:
        await tx.run(command(update(attendance_webhooks).values(secret="g1.00000000.nothing")))
    told = (await manager.post("webhooks/test")).json()
    assert (told["status"], told["last_error"]) == ("failed", "The secret cannot be read here any more; rotate it")
    await manager.patch("webhooks/settings", json={"rotate_secret": True})
    assert (await manager.post("webhooks/test")).json()["status"] == "failed", "the old one signs for a day more"


def _read(arrived: Arrived) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(arrived.body)
    return told
