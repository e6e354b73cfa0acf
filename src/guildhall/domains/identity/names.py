"""The forms of names, ids, addresses and passwords."""

import re
import unicodedata

from guildhall.core.errors import InvalidField
from guildhall.domains.identity.errors import InvalidEmail, InvalidUserId, WeakPassword

USER_ID = re.compile(r"[0-9A-Za-z_.:@-]{1,64}")
ATOM = r"[0-9A-Za-z!#$%&'*+/=?^_`{|}~-]+"
LABEL = r"[0-9A-Za-z](?:[0-9A-Za-z-]{0,61}[0-9A-Za-z])?"
EMAIL = re.compile(rf"(?=[^@]{{1,64}}@){ATOM}(?:\.{ATOM})*@{LABEL}(?:\.{LABEL})*")
ROLE = re.compile(r"[a-z][a-z0-9_-]{0,31}")
UNSEEN = frozenset({"Cc", "Cs", "Co", "Zl", "Zp"})
"""Categories of characters that no name has: control, half and private ones, and those that begin another line."""

LONGEST_EMAIL = 254
SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 200
LONGEST_USERNAME = 64
LONGEST_DISPLAY_NAME = 100


def valid_user_id(text: str) -> str:
    """Return an id that an app gives for its user. Raises InvalidUserId."""
    if not USER_ID.fullmatch(text):
        raise InvalidUserId
    return text


def valid_email(text: str) -> str:
    """Return a mail address, trimmed. Raises InvalidEmail."""
    trimmed = text.strip()
    if len(trimmed) > LONGEST_EMAIL or not EMAIL.fullmatch(trimmed):
        raise InvalidEmail
    return trimmed


def valid_password(text: str) -> str:
    """Return a password that may be set. Raises WeakPassword."""
    if not SHORTEST_PASSWORD <= len(text) <= LONGEST_PASSWORD:
        raise WeakPassword
    return text


def clean_name(text: str, *, longest: int, field: str) -> str:
    """Return a name in NFC, trimmed. Raises InvalidField when it is empty, too long or has control characters."""
    name = unicodedata.normalize("NFC", text).strip()
    if not 1 <= len(name) <= longest or any(unicodedata.category(char) in UNSEEN for char in name):
        raise InvalidField(f"{field} has 1 to {longest} characters, none of them control characters", field=field)
    return name
