"""A bot that copies direct messages as people write it: a channel for each person, and every message said again there.

`python -m bench.baseline.desk_bot API GATEWAY TOKEN GUILD`. It keeps nothing, and nothing else is done with a message.
"""

import asyncio
import contextlib
import signal
import sys

import discord


class Copyist(discord.Client):
    """Copies what it is told."""

    def __init__(self, guild_id: int) -> None:
        super().__init__(intents=discord.Intents(guilds=True, dm_messages=True, message_content=True))
        self._guild_id = guild_id
        self._channels: dict[int, discord.TextChannel] = {}
        self._turn = asyncio.Lock()

    async def on_message(self, message: discord.Message) -> None:
        """Copy a direct message to the channel of whoever wrote it."""
        guild = self.get_guild(self._guild_id)
        if message.author.bot or message.guild is not None or guild is None:
            return
        async with self._turn:
            channel = self._channels.get(message.author.id)
            if channel is None:
                topic = f"{message.author} ({message.author.id})"
                channel = await guild.create_text_channel(f"ticket-{message.author.name}", topic=topic)
                self._channels[message.author.id] = channel
        embed = discord.Embed(description=message.content, timestamp=message.created_at)
        embed.set_author(name=message.author.display_name)
        await channel.send(embed=embed)


async def main() -> None:
    """Be the bot, until SIGTERM."""
    api, gateway, token, guild = sys.argv[1:]
    discord.http.Route.BASE = api
    socket = discord.gateway.DiscordWebSocket
    socket.DEFAULT_GATEWAY = type(socket.DEFAULT_GATEWAY)(gateway)
    bot = Copyist(int(guild))
    running = asyncio.create_task(bot.start(token))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await running
    await bot.close()


asyncio.run(main())
