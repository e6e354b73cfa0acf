"""The command as a person types it, most often in this process: a start of Python costs more than what it does."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import httpx
import msgspec
from typer import Typer
from typer.testing import CliRunner, Result

import guildhall
from guildhall import cli
from guildhall.client.login_file import Login, LoginFile
from guildhall.domains import identity
from tests.cli.program import Program
from tests.serving import ADMIN_PASSWORD

CODE = re.compile(r"Open (\S+)/auth/verify and enter code: ([0-9]{6})\n")
SAME_CODE = {"PYTHONPATH": str(Path(guildhall.__file__).parents[1])}
"""Another process runs the code that this one has imported, wherever it lies."""

UNSET = dict.fromkeys(
    ("GUILDHALL_SERVER", "GUILDHALL_APP_SECRET", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "COLUMNS")
)


@dataclass(frozen=True)
class Hub:
    """A running server, the secret of its command line, and that of a trusted app."""

    program: Program
    secret: str
    bot: str

    @property
    def url(self) -> str:
        """Its address."""
        return self.program.url

    def acting_for(self, user: str) -> httpx.Client:
        """Return a client of the trusted app that acts for a person."""
        headers = {"Authorization": f"Bearer {self.bot}", "X-User-Id": user, "X-User-Name": f"{user}_name"}
        return self.program.client(headers=headers)

    def decide_in_the_browser(self, code: str, decision: str) -> None:
        """Decide a login as the administrator, by the form of the page."""
        with self.program.client() as browser:
            browser.post("/panel/sign-in", data={"name": "admin", "password": ADMIN_PASSWORD})
            proof = identity.csrf_token(browser.cookies["session_id"])
            asks = browser.post("/panel/device-login", data={"code": code, "csrf_token": proof})
            assert "chb" in asks.text
            form = {"userCode": code, "decision": decision, "csrf_token": proof}
            assert browser.post("/v1/auth/verify", data=form).status_code == 200

    def token_of(self, user: str) -> str:
        """Let a person in without a wait, and return their token."""
        with self.program.client(headers={"Authorization": f"Bearer {self.secret}"}) as device:
            codes = device.post("/v1/auth/device").json()
            with self.acting_for(user) as person:
                person.post("/v1/auth/verify", json={"userCode": codes["userCode"]})
            return str(device.get(f"/v1/auth/device/{codes['deviceCode']}").json()["token"])


@dataclass(frozen=True)
class Terminal:
    """Somebody's terminal: what they log in to is kept in this folder."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """What the program finds there."""
        return {"XDG_CONFIG_HOME": str(self.folder)}

    @property
    def login(self) -> LoginFile:
        """The file of the login."""
        return LoginFile.of(self.environment)

    def log_in(self, server: str, token: str) -> None:
        """Keep a token as the command keeps it."""
        self.login.make_folder()
        self.login.write(Login(server, token))

    def run(self, *words: str, **environment: str) -> Result:
        """Run a command of `guildhall` to its end."""
        return self._run(cli.app, words, environment)

    def chb(self, *words: str) -> Result:
        """Run a command of `chb` to its end."""
        return self._run(cli.client, words, {})

    def _run(self, program: Typer, words: Sequence[str], environment: Mapping[str, str]) -> Result:
        return CliRunner().invoke(program, words, obj=self.environment, env={**UNSET, **environment})

    def said(self, *words: str, **environment: str) -> str:
        """Run a command that succeeds, and return what it prints."""
        result = self.run(*words, **environment)
        assert (result.exit_code, result.stderr) == (0, ""), result.stderr
        return result.stdout

    def json(self, *words: str) -> Any:  # noqa: ANN401 (whatever the server says)
        """Run a command that succeeds with --json, and return the document."""
        return msgspec.json.decode(self.said(*words, "--json"))

    def refused(self, *words: str, **environment: str) -> tuple[int, str]:
        """Run a command that fails, and return its exit code and what it says; it prints nothing to read on."""
        result = self.run(*words, **environment)
        assert result.stdout == ""
        return result.exit_code, result.stderr

    @contextmanager
    def running(self, *words: str, **options: Any) -> Iterator["subprocess.Popen[str]"]:  # noqa: ANN401 (those of Popen)
        """Run the program in a process of its own, which ends with the block at the latest."""
        environment = {"PATH": os.environ["PATH"], **SAME_CODE, **self.environment, **options.pop("more", {})}
        command = [sys.executable, *options.pop("python", ()), "-m", "guildhall", *words]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, **options) as process:
            try:
                yield process
            finally:
                process.kill()


def code_in(output: IO[str] | None) -> str:
    """Return the code that a login shows."""
    assert output is not None
    found = CODE.fullmatch(output.readline())
    assert found is not None
    return found[2]
