"""OpenAPI documents, made from the routes themselves: one for each face that has any."""

import re
import typing
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from types import UnionType
from typing import Any

import msgspec

from guildhall import __version__
from guildhall.core.actor import Credential
from guildhall.core.errors import (
    Forbidden,
    GuildhallError,
    Internal,
    InvalidField,
    InvalidJson,
    Limited,
    TooLarge,
    Unauthenticated,
    Unavailable,
    Unsupported,
)
from guildhall.core.idempotency import IdempotencyKeyReused
from guildhall.domains.tickets.attachments import MOST_FILES
from guildhall.web.answers import Answer
from guildhall.web.bodies import Form
from guildhall.web.faces import Face
from guildhall.web.routing import Route

SCHEMAS = "#/components/schemas/{name}"
ALWAYS: tuple[type[GuildhallError], ...] = (Limited, Internal, Unavailable)
GUARDED: tuple[type[GuildhallError], ...] = (Unauthenticated, Forbidden)
UNSAFE: tuple[type[GuildhallError], ...] = (InvalidJson, TooLarge, Unsupported, IdempotencyKeyReused)

WITH_FILES: dict[str, Any] = {
    "type": "object",
    "properties": {
        "payload_json": {"type": "string"},
        "files": {"type": "array", "maxItems": MOST_FILES, "items": {"type": "string", "format": "binary"}},
    },
}


def document_of(face: Face, routes: Sequence[Route], *, server: str) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of a face."""
    kinds = list(dict.fromkeys(kind for each in routes for kind in _kinds(each)))
    schemas, components = msgspec.json.schema_components(kinds, ref_template=SCHEMAS)
    schemas, components = _with_numbers(list(schemas)), _with_numbers(components)
    schema_of = dict(zip(kinds, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for each in routes:
        paths.setdefault(each.path.replace(":path}", "}"), {})[each.method.lower()] = _operation(face, each, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {"title": f"Guildhall: {face.title}", "version": __version__},
        "servers": [{"url": server}],
        "paths": paths,
        "components": {
            "schemas": {**components, "Error": face.error_schema()},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _with_numbers(schema: Any) -> Any:  # noqa: ANN401 (any part of a schema)
    """Return a schema in which a Decimal is the number that bodies have, not the text for which msgspec takes it."""
    if isinstance(schema, list):
        return [_with_numbers(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("format") == "decimal":
        return {key: part for key, part in schema.items() if key != "format"} | {"type": "number"}
    return {key: _with_numbers(part) for key, part in schema.items()}


def _kinds(each: Route) -> Iterable[Any]:
    if each.body:
        yield each.body
    if (shape := _shape(each)) is not None:
        yield shape


def _shape(each: Route) -> Any:  # noqa: ANN401 (whatever the handler gives back as JSON)
    """Return the shape of the JSON answer, or None where there is none; a handler may also give a finished answer."""
    options = typing.get_args(each.reply) if isinstance(each.reply, UnionType) else (each.reply,)
    return next((option for option in options if option not in (None, Answer)), None)


def _operation(face: Face, each: Route, schema_of: dict[Any, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": each.name,
        "summary": each.summary,
        "parameters": [*_path_parameters(each), *_query_parameters(each), *_header_parameters(each)],
        "responses": _responses(face, each, schema_of),
        "security": [*([{}] if each.accepts & Credential.NONE else []), *([{"bearer": []}] if _guarded(each) else [])],
    }
    if each.body is not None:
        content = {media_type: {"schema": schema_of[each.body]} for media_type in _media_types(each.body)}
        if each.files:
            content["multipart/form-data"] = {"schema": WITH_FILES}
        operation["requestBody"] = {"required": not getattr(each.body, "optional", False), "content": content}
    return operation


def _media_types(body: type[Any]) -> Sequence[str]:
    json, form = "application/json", "application/x-www-form-urlencoded"
    return (form,) if issubclass(body, Form) else (json, form) if body.also_form else (json,)


def _guarded(each: Route) -> bool:
    """Tell whether a credential is looked at, be it one that may also be left out."""
    return bool(each.accepts & ~Credential.NONE)


def _path_parameters(each: Route) -> list[dict[str, Any]]:
    names = re.findall(r"{(\w+)(?::path)?}", each.path)
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}} for name in names
    ]


def _query_parameters(each: Route) -> list[dict[str, Any]]:
    if each.query is None:
        return []
    known = typing.cast("dict[str, Any]", msgspec.json.schema(each.query)["$defs"])
    properties = known[each.query.__name__]["properties"]
    return [{"name": name, "in": "query", "schema": _in_place(kind, known)} for name, kind in properties.items()]


def _in_place(schema: Any, known: dict[str, Any]) -> Any:  # noqa: ANN401 (any part of a schema)
    """Return a schema with the words that a parameter may have, where it named them by reference."""
    if isinstance(schema, list):
        return [_in_place(part, known) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return known[schema["$ref"].rpartition("/")[2]]
    return {key: _in_place(part, known) for key, part in schema.items()}


def _header_parameters(each: Route) -> list[dict[str, Any]]:
    parameters = []
    if each.accepts & (Credential.APP_SECRET_FOR_USER | Credential.MASTER_KEY_FOR_USER):
        parameters.append({"name": "X-User-Id", "in": "header", "schema": {"type": "string", "maxLength": 64}})
    # A route that opens its own transactions has none in which a key could be claimed.
    if each.method != "GET" and each.transaction == "write":
        parameters.append({"name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "maxLength": 255}})
    return parameters


def _responses(face: Face, each: Route, schema_of: dict[Any, Any]) -> dict[str, Any]:
    success: dict[str, Any] = {"description": each.summary}
    shape = _shape(each)
    content = {} if shape is None else {"application/json": {"schema": schema_of[shape]}}
    if each.content != "application/json":
        content[each.content] = {"schema": {"type": "string"}}
    if content:
        success["content"] = content
    refusals = list(each.refusals) + list(ALWAYS)
    if _guarded(each):
        refusals += (*GUARDED, *face.refusals)
    if each.query is not None:
        # Any parameter may come twice.
        refusals.append(InvalidField)
    if each.method != "GET":
        refusals += UNSAFE
    by_status: dict[str, list[str]] = {}
    for refusal in dict.fromkeys(refusals):
        by_status.setdefault(str(face.status_of(refusal)), []).append(refusal.code)
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {
        **{str(status): {"description": HTTPStatus(status).phrase} for status in each.also},
        "200": success,
        **{status: {"description": ", ".join(codes), "content": error} for status, codes in sorted(by_status.items())},
    }
