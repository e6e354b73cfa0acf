"""The settings: one frozen tree, read once from the environment and `.env`, then passed down.

Each setting is declared once, here, with its names, its default and its meaning; `docs/settings.md` is made from this
file. Nothing reads the environment elsewhere.
"""

import re
import types
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass, replace
from functools import partial
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

T = typing.TypeVar("T")

GOOGLE = "https://www.googleapis.com"
DISCORD = "https://discord.com/api/v10"
DISCORD_GATEWAY = "wss://gateway.discord.gg/"
DISCORD_AUTHORIZATION = "https://discord.com/oauth2/authorize"
SIGN_IN_BACK = "/panel/sign-in/discord/back"
"""Where the panel waits for browsers that come back from Discord."""

SIGN_IN_BACK_OF_API = "/api/auth/callback"
"""Another such place, which programs know; DISCORD_REDIRECT_URI may lead there."""

PortOrOff = typing.NewType("PortOrOff", int)
"""A port, or 0 for none, which may be written `off`."""

SIGN_IN_BACK_OF_COMMUNITY = "/api/discord/callback"
"""The place for apps of the community; DISCORD_REDIRECT_URI may lead there too, and browsers still find their way."""

Snowflake = typing.NewType("Snowflake", int)
"""An id of Discord, or 0 for none."""


class SettingsError(Exception):
    """One or more settings cannot be used; the text lists each with what to do."""


def setting(*names: str, default: Any = MISSING, help: str, secret: bool = False) -> Any:  # noqa: A002, ANN401
    """Declare one setting: its name in the environment, then its aliases, its default and its meaning.

    The value of a secret is not shown where the settings are printed.
    """
    return field(default=default, repr=not secret, metadata={"names": names, "help": help, "secret": secret})


WITHOUT_EFFECT = frozenset(
    {
        "ANALYTICS_BACKEND",
        "API_DEBUG",
        "FCM_SERVER_KEY",
        "FLARESOLVERR_URL",
        "OPENAI_API_KEY",
        "PROD_MODE",
        "UPTIME_KUMA_URL",
    }
)
"""Names of older installations that mean nothing here."""


@dataclass(frozen=True, kw_only=True)
class ServerSettings:
    """Where the server listens and how it meets the world."""

    host: str = setting("HOST", default="127.0.0.1", help="Address or name to listen on; 0.0.0.0 for every interface.")
    port: int = setting("PORT", "API_PORT", default=8080, help="Port to listen on.")
    public_url: str = setting(
        "PUBLIC_URL",
        "BASE_URL",
        default="",
        help="Address people reach the server at; `http://localhost:PORT` when unset.",
    )
    environment: Literal["development", "production"] = setting(
        "ENVIRONMENT", default="development", help="`production` refuses weak secrets and prints no generated password."
    )
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = setting(
        "TRUSTED_PROXIES",
        default=(),
        help="Addresses or networks, by comma, whose X-Forwarded-For is believed.",
    )
    body_timeout: int = setting("BODY_TIMEOUT", default=20, help="Seconds a client may take to send a body.")
    rate_limit_per_ip: int = setting(
        "RATE_LIMIT_PER_IP", default=600, help="Requests a minute for each address without a credential."
    )
    rate_limit: bool = setting(
        "RATE_LIMIT_ENABLED", default=True, help="Whether requests, sign-ins and messages are limited at all."
    )
    cors_origins: tuple[str, ...] = setting(
        "CORS_ORIGINS",
        default=(),
        help="Origins, by comma, whose pages may use the community's API and sockets; "
        "when unset any in development, and only PUBLIC_URL in production.",
    )
    metrics_token: str = setting(
        "METRICS_TOKEN",
        default="",
        secret=True,
        help="Bearer that /metrics asks for; open to this machine only when unset.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = setting(
        "LOG_LEVEL", default="info", help="Least severity logged."
    )
    log_format: Literal["auto", "json", "console"] = setting(
        "LOG_FORMAT", default="auto", help="`json` lines, `console` for people; `auto` asks whether a terminal watches."
    )


