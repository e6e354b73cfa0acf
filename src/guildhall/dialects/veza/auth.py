"""The dialect's credentials: an access token, or an API key."""

from guildhall.core.actor import Actor, ActorKind, Credential
from guildhall.core.errors import Unauthenticated
from guildhall.domains import identity
from guildhall.domains.identity import permissions_of
from guildhall.web.calls import Call
from guildhall.web.credentials import bearer


async def identify(call: Call) -> Actor:
    """Return who calls. A bad token is refused even where none is needed."""
    accepts, now = call.route.accepts, call.house.clock.now()
    token, key = bearer(call), call.header("x-api-key")
    actor: Actor | None = None
    async with call.house.database.read() as tx:
        if token:
            secret = call.house.community.key
            actor = await identity.actor_with_token(tx, token, key=secret, ip=call.ip, now=now)
        elif key:
            actor = await identity.actor_with_key(tx, key, ip=call.ip)
            if actor is None:
                raise Unauthenticated("This API key is not valid")
    if actor is None and accepts & Credential.NONE:
        return Actor(ActorKind.ANONYMOUS, permissions=frozenset(permissions_of(Credential.NONE)), ip=call.ip)
    if actor is None or not actor.method & accepts:
        raise Unauthenticated
    return actor
