"""Signing in with Discord: the page that asks, and the endpoint for tokens."""

import base64
import hashlib
import html
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from aiohttp import BasicAuth, web

from guildhall.simulator.discord import wire
from guildhall.simulator.discord.faults import Faults
from guildhall.simulator.discord.refusals import Json, Refused
from guildhall.simulator.discord.state import User
from guildhall.simulator.discord.world import World, token

CODE_LIVES = timedelta(minutes=10)
TOKEN_LIVES = timedelta(days=7)
THIS_MACHINE = frozenset({"127.0.0.1", "localhost", "::1"})
ASKED = ("client_id", "redirect_uri", "response_type", "scope", "state", "code_challenge", "code_challenge_method")

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>
<style>body{{font:1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:3rem auto;padding:0 1rem;
      color-scheme:light dark}}
button{{font:inherit;display:block;width:100%;margin:.4rem 0;padding:.5rem .8rem;text-align:start}}</style>
<h1>{title}</h1>{content}</html>"""


@dataclass(frozen=True)
class Grant:
    """What somebody granted the application, until when."""

    user: User
    scopes: frozenset[str]
    expires_at: datetime
    redirect: str = ""
    challenge: str = ""


@dataclass
class OAuth:
    """All grants, by the codes and tokens that stand for them."""

    world: World
    faults: Faults = field(default_factory=Faults)
    codes: dict[str, Grant] = field(default_factory=dict)
    access: dict[str, Grant] = field(default_factory=dict)
    refresh: dict[str, Grant] = field(default_factory=dict)

    def routes(self) -> list[web.RouteDef]:
        """Return what it answers; the addresses with and without a version are the same."""
        tokens = [
            web.post(f"{base}/oauth2/token{end}", handler)
            for base in ("/api/v10", "/api")
            for end, handler in (("", self.give), ("/revoke", self.revoke))
        ]
        pages = [
            each
            for base in ("", "/api", "/api/v10")
            for each in (
                web.get(f"{base}/oauth2/authorize", self.ask),
                web.post(f"{base}/oauth2/authorize", self.decide),
            )
        ]
        return [*tokens, *pages]

    def bearer(self, access_token: str) -> Grant | None:
        """Return what a token stands for, None when it is unknown or expired."""
        grant = self.access.get(access_token)
        return grant if grant is not None and grant.expires_at > self.world.now() else None

    async def ask(self, request: web.Request) -> web.Response:
        """Show which application asks, and let somebody be chosen to answer."""
        fault = self._fault(request.query)
        if fault:
            return _page("Authorization is not possible", f"<p>{html.escape(fault)}</p>", status=400)
        hidden = "".join(
            f'<input type="hidden" name="{name}" value="{html.escape(request.query.get(name, ""))}">' for name in ASKED
        )
        people = [each for each in self.world.users.values() if not each.bot]
        buttons = "".join(f'<button name="user_id" value="{each.id}">{_called(each)}</button>' for each in people)
        scopes = html.escape(request.query.get("scope", "").replace(" ", ", "))
        content = (
            f"<p>It wants: {scopes}. Continue as</p>"
            f'<form method="post" action="{request.path}">{hidden}{buttons}'
            '<button name="cancel" value="1">Cancel</button></form>'
        )
        return _page(f"{html.escape(self.world.application.name)} wants to know who you are", content)

    async def decide(self, request: web.Request) -> web.Response:
        """Send the browser back with a code, or with the news that it was refused."""
        form = {name: str(value) for name, value in (await request.post()).items()}
        fault = self._fault(form)
        if fault:
            return _page("Authorization is not possible", f"<p>{html.escape(fault)}</p>", status=400)
        if form.get("cancel") or form.get("user_id") not in self.world.users:
            refused = "The resource owner or authorization server denied the request"
            return _back(form, error="access_denied", error_description=refused)
        code = token()
        self.codes[code] = Grant(
            self.world.users[form["user_id"]],
            frozenset(form.get("scope", "").split()),
            self.world.now() + CODE_LIVES,
            form["redirect_uri"],
            form.get("code_challenge", ""),
        )
        return _back(form, code=code)

    def _fault(self, asked: Mapping[str, str]) -> str:
        """Return what is wrong with a request for authorization; empty when nothing is."""
        application = self.world.application
        if asked.get("client_id") != application.id:
            return "Unknown application."
        redirect = asked.get("redirect_uri", "")
        local = urlsplit(redirect).hostname in THIS_MACHINE
        if redirect not in application.redirects and (application.redirects or not local):
            return "Invalid OAuth2 redirect_uri."
        if asked.get("response_type") != "code":
            return "The response type must be code."
        scopes = set(asked.get("scope", "").split())
        if not scopes or not scopes <= set(wire.SCOPES):
            return "The requested scope is invalid, unknown, or malformed."
        if asked.get("code_challenge") and asked.get("code_challenge_method") != "S256":
            return "The code challenge method must be S256."
        return ""

    async def give(self, request: web.Request) -> web.Response:
        """Give tokens for a code or a refresh token, to the application alone."""
        try:
            await self.faults.meet(request.path)
        except Refused as refused:
            return web.json_response(refused.body, status=refused.status, headers=refused.headers)
        form = await _form(request)
        if not self._is_application(request, form):
            return web.json_response({"error": "invalid_client"}, status=401)
        kind = form.get("grant_type")
        if kind == "authorization_code":
            grant = self.codes.pop(form.get("code", ""), None)
            if grant is None or not self._fits(grant, form):
                return _invalid_grant("code")
        elif kind == "refresh_token":
            grant = self.refresh.pop(form.get("refresh_token", ""), None)
            if grant is None:
                return _invalid_grant("refresh_token")
        else:
            return web.json_response({"error": "unsupported_grant_type"}, status=400)
        return web.json_response(self._tokens(grant))

    def _fits(self, grant: Grant, form: dict[str, str]) -> bool:
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        proven = not grant.challenge or base64.urlsafe_b64encode(digest).decode().rstrip("=") == grant.challenge
        return proven and form.get("redirect_uri") == grant.redirect and grant.expires_at > self.world.now()

    def _tokens(self, grant: Grant) -> Json:
        access, refresh = token(), token()
        self.access[access] = replace(grant, expires_at=self.world.now() + TOKEN_LIVES)
        self.refresh[refresh] = grant
        return {
            "token_type": "Bearer",
            "access_token": access,
            "expires_in": int(TOKEN_LIVES.total_seconds()),
            "refresh_token": refresh,
            "scope": " ".join(sorted(grant.scopes)),
        }

    async def revoke(self, request: web.Request) -> web.Response:
        """Let a token, and all others of the same person, be worth nothing."""
        form = await _form(request)
        if not self._is_application(request, form):
            return web.json_response({"error": "invalid_client"}, status=401)
        named = form.get("token", "")
        grant = self.access.get(named) or self.refresh.get(named)
        for kept in (self.access, self.refresh):
            for each in [one for one, other in kept.items() if grant is not None and other.user == grant.user]:
                del kept[each]
        return web.json_response({})

    def _is_application(self, request: web.Request, form: dict[str, str]) -> bool:
        """Tell whether it is the application that asks, which says so in the body or by Basic."""
        application = self.world.application
        said = form.get("client_id", ""), form.get("client_secret", "")
        header = request.headers.get("Authorization", "")
        if header.startswith("Basic "):
            try:
                basic = BasicAuth.decode(header)
            except ValueError:
                return False
            said = basic.login, basic.password
        return said == (application.id, application.secret)


async def _form(request: web.Request) -> dict[str, str]:
    """Return the body as a form; the endpoint takes no JSON."""
    return dict(parse_qsl(await request.text())) if request.content_type.endswith("urlencoded") else {}


def _called(user: User) -> str:
    return html.escape(f"{user.global_name or user.username} ({user.username})")


def _page(title: str, content: str, *, status: int = 200) -> web.Response:
    return web.Response(text=PAGE.format(title=title, content=content), content_type="text/html", status=status)


def _back(form: dict[str, str], **said: str) -> web.Response:
    """Send the browser back to the application, with what is said and with its state."""
    state = {"state": form["state"]} if form.get("state") else {}
    there = urlsplit(form["redirect_uri"])
    query = urlencode([*parse_qsl(there.query), *said.items(), *state.items()])
    return web.Response(status=302, headers={"Location": urlunsplit(there._replace(query=query))})


def _invalid_grant(what: str) -> web.Response:
    description = f'Invalid "{what}" in request.'
    return web.json_response({"error": "invalid_grant", "error_description": description}, status=400)
