"""What happened, what was mailed, what is still to be done, and how the server does."""

import platform
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from guildhall import __version__
from guildhall.core import outbox
from guildhall.core.actor import Actor
from guildhall.core.db import StoreUnavailable, Tx
from guildhall.core.outbox import JobState
from guildhall.domains import audit, identity, ledger, notifications
from guildhall.domains.identity import Permission
from guildhall.domains.notifications import MailState, StoredMail
from guildhall.panel.forms import change, show
from guildhall.panel.office_calendars import alerts_of
from guildhall.panel.pages import PER_PAGE, page, told
from guildhall.web.answers import Answer, redirect
from guildhall.web.bodies import QueryString
from guildhall.web.calls import Call
from guildhall.web.house import House

ENGINES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


class Entries(QueryString, frozen=True, kw_only=True):
    """Which entries: of one action, or about one thing, before the last one of the page before."""

    action: str = ""
    target: str = ""
    before: int | None = None


class Mails(QueryString, frozen=True, kw_only=True):
    """Mails in which state, any if none, and the last one of the page before."""

    state: MailState | None = None
    before: str = ""


class Jobs(QueryString, frozen=True, kw_only=True):
    """Jobs in which state, and the last one of the page before."""

    state: JobState = JobState.FAILED
    before: str = ""


@show("/panel/audit", permission=Permission.SEE_AUDIT)
async def show_audit(query: Entries, call: Call, tx: Tx) -> Answer:
    """Show the audit log, newest first."""
    action, target = query.action.strip(), query.target.strip()
    found = await audit.page_of_entries(
        tx, limit=PER_PAGE + 1, before=query.before, action=action or None, target=target or None
    )
    shown = found[:PER_PAGE]
    named = {entry.user_id for entry in shown if entry.user_id} | {entry.target for entry in shown if entry.target}
    return page(
        call,
        "audit.html",
        title="Audit",
        query=query,
        entries=shown,
        names=await identity.names_of(tx, named),
        details_of=_details,
        before=shown[-1].seq if len(found) > PER_PAGE else None,
    )


@show("/panel/mail", permission=Permission.MANAGE_SYSTEM)
async def list_mail(query: Mails, call: Call, tx: Tx, house: House) -> Answer:
    """List mails, newest first."""
    found = await notifications.page_of_mails(tx, state=query.state, before=query.before or None, limit=PER_PAGE + 1)
    shown = found[:PER_PAGE]
    return page(
        call,
        "mails.html",
        title="Mail",
        state=query.state,
        counts=await notifications.count_mails(tx),
        mails=[(each, await _given_up(tx, each)) for each in shown],
        before=shown[-1].id if len(found) > PER_PAGE else "",
        leaves=bool(house.settings.mail.smtp_url),
    )


@show("/panel/mail/{mail_id}", permission=Permission.MANAGE_SYSTEM)
async def show_mail(mail_id: str, call: Call, tx: Tx, house: House) -> Answer:
    """Show one mail with its calendar part, and how its sending goes."""
    mail = await notifications.access_mail(tx, mail_id)
    leaves = bool(house.settings.mail.smtp_url)
    given_up = await _given_up(tx, mail)
    return page(
        call,
        "mail.html",
        title=mail.subject,
        mail=mail,
        attempt=await notifications.last_try_of(tx, mail) if mail.state is MailState.QUEUED else None,
        given_up=given_up,
        again=given_up or (leaves and mail.state in (MailState.REFUSED, MailState.KEPT)),
    )


@change("/panel/mail/{mail_id}/again", permission=Permission.MANAGE_SYSTEM)
async def send_again(mail_id: str, tx: Tx, actor: Actor, house: House) -> Answer:
    """Try a mail again."""
    mail = await notifications.access_mail(tx, mail_id)
    await notifications.resend_mail(tx, actor, mail, now=house.clock.now())
    return redirect(told(f"/panel/mail/{mail_id}", "mail-again"))


async def _given_up(tx: Tx, mail: StoredMail) -> bool:
    """Tell whether a mail waits, but nobody tries to send it any more."""
    if mail.state is not MailState.QUEUED:
        return False
    last = await notifications.last_try_of(tx, mail)
    return last is not None and last.state is JobState.FAILED


