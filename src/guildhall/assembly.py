"""A house, put together from its settings: which part is which, and which of them know each other."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import httpx

from guildhall.adapters.discord_account import DiscordAccount
from guildhall.adapters.discord_bans import DiscordBans
from guildhall.adapters.discord_community import DiscordCommunity
from guildhall.adapters.discord_oauth import DiscordOAuth
from guildhall.adapters.discord_probe import DiscordProbe
from guildhall.adapters.discord_rest import DiscordRest
from guildhall.adapters.discord_staff import DiscordStaff
from guildhall.adapters.google_calendar import ServiceAccount
from guildhall.adapters.outside_http import GuardedHttp
from guildhall.core.blobs import open_blobs
from guildhall.core.cache import open_cache
from guildhall.core.clock import Clock
from guildhall.core.crypto import PasswordHasher, SecretBox, load_or_create_secret
from guildhall.core.db import Database
from guildhall.core.events import open_events
from guildhall.core.jobs import JobEngine
from guildhall.core.limits import Unlimited, open_limiter
from guildhall.core.metrics import Metrics
from guildhall.core.seats import open_seats
from guildhall.domains import attendance as voice, ledger, site
from guildhall.domains.calendars import CalendarKind
from guildhall.domains.identity.community import Community
from guildhall.domains.identity.desk import DeskRules, Staff
from guildhall.domains.rooms import Hub
from guildhall.domains.tickets import attachments
from guildhall.panel import show_notice
from guildhall.settings import Settings
from guildhall.web.house import House


def assemble(
    settings: Settings, database: Database, clock: Clock, client: httpx.AsyncClient, outside: GuardedHttp
) -> House:
    """Return the house of these settings, with nothing going on in it yet. Raises SettingsError."""
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
        seats=open_seats(settings.store.redis_url),
        cache=cache,
        blobs=blobs,
        files=attachments.FileStore(database, blobs, clock),
        links=attachments.Links(secret_key, settings.public_url),
        metrics=Metrics(),
        jobs=JobEngine(database, settings.database_url, clock),
        hub=_hub(settings, host),
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


def _hub(settings: Settings, host: str) -> Hub:
    return Hub(
        settings.commonshub.timezone,
        host,
        settings.mail.sender or f"guildhall@{host}",
        inviting=frozenset({CalendarKind.GOOGLE} if settings.google.impersonate else ()),
        mints_on_chain=settings.commonshub.ledger == "evm",
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


def _google_account(settings: Settings) -> str:
    """Return whom calendars at Google are shared with, empty when there is no account. Raises SettingsError."""
    google = settings.google
    if google.account_key is None:
        return ""
    return google.impersonate or ServiceAccount.read(google.account_key).email
