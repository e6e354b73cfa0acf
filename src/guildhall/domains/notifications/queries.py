"""Reading mail that was queued."""

from sqlalchemy import bindparam, func, select

from guildhall.core.db import Tx, query
from guildhall.core.outbox import Job, jobs
from guildhall.domains.notifications.errors import MailNotFound
from guildhall.domains.notifications.models import SENDING, MailState, StoredMail, mails

AFTER_ALL_IDS = "z"

MAIL = query(StoredMail, select(mails).where(mails.c.id == bindparam("id")))
PAGE = query(
    StoredMail,
    select(mails).where(mails.c.id < bindparam("before")).order_by(mails.c.id.desc()).limit(bindparam("limit")),
)


PAGE_IN_STATE = query(
    StoredMail,
    select(mails)
    .where(mails.c.state == bindparam("state"), mails.c.id < bindparam("before"))
    .order_by(mails.c.id.desc())
    .limit(bindparam("limit")),
)
COUNT = query(int, select(func.count()).select_from(mails).where(mails.c.state == bindparam("state")))
# The key of a later try begins with that of the first one.
LAST_TRY = query(
    Job,
    select(jobs)
    .where(jobs.c.kind == bindparam("kind"), jobs.c.key >= bindparam("mail_id"), jobs.c.key < bindparam("after"))
    .order_by(jobs.c.key.desc())
    .limit(1),
)


async def access_mail(tx: Tx, mail_id: str) -> StoredMail:
    """Return a mail. Raises MailNotFound."""
    mail = await mail_with(tx, mail_id)
    if mail is None:
        raise MailNotFound
    return mail


async def last_try_of(tx: Tx, mail: StoredMail) -> Job | None:
    """Return the job that sends a mail or sent it last; done ones are forgotten after a while."""
    return await tx.one(LAST_TRY, kind=SENDING, mail_id=mail.id, after=f"{mail.id}@9999")


async def count_mails(tx: Tx) -> dict[MailState, int]:
    """Return how many mails are in each state."""
    return {state: await tx.one(COUNT, state=state.value) or 0 for state in MailState}


async def mail_with(tx: Tx, mail_id: str) -> StoredMail | None:
    """Return a mail."""
    return await tx.one(MAIL, id=mail_id)


async def page_of_mails(
    tx: Tx, *, state: MailState | None = None, before: str | None = None, limit: int
) -> list[StoredMail]:
    """Return mails in a state or in any, newest first, that were queued before mail `before`."""
    before = before or AFTER_ALL_IDS
    if state is None:
        return await tx.all(PAGE, before=before, limit=limit)
    return await tx.all(PAGE_IN_STATE, state=state.value, before=before, limit=limit)
