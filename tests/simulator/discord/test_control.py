import httpx

from guildhall.simulator.discord import DiscordSimulator
from tests.simulator.discord.conftest import Steer


async def test_what_is_made_by_the_control_side_is_in_the_state(
    simulator: DiscordSimulator, steer: Steer, rosa: str
) -> None:
    guild = await steer("POST", "/guilds", name="Second")
    user = await steer("POST", "/users", username="new.one", global_name="New")
    category = await steer("POST", f"/guilds/{guild['id']}/channels", name="Group", type=4)
    hall = await steer("POST", f"/guilds/{guild['id']}/channels", name="hall", type=2, parent_id=category["id"])
    role = await steer("POST", f"/guilds/{guild['id']}/roles", name="Guest", permissions="1024")
    await steer("PUT", f"/guilds/{guild['id']}/members/{user['id']}", roles=[role["id"]])
    await steer("POST", "/voice", guild_id=guild["id"], user_id=user["id"], channel_id=hall["id"], self_video=True)
    letter = await steer("POST", "/messages", dm_of=rosa, author_id=rosa, content="Hello")
    assert (letter["author"]["id"], letter["content"]) == (rosa, "Hello")

    state = await steer("GET", "/state")
    shown = next(each for each in state["guilds"] if each["id"] == guild["id"])
    assert shown["owner_id"] == simulator.world.application.owner.id
    assert [(each["name"], each["parent_id"]) for each in shown["channels"]][1] == ("hall", category["id"])
    assert {each["user"]["username"]: each["roles"] for each in shown["members"]}["new.one"] == [role["id"]]
    assert [(each["user_id"], each["self_video"]) for each in shown["voice_states"]] == [(user["id"], True)]
    assert state["dms"][0]["messages"][0]["content"] == "Hello"
    assert state["application"]["bot_id"] == simulator.world.bot.id


async def test_steering_that_makes_no_sense_is_refused(
    simulator: DiscordSimulator, client: httpx.AsyncClient, steer: Steer, rosa: str
) -> None:
    general = next(each.id for each in simulator.guild.channels.values() if each.name == "general")
    staff = next(each.id for each in simulator.guild.channels.values() if each.name == "staff")
    assert (await steer("POST", "/guilds/1/roles", refused=404, name="Guest"))["code"] == 10004
    assert (await steer("POST", "/users", refused=400))["errors"]["username"]["_errors"]
    say = {"author_id": rosa, "content": "Hello"}
    assert (await steer("POST", "/messages", refused=403, **say, channel_id=staff))["code"] == 50001
    files = [{"filename": "x", "content_base64": "???"}]
    assert (await steer("POST", "/messages", refused=400, **say, channel_id=general, attachments=files))["errors"]
    await steer("POST", f"/guilds/{simulator.guild.id}/channels", refused=400, name="x", type="voice")
    assert (await client.post("/_sim/users", content=b"[]")).status_code == 400
    assert (await client.get("/_sim/nowhere")).status_code == 404


async def test_bodies_of_a_wrong_shape_are_bad_forms(simulator: DiscordSimulator, client: httpx.AsyncClient) -> None:
    general = next(each.id for each in simulator.guild.channels.values() if each.name == "general")
    for body in (
        {"content": 5},
        {"embeds": "none"},
        {"embeds": [{"image": "here"}]},
        {"embeds": [{"fields": [{"name": "only"}]}]},
        {"components": [{"custom_id": "x"}]},
        {"components": [{"type": 1, "components": [{"type": 2, "custom_id": "x" * 101}]}]},
        {"components": [{"type": 1, "components": [{"type": 2, "custom_id": "x"}] * 2}]},
        {"message_reference": 1},
        {"content": "x", "nonce": "x" * 26},
        {"attachments": [{"id": 0, "filename": "absent"}]},
    ):
        answer = await client.post(f"/api/v10/channels/{general}/messages", json=body)
        assert (answer.status_code, answer.json()["code"]) == (400, 50035), body
