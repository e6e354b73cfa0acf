"""Addresses that users name, and the port through which the house calls them.

Whoever may name an address that a server calls can make that server call its own neighbours: the database beside it,
the metadata of its cloud, the router. So such an address is HTTPS, and every machine behind its name is a public one.
A name can be pointed elsewhere at any time, hence a call connects to the very machine that was judged for it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import ClassVar, Final, Protocol
from urllib.parse import urlsplit

from guildhall.core.errors import InvalidField

LONGEST: Final = 2048
PORTS: Final = {"https": 443, "http": 80}
PLAIN: Final = re.compile(r"[!#-;=?-\[\]_a-z~]*")
"""The characters of ASCII that need no quoting in an address, whoever reads it."""

LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE)
NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*", re.IGNORECASE)
LONGEST_NAME: Final = 253

NOT_PUBLIC: Final = tuple(
    IPv4Network(each)
    for each in (
        "0.0.0.0/8",  # this machine and this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # behind the address translation of a provider
        "127.0.0.0/8",  # this machine
        "169.254.0.0/16",  # the same link, where clouds keep their metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocols
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # relays from IPv6
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # measurements
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and everybody
    )
)
PUBLIC_6: Final = IPv6Network("2000::/3")
"""All that is given out for the open network: mapped, translated, local and multicast addresses lie elsewhere."""

NOT_PUBLIC_6: Final = tuple(
    IPv6Network(each)
    for each in (
        "2001::/23",  # protocols, among them tunnels that carry an address of IPv4
        "2001:db8::/32",  # documentation
        "2002::/16",  # tunnels that carry an address of IPv4
        "3fff::/20",  # documentation
    )
)


class AddressRefused(InvalidField):
    """An address that the house does not call; the message says why."""

    code: ClassVar[str] = "address_refused"
    text = "This address cannot be called"

    def __init__(self, message: str | None = None, *, field: str = "url", **details: object) -> None:
        super().__init__(message, field=field, **details)


class CallFailed(Exception):
    """A call that brought no answer; its text may be shown to whoever named the address."""


@dataclass(frozen=True)
class OutsideAddress:
    """An address in its parts. `target` is the path with the query; `host` is a name, or an address in digits."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def ip(self) -> IPv4Address | IPv6Address | None:
        """The host, if it is written in digits."""
        return _ip(self.host)

    @property
    def authority(self) -> str:
        """Host and port as the header `Host` has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True)
class Reply:
    """What came back: the status, and as much of the body as was asked for, at most."""

    status: int
    body: bytes = b""


class OutsideHttp(Protocol):
    """Calls addresses that users name."""

    def check_form(self, address: str) -> None:
        """Judge an address by what it says, without asking anybody. Raises AddressRefused."""

    async def check(self, address: str) -> None:
        """Judge an address and every machine behind its name. Raises AddressRefused."""

    async def post(
        self, address: str, *, headers: Mapping[str, str], body: bytes, seconds: float, most: int = 0
    ) -> Reply:
        """Send a body to an address that is judged anew, and return the answer with `most` bytes of its body.

        The whole call, from the look-up of the name to the last byte, takes `seconds` at most. Redirects are answers,
        they are not followed. Raises AddressRefused, CallFailed.
        """


def parse_address(text: str, *, allow_http: bool = False) -> OutsideAddress:
    """Return an address in its parts. Raises AddressRefused for whatever two readers might understand differently."""
    if len(text) > LONGEST or not PLAIN.fullmatch(text):
        raise AddressRefused("An address has at most 2048 characters of ASCII, without spaces")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as fault:
        raise AddressRefused("This is not an address such as https://example.org/path") from fault
    if parts.scheme not in (PORTS if allow_http else {"https"}):
        raise AddressRefused("An address begins with https://")
    if "@" in parts.netloc:
        raise AddressRefused("An address must not carry a name or a password")
    if parts.fragment:
        raise AddressRefused("An address must not have a part behind #")
    host = (parts.hostname or "").removesuffix(".")
    if port == 0 or parts.netloc.endswith(":") or not _is_host(host, bracketed="[" in parts.netloc):
        raise AddressRefused("This is not an address such as https://example.org/path")
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    return OutsideAddress(parts.scheme, host, port or PORTS[parts.scheme], target)


def is_public(ip: IPv4Address | IPv6Address) -> bool:
    """Tell whether an address of a machine is on the open network, and stands for no other address."""
    if isinstance(ip, IPv4Address):
        return not any(ip in network for network in NOT_PUBLIC)
    return ip.scope_id is None and ip in PUBLIC_6 and not any(ip in network for network in NOT_PUBLIC_6)


def _is_host(host: str, *, bracketed: bool) -> bool:
    """Tell whether this is a name, or an address in the one way to write it that all readers share."""
    ip = _ip(host)
    if ip is not None or bracketed:
        return isinstance(ip, IPv6Address) is bracketed
    labels = host.split(".")
    # What ends in a number is an address to some readers: 127.1, 0x7f000001, 2130706433, 0177.0.0.1.
    return len(host) <= LONGEST_NAME and all(map(LABEL.fullmatch, labels)) and not NUMBER.fullmatch(labels[-1])


def _ip(host: str) -> IPv4Address | IPv6Address | None:
    for kind in (IPv4Address, IPv6Address):
        try:
            return kind(host)
        except AddressValueError:
            continue
    return None
