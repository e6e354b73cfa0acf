"""The kinds of text that settings hold: each checks what it is made from, and keeps one spelling of it."""

import re
from typing import Any, ClassVar, Final, Self
from zoneinfo import ZoneInfo

import msgspec


class Spelled(str):
    """Text in one spelling. `said` tells what is wrong with what cannot be spelled so."""

    __slots__ = ()
    form: ClassVar[re.Pattern[str]]
    said: ClassVar[str]

    @classmethod
    def read(cls, value: object) -> Self:
        """Return a value in its one spelling. Raises ValueError."""
        if not isinstance(value, str) or not cls.form.fullmatch(value):
            raise ValueError(cls.said)
        return cls(cls.spell(value))

    @classmethod
    def spell(cls, text: str) -> str:
        """Return the one spelling of a text that has the form. Raises ValueError."""
        return text


class DiscordId(Spelled):
    """An id of Discord. Some clients send numbers."""

    __slots__ = ()
    form = re.compile("[0-9]{1,20}")
    said = "must be an id of Discord, which has 1 to 20 digits"

    @classmethod
    def read(cls, value: object) -> Self:
        """Return the digits. Raises ValueError."""
        is_number = isinstance(value, int) and not isinstance(value, bool)
        return super().read(str(value) if is_number else value)


class Colour(Spelled):
    """A colour in RGB: six hexadecimal digits in lower case, without the sign before them."""

    __slots__ = ()
    form = re.compile("#?[0-9A-Fa-f]{6}")
    said = "must be a colour of six hexadecimal digits"

    @classmethod
    def spell(cls, text: str) -> str:
        """Return the digits."""
        return text.removeprefix("#").lower()


class ZoneName(Spelled):
    """A time zone by its IANA name."""

    __slots__ = ()
    form = re.compile(r"[\w+-]+(?:/[\w+-]+){0,2}", re.ASCII)
    said = "must be a time zone such as Europe/Brussels"

    @classmethod
    def spell(cls, text: str) -> str:
        """Return the name of a zone that is known. Raises ValueError."""
        try:
            return ZoneInfo(text).key
        except (KeyError, OSError) as fault:
            raise ValueError(cls.said) from fault


class Language(Spelled):
    """A language that the bot may speak, by its code."""

    __slots__ = ()
    form = re.compile("[a-z]{2}(?:-[A-Z]{2})?")
    said = "must be the code of a language, such as en or pt-BR"


class TimeOfDay(Spelled):
    """A time of the day, in hours and minutes."""

    __slots__ = ()
    form = re.compile("(?:[01][0-9]|2[0-3]):[0-5][0-9]")
    said = "must be a time such as 09:30"


class WebAddress(Spelled):
    """An address on the web."""

    __slots__ = ()
    form = re.compile(r"https?://[^\s/]\S{0,1990}")
    said = "must begin with http:// or https:// and a host"


class MailAddress(Spelled):
    """An address that mail goes to."""

    __slots__ = ()
    form = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")
    said = "must be a mail address"


def read_value(kind: Any, value: object) -> Any:  # noqa: ANN401 (whatever a setting may hold)
    """Return a plain value as a setting of this kind. Raises ValueError with words that say what is wrong."""
    return msgspec.convert(value, kind, dec_hook=_spelled)


_LIMITS: Final = (
    (re.compile(r"Expected `(?:int|float)` >= (\S+)"), "must be at least {}"),
    (re.compile(r"Expected `(?:int|float)` <= (\S+)"), "must be at most {}"),
    (re.compile(r"Expected `str` of length <= (\d+)"), "has at most {} characters"),
    (re.compile(r"Expected `str` of length >= (\d+)"), "has at least {} character"),
    (re.compile(r"Expected `(?:array|object)` of length <= (\d+)"), "has at most {} entries"),
    (re.compile(r"Invalid enum value (.+?)(?: - at .*)?$"), "is none of the choices: {}"),
    (re.compile(r"Object missing required field `(\w+)`"), "lacks {} in one of its entries"),
    (re.compile(r"Object contains unknown field `(\w+)`"), "has {} in one of its entries, which means nothing there"),
    (re.compile(r"Invalid RFC3339 encoded date"), "must be days such as 2026-12-25"),
    (re.compile(r"Expected `bool(?:ean)?(?: \| null)?`"), "must be true or false"),
    (re.compile(r"Expected `int(?: \| null)?`"), "must be a whole number"),
    (re.compile(r"Expected `str(?: \| null)?`"), "must be text"),
    (re.compile(r"Expected `array`"), "must be a list"),
    (re.compile(r"Expected `object`"), "must be a list of objects"),
)
"""What is said of values that do not fit, in place of the words of the library that reads them."""


def words_of(fault: ValueError) -> str:
    """Return what is wrong with a value, as the end of a sentence that its key begins."""
    text = str(fault)
    for said, words in _LIMITS:
        found = said.match(text)
        if found:
            return words.format(*found.groups())
    return text.partition(" - at `")[0]


def plain(value: object) -> Any:  # noqa: ANN401 (any JSON value)
    """Return a setting as the plain value that it was read from."""
    # Through JSON, because sequences become lists and days become text there and nowhere else.
    return msgspec.json.decode(msgspec.json.encode(value, enc_hook=str))


def _spelled(kind: type, value: object) -> object:
    if not issubclass(kind, Spelled):
        raise NotImplementedError(f"no setting can be of {kind}")
    return kind.read(value)
