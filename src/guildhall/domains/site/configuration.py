"""The configuration as every process sees it, and changing it.

What the environment sets comes before what is stored, and that before the defaults. Each process has one snapshot;
readers take it anew for each use, and it follows every change within a second.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

import msgspec
from msgspec.structs import asdict, replace
from sqlalchemy import bindparam, update

from guildhall.core.actor import Actor
from guildhall.core.crypto import SecretBox, SecretUnreadable
from guildhall.core.db import Database, StoreUnavailable, Tx, command, insert_if_new
from guildhall.core.events import EventBus
from guildhall.core.log import get_logger
from guildhall.domains import audit
from guildhall.domains.site.errors import ConfigurationMoved, InvalidSetting, SettingLocked, UnknownSetting
from guildhall.domains.site.models import Change, KeyChange, Stored, site_configuration
from guildhall.domains.site.queries import STORED, STORED_LOCKED, VERSION
from guildhall.domains.site.sections import KINDS, SECRETS, SECTIONS, Document, contradictions
from guildhall.domains.site.values import plain, read_value, words_of

log = get_logger(__name__)

CHANGED: Final = "site.configuration"
"""The topic under which is told that the configuration has changed."""

LOOK: Final = 0.3
"""Seconds between two looks at the version: processes that share no Redis hear nothing of each other."""

LONGEST_SECRET: Final = 500
HIDDEN: Final = "changed"

BEGIN = insert_if_new(site_configuration)
_bound = {name: bindparam(f"new_{name}", type_=site_configuration.c[name].type) for name in Stored.__struct_fields__}
SET = command(update(site_configuration).where(site_configuration.c.id == 1).values(**_bound))

Values = Mapping[str, object]
"""Plain values by `section.key`."""


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The configuration at one version. `locked` are the keys that the environment sets."""

    version: int
    document: Document
    locked: frozenset[str]
    secrets: Mapping[str, str] = field(repr=False)

    def secret(self, key: str) -> str:
        """Return a secret, empty when none is set."""
        return self.secrets.get(key, "")


@dataclass(frozen=True)
class Outcome:
    """What a change did: the configuration after it, and the keys that it changed, in the order of their sections."""

    snapshot: Snapshot
    changed: tuple[str, ...]


class Configuration:
    """What a process knows of the configuration. `fixed` are the values that the environment sets."""

    def __init__(self, database: Database, box: SecretBox, *, fixed: Values) -> None:
        self._database = database
        self._box = box
        self._fixed = {key: value for key, value in fixed.items() if key not in SECRETS}
        self._fixed_secrets = {key: str(value) for key, value in fixed.items() if key in SECRETS}
        self._watchers: set[Callable[[], None]] = set()
        self.now = self.snapshot_of(Stored())

    def snapshot_of(self, stored: Stored) -> Snapshot:
        """Return what a stored configuration comes to in this process."""
        return Snapshot(
            version=stored.version,
            document=_document({**stored.set_values, **self._fixed}),
            locked=frozenset({*self._fixed, *self._fixed_secrets}),
            secrets=MappingProxyType({**self._opened(stored.sealed), **self._fixed_secrets}),
        )

    def seal(self, key: str, value: str) -> str:
        """Return a secret as it is stored."""
        return self._box.encrypt(value, place=key)

    def take(self, snapshot: Snapshot) -> None:
        """Let this process go by a snapshot from now on, unless it knows a later one."""
        if snapshot.version > self.now.version:
            self.now = snapshot
            for each in tuple(self._watchers):
                each()

    async def refresh(self, tx: Tx) -> None:
        """Take what is stored, when that is another version."""
        if await tx.one(VERSION) not in {None, self.now.version}:
            self.take(await read_configuration(tx, self))

    @contextlib.contextmanager
    def watching(self, moved: Callable[[], None]) -> Iterator[None]:
        """Call `moved`, on the loop, whenever this process goes by another version, while the context is open."""
        self._watchers.add(moved)
        try:
            yield
        finally:
            self._watchers.discard(moved)

    async def keep(self, events: EventBus) -> None:
        """Follow every change until the bus stops: at once when it is told, and otherwise at the next look."""
        async with events.subscribe(CHANGED) as told:
            while True:
                try:
                    async with self._database.read() as tx:
                        await self.refresh(tx)
                except StoreUnavailable as fault:
                    log.warning("The configuration stays as it was last read", reason=fault.message)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK):
                        if await anext(told, None) is None:
                            return

    def _opened(self, sealed: Mapping[str, str]) -> dict[str, str]:
        found = {}
        for key, value in sealed.items():
            try:
                found[key] = self._box.decrypt(value, place=key)
            except SecretUnreadable as fault:
                log.warning("A secret of the configuration counts as not set", key=key, reason=str(fault))
        return found


async def read_configuration(tx: Tx, site: Configuration) -> Snapshot:
    """Return the configuration as it is stored now."""
    return site.snapshot_of(await tx.one(STORED) or Stored())