@show("/panel/jobs", permission=Permission.MANAGE_JOBS)
async def list_jobs(query: Jobs, call: Call, tx: Tx) -> Answer:
    """List the jobs in a state, newest first."""
    found = await outbox.list_jobs(tx, state=query.state, before=query.before or None, limit=PER_PAGE + 1)
    shown = found[:PER_PAGE]
    return page(
        call,
        "jobs.html",
        title="Jobs",
        state=query.state,
        counts=await outbox.count_jobs(tx),
        jobs=shown,
        before=shown[-1].id if len(found) > PER_PAGE else "",
    )


@change("/panel/jobs/{job_id}/retry", permission=Permission.MANAGE_JOBS)
async def retry_job(job_id: str, tx: Tx, actor: Actor, house: House) -> Answer:
    """Run a failed job again."""
    await outbox.retry_job(tx, actor, job_id=job_id, now=house.clock.now())
    return redirect(told("/panel/jobs", "job-retried"))


@show("/panel/system", permission=Permission.MANAGE_SYSTEM, transaction="none")
async def show_system(call: Call, house: House) -> Answer:
    """Show how the server does."""
    return await _system(call, house)


@change("/panel/system/master-key", permission=Permission.MANAGE_SYSTEM, transaction="none")
async def replace_master_key(call: Call, actor: Actor, house: House) -> Answer:
    """Make a new master key and show it this once."""
    async with house.database.write() as tx:
        key = await identity.replace_master_key(tx, actor, now=house.clock.now())
    return await _system(call, house, new_key=key)


@change("/panel/system/internal-secret", permission=Permission.MANAGE_SYSTEM, transaction="none")
async def show_internal_secret(call: Call, actor: Actor, house: House) -> Answer:
    """Show the secret that front ends of the attendance dialect sign their tokens with."""
    async with house.database.write() as tx:
        await identity.note_secret_shown(tx, actor, "API_INTERNAL_SECRET", now=house.clock.now())
    return await _system(call, house, internal_secret=house.internal_secret)


async def _system(call: Call, house: House, *, new_key: str = "", internal_secret: str = "") -> Answer:
    settings = house.settings
    store = settings.store
    database, alerts = await _database_state(house)
    parts = [
        ("Version", f"{__version__}, on Python {platform.python_version()}"),
        ("Address", settings.public_url),
        ("Time zone", house.hub.zone.key),
        ("Database", f"{ENGINES[house.database.engine]}, {database}"),
        ("Jobs", "worked by this process" if house.jobs.working else "worked by another process, or waiting"),
        (
            "Live updates",
            f"through {'Redis' if store.redis_url else 'this process'}, {house.events.subscribers} listening",
        ),
        ("Files", "in S3" if store.s3_url else "on the local disk"),
        ("Mail", "leaves by SMTP" if settings.mail.smtp_url else "stays in the outbox, because SMTP_URL is not set"),
        ("Data folder", str(store.data_dir)),
    ]
    configured = bool(settings.admin.api_key)
    return page(
        call,
        "system.html",
        title="System",
        parts=parts,
        alerts=alerts,
        configured=configured,
        new_key=new_key,
        internal_secret=internal_secret,
    )


@dataclass(frozen=True)
class Alerts:
    """What needs somebody's eye: calendars outside, in words or empty, and mints on a chain, a sentence each."""

    calendars: str = ""
    mints: Sequence[str] = ()


async def _database_state(house: House) -> tuple[str, Alerts]:
    """Return in words whether the database answers, and what it says that needs somebody's eye."""
    try:
        async with house.database.read() as tx:
            mints = await ledger.mint_alerts(tx, now=house.clock.now()) if house.hub.mints_on_chain else []
            return "which answers", Alerts(await alerts_of(tx, house), mints)
    except StoreUnavailable:
        return "which does not answer", Alerts()


def _details(details: dict[str, object]) -> str:
    """Write an entry's details in one line."""
    return ", ".join(f"{name}: {_plain(value)}" for name, value in details.items())


def _plain(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
