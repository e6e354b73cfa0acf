"""Log destinations over the wire: what is shown and stored, what is refused and why."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from guildhall.domains.audit import page_of_entries
from guildhall.simulator.discord import DiscordSimulator, guilds
from guildhall.simulator.discord.permissions import Permission
from guildhall.simulator.discord.state import ANNOUNCEMENT, Channel, Overwrite
from tests.clock import SettableClock
from tests.dialects.attendance.asking import Place, refusal, token
from tests.serving import Served

DEFAULTS = {
    "session_completed": True,
    "period_reset": True,
    "leaderboard": False,
    "signing": True,
    "settings": False,
}
NOBODYS = "0b0e7c52-6a55-4f6a-8f0e-3a1f5b1d2c9e"


def add_channel(discord: DiscordSimulator, name: str, kind: int = 0, *overwrites: Overwrite) -> str:
    """Add a channel of a kind to the guild and return its id."""
    channel = Channel(discord.world.new_id(), kind, name, discord.guild.id)
    channel.overwrites = {each.id: each for each in overwrites}
    return guilds.create_channel(discord.world, discord.guild, channel).id


async def forget_channels(served: Served, place: Place) -> None:
    await served.house.cache.delete(f"discord:/guilds/{place.guild}/channels")


async def test_a_channel_is_added_once_shown_changed_and_removed(
    served: Served, manager: httpx.AsyncClient, place: Place, clock: SettableClock, discord: DiscordSimulator
) -> None:
    assert (await manager.get("log-destinations")).json() == {"destinations": []}
    answer = await manager.post("log-destinations", json={"channel_id": place.text})
    first = answer.json()
    assert first == {
        "id": first["id"],
        "channel_id": place.text,
        "channel_name": "general",
        "types": DEFAULTS,
        "frequency": "off",
        "last_post_at": None,
        "last_error": None,
    }
    clock.advance(timedelta(seconds=1))
    again = {"channel_id": int(place.text), "types": {"settings": True}, "frequency": "daily"}
    assert (await manager.post("log-destinations", json=again)).json() == first
    news = add_channel(discord, "news", ANNOUNCEMENT)
    await forget_channels(served, place)
    told = {"channel_id": news, "types": {"settings": True, "signing": False}, "frequency": "weekly", "more": 1}
    second = (await manager.post("log-destinations", json=told)).json()
    assert second["types"] == DEFAULTS | {"settings": True, "signing": False}
    assert (await manager.get("log-destinations")).json() == {"destinations": [first, second]}

    path = f"log-destinations/{first['id']}"
    for body, types in (
        ({"log_type": "leaderboard", "enabled": True}, {"leaderboard": True}),
        ({"types": {"leaderboard": False, "settings": True}}, {"settings": True}),
        ({"types": {"settings": False}, "log_type": "signing", "enabled": False}, {"signing": False}),
        ({"log_type": "signing", "enabled": False}, {"signing": False}),
    ):
        changed = await manager.patch(f"{path}/types", json=body)
        assert changed.json() == first | {"types": DEFAULTS | types}
    assert (await manager.patch(f"{path}/frequency", json={"frequency": "hourly"})).json()["frequency"] == "hourly"
    assert (await manager.patch(f"{path.upper().lower()}/frequency", json={"frequency": "off"})).status_code == 200

    assert (await manager.delete(path)).json() == {"ok": True}
    assert refusal(await manager.delete(path)) == (404, "DESTINATION_NOT_FOUND")
    guilds.delete_channel(discord.world, discord.guild, discord.guild.channels[news])
    await forget_channels(served, place)
    shown = (await manager.get("log-destinations")).json()["destinations"]
    assert shown == [second | {"channel_name": None}]

    async with served.house.database.read() as tx:
        entries = await page_of_entries(tx, limit=50, action="attendance.destination")
    assert len(entries) == 2 + 3 + 2 + 1, "each change is written down, and only changes"
    assert entries[-1].details == {
        "old": None,
        "new": {
            "channel": place.text,
            "types": ["session_completed", "period_reset", "signing"],
            "frequency": "off",
        },
    }
    assert entries[0].details["new"] is None


async def test_what_makes_no_sense_is_refused(manager: httpx.AsyncClient, place: Place) -> None:
    good = {"channel_id": place.text}
    wrong_additions: tuple[object, ...] = (
        {},
        [],
        {"channel_id": "general"},
        {"channel_id": True},
        {"channel_id": None},
        good | {"types": {}},
        good | {"types": {"gossip": True}},
        good | {"types": {"signing": "true"}},
        good | {"types": ["signing"]},
        good | {"types": None},
        good | {"frequency": "yearly"},
        good | {"frequency": None},
    )
    for wrong in wrong_additions:
        assert (await manager.post("log-destinations", json=wrong)).status_code == 422, wrong
    assert (await manager.get("log-destinations")).json() == {"destinations": []}

    path = f"log-destinations/{(await manager.post('log-destinations', json=good)).json()['id']}"
    wrong_types: tuple[object, ...] = (
        {},
        {"log_type": "signing"},
        {"enabled": True},
        {"log_type": "gossip", "enabled": True},
        {"log_type": "signing", "enabled": 1},
        {"types": {}},
        {"types": {"gossip": True}},
    )
    for wrong in wrong_types:
        assert (await manager.patch(f"{path}/types", json=wrong)).status_code == 422, wrong
    for wrong in ({}, {"frequency": "yearly"}, {"frequency": 1}, {"frequency": "Daily"}):
        assert (await manager.patch(f"{path}/frequency", json=wrong)).status_code == 422, wrong
    assert (await manager.get("log-destinations")).json()["destinations"][0]["types"] == DEFAULTS

    unknown = f"log-destinations/{NOBODYS}"
    for answer in (
        await manager.delete(unknown),
        await manager.patch(f"{unknown}/types", json={"log_type": "signing", "enabled": True}),
        await manager.patch(f"{unknown}/frequency", json={"frequency": "daily"}),
    ):
        assert refusal(answer) == (404, "DESTINATION_NOT_FOUND")
    assert refusal(await manager.delete("log-destinations/7")) == (422, "INVALID_FIELD")


async def test_only_text_channels_where_the_bot_may_post_are_taken_and_ten_at_most(
    served: Served, manager: httpx.AsyncClient, place: Place, discord: DiscordSimulator
) -> None:
    everybody, own_role = discord.guild.id, discord.guild.members[discord.world.bot.id].roles[0]
    bot = discord.world.bot.id
    posting = int(Permission.VIEW_CHANNEL | Permission.SEND_MESSAGES | Permission.EMBED_LINKS)
    silent = Overwrite(everybody, 0, 0, int(Permission.SEND_MESSAGES))
    closed = [
        add_channel(discord, "silent", 0, silent),
        add_channel(discord, "hidden", 0, Overwrite(everybody, 0, 0, int(Permission.VIEW_CHANNEL))),
        add_channel(discord, "plain", 0, Overwrite(own_role, 0, 0, int(Permission.EMBED_LINKS))),
        add_channel(discord, "muzzled", 0, Overwrite(own_role, 0, posting, 0), Overwrite(bot, 1, 0, posting)),
    ]
    open_again = [
        add_channel(discord, "for-the-role", 0, silent, Overwrite(own_role, 0, posting, 0)),
        add_channel(discord, "for-the-bot", 0, silent, Overwrite(bot, 1, posting, 0)),
    ]
    for channel_id in closed:
        answer = await manager.post("log-destinations", json={"channel_id": channel_id})
        assert refusal(answer) == (422, "BOT_MAY_NOT_POST"), discord.guild.channels[channel_id].name
    for other in (place.lounge, "4242", discord.guild.channels[place.text].parent_id):
        answer = await manager.post("log-destinations", json={"channel_id": other})
        assert refusal(answer) == (422, "NOT_A_TEXT_CHANNEL")

    channels = [*open_again, place.text, *(add_channel(discord, f"log-{number}") for number in range(8))]
    await forget_channels(served, place)
    statuses = [(await manager.post("log-destinations", json={"channel_id": each})).status_code for each in channels]
    assert statuses == [200] * 10 + [422]
    answer = await manager.post("log-destinations", json={"channel_id": channels[-1]})
    assert refusal(answer) == (422, "TOO_MANY_DESTINATIONS")
    assert (await manager.post("log-destinations", json={"channel_id": place.text})).status_code == 200


async def test_several_additions_at_once_make_one_destination_and_never_an_eleventh(
    served: Served, manager: httpx.AsyncClient, place: Place, discord: DiscordSimulator
) -> None:
    same = [manager.post("log-destinations", json={"channel_id": place.text}) for _ in range(8)]
    assert len({answer.json()["id"] for answer in await asyncio.gather(*same)}) == 1
    channels = [add_channel(discord, f"log-{number}") for number in range(12)]
    await forget_channels(served, place)
    others = [manager.post("log-destinations", json={"channel_id": each}) for each in channels]
    statuses = sorted(answer.status_code for answer in await asyncio.gather(*others))
    assert statuses == [200] * 9 + [422] * 3
    assert len((await manager.get("log-destinations")).json()["destinations"]) == 10


async def test_destinations_of_another_guild_are_out_of_reach(
    served: Served, manager: httpx.AsyncClient, place: Place, clock: SettableClock, discord: DiscordSimulator
) -> None:
    made = (await manager.post("log-destinations", json={"channel_id": place.text})).json()
    other = guilds.found(discord.world, "The Cellar", discord.world.users[place.owner])
    headers = {"Authorization": f"Bearer {token(place.owner, other.id, clock)}"}
    async with served.client(headers=headers) as stranger:
        here, there = f"/api/v1/guilds/{place.guild}", f"/api/v1/guilds/{other.id}"
        assert refusal(await stranger.get(f"{here}/log-destinations")) == (403, "OTHER_GUILD")
        theirs = f"{there}/log-destinations"
        assert (await stranger.get(theirs)).json() == {"destinations": []}
        assert refusal(await stranger.delete(f"{theirs}/{made['id']}")) == (404, "DESTINATION_NOT_FOUND")
        answer = await stranger.post(theirs, json={"channel_id": place.text})
        assert refusal(answer) == (422, "NOT_A_TEXT_CHANNEL")


async def test_nothing_is_taken_unseen_while_discord_is_away(
    served: Served, manager: httpx.AsyncClient, place: Place, discord: DiscordSimulator
) -> None:
    assert (await manager.get("log-destinations")).status_code == 200
    await forget_channels(served, place)
    await manager.get("fairness")  # The guild itself is known for some seconds, its channels are not.
    async with httpx.AsyncClient() as control:
        trouble = {"path": f"/api/v10/guilds/{place.guild}/channels", "status": 500, "times": 3}
        await control.post(f"{discord.address}/_sim/faults", json=trouble)
    answer = await manager.post("log-destinations", json={"channel_id": place.text})
    assert refusal(answer) == (503, "DISCORD_UNAVAILABLE")
    assert "retry-after" in answer.headers


@pytest.fixture
def statements(served: Served) -> list[str]:
    texts: list[str] = []
    served.house.database.observe = texts.append
    return texts


async def test_a_list_costs_the_same_however_long_it_is(
    manager: httpx.AsyncClient, place: Place, discord: DiscordSimulator, statements: list[str]
) -> None:
    costs = []
    for channels in ([place.text], [add_channel(discord, f"log-{number}") for number in range(8)]):
        for each in channels:
            assert (await manager.post("log-destinations", json={"channel_id": each})).status_code == 200
        statements.clear()
        await manager.get("log-destinations")
        costs.append(len(statements))
    assert costs[0] == costs[1]
