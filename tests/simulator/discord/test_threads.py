from datetime import timedelta

import discord
import httpx
import pytest

from guildhall.simulator.discord import DiscordSimulator
from guildhall.simulator.discord.rest.guilds import MOST_CHANNELS
from guildhall.simulator.discord.state import Channel
from tests.clock import SettableClock
from tests.services.discord import HastyBot, running_bot
from tests.simulator.discord.conftest import Steer
from tests.simulator.discord.test_guilds import refused


@pytest.fixture
async def thread(bot: HastyBot, general: discord.TextChannel) -> discord.Thread:
    """A private thread of the bot, into which nobody but moderators brings others."""
    made = await general.create_thread(name="ticket-1", auto_archive_duration=60, invitable=False)
    await bot.hears("thread_create")
    return made


async def test_a_private_thread_is_there_for_those_in_it_and_for_moderators_and_messages_live_in_it(
    simulator: DiscordSimulator, bot: HastyBot, guild: discord.Guild, thread: discord.Thread, rosa: str, steer: Steer
) -> None:
    say = {"channel_id": str(thread.id), "author_id": rosa, "content": "Here I am"}
    assert thread.is_private()
    assert guild.get_thread(thread.id) is not None
    assert (await steer("POST", "/messages", refused=403, **say))["code"] == 50001

    await thread.add_user(discord.Object(int(rosa)))
    (joined,) = await bot.hears("thread_member_join")
    assert str(joined.id) == rosa
    (said,) = await bot.hears("message")
    assert (said.type, said.mentions[0].id) == (discord.MessageType.recipient_add, int(rosa))
    assert {str(each.id) for each in await thread.fetch_members()} == {rosa, str(guild.me.id)}
    assert (await steer("POST", "/messages", **say))["content"] == "Here I am"
    (heard,) = await bot.hears("message")
    assert (heard.channel, heard.content) == (thread, "Here I am")
    await thread.send("Welcome")
    assert [each.content async for each in thread.history()][:2] == ["Welcome", "Here I am"]

    await thread.remove_user(discord.Object(int(rosa)))
    await bot.hears("thread_member_remove")
    assert (await steer("POST", "/messages", refused=403, **say))["code"] == 50001
    shown = (await steer("GET", "/state"))["guilds"][0]["threads"][0]
    assert (shown["id"], shown["member_ids"]) == (str(thread.id), [str(guild.me.id)])
    assert [each["content"] for each in shown["messages"]] == ["", "Here I am", "Welcome"]
    assert [each.id for each in await guild.active_threads()] == [thread.id]


async def test_a_mention_brings_people_and_the_holders_of_a_role_in_also_by_a_change_of_the_message(
    simulator: DiscordSimulator, bot: HastyBot, guild: discord.Guild, thread: discord.Thread, rosa: str, steer: Steer
) -> None:
    role = await guild.create_role(name="Cook", mentionable=True)
    cook = next(each for each in guild.members if str(each.id) != rosa and not each.bot)
    await cook.add_roles(role)
    quiet = await thread.send("…", allowed_mentions=discord.AllowedMentions.none())
    await quiet.edit(content=role.mention, allowed_mentions=discord.AllowedMentions.none())
    assert simulator.guild.threads[str(thread.id)].members.keys() == {str(guild.me.id)}
    await quiet.edit(content=role.mention, allowed_mentions=discord.AllowedMentions(roles=[role]))
    await bot.hears("thread_member_join", lambda member: member.id == cook.id)
    await thread.send(f"<@{rosa}>")
    await bot.hears("thread_member_join", lambda member: str(member.id) == rosa)

    # Whoever may not see the channel around it is not brought in.
    someone = next(each for each in guild.members if each not in {cook, guild.me} and str(each.id) != rosa)
    assert isinstance(thread.parent, discord.TextChannel)
    await thread.parent.set_permissions(someone, view_channel=False)
    await thread.send(someone.mention)
    assert await refused(thread.add_user(someone)) == 50001
    assert str(someone.id) not in simulator.guild.threads[str(thread.id)].members
    await steer("DELETE", f"/guilds/{guild.id}/members/{rosa}")
    await bot.hears("thread_member_remove", lambda member: str(member.id) == rosa)


