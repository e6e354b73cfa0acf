"""Reading what clients send: within a size and a time, strictly, and into typed structs.

JSON is read more strictly than usual, because what two readers understand differently is how checks are fooled:
duplicate keys, NaN and infinities, trailing data, broken UTF-8 and lone surrogates are refused.
"""

import asyncio
import json
import math
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar, Generic, TypeVar
from urllib.parse import parse_qsl

import msgspec
from litestar import Request

from guildhall.core.errors import Invalid, InvalidField, InvalidJson, MissingField, TooLarge, Unsupported

FAULT_PLACE = re.compile(r" - at `(?:key in )?\$\.?([^`]*)`$")
MISSING = re.compile(r"missing required field `([^`]+)`")
SUSPICIOUS = (b"\\ud", b"\\uD", b"\\u0000")
MOST_FIELDS = 1000
MOST_DIGITS = 308
"""Of a whole number, as many as the largest float has; turning thousands of them into an integer takes long."""

LONGEST_NUMBER = 18
"""Digits that fit any column of whole numbers."""

T = TypeVar("T")
AnyRequest = Request[Any, Any, Any]


class Wire(msgspec.Struct, frozen=True, kw_only=True):
    """A shape that comes in. `refusals` names the error of a field whose value has the wrong type."""

    refusals: ClassVar[Mapping[str, type[Invalid]]] = {}


class Body(Wire, frozen=True, kw_only=True):
    """A JSON body; with `also_form` one that a plain HTML form may send too, with `optional` one that may be absent.

    One that is `exact` has its numbers as Decimal, digit by digit as they were sent.
    """

    also_form: ClassVar[bool] = False
    optional: ClassVar[bool] = False
    exact: ClassVar[bool] = False


class Form(Wire, frozen=True, kw_only=True):
    """A form body; every value is text."""


class QueryString(Wire, frozen=True, kw_only=True):
    """The parameters after the question mark."""


BodyType = TypeVar("BodyType", bound=Body)


HEARD_OUT = 1 << 20
"""Bytes beyond the limit that are still received: closing on what is unread may take the answer along."""


class Later(Generic[BodyType]):
    """A body that the handler reads after its own first checks, where the dialect wants that order."""

    def __init__(self, raw: bytes, kind: type[BodyType], *, is_form: bool = False) -> None:
        self._raw = raw
        self._kind = kind
        self._is_form = is_form

    def read(self) -> BodyType:
        """Return the body. Raises InvalidJson, MissingField, InvalidField or the field's own error."""
        return read_form(self._raw, self._kind) if self._is_form else read_body(self._raw, self._kind)

    def read_or(self, absent: BodyType) -> BodyType:
        """Return the body, or what stands for an absent one. Raises as `read`."""
        return self.read() if self._raw.strip() else absent


async def receive_body(request: AnyRequest, *, limit: int, seconds: float) -> bytes:
    """Return the whole body.

    Raises TooLarge beyond `limit` bytes, InvalidJson when it takes longer than `seconds` or breaks off.
    """
    too_large = TooLarge(f"The body has more than {limit} bytes", limit=limit)
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > limit + HEARD_OUT:
        raise too_large
    chunks, size, more = [], 0, True
    try:
        async with asyncio.timeout(seconds):
            while more:
                message = await request.receive()
                if message["type"] != "http.request":
                    raise InvalidJson("The body broke off before its end")
                size += len(message["body"])
                if size <= limit:
                    chunks.append(message["body"])
                more = message["more_body"] and size <= limit + HEARD_OUT
    except TimeoutError as fault:
        raise InvalidJson(f"The body did not arrive within {seconds:.0f} seconds") from fault
    if size > limit:
        raise too_large
    return b"".join(chunks)


def check_is_json(content_type: str | None) -> None:
    """Refuse a body that says it is something else; one that says nothing is read as JSON. Raises Unsupported."""
    media_type = (content_type or "application/json").partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise Unsupported


def is_form(content_type: str | None) -> bool:
    """Tell whether a body is what an HTML form sends."""
    return (content_type or "").partition(";")[0].strip().lower() == "application/x-www-form-urlencoded"


