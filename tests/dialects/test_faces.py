"""Every error of the house, wherever it is declared, has words in every face."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from typing import TypeVar

import msgspec
import pytest
from jsonschema_rs import Draft202012Validator

import guildhall
from guildhall.core.errors import (
    Forbidden,
    GuildhallError,
    Internal,
    InvalidField,
    InvalidJson,
    Kind,
    Limited,
    MethodNotAllowed,
    MissingField,
    NotFound,
    TooLarge,
    Unauthenticated,
    Unavailable,
    Unsupported,
)
from guildhall.core.idempotency import IdempotencyKeyReused
from guildhall.web.answers import Answer
from guildhall.web.faces import Face
from tests.contract.documents import DIALECTS, ERROR, document

Kin = TypeVar("Kin")

PROGRAMS = re.compile(r"\.__main__$|\.migrations\.(env|versions\.)")
"""Modules that do something when they are imported."""

CODE = {"commonshub": r"[a-z][a-z0-9_]*"}
UPPER = r"[A-Z][A-Z0-9_]+"
INTERNALS = re.compile(
    r"Traceback|File \"|\.py\b|SELECT |INSERT |sqlite|postgres|asyncpg|/work|/home|/usr|/root|0x[0-9a-f]{6}"
)

WORDS: dict[type[GuildhallError], dict[str, tuple[int, str]]] = {
    InvalidJson: {
        "attendance": (422, "INVALID_JSON"),
        "commonshub": (400, "invalid_json"),
        "hazebot": (400, "INVALID_JSON"),
        "rustmail": (400, "INVALID_JSON"),
        "veza": (400, "BAD_REQUEST"),
    },
    MissingField: {
        "attendance": (422, "MISSING_FIELD"),
        "commonshub": (400, "missing_field"),
        "hazebot": (400, "INVALID_REQUEST"),
        "rustmail": (400, "INVALID_REQUEST"),
        "veza": (422, "VALIDATION_ERROR"),
    },
    InvalidField: {
        "attendance": (422, "INVALID_FIELD"),
        "commonshub": (400, "invalid_field"),
        "hazebot": (400, "INVALID_REQUEST"),
        "rustmail": (400, "INVALID_REQUEST"),
        "veza": (422, "VALIDATION_ERROR"),
    },
    Unauthenticated: {
        "attendance": (401, "UNAUTHORIZED"),
        "commonshub": (401, "unauthorized"),
        "hazebot": (401, "TOKEN_INVALID"),
        "rustmail": (401, "UNAUTHORIZED"),
        "veza": (401, "UNAUTHORIZED"),
    },
    Forbidden: {
        "attendance": (403, "FORBIDDEN"),
        "commonshub": (403, "forbidden"),
        "hazebot": (403, "FORBIDDEN"),
        "rustmail": (403, "FORBIDDEN"),
        "veza": (403, "FORBIDDEN"),
    },
    NotFound: {
        "attendance": (404, "NOT_FOUND"),
        "commonshub": (404, "not_found"),
        "hazebot": (404, "NOT_FOUND"),
        "rustmail": (404, "NOT_FOUND"),
        "veza": (404, "NOT_FOUND"),
    },
    MethodNotAllowed: {
        "attendance": (405, "METHOD_NOT_ALLOWED"),
        "commonshub": (405, "method_not_allowed"),
        "hazebot": (405, "METHOD_NOT_ALLOWED"),
        "rustmail": (405, "METHOD_NOT_ALLOWED"),
        "veza": (405, "METHOD_NOT_ALLOWED"),
    },
    IdempotencyKeyReused: {
        "attendance": (422, "IDEMPOTENCY_KEY_REUSED"),
        "commonshub": (409, "idempotency_key_reused"),
        "hazebot": (409, "IDEMPOTENCY_KEY_REUSED"),
        "rustmail": (409, "IDEMPOTENCY_KEY_REUSED"),
        "veza": (422, "IDEMPOTENCY_KEY_REUSED"),
    },
    TooLarge: {
        "attendance": (413, "PAYLOAD_TOO_LARGE"),
        "commonshub": (413, "payload_too_large"),
        "hazebot": (413, "PAYLOAD_TOO_LARGE"),
        "rustmail": (413, "PAYLOAD_TOO_LARGE"),
        "veza": (413, "PAYLOAD_TOO_LARGE"),
    },
    Unsupported: {
        "attendance": (422, "UNSUPPORTED_MEDIA_TYPE"),
        "commonshub": (415, "unsupported_media_type"),
        "hazebot": (415, "UNSUPPORTED_MEDIA_TYPE"),
        "rustmail": (415, "UNSUPPORTED_MEDIA_TYPE"),
        "veza": (415, "UNSUPPORTED_MEDIA_TYPE"),
    },
    Limited: {
        "attendance": (429, "RATE_LIMITED"),
        "commonshub": (429, "rate_limited"),
        "hazebot": (429, "RATE_LIMITED"),
        "rustmail": (429, "RATE_LIMITED"),
        "veza": (429, "RATE_LIMITED"),
    },
    Unavailable: {
        "attendance": (503, "UNAVAILABLE"),
        "commonshub": (503, "unavailable"),
        "hazebot": (503, "UNAVAILABLE"),
        "rustmail": (503, "UNAVAILABLE"),
        "veza": (503, "SERVICE_UNAVAILABLE"),
    },
    Internal: {
        "attendance": (500, "SERVER_ERROR"),
        "commonshub": (500, "server_error"),
        "hazebot": (500, "INTERNAL_ERROR"),
        "rustmail": (500, "INTERNAL_ERROR"),
        "veza": (500, "INTERNAL_ERROR"),
    },
}
"""What the domain documents say of the refusals that every operation shares."""


def _import_everything() -> None:
    for module in pkgutil.walk_packages(guildhall.__path__, "guildhall."):
        if not PROGRAMS.search(module.name):
            importlib.import_module(module.name)


def _descendants(ancestor: type[Kin]) -> Iterator[type[Kin]]:
    for child in ancestor.__subclasses__():
        if child.__module__.startswith("guildhall."):
            yield child
        yield from _descendants(child)


_import_everything()
FACES: dict[str, Face] = {face.name: face() for face in _descendants(Face)}  # type: ignore[type-abstract]
ERRORS = sorted(set(_descendants(GuildhallError)), key=lambda kind: (kind.__module__, kind.__name__))


def statuses_of(dialect: str) -> set[int]:
    """The statuses of errors that a contract knows at all."""
    contract = document(dialect)
    documented = {int(s) for each in contract.operations for s in contract.at(f"{each.pointer}/responses")}
    return {status for status in documented | set(contract.general) if status >= 400}


def faults_of(face: Face, error: GuildhallError) -> Iterator[str]:
    """What is wrong with a face's answer to an error."""
    name = type(error).__name__
    try:
        answer = face.refuse(error, request_id="01hv4z9v6x0000000000000000")
    except Exception as fault:  # noqa: BLE001 (whatever it is, the face has no words for this error)
        yield f"{name}: the face has no words, but {fault!r}"
        return
    text = answer.body.decode()
    headers = dict(answer.headers)
    if INTERNALS.search(text):
        yield f"{name}: {INTERNALS.search(text)} in {text}"
    if error.kind is Kind.LIMITED and not re.fullmatch(rb"[1-9]\d*", headers.get(b"retry-after", b"")):
        yield f"{name}: {answer.status} without Retry-After"
    if error.kind is Kind.METHOD and headers.get(b"allow") != b"GET":
        yield f"{name}: {answer.status} without Allow"
    if face.name in DIALECTS:
        yield from (f"{name}: {fault}" for fault in _dialect_faults(face, answer))


