"""Whether a signature holds, and why a record is not valid."""

import base64
import binascii
from enum import StrEnum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

KEY_LENGTH = 32
SIGNATURE_LENGTH = 64


class Reason(StrEnum):
    """Why a record is not valid."""

    UNSIGNED = "unsigned"
    BAD_SIGNATURE = "bad_signature"
    PAYLOAD_MISMATCH = "payload_mismatch"
    UNKNOWN_KEY = "unknown_key"


def holds(signature: str, content: bytes, public_key: str) -> bool:
    """Tell whether an Ed25519 signature over bytes was made by a key; both are in base64. What is neither is no."""
    key, made = unpacked(public_key, KEY_LENGTH), unpacked(signature, SIGNATURE_LENGTH)
    if key is None or made is None:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(made, content)
    except InvalidSignature:
        return False
    return True


def unpacked(text: str, length: int | None = None) -> bytes | None:
    """Return the bytes of base64 in its one strict form, or None for another form or another length."""
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    one_form = base64.b64encode(content).decode() == text
    return content if one_form and length in (None, len(content)) else None
