"""The ledger: who was given how much of which token, in entries that are chained and never change."""

from guildhall.domains.ledger.amounts import amount_number, amount_text, base_units
from guildhall.domains.ledger.chain import Mint, issuer_of
from guildhall.domains.ledger.errors import EntryExists, InvalidAmount, LedgerBroken, TokenStays, UnknownToken
from guildhall.domains.ledger.hub_file import SECTIONS, read_tokens
from guildhall.domains.ledger.minting import mint
from guildhall.domains.ledger.models import Balance, Entry, Head, Holding, Movement, Token
from guildhall.domains.ledger.queries import OF_PERSON, balances_of, head_of_chain, page_of_holdings, page_of_movements
from guildhall.domains.ledger.tokens import (
    TokenPlan,
    access_token,
    apply_tokens,
    create_default_token,
    list_tokens,
    order_tokens,
    put_token,
    remove_token,
    token_units,
)
from guildhall.domains.ledger.verification import Verified, verify

__all__ = [
    "OF_PERSON",
    "SECTIONS",
    "Balance",
    "Entry",
    "EntryExists",
    "Head",
    "Holding",
    "InvalidAmount",
    "LedgerBroken",
    "Mint",
    "Movement",
    "Token",
    "TokenPlan",
    "TokenStays",
    "UnknownToken",
    "Verified",
    "access_token",
    "amount_number",
    "amount_text",
    "apply_tokens",
    "balances_of",
    "base_units",
    "create_default_token",
    "head_of_chain",
    "issuer_of",
    "list_tokens",
    "mint",
    "order_tokens",
    "page_of_holdings",
    "page_of_movements",
    "put_token",
    "read_tokens",
    "remove_token",
    "token_units",
    "verify",
]