@dataclass(frozen=True, kw_only=True)
class StoreSettings:
    """Where things are kept."""

    data_dir: Path = setting(
        "DATA_DIR", default=Path("data"), help="Folder for the database, files and generated secrets."
    )
    database_url: str = setting(
        "DATABASE_URL",
        default="",
        secret=True,
        help="`sqlite:///path` or `postgresql://user:password@host/name`; a SQLite file in DATA_DIR when unset.",
    )
    sqlite_synchronous: Literal["FULL", "NORMAL"] = setting(
        "SQLITE_SYNCHRONOUS", default="FULL", help="`NORMAL` is faster and may lose the last commits on loss of power."
    )
    redis_url: str = setting(
        "REDIS_URL",
        default="",
        secret=True,
        help="`redis://host:port/0` for events, limits and cache across processes.",
    )
    redis_host: str = setting(
        "REDIS_HOST",
        default="",
        help="The same by its host, when REDIS_URL is unset; done without where nothing answers at the start.",
    )
    redis_port: int = setting("REDIS_PORT", default=6379, help="Port of REDIS_HOST.")
    s3_url: str = setting(
        "S3_URL",
        default="",
        secret=True,
        help="`s3://key:secret@bucket/prefix` keeps files in S3; DATA_DIR/files when unset.",
    )
    s3_endpoint: str = setting("S3_ENDPOINT", default="", help="Address of an S3 server other than Amazon's.")
    s3_region: str = setting("S3_REGION", default="us-east-1", help="Region of the bucket.")
    secret_key: str = setting(
        "SECRET_KEY",
        "API_SECRET_KEY",
        default="",
        secret=True,
        help="Root of all encryption at rest; made once in DATA_DIR when unset.",
    )

    @property
    def redis_by_host(self) -> str:
        """The address that host and port make, empty without a host."""
        return f"redis://{self.redis_host}:{self.redis_port}/0" if self.redis_host else ""


@dataclass(frozen=True, kw_only=True)
class AdminSettings:
    """The first administrator and the master key."""

    user: str = setting("ADMIN_USER", "API_ADMIN_USER", default="admin", help="Name of the first administrator.")
    password: str = setting(
        "ADMIN_PASSWORD",
        "API_ADMIN_PASS",
        default="",
        secret=True,
        help="Their password; generated and printed once when unset.",
    )
    email: str = setting("ADMIN_EMAIL", default="", help="Their mail address.")
    api_key: str = setting(
        "ADMIN_API_KEY", default="", secret=True, help="Master key of the APIs; generated and printed once when unset."
    )


@dataclass(frozen=True, kw_only=True)
class MailSettings:
    """How mail leaves."""

    smtp_url: str = setting(
        "SMTP_URL",
        default="",
        secret=True,
        help="`smtp://user:password@host:587` (STARTTLS when offered) or `smtps://`; unset, mail is kept.",
    )
    sender: str = setting("MAIL_FROM", default="", help="From address; `guildhall@` the host of PUBLIC_URL when unset.")


@dataclass(frozen=True, kw_only=True)
class CommonsHubSettings:
    """The house with the rooms."""

    timezone: ZoneInfo = setting(
        "COMMONSHUB_TIMEZONE", default=ZoneInfo("Europe/Brussels"), help="Time zone of the hub."
    )
    config: Path | None = setting(
        "COMMONSHUB_CONFIG",
        default=None,
        help="TOML file with rooms, closed days, shift plans, tokens and calendars; see docs/hub.toml.",
    )
    ledger: Literal["embedded", "evm"] = setting(
        "COMMONSHUB_LEDGER",
        default="embedded",
        help="Where rewards are minted: in the database, or by `evm` on the chain that tokens name.",
    )
    rpc_url: str = setting(
        "RPC_URL", default="", secret=True, help="JSON-RPC address of a node of that chain; `evm` needs it."
    )
    minter_key: str = setting(
        "MINTER_PRIVATE_KEY",
        default="",
        secret=True,
        help="Private key of the minter, 64 hexadecimal digits; `evm` needs it. Never stored.",
    )
    rate_limit: int = setting("COMMONSHUB_RATE_LIMIT", default=6000, help="Requests a minute for each credential.")
    public_calendars: bool = setting(
        "COMMONSHUB_PUBLIC_CALENDARS", default=True, help="Whether room calendars can be read without a credential."
    )
    kiosk: bool = setting(
        "COMMONSHUB_KIOSK",
        default=False,
        help="Whether `/kiosk` shows today's rooms and shifts, without names, to anybody: for a screen on a wall.",
    )


