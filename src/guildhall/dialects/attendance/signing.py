"""Signing keys, verdicts for those who manage a guild, receipts and exports."""

import msgspec

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.core.errors import InvalidField, MissingField
from guildhall.dialects.attendance.guilds import (
    GUARDED,
    GUILD,
    MANAGER,
    TOKEN,
    SigningSummary,
    guild_of,
    summary_of,
)
from guildhall.dialects.attendance.wire import CurrentPeriod, PeriodIndex, uuid_text
from guildhall.domains import attendance
from guildhall.domains.attendance import NewKey, PeriodVerdict, SessionVerdict, SigningKey
from guildhall.domains.attendance.errors import NeedsPro, PeriodHidden, PeriodNotFound
from guildhall.domains.attendance.key_errors import (
    InvalidPassphrase,
    KeyExists,
    KeyNotFound,
    KeyReplaced,
    NotSigned,
    RecordNotFound,
    UnlockClosed,
    WrongPassphrase,
)
from guildhall.evidence.formats import instant
from guildhall.evidence.receipts import Export, Receipt
from guildhall.web.answers import Answer
from guildhall.web.bodies import Body, read_body
from guildhall.web.calls import Call
from guildhall.web.house import House
from guildhall.web.routing import route

_READS_PASSPHRASE = (*GUARDED, MissingField, InvalidField, InvalidPassphrase)


class Passphrase(Body, frozen=True, kw_only=True):
    """What protects a signing key."""

    passphrase: str


class KeyReply(msgspec.Struct, frozen=True, kw_only=True):
    """A public key."""

    signing_key_id: str
    public_key: str
    active: bool
    created_at: str
    retired_at: str | None

    @classmethod
    def of(cls, key: SigningKey) -> "KeyReply":
        """Show the public half of a key."""
        return cls(
            signing_key_id=key.id,
            public_key=key.public_key,
            active=key.active,
            created_at=instant(key.created_at),
            retired_at=instant(key.retired_at) if key.retired_at else None,
        )


class GeneratedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that was just made and is unlocked."""

    public_key: str
    signing_key_id: str
    unlocked: bool = True
    created_at: str
    previous_key_id: str | None
    cross_signature: str | None

    @classmethod
    def of(cls, key: SigningKey) -> "GeneratedKey":
        """Show a new key."""
        return cls(
            public_key=key.public_key,
            signing_key_id=key.id,
            created_at=instant(key.created_at),
            previous_key_id=key.previous_key_id,
            cross_signature=key.cross_signature,
        )


class UnlockedReply(msgspec.Struct, frozen=True, kw_only=True):
    """The key is open, and what waited is being signed."""

    unlocked: bool = True
    signing_key_id: str
    queued_sessions: int
    queued_periods: int


class LockedReply(msgspec.Struct, frozen=True):
    """The private key is forgotten."""

    unlocked: bool = False


class SigningStatusReply(SigningSummary, frozen=True, kw_only=True):
    """State of the key and of the current period."""

    signing_key_id: str | None
    public_key: str | None
    current_period_index: int
    period: CurrentPeriod


class PublicKeys(msgspec.Struct, frozen=True):
    """The active public key, and all there ever were."""

    public_key: str
    signing_key_id: str
    keys: list[KeyReply]


class SessionNamed(Body, frozen=True, kw_only=True):
    """Which session."""

    session_id: str


class PeriodNamed(Body, frozen=True, kw_only=True):
    """Which period."""

    period_index: PeriodIndex


async def make_first_key(call: Call) -> NewKey:
    """Make a key, which takes a while, before a transaction begins. Raises as the route."""
    house, passphrase = call.house, read_body(call.body, Passphrase).passphrase
    return await attendance.make_first_key(
        house.database, house.keyring, guild_id=guild_of(call), passphrase=passphrase, now=house.clock.now()
    )


async def make_next_key(call: Call) -> NewKey:
    """Make another key, which takes a while, before a transaction begins. Raises as the route."""
    house, passphrase = call.house, read_body(call.body, Passphrase).passphrase
    return await attendance.make_next_key(
        house.database, house.keyring, guild_id=guild_of(call), passphrase=passphrase, now=house.clock.now()
    )


@route(
    "POST", f"{GUILD}/signing/generate-keys", permission=MANAGER, accepts=TOKEN, prepare=make_first_key,
    refusals=(*_READS_PASSPHRASE, KeyExists),
)  # fmt: skip
async def generate_signing_keys(data: Passphrase, made: NewKey, tx: Tx, actor: Actor, house: House) -> GeneratedKey:
    """Make the guild's first key pair, protected by a passphrase, and unlock it."""
    del data  # It is in the key, and declared for the documentation.
    return GeneratedKey.of(await attendance.put_first_key(tx, house.keyring, actor, made, now=house.clock.now()))


@route(
    "POST", f"{GUILD}/signing/rotate-keys", permission=MANAGER, accepts=TOKEN, prepare=make_next_key,
    refusals=(*_READS_PASSPHRASE, KeyNotFound),
)  # fmt: skip
async def rotate_signing_keys(data: Passphrase, made: NewKey, tx: Tx, actor: Actor, house: House) -> GeneratedKey:
    """Replace the key pair; everything signed before stays verifiable."""
    del data  # It is in the key, and declared for the documentation.
    return GeneratedKey.of(await attendance.replace_key(tx, house.keyring, actor, made, now=house.clock.now()))


