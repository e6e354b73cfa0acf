"""Idempotency-Key where a change asks others first: Discord, a name server, a slow derivation, a receiver."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from hashlib import sha256
from typing import Any

import httpx
import pytest
from aiohttp import web
from sqlalchemy import select

from guildhall.core.db import query
from guildhall.core.idempotency import KeptAnswer, idempotency_keys
from guildhall.simulator.discord import DiscordSimulator
from tests.dialects.attendance.asking import PASSPHRASE, Place, Voices, refusal
from tests.services.receiver import Receiver, receiver
from tests.serving import Served

KEPT = query(KeptAnswer, select(*(idempotency_keys.c[name] for name in KeptAnswer.__struct_fields__)))


@pytest.fixture
def more_settings() -> dict[str, str]:
    return {"ATTENDANCE_WEBHOOK_ALLOW_PRIVATE": "on"}


@pytest.fixture
async def server() -> AsyncIterator[Receiver]:
    """The guild's own server."""
    async with receiver() as each:
        yield each


async def ask(manager: httpx.AsyncClient, key: str, path: str, body: object = None, method: str = "POST") -> Any:  # noqa: ANN401 (an answer's JSON)
    """Call with a key and return the answer; refuse a status that is no success."""
    answer = await manager.request(method, path, json=body, headers={"Idempotency-Key": key})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_reset_that_is_repeated_with_its_key_gets_its_answer_and_ends_nothing(
    manager: httpx.AsyncClient, place: Place, voices: Voices
) -> None:
    await voices.begin()
    await manager.patch("tracking-mode", json={"mode": "All"})
    await voices.visited(place.member, place.lounge, timedelta(minutes=1))
    first = await ask(manager, "one", "reset-now")
    assert (first["reset"], first["archived"]["period_index"]) == (True, 1)
    await voices.passes(timedelta(minutes=1))
    assert await ask(manager, "one", "reset-now") == first
    other = await manager.post("reset-now", json={"why": "another body"}, headers={"Idempotency-Key": "one"})
    assert refusal(other) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert (await manager.get("signing/history")).json()["total"] == 1

    answers = await asyncio.gather(*(ask(manager, "two", "reset-now") for _ in range(5)))
    assert answers == [answers[0]] * 5
    assert answers[0]["archived"]["period_index"] == 2
    await voices.passes(timedelta(minutes=1))
    assert (await ask(manager, "three", "reset-now"))["archived"]["period_index"] == 3
    assert (await manager.get("signing/history")).json()["total"] == 3


async def test_whatever_is_made_with_a_key_is_made_once_and_shown_again(
    served: Served, manager: httpx.AsyncClient, place: Place, discord: DiscordSimulator, server: Receiver
) -> None:
    role = next(each.id for each in discord.guild.roles.values() if each.name == "Regular")
    calls: tuple[tuple[str, str, dict[str, object], dict[str, object]], ...] = (
        ("POST", "tracked-channels", {"channel_id": place.lounge}, {"channel_id": place.workshop}),
        ("POST", "log-destinations", {"channel_id": place.text}, {"channel_id": place.text, "frequency": "daily"}),
        ("POST", "verified-roles", {"role_id": role, "min_seconds": 60}, {"role_id": role, "min_seconds": 61}),
        ("POST", "signing/generate-keys", {"passphrase": PASSPHRASE}, {"passphrase": f"{PASSPHRASE}!"}),
        ("POST", "signing/rotate-keys", {"passphrase": PASSPHRASE}, {"passphrase": f"{PASSPHRASE}!"}),
        ("PATCH", "webhooks/settings", {"url": server.url, "enabled": True}, {"url": server.url, "enabled": False}),
        ("PATCH", "webhooks/settings", {"rotate_secret": True}, {"rotate_secret": True, "enabled": True}),
    )
    first = [await ask(manager, f"{number}", path, body, verb) for number, (verb, path, body, _) in enumerate(calls)]
    (destination,) = (await manager.get("log-destinations")).json()["destinations"]
    await manager.delete(f"tracked-channels/{place.lounge}")
    await manager.delete(f"log-destinations/{destination['id']}")

    again = [await ask(manager, f"{number}", path, body, verb) for number, (verb, path, body, _) in enumerate(calls)]
    assert again == first
    assert again[-1]["secret"] != again[-2]["secret"]
    for number, (verb, path, _, body) in enumerate(calls):
        other = await manager.request(verb, path, json=body, headers={"Idempotency-Key": f"{number}"})
        assert refusal(other) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert (await manager.get("tracked-channels")).json()["channels"] == []
    assert (await manager.get("log-destinations")).json()["destinations"] == []
    assert len((await manager.get("signing/public-key")).json()["keys"]) == 2
    async with served.house.database.read() as tx:
        prints = {each.fingerprint for each in await tx.all(KEPT)}
    assert len(prints) == len(calls) - 1  # To make a key and to rotate it take the same body.
    # A passphrase must not be found by trying guesses on what is kept of its call.
    assert sha256(json.dumps({"passphrase": PASSPHRASE}, separators=(",", ":")).encode()).hexdigest() not in prints


async def test_a_destination_is_changed_once_by_each_key(manager: httpx.AsyncClient, place: Place) -> None:
    made = await ask(manager, "made", "log-destinations", {"channel_id": place.text})
    path = f"log-destinations/{made['id']}"
    for part, body, back in (
        ("types", {"log_type": "settings", "enabled": True}, {"log_type": "settings", "enabled": False}),
        ("frequency", {"frequency": "hourly"}, {"frequency": "off"}),
    ):
        first = await ask(manager, part, f"{path}/{part}", body, "PATCH")
        await manager.patch(f"{path}/{part}", json=back)
        assert await ask(manager, part, f"{path}/{part}", body, "PATCH") == first
    assert (await manager.get("log-destinations")).json()["destinations"] == [made]


async def test_a_test_of_the_webhook_goes_out_once_for_each_key(manager: httpx.AsyncClient, server: Receiver) -> None:
    await manager.patch("webhooks/settings", json={"url": server.url, "enabled": True})
    answers = asyncio.Event()

    async def answer(_: web.Request) -> web.Response:
        await answers.wait()
        return web.Response(status=204)

    server.answer = answer
    first = asyncio.create_task(ask(manager, "one", "webhooks/test"))
    await server.until(1)
    meanwhile = await ask(manager, "one", "webhooks/test")
    assert (meanwhile["status"], meanwhile["attempts"]) == ("pending", 1)
    answers.set()
    settled = await first
    assert (settled["id"], settled["status"], settled["attempts"]) == (meanwhile["id"], "delivered", 1)
    assert await ask(manager, "one", "webhooks/test") == settled
    assert len(server.arrived) == 1
    await ask(manager, "two", "webhooks/test")
    assert len(server.arrived) == 2
