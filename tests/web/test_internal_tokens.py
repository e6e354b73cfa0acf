"""Tokens that front ends mint for the attendance dialect: those of every wrong kind are refused, without a reason."""

import base64
import hmac
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from guildhall.core.actor import Actor, Credential
from guildhall.domains.identity import Permission
from guildhall.web.routing import Route, route
from tests.clock import START, SettableClock
from tests.serving import serving, settings_for
from tests.web.more import Told, more_routes

SECRET = "the secret that front ends and the house share, which is long enough for any algorithm"
NOW = int(START.timestamp())
CLAIMS: dict[str, Any] = {"user_id": "849888126", "guild_id": "1234567890", "exp": NOW + 60}


def routes() -> tuple[Route, ...]:
    @route(
        "GET", "/api/v1/guilds/1/who", permission=Permission.OWN_PROFILE, accepts=Credential.TOKEN, transaction="none"
    )
    async def tell_who(actor: Actor) -> Told:
        """Say who calls."""
        return Told(f"{actor.user_id} {sorted(actor.roles)}")

    @route("GET", "/api/v1/guilds/1/office", permission=Permission.MANAGE_PEOPLE, accepts=Credential.TOKEN)
    async def enter_office() -> Told:
        """Let administrators in."""
        return Told("come in")

    return (tell_who, enter_office)


def minted(key: object = SECRET, algorithm: str = "HS256", **claims: object) -> str:
    """A token with these claims beside or instead of the usual ones; those that are `...` are left out."""
    kept = {name: value for name, value in {**CLAIMS, **claims}.items() if value is not ...}
    return jwt.encode(kept, key, algorithm=algorithm)  # type: ignore[arg-type]  # wrong keys on purpose


def unsigned(head: object, claims: str = json.dumps(CLAIMS)) -> str:
    """A token without a signature, whose parts are JSON as written."""
    return f"{encoded(json.dumps(head).encode())}.{encoded(claims.encode())}."


def signed(claims: str = json.dumps(CLAIMS), **head: object) -> str:
    """A token with a right signature, whose parts are JSON as written."""
    token = unsigned({"alg": "HS256", **head}, claims)
    return token + encoded(hmac.digest(SECRET.encode(), token.rstrip(".").encode(), "sha256"))


def encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


@pytest.fixture
def more_settings() -> dict[str, str]:
    return {"API_INTERNAL_SECRET": SECRET}


@pytest.fixture
async def client(
    sqlite_database_url: str, tmp_path: Path, clock: SettableClock, more_settings: dict[str, str]
) -> AsyncIterator[httpx.AsyncClient]:
    settings = settings_for(sqlite_database_url, tmp_path, **more_settings)
    with more_routes(attendance=routes()):
        async with serving(settings, clock=clock) as served, httpx.AsyncClient(base_url=served.url) as client:
            yield client


async def ask(client: httpx.AsyncClient, token: str | None, path: str = "who") -> httpx.Response:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return await client.get(f"/api/v1/guilds/1/{path}", headers=headers)


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(minted(), id="as it should be"),
        pytest.param(minted(user_id=849888126, guild_id=1), id="ids as numbers"),
        pytest.param(minted(exp=NOW - 4), id="over for four seconds"),
        pytest.param(minted(exp=NOW + 0.5), id="part of a second"),
        pytest.param(minted(iat=NOW + 4, nbf=NOW + 4), id="begins in four seconds"),
        pytest.param(minted(exp=10**400), id="lives long where nothing forbids it"),
        pytest.param(minted(aud="somebody", iss="a front end", sub="x", jti="1"), id="claims that are not ours"),
    ],
)
async def test_a_valid_token_names_the_person_who_calls(client: httpx.AsyncClient, token: str) -> None:
    answer = await ask(client, token)
    assert (answer.status_code, answer.json()) == (200, {"text": "849888126 []"})
    assert (await ask(client, token, "office")).status_code == 403


