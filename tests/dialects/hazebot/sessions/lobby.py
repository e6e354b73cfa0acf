"""People at the way in: with accounts of the environment, and from Discord."""

from contextlib import AsyncExitStack
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import httpx

from guildhall.server import ensure_administrator, keep_accounts
from guildhall.simulator.discord import DiscordSimulator, people
from tests.clock import SettableClock
from tests.serving import Served

ACCOUNTS = {
    "API_ADMIN_USER": "admin",
    "API_ADMIN_PASS": "your-password",
    "API_EXTRA_USERS": "user1:pass1,user2:pass:2",
    "API_EXTRA_USERS_ROLES": "user2=lootling",
}
MODERATORS = "Steward"
CALLBACK = "/api/discord/callback"
PATIENCE = 30.0


class Lobby:
    """Who comes to the way in."""

    def __init__(self, served: Served, discord: DiscordSimulator, clock: SettableClock) -> None:
        self.served, self.discord, self.clock = served, discord, clock
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await ensure_administrator(self.served.house, lambda _: None)
        await keep_accounts(self.served.house)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def client(self, token: str = "", **headers: str) -> httpx.AsyncClient:
        """Return a client that sends this token."""
        sent = {**({"Authorization": f"Bearer {token}"} if token else {}), **headers}
        return await self._stack.enter_async_context(self.served.client(headers=sent, timeout=PATIENCE))

    async def enters(self, name: str, password: str) -> tuple[httpx.AsyncClient, dict[str, Any]]:
        """Sign somebody in, and return their client with what they were told."""
        answer = await (await self.client()).post("/api/auth/login", json={"username": name, "password": password})
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return await self.client(told["token"]), told

    def id_of(self, username: str) -> str:
        """Return the id by which Discord knows somebody."""
        return next(each.id for each in self.discord.world.users.values() if each.username == username)

    def give_roles(self, username: str, *names: str) -> None:
        """Let somebody be on the server with these roles and no others."""
        roles = [each.id for each in self.discord.guild.roles.values() if each.name in names]
        people.join(self.discord.world, self.discord.guild, self.discord.world.users[self.id_of(username)], roles)

    def leave(self, username: str) -> None:
        """Let somebody leave the server."""
        people.leave(self.discord.world, self.discord.guild, self.discord.guild.members[self.id_of(username)])

    async def sent_out(self, browser: httpx.AsyncClient, **asked: str) -> dict[str, str]:
        """Begin a login, and return what Discord's page is asked."""
        answer = await browser.get("/api/discord/auth", params=asked)
        assert answer.status_code == 200, answer.text
        return dict(parse_qsl(urlsplit(answer.json()["auth_url"]).query))

    async def brought_back(self, question: dict[str, str], username: str | None) -> str:
        """Answer on Discord's page as somebody, or say no; return where the browser is sent then."""
        answer = {"user_id": self.id_of(username)} if username else {"cancel": "1"}
        async with httpx.AsyncClient() as client:
            sent = await client.post(f"{self.discord.api_base}/oauth2/authorize", data={**question, **answer})
        location = urlsplit(sent.headers["location"])
        assert location.path == CALLBACK, sent.text
        return f"{location.path}?{location.query}"


def token_in(location: str) -> str:
    """Return the token that an address goes on with."""
    return dict(parse_qsl(urlsplit(location).query))["token"]


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Return status and code of a refusal."""
    return answer.status_code, answer.json()["code"]
