"""A token points at a session, and is worth exactly what that session's person may do at this moment."""

import base64
import hmac
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import jwt
import pytest
from sqlalchemy import text

from guildhall.core.actor import SYSTEM, Actor, ActorKind, Credential
from guildhall.core.db import Database
from guildhall.domains import identity
from guildhall.domains.identity import Permission, mint_access_token
from guildhall.domains.identity.access_tokens import TokenExpired, TokenInvalid, actor_with_token
from guildhall.domains.identity.sessions import IDLE_LIFE, open_session
from guildhall.web.routing import Route, route
from tests.clock import SettableClock
from tests.core.widgets import sync_engine
from tests.serving import Served, serving, settings_for
from tests.web.more import Told, more_routes

KEY = "the key of the house, which is long enough for any algorithm there is, so that none is refused for it"
HOUR = timedelta(hours=1)


@pytest.fixture
async def ada(database: Database, clock: SettableClock) -> identity.User:
    async with database.write() as tx:
        return await identity.create_person(
            tx, SYSTEM, sign_in_name="Ada", password_hash="x", email=None, roles=["moderator"], now=clock.now()
        )


@pytest.fixture
async def session(database: Database, ada: identity.User, clock: SettableClock) -> identity.Session:
    async with database.write() as tx:
        session, _ = await open_session(tx, ada, ip=None, user_agent=None, now=clock.now())
    return session


def claims_of(session: identity.Session, now: datetime, **other: object) -> dict[str, Any]:
    usual = {
        "iss": "guildhall",
        "sub": session.user_id,
        "sid": session.id,
        "typ": "access",
        "jti": "1",
        "iat": int(now.timestamp()),
        "exp": int((now + HOUR).timestamp()),
    }
    return {name: value for name, value in {**usual, **other}.items() if value is not ...}


async def actor(database: Database, token: str, now: datetime) -> Actor:
    async with database.read() as tx:
        return await actor_with_token(tx, token, key=KEY, ip="192.0.2.1", now=now)


async def test_a_token_lends_what_its_person_holds_now(
    database: Database, session: identity.Session, ada: identity.User, clock: SettableClock
) -> None:
    token = mint_access_token(session, key=KEY, life=HOUR, now=clock.now())
    found = await actor(database, token, clock.now())
    assert (found.kind, found.method, found.user_id, found.ip) == (
        ActorKind.USER,
        Credential.TOKEN,
        ada.id,
        "192.0.2.1",
    )
    assert found.roles == {"moderator"}
    assert found.may(Permission.SEE_AUDIT)
    assert not found.may(Permission.MANAGE_PEOPLE)
    async with database.write() as tx:
        await identity.set_roles(tx, SYSTEM, ada, ["admin"], now=clock.now())
    found = await actor(database, token, clock.now())
    assert found.may(Permission.MANAGE_PEOPLE)
    assert not found.may(Permission.USE_PANEL)
    assert not found.may(Permission.MANAGE_APPS)
    async with database.write() as tx:
        operator = Actor(ActorKind.OPERATOR, Credential.MASTER_KEY)
        await identity.set_roles(tx, operator, ada, [], now=clock.now())
    assert not (await actor(database, token, clock.now())).may(Permission.SEE_AUDIT)


async def test_a_token_ends_with_its_time_its_session_or_its_person(
    database: Database, session: identity.Session, ada: identity.User, clock: SettableClock, database_url: str
) -> None:
    token = mint_access_token(session, key=KEY, life=HOUR, now=clock.now())
    clock.advance(HOUR - timedelta(seconds=1))
    await actor(database, token, clock.now())
    clock.advance(timedelta(seconds=1))
    with pytest.raises(TokenExpired):
        await actor(database, token, clock.now())

    long = mint_access_token(session, key=KEY, life=IDLE_LIFE * 2, now=clock.now())
    await actor(database, long, clock.now())
    with pytest.raises(TokenInvalid):
        await actor(database, long, session.expires_at)
    with sync_engine(database_url).begin() as connection:
        connection.execute(text("UPDATE users SET disabled_at = 0 WHERE id = :id"), {"id": ada.id})
    with pytest.raises(TokenInvalid):
        await actor(database, long, clock.now())
    with sync_engine(database_url).begin() as connection:
        connection.execute(text("UPDATE users SET disabled_at = NULL WHERE id = :id"), {"id": ada.id})
    await actor(database, long, clock.now())
    async with database.write() as tx:
        owner = Actor(ActorKind.USER, Credential.SESSION, user_id=ada.id)
        await identity.end_session(tx, owner, session.id, now=clock.now())
    with pytest.raises(TokenInvalid):
        await actor(database, long, clock.now())


WRONG: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "somebody"},
    "no issuer": {"iss": ...},
    "a list of issuers": {"iss": ["guildhall"]},
    "another type": {"typ": "refresh"},
    "no type": {"typ": ...},
    "a type in capitals": {"typ": "ACCESS"},
    "no session": {"sid": ...},
    "an unknown session": {"sid": "01hv4z9v6x0000000000000000"},
    "an empty session": {"sid": ""},
    "a session that is a list": {"sid": ["x"]},
    "no subject": {"sub": ...},
    "a subject that is a number": {"sub": 5},
    "no id": {"jti": ...},
    "no making": {"iat": ...},
    "no end": {"exp": ...},
    "an end as text": {"exp": "2099-01-01"},
    "an end that is no whole number": {"exp": 4102444800.5},
    "an audience": {"aud": "somebody"},
}


