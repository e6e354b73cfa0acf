"""The samples of the reference, sent as they are written and answered as they show."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest

from guildhall.simulator.discord import DiscordSimulator
from tests.clock import SettableClock
from tests.dialects.attendance.asking import PASSPHRASE, WEBHOOK_SECRET, Place, Voices, token
from tests.serving import Served

FAIRNESS = """{
"pause_on_mute": false,
"pause_on_deafen": false,
"pause_when_solo": false,
"min_session_seconds": 0
}"""
"""The one body that the reference shows."""


@dataclass(frozen=True)
class Sample:
    """One call of the reference.

    `path` has braces where the reference has a placeholder, and names a query where it does. `body` is as the reference
    writes it; where it shows none but one is needed, the least one.
    """

    method: str
    path: str
    body: str | None = None


HEALTH = Sample("GET", "/health")
VERIFY_SESSION = Sample("GET", "/verify/session/{session_id}")
VERIFY_PERIOD = Sample("GET", "/verify/period/{guild_id}/{period_index}")
WEBHOOK = Sample("POST", "/webhooks/attendance", "{}")
OF_A_GUILD = (
    Sample("POST", "/signing/generate-keys", json.dumps({"passphrase": PASSPHRASE})),
    Sample("POST", "/signing/unlock", json.dumps({"passphrase": PASSPHRASE})),
    Sample("PATCH", "/tracking-mode", '{"mode": "Allowlist"}'),
    Sample("GET", "/tracked-channels"),
    Sample("POST", "/tracked-channels", '{"channel_id": "{channel_id}"}'),
    Sample("DELETE", "/tracked-channels/{channel_id}"),
    Sample("GET", "/fairness"),
    Sample("PATCH", "/fairness", FAIRNESS),
    Sample("PATCH", "/reset-interval", '{"interval": "daily"}'),
    Sample("GET", "/overview"),
    Sample("GET", "/leaderboard"),
    Sample("GET", "/stats?user_id={user_id}"),
    Sample("GET", "/channel-stats?channel_id={channel_id}"),
    Sample("GET", "/analytics/heatmap"),
    Sample("GET", "/analytics/live-occupancy"),
    Sample("POST", "/reset-now"),
    Sample("GET", "/signing/history"),
    Sample("GET", "/signing/status"),
    Sample("GET", "/signing/public-key"),
    Sample("POST", "/signing/verify-session", '{"session_id": "{session_id}"}'),
    Sample("POST", "/signing/verify-period", '{"period_index": {period_index}}'),
    Sample("GET", "/channels"),
    Sample("GET", "/bot-present"),
    Sample("GET", "/export/period/{period_index}"),
    Sample("GET", "/subscription"),
    Sample("PATCH", "/subscription", '{"tier": "pro"}'),
)
LOG_DESTINATIONS = (
    Sample("POST", "/log-destinations", '{"channel_id": "{text_channel_id}"}'),
    Sample("GET", "/log-destinations"),
    Sample("PATCH", "/log-destinations/{destination_id}/types", '{"log_type": "leaderboard", "enabled": true}'),
    Sample("PATCH", "/log-destinations/{destination_id}/frequency", '{"frequency": "daily"}'),
    Sample("DELETE", "/log-destinations/{destination_id}"),
)
VERIFIED_ROLES = (
    Sample("POST", "/verified-roles", '{"role_id": "{role_id}", "scope": "current_period", "min_seconds": 3600}'),
    Sample("GET", "/verified-roles"),
    Sample("DELETE", "/verified-roles/{rule_id}"),
)
WEBHOOKS = (
    Sample("GET", "/webhooks/settings"),
    Sample("PATCH", "/webhooks/settings", '{"enabled": false}'),
)
BASE = "/api/v1/guilds/{guild_id}"


class Caller:
    """Whoever sends samples, in nothing but the bytes that the reference shows."""

    def __init__(self, served: Served, places: Mapping[str, str], headers: tuple[str, ...]) -> None:
        self._port = int(served.url.rpartition(":")[2])
        self.places = dict(places)
        self._headers = headers

    async def send(self, sample: Sample, *headers: str, base: str = "") -> tuple[int, Any]:
        """Send a sample, and return the status and the answer."""
        path, body = self._filled(base + sample.path), self._filled(sample.body or "").encode()
        lines = [f"{sample.method} {path} HTTP/1.1", "Host: 127.0.0.1:8080", *self._headers, *headers]
        lines += ["Connection: close", *([f"Content-Length: {len(body)}"] if body else [])]
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        head, _, answer = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()
        return int(head.split()[1]), json.loads(answer)

    async def succeeds(self, sample: Sample) -> Any:  # noqa: ANN401 (JSON)
        """Send a sample about the guild, and return the answer, which is 200."""
        status, answer = await self.send(sample, base=BASE)
        assert status == 200, (sample, answer)
        return answer

    def _filled(self, text: str) -> str:
        for name, value in self.places.items():
            text = text.replace(f"{{{name}}}", value)
        return text


@pytest.fixture
async def caller(
    served: Served, manager: httpx.AsyncClient, voices: Voices, place: Place, clock: SettableClock
) -> Caller:
    """Somebody who manages a guild that tracks every channel."""
    await voices.begin()
    await manager.patch("tracking-mode", json={"mode": "All"})
    places = {
        "guild_id": place.guild,
        "user_id": place.member,
        "channel_id": place.lounge,
        "text_channel_id": place.text,
        "period_index": "1",
    }
    return Caller(served, places, (f"Authorization: Bearer {token(place.owner, place.guild, clock)}",))


async def visit(caller: Caller, manager: httpx.AsyncClient, voices: Voices) -> None:
    """Let somebody come and go; the caller knows their session then."""
    await voices.visited(caller.places["user_id"], caller.places["channel_id"], timedelta(minutes=20))
    caller.places["session_id"] = (await manager.get("sessions")).json()["sessions"][0]["session_id"]


async def test_every_request_of_the_reference_about_a_guild_succeeds(
    caller: Caller, manager: httpx.AsyncClient, voices: Voices
) -> None:
    generate, *others = OF_A_GUILD
    answers = {"": await caller.succeeds(generate)}
    await visit(caller, manager, voices)
    for sample in others:
        answers[f"{sample.method} {sample.path}"] = await caller.succeeds(sample)
        await voices.passes(timedelta(seconds=1))
    assert answers["PATCH /fairness"] == json.loads(FAIRNESS) == answers["GET /fairness"]
    assert answers["PATCH /tracking-mode"]["mode"] == "Allowlist"
    assert answers["POST /signing/verify-period"]["valid"] is True


async def test_what_the_reference_shows_to_everybody_is_answered_as_it_shows(
    served: Served, caller: Caller, manager: httpx.AsyncClient, voices: Voices
) -> None:
    await manager.post("signing/generate-keys", json={"passphrase": PASSPHRASE})
    await visit(caller, manager, voices)
    await manager.post("reset-now")
    anybody = Caller(served, caller.places, ())
    status, answer = await anybody.send(HEALTH)
    assert (status, answer["status"]) == (200, "ok")
    for sample in (VERIFY_SESSION, VERIFY_PERIOD):
        status, answer = await anybody.send(sample)
        assert (status, answer["valid"]) == (200, True)
    status, _ = await anybody.send(Sample("GET", "/verify/session/no-uuid"))
    assert status == 400
    status, answer = await anybody.send(WEBHOOK, f"x-webhook-secret: {WEBHOOK_SECRET}")
    assert (status, "error" in answer) == (501, True)


async def test_the_errors_of_the_reference_have_its_form_and_status(
    served: Served, caller: Caller, place: Place, clock: SettableClock
) -> None:
    anybody = Caller(served, caller.places, ())
    plain = Caller(served, caller.places, (f"Authorization: Bearer {token(place.member, place.guild, clock)}",))
    refused = {
        401: await anybody.send(Sample("GET", "/overview"), base=BASE),
        403: await plain.send(Sample("GET", "/overview"), base=BASE),
        404: await caller.send(Sample("DELETE", "/tracked-channels/{channel_id}"), base=BASE),
        422: await caller.send(Sample("PATCH", "/tracking-mode", '{"mode": "Sometimes"}'), base=BASE),
    }
    assert {status: found for status, (found, _) in refused.items()} == {each: each for each in refused}
    assert all(isinstance(answer["error"], str) for _, answer in refused.values())


async def test_log_destinations_succeed_as_the_reference_has_them(caller: Caller) -> None:
    add, *others = LOG_DESTINATIONS
    caller.places["destination_id"] = _id(await caller.succeeds(add))
    for sample in others:
        await caller.succeeds(sample)


async def test_verified_roles_succeed_as_the_reference_has_them(caller: Caller, discord: DiscordSimulator) -> None:
    caller.places["role_id"] = next(each.id for each in discord.guild.roles.values() if each.name == "Regular")
    add, *others = VERIFIED_ROLES
    caller.places["rule_id"] = _id(await caller.succeeds(add))
    for sample in others:
        await caller.succeeds(sample)


async def test_settings_of_webhooks_succeed_as_the_reference_has_them(caller: Caller) -> None:
    for sample in WEBHOOKS:
        await caller.succeeds(sample)


def _id(answer: dict[str, Any]) -> str:
    return str(answer["id"])