@dataclass(frozen=True, kw_only=True)
class GoogleSettings:
    """Calendars at Google."""

    account_key: Path | None = setting(
        "GOOGLE_ACCOUNT_KEY_FILEPATH",
        default=None,
        help="JSON key file of the service account that calendars are shared with; unset, none can be linked.",
    )
    impersonate: str = setting(
        "GOOGLE_CALENDAR_IMPERSONATE_USER",
        default="",
        help="Person of the account's domain to act for; Google then invites attendees, instead of a mail from here.",
    )
    api_base: str = setting(
        "GOOGLE_API_BASE",
        default=GOOGLE,
        help="Address of Google's APIs; another one is for tests.",
    )


@dataclass(frozen=True, kw_only=True)
class DiscordSettings:
    """Discord, and the bot there."""

    token: str = setting(
        "DISCORD_TOKEN",
        default="",
        secret=True,
        help="The bot's token from Discord's developer portal; without one the bot waits.",
    )
    client_id: str = setting(
        "DISCORD_CLIENT_ID", default="", help="Id of the bot's application: for its invitation, and for signing in."
    )
    client_secret: str = setting(
        "DISCORD_CLIENT_SECRET",
        default="",
        secret=True,
        help="Secret of the application; with it and the id, people can sign in to the panel with Discord.",
    )
    redirect_uri: str = setting(
        "DISCORD_REDIRECT_URI",
        default="",
        help=f"Where Discord sends people back to who sign in; PUBLIC_URL with `{SIGN_IN_BACK}` when unset.",
    )
    authorize_url: str = setting(
        "DISCORD_AUTHORIZE_URL",
        default="",
        help="Page on which Discord asks people; that of Discord, or beside DISCORD_API_BASE when that is another one.",
    )
    guild_id: Snowflake = setting(
        "DISCORD_GUILD_ID", default=Snowflake(0), help="Id of the community's guild; 0 for none."
    )
    staff_guild_id: Snowflake = setting(
        "DISCORD_STAFF_GUILD_ID",
        default=Snowflake(0),
        help="Id of the staff's guild, whose roles count at the front desk; DISCORD_GUILD_ID when unset.",
    )
    sign_up: Literal["members", "anyone", "nobody"] = setting(
        "DISCORD_SIGN_UP",
        default="members",
        help=(
            "Who becomes a person here by signing in with Discord for the first time: `members` of DISCORD_GUILD_ID, "
            "`anyone`, or `nobody`. Those who have linked their account always come in."
        ),
    )
    api_base: str = setting(
        "DISCORD_API_BASE", default=DISCORD, help="Address of Discord's API; another one is for the simulator."
    )
    gateway_url: str = setting(
        "DISCORD_GATEWAY_URL",
        default=DISCORD_GATEWAY,
        help="Address of Discord's gateway; another one is for the simulator.",
    )
    simulator_port: PortOrOff = setting(
        "SIMULATOR_PORT",
        default=PortOrOff(8081),
        help=(
            "Port of this machine on which the server simulates Discord, in development without a token; `off` or 0 "
            "for not at all."
        ),
    )

    cogs_dir: Path | None = setting(
        "COGS_DIR",
        default=None,
        help="Folder with discord.py cogs of your own; a cog may do whatever the server may. See docs/cogs.md.",
    )
    cogs_allowed: tuple[str, ...] = setting(
        "COGS_ALLOWED", default=(), help="Names, by comma, of the cogs there that may be loaded; `*` for all of them."
    )

    @property
    def is_real(self) -> bool:
        """Whether the bot talks to Discord itself, and not to what stands for it."""
        return self.api_base == DISCORD

    @property
    def authorization_page(self) -> str:
        """Where browsers are sent to be asked who they are."""
        if self.authorize_url:
            return self.authorize_url
        return DISCORD_AUTHORIZATION if self.is_real else f"{self.api_base.rstrip('/')}/oauth2/authorize"


@dataclass(frozen=True, kw_only=True)
class DeskSettings:
    """Who is staff at the front desk without a grant; all ids are Discord's, by comma."""

    super_users: tuple[Snowflake, ...] = setting(
        "SUPER_ADMIN_USERS",
        default=(),
        help="Users who may do everything at the front desk.",
    )
    super_roles: tuple[Snowflake, ...] = setting(
        "SUPER_ADMIN_ROLES",
        default=(),
        help="Roles of the staff's guild that may do the same, beside its owner and administrators.",
    )
    admin_role: Snowflake = setting(
        "ADMIN_ROLE_ID", default=Snowflake(0), help="One more such role; the name that older clients use."
    )
    moderator_role: Snowflake = setting(
        "MODERATOR_ROLE_ID", default=Snowflake(0), help="Role of the staff's guild that handles tickets; 0 for none."
    )
    setup_token: str = setting(
        "SETUP_TOKEN",
        default="",
        secret=True,
        help="What whoever sets a new house up must know; made once in DATA_DIR and printed at the start when unset.",
    )


