"""Secret calendar addresses."""

from guildhall.core.actor import SYSTEM
from guildhall.core.crypto import SecretBox
from guildhall.core.db import Database
from guildhall.domains import identity
from tests.clock import SettableClock
from tests.domains.identity.test_grants import make_person


async def test_an_address_that_cannot_be_shown_after_a_change_of_key_still_works_and_can_be_made_anew(
    database: Database, clock: SettableClock
) -> None:
    before, after = SecretBox("one key", "calendar feeds"), SecretBox("another key", "calendar feeds")
    nora = await make_person(database, "Nora", clock)
    async with database.write() as tx:
        token = await identity.rotate_feed(tx, SYSTEM, nora, box=before, now=clock.now())
        assert await identity.feed_token_of(tx, nora, box=before) == token
        assert await identity.feed_token_of(tx, nora, box=after) is None
        assert await identity.owner_of_feed(tx, token) == nora
        anew = await identity.rotate_feed(tx, SYSTEM, nora, box=after, now=clock.now())
        assert await identity.feed_token_of(tx, nora, box=after) == anew
