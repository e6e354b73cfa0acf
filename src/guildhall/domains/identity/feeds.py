"""Secret calendar addresses: found by hash, shown again to their owner from a sealed copy."""

import logging
from datetime import datetime

from sqlalchemy import bindparam, delete

from guildhall.core import ids
from guildhall.core.actor import Actor
from guildhall.core.crypto import SecretBox, SecretUnreadable, digest
from guildhall.core.db import Tx, command
from guildhall.domains import audit
from guildhall.domains.identity.errors import FeedNotFound
from guildhall.domains.identity.models import CalendarFeed, User, calendar_feeds
from guildhall.domains.identity.queries import FEED_BY_HASH, FEED_OF, USER

log = logging.getLogger(__name__)

FORGET = command(delete(calendar_feeds).where(calendar_feeds.c.user_id == bindparam("owner")))


async def rotate_feed(tx: Tx, actor: Actor, user: User, *, box: SecretBox, now: datetime) -> str:
    """Make a new feed token for a person and return it; the old address is unknown from now on."""
    token = ids.url_token()
    await tx.run(FORGET, owner=user.id)
    await tx.insert(CalendarFeed(user.id, digest(token), box.encrypt(token, place=user.id), now))
    await audit.record(tx, actor, "feed.rotated", user.id, now=now)
    return token


async def feed_token_of(tx: Tx, user: User, *, box: SecretBox) -> str | None:
    """Return a person's feed token, if they have one that can be read.

    After a change of SECRET_KEY it cannot: its address still works, and the person may make a new one.
    """
    feed = await tx.one(FEED_OF, user_id=user.id)
    if feed is None:
        return None
    try:
        return box.decrypt(feed.sealed_token, place=user.id)
    except SecretUnreadable as fault:
        log.warning("%s", fault)
        return None


async def owner_of_feed(tx: Tx, token: str) -> User:
    """Return whose feed this is. Raises FeedNotFound."""
    feed = await tx.one(FEED_BY_HASH, hash=digest(token))
    user = None if feed is None else await tx.one(USER, id=feed.user_id)
    if user is None or user.disabled_at is not None:
        raise FeedNotFound
    return user
