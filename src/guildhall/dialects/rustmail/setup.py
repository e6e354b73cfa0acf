"""The first setup: checks against Discord, and one save that ends it for good."""

import contextlib
import re
from collections.abc import AsyncIterator
from typing import Final, Literal

import msgspec
from msgspec import UNSET, UnsetType

from guildhall.core.actor import Credential
from guildhall.core.errors import GuildhallError, Invalid, InvalidField, InvalidJson, Limited, MissingField
from guildhall.dialects.rustmail.wire import Success
from guildhall.domains.identity import Permission
from guildhall.domains.site.errors import InvalidSetupToken, SetupCompleted
from guildhall.domains.site.setup import Unfit
from guildhall.web import setting_up
from guildhall.web.bodies import Body, Later
from guildhall.web.calls import Call
from guildhall.web.house import House
from guildhall.web.routing import route

DENIED: Final = (InvalidSetupToken, SetupCompleted, Limited)
DENIED_TO_ASK: Final = (*DENIED, InvalidJson, Invalid, InvalidField, MissingField)
SNOWFLAKE: Final = re.compile(r"[0-9]{1,20}")
LARGEST: Final = 2**63 - 1
OPEN: Final = Credential.NONE
"""The setup's token is no credential of anybody: each route but the status asks for it by itself."""

Id = str | int

RENAMED: Final = {
    "bot_status": "bot.status",
    "inbox_category_id": "thread.inbox_category_id",
    "command_prefix": "command.prefix",
    "default_language": "language.default_language",
    "fallback_language": "language.fallback_language",
}
OF_THREADS: Final = (
    "user_message_color",
    "staff_message_color",
    "system_message_color",
    "embedded_message",
    "block_quote",
    "time_to_close_thread",
    "create_ticket_by_create_channel",
    "close_on_leave",
    "auto_archive_duration",
)
OF_ENVIRONMENT: Final = ("panel_url", "api_port")
"""What the environment says of this server, and no configuration can change."""


class SetupStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Whether there is something to set up."""

    setup_required: bool
    step: Literal["token", "done"]
    completed: bool
    token_prefill: None = None
    panel_url: str
    api_port: int


class TokenCheck(Body, frozen=True, kw_only=True):
    """A bot's token."""

    token: str


class GuildCheck(Body, frozen=True, kw_only=True):
    """A server, and the bot that should be in it."""

    token: str
    guild_id: Id


class ChannelCheck(Body, frozen=True, kw_only=True):
    """A channel of a server, and the bot that should see it."""

    token: str
    guild_id: Id
    channel_id: Id


class ApplicationCheck(Body, frozen=True, kw_only=True):
    """An application and its secret."""

    client_id: Id
    client_secret: str


