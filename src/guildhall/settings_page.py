"""docs/settings.md, written from the declarations themselves."""

from collections.abc import Iterable, Iterator
from dataclasses import Field
from typing import Any

TOP = """\
# Settings

Guildhall reads its settings once, at the start, from the environment and from a file `.env` in the folder it is started
in; the environment wins. A setting that is empty counts as unset. What cannot be used is refused at the start, all of
it at once, with the reason.

Names in brackets are older ones that are honoured as well. A secret never appears in the log or in a message.

This page is written by `guildhall settings > docs/settings.md`.
"""
HEAD = """\
| Setting | Default | Meaning |
|---|---|---|"""


def settings_page(groups: Iterable[tuple[type, list[tuple[Field[Any], str]]]]) -> str:
    """Return the page about these groups of settings, as `guildhall.settings.documented` gives them."""
    return "\n".join([TOP, *(line for kind, settings in groups for line in _group(kind, settings))])


def _group(kind: type, settings: list[tuple[Field[Any], str]]) -> Iterator[str]:
    yield f"## {(kind.__doc__ or kind.__name__).rstrip('.')}\n"
    yield HEAD
    yield from (_row(setting, default) for setting, default in settings)
    yield ""


def _row(setting: Field[Any], default: str) -> str:
    name, *aliases = (f"`{each}`" for each in setting.metadata["names"])
    called = f"{name} ({', '.join(aliases)})" if aliases else name
    meaning = setting.metadata["help"] + (" Secret." if setting.metadata["secret"] else "")
    cells = (called, f"`{default}`" if default else "", meaning)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
