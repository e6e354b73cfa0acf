"""The ledger: who was given how much of which token, in entries that are chained and never change."""

from guildhall.domains.ledger.amounts import amount_text, base_units
from guildhall.domains.ledger.chain import Mint
from guildhall.domains.ledger.errors import EntryExists, InvalidAmount, LedgerBroken
from guildhall.domains.ledger.minting import mint
from guildhall.domains.ledger.models import Balance, Entry
from guildhall.domains.ledger.queries import balances_of
from guildhall.domains.ledger.verification import Verified, verify

__all__ = [
    "Balance",
    "Entry",
    "EntryExists",
    "InvalidAmount",
    "LedgerBroken",
    "Mint",
    "Verified",
    "amount_text",
    "balances_of",
    "base_units",
    "mint",
    "verify",
]
