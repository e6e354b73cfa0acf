"""What goes wrong, the exit code that says so, and the sentence that helps."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import msgspec
import pytest

from tests.client.terminal import Hub, Terminal
from tests.services.programs import free_port

TOKEN = "chb_ut_of_nobody"
SAID = {
    "page": b"<h1>Sign in to the network</h1>",
    "json": b'{"detail": "no"}',
    "bytes": b'{"rooms": "\xff"}',
    "profile": b'{"userId": "u_1", "username": "ada", "displayName": "Ada", "email": null, "roles": []}',
}


class Portal(BaseHTTPRequestHandler):
    """A proxy that answers for the server, with a page or with JSON of its own; the path says how."""

    def do_GET(self) -> None:
        """Answer with the status and the body that the path names."""
        _, status, kind, *_ = self.path.split("/")
        self.send_response(int(status))
        self.send_header("Location", "https://portal.example.org/")
        self.send_header("Content-Type", "text/html" if kind == "page" else "application/json")
        self.end_headers()
        self.wfile.write(SAID[kind])

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def portal() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Portal) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_whoever_is_not_logged_in_is_told_to(hub: Hub, terminal: Terminal) -> None:
    assert terminal.refused("rooms") == (3, "You are not logged in; `login` does it\n")
    code, document = terminal.refused("rooms", "--json")
    assert (code, msgspec.json.decode(document)["error"]) == (3, "not_logged_in")
    assert terminal.refused("logout")[0] == 3
    terminal.log_in(hub.url, TOKEN)
    assert terminal.refused("rooms") == (3, f"Your login at {hub.url} is over; `login` makes a new one\n")
    code, document = terminal.refused("rooms", "--json")
    assert (code, msgspec.json.decode(document)["error"]) == (3, "unauthorized"), "in the server's own words"


def test_a_token_is_sent_to_no_other_server_than_the_one_it_is_of(hub: Hub, terminal: Terminal) -> None:
    terminal.log_in(hub.url, hub.token_of("grace"))
    other = "http://127.0.0.1:1"
    told = (3, f"You are not logged in at {other}, but at {hub.url}\n")
    assert terminal.refused("rooms", "--server", other) == told
    assert terminal.refused("rooms", GUILDHALL_SERVER=other) == told
    assert terminal.refused("logout", "--forget", "--server", other) == told, "nor is it forgotten for another"
    assert terminal.said("rooms", "--server", hub.url, GUILDHALL_SERVER=other), "the option is nearer"
    assert terminal.said("rooms", GUILDHALL_SERVER=f"{hub.url}/")


def test_a_revoked_token_ends_the_login_and_logging_out_removes_it_all_the_same(hub: Hub, terminal: Terminal) -> None:
    token = hub.token_of("grace")
    terminal.log_in(hub.url, token)
    with hub.program.client(headers={"Authorization": f"Bearer {token}"}) as elsewhere:
        elsewhere.delete("/v1/users/me/tokens/current")
    assert terminal.refused("whoami")[0] == 3
    assert terminal.said("logout") == "The login was over already, and is forgotten here\n"
    assert not terminal.login.path.exists()


def test_nobody_answering_is_exit_code_4_and_keeps_the_login_unless_told_otherwise(terminal: Terminal) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    for server in (nobody, "http://hub.invalid"):
        terminal.log_in(server, TOKEN)
        code, why = terminal.refused("rooms")
        assert (code, why.startswith(f"{server} cannot be reached: ")) == (4, True)
        code, document = terminal.refused("rooms", "--json")
        assert (code, msgspec.json.decode(document)["error"]) == (4, "not_reachable")
    assert terminal.refused("logout")[0] == 4
    assert terminal.login.path.exists()
    assert "forgotten here" in terminal.said("logout", "--forget")
    assert not terminal.login.path.exists()
    assert terminal.refused("login", "--server", nobody, GUILDHALL_APP_SECRET="x")[0] == 4


def test_an_answer_that_is_no_hubs_is_exit_code_4(hub: Hub, portal: str, terminal: Terminal) -> None:
    for place in ("200/page", "401/page", "502/page", "404/json", "200/json", "200/bytes"):
        terminal.log_in(f"{portal}/{place}", TOKEN)
        code, why = terminal.refused("rooms")
        assert (code, "does not answer as a hub does" in why) == (4, True), place
        assert "points to https://portal.example.org/" in why
    terminal.log_in(hub.url.replace("http:", "https:"), TOKEN)
    assert terminal.refused("rooms")[0] == 4, "TLS with a port that speaks none"
    with socket.create_server(("127.0.0.1", 0)) as hangs_up:
        thread = threading.Thread(target=_hang_up, args=[hangs_up])
        thread.start()
        terminal.log_in(f"http://127.0.0.1:{hangs_up.getsockname()[1]}", TOKEN)
        assert terminal.refused("rooms")[0] == 4
        thread.join()


def test_what_the_environment_or_the_file_says_wrongly_is_told_in_a_sentence(hub: Hub, terminal: Terminal) -> None:
    for broken in ("", "chb_ut_é", "chb_ut_x\ny"):
        terminal.log_in(hub.url, broken)
        assert terminal.refused("rooms") == (
            3, "This is no secret and no token of a hub: it has characters that none has\n"
        )  # fmt: skip
    terminal.log_in(hub.url, hub.token_of("grace"))
    for environment in (
        {"ALL_PROXY": "nothing://x"},
        {"ALL_PROXY": "socks5://127.0.0.1:1"},
        {"SSL_CERT_FILE": "/none"},
    ):
        code, why = terminal.refused("rooms", **environment)
        assert (code, why.startswith(f"{hub.url} cannot be reached: ")) == (4, True), environment
    terminal.log_in("http://a\x01b", TOKEN)
    assert terminal.refused("rooms")[0] == 4


def test_a_server_that_lists_no_prepared_actions_has_them_on_its_pages(portal: str, terminal: Terminal) -> None:
    terminal.log_in(f"{portal}/200/profile", TOKEN)
    assert terminal.said("whoami").startswith("Ada (@ada)\n")
    code, why = terminal.refused("actions")
    assert (code, f"{portal}/200/profile/panel/actions" in why) == (1, True)


def test_what_cannot_be_meant_is_exit_code_2(hub: Hub, terminal: Terminal) -> None:
    assert terminal.refused("login", GUILDHALL_APP_SECRET="x") == (
        2, "Say at which server, by `--server https://...` or GUILDHALL_SERVER\n"
    )  # fmt: skip
    terminal.log_in(hub.url, hub.token_of("grace"))
    for words in (
        ("availability", "ostrom", "2026-02-30"),
        ("availability", "ostrom", "20260301"),
        ("shifts", "yesterday"),
        ("signup", "tomorrow", "first"),
        ("signup", "tomorrow"),
        ("rooms", "--server", "hub.example.org"),
        ("rooms", "--server", "ftp://hub.example.org"),
        ("rooms", "--server", "http://[::1"),
        ("rooms", "--server", "http://hub.example.org:port"),
        ("login",),
        ("nothing",),
    ):
        assert terminal.refused(*words)[0] == 2, words
    document = terminal.refused("shifts", "yesterday", "--json")[1]
    assert msgspec.json.decode(document)["error"] == "usage"


def test_a_refusal_is_told_with_its_slug_or_as_the_server_wrote_it(hub: Hub, terminal: Terminal) -> None:
    terminal.log_in(hub.url, hub.token_of("grace"))
    assert terminal.refused("availability", "attic") == (1, 'There is no room "attic" (room_not_found)\n')
    code, document = terminal.refused("availability", "../users", "--json")
    assert (code, msgspec.json.decode(document)["status"]) == (1, 404), "a name stays one part of a path"
    code, why = terminal.refused("book", "ostrom", "tomorrow", "9", "10", "x")
    assert (code, "(invalid_time)" in why) == (1, True)


def _hang_up(listener: socket.socket) -> None:
    listener.accept()[0].close()
