"""The real application with routes of a test's own beside those it has."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest

from guildhall import app, panel
from guildhall.core.actor import Credential
from guildhall.core.db import Tx
from guildhall.core.errors import Internal
from guildhall.domains.identity import Permission
from guildhall.web import system
from guildhall.web.bodies import Body, QueryString
from guildhall.web.routing import Route, route

BASES = {
    "attendance": "/api/v1/guilds",
    "commonshub": "/v1",
    "hazebot": "/api/tickets",
    "rustmail": "/api/bot",
    "veza": "/api/v1",
    "system": "",
    "panel": "/panel",
}
"""Below which path of each face the routes of a test stand."""

OPEN: dict[str, Any] = {"permission": Permission.PUBLIC, "accepts": Credential.NONE}


class Words(Body, frozen=True, kw_only=True):
    text: str
    number: int = 0


class Asked(QueryString, frozen=True, kw_only=True):
    number: int = 0


class Told(msgspec.Struct, frozen=True):
    text: str


class Lost(Internal):
    """A fault of the house that has words of its own, for its log."""

    code = "lost"
    text = 'File "/srv/guildhall/app.py" lost SELECT secret FROM users'


def routes_of(base: str) -> tuple[Route, ...]:
    """Routes that echo, wait for nothing, and fail in every way."""

    @route("POST", f"{base}/echo", **OPEN)
    async def echo(data: Words) -> Told:
        """Say it back."""
        return Told(data.text)

    @route("GET", f"{base}/asked", **OPEN, transaction="none")
    async def ask(query: Asked) -> Told:
        """Say what was asked."""
        return Told(str(query.number))

    @route("GET", f"{base}/fails", **OPEN, transaction="none")
    async def fail() -> Told:
        """Fail as a mistake in the code does."""
        raise RuntimeError('SELECT secret FROM users; File "/srv/guildhall/app.py"')

    @route("POST", f"{base}/fails-to-write", **OPEN)
    async def fail_to_write(tx: Tx) -> Told:
        """Fail in a transaction."""
        await tx.ping()
        raise Lost

    return (echo, ask, fail, fail_to_write)


@contextmanager
def more_routes(**routes: Sequence[Route]) -> Iterator[None]:
    """Let applications that are built in this block have more routes, by the names of faces."""
    with pytest.MonkeyPatch.context() as patch:
        faces = tuple((face, (*known, *routes.get(face.name, ()))) for face, known in app.FACES)
        patch.setattr(app, "FACES", faces)
        patch.setattr(app, "PANEL_ROUTES", (*panel.ROUTES, *routes.get("panel", ())))
        patch.setattr(app, "SYSTEM_ROUTES", (*system.ROUTES, *routes.get("system", ())))
        yield
