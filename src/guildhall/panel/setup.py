"""The wizard that sets a new house up: six short steps, each checked with Discord before the next.

What was entered waits in a sealed cookie until the last step, which stores all of it at once: until then nothing has
happened, and whoever goes away leaves nothing behind.
"""

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import available_timezones

import msgspec
from msgspec.structs import replace

from guildhall.core.crypto import SecretBox, SecretUnreadable
from guildhall.core.errors import STATUS, GuildhallError, Invalid, InvalidField
from guildhall.domains.identity import Permission
from guildhall.domains.identity.errors import CsrfFailed
from guildhall.domains.site.errors import SetupCompleted
from guildhall.domains.site.sections import BotSettings
from guildhall.domains.site.setup import (
    CATEGORY,
    NEEDED_PERMISSIONS,
    FoundChannel,
    FoundGuild,
    Unfit,
)
from guildhall.panel.face import OPEN
from guildhall.panel.pages import page
from guildhall.panel.words import Refusal, message_of
from guildhall.web import setting_up
from guildhall.web.answers import Answer, redirect
from guildhall.web.bodies import Form, QueryString
from guildhall.web.calls import Call
from guildhall.web.credentials import is_cross_site
from guildhall.web.faces import retry_headers
from guildhall.web.house import House
from guildhall.web.routing import route
from guildhall.web.sessions import cookie

SETUP: Final = "/panel/setup"
COOKIE: Final = "setup"
PURPOSE: Final = "setting up"
AN_HOUR: Final = 3600
LONGEST_COOKIE: Final = 4000
LONGEST_ID: Final = 20

STEPS: Final = (
    ("token", "Token"),
    ("bot", "Bot"),
    ("server", "Server"),
    ("channels", "Channels"),
    ("people", "People"),
    ("words", "Words"),
)
NAMES: Final = [name for name, _ in STEPS]
TEXT: Final = 0
LANGUAGES: Final = {"en": "English", "fr": "Français", "de": "Deutsch", "es": "Español"}


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What was entered so far. An empty text, or None, is what was not."""

    setup_token: str
    token: str = ""
    bot_id: str = ""
    bot_name: str = ""
    missing_intents: list[str] = []
    guild_id: str = ""
    guild_name: str = ""
    staff_id: str = ""
    staff_name: str = ""
    missing_permissions: list[str] = []
    inbox_id: str = ""
    inbox_name: str = ""
    logs_id: str = ""
    logs_name: str = ""
    people: list[str] = []
    client_id: str = ""
    client_secret: str = ""

    @property
    def reached(self) -> str:
        """The first step that is not done yet."""
        done = (self.setup_token, self.token, self.guild_id, self.inbox_id, self.people)
        return next((name for name, value in zip(NAMES, done, strict=False) if not value), "words")

    @property
    def values(self) -> dict[str, object]:
        """What it comes to in the configuration."""
        apart = self.staff_id != self.guild_id
        guilds: dict[str, object] = (
            {"bot.community_guild_id": self.guild_id, "bot.staff_guild_id": self.staff_id}
            if apart
            else {"bot.guild_id": self.guild_id}
        )
        logs = {"bot.enable_logs": True, "bot.logs_channel_id": self.logs_id} if self.logs_id else {}
        client = {"bot.client_id": self.client_id, "bot.client_secret": self.client_secret} if self.client_id else {}
        return {
            "bot.token": self.token,
            "bot.server_mode": "dual" if apart else "single",
            "thread.inbox_category_id": self.inbox_id,
            "bot.panel_super_admin_users": self.people,
            **guilds,
            **logs,
            **client,
        }


class AtStep(QueryString, frozen=True, kw_only=True):
    """Which step to look at again; empty for the next one."""

    step: str = ""


class TokenForm(Form, frozen=True, kw_only=True):
    """The setup's token."""

    setup_token: str = ""