def parse_json(raw: bytes, *, exact: bool = False) -> object:
    """Return the value of a JSON text, its numbers as int and float, or as Decimal when `exact`. Raises InvalidJson."""
    try:
        value: object = (_EXACT_DECODER if exact else _DECODER).decode(raw.decode("utf-8"))
        unstorable = any(mark in raw for mark in SUSPICIOUS) and has_unstorable_text(value)
    except (ValueError, RecursionError) as fault:
        raise InvalidJson(_reason(fault)) from fault
    if unstorable:
        raise InvalidJson("The body has text with NUL or half a character")
    return value


def read_body(raw: bytes, kind: type[T]) -> T:
    """Return a JSON body as a struct. Raises InvalidJson, MissingField, InvalidField or the field's own error."""
    return convert(parse_json(raw, exact=getattr(kind, "exact", False)), kind)


def read_form(raw: bytes, kind: type[T]) -> T:
    """Return a form body as a struct. Raises Invalid, MissingField, InvalidField."""
    return convert(_pairs(raw), kind, strict=False)


def read_query(raw: bytes, kind: type[T]) -> T:
    """Return the query string as a struct; each parameter may come once. Raises Invalid, InvalidField."""
    return convert(_pairs(raw), kind, strict=False)


def number_in_path(text: str) -> int:
    """Return the number of something in an address; 0, which nothing has, for a text that is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER else 0


def convert(value: object, kind: type[T], *, strict: bool = True) -> T:
    """Return plain values as a struct. Raises MissingField, InvalidField or the field's own error.

    `strict` takes values of the right type only; otherwise text is read as what the field holds.
    """
    try:
        # A Decimal is one already, or what was sent is no number: text would be taken for one otherwise.
        return msgspec.convert(value, kind, strict=strict, builtin_types=(Decimal,))
    except msgspec.ValidationError as fault:
        raise _field_fault(str(fault), kind) from fault


def _field_fault(text: str, kind: type[Any]) -> Invalid:
    place = FAULT_PLACE.search(text)
    path = place[1] if place else ""
    missing = MISSING.search(text)
    if missing:
        field = f"{path}.{missing[1]}" if path else missing[1]
        return MissingField(f"The field {field!r} is missing", field=field)
    if not path:
        return InvalidJson("The body must be a JSON object")
    name = re.split(r"[.\[]", path, maxsplit=1)[0]
    refusal = getattr(kind, "refusals", {}).get(name, InvalidField)
    reason = FAULT_PLACE.sub("", text).replace("`", "")
    error: Invalid = refusal(f"{path}: {reason[:1].lower()}{reason[1:]}", field=path)
    return error


def _pairs(raw: bytes) -> dict[str, str]:
    if raw.count(b"&") >= MOST_FIELDS:
        raise Invalid(f"There are more than {MOST_FIELDS} parameters")
    try:
        found = parse_qsl(raw.decode("ascii"), keep_blank_values=True, encoding="utf-8", errors="strict")
    except ValueError as fault:
        raise Invalid("The parameters are not valid UTF-8 in URL encoding") from fault
    pairs: dict[str, str] = {}
    for name, value in found:
        if name in pairs:
            raise InvalidField(f"The parameter {name!r} comes twice", field=name)
        if "\0" in value:
            raise InvalidField(f"The parameter {name!r} has a NUL character", field=name)
        pairs[name] = value
    return pairs


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key comes twice in one object")
    return found


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number is too large")
    return value


def _digits(text: str) -> Decimal:
    _finite(text)
    try:
        return Decimal(text)
    except InvalidOperation as fault:
        raise ValueError("a number is too small") from fault


def _whole(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise ValueError("a number is too large")
    return int(text)


_DECODER, _EXACT_DECODER = (
    json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=fraction, parse_int=whole)
    for fraction, whole in ((_finite, _whole), (_digits, _digits))
)


def _reason(fault: Exception) -> str:
    if isinstance(fault, UnicodeDecodeError):
        return "The body is not valid UTF-8"
    if isinstance(fault, RecursionError):
        return "The body is nested too deeply"
    if isinstance(fault, json.JSONDecodeError):
        return f"The body is not valid JSON: {fault.msg} at line {fault.lineno}, column {fault.colno}"
    return f"The body is not valid JSON: {fault}"


def has_unstorable_text(value: object) -> bool:
    """Tell whether a value of JSON has text with NUL or half a character, which no database keeps."""
    if isinstance(value, str):
        return "\0" in value or any("\ud800" <= char <= "\udfff" for char in value)
    if isinstance(value, dict):
        return any(has_unstorable_text(part) for pair in value.items() for part in pair)
    return isinstance(value, list) and any(has_unstorable_text(part) for part in value)
