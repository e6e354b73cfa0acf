"""The panel's face: who looks, by their session cookie, and its words for errors."""

from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import quote

from guildhall.core.actor import Actor, ActorKind, Credential
from guildhall.core.errors import STATUS, GuildhallError, Kind, NotFound, Unauthenticated
from guildhall.domains import identity
from guildhall.domains.identity import Session, User, permissions_of
from guildhall.domains.tickets import Person
from guildhall.panel import guild_door
from guildhall.panel.templating import render
from guildhall.panel.words import headline_of, message_of
from guildhall.web.answers import HTML, Answer, redirect
from guildhall.web.calls import Call
from guildhall.web.credentials import session_cookie
from guildhall.web.faces import Face, retry_headers
from guildhall.web.sessions import person_of, session_of

OPEN = Credential.NONE | Credential.SESSION
SIGNED_IN = Credential.SESSION
SIGN_IN = "/panel/sign-in"
PER_PERSON = 1200
"""Requests a minute for each person, the nudges of live pages included."""

UNCACHED = (b"cache-control", b"no-store")
UNTOLD = (b"referrer-policy", b"no-referrer")
"""Lets a browser tell nobody the address of the page."""


class SignInNeeded(Unauthenticated):
    """Nobody is signed in; `details.wanted` is the address that was asked for."""

    code = "sign_in_needed"
    text = "Please sign in"


@dataclass(frozen=True)
class Viewer:
    """Who looks at a page, their session, the token that its forms carry, and the person as tickets name them."""

    user: User
    session: Session
    actor: Actor
    csrf_token: str
    person: Person


class Panel(Face):
    """Server-rendered pages for people."""

    name: ClassVar[str] = "panel"
    title: ClassVar[str] = "Panel"
    prefixes: ClassVar[tuple[str, ...]] = ("/panel", "/kiosk", "/proof")

    async def identify(self, call: Call) -> Actor:
        """Return who is signed in, or a stranger where strangers may look. Raises SignInNeeded."""
        token = session_cookie(call) if call.route.accepts & Credential.SESSION else None
        viewer = await _viewer(call, token) if token else None
        if viewer is not None:
            call.request.scope["state"]["viewer"] = viewer
            return viewer.actor
        if call.route.accepts & Credential.NONE:
            return Actor(ActorKind.ANONYMOUS, permissions=frozenset(permissions_of(Credential.NONE)), ip=call.ip)
        raise SignInNeeded(wanted=_address(call))

    async def admit(self, call: Call) -> None:
        """Let into a guild's pages who may manage the guild, and nobody anywhere while the panel is switched off."""
        below = call.request.scope["path"].startswith("/panel")
        if below and not call.house.site.now.document.bot.enable_panel:
            raise NotFound
        await guild_door.admit(call)

    def refuse(self, error: GuildhallError, *, request_id: str) -> Answer:
        """Return a page that says what is wrong, or the way to the door for whoever has not signed in."""
        if isinstance(error, SignInNeeded):
            wanted = quote(str(error.details.get("wanted", "/panel")), safe="/")
            return redirect(f"{SIGN_IN}?next={wanted}", headers=[UNCACHED])
        page = render(
            "problem.html",
            headline=headline_of(error),
            message=message_of(error),
            code=error.code,
            reference=request_id if error.kind in (Kind.INTERNAL, Kind.UNAVAILABLE) else "",
        )
        headers = [UNCACHED, *retry_headers(error)]
        return Answer(page, status=STATUS[error.kind], media_type=HTML, headers=headers)

    def limit(self, call: Call, actor: Actor | None) -> tuple[str, int]:
        """Count each person by themselves, and strangers by their address."""
        if actor is None or actor.user_id is None:
            return super().limit(call, actor)
        return f"panel:{actor.user_id}", PER_PERSON

    def error_schema(self) -> dict[str, Any]:
        """Return the schema of a page, which is text."""
        return {"type": "string"}


def viewer_of(call: Call) -> Viewer:
    """Return who looks. Raises SignInNeeded for a stranger."""
    viewer = known_viewer(call)
    if viewer is None:
        raise SignInNeeded(wanted=_address(call))
    return viewer


def known_viewer(call: Call) -> Viewer | None:
    """Return who looks, or None for a stranger."""
    viewer: Viewer | None = call.request.scope["state"].get("viewer")
    return viewer


async def _viewer(call: Call, token: str) -> Viewer | None:
    found = await session_of(call, token)
    if found is None:
        return None
    return Viewer(found.user, found.session, found.actor, identity.csrf_token(token), person_of(found))


def _address(call: Call) -> str:
    scope = call.request.scope
    if call.route.method != "GET":
        return "/panel"
    search = scope["query_string"].decode("latin-1")
    return f"{scope['path']}?{search}" if search else str(scope["path"])
