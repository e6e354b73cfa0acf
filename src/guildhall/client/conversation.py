"""One command's talk with a hub: who is asked, and how the answer is shown."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

import typer

from guildhall.client.failures import BadUsage, Failure, LoggedInElsewhere, LoginOver
from guildhall.client.login_file import Login, LoginFile
from guildhall.client.sheets import Sheet, plain
from guildhall.client.wire import ShiftDay

if TYPE_CHECKING:
    from guildhall.client.hub import Answer, Hub

T = TypeVar("T")

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
DAYS_AHEAD = {"today": 0, "tomorrow": 1}


@dataclass(frozen=True)
class Conversation:
    """A hub that is asked as somebody, and the manner of showing what it says."""

    hub: "Hub"
    as_json: bool

    def show(self, answer: "Answer[T]", sheets: Callable[[T], list[Sheet]]) -> None:
        """Print an answer as tables, or as the document that it is."""
        if self.as_json:
            typer.echo(answer.document)
            return
        from guildhall.client.printing import print_sheets

        print_sheets(sheets(answer.value))

    def say(self, answer: "Answer[T]", sentence: str) -> None:
        """Print what was done, or the document that says so."""
        typer.echo(answer.document if self.as_json else plain(sentence))

    def day(self, text: str) -> str:
        """Return a day as the wire writes it. What today is, the hub says: its clock may be on another day than ours.

        Raises BadUsage.
        """
        if text in DAYS_AHEAD:
            today = date.fromisoformat(self.hub.get("/v1/shifts", ShiftDay).value.date)
            return (today + timedelta(days=DAYS_AHEAD[text])).isoformat()
        try:
            return date.fromisoformat(text if DAY.fullmatch(text) else "").isoformat()
        except ValueError:
            raise BadUsage(f"{text!r} is no day; write today, tomorrow, or one such as 2026-12-01") from None


@contextmanager
def failures_told(*, as_json: bool) -> Iterator[None]:
    """End the command with the exit code of a failure, and its words on standard error."""
    try:
        yield
    except Failure as failure:
        typer.echo(failure.json if as_json else plain(str(failure)), err=True)
        raise typer.Exit(failure.exit_code) from failure


@contextmanager
def asking(context: typer.Context, server: str | None, *, as_json: bool) -> Iterator[Conversation]:
    """Ask the hub of the stored login; failures are told."""
    from guildhall.client.hub import Hub

    with failures_told(as_json=as_json):
        login = stored_login(context, server)
        with Hub(login.server, login.token) as hub:
            try:
                yield Conversation(hub, as_json)
            except LoginOver as over:
                told = f"Your login at {login.server} is over; `login` makes a new one"
                raise LoginOver(told, document=over.document) from over


def login_file(context: typer.Context) -> LoginFile:
    """Return where the login lies, by the environment that the program was started with."""
    return LoginFile.of(context.find_root().obj)


def stored_login(context: typer.Context, server: str | None) -> Login:
    """Return the stored login, if it is one for the server that is wanted. Raises NotLoggedIn, BadUsage."""
    wanted = address(server) if server else None
    login = login_file(context).read()
    if wanted not in (None, login.server):
        raise LoggedInElsewhere(f"You are not logged in at {wanted}, but at {login.server}")
    return login


def address(text: str) -> str:
    """Return a server's address in the one form in which addresses are compared. Raises BadUsage."""
    wrong = BadUsage(f"{text!r} is no address of a server; one is written like https://hub.example.org")
    try:
        parts = urlsplit(text)
        named = parts.hostname and parts.port != 0  # A port that is none raises when it is read.
    except ValueError:
        raise wrong from None
    if parts.scheme not in ("http", "https") or not named or parts.query or parts.fragment:
        raise wrong
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"
