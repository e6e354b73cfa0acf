"""Who calls with a token: the person behind the session, with the role that they have at this moment.

A token says only whose session it is. That the session goes on, that the person is not disabled, their role and
whether they are still on the server is looked up with every call, so that a change counts at once in every process.
Discord is asked between transactions, never inside one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from guildhall.core import ids
from guildhall.core.actor import Actor, ActorKind, Credential
from guildhall.core.clock import Clock
from guildhall.core.crypto import digest, same
from guildhall.core.db import Database
from guildhall.domains.identity.access_tokens import (
    Claims,
    TokenInvalid,
    TokenType,
    encode_token,
    is_over,
    read_token,
)
from guildhall.domains.identity.community.roles import (
    CommunityRole,
    permissions_of_role,
    role_given,
    role_on_server,
    shown_permissions,
)
from guildhall.domains.identity.desk.staff import Staff
from guildhall.domains.identity.discord_sign_in import discord_id_of, person_linked_to
from guildhall.domains.identity.errors import SessionEnded
from guildhall.domains.identity.grants import DISCORD
from guildhall.domains.identity.models import Session, User
from guildhall.domains.identity.queries import SESSION, USER, roles_of
from guildhall.domains.identity.sessions import ACCESS_CHANGED, SEEN_EVERY, TOUCH, end_session

UNLINKED: Final = "legacy_user"
"""What stands for Discord's id of somebody who has not linked Discord. It names nobody."""

MONITOR: Final = "monitoring"


@dataclass(frozen=True, kw_only=True)
class Community:
    """What tokens are judged by: the key they are signed with, the servers whose roles count, and the rules.

    The first of `servers` is the community's own, whose members are its members.
    """

    database: Database
    clock: Clock
    key: str
    servers: tuple[Staff, ...]
    admin_role: int
    moderator_role: int
    token_life: timedelta
    monitoring_secret: str

    @property
    def monitor_id(self) -> str:
        """The session that tokens of monitoring name: another secret makes another one, and ends them."""
        return digest(f"{MONITOR}\0{self.key}\0{self.monitoring_secret}")


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who calls. `user` and `session` are None for monitoring alone; `expires_at` is when the token ends.

    `role_ids` are the roles that Discord says they have on the servers of the community.
    """

    actor: Actor
    role: CommunityRole
    session_id: str
    expires_at: datetime
    session: Session | None = None
    user: User | None = None
    discord_id: int | None = None
    role_ids: frozenset[int] = frozenset()
    is_member: bool = True

    @property
    def person_id(self) -> str:
        """The id by which others know them: Discord's, else the one in the house."""
        return str(self.discord_id or (self.user.id if self.user else MONITOR))

    @property
    def shown_discord_id(self) -> str:
        """Discord's id, else the word that says that there is none."""
        return str(self.discord_id or UNLINKED)

    @property
    def auth_type(self) -> str:
        """How the session began, in the words of older clients."""
        if self.session is None:
            return MONITOR
        return DISCORD if self.session.way == DISCORD else "legacy"

    @property
    def name(self) -> str:
        """What they are called."""
        return self.user.username if self.user else MONITOR

    @property
    def shown_permissions(self) -> list[str]:
        """The names of what they may do, for their screens."""
        return shown_permissions(self.role)


async def caller_with_token(community: Community, token: str, *, ip: str | None) -> Caller:
    """Return who calls with an access token. Raises TokenInvalid, TokenExpired, SessionEnded.

    Discord may be asked, so no transaction should be open.
    """
    return await _caller(community, token, TokenType.ACCESS, ip)


async def caller_with_socket_pass(community: Community, value: str, *, ip: str | None) -> Caller:
    """Return who opens a socket with the cookie that `socket_pass` made; raises what `caller_with_token` does."""
    return await _caller(community, value, TokenType.SOCKET, ip)


async def caller_again(community: Community, caller: Caller) -> Caller:
    """Return somebody as they are now, for what stays open longer than a call. Raises SessionEnded, TokenInvalid."""
    if caller.user is None:
        if caller.session_id != community.monitor_id:
            raise SessionEnded
        return caller
    return await caller_behind(
        community, caller.user.id, caller.session_id, until=caller.expires_at, ip=caller.actor.ip
    )


async def caller_behind(
    community: Community, user_id: str, session_id: str, *, until: datetime, ip: str | None
) -> Caller:
    """Return whose session this is, whose rights end at a time at the latest. Raises SessionEnded, TokenInvalid."""
    return await _behind(community, Claims(user_id, session_id, "", until), ip)


async def caller_of_session(community: Community, session: Session, *, ip: str | None) -> Caller:
    """Return whose session this is, with a token's whole life before them. Raises SessionEnded, TokenInvalid."""
    ends_at = community.clock.now() + community.token_life
    return await _behind(community, Claims(session.user_id, session.id, "", ends_at), ip)