class BotForm(Form, frozen=True, kw_only=True):
    """The bot's token; empty for the one that was entered."""

    token: str = ""


class ServerForm(Form, frozen=True, kw_only=True):
    """The community's server, and that of its staff, empty for the same."""

    guild: str = ""
    staff: str = ""


class ChannelsForm(Form, frozen=True, kw_only=True):
    """Where tickets and the log go; the log may go nowhere."""

    inbox: str = ""
    logs: str = ""


class PeopleForm(Form, frozen=True, kw_only=True):
    """Who rules the desk, and the application by which people sign in, if there is one."""

    people: str = ""
    client_id: str = ""
    client_secret: str = ""


class WordsForm(Form, frozen=True, kw_only=True):
    """What members read."""

    status: str = BotSettings().status
    welcome: str = BotSettings().welcome_message
    closing: str = BotSettings().close_message
    language: str = "en"
    zone: str = "UTC"

    @property
    def values(self) -> dict[str, object]:
        """What it comes to in the configuration."""
        return {
            "bot.status": self.status.strip(),
            "bot.welcome_message": self.welcome.strip().replace("\r\n", "\n"),
            "bot.close_message": self.closing.strip().replace("\r\n", "\n"),
            "language.default_language": self.language,
            "bot.timezone": self.zone.strip(),
        }


@route("GET", SETUP, permission=Permission.PUBLIC, accepts=OPEN, transaction="none", content="text/html")
async def show_setup(query: AtStep, call: Call, house: House) -> Answer:
    """Show the next step, or one that was done already."""
    if not await setting_up.is_needed(house):
        return _page(call, None, "done", headers=[_forgotten(call)])
    draft = _draft(call)
    reached = draft.reached if draft else "token"
    asked = query.step if query.step in NAMES[: NAMES.index(reached) + 1] else reached
    return await _step(call, draft, asked)


@route("POST", SETUP + "/token", permission=Permission.PUBLIC, accepts=OPEN, transaction="none", content="text/html")
async def give_token(form: TokenForm, call: Call, house: House) -> Answer:
    """Let in whoever knows the setup's token."""
    _check_own_page(call)
    given = form.setup_token.strip()
    try:
        await setting_up.admit(house, given, call.ip)
    except SetupCompleted:
        return redirect(SETUP)
    except GuildhallError as error:
        refusal = Refusal(message_of(error), "setup_token", STATUS[error.kind])
        return _page(call, None, "token", refusal=refusal, headers=retry_headers(error))
    return _on(call, Draft(setup_token=given))


@route("POST", SETUP + "/bot", permission=Permission.PUBLIC, accepts=OPEN, transaction="none", content="text/html")
async def give_bot(form: BotForm, call: Call, house: House) -> Answer:
    """Take the bot's token, which Discord must know."""
    draft = await _admitted(call)
    token = form.token.strip() or draft.token
    try:
        found = await house.prober.bot(token)
    except Unfit as fault:
        return await _step(call, draft, "bot", refusal=_refusal(fault, "token"))
    kept = draft if draft.bot_id == found.id else Draft(setup_token=draft.setup_token)
    return _on(
        call,
        replace(
            kept,
            token=token,
            bot_id=found.id,
            bot_name=found.username,
            missing_intents=found.missing_intents,
        ),
    )


@route("POST", SETUP + "/server", permission=Permission.PUBLIC, accepts=OPEN, transaction="none", content="text/html")
async def choose_server(form: ServerForm, call: Call, house: House) -> Answer:
    """Take the servers, which the bot must be in."""
    draft = await _admitted(call)
    try:
        guild = await house.prober.guild(draft.token, _id(form.guild, "guild"))
        staff = await house.prober.guild(draft.token, _id(form.staff or form.guild, "staff"))
    except (Unfit, InvalidField) as fault:
        return await _step(call, draft, "server", refusal=_refusal(fault, "guild"), entered=form)
    moved = draft.staff_id != staff.id
    missing = sorted({*guild.missing_permissions, *staff.missing_permissions})
    chosen = replace(
        draft,
        guild_id=guild.id,
        guild_name=guild.name,
        staff_id=staff.id,
        staff_name=staff.name,
        missing_permissions=missing,
    )
    return _on(call, replace(chosen, inbox_id="", inbox_name="", logs_id="", logs_name="") if moved else chosen)


