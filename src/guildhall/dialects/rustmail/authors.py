"""Who wrote something at the desk, as its clients name them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from guildhall.core.db import Tx
from guildhall.domains.identity import desk

HOUSE: Final = "system"
"""The author of what nobody wrote, or somebody who is gone."""


async def authors_of(tx: Tx, user_ids: Iterable[str | None]) -> Mapping[str | None, str]:
    """Return, by the ids of people, how they are named: by Discord's id, or their own public one; in one read."""
    known = await desk.known_people(tx, (each for each in user_ids if each))
    return defaultdict(lambda: HOUSE, {user_id: person.shown_id for user_id, person in known.items()})
