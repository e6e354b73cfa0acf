import asyncio
import io
from datetime import timedelta

import discord
import httpx
import pytest
from discord import app_commands, ui

from guildhall.simulator.discord import DiscordSimulator
from tests.clock import SettableClock
from tests.services.discord import HastyBot
from tests.simulator.discord.conftest import Steer
from tests.simulator.discord.description import Recorder

Spoken = discord.Interaction[HastyBot]


class Feedback(ui.Modal, title="Feedback"):
    subject: ui.TextInput["Feedback"] = ui.TextInput(label="Subject", max_length=20)

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"About {self.subject.value}: thank you", ephemeral=True)


class Panel(ui.View):
    @ui.button(label="Knock", custom_id="knock")
    async def knock(self, interaction: Spoken, button: ui.Button["Panel"]) -> None:
        button.disabled = True
        await interaction.response.edit_message(content="Knocked", view=self)

    @ui.button(label="Write", custom_id="write")
    async def write(self, interaction: Spoken, button: ui.Button["Panel"]) -> None:
        await interaction.response.send_modal(Feedback(custom_id="feedback"))

    @ui.select(custom_id="pick", options=[discord.SelectOption(label=each) for each in ("tea", "coffee")], max_values=2)
    async def pick(self, interaction: Spoken, select: ui.Select["Panel"]) -> None:
        await interaction.response.defer()
        await interaction.followup.send(", ".join(select.values), ephemeral=True)

    @ui.select(cls=ui.UserSelect, custom_id="whom")
    async def whom(self, interaction: Spoken, select: ui.UserSelect["Panel"]) -> None:
        await interaction.response.send_message(select.values[0].mention)


def commands_of(bot: HastyBot) -> None:
    """Teach a bot commands of every kind."""
    tree, group = bot.tree, app_commands.Group(name="desk", description="The front desk")

    @tree.command(description="Greet somebody")
    async def greet(interaction: Spoken, who: discord.Member, times: app_commands.Range[int, 1, 3] = 1) -> None:
        await interaction.response.send_message("Hello " * times + who.display_name)

    @tree.command(description="Think first")
    async def ponder(interaction: Spoken) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await interaction.edit_original_response(
            content="42", attachments=[discord.File(io.BytesIO(b"because"), "why.txt")]
        )
        more = await interaction.followup.send("And more", ephemeral=True, wait=True)
        await more.edit(content="And much more")
        assert (await interaction.original_response()).content == "42"

    @tree.command(description="Read a file aloud")
    async def recite(interaction: Spoken, file: discord.Attachment) -> None:
        await interaction.response.send_message(f"{file.filename}: {(await file.read()).decode()}")

    @tree.command(description="Think, then say")
    async def mull(interaction: Spoken) -> None:
        await interaction.response.defer(thinking=True)
        await interaction.followup.send("Done")

    @tree.command(description="Show the panel")
    @app_commands.default_permissions(manage_guild=True)
    async def panel(interaction: Spoken) -> None:
        await interaction.response.send_message("The panel", view=Panel())

    @group.command(description="Close it")
    @app_commands.choices(reason=[app_commands.Choice(name="Solved", value="solved")])
    async def close(interaction: Spoken, reason: str) -> None:
        await interaction.response.send_message(f"Closed: {reason}", embed=discord.Embed(title="Bye"))

    @tree.command(description="Say nothing")
    async def ignore(interaction: Spoken) -> None:
        """Leave the person without an answer."""

    @tree.context_menu(name="Quote it")
    async def quote(interaction: Spoken, message: discord.Message) -> None:
        await interaction.response.send_message(f"> {message.content}")

    @tree.context_menu(name="Who is it")
    async def who_is(interaction: Spoken, user: discord.User) -> None:
        await interaction.response.send_message(user.name, ephemeral=True)

    tree.add_command(group)


@pytest.fixture
async def skilled(bot: HastyBot, guild: discord.Guild) -> HastyBot:
    """A bot whose commands are registered for the guild."""
    commands_of(bot)
    bot.tree.copy_global_to(guild=guild)
    await bot.tree.sync(guild=guild)
    return bot


