"""Files that clients send: taken in part by part while they arrive, and kept before any transaction begins."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final, TypeAlias
from urllib.parse import urlencode

from multipart import (  # type: ignore[import-untyped]  # it has no types
    MultipartError,
    MultipartSegment,
    PushMultipartParser,
    parse_options_header,
)

from guildhall.core.errors import GuildhallError, Invalid, InvalidField, TooLarge
from guildhall.domains.tickets.attachments import MOST_FILES, KeptFile, check_count
from guildhall.web.calls import Call

UPLOAD: Final = "multipart/form-data"
LONGEST_TEXT: Final = 1 << 20
"""Bytes that all fields beside the files have together."""

MOST_PARTS: Final = 64

Event: TypeAlias = MultipartSegment | bytes | bytearray | None
"""A part begins, a piece of it, and its end."""


@dataclass(frozen=True)
class Upload:
    """A form with files; those are kept already."""

    fields: dict[str, str]
    files: tuple[KeptFile, ...]

    @property
    def as_form(self) -> bytes:
        """The fields as a form without files would have sent them."""
        return urlencode(self.fields).encode()

    @property
    def as_json(self) -> bytes:
        """The JSON document among the fields, an empty object if there is none."""
        return self.fields.get("payload_json", "{}").encode()


def is_upload(content_type: str | None) -> bool:
    """Tell whether a body is a form that may hold files."""
    return (content_type or "").partition(";")[0].strip().lower() == UPLOAD


async def take_upload(call: Call) -> Upload:
    """Take in a form and keep its files.

    Raises FileTooLarge for one of them, TooLarge for all together, InvalidField, Invalid, Unavailable.
    """
    boundary = parse_options_header(call.header("content-type") or "")[1].get("boundary", "")
    async with aclosing(_pieces(call)) as pieces:
        try:
            parser = PushMultipartParser(boundary, max_segment_count=MOST_PARTS)
            async with aclosing(_events(parser, pieces)) as events:
                return await _sorted(call, events)
        except MultipartError as fault:
            raise Invalid("The form with files cannot be read") from fault
        except GuildhallError:
            # Closing on what is unread may take the answer along; what is beyond all limits is not heard out.
            with contextlib.suppress(GuildhallError):
                async for _ in pieces:
                    pass
            raise


async def _sorted(call: Call, events: AsyncIterator[Event]) -> Upload:
    fields: dict[str, str] = {}
    files: list[KeptFile] = []
    room = LONGEST_TEXT
    async for event in events:
        if not isinstance(event, MultipartSegment):
            continue
        if event.filename is None:
            text = await _text(events, room)
            room -= len(text)
            if event.name in fields:
                raise InvalidField(f"The field {event.name!r} comes twice", field=event.name)
            fields[event.name] = text
        elif event.filename:
            check_count(len(files) + 1)
            kind, limit = event.content_type, call.house.largest_file
            kept = await call.house.files.keep_file(_part(events), name=event.filename, content_type=kind, limit=limit)
            files.append(kept)
    return Upload(fields, tuple(files))


async def _text(events: AsyncIterator[Event], room: int) -> str:
    text = bytearray()
    async for piece in _part(events):
        text += piece
        if len(text) > room:
            raise TooLarge(f"The fields have more than {LONGEST_TEXT} bytes", limit=LONGEST_TEXT)
    try:
        return text.decode()
    except UnicodeDecodeError as fault:
        raise Invalid("The form is not valid UTF-8") from fault


async def _part(events: AsyncIterator[Event]) -> AsyncIterator[bytes]:
    """Yield the pieces of the part that has begun, and leave what follows it."""
    async for event in events:
        if event is None:
            return
        if isinstance(event, bytes | bytearray):
            yield bytes(event)


async def _events(parser: PushMultipartParser, pieces: AsyncIterator[bytes]) -> AsyncGenerator[Event, None]:
    with parser:
        async for piece in pieces:
            for event in parser.parse(piece):
                yield event


async def _pieces(call: Call) -> AsyncGenerator[bytes, None]:
    """Yield the body as it arrives. Raises TooLarge, and Invalid when it breaks off or nothing comes for too long."""
    limit = call.house.largest_file * MOST_FILES + LONGEST_TEXT
    too_large = TooLarge(f"The files have more than {limit} bytes together", limit=limit)
    declared = call.header("content-length") or "0"
    if declared.isdigit() and int(declared) > limit:
        raise too_large
    size, more, seconds = 0, True, call.house.settings.server.body_timeout
    while more:
        try:
            async with asyncio.timeout(seconds):
                message = await call.request.receive()
        except TimeoutError as fault:
            raise Invalid(f"Nothing of the body came for {seconds} seconds") from fault
        if message["type"] != "http.request":
            raise Invalid("The body broke off before its end")
        size += len(message["body"])
        if size > limit:
            raise too_large
        more = message["more_body"]
        if message["body"]:
            yield message["body"]
