"""`guildhall serve`, as an operator meets it."""

import re
import signal
import socket
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.cli.program import Program, run, serving
from tests.services.programs import free_port, wait_until

PASSWORD = "correct horse battery staple"
MASTER_KEY = "chb_admin_0123456789abcdefghijklmnopqrstuvwxyzABCD"
STRONG = "u8Zr2mQx7TfK4wNbV0sYhJ5dLc9GpE3a"
SIGN_IN = re.compile(r"^Sign in as (\S+) with password (\S+) \(shown this once\)$", re.MULTILINE)
KEY = re.compile(r"^Master key of the APIs, shown this once: (chb_admin_\w{40})$", re.MULTILINE)


def form_of(page: httpx.Response) -> dict[str, str]:
    """The hidden fields of a page's first form."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text))


def sign_in(client: httpx.Client, name: str, password: str) -> httpx.Response:
    page = client.get("/panel/sign-in")
    return client.post("/panel/sign-in", data={**form_of(page), "name": name, "password": password})


def is_signed_in(client: httpx.Client) -> bool:
    return client.get("/panel/rooms").status_code == 200


def test_a_new_house_says_where_to_look_and_how_to_sign_in_and_says_it_once(tmp_path: Path) -> None:
    with serving(tmp_path) as program:
        assert f"Guildhall is at http://localhost:{program.port}/panel" in program.told
        assert f"http://localhost:{program.port}/docs" in program.told
        ((name, password),) = SIGN_IN.findall(program.told)
        (key,) = KEY.findall(program.told)
        with program.client() as client:
            assert sign_in(client, name, password).status_code == 303
            assert is_signed_in(client)
            rooms = client.get("/v1/rooms", headers={"Authorization": f"Bearer {key}"}).json()["rooms"]
            assert [room["id"] for room in rooms][:2] == ["ostrom", "satoshi"]
        assert program.stop() == 0
    assert not re.search(r"Traceback|\"level\":\"(warning|error)\"", program.log)
    first = len(program.told)
    with serving(tmp_path) as program:
        assert "/panel" in program.told[first:]
        assert not re.search(r"password|key|Sign in", program.told[first:])
        with program.client() as client:
            assert sign_in(client, name, password).status_code == 303
    for secret in (password, key):
        assert secret not in program.log


def test_what_the_settings_name_is_not_shown(tmp_path: Path) -> None:
    settings = {
        "ADMIN_USER": "Ada",
        "ADMIN_PASSWORD": PASSWORD,
        "ADMIN_API_KEY": MASTER_KEY,
        "PUBLIC_URL": "https://hub.test/",
    }
    with serving(tmp_path, **settings) as program:
        assert "Guildhall is at https://hub.test/panel" in program.told
        assert "Sign in as Ada with the password you set" in program.told
        assert PASSWORD not in program.told
        assert MASTER_KEY not in program.told
        with program.client(headers={"Authorization": f"Bearer {MASTER_KEY}"}) as client:
            assert client.get("/v1/rooms").status_code == 200
        assert program.stop() == 0


def test_in_production_no_password_is_made_up(tmp_path: Path) -> None:
    with serving(tmp_path, ENVIRONMENT="production") as program:
        assert (
            "There is no administrator yet: run `guildhall admin create NAME`, or set ADMIN_PASSWORD." in program.told
        )
        assert not SIGN_IN.search(program.told)


def test_what_the_house_keeps_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    with serving(tmp_path) as program:
        assert program.stop() == 0
    data = tmp_path / "data"
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (data, data / "secrets", *data.glob("secrets/*"))}
    assert modes == {
        "data": 0o700,
        "secrets": 0o700,
        "secret_key": 0o600,
        "api_internal_secret": 0o600,
        "setup_token": 0o600,
    }


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_asked_to_end_answers_what_it_has_begun_and_ends_well(
    tmp_path: Path, by: signal.Signals
) -> None:
    with serving(tmp_path, ADMIN_API_KEY=MASTER_KEY, ADMIN_PASSWORD=PASSWORD) as program:
        body = b'{"name":"Late room","capacity":3}'
        headers = f"Host: x\r\nAuthorization: Bearer {MASTER_KEY}\r\nContent-Length: {len(body)}"
        head = f"PUT /v1/rooms/late HTTP/1.1\r\n{headers}\r\n\r\n"
        with socket.create_connection(("127.0.0.1", program.port), 20) as slow, program.client() as watching:
            sign_in(watching, "admin", PASSWORD)
            with watching.stream("GET", "/panel/live") as live:
                assert live.status_code == 200
                slow.sendall(head.encode() + body[:5])
                assert httpx.get(f"{program.url}/health").status_code == 200
                program.process.send_signal(by)
                wait_until(lambda: "Stopping" in program.log or not accepts(program), within=5)
                slow.sendall(body[5:])
                assert slow.recv(65536).startswith(b"HTTP/1.1 200")
        assert program.process.wait(20) == 0
    assert "Traceback" not in program.log
    with closing(sqlite3.connect(tmp_path / "data" / "guildhall.db")) as connection:
        assert connection.execute("SELECT count(*) FROM rooms WHERE id = 'late'").fetchone() == (1,)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def accepts(program: Program) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", program.port)) == 0


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"PORT": "[/bold]"}, "These settings cannot be used:\n  PORT: '[/bold]' is not a whole number"),
        (
            {"PORT": "0", "LOG_LEVEL": "x"},
            "  LOG_LEVEL: 'x' must be one of debug, info, warning, error\n  PORT: must be",
        ),
        ({"HOST": "203.0.113.1"}, "Nobody can listen on HOST 203.0.113.1, PORT"),
        ({"DATA_DIR": "/dev/null"}, "DATA_DIR: /dev/null cannot be made: File exists"),
        ({"DATABASE_URL": "mysql://ada:hunter2@db/x"}, "  DATABASE_URL: must begin with sqlite:/// or postgresql://"),
        (
            {"DATABASE_URL": "postgresql://ada:hunter2@127.0.0.1:1/x"},
            "The database cannot be brought up to date: connection",
        ),
        ({"DATABASE_URL": "postgresql://ada:hunter2@127.0.0.1:x/x"}, "DATABASE_URL: has a port that is no number"),
        ({"DATABASE_URL": "sqlite:////dev/null"}, "The database cannot be brought up to date:"),
        ({"REDIS_URL": "http://:hunter2@redis"}, "  REDIS_URL: must begin with redis:// or rediss://"),
        ({"S3_URL": "https://hunter2"}, "S3_URL: must look like s3://key:secret@bucket/prefix"),
        ({"SMTP_URL": "mail.test hunter2"}, "SMTP_URL: must look like smtp://user:password@host:587"),
        ({"COMMONSHUB_CONFIG": "/nowhere.toml"}, "COMMONSHUB_CONFIG cannot be read:"),
        ({"ADMIN_PASSWORD": "hunter2"}, "ADMIN_USER, ADMIN_PASSWORD or ADMIN_EMAIL cannot be used: A password has"),
    ],
    ids=lambda value: " ".join(map("=".join, value.items())) if isinstance(value, dict) else "",
)
def test_what_cannot_work_is_told_in_a_sentence(tmp_path: Path, settings: dict[str, str], complaint: str) -> None:
    ended = run(tmp_path, "serve", **{"PORT": str(free_port()), **settings})
    assert ended.returncode == 1
    assert complaint in ended.stderr
    assert not re.search(r"Traceback|panicked|hunter2", ended.stderr + ended.stdout)


def test_production_refuses_weak_secrets_all_at_once(tmp_path: Path) -> None:
    weak = dict.fromkeys(("SECRET_KEY", "API_INTERNAL_SECRET", "ADMIN_API_KEY", "ADMIN_PASSWORD"), "hunter2")
    ended = run(tmp_path, "serve", ENVIRONMENT="production", **weak)
    assert ended.returncode == 1
    assert re.findall(
        r"^  (\w+): too weak for production; use at least \d+ random", ended.stderr, re.MULTILINE
    ) == list(weak)
    assert "hunter2" not in ended.stderr
    assert not (tmp_path / "data").exists()


def test_an_address_that_is_taken_is_told_before_anything_is_begun(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = run(tmp_path, "serve", PORT=port)
    assert ended.returncode == 1
    assert f"Nobody can listen on HOST 127.0.0.1, PORT {port}: Address already in use" in ended.stderr
    assert ended.stdout == ""
    assert not (tmp_path / "data").exists()


def test_a_name_for_this_machine_will_do(tmp_path: Path) -> None:
    with serving(tmp_path, HOST="localhost") as program:
        assert httpx.get(f"{program.url}/health").status_code == 200


def test_settings_come_from_a_file_beside_it_too(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"ADMIN_USER=grace\nADMIN_PASSWORD='{PASSWORD}'\nPORT=1\n")
    with serving(tmp_path) as program:
        assert "Sign in as grace with the password you set" in program.told


def test_the_log_of_a_whole_session_has_no_secrets(tmp_path: Path) -> None:
    """What was shown, typed, made or sent is searched for afterwards, with everything logged that there is to log."""
    settings = {
        "ADMIN_PASSWORD": PASSWORD,
        "SECRET_KEY": STRONG,
        "API_INTERNAL_SECRET": STRONG[::-1],
        "METRICS_TOKEN": "metrics-token-of-this-test",
        "SMTP_URL": "smtp://ada:smtp-password-of-this-test@127.0.0.1:1",
        "LOG_LEVEL": "debug",
    }
    secrets = [PASSWORD, STRONG, STRONG[::-1], "metrics-token-of-this-test", "smtp-password-of-this-test"]
    with serving(tmp_path, **settings) as program:
        (master_key,) = KEY.findall(program.told)
        with program.client() as panel:
            for password in ("a wrong password, typed", PASSWORD):
                sign_in(panel, "admin", password)
                secrets.append(password)
            assert is_signed_in(panel)
            secrets += [cookie.value or "" for cookie in panel.cookies.jar]
            secrets.append(form_of(panel.get("/panel/rooms"))["csrf_token"])
            panel.post("/panel/sign-out", data={"csrf_token": "x"})
        with program.client(headers={"Authorization": f"Bearer {master_key}"}) as master:
            app_secret = master.post("/v1/apps", json={"name": "ElinorBot"}).json()["appSecret"]
            master.get("/v1/users?limit=x&token=token-in-a-query")
            master.put("/v1/rooms/late", content=b'{"name": "' + app_secret.encode() + b'", ')
            master.post("/v1/apps", json={"name": "x"}, headers={"Idempotency-Key": "key-of-this-test"})
        acting = {"Authorization": f"Bearer {app_secret}", "X-User-Id": "1", "X-User-Name": "ada"}
        with program.client(headers=acting) as app:
            feed = app.post("/v1/users/me/calendar-feed").json()
            app.put("/v1/users/me", json={"email": "ada@hub.test"})
            booking = {
                "title": "Standup",
                "date": "2099-03-19",
                "start": "14:00",
                "end": "15:00",
                "email": "ada@hub.test",
            }
            assert app.post("/v1/rooms/ostrom/book", json=booking).status_code == 200
            app.get(httpx.URL(feed["calendarFeedUrl"]).path)
        for scheme in ("Bearer", "Basic"):
            httpx.get(
                f"{program.url}/v1/rooms", headers={"Authorization": f"{scheme} a-guessed-credential-of-this-test"}
            )
        httpx.get(f"{program.url}/metrics", headers={"Authorization": "Bearer metrics-token-of-this-test"})
        secrets += [master_key, app_secret, feed["calendarFeedUrl"].split("/")[-2], "a-guessed-credential-of-this-test"]
        secrets += ["token-in-a-query"]
        assert wait_until(lambda: "mail.send" in program.log or "smtp" in program.log.lower(), within=20)
        program.stop()
    assert len(program.log.splitlines()) > 20
    assert [secret for secret in secrets if secret and secret in program.log] == []
