"""Getting a token: by name and password, from Discord, for one that still counts, and for monitoring."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from guildhall.core import ids
from guildhall.core.crypto import PasswordHasher, same
from guildhall.core.errors import GuildhallError
from guildhall.domains.identity.access_tokens import Claims, TokenType, encode_token, mint_access_token
from guildhall.domains.identity.community.callers import MONITOR, Caller, Community, caller_of_session
from guildhall.domains.identity.community.errors import MonitoringOff, NotOnServer, WrongMonitoringSecret
from guildhall.domains.identity.discord_errors import AccountDisabled, NotInvited
from guildhall.domains.identity.discord_sign_in import DiscordAccount, let_in, note_refusal, person_linked_to
from guildhall.domains.identity.errors import SessionEnded
from guildhall.domains.identity.models import Session, SessionKind
from guildhall.domains.identity.sessions import PROLONG, open_session
from guildhall.domains.identity.sign_in import note_failure, person_with_password

WHOLE_LIFE: Final = timedelta(days=90)
"""From signing in: no refreshing goes beyond it."""

MONITOR_LIFE: Final = timedelta(days=90)


@dataclass(frozen=True)
class Entry:
    """A token, and who calls with it."""

    token: str
    caller: Caller


@dataclass(frozen=True)
class Arrival:
    """Somebody who comes from Discord's page.

    `is_member` says that they are on the community's server, `may_join` that they may become a person here.
    """

    account: DiscordAccount
    is_member: bool
    may_join: bool


class CommunityDoor(Protocol):
    """Discord's side of signing in to an app of the community."""

    def page(self, *, state: str) -> str:
        """Return the address of the page on which Discord asks somebody."""

    async def arrival(self, *, code: str) -> Arrival:
        """Return whose code an app brought. It can be asked once. Raises CodeRefused, DiscordAway, DiscordMisfit."""


async def log_in(
    community: Community, hasher: PasswordHasher, *, name: str, password: str, ip: str | None, user_agent: str | None
) -> Entry:
    """Give a token to whose name and password these are. Raises WrongPassword, TooManyAttempts, AccountDisabled."""
    now = community.clock.now()
    user = await person_with_password(community.database, hasher, name=name, password=password, ip=ip, now=now)
    if user.disabled_at is not None:
        await note_failure(community.database, user, ip, now)
        raise AccountDisabled
    async with community.database.write() as tx:
        session, _ = await open_session(
            tx, user, ip=ip, user_agent=user_agent, kind=SessionKind.PROGRAM, life=community.token_life, now=now
        )
    return await _entry(community, session, ip)


async def come_in(
    community: Community, door: CommunityDoor, *, code: str, ip: str | None, user_agent: str | None
) -> tuple[Entry, Arrival]:
    """Give a token to the member of the server whose code this is, who becomes a person here if they are none yet.

    Raises what `CommunityDoor.arrival` does, NotOnServer, NotInvited, AccountDisabled.
    """
    now = community.clock.now()
    arrival = await door.arrival(code=code)
    account = arrival.account
    async with community.database.read() as tx:
        known = await person_linked_to(tx, account.id)
    try:
        if not arrival.is_member:
            raise NotOnServer
        if known is None and not arrival.may_join:
            raise NotInvited
        async with community.database.write() as tx:
            session, _ = await let_in(
                tx,
                account,
                ip=ip,
                user_agent=user_agent,
                kind=SessionKind.PROGRAM,
                life=community.token_life,
                now=now,
            )
    except GuildhallError as refusal:
        await note_refusal(community.database, known, account, refusal, ip, now)
        raise
    # What was known of them may be from before they joined.
    for server in community.servers:
        await server.forget(account.id)
    return await _entry(community, session, ip), arrival


async def refresh(community: Community, caller: Caller) -> Entry:
    """Give a new token of the same session, which goes on for as long; the old one stays valid. Raises SessionEnded."""
    if caller.session is None:
        raise SessionEnded
    now = community.clock.now()
    until = min(now + community.token_life, caller.session.created_at + WHOLE_LIFE)
    async with community.database.write() as tx:
        if not await tx.run(PROLONG, session_id=caller.session_id, until=max(until, caller.session.expires_at)):
            raise SessionEnded
    return await _entry(community, caller.session, caller.actor.ip)


def monitoring_token(community: Community, secret: str) -> tuple[str, datetime]:
    """Return a token for a service that looks on, and when it ends. Raises MonitoringOff, WrongMonitoringSecret."""
    if not community.monitoring_secret:
        raise MonitoringOff
    if not same(secret, community.monitoring_secret):
        raise WrongMonitoringSecret
    now = community.clock.now()
    claims = Claims(MONITOR, community.monitor_id, ids.ulid(), now + MONITOR_LIFE)
    told = {"role": MONITOR, "auth_type": MONITOR}
    return encode_token(claims, TokenType.ACCESS, key=community.key, now=now, told=told), claims.expires_at


async def _entry(community: Community, session: Session, ip: str | None) -> Entry:
    """Return the token of a session; it ends with the session at the latest."""
    caller = await caller_of_session(community, session, ip=ip)
    now = community.clock.now()
    token = mint_access_token(session, key=community.key, life=caller.expires_at - now, now=now, told=_told(caller))
    return Entry(token, caller)


def _told(caller: Caller) -> dict[str, object]:
    """Return what older clients read in a token; the server never does."""
    return {
        "user": caller.name,
        "user_id": caller.person_id,
        "discord_id": caller.shown_discord_id,
        "role": caller.role,
        "role_name": caller.role.title(),
        "permissions": caller.shown_permissions,
        "auth_type": caller.auth_type,
        "session_id": caller.session_id,
    }
