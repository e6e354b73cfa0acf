"""Bans as they are kept."""

from datetime import datetime

import msgspec
from sqlalchemy import BigInteger, Column, Index, Table, Text

from guildhall.core import ids
from guildhall.core.db import metadata, stored

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
    Index("ix_guild_bans_guild_id_entry_id", "guild_id", "entry_id"),
    Index("ix_guild_bans_user_id_entry_id", "user_id", "entry_id"),
)


@stored(guild_bans)
class Ban(msgspec.Struct, frozen=True, kw_only=True):
    """A ban by its entry in Discord's audit log, with what people were called when it was read.

    `avatar` is Discord's hash of the picture, `banned_by_id` absent where Discord does not say who it was.
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

    @property
    def banned_at(self) -> datetime:
        """When it happened: Discord's ids say when they were made."""
        return ids.born(self.entry_id)
