"""The token endpoint for service accounts: a signed claim goes in, an access token that expires comes out."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import jwt

from guildhall.core.clock import Clock
from guildhall.simulator.google_calendar.faults import Refused, bad_token
from guildhall.simulator.http import Answer, Request

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPES = {
    "https://www.googleapis.com/auth/calendar",
    "https://www.googleapis.com/auth/calendar.events",
    "https://www.googleapis.com/auth/calendar.readonly",
    "https://www.googleapis.com/auth/calendar.events.readonly",
}
LIFE = timedelta(hours=1)
SKEW = timedelta(minutes=5)
"""How far the clocks of the two sides may differ."""


@dataclass(frozen=True)
class Account:
    """A service account: its address, the public half of its key, and whether it may act for people of its domain."""

    email: str
    public_key: str
    key_id: str
    delegated: bool = True


@dataclass(frozen=True)
class Access:
    """What an access token allows: for whom, to what, how long; `delegated` when an account acts for a person."""

    email: str
    scopes: frozenset[str]
    until: datetime
    delegated: bool


class _Denied(Exception):
    """No token is given; an OAuth error code and a sentence."""

    def __init__(self, code: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.code, self.description, self.status = code, description, status


class TokenDesk:
    """Gives out access tokens and knows those it gave."""

    def __init__(self, account: Account, clock: Clock) -> None:
        self._account = account
        self._clock = clock
        self._given: dict[str, Access] = {}

    def give(self, request: Request, *, address: str) -> Answer:
        """Answer POST /token, whose own address is the audience that a claim has to name."""
        try:
            access = self._judge(request.form(), address)
        except _Denied as no:
            return Answer({"error": no.code, "error_description": no.description}, no.status)
        token = f"ya29.{secrets.token_urlsafe(32)}"
        self._given[token] = access
        return Answer({"access_token": token, "expires_in": int(LIFE.total_seconds()), "token_type": "Bearer"})

    def recognise(self, request: Request) -> Access:
        """Return what the request's bearer token allows. Raises Refused with 401."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        access = self._given.get(token) if scheme == "Bearer" else None
        if access is None or access.until <= self._clock.now():
            raise bad_token()
        return access

    def expire_all(self) -> None:
        """Let every token given so far be expired."""
        self._given.clear()

    def _judge(self, form: dict[str, str], address: str) -> Access:
        if form.get("grant_type") != GRANT:
            raise _Denied("unsupported_grant_type", f"Invalid grant_type: {form.get('grant_type')}")
        claims = self._verified(form.get("assertion", ""), address)
        scopes = frozenset(str(claims.get("scope", "")).split())
        if not scopes or not scopes <= SCOPES:
            raise _Denied("invalid_scope", "Empty or unknown OAuth scope.")
        person = str(claims.get("sub") or self._account.email)
        if person != self._account.email and not self._account.delegated:
            raise _Denied(
                "unauthorized_client",
                "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any "
                "of the scopes requested.",
                401,
            )
        return Access(person, scopes, self._clock.now() + LIFE, person != self._account.email)

    def _verified(self, assertion: str, address: str) -> dict[str, object]:
        try:
            if jwt.get_unverified_header(assertion).get("kid") != self._account.key_id:
                raise _Denied("invalid_grant", "Invalid JWT: the key is not known.")
            # The times are compared below, with this program's clock.
            claims: dict[str, object] = jwt.decode(
                assertion,
                self._account.public_key,
                algorithms=["RS256"],
                audience=address,
                options={"verify_exp": False, "verify_iat": False, "require": ["iss", "aud", "exp", "iat"]},
            )
        except jwt.InvalidSignatureError as fault:
            raise _Denied("invalid_grant", "Invalid JWT Signature.") from fault
        except jwt.PyJWTError as fault:
            raise _Denied("invalid_grant", f"Invalid JWT: {fault}") from fault
        if claims["iss"] != self._account.email:
            raise _Denied("invalid_grant", "Invalid grant: account not found")
        self._check_times(claims)
        return claims

    def _check_times(self, claims: dict[str, object]) -> None:
        issued, expires, now = claims["iat"], claims["exp"], self._clock.now().timestamp()
        skew = SKEW.total_seconds()
        if not (isinstance(issued, int) and isinstance(expires, int)):
            raise _Denied("invalid_grant", "Invalid JWT: iat and exp must be numbers.")
        if not (now - LIFE.total_seconds() - skew <= issued <= now + skew and now - skew <= expires) or (
            expires - issued > LIFE.total_seconds()
        ):
            raise _Denied(
                "invalid_grant",
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your "
                "iat and exp values in the JWT claim.",
            )


def check_scope(access: Access, *, writes: bool) -> None:
    """Raise Refused with 403 unless the scopes of a token cover reading, or writing, of events."""
    if all(writes and scope.endswith("readonly") for scope in access.scopes):
        raise Refused(403, "insufficientPermissions", "Request had insufficient authentication scopes.")
