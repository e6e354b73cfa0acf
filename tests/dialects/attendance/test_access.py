"""Who may enter a guild: judged by the token, then by Discord."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta

import httpx
import jwt
import pytest

from guildhall.dialects.attendance import Attendance
from guildhall.simulator.discord import DiscordSimulator, Fault, guilds, people
from tests.clock import SettableClock
from tests.dialects.attendance.asking import SECRET, Place, refusal, token
from tests.serving import Served

Calling = Callable[[str], Awaitable[httpx.AsyncClient]]


@pytest.fixture
def engine() -> str:
    """Who may enter does not depend on the engine."""
    return "sqlite"


@pytest.fixture
async def calling(served: Served, place: Place, clock: SettableClock) -> AsyncIterator[Calling]:
    """Return a client of somebody's, whose paths begin behind the guild."""
    async with AsyncExitStack() as stack:

        async def call(user_id: str) -> httpx.AsyncClient:
            headers = {"Authorization": f"Bearer {token(user_id, place.guild, clock)}"}
            client = await stack.enter_async_context(served.client(headers=headers))
            client.base_url = f"{served.url}/api/v1/guilds/{place.guild}/"
            return client

        yield call


async def test_the_owner_and_who_holds_manage_server_or_administrator_may_enter_and_others_may_not(
    served: Served, calling: Calling, place: Place, discord: DiscordSimulator
) -> None:
    assert (await (await calling(place.owner)).get("fairness")).status_code == 200
    assert (await (await calling(place.steward)).get("fairness")).status_code == 200

    member = await calling(place.member)
    assert refusal(await member.get("fairness")) == (403, "MANAGE_SERVER_NEEDED")
    assert refusal(await member.get("bot-present")) == (403, "MANAGE_SERVER_NEEDED")
    assert refusal(await (await calling("4242")).get("fairness")) == (403, "NOT_A_MEMBER")

    everybody = discord.guild.roles[discord.guild.id]
    everybody.permissions |= 0x8
    # What Discord said is kept for fifteen seconds of the machine's own time.
    await served.house.cache.delete(f"discord:/guilds/{place.guild}")
    assert (await member.get("fairness")).status_code == 200


@pytest.mark.parametrize("path", ["fairness", "overview", "bot-present", "signing/status"])
async def test_a_token_of_a_wrong_kind_a_malformed_path_and_another_guild_are_refused_in_this_order(
    served: Served, place: Place, clock: SettableClock, path: str
) -> None:
    later = int((clock.now() + timedelta(minutes=1)).timestamp())
    claims = {"user_id": place.owner, "guild_id": place.guild, "exp": later}
    wrong = [
        None,
        "nonsense",
        jwt.encode(claims, "another secret, which is just as long as the right one is", algorithm="HS256"),
        jwt.encode(claims, SECRET, algorithm="HS512"),
        jwt.encode(claims | {"exp": later - 66}, SECRET, algorithm="HS256"),
        jwt.encode(claims | {"nbf": later}, SECRET, algorithm="HS256"),
        jwt.encode({"guild_id": place.guild, "exp": later}, SECRET, algorithm="HS256"),
    ]
    async with served.client() as client:
        for each in wrong:
            headers = {} if each is None else {"Authorization": f"Bearer {each}"}
            answer = await client.get(f"/api/v1/guilds/x/{path}", headers=headers)
            assert refusal(answer) == (401, "UNAUTHORIZED")

        good = {"Authorization": f"Bearer {token(place.owner, place.guild, clock)}"}
        for guild in ("x", "0", "-1", "1.5", "9" * 20, "1" * 21, "٣"):
            answer = await client.get(f"/api/v1/guilds/{guild}/{path}", headers=good)
            assert refusal(answer) == (422, "INVALID_FIELD")
            assert answer.json()["field"] == "guild_id"
        answer = await client.get(f"/api/v1/guilds/1/{path}", headers=good)
        assert refusal(answer) == (403, "OTHER_GUILD")
        number = {"Authorization": f"Bearer {token(place.owner, int(place.guild), clock)}"}
        assert (await client.get(f"/api/v1/guilds/{place.guild}/{path}", headers=number)).status_code == 200


