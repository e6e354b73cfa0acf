"""The ledger: who was given how much of which token, in entries that are chained and never change, or on a chain."""

from guildhall.domains.ledger.amounts import amount_number, amount_text, base_units, base_units_of
from guildhall.domains.ledger.chain import Mint, issuer_of
from guildhall.domains.ledger.chain_mints import SEND_MINTS, queue_mints, retry_mint
from guildhall.domains.ledger.errors import (
    EntryExists,
    InvalidAmount,
    LedgerBroken,
    MintNotFailed,
    MintNotFound,
    TokenStays,
    UnknownToken,
)
from guildhall.domains.ledger.holdings import refresh_balances
from guildhall.domains.ledger.hub_file import SECTIONS, read_tokens
from guildhall.domains.ledger.mint_models import ChainMint, MintState
from guildhall.domains.ledger.minting import mint
from guildhall.domains.ledger.models import Balance, Entry, Head, Holding, Movement, Token
from guildhall.domains.ledger.port import Call, Chain, ChainAway, ChainRefused, ChainUnfit, Quote, Receipt, Signed
from guildhall.domains.ledger.queries import (
    OF_PERSON,
    balances_of,
    balances_on_chain,
    head_of_chain,
    mint_alerts,
    page_of_holdings,
    page_of_mints,
    page_of_movements,
)
from guildhall.domains.ledger.sender import Sender
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
    "Head",
    "Holding",
    "InvalidAmount",
    "LedgerBroken",
    "Mint",
    "MintNotFailed",
    "MintNotFound",
    "MintState",
    "Movement",
    "Quote",
    "Receipt",
    "Sender",
    "Signed",
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
    "balances_on_chain",
    "base_units",
    "base_units_of",
    "create_default_token",
    "head_of_chain",
    "issuer_of",
    "list_tokens",
    "mint",
    "mint_alerts",
    "order_tokens",
    "page_of_holdings",
    "page_of_mints",
    "page_of_movements",
    "put_token",
    "queue_mints",
    "read_tokens",
    "refresh_balances",
    "remove_token",
    "retry_mint",
    "token_units",
    "verify",
]
