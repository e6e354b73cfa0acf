"""The settings of tickets: names of this dialect for parts of the one configuration."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Final

import msgspec
from msgspec import UNSET, UnsetType

from guildhall.core.clock import Clock
from guildhall.core.db import Tx
from guildhall.core.errors import Invalid, InvalidJson
from guildhall.dialects.hazebot.ticket_errors import NoValidSetting
from guildhall.dialects.hazebot.ticket_wire import NO_CATEGORY
from guildhall.dialects.hazebot.ticket_work import Visitor
from guildhall.dialects.hazebot.tickets import OWN, TOKEN, visitor_of
from guildhall.domains import site
from guildhall.domains.identity import Permission
from guildhall.domains.site import Document
from guildhall.domains.site.errors import InvalidSetting
from guildhall.domains.tickets import categories
from guildhall.web.bodies import Body, convert, parse_json
from guildhall.web.calls import Call
from guildhall.web.house import House
from guildhall.web.routing import route

PLACE: Final = "/api/config/tickets"
KEYS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "enabled": "tickets.enabled",
        "max_open_per_user": "tickets.max_open_per_user",
        "auto_close_hours": "tickets.inactivity_close_hours",
        "transcript_enabled": "transcripts.enabled",
        "auto_delete_after_close_days": "tickets.auto_delete_after_close_days",
        "require_claim": "tickets.claim_exclusive",
        "transcript_email_address": "transcripts.email_to",
        "owner_can_close": "tickets.owner_can_close",
        "max_reopens": "tickets.max_user_reopens",
    }
)
"""What each name of the dialect is called in the configuration; the two that are missing are no settings there."""


class TicketConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The settings as the dialect shows them."""

    enabled: bool
    max_open_per_user: int
    auto_close_hours: int
    transcript_enabled: bool
    categories: list[str]
    auto_delete_after_close_days: int
    require_claim: bool
    send_transcript_email: bool
    transcript_email_address: str
    owner_can_close: bool
    max_reopens: int


class TicketConfigUpdate(Body, frozen=True, kw_only=True):
    """Any of the settings; what a value may be is judged where the configuration is."""

    refusals: ClassVar[Mapping[str, type[Invalid]]] = dict.fromkeys(TicketConfig.__struct_fields__, InvalidSetting)

    enabled: bool | UnsetType = UNSET
    max_open_per_user: int | UnsetType = UNSET
    auto_close_hours: int | UnsetType = UNSET
    transcript_enabled: bool | UnsetType = UNSET
    categories: list[str] | UnsetType = UNSET
    auto_delete_after_close_days: int | UnsetType | None = UNSET
    require_claim: bool | UnsetType = UNSET
    send_transcript_email: bool | UnsetType = UNSET
    transcript_email_address: str | UnsetType = UNSET
    owner_can_close: bool | UnsetType = UNSET
    max_reopens: int | UnsetType = UNSET

    def changes(self, document: Document) -> dict[str, object]:
        """Return what is to be set, by the names of the configuration. Raises InvalidSetting."""
        sent = {name: getattr(self, name) for name in KEYS}
        found = {KEYS[name]: value for name, value in sent.items() if value is not UNSET}
        days, mail = KEYS["auto_delete_after_close_days"], KEYS["transcript_email_address"]
        if days in found:
            found[days] = found[days] or 0
        if mail in found:
            found[mail] = found[mail] or None
        if self.send_transcript_email is False:
            found[mail] = None
        elif self.send_transcript_email is True and not found.get(mail, document.transcripts.email_to):
            raise InvalidSetting("transcript_email_address: is needed for sending", field="transcript_email_address")
        return found


class TicketConfigResult(msgspec.Struct, frozen=True, kw_only=True):
    """The settings after a change; `ignored` are keys of the request that are none."""

    success: bool = True
    message: str
    config: TicketConfig
    changed: list[str]
    ignored: list[str] = []


