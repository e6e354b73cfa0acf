"""A chain of the Ethereum kind, by JSON-RPC over HTTP, and the key that mints there.

Only what minting needs is here. The library that speaks the whole protocol takes twice the time and memory at the
start; signing, where a mistake costs money, is left to the library made for it.
"""

import logging
from itertools import count as counting
from typing import Annotated, Any

import httpx
import msgspec
from eth_hash.auto import keccak

from guildhall.adapters.eth_accounts import Account
from guildhall.core.log import get_logger
from guildhall.domains.ledger import Call, ChainAway, ChainRefused, ChainUnfit, Quote, Receipt, Signed
from guildhall.settings import SettingsError

log = get_logger(__name__)

TIMEOUT = 10.0
"""Seconds that a node may take for an answer."""

REVERTED = 3
SPARE_GAS_PERCENT = 25
IDLE_GAS = 21_000
"""What a transaction costs that does nothing."""

DEFAULT_TIP = 10**9
Hex = Annotated[str, msgspec.Meta(pattern="^0x[0-9a-fA-F]+$")]
Data = Annotated[str, msgspec.Meta(pattern="^0x[0-9a-fA-F]*$")]
HEX_DIGITS_OF_WORD = 64


class RpcRefusal(msgspec.Struct, frozen=True):
    """The error of a JSON-RPC answer."""

    code: int
    message: str

    @property
    def is_revert(self) -> bool:
        """Whether the contract refused, and not the node."""
        return self.code == REVERTED or "revert" in self.message.lower()


class RpcAnswer(msgspec.Struct, frozen=True):
    """A JSON-RPC answer."""

    result: msgspec.Raw = msgspec.Raw(b"null")
    error: RpcRefusal | None = None


class RpcReceipt(msgspec.Struct, frozen=True, rename="camel"):
    """What came of a transaction."""

    block_number: Hex | None
    status: Hex


class RpcTransaction(msgspec.Struct, frozen=True):
    """A transaction in a block or in the pool."""

    hash: Hex
    sender: Hex = msgspec.field(name="from")
    nonce: Hex


class RpcBlock(msgspec.Struct, frozen=True, rename="camel"):
    """A block, with its transactions or only their hashes."""

    base_fee_per_gas: Hex | None = None
    transactions: list[RpcTransaction | str] = []


