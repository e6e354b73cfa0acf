"""Refusals of the ledger.

GuildhallError
├── Invalid
│   ├── InvalidAmount      not more than zero, more than the most, or more than six decimals
│   └── UnknownToken       the house does not give this token
├── NotFound
│   └── MintNotFound       there is no such mint
├── Conflict
│   ├── EntryExists        what the entry stands for is in the ledger already
│   ├── MintNotFailed      only a mint that has failed can be retried
│   └── TokenStays         the token was given to somebody, or is the only one
└── Internal
    └── LedgerBroken       the entries are not those that were written; details: seq, where an entry is at fault
"""

from guildhall.core.errors import Conflict, Internal, Invalid, NotFound


class InvalidAmount(Invalid):
    """Not an amount of tokens that can be given."""

    code = "invalid_amount"
    text = "An amount is more than zero and has at most six decimals"


class UnknownToken(Invalid):
    """The house does not give this token; `details.known` lists those it gives."""

    code = "unknown_token"
    text = "There is no such token"


class EntryExists(Conflict):
    """An entry for the same thing is in the ledger already."""

    code = "entry_exists"
    text = "This is in the ledger already"


class MintNotFound(NotFound):
    """There is no mint with this id."""

    text = "There is no such mint"


class MintNotFailed(Conflict):
    """The mint has not failed: it waits, is under way or is done."""

    code = "mint_not_failed"
    text = "Only a mint that has failed can be retried"


class TokenStays(Conflict):
    """The token cannot be removed: somebody was given it, or it is the only one."""

    code = "token_stays"
    text = "This token was given to people, and their balances stay; set its hourly rate to 0 to suggest it no more"


class LedgerBroken(Internal):
    """The ledger is not as it was written; `details.seq` is the first entry that does not fit, if it is one."""

    code = "ledger_broken"
    text = "The ledger was changed"
