"""The dialect's credential: an access token that stands for a session."""

from guildhall.core.actor import Actor, ActorKind, Credential
from guildhall.core.errors import Forbidden, Unauthenticated
from guildhall.domains.identity import permissions_of
from guildhall.domains.identity.community import Caller, caller_with_token, permissions_of_role
from guildhall.web.calls import Call


class TokenMissing(Unauthenticated):
    """No token was sent."""

    code = "token_missing"
    text = "Token is missing"


class NotAMember(Forbidden):
    """The person has an account, but is not on the community's server."""

    code = "not_a_member"
    text = "This is for members of the Discord server"


async def identify(call: Call) -> Actor:
    """Return who calls. Raises TokenMissing, TokenInvalid, TokenExpired, SessionEnded, NotAMember."""
    if call.route.accepts is Credential.NONE:
        return Actor(ActorKind.ANONYMOUS, permissions=frozenset(permissions_of(Credential.NONE)), ip=call.ip)
    token = token_of(call)
    if token is None:
        raise TokenMissing
    caller = await caller_with_token(call.house.community, token, ip=call.ip)
    call.request.scope["state"]["caller"] = caller
    wanted = call.route.permission
    if not caller.is_member and not caller.actor.may(wanted) and wanted in permissions_of_role(caller.role):
        raise NotAMember
    return caller.actor


def caller_of(call: Call) -> Caller:
    """Return who calls a route that accepts a token. Raises TokenMissing."""
    caller: Caller | None = call.request.scope["state"].get("caller")
    if caller is None:
        raise TokenMissing
    return caller


def token_of(call: Call) -> str | None:
    """Return the token of the request, which older clients send without the word Bearer; None when there is none."""
    first, _, rest = (call.header("authorization") or "").strip().partition(" ")
    if rest:
        return rest.strip() if first.lower() == "bearer" else None
    return first if first.lower() not in ("", "bearer") else None
