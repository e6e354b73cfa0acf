"""What settings must not say, each rule with what to do about it."""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from guildhall.settings.community import NamedAccount
from guildhall.settings.hub import CommonsHubSettings
from guildhall.settings.tree import Settings, weak

LATEST_CHECKPOINT = 20
MOST_TOKEN_DAYS = 7


def faults_of(settings: Settings) -> list[str]:
    """Return a sentence for each setting that cannot be used."""
    faults = []
    if not 1 <= settings.server.port <= 65535:  # noqa: PLR2004 (the range of TCP ports)
        faults.append("PORT: must be between 1 and 65535")
    if not 0 <= settings.discord.simulator_port <= 65535:  # noqa: PLR2004 (the range of TCP ports, and none)
        faults.append("SIMULATOR_PORT: must be between 1 and 65535, or off")
    faults += _number_rules(settings)
    faults += _address_rules(settings)
    if settings.commonshub.ledger == "evm":
        faults += _chain_rules(settings.commonshub)
    if settings.google.impersonate and settings.google.account_key is None:
        faults.append("GOOGLE_CALENDAR_IMPERSONATE_USER: needs GOOGLE_ACCOUNT_KEY_FILEPATH")
    return faults + _secret_rules(settings)


def _address_rules(settings: Settings) -> list[str]:
    faults = []
    web = (r"https?://[^/]", "http:// or https:// and a host")
    for name, address, form, told in (
        ("PUBLIC_URL", settings.server.public_url or "http://localhost", *web),
        ("GOOGLE_API_BASE", settings.google.api_base, *web),
        ("DISCORD_API_BASE", settings.discord.api_base, *web),
        ("DISCORD_REDIRECT_URI", settings.discord.redirect_uri or "http://localhost", *web),
        ("DISCORD_AUTHORIZE_URL", settings.discord.authorize_url or "http://localhost", *web),
        ("DISCORD_GATEWAY_URL", settings.discord.gateway_url, r"wss?://[^/]", "ws:// or wss:// and a host"),
        ("DATABASE_URL", settings.database_url, r"sqlite:///|postgres(ql)?://", "sqlite:/// or postgresql://"),
        ("REDIS_URL", settings.store.redis_url or "redis://", r"rediss?://|unix://", "redis:// or rediss://"),
    ):
        if not re.match(form, address):
            faults.append(f"{name}: must begin with {told}")
        elif not _has_usable_port(address):
            faults.append(f"{name}: has a port that is no number between 0 and 65535")
    return faults


def _secret_rules(settings: Settings) -> list[str]:
    faults = []
    accounts: tuple[NamedAccount, ...] = ()
    try:
        accounts = settings.community.accounts()
    except ValueError as fault:
        faults.append(str(fault))
    if settings.admin.user.casefold() in {each.name.casefold() for each in accounts}:
        faults.append("API_EXTRA_USERS: names the administrator of API_ADMIN_USER, who has an account of their own")
    return faults + (_production_rules(settings, accounts) if settings.in_production else [])


def _production_rules(settings: Settings, accounts: Sequence[NamedAccount]) -> list[str]:
    return [
        f"{name}: too weak for production; use at least {least} random characters, or leave it unset"
        for name, least in weak(settings, accounts)
    ]


def _number_rules(settings: Settings) -> list[str]:
    faults = []
    for name, value, least in (
        ("BODY_TIMEOUT", settings.server.body_timeout, 1),
        ("RATE_LIMIT_PER_IP", settings.server.rate_limit_per_ip, 1),
        ("COMMONSHUB_RATE_LIMIT", settings.commonshub.rate_limit, 1),
        ("ATTENDANCE_MAX_TOKEN_SECONDS", settings.attendance.max_token_seconds, 0),
        ("ATTENDANCE_MAX_GAP", settings.attendance.max_gap, 0),
        ("ATTENDANCE_CHECKPOINT_SECONDS", settings.attendance.checkpoint_seconds, 1),
    ):
        if value < least:
            faults.append(f"{name}: must be at least {least}")
    if not 1 <= settings.community.token_days <= MOST_TOKEN_DAYS:
        faults.append(f"TOKEN_DAYS: must be between 1 and {MOST_TOKEN_DAYS}")
    if settings.attendance.checkpoint_seconds > LATEST_CHECKPOINT:
        faults.append(f"ATTENDANCE_CHECKPOINT_SECONDS: must be at most {LATEST_CHECKPOINT}, for leases last 30 seconds")
    return faults


def _chain_rules(hub: CommonsHubSettings) -> list[str]:
    faults = [
        f"{name}: is needed for COMMONSHUB_LEDGER=evm; set it, or use the embedded ledger"
        for name, value in (("RPC_URL", hub.rpc_url), ("MINTER_PRIVATE_KEY", hub.minter_key))
        if not value
    ]
    if hub.rpc_url and not re.match("https?://[^/]", hub.rpc_url):
        faults.append("RPC_URL: must begin with http:// or https:// and a host")
    if hub.minter_key and not re.fullmatch("(0x)?[0-9a-fA-F]{64}", hub.minter_key):
        faults.append("MINTER_PRIVATE_KEY: is no private key, which has 64 hexadecimal digits")
    return faults


def _has_usable_port(address: str) -> bool:
    try:
        return urlsplit(address).port != -1
    except ValueError:
        return False
