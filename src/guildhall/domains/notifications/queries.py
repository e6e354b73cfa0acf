"""Reading mail that was queued."""

from sqlalchemy import bindparam, select

from guildhall.core.db import Tx, query
from guildhall.domains.notifications.models import StoredMail, mails

AFTER_ALL_IDS = "z"

MAIL = query(StoredMail, select(mails).where(mails.c.id == bindparam("id")))
PAGE = query(
    StoredMail,
    select(mails).where(mails.c.id < bindparam("before")).order_by(mails.c.id.desc()).limit(bindparam("limit")),
)


async def mail_with(tx: Tx, mail_id: str) -> StoredMail | None:
    """Return a mail."""
    return await tx.one(MAIL, id=mail_id)


async def page_of_mails(tx: Tx, *, before: str | None = None, limit: int) -> list[StoredMail]:
    """Return mails, newest first, that were queued before mail `before`."""
    return await tx.all(PAGE, before=before or AFTER_ALL_IDS, limit=limit)