class SetupSave(Body, frozen=True, kw_only=True):
    """Everything that is asked; what is left out stays as by default."""

    token: str
    server_mode: Literal["single", "dual"]
    guild_id: Id | UnsetType | None = UNSET
    community_guild_id: Id | UnsetType | None = UNSET
    staff_guild_id: Id | UnsetType | None = UNSET
    inbox_category_id: Id
    panel_super_admin_users: list[Id]
    bot_status: str | UnsetType = UNSET
    welcome_message: str | UnsetType = UNSET
    close_message: str | UnsetType = UNSET
    typing_proxy_from_user: bool | UnsetType = UNSET
    typing_proxy_from_staff: bool | UnsetType = UNSET
    enable_rustmail_logs: bool | UnsetType = UNSET
    enable_discord_logs: bool | UnsetType = UNSET
    logs_channel_id: Id | UnsetType | None = UNSET
    enable_features: bool | UnsetType = UNSET
    features_channel_id: Id | UnsetType | None = UNSET
    enable_panel: bool | UnsetType = UNSET
    panel_url: str | UnsetType = UNSET
    api_port: int | UnsetType = UNSET
    client_id: Id | UnsetType | None = UNSET
    client_secret: str | UnsetType | None = UNSET
    redirect_url: str | UnsetType | None = UNSET
    command_prefix: str | UnsetType = UNSET
    user_message_color: str | UnsetType = UNSET
    staff_message_color: str | UnsetType = UNSET
    system_message_color: str | UnsetType = UNSET
    embedded_message: bool | UnsetType = UNSET
    block_quote: bool | UnsetType = UNSET
    time_to_close_thread: int | UnsetType = UNSET
    create_ticket_by_create_channel: bool | UnsetType = UNSET
    close_on_leave: bool | UnsetType = UNSET
    auto_archive_duration: int | UnsetType = UNSET
    default_language: str | UnsetType = UNSET
    fallback_language: str | UnsetType = UNSET
    timezone: str | UnsetType = UNSET

    @property
    def values(self) -> dict[str, object]:
        """What is to be configured, by `section.key`. Raises InvalidField."""
        self._check_whole()
        sent = {name: value for name, value in msgspec.structs.asdict(self).items() if value not in (UNSET, None)}
        for name in OF_ENVIRONMENT:
            sent.pop(name, None)
        ids = [name for name in sent if name.endswith("_id")]
        sent |= {name: str(_snowflake(sent[name], name)) for name in ids}
        sent["panel_super_admin_users"] = [
            str(_snowflake(each, "panel_super_admin_users")) for each in self.panel_super_admin_users
        ]
        if "logs_channel_id" in sent:
            # Whoever names a channel for the log wants to have one.
            sent["enable_logs"] = True
        return {_key(name): value for name, value in sent.items()}

    def _check_whole(self) -> None:
        if not self.panel_super_admin_users:
            raise InvalidField("Name at least one super administrator", field="panel_super_admin_users")
        dual = ("community_guild_id", "staff_guild_id")
        for name in dual if self.server_mode == "dual" else ("guild_id",):
            if getattr(self, name) in (UNSET, None):
                raise InvalidField(f"{name} is required in {self.server_mode} mode", field=name)


class FoundBotReply(msgspec.Struct, frozen=True):
    """A bot."""

    id: str
    username: str
    avatar: str | None
    missing_intents: list[str]


class FoundGuildReply(msgspec.Struct, frozen=True):
    """A server."""

    id: str
    name: str
    icon: str | None
    missing_permissions: list[str]


class FoundChannelReply(msgspec.Struct, frozen=True):
    """A channel."""

    id: str
    name: str
    kind: int


class TokenResult(msgspec.Struct, frozen=True, kw_only=True):
    """Whose token it is, or why it does not do."""

    valid: bool
    bot: FoundBotReply | None = None
    error: str | None = None


class GuildResult(msgspec.Struct, frozen=True, kw_only=True):
    """Which server it is, or why it does not do."""

    valid: bool
    guild: FoundGuildReply | None = None
    error: str | None = None


class ChannelResult(msgspec.Struct, frozen=True, kw_only=True):
    """Which channel it is, or why it does not do."""

    valid: bool
    channel: FoundChannelReply | None = None
    error: str | None = None


class ApplicationResult(msgspec.Struct, frozen=True, kw_only=True):
    """Whether Discord knows the application."""

    valid: bool
    error: str | None = None


class SetupSaved(msgspec.Struct, frozen=True, kw_only=True):
    """The setup is over; the bot starts by itself."""

    success: bool = True
    restart_required: bool = False


@route("GET", "/api/setup/status", permission=Permission.PUBLIC, accepts=OPEN, transaction="none")
async def get_setup_status(house: House) -> SetupStatus:
    """Tell whether first-run setup is needed."""
    needed = await setting_up.is_needed(house)
    return SetupStatus(
        setup_required=needed,
        step="token" if needed else "done",
        completed=not needed,
        panel_url=f"{house.settings.public_url}/panel",
        api_port=house.settings.server.port,
    )


@route("GET", "/api/setup/verify", permission=Permission.PUBLIC, accepts=OPEN, transaction="none", refusals=DENIED)
async def verify_setup_token(call: Call) -> Success:
    """Check the setup token."""
    async with _admitted(call):
        return Success()


@route(
    "POST", "/api/setup/validate-token", permission=Permission.PUBLIC, accepts=OPEN, transaction="none",
    refusals=DENIED_TO_ASK,
)  # fmt: skip
async def validate_bot_token(data: Later[TokenCheck], call: Call, house: House) -> TokenResult:
    """Check a bot token against Discord."""
    async with _admitted(call):
        token = _token(data.read().token)
        try:
            found = await house.prober.bot(token)
        except Unfit as fault:
            return TokenResult(valid=False, error=fault.reason)
        return TokenResult(valid=True, bot=FoundBotReply(found.id, found.username, found.avatar, found.missing_intents))


