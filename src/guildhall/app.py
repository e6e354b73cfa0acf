"""The whole house on one page: what runs, what it stands on, and which face owns which path."""

import asyncio
import contextlib
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import httpx
from litestar import Litestar
from litestar.exceptions import HTTPException, MethodNotAllowedException
from litestar.response import Response

from guildhall import migrations
from guildhall.adapters.caldav import CalDavCalendar
from guildhall.adapters.discord_account import DiscordAccount
from guildhall.adapters.discord_bans import DiscordBans
from guildhall.adapters.discord_community import DiscordCommunity
from guildhall.adapters.discord_oauth import DiscordOAuth
from guildhall.adapters.discord_posts import DiscordPosts
from guildhall.adapters.discord_probe import DiscordProbe
from guildhall.adapters.discord_rest import DiscordRest
from guildhall.adapters.discord_staff import DiscordStaff
from guildhall.adapters.google_calendar import GoogleAccess, GoogleCalendar, ServiceAccount
from guildhall.adapters.outside_http import GuardedHttp
from guildhall.adapters.smtp import SmtpMailer
from guildhall.bot import Supervisor
from guildhall.core import feed, idempotency, outbox
from guildhall.core.actor import SYSTEM
from guildhall.core.blobs import open_blobs
from guildhall.core.cache import open_cache
from guildhall.core.clock import Clock, SystemClock
from guildhall.core.crypto import PasswordHasher, SecretBox, load_or_create_secret
from guildhall.core.db import Database, open_database
from guildhall.core.errors import GuildhallError, Internal, Invalid, MethodNotAllowed, NotFound
from guildhall.core.events import open_events
from guildhall.core.jobs import JobContext, JobEngine
from guildhall.core.limits import Unlimited, open_limiter
from guildhall.core.log import get_logger
from guildhall.core.metrics import Metrics
from guildhall.core.redis import is_there
from guildhall.core.toml_file import FileFaulty, TomlFile
from guildhall.dialects import attendance, commonshub, hazebot, rustmail, veza
from guildhall.domains import (
    actions,
    attendance as voice,
    bans,
    calendar_sync,
    calendars,
    identity,
    ledger,
    notifications,
    rooms,
    shifts,
    site,
    tickets,
)
from guildhall.domains.attendance import posting, roles
from guildhall.domains.attendance.tlog.log import keep_log, open_log
from guildhall.domains.calendars import CalendarKind
from guildhall.domains.identity.community import Community
from guildhall.domains.identity.desk import DeskRules, Staff
from guildhall.domains.rooms import Hub
from guildhall.domains.tickets import attachments, reminders, transcripts
from guildhall.domains.tickets.endings import HAND_OUT
from guildhall.domains.tickets.relay.delivery import forget_relayed
from guildhall.panel import ROUTES as PANEL_ROUTES, Panel, further_routes, show_notice
from guildhall.settings import Settings, SettingsError
from guildhall.web.answers import Answer
from guildhall.web.bodies import AnyRequest
from guildhall.web.docs import docs_routes
from guildhall.web.edge import Edge
from guildhall.web.faces import Face
from guildhall.web.hooks import PATH as HOOK_PATH, ROUTES as HOOK_ROUTES, channel_token, google_channel
from guildhall.web.house import House
from guildhall.web.routing import Route, answer_options, handlers_of
from guildhall.web.system import ROUTES as SYSTEM_ROUTES, System

log = get_logger(__name__)

DAILY = timedelta(days=1)
HOURLY = timedelta(hours=1)
OFTEN = timedelta(seconds=5)
BANS_PERIOD = timedelta(minutes=1)
SYNC_PERIOD = timedelta(minutes=5)
REMINDING = timedelta(minutes=5)
ROLES_PERIOD = timedelta(minutes=10)

Faces: TypeAlias = tuple[tuple[Face, Sequence[Route]], ...]

FACES: Faces = (
    (attendance.Attendance(), attendance.ROUTES),
    (rustmail.Rustmail(), rustmail.ROUTES),
    (commonshub.CommonsHub(), commonshub.ROUTES),
    (veza.Veza(), veza.ROUTES),
    (hazebot.Hazebot(), hazebot.ROUTES),
)
"""The dialects with their URL tables."""


