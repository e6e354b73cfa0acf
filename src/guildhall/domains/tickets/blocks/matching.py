"""Which block stops somebody, without I/O."""

from collections.abc import Iterable, Set as AbstractSet
from datetime import UTC, datetime
from typing import Final

from guildhall.domains.identity.desk import SubjectKind
from guildhall.domains.tickets.blocks.models import ANY_CATEGORY, Block

NEVER: Final = datetime.max.replace(tzinfo=UTC)


def strongest(
    blocks: Iterable[Block], *, user_id: str, role_ids: AbstractSet[str], category_id: str | None, now: datetime
) -> Block | None:
    """Return the block that stops a user with these roles in a category (None: before one is chosen), or None.

    A block has ended at the very instant of its end. Of several, the one that lasts longest is told, and of those the
    oldest.
    """
    categories = {ANY_CATEGORY, category_id}
    stopping = [
        each
        for each in blocks
        if (each.subject_id == user_id if each.subject_kind is SubjectKind.USER else each.subject_id in role_ids)
        and each.category_id in categories
        and (each.expires_at is None or now < each.expires_at)
    ]
    return min(stopping, key=lambda each: (NEVER - (each.expires_at or NEVER), each.id), default=None)
