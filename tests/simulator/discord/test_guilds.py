from collections.abc import Awaitable
from datetime import timedelta

import discord
import httpx
import pytest

from guildhall.simulator.discord import DiscordSimulator
from tests.clock import SettableClock
from tests.services.discord import HastyBot
from tests.simulator.discord.conftest import Steer


async def refused(attempt: Awaitable[object]) -> int:
    """Return Discord's code for why something cannot be done."""
    with pytest.raises(discord.HTTPException) as error:
        await attempt
    return error.value.code


async def test_roles_are_made_changed_moved_given_and_removed(bot: HastyBot, guild: discord.Guild, rosa: str) -> None:
    member = guild.get_member(int(rosa))
    assert member is not None
    role = await guild.create_role(name="Cook", colour=discord.Colour(0xAA5500), hoist=True, reason="Söup night")
    (told,) = await bot.hears("guild_role_create")
    assert (told.name, told.colour.value, told.position) == ("Cook", 0xAA5500, 1)
    await role.edit(name="Chef", mentionable=True)
    await bot.hears("guild_role_update")
    await role.edit(position=2)
    assert (await guild.fetch_roles())[0].is_default()
    assert (await guild.fetch_role(role.id)).position == 2

    await member.add_roles(role, reason="Cooks well")
    _, after = await bot.hears("member_update")
    assert role in after.roles
    await member.remove_roles(role)
    await bot.hears("member_update")
    await member.edit(roles=[role], nick="Rosie")
    _, after = await bot.hears("member_update")
    assert (after.nick, after.roles[-1]) == ("Rosie", role)
    await role.delete()
    await bot.hears("guild_role_delete")
    assert (await guild.fetch_member(member.id)).roles == [guild.default_role]
    reasons = [each.reason async for each in guild.audit_logs()]
    assert {"Söup night", "Cooks well"} <= set(reasons)


async def test_nobody_rises_above_their_own_role(
    simulator: DiscordSimulator, bot: HastyBot, guild: discord.Guild, steer: Steer, rosa: str
) -> None:
    mine, owner = guild.me.top_role, guild.owner
    assert owner is not None
    member = await guild.fetch_member(int(rosa))
    above = await steer("POST", f"/guilds/{guild.id}/roles", name="Chair", permissions="8", position=mine.position + 1)
    await bot.hears("guild_role_create")
    chair = guild.get_role(int(above["id"]))
    assert chair is not None
    assert await refused(member.add_roles(chair)) == 50013
    assert await refused(chair.delete()) == 50013
    assert await refused(member.add_roles(mine)) == 50013
    assert await refused(guild.create_role(name="God", permissions=discord.Permissions.all())) == 50013
    assert await refused(owner.kick()) == 50013
    assert await refused(owner.edit(nick="Boss")) == 50013
    assert await refused(mine.delete()) == 50013
    assert await refused(guild.default_role.delete()) == 50028

    await steer("PUT", f"/guilds/{guild.id}/members/{rosa}", roles=[above["id"]])
    assert await refused(member.ban()) == 50013
    assert await refused(member.timeout(simulator.world.now() + timedelta(hours=1))) == 50013


