"""The dialect's credentials: the panel's session on its own routes, an API key on the external ones."""

from guildhall.core.actor import Actor, ActorKind, Credential
from guildhall.core.errors import Unauthenticated
from guildhall.domains import identity
from guildhall.domains.identity import permissions_of
from guildhall.domains.identity.errors import CsrfFailed
from guildhall.web.calls import Call
from guildhall.web.credentials import is_cross_site, session_cookie


async def identify(call: Call) -> Actor:
    """Return who calls. A key alone is 401 on a panel route, and so is a cookie alone on an external one."""
    accepts, now = call.route.accepts, call.house.clock.now()
    if accepts is Credential.NONE:
        return Actor(ActorKind.ANONYMOUS, permissions=frozenset(permissions_of(Credential.NONE)), ip=call.ip)
    key, cookie = call.header("x-api-key"), session_cookie(call)
    async with call.house.database.read() as tx:
        if accepts & Credential.API_KEY and key:
            actor = await identity.actor_with_key(tx, key, ip=call.ip)
        elif accepts & Credential.SESSION and cookie:
            signed_in = await identity.signed_in_with(tx, cookie, ip=call.ip, now=now)
            actor = signed_in.actor if signed_in else None
        else:
            actor = None
    if actor is None:
        raise Unauthenticated
    if actor.method is Credential.SESSION and call.route.method != "GET" and is_cross_site(call):
        raise CsrfFailed
    return actor
