"""Signing in with Discord: out to its page, and back to the app that one came from, with a token.

What an app takes along is the state: sealed by this server, good once and for ten minutes, with the platform in it. A
request never says where to go on to.
"""

from datetime import datetime
from typing import Final, Literal, TypeAlias, get_args
from urllib.parse import quote

import msgspec

from guildhall.core import ids
from guildhall.core.actor import Credential
from guildhall.core.crypto import SecretBox, SecretUnreadable, digest, same
from guildhall.core.errors import Invalid
from guildhall.dialects.hazebot.session_wire import AuthUrl, OAuthResult
from guildhall.domains import identity
from guildhall.domains.identity import Permission, community
from guildhall.domains.identity.community import CommunityDoor
from guildhall.domains.identity.community.errors import NotOnServer
from guildhall.domains.identity.discord_errors import (
    AccountDisabled,
    CodeRefused,
    DiscordAway,
    DiscordMisfit,
    NoDiscordDoor,
    StateExpired,
    StateForeign,
    StateSpent,
)
from guildhall.domains.identity.discord_sign_in import STATE_LIVES
from guildhall.settings import SIGN_IN_BACK, SIGN_IN_BACK_OF_COMMUNITY, Settings
from guildhall.web import discord_errands as errands
from guildhall.web.answers import Answer, redirect
from guildhall.web.bodies import QueryString
from guildhall.web.calls import Call
from guildhall.web.discord_errands import Returned
from guildhall.web.house import House
from guildhall.web.routing import route
from guildhall.web.sessions import cookie

Platform: TypeAlias = Literal["web", "android", "ios", "analytics"]

PLATFORMS: Final[tuple[Platform, ...]] = get_args(Platform)
IN_BROWSERS: Final = ("web", "analytics")
COOKIE: Final = "gh_oauth"
PLACE: Final = "the state of a sign-in with Discord"
MOBILE: Final = "mobile"
ANDROID_APP: Final = "hazebot://oauth"
SECONDS: Final = int(STATE_LIVES.total_seconds())
FOUND: Final = 302
PRIVATE: Final = ((b"cache-control", b"no-store"), (b"referrer-policy", b"no-referrer"))
"""The address that a browser goes on to has a token in it, which nobody may keep or pass on."""


class InvalidPlatform(Invalid):
    """There is no such platform."""

    code = "invalid_platform"
    text = f"platform is one of {', '.join(PLATFORMS)}"


class MissingCode(Invalid):
    """Discord's answer has neither a code nor an error."""

    code = "missing_code"
    text = "There is no code from Discord"


class StartQuery(QueryString, frozen=True, kw_only=True):
    """For which platform somebody signs in; `state` is how older apps say it."""

    platform: str = ""
    state: str = ""

    @property
    def wanted(self) -> Platform:
        """The platform that is asked for. Raises InvalidPlatform."""
        older: dict[str, Platform] = {"mobile": "android", "analytics": "analytics"}
        if not self.platform:
            return older.get(self.state, "web")
        found = next((each for each in PLATFORMS if each == self.platform), None)
        if found is None:
            raise InvalidPlatform
        return found


class State(msgspec.Struct, frozen=True):
    """What is sealed into a state. `browser` is the hash of the cookie's value, empty when any browser may finish."""

    nonce: str
    platform: Platform
    ends_at: datetime
    browser: str = ""


@route(
    "GET", "/api/discord/auth", permission=Permission.PUBLIC, accepts=Credential.NONE, transaction="none",
    refusals=(InvalidPlatform, NoDiscordDoor),
)  # fmt: skip
async def start_discord_login(query: StartQuery, call: Call, house: House) -> AuthUrl:
    """Give the address of Discord's page."""
    platform, door = query.wanted, _door_of(house)
    secret = ids.url_token() if platform in IN_BROWSERS and house.settings.community.oauth_bind else ""
    if secret:
        call.headers.append(_cookie(call, secret, SECONDS))
    ends_at = house.clock.now() + STATE_LIVES
    state = State(ids.url_token(), platform, ends_at, digest(secret) if secret else "")
    sealed = _box(house).encrypt(msgspec.json.encode(state).decode(), place=PLACE)
    return AuthUrl(door.page(state=sealed), platform, SECONDS)


