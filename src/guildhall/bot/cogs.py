"""Cogs of operators: loaded from a folder one at a time, and left as they were when something is wrong with them.

A cog is code with the full trust of the server. What keeps others out is that only whoever may change the server's
folder and settings can put one there.
"""

import asyncio
import contextlib
import importlib
import importlib.util
import sys
import traceback
import types
from pathlib import Path
from typing import TYPE_CHECKING, Final

from discord.ext import commands

from guildhall.core.db import Database
from guildhall.core.log import get_logger
from guildhall.domains import bot as bot_domain
from guildhall.domains.bot import Cog

if TYPE_CHECKING:
    from guildhall.bot.client import HouseBot

log = get_logger(__name__)

PACKAGE: Final = "guildhall_cogs"
"""The package that cogs are modules of, so that one named like a library does not take its place."""

LOAD_WITHIN: Final = 30.0


class Memory:
    """What a cog keeps in the house's database, by keys of its own. Values are whatever JSON can hold."""

    def __init__(self, database: Database, cog: str) -> None:
        self._database = database
        self._cog = cog

    async def get(self, key: str) -> object:
        """Return what is kept under a key, None when nothing is."""
        async with self._database.read() as tx:
            return await bot_domain.recall(tx, cog=self._cog, key=key)

    async def set(self, key: str, value: object) -> None:
        """Keep a value in place of the one before; None removes it."""
        async with self._database.write() as tx:
            await bot_domain.remember(tx, cog=self._cog, key=key, value=value)


class CogKeeper:
    """Does what is asked of cogs, each request once in the life of a bot."""

    def __init__(self, bot: "HouseBot") -> None:
        self._bot = bot
        self._acted_on: dict[str, int] = {}

    async def is_asked(self) -> bool:
        """Tell whether there is something to do. Raises StoreUnavailable."""
        return bool(await self._asked())

    async def obey(self) -> None:
        """Load, reload and unload what was asked since the last time; at first whatever is wanted.

        Raises StoreUnavailable.
        """
        house = self._bot.house
        for cog in await self._asked():
            error = await self._act(cog)
            loaded = _module_of(cog.name) in self._bot.extensions
            async with house.database.write() as tx:
                await bot_domain.tell_of_cog(tx, cog, loaded=loaded, error=error, now=house.clock.now())
            self._acted_on[cog.name] = cog.asked

    async def _asked(self) -> list[Cog]:
        async with self._bot.house.database.read() as tx:
            return [each for each in await bot_domain.cogs_of(tx) if self._is_new(each)]

    def _is_new(self, cog: Cog) -> bool:
        if cog.name in self._acted_on:
            return self._acted_on[cog.name] < cog.asked
        return cog.wanted or cog.waits

    async def _act(self, cog: Cog) -> str | None:
        """Do what is asked of a cog. Returns what went wrong, in words for whoever wrote it."""
        log.info("A cog is asked for", cog=cog.name, wanted=cog.wanted)
        settings = self._bot.house.settings.discord
        available = await asyncio.to_thread(bot_domain.available_cogs, settings.cogs_dir, settings.cogs_allowed)
        folder = settings.cogs_dir
        if cog.wanted and (folder is None or cog.name not in available):
            await self._unload(cog.name)
            return "It is not in COGS_DIR any more, or COGS_ALLOWED does not name it."
        try:
            async with asyncio.timeout(LOAD_WITHIN):
                if cog.wanted and folder is not None:
                    await self._load(cog.name, folder)
                else:
                    await self._unload(cog.name)
        except TimeoutError:
            return f"It was not loaded within {LOAD_WITHIN:.0f} seconds."
        except (Exception, SystemExit) as fault:
            log.warning("A cog cannot be loaded", cog=cog.name, exc_info=fault)
            return _words_for(fault)
        return None

    async def _load(self, name: str, folder: Path) -> None:
        """Load a cog, or replace it by what its file says now; what fails leaves the old one at work."""
        _make_package(folder)
        # Bytecode is believed when time and size of its source are the same, and both can be after a quick change.
        await asyncio.to_thread(_remove_bytecode, name, folder)
        importlib.invalidate_caches()
        module = _module_of(name)
        if module in self._bot.extensions:
            await self._bot.reload_extension(module)
        else:
            # What a cog that ended in the middle of its import has left behind would be taken for the cog.
            sys.modules.pop(module, None)
            await self._bot.load_extension(module)

    async def _unload(self, name: str) -> None:
        with contextlib.suppress(commands.ExtensionNotLoaded):
            await self._bot.unload_extension(_module_of(name))


def _module_of(name: str) -> str:
    return f"{PACKAGE}.{name}"


def _make_package(folder: Path) -> None:
    package = types.ModuleType(PACKAGE)
    package.__path__ = [str(folder)]
    sys.modules[PACKAGE] = package


def _remove_bytecode(name: str, folder: Path) -> None:
    sources = [folder / f"{name}.py", *(folder / name).rglob("*.py")]
    for source in sources:
        Path(importlib.util.cache_from_source(str(source))).unlink(missing_ok=True)


def _words_for(fault: BaseException) -> str:
    """Return what is wrong with a cog and where: its own line, and not the library's that met it."""
    cause = fault.original if isinstance(fault, commands.ExtensionFailed) else fault
    if isinstance(cause, SyntaxError):
        return f"{Path(cause.filename or '').name}, line {cause.lineno}: {type(cause).__name__}: {cause.msg}"
    own = [each for each in traceback.extract_tb(cause.__traceback__) if PACKAGE in sys.modules and _is_own(each)]
    where = f"{Path(own[-1].filename).name}, line {own[-1].lineno}: " if own else ""
    return f"{where}{type(cause).__name__}: {cause}"


def _is_own(frame: traceback.FrameSummary) -> bool:
    return any(Path(frame.filename).is_relative_to(folder) for folder in sys.modules[PACKAGE].__path__)