async def test_members_are_found_silenced_thrown_out_and_let_in_again(
    simulator: DiscordSimulator, bot: HastyBot, guild: discord.Guild, steer: Steer, clock: SettableClock, rosa: str
) -> None:
    assert [each.name for each in await guild.query_members("ros", limit=5)] == ["rosa.m"]
    members = [each async for each in guild.fetch_members(limit=None)]
    assert len(members) == 14
    rosa_found = await guild.fetch_member(int(rosa))
    general = discord.utils.get(guild.text_channels, name="general")
    assert general is not None
    say = {"channel_id": str(general.id), "author_id": rosa, "content": "But"}

    await rosa_found.timeout(clock.now() + timedelta(minutes=5), reason="calm down")
    assert (await steer("POST", "/messages", refused=403, **say))["code"] == 50013
    assert await refused(rosa_found.timeout(clock.now() + timedelta(days=29))) == 50035
    await steer("POST", "/clock", advance_seconds=301)
    await steer("POST", "/messages", **say)

    await rosa_found.kick(reason="too loud")
    (gone,) = await bot.hears("member_remove")
    assert gone.id == int(rosa)
    assert (await steer("POST", "/messages", refused=403, **say))["code"] == 50001
    await steer("PUT", f"/guilds/{guild.id}/members/{rosa}")
    await bot.hears("member_join")
    await guild.ban(rosa_found, reason="again")
    await bot.hears("member_ban")
    assert [(each.user.id, each.reason) async for each in guild.bans()] == [(int(rosa), "again")]
    assert (await guild.fetch_ban(rosa_found)).reason == "again"
    assert (await steer("PUT", f"/guilds/{guild.id}/members/{rosa}", refused=403))["code"] == 40007
    await guild.unban(rosa_found)
    await bot.hears("member_unban")
    assert await refused(guild.unban(rosa_found)) == 10026
    await steer("PUT", f"/guilds/{guild.id}/members/{rosa}")
    await steer("DELETE", f"/guilds/{guild.id}/members/{rosa}")
    await bot.hears("member_remove", lambda member: member.id == int(rosa))


async def test_channels_are_made_changed_and_removed_and_renamed_twice_in_ten_minutes(
    simulator: DiscordSimulator, bot: HastyBot, guild: discord.Guild, clock: SettableClock, client: httpx.AsyncClient
) -> None:
    category = await guild.create_category("Tickets", overwrites={guild.default_role: discord.PermissionOverwrite()})
    ticket = await guild.create_text_channel("ticket-1", category=category, topic="help", reason="asked")
    voice = await guild.create_voice_channel("Talk", user_limit=4, bitrate=32000)
    await bot.hears("guild_channel_create", lambda channel: channel == voice)
    assert ticket.category == category
    await ticket.edit(topic="more help", slowmode_delay=5, nsfw=True)
    _, after = await bot.hears("guild_channel_update")
    assert (after.topic, after.slowmode_delay, after.nsfw) == ("more help", 5, True)
    assert await refused(guild.create_text_channel("x" * 101)) == 50035

    place = f"/api/v10/channels/{ticket.id}"
    for name in ("one", "two"):
        assert (await client.patch(place, json={"name": name})).json()["name"] == name
    limited = await client.patch(place, json={"name": "three"})
    assert (limited.status_code, limited.json()["retry_after"]) == (429, 600)
    assert (await client.patch(place, json={"topic": "still allowed"})).is_success
    clock.advance(timedelta(minutes=10))
    assert (await client.patch(place, json={"name": "three"})).is_success

    await category.delete()
    _, alone = await bot.hears("guild_channel_update", lambda _, channel: channel.category is None)
    assert alone.id == ticket.id
    await voice.set_permissions(guild.default_role, connect=False)
    assert await refused(voice.set_permissions(guild.default_role, administrator=True)) == 50013
    await voice.set_permissions(guild.default_role, overwrite=None)
    await voice.delete()
    await bot.hears("guild_channel_delete", lambda channel: channel.id == voice.id)
    assert await refused(guild.fetch_channel(voice.id)) == 10003
    assert (await guild.edit(name="The Beacon")).name == "The Beacon"


async def test_a_guild_is_joined_and_left(simulator: DiscordSimulator, bot: HastyBot, steer: Steer, rosa: str) -> None:
    made = await steer("POST", "/guilds", name="Second", owner=rosa)
    (guild,) = await bot.hears("guild_join")
    assert (guild.name, guild.owner_id, str(guild.id)) == ("Second", int(rosa), made["id"])
    channel = await steer("POST", f"/guilds/{guild.id}/channels", name="hall", type=0)
    await bot.hears("guild_channel_create")
    assert guild.text_channels[0].id == int(channel["id"])
    await guild.leave()
    await bot.hears("guild_remove")
    assert await refused(bot.fetch_guild(guild.id)) == 50001
    await steer("PUT", f"/guilds/{guild.id}/members/{simulator.world.bot.id}")
    await bot.hears("guild_join")
