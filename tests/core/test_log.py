import asyncio
import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, Literal

import pytest
import structlog

from guildhall.core.log import bind_request, get_logger, setup_logging
from guildhall.settings import ServerSettings


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    logging.captureWarnings(capture=False)
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    structlog.reset_defaults()
    bind_request(None)


class Log:
    """What was logged, by line."""

    def __init__(
        self,
        level: Literal["debug", "info", "warning", "error"] = "info",
        style: Literal["json", "console", "auto"] = "json",
    ) -> None:
        self._out = io.BytesIO()
        setup_logging(ServerSettings(log_level=level, log_format=style), self._out)

    @property
    def text(self) -> str:
        return self._out.getvalue().decode()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


def test_a_line_tells_when_what_where_and_its_fields() -> None:
    log = Log()
    get_logger("guildhall.rooms").info("Room booked", room="ostrom", minutes=90, tags=["a", "b"])
    line = log.lines[0]
    assert line.pop("timestamp").endswith("+00:00")
    assert line == {
        "level": "info",
        "logger": "guildhall.rooms",
        "event": "Room booked",
        "room": "ostrom",
        "minutes": 90,
        "tags": ["a", "b"],
    }


def test_lines_below_the_level_are_not_written() -> None:
    log = Log(level="warning")
    ours, library = get_logger("ours"), logging.getLogger("some.library")
    for each in (ours, library):
        each.debug("no")
        each.info("no")
        each.warning("yes")
        each.error("yes")
    assert [(line["logger"], line["level"]) for line in log.lines] == [
        ("ours", "warning"),
        ("ours", "error"),
        ("some.library", "warning"),
        ("some.library", "error"),
    ]


async def test_each_request_has_its_own_id_on_its_lines_and_those_of_libraries() -> None:
    log = Log()

    async def answer(request_id: str) -> None:
        bind_request(request_id)
        await asyncio.sleep(0)
        get_logger("ours").info("Ours")
        await asyncio.create_task(later())

    async def later() -> None:
        logging.getLogger("library").info("Theirs")

    await asyncio.gather(answer("one"), answer("two"))
    get_logger("ours").info("Outside")
    assert sorted((line["event"], line.get("request_id", "")) for line in log.lines) == [
        ("Ours", "one"),
        ("Ours", "two"),
        ("Outside", ""),
        ("Theirs", "one"),
        ("Theirs", "two"),
    ]


@pytest.mark.parametrize(
    "name",
    [
        *("password", "new_password", "token", "client_secret", "Authorization", "authorisation", "Cookie"),
        *("Set-Cookie", "api_key", "apikey", "credentials", "X-Signature", "PRIVATE_KEY"),
    ],
)
@pytest.mark.parametrize("style", ["json", "console"])
def test_a_field_whose_name_says_secret_shows_no_value(name: str, style: Literal["json", "console"]) -> None:
    log = Log(style=style)
    get_logger("x").info("Hello", **{name: "hunter2", "nested": {"list": [{name: ["hunter2", 4711]}]}})
    assert "hunter2" not in log.text
    assert "4711" not in log.text
    assert log.text.count("[redacted]") == 2


def test_that_there_is_a_secret_or_none_may_be_told() -> None:
    log = Log()
    get_logger("x").info("Hello", has_password=True, token=None)
    assert (log.lines[0]["has_password"], log.lines[0]["token"]) == (True, None)


JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c2VyIn0.c2lnbmF0dXJlLW9mLXRoaXM"
SECRETS = [
    ("chb_sk_live_AbCdEf0123456789", "AbCdEf"),
    ("chb_admin_AbCdEf0123456789", "AbCdEf"),
    ("chb_ut_AbCdEf0123456789", "AbCdEf"),
    ("veza_sk_AbCdEf0123456789", "AbCdEf"),
    ("rustmail_AbCdEf0123456789_-x", "AbCdEf"),
    (JWT, "eyJzdWIi"),
    ("postgresql://guild:AbCdEf%2F@host/name", "AbCdEf"),
    ("redis://:AbCdEf@host:6379/0", "AbCdEf"),
    ("Bearer AbCdEf-opaque.token", "AbCdEf"),
    ("authorization: basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "QWxh"),
    ("GET /verify?id=1&token=AbCdEf&x=2", "AbCdEf"),
    ("https://host/callback?code=AbCdEf", "AbCdEf"),
]


@pytest.mark.parametrize(("text", "secret"), SECRETS)
@pytest.mark.parametrize("style", ["json", "console"])
def test_what_has_the_form_of_a_credential_is_hidden_wherever_it_stands(
    text: str, secret: str, style: Literal["json", "console"]
) -> None:
    log = Log(style=style)
    ours = get_logger("x")
    ours.info(f"It said {text}, twice: {text}")
    ours.info("In a field", where=text, deep={"list": [text]})
    logging.getLogger("library").warning("From a library: %s", text)
    try:
        int(text)
    except ValueError:
        ours.exception("In a traceback")
    assert log.text.count("\n") >= 4
    assert secret not in log.text
    assert log.text.count("[redacted]") >= 6


def test_harmless_text_is_left_alone() -> None:
    log = Log(style="console")
    harmless = "https://host/path?page=2 rustmail_logs veza_sk chb_ eyJ a=b basic auth bearer: of news 12:30@noon"
    get_logger("x").info(harmless, code=404, status="ok")
    assert "[redacted]" not in log.text
    assert harmless in log.text


def test_long_hostile_text_does_not_hold_up_the_search() -> None:
    log = Log()
    for piece in ("eyJ-", "eyJaaaaa.", "://a:", "://:", "rustmail_-", "?token=", "chb_ut_", "basic "):
        get_logger("x").info(piece * 20_000)
    assert len(log.lines) == 8


def test_an_exception_is_shown_with_its_traceback_in_one_line_and_without_local_values() -> None:
    log = Log()

    def break_with(local_value: str) -> float:
        return 1 / (len(local_value) - 7)

    try:
        break_with("hunter" + "2")
    except ZeroDivisionError:
        get_logger("x").exception("It broke", room="ostrom")
        logging.getLogger("library").exception("Theirs too")
    ours, theirs = log.lines
    assert (ours["level"], theirs["level"]) == ("error", "error")
    for line in (ours, theirs):
        assert line["exception"].startswith("Traceback (most recent call last)")
        assert line["exception"].endswith("ZeroDivisionError: division by zero")
    assert "hunter2" not in log.text


def test_whatever_is_logged_a_line_is_written() -> None:
    log = Log()
    circle: dict[str, object] = {}
    circle["self"] = circle
    nothing: Any = object()
    for value in (nothing, {1: {(2, 3): "x"}}, "half \ud800", b"\xff", circle, {"a"}, float("nan"), 2**80):
        get_logger("x").info("Odd", value=value)
    get_logger("x").info("half \udfff\nand a line break")
    assert len(log.lines) == 9
    assert log.lines[-1]["event"].endswith("\nand a line break")


def test_libraries_go_through_the_same_pipeline_even_with_handlers_of_their_own() -> None:
    library = logging.getLogger("some.stubborn.library")
    own = io.StringIO()
    library.addHandler(logging.StreamHandler(own))
    library.propagate = False
    log = Log(level="debug")
    library.log(25, "Between %s levels", "two")
    logging.getLogger("sqlalchemy.engine.Engine").info("SELECT 'a value'")
    assert own.getvalue() == ""
    assert [(line["logger"], line["level"], line["event"]) for line in log.lines] == [
        ("some.stubborn.library", "info", "Between two levels")
    ]


def test_a_terminal_gets_text_and_a_pipe_gets_json() -> None:
    class Terminal(io.BytesIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    setup_logging(ServerSettings(), terminal)
    get_logger("x").info("Hello", room="ostrom")
    assert "\x1b[" in terminal.getvalue().decode()
    log = Log(style="auto")
    get_logger("x").info("Hello", room="ostrom")
    assert log.lines[0]["room"] == "ostrom"


def test_a_process_logs_to_standard_error() -> None:
    program = (
        "import warnings; from guildhall.core.log import *; from guildhall.settings import ServerSettings;"
        "setup_logging(ServerSettings()); get_logger('x').info('Hello'); warnings.warn('Old ways')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == ""
    hello, warning = [json.loads(line) for line in done.stderr.splitlines()]
    assert (hello["event"], hello["level"]) == ("Hello", "info")
    assert "Old ways" in warning["event"]
    assert (warning["logger"], warning["level"]) == ("py.warnings", "warning")
