"""The dialect's credentials: the master key, secrets of apps that vouch for their users, tokens, and the browser's."""

from urllib.parse import unquote

from guildhall.core.actor import Actor, ActorKind, Credential
from guildhall.core.errors import InvalidField, Unauthenticated
from guildhall.domains import identity
from guildhall.domains.identity import App, AppKind, Permission, User, permissions_of
from guildhall.domains.identity.errors import (
    AdminRequired,
    AppNotTrusted,
    InvalidUserId,
    MissingRole,
    MissingUserId,
    SessionRequired,
    WrongUser,
)
from guildhall.domains.identity.keys import KEY_PREFIX
from guildhall.domains.identity.names import LONGEST_DISPLAY_NAME, LONGEST_USERNAME, clean_name, valid_user_id
from guildhall.domains.identity.permissions import MEMBER
from guildhall.domains.identity.user_tokens import PREFIX as TOKEN_PREFIX
from guildhall.web.calls import Call
from guildhall.web.credentials import bearer, session_cookie
from guildhall.web.routing import Route

OPEN = Credential.NONE
MASTER = Credential.MASTER_KEY | Credential.MASTER_KEY_FOR_USER
AS_USER = Credential.APP_SECRET_FOR_USER | Credential.TOKEN | Credential.API_KEY
FOR_USER = Credential.MASTER_KEY_FOR_USER | AS_USER
ADMINISTRATION = MASTER | AS_USER
READER = ADMINISTRATION | Credential.APP_SECRET
BROWSER_OR_APP = Credential.SESSION | Credential.APP_SECRET_FOR_USER
OF_DEVICE_APPS = (Permission.PUBLIC, Permission.DEVICE_LOGIN)
MASTER_PROVIDER = "discord"
"""The master key vouches for people as an app with the default provider does."""


async def identify(call: Call) -> Actor:
    """Return who calls.

    In the dialect's order: credential (401), kind of app (403), acting user (400), role (403). An acting user who is
    not known yet is made, with the names the app gives.
    """
    accepts = call.route.accepts
    token = bearer(call)
    if accepts is OPEN or (token is None and accepts & OPEN):
        return Actor(ActorKind.ANONYMOUS, permissions=frozenset(permissions_of(OPEN)), ip=call.ip)
    if token is None and accepts & Credential.SESSION:
        return await _signed_in(call)
    if token is None:
        raise Unauthenticated("A valid app secret or user token is needed")
    actor = await _bearer(call, token)
    if not actor.method & accepts:
        _refuse_credential(actor, call.route)
    if not actor.may(call.route.permission):
        raise MissingRole if call.route.permission is Permission.REWARD else AdminRequired
    return actor


def _refuse_credential(actor: Actor, route: Route) -> None:
    accepts = route.accepts
    if accepts == BROWSER_OR_APP and actor.method & (MASTER | Credential.TOKEN):
        raise SessionRequired
    if not accepts & ~MASTER:
        raise AdminRequired("This needs the master key")
    if route.permission not in MEMBER and accepts & Credential.MASTER_KEY:
        raise AdminRequired
    if actor.method is Credential.APP_SECRET and accepts & Credential.APP_SECRET_FOR_USER:
        raise MissingUserId
    if actor.method is Credential.MASTER_KEY and accepts & Credential.MASTER_KEY_FOR_USER:
        raise MissingUserId
    raise Unauthenticated


async def _bearer(call: Call, token: str) -> Actor:
    if token.startswith(TOKEN_PREFIX):
        return await _bearer_of_token(call, token)
    if token.startswith(KEY_PREFIX):
        return await _bearer_of_key(call, token)
    return await _authenticate(call, token)


async def _bearer_of_key(call: Call, value: str) -> Actor:
    """Return who acts with a personal API key."""
    async with call.house.database.read() as tx:
        actor = await identity.actor_with_key(tx, value, ip=call.ip)
    if actor is None:
        raise Unauthenticated("A valid app secret or user token is needed")
    return actor


async def _signed_in(call: Call) -> Actor:
    cookie, now = session_cookie(call), call.house.clock.now()
    async with call.house.database.read() as tx:
        found = await identity.signed_in_with(tx, cookie, ip=call.ip, now=now) if cookie else None
    if found is None:
        raise Unauthenticated("Sign in to the panel, or use an app that acts for you")
    return found.actor


