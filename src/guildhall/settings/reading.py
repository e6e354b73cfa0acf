"""Reading the settings from the environment and `.env`."""

import re
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from guildhall.settings.declaring import PortOrOff, SettingsError, Snowflake
from guildhall.settings.rules import faults_of
from guildhall.settings.tree import Settings

T = typing.TypeVar("T")


def load_settings(environ: Mapping[str, str], dotenv: Path | None = Path(".env")) -> Settings:
    """Read the settings; the environment wins over the file. Raises SettingsError with every fault at once."""
    faults: list[str] = []
    written = _read_dotenv(dotenv)
    settings = replace(_read_group(Settings, (environ, written), faults), variables={**written, **environ})
    store = settings.store
    if store.redis_by_host and not store.redis_url:
        settings = replace(settings, store=replace(store, redis_url=store.redis_by_host))
    faults += faults_of(settings)
    if faults:
        raise SettingsError("These settings cannot be used:\n" + "\n".join(f"  {fault}" for fault in faults))
    return settings


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
