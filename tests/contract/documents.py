"""The five wire contracts as data: which operation a request meets, and what that operation may answer.

A document is read when the first request reaches its dialect and is kept for the life of the process.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote

import yaml
from jsonschema_rs import Draft202012, Draft202012Validator, Registry

Tree: TypeAlias = dict[str, Any]
"""An object of a contract document, as parsed."""

FOLDER = Path(__file__).parent
METHODS = ("get", "put", "post", "delete", "patch", "head")
ERROR = "#/components/schemas/Error"


@dataclass(frozen=True)
class Dialect:
    """How one dialect speaks of errors.

    `slug_key` is the key of an error body that holds the slug. `listing` is the extension under which operations list
    their slugs by status, None where the contract leaves them open. `general` names what every operation may answer
    besides; an empty set means any slug. `announcement` introduces the same list in the description of the document,
    where the document has one.
    """

    slug_key: str
    listing: str | None
    general: Mapping[int, frozenset[str]]
    announcement: str | None = None


_ANY: frozenset[str] = frozenset()

DIALECTS: dict[str, Dialect] = {
    "attendance": Dialect("code", None, dict.fromkeys((404, 405, 413, 429, 500, 503), _ANY)),
    "commonshub": Dialect("error", "x-errors", {}, "Slugs that every operation can answer"),
    "hazebot": Dialect("code", "x-errors", {}, "Codes that every operation can answer"),
    "rustmail": Dialect(
        "code",
        "x-error-codes",
        {
            403: frozenset({"CSRF_REJECTED"}),
            404: frozenset({"NOT_FOUND"}),
            405: frozenset({"METHOD_NOT_ALLOWED"}),
            413: frozenset({"PAYLOAD_TOO_LARGE"}),
            415: frozenset({"UNSUPPORTED_MEDIA_TYPE"}),
            429: frozenset({"RATE_LIMITED"}),
            500: frozenset({"INTERNAL_ERROR"}),
        },
    ),
    "veza": Dialect("code", None, dict.fromkeys((400, 404, 405, 413, 429, 500, 503), _ANY)),
}

OWNERS: dict[str, tuple[str, ...]] = {
    "/.well-known/gpc.json": ("veza",),
    "/api": ("rustmail", "hazebot"),
    "/api/v1": ("veza",),
    "/api/v1/guilds": ("attendance",),
    "/auth/verify": ("commonshub",),
    "/health": ("attendance", "veza"),
    "/healthz": ("veza",),
    "/metrics": ("veza",),
    "/readyz": ("veza",),
    "/swagger": ("veza",),
    "/tlog": ("attendance",),
    "/v1": ("commonshub",),
    "/verify": ("attendance",),
    "/webhooks/attendance": ("attendance",),
    "/ws": ("veza",),
}
"""Which dialects answer below which path; the longest one counts. What is not below any of them has no contract."""


@dataclass(frozen=True)
class Operation:
    """One method of one path template. `literal` says for each segment of the template whether it is fixed text."""

    dialect: str
    id: str
    method: str
    template: str
    source: str
    pointer: str
    pattern: re.Pattern[str]
    literal: tuple[bool, ...]
    slugs: Mapping[int, frozenset[str]]

    @property
    def name(self) -> str:
        """The operation id with its dialect, since ids are only unique within a document."""
        return f"{self.dialect}.{self.id}"


@dataclass(frozen=True)
class Place:
    """An object of a document together with the JSON pointer that leads to it."""

    pointer: str
    tree: Tree


class AlsoSent:
    """The schema keyword `x-also-sent`: these keys are in every answer although the reference does not show them."""

    def __init__(self, _parent: Tree, keys: list[str], _path: list[str | int]) -> None:
        self.keys = keys

    def validate(self, instance: object) -> None:
        """Raise ValueError when the instance is an object that lacks one of the keys."""
        absent = [key for key in self.keys if key not in instance] if isinstance(instance, dict) else []
        if absent:
            raise ValueError(f"always sent, but absent here: {', '.join(absent)}")


class Document:
    """The contract of one dialect."""

    def __init__(self, dialect: str) -> None:
        self.dialect = dialect
        self.tree: Tree = yaml.load((FOLDER / f"{dialect}.yaml").read_bytes(), yaml.CSafeLoader)
        self._uri = f"contract:{dialect}"
        self._registry = Registry([(self._uri, self.tree)], draft=Draft202012)
        self._validators: dict[tuple[str, bool], Draft202012Validator] = {}

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """Every operation, in the order of the document."""
        paths: Tree = self.tree["paths"]
        return tuple(
            self._operation(template, method, item)
            for template, item in paths.items()
            for method in METHODS
            if method in item
        )

    @cached_property
    def general(self) -> Mapping[int, frozenset[str]]:
        """The slugs that every operation may answer, by status."""
        dialect = DIALECTS[self.dialect]
        if dialect.announcement is None:
            return dialect.general
        _, announced, rest = self.tree["info"]["description"].partition(dialect.announcement)
        if not announced:
            raise LookupError(f"{self.dialect}.yaml does not announce its general slugs any more")
        return _slugs_by_status(rest.split("\n* ")[0])

    def response(self, operation: Operation, status: int) -> Place | None:
        """Find the response that the operation documents for the status; None when there is none."""
        responses = f"{operation.pointer}/responses"
        return self.resolve(f"{responses}/{status}") if str(status) in self.at(responses) else None

    def at(self, pointer: str) -> Tree:
        """Find the object at a JSON pointer; KeyError when there is none."""
        found: Any = self.tree
        for part in pointer.removeprefix("#/").split("/"):
            key = part.replace("~1", "/").replace("~0", "~")
            found = found[int(key)] if isinstance(found, list) else found[key]
        tree: Tree = found
        return tree

    def resolve(self, pointer: str) -> Place:
        """Find the object at a pointer, following references to where they end."""
        tree = self.at(pointer)
        return self.resolve(tree["$ref"]) if "$ref" in tree else Place(pointer, tree)

    def validator(self, pointer: str, *, sent: bool) -> Draft202012Validator:
        """Compile the schema at a pointer, once.

        With `sent`, the schema speaks of an answer of this server, so the keys under `x-also-sent` are required.
        """
        key = pointer, sent
        if key not in self._validators:
            self._validators[key] = Draft202012Validator(
                {"$ref": self._uri + quote(pointer, safe="#/~")},
                registry=self._registry,
                validate_formats=True,
                keywords={"x-also-sent": AlsoSent} if sent else None,
                offline=True,
            )
        return self._validators[key]

    def _operation(self, template: str, method: str, item: Tree) -> Operation:
        tree: Tree = item[method]
        listing = DIALECTS[self.dialect].listing
        listed: Tree = tree.get(listing, {}) if listing else {}
        pointer = f"#/paths/{escaped(template)}/{method}"
        segments = template.removeprefix("/").split("/")
        return Operation(
            dialect=self.dialect,
            id=tree["operationId"],
            method=method.upper(),
            template=template,
            source=tree["x-source"],
            pointer=pointer,
            pattern=self._pattern(template, [*item.get("parameters", ()), *tree.get("parameters", ())]),
            literal=tuple(not segment.startswith("{") for segment in segments),
            slugs={int(status): frozenset(slugs) for status, slugs in listed.items()},
        )

    def _pattern(self, template: str, parameters: list[Tree]) -> re.Pattern[str]:
        """Match one segment for a path parameter, or several where the pattern of its schema speaks of slashes."""
        spanning = set()
        for parameter in parameters:
            resolved = self.at(parameter["$ref"]) if "$ref" in parameter else parameter
            if resolved["in"] == "path" and "/" in resolved["schema"].get("pattern", ""):
                spanning.add(resolved["name"])
        parts = re.split(r"\{(\w+)\}", template)
        parts[::2] = [re.escape(text) for text in parts[::2]]
        parts[1::2] = [".+" if name in spanning else "[^/]+" for name in parts[1::2]]
        return re.compile("".join(parts))


def escaped(key: str) -> str:
    """Write a key as one part of a JSON pointer."""
    return key.replace("~", "~0").replace("/", "~1")


@cache
def document(dialect: str) -> Document:
    """Read the contract of a dialect, at the first call."""
    return Document(dialect)


def normal(path: str) -> str:
    """Drop doubled and trailing slashes, which routers are free to ignore."""
    return re.sub("/+", "/", path).rstrip("/") or "/"


def owners(path: str) -> tuple[str, ...]:
    """Name the dialects that answer below this path; none for paths without a contract."""
    while path and path not in OWNERS:
        path = path.rpartition("/")[0]
    return OWNERS.get(path, ())


def meet(method: str, path: str) -> tuple[Operation, ...]:
    """Find the operations that a request meets: several only when several documents describe the same one.

    Fixed text wins over parameters, segment by segment. HEAD meets what GET meets.
    """
    known = [
        operation
        for dialect in owners(path)
        for operation in document(dialect).operations
        if operation.pattern.fullmatch(path)
    ]
    asked = [operation for operation in known if operation.method == method]
    if not asked and method == "HEAD":
        return meet("GET", path)
    most_literal = max((operation.literal for operation in asked), default=())
    return tuple(operation for operation in asked if operation.literal == most_literal)


def _slugs_by_status(text: str) -> Mapping[int, frozenset[str]]:
    """Read "400 `a`, `b`, 401 `c`" as a table."""
    found: dict[int, set[str]] = {}
    status = 0
    for number, slug in _status_or_slug(text):
        if number:
            status = int(number)
        else:
            found.setdefault(status, set()).add(slug)
    return {status: frozenset(slugs) for status, slugs in found.items()}


def _status_or_slug(text: str) -> Iterator[tuple[str, str]]:
    return ((match[1] or "", match[2] or "") for match in re.finditer(r"\b([45]\d\d)\b|`(\w+)`", text))
