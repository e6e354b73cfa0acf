"""The audit log: what is written there, who is told of it, and how it is read back."""

from typing import Any

import discord
import httpx

from guildhall.simulator.discord import DiscordSimulator
from tests.services.discord import HastyBot
from tests.simulator.discord.conftest import Steer

Deed = discord.AuditLogAction


async def test_what_people_and_bots_do_is_written_down_and_told_at_once(
    simulator: DiscordSimulator, bot: HastyBot, guild: discord.Guild, general: discord.TextChannel, rosa: str,
    steer: Steer, client: httpx.AsyncClient,
) -> None:  # fmt: skip
    mara = simulator.guild.owner_id

    async def does(method: str, path: str, reason: str = "", *, by: str = mara, **body: object) -> None:
        told = {"X-Audit-Log-Reason": reason} if reason else {}
        answer = await client.request(method, f"/_sim/as/{by}{path}", json=body or None, headers=told)
        assert answer.is_success, answer.text

    async def hears(deed: discord.AuditLogAction) -> Any:  # noqa: ANN401 (the library's entry)
        (entry,) = await bot.hears("audit_log_entry_create", lambda entry: entry.action is deed)
        assert entry.user_id == int(mara)
        return entry

    steward = next(each for each in guild.roles if each.name == "Steward")
    await does("PATCH", f"/channels/{general.id}", "tidy%20up", topic="Anything")
    entry = await hears(Deed.channel_update)
    assert (entry.reason, entry.before.topic, entry.after.topic) == ("tidy up", None, "Anything")
    await does("PUT", f"/channels/{general.id}/permissions/{steward.id}", type=0, allow="8192", deny="0")
    assert (await hears(Deed.overwrite_create)).extra == steward
    await does("PUT", f"/channels/{general.id}/permissions/{steward.id}", type=0, allow="0", deny="0")
    await hears(Deed.overwrite_update)
    await does("DELETE", f"/channels/{general.id}/permissions/{steward.id}")
    await hears(Deed.overwrite_delete)
    await does("PUT", f"/guilds/{guild.id}/members/{rosa}/roles/{steward.id}")
    assert (await hears(Deed.member_role_update)).after.roles == [steward]
    await does("PATCH", f"/guilds/{guild.id}/members/{rosa}", nick="Rosie", roles=[])
    assert (await hears(Deed.member_update)).after.nick == "Rosie"
    assert (await hears(Deed.member_role_update)).before.roles == [steward]
    lounge = next(each for each in guild.voice_channels if each.name == "Lounge")
    workshop = next(each for each in guild.voice_channels if each.name == "Workshop")
    await steer("POST", "/voice", guild_id=str(guild.id), user_id=rosa, channel_id=str(lounge.id))
    await does("PATCH", f"/guilds/{guild.id}/members/{rosa}", channel_id=str(workshop.id))
    assert (await hears(Deed.member_move)).extra.channel == workshop
    await does("PATCH", f"/guilds/{guild.id}/members/{rosa}", channel_id=None)
    assert (await hears(Deed.member_disconnect)).extra.count == 1
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
    role = await steer("POST", f"/guilds/{guild.id}/roles", name="Cook")
    assert (await hears(Deed.role_create)).after.name == "Cook"
    await does("PATCH", f"/guilds/{guild.id}/roles/{role['id']}", name="Chef")
    entry = await hears(Deed.role_update)
    assert (entry.before.name, entry.after.name) == ("Cook", "Chef")
    await does("DELETE", f"/guilds/{guild.id}/roles/{role['id']}")
    assert (await hears(Deed.role_delete)).before.name == "Chef"
    await does("PUT", f"/guilds/{guild.id}/bans/{rosa}", "spam")
    assert (await hears(Deed.ban)).reason == "spam"
    await does("DELETE", f"/guilds/{guild.id}/bans/{rosa}")
    assert (await hears(Deed.unban)).target.id == int(rosa)
    # What changed nothing, and what people remove of their own, is not written down.
    before = len(simulator.guild.audit)
    await does("PATCH", f"/guilds/{guild.id}", name=guild.name)
    own = await steer("POST", "/messages", channel_id=str(general.id), author_id=mara, content="Oops")
    await does("DELETE", f"/channels/{general.id}/messages/{own['id']}")
    assert len(simulator.guild.audit) == before
    # People are held to what they may do, and nobody acts who is not there.
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
