"""A hub in a process of its own, and a terminal in front of it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.program import serving
from tests.client.terminal import SAME_CODE, Hub, Terminal
from tests.serving import ADMIN_PASSWORD, MASTER_KEY

SECRET = re.compile(r'id="app-secret">(chb_sk_live_\w+)<')


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A running server with an administrator, who has read the secret of the command line in the panel."""
    folder = tmp_path_factory.mktemp("hub")
    with serving(folder, ADMIN_API_KEY=MASTER_KEY, ADMIN_PASSWORD=ADMIN_PASSWORD, **SAME_CODE) as program:
        with program.client() as panel, program.client(headers={"Authorization": f"Bearer {MASTER_KEY}"}) as master:
            panel.post("/panel/sign-in", data={"name": "admin", "password": ADMIN_PASSWORD})
            shown = panel.get("/panel/apps").text
            assert f"guildhall login --server {program.url}" in shown.replace("localhost", "127.0.0.1")
            (secret,) = SECRET.findall(shown)
            bot = master.post("/v1/apps", json={"name": "Bot"}).json()["appSecret"]
        yield Hub(program, secret, bot)


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """The terminal of somebody who never logged in."""
    return Terminal(tmp_path)
