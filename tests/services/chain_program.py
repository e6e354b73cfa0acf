"""A chain in a process of its own: `python -m tests.services.chain_program PORT`.

py-evm runs the contracts and keeps the blocks. What a node has around that is written here: a pool in which
transactions wait for their turn, with a node's own refusals, and JSON-RPC over HTTP. Methods that begin with `test_`
are for tests: they let blocks come only when asked for, and make transactions vanish.
"""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from eth_hash.auto import keccak
from eth_tester import EthereumTester, PyEVMBackend  # type: ignore[import-untyped]  # as below
from eth_tester.exceptions import (  # type: ignore[import-untyped]  # it has no types
    TransactionFailed,
    TransactionNotFound,
    ValidationError,
)
from hexbytes import HexBytes
from vyper import compile_code  # type: ignore[import-untyped]  # it has no types

BUMP = 1.1
"""How much more a transaction must offer to take the place of another one."""

GWEI = 10**9
REVERTED = 3
REFUSED = -32000


class RpcError(Exception):
    """An answer that says no, with its code."""

    def __init__(self, message: str, code: int = REFUSED) -> None:
        super().__init__(message)
        self.code = code


class Pooled:
    """A transaction that waits."""

    def __init__(self, raw: bytes) -> None:
        fields: dict[str, Any] = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
        self.raw = raw
        self.hash = f"0x{keccak(raw).hex()}"
        self.sender = str(Account.recover_transaction(raw))
        self.nonce = int(fields["nonce"])
        self.fee = int(fields["maxFeePerGas"])


