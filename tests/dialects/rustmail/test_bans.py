"""Bans of the guild: read from Discord's audit log, and kept."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from guildhall.adapters.discord_bans import DiscordBans
from guildhall.adapters.discord_rest import DiscordRest
from guildhall.core.cache import LocalCache
from guildhall.core.db import Database
from guildhall.core.jobs import JobContext
from guildhall.domains import bans
from guildhall.domains.bans.port import BanLogUnreadable
from guildhall.settings import Settings
from guildhall.simulator.discord import DiscordSimulator, Fault, auditing, people
from guildhall.simulator.discord.auditing import Deed
from tests.clock import SettableClock
from tests.dialects.rustmail.people import MEMBER, OTHER, OWNER, STEWARD, FrontDesk, refusal
from tests.serving import Served, serving

BANS = "/api/admin/bans"


def ban(front: FrontDesk, username: str, by: str, reason: str | None) -> None:
    """Let somebody throw somebody out."""
    world, guild = front.discord.world, front.discord.guild
    user = world.users[front.id_of(username)]
    people.ban(world, guild, user, reason)
    auditing.note(world, guild, world.users[front.id_of(by)], Deed.MEMBER_BAN_ADD, user.id, reason=reason)


@pytest.fixture
async def ban_log(discord: DiscordSimulator) -> AsyncIterator[DiscordBans]:
    """The audit log as the bot reads it."""
    async with httpx.AsyncClient() as client:
        rest = DiscordRest(lambda: discord.token, base=discord.api_base, client=client, cache=LocalCache())
        yield DiscordBans(rest)


async def read(front: FrontDesk, ban_log: bans.BanLog, clock: SettableClock) -> None:
    """Do what the house does every minute."""
    context = JobContext("read", 1, front.served.house.database, clock)
    await bans.reader_of(ban_log, lambda: [int(front.discord.guild.id)])(context)


async def test_bans_are_kept_with_who_and_why_each_once_and_for_longer_than_discord_does(
    front: FrontDesk, ban_log: DiscordBans, discord: DiscordSimulator, clock: SettableClock
) -> None:
    owner, member = await front.enters(OWNER), await front.enters(OTHER)
    ban(front, MEMBER, STEWARD, "spam")
    for _ in range(2):
        await read(front, ban_log, clock)
    (shown,) = (await owner.get(BANS)).json()
    user = discord.world.users[front.id_of(MEMBER)]
    began = shown.pop("banned_at")
    assert abs(began - discord.world.now().timestamp()) < 60
    assert shown == {
        "user_id": user.id,
        "username": MEMBER,
        "global_name": user.global_name,
        "nickname": None,
        "avatar_url": f"https://cdn.discordapp.com/avatars/{user.id}/{user.avatar}.png",
        "roles": [],
        "joined_at": None,
        "banned_by_id": front.id_of(STEWARD),
        "banned_by_name": STEWARD,
        "ban_reason": "spam",
        "roles_unknown": True,
    }
    assert refusal(await member.get(BANS)) == (403, "FORBIDDEN")
    await front.grants(owner, "view_bans", to=front.id_of(OTHER))
    assert len((await member.get(BANS)).json()) == 1
    discord.guild.audit.clear()
    for number in range(250):
        banned = discord.world.add_user(f"bot{number}")
        auditing.note(discord.world, discord.guild, discord.world.bot, Deed.MEMBER_BAN_ADD, banned.id)
    auditing.note(discord.world, discord.guild, discord.world.bot, Deed.MEMBER_BAN_ADD, "4242")
    await read(front, ban_log, clock)
    listed = [each["username"] for each in (await owner.get(BANS)).json()]
    assert listed == ["4242", *(f"bot{number}" for number in reversed(range(250))), MEMBER]


async def test_a_log_that_cannot_be_read_is_read_the_next_time(
    front: FrontDesk, ban_log: DiscordBans, discord: DiscordSimulator, clock: SettableClock
) -> None:
    owner = await front.enters(OWNER)
    ban(front, MEMBER, STEWARD, None)
    discord.faults.add(Fault(status=503))
    with pytest.raises(BanLogUnreadable):
        await ban_log.bans_after(int(discord.guild.id), 0)
    discord.faults.add(Fault(status=503))
    await read(front, ban_log, clock)
    assert (await owner.get(BANS)).json() == []
    with pytest.raises(BanLogUnreadable, match="View Audit Log"):
        await ban_log.bans_after(4242, 0)
    await read(front, ban_log, clock)
    assert [each["username"] for each in (await owner.get(BANS)).json()] == [MEMBER]


async def test_the_house_reads_the_log_by_itself(
    settings: Settings, front: FrontDesk, clock: SettableClock, database: Database
) -> None:
    ban(front, MEMBER, STEWARD, "spam")
    async with serving(settings, clock=clock, works_jobs=True) as working:
        await until_kept(working)
    async with database.read() as tx:
        assert [each.reason for each in await bans.list_bans(tx)] == ["spam"]


async def until_kept(working: Served) -> None:
    """Return once the server has read a ban."""
    async with asyncio.timeout(20):
        while True:
            async with working.house.database.read() as tx:
                if await bans.list_bans(tx):
                    return
            await asyncio.sleep(0.05)  # The pause between two looks at a condition, not a guess at a time.
