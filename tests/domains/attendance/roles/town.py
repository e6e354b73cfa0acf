"""A guild of the simulator with rules: people spend time in voice, rules are judged, and Discord is told."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from guildhall.adapters.discord_rest import DiscordRest
from guildhall.core.cache import LocalCache
from guildhall.core.db import Database
from guildhall.domains.attendance import roles
from guildhall.domains.attendance.roles import Rule, Standing, Terms
from guildhall.domains.attendance.roles.models import EVERYBODY, Grant
from guildhall.domains.attendance.roles.queries import GRANTS
from guildhall.simulator.discord import DiscordSimulator
from tests.domains.attendance.guild import HALL, MANAGER, Guild


class GuildClock:
    """The time of a guild, for whoever asks for a clock."""

    def __init__(self) -> None:
        self.guild: Guild | None = None

    def now(self) -> datetime:
        assert self.guild is not None
        return self.guild.now


@dataclass
class Town:
    """One guild, in Discord and in the house."""

    discord: DiscordSimulator
    guild: Guild
    desk: DiscordRest
    client: httpx.AsyncClient
    clock: GuildClock

    @property
    def database(self) -> Database:
        return self.guild.database

    @property
    def guild_id(self) -> int:
        return self.guild.guild_id

    def person(self, username: str) -> int:
        return next(int(each.id) for each in self.discord.world.users.values() if each.username == username)

    def role(self, name: str) -> int:
        return next(int(each.id) for each in self.discord.guild.roles.values() if each.name == name)

    @asynccontextmanager
    async def desk_that(self, **hooks: Callable[..., Awaitable[None]]) -> AsyncIterator[DiscordRest]:
        """Open another desk, which does something at each request or response."""
        told: dict[str, list[Any]] = {name: [hook] for name, hook in hooks.items()}
        async with httpx.AsyncClient(event_hooks=told) as client:
            yield DiscordRest(lambda: self.discord.token, base=self.discord.api_base, client=client, cache=LocalCache())

    async def standing(self) -> Standing:
        await self.desk.forget(self.guild_id)
        return await roles.standing_of(self.desk, self.guild_id)

    async def put(self, role: str, min_seconds: int, rule_id: str | None = None, **terms: Any) -> Rule:  # noqa: ANN401 (terms of a rule)
        """Write a rule."""
        asked = Terms(role_id=self.role(role), min_seconds=min_seconds, **terms)
        standing = await self.standing()
        async with self.database.write() as tx:
            return await roles.put_rule(
                tx,
                MANAGER,
                guild_id=self.guild_id,
                terms=asked,
                rule_id=rule_id,
                standing=standing,
                now=self.guild.now,
            )

    async def visit(self, username: str, seconds: float) -> None:
        """Somebody spends some seconds in voice, from now on."""
        await self.guild.voice(self.guild.at, self.person(username), HALL)
        await self.guild.voice(self.guild.at + seconds, self.person(username), None)

    async def judge(self, *usernames: str) -> None:
        """Let rules be judged for these people, or for everybody."""
        people = [self.person(each) for each in usernames] or [EVERYBODY]
        async with self.database.write() as tx:
            await roles.judge(tx, guild_id=self.guild_id, people=people, now=self.guild.now)

    async def run(self) -> None:
        """Do what the jobs do: judge who is marked, then tell Discord what follows."""
        await self.desk.forget(self.guild_id)
        await roles.run_roles(self.database, self.desk, guild_id=self.guild_id, now=self.guild.now)
        await roles.give_roles(self.database, self.desk, self.clock, guild_id=self.guild_id)

    async def state(self) -> dict[str, Any]:
        """Return the guild as the simulator's control side shows it."""
        answer = await self.client.get(f"{self.discord.address}/_sim/state")
        return next(each for each in answer.json()["guilds"] if each["id"] == self.discord.guild.id)

    async def holders(self, role: str) -> set[str]:
        """Return who has a role in Discord, by name."""
        role_id = str(self.role(role))
        return {each["user"]["username"] for each in (await self.state())["members"] if role_id in each["roles"]}

    async def told(self) -> int:
        """Return how often Discord was told of a role."""
        return sum(each["action_type"] == 25 for each in (await self.state())["audit_log"])

    async def grants(self) -> dict[tuple[str, str], Grant]:
        """Return what the house knows, by names of person and role."""
        people = {int(each.id): each.username for each in self.discord.world.users.values()}
        names = {int(each.id): each.name for each in self.discord.guild.roles.values()}
        async with self.database.read() as tx:
            found = await tx.all(GRANTS, guild_id=self.guild_id)
        return {(people[each.user_id], names.get(each.role_id, "gone")): each for each in found}

    async def steer(self, method: str, path: str, **body: object) -> None:
        """Let something happen in Discord."""
        answer = await self.client.request(method, f"{self.discord.address}/_sim{path}", json=body)
        assert answer.is_success, answer.text

    async def wears(self, username: str, *names: str) -> None:
        """Somebody in Discord gives a member exactly these roles, or lets them in again with these."""
        where = f"/guilds/{self.guild_id}/members/{self.person(username)}"
        await self.steer("PUT", where, roles=[str(self.role(each)) for each in names])

    async def leaves(self, username: str) -> None:
        await self.steer("DELETE", f"/guilds/{self.guild_id}/members/{self.person(username)}")