@dataclass(frozen=True, kw_only=True)
class NamedAccount:
    """An account that the environment names; `role` is admin, moderator or lootling."""

    name: str
    password: str = field(repr=False)
    role: str


@dataclass(frozen=True, kw_only=True)
class CommunitySettings:
    """Sign-in of the community's apps, and the tokens they get."""

    jwt_secret: str = setting(
        "JWT_SECRET", default="", secret=True, help="Key that tokens are signed with; SECRET_KEY when unset."
    )
    token_days: int = setting("TOKEN_DAYS", default=7, help="Days that a token is valid, 1 to 7.")
    extra_users: str = setting(
        "API_EXTRA_USERS",
        default="",
        secret=True,
        help="Accounts that are kept as this says at every start: `name:password`, by comma; no commas in passwords.",
    )
    extra_role: Literal["admin", "moderator", "lootling"] = setting(
        "API_EXTRA_USERS_ROLE", default="moderator", help="Role of these accounts."
    )
    extra_roles: tuple[str, ...] = setting(
        "API_EXTRA_USERS_ROLES", default=(), help="Roles of single ones: `name=admin`, by comma."
    )
    monitoring_secret: str = setting(
        "API_MONITORING_SECRET",
        default="",
        secret=True,
        help="What a monitoring service shows to get a token of 90 days; another secret ends these, none forbids them.",
    )
    staff_menu_hint: bool = setting(
        "HAZEBOT_STAFF_MENU_HINT",
        default=True,
        help="Whether older apps are told to show moderators the menu of staff; it opens nothing.",
    )
    oauth_bind: bool = setting(
        "HAZEBOT_OAUTH_BIND",
        default=True,
        help="Whether only the browser that began to sign in with Discord may finish; off for apps on another site.",
    )
    legacy_mobile_state: bool = setting(
        "HAZEBOT_LEGACY_MOBILE_STATE",
        default=True,
        help="Whether the app for Android may sign in with the bare state `mobile`, as older ones do.",
    )
    socket_rest_grant: bool = setting(
        "HAZEBOT_SOCKET_REST_GRANT",
        default=False,
        help="Whether apps on phones, whose sockets show no token, may follow a ticket whose messages were read with a "
        "token from the same address in the last ten minutes.",
    )
    frontend_url: str = setting(
        "DISCORD_OAUTH_FRONTEND_URL",
        default="",
        help="Where people go on to, with their token, who signed in with Discord on the web; the panel when unset.",
    )
    analytics_url: str = setting(
        "DISCORD_OAUTH_ANALYTICS_URL", default="", help="The same for the analytics page; the panel when unset."
    )
    ios_url: str = setting("OAUTH_IOS_URL", default="hazebot://oauth", help="The same for the app on iOS.")

    def accounts(self) -> tuple[NamedAccount, ...]:
        """Return the further accounts. Raises ValueError, which says what is wrong without telling a password."""
        roles = dict(_pair(each, "=", "API_EXTRA_USERS_ROLES") for each in self.extra_roles)
        pairs = [_pair(each, ":", "API_EXTRA_USERS") for each in self.extra_users.split(",") if each.strip()]
        names = [name.casefold() for name, _ in pairs]
        if len(set(names)) < len(names):
            raise ValueError("API_EXTRA_USERS: names somebody twice")
        for name, role in roles.items():
            if name.casefold() not in names:
                raise ValueError(f"API_EXTRA_USERS_ROLES: {name!r} is not in API_EXTRA_USERS")
            if role not in ("admin", "moderator", "lootling"):
                raise ValueError(f"API_EXTRA_USERS_ROLES: {role!r} is none of admin, moderator, lootling")
        given = {name.casefold(): role for name, role in roles.items()}
        return tuple(
            NamedAccount(name=name, password=password, role=given.get(name.casefold(), self.extra_role))
            for name, password in pairs
        )


