"""Users: profiles, search and roles."""

from typing import Annotated, ClassVar

import msgspec
from msgspec import UNSET, UnsetType

from guildhall.core.actor import Actor
from guildhall.core.clock import Clock
from guildhall.core.db import Tx
from guildhall.core.errors import Invalid, InvalidField, MissingField
from guildhall.dialects.commonshub.actions import ActionReply
from guildhall.dialects.commonshub.auth import ADMINISTRATION, FOR_USER, READER
from guildhall.dialects.commonshub.bookings import BookingReply
from guildhall.dialects.commonshub.wire import (
    DayRange,
    Email,
    HubBody,
    Page,
    Reply,
    Wallet,
    Word,
    cursor_of,
    position_of,
    utc,
)
from guildhall.domains import actions, identity, rooms
from guildhall.domains.actions import ActionState
from guildhall.domains.identity import Permission, User
from guildhall.domains.identity.errors import (
    AdminRequired,
    InvalidEmail,
    InvalidUserId,
    InvalidWallet,
    LastAdmin,
    MissingUserId,
    UserNotFound,
)
from guildhall.domains.rooms.errors import InvalidDate, InvalidRange, RangeTooLong
from guildhall.web.bodies import Later, QueryString
from guildhall.web.house import House
from guildhall.web.routing import route

ACTIONS = "actions"


class UserReply(Reply, frozen=True, kw_only=True):
    """A person's own profile."""

    user_id: str
    username: str
    display_name: str
    email: str | None
    wallet_address: str | None
    roles: list[str]
    email_verified: bool
    calendar_feed_url: str | None
    created_at: str

    @classmethod
    def of(cls, user: User, roles: list[str], *, feed_url: str | None = None) -> "UserReply":
        """Show a person to themselves; administrators see the same without the address of the calendar."""
        return cls(
            user_id=user.alias,
            username=user.username,
            display_name=user.display_name,
            email=user.email,
            wallet_address=user.wallet,
            roles=roles,
            email_verified=user.email_verified,
            calendar_feed_url=feed_url,
            created_at=utc(user.created_at),
        )


class OwnProfile(UserReply, frozen=True, kw_only=True):
    """A person's own profile, with the actions that wait for their decision when those were asked for."""

    actions: list[ActionReply] | UnsetType = UNSET


class Beside(QueryString, frozen=True, kw_only=True):
    """What to show beside a profile: `actions`. Other words mean nothing."""

    include: str | None = None


class PublicUser(Reply, frozen=True, kw_only=True):
    """What everybody may know of a person; never mail address or wallet."""

    user_id: str
    username: str
    display_name: str
    roles: list[str]


class UserUpdate(HubBody, frozen=True, kw_only=True):
    """Changes to a profile: absent keys stay, null clears."""

    refusals: ClassVar[dict[str, type[Invalid]]] = {"email": InvalidEmail, "walletAddress": InvalidWallet}
    email: Email | UnsetType | None = UNSET
    wallet_address: Wallet | UnsetType | None = UNSET
    display_name: str | UnsetType = UNSET


class RolesUpdate(HubBody, frozen=True, kw_only=True):
    """The roles a person is to have."""

    roles: list[Word]


class UserSearch(QueryString, frozen=True, kw_only=True):
    """What to look for among users."""

    q: Annotated[str, msgspec.Meta(max_length=100)] | None = None
    limit: Page = 50
    cursor: str | None = None


class UserList(Reply, frozen=True, kw_only=True):
    """A page of users, by creation."""

    users: list[UserReply]
    next_cursor: str | None


class BookingList(Reply, frozen=True):
    """Bookings by start."""

    bookings: list[BookingReply]


@route(
    "GET", "/v1/users/me", permission=Permission.OWN_PROFILE, accepts=FOR_USER, refusals=(MissingUserId, InvalidUserId)
)
async def get_me(query: Beside, tx: Tx, actor: Actor, house: House) -> OwnProfile:
    """Show the acting user's own profile, and what waits for their decision when that is asked for."""
    user = await identity.access_self(tx, actor)
    profile = msgspec.structs.asdict(await _profile(tx, user, house))
    if query.include != ACTIONS or not actor.may(Permission.USE_ACTIONS):
        return OwnProfile(**profile)
    waiting = await actions.pending_of(tx, user.id, now=house.clock.now())
    return OwnProfile(**profile, actions=[ActionReply.of(each, ActionState.PENDING) for each in waiting])


