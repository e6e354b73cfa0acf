"""All settings as one frozen tree, and what follows from several of them."""

import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields, is_dataclass
from typing import Any
from urllib.parse import urlsplit

from guildhall.settings.attendance import AttendanceSettings
from guildhall.settings.community import CommunitySettings, NamedAccount
from guildhall.settings.discord import SIGN_IN_BACK, SIGN_IN_BACK_OF_COMMUNITY, DeskSettings, DiscordSettings
from guildhall.settings.hub import GOOGLE, CommonsHubSettings, GoogleSettings
from guildhall.settings.server import AdminSettings, MailSettings, ServerSettings, StoreSettings

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

SAMPLES = {"changeme", "change-me", "secret", "password", "admin", "your-secure-password", "your-password"}
SHORTEST_SECRET = 32
SHORTEST_PASSWORD = 12
FEWEST_CHARACTERS = 6
"""Different ones; with fewer, a secret is a pattern that somebody typed."""


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
        return [name for name, _ in weak(self, self.community.accounts())]

    @property
    def in_production(self) -> bool:
        """Whether weak secrets are refused."""
        return self.server.environment == "production"


def documented() -> Iterator[tuple[type, list[tuple[Field[Any], str]]]]:
    """Yield each group of settings with its fields and the text of their defaults, in order."""
    for group in fields(Settings):
        kind = typing.cast("type", group.default_factory)
        if not is_dataclass(kind):
            continue
        yield kind, [(each, _default_text(each.default)) for each in fields(kind)]


def _default_text(value: object) -> str:
    return "" if value in ("", (), None) else str(value).lower() if isinstance(value, bool) else str(value)


def weak(settings: Settings, accounts: Sequence[NamedAccount]) -> Iterator[tuple[str, int]]:
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
