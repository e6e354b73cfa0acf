"""Cogs of operators: which there are, which are wanted, how the bot fared with them, and what they keep.

Somebody asks for a cog in one process, and the bot may run in another. So what is asked for is a row, and whoever runs
the bot acts on it, now or when it starts.
"""

from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Final

from msgspec.structs import asdict
from sqlalchemy import bindparam, delete, update

from guildhall.core.actor import Actor
from guildhall.core.db import Tx, command, insert_if_new, insert_or_replace
from guildhall.domains import audit
from guildhall.domains.bot.errors import CogNotFound
from guildhall.domains.bot.models import Cog, Remembered, bot_cogs, bot_memories
from guildhall.domains.bot.queries import COG, COGS, REMEMBERED
from guildhall.domains.bot.running import SHOWN

COGS_ASKED: Final = "bot.cogs"
"""The topic under which is told that somebody asked for a cog, or for it to go."""

ANY: Final = "*"
"""What allows every cog of the folder."""

LONGEST_ERROR: Final = 1000

BEGIN = insert_if_new(bot_cogs)
_named = bot_cogs.c.name == bindparam("cog")
ASK = command(update(bot_cogs).where(_named).values(wanted=bindparam("wish"), asked=bot_cogs.c.asked + 1))
TELL = command(
    update(bot_cogs)
    .where(_named)
    .values(
        done=bindparam("acted_on"),
        loaded_at=bindparam("since"),
        error=bindparam("words"),
        error_at=bindparam("failed"),
    )
)
KEEP = insert_or_replace(bot_memories)
DROP = command(
    delete(bot_memories).where(bot_memories.c.cog == bindparam("of_cog"), bot_memories.c.key == bindparam("named"))
)


def available_cogs(folder: Path | None, allowed: Collection[str]) -> list[str]:
    """Return the names of the cogs in a folder that are allowed: modules, and packages. Reads the folder.

    A folder that is not there has none.
    """
    if folder is None or not folder.is_dir():
        return []
    found = {each.stem for each in folder.glob("*.py")} | {each.parent.name for each in folder.glob("*/__init__.py")}
    fitting = (each for each in found if each.isidentifier() and not each.startswith("_"))
    return sorted(each for each in fitting if ANY in allowed or each in allowed)


async def cogs_of(tx: Tx) -> list[Cog]:
    """Return the cogs that somebody asked for once, by name."""
    return await tx.all(COGS)


async def want_cog(tx: Tx, actor: Actor, *, name: str, available: Collection[str], now: datetime) -> None:
    """Ask the bot to load a cog, or to load it anew, now and after every start. Raises CogNotFound."""
    if name not in available:
        raise CogNotFound
    await tx.run(BEGIN, **asdict(Cog(name=name, wanted=True)))
    await _ask(tx, actor, "bot.cog_wanted", name, wanted=True, now=now)


async def dismiss_cog(tx: Tx, actor: Actor, *, name: str, now: datetime) -> None:
    """Ask the bot to unload a cog, and not to load it again by itself. Raises CogNotFound when nobody wanted it."""
    if await tx.one(COG, name=name) is None:
        raise CogNotFound
    await _ask(tx, actor, "bot.cog_dismissed", name, wanted=False, now=now)


async def _ask(tx: Tx, actor: Actor, action: str, name: str, *, wanted: bool, now: datetime) -> None:
    await tx.run(ASK, cog=name, wish=wanted)
    await audit.record(tx, actor, action, name, now=now)
    tx.announce(COGS_ASKED)
    tx.announce(SHOWN)


async def tell_of_cog(tx: Tx, cog: Cog, *, loaded: bool, error: str | None, now: datetime) -> None:
    """Write down what came of what was asked of a cog, as the process that runs the bot sees it."""
    since = (cog.loaded_at if error else None) or now
    words, failed = (error[:LONGEST_ERROR], now) if error else (None, None)
    await tx.run(TELL, cog=cog.name, acted_on=cog.asked, since=since if loaded else None, words=words, failed=failed)
    tx.announce(SHOWN)


async def remember(tx: Tx, *, cog: str, key: str, value: object) -> None:
    """Keep something for a cog: any JSON value, in place of what was kept under this key. None removes it."""
    if value is None:
        await tx.run(DROP, of_cog=cog, named=key)
    else:
        await tx.run(KEEP, **asdict(Remembered(cog, key, value)))


async def recall(tx: Tx, *, cog: str, key: str) -> object:
    """Return what is kept for a cog under a key, None when nothing is."""
    found = await tx.one(REMEMBERED, cog=cog, key=key)
    return found.value if found else None