@route("POST", SETUP + "/channels", permission=Permission.PUBLIC, accepts=OPEN, transaction="none", content="text/html")
async def choose_channels(form: ChannelsForm, call: Call, house: House) -> Answer:
    """Take the channels, which the bot must see."""
    draft, field = await _admitted(call), "inbox"
    try:
        inbox = await house.prober.channel(draft.token, int(draft.staff_id), _id(form.inbox, "inbox"))
        field = "logs"
        logs = None
        if form.logs:
            logs = await house.prober.channel(draft.token, int(draft.staff_id), _id(form.logs, "logs"))
    except (Unfit, InvalidField) as fault:
        return await _step(call, draft, "channels", refusal=_refusal(fault, field), entered=form)
    return _on(
        call,
        replace(
            draft,
            inbox_id=inbox.id,
            inbox_name=inbox.name,
            logs_id=logs.id if logs else "",
            logs_name=logs.name if logs else "",
        ),
    )


@route("POST", SETUP + "/people", permission=Permission.PUBLIC, accepts=OPEN, transaction="none", content="text/html")
async def name_people(form: PeopleForm, call: Call, house: House) -> Answer:
    """Take who rules the desk, and the application by which they sign in."""
    draft, field = await _admitted(call), "people"
    try:
        people = [str(_id(each, "people")) for each in form.people.replace(",", " ").split() or [""]]
        field = "client_secret"
        secret = form.client_secret.strip() or (draft.client_secret if form.client_id == draft.client_id else "")
        if secret:
            await house.prober.check_application(_id(form.client_id, "client_id"), secret)
    except (Unfit, InvalidField) as fault:
        return await _step(call, draft, "people", refusal=_refusal(fault, field), entered=form)
    client_id = form.client_id.strip() if secret else ""
    return _on(call, replace(draft, people=people, client_id=client_id, client_secret=secret))


@route("POST", SETUP + "/words", permission=Permission.PUBLIC, accepts=OPEN, transaction="none", content="text/html")
async def finish(form: WordsForm, call: Call, house: House) -> Answer:
    """Store everything that was entered, and let the bot start."""
    draft = await _admitted(call)
    try:
        await setting_up.save(house, {**draft.values, **form.values})
    except SetupCompleted:
        return redirect(SETUP)
    except Invalid as error:
        return await _step(call, draft, "words", refusal=Refusal.of(error), entered=form)
    return redirect(SETUP, headers=[_forgotten(call)])


async def _admitted(call: Call) -> Draft:
    """Return what this browser has entered, when the setup is not over. Raises CsrfFailed, SetupCompleted."""
    _check_own_page(call)
    draft = _draft(call)
    if draft is None:
        raise CsrfFailed("This page is too old; begin again")
    # The setting of the token may have changed since.
    await setting_up.admit(call.house, draft.setup_token, call.ip)
    return draft


def _check_own_page(call: Call) -> None:
    if is_cross_site(call):
        raise CsrfFailed


def _on(call: Call, draft: Draft) -> Answer:
    """Go on to the next step, with what was entered."""
    sealed = _box(call.house).encrypt(msgspec.json.encode(draft).decode(), place=COOKIE)
    if len(sealed) > LONGEST_COOKIE:
        raise InvalidField("This is too much; name fewer people", field="people")
    return redirect(SETUP, headers=[cookie(call, COOKIE, sealed, seconds=AN_HOUR)])


