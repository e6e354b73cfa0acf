"""Asking Discord's REST API who is who in a guild, against the simulator."""

from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from guildhall.adapters.discord_rest import DiscordRest
from guildhall.core.cache import Cache, LocalCache
from guildhall.domains.attendance import DiscordGuild, check_manager
from guildhall.domains.attendance.errors import BotNotInGuild, DiscordUnavailable, NotManager, NotMember
from guildhall.domains.attendance.roles.errors import RoleRefused
from guildhall.simulator.discord import DiscordSimulator, Fault, Limits, guilds, simulate
from tests.simulator.discord.description import Recorder

Directory = Callable[..., DiscordRest]


class Clock:
    """The time of a cache, which the test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def limits() -> Limits:
    """How fast one may ask; redefine it to change that."""
    return Limits()


@pytest.fixture
async def discord(recorder: Recorder, limits: Limits) -> AsyncIterator[DiscordSimulator]:
    async with simulate(watch=recorder.watch, limits=limits) as simulator:
        yield simulator
    assert recorder.faults == []


@pytest.fixture
def time() -> Clock:
    return Clock()


@pytest.fixture
async def directory(discord: DiscordSimulator, time: Clock) -> AsyncIterator[Directory]:
    """Make directories with the bot's token, or with other settings."""
    cache: Cache = LocalCache(time)
    async with httpx.AsyncClient() as client:

        def make(**other: object) -> DiscordRest:
            settings = {"token": discord.token, "base": discord.api_base, "client": client, "cache": cache, **other}
            return DiscordRest(settings.pop("token").__str__, **settings)  # type: ignore[arg-type]  # the test names them

        yield make


def person(discord: DiscordSimulator, name: str) -> int:
    return next(int(each.id) for each in discord.world.users.values() if each.username == name)


async def test_guilds_members_and_channels_are_told_as_discord_has_them(
    discord: DiscordSimulator, directory: Directory
) -> None:
    guild_id = int(discord.guild.id)
    guild = await directory().guild(guild_id)
    assert (guild.id, guild.name, guild.owner_id) == (guild_id, "The Lantern", int(discord.guild.owner_id))
    steward = next(role for role in guild.roles if role.name == "Steward")
    assert await directory().roles_of_member(guild_id, person(discord, "tobias.k")) == {steward.id}
    assert await directory().name_of_member(guild_id, person(discord, "rosa.m")) == "Rosa"
    discord.guild.members[str(person(discord, "amina"))].nick = "Mina"
    assert await directory().name_of_member(guild_id, person(discord, "amina")) == "Mina"

    channels = await directory().channels(guild_id)
    assert {each.name: each.kind for each in channels if each.name in ("Hall", "general", "Lounge")} == {
        "Hall": "category",
        "general": "text",
        "Lounge": "voice",
    }
    assert [each.position for each in channels] == sorted(each.position for each in channels)
    assert {each.name for each in channels if each.has_voice} == {"Lounge", "Workshop", "Quiet room"}


async def test_who_manages_a_guild_is_its_owner_an_administrator_or_somebody_with_manage_server(
    discord: DiscordSimulator, directory: Directory
) -> None:
    guild_id = int(discord.guild.id)
    for name in ("mara", "tobias.k"):
        await check_manager(directory(), guild_id=guild_id, user_id=person(discord, name))
    with pytest.raises(NotManager):
        await check_manager(directory(), guild_id=guild_id, user_id=person(discord, "rosa.m"))
    with pytest.raises(NotMember):
        await check_manager(directory(), guild_id=guild_id, user_id=4242)
    with pytest.raises(BotNotInGuild):
        await check_manager(directory(), guild_id=4242, user_id=person(discord, "mara"))


async def test_an_answer_is_kept_for_fifteen_seconds_and_never_longer(
    discord: DiscordSimulator, directory: Directory, time: Clock
) -> None:
    asking = directory()
    before: DiscordGuild = await asking.guild(int(discord.guild.id))
    guilds.rename(discord.world, discord.guild, "The Beacon")
    time.now = 14.9
    assert await asking.guild(int(discord.guild.id)) == before
    time.now = 15.1
    discord.faults.add(Fault(status=500))
    with pytest.raises(DiscordUnavailable):
        await asking.guild(int(discord.guild.id))
    assert (await asking.guild(int(discord.guild.id))).name == "The Beacon"


@pytest.mark.parametrize("status", [400, 500, 502, 503, 504])
async def test_a_discord_that_fails_is_unavailable_and_asked_again_at_once(
    discord: DiscordSimulator, directory: Directory, status: int
) -> None:
    asking = directory()
    discord.faults.add(Fault(status=status))
    with pytest.raises(DiscordUnavailable) as refused:
        await asking.channels(int(discord.guild.id))
    assert refused.value.details == {"retry_after": 5}
    assert await asking.channels(int(discord.guild.id))


async def test_after_too_many_requests_or_with_a_wrong_token_discord_is_left_alone_for_a_while(
    discord: DiscordSimulator, directory: Directory, recorder: Recorder
) -> None:
    for asking, least, fault in (
        (directory(), 50, Fault(retry_after=60)),
        (directory(token="wrong"), 20, None),
    ):
        if fault:
            discord.faults.add(fault)
        with pytest.raises(DiscordUnavailable) as refused:
            await asking.guild(int(discord.guild.id))
        assert int(str(refused.value.details["retry_after"])) > least
        asked = len(recorder.exchanges)
        with pytest.raises(DiscordUnavailable) as refused:
            await asking.guild(int(discord.guild.id))
        assert int(str(refused.value.details["retry_after"])) > least
        assert len(recorder.exchanges) == asked