async def test_commands_are_registered_everywhere_and_in_a_guild_and_keep_their_ids(
    simulator: DiscordSimulator, skilled: HastyBot, guild: discord.Guild, client: httpx.AsyncClient, steer: Steer
) -> None:
    everywhere = await skilled.tree.sync()
    assert {each.name for each in everywhere} >= {"greet", "desk", "Quote it"}
    assert [each.id for each in await skilled.tree.sync()] == [each.id for each in everywhere]
    fetched = await skilled.tree.fetch_commands(guild=guild)
    assert {each.guild_id for each in fetched} == {guild.id}
    greet = next(each for each in fetched if each.name == "greet")
    await greet.edit(description="Greet one")
    assert (await skilled.tree.fetch_command(greet.id, guild=guild)).description == "Greet one"
    await greet.delete()
    assert "greet" not in {each.name for each in await skilled.tree.fetch_commands(guild=guild)}
    assert set((await steer("GET", "/state"))["commands"]) == {"", str(guild.id)}

    place = f"/api/v10/applications/{simulator.world.application.id}/commands"
    made = await client.post(place, json={"name": "new", "description": "New"})
    again = await client.post(place, json={"name": "new", "description": "Newer"})
    assert (made.status_code, again.status_code) == (201, 200)
    assert made.json()["id"] == again.json()["id"]
    for body, wrong in (
        ([{"name": "Big", "description": "x"}], "APPLICATION_COMMAND_INVALID_NAME"),
        ([{"name": "long", "description": "x" * 101}], "BASE_TYPE_BAD_LENGTH"),
        ([{"name": "two", "description": "x"}] * 2, "APPLICATION_COMMANDS_DUPLICATE_NAME"),
    ):
        refused = await client.put(place, json=body)
        assert (refused.status_code, refused.json()["code"]) == (400, 50035)
        assert wrong in refused.text
    assert len((await client.get(place)).json()) == len(everywhere) + 1


async def test_a_command_is_used_with_its_options_and_answered(
    skilled: HastyBot, general: discord.TextChannel, steer: Steer, rosa: str
) -> None:
    use = {"type": "command", "user_id": rosa, "channel_id": str(general.id)}
    seen = await steer("POST", "/interactions", **use, name="greet", options={"who": rosa, "times": 2})
    assert (seen["content"], seen["ephemeral"], seen["type"]) == ("Hello Hello Rosa", False, 4)
    seen = await steer("POST", "/interactions", **use, name="desk close", options={"reason": "solved"})
    assert (seen["content"], seen["embeds"][0]["title"]) == ("Closed: solved", "Bye")
    assert [each.content async for each in general.history(limit=1)] == ["Closed: solved"]

    poem = {"file": {"filename": "poem.txt", "content": "Roses"}}
    assert (await steer("POST", "/interactions", **use, name="recite", options=poem))["content"] == "poem.txt: Roses"

    spoilt = {"file": {"filename": "poem.txt", "content_base64": "?"}}
    wrong = {"greet": {}, "desk close": {"reason": "tired"}, "ponder": {"speed": 1}, "recite": {"file": "poem.txt"}}
    await steer("POST", "/interactions", refused=400, **use, name="recite", options=spoilt)
    for name, options in wrong.items():
        await steer("POST", "/interactions", refused=400, **use, name=name, options=options)
    assert (await steer("POST", "/interactions", refused=404, **use, name="dance"))["code"] == 10063
    assert (await steer("POST", "/interactions", refused=403, **use, name="panel"))["code"] == 50013
    assert (await steer("POST", "/interactions", refused=400, user_id=rosa, channel_id=str(general.id)))["code"] == 0


async def test_an_answer_may_be_put_off_and_is_for_one_person_if_it_shall_be(
    skilled: HastyBot, general: discord.TextChannel, steer: Steer, rosa: str
) -> None:
    use = {"type": "command", "user_id": rosa, "channel_id": str(general.id)}
    seen = await steer("POST", "/interactions", **use, name="ponder")
    assert (seen["content"], seen["ephemeral"], seen["thinking"]) == ("42", True, False)
    assert seen["attachments"][0]["filename"] == "why.txt"
    assert [each async for each in general.history()] == []
    with pytest.raises(discord.NotFound):
        await general.fetch_message(int(seen["message_id"]))

    seen = await steer("POST", "/interactions", **use, name="mull")
    assert (seen["content"], seen["ephemeral"], seen["followups"]) == ("Done", False, [])
    assert [each.content async for each in general.history()] == ["Done"]
    silent = await steer("POST", "/interactions", **use, name="ignore", wait_seconds=0.01)
    assert (silent["answered"], silent["notice"]) == (False, "The application did not respond")


