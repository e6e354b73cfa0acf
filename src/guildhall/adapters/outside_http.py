"""Calls to addresses that users name, by httpx, to no other machine than the one that was judged.

The name is looked up here, every address behind it is judged, and the connection goes to the judged one by its digits,
while TLS and the header `Host` still speak of the name. Connections are not kept: a next call, perhaps for another name
on the same machine, is to be proved by a certificate of its own. No proxy, no cookie and no redirect comes in between.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

import httpx

from guildhall.core.outside import AddressRefused, CallFailed, OutsideAddress, Reply, is_public, parse_address

Ip = IPv4Address | IPv6Address
Resolver = Callable[[str], Awaitable[list[Ip]]]

CONNECT: Final = 5.0
"""Seconds that one machine may take to accept; a name may have further ones."""

MOST_MACHINES: Final = 4
"""How many machines of one name are tried."""

BROKE_OFF: Final = "The connection broke off"
WORDS: Final[tuple[tuple[type[BaseException], str], ...]] = (
    (ssl.SSLError, "No secure connection could be agreed on"),
    (ConnectionRefusedError, "The connection was refused"),
    (httpx.ConnectTimeout, f"No connection within {CONNECT:g} seconds"),
    (httpx.ConnectError, "No connection could be made"),
    (httpx.ProtocolError, "The answer is not HTTP"),
)

NAMES_AT_ONCE: Final = 64
USER_AGENT: Final = "Guildhall"


class GuardedHttp:
    """The `OutsideHttp` of the open network.

    `allow_private` lets it call every machine, and without TLS: for tests. `tls` says whom to trust where the usual
    certificates do not do; `resolve` finds the machines of a name where the system's way does not.
    """

    def __init__(
        self, *, allow_private: bool = False, tls: ssl.SSLContext | None = None, resolve: Resolver | None = None
    ) -> None:
        self._allow_private = allow_private
        # Names of strangers are looked up in threads of their own: a slow one must not hold up the house.
        self._threads = ThreadPoolExecutor(NAMES_AT_ONCE, thread_name_prefix="names")
        self._resolve = resolve or self._ask_the_system
        self._transport = httpx.AsyncHTTPTransport(
            verify=tls or True, trust_env=False, limits=httpx.Limits(max_connections=None, max_keepalive_connections=0)
        )

    async def close(self) -> None:
        """Give up what is under way."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        await self._transport.aclose()

    def check_form(self, address: str) -> None:
        """Judge an address by what it says, without asking anybody. Raises AddressRefused."""
        where = parse_address(address, allow_http=self._allow_private)
        if where.ip is not None:
            self._check([where.ip])

    async def check(self, address: str) -> None:
        """Judge an address and every machine behind its name. Raises AddressRefused."""
        where = parse_address(address, allow_http=self._allow_private)
        try:
            async with asyncio.timeout(CONNECT):
                await self._machines(where)
        except (CallFailed, TimeoutError) as fault:
            raise AddressRefused("There is no machine of this name") from fault

    async def post(
        self, address: str, *, headers: Mapping[str, str], body: bytes, seconds: float, most: int = 0
    ) -> Reply:
        """Send a body to an address that is judged anew, and return the answer with `most` bytes of its body.

        Raises AddressRefused, CallFailed.
        """
        where = parse_address(address, allow_http=self._allow_private)
        try:
            async with asyncio.timeout(seconds):
                return await self._post(where, headers, body, most)
        except TimeoutError as fault:
            raise CallFailed(f"No answer within {seconds:g} seconds") from fault

    async def _post(self, where: OutsideAddress, headers: Mapping[str, str], body: bytes, most: int) -> Reply:
        unreached: httpx.TransportError | None = None
        for machine in (await self._machines(where))[:MOST_MACHINES]:
            try:
                return await self._call(_request(where, machine, headers, body), most)
            except (httpx.ConnectError, httpx.ConnectTimeout) as fault:
                # Nothing was sent, so the next machine may have it.
                unreached = fault
            except httpx.TransportError as fault:
                raise CallFailed(_words(fault)) from fault
        raise CallFailed(_words(unreached)) from unreached

    async def _call(self, request: httpx.Request, most: int) -> Reply:
        response = await self._transport.handle_async_request(request)
        try:
            return Reply(response.status_code, await _first_bytes(response, most))
        finally:
            await response.aclose()

    async def _machines(self, where: OutsideAddress) -> list[Ip]:
        """Return the machines behind an address. Raises AddressRefused when one is not public, CallFailed for none."""
        machines = [where.ip] if where.ip is not None else await self._resolve(where.host)
        self._check(machines)
        return machines

    def _check(self, machines: list[Ip]) -> None:
        if not self._allow_private and not all(map(is_public, machines)):
            raise AddressRefused("Only machines on the public network are called")

    async def _ask_the_system(self, host: str) -> list[Ip]:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(
                self._threads, lambda: socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            )
        except OSError as fault:
            raise CallFailed("There is no machine of this name") from fault
        return [ip_address(each[4][0]) for each in found]


def _request(where: OutsideAddress, machine: Ip, headers: Mapping[str, str], body: bytes) -> httpx.Request:
    url = httpx.URL(scheme=where.scheme, host=str(machine), port=where.port, raw_path=where.target.encode())
    return httpx.Request(
        "POST",
        url,
        headers={"host": where.authority, "user-agent": USER_AGENT, "accept-encoding": "identity", **headers},
        content=body,
        extensions={"sni_hostname": where.host, "timeout": httpx.Timeout(None, connect=CONNECT).as_dict()},
    )


async def _first_bytes(response: httpx.Response, most: int) -> bytes:
    """Return the beginning of a body as it was sent; what is packed stays so, and cannot burst."""
    found = b""
    if most:
        async for chunk in response.aiter_raw():
            found += chunk
            if len(found) >= most:
                break
    return found[:most]


def _words(fault: httpx.TransportError | None) -> str:
    """Say why there was no answer, in words that quote nobody."""
    causes = list(_chain(fault))
    for each in causes:
        if isinstance(each, ssl.SSLCertVerificationError):
            return f"The certificate is not valid: {each.verify_message}"
    return next((words for kind, words in WORDS if any(isinstance(each, kind) for each in causes)), BROKE_OFF)


def _chain(fault: BaseException | None) -> Iterator[BaseException]:
    while fault is not None:
        yield fault
        if isinstance(fault, BaseExceptionGroup) and fault.exceptions:
            yield from _chain(fault.exceptions[0])
        fault = fault.__cause__ or fault.__context__