def _draft(call: Call) -> Draft | None:
    sealed = call.request.cookies.get(COOKIE, "")
    if not sealed or len(sealed) > LONGEST_COOKIE:
        return None
    try:
        return msgspec.json.decode(_box(call.house).decrypt(sealed, place=COOKIE), type=Draft)
    except (SecretUnreadable, msgspec.DecodeError):
        return None


def _box(house: House) -> SecretBox:
    return SecretBox(house.token_key, PURPOSE)


def _forgotten(call: Call) -> tuple[bytes, bytes]:
    return cookie(call, COOKIE, "", seconds=0)


async def _step(
    call: Call, draft: Draft | None, step: str, *, refusal: Refusal | None = None, entered: Form | None = None
) -> Answer:
    """Show a step, with what there is to choose from."""
    prober = call.house.prober
    guilds: Sequence[FoundGuild] = ()
    channels: Sequence[FoundChannel] = ()
    try:
        if draft and step == "server":
            guilds = await prober.guilds(draft.token)
        if draft and step == "channels":
            channels = await prober.channels(draft.token, int(draft.staff_id))
    except Unfit as fault:
        refusal = refusal or _refusal(fault, "")
    return _page(call, draft, step, refusal=refusal, entered=entered, guilds=guilds, channels=channels)


def _page(
    call: Call,
    draft: Draft | None,
    step: str,
    *,
    refusal: Refusal | None = None,
    entered: Form | None = None,
    guilds: Sequence[FoundGuild] = (),
    channels: Sequence[FoundChannel] = (),
    headers: Sequence[tuple[bytes, bytes]] = (),
) -> Answer:
    house = call.house
    return page(
        call,
        "setup.html",
        status=refusal.status if refusal else 200,
        headers=headers,
        title="Set up",
        steps=STEPS,
        names=NAMES,
        step=step,
        draft=draft or Draft(setup_token=""),
        refusal=refusal,
        entered=entered or _as_entered(draft, step),
        guilds=guilds,
        categories=[each for each in channels if each.kind == CATEGORY],
        texts=[each for each in channels if each.kind == TEXT],
        invitation=_invitation(house, draft.bot_id) if draft and draft.bot_id else "",
        redirect_address=house.discord_redirect,
        languages=LANGUAGES,
        zones=sorted(available_timezones()) if step == "words" else (),
        from_environment=bool(house.settings.desk.setup_token),
    )


def _as_entered(draft: Draft | None, step: str) -> Any:  # noqa: ANN401 (the form of the step)
    """Return the form of a step as it was filled in before."""
    if step == "words" or draft is None:
        return WordsForm()
    if step == "server":
        return ServerForm(guild=draft.guild_id, staff="" if draft.staff_id == draft.guild_id else draft.staff_id)
    if step == "channels":
        return ChannelsForm(inbox=draft.inbox_id, logs=draft.logs_id)
    return PeopleForm(people=" ".join(draft.people), client_id=draft.client_id or draft.bot_id)


def _invitation(house: House, bot_id: str) -> str:
    """Return the page on which a server's owner invites the bot."""
    permissions = sum(NEEDED_PERMISSIONS.values())
    asked = {"client_id": bot_id, "scope": "bot applications.commands", "permissions": str(permissions)}
    return f"{house.settings.discord.authorization_page}?{urlencode(asked)}"


def _refusal(fault: Unfit | InvalidField, field: str) -> Refusal:
    """Put a refusal beside a field."""
    if isinstance(fault, InvalidField):
        return Refusal.of(fault)
    return Refusal(f"{fault.reason}.", field, 400)


def _id(text: str, field: str) -> int:
    """Return an id of Discord. Raises InvalidField."""
    bare = text.strip()
    if not bare.isascii() or not bare.isdigit() or len(bare) > LONGEST_ID:
        raise InvalidField("This is needed" if not bare else "An id of Discord has digits only", field=field)
    return int(bare)
