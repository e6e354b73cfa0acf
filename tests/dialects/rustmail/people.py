"""People of the simulated Discord who are signed in at the house."""

from contextlib import AsyncExitStack

import httpx

from guildhall.core.actor import SYSTEM
from guildhall.domains import identity
from guildhall.domains.identity.sessions import open_session
from guildhall.simulator.discord import DiscordSimulator, people
from tests.clock import SettableClock
from tests.serving import Served

ABOVE = {"Origin": "http://hub.test", "Sec-Fetch-Site": "same-origin"}
"""What browsers say of a page of our own."""

PATIENCE = 30.0
"""Seconds that a browser waits: the bot has ten to do as it is told, and a busy machine needs more."""

OWNER, STEWARD, MEMBER, OTHER = "mara", "tobias.k", "rosa.m", "wouter"


class FrontDesk:
    """Who comes to the desk."""

    def __init__(self, served: Served, discord: DiscordSimulator, clock: SettableClock, stack: AsyncExitStack) -> None:
        self.served, self.discord, self._clock, self._stack = served, discord, clock, stack

    def id_of(self, username: str) -> str:
        """Return the id by which Discord knows somebody."""
        return next(each.id for each in self.discord.world.users.values() if each.username == username)

    def role(self, name: str) -> str:
        """Return the id of a role."""
        return next(each.id for each in self.discord.guild.roles.values() if each.name == name)

    def give_roles(self, username: str, *names: str) -> None:
        """Let somebody on Discord have these roles and no others."""
        user = self.discord.world.users[self.id_of(username)]
        people.join(self.discord.world, self.discord.guild, user, [self.role(each) for each in names])

    async def cookie_of(self, username: str, *roles: str, linked: bool = True) -> str:
        """Make a person of the house with these roles and a session, and return its cookie."""
        now = self._clock.now()
        async with self.served.house.database.write() as tx:
            user = await identity.create_person(
                tx, SYSTEM, sign_in_name=username, password_hash="x", email=None, roles=list(roles), now=now
            )
            if linked:
                external = self.id_of(username)
                await identity.link_identity(tx, SYSTEM, user, provider="discord", external_id=external, now=now)
            _, token = await open_session(tx, user, ip=None, user_agent=None, now=now)
        return token

    async def opened(self, cookie: str = "", **headers: str) -> httpx.AsyncClient:
        """Return the browser with a session's cookie."""
        sent = {**({"Cookie": f"session_id={cookie}"} if cookie else {}), **headers}
        return await self._stack.enter_async_context(self.served.client(headers=sent, timeout=PATIENCE))

    async def enters(self, username: str, *roles: str, linked: bool = True) -> httpx.AsyncClient:
        """Return the browser of somebody who signs in for the first time."""
        return await self.opened(await self.cookie_of(username, *roles, linked=linked))

    async def grants(self, client: httpx.AsyncClient, permission: str, *, to: str, kind: str = "user") -> int:
        """Give a permission to a user or role by its id, and return the grant's number."""
        body = {"subject_type": kind, "subject_id": to, "permission": permission}
        answer = await client.post("/api/admin/permissions", json=body)
        assert answer.status_code == 200, answer.text
        return int(answer.json()["id"])


async def held_by(client: httpx.AsyncClient) -> list[str]:
    """Return what somebody may do, as they are told."""
    answer = await client.get("/api/user/permissions")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["permissions"])


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Return status and code of a refusal."""
    return answer.status_code, answer.json()["code"]