async def test_words_open_a_thread_again_unless_it_is_locked_and_nothing_else_is_changed_meanwhile(
    simulator: DiscordSimulator, bot: HastyBot, guild: discord.Guild, thread: discord.Thread, rosa: str, steer: Steer
) -> None:
    kept = await thread.send(f"<@{rosa}>")
    say = {"channel_id": str(thread.id), "author_id": rosa, "content": "Once more"}
    await thread.edit(archived=True)
    _, after = await bot.hears("thread_update")
    assert after.archived
    assert guild.get_thread(thread.id) is None
    assert await guild.active_threads() == []
    assert await refused(kept.edit(content="changed")) == 50083
    assert await refused(kept.add_reaction("👍")) == 50083
    assert await refused(thread.add_user(discord.Object(int(rosa)))) == 50083
    assert await refused(thread.edit(name="renamed")) == 50083
    assert isinstance(thread.parent, discord.TextChannel)
    assert [each.id async for each in thread.parent.archived_threads(private=True)] == [thread.id]
    await steer("POST", "/messages", **say)
    (opened,) = await bot.hears("thread_join")
    assert not opened.archived

    await thread.edit(archived=True, locked=True)
    assert (await steer("POST", "/messages", refused=400, **say))["code"] == 50083
    assert await refused(thread.send("Hello?")) == 50083
    await thread.edit(archived=False)
    assert (await steer("POST", "/messages", refused=400, **say))["code"] == 160005
    await thread.send("Moderators may")
    await thread.edit(locked=False, auto_archive_duration=1440)
    await steer("POST", "/messages", **say)
    await steer("POST", "/clock", advance_seconds=24 * 3600 - 1)
    assert not simulator.guild.threads[str(thread.id)].archived
    await steer("POST", "/clock", advance_seconds=1)
    assert simulator.guild.threads[str(thread.id)].archived


async def test_threads_are_renamed_twice_in_ten_minutes_and_go_alone_or_with_their_channel(
    simulator: DiscordSimulator,
    bot: HastyBot,
    guild: discord.Guild,
    thread: discord.Thread,
    client: httpx.AsyncClient,
    clock: SettableClock,
) -> None:
    place = f"/api/v10/channels/{thread.id}"
    for name in ("one", "two"):
        assert (await client.patch(place, json={"name": name})).json()["name"] == name
        (said,) = await bot.hears("message")
        assert (said.type, said.content) == (discord.MessageType.channel_name_change, name)
    assert (await client.patch(place, json={"name": "three"})).status_code == 429
    clock.advance(timedelta(minutes=10))
    assert (await client.patch(place, json={"name": "three"})).is_success
    assert (await client.patch(place, json={"auto_archive_duration": 61})).status_code == 400

    await thread.delete()
    (gone,) = await bot.hears("raw_thread_delete")
    assert gone.thread_id == thread.id
    assert await refused(guild.fetch_channel(thread.id)) == 10003
    inbox = await guild.create_text_channel("inbox")
    another = await inbox.create_thread(name="another")
    await inbox.delete()
    await bot.hears("raw_thread_delete", lambda event: event.thread_id == another.id)
    assert simulator.guild.threads == {}
    voice = await guild.create_voice_channel("Talk")
    answer = await client.post(f"/api/v10/channels/{voice.id}/threads", json={"name": "no", "type": 12})
    assert (answer.status_code, answer.json()["code"]) == (400, 50024)


async def test_whoever_connects_or_may_see_more_is_told_of_the_threads_there_are(
    simulator: DiscordSimulator, bot: HastyBot, guild: discord.Guild, thread: discord.Thread, steer: Steer
) -> None:
    async with running_bot(simulator) as later:
        found = later.get_guild(guild.id)
        assert found is not None
        assert [each.name for each in found.threads] == ["ticket-1"]
    own = [str(each.id) for each in guild.me.roles if not each.is_default()]
    away = await guild.create_text_channel(
        "away",
        overwrites={
            guild.default_role: discord.PermissionOverwrite(view_channel=False),
            guild.me.top_role: discord.PermissionOverwrite(view_channel=True),
        },
    )
    hidden = await away.create_thread(name="hidden")
    await steer("PUT", f"/guilds/{guild.id}/members/{guild.me.id}", roles=[])
    assert await refused(guild.fetch_channel(hidden.id)) == 50001
    await steer("PUT", f"/guilds/{guild.id}/members/{guild.me.id}", roles=own)
    session = next(iter(simulator.gateway.sessions.values()))
    told = next(frame["d"] for _, frame in reversed(session.told) if frame["t"] == "THREAD_LIST_SYNC")
    assert [each["id"] for each in told["threads"]] == [str(hidden.id), str(thread.id)]
    await thread.leave()
    await bot.hears("thread_remove")
    await thread.join()
    await bot.hears("thread_join")
    assert (await thread.fetch_member(guild.me.id)).id == guild.me.id


async def test_a_full_server_takes_no_further_channel_but_threads(
    simulator: DiscordSimulator, guild: discord.Guild, general: discord.TextChannel
) -> None:
    world = simulator.world
    for _ in range(MOST_CHANNELS - len(simulator.guild.channels)):
        channel = Channel(world.new_id(), 0, "full", simulator.guild.id)
        simulator.guild.channels[channel.id] = world.channels[channel.id] = channel
    assert await refused(guild.create_text_channel("one more")) == 30013
    assert (await general.create_thread(name="still")).is_private()
