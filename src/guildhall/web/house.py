"""Everything the faces stand on, joined once by `assembly.py`."""

from dataclasses import dataclass, replace
from datetime import timedelta

from guildhall.core.blobs import BlobStore
from guildhall.core.cache import Cache
from guildhall.core.clock import Clock
from guildhall.core.crypto import PasswordHasher, SecretBox
from guildhall.core.db import Database
from guildhall.core.events import EventBus
from guildhall.core.jobs import JobEngine
from guildhall.core.limits import Limiter
from guildhall.core.metrics import Metrics
from guildhall.core.outside import OutsideHttp
from guildhall.core.seats import Seats
from guildhall.domains.attendance import Courier, GuildDirectory, Keyring, Scene
from guildhall.domains.attendance.roles import RoleDesk
from guildhall.domains.bans import BanLog
from guildhall.domains.bot.profile import BotAccount
from guildhall.domains.identity import DiscordDoor
from guildhall.domains.identity.community import Community, CommunityDoor
from guildhall.domains.identity.desk import DeskRules, Staff
from guildhall.domains.ledger import Chain
from guildhall.domains.rooms import Hub
from guildhall.domains.site import Configuration, DiscordAccess, discord_of
from guildhall.domains.site.setup import Prober
from guildhall.domains.tickets.attachments import FileStore, Links
from guildhall.settings import Settings
from guildhall.web.notices import Notices


@dataclass(frozen=True, kw_only=True)
class House:
    """The running parts of one server process."""

    settings: Settings
    database: Database
    clock: Clock
    events: EventBus
    limiter: Limiter
    seats: Seats
    cache: Cache
    blobs: BlobStore
    files: FileStore
    """The files of tickets."""
    links: Links
    metrics: Metrics
    jobs: JobEngine
    hub: Hub
    passwords: PasswordHasher
    feeds_box: SecretBox
    calendars_box: SecretBox
    answers_box: SecretBox
    webhooks_box: SecretBox
    token_key: str
    internal_secret: str
    """What front ends of the attendance dialect sign their tokens with."""
    directory: GuildDirectory
    discord_application: DiscordDoor
    """Discord's side of signing in, of use only while an application is configured; see `discord_door`."""
    community_application: CommunityDoor
    """The same for apps of the community; see `community_door`."""
    bot_account: BotAccount
    prober: Prober
    """Asks Discord about what is not configured yet."""
    role_desk: RoleDesk
    staff: Staff
    community: Community
    """What the tokens of the community's apps are judged by."""
    ban_log: BanLog
    keyring: Keyring
    outside: OutsideHttp
    """Calls the addresses that users name."""
    courier: Courier
    notice: Notices
    site: Configuration
    """What is configured while the server runs."""
    chain: Chain | None
    google_account: str
    """Whom calendars at Google are shared with, so that the hub can write there; empty without an account."""

    @property
    def largest_file(self) -> int:
        """How many bytes a file in a ticket may have."""
        return self.site.now.document.attachments.max_mb << 20

    @property
    def discord(self) -> DiscordAccess:
        """How Discord is reached at the moment."""
        return discord_of(self.site.now)

    @property
    def discord_door(self) -> DiscordDoor | None:
        """Discord's side of signing in; None while no application is configured."""
        return self.discord_application if self.discord.signs_in else None

    @property
    def community_door(self) -> CommunityDoor | None:
        """The same for apps of the community."""
        return self.community_application if self.discord.signs_in else None

    @property
    def discord_redirect(self) -> str:
        """Where Discord sends people back to who sign in."""
        return self.discord.redirect_url or self.settings.discord_redirect

    @property
    def desk_rules(self) -> DeskRules:
        """Whom the settings and the configuration name as staff."""
        document, rules = self.site.now.document, self.staff.rules
        return replace(
            rules,
            super_users=rules.super_users | {int(each) for each in document.bot.panel_super_admin_users},
            super_roles=rules.super_roles | {int(each) for each in document.bot.panel_super_admin_roles},
        )

    @property
    def scene(self) -> Scene:
        """What verbs of attendance work with that may end sessions and periods."""
        return Scene(timedelta(seconds=self.settings.attendance.max_gap), self.keyring)
