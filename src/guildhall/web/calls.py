"""One request on its way through a face."""

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.web.bodies import AnyRequest
from guildhall.web.house import House

if TYPE_CHECKING:
    from guildhall.domains.tickets.attachments import KeptFile
    from guildhall.web.routing import Route


class Call:
    """A request, the route it took, and what was found out about it so far."""

    __slots__ = ("actor", "body", "files", "headers", "house", "ip", "prepared", "request", "request_id", "route", "tx")

    actor: Actor
    tx: Tx
    prepared: Any
    """What the route found out before its transaction."""

    def __init__(self, request: AnyRequest, route: "Route", house: House) -> None:
        self.request = request
        self.route = route
        self.house = house
        self.request_id: str = request.scope["state"]["request_id"]
        self.ip = client_address(request, house)
        self.body = b""
        self.files: tuple[KeptFile, ...] = ()
        """What came with the body, where the route takes files; kept already."""
        self.headers: list[tuple[bytes, bytes]] = []
        """What goes with whatever answer is good."""

    def header(self, name: str) -> str | None:
        """Return a request header, or None."""
        return self.request.headers.get(name)


def client_address(request: AnyRequest, house: House) -> str:
    """Return the client's address: the peer's, or what the nearest untrusted hop is called by trusted proxies."""
    client = request.scope.get("client")
    # A socket that listens for both versions of IP calls an address of the older one so.
    peer = client[0].removeprefix("::ffff:") if client else "unknown"
    trusted = house.settings.server.trusted_proxies
    if not trusted:
        return peer
    # Some proxies add a header of their own to the one that the client sent; the last word counts.
    hops = ",".join(request.headers.getall("x-forwarded-for", [])).split(",")
    nearest = peer
    for hop in [peer, *(each.strip() for each in reversed(hops) if each.strip())]:
        try:
            address = ip_address(hop.removeprefix("::ffff:"))
        except ValueError:
            return peer
        nearest = str(address)
        if not any(address in network for network in trusted):
            break
    return nearest