def _pair(text: str, sign: str, variable: str) -> tuple[str, str]:
    name, found, value = text.strip().partition(sign)
    if not (found and name.strip() and value):
        raise ValueError(f"{variable}: must be a list of name{sign}value by comma")
    return name.strip(), value


@dataclass(frozen=True, kw_only=True)
class AttendanceSettings:
    """The attendance dialect."""

    internal_secret: str = setting(
        "API_INTERNAL_SECRET",
        default="",
        secret=True,
        help="Shared HS256 secret of the tokens that front ends mint; made once in DATA_DIR when unset.",
    )
    max_token_seconds: int = setting(
        "ATTENDANCE_MAX_TOKEN_SECONDS", default=0, help="Longest life of such a token; 0 for no limit."
    )
    max_gap: int = setting(
        "ATTENDANCE_MAX_GAP",
        default=300,
        help="Seconds that the bot may be away before the sessions of people in voice end where it last saw them.",
    )
    checkpoint_seconds: int = setting(
        "ATTENDANCE_CHECKPOINT_SECONDS",
        default=15,
        help="Seconds between the bot's notes that all is well, 20 at most; a crash forgets no more than that.",
    )
    default_tier: Literal["free", "pro"] = setting(
        "ATTENDANCE_DEFAULT_TIER", default="pro", help="Tier of a guild that is seen for the first time."
    )
    tier_lock: bool = setting(
        "ATTENDANCE_TIER_LOCK", default=False, help="Whether those who manage a guild may not switch its tier."
    )
    webhook_secret: str = setting(
        "WEBHOOK_SECRET",
        default="",
        secret=True,
        help="What senders of outside attendance show in x-webhook-secret; without it nothing is taken in.",
    )
    inbound: bool = setting(
        "ATTENDANCE_INBOUND", default=False, help="Whether attendance that other systems saw is taken in."
    )
    webhook_allow_private: bool = setting(
        "ATTENDANCE_WEBHOOK_ALLOW_PRIVATE",
        default=False,
        help="Whether webhooks may go to machines that are not public, and without TLS: for tests.",
    )


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings."""

    server: ServerSettings = field(default_factory=ServerSettings)
    store: StoreSettings = field(default_factory=StoreSettings)
    admin: AdminSettings = field(default_factory=AdminSettings)
    mail: MailSettings = field(default_factory=MailSettings)
    commonshub: CommonsHubSettings = field(default_factory=CommonsHubSettings)
    google: GoogleSettings = field(default_factory=GoogleSettings)
    discord: DiscordSettings = field(default_factory=DiscordSettings)
    desk: DeskSettings = field(default_factory=DeskSettings)
    community: CommunitySettings = field(default_factory=CommunitySettings)
    attendance: AttendanceSettings = field(default_factory=AttendanceSettings)
    variables: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    """Everything that was read, by name: the hub's file names the variables that hold its passwords."""

    @property
    def public_url(self) -> str:
        """The address people reach the server at, without a trailing slash."""
        return self.server.public_url.rstrip("/") or f"http://localhost:{self.server.port}"

    @property
    def discord_redirect(self) -> str:
        """Where Discord sends people back to who sign in."""
        return self.discord.redirect_uri or f"{self.public_url}{SIGN_IN_BACK}"

    def community_redirect(self, given: str) -> str:
        """Return where Discord sends people back to who sign in to an app of the community.

        The given place is taken if it is the one for apps, else there is one below PUBLIC_URL.
        """
        is_own = urlsplit(given).path.endswith(SIGN_IN_BACK_OF_COMMUNITY)
        return given if is_own else f"{self.public_url}{SIGN_IN_BACK_OF_COMMUNITY}"

    @property
    def wants_simulator(self) -> bool:
        """Whether there is no Discord to talk to, and one may be simulated in its place."""
        discord = self.discord
        has_own = discord.token or discord.client_secret or not discord.is_real
        return bool(discord.simulator_port and not has_own and not self.in_production)

    @property
    def database_url(self) -> str:
        """The address of the database."""
        return self.store.database_url or f"sqlite:///{self.store.data_dir / 'guildhall.db'}"

    @property
    def can_be_called_by_google(self) -> bool:
        """Whether Google can tell this server of changes: it calls HTTPS only, and what stands for it calls anybody."""
        return self.public_url.startswith("https://") or self.google.api_base != GOOGLE

    def without_effect(self) -> list[str]:
        """Return the names in the environment that older installations set and that mean nothing here."""
        twins = {f"TEST_{name}" for _, rows in documented() for each, _ in rows for name in each.metadata["names"]}
        return sorted(name for name in self.variables if name in WITHOUT_EFFECT | twins or name.startswith("FLASK_"))

    def weak_secrets(self) -> list[str]:
        """Return the names of the secrets that would not do for production."""
        return [name for name, _ in _weak(self, self.community.accounts())]

    @property
    def in_production(self) -> bool:
        """Whether weak secrets are refused."""
        return self.server.environment == "production"


