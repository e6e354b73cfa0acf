"""The ledger: who was given how much of which token, in entries that are chained and never change."""

from guildhall.domains.ledger.amounts import amount_number, amount_text, base_units
from guildhall.domains.ledger.chain import Mint
from guildhall.domains.ledger.errors import EntryExists, InvalidAmount, LedgerBroken, UnknownToken
from guildhall.domains.ledger.minting import mint
from guildhall.domains.ledger.models import Balance, Entry, Token
from guildhall.domains.ledger.queries import balances_of
from guildhall.domains.ledger.tokens import access_token, create_default_token, list_tokens
from guildhall.domains.ledger.verification import Verified, verify

__all__ = [
    "Balance",
    "Entry",
    "EntryExists",
    "InvalidAmount",
    "LedgerBroken",
    "Mint",
    "Token",
    "UnknownToken",
    "Verified",
    "access_token",
    "amount_number",
    "amount_text",
    "balances_of",
    "base_units",
    "create_default_token",
    "list_tokens",
    "mint",
    "verify",
]