async def test_without_the_bot_a_guild_is_not_found_and_bot_present_tells_how_to_invite_it(
    manager: httpx.AsyncClient, calling: Calling, place: Place, discord: DiscordSimulator
) -> None:
    guilds.expel_bot(discord.world, discord.guild)
    assert refusal(await manager.get("fairness")) == (404, "BOT_NOT_IN_GUILD")
    answer = await (await calling(place.member)).get("bot-present")
    invitation = httpx.URL(answer.json().pop("invite_url"))
    assert answer.json()["present"] is False
    assert dict(invitation.params)["guild_id"] == place.guild
    assert dict(invitation.params)["client_id"] == discord.world.application.id

    people.join(discord.world, discord.guild, discord.world.bot, [])
    answer = await manager.get("bot-present")
    assert answer.json() == {"present": True, "guild_id": place.guild, "invite_url": None}
    assert (await manager.get("fairness")).status_code == 200


async def test_where_discord_fails_nothing_is_answered_from_memory_and_the_body_is_not_read(
    manager: httpx.AsyncClient, discord: DiscordSimulator
) -> None:
    discord.faults.add(Fault(status=502))
    answer = await manager.patch("fairness", content=b"{")
    assert refusal(answer) == (503, "DISCORD_UNAVAILABLE")
    assert answer.headers["retry-after"] == "5"
    for body in (b"{", b"[]", b'{"pause_on_mute": 1}'):
        assert (await manager.patch("fairness", content=body)).status_code == 422
    assert refusal(await manager.patch("fairness", content=b"{")) == (422, "INVALID_JSON")


@pytest.mark.parametrize("more_settings", [{"API_INTERNAL_SECRET": ""}])
async def test_a_secret_is_made_at_the_first_start_and_kept(served: Served, place: Place, clock: SettableClock) -> None:
    kept = served.house.settings.store.data_dir / "secrets" / "api_internal_secret"
    assert kept.read_text().strip() == served.house.internal_secret
    assert kept.stat().st_mode & 0o777 == 0o600
    claims = jwt.decode(token(place.owner, place.guild, clock), options={"verify_signature": False})
    for secret, status in ((SECRET, 401), ("", 401), (served.house.internal_secret, 200)):
        headers = {"Authorization": f"Bearer {jwt.encode(claims, secret or 'x' * 32, algorithm='HS256')}"}
        async with served.client(headers=headers) as client:
            assert (await client.get(f"/api/v1/guilds/{place.guild}/fairness")).status_code == status


@pytest.mark.parametrize("more_settings", [{"DISCORD_TOKEN": ""}])
async def test_without_a_bot_nobody_enters(manager: httpx.AsyncClient) -> None:
    assert refusal(await manager.get("fairness")) == (503, "DISCORD_UNAVAILABLE")


@pytest.mark.parametrize("more_settings", [{"RATE_LIMIT_PER_IP": "600"}])
async def test_a_person_has_a_limit_over_all_their_tokens_and_an_address_without_one_another(
    served: Served, manager: httpx.AsyncClient, calling: Calling, anybody: httpx.AsyncClient, place: Place
) -> None:
    limiter, window = served.house.limiter, Attendance.window
    await limiter.hit(f"attendance:{place.owner}", limit=6000, window=window, cost=5999)
    assert (await manager.get("fairness")).status_code == 200
    for client in (manager, await calling(place.owner)):
        answer = await client.get("fairness")
        assert refusal(answer) == (429, "RATE_LIMITED")
        assert 0 < int(answer.headers["retry-after"]) <= 60
    assert (await (await calling(place.steward)).get("fairness")).status_code == 200

    assert (await anybody.get(f"/verify/keys/{place.guild}")).status_code == 404
    await limiter.hit("address:127.0.0.1", limit=600, window=window, cost=599)
    assert (await anybody.get(f"/verify/keys/{place.guild}")).status_code == 429