async def test_a_discord_that_is_slow_away_or_not_discord_is_unavailable(
    discord: DiscordSimulator, directory: Directory
) -> None:
    guild_id = int(discord.guild.id)
    discord.faults.add(Fault(delay=60))
    with pytest.raises(DiscordUnavailable):
        await directory(timeout=0.05).guild(guild_id)
    for base in ("http://127.0.0.1:1", discord.address, f"{discord.address}/_sim"):
        with pytest.raises(DiscordUnavailable):
            await directory(base=base).guild(guild_id)
    with pytest.raises(DiscordUnavailable, match="no token"):
        await directory(token="").guild(guild_id)


async def test_a_guild_that_the_bot_was_thrown_out_of_is_not_found(
    discord: DiscordSimulator, directory: Directory
) -> None:
    guilds.expel_bot(discord.world, discord.guild)
    for asked in (
        directory().guild(int(discord.guild.id)),
        directory().channels(int(discord.guild.id)),
        directory().roles_of_member(int(discord.guild.id), person(discord, "mara")),
    ):
        with pytest.raises(BotNotInGuild):
            await asked


async def test_what_is_kept_of_a_guild_is_forgotten_when_something_in_it_changes(
    discord: DiscordSimulator, directory: Directory
) -> None:
    asking, guild_id, mara = directory(), int(discord.guild.id), person(discord, "mara")
    other = guilds.found(discord.world, "The Beacon", discord.world.users[str(mara)])
    kept = await asking.guild(guild_id), await asking.guild(int(other.id))
    assert await asking.roles_of_member(guild_id, mara) == frozenset()
    for each in (discord.guild, other):
        guilds.rename(discord.world, each, "Another name")
    steward = next(each for each in discord.guild.roles.values() if each.name == "Steward")
    discord.guild.members[str(mara)].roles.append(steward.id)
    assert (await asking.guild(guild_id), await asking.guild(int(other.id))) == kept
    await asking.forget(guild_id)
    assert ((await asking.guild(guild_id)).name, await asking.guild(int(other.id))) == ("Another name", kept[1])
    assert await asking.roles_of_member(guild_id, mara) == {int(steward.id)}


async def test_roles_are_given_and_taken_with_the_reason_in_the_audit_log(
    discord: DiscordSimulator, directory: Directory
) -> None:
    desk, guild_id, rosa = directory(), int(discord.guild.id), person(discord, "rosa.m")
    roles = {each.name: int(each.id) for each in discord.guild.roles.values()}
    assert await desk.roles_of_bot(guild_id) == {roles["guildhall"]}
    for _ in range(2):
        await desk.give_role(guild_id, rosa, roles["Regular"], reason="Anwesenheit: fünf Stunden")
        assert (await desk.member(guild_id, rosa)).role_ids == {roles["Regular"]}
    for _ in range(2):
        await desk.take_role(guild_id, rosa, roles["Regular"], reason="over")
        assert (await desk.member(guild_id, rosa)).role_ids == frozenset()
    assert [each.reason for each in discord.guild.audit] == ["Anwesenheit: fünf Stunden"] * 2 + ["over"] * 2

    for error, user_id, role_id in (
        (NotMember, 4242, roles["Regular"]),
        (RoleRefused, rosa, roles["guildhall"]),
        (RoleRefused, rosa, 4242),
    ):
        with pytest.raises(error):
            await desk.give_role(guild_id, user_id, role_id, reason="why not")
    with pytest.raises(NotMember):
        await desk.member(guild_id, 4242)
    with pytest.raises(BotNotInGuild):
        await desk.give_role(4242, rosa, roles["Regular"], reason="why not")
    guilds.expel_bot(discord.world, discord.guild)
    for asked in (
        directory(cache=LocalCache()).roles_of_bot(guild_id),
        desk.member(guild_id, rosa),
        desk.take_role(guild_id, rosa, roles["Regular"], reason="over"),
    ):
        with pytest.raises(BotNotInGuild):
            await asked


@pytest.mark.parametrize("limits", [Limits(requests=3, seconds=60)])
async def test_whoever_gives_many_roles_is_told_to_wait_and_others_still_ask(
    discord: DiscordSimulator, directory: Directory
) -> None:
    desk, guild_id, rosa = directory(), int(discord.guild.id), person(discord, "rosa.m")
    regular = next(int(each.id) for each in discord.guild.roles.values() if each.name == "Regular")
    rests = [await desk.give_role(guild_id, rosa, regular, reason="again") for _ in range(3)]
    assert [bool(each) for each in rests] == [False, False, True]
    with pytest.raises(DiscordUnavailable):
        await desk.give_role(guild_id, rosa, regular, reason="again")
    assert await desk.channels(guild_id)
    discord.faults.add(Fault(retry_after=60, whole=True))
    with pytest.raises(DiscordUnavailable):
        await desk.take_role(guild_id, rosa, regular, reason="again")
    with pytest.raises(DiscordUnavailable):
        await desk.guild(guild_id)