@route(
    "POST", "/api/setup/validate-guild", permission=Permission.PUBLIC, accepts=OPEN, transaction="none",
    refusals=DENIED_TO_ASK,
)  # fmt: skip
async def validate_guild(data: Later[GuildCheck], call: Call, house: House) -> GuildResult:
    """Check that the bot is in a server."""
    async with _admitted(call):
        asked = data.read()
        guild_id = _snowflake(asked.guild_id, "guild_id")
        try:
            found = await house.prober.guild(asked.token, guild_id)
        except Unfit as fault:
            return GuildResult(valid=False, error=fault.reason)
        return GuildResult(
            valid=True, guild=FoundGuildReply(found.id, found.name, found.icon, found.missing_permissions)
        )


@route(
    "POST", "/api/setup/validate-channel", permission=Permission.PUBLIC, accepts=OPEN, transaction="none",
    refusals=DENIED_TO_ASK,
)  # fmt: skip
async def validate_channel(data: Later[ChannelCheck], call: Call, house: House) -> ChannelResult:
    """Check that a channel exists and can be used."""
    async with _admitted(call):
        asked = data.read()
        guild_id, channel_id = _snowflake(asked.guild_id, "guild_id"), _snowflake(asked.channel_id, "channel_id")
        try:
            found = await house.prober.channel(asked.token, guild_id, channel_id)
        except Unfit as fault:
            return ChannelResult(valid=False, error=fault.reason)
        return ChannelResult(valid=True, channel=FoundChannelReply(found.id, found.name, found.kind))


@route(
    "POST", "/api/setup/validate-oauth2", permission=Permission.PUBLIC, accepts=OPEN, transaction="none",
    refusals=DENIED_TO_ASK,
)  # fmt: skip
async def validate_oauth_client(data: Later[ApplicationCheck], call: Call, house: House) -> ApplicationResult:
    """Check the OAuth client id and secret against Discord."""
    async with _admitted(call):
        asked = data.read()
        client_id = _snowflake(asked.client_id, "client_id")
        try:
            await house.prober.check_application(client_id, asked.client_secret)
        except Unfit as fault:
            return ApplicationResult(valid=False, error=fault.reason)
        return ApplicationResult(valid=True)


@route(
    "POST", "/api/setup/save", permission=Permission.PUBLIC, accepts=OPEN, transaction="none",
    refusals=DENIED_TO_ASK,
)  # fmt: skip
async def save_setup(data: Later[SetupSave], call: Call, house: House) -> SetupSaved:
    """Store the configuration, name the first super admins and finish setup."""
    async with _admitted(call):
        await setting_up.save(house, data.read().values)
        return SetupSaved()


@route(
    "POST", "/api/setup/restart", permission=Permission.PUBLIC, accepts=OPEN, transaction="none", refusals=DENIED
)  # fmt: skip
async def restart_after_setup(call: Call, house: House) -> Success:
    """Start the bot with the saved configuration."""
    async with _admitted(call, to_restart=True):
        await setting_up.start_anew(house)
        return Success()


@contextlib.asynccontextmanager
async def _admitted(call: Call, *, to_restart: bool = False) -> AsyncIterator[None]:
    """Do something for whoever knows the setup's token; refusals say `success: false`, as clients of the setup read."""
    try:
        await setting_up.admit(call.house, call.header("x-setup-token") or "", call.ip, to_restart=to_restart)
        yield
    except GuildhallError as error:
        error.details["success"] = False
        raise


def _snowflake(value: object, field: str) -> int:
    """Return an id. Raises InvalidField."""
    if not SNOWFLAKE.fullmatch(str(value)) or not 0 < int(str(value)) <= LARGEST:
        raise InvalidField(f"{field} is no Discord id", field=field)
    return int(str(value))


def _token(value: str) -> str:
    if not value:
        raise InvalidField("token is empty", field="token")
    return value


def _key(name: str) -> str:
    if name in RENAMED:
        return RENAMED[name]
    return f"thread.{name}" if name in OF_THREADS else f"bot.{name}"
