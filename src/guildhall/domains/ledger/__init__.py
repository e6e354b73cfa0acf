"""The ledger: who was given how much of which token, in entries that are chained and never change, or on a chain."""

from guildhall.domains.ledger.amounts import amount_number, amount_text, base_units
from guildhall.domains.ledger.chain import Mint
from guildhall.domains.ledger.chain_mints import SEND_MINTS, queue_mints, retry_mint
from guildhall.domains.ledger.errors import (
    EntryExists,
    InvalidAmount,
    LedgerBroken,
    MintNotFailed,
    MintNotFound,
    UnknownToken,
)
from guildhall.domains.ledger.holdings import refresh_balances
from guildhall.domains.ledger.mint_models import ChainMint, MintState
from guildhall.domains.ledger.minting import mint
from guildhall.domains.ledger.models import Balance, Entry, Token
from guildhall.domains.ledger.port import Call, Chain, ChainAway, ChainRefused, ChainUnfit, Quote, Receipt, Signed
from guildhall.domains.ledger.queries import balances_of, balances_on_chain, failed_mints, mint_alerts, pending_mints
from guildhall.domains.ledger.sender import Sender
from guildhall.domains.ledger.tokens import access_token, create_default_token, list_tokens
from guildhall.domains.ledger.verification import Verified, verify

__all__ = [
    "SEND_MINTS",
    "Balance",
    "Call",
    "Chain",
    "ChainAway",
    "ChainMint",
    "ChainRefused",
    "ChainUnfit",
    "Entry",
    "EntryExists",
    "InvalidAmount",
    "LedgerBroken",
    "Mint",
    "MintNotFailed",
    "MintNotFound",
    "MintState",
    "Quote",
    "Receipt",
    "Sender",
    "Signed",
    "Token",
    "UnknownToken",
    "Verified",
    "access_token",
    "amount_number",
    "amount_text",
    "balances_of",
    "balances_on_chain",
    "base_units",
    "create_default_token",
    "failed_mints",
    "list_tokens",
    "mint",
    "mint_alerts",
    "pending_mints",
    "queue_mints",
    "refresh_balances",
    "retry_mint",
    "verify",
]