@route(
    "PUT", "/v1/users/me", permission=Permission.OWN_PROFILE, accepts=FOR_USER,
    refusals=(MissingUserId, InvalidEmail, InvalidWallet, InvalidField),
)  # fmt: skip
async def update_me(data: UserUpdate, tx: Tx, actor: Actor, house: House) -> UserReply:
    """Change the acting user's contact and wallet; absent keys stay, null clears."""
    user = await identity.access_self(tx, actor, to_change=True)
    changed = await identity.update_profile(
        tx,
        actor,
        user,
        email=user.email if data.email is UNSET else data.email,
        wallet=user.wallet if data.wallet_address is UNSET else data.wallet_address,
        display_name=user.display_name if data.display_name is UNSET else data.display_name,
        now=house.clock.now(),
    )
    return await _profile(tx, changed, house)


@route(
    "GET", "/v1/users/me/bookings", permission=Permission.OWN_PROFILE, accepts=FOR_USER,
    refusals=(MissingUserId, InvalidDate, InvalidRange, RangeTooLong),
)  # fmt: skip
async def list_my_bookings(query: DayRange, tx: Tx, actor: Actor, house: House) -> BookingList:
    """List the acting user's bookings, from today on unless a range is given."""
    span = rooms.span_of_days(query.first, query.last, hub=house.hub, now=house.clock.now())
    user = await identity.access_self(tx, actor)
    events = await rooms.bookings_of(tx, user.id, span)
    return BookingList([BookingReply.of(event, house.hub.zone) for event in events])


@route(
    "GET", "/v1/users", permission=Permission.MANAGE_PEOPLE, accepts=ADMINISTRATION,
    refusals=(AdminRequired, InvalidField),
)  # fmt: skip
async def list_users(query: UserSearch, tx: Tx) -> UserList:
    """Search users, for the holder of the master key or an admin."""
    found = await identity.search_users(tx, text=query.q, after=position_of(query.cursor) or 0, limit=query.limit + 1)
    page = found[: query.limit]
    more = len(found) > query.limit
    roles = await identity.public_roles_of_all(tx, page)
    return UserList(
        users=[UserReply.of(user, roles[user.id]) for user in page],
        next_cursor=cursor_of(page[-1].seq) if more else None,
    )


@route("GET", "/v1/users/{user_id}", permission=Permission.READ_HUB, accepts=READER, refusals=(UserNotFound,))
async def get_user(user_id: str, tx: Tx, actor: Actor) -> PublicUser:
    """Show a user's public profile; never email or wallet."""
    return await _public(tx, await identity.access_user(tx, actor, user_id))


@route(
    "PUT", "/v1/users/{user_id}/roles", permission=Permission.MANAGE_PEOPLE, accepts=ADMINISTRATION,
    refusals=(AdminRequired, UserNotFound, MissingField, InvalidField, LastAdmin),
)  # fmt: skip
async def set_user_roles(user_id: str, data: Later[RolesUpdate], tx: Tx, actor: Actor, clock: Clock) -> PublicUser:
    """Replace a user's roles, by the holder of the master key or an admin."""
    user = await identity.access_user(tx, actor, user_id, to_change=True)
    await identity.set_roles(tx, actor, user, data.read().roles, now=clock.now())
    return await _public(tx, user)


async def _profile(tx: Tx, user: User, house: House) -> UserReply:
    token = await identity.feed_token_of(tx, user, box=house.feeds_box)
    feed_url = f"{house.settings.public_url}/v1/feeds/{token}/shifts.ics" if token else None
    return UserReply.of(user, await identity.public_roles_of(tx, user.id), feed_url=feed_url)


async def _public(tx: Tx, user: User) -> PublicUser:
    roles = await identity.public_roles_of(tx, user.id)
    return PublicUser(user_id=user.alias, username=user.username, display_name=user.display_name, roles=roles)
