"""Bans as Discord's audit log tells of them."""

from typing import Final

import msgspec

from guildhall.adapters.discord_rest import DiscordRest
from guildhall.domains.attendance.errors import DiscordUnavailable
from guildhall.domains.bans import Ban
from guildhall.domains.bans.port import BanLogUnreadable

MEMBER_BAN_ADD: Final = 22
"""Discord's number for the deed."""

AT_ONCE: Final = 100


class _User(msgspec.Struct):
    id: str
    username: str
    global_name: str | None = None
    avatar: str | None = None


class _Entry(msgspec.Struct):
    id: str
    target_id: str
    user_id: str | None = None
    reason: str | None = None


class _AuditLog(msgspec.Struct):
    audit_log_entries: list[_Entry]
    users: list[_User]


class DiscordBans:
    """The `BanLog` of a bot that may view the audit log."""

    def __init__(self, discord: DiscordRest) -> None:
        self._discord = discord

    async def bans_after(self, guild_id: int, entry_id: int) -> list[Ban]:
        """Return up to a hundred bans younger than an entry, oldest first. Raises BanLogUnreadable."""
        query = f"action_type={MEMBER_BAN_ADD}&limit={AT_ONCE}&after={entry_id}"
        try:
            found = await self._discord.read(f"/guilds/{guild_id}/audit-logs?{query}", _AuditLog)
        except DiscordUnavailable as fault:
            raise BanLogUnreadable(fault.message) from fault
        if found is None:
            raise BanLogUnreadable("The bot may not read the guild's audit log; give its role View Audit Log")
        users = {each.id: each for each in found.users}
        bans = (_ban(guild_id, entry, users) for entry in found.audit_log_entries)
        return sorted(bans, key=lambda each: each.entry_id)


def _ban(guild_id: int, entry: _Entry, users: dict[str, _User]) -> Ban:
    # Whoever has deleted their account is in the log without being among its users.
    banned = users.get(entry.target_id) or _User(entry.target_id, entry.target_id)
    by = users.get(entry.user_id or "")
    return Ban(
        entry_id=int(entry.id),
        guild_id=guild_id,
        user_id=int(banned.id),
        username=banned.username,
        global_name=banned.global_name,
        avatar=banned.avatar,
        banned_by_id=int(entry.user_id) if entry.user_id else None,
        banned_by_name=by.username if by else None,
        reason=entry.reason,
    )
