"""Pings for a role that leave alone whoever does not want them."""

from typing import Final

from msgspec.structs import replace

from guildhall.core.errors import Unavailable
from guildhall.core.log import get_logger
from guildhall.domains.identity.desk import StaffMember, StaffServer
from guildhall.domains.tickets.relay import Post

log = get_logger(__name__)

MOST_NAMED: Final = 80
"""People who are named one by one; beyond that the role is, for a message of Discord's has no room for more."""

PER_PAGE: Final = 1000


async def spare(server: StaffServer, post: Post) -> Post:
    """Return a post that pings, for each role that somebody does not want to be pinged for, the others who have it.

    Where Discord does not tell who they are, it pings the role: a reminder is not to be lost.
    """
    if not post.spared:
        return post
    try:
        members = await _members(server)
    except Unavailable as fault:
        log.info("A reminder pings a whole role", reason=fault.message)
        return post
    named, roles = list(post.user_ids), []
    for role_id in post.role_ids:
        left_alone = post.spared.get(role_id, [])
        others = [str(each.id) for each in members if int(role_id) in each.role_ids and str(each.id) not in left_alone]
        if left_alone and len(others) + len(named) <= MOST_NAMED:
            named += others
        else:
            roles.append(role_id)
    return replace(post, user_ids=list(dict.fromkeys(named)), role_ids=roles)


async def _members(server: StaffServer) -> list[StaffMember]:
    found: list[StaffMember] = []
    while True:
        page = await server.members(after=found[-1].id if found else 0, limit=PER_PAGE)
        found += page
        if len(page) < PER_PAGE:
            return found
