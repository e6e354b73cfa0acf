"""Signing in with Discord: whom Discord knows comes in as the person who has that account linked.

The port `DiscordDoor` is Discord's side; an adapter fulfils it. Names and addresses that Discord tells never decide
who somebody is here: its id alone does, and only somebody who is signed in can tie it to an account that exists.
Discord is asked between transactions, never inside one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from sqlalchemy import bindparam, update

from guildhall.core.actor import Actor, ActorKind
from guildhall.core.crypto import digest
from guildhall.core.db import Database, Tx, command, insert_if_new
from guildhall.core.errors import Conflict, GuildhallError, InvalidField
from guildhall.domains import audit
from guildhall.domains.identity import names
from guildhall.domains.identity.discord_errors import (
    AccountDisabled,
    DiscordLinked,
    NotInvited,
    OnlyWayIn,
    StateSpent,
)
from guildhall.domains.identity.grants import DISCORD, link_identity, unlink_identity
from guildhall.domains.identity.models import Identity, Session, SessionKind, User, identities, spent_states
from guildhall.domains.identity.people import ensure_user
from guildhall.domains.identity.policy import access_self
from guildhall.domains.identity.queries import IDENTITIES, PASSWORD_HASH, USER, USER_LINKED_TO
from guildhall.domains.identity.sessions import IDLE_LIFE, open_session
from guildhall.domains.identity.sign_in import count_attempt

STATE_LIVES: Final = timedelta(minutes=10)
"""How long somebody may take on Discord's page."""

MOST_RETURNS = 30
"""Returns from Discord in a quarter of an hour for each address; each makes the server ask Discord something."""

SPEND = insert_if_new(spent_states)
SET_AVATAR = command(
    update(identities)
    .where(identities.c.provider == bindparam("system"), identities.c.external_id == bindparam("known_as"))
    .values(avatar=bindparam("picture"))
)


@dataclass(frozen=True)
class DiscordAccount:
    """Somebody as Discord tells of them. `avatar` is its hash of their picture."""

    id: int
    username: str
    display_name: str
    avatar: str | None = None


class DiscordDoor(Protocol):
    """Discord's side of a sign-in."""

    def page(self, *, state: str, challenge: str) -> str:
        """Return the address of the page on which Discord asks somebody; `challenge` is that of PKCE by S256."""

    async def account(self, *, code: str, verifier: str) -> DiscordAccount:
        """Return whose code a browser brought. It can be asked once. Raises CodeRefused, DiscordAway, DiscordMisfit."""

    async def may_join(self, account: DiscordAccount) -> bool:
        """Tell whether somebody whom nobody here knows may become a person by signing in. Raises Unavailable."""


async def spend_state(tx: Tx, state: str, *, ip: str | None, now: datetime) -> None:
    """Let a state be used this once, by whichever process. Raises StateSpent, and TooManyAttempts for its address."""
    await count_attempt(tx, f"discord:{ip}", MOST_RETURNS, now)
    if not await tx.run(SPEND, state_hash=digest(state), expires_at=now + STATE_LIVES):
        raise StateSpent


async def sign_in_with_discord(
    database: Database, door: DiscordDoor, *, code: str, verifier: str, ip: str, user_agent: str | None, now: datetime
) -> tuple[Session, str]:
    """Open a session for the person who has the Discord account of this code, and return it with the cookie's value.

    Somebody whom nobody here knows becomes a new person, if they may; no account that exists is ever taken for theirs.
    Raises what `DiscordDoor.account` does, NotInvited, AccountDisabled, Unavailable.
    """
    account = await door.account(code=code, verifier=verifier)
    async with database.read() as tx:
        known = await person_linked_to(tx, account.id)
    try:
        if known is None and not await door.may_join(account):
            raise NotInvited
        async with database.write() as tx:
            return await let_in(tx, account, ip=ip, user_agent=user_agent, now=now)
    except GuildhallError as refusal:
        await note_refusal(database, known, account, refusal, ip, now)
        raise


async def let_in(
    tx: Tx,
    account: DiscordAccount,
    *,
    ip: str | None,
    user_agent: str | None,
    kind: SessionKind = SessionKind.BROWSER,
    life: timedelta = IDLE_LIFE,
    now: datetime,
) -> tuple[Session, str]:
    """Open a session for whoever has this account linked, a new person if nobody has. Raises AccountDisabled."""
    user = await person_linked_to(tx, account.id) or await _join(tx, account, ip, now)
    if user.disabled_at is not None:
        raise AccountDisabled
    await tx.run(SET_AVATAR, system=DISCORD, known_as=str(account.id), picture=account.avatar)
    return await open_session(tx, user, ip=ip, user_agent=user_agent, way=DISCORD, kind=kind, life=life, now=now)