def load_settings(environ: Mapping[str, str], dotenv: Path | None = Path(".env")) -> Settings:
    """Read the settings; the environment wins over the file. Raises SettingsError with every fault at once."""
    faults: list[str] = []
    written = _read_dotenv(dotenv)
    settings = replace(_read_group(Settings, (environ, written), faults), variables={**written, **environ})
    store = settings.store
    if store.redis_by_host and not store.redis_url:
        settings = replace(settings, store=replace(store, redis_url=store.redis_by_host))
    faults += _rules(settings)
    if faults:
        raise SettingsError("These settings cannot be used:\n" + "\n".join(f"  {fault}" for fault in faults))
    return settings


def documented() -> Iterator[tuple[type, list[tuple[Field[Any], str]]]]:
    """Yield each group of settings with its fields and the text of their defaults, in order."""
    for group in fields(Settings):
        kind = typing.cast("type", group.default_factory)
        if not is_dataclass(kind):
            continue
        yield kind, [(each, _default_text(each.default)) for each in fields(kind)]


def _default_text(value: object) -> str:
    return "" if value in ("", (), None) else str(value).lower() if isinstance(value, bool) else str(value)


def _read_dotenv(path: Path | None) -> dict[str, str]:
    if path is None or not path.is_file():
        return {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as fault:
        raise SettingsError(f"{path} cannot be read: {fault}") from fault
    pairs = (line.partition("=") for line in lines if "=" in line and not line.lstrip().startswith("#"))
    return {name.removeprefix("export ").strip(): value.strip().strip("'\"") for name, _, value in pairs}


def _read_group(group: type[T], sources: Sequence[Mapping[str, str]], faults: list[str]) -> T:
    hints = typing.get_type_hints(group)
    found: dict[str, Any] = {}
    for each in fields(typing.cast("Any", group)):
        if is_dataclass(hints[each.name]):
            found[each.name] = _read_group(hints[each.name], sources, faults)
            continue
        if "names" not in each.metadata:
            continue
        given = ((name, source.get(name, "")) for source in sources for name in each.metadata["names"])
        name, text = next((pair for pair in given if pair[1]), ("", ""))
        if not text:
            continue
        try:
            found[each.name] = _convert(hints[each.name], text)
        except ValueError as fault:
            shown = "" if each.metadata["secret"] else f" {text!r}"
            faults.append(f"{name}:{shown} {fault}")
    return group(**found)


def _whole_number(text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise ValueError("is not a whole number")
    return int(text)


def _yes_or_no(text: str) -> bool:
    words = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
    if text.lower() not in words:
        raise ValueError("is neither true nor false")
    return words[text.lower()]


def _zone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (KeyError, OSError, ValueError) as fault:
        raise ValueError("is not a time zone such as Europe/Brussels") from fault


def _port_or_off(text: str) -> int:
    return 0 if text.lower() == "off" else _whole_number(text)


def _snowflake(text: str) -> int:
    if not re.fullmatch("[0-9]{1,20}", text):
        raise ValueError("is no id of Discord, which is a whole number")
    return int(text)


CONVERTERS: dict[Any, Callable[[str], Any]] = {
    int: _whole_number,
    bool: _yes_or_no,
    ZoneInfo: _zone,
    PortOrOff: _port_or_off,
    Snowflake: _snowflake,
}


def _convert(kind: Any, text: str) -> Any:  # noqa: ANN401
    if kind in CONVERTERS:
        return CONVERTERS[kind](text)
    if typing.get_origin(kind) is Literal:
        found = [word for word in typing.get_args(kind) if word.lower() == text.lower()]
        if not found:
            raise ValueError("must be one of " + ", ".join(typing.get_args(kind)))
        return found[0]
    if kind == tuple[str, ...]:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if typing.get_origin(kind) is tuple:
        part_of = _snowflake if Snowflake in typing.get_args(kind) else partial(ip_network, strict=False)
        return tuple(part_of(part.strip()) for part in text.split(",") if part.strip())
    if kind is Path or (isinstance(kind, types.UnionType) and Path in typing.get_args(kind)):
        return Path(text).expanduser()
    return text


def _rules(settings: Settings) -> list[str]:
    faults = []
    if not 1 <= settings.server.port <= 65535:  # noqa: PLR2004 (the range of TCP ports)
        faults.append("PORT: must be between 1 and 65535")
    if not 0 <= settings.discord.simulator_port <= 65535:  # noqa: PLR2004 (the range of TCP ports, and none)
        faults.append("SIMULATOR_PORT: must be between 1 and 65535, or off")
    faults += _number_rules(settings)
    for name, address, form, told in (
        (
            "PUBLIC_URL",
            settings.server.public_url or "http://localhost",
            r"https?://[^/]",
            "http:// or https:// and a host",
        ),
        ("GOOGLE_API_BASE", settings.google.api_base, r"https?://[^/]", "http:// or https:// and a host"),
        ("DISCORD_API_BASE", settings.discord.api_base, r"https?://[^/]", "http:// or https:// and a host"),
        (
            "DISCORD_REDIRECT_URI",
            settings.discord.redirect_uri or "http://localhost",
            r"https?://[^/]",
            "http:// or https:// and a host",
        ),
        (
            "DISCORD_AUTHORIZE_URL",
            settings.discord.authorize_url or "http://localhost",
            r"https?://[^/]",
            "http:// or https:// and a host",
        ),
        ("DISCORD_GATEWAY_URL", settings.discord.gateway_url, r"wss?://[^/]", "ws:// or wss:// and a host"),
        ("DATABASE_URL", settings.database_url, r"sqlite:///|postgres(ql)?://", "sqlite:/// or postgresql://"),
        ("REDIS_URL", settings.store.redis_url or "redis://", r"rediss?://|unix://", "redis:// or rediss://"),
    ):
        if not re.match(form, address):
            faults.append(f"{name}: must begin with {told}")
        elif not _has_usable_port(address):
            faults.append(f"{name}: has a port that is no number between 0 and 65535")
    if settings.commonshub.ledger == "evm":
        faults += _chain_rules(settings.commonshub)
    if settings.google.impersonate and settings.google.account_key is None:
        faults.append("GOOGLE_CALENDAR_IMPERSONATE_USER: needs GOOGLE_ACCOUNT_KEY_FILEPATH")
    return faults + _secret_rules(settings)


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


LATEST_CHECKPOINT = 20
MOST_TOKEN_DAYS = 7
SAMPLES = {"changeme", "change-me", "secret", "password", "admin", "your-secure-password", "your-password"}
SHORTEST_SECRET = 32
SHORTEST_PASSWORD = 12
FEWEST_CHARACTERS = 6
"""Different ones; with fewer, a secret is a pattern that somebody typed."""


def _production_rules(settings: Settings, accounts: Sequence[NamedAccount]) -> list[str]:
    return [
        f"{name}: too weak for production; use at least {least} random characters, or leave it unset"
        for name, least in _weak(settings, accounts)
    ]


def _weak(settings: Settings, accounts: Sequence[NamedAccount]) -> Iterator[tuple[str, int]]:
    """Yield the secrets that are too weak for production, with the length that they should have at least."""
    for name, value, least in (
        ("SECRET_KEY", settings.store.secret_key, SHORTEST_SECRET),
        ("JWT_SECRET", settings.community.jwt_secret, SHORTEST_SECRET),
        ("API_INTERNAL_SECRET", settings.attendance.internal_secret, SHORTEST_SECRET),
        ("API_MONITORING_SECRET", settings.community.monitoring_secret, SHORTEST_SECRET),
        ("WEBHOOK_SECRET", settings.attendance.webhook_secret, SHORTEST_SECRET),
        ("ADMIN_API_KEY", settings.admin.api_key, SHORTEST_SECRET),
        ("SETUP_TOKEN", settings.desk.setup_token, SHORTEST_PASSWORD),
        ("ADMIN_PASSWORD", settings.admin.password, SHORTEST_PASSWORD),
        *((f"API_EXTRA_USERS ({each.name})", each.password, SHORTEST_PASSWORD) for each in accounts),
    ):
        if value and (len(value) < least or len(set(value)) < FEWEST_CHARACTERS or value.lower() in SAMPLES):
            yield name, least
