"""The configuration: reading it without its secrets, and changing any part of it."""

import re
from typing import Any, Final

import msgspec

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.core.errors import InvalidField, InvalidJson
from guildhall.dialects.rustmail.wire import REFUSED, REFUSED_TO_WRITE, SESSION
from guildhall.domains import site
from guildhall.domains.identity import Permission
from guildhall.domains.site import SECRETS, Snapshot
from guildhall.domains.site.errors import ConfigurationMoved, InvalidSetting, SettingLocked, UnknownSetting
from guildhall.web.answers import Answer
from guildhall.web.bodies import parse_json
from guildhall.web.bot_control import configure
from guildhall.web.calls import Call
from guildhall.web.house import House
from guildhall.web.routing import route

SECTIONS: Final = (
    "bot",
    "thread",
    "command",
    "language",
    "error_handling",
    "notifications",
    "reminders",
    "logs",
    "tickets",
    "ratings",
    "office_hours",
    "transcripts",
    "attachments",
)
"""The sections of the product's configuration that this dialect shows."""

TOLD: Final = frozenset({"version", "locked", "secrets"})
"""What is told beside the sections: whoever sends back what they read sends these too."""

MEANINGLESS: Final = frozenset({"bot.mode", "bot.ip", "bot.panel_port"})
"""Keys of other versions of this API, which have no effect here."""

VERSION: Final = re.compile('(?:W/)?"?([0-9]{1,9})"?')


class ConfigUpdateResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a change did."""

    success: bool = True
    message: str
    changed: list[str]
    ignored: list[str]
    version: int
    reconnected: bool


@route("GET", "/api/bot/config", permission=Permission.VIEW_DESK, accepts=SESSION, refusals=REFUSED)
async def get_config(tx: Tx, house: House) -> Answer:
    """Read the configuration without secrets."""
    found = await site.read_configuration(tx, house.site)
    etag = (b"etag", f'"{found.version}"'.encode())
    return Answer(msgspec.json.encode(_shown(found)), headers=(etag, (b"cache-control", b"no-store")))


@route(
    "PUT", "/api/bot/config", permission=Permission.MANAGE_CONFIG, accepts=SESSION, transaction="none",
    refusals=(
        *REFUSED_TO_WRITE, InvalidJson, InvalidField, InvalidSetting, UnknownSetting, ConfigurationMoved, SettingLocked,
    ),
)  # fmt: skip
async def update_config(call: Call, actor: Actor, house: House) -> ConfigUpdateResult:
    """Change any part of the configuration; it applies at once."""
    body = parse_json(call.body)
    if not isinstance(body, dict):
        raise InvalidJson("The body must be a JSON object")
    changes, ignored = _changes(body)
    done = await configure(house, actor, changes, version=_version(call, body))
    return ConfigUpdateResult(
        message="Configuration updated" if done.outcome.changed else "Nothing has changed",
        changed=list(done.outcome.changed),
        ignored=ignored,
        version=done.outcome.snapshot.version,
        reconnected=done.reconnected,
    )


def _shown(found: Snapshot) -> dict[str, Any]:
    document = site.plain(found.document)
    return {
        **{name: document[name] for name in SECTIONS},
        "version": found.version,
        "locked": sorted(key for key in found.locked if key.partition(".")[0] in SECTIONS),
        "secrets": {key: bool(found.secret(key)) for key in sorted(SECRETS)},
    }


def _changes(body: dict[str, Any]) -> tuple[dict[str, object], list[str]]:
    """Return the values by `section.key`, and what means nothing here. Raises UnknownSetting, InvalidSetting."""
    unknown = {name: "is no section" for name in body if name not in SECTIONS and name not in TOLD}
    if unknown:
        raise UnknownSetting(f"There is no section {', '.join(unknown)}", faults=unknown)
    faults = {name: "must be an object" for name in SECTIONS if name in body and not isinstance(body[name], dict)}
    if faults:
        raise InvalidSetting(f"{', '.join(faults)} must be an object", faults=faults)
    sent = {f"{name}.{key}": value for name in SECTIONS for key, value in body.get(name, {}).items()}
    return {key: value for key, value in sent.items() if key not in MEANINGLESS}, sorted(MEANINGLESS & sent.keys())


def _version(call: Call, body: dict[str, Any]) -> int | None:
    """Return which version is to be changed, None for whichever it is. Raises InvalidField."""
    wanted = body.get("version")
    if wanted is not None and (not isinstance(wanted, int) or isinstance(wanted, bool)):
        raise InvalidField("version: must be a whole number", field="version")
    header = call.header("if-match")
    if header is None or header.strip() == "*":
        return wanted
    found = VERSION.fullmatch(header.strip())
    # What no version ever was is not the present one either.
    named = int(found[1]) if found else -1
    return named if wanted in {None, named} else -1
