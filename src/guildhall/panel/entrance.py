"""The door: signing in and out, the files that pages need, and the stream that keeps them up to date."""

from collections.abc import Sequence

from guildhall.core.actor import Actor, Credential
from guildhall.core.db import Tx
from guildhall.core.errors import GuildhallError
from guildhall.domains import identity
from guildhall.domains.identity import Permission
from guildhall.domains.identity.discord_errors import (
    AccountDisabled,
    CodeRefused,
    DiscordAway,
    DiscordDenied,
    DiscordMisfit,
    NoDiscordDoor,
    NotInvited,
)
from guildhall.domains.identity.errors import CsrfFailed, TooManyAttempts, WrongPassword
from guildhall.panel.face import OPEN, SIGN_IN, known_viewer, viewer_of
from guildhall.panel.forms import change, show
from guildhall.panel.pages import THEMES, local_path, page, told
from guildhall.panel.templating import ASSETS
from guildhall.panel.words import Refusal
from guildhall.web import setting_up
from guildhall.web.answers import Answer, redirect
from guildhall.web.bodies import Form, QueryString
from guildhall.web.calls import Call
from guildhall.web.credentials import is_cross_site
from guildhall.web.faces import retry_headers
from guildhall.web.house import House
from guildhall.web.routing import route
from guildhall.web.sessions import cookie, session_cookie_header
from guildhall.web.sse import EventStream

SAID_ELSEWHERE: dict[str, type[GuildhallError]] = {
    kind.code: kind
    for kind in (
        AccountDisabled,
        CodeRefused,
        DiscordAway,
        DiscordDenied,
        DiscordMisfit,
        NoDiscordDoor,
        NotInvited,
        TooManyAttempts,
    )
}
"""Refusals of a sign-in that did not begin on a page of the panel, by their codes."""

A_YEAR = 365 * 24 * 60 * 60


class Wanted(QueryString, frozen=True, kw_only=True):
    """Where to go after signing in."""

    next: str = "/panel"


class Refused(QueryString, frozen=True, kw_only=True):
    """The code of a refusal."""

    error: str = ""


class SignInForm(Form, frozen=True, kw_only=True):
    """Name and password."""

    name: str = ""
    password: str = ""
    next: str = "/panel"


class ThemeForm(Form, frozen=True, kw_only=True):
    """Light, dark, or as the system says; and the page to come back to."""

    theme: str = "auto"
    back: str = "/panel"


@show("/panel", permission=Permission.USE_PANEL, transaction="none")
async def show_front_page() -> Answer:
    """Go to the rooms, where most people want to go."""
    return redirect("/panel/rooms")


@route("GET", "/panel/sign-in", permission=Permission.PUBLIC, accepts=OPEN, transaction="none", content="text/html")
async def show_sign_in(query: Wanted, call: Call) -> Answer:
    """Show the door, or go on when the person is inside already."""
    if known_viewer(call) is not None:
        return redirect(local_path(query.next))
    return door_page(call, wanted=query.next)


@route("GET", "/panel/login", permission=Permission.PUBLIC, accepts=OPEN, transaction="none", content="text/html")
async def show_refused_sign_in(query: Refused, call: Call) -> Answer:
    """Show the door with why a sign-in that began elsewhere was refused."""
    kind = SAID_ELSEWHERE.get(query.error)
    return door_page(call, wanted="/panel", refused=kind() if kind else None)


@route("POST", "/panel/sign-in", permission=Permission.PUBLIC, accepts=OPEN, transaction="none", content="text/html")
async def sign_in(form: SignInForm, call: Call, house: House) -> Answer:
    """Open a session for whoever knows a name and its password."""
    if is_cross_site(call):
        raise CsrfFailed
    try:
        _, token = await identity.sign_in(
            house.database,
            house.passwords,
            name=form.name.strip(),
            password=form.password,
            ip=call.ip,
            user_agent=call.header("user-agent"),
            now=house.clock.now(),
        )
    except (WrongPassword, TooManyAttempts) as error:
        return door_page(call, wanted=form.next, name=form.name, refused=error)
    return redirect(local_path(form.next), headers=[session_cookie_header(call, token)])


@change("/panel/sign-out", permission=Permission.USE_PANEL)
async def sign_out(call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """End this session."""
    await identity.end_session(tx, actor, viewer_of(call).session.id, now=house.clock.now())
    return redirect(told(SIGN_IN, "signed-out"), headers=[session_cookie_header(call, "")])


@change("/panel/theme", permission=Permission.USE_PANEL, transaction="none")
async def choose_theme(form: ThemeForm, call: Call) -> Answer:
    """Remember in the browser whether its pages are light or dark."""
    theme = form.theme if form.theme in THEMES else "auto"
    remembered = cookie(call, "theme", theme, seconds=A_YEAR, readable=True)
    return redirect(local_path(form.back), headers=[remembered])


@route(
    "GET",
    "/panel/static/{name}",
    permission=Permission.PUBLIC,
    accepts=Credential.NONE,
    transaction="none",
    content="text/css",
)
async def get_static(name: str, call: Call) -> Answer:
    """Give a file that pages need."""
    return ASSETS.serve(name, call)


@show("/panel/live", permission=Permission.READ_HUB, transaction="none")
async def follow(house: House) -> Answer:
    """Tell, for as long as somebody looks, that something has changed; pages then load their view anew."""
    return EventStream(house.events, "rooms", "shifts", "calendars", "bot")


def door_page(
    call: Call,
    *,
    wanted: str,
    name: str = "",
    refused: GuildhallError | None = None,
    headers: Sequence[tuple[bytes, bytes]] = (),
) -> Answer:
    """Return the page on which people come in, with why the last try was refused; `wanted` is where they go then."""
    refusal = Refusal.of(refused) if refused else None
    discord = call.house.settings.discord
    return page(
        call,
        "sign_in.html",
        status=refusal.status if refusal else 200,
        headers=[*headers, *(retry_headers(refused) if refused else ())],
        wanted=local_path(wanted),
        name=name,
        refusal=refusal,
        with_discord=call.house.discord_door is not None,
        simulated=not discord.is_real,
        to_set_up=call.house.settings.in_production and setting_up.looks_needed(call.house),
    )
