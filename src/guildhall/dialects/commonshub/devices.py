"""Device login, and the tokens it hands out."""

from typing import ClassVar, Literal

import msgspec

from guildhall.core.actor import Actor, Credential
from guildhall.core.crypto import same
from guildhall.core.db import Tx
from guildhall.core.errors import GuildhallError, Invalid, InvalidField, MissingField
from guildhall.dialects.commonshub.auth import AS_USER, BROWSER_OR_APP, OPEN
from guildhall.dialects.commonshub.wire import HubBody, Ok, Reply, utc
from guildhall.domains import identity
from guildhall.domains.identity import Granted, Permission, Waiting
from guildhall.domains.identity.device_logins import (
    AccessDenied,
    CodeExpired,
    CodeNotFound,
    CodeUsed,
    DeviceCodeNotFound,
    ExpiredToken,
    InvalidCode,
    TooManyMisses,
    TooManyPending,
    WrongApp,
)
from guildhall.domains.identity.errors import CsrfFailed, MissingUserId, SessionRequired
from guildhall.domains.identity.names import clean_name
from guildhall.domains.identity.user_tokens import LIFE_UNUSED, TokenNotFound
from guildhall.web.answers import Answer
from guildhall.web.bodies import Form, Later
from guildhall.web.calls import Call
from guildhall.web.credentials import bearer, is_cross_site, session_cookie
from guildhall.web.house import House
from guildhall.web.notices import prefers_page
from guildhall.web.routing import route

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
LONGEST_CLIENT = 64
APP = Credential.APP_SECRET | Credential.APP_SECRET_FOR_USER
CURRENT = "current"


class DeviceStart(HubBody, frozen=True, kw_only=True):
    """What the approval page calls the device."""

    optional: ClassVar[bool] = True
    client_name: str | None = None


class DeviceAuthorization(Reply, frozen=True, kw_only=True):
    """The pair of codes: one is the program's secret, one is for the person."""

    device_code: str
    user_code: str
    verify_url: str
    verification_uri_complete: str
    expires_in: int
    interval: int


class DevicePoll(Reply, frozen=True, kw_only=True, omit_defaults=True):
    """How a login stands; with the token, once."""

    status: Literal["pending", "approved"]
    reason: Literal["authorization_pending", "slow_down"] | None = None
    interval: int | None = None
    expires_in: int | None = None
    user_id: str | None = None
    token: str | None = None
    token_id: str | None = None
    display_name: str | None = None
    username: str | None = None


class TokenRequest(Form, frozen=True, kw_only=True):
    """The form of RFC 8628."""

    grant_type: str = ""
    device_code: str = ""
    client_id: str = ""


class TokenReply(msgspec.Struct, frozen=True, kw_only=True):
    """The token in the form of RFC 6749."""

    access_token: str
    token_type: str = "Bearer"  # noqa: S105 (the type of the token)
    expires_in: int
    userId: str  # noqa: N815 (one of the reference's names among the standard's)
    displayName: str  # noqa: N815 (as the wire writes it)


class DeviceVerify(HubBody, frozen=True, kw_only=True):
    """A code, and whether its device is approved."""

    refusals: ClassVar[dict[str, type[Invalid]]] = {"userCode": InvalidCode}
    also_form: ClassVar[bool] = True
    user_code: str
    decision: Literal["approve", "deny"] = "approve"
    csrf_token: str = msgspec.field(name="csrf_token", default="")


class AppName(Reply, frozen=True, kw_only=True):
    """An app by name."""

    app_id: str
    name: str


class DeviceDecided(Reply, frozen=True, kw_only=True):
    """The decision is stored; the waiting device learns it with its next poll."""

    ok: bool = True
    status: str
    user_id: str
    display_name: str
    app: AppName


class TokenShown(Reply, frozen=True, kw_only=True):
    """A token without its value."""

    token_id: str
    name: str
    created_at: str
    last_used_at: str | None
    current: bool


class TokenList(Reply, frozen=True):
    """A person's tokens, newest first."""

    tokens: list[TokenShown]


