"""Who one is here: picture, permissions, and whether the panel is open to one."""

import msgspec

from guildhall.core.actor import Actor, Credential
from guildhall.core.errors import Forbidden, Unauthenticated
from guildhall.dialects.rustmail.auth import caller_of
from guildhall.dialects.rustmail.wire import REFUSED, SESSION
from guildhall.dialects.rustmail.words import words_of
from guildhall.domains.identity import Permission
from guildhall.web.calls import Call
from guildhall.web.house import House
from guildhall.web.pictures import picture_address
from guildhall.web.routing import route


class AvatarUrl(msgspec.Struct, frozen=True):
    """Where one's picture is."""

    avatar_url: str


class UserPermissions(msgspec.Struct, frozen=True):
    """What one may do."""

    is_super_admin: bool
    permissions: list[str]


class PanelCheck(msgspec.Struct, frozen=True, kw_only=True):
    """That one is inside; `user_id` is Discord's id, or that of the house for whoever has not linked Discord."""

    authenticated: bool = True
    user_id: str
    authorized: bool = True
    username: str
    is_super_admin: bool


@route(
    "GET", "/api/user/avatar", permission=Permission.USE_PANEL, accepts=SESSION, transaction="none", refusals=REFUSED
)  # fmt: skip
async def get_user_avatar(call: Call, house: House) -> AvatarUrl:
    """Give the address of one's picture, which everybody has."""
    discord_id = caller_of(call).discord_id
    avatar = await house.staff.avatar_of(discord_id) if discord_id else None
    return AvatarUrl(picture_address(discord_id or 0, avatar))


@route(
    "GET", "/api/user/permissions", permission=Permission.USE_PANEL, accepts=SESSION, transaction="none",
    refusals=REFUSED,
)  # fmt: skip
async def get_user_permissions(actor: Actor) -> UserPermissions:
    """Tell what one may do."""
    return UserPermissions(actor.may(Permission.RULE_DESK), words_of(actor))


@route(
    "GET", "/api/panel/check", permission=Permission.PUBLIC, accepts=SESSION | Credential.NONE, transaction="none",
    refusals=(Unauthenticated, Forbidden),
)  # fmt: skip
async def check_panel_access(call: Call, actor: Actor) -> PanelCheck:
    """Tell whether the panel is open to whoever asks."""
    if actor.user_id is None:
        raise Unauthenticated(authenticated=False, authorized=False)
    if not actor.may(Permission.VIEW_DESK):
        raise Forbidden(authenticated=True, authorized=False)
    caller = caller_of(call)
    return PanelCheck(
        user_id=str(caller.discord_id or caller.user.alias),
        username=caller.user.display_name,
        is_super_admin=actor.may(Permission.RULE_DESK),
    )
