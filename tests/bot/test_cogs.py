"""Cogs of operators: loaded, replaced and removed while the bot runs, whatever is wrong with them."""

import importlib.util
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from guildhall.core.actor import Actor, ActorKind
from guildhall.domains import bot
from guildhall.domains.bot import Cog, Phase, available_cogs
from guildhall.domains.bot.errors import CogNotFound
from guildhall.simulator.discord import DiscordSimulator
from tests.bot.conftest import OPERATOR, Scene, until

Scenes = Callable[..., Any]

DOCUMENTED = Path(__file__).parents[2] / "docs" / "cogs.md"

SAYING = """
from discord import app_commands
from discord.ext import commands

class Hello(commands.Cog):
    @app_commands.command(description="Say it")
    async def hello(self, interaction):
        await interaction.response.send_message("{said}")

async def setup(bot):
    await bot.add_cog(Hello())
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of cogs."""
    place = tmp_path / "cogs"
    place.mkdir()
    return place


def bytecode_in(folder: Path) -> list[Path]:
    return list(folder.rglob("*.pyc"))


async def ask(scene: Scene, name: str, *, wanted: bool = True) -> Cog:
    """Ask for a cog, or for it to go; what the bot made of that."""
    settings = scene.house.settings.discord
    async with scene.house.database.write() as tx:
        if wanted:
            available = available_cogs(settings.cogs_dir, settings.cogs_allowed)
            await bot.want_cog(tx, OPERATOR, name=name, available=available, now=scene.clock.now())
        else:
            await bot.dismiss_cog(tx, OPERATOR, name=name, now=scene.clock.now())
    return await comes_to_be(scene, name, lambda cog: not cog.waits)


async def comes_to_be(scene: Scene, name: str, holds: Callable[[Cog], bool]) -> Cog:
    found: dict[str, Cog] = {}

    async def so() -> bool:
        async with scene.house.database.read() as tx:
            found.update({each.name: each for each in await bot.cogs_of(tx)})
        return name in found and holds(found[name])

    await until(so)
    return found[name]


async def until_registered(scene: Scene) -> None:
    """Wait until Discord knows the commands as they are now."""
    await scene.comes_to(Phase.CONNECTED)
    bot_now = scene.supervisor.bot
    assert bot_now is not None

    async def known() -> bool:
        return bot_now.keeper.registered

    await until(known)


async def says(scene: Scene, command: str, **options: object) -> str:
    """What somebody is told who uses a command of a cog, once Discord knows it."""
    body = {
        "type": "command",
        "user_id": scene.person("rosa.m"),
        "channel_id": scene.channel("general"),
        "name": command,
        "wait_seconds": 20,
        "options": options,
    }
    await until_registered(scene)
    seen: dict[str, Any] = {}
    async with httpx.AsyncClient(timeout=30) as client:

        async def answered() -> bool:
            seen.update((await client.post(f"{scene.discord.address}/_sim/interactions", json=body)).json())
            return "content" in seen

        await until(answered)
    return str(seen["content"] or (seen["embeds"] or seen["followups"][0]["embeds"])[0]["title"])


