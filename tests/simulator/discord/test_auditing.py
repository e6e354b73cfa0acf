"""The audit log: what is written there, who is told of it, and how it is read back."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import discord
import httpx
import pytest

from guildhall.simulator.discord import DiscordSimulator
from tests.services.discord import HastyBot
from tests.simulator.discord.conftest import Steer

Deed = discord.AuditLogAction
Acts: TypeAlias = Callable[..., Awaitable[None]]
Hears: TypeAlias = Callable[[discord.AuditLogAction], Awaitable[Any]]
VOICE = ("Lounge", "Workshop")


@pytest.fixture
def does(simulator: DiscordSimulator, client: httpx.AsyncClient) -> Acts:
    """Lets the guild's owner do something, as their client asks for it."""

    async def act(method: str, path: str, reason: str = "", **body: object) -> None:
        told = {"X-Audit-Log-Reason": reason} if reason else {}
        place = f"/_sim/as/{simulator.guild.owner_id}{path}"
        answer = await client.request(method, place, json=body or None, headers=told)
        assert answer.is_success, answer.text

    return act


@pytest.fixture
def hears(simulator: DiscordSimulator, bot: HastyBot) -> Hears:
    """Returns the next entry of a kind, which has to be the owner's."""

    async def hear(deed: discord.AuditLogAction) -> Any:  # noqa: ANN401 (the library's entry)
        (entry,) = await bot.hears("audit_log_entry_create", lambda entry: entry.action is deed)
        assert entry.user_id == int(simulator.guild.owner_id)
        return entry

    return hear


async def test_what_is_done_to_channels_roles_and_messages_is_written_down_and_told_at_once(
    guild: discord.Guild, general: discord.TextChannel, rosa: str, steer: Steer, does: Acts, hears: Hears
) -> None:
    steward = next(each for each in guild.roles if each.name == "Steward")
    await does("PATCH", f"/channels/{general.id}", "tidy%20up", topic="Anything")
    entry = await hears(Deed.channel_update)
    assert (entry.reason, entry.before.topic, entry.after.topic) == ("tidy up", None, "Anything")
    place = f"/channels/{general.id}/permissions/{steward.id}"
    await does("PUT", place, type=0, allow="8192", deny="0")
    assert (await hears(Deed.overwrite_create)).extra == steward
    await does("PUT", place, type=0, allow="0", deny="0")
    await hears(Deed.overwrite_update)
    await does("DELETE", place)
    await hears(Deed.overwrite_delete)
    said = await steer("POST", "/messages", channel_id=str(general.id), author_id=rosa, content="Buy this")
    await does("PUT", f"/channels/{general.id}/messages/pins/{said['id']}")
    assert (await hears(Deed.message_pin)).extra.message_id == int(said["id"])
    await does("DELETE", f"/channels/{general.id}/messages/pins/{said['id']}")
    await hears(Deed.message_unpin)
    await does("DELETE", f"/channels/{general.id}/messages/{said['id']}")
    entry = await hears(Deed.message_delete)
    assert (entry.target.id, entry.extra.channel, entry.extra.count) == (int(rosa), general, 1)
    await does("POST", f"/channels/{general.id}/webhooks", name="News")
    await hears(Deed.webhook_create)
    await does("POST", f"/channels/{general.id}/threads", name="Aside", type=11)
    assert (await hears(Deed.thread_create)).after.name == "Aside"
    role = await steer("POST", f"/guilds/{guild.id}/roles", name="Cook")
    assert (await hears(Deed.role_create)).after.name == "Cook"
    await does("PATCH", f"/guilds/{guild.id}/roles/{role['id']}", name="Chef")
    entry = await hears(Deed.role_update)
    assert (entry.before.name, entry.after.name) == ("Cook", "Chef")
    await does("DELETE", f"/guilds/{guild.id}/roles/{role['id']}")
    assert (await hears(Deed.role_delete)).before.name == "Chef"


