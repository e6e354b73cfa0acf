"""Push channels: whoever watches a calendar is told, by a POST without a body, that something there changed."""

import asyncio
import contextlib
import re
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx

from guildhall.core.clock import Clock
from guildhall.simulator.google_calendar.faults import Refused, invalid, not_found, required

CHANNEL_ID = re.compile(r"[A-Za-z0-9\-_+/=]{1,64}")
LONGEST_TOKEN = 256
USUAL_LIFE = timedelta(days=7)


@dataclass(frozen=True)
class Channel:
    """Who wants to know about a calendar. `messages` counts those sent."""

    id: str
    token: str
    address: str
    resource_id: str
    resource_uri: str
    until: datetime
    messages: int = 0


class Channels:
    """The open channels, and the messages on their way."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: dict[str, Channel] = {}
        self._underway: set[asyncio.Task[None]] = set()
        self._client = httpx.AsyncClient(timeout=10)

    def watch(self, resource_uri: str, body: dict[str, Any]) -> dict[str, object]:
        """Open a channel, and tell it so with a first message. Raises Refused."""
        channel = self._read(resource_uri, body)
        self._open[channel.id] = channel
        self._send(channel, "sync")
        return {
            "kind": "api#channel",
            "id": channel.id,
            "resourceId": channel.resource_id,
            "resourceUri": channel.resource_uri,
            **({"token": channel.token} if channel.token else {}),
            "expiration": str(int(channel.until.timestamp() * 1000)),
        }

    def stop(self, body: dict[str, Any]) -> None:
        """Close a channel. Raises Refused with 404."""
        channel = self._open.get(str(body.get("id")))
        if channel is None or channel.resource_id != body.get("resourceId"):
            raise not_found()
        del self._open[channel.id]

    def tell(self, resource_uri: str) -> None:
        """Tell everybody who watches it that something changed."""
        for channel in list(self._open.values()):
            if channel.resource_uri == resource_uri and channel.until > self._clock.now():
                self._send(channel, "exists")

    async def delivered(self) -> None:
        """Return once no message is on its way."""
        while self._underway:
            await asyncio.gather(*self._underway)

    async def close(self) -> None:
        """Let what is on its way arrive, and close."""
        await self.delivered()
        await self._client.aclose()

    def _read(self, resource_uri: str, body: dict[str, Any]) -> Channel:
        channel_id, token, address = (str(body.get(name) or "") for name in ("id", "token", "address"))
        for name in ("id", "type", "address"):
            if not body.get(name):
                raise required(f"Missing required field: {name}")
        if body["type"] not in ("web_hook", "webhook"):
            raise invalid("Unknown channel type.")
        if not CHANNEL_ID.fullmatch(channel_id) or len(token) > LONGEST_TOKEN:
            raise invalid("Invalid value for: channel")
        if channel_id in self._open:
            raise Refused(400, "channelIdNotUnique", f"Channel id {channel_id} not unique")
        # Google insists on HTTPS; on the machine of a developer there is none.
        if not re.match(r"https://|http://(127\.0\.0\.1|localhost)[:/]", address):
            raise Refused(400, "push.webhookUrlNotHttps", f"WebHook callback must be HTTPS: {address}")
        until = self._clock.now() + USUAL_LIFE
        if str(body.get("expiration") or "").isdecimal():
            until = min(until, datetime.fromtimestamp(int(body["expiration"]) / 1000, until.tzinfo))
        return Channel(channel_id, token, address, secrets.token_urlsafe(18), resource_uri, until)

    def _send(self, channel: Channel, state: str) -> None:
        channel = self._open[channel.id] = replace(channel, messages=channel.messages + 1)
        headers = {
            "X-Goog-Channel-ID": channel.id,
            "X-Goog-Channel-Expiration": format_datetime(channel.until, usegmt=True),
            "X-Goog-Message-Number": str(channel.messages),
            "X-Goog-Resource-ID": channel.resource_id,
            "X-Goog-Resource-State": state,
            "X-Goog-Resource-URI": channel.resource_uri,
            **({"X-Goog-Channel-Token": channel.token} if channel.token else {}),
        }
        task = asyncio.create_task(self._post(channel.address, headers))
        self._underway.add(task)
        task.add_done_callback(self._underway.discard)

    async def _post(self, address: str, headers: dict[str, str]) -> None:
        # A message that does not arrive is lost: watching is a hint to look, and nobody may rely on it.
        with contextlib.suppress(httpx.HTTPError):
            await self._client.post(address, headers=headers)
