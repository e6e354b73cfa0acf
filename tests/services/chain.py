"""A chain, tokens and keys on it, and a program between it and the server that misbehaves on command."""

import json
import secrets
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from eth_hash.auto import keccak

from guildhall.adapters.eth_accounts import Account
from tests.services.programs import serving

REPOSITORY = Path(__file__).parents[2]
PATIENCE = 60.0


class NodeError(Exception):
    """The node answered with an error."""


class Vanished(Exception):
    """The connection ends without an answer."""


@dataclass(frozen=True)
class ChainServer:
    """Where the node is."""

    url: str

    def ask(self, method: str, *params: object) -> Any:  # noqa: ANN401 (whatever the method answers)
        """Ask the node. Raises NodeError."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = httpx.post(self.url, json=body, timeout=PATIENCE).json()
        if "error" in answer:
            raise NodeError(answer["error"]["message"])
        return answer["result"]

    @property
    def chain_id(self) -> int:
        """Which chain this is."""
        return int(self.ask("eth_chainId"), 16)

    def hold(self) -> None:
        """Let no transaction into a block."""
        self.ask("test_hold")

    def mine(self, blocks: int = 1) -> None:
        """Let transactions into blocks again, and add so many empty ones."""
        self.ask("test_mine", blocks)

    def drop(self) -> list[str]:
        """Let the node forget what waits."""
        dropped: list[str] = self.ask("test_drop")
        return dropped

    def pool(self) -> list[dict[str, Any]]:
        """Return what waits, by nonce."""
        found: list[dict[str, Any]] = self.ask("test_pool")
        return sorted(found, key=lambda each: int(each["nonce"]))


@dataclass(frozen=True)
class Mintable:
    """A token on the chain, and a key that may mint it."""

    chain: ChainServer
    contract: str
    decimals: int
    key: str = field(repr=False)

    @property
    def minter(self) -> str:
        """The address of the key."""
        return str(Account.from_key(self.key).address)

    def let_mint(self, *, may: bool) -> None:
        """Give the key its right, or take it away."""
        self.chain.ask("test_send", self.contract, call("let_mint(address,bool)", word(self.minter), f"{may:064x}"))

    def held_by(self, holder: str) -> int:
        """Return what an address holds, in the contract's units."""
        return self._number("balanceOf(address)", word(holder))

    @property
    def supply(self) -> int:
        """How much was ever minted."""
        return self._number("totalSupply()")

    @property
    def used_nonces(self) -> int:
        """How many transactions of the key are in blocks."""
        return int(self.chain.ask("eth_getTransactionCount", self.minter, "latest"), 16)

    def use_nonce(self, nonce: int, *, fee: int = 10**11) -> str:
        """Send a transaction of the key that has nothing to do with minting, as another program would."""
        fields = {
            "type": 2, "chainId": self.chain.chain_id, "nonce": nonce, "gas": 21_000, "to": self.minter, "value": 0,
            "maxFeePerGas": fee, "maxPriorityFeePerGas": 10**9,
        }  # fmt: skip
        raw = Account.sign_transaction(fields, self.key).raw_transaction.to_0x_hex()
        return str(self.chain.ask("eth_sendRawTransaction", raw))

    def _number(self, signature: str, *words: str) -> int:
        asked = {"from": self.minter, "to": self.contract, "data": call(signature, *words)}
        return int(self.chain.ask("eth_call", asked, "latest"), 16)


def call(signature: str, *words: str) -> str:
    """Return the data that calls a function."""
    return f"0x{keccak(signature.encode())[:4].hex()}{''.join(words)}"


def word(address: str) -> str:
    """Return an address as an argument."""
    return address.removeprefix("0x").lower().rjust(64, "0")


def new_wallet() -> str:
    """Return the address of a new key that nobody keeps."""
    return str(Account.create().address)


def deploy(chain: ChainServer, decimals: int = 6) -> Mintable:
    """Put a token on the chain, with a new key that may mint it and can pay for that."""
    token = Mintable(chain, chain.ask("test_deploy", decimals), decimals, "0x" + secrets.token_hex(32))
    chain.ask("test_fund", token.minter)
    token.let_mint(may=True)
    return token


@contextmanager
def chain_server(folder: Path) -> Iterator[ChainServer]:
    """Run a chain."""

    def command(port: int) -> list[str]:
        return [sys.executable, "-m", "tests.services.chain_program", str(port)]

    with serving(command, folder, cwd=REPOSITORY) as port:
        yield ChainServer(f"http://127.0.0.1:{port}")


Forward = Callable[[], Any]
Manner = Callable[[Forward], Any]


def passes_on(forward: Forward) -> Any:  # noqa: ANN401 (as Manner)
    """Answer as the node does."""
    return forward()


class Proxy:
    """A node's address that passes everything on, but for what it was told to do with a method.

    A manner gets a function that asks the node, and answers in its place. `Vanished` ends the connection.
    """

    def __init__(self, chain: ChainServer) -> None:
        self._chain = chain
        self._manners: dict[str, Manner] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.asked: list[str] = []
        self.is_down = False

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def behave(self, method: str, manner: Manner | None = None) -> None:
        """Answer a method in a manner of its own, or again as the node does."""
        if manner is None:
            self._manners.pop(method, None)
        else:
            self._manners[method] = manner

    @contextmanager
    def running(self) -> Iterator["Proxy"]:
        """Serve until the block ends."""
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Answer a request. Raises Vanished."""
        method = asked["method"]
        self.asked.append(method)
        if self.is_down:
            raise Vanished
        manner = self._manners.get(method, passes_on)
        answer: dict[str, Any] = {"jsonrpc": "2.0", "id": asked["id"]}
        try:
            return {**answer, "result": manner(lambda: self._chain.ask(method, *asked["params"]))}
        except NodeError as fault:
            code = 3 if "revert" in str(fault) else -32000
            return {**answer, "error": {"code": code, "message": str(fault)}}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                try:
                    asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                    body = json.dumps(proxy.answer(asked)).encode()
                except Vanished:
                    self.close_connection = True
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                # A server that was killed meanwhile wants no answer.
                try:
                    self.wfile.write(body)
                except OSError:
                    self.close_connection = True

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name in the base class)
                """Say nothing for each request."""

        return Handler


def says(words: str) -> Manner:
    """Refuse in these words, and do not pass on."""

    def manner(_: Forward) -> Any:  # noqa: ANN401 (as Manner)
        raise NodeError(words)

    return manner


def swallows_answer(forward: Forward) -> Any:  # noqa: ANN401 (as Manner)
    """Pass on, and end the connection in place of an answer: what a timeout after sending looks like."""
    forward()
    raise Vanished


def tells(result: object) -> Manner:
    """Answer with this, whatever the node would say."""
    return lambda _: result


@dataclass(frozen=True)
class Held:
    """A manner that holds a request until it is let go, before the node has it or after."""

    before: bool
    reached: threading.Event = field(default_factory=threading.Event)
    let_go: threading.Event = field(default_factory=threading.Event)

    def __call__(self, forward: Forward) -> Any:  # noqa: ANN401 (as Manner)
        """Hold it."""
        if self.before:
            self.reached.set()
            self.let_go.wait(PATIENCE)
            raise Vanished
        forward()
        self.reached.set()
        self.let_go.wait(PATIENCE)
        raise Vanished
