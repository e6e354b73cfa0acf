import discord
import pytest

from guildhall.simulator.discord import DiscordSimulator, simulate
from tests.clock import SettableClock
from tests.services.discord import HastyBot, running_bot
from tests.simulator.discord.conftest import Steer
from tests.simulator.discord.gateway import ALL_INTENTS, wire


async def test_a_bot_becomes_ready_and_sees_the_guild_with_all_that_is_in_it(
    simulator: DiscordSimulator, bot: HastyBot, guild: discord.Guild
) -> None:
    assert bot.user is not None
    assert bot.application_id == int(simulator.world.application.id)
    assert {each.name for each in guild.text_channels} >= {"general", "planning", "staff"}
    assert {each.name for each in guild.voice_channels} == {"Lounge", "Workshop", "Quiet room"}
    assert guild.voice_channels[0].bitrate == 64000
    assert guild.voice_channels[0].category in guild.categories
    assert len(guild.members) == guild.member_count == 14
    assert guild.owner is not None
    assert guild.owner.name == "mara"
    assert guild.me.top_role.is_bot_managed()
    fetched = await bot.fetch_guild(guild.id)
    assert [each.id for each in fetched.roles] == [each.id for each in guild.roles]
    assert [each.id async for each in bot.fetch_guilds()] == [guild.id]
    assert (await bot.application_info()).owner == guild.owner
    assert (await bot.fetch_user(guild.owner.id)).global_name == "Mara Lindqvist"
    await bot.change_presence(status=discord.Status.idle, activity=discord.Game("dice"))
    await guild.change_voice_state(channel=guild.voice_channels[0])
    assert (await guild.fetch_channel(guild.voice_channels[0].id)).name == "Lounge"


async def test_voice_states_are_there_from_the_start_and_follow_people(
    simulator: DiscordSimulator, steer: Steer, rosa: str
) -> None:
    channels = {each.name: each.id for each in simulator.guild.channels.values()}
    where = {"guild_id": simulator.guild.id, "user_id": rosa}
    await steer("POST", "/voice", **where, channel_id=channels["Lounge"], self_mute=True)
    few = discord.Intents.default()
    async with running_bot(simulator, HastyBot(few)) as bot:
        guild = bot.guilds[0]
        lounge, workshop = guild.voice_channels[0], guild.voice_channels[1]
        member = guild.members[1]
        assert list(lounge.voice_states) == [int(rosa)]
        assert {each.name for each in guild.members} == {"guildhall", "rosa.m"}
        assert lounge.voice_states[int(rosa)].self_mute

        await steer("POST", "/voice", **where, channel_id=channels["Workshop"], self_mute=False, self_stream=True)
        _, before, after = await bot.hears("voice_state_update")
        assert (before.channel, after.channel, after.self_mute, after.self_stream) == (lounge, workshop, False, True)
        await member.edit(mute=True)
        _, before, after = await bot.hears("voice_state_update")
        assert (before.mute, after.mute) == (False, True)
        await member.move_to(lounge)
        await bot.hears("voice_state_update")
        await steer("POST", "/voice", guild_id=simulator.guild.id, user_id=rosa, channel_id=None)
        _, before, after = await bot.hears("voice_state_update")
        assert (before.channel, after.channel) == (lounge, None)
        assert not lounge.voice_states
        with pytest.raises(discord.HTTPException) as gone:
            await member.edit(deafen=True)
        assert gone.value.code == 40032
        text = {**where, "channel_id": channels["general"]}
        assert (await steer("POST", "/voice", refused=400, **text))["code"] == 40032


async def test_a_lost_connection_is_resumed_and_what_was_missed_is_told(
    simulator: DiscordSimulator, bot: HastyBot, general: discord.TextChannel, steer: Steer, rosa: str
) -> None:
    await steer("POST", "/faults", drop_gateway=True)
    # What is said now is said to nobody: the session keeps it until the client is back.
    await steer("POST", "/messages", channel_id=str(general.id), author_id=rosa, content="Did you hear that?")
    await bot.hears("resumed")
    assert [each.content for each in bot.cached_messages] == ["Did you hear that?"]
    simulator.gateway.reconnect()
    await bot.hears("resumed")
    assert simulator.gateway.identified == 1


async def test_an_invalid_session_begins_anew(
    simulator: DiscordSimulator, bot: HastyBot, general: discord.TextChannel, steer: Steer, rosa: str
) -> None:
    await steer("POST", "/faults", invalidate_sessions=True)
    await bot.hears("ready")
    assert simulator.gateway.identified == 2
    await steer("POST", "/messages", channel_id=str(general.id), author_id=rosa, content="Again")
    (message,) = await bot.hears("message")
    assert message.content == "Again"
    state = await steer("GET", "/state")
    assert [each["connected"] for each in state["gateways"]] == [True]