async def test_what_is_done_to_members_is_written_down_and_nobody_does_what_they_may_not(
    simulator: DiscordSimulator, guild: discord.Guild, general: discord.TextChannel, rosa: str, steer: Steer,
    client: httpx.AsyncClient, does: Acts, hears: Hears,
) -> None:  # fmt: skip
    steward = next(each for each in guild.roles if each.name == "Steward")
    lounge, workshop = (next(each for each in guild.voice_channels if each.name == name) for name in VOICE)
    mara = simulator.guild.owner_id
    await does("PUT", f"/guilds/{guild.id}/members/{rosa}/roles/{steward.id}")
    assert (await hears(Deed.member_role_update)).after.roles == [steward]
    await does("PATCH", f"/guilds/{guild.id}/members/{rosa}", nick="Rosie", roles=[])
    assert (await hears(Deed.member_update)).after.nick == "Rosie"
    assert (await hears(Deed.member_role_update)).before.roles == [steward]
    await steer("POST", "/voice", guild_id=str(guild.id), user_id=rosa, channel_id=str(lounge.id))
    await does("PATCH", f"/guilds/{guild.id}/members/{rosa}", channel_id=str(workshop.id))
    assert (await hears(Deed.member_move)).extra.channel == workshop
    await does("PATCH", f"/guilds/{guild.id}/members/{rosa}", channel_id=None)
    assert (await hears(Deed.member_disconnect)).extra.count == 1
    await does("PUT", f"/guilds/{guild.id}/bans/{rosa}", "spam")
    assert (await hears(Deed.ban)).reason == "spam"
    await does("DELETE", f"/guilds/{guild.id}/bans/{rosa}")
    assert (await hears(Deed.unban)).target.id == int(rosa)
    # What changes nothing, and what people remove of their own, is not written down.
    before = len(simulator.guild.audit)
    await does("PATCH", f"/guilds/{guild.id}", name=guild.name)
    own = await steer("POST", "/messages", channel_id=str(general.id), author_id=mara, content="Oops")
    await does("DELETE", f"/channels/{general.id}/messages/{own['id']}")
    assert len(simulator.guild.audit) == before
    hana = next(each.id for each in simulator.world.users.values() if each.username == "hana.sato")
    refused = await client.put(f"/_sim/as/{hana}/guilds/{guild.id}/bans/{mara}")
    assert (refused.status_code, refused.json()["code"]) == (403, 50013)
    assert (await client.put(f"/_sim/as/4242/guilds/{guild.id}/bans/{mara}")).status_code == 404


async def test_the_log_is_read_page_by_page_from_either_end_and_only_by_those_who_may(
    simulator: DiscordSimulator, bot: HastyBot, guild: discord.Guild, rosa: str, client: httpx.AsyncClient
) -> None:
    for number in range(5):
        await guild.create_role(name=f"Role {number}")
    member = await guild.fetch_member(int(rosa))
    await member.kick(reason="too loud")
    place = f"/api/v10/guilds/{guild.id}/audit-logs"

    async def read(**query: object) -> list[str]:
        answer = await client.get(place, params={name: str(each) for name, each in query.items()})
        assert answer.is_success, answer.text
        return [each["id"] for each in answer.json()["audit_log_entries"]]

    newest = await read()
    assert len(newest) == 6
    assert newest == sorted(newest, key=int, reverse=True)
    assert await read(limit=2) == newest[:2]
    assert await read(before=newest[1], limit=2) == newest[2:4]
    assert await read(after=0, limit=2) == newest[:-3:-1]
    assert await read(after=newest[2]) == [newest[1], newest[0]]
    assert await read(action_type=20) == [newest[0]]
    assert await read(user_id=rosa) == []
    assert len(await read(user_id=simulator.world.bot.id)) == 6
    users = (await client.get(place, params={"action_type": "20"})).json()["users"]
    assert {each["id"] for each in users} == {rosa, simulator.world.bot.id}
    assert (await client.get(place, params={"limit": "101"})).status_code == 400
    assert (await client.get(place, params={"after": "last"})).status_code == 400
    # Without the permission nothing is told and nothing can be read.
    own = next(each for each in simulator.guild.roles.values() if each.bot_id is not None)
    own.permissions &= ~(1 << 7)
    await guild.create_role(name="Unseen")
    await bot.hears("guild_role_create", lambda role: role.name == "Unseen")
    assert (await client.get(place)).json()["code"] == 50013
    own.permissions |= 1 << 7
    await guild.create_role(name="Seen")
    (entry,) = await bot.hears("audit_log_entry_create", lambda entry: entry.after.name in {"Seen", "Unseen"})
    assert entry.after.name == "Seen"
