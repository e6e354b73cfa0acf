"""How a setting is declared: once, with its names, its default and its meaning."""

import typing
from dataclasses import MISSING, field
from typing import Any

PortOrOff = typing.NewType("PortOrOff", int)
"""A port, or 0 for none, which may be written `off`."""

Snowflake = typing.NewType("Snowflake", int)
"""An id of Discord, or 0 for none."""


class SettingsError(Exception):
    """One or more settings cannot be used; the text lists each with what to do."""


def setting(*names: str, default: Any = MISSING, help: str, secret: bool = False) -> Any:  # noqa: A002, ANN401
    """Declare one setting: its name in the environment, then its aliases, its default and its meaning.

    The value of a secret is not shown where the settings are printed.
    """
    return field(default=default, repr=not secret, metadata={"names": names, "help": help, "secret": secret})