async def test_a_wrong_token_and_intents_that_were_not_granted_are_fatal(simulator: DiscordSimulator) -> None:
    simulator.world.application.privileged = 0
    with pytest.raises(discord.PrivilegedIntentsRequired):
        async with running_bot(simulator):
            pass
    async with running_bot(simulator, HastyBot(discord.Intents.default())) as bot:
        assert bot.is_ready()
    async with wire(simulator) as client:
        await client.send(2, {"token": "nonsense", "intents": 0, "properties": {}})
        assert await client.closed() == 4004


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ("nonsense", 4002),
        ('{"op": 2, "d": {"token": "TOKEN", "intents": 1, "shard": 7}}', 4002),
        ('{"op": 8, "d": {}}', 4003),
        ('{"op": 2, "d": {"token": "TOKEN", "intents": 1073741824}}', 4013),
        ('{"op": 2, "d": {"token": "TOKEN", "intents": 1, "shard": [2, 2]}}', 4010),
    ],
)
async def test_what_makes_no_sense_closes_the_connection(simulator: DiscordSimulator, sent: str, code: int) -> None:
    async with wire(simulator) as client:
        await client.send_text(sent.replace("TOKEN", simulator.token))
        assert await client.closed() == code


async def test_a_session_is_begun_once_and_resumed_only_where_it_was(simulator: DiscordSimulator) -> None:
    async with wire(simulator) as client:
        ready = await client.identify(simulator.token)
        session = {"token": simulator.token, "session_id": ready["d"]["session_id"]}
        await client.send(42)
        assert await client.closed() == 4001
    async with wire(simulator) as client:
        await client.send(6, session | {"seq": 1000})
        assert await client.closed() == 4007
    async with wire(simulator) as client:
        await client.send(6, session | {"session_id": "unknown", "seq": 1})
        assert (await client.operation(9))["d"] is False
        await client.send(6, session | {"seq": ready["s"]})
        assert (await client.event("GUILD_CREATE"))["s"] == ready["s"] + 1
        await client.event("RESUMED")
        await client.send(2, session)
        assert await client.closed() == 4005
    async with wire(simulator, "v=6") as client:
        assert await client.closed() == 4012


@pytest.mark.parametrize("query", ["v=10&encoding=json", "v=10&encoding=json&compress=zlib-stream"])
async def test_heartbeats_are_acknowledged_and_asked_for_compressed_or_plain(
    simulator: DiscordSimulator, query: str
) -> None:
    async with wire(simulator, query) as client:
        assert (await client.frame())["d"]["heartbeat_interval"] == 41250
        await client.send(1, None)
        assert (await client.frame())["op"] == 11
        await client.identify(simulator.token)
        simulator.gateway.ask_for_heartbeat()
        await client.operation(1)
        await client.send(1, 1)
        await client.operation(11)
        simulator.gateway.tell_everybody("SOMETHING_NEW", {"text": "ä" * 10_000})
        assert (await client.event("SOMETHING_NEW"))["d"] == {"text": "ä" * 10_000}


async def test_a_client_that_says_nothing_is_left_alone_no_longer(clock: SettableClock) -> None:
    async with simulate(clock=clock, heartbeat=0.05) as simulator, wire(simulator) as client:
        assert await client.closed() == 4009


async def test_members_come_in_chunks_and_by_name_or_id(clock: SettableClock) -> None:
    async with simulate(clock=clock, chunk=5) as simulator, running_bot(simulator) as bot:
        guild = bot.guilds[0]
        assert len(await guild.chunk(cache=False)) == 14
        assert [each.name for each in await guild.query_members("ros")] == ["rosa.m"]
        rosa = guild.get_member_named("rosa.m")
        assert rosa is not None
        assert await guild.query_members(user_ids=[rosa.id, 5]) == [rosa]
    async with simulate(clock=clock) as simulator, wire(simulator) as client:
        await client.identify(simulator.token, intents=1)
        await client.send(8, {"guild_id": simulator.guild.id, "query": "", "limit": 0})
        assert await client.closed() == 4014


async def test_what_others_wrote_is_for_those_who_may_read_it(
    simulator: DiscordSimulator, steer: Steer, rosa: str
) -> None:
    channels = {each.name: each.id for each in simulator.guild.channels.values()}
    own = simulator.world.bot.id
    async with wire(simulator) as client:
        await client.identify(simulator.token, intents=ALL_INTENTS & ~(1 << 15))
        for content in ("A secret", f"Hello <@{own}>"):
            await steer("POST", "/messages", channel_id=channels["general"], author_id=rosa, content=content)
        assert (await client.event("MESSAGE_CREATE"))["d"]["content"] == ""
        assert (await client.event("MESSAGE_CREATE"))["d"]["content"] == f"Hello <@{own}>"
        await steer("POST", "/messages", dm_of=rosa, author_id=rosa, content="A letter")
        letter = (await client.event("MESSAGE_CREATE"))["d"]
        assert letter["content"] == "A letter"
        assert "guild_id" not in letter
        assert "member" not in letter


async def test_shards_share_the_guilds(simulator: DiscordSimulator) -> None:
    number = (int(simulator.guild.id) >> 22) % 2
    for shard in (0, 1):
        async with wire(simulator) as client:
            ready = await client.identify(simulator.token, shard=[shard, 2])
            assert [each["id"] for each in ready["d"]["guilds"]] == ([simulator.guild.id] if shard == number else [])
            assert ready["d"]["shard"] == [shard, 2]
