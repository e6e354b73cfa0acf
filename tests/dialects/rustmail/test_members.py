"""What happens to members on Discord counts at the desk and for apps of the community at once, for the bot hears it."""

import asyncio
from pathlib import Path

import pytest

from guildhall.domains import identity
from guildhall.domains.bot import Phase
from guildhall.domains.identity import mint_access_token
from guildhall.domains.identity.grants import DISCORD
from guildhall.domains.identity.sessions import open_session
from guildhall.settings import Settings
from guildhall.simulator.discord import DiscordSimulator, people
from guildhall.simulator.discord.world import Intent
from tests.bot.conftest import Scene, until
from tests.clock import SettableClock
from tests.dialects.rustmail.people import ABOVE, OWNER, PATIENCE, STEWARD, FrontDesk, held_by, refusal
from tests.dialects.rustmail.test_bot import BOT, discord, scene  # noqa: F401 (fixtures)
from tests.serving import settings_for

ROLE = "Steward"
MAY = ["view_panel", "view_tickets", "manage_tickets"]


@pytest.fixture
def engine() -> str:
    """What is tested here does not depend on the engine."""
    return "sqlite"


@pytest.fixture
def settings(database_url: str, tmp_path: Path, discord: DiscordSimulator) -> Settings:  # noqa: F811 (the fixture)
    role = next(each.id for each in discord.guild.roles.values() if each.name == ROLE)
    return settings_for(database_url, tmp_path, **discord.settings, MODERATOR_ROLE_ID=role)


async def token_of(front: FrontDesk, username: str, clock: SettableClock) -> str:
    """Return what an app of the community shows for somebody who signed in to it with Discord."""
    house, now = front.served.house, clock.now()
    async with house.database.write() as tx:
        user = await identity.user_who_signs_in_as(tx, username)
        assert user is not None
        session, _ = await open_session(tx, user, ip=None, user_agent=None, way=DISCORD, now=now)
    return mint_access_token(session, key=house.community.key, life=house.community.token_life, now=now)


async def test_a_role_that_is_given_or_taken_and_a_member_who_leaves_count_at_once(
    front: FrontDesk,
    scene: Scene,  # noqa: F811 (the fixture)
    discord: DiscordSimulator,  # noqa: F811 (the fixture)
    clock: SettableClock,
) -> None:
    await scene.comes_to(Phase.CONNECTED)
    steward = await front.enters(STEWARD)
    app = await front.opened(Authorization=f"Bearer {await token_of(front, STEWARD, clock)}")

    # The clock of the house stands still, so no answer of Discord's is forgotten for its age.
    async def stands(role: str, permissions: list[str]) -> bool:
        told = (await app.get("/api/auth/me")).json()
        return (told["role"], await held_by(steward)) == (role, permissions)

    assert await stands("moderator", MAY)
    async with asyncio.timeout(PATIENCE), steward.stream("GET", f"{BOT}/events") as stream:
        front.give_roles(STEWARD)
        async for _ in stream.aiter_lines():
            pass
    await until(lambda: stands("lootling", []))
    assert refusal(await steward.get(f"{BOT}/events")) == (403, "FORBIDDEN")
    front.give_roles(STEWARD, ROLE)
    await until(lambda: stands("moderator", MAY))
    guild = discord.guild
    people.leave(discord.world, guild, guild.members[front.id_of(STEWARD)])

    async def is_out() -> bool:
        answer = await app.get("/api/auth/me")
        return answer.status_code == 401 and refusal(answer) == (401, "SESSION_ENDED")

    await until(is_out)
    assert await held_by(steward) == []
    front.give_roles(STEWARD, ROLE)

    async def has_all() -> bool:
        return await held_by(steward) == MAY

    await until(has_all)


async def test_an_application_without_its_switches_is_refused_and_told_which_they_are(
    front: FrontDesk,
    scene: Scene,  # noqa: F811 (the fixture)
    discord: DiscordSimulator,  # noqa: F811 (the fixture)
) -> None:
    owner = await front.enters(OWNER)
    await scene.comes_to(Phase.CONNECTED)
    everything = discord.world.application.privileged
    for missing in (Intent.GUILD_MEMBERS, Intent.MESSAGE_CONTENT):
        discord.world.application.privileged = everything & ~missing
        refused = await owner.post(f"{BOT}/restart", headers=ABOVE)
        assert refusal(refused) == (503, "BOT_INTENTS_MISSING")
        assert "Server Members Intent and Message Content Intent" in refused.json()["error"]
        status = (await owner.get(f"{BOT}/status")).json()
        assert (status["state"], status["failure"]) == ("failed", "BOT_INTENTS_MISSING")
        assert "Server Members Intent" in (await scene.state()).reason
    # Presences are nothing that the bot asks for.
    discord.world.application.privileged = Intent.GUILD_MEMBERS | Intent.MESSAGE_CONTENT
    assert (await owner.post(f"{BOT}/start", headers=ABOVE)).json()["state"] == "running"
