"""Who is on the staff server, and what they were given: members, roles, grants."""

import re
from collections.abc import Mapping
from typing import ClassVar, Final

import msgspec

from guildhall.core.actor import Actor
from guildhall.core.clock import Clock
from guildhall.core.db import Tx
from guildhall.core.errors import Invalid, InvalidField, MissingField
from guildhall.dialects.rustmail.wire import (
    REFUSED,
    REFUSED_TO_WRITE,
    SESSION,
    InvalidParameter,
    Success,
    epoch,
    page_length,
)
from guildhall.dialects.rustmail.words import WORD_OF, permission_named
from guildhall.domains.identity import Permission, desk
from guildhall.domains.identity.desk import ShownGrant, StaffMember, StaffRole, SubjectKind
from guildhall.domains.identity.desk.errors import (
    GrantNotFound,
    InvalidPermission,
    InvalidSubject,
    NoStaffServer,
    StaffServerAway,
)
from guildhall.domains.identity.grants import CannotGrant
from guildhall.web.bodies import Body, QueryString, number_in_path
from guildhall.web.house import House
from guildhall.web.routing import route

MANAGE: Final = Permission.MANAGE_DESK_GRANTS
AWAY: Final = (NoStaffServer, StaffServerAway)
MOST: Final = 1000
LONGEST_NAME: Final = 100
DIGITS: Final = re.compile(r"[0-9]{1,20}")


class MemberQuery(QueryString, frozen=True, kw_only=True):
    """Which members: by the beginning of a name, and a page at a time."""

    refusals: ClassVar[Mapping[str, type[Invalid]]] = {
        "limit": InvalidParameter,
        "after": InvalidParameter,
        "q": InvalidParameter,
    }

    limit: int = MOST
    after: str = "0"
    q: str = ""

    @property
    def last_seen(self) -> int:
        """The id behind which the page begins. Raises InvalidParameter."""
        if not DIGITS.fullmatch(self.after):
            raise InvalidParameter("after is an id of Discord's", field="after")
        return int(self.after)

    @property
    def beginning(self) -> str:
        """What a name begins with, empty for any. Raises InvalidParameter."""
        if len(self.q) > LONGEST_NAME:
            raise InvalidParameter(f"q has at most {LONGEST_NAME} characters", field="q")
        return self.q


class MemberReply(msgspec.Struct, frozen=True, kw_only=True):
    """A member of the staff server; `avatar` is Discord's hash."""

    id: str
    username: str
    avatar: str | None
    user_id: str
    display_name: str
    discriminator: str
    roles: list[str]

    @classmethod
    def of(cls, member: StaffMember) -> "MemberReply":
        """Show a member."""
        return cls(
            id=str(member.id),
            username=member.username,
            avatar=member.avatar,
            user_id=str(member.id),
            display_name=member.display_name,
            discriminator=member.discriminator,
            roles=[str(each) for each in member.role_ids],
        )


class MemberList(msgspec.Struct, frozen=True):
    """A page of members, and behind whom the next one begins."""

    members: list[MemberReply]
    next_after: str | None


class RoleReply(msgspec.Struct, frozen=True, kw_only=True):
    """A role of the staff server."""

    id: str
    name: str
    color: int
    role_id: str
    position: int

    @classmethod
    def of(cls, role: StaffRole) -> "RoleReply":
        """Show a role."""
        return cls(id=str(role.id), name=role.name, color=role.color, role_id=str(role.id), position=role.position)


class RoleList(msgspec.Struct, frozen=True):
    """Every role, highest first."""

    roles: list[RoleReply]


class GrantReply(msgspec.Struct, frozen=True, kw_only=True):
    """A permission that somebody holds."""

    id: int
    subject_type: SubjectKind
    subject_id: str
    permission: str
    granted_by: str
    granted_at: int

    @classmethod
    def of(cls, grant: ShownGrant) -> "GrantReply":
        """Show a grant; what the house gave by itself was given when it was set up."""
        return cls(
            id=grant.id,
            subject_type=grant.subject_kind,
            subject_id=grant.subject_id,
            permission=WORD_OF[grant.permission],
            granted_by=grant.granted_by or "setup",
            granted_at=epoch(grant.granted_at),
        )


class GrantList(msgspec.Struct, frozen=True):
    """Every grant."""

    permissions: list[GrantReply]


class GrantCreate(Body, frozen=True, kw_only=True):
    """A permission to give."""

    refusals: ClassVar[Mapping[str, type[Invalid]]] = {
        "subject_type": InvalidSubject,
        "subject_id": InvalidSubject,
        "permission": InvalidPermission,
    }

    subject_type: SubjectKind
    subject_id: str
    permission: str

    @property
    def wanted(self) -> Permission:
        """What is to be given. Raises InvalidPermission."""
        named = permission_named(self.permission)
        if named is None:
            raise InvalidPermission(field="permission")
        return named


class GrantCreated(msgspec.Struct, frozen=True, kw_only=True):
    """The grant, which may have been there before."""

    success: bool = True
    id: int
    created: bool


@route(
    "GET", "/api/admin/members", permission=MANAGE, accepts=SESSION, transaction="none",
    refusals=(*REFUSED, InvalidParameter, *AWAY),
)  # fmt: skip
async def list_members(query: MemberQuery, house: House) -> MemberList:
    """List members of the staff server by id, a page at a time."""
    limit, after, server = page_length(query.limit, most=MOST), query.last_seen, house.staff.server
    if query.beginning:
        found = [each for each in await server.members_named(query.beginning) if each.id > after]
    else:
        found = await server.members(after=after, limit=limit)
    page = found[:limit]
    more = len(found) > limit if query.beginning else len(found) == limit
    return MemberList([MemberReply.of(each) for each in page], str(page[-1].id) if more else None)


@route(
    "GET", "/api/admin/roles", permission=MANAGE, accepts=SESSION, transaction="none", refusals=(*REFUSED, *AWAY)
)  # fmt: skip
async def list_roles(house: House) -> RoleList:
    """List roles of the staff server, highest first."""
    return RoleList([RoleReply.of(each) for each in await house.staff.server.roles()])


@route("GET", "/api/admin/permissions", permission=MANAGE, accepts=SESSION, refusals=REFUSED)
async def list_permissions(tx: Tx) -> GrantList:
    """List what was given, oldest first."""
    return GrantList([GrantReply.of(each) for each in await desk.list_grants(tx)])


@route(
    "POST", "/api/admin/permissions", permission=MANAGE, accepts=SESSION,
    refusals=(*REFUSED_TO_WRITE, CannotGrant, InvalidSubject, InvalidPermission, MissingField, InvalidField),
)  # fmt: skip
async def grant_permission(data: GrantCreate, tx: Tx, actor: Actor, clock: Clock) -> GrantCreated:
    """Give a permission to a user or to a role."""
    given, created = await desk.grant(
        tx,
        actor,
        subject_kind=data.subject_type,
        subject_id=data.subject_id,
        permission=data.wanted,
        now=clock.now(),
    )
    return GrantCreated(id=given.id, created=created)


@route(
    "DELETE", "/api/admin/permissions/{grant_id}", permission=MANAGE, accepts=SESSION,
    refusals=(*REFUSED_TO_WRITE, CannotGrant, GrantNotFound),
)  # fmt: skip
async def revoke_permission(grant_id: str, tx: Tx, actor: Actor, clock: Clock) -> Success:
    """Take a permission back."""
    await desk.withdraw(tx, actor, number_in_path(grant_id), now=clock.now())
    return Success()