async def person_linked_to(tx: Tx, discord_id: int) -> User | None:
    """Return the person who has this Discord account linked."""
    return await tx.one(USER_LINKED_TO, system=DISCORD, known_as=str(discord_id))


async def person_at_desk(tx: Tx, person_id: str) -> User | None:
    """Return whom tickets name by an id: Discord's where an account is linked, else the house's own."""
    linked = await tx.one(USER_LINKED_TO, system=DISCORD, known_as=person_id)
    return linked or await tx.one(USER, id=person_id)


async def link_with_discord(
    database: Database, door: DiscordDoor, actor: Actor, *, code: str, verifier: str, now: datetime
) -> None:
    """Let the Discord account of this code sign in the person who acts; one they have already is fine.

    Raises what `DiscordDoor.account` does, DiscordLinked when they have another, IdentityTaken when somebody else has
    this one.
    """
    account = await door.account(code=code, verifier=verifier)
    try:
        async with database.write() as tx:
            await link_discord(tx, actor, account, now=now)
    except Conflict as refusal:
        async with database.write() as tx:
            said = {"way": DISCORD, "discord_id": str(account.id), "reason": refusal.code}
            await audit.record(tx, actor, "user.link_refused", actor.user_id, now=now, **said)
        raise


async def link_discord(tx: Tx, actor: Actor, account: DiscordAccount, *, now: datetime) -> None:
    """Let this Discord account sign in the person who acts; one they have already is fine.

    Raises DiscordLinked when they have another, IdentityTaken when somebody else has this one.
    """
    user = await access_self(tx, actor, to_change=True)
    linked = await discord_link_of(tx, user.id)
    if linked is not None and linked.external_id != str(account.id):
        raise DiscordLinked
    if linked is None:
        name = account.username
        await link_identity(
            tx,
            actor,
            user,
            provider=DISCORD,
            external_id=str(account.id),
            label=name[: names.LONGEST_USERNAME],
            now=now,
        )


async def unlink_discord(tx: Tx, actor: Actor, *, now: datetime) -> None:
    """Let no Discord account sign in the person who acts. Raises OnlyWayIn for somebody without a password."""
    user = await access_self(tx, actor, to_change=True)
    if await tx.one(PASSWORD_HASH, id=user.id) is None:
        raise OnlyWayIn
    linked = await discord_link_of(tx, user.id)
    if linked is not None:
        await unlink_identity(tx, actor, user, provider=DISCORD, external_id=linked.external_id, now=now)


async def discord_link_of(tx: Tx, user_id: str) -> Identity | None:
    """Return the Discord account that a person has linked."""
    linked = (each for each in await tx.all(IDENTITIES, user_id=user_id) if each.provider == DISCORD)
    return next((each for each in linked if each.external_id.isascii() and each.external_id.isdigit()), None)


async def discord_id_of(tx: Tx, user_id: str) -> int | None:
    """Return the id by which Discord knows a person, None for somebody who has not linked Discord."""
    linked = await discord_link_of(tx, user_id)
    return None if linked is None else int(linked.external_id)


async def _join(tx: Tx, account: DiscordAccount, ip: str | None, now: datetime) -> User:
    """Make a new person of a Discord account, called as they are there."""
    actor = Actor(ActorKind.ANONYMOUS, ip=ip)
    return await ensure_user(
        tx,
        actor,
        provider=DISCORD,
        external_id=str(account.id),
        username=_shown(account.username, str(account.id), names.LONGEST_USERNAME),
        display_name=_shown(account.display_name, account.username, names.LONGEST_DISPLAY_NAME),
        now=now,
    )


def _shown(name: str, otherwise: str, longest: int) -> str:
    try:
        return names.clean_name(name, longest=longest, field="name")
    except InvalidField:
        return otherwise


async def note_refusal(
    database: Database,
    user: User | None,
    account: DiscordAccount,
    refusal: GuildhallError,
    ip: str | None,
    now: datetime,
) -> None:
    """Write down that somebody was not let in with Discord, and why."""
    async with database.write() as tx:
        target = user.id if user else None
        said = {"way": DISCORD, "discord_id": str(account.id), "reason": refusal.code}
        await audit.record(tx, Actor(ActorKind.ANONYMOUS, ip=ip), "session.refused", target, now=now, **said)