PRIVATE = rsa.generate_private_key(65537, 2048)
PUBLIC = PRIVATE.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(None, id="nothing"),
        pytest.param("nonsense", id="no token at all"),
        pytest.param("a.b", id="two parts"),
        pytest.param("a.b.c.d", id="four parts"),
        pytest.param("..", id="empty parts"),
        pytest.param("x" * 20_000, id="a long one"),
        pytest.param(minted("another secret that is long enough for it"), id="another secret"),
        pytest.param(minted(b"\0" * 32), id="a secret of zeros"),
        pytest.param(minted()[:-2] + "AA", id="a changed signature"),
        pytest.param(minted().rpartition(".")[0] + ".", id="no signature"),
        pytest.param(minted(user_id="1").rpartition(".")[0] + minted()[-44:], id="another's signature"),
        pytest.param(minted(algorithm="HS384"), id="HS384"),
        pytest.param(minted(algorithm="HS512"), id="HS512"),
        pytest.param(minted(PRIVATE, "RS256"), id="RS256"),
        pytest.param(signed(alg="none"), id="signed, and says none"),
        pytest.param(unsigned({"alg": "none", "typ": "JWT"}), id="none"),
        pytest.param(unsigned({"alg": "None", "typ": "JWT"}), id="None"),
        pytest.param(unsigned({"alg": "nOnE"}), id="nOnE"),
        pytest.param(unsigned({"alg": None}), id="no algorithm"),
        pytest.param(unsigned([]), id="a list for a head"),
        pytest.param(signed(crit=["exp"], exp=1), id="a critical extension"),
        pytest.param(minted(exp=NOW - 5), id="over for five seconds"),
        pytest.param(minted(exp=...), id="without an end"),
        pytest.param(minted(exp=None), id="an empty end"),
        pytest.param(minted(exp=str(NOW + 60)), id="an end as text"),
        pytest.param(minted(exp=[NOW + 60]), id="an end as a list"),
        pytest.param(minted(exp=True), id="an end that is true"),
        pytest.param(signed('{"user_id":"1","guild_id":"1","exp":1e999}'), id="an infinite end"),
        pytest.param(signed('{"user_id":"1","guild_id":"1","exp":NaN}'), id="an end that is no number"),
        pytest.param(signed('{"user_id":"1","guild_id":"1","exp":-1}'), id="an end before 1970"),
        pytest.param(minted(nbf=NOW + 6), id="not yet valid"),
        pytest.param(minted(iat=NOW + 6), id="made later"),
        pytest.param(minted(nbf="now"), id="a beginning as text"),
        pytest.param(minted(iat="now", nbf=NOW), id="a making as text"),
        pytest.param(minted(user_id=...), id="nobody"),
        pytest.param(minted(user_id=""), id="an empty person"),
        pytest.param(minted(user_id=True), id="a person that is true"),
        pytest.param(minted(user_id=["849888126"]), id="a list of persons"),
        pytest.param(minted(user_id="admin"), id="a person of another form"),
        pytest.param(minted(user_id="1" * 21), id="a person of 21 digits"),
        pytest.param(minted(user_id="-1"), id="a negative person"),
        pytest.param(minted(user_id=1.5), id="part of a person"),
        pytest.param(minted(guild_id=...), id="no guild"),
        pytest.param(minted(guild_id={}), id="a guild of another form"),
        pytest.param(signed("[]"), id="claims in a list"),
        pytest.param(signed("null"), id="no claims"),
        pytest.param(signed("{"), id="claims that are no JSON"),
        pytest.param(minted(exp=10**400, nbf=10**400), id="far away"),
    ],
)  # fmt: skip
async def test_a_token_of_any_wrong_kind_is_refused(client: httpx.AsyncClient, token: str | None) -> None:
    answer = await ask(client, token)
    assert (answer.status_code, answer.json()) == (
        401,
        {"error": "A valid internal token is needed", "code": "UNAUTHORIZED"},
    )


async def test_a_public_key_is_no_secret(sqlite_database_url: str, tmp_path: Path, clock: SettableClock) -> None:
    """Where the shared secret is a key that signs by RSA, who knows its public half must not be able to sign."""
    settings = settings_for(sqlite_database_url, tmp_path, API_INTERNAL_SECRET=PUBLIC.decode())
    with more_routes(attendance=routes()):
        async with serving(settings, clock=clock) as served, httpx.AsyncClient(base_url=served.url) as client:
            assert (await ask(client, minted(PRIVATE, "RS256"))).status_code == 401


@pytest.mark.parametrize("more_settings", [{}])
async def test_without_a_secret_no_token_is_valid(client: httpx.AsyncClient) -> None:
    for token in (minted(), unsigned({"alg": "HS256"})):
        assert (await ask(client, token)).status_code == 401


@pytest.mark.parametrize("more_settings", [{"API_INTERNAL_SECRET": SECRET, "ATTENDANCE_MAX_TOKEN_SECONDS": "60"}])
async def test_a_token_may_not_live_longer_than_the_setting_says(client: httpx.AsyncClient) -> None:
    assert (await ask(client, minted(exp=NOW + 65))).status_code == 200
    assert (await ask(client, minted(exp=NOW + 66))).status_code == 401
