"""A bot that keeps voice sessions as people write it: each event is one change of one table, and a commit.

`python -m bench.baseline.voice_bot keep|idle API GATEWAY TOKEN DATABASE`. The idle bot keeps nothing: it tells, a few
times a second, how many events it has heard, which shows what the arrangement itself can bring to a client.
"""

import asyncio
import contextlib
import signal
import sys
import uuid
from datetime import UTC, datetime

import aiosqlite
import discord

TABLES = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE sessions (
    id TEXT PRIMARY KEY, guild_id INTEGER NOT NULL, user_id INTEGER NOT NULL, channel_id INTEGER NOT NULL,
    joined_at TEXT NOT NULL, left_at TEXT, end_reason TEXT, self_mute BOOLEAN NOT NULL, mute BOOLEAN NOT NULL,
    self_deaf BOOLEAN NOT NULL, deaf BOOLEAN NOT NULL, suppress BOOLEAN NOT NULL, self_video BOOLEAN NOT NULL,
    self_stream BOOLEAN NOT NULL
);
CREATE UNIQUE INDEX sessions_open ON sessions (guild_id, user_id) WHERE left_at IS NULL;
CREATE INDEX sessions_of_guild ON sessions (guild_id, left_at);
CREATE TABLE heard (events INTEGER NOT NULL);
INSERT INTO heard VALUES (0);
"""
READY = "PRAGMA user_version = 1"
LEAVE = "UPDATE sessions SET left_at = ?, end_reason = ? WHERE guild_id = ? AND user_id = ? AND left_at IS NULL"
JOIN = "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, NULL, NULL, ?, ?, ?, ?, ?, ?, ?)"
CHANGE = (
    "UPDATE sessions SET self_mute = ?, mute = ?, self_deaf = ?, deaf = ?, suppress = ?, self_video = ?, "
    "self_stream = ? WHERE guild_id = ? AND user_id = ? AND left_at IS NULL"
)
TELL_EVERY = 0.01
SOON = 0.5
"""Seconds without a further guild after which all are known; only before anything is measured."""


class Bot(discord.Client):
    """What both bots have: a database, and a word when they are ready."""

    def __init__(self, database: aiosqlite.Connection) -> None:
        super().__init__(intents=discord.Intents(guilds=True, voice_states=True), guild_ready_timeout=SOON)
        self.database = database

    async def on_ready(self) -> None:
        """Say that all guilds are known."""
        await self.database.execute(READY)
        await self.database.commit()


class Keeper(Bot):
    """Keeps sessions."""

    def __init__(self, database: aiosqlite.Connection) -> None:
        super().__init__(database)
        self._turn = asyncio.Lock()

    async def on_voice_state_update(
        self, member: discord.Member, before: discord.VoiceState, after: discord.VoiceState
    ) -> None:
        """Keep what happened."""
        if member.bot:
            return
        now = datetime.now(UTC).isoformat()
        # Without turns, one event would commit half of what another does.
        async with self._turn:
            if before.channel == after.channel:
                await self.database.execute(CHANGE, (*_states(after), member.guild.id, member.id))
            else:
                await self._go(member, before, after, now)
            await self.database.commit()

    async def _go(
        self, member: discord.Member, before: discord.VoiceState, after: discord.VoiceState, now: str
    ) -> None:
        if before.channel is not None:
            reason = "left" if after.channel is None else "moved"
            await self.database.execute(LEAVE, (now, reason, member.guild.id, member.id))
        if after.channel is not None:
            begun = (str(uuid.uuid4()), member.guild.id, member.id, after.channel.id, now, *_states(after))
            await self.database.execute(JOIN, begun)


class Idler(Bot):
    """Hears and keeps nothing."""

    heard = 0

    async def setup_hook(self) -> None:
        """Tell now and then how much was heard."""
        self._telling = asyncio.create_task(self._tell())

    async def on_socket_event_type(self, name: str) -> None:
        """Count."""
        self.heard += name == "VOICE_STATE_UPDATE"

    async def _tell(self) -> None:
        await self.database.execute("PRAGMA synchronous = OFF")
        while True:
            await asyncio.sleep(TELL_EVERY)
            await self.database.execute("UPDATE heard SET events = ?", (self.heard,))
            await self.database.commit()


def _states(state: discord.VoiceState) -> tuple[bool, ...]:
    return (
        state.self_mute,
        state.mute,
        state.self_deaf,
        state.deaf,
        state.suppress,
        state.self_video,
        state.self_stream,
    )


async def main() -> None:
    """Be the bot that the command line names, until SIGTERM."""
    kind, api, gateway, token, path = sys.argv[1:]
    discord.http.Route.BASE = api
    socket = discord.gateway.DiscordWebSocket
    socket.DEFAULT_GATEWAY = type(socket.DEFAULT_GATEWAY)(gateway)
    async with aiosqlite.connect(path) as database:
        await database.executescript(TABLES)
        bot = Idler(database) if kind == "idle" else Keeper(database)
        running = asyncio.create_task(bot.start(token))
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await running
        await bot.close()


asyncio.run(main())