def _dialect_faults(face: Face, answer: Answer) -> Iterator[str]:
    if answer.status not in statuses_of(face.name):
        yield f"{answer.status} is no status of {face.name}"
    if answer.media_type != b"application/json":
        yield f"{answer.media_type!r} instead of JSON"
        return
    value = msgspec.json.decode(answer.body)
    manner = DIALECTS[face.name]
    if not re.fullmatch(CODE.get(face.name, UPPER), str(value.get(manner.slug_key))):
        yield f"the code {value.get(manner.slug_key)!r}"
    contract = document(face.name).validator(ERROR, sent=True)
    own = Draft202012Validator(face.error_schema())
    yield from (
        f"{each.instance_path}: {each.message}" for schema in (contract, own) for each in schema.iter_errors(value)
    )


def sample(kind: type[GuildhallError]) -> Iterator[GuildhallError]:
    """Errors of a class: bare, and with everything that one may carry."""
    allow = {"allow": "GET"} if kind.kind is Kind.METHOD else {}
    yield kind(**allow)
    full = kind(
        'It says "<b>stop</b>" & é 🦊',
        field="wishes[0].day",
        limit=5,
        alternatives=[{"room": "ostrom", "start": None, "free": True}],
        **allow,
    )
    full.__cause__ = RuntimeError('SELECT secret FROM users; File "/srv/guildhall/app.py"')
    yield full


@pytest.mark.parametrize("face", FACES.values(), ids=FACES)
def test_a_face_has_words_for_every_error(face: Face) -> None:
    assert len(ERRORS) > 50
    assert [fault for kind in ERRORS for error in sample(kind) for fault in faults_of(face, error)] == []


def test_the_five_dialects_the_panel_and_the_server_are_the_faces() -> None:
    assert set(FACES) == {*DIALECTS, "panel", "system"}


@pytest.mark.parametrize("kind", WORDS, ids=lambda kind: kind.__name__)
def test_refusals_that_every_operation_shares_are_said_as_each_dialect_says_them(kind: type[GuildhallError]) -> None:
    said = {}
    for dialect, manner in DIALECTS.items():
        answer = FACES[dialect].refuse(kind(), request_id="r")
        said[dialect] = (answer.status, msgspec.json.decode(answer.body)[manner.slug_key])
    assert said == WORDS[kind]


def test_a_face_that_lacks_words_or_tells_too_much_is_noticed() -> None:
    class Strange(GuildhallError):
        kind = "strange"  # type: ignore[assignment]  # the mistake itself

    class Chatty(NotFound):
        text = 'File "/srv/guildhall/app.py", line 3, in SELECT'

    class Shouting(NotFound):
        code = "not-found"

    for face in FACES.values():
        assert "no words" in next(faults_of(face, Strange()))
        assert list(faults_of(face, Chatty()))
        assert list(faults_of(face, MethodNotAllowed()))
        if face.name in DIALECTS:
            assert list(faults_of(face, Shouting()))