@asynccontextmanager
async def open_house(
    settings: Settings, *, clock: Clock | None = None, works_jobs: bool = True
) -> AsyncIterator[House]:
    """Bring the database up to date, open every part, and close all of it at the end.

    Raises SettingsError, StoreUnavailable.
    """
    clock = clock or SystemClock()
    _make_folder(settings.store.data_dir)
    settings = await _with_redis_there(settings)
    await asyncio.to_thread(migrations.upgrade, settings.database_url)
    database = await open_database(settings.database_url, synchronous=settings.store.sqlite_synchronous)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        client = await stack.enter_async_context(httpx.AsyncClient())
        outside = GuardedHttp(allow_private=settings.attendance.webhook_allow_private)
        stack.push_async_callback(outside.close)
        house = _join(settings, database, clock, client, outside)
        await house.events.start()
        stack.push_async_callback(house.events.stop)
        stack.push_async_callback(house.limiter.close)
        stack.push_async_callback(house.cache.close)
        stack.callback(house.passwords.close)
        stack.callback(house.keyring.close)
        database.announcer = _announcer(house)
        database.timer = house.metrics.statement
        house.metrics.watch_subscribers(lambda: house.events.subscribers)
        if house.chain is not None:
            stack.push_async_callback(house.chain.close)
        await _furnish(house)
        looking = asyncio.create_task(_look_for_damage(database))
        stack.callback(looking.cancel)
        if works_jobs:
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
        yield house


def build_app(house: House) -> Any:  # noqa: ANN401 (an ASGI application)
    """Return the ASGI application of a house."""
    settings = house.settings
    panel = (*PANEL_ROUTES, *further_routes(settings.discord_redirect, settings.public_url))
    return Edge(_Beside(hazebot.Live(house), _router(FACES, panel, SYSTEM_ROUTES)), house)


@lru_cache(maxsize=4)
def _router(dialects: Faces, panel: Sequence[Route], system: Sequence[Route]) -> Litestar:
    """Return the router of every face: they share one, so that two faces may share a path.

    It takes half a second to make and knows no house, so a process makes it once.
    """
    docs = docs_routes({face.name: (face, routes) for face, routes in dialects})
    faces = (*dialects, (Panel(), panel), (System(), (*system, *HOOK_ROUTES, *docs)))
    owner = _Owner([face for face, _ in faces])
    return Litestar(
        route_handlers=[
            *answer_options(faces),
            *(handler for face, routes in faces for handler in handlers_of(face, routes)),
        ],
        exception_handlers={Exception: owner.refuse_unrouted},
        openapi_config=None,
        logging_config=None,
        request_max_body_size=None,
    )


class _Beside:
    """Sends sockets to where they live, and everything else to the routes."""

    def __init__(self, live: hazebot.Live, routes: Any) -> None:  # noqa: ANN401 (an ASGI application)
        self._live = live
        self._routes = routes

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 (the ASGI signature)
        app = self._live if self._live.owns(scope["path"]) else self._routes
        await app(scope, receive, send)


class _Owner:
    """Answers what no route took, in the words of the face that owns the path's longest prefix."""

    def __init__(self, faces: Sequence[Face]) -> None:
        pairs = [(prefix, face) for face in faces for prefix in face.prefixes]
        self._prefixes = sorted(pairs, key=lambda pair: len(pair[0]), reverse=True)

    def of(self, path: str) -> Face:
        """Return the face that owns a path; what is no path at all, such as `*`, belongs to the server itself."""
        known = re.sub("/{2,}", "/", path)  # The router takes doubled slashes as one.
        owners = (face for prefix, face in self._prefixes if known == prefix or known.startswith(f"{prefix}/"))
        return next(owners, self._prefixes[-1][1])

    def refuse_unrouted(self, request: AnyRequest, fault: Exception) -> Response[Any]:
        """Render a fault of routing."""
        face = self.of(request.scope["path"])
        request.scope["state"]["face"] = face.name
        if not isinstance(fault, HTTPException):
            log.error("request failed outside every route", exc_info=fault)
        return _Finished(face.refuse(_routing_error(fault), request_id=request.scope["state"]["request_id"]))


