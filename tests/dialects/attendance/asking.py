"""Tokens as front ends mint them, the guild that the simulator has, and people in its voice channels."""

from dataclasses import dataclass
from datetime import timedelta

import httpx
import jwt

from guildhall.domains import attendance
from guildhall.domains.attendance import Picture, Seen
from guildhall.simulator.discord import DiscordSimulator
from guildhall.web.house import House
from tests.clock import SettableClock

SECRET = "the secret that front ends and the house share, which is long enough for any algorithm"
WEBHOOK_SECRET = "the secret that senders of outside attendance share with the house"
PASSPHRASE = "correct horse battery staple"
GAP = timedelta(seconds=300)
YEAR = timedelta(days=365)


@dataclass(frozen=True)
class Place:
    """The ids of a guild, of its owner, a steward who holds Manage Server, a member who does not, and its channels."""

    guild: str
    owner: str
    steward: str
    member: str
    lounge: str
    workshop: str
    text: str

    @classmethod
    def of(cls, discord: DiscordSimulator) -> "Place":
        """Find them in the simulator."""
        people = {each.username: each.id for each in discord.world.users.values()}
        channels = {each.name: each.id for each in discord.guild.channels.values()}
        return cls(
            discord.guild.id,
            discord.guild.owner_id,
            people["tobias.k"],
            people["rosa.m"],
            channels["Lounge"],
            channels["Workshop"],
            channels["general"],
        )


class Voices:
    """Voice connections of a guild. While time passes, somebody watches, so nothing is lost."""

    def __init__(self, house: House, guild_id: int, clock: SettableClock) -> None:
        self._house, self._guild_id, self._clock = house, guild_id, clock

    async def begin(self) -> None:
        """Begin to watch, with nobody there."""
        async with self._house.database.write() as tx:
            await attendance.take_picture(
                tx, guild_id=self._guild_id, picture=Picture(), now=self._clock.now(), scene=self._house.scene
            )

    async def moved(self, user_id: str, channel_id: str | None, state: int = 0) -> None:
        """Somebody joins, moves, changes or leaves."""
        seen = Seen(int(user_id), int(channel_id) if channel_id else None, state)
        async with self._house.database.write() as tx:
            await attendance.voice_changed(
                tx, guild_id=self._guild_id, seen=seen, now=self._clock.now(), scene=self._house.scene
            )

    async def passes(self, by: timedelta) -> None:
        """Let time pass while the guild is being watched."""
        end = self._clock.now() + by
        while self._clock.now() < end:
            self._clock.advance(min(timedelta(seconds=240), end - self._clock.now()))
            async with self._house.database.write() as tx:
                await attendance.checkpoint(tx, guild_ids=[self._guild_id], now=self._clock.now(), max_gap=GAP)

    async def visited(self, user_id: str, channel_id: str, stay: timedelta) -> None:
        """Somebody joins, stays and leaves."""
        await self.moved(user_id, channel_id)
        await self.passes(stay)
        await self.moved(user_id, None)


def token(user_id: str, guild_id: str | int, clock: SettableClock) -> str:
    """Return a token as a front end mints it, but that it lives for a year."""
    stated = {"user_id": user_id, "guild_id": guild_id, "exp": int((clock.now() + YEAR).timestamp())}
    return jwt.encode(stated, SECRET, algorithm="HS256")


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Return the status and the code of a refusal."""
    return answer.status_code, answer.json()["code"]
