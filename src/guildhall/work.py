"""What goes on in a house while it is open: who does which job, how often, and what this process keeps doing."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from urllib.parse import urlsplit

import httpx

from guildhall.adapters.caldav import CalDavCalendar
from guildhall.adapters.discord_posts import DiscordPosts
from guildhall.adapters.google_calendar import GoogleAccess, GoogleCalendar, ServiceAccount
from guildhall.adapters.smtp import SmtpMailer
from guildhall.bot import Supervisor
from guildhall.core import feed, idempotency
from guildhall.core.crypto import SecretBox
from guildhall.core.jobs import JobContext
from guildhall.core.log import get_logger
from guildhall.domains import (
    actions,
    attendance as voice,
    bans,
    calendar_sync,
    calendars,
    identity,
    ledger,
    notifications,
    tickets,
)
from guildhall.domains.attendance import posting, roles
from guildhall.domains.attendance.tlog.log import keep_log, open_log
from guildhall.domains.calendars import CalendarKind
from guildhall.domains.tickets import attachments, reminders, transcripts
from guildhall.domains.tickets.endings import HAND_OUT
from guildhall.domains.tickets.guildlog import forget_told
from guildhall.domains.tickets.relay.delivery import forget_relayed
from guildhall.settings import SettingsError
from guildhall.web.hooks import PATH as HOOK_PATH, channel_token, google_channel
from guildhall.web.house import House

log = get_logger(__name__)

DAILY = timedelta(days=1)
HOURLY = timedelta(hours=1)
OFTEN = timedelta(seconds=5)
BANS_PERIOD = timedelta(minutes=1)
SYNC_PERIOD = timedelta(minutes=5)
REMINDING = timedelta(minutes=5)
ROLES_PERIOD = timedelta(minutes=10)


async def begin_work(house: House, client: httpx.AsyncClient, stack: contextlib.AsyncExitStack) -> None:
    """Let this process do the house's work until the stack closes: jobs, what it keeps an eye on, and the bot.

    Raises SettingsError.
    """
    _give_work(house)
    await _keep_attendance(house, stack)
    if house.chain is not None:
        await _give_mints(house, house.chain)
    _keep_configuration(house, stack)
    _keep_posting(house, client, stack)
    _join_calendars(house, client)
    await house.jobs.start()
    stack.push_async_callback(house.jobs.stop)
    supervisor = Supervisor(house)
    supervisor.start()
    stack.push_async_callback(supervisor.stop)


def _give_work(house: House) -> None:
    """Tell the job engine who does what."""
    smtp_url = house.settings.mail.smtp_url
    mailer = SmtpMailer(smtp_url) if smtp_url else None
    send = notifications.sender_of(mailer, sender=house.hub.organiser, host=house.hub.host)
    house.jobs.work(notifications.SEND_MAIL, send)

    async def forget(context: JobContext) -> None:
        now = context.clock.now()
        async with context.database.write() as tx:
            await idempotency.forget_expired(tx, now=now)
            await feed.forget_entries(tx, now=now)
            await identity.forget_what_is_over(tx, now=now)
            await actions.forget_decided(tx, now=now)
            await voice.forget_attempts(tx, now=now)
            await posting.forget_posts(tx, now=now)
            await voice.forget_deliveries(tx, now=now)
            await forget_relayed(tx, now=now)
            await forget_told(tx, now=now)

    house.jobs.every("house.forget", HOURLY, forget)

    def guilds() -> frozenset[int]:
        return house.discord.guild_ids if house.discord.token else frozenset()

    house.jobs.every("bans.read", BANS_PERIOD, bans.reader_of(house.ban_log, guilds))
    house.jobs.work(voice.SIGN_PENDING, voice.signer_of(house.keyring))
    house.jobs.every("attendance.resets", OFTEN, voice.resetter_of(house.scene))
    house.jobs.every("attendance.remind", REMINDING, posting.remind)
    house.jobs.every("attendance.gaps", OFTEN, _gap_ender(house.scene))
    house.jobs.work(roles.RUN_ROLES, roles.runner_of(house.role_desk))
    house.jobs.work(roles.GIVE_ROLES, roles.giver_of(house.role_desk))
    house.jobs.every("attendance.roles", ROLES_PERIOD, roles.run_for_voices)
    house.jobs.every("tickets.close", OFTEN, tickets.close_due)
    house.jobs.every("tickets.remind", OFTEN, reminders.remind_due)
    house.jobs.every("tickets.quiet", REMINDING, tickets.quiet_closer_of(house.site))
    hand_out = transcripts.hander_out_of(house.site, house.files, house.links, house.answers_box)
    house.jobs.work(HAND_OUT, hand_out)
    house.jobs.every("tickets.files", HOURLY, attachments.forgetter_of(house.blobs))
    house.jobs.every("tickets.age", DAILY, tickets.deleter_of(house.site))
    house.jobs.every("tickets.wipe", REMINDING, tickets.wipe_deleted)


def _gap_ender(scene: voice.Scene) -> Callable[[JobContext], Awaitable[None]]:
    """Return the job that ends the sessions of guilds that nobody has watched for too long."""

    async def end_gaps(context: JobContext) -> None:
        now = context.clock.now()
        async with context.database.read() as tx:
            lost = await voice.lost_guilds(tx, now=now, max_gap=scene.max_gap)
        for guild_id in lost:
            async with context.database.write() as tx:
                await voice.end_gap(tx, guild_id=guild_id, now=now, scene=scene)

    return end_gaps


async def _keep_attendance(house: House, stack: contextlib.AsyncExitStack) -> None:
    """Let this process sign what closes in guilds whose key it has, heed locks, keep the log and deliver webhooks."""
    public_url = urlsplit(house.settings.public_url)
    box = SecretBox(house.token_key, "transparency log")
    origin = f"{public_url.netloc}{public_url.path}/tlog"
    signer = await open_log(house.database, box, origin=origin, now=house.clock.now())
    for keeping in (
        voice.heed_locks(house.keyring, house.events),
        voice.keep_signing(house.database, house.keyring, house.clock, house.events),
        keep_log(house.database, signer, house.clock),
        house.courier.keep(house.events),
    ):
        task = asyncio.create_task(keeping)
        task.add_done_callback(_tell_of_death)
        stack.callback(task.cancel)


def _tell_of_death(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.critical("A part of the server has died, restart the server", exc_info=task.exception())


def _keep_configuration(house: House, stack: contextlib.AsyncExitStack) -> None:
    """Let this process follow the configuration, until the house closes."""
    keeping = asyncio.create_task(house.site.keep(house.events))
    keeping.add_done_callback(_tell_of_death)

    async def stop() -> None:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)

    stack.push_async_callback(stop)


def _keep_posting(house: House, client: httpx.AsyncClient, stack: contextlib.AsyncExitStack) -> None:
    """Send the posts of log destinations to Discord, until the house closes."""
    base = house.settings.discord.api_base
    office = DiscordPosts(lambda: house.discord.token, base=base, client=client)
    sender = posting.Sender(house.database, office, house.clock, house.cache, public_url=house.settings.public_url)
    sending = asyncio.create_task(sender.keep_sending(house.events))
    sending.add_done_callback(_tell_of_death)

    async def stop() -> None:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)

    stack.push_async_callback(stop)


async def _give_mints(house: House, chain: ledger.Chain) -> None:
    """Let the mints go to the chain. A wrong chain or key stops the start; one that is away is noted, and mints wait.

    Raises SettingsError.
    """
    sender = ledger.Sender(house.database, chain, house.clock)
    try:
        await sender.check_tokens()
    except ledger.ChainUnfit as fault:
        raise SettingsError(f"The ledger on the chain cannot be used: {fault}") from fault
    except ledger.ChainAway as fault:
        await sender.note_fault(fault)

    async def send(_: JobContext, __: object = None) -> None:
        await sender.take_turn()

    house.jobs.work(ledger.SEND_MINTS, send)
    house.jobs.every("ledger.send", OFTEN, send)


def _join_calendars(house: House, client: httpx.AsyncClient) -> None:
    """Let the jobs speak to calendars outside, and say how each kind is opened."""

    def open_caldav(link: calendars.Link) -> calendars.OutsideCalendar:
        password = calendars.password_of(link, house.calendars_box)
        return CalDavCalendar(
            link.address, username=link.username or "", password=password, zone=house.hub.zone, client=client
        )

    access = _google_access(house, client)

    def open_google(link: calendars.Link) -> GoogleCalendar:
        if access is None:
            raise calendars.CalendarRefused("Calendars at Google need GOOGLE_ACCOUNT_KEY_FILEPATH")
        return GoogleCalendar(link.address, access, zone=house.hub.zone, base=house.settings.google.api_base)

    def open_calendar(link: calendars.Link) -> calendars.OutsideCalendar:
        return open_google(link) if link.kind is CalendarKind.GOOGLE else open_caldav(link)

    scene = calendar_sync.Scene(open_calendar, house.hub)
    listener = calendar_sync.Listener(scene)
    house.jobs.work(calendars.WRITE, calendar_sync.writer_of(scene))
    house.jobs.work(calendars.LISTEN, listener.listen)
    house.jobs.work(calendars.CLEAR, listener.clear)
    house.jobs.every("calendars.sync", SYNC_PERIOD, listener.listen_to_all, queue=calendars.CALENDARS)
    if access is not None and house.settings.can_be_called_by_google:
        house.jobs.every("calendars.watch", HOURLY, _watcher(house, open_google), queue=calendars.CALENDARS)


def _google_access(house: House, client: httpx.AsyncClient) -> GoogleAccess | None:
    google = house.settings.google
    if google.account_key is None:
        return None
    account = ServiceAccount.read(google.account_key)
    return GoogleAccess(account, client=client, clock=house.clock, impersonate=google.impersonate or None)


def _watcher(
    house: House, open_google: Callable[[calendars.Link], GoogleCalendar]
) -> Callable[[JobContext], Awaitable[None]]:
    """Return the job that keeps a push channel open for each calendar at Google. Without one, they are only polled."""

    async def watch(context: JobContext) -> None:
        async with context.database.read() as tx:
            links = await calendars.list_links(tx)
        for link in links:
            if link.kind is not calendars.CalendarKind.GOOGLE:
                continue
            channel, ends = google_channel(link.id, now=context.clock.now())
            address = f"{house.settings.public_url}{HOOK_PATH}/{channel}"
            token = channel_token(house.token_key, channel)
            try:
                await open_google(link).watch(address, channel=channel, token=token, until=ends)
            except (calendars.CalendarRefused, calendars.CalendarUnavailable) as fault:
                log.warning("Google will not tell of changes", calendar=link.address, reason=fault.message)

    return watch
