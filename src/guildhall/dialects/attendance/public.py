"""What everybody may see: verdicts, public keys, proofs and the transparency log."""

import re
from typing import Final

import msgspec

from guildhall.core.actor import Credential
from guildhall.core.db import Tx
from guildhall.core.errors import NotFound
from guildhall.dialects.attendance.errors import MalformedPath
from guildhall.dialects.attendance.signing import KeyReply
from guildhall.dialects.attendance.wire import Snowflake, uuid_text
from guildhall.domains import attendance
from guildhall.domains.attendance import PeriodVerdict, SessionVerdict
from guildhall.domains.attendance.errors import GuildNotSeen, NeedsPro
from guildhall.domains.attendance.key_errors import KeyNotFound, RecordNotFound
from guildhall.domains.attendance.tlog import reading
from guildhall.domains.identity import Permission
from guildhall.web.answers import Answer
from guildhall.web.house import House
from guildhall.web.routing import route

OPEN = Credential.NONE
PUBLIC = Permission.PUBLIC
PLAIN: Final = b"text/plain; charset=utf-8"
BYTES: Final = b"application/octet-stream"
FOR_EVER: Final = (b"cache-control", b"public, max-age=31536000, immutable")
FOR_SECONDS: Final = (b"cache-control", b"public, max-age=5")
LEVEL: Final = re.compile(r"[0-9]{1,2}", re.ASCII)
HIGHEST_LEVEL: Final = 63


class GuildKeys(msgspec.Struct, frozen=True):
    """Every key of a guild, newest first."""

    guild_id: Snowflake
    keys: list[KeyReply]


@route("GET", "/verify/session/{session_id}", permission=PUBLIC, accepts=OPEN, refusals=(MalformedPath, RecordNotFound))
async def verify_session_public(session_id: str, tx: Tx, house: House) -> SessionVerdict:
    """Check the signature of a voice session by its id."""
    named = uuid_text(session_id, "session_id")
    return await attendance.verify_session(tx, session_id=named, now=house.clock.now())


@route(
    "GET", "/verify/period/{guild_id}/{period_index}", permission=PUBLIC, accepts=OPEN,
    refusals=(MalformedPath, RecordNotFound),
)  # fmt: skip
async def verify_period_public(guild_id: str, period_index: str, tx: Tx) -> PeriodVerdict:
    """Check the signature of an archived period."""
    return await attendance.verify_period(tx, guild_id=int(guild_id), number=int(period_index))


@route("GET", "/verify/keys/{guild_id}", permission=PUBLIC, accepts=OPEN, refusals=(MalformedPath, KeyNotFound))
async def list_public_keys(guild_id: str, tx: Tx) -> GuildKeys:
    """List all public keys a guild ever signed with."""
    keys = await attendance.public_keys(tx, guild_id=int(guild_id))
    return GuildKeys(str(int(guild_id)), [KeyReply.of(key) for key in keys])


@route(
    "GET", "/verify/session/{session_id}/proof", permission=PUBLIC, accepts=OPEN, content="text/plain",
    refusals=(MalformedPath, RecordNotFound, NeedsPro),
)  # fmt: skip
async def get_session_proof(session_id: str, tx: Tx, house: House) -> Answer:
    """Give the offline proof that a session's commitment is in the transparency log."""
    named = uuid_text(session_id, "session_id")
    verdict = await attendance.verify_session(tx, session_id=named, now=house.clock.now())
    await attendance.access_pro_guild(tx, int(verdict.guild_id))
    return Answer((await attendance.session_proof(tx, session_id=named)).encode(), media_type=PLAIN)


@route(
    "GET", "/verify/period/{guild_id}/{period_index}/proof", permission=PUBLIC, accepts=OPEN, content="text/plain",
    refusals=(MalformedPath, GuildNotSeen, RecordNotFound, NeedsPro),
)  # fmt: skip
async def get_period_proof(guild_id: str, period_index: str, tx: Tx) -> Answer:
    """Give the offline proof that a period's commitment is in the transparency log."""
    await attendance.access_pro_guild(tx, int(guild_id))
    proof = await attendance.period_proof(tx, guild_id=int(guild_id), number=int(period_index))
    return Answer(proof.encode(), media_type=PLAIN)


@route("GET", "/tlog/checkpoint", permission=PUBLIC, accepts=OPEN, content="text/plain", refusals=(NotFound,))
async def get_log_checkpoint(tx: Tx) -> Answer:
    """Give the newest signed checkpoint of the log."""
    note = await reading.checkpoint(tx)
    if note is None:
        raise NotFound("The log has no entry yet")
    return Answer(note.encode(), media_type=PLAIN, headers=(FOR_SECONDS,))


@route(
    "GET", "/tlog/tile/{level}/{tile:path}", permission=PUBLIC, accepts=OPEN, content="application/octet-stream",
    refusals=(NotFound,),
)  # fmt: skip
async def get_log_tile(level: str, tile: str, tx: Tx) -> Answer:
    """Give a tile of tree hashes."""
    if not LEVEL.fullmatch(level) or int(level) > HIGHEST_LEVEL:
        raise NotFound
    return _immutable(await reading.tile(tx, level=int(level), path=tile.removeprefix("/")))


@route(
    "GET", "/tlog/tile/entries/{tile:path}", permission=PUBLIC, accepts=OPEN, content="application/octet-stream",
    refusals=(NotFound,),
)  # fmt: skip
async def get_log_entries(tile: str, tx: Tx) -> Answer:
    """Give a bundle of log entries, each with its length before it."""
    return _immutable(await reading.entry_bundle(tx, path=tile.removeprefix("/")))


def _immutable(content: bytes | None) -> Answer:
    if content is None:
        raise NotFound
    return Answer(content, media_type=BYTES, headers=(FOR_EVER,))
