"""Reads of destinations and of the posts for them."""

from datetime import datetime

from sqlalchemy import BigInteger, Integer, bindparam, func, literal_column, or_, select

from guildhall.core.db import query
from guildhall.domains.attendance.key_models import attendance_keys
from guildhall.domains.attendance.models import attendance_sessions
from guildhall.domains.attendance.posting.models import (
    Destination,
    Post,
    PostState,
    attendance_destinations as destinations,
    attendance_posts as posts,
)

_of_guild = destinations.c.guild_id == bindparam("guild_id", type_=BigInteger)
_in_order = select(destinations).where(_of_guild).order_by(destinations.c.added_at, destinations.c.id)
DESTINATIONS = query(Destination, _in_order)
# Whoever queues a post keeps its destination from being removed until the post is there to be removed with it.
DESTINATIONS_KEPT = query(Destination, _in_order.with_for_update(read=True, key_share=True))
DESTINATION = query(Destination, select(destinations).where(_of_guild, destinations.c.id == bindparam("id")))
DESTINATION_OF_CHANNEL = query(
    Destination, select(destinations).where(_of_guild, destinations.c.channel_id == bindparam("channel_id"))
)
DESTINATION_TO_SERVE = query(Destination, select(destinations).where(destinations.c.id == bindparam("id")))

# The state is written out, because the index over what waits serves only statements that name it.
_waits = posts.c.state == literal_column("'waiting'")
# What is from the future was queued before the clock was set back, and shall not wait for it to come round again.
_is_ripe = or_(posts.c.ripe_at <= bindparam("now"), posts.c.created_at > bindparam("now"))
SERVABLE = query(
    str,
    select(destinations.c.id).where(
        destinations.c.id.in_(select(posts.c.destination_id).where(_waits, _is_ripe)),
        or_(destinations.c.next_try_at.is_(None), destinations.c.next_try_at <= bindparam("now")),
    ),
)
NEXT_RIPE = query(datetime, select(func.min(posts.c.ripe_at)).where(_waits, posts.c.ripe_at > bindparam("now")))
WAITING_POSTS = query(
    Post,
    select(posts)
    .where(posts.c.destination_id == bindparam("destination_id"), _waits)
    .order_by(posts.c.seq)
    .limit(bindparam("limit", type_=Integer)),
)
DUE_BOARDS = query(
    Destination,
    select(destinations)
    .where(destinations.c.board_due_at <= bindparam("now"))
    .order_by(destinations.c.board_due_at)
    .limit(bindparam("limit", type_=Integer)),
)
GIVEN_UP = query(
    Post,
    select(posts)
    .join_from(posts, destinations, destinations.c.id == posts.c.destination_id)
    .where(_of_guild, posts.c.state == PostState.GIVEN_UP.value)
    .order_by(posts.c.seq.desc())
    .limit(bindparam("limit", type_=Integer)),
)

# Guilds that have a key which nobody has opened: what closed some time ago is still not signed.
_unsigned = select(literal_column("1", Integer)).where(
    attendance_sessions.c.guild_id == destinations.c.guild_id,
    attendance_sessions.c.signing_state == literal_column("'pending'"),
    attendance_sessions.c.left_at <= bindparam("closed_before"),
)
_key = select(literal_column("1", Integer)).where(
    attendance_keys.c.guild_id == destinations.c.guild_id, attendance_keys.c.retired_at.is_(None)
)
TO_REMIND = query(
    int,
    select(destinations.c.guild_id)
    .where(
        func.coalesce(destinations.c.reminded_at, literal_column("0", BigInteger)) <= bindparam("reminded_before"),
        _key.exists(),
        _unsigned.exists(),
    )
    .distinct(),
)
