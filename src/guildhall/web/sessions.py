"""Who is signed in: the session of a browser's cookie, the same one for every face."""

from typing import Literal

from guildhall.core.actor import Actor
from guildhall.domains import identity
from guildhall.domains.identity import Permission, SignedIn, desk
from guildhall.domains.identity.sessions import IDLE_LIFE
from guildhall.domains.tickets import Person
from guildhall.web.calls import Call
from guildhall.web.credentials import SESSION_COOKIE


async def session_of(call: Call, token: str) -> SignedIn | None:
    """Return whose session this cookie is, with what they hold at the front desk; None for nobody's.

    A session that is used goes on, and the browser's copy slides with the stored one.
    """
    house, now = call.house, call.house.clock.now()
    async with house.database.read() as tx:
        found = await identity.signed_in_with(tx, token, ip=call.ip, now=now)
        discord_id = await identity.discord_id_of(tx, found.user.id) if found else None
    if found is None:
        return None
    if identity.wants_renewal(found.session, now):
        async with house.database.write() as tx:
            await identity.renew_session(tx, found.session, now=now)
        call.headers.append(session_cookie_header(call, token))
    if discord_id is None:
        return found
    return SignedIn(found.session, found.user, await with_desk(call, found.actor, discord_id), discord_id)


def person_of(caller: SignedIn) -> Person:
    """Return somebody as tickets name them: by their id at Discord if one is linked, else by that in the house."""
    return Person(str(caller.discord_id or caller.user.id), caller.user.display_name)


async def with_desk(call: Call, actor: Actor, discord_id: int) -> Actor:
    """Return the person who acts, with what they hold at the front desk; `discord_id` is theirs.

    Discord may be asked, so no transaction should be open.
    """
    if actor.may(Permission.RULE_DESK):
        return actor
    staff = call.house.staff
    standing = await staff.standing_of(discord_id)
    async with call.house.database.read() as tx:
        return await desk.at_desk(tx, actor, discord_id=discord_id, standing=standing, rules=call.house.desk_rules)


def cookie(
    call: Call,
    name: str,
    value: str,
    *,
    seconds: int,
    readable: bool = False,
    path: str = "/",
    same_site: Literal["Lax", "Strict"] = "Lax",
) -> tuple[bytes, bytes]:
    """Return the header that sets a cookie; 0 seconds removes it. `readable` lets scripts read it."""
    parts = [f"{name}={value}", f"Path={path}", f"Max-Age={seconds}", f"SameSite={same_site}"]
    if not readable:
        parts.append("HttpOnly")
    if call.house.settings.public_url.startswith("https://"):
        parts.append("Secure")
    return b"set-cookie", "; ".join(parts).encode()


def session_cookie_header(call: Call, token: str) -> tuple[bytes, bytes]:
    """Return the header that gives a browser its session, or takes it away when the token is empty."""
    seconds = int(IDLE_LIFE.total_seconds()) if token else 0
    return cookie(call, SESSION_COOKIE, token, seconds=seconds)
