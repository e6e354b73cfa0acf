"""Posting in Discord's channels by its REST API, against the simulator."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from guildhall.adapters.discord_posts import DiscordPosts
from guildhall.domains.attendance.errors import DiscordUnavailable
from guildhall.domains.attendance.posting import Message, PostRefused, PostUnfit
from guildhall.simulator.discord import DiscordSimulator, Fault, simulate
from guildhall.simulator.discord.state import Overwrite
from tests.simulator.discord.description import Recorder

MESSAGE = Message("Final board", "<@1> @everyone was first", "SHA-256 ab", 0x123456, datetime(2026, 3, 2, tzinfo=UTC))


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
async def discord(recorder: Recorder) -> AsyncIterator[DiscordSimulator]:
    async with simulate(watch=recorder.watch) as simulator:
        yield simulator
    assert recorder.faults == []


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as client:
        yield client


@pytest.fixture
def office(discord: DiscordSimulator, client: httpx.AsyncClient) -> DiscordPosts:
    return DiscordPosts(lambda: discord.token, base=discord.api_base, client=client)


@pytest.fixture
def channel_id(discord: DiscordSimulator) -> int:
    return next(int(each.id) for each in discord.guild.channels.values() if each.name == "general")


async def test_a_message_is_posted_once_for_each_nonce_and_found_again(
    discord: DiscordSimulator, office: DiscordPosts, channel_id: int
) -> None:
    before = datetime.now(UTC)
    assert await office.find(channel_id, MESSAGE, since=before) is None
    first = await office.post(channel_id, MESSAGE, nonce="one")
    assert await office.post(channel_id, MESSAGE, nonce="one") == first
    channel = discord.guild.channels[str(channel_id)]
    posted = channel.messages[str(first)]
    assert posted.embeds == [
        {
            "type": "rich",
            "title": "Final board",
            "description": "<@1> @everyone was first",
            "footer": {"text": "SHA-256 ab"},
            "color": 0x123456,
            "timestamp": "2026-03-02T00:00:00+00:00",
        }
    ]
    assert (posted.mentions, posted.mention_everyone) == ([], False)

    assert await office.find(channel_id, MESSAGE, since=before) == first
    other = Message("Final board", "", "SHA-256 cd", 0, MESSAGE.at)
    later = Message("Final board", "", "SHA-256 ab", 0, MESSAGE.at + timedelta(seconds=1))
    for none in (other, later):
        assert await office.find(channel_id, none, since=before) is None
    assert await office.find(channel_id, MESSAGE, since=datetime.now(UTC) + timedelta(hours=1)) is None
    assert await office.post(channel_id, MESSAGE, nonce="two") != first


async def test_what_a_channel_does_not_take_is_told_from_what_discord_cannot_do_now(
    discord: DiscordSimulator, office: DiscordPosts, client: httpx.AsyncClient, channel_id: int
) -> None:
    with pytest.raises(PostUnfit, match="Invalid Form Body"):
        await office.post(channel_id, Message("x" * 300, "", "", 0, MESSAGE.at), nonce="long")
    everybody = discord.guild.id
    for denied, words in ((0x800, "The bot may not post in this channel"), (0x400, "The bot cannot see the channel")):
        discord.guild.channels[str(channel_id)].overwrites = {everybody: Overwrite(everybody, 0, 0, denied)}
        with pytest.raises(PostRefused, match=words):
            await office.post(channel_id, MESSAGE, nonce="closed")
    with pytest.raises(PostRefused, match="The channel is gone"):
        await office.post(4242, MESSAGE, nonce="gone")

    discord.guild.channels[str(channel_id)].overwrites = {}
    for status in (500, 403, 404):
        discord.faults.add(Fault(status=status))
        with pytest.raises(DiscordUnavailable):
            await office.post(channel_id, MESSAGE, nonce="later")
    discord.faults.add(Fault(retry_after=2.5))
    with pytest.raises(DiscordUnavailable) as limited:
        await office.post(channel_id, MESSAGE, nonce="later")
    assert limited.value.details["retry_after"] == 3
    assert await office.post(channel_id, MESSAGE, nonce="later"), "a limit of one channel silences no other"

    for quiet in (
        DiscordPosts(str, base=discord.api_base, client=client),
        DiscordPosts(lambda: "wrong", base=discord.api_base, client=client),
        DiscordPosts(lambda: "any", base="http://127.0.0.1:1", client=client),
    ):
        with pytest.raises(DiscordUnavailable):
            await quiet.post(channel_id, MESSAGE, nonce="never")


@pytest.mark.parametrize("trouble", [{"retry_after": 40.0, "whole": True}, {"status": 401}])
async def test_what_concerns_the_whole_bot_silences_it(
    discord: DiscordSimulator, office: DiscordPosts, channel_id: int, trouble: dict[str, object]
) -> None:
    discord.faults.add(Fault(**trouble))  # type: ignore[arg-type]  # the parameters name them
    for _ in range(2):
        with pytest.raises(DiscordUnavailable) as fault:
            await office.post(channel_id, MESSAGE, nonce="one")
        assert int(str(fault.value.details["retry_after"])) >= 30
    assert not discord.guild.channels[str(channel_id)].messages


async def test_a_message_that_was_taken_but_not_acknowledged_is_there_once(
    discord: DiscordSimulator, client: httpx.AsyncClient, channel_id: int
) -> None:
    hasty = DiscordPosts(lambda: discord.token, base=discord.api_base, client=client, timeout=0.2)
    discord.faults.add(Fault(delay=0.5))
    with pytest.raises(DiscordUnavailable):
        await hasty.post(channel_id, MESSAGE, nonce="one")
    patient = DiscordPosts(lambda: discord.token, base=discord.api_base, client=client)
    await discord.world.until(lambda: bool(discord.guild.channels[str(channel_id)].messages), within=1)
    posted = await patient.post(channel_id, MESSAGE, nonce="one")
    assert list(discord.guild.channels[str(channel_id)].messages) == [str(posted)]
