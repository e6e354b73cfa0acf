"""The bot's account at Discord."""

from base64 import b64encode

from guildhall.core.db import Database
from guildhall.domains import audit
from guildhall.domains.bot.profile import LONGEST_TEXT
from guildhall.simulator.discord import DiscordSimulator
from tests.dialects.rustmail.people import OWNER, STEWARD, FrontDesk, refusal

PROFILE = "/api/bot/profile"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


async def test_the_account_is_shown_and_changed_at_discord(
    front: FrontDesk, discord: DiscordSimulator, database: Database
) -> None:
    owner, steward = await front.enters(OWNER), await front.enters(STEWARD)
    await front.grants(owner, "view_panel", to=front.id_of(STEWARD))
    account = discord.world.bot
    shown = (await steward.get(PROFILE)).json()
    assert (shown["id"], shown["username"], shown["banner_url"]) == (account.id, account.username, None)
    assert refusal(await steward.put(PROFILE, json={"username": "Mine"})) == (403, "FORBIDDEN")

    large = b64encode(PNG + bytes(3_000_000)).decode()
    for picture in (b64encode(PNG).decode(), f"data:image/jpeg;base64,{b64encode(PNG).decode()}", large):
        body = {"username": "Helpdesk", "avatar": picture, "banner": b64encode(b"GIF89a" + bytes(9)).decode()}
        answer = await owner.put(PROFILE, json=body)
        assert answer.status_code == 200, answer.text
        assert answer.json()["username"] == account.username == "Helpdesk"
        assert answer.json()["avatar_url"] == f"https://cdn.discordapp.com/avatars/{account.id}/{account.avatar}.png"
    assert account.banner is not None
    gone = (await owner.put(PROFILE, json={"banner": None})).json()
    assert gone["banner_url"] is None
    assert (discord.world.bot.banner, bool(discord.world.bot.avatar)) == (None, True)

    for wrong in (
        "",
        "hello",
        "data:image/png;base64,!!!",
        b64encode(b"<svg>").decode(),
        b64encode(PNG + bytes(2**23)).decode(),
    ):
        assert refusal(await owner.put(PROFILE, json={"avatar": wrong})) == (400, "INVALID_IMAGE")
    for wrong in ({}, {"username": "x"}, {"username": "x" * 33}, {"username": 5}):  # type: ignore[assignment]  # other bodies
        assert refusal(await owner.put(PROFILE, json=wrong)) == (400, "INVALID_REQUEST")
    assert refusal(await owner.put(PROFILE, content=bytes(2 * LONGEST_TEXT + 2**16 + 1))) == (413, "PAYLOAD_TOO_LARGE")
    async with database.read() as tx:
        entries = await audit.page_of_entries(tx, action="bot.profile_changed", limit=10)
    assert entries[0].details == {"changed": ["banner"], "username": "Helpdesk"}