@route(
    "POST", f"{GUILD}/signing/unlock", permission=MANAGER, accepts=TOKEN, transaction="none",
    refusals=(*_READS_PASSPHRASE, KeyNotFound, WrongPassphrase, UnlockClosed, KeyReplaced),
)  # fmt: skip
async def unlock_signing_key(guild_id: str, data: Passphrase, actor: Actor, house: House) -> UnlockedReply:
    """Decrypt the private key into memory and sign what waited.

    No answer is kept for an Idempotency-Key: a restart locks the key again, and then "unlocked" would not be true.
    """
    opened = await attendance.unlock_key(
        house.database,
        house.keyring,
        actor,
        guild_id=int(guild_id),
        passphrase=data.passphrase,
        now=house.clock.now(),
    )
    return UnlockedReply(
        signing_key_id=opened.key.id, queued_sessions=opened.queued.sessions, queued_periods=opened.queued.periods
    )


@route("POST", f"{GUILD}/signing/lock", permission=MANAGER, accepts=TOKEN, refusals=(*GUARDED, KeyNotFound))
async def lock_signing_key(guild_id: str, tx: Tx, actor: Actor, house: House) -> LockedReply:
    """Forget the private key in memory."""
    await attendance.lock_key(tx, house.keyring, actor, guild_id=int(guild_id), now=house.clock.now())
    return LockedReply()


@route("GET", f"{GUILD}/signing/status", permission=MANAGER, accepts=TOKEN, refusals=GUARDED)
async def get_signing_status(guild_id: str, tx: Tx, house: House) -> SigningStatusReply:
    """Show the state of the key and of the current period."""
    status = await attendance.signing_status(tx, house.keyring, guild_id=int(guild_id))
    guild = await attendance.access_guild(tx, int(guild_id))
    period = await attendance.period_of(tx, guild_id=int(guild_id))
    return SigningStatusReply(
        **summary_of(status),
        signing_key_id=status.key.id if status.key else None,
        public_key=status.key.public_key if status.key else None,
        current_period_index=period.number,
        period=CurrentPeriod.of(period, guild.schedule),
    )


@route("GET", f"{GUILD}/signing/public-key", permission=MANAGER, accepts=TOKEN, refusals=(*GUARDED, KeyNotFound))
async def get_public_key(guild_id: str, tx: Tx) -> PublicKeys:
    """Show the active public key, with the retired ones."""
    keys = await attendance.public_keys(tx, guild_id=int(guild_id))
    active = next(key for key in keys if key.active)
    return PublicKeys(active.public_key, active.id, [KeyReply.of(key) for key in keys])


@route(
    "POST", f"{GUILD}/signing/verify-session", permission=MANAGER, accepts=TOKEN, transaction="read",
    refusals=(*GUARDED, MissingField, InvalidField, RecordNotFound),
)  # fmt: skip
async def verify_session(guild_id: str, data: SessionNamed, tx: Tx, house: House) -> SessionVerdict:
    """Check the signature of one of the guild's sessions."""
    return await attendance.verify_session(
        tx,
        session_id=uuid_text(data.session_id, "session_id"),
        guild_id=int(guild_id),
        with_user=True,
        now=house.clock.now(),
    )


@route(
    "POST", f"{GUILD}/signing/verify-period", permission=MANAGER, accepts=TOKEN, transaction="read",
    refusals=(*GUARDED, MissingField, InvalidField, PeriodNotFound, PeriodHidden, RecordNotFound),
)  # fmt: skip
async def verify_period(guild_id: str, data: PeriodNamed, tx: Tx) -> PeriodVerdict:
    """Check the signature of one of the guild's archived periods."""
    period = await attendance.period_of(tx, guild_id=int(guild_id), number=data.period_index)
    return await attendance.verify_period(tx, guild_id=int(guild_id), number=period.number)


@route(
    "GET", f"{GUILD}/sessions/{{session_id}}/receipt", permission=MANAGER, accepts=TOKEN,
    refusals=(*GUARDED, RecordNotFound, NotSigned),
)  # fmt: skip
async def get_session_receipt(guild_id: str, session_id: str, tx: Tx) -> Answer:
    """Download the signed receipt of a finished session."""
    named = uuid_text(session_id, "session_id")
    receipt = await attendance.session_receipt(tx, guild_id=int(guild_id), session_id=named)
    return _attachment(receipt, f"session-{named}.json")


@route(
    "GET", f"{GUILD}/export/period/{{period_index}}", permission=MANAGER, accepts=TOKEN,
    refusals=(*GUARDED, NeedsPro, RecordNotFound, NotSigned),
)  # fmt: skip
async def export_period(guild_id: str, period_index: str, tx: Tx) -> Answer:
    """Download an archived period with its signature and the receipts of its sessions."""
    await attendance.access_pro_guild(tx, int(guild_id))
    export = await attendance.period_export(tx, guild_id=int(guild_id), number=int(period_index))
    return _attachment(export, f"guild-{int(guild_id)}-period-{int(period_index)}.json")


def _attachment(document: Receipt | Export, name: str) -> Answer:
    headers = ((b"content-disposition", f'attachment; filename="{name}"'.encode()),)
    return Answer(msgspec.json.encode(document), headers=headers)
