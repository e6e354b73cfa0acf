"""The log: one line for each thing that happened, with the request it belongs to and without secrets.

Lines are JSON for machines or text for a terminal, on standard error. What libraries say through `logging` walks the
same way. Two nets hold secrets back: a field whose name says secret never shows its value, and the finished line, with
its traceback, is searched for everything that has the form of a credential.
"""

import logging
import re
import sys
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any, BinaryIO, TypeAlias, cast

import msgspec
import structlog
from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger

from guildhall.settings import ServerSettings

Render: TypeAlias = Callable[[WrappedLogger, str, EventDict], str]

REDACTED = "[redacted]"

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

CHATTY = ("aiosmtplib", "alembic", "asyncio", "granian.access", "httpcore", "httpx", "redis", "sqlalchemy")
"""Libraries heard from warnings upwards even at level debug: below that they write statements with their values, or a
second line for each request."""

_SECRET_NAME = re.compile(
    r"passw|secret|token|authori[sz]ation|cookie|credential|api_?key|private_?key|signature", re.IGNORECASE
)

# A search through the whole line is dear, so it takes place only when one of these is in it.
_HINTS = ("chb_", "veza_sk_", "rustmail_", "eyJ", "://", "earer ", "asic ", "=")

# Each alternative is linear, for a line can hold a stranger's text: none may begin again inside what it just scanned.
_SECRET_FORM = re.compile(
    r"""
      chb_ (?:sk_live|sk_test|admin|ut) _ [\w-]+
    | veza_sk_ [\w-]+
    | (?<![\w-]) rustmail_ [\w-]{16,}
    | (?<![\w-]) eyJ [\w-]{5,} \. [\w-]+ \. [\w-]*                          # a JWT
    | (?<= ://) [^\s/@:"']* : [^\s/@"']+ (?= @)                             # user and password in an address
    | (?<= earer\ ) [\w.~+/=-]+ | (?<= asic\ ) [\w+/=-]{8,}                 # an Authorization header
    | (?<= [?&;] ) (?:access_token|refresh_token|api_key|token|secret|password|code|state|sig|signature) =
    [^&;\s"'<>\\]+
    """,
    re.VERBOSE,
)

_request: ContextVar[str | None] = ContextVar("request", default=None)


def get_logger(name: str) -> FilteringBoundLogger:
    """Return a logger whose lines carry this name; fields are keywords: `log.info("Room booked", room=room.id)`."""
    return cast("FilteringBoundLogger", structlog.get_logger(source=name))


def bind_request(request_id: str | None) -> None:
    """Put this id on every line that the current task, and what it starts from now on, writes to the log."""
    _request.set(request_id)


def setup_logging(settings: ServerSettings, out: BinaryIO | None = None) -> None:
    """Send all that is logged in this process through one pipeline, to standard error unless told otherwise.

    To be called in every process before its first line, and after a library that lays its own hands on `logging`.
    """
    watched = (out or sys.stderr).isatty()
    for_people = settings.log_format == "console" or (settings.log_format == "auto" and watched)
    render = _for_people(colours=watched) if for_people else _as_json
    level = LEVELS[settings.log_level]
    structlog.configure(
        processors=[_head, _hide_fields, partial(_finish, render)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.BytesLoggerFactory(out or cast("BinaryIO", _StandardError())),
        cache_logger_on_first_use=True,
    )
    _route_stdlib(level)


def _route_stdlib(level: int) -> None:
    for name in list(logging.root.manager.loggerDict):
        # A library's own handler would write beside the pipeline; without one its records reach the root.
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
    for name in CHATTY:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    logging.root.handlers[:] = [_Bridge()]
    logging.root.setLevel(level)
    logging.captureWarnings(capture=True)


class _StandardError:
    """Standard error as it is at the moment of writing: others may put another stream in its place."""

    def write(self, line: bytes) -> int:
        return sys.stderr.buffer.write(line)

    def flush(self) -> None:
        sys.stderr.flush()


class _Bridge(logging.Handler):
    """Hands the records of `logging` to the pipeline."""

    def __init__(self) -> None:
        super().__init__()
        self._log = get_logger("root")

    def emit(self, record: logging.LogRecord) -> None:
        try:
            # Libraries invent levels of their own; the pipeline knows the five round ones.
            level = max(logging.DEBUG, min(record.levelno // 10 * 10, logging.CRITICAL))
            self._log.log(level, record.getMessage(), source=record.name, exc_info=record.exc_info)
        except Exception:  # noqa: BLE001 (it is reported, on standard error: a log that fails must not fail its caller)
            self.handleError(record)


def _head(_: WrappedLogger, level: str, fields: EventDict) -> EventDict:
    """Put what every line has in front, in the order people read."""
    line: EventDict = {"timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"), "level": level}
    line["logger"] = fields.pop("source", "")
    line["event"] = fields.pop("event", "")
    request_id = _request.get()
    if request_id is not None:
        line["request_id"] = request_id
    line.update(fields)
    return line


@lru_cache(maxsize=4096)
def _is_secret(name: str) -> bool:
    return _SECRET_NAME.search(name) is not None


def _hide_fields(_: WrappedLogger, __: str, fields: EventDict) -> EventDict:
    for name, value in fields.items():
        fields[name] = _hidden(name, value)
    return fields


def _hidden(name: str, value: Any, depth: int = 8) -> Any:  # noqa: ANN401 (anything can be logged)
    """Return the value as the log may show it. That there is a secret or none may be told: None and bool stay."""
    if _is_secret(name) and value is not None and not isinstance(value, bool):
        return REDACTED
    if isinstance(value, dict | list | tuple | set | frozenset):
        if depth == 0:
            return "[too deep]"
        if isinstance(value, dict):
            return {key: _hidden(str(key), each, depth - 1) for key, each in value.items()}
        return [_hidden("", each, depth - 1) for each in value]
    return value


def _finish(render: Render, logger: WrappedLogger, level: str, fields: EventDict) -> bytes:
    line = render(logger, level, fields)
    if any(hint in line for hint in _HINTS):
        line = _SECRET_FORM.sub(REDACTED, line)
    return line.encode(errors="backslashreplace")


def _for_people(*, colours: bool) -> Render:
    # The plain traceback, because the pretty one shows local variables.
    return structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=structlog.dev.plain_traceback)


def _as_json(logger: WrappedLogger, level: str, fields: EventDict) -> str:
    fields = structlog.processors.format_exc_info(logger, level, fields)
    try:
        return msgspec.json.encode(fields, enc_hook=repr).decode()
    except (TypeError, ValueError):
        # Keys that are no text, halves of surrogate pairs: a line must be written all the same.
        return msgspec.json.encode({name: _plain(value) for name, value in fields.items()}).decode()


def _plain(value: object) -> str:
    return (value if isinstance(value, str) else repr(value)).encode(errors="backslashreplace").decode()
