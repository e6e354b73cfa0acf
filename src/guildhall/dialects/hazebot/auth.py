"""The dialect's credential: an access token that stands for a session."""

from guildhall.core.actor import Actor, ActorKind, Credential
from guildhall.core.errors import Unauthenticated
from guildhall.domains import identity
from guildhall.domains.identity import permissions_of
from guildhall.web.calls import Call
from guildhall.web.credentials import bearer


class TokenMissing(Unauthenticated):
    """No token was sent."""

    code = "token_missing"
    text = "Token is missing"


async def identify(call: Call) -> Actor:
    """Return who calls."""
    if call.route.accepts is Credential.NONE:
        return Actor(ActorKind.ANONYMOUS, permissions=frozenset(permissions_of(Credential.NONE)), ip=call.ip)
    token = bearer(call)
    if token is None:
        raise TokenMissing
    now = call.house.clock.now()
    async with call.house.database.read() as tx:
        return await identity.actor_with_token(tx, token, key=call.house.token_key, ip=call.ip, now=now)