@route("GET", PLACE, permission=OWN, accepts=TOKEN)
async def get_tickets_config(call: Call, tx: Tx, house: House) -> TicketConfig:
    """Read the settings of tickets; the mail address is for administrators."""
    return await _shown(tx, house.site.now.document, visitor_of(call))


@route(
    "PUT", PLACE, permission=Permission.MANAGE_CONFIG, accepts=TOKEN,
    refusals=(InvalidJson, InvalidSetting, NoValidSetting),
)  # fmt: skip
async def update_tickets_config(call: Call, tx: Tx, house: House, clock: Clock) -> TicketConfigResult:
    """Change settings of tickets; keys that are not sent stay."""
    body = parse_json(call.body)
    if not isinstance(body, dict):
        raise InvalidJson("The body must be a JSON object")
    known = body.keys() & set(TicketConfigUpdate.__struct_fields__)
    if not known:
        raise NoValidSetting
    data = convert(body, TicketConfigUpdate)
    done = await _change(tx, call, data.changes(house.site.now.document), house, clock)
    if data.categories is not UNSET:
        changed = await _offer(tx, call, data.categories, done.snapshot.document, clock)
    else:
        changed = []
    return TicketConfigResult(
        message="Ticket configuration updated",
        config=await _shown(tx, done.snapshot.document, visitor_of(call)),
        changed=[*_named(done), *changed],
        ignored=sorted(body.keys() - known),
    )


@route("POST", f"{PLACE}/reset", permission=Permission.MANAGE_CONFIG, accepts=TOKEN)
async def reset_tickets_config(call: Call, tx: Tx, house: House, clock: Clock) -> TicketConfigResult:
    """Set the settings of tickets back to the defaults; categories, which have forms and readers, stay."""
    default = site.plain(Document())
    wanted = {key: default[key.partition(".")[0]][key.partition(".")[2]] for key in KEYS.values()}
    done = await _change(tx, call, wanted, house, clock)
    return TicketConfigResult(
        message="Ticket configuration reset to defaults",
        config=await _shown(tx, done.snapshot.document, visitor_of(call)),
        changed=_named(done),
    )


async def _change(tx: Tx, call: Call, wanted: dict[str, object], house: House, clock: Clock) -> site.Outcome:
    """Change the configuration, and say what was wrong with it in the names of the dialect. Raises InvalidSetting."""
    try:
        return await site.change_configuration(tx, call.actor, wanted, site=house.site, now=clock.now())
    except InvalidSetting as error:
        names = {key: name for name, key in KEYS.items()}
        faults = msgspec.convert(error.details["faults"], dict[str, str])
        said = {names.get(key, key): words for key, words in faults.items()}
        sentences = [f"{name} {words}" for name, words in said.items()]
        raise InvalidSetting("; ".join(sentences), field=next(iter(said))) from error


async def _offer(tx: Tx, call: Call, names: list[str], document: Document, clock: Clock) -> list[str]:
    """Let people choose just these categories; the one that stands for none is no category. Raises InvalidSetting."""
    if not names:
        raise InvalidSetting("categories: name at least one", field="categories")
    wanted = [] if [each.strip() for each in names] == [NO_CATEGORY] else names
    try:
        moved = await categories.offer_only(
            tx, call.actor, wanted, place=document.thread.inbox_category_id, now=clock.now()
        )
    except Invalid as error:
        raise InvalidSetting(f"categories: {error.message}", field="categories") from error
    return ["categories"] if moved else []


def _named(done: site.Outcome) -> list[str]:
    return [name for name, key in KEYS.items() if key in done.changed]


async def _shown(tx: Tx, document: Document, visitor: Visitor) -> TicketConfig:
    plain = site.plain(document)
    values = {name: plain[key.partition(".")[0]][key.partition(".")[2]] for name, key in KEYS.items()}
    offered = [each.name for each in await categories.list_categories(tx) if each.enabled]
    address = values["transcript_email_address"] or ""
    values["transcript_email_address"] = address if visitor.is_admin else ""
    return TicketConfig(**values, categories=offered or [NO_CATEGORY], send_transcript_email=bool(address))
