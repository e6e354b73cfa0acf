"""Identifiers and random tokens, all from the operating system's randomness.

A row inside has a ULID: 26 characters that sort by creation time. Secrets and public ids are written in base 62,
because they are copied by hand and must survive every URL and shell.
"""

import secrets
import time
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import uuid4

CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
BASE32_HEX = "0123456789abcdefghijklmnopqrstuv"

# Every pair of letters at the place of its ten bits: half as many steps for each id, of which a request makes several.
CROCKFORD_PAIRS = [first + second for first in CROCKFORD for second in CROCKFORD]
HEX_PAIRS = [first + second for first in BASE32_HEX for second in BASE32_HEX]


DISCORDS_FIRST_DAY: Final = datetime(2015, 1, 1, tzinfo=UTC)
"""From when Discord's ids count milliseconds, above their lowest 22 bits."""


def ulid() -> str:
    """Return a new ULID in lower case: 48 bits of milliseconds, then 80 random bits."""
    value = (time.time_ns() // 1_000_000 << 80) | secrets.randbits(80)
    return _in_pairs(value, CROCKFORD_PAIRS)


def base62(length: int) -> str:
    """Return that many random letters and digits; 22 of them carry 131 bits."""
    return "".join(secrets.choice(BASE62) for _ in range(length))


def event_id() -> str:
    """Return 26 random characters of [0-9a-v], a form that Google Calendar accepts as an event id too."""
    return _in_pairs(secrets.randbits(130), HEX_PAIRS)


def event_id_of(name: str) -> str:
    """Return the event id that follows from a name: the same at every time, and no other name's."""
    return _in_pairs(int.from_bytes(sha256(name.encode()).digest()) >> 126, HEX_PAIRS)


def uuid() -> str:
    """Return a new random UUID in lower case with hyphens, for what strangers know by its id."""
    return str(uuid4())


def url_token() -> str:
    """Return 256 random bits in base64url, for links and cookies that are themselves the credential."""
    return secrets.token_urlsafe(32)


def born(discord_id: int) -> datetime:
    """Return when Discord gave an id away: that of an account says when somebody came there."""
    return DISCORDS_FIRST_DAY + timedelta(milliseconds=discord_id >> 22)


def _in_pairs(value: int, pairs: list[str]) -> str:
    return "".join([pairs[value >> shift & 1023] for shift in range(120, -1, -10)])
