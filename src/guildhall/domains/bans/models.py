"""Bans as they are kept."""

from datetime import datetime, timedelta

import msgspec
from sqlalchemy import BigInteger, Column, Index, Table, Text

from guildhall.core import ids
from guildhall.core.db import JsonDoc, UtcTime, metadata, stored

guild_bans = Table(
    "guild_bans",
    metadata,
    Column("entry_id", BigInteger, primary_key=True, autoincrement=False),
    Column("guild_id", BigInteger, nullable=False),
    Column("user_id", BigInteger, nullable=False),
    Column("username", Text, nullable=False),
    Column("global_name", Text),
    Column("avatar", Text),
    Column("banned_by_id", BigInteger),
    Column("banned_by_name", Text),
    Column("reason", Text),
    Column("nickname", Text),
    # Null where nobody saw the ban happen, so that nobody knows.
    Column("roles", JsonDoc),
    Column("joined_at", UtcTime),
    Index("ix_guild_bans_guild_id_entry_id", "guild_id", "entry_id"),
    Index("ix_guild_bans_user_id_entry_id", "user_id", "entry_id"),
)

guild_ban_sightings = Table(
    "guild_ban_sightings",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("seen_at", UtcTime, primary_key=True),
    Column("username", Text, nullable=False),
    Column("global_name", Text),
    Column("avatar", Text),
    Column("nickname", Text),
    Column("roles", JsonDoc),
    Column("joined_at", UtcTime),
    Index("ix_guild_ban_sightings_seen_at", "seen_at"),
    Index("ix_guild_ban_sightings_user_id", "user_id"),
)
"""Bans that the gateway told of, whose entry in the audit log was not read yet, or cannot be."""


@stored(guild_bans)
class Ban(msgspec.Struct, frozen=True, kw_only=True):
    """A ban by its entry in Discord's audit log, with what people were called when it was read.

    `avatar` is Discord's hash of the picture, `banned_by_id` absent where Discord does not say who it was. Nickname,
    roles by name and day of joining are those at the time of the ban; `roles` is None where nobody saw it happen.
    """

    entry_id: int
    guild_id: int
    user_id: int
    username: str
    global_name: str | None
    avatar: str | None
    banned_by_id: int | None
    banned_by_name: str | None
    reason: str | None
    nickname: str | None = None
    roles: list[str] | None = None
    joined_at: datetime | None = None

    @property
    def banned_at(self) -> datetime:
        """When it happened: Discord's ids say when they were made."""
        return ids.born(self.entry_id)


@stored(guild_ban_sightings)
class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """A ban that the bot saw happen, with what it knew of the member; `roles` by name, None where it knew nothing."""

    guild_id: int
    user_id: int
    seen_at: datetime
    username: str
    global_name: str | None
    avatar: str | None
    nickname: str | None
    roles: list[str] | None
    joined_at: datetime | None

    @property
    def ban(self) -> Ban:
        """The ban as far as it was seen: who it was by is not told with it."""
        return Ban(
            entry_id=(self.seen_at - ids.DISCORDS_FIRST_DAY) // timedelta(milliseconds=1) << 22,
            guild_id=self.guild_id,
            user_id=self.user_id,
            username=self.username,
            global_name=self.global_name,
            avatar=self.avatar,
            banned_by_id=None,
            banned_by_name=None,
            reason=None,
            nickname=self.nickname,
            roles=self.roles,
            joined_at=self.joined_at,
        )
