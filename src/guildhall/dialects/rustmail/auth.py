"""The dialect's credentials: the panel's session on its own routes, an integration's key on the external ones."""

from guildhall.core.actor import Actor, ActorKind, Credential
from guildhall.core.errors import Unauthenticated
from guildhall.domains.identity import SignedIn, desk, permissions_of
from guildhall.domains.identity.errors import CsrfFailed, SessionEnded
from guildhall.web.calls import Call
from guildhall.web.credentials import is_cross_site, session_cookie
from guildhall.web.sessions import session_of


async def identify(call: Call) -> Actor:
    """Return who calls. A key alone is 401 on a panel route, and so is a cookie alone on an external one.

    Raises Unauthenticated, SessionEnded for a cookie that opens nothing, CsrfFailed for another site's write.
    """
    accepts = call.route.accepts
    actor = await _with_key(call) if accepts & Credential.INTEGRATION_KEY else None
    if actor is None and accepts & Credential.SESSION:
        actor = await _with_session(call)
    if actor is not None:
        return actor
    if accepts & Credential.NONE:
        return Actor(ActorKind.ANONYMOUS, permissions=permissions_of(Credential.NONE), ip=call.ip)
    raise SessionEnded if accepts & Credential.SESSION and session_cookie(call) else Unauthenticated


def caller_of(call: Call) -> SignedIn:
    """Return whose session a call of a panel route has. Raises Unauthenticated."""
    caller: SignedIn | None = call.request.scope["state"].get("caller")
    if caller is None:
        raise Unauthenticated
    return caller


async def _with_key(call: Call) -> Actor | None:
    value = call.header("x-api-key")
    if not value:
        return None
    return await desk.actor_with_integration_key(call.house.database, value, ip=call.ip, now=call.house.clock.now())


async def _with_session(call: Call) -> Actor | None:
    token = session_cookie(call)
    caller = await session_of(call, token) if token else None
    if caller is None:
        return None
    if call.route.method != "GET" and is_cross_site(call):
        raise CsrfFailed("This request comes from a page of another site")
    call.request.scope["state"]["caller"] = caller
    return caller.actor