@pytest.mark.parametrize("kind", WRONG)
async def test_claims_of_any_wrong_kind_are_refused(
    database: Database, session: identity.Session, clock: SettableClock, kind: str
) -> None:
    claims = json.dumps(claims_of(session, clock.now(), **WRONG[kind]))
    token = jwt.PyJWS().encode(claims.encode(), KEY, algorithm="HS256")
    with pytest.raises(TokenInvalid):
        await actor(database, token, clock.now())


async def test_signatures_of_any_wrong_kind_are_refused(
    database: Database, session: identity.Session, clock: SettableClock
) -> None:
    claims = claims_of(session, clock.now())
    good = jwt.encode(claims, KEY, algorithm="HS256")
    await actor(database, good, clock.now())

    def encoded(part: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")

    def signed(head: object, body: object, key: str = KEY) -> str:
        content = f"{encoded(head)}.{encoded(body)}"
        signature = base64.urlsafe_b64encode(hmac.digest(key.encode(), content.encode(), "sha256")).decode()
        return f"{content}.{signature.rstrip('=')}"

    await actor(database, signed({"alg": "HS256"}, claims), clock.now())
    for token in (
        "",
        "nonsense",
        "..",
        "\xe9.\xe9.\xe9",
        good[:-3],
        good.rpartition(".")[0] + ".",
        good.replace(".", ".A", 1),
        jwt.encode(claims, KEY, algorithm="HS384"),
        jwt.encode(claims, KEY, algorithm="HS512"),
        jwt.encode(claims, None, algorithm="none"),  # type: ignore[arg-type]  # no key
        jwt.encode(claims, KEY + "x", algorithm="HS256"),
        signed({"alg": "none"}, claims),
        signed({"alg": "hs256"}, claims),
        signed({"alg": "RS256"}, claims),
        signed({"alg": ["HS256"]}, claims),
        signed({"alg": "HS256", "crit": ["b64"], "b64": False}, claims),
        signed([], claims),
        signed({"alg": "HS256"}, [claims]),
        signed({"alg": "HS256"}, None),
        signed({"alg": "HS256", "jwk": {"kty": "oct", "k": "eA"}}, claims, "x"),
        signed({"alg": "HS256", "kid": "../../dev/null"}, claims, ""),
    ):
        with pytest.raises(TokenInvalid):
            await actor(database, token, clock.now())


def routes(base: str) -> tuple[Route, ...]:
    @route("GET", f"{base}/who", permission=Permission.OWN_PROFILE, accepts=Credential.TOKEN)
    async def tell_who(actor: Actor) -> Told:
        """Say who calls."""
        return Told(str(actor.user_id))

    @route("GET", f"{base}/office", permission=Permission.MANAGE_PEOPLE, accepts=Credential.TOKEN)
    async def enter_office() -> Told:
        """Let administrators in."""
        return Told("come in")

    return (tell_who, enter_office)


@pytest.fixture
async def served(
    sqlite_database_url: str, tmp_path_factory: pytest.TempPathFactory, clock: SettableClock
) -> AsyncIterator[Served]:
    settings = settings_for(sqlite_database_url, tmp_path_factory.mktemp("data"), SECRET_KEY=KEY)
    with more_routes(veza=routes("/api/v1"), hazebot=routes("/api/users")):
        async with serving(settings, clock=clock) as served:
            yield served


@pytest.mark.parametrize(
    ("base", "missing", "invalid", "expired", "ended"),
    [
        ("/api/v1", "UNAUTHORIZED", "INVALID_TOKEN", "TOKEN_EXPIRED", "INVALID_TOKEN"),
        ("/api/users", "TOKEN_MISSING", "TOKEN_INVALID", "TOKEN_EXPIRED", "SESSION_ENDED"),
    ],
)
async def test_the_dialects_say_what_is_wrong_in_their_words(
    served: Served, clock: SettableClock, base: str, missing: str, invalid: str, expired: str, ended: str
) -> None:
    database, now = served.house.database, clock.now()
    async with database.write() as tx:
        ada = await identity.create_person(
            tx, SYSTEM, sign_in_name="Ada", password_hash="x", email=None, roles=[], now=now
        )
        session, _ = await open_session(tx, ada, ip=None, user_agent=None, now=now)
    token = mint_access_token(session, key=KEY, life=HOUR, now=now)
    old = mint_access_token(session, key=KEY, life=HOUR, now=now - HOUR)
    async with httpx.AsyncClient(base_url=served.url) as client:

        async def code(given: str | None, path: str = "who", scheme: str = "Bearer") -> tuple[int, object]:
            headers = {} if given is None else {"Authorization": f"{scheme} {given}"}
            answer = await client.get(f"{base}/{path}", headers=headers)
            return answer.status_code, answer.json().get("code")

        assert await code(token) == (200, None)
        assert await code(token, scheme="bearer") == (200, None)
        assert await code(None) == (401, missing)
        assert await code(token, scheme="Basic") == (401, missing)
        assert await code("nonsense") == (401, invalid)
        assert await code(old) == (401, expired)
        assert await code(token, "office") == (403, "FORBIDDEN")
        async with database.write() as tx:
            await identity.set_roles(tx, SYSTEM, ada, ["admin"], now=now)
        assert await code(token, "office") == (200, None)
        async with database.write() as tx:
            owner = Actor(ActorKind.USER, Credential.SESSION, user_id=ada.id)
            await identity.end_session(tx, owner, session.id, now=now)
        assert await code(token) == (401, ended)
