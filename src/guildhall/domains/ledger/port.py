"""The port to a chain: what the ledger asks of a node and of the key that mints. An adapter fulfils it."""

from dataclasses import dataclass
from typing import Protocol


class ChainAway(Exception):
    """The node gave no answer that tells anything: unreachable, too slow, or at fault itself. Ask again later."""


class ChainRefused(Exception):
    """The node or the contract said no, in these words. It proves nothing about what is on the chain."""


class ChainUnfit(Exception):
    """The chain is not the one that the tokens name, or the key may not mint there; nothing may be signed."""


@dataclass(frozen=True)
class Call:
    """New tokens for a recipient, in the contract's own units. Without a contract, a transaction that does nothing."""

    chain_id: int
    contract: str | None
    recipient: str
    units: int


@dataclass(frozen=True)
class Quote:
    """What a transaction may cost: units of gas, and wei for each; `tip` is None on chains without a base fee."""

    gas: int
    fee: int
    tip: int | None


@dataclass(frozen=True)
class Signed:
    """A signed transaction: the bytes that are sent, as hexadecimal text, and their hash."""

    tx_hash: str
    raw: str


@dataclass(frozen=True)
class Receipt:
    """What came of a transaction, and at which height."""

    block: int
    succeeded: bool


class Chain(Protocol):
    """A chain as one key sees it. Every question may raise ChainAway."""

    @property
    def sender(self) -> str:
        """The address of the key."""

    async def chain_id(self) -> int:
        """Return which chain the node is on."""

    async def check(self, chain_id: int, contract: str, decimals: int) -> None:
        """See that this is the chain, that the contract counts so, and that the key may mint. Raises ChainUnfit."""

    async def height(self) -> int:
        """Return the number of the newest block."""

    async def count(self) -> int:
        """Return how many of the key's transactions are in blocks: the nonce that comes next."""

    async def user_of(self, nonce: int) -> tuple[int, str] | None:
        """Return the block and the hash of the key's transaction that took a nonce; None when no block shows it."""

    async def quote(self, call: Call) -> Quote:
        """Try a call and return what it may cost. Raises ChainRefused when the contract would not do it."""

    def sign(self, call: Call, nonce: int, quote: Quote) -> Signed:
        """Sign a transaction. The same arguments make the same bytes."""

    async def submit(self, raw: str) -> None:
        """Hand over a transaction. Raises ChainRefused."""

    async def receipt(self, tx_hash: str) -> Receipt | None:
        """Return what came of a transaction, or None while it is in no block."""

    async def knows(self, tx_hash: str) -> bool:
        """Tell whether a transaction waits at the node or is in a block."""

    async def holding(self, contract: str, holder: str) -> int:
        """Return what an address holds, in the contract's units."""

    async def close(self) -> None:
        """Let go of the connections."""