async def change_configuration(
    tx: Tx, actor: Actor, changes: Values, *, site: Configuration, version: int | None = None, now: datetime
) -> Outcome:
    """Set some keys, by `section.key`, and leave the others; one wrong value refuses the whole change.

    Two changes at once follow one another, so neither is lost. A secret that reads like one that was hidden, with `...`
    or of nothing but `*`, is left as it is; an empty one is forgotten. What is as it was makes no new version.
    Raises UnknownSetting, InvalidSetting, SettingLocked, and ConfigurationMoved when `version` is not the present one.
    """
    await tx.run(BEGIN, id=1, **asdict(Stored()))
    stored = await tx.one(STORED_LOCKED) or Stored()
    before = site.snapshot_of(stored)
    if version is not None and version != before.version:
        raise ConfigurationMoved(version=before.version)
    wanted, secrets = _read(changes)
    old = _values(before.document)
    moved = {key: value for key, value in wanted.items() if value != old[key]}
    moved_secrets = {key: value for key, value in secrets.items() if value != before.secret(key)}
    _check_unlocked(before, [*moved, *moved_secrets])
    if not moved and not moved_secrets:
        return Outcome(before, ())
    after = replace(
        stored,
        version=stored.version + 1,
        set_values={**stored.set_values, **moved},
        sealed=_resealed(site, stored.sealed, moved_secrets),
    )
    snapshot = site.snapshot_of(after)
    _refuse(InvalidSetting, contradictions(snapshot.document))
    await tx.run(SET, **{f"new_{name}": value for name, value in asdict(after).items()})
    made = [
        *(KeyChange(key, old[key], value) for key, value in moved.items()),
        *(KeyChange(key, HIDDEN, HIDDEN) for key in moved_secrets),
    ]
    await tx.insert(Change(version=after.version, at=now, actor=actor.kind.value, user_id=actor.user_id, changes=made))
    told = {"version": after.version, "changes": msgspec.to_builtins(made)}
    await audit.record(tx, actor, "configuration.changed", None, now=now, **told)
    tx.after_commit(lambda: site.take(snapshot))
    tx.announce(CHANGED, version=after.version)
    return Outcome(snapshot, tuple(each.key for each in made))


def _document(values: Values) -> Document:
    """Return the document with these values in place of the defaults. What a key cannot hold any more is left out."""
    sections: dict[str, dict[str, object]] = {}
    for key, value in values.items():
        section, _, name = key.partition(".")
        try:
            sections.setdefault(section, {})[name] = read_value(KINDS[key], value)
        except (KeyError, ValueError) as fault:
            log.warning("A setting counts as not set", key=key, reason=str(fault))
    made: dict[str, Any] = {name: SECTIONS[name](**given) for name, given in sections.items()}
    return Document(**made)


def _values(document: Document) -> dict[str, object]:
    return {f"{section}.{key}": value for section, given in plain(document).items() for key, value in given.items()}


def _read(changes: Values) -> tuple[dict[str, object], dict[str, str]]:
    """Return what is to be set, in its one spelling, and the secrets. Raises UnknownSetting, InvalidSetting."""
    _refuse(UnknownSetting, {key: "is no setting" for key in changes if key not in KINDS and key not in SECRETS})
    faults: dict[str, str] = {}
    wanted: dict[str, object] = {}
    secrets: dict[str, str] = {}
    for key, value in changes.items():
        try:
            if key not in SECRETS:
                wanted[key] = plain(read_value(KINDS[key], value))
            elif not _reads_hidden(secret := _secret(value)):
                secrets[key] = secret
        except ValueError as fault:
            faults[key] = words_of(fault)
    _refuse(InvalidSetting, faults)
    return wanted, secrets


def _secret(value: object) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_SECRET or not value.isprintable():
        raise ValueError(f"must be text of at most {LONGEST_SECRET} characters")
    return value.strip()


def _reads_hidden(secret: str) -> bool:
    return "..." in secret or bool(secret and not secret.strip("*"))


def _refuse(error: type[UnknownSetting | InvalidSetting], faults: Mapping[str, str]) -> None:
    if faults:
        sentences = [f"{key} {words}" for key, words in faults.items()]
        raise error("; ".join(sentences[:3]), faults=dict(faults))


def _check_unlocked(snapshot: Snapshot, keys: list[str]) -> None:
    locked = [key for key in keys if key in snapshot.locked]
    if locked:
        raise SettingLocked(f"The environment of the server sets {', '.join(locked)}", keys=locked)


def _resealed(site: Configuration, sealed: Mapping[str, str], moved: Mapping[str, str]) -> dict[str, str]:
    fresh = {key: site.seal(key, value) for key, value in moved.items() if value}
    return {**{key: value for key, value in sealed.items() if key not in moved}, **fresh}
