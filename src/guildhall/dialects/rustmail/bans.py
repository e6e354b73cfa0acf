"""Bans that the house knows of."""

import msgspec

from guildhall.core.db import Tx
from guildhall.dialects.rustmail.wire import REFUSED, SESSION, epoch
from guildhall.domains import bans
from guildhall.domains.bans import Ban
from guildhall.domains.identity import Permission
from guildhall.web.pictures import picture_address
from guildhall.web.routing import route


class BanRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A ban. Of one that nobody saw happen, only Discord's log tells: roles, nickname and joining are unknown then."""

    user_id: str
    username: str
    global_name: str | None
    nickname: str | None
    avatar_url: str | None
    roles: list[str]
    joined_at: int | None
    banned_at: int
    banned_by_id: str | None
    banned_by_name: str | None
    ban_reason: str | None
    roles_unknown: bool

    @classmethod
    def of(cls, ban: Ban) -> "BanRecord":
        """Show a ban."""
        return cls(
            user_id=str(ban.user_id),
            username=ban.username,
            global_name=ban.global_name,
            nickname=ban.nickname,
            avatar_url=picture_address(ban.user_id, ban.avatar) if ban.avatar else None,
            roles=ban.roles or [],
            joined_at=epoch(ban.joined_at) if ban.joined_at else None,
            banned_at=epoch(ban.banned_at),
            banned_by_id=str(ban.banned_by_id) if ban.banned_by_id else None,
            banned_by_name=ban.banned_by_name,
            ban_reason=ban.reason,
            roles_unknown=ban.roles is None,
        )


@route("GET", "/api/admin/bans", permission=Permission.VIEW_BANS, accepts=SESSION, refusals=REFUSED)
async def list_bans(tx: Tx) -> list[BanRecord]:
    """List bans, newest first."""
    return [BanRecord.of(each) for each in await bans.list_bans(tx)]