def socket_pass(community: Community, caller: Caller) -> str:
    """Return a value for a cookie that opens sockets of this caller's session, and nothing else."""
    now = community.clock.now()
    user_id = caller.user.id if caller.user else MONITOR
    claims = Claims(user_id, caller.session_id, ids.ulid(), caller.expires_at)
    return encode_token(claims, TokenType.SOCKET, key=community.key, now=now)


async def _caller(community: Community, token: str, kind: TokenType, ip: str | None) -> Caller:
    claims = read_token(token, kind, key=community.key, now=community.clock.now())
    if claims.user_id == MONITOR:
        return _monitor(community, claims, ip)
    return await _behind(community, claims, ip)


def _monitor(community: Community, claims: Claims, ip: str | None) -> Caller:
    if not community.monitoring_secret or not same(claims.session_id, community.monitor_id):
        raise SessionEnded
    role = CommunityRole.MONITORING
    actor = Actor(
        ActorKind.APP, Credential.TOKEN, roles=frozenset({role}), permissions=permissions_of_role(role), ip=ip
    )
    return Caller(actor=actor, role=role, session_id=claims.session_id, expires_at=claims.expires_at)


async def _behind(community: Community, claims: Claims, ip: str | None) -> Caller:
    """Return the person behind a token. Raises TokenInvalid, SessionEnded."""
    now = community.clock.now()
    async with community.database.read() as tx:
        session = await tx.one(SESSION, id=claims.session_id)
        if session is None or session.user_id != claims.user_id:
            raise TokenInvalid
        user = await tx.one(USER, id=session.user_id)
        if user is None or user.disabled_at is not None or is_over(session, now):
            raise SessionEnded
        roles = await roles_of(tx, user.id)
        discord_id = await discord_id_of(tx, user.id)
    role_ids, on_server = await _standing_of(community, discord_id)
    role = role_given(roles) or _role_of_server(community, role_ids)
    if on_server is False and session.way == DISCORD:
        async with community.database.write() as tx:
            await end_session(tx, Actor(ActorKind.SYSTEM, user_id=user.id), session.id, now=now)
        raise SessionEnded
    is_member = bool(on_server) or role_given(roles) is not None or session.way == DISCORD
    if now - session.last_seen_at >= SEEN_EVERY:
        async with community.database.write() as tx:
            await tx.run(TOUCH, session_id=session.id, at=now, before=now - SEEN_EVERY)
    return Caller(
        actor=Actor(
            ActorKind.USER,
            Credential.TOKEN,
            user.id,
            roles=frozenset({*roles, role}),
            permissions=permissions_of_role(role, is_member=is_member),
            ip=ip,
        ),
        role=role,
        session_id=session.id,
        session=session,
        user=user,
        discord_id=discord_id,
        role_ids=role_ids,
        is_member=is_member,
        expires_at=min(claims.expires_at, session.expires_at),
    )


async def role_of(community: Community, user_id: str) -> CommunityRole:
    """Return what somebody is who does not call now. Discord may be asked, so no transaction should be open."""
    async with community.database.read() as tx:
        roles = await roles_of(tx, user_id)
        discord_id = await discord_id_of(tx, user_id)
    return role_given(roles) or await role_at_discord(community, discord_id)


async def role_at_discord(community: Community, discord_id: int | None) -> CommunityRole:
    """Return the role that their roles on Discord make of somebody to whom the house has given none.

    Discord may be asked, so no transaction should be open.
    """
    role_ids, _ = await _standing_of(community, discord_id)
    return _role_of_server(community, role_ids)


def _role_of_server(community: Community, role_ids: frozenset[int]) -> CommunityRole:
    return role_on_server(role_ids, admin_role=community.admin_role, moderator_role=community.moderator_role)


async def look_anew(community: Community, guild_id: int, discord_id: int) -> None:
    """Ask a server anew about somebody of whom a change was heard there, and let what they have open look again.

    Most members of a large server are nobody to the house, and cost no more than a look.
    """
    heard_of = [each for each in community.servers if each.server.guild_id == guild_id]
    for server in heard_of:
        await server.forget(discord_id)
    if not heard_of:
        return
    async with community.database.read() as tx:
        user = await person_linked_to(tx, discord_id)
    if user is not None:
        async with community.database.write() as tx:
            tx.announce(ACCESS_CHANGED, user_id=user.id)


async def _standing_of(community: Community, discord_id: int | None) -> tuple[frozenset[int], bool | None]:
    """Return somebody's roles, and whether they are on the community's server, None where Discord does not say."""
    known = [await each.known_of(discord_id) for each in community.servers] if discord_id else []
    held: frozenset[int] = frozenset().union(*(each.standing.role_ids for each in known if each))
    own = known[0] if known else None
    return held, not own.has_left if own and own.answered else None