class OAuthRefusal(Invalid):
    """A refusal in the words of RFC 8628, which is always 400."""

    code = "invalid_request"
    text = "grant_type and device_code are needed"


class UnsupportedGrantType(OAuthRefusal):
    """Another grant than that of device logins."""

    code = "unsupported_grant_type"
    text = f"Only {GRANT} is supported"


class AuthorizationPending(OAuthRefusal):
    """The person has not decided yet."""

    code = "authorization_pending"
    text = "Not decided yet, please ask again later"


class SlowDown(OAuthRefusal):
    """The program asks too often; `details.interval` is how many seconds it should wait."""

    code = "slow_down"
    text = "Not decided yet, and asked too often"


class DeniedGrant(OAuthRefusal):
    """The person denied the device."""

    code = "access_denied"
    text = "The login was denied"


class ExpiredGrant(OAuthRefusal):
    """The login was not decided in time."""

    code = "expired_token"
    text = "The login took too long, please start again"


class InvalidGrant(OAuthRefusal):
    """The device code is unknown, used, or another app's."""

    code = "invalid_grant"
    text = "This device code cannot be exchanged"


GRANT_REFUSALS: dict[type[GuildhallError], type[OAuthRefusal]] = {
    AccessDenied: DeniedGrant,
    ExpiredToken: ExpiredGrant,
    CodeUsed: InvalidGrant,
    DeviceCodeNotFound: InvalidGrant,
    WrongApp: InvalidGrant,
}


@route(
    "POST", "/v1/auth/device", permission=Permission.DEVICE_LOGIN, accepts=APP,
    refusals=(TooManyPending, InvalidField),
)  # fmt: skip
async def start_device_login(data: Later[DeviceStart], tx: Tx, actor: Actor, house: House) -> DeviceAuthorization:
    """Start a device login and get the code pair."""
    name = data.read_or(DeviceStart()).client_name
    client = clean_name(name, longest=LONGEST_CLIENT, field="clientName") if name else None
    now = house.clock.now()
    login, device_code = await identity.start_login(tx, actor, client_name=client, now=now)
    url = f"{house.settings.public_url}/auth/verify"
    return DeviceAuthorization(
        device_code=device_code,
        user_code=login.user_code,
        verify_url=url,
        verification_uri_complete=f"{url}?code={login.user_code}",
        expires_in=int((login.expires_at - now).total_seconds()),
        interval=login.interval,
    )


@route(
    "GET", "/v1/auth/device/{device_code}", permission=Permission.PUBLIC,
    accepts=OPEN | APP, transaction="write",
    refusals=(AccessDenied, WrongApp, DeviceCodeNotFound, ExpiredToken, CodeUsed),
)  # fmt: skip
async def poll_device_login(device_code: str, tx: Tx, actor: Actor, house: House) -> DevicePoll:
    """Poll a device login; the first poll after approval hands out the token."""
    outcome = await identity.poll_login(tx, actor, device_code, now=house.clock.now())
    if isinstance(outcome, Waiting):
        return DevicePoll(
            status="pending",
            reason="slow_down" if outcome.too_fast else "authorization_pending",
            interval=outcome.interval,
            expires_in=outcome.seconds_left,
        )
    return DevicePoll(
        status="approved",
        user_id=outcome.user.alias,
        token=outcome.token,
        token_id=outcome.token_id,
        display_name=outcome.user.display_name,
        username=outcome.user.username,
    )


@route(
    "POST", "/v1/auth/device/token", permission=Permission.PUBLIC,
    accepts=OPEN | APP,
    refusals=(OAuthRefusal, *GRANT_REFUSALS.values()), transaction="none",
)  # fmt: skip
async def exchange_device_code(form: TokenRequest, actor: Actor, house: House) -> TokenReply:
    """Exchange a device code for a token, in the form of RFC 8628; same state as the poll."""
    if not form.grant_type or not form.device_code:
        raise OAuthRefusal
    if form.grant_type != GRANT:
        raise UnsupportedGrantType
    try:
        async with house.database.write() as tx:
            outcome = await identity.poll_login(tx, actor, form.device_code, now=house.clock.now())
    except tuple(GRANT_REFUSALS) as error:
        raise GRANT_REFUSALS[type(error)] from error
    return _token_reply(outcome)