async def test_components_and_modals_are_used_and_answered(
    simulator: DiscordSimulator, skilled: HastyBot, general: discord.TextChannel, steer: Steer, rosa: str
) -> None:
    mara, channel = simulator.world.application.owner.id, str(general.id)
    shown = await steer("POST", "/interactions", type="command", user_id=mara, channel_id=channel, name="panel")
    assert shown["content"] == "The panel"
    touch = {"type": "component", "user_id": rosa, "channel_id": channel}

    picked = await steer("POST", "/interactions", **touch, custom_id="pick", values=["tea", "coffee"], wait_seconds=1)
    await simulator.world.until(lambda: len(simulator.desk.by_id[picked["id"]].said) == 1)
    assert simulator.desk.by_id[picked["id"]].said[0].content == "tea, coffee"
    chosen = await steer("POST", "/interactions", **touch, custom_id="whom", values=[mara])
    assert chosen["content"] == f"<@{mara}>"
    await steer("POST", "/interactions", refused=400, **touch, custom_id="pick", values=["milk"])
    assert (await steer("POST", "/interactions", refused=404, **touch, custom_id="nothing"))["code"] == 10008

    asked = await steer("POST", "/interactions", **touch, custom_id="write")
    assert (asked["type"], asked["modal"]["custom_id"], asked["modal"]["title"]) == (9, "feedback", "Feedback")
    field = next(each for row in asked["modal"]["components"] for each in row["components"])
    send = {"type": "modal", "user_id": rosa, "channel_id": channel, "custom_id": "feedback"}
    await steer("POST", "/interactions", refused=404, **send | {"user_id": mara})
    await steer("POST", "/interactions", **touch, custom_id="write")
    thanks = await steer("POST", "/interactions", **send, values={field["custom_id"]: "Doors"})
    assert (thanks["content"], thanks["ephemeral"]) == ("About Doors: thank you", True)

    knocked = await steer("POST", "/interactions", **touch, custom_id="knock", message_id=shown["message_id"])
    assert (knocked["content"], knocked["type"]) == ("Knocked", 7)
    assert knocked["components"][0]["components"][0]["disabled"]
    await steer("POST", "/interactions", refused=400, **touch, custom_id="knock")


async def test_menus_of_messages_and_users_are_used(
    skilled: HastyBot, general: discord.TextChannel, steer: Steer, rosa: str
) -> None:
    said = await steer("POST", "/messages", channel_id=str(general.id), author_id=rosa, content="Well said")
    use = {"type": "menu", "user_id": rosa, "channel_id": str(general.id)}
    quoted = await steer("POST", "/interactions", **use, name="Quote it", target_id=said["id"])
    assert quoted["content"] == "> Well said"
    named = await steer("POST", "/interactions", **use, name="Who is it", target_id=rosa)
    assert (named["content"], named["ephemeral"]) == ("rosa.m", True)


async def test_an_answer_that_is_late_unknown_or_the_second_is_refused(
    simulator: DiscordSimulator,
    bot: HastyBot,
    general: discord.TextChannel,
    clock: SettableClock,
    recorder: Recorder,
    rosa: str,
) -> None:
    commands_of(bot)
    await bot.tree.sync()
    world, desk = simulator.world, simulator.desk
    channel, user = world.channels[str(general.id)], world.users[rosa]
    bot.tree.interaction_check = _never  # type: ignore[method-assign]  # the fault

    desk.use_command(user, channel, "ignore", {})
    (first,) = await bot.hears("interaction")
    with pytest.raises(discord.NotFound) as early:
        await first.followup.send("Too early")
    assert early.value.code == 10015
    await first.response.send_message("Here")
    first.response._response_type = None
    with pytest.raises(discord.HTTPException) as twice:
        await first.response.send_message("Here again")
    assert (twice.value.status, twice.value.code) == (400, 40060)
    clock.advance(timedelta(minutes=14))
    await first.followup.send("Still here")
    clock.advance(timedelta(minutes=2))
    with pytest.raises(discord.HTTPException) as over:
        await first.followup.send("Gone")
    assert (over.value.status, over.value.code) == (401, 50027)

    desk.use_command(user, channel, "ignore", {})
    (second,) = await bot.hears("interaction")
    clock.advance(timedelta(seconds=4))
    for interaction in (second, second):
        with pytest.raises(discord.NotFound) as late:
            await interaction.response.defer()
        assert late.value.code == 10062
        interaction.token = "unknown"


async def _never(_: discord.Interaction) -> bool:
    """Let no command run, so that the test itself answers."""
    await asyncio.sleep(0)
    return False
