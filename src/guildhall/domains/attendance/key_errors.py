"""Refusals of signing keys, signatures and receipts.

GuildhallError
├── NotFound
│   ├── KeyNotFound          the guild has no signing key yet
│   └── RecordNotFound       no such session or archived period
├── Invalid
│   └── InvalidPassphrase    not 8 to 1,024 characters
├── Conflict
│   └── KeyExists            a guild generates once, then it rotates
├── Unprocessable
│   ├── WrongPassphrase
│   ├── KeyReplaced          the key was rotated while it was being unlocked
│   └── NotSigned            there is no receipt before the signature
├── Limited
│   └── UnlockClosed         too many wrong passphrases
└── Unavailable
    └── KeyElsewhere         this process has not the key, another may
"""

from guildhall.core.errors import Conflict, InvalidField, Limited, NotFound, Unavailable, Unprocessable


class KeyNotFound(NotFound):
    """The guild has no signing key yet."""

    code = "key_not_found"
    text = "This guild has no signing key yet"


class RecordNotFound(NotFound):
    """There is no such session or archived period."""

    code = "record_not_found"
    text = "There is no such session or archived period"


class InvalidPassphrase(InvalidField):
    """The passphrase has not 8 to 1,024 characters."""

    code = "invalid_passphrase"
    text = "A passphrase has 8 to 1024 characters"

    def __init__(self) -> None:
        super().__init__(field="passphrase")


class KeyExists(Conflict):
    """The guild has a key; another one comes by rotation."""

    code = "key_exists"
    text = "This guild has a signing key already; rotate it to have another"


class WrongPassphrase(Unprocessable):
    """The key does not open with this passphrase."""

    code = "wrong_passphrase"
    text = "This passphrase does not open the signing key"


class KeyReplaced(Unprocessable):
    """The key was rotated while it was being unlocked."""

    code = "key_replaced"
    text = "The signing key was replaced at this moment; unlock the new one"


class NotSigned(Unprocessable):
    """The record is open, or waits for its signature."""

    code = "not_signed"
    text = "This is not signed yet, so there is no receipt"


class UnlockClosed(Limited):
    """Too many wrong passphrases; `details.retry_after` is in seconds."""

    code = "too_many_attempts"
    text = "Too many wrong passphrases, please wait"


class KeyElsewhere(Unavailable):
    """The unlocked key is not in this process. Another one may have it, so the work is tried again."""

    code = "key_elsewhere"
    text = "The signing key is not unlocked in this process"