class Node:
    """The chain and its pool."""

    def __init__(self) -> None:
        self.tester = EthereumTester(PyEVMBackend())
        self.pool: dict[tuple[str, int], Pooled] = {}
        self.mines = True

    def handle(self, method: str, params: list[Any]) -> Any:  # noqa: ANN401 (whatever JSON-RPC answers)
        """Answer a call. Raises RpcError."""
        known = getattr(self, method, None)
        if known is None:
            raise RpcError(f"the method {method} does not exist", -32601)
        try:
            return known(*params)
        except TransactionFailed as fault:
            raise RpcError(f"execution reverted: {fault}", REVERTED) from fault
        except ValidationError as fault:
            raise RpcError(str(fault)) from fault

    def eth_chainId(self) -> str:  # noqa: N802 (the names of the protocol)
        """Say which chain this is."""
        return hex(self.tester.backend.chain.chain_id)

    def eth_blockNumber(self) -> str:  # noqa: N802 (the protocol's name)
        """Return the height."""
        return hex(self.tester.get_block_by_number("latest")["number"])

    def eth_getBlockByNumber(self, number: str, full: bool) -> dict[str, Any] | None:  # noqa: N802, FBT001
        """Return a block, with hashes or whole transactions."""
        block = self.tester.get_block_by_number(_block(number), full)
        listed = [self._shown(each) for each in block["transactions"]] if full else list(block["transactions"])
        return {
            "number": hex(block["number"]),
            "baseFeePerGas": hex(block["base_fee_per_gas"]),
            "transactions": listed,
        }

    def eth_getTransactionCount(self, account: str, block: str) -> str:  # noqa: N802 (the protocol's name)
        """Return how many transactions of an account are in the chain."""
        return hex(self.tester.get_nonce(account, _block(block)))

    def eth_maxPriorityFeePerGas(self) -> str:  # noqa: N802 (the protocol's name)
        """Suggest a tip."""
        return hex(GWEI)

    def eth_getCode(self, account: str, block: str) -> str:  # noqa: N802 (the protocol's name)
        """Return the code at an address."""
        return str(self.tester.get_code(account, _block(block)))

    def eth_call(self, call: dict[str, str], block: str) -> str:
        """Run a call and change nothing."""
        return str(self.tester.call(_as_call(call, gas=1_000_000), _block(block)))

    def eth_estimateGas(self, call: dict[str, str]) -> str:  # noqa: N802 (the protocol's name)
        """Say what a call would use."""
        return hex(self.tester.estimate_gas(_as_call(call)))

    def eth_sendRawTransaction(self, raw: str) -> str:  # noqa: N802 (the protocol's name)
        """Take a transaction into the pool."""
        new = Pooled(bytes.fromhex(raw.removeprefix("0x")))
        present = self.pool.get((new.sender, new.nonce))
        if self.eth_getTransactionByHash(new.hash) is not None:
            raise RpcError("already known")
        if new.nonce < self.tester.get_nonce(new.sender):
            raise RpcError("nonce too low")
        if present is not None and new.fee < present.fee * BUMP:
            raise RpcError("replacement transaction underpriced")
        self.pool[new.sender, new.nonce] = new
        if self.mines:
            self._include()
        return new.hash

    def eth_getTransactionByHash(self, tx_hash: str) -> dict[str, Any] | None:  # noqa: N802 (the protocol's name)
        """Return a transaction, in a block or in the pool."""
        for each in self.pool.values():
            if each.hash == tx_hash:
                return {"hash": each.hash, "from": each.sender, "nonce": hex(each.nonce), "blockNumber": None}
        try:
            return self._shown(self.tester.get_transaction_by_hash(tx_hash))
        except TransactionNotFound:
            return None

    def eth_getTransactionReceipt(self, tx_hash: str) -> dict[str, Any] | None:  # noqa: N802 (the protocol's name)
        """Return what came of a transaction."""
        try:
            receipt = self.tester.get_transaction_receipt(tx_hash)
        except TransactionNotFound:
            return None
        return {"blockNumber": hex(receipt["block_number"]), "status": hex(receipt["status"])}

    def test_hold(self) -> None:
        """Take transactions, and put none into a block."""
        self.mines = False

    def test_mine(self, blocks: int = 1) -> None:
        """Put what waits into blocks, go on with doing so, and add so many empty ones."""
        self.mines = True
        self._include()
        self.tester.mine_blocks(blocks)

    def test_drop(self) -> list[str]:
        """Forget what waits, as a node does that is short of memory."""
        dropped = [each.hash for each in self.pool.values()]
        self.pool.clear()
        return dropped

    def test_pool(self) -> list[dict[str, Any]]:
        """Tell what waits."""
        return [{"hash": each.hash, "nonce": each.nonce, "fee": each.fee} for each in self.pool.values()]

    def test_fund(self, account: str) -> None:
        """Give an account what it takes to pay for gas."""
        rich = self.tester.get_accounts()[0]
        self.tester.send_transaction({"from": rich, "to": account, "gas": 21_000, "value": 10**18})

    def test_deploy(self, decimals: int) -> str:
        """Put a new token on the chain, and return its address."""
        source = Path(__file__).with_name("token.vy").read_text()
        code = compile_code(source, output_formats=["bytecode"])["bytecode"]
        owner = self.tester.get_accounts()[0]
        made = self.tester.send_transaction(
            {"from": owner, "to": "", "gas": 3_000_000, "data": f"{code}{decimals:064x}"}
        )
        return str(self.tester.get_transaction_receipt(made)["contract_address"])

    def test_send(self, to: str, data: str) -> None:
        """Call a contract as the owner of all."""
        owner = self.tester.get_accounts()[0]
        self.tester.send_transaction({"from": owner, "to": to, "gas": 200_000, "data": data})

    def _include(self) -> None:
        """Put into blocks whatever has its turn."""
        while due := [each for each in self.pool.values() if each.nonce <= self.tester.get_nonce(each.sender)]:
            for each in due:
                del self.pool[each.sender, each.nonce]
                if each.nonce == self.tester.get_nonce(each.sender):
                    self.tester.send_raw_transaction(f"0x{each.raw.hex()}")

    @staticmethod
    def _shown(transaction: dict[str, Any]) -> dict[str, Any]:
        number = transaction["block_number"]
        return {
            "hash": transaction["hash"],
            "from": transaction["from"],
            "nonce": hex(transaction["nonce"]),
            "blockNumber": None if number is None else hex(number),
        }


def _block(text: str) -> int | str:
    return int(text, 16) if text.startswith("0x") else text


def _as_call(call: dict[str, str], **more: int) -> dict[str, Any]:
    return {"from": call["from"], "to": call["to"], "data": call["data"], **more}


def main(port: str) -> None:
    """Answer until the process is ended."""
    node, turn = Node(), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer: dict[str, Any] = {"jsonrpc": "2.0", "id": asked["id"]}
            try:
                with turn:
                    answer["result"] = node.handle(asked["method"], asked["params"])
            except RpcError as fault:
                answer["error"] = {"code": fault.code, "message": str(fault)}
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name in the base class)
            """Say nothing for each request."""

    ThreadingHTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()


if __name__ == "__main__":
    main(sys.argv[1])