async def test_a_cog_is_loaded_reloaded_and_unloaded_and_the_set_survives_a_restart(
    scenes: Scenes, folder: Path, discord: DiscordSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    cog = folder / "greeting.py"
    cog.write_text(SAYING.format(said="Good day"))
    settings = {"COGS_DIR": str(folder), "COGS_ALLOWED": "greeting,broken"}
    async with scenes(**settings) as scene:
        await scene.comes_to(Phase.CONNECTED)
        loaded = await ask(scene, "greeting")
        assert (loaded.loaded_at, loaded.error) == (scene.clock.now(), None)
        assert await says(scene, "hello") == "Good day"
        # As long as before and within the same second, so that its bytecode looks as if it were current.
        assert importlib.util.cache_from_source(str(cog)) in map(str, bytecode_in(folder))
        before = cog.stat()
        cog.write_text(SAYING.format(said="Good bye"))
        os.utime(cog, ns=(before.st_atime_ns, before.st_mtime_ns))
        await ask(scene, "greeting")
        assert await says(scene, "hello") == "Good bye"
    async with scenes(**settings) as scene:
        await comes_to_be(scene, "greeting", lambda cog: cog.loaded_at is not None)
        assert await says(scene, "hello") == "Good bye"
        gone = await ask(scene, "greeting", wanted=False)
        assert (gone.wanted, gone.loaded_at, gone.error) == (False, None, None)

        async def forgotten() -> bool:
            known = discord.world.application.commands[str(scene.guild_id)].values()
            return "hello" not in {each["name"] for each in known}

        await until(forgotten)
        assert scene.supervisor.bot is not None
        assert dict(scene.supervisor.bot.extensions) == {}
    async with scenes(**settings) as scene:
        await scene.comes_to(Phase.CONNECTED)
        assert (await ask(scene, "greeting", wanted=False)).loaded_at is None


async def test_a_cog_that_is_wrong_is_told_and_the_one_before_stays(scenes: Scenes, folder: Path) -> None:
    cog = folder / "greeting.py"
    cog.write_text(SAYING.format(said="Good day"))
    async with scenes(COGS_DIR=str(folder), COGS_ALLOWED="*") as scene:
        await scene.comes_to(Phase.CONNECTED)
        first = await ask(scene, "greeting")
        assert first.loaded_at is not None, first.error
        wrong = {
            "def setup(bot:": "greeting.py, line 1: SyntaxError",
            "import nowhere_at_all": "greeting.py, line 1: ModuleNotFoundError",
            "x = 1": "NoEntryPointError",
            "async def setup(bot):\n    raise ValueError('no')": "greeting.py, line 2: ValueError: no",
            SAYING.format(said="x").replace("def hello", "def leaderboard"): "CommandAlreadyRegistered",
        }
        for code, words in wrong.items():
            cog.write_text(code)
            failed = await ask(scene, "greeting")
            assert words in (failed.error or ""), failed.error
            assert str(folder) not in (failed.error or "")
            assert failed.loaded_at == first.loaded_at
        assert await says(scene, "hello") == "Good day"
        cog.write_text("raise SystemExit")
        left = await ask(scene, "greeting")
        assert ("SystemExit" in (left.error or ""), left.loaded_at) == (True, None)
        cog.unlink()
        with pytest.raises(CogNotFound):
            await ask(scene, "greeting")
        assert (await scene.comes_to(Phase.CONNECTED)).wanted

        (folder / "raising.py").write_text(SAYING.replace("hello", "fail").format(said='" + None + "'))
        await ask(scene, "raising")
        assert await says(scene, "fail") == "Something broke on our side"
    async with scenes(COGS_DIR=str(folder), COGS_ALLOWED="*") as scene:
        missing = await comes_to_be(scene, "greeting", lambda cog: cog.error is not None and "COGS_DIR" in cog.error)
        assert missing.loaded_at is None


async def test_the_example_in_the_documents_works(scenes: Scenes, folder: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", DOCUMENTED.read_text(), re.DOTALL)
    assert len(blocks) == 1
    (folder / "dice").mkdir()
    (folder / "dice" / "__init__.py").write_text(blocks[0])
    async with scenes(COGS_DIR=str(folder), COGS_ALLOWED="dice") as scene:
        await scene.comes_to(Phase.CONNECTED)
        assert (await ask(scene, "dice")).error is None
        assert re.search(r"rolls [1-6] \(roll 1\)", await says(scene, "roll"))
        await ask(scene, "dice")
        # What it counts outlives the code that counts it.
        assert "(roll 2)" in await says(scene, "roll", sides=20)
        assert scene.supervisor.bot is not None
        memory = scene.supervisor.bot.memory_of("dice")
        key = scene.person("rosa.m")
        assert await memory.get(key) == 2
        await memory.set(key, None)
        assert await memory.get(key) is None


def test_only_cogs_that_are_allowed_and_have_fitting_names_are_there(folder: Path) -> None:
    for name in ("dice.py", "_hidden.py", "not-one.py", "notes.txt", "4ever.py"):
        (folder / name).touch()
    (folder / "lights").mkdir()
    (folder / "lights" / "__init__.py").touch()
    (folder / "empty").mkdir()
    assert available_cogs(folder, ["*"]) == ["dice", "lights"]
    assert available_cogs(folder, ["lights", "dice.py", "absent"]) == ["lights"]
    assert available_cogs(folder, []) == available_cogs(None, ["*"]) == available_cogs(folder / "no", ["*"]) == []


async def test_what_is_asked_of_cogs_is_written_down(scenes: Scenes, folder: Path) -> None:
    (folder / "dice.py").touch()
    async with scenes(COGS_DIR=str(folder), COGS_ALLOWED="dice", DISCORD_TOKEN="") as scene:
        actor = Actor(ActorKind.USER, user_id="9")
        async with scene.house.database.write() as tx:
            with pytest.raises(CogNotFound):
                await bot.want_cog(tx, actor, name="../dice", available=["dice"], now=scene.clock.now())
            with pytest.raises(CogNotFound):
                await bot.dismiss_cog(tx, actor, name="dice", now=scene.clock.now())
            await bot.want_cog(tx, actor, name="dice", available=["dice"], now=scene.clock.now())
            await bot.want_cog(tx, actor, name="dice", available=["dice"], now=scene.clock.now())
            (cog,) = await bot.cogs_of(tx)
        assert (cog.asked, cog.done, cog.waits, cog.loaded_at) == (2, 0, True, None)