class NodeSaysNo(ChainAway):
    """The node answered with an error. Whoever knows no better takes it for a node that is away."""

    def __init__(self, refusal: RpcRefusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


class EvmChain:
    """A `ledger.Chain` at a node's address, with the private key of the minter. Raises SettingsError for a bad key."""

    def __init__(self, rpc_url: str, private_key: str) -> None:
        try:
            self._account = Account.from_key(private_key)
        except Exception:  # noqa: BLE001 (the library's message shows the key)
            raise SettingsError("MINTER_PRIVATE_KEY: is no private key; it has 64 hexadecimal digits") from None
        self._url = rpc_url
        self._http = httpx.AsyncClient(timeout=TIMEOUT)
        # At this level it logs the address of every request, which may hold a key of the node's provider.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        self._numbers = counting(1)

    @property
    def sender(self) -> str:
        """See ledger.Chain."""
        return str(self._account.address)

    async def chain_id(self) -> int:
        """See ledger.Chain."""
        return await self._number("eth_chainId")

    async def check(self, chain_id: int, contract: str, decimals: int) -> None:
        """See ledger.Chain."""
        found = await self.chain_id()
        if found != chain_id:
            raise ChainUnfit(f"RPC_URL leads to the chain {found}, but a token is on the chain {chain_id}")
        if await self._ask(Data, "eth_getCode", contract, "latest") == "0x":
            raise ChainUnfit(f"There is no contract at {contract} on the chain {chain_id}")
        told = await self._number("eth_call", self._to(contract, _call_data("decimals()")), "latest")
        if told != decimals:
            raise ChainUnfit(f"The contract {contract} has {told} decimals, not {decimals}")
        try:
            # Contracts know minters by various names; all of them refuse who is none.
            await self._ask(Data, "eth_call", self._to(contract, _mint_data(self.sender, 1)), "latest")
        except NodeSaysNo as fault:
            if not fault.refusal.is_revert:
                raise
            refused = f"The key of MINTER_PRIVATE_KEY, {self.sender}, may not mint at {contract}: {fault}"
            raise ChainUnfit(refused) from fault

    async def height(self) -> int:
        """See ledger.Chain."""
        return await self._number("eth_blockNumber")

    async def count(self) -> int:
        """See ledger.Chain."""
        return await self._count("latest")

    async def user_of(self, nonce: int) -> tuple[int, str] | None:
        """See ledger.Chain. The search begins at the end, for nodes forget what accounts were like long ago."""
        try:
            height = await self._first_block_after(nonce)
            block = await self._block(hex(height), whole=True)
        except NodeSaysNo as fault:
            log.info("The node does not know its history", words=str(fault))
            return None
        for each in block.transactions:
            if isinstance(each, RpcTransaction) and int(each.nonce, 16) == nonce and self._is_mine(each):
                return height, each.hash
        return None

    async def quote(self, call: Call) -> Quote:
        """See ledger.Chain."""
        gas = IDLE_GAS if call.contract is None else await self._gas(call, call.contract)
        base_fee = (await self._block("latest", whole=False)).base_fee_per_gas
        if base_fee is None:
            return Quote(gas, await self._number("eth_gasPrice"), None)
        tip = await self._tip()
        return Quote(gas, 2 * int(base_fee, 16) + tip, tip)

    def sign(self, call: Call, nonce: int, quote: Quote) -> Signed:
        """See ledger.Chain."""
        fields: dict[str, object] = {
            "chainId": call.chain_id,
            "nonce": nonce,
            "gas": quote.gas,
            "to": call.contract or call.recipient,
            "value": 0,
            "data": b"" if call.contract is None else _mint_data(call.recipient, call.units),
        }
        if quote.tip is None:
            fields["gasPrice"] = quote.fee
        else:
            fields |= {"type": 2, "maxFeePerGas": quote.fee, "maxPriorityFeePerGas": quote.tip}
        signed = self._account.sign_transaction(fields)
        return Signed(signed.hash.to_0x_hex(), signed.raw_transaction.to_0x_hex())

    async def submit(self, raw: str) -> None:
        """See ledger.Chain."""
        try:
            await self._ask(Hex, "eth_sendRawTransaction", raw)
        except NodeSaysNo as fault:
            raise ChainRefused(str(fault)) from fault

    async def receipt(self, tx_hash: str) -> Receipt | None:
        """See ledger.Chain."""
        found = await self._ask(RpcReceipt | None, "eth_getTransactionReceipt", tx_hash)
        if found is None or found.block_number is None:
            return None
        return Receipt(int(found.block_number, 16), int(found.status, 16) == 1)

    async def knows(self, tx_hash: str) -> bool:
        """See ledger.Chain."""
        return await self._ask(RpcTransaction | None, "eth_getTransactionByHash", tx_hash) is not None

    async def holding(self, contract: str, holder: str) -> int:
        """See ledger.Chain."""
        data = _call_data("balanceOf(address)", _address_word(holder))
        return await self._number("eth_call", self._to(contract, data), "latest")

    async def close(self) -> None:
        """See ledger.Chain."""
        await self._http.aclose()

    async def _ask(self, kind: Any, method: str, *params: object) -> Any:  # noqa: ANN401 (it is of the `kind`)
        """Ask the node for something of a kind. Raises ChainAway; as NodeSaysNo when it answered with an error."""
        body = {"jsonrpc": "2.0", "id": next(self._numbers), "method": method, "params": params}
        try:
            answer = await self._http.post(self._url, json=body)
            answer.raise_for_status()
            read = msgspec.json.decode(answer.content, type=RpcAnswer)
            if read.error is None:
                return msgspec.json.decode(read.result, type=kind)
        except httpx.HTTPStatusError as fault:
            raise ChainAway(f"The node of RPC_URL answers with status {fault.response.status_code}") from None
        except httpx.TimeoutException:
            raise ChainAway(f"The node of RPC_URL gives no answer within {TIMEOUT:.0f} seconds") from None
        except (httpx.HTTPError, httpx.InvalidURL) as fault:
            # The address may hold a key of the provider, so it stands in no message.
            raise ChainAway(f"The node of RPC_URL cannot be reached ({type(fault).__name__})") from None
        except msgspec.DecodeError as fault:
            raise ChainAway(f"The node of RPC_URL answers {method} in a form that cannot be read") from fault
        raise NodeSaysNo(read.error)

    async def _number(self, method: str, *params: object) -> int:
        told = await self._ask(Data, method, *params)
        return int(told, 16) if told != "0x" else 0

    async def _count(self, block: str) -> int:
        return await self._number("eth_getTransactionCount", self.sender, block)

    async def _block(self, place: str, *, whole: bool) -> RpcBlock:
        found: RpcBlock | None = await self._ask(RpcBlock | None, "eth_getBlockByNumber", place, whole)
        if found is None:
            raise ChainAway("The node of RPC_URL does not show a block that it counts")
        return found

    async def _gas(self, call: Call, contract: str) -> int:
        try:
            asked = self._to(contract, _mint_data(call.recipient, call.units))
            return await self._number("eth_estimateGas", asked) * (100 + SPARE_GAS_PERCENT) // 100
        except NodeSaysNo as fault:
            if not fault.refusal.is_revert:
                raise
            raise ChainRefused(str(fault)) from fault

    async def _tip(self) -> int:
        try:
            return await self._number("eth_maxPriorityFeePerGas")
        except NodeSaysNo:
            return DEFAULT_TIP

    async def _first_block_after(self, nonce: int) -> int:
        """Return the first block after which a nonce counts as used: in strides back from the end, then by halves."""
        used, step = await self.height(), 1
        free = max(used - step, 0)
        while free > 0 and await self._count(hex(free)) > nonce:
            used, step = free, 2 * step
            free = max(used - step, 0)
        while used - free > 1:
            middle = (used + free) // 2
            if await self._count(hex(middle)) > nonce:
                used = middle
            else:
                free = middle
        return used

    def _is_mine(self, transaction: RpcTransaction) -> bool:
        return transaction.sender.lower() == self.sender.lower()

    def _to(self, contract: str, data: str) -> dict[str, str]:
        return {"from": self.sender, "to": contract, "data": data}


def _call_data(signature: str, *words: str) -> str:
    return f"0x{keccak(signature.encode())[:4].hex()}{''.join(words)}"


def _mint_data(recipient: str, units: int) -> str:
    return _call_data("mint(address,uint256)", _address_word(recipient), f"{units:0{HEX_DIGITS_OF_WORD}x}")


def _address_word(address: str) -> str:
    return address.removeprefix("0x").lower().rjust(HEX_DIGITS_OF_WORD, "0")
