"""Reading bodies as Discord does: everything that is wrong is told at once, in a tree of errors."""

import re
from dataclasses import dataclass, field
from typing import Any, TypeVar

from guildhall.simulator.discord.refusals import Json, bad_form

T = TypeVar("T")

SNOWFLAKE = re.compile(r"\d{1,20}")


@dataclass
class Form:
    """A body that is read field by field; `check` raises once all were read. A field of a wrong kind reads as None."""

    body: Json
    _errors: Json = field(default_factory=dict)

    def fail(self, path: str, code: str, message: str) -> None:
        """Note what is wrong with a field; a path with dots leads into lists and objects."""
        place = self._errors
        for step in path.split("."):
            place = place.setdefault(step, {})
        place.setdefault("_errors", []).append({"code": code, "message": message})

    def check(self) -> None:
        """Raise Invalid Form Body when anything was wrong."""
        if self._errors:
            raise bad_form(self._errors)

    def text(self, name: str, *, most: int, least: int = 0, required: bool = False) -> str | None:
        """Read a text of this length."""
        value = self._value(name, str, "string", required=required)
        if value is not None:
            self.measure(name, value, least=least, most=most)
        return value

    def measure(self, path: str, value: str, *, most: int, least: int = 0) -> None:
        """Note a text that is too long or too short."""
        if len(value) > most and least == 0:
            self.fail(path, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")
        elif not least <= len(value) <= most:
            self.fail(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and {most} in length.")

    def whole(self, name: str, *, least: int, most: int, required: bool = False) -> int | None:
        """Read a whole number within these bounds."""
        value = self._value(name, int, "integer", required=required)
        if value is not None and not least <= value <= most:
            self.fail(name, "NUMBER_TYPE_RANGE", f"int value should be between {least} and {most}.")
        return value

    def choice(self, name: str, *choices: int, required: bool = False) -> int | None:
        """Read a number that is one of these."""
        value = self._value(name, int, "integer", required=required)
        if value is not None and value not in choices:
            self.fail(name, "BASE_TYPE_CHOICES", f"Value must be one of {set(choices)}.")
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Read a yes or no."""
        value = self._value(name, bool, "boolean")
        return default if value is None else value

    def snowflake(self, name: str, *, required: bool = False) -> str | None:
        """Read an id, written as text or as a number."""
        value = self.body.get(name)
        if isinstance(value, str | int) and SNOWFLAKE.fullmatch(str(value)):
            return str(value)
        if value is not None:
            self.fail(name, "NUMBER_TYPE_COERCE", f'Value "{value}" is not snowflake.')
        elif required:
            self._require(name)
        return None

    def permissions(self, name: str) -> int | None:
        """Read a set of permissions, written as text or as a number."""
        value = self.body.get(name)
        if value is None:
            return None
        if not str(value).isdecimal():
            self.fail(name, "NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
            return None
        return int(value)

    def inner(self, name: str) -> Json:
        """Read an object, an empty one where there is none."""
        value: Json = self._value(name, dict, "object") or {}
        return value

    def items(self, name: str, *, most: int) -> list[Json]:
        """Read a list of objects."""
        value: list[Any] = self._value(name, list, "list") or []
        if len(value) > most:
            self.fail(name, "BASE_TYPE_BAD_LENGTH", f"Must be between 0 and {most} in length.")
        for index, each in enumerate(value):
            if not isinstance(each, dict):
                self.fail(f"{name}.{index}", "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
        return [each for each in value if isinstance(each, dict)]

    def _value(self, name: str, kind: type[T], called: str, *, required: bool = False) -> T | None:
        value = self.body.get(name)
        if value is None:
            if required:
                self._require(name)
            return None
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self.fail(name, "BASE_TYPE_CONVERT", f"Could not interpret value as {called}.")
            return None
        return value

    def _require(self, name: str) -> None:
        self.fail(name, "BASE_TYPE_REQUIRED", "This field is required")