@route(
    "GET", SIGN_IN_BACK_OF_COMMUNITY, permission=Permission.PUBLIC, accepts=Credential.NONE, transaction="none",
    also=(FOUND,),
    refusals=(
        MissingCode, StateForeign, StateExpired, StateSpent, CodeRefused, NotOnServer, AccountDisabled, DiscordAway,
        DiscordMisfit, NoDiscordDoor,
    ),
)  # fmt: skip
async def finish_discord_login(query: Returned, call: Call, house: House) -> Answer:
    """Sign in whoever comes back from Discord, and send them on to their app with a token."""
    call.headers.extend(PRIVATE)
    if _is_of_the_panel(call, query):
        # DISCORD_REDIRECT_URI leads here for everybody, and this browser was sent out by the panel.
        return redirect(f"{SIGN_IN_BACK}?{call.request.scope['query_string'].decode('latin-1')}", status=FOUND)
    door, platform = _door_of(house), await _spent(call, query)
    call.headers.append(_cookie(call, "", 0))
    goal = _goal(house.settings, platform)
    if query.error == "access_denied":
        return _sent_on(goal, "error", query.error)
    if query.error:
        raise DiscordAway
    entry, arrival = await community.come_in(
        house.community, door, code=query.code, ip=call.ip, user_agent=call.header("user-agent")
    )
    if _wants_json(call):
        return Answer(msgspec.json.encode(OAuthResult.arrived(entry, arrival)))
    return _sent_on(goal, "token", entry.token)


def _door_of(house: House) -> CommunityDoor:
    if house.community_door is None:
        raise NoDiscordDoor
    return house.community_door


def _is_of_the_panel(call: Call, query: Returned) -> bool:
    try:
        errands.errand_of(call, query)
    except StateForeign:
        return False
    except StateExpired:
        return True
    return True


async def _spent(call: Call, query: Returned) -> Platform:
    """Let the state be over with this return, and tell its platform.

    Raises MissingCode, StateForeign, StateExpired, StateSpent, TooManyAttempts.
    """
    house = call.house
    if not query.code and not query.error:
        raise MissingCode
    if query.state == MOBILE and house.settings.community.legacy_mobile_state:
        return "android"
    state, now = _unsealed(house, query.state), house.clock.now()
    if state.browser and not same(state.browser, digest(call.request.cookies.get(COOKIE, ""))):
        raise StateForeign
    if state.ends_at <= now:
        raise StateExpired
    async with house.database.write() as tx:
        await identity.spend_state(tx, state.nonce, ip=call.ip, now=now)
    return state.platform


def _unsealed(house: House, sealed: str) -> State:
    try:
        return msgspec.json.decode(_box(house).decrypt(sealed, place=PLACE), type=State)
    except (SecretUnreadable, msgspec.DecodeError) as fault:
        raise StateForeign from fault


def _goal(settings: Settings, platform: Platform) -> str:
    given, panel = settings.community, f"{settings.public_url}/panel"
    return {
        "web": given.frontend_url or panel,
        "analytics": given.analytics_url or panel,
        "android": ANDROID_APP,
        "ios": given.ios_url,
    }[platform]


def _sent_on(goal: str, name: str, value: str) -> Answer:
    sign = "&" if "?" in goal else "?"
    return redirect(f"{goal}{sign}{name}={quote(value, safe='')}", status=FOUND)


def _wants_json(call: Call) -> bool:
    """Tell whether JSON is asked for before a page; a browser asks for the page first."""
    accepted = [part.partition(";")[0].strip().lower() for part in (call.header("accept") or "").split(",")]
    if "application/json" not in accepted:
        return False
    return "text/html" not in accepted or accepted.index("application/json") < accepted.index("text/html")


def _cookie(call: Call, value: str, seconds: int) -> tuple[bytes, bytes]:
    return cookie(call, COOKIE, value, seconds=seconds, path="/api/discord")


def _box(house: House) -> SecretBox:
    return SecretBox(house.token_key, PLACE)
