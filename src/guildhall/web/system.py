"""The routes of the server itself: is it alive, is it ready, how does it do, and what does it speak."""

from ipaddress import ip_address
from typing import Any, ClassVar

import msgspec

from guildhall.core import outbox
from guildhall.core.actor import Actor, ActorKind, Credential
from guildhall.core.crypto import same
from guildhall.core.db import StoreUnavailable
from guildhall.core.errors import STATUS, GuildhallError, Unauthenticated
from guildhall.domains import bot
from guildhall.domains.bot import Phase
from guildhall.domains.identity import Permission, permissions_of
from guildhall.web.answers import Answer, redirect
from guildhall.web.calls import Call
from guildhall.web.credentials import bearer
from guildhall.web.faces import Face, retry_headers
from guildhall.web.house import House
from guildhall.web.routing import Route, route

OPEN = Credential.NONE
PROMETHEUS = b"text/plain; version=0.0.4; charset=utf-8"


class ErrorBody(msgspec.Struct, frozen=True):
    """An error outside every dialect, in the union of their forms."""

    error: str
    code: str
    request_id: str
    success: bool = False
    details: list[str] = []


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of /health, in the words of the two references that document it."""

    status: str = "ok"
    success: bool = True
    data: dict[str, str]
    checks: dict[str, str]


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of a probe."""

    success: bool = True
    data: dict[str, str]


class System(Face):
    """The server itself."""

    name: ClassVar[str] = "system"
    title: ClassVar[str] = "Guildhall"
    prefixes: ClassVar[tuple[str, ...]] = ("",)

    async def identify(self, call: Call) -> Actor:
        """Everybody is a stranger here; /metrics looks for itself."""
        return Actor(ActorKind.ANONYMOUS, permissions=frozenset(permissions_of(OPEN)), ip=call.ip)

    def refuse(self, error: GuildhallError, *, request_id: str) -> Answer:
        """Return an error that clients of every dialect can read."""
        body = ErrorBody(error.message, error.code.upper(), request_id)
        return Answer(msgspec.json.encode(body), status=STATUS[error.kind], headers=retry_headers(error))

    def limit(self, call: Call, actor: Actor | None) -> tuple[str, int]:
        """Let probes come as often as they like, each address by itself."""
        del actor
        return f"system:{call.ip}", 60_000

    def error_schema(self) -> dict[str, Any]:
        """Return the schema of errors outside every dialect."""
        text = {"type": "string"}
        return {"type": "object", "required": ["error"], "properties": {"error": text, "code": text}}


@route("GET", "/", permission=Permission.PUBLIC, accepts=OPEN, transaction="none", content="text/html")
async def show_front_door() -> Answer:
    """Send people to the panel."""
    return redirect("/panel")


@route("GET", "/health", permission=Permission.PUBLIC, accepts=OPEN, transaction="none")
async def get_health(house: House) -> Health:
    """Say that the process answers, and how its parts do."""
    return Health(data={"status": "ok"}, checks=await _checks(house))


@route("GET", "/healthz", permission=Permission.PUBLIC, accepts=OPEN, transaction="none")
async def get_liveness() -> Probe:
    """Say that the process lives."""
    return Probe(data={"status": "ok"})


@route("GET", "/readyz", permission=Permission.PUBLIC, accepts=OPEN, transaction="none")
async def get_readiness(house: House) -> Answer:
    """Say whether the process can do its work: 503 while the database is away, and a success as an answer even then."""
    checks = await _checks(house)
    if checks["database"] == "ok":
        return Answer(msgspec.json.encode(Probe(data={"status": "ready"})))
    body = Probe(data={"status": "not_ready", "reason": "database_unavailable"})
    return Answer(msgspec.json.encode(body), status=503)


@route("GET", "/metrics", permission=Permission.PUBLIC, accepts=OPEN, transaction="none", content="text/plain")
async def get_metrics(call: Call) -> Answer:
    """Give measurements in Prometheus' text format to the token's holder, or to this machine when none is set.

    While the database is away the jobs are not counted; the rest is needed most then.
    """
    token = call.house.settings.server.metrics_token
    shown = bearer(call) or ""
    allowed = same(shown, token) if token else _is_this_machine(call)
    if not allowed:
        raise Unauthenticated("The metrics token is needed")
    await _count_jobs(call.house)
    return Answer(call.house.metrics.render(), media_type=PROMETHEUS)


ROUTES: tuple[Route, ...] = (show_front_door, get_health, get_liveness, get_readiness, get_metrics)


async def _count_jobs(house: House) -> None:
    try:
        async with house.database.read() as tx:
            counts = await outbox.count_jobs(tx)
    except StoreUnavailable:
        counts = {}
    house.metrics.jobs({state.value: count for state, count in counts.items()})


async def _checks(house: House) -> dict[str, str]:
    try:
        async with house.database.read() as tx:
            state = await bot.state_of(tx, now=house.clock.now())
    except StoreUnavailable:
        return {"database": "error"}
    well = "ok" if house.settings.discord.is_real else "simulated"
    return {"database": "ok", "bot": {Phase.CONNECTED: well, Phase.FAILED: "error"}.get(state.phase, "offline")}


def _is_this_machine(call: Call) -> bool:
    """Tell whether a program of this machine asks for itself, and not a proxy of this machine for somebody else."""
    if call.header("x-forwarded-for") is not None:
        return False
    try:
        return ip_address(call.ip).is_loopback
    except ValueError:
        return False
