"""Identifiers and random tokens, all from the operating system's randomness.

A row inside has a ULID: 26 characters that sort by creation time. Secrets and public ids are written in base 62,
because they are copied by hand and must survive every URL and shell.
"""

import secrets
import time

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
BASE32_HEX = "0123456789abcdefghijklmnopqrstuv"


def ulid() -> str:
    """Return a new ULID in lower case: 48 bits of milliseconds, then 80 random bits."""
    value = (time.time_ns() // 1_000_000 << 80) | secrets.randbits(80)
    return "".join(CROCKFORD[value >> shift & 31] for shift in range(125, -1, -5)).lower()


def base62(length: int) -> str:
    """Return that many random letters and digits; 22 of them carry 131 bits."""
    return "".join(secrets.choice(BASE62) for _ in range(length))


def event_id() -> str:
    """Return 26 random characters of [0-9a-v], a form that Google Calendar accepts as an event id too."""
    value = secrets.randbits(130)
    return "".join(BASE32_HEX[value >> shift & 31] for shift in range(125, -1, -5))


def url_token() -> str:
    """Return 256 random bits in base64url, for links and cookies that are themselves the credential."""
    return secrets.token_urlsafe(32)