async def _bearer_of_token(call: Call, value: str) -> Actor:
    """Return who acts with a user token. X-User-Id must be absent or name the same person. Raises WrongUser."""
    now, named = call.house.clock.now(), call.header("x-user-id")
    async with call.house.database.read() as tx:
        found = await identity.bearer_of_token(tx, value, now=now)
        if found is None:
            raise Unauthenticated("A valid app secret or user token is needed")
        token, user, app = found
        if named is not None:
            other = await identity.user_known_as(tx, valid_user_id(named), provider=app.provider)
            if other is None or other.id != user.id:
                raise WrongUser
        roles = await identity.roles_of(tx, user.id)
    if identity.wants_touch(token.last_used_at, now):
        async with call.house.database.write() as tx:
            await identity.touch_token(tx, token, now=now)
    return Actor(
        ActorKind.USER,
        Credential.TOKEN,
        user_id=user.id,
        app_id=app.id,
        provider=app.provider,
        roles=frozenset(roles),
        permissions=frozenset(permissions_of(Credential.TOKEN, roles)),
        ip=call.ip,
    )


async def _authenticate(call: Call, token: str) -> Actor:
    house, now = call.house, call.house.clock.now()
    named = call.header("x-user-id")
    async with house.database.read() as tx:
        app = await identity.app_with_secret(tx, token)
        configured = house.settings.admin.api_key
        if app is None and not await identity.is_master_key(tx, token, configured=configured):
            raise Unauthenticated("A valid app secret or user token is needed")
        if app is not None and app.kind is AppKind.DEVICE and call.route.permission not in OF_DEVICE_APPS:
            raise AppNotTrusted
        user = None
        if named is not None:
            provider = app.provider if app else MASTER_PROVIDER
            user = await identity.user_known_as(tx, valid_user_id(named), provider=provider)
        roles = await identity.roles_of(tx, user.id) if user else []
    if app is not None and identity.wants_touch(app.last_used_at, now):
        async with house.database.write() as tx:
            await identity.touch_app(tx, app, now=now)
    if named is not None:
        user = await _up_to_date(call, app, named, user)
    return _actor(call, app, user, roles)


async def _up_to_date(call: Call, app: App | None, named: str, user: User | None) -> User:
    """Return the acting user, made on first contact and renamed when the app gives other names."""
    username = _name(call, "X-User-Name", LONGEST_USERNAME)
    display_name = _name(call, "X-User-Display-Name", LONGEST_DISPLAY_NAME)
    if user is not None and username in (None, user.username) and display_name in (None, user.display_name):
        return user
    app_id = app.id if app else None
    kind = ActorKind.APP if app else ActorKind.OPERATOR
    async with call.house.database.write() as tx:
        return await identity.ensure_user(
            tx,
            Actor(kind, app_id=app_id, ip=call.ip),
            provider=app.provider if app else MASTER_PROVIDER,
            external_id=named,
            username=username,
            display_name=display_name,
            now=call.house.clock.now(),
        )


def _name(call: Call, header: str, longest: int) -> str | None:
    """Return a name given in a header, in plain ASCII or percent-encoded UTF-8; an empty one counts as none.

    The one error that every route has for what is said of the acting user is that of a bad id.
    """
    sent = call.header(header) or ""
    if not sent.isascii():
        raise InvalidUserId(f"{header} is percent-encoded UTF-8", field=header)
    text = unquote(sent, errors="replace")
    if not text.strip():
        return None
    try:
        return clean_name(text, longest=longest, field=header)
    except InvalidField as fault:
        raise InvalidUserId(fault.message, **fault.details) from fault


def _actor(call: Call, app: App | None, user: User | None, roles: list[str]) -> Actor:
    if user is not None and user.disabled_at is not None:
        raise Unauthenticated("This user is disabled")
    if app is None:
        method = Credential.MASTER_KEY_FOR_USER if user else Credential.MASTER_KEY
        roles = [*roles, "admin"]
    else:
        method = Credential.APP_SECRET_FOR_USER if user else Credential.APP_SECRET
    return Actor(
        ActorKind.USER if user else ActorKind.APP if app else ActorKind.OPERATOR,
        method,
        user_id=user.id if user else None,
        app_id=app.id if app else None,
        provider=app.provider if app else MASTER_PROVIDER,
        roles=frozenset(roles),
        permissions=frozenset(permissions_of(method, roles)),
        ip=call.ip,
    )