@route(
    "POST", "/v1/auth/verify", permission=Permission.APPROVE_DEVICE, accepts=BROWSER_OR_APP, transaction="none",
    refusals=(
        MissingField, InvalidCode, MissingUserId, CsrfFailed, SessionRequired, CodeNotFound, CodeExpired, CodeUsed,
        TooManyMisses,
    ),
)  # fmt: skip
async def verify_device_code(data: Later[DeviceVerify], call: Call) -> DeviceDecided | Answer:
    """Approve (or deny) the device that shows this code, as the signed-in person."""
    if not prefers_page(call):
        return await _decide(data, call)
    try:
        decided = await _decide(data, call)
    except GuildhallError as error:
        # The contract knows a page only as a success; programs, which ask for JSON, get the status.
        return call.house.notice(call, title="That did not work", text=error.message)
    if decided.status == "approved":
        return call.house.notice(
            call, title="Approved", text=f"{decided.app.name} can now act for you. You can go back to it."
        )
    return call.house.notice(call, title="Denied", text=f"{decided.app.name} was not let in.")


@route("GET", "/v1/users/me/tokens", permission=Permission.OWN_PROFILE, accepts=AS_USER, refusals=(MissingUserId,))
async def list_my_tokens(tx: Tx, actor: Actor, call: Call) -> TokenList:
    """List the acting user's device tokens, without their values."""
    user = await identity.access_self(tx, actor)
    now, current = call.house.clock.now(), await _current(tx, call)
    return TokenList(
        [
            TokenShown(
                token_id=token.id,
                name=token.name,
                created_at=utc(token.created_at),
                last_used_at=utc(token.last_used_at) if token.last_used_at else None,
                current=token.id == current,
            )
            for token in await identity.tokens_of(tx, user.id, now=now)
        ]
    )


@route(
    "DELETE", "/v1/users/me/tokens/{token_id}", permission=Permission.OWN_PROFILE, accepts=AS_USER,
    refusals=(MissingUserId, TokenNotFound),
)  # fmt: skip
async def revoke_my_token(token_id: str, tx: Tx, actor: Actor, call: Call) -> Ok:
    """Revoke a device token; `current` is the presented one (sign out)."""
    user = await identity.access_self(tx, actor)
    wanted = await _current(tx, call) or "" if token_id == CURRENT else token_id
    await identity.revoke_token(tx, actor, user, wanted, now=call.house.clock.now())
    return Ok()


async def _decide(data: Later[DeviceVerify], call: Call) -> DeviceDecided:
    body, actor, house = data.read(), call.actor, call.house
    if actor.method is Credential.SESSION:
        expected = identity.csrf_token(session_cookie(call) or "")
        if is_cross_site(call) or not same(body.csrf_token, expected):
            raise CsrfFailed
    decided = await identity.decide_login(
        house.database, actor, body.user_code, approve=body.decision == "approve", now=house.clock.now()
    )
    async with house.database.read() as tx:
        user = await identity.access_self(tx, actor)
    return DeviceDecided(
        status=decided.state.value,
        user_id=user.alias,
        display_name=user.display_name,
        app=AppName(app_id=decided.app.id, name=decided.app.name),
    )


def _token_reply(outcome: Waiting | Granted) -> TokenReply:
    if isinstance(outcome, Waiting):
        raise (SlowDown if outcome.too_fast else AuthorizationPending)(interval=outcome.interval)
    return TokenReply(
        access_token=outcome.token,
        expires_in=int(LIFE_UNUSED.total_seconds()),
        userId=outcome.user.alias,
        displayName=outcome.user.display_name,
    )


async def _current(tx: Tx, call: Call) -> str | None:
    found = await identity.bearer_of_token(tx, bearer(call) or "", now=call.house.clock.now())
    return found[0].id if found else None
