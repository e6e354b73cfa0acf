"""Settings of the bot on Discord, of signing in with it, and of the front desk's staff."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from guildhall.settings.declaring import PortOrOff, Snowflake, setting

DISCORD = "https://discord.com/api/v10"
DISCORD_GATEWAY = "wss://gateway.discord.gg/"
DISCORD_AUTHORIZATION = "https://discord.com/oauth2/authorize"
SIGN_IN_BACK = "/panel/sign-in/discord/back"
"""Where the panel waits for browsers that come back from Discord."""

SIGN_IN_BACK_OF_API = "/api/auth/callback"
"""Another such place, which programs know; DISCORD_REDIRECT_URI may lead there."""

SIGN_IN_BACK_OF_COMMUNITY = "/api/discord/callback"
"""The place for apps of the community; DISCORD_REDIRECT_URI may lead there too, and browsers still find their way."""


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
