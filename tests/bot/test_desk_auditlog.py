"""Discord's audit log in the log channel: what people do there is told once each, in order, whatever dies."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from guildhall.core import leases
from guildhall.core.clock import SystemClock
from guildhall.core.crypto import SecretBox
from guildhall.core.db import command, open_database
from guildhall.core.jobs import JobContext
from guildhall.domains import bans, site
from guildhall.domains.bans import Ban
from guildhall.domains.bans.reading import reader_of
from guildhall.domains.bot import Phase
from guildhall.domains.site import Configuration
from guildhall.domains.tickets import guildlog
from guildhall.simulator.discord import DiscordSimulator, Fault, auditing
from guildhall.simulator.discord.auditing import Deed
from guildhall.simulator.discord.state import Message
from tests.bot.conftest import OPERATOR, Scene, until
from tests.bot.front import ROSA, Front
from tests.faults.server_process import ServerProcess

OWNER, STEWARD = "mara", "tobias.k"
FREE = command(leases.leases.delete().where(leases.leases.c.name == "bot"))
VIEW_AUDIT_LOG = 1 << 7


async def acts(
    discord: DiscordSimulator, method: str, path: str, reason: str = "", *, by: str = OWNER, **body: object
) -> Any:  # noqa: ANN401 (any JSON)
    """Let somebody do something, as their client asks for it."""
    person = next(each.id for each in discord.world.users.values() if each.username == by)
    headers = {"X-Audit-Log-Reason": reason} if reason else {}
    async with httpx.AsyncClient() as client:
        place = f"{discord.address}/_sim/as/{person}{path}"
        answer = await client.request(method, place, json=body or None, headers=headers)
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


def log_channel(discord: DiscordSimulator) -> str:
    return next(each.id for each in discord.guild.channels.values() if each.name == "staff")


def posts(discord: DiscordSimulator) -> list[Message]:
    """What the bot has said in the log channel."""
    return list(discord.guild.channels[log_channel(discord)].messages.values())


def roles_told(discord: DiscordSimulator) -> list[str]:
    """The names of the roles that the log channel has told of, in the order in which it did."""
    described = [str(each.embeds[0]["description"]) for each in posts(discord)]
    lines = [line for text in described for line in text.splitlines()]
    return [line.removeprefix("**About** @") for line in lines if line.startswith("**About** @")]


class Watched:
    """A server whose audit log is told in its channel for staff."""

    def __init__(self, scene: Scene) -> None:
        self.front = Front(scene)
        self.scene = scene
        self.discord = scene.discord
        self.guild = scene.discord.guild

    async def does(self, method: str, path: str, reason: str = "", **more: Any) -> Any:  # noqa: ANN401 (any JSON)
        return await acts(self.discord, method, path, reason, **more)

    async def makes_roles(self, *names: str) -> None:
        for each in names:
            await self.does("POST", f"/guilds/{self.guild.id}/roles", name=each)

    async def tells_of(self, *names: str) -> None:
        """Wait until the log channel has told of these roles, and of nothing else."""
        await self.front.comes(lambda: roles_told(self.discord), list(names))

    def titles(self) -> list[str]:
        return [str(each.embeds[0].get("title", "")) for each in posts(self.discord)]

    async def begins(self, **more: object) -> None:
        """Switch it on, and wait until it is so."""
        where = {"bot__logs_channel_id": log_channel(self.discord)}
        await self.front.configure(bot__enable_logs=True, bot__enable_discord_logs=True, **where, **more)
        await self.has_begun()

    async def has_begun(self, *, begun: bool = True) -> None:
        async def so() -> bool:
            async with self.scene.house.database.read() as tx:
                return (await guildlog.cursor_of(tx, int(self.guild.id)) is not None) is begun

        await until(so)

    def may_read_the_log(self, *, may: bool) -> None:
        own = next(each for each in self.guild.roles.values() if each.bot_id is not None)
        own.permissions = own.permissions | VIEW_AUDIT_LOG if may else own.permissions & ~VIEW_AUDIT_LOG


@asynccontextmanager
async def watching(scenes: Callable[..., Any]) -> AsyncIterator[Watched]:
    """Run a process whose bot is connected."""
    async with scenes() as scene:
        await scene.comes_to(Phase.CONNECTED)
        yield Watched(scene)


@pytest.fixture
async def watched(scenes: Callable[..., Any]) -> AsyncIterator[Watched]:
    """A server where something has happened before anybody wanted to be told."""
    async with watching(scenes) as watched:
        await watched.makes_roles("Before")
        yield watched


async def test_what_people_do_is_told_readably_and_nothing_of_before_or_of_the_bot_itself(watched: Watched) -> None:
    guild, discord = watched.guild, watched.discord
    await watched.begins(language__default_language="de")
    general, rosa = watched.scene.channel("general"), watched.scene.person(ROSA)
    mara, tobias = watched.scene.person(OWNER), watched.scene.person(STEWARD)
    role = await watched.does("POST", f"/guilds/{guild.id}/roles", name="C*ok", permissions="0")
    await watched.does("PATCH", f"/channels/{general}", topic="@everyone <@&1>")
    # The bot makes the channel of a ticket, which is not told, and the line about the ticket keeps its place.
    await watched.front.writes("Hello?", "pavel_n")
    await watched.front.comes(watched.titles, ["Rolle angelegt", "Kanal geändert", ""])
    await watched.does("PATCH", f"/guilds/{guild.id}/roles/{role['id']}", permissions="8192", color=255, hoist=True)
    await watched.does("PUT", f"/guilds/{guild.id}/bans/{rosa}", "sp%C3%A4m", by=STEWARD)
    await watched.front.comes(
        watched.titles, ["Rolle angelegt", "Kanal geändert", "", "Rolle geändert", "Mitglied gebannt"]
    )
    texts = [str(each.embeds[0]["description"]).splitlines()[:-1] for each in posts(discord)]
    assert texts[0] == [f"**Von** Mara Lindqvist (<@{mara}>)", "**Betrifft** @C\\*ok"]
    assert texts[1][2:] == ["• Thema: @everyone <@&1>"]
    assert texts[3][2:] == ["• Rechte: + manage messages", "• Farbe: #000000 → #0000ff", "• Eigens angezeigt: ✕ → ✓"]
    assert texts[4] == [f"**Von** Tobias (<@{tobias}>)", f"**Betrifft** Rosa (<@{rosa}>)", "**Grund** späm"]
    assert not any(each.mentions or each.mention_roles or each.mention_everyone for each in posts(discord))


async def test_only_the_wanted_actions_are_told_and_nothing_that_happens_while_it_is_switched_off(
    watched: Watched,
) -> None:
    await watched.begins(logs__audit_log_actions=["ROLE_CREATE"])
    await watched.does("PATCH", f"/channels/{watched.scene.channel('general')}", topic="Unwanted")
    await watched.makes_roles("First")
    await watched.tells_of("First")
    await watched.front.configure(bot__enable_discord_logs=False)
    await watched.has_begun(begun=False)
    await watched.makes_roles("Unseen")
    await watched.begins()
    await watched.makes_roles("Second")
    await watched.tells_of("First", "Second")


async def test_what_happens_while_nobody_listens_is_told_in_order_and_once_also_in_a_new_session(
    scenes: Callable[..., Any], discord: DiscordSimulator
) -> None:
    missed = [f"Missed {number}" for number in range(230)]
    async with watching(scenes) as watched:
        await watched.begins()
        await watched.makes_roles("First")
        await watched.tells_of("First")
    mara = discord.world.users[discord.guild.owner_id]
    for each in missed:
        # Values of a form that nobody knows yet hold up nothing.
        changes = auditing.changed({}, {"name": each, "permissions": "many", "new": [{"a": 1}]})
        auditing.note(discord.world, discord.guild, mara, Deed.ROLE_CREATE, "1", changes=changes)
    async with watching(scenes) as watched:
        await watched.tells_of("First", *missed)
        # The library makes nothing of this one.
        odd = auditing.changed({}, {"name": "Odd", "permissions": "many"})
        auditing.note(discord.world, discord.guild, mara, Deed.ROLE_CREATE, "1", changes=odd)
        missed.append("Odd")
        await watched.tells_of("First", *missed)
        # A connection that is lost and resumed has its events told again; a session that ends has them lost.
        discord.gateway.drop(4000)
        await watched.makes_roles("Resumed")
        await watched.tells_of("First", *missed, "Resumed")
        discord.gateway.invalidate()
        discord.gateway.drop(4000)
        await watched.makes_roles("Between")
        await watched.front.comes(lambda: discord.gateway.identified, 3)
        await watched.makes_roles("After")
        await watched.tells_of("First", *missed, "Resumed", "Between", "After")


async def test_a_log_that_is_closed_to_the_bot_is_told_from_the_moment_that_it_is_opened(watched: Watched) -> None:
    watched.may_read_the_log(may=False)
    await watched.front.configure(
        bot__enable_logs=True, bot__enable_discord_logs=True, bot__logs_channel_id=log_channel(watched.discord)
    )
    await watched.makes_roles("Unseen")
    assert watched.scene.supervisor.bot is not None
    logs = watched.scene.supervisor.bot.guild_logs
    # That it has tried shows nowhere else.
    await watched.front.comes(lambda: logs._known[0] and not logs._lanes.busy, wanted=True)
    watched.may_read_the_log(may=True)
    await watched.makes_roles("Seen")
    await watched.tells_of("Seen")


async def test_a_server_that_is_killed_again_and_again_loses_and_doubles_nothing(
    discord: DiscordSimulator, sqlite_database_url: str, tmp_path: Path
) -> None:
    database, now = await open_database(sqlite_database_url), SystemClock().now()
    wanted = {"enable_logs": True, "enable_discord_logs": True, "logs_channel_id": log_channel(discord)}
    here = Configuration(database, SecretBox("a key that is for tests only", "configuration"), fixed={})
    async with database.write() as tx:
        changes = {f"bot.{name}": value for name, value in wanted.items()}
        await site.change_configuration(tx, OPERATOR, changes, site=here, now=now)
        await guildlog.begin_log(tx, int(discord.guild.id), after=0)
    server = ServerProcess(sqlite_database_url, tmp_path, **discord.settings)
    made: list[str] = []

    async def make_roles() -> None:
        for number in range(60):
            made.append(f"Role {number}")
            await acts(discord, "POST", f"/guilds/{discord.guild.id}/roles", name=made[-1])
            await asyncio.sleep(random.uniform(0, 0.1))  # People do one thing after another; nothing waits for this.

    try:
        for _ in range(2):
            server.launch()
            await asyncio.to_thread(server.come_up)
            before, making = len(posts(discord)), asyncio.create_task(make_roles())
            await discord.world.until(lambda: len(posts(discord)) > before + random.randrange(20), within=30)  # noqa: B023 (it is awaited here)
            server.kill()
            await making
            async with database.write() as tx:
                await tx.run(FREE)
        server.launch()
        assert await discord.world.until(lambda: len(posts(discord)) >= len(made), within=60)
        server.stop()
    finally:
        server.stop()
        await database.close()
    assert roles_told(discord) == made


def says(scene: Scene, username: str) -> dict[str, str]:
    """Something that somebody writes where everybody does."""
    return {"channel_id": scene.channel("general"), "author_id": scene.person(username), "content": "Hello"}


async def test_a_ban_is_kept_with_the_names_and_roles_that_somebody_had_whatever_comes_first(watched: Watched) -> None:
    scene, guild, discord = watched.scene, watched.guild, watched.discord
    host = next(each.id for each in guild.roles.values() if each.name == "Host")
    await watched.does("PUT", f"/guilds/{guild.id}/members/{scene.person(ROSA)}/roles/{host}")
    await watched.does("PATCH", f"/guilds/{guild.id}/members/{scene.person(ROSA)}", nick="Rosie")
    await watched.front.steer("POST", "/messages", **says(scene, ROSA))
    scene.clock.set(discord.world.now())
    assert scene.supervisor.bot is not None
    places = scene.supervisor.bot.bans._places
    await watched.front.comes(lambda: len(places) >= len(guild.members), wanted=True)

    async def known() -> dict[str, Ban]:
        async with scene.house.database.read() as tx:
            return {each.username: each for each in await bans.list_bans(tx)}

    async def read_log() -> None:
        context = JobContext("read", 1, scene.house.database, scene.clock)
        await reader_of(scene.house.ban_log, lambda: [int(guild.id)])(context)

    async def sees(username: str) -> None:
        async def so() -> bool:
            found = (await known()).get(username)
            return found is not None and found.roles is not None

        await until(so)

    # Seen before the log is read.
    await watched.does("PUT", f"/guilds/{guild.id}/bans/{scene.person(ROSA)}", "spam", by=STEWARD)
    await sees(ROSA)
    assert ((await known())[ROSA].reason, (await known())[ROSA].banned_by_name) == (None, None)
    for _ in range(2):
        await read_log()
    rosa = (await known())[ROSA]
    assert (rosa.reason, rosa.banned_by_name, rosa.nickname, rosa.roles) == ("spam", STEWARD, "Rosie", ["Host"])
    assert rosa.joined_at is not None
    # Read before it is seen: the gateway is away for a while.
    discord.faults.add(Fault(path="/gateway", status=503), times=1000)
    discord.gateway.drop(4000)
    await watched.does("PUT", f"/guilds/{guild.id}/bans/{scene.person('pavel_n')}", "rude", by=STEWARD)
    await read_log()
    assert (await known())["pavel_n"].roles is None
    discord.faults.clear()
    await sees("pavel_n")
    assert ((await known())["pavel_n"].roles, (await known())["pavel_n"].reason) == ([], "rude")
    # Whoever left long before had no roles any more.
    await scene.steer("DELETE", f"/guilds/{guild.id}/members/{scene.person('juniper')}")
    await watched.front.comes(
        lambda: places[int(guild.id), int(scene.person("juniper"))].left_at is not None, wanted=True
    )
    scene.clock.advance(timedelta(minutes=2))
    await watched.does("PUT", f"/guilds/{guild.id}/bans/{scene.person('juniper')}", by=OWNER)
    await sees("juniper")
    assert ((await known())["juniper"].roles, (await known())["juniper"].joined_at) == ([], None)
    # Where the log is closed to the bot.
    watched.may_read_the_log(may=False)
    scene.clock.advance(timedelta(days=1))
    await watched.does("PUT", f"/guilds/{guild.id}/bans/{scene.person('hana.sato')}", by=OWNER)
    await sees("hana.sato")
    assert set(await known()) == {ROSA, "pavel_n", "juniper", "hana.sato"}
    assert ((await known())["hana.sato"].roles, (await known())["hana.sato"].reason) == (["Regular"], None)
