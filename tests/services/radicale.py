"""A CalDAV server: Radicale, in the environment that `make test` makes for it."""

import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from icalendar import Calendar, Event

from tests.services.programs import serving

PYTHON = Path(sys.prefix) / "aside" / "radicale" / "bin" / "python"
USER = "hub"
PASSWORD = "pass word: ünïcode"

CONFIGURATION = """
[auth]
type = htpasswd
htpasswd_filename = {folder}/users
htpasswd_encryption = plain
delay = 0
[storage]
filesystem_folder = {folder}/store
[logging]
level = warning
"""


@dataclass(frozen=True)
class Collection:
    """A calendar on the server, as somebody with another calendar program sees it."""

    url: str

    def put(self, name: str, document: str) -> None:
        """Write an event as it is given."""
        self._ask("PUT", name, content=document.encode(), headers={"Content-Type": "text/calendar"})

    def delete(self, name: str) -> None:
        """Delete an event."""
        self._ask("DELETE", name)

    def text(self, name: str) -> str:
        """Return an event as the server has it."""
        return self._ask("GET", name).text

    def event(self, name: str) -> Event:
        """Return the one event of a document."""
        (event,) = Calendar.from_ical(self.text(name)).walk("VEVENT")
        assert isinstance(event, Event)
        return event

    def names(self) -> list[str]:
        """Return the names of everything there is, in order."""
        body = b'<propfind xmlns="DAV:"><prop><getetag/></prop></propfind>'
        text = self._ask("PROPFIND", "", content=body, headers={"Depth": "1"}).text
        return sorted(
            part.split("</href>")[0].rpartition("/")[2] for part in text.split("<href>")[1:] if ".ics" in part
        )

    def _ask(self, method: str, name: str, **options: object) -> httpx.Response:
        answer = httpx.request(method, self.url + name, auth=(USER, PASSWORD), **options)  # type: ignore[arg-type]  # options of a test
        return answer.raise_for_status()


@dataclass(frozen=True)
class RadicaleServer:
    """Where the server is. It knows one USER with a PASSWORD."""

    origin: str

    def make_calendar(self) -> Collection:
        """Make an empty calendar."""
        calendar = Collection(f"{self.origin}/{USER}/calendar-{secrets.token_hex(6)}/")
        calendar._ask("MKCALENDAR", "")
        return calendar


@contextmanager
def radicale_server(folder: Path) -> Iterator[str]:
    """Run the server in a folder and yield its origin."""
    (folder / "users").write_text(f"{USER}:{PASSWORD}\n", encoding="utf-8")
    (folder / "config").write_text(CONFIGURATION.format(folder=folder))

    def command(port: int) -> list[str]:
        return [str(PYTHON), "-m", "radicale", "--config", str(folder / "config"), "--hosts", f"127.0.0.1:{port}"]

    with serving(command, folder) as port:
        yield f"http://127.0.0.1:{port}"