class _Finished(Response[None]):
    """An answer in the form that the router's exception handlers return."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(None)
        self._answer = answer

    def to_asgi_response(self, *_: Any, **__: Any) -> Any:  # noqa: ANN401 (the base class's signature)
        return self._answer


def _routing_error(fault: Exception) -> GuildhallError:
    if isinstance(fault, MethodNotAllowedException):
        return MethodNotAllowed(allow=(fault.headers or {}).get("allow", ""))
    if isinstance(fault, HTTPException):
        return NotFound() if fault.status_code == 404 else Invalid("The request cannot be understood")  # noqa: PLR2004
    return Internal()


async def _with_redis_there(settings: Settings) -> Settings:
    """Do without a Redis that is named by its host alone and does not answer: a sample of settings names one."""
    store = settings.store
    if store.redis_url != store.redis_by_host or not store.redis_url or await is_there(store.redis_url):
        return settings
    log.warning("Nothing answers at REDIS_HOST; this process shares nothing with others", host=store.redis_host)
    return replace(settings, store=replace(store, redis_url=""))


def _make_folder(data_dir: Path) -> None:
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as fault:
        raise SettingsError(f"DATA_DIR: {data_dir} cannot be made: {fault.strerror}") from fault
    if not os.access(data_dir, os.W_OK | os.X_OK):
        raise SettingsError(f"DATA_DIR: {data_dir} is not writable")


def _join(
    settings: Settings, database: Database, clock: Clock, client: httpx.AsyncClient, outside: GuardedHttp
) -> House:
    secret_key = settings.store.secret_key or load_or_create_secret(settings.store.data_dir, "secret_key")
    host = urlsplit(settings.public_url).hostname or "localhost"
    cache = open_cache(settings.store.redis_url)
    webhooks_box = SecretBox(secret_key, "webhooks")
    blobs = open_blobs(settings.store)
    configured = site.Configuration(database, SecretBox(secret_key, "configuration"), fixed=_fixed(settings))

    def access() -> site.DiscordAccess:
        return site.discord_of(configured.now)

    discord = DiscordRest(lambda: access().token, base=settings.discord.api_base, client=client, cache=cache)
    staff = Staff(DiscordStaff(discord, lambda: access().staff_guild_id), _desk_rules(settings), cache, clock)
    application = DiscordOAuth(settings, access, client=client, directory=discord)
    members = replace(staff, server=DiscordStaff(discord, lambda: access().guild_id))
    return House(
        settings=settings,
        database=database,
        clock=clock,
        events=open_events(settings.store.redis_url),
        limiter=open_limiter(settings.store.redis_url) if settings.server.rate_limit else Unlimited(),
        cache=cache,
        blobs=blobs,
        files=attachments.FileStore(database, blobs, clock),
        links=attachments.Links(secret_key, settings.public_url),
        metrics=Metrics(),
        jobs=JobEngine(database, settings.database_url, clock),
        hub=Hub(
            settings.commonshub.timezone,
            host,
            settings.mail.sender or f"guildhall@{host}",
            inviting=frozenset({CalendarKind.GOOGLE} if settings.google.impersonate else ()),
            mints_on_chain=settings.commonshub.ledger == "evm",
        ),
        passwords=PasswordHasher(),
        feeds_box=SecretBox(secret_key, "calendar feeds"),
        calendars_box=SecretBox(secret_key, "calendars outside"),
        answers_box=SecretBox(secret_key, "idempotent answers"),
        webhooks_box=webhooks_box,
        token_key=secret_key,
        internal_secret=settings.attendance.internal_secret
        or load_or_create_secret(settings.store.data_dir, "api_internal_secret"),
        directory=discord,
        discord_application=application,
        community_application=DiscordCommunity(
            settings, access, client=client, directory=discord, application=application
        ),
        bot_account=DiscordAccount(discord),
        prober=DiscordProbe(base=settings.discord.api_base, client=client),
        role_desk=discord,
        staff=staff,
        community=_community(settings, database, clock, (members, staff), secret_key),
        ban_log=DiscordBans(discord),
        keyring=voice.Keyring(),
        outside=outside,
        courier=voice.Courier(database, outside, webhooks_box, clock),
        notice=show_notice,
        site=configured,
        chain=_open_chain(settings),
        google_account=_google_account(settings),
    )


def _fixed(settings: Settings) -> dict[str, object]:
    """Return what the environment sets of the configuration."""
    discord, desk = settings.discord, settings.desk
    said = {
        site.TOKEN: discord.token,
        site.CLIENT_SECRET: discord.client_secret,
        "bot.client_id": discord.client_id,
        "bot.redirect_url": discord.redirect_uri,
        "bot.guild_id": int(discord.guild_id),
        "bot.staff_guild_id": int(discord.staff_guild_id),
        "bot.panel_super_admin_users": [str(each) for each in desk.super_users],
        "bot.panel_super_admin_roles": [str(each) for each in desk.super_roles],
    }
    return {key: value for key, value in said.items() if value}


def _desk_rules(settings: Settings) -> DeskRules:
    desk = settings.desk
    return DeskRules(
        super_users=frozenset(desk.super_users),
        super_roles=frozenset({*desk.super_roles, desk.admin_role} - {0}),
        ticket_roles=frozenset({desk.moderator_role} - {0}),
    )


def _community(
    settings: Settings, database: Database, clock: Clock, servers: tuple[Staff, ...], secret_key: str
) -> Community:
    return Community(
        database=database,
        clock=clock,
        key=settings.community.jwt_secret or secret_key,
        servers=servers,
        admin_role=settings.desk.admin_role,
        moderator_role=settings.desk.moderator_role,
        token_life=timedelta(days=settings.community.token_days),
        monitoring_secret=settings.community.monitoring_secret,
    )


def _open_chain(settings: Settings) -> ledger.Chain | None:
    if settings.commonshub.ledger != "evm":
        return None
    # Signing needs libraries that nobody else does: half a second and twenty megabytes.
    from guildhall.adapters.evm import EvmChain  # noqa: PLC0415 (imported only where it is wanted)

    return EvmChain(settings.commonshub.rpc_url, settings.commonshub.minter_key)


def _announcer(house: House) -> Any:  # noqa: ANN401 (what Database.announcer takes)
    def announce(topic: str, data: dict[str, str | int | None]) -> None:
        if topic == outbox.TOPIC:
            house.jobs.wake()
        else:
            house.events.publish(topic, {**data})

    return announce


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


def _google_account(settings: Settings) -> str:
    """Return whom calendars at Google are shared with, empty when there is no account. Raises SettingsError."""
    google = settings.google
    if google.account_key is None:
        return ""
    return google.impersonate or ServiceAccount.read(google.account_key).email


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


async def _look_for_damage(database: Database) -> None:
    """Tell the operator of damage that an unclean stop has left. The server works meanwhile."""
    damage = await database.check()
    if damage is not None:
        log.error("The database file is damaged, restore it from a backup", damage=damage)


async def _furnish(house: House) -> None:
    """Put in place what every house has: the rooms of its configuration file, else the default ones."""
    async with house.database.read() as tx:
        await house.site.refresh(tx)
    await apply_hub_file(house)
    async with house.database.write() as tx:
        await rooms.create_default_rooms(tx, SYSTEM, now=house.clock.now())
        await shifts.create_default_plan(tx, SYSTEM, now=house.clock.now())
        await ledger.create_default_token(tx, SYSTEM, now=house.clock.now())
        await identity.create_command_line_app(tx, SYSTEM, key=house.token_key, now=house.clock.now())


async def apply_hub_file(house: House) -> None:
    """Make the house as its configuration file says. Raises FileFaulty and changes nothing then.

    Without a file it is as with an empty one: what an earlier file named becomes changeable again.
    """
    path, text = house.settings.commonshub.config, ""
    if path is not None:
        try:
            text = await asyncio.to_thread(path.read_text, "utf-8")
        except (OSError, UnicodeDecodeError) as fault:
            raise FileFaulty(f"COMMONSHUB_CONFIG cannot be read: {fault}") from fault
    file, now = TomlFile(text), house.clock.now()
    file.check_sections({*rooms.SECTIONS, *shifts.SECTIONS, *ledger.SECTIONS, *calendars.SECTIONS})
    hub, plans, tokens = rooms.read_hub_file(file), shifts.read_plans(file), ledger.read_tokens(file)
    links = calendars.read_calendars(file, house.settings.variables)
    async with house.database.write() as tx:
        await rooms.apply_file(tx, SYSTEM, plans=hub.rooms, days=hub.closed_days, now=now)
        await shifts.apply_plans(tx, SYSTEM, plans, now=now)
        await ledger.apply_tokens(tx, SYSTEM, tokens, now=now)
        await calendars.apply_file(tx, SYSTEM, links, box=house.calendars_box, now=now)
