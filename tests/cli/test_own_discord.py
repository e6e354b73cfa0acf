"""The Discord inside `guildhall serve`, for whoever has no token yet."""

import socket
from pathlib import Path

import httpx
import pytest

from tests.cli.program import Program, serving
from tests.services.programs import free_port, wait_until

STRONG = "u8Zr2mQx7TfK4wNbV0sYhJ5dLc9GpE3a"


def bot_of(program: Program) -> str:
    return str(httpx.get(f"{program.url}/health").json()["checks"]["bot"])


def bot_is(program: Program, state: str) -> bool:
    return wait_until(lambda: bot_of(program) == state)


def test_a_developers_server_brings_a_discord_which_is_the_same_at_every_start(tmp_path: Path) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    found, applications = [], set()
    for _ in range(2):
        with serving(tmp_path, SIMULATOR_PORT=str(port)) as program:
            assert f"Discord is simulated at {address}, for there is no DISCORD_TOKEN\n" in program.told
            assert bot_is(program, "simulated"), program.log
            world = httpx.get(f"{address}/_sim/state").json()
            people = [each for each in world["users"] if not each["bot"]]
            found.append([each["id"] for each in world["guilds"] + people + world["guilds"][0]["channels"]])
            applications.add(world["application"]["id"])
            assert program.stop() == 0
        assert "Traceback" not in program.log
        with pytest.raises(httpx.ConnectError):
            httpx.get(address)
    assert found[0] == found[1]
    # What the bot has registered is not kept, so it must not believe that it is there.
    assert len(applications) == 2


def test_a_port_that_is_taken_is_told_and_the_server_runs_without_a_bot(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with serving(tmp_path, SIMULATOR_PORT=str(port)) as program:
            told = [line for line in program.told.splitlines() if "simulated" in line]
            assert told == [
                f"Discord is not simulated: port {port} cannot be used (Address already in use). See SIMULATOR_PORT."
            ]
            assert bot_is(program, "offline")


@pytest.mark.parametrize(
    "settings",
    [
        {"SIMULATOR_PORT": "off"},
        {"SIMULATOR_PORT": "0"},
        {"ENVIRONMENT": "production"},
        {"DISCORD_CLIENT_SECRET": STRONG},
        {"DISCORD_API_BASE": "http://127.0.0.1:1/api"},
    ],
    ids=lambda settings: "=".join(*settings.items()),
)
def test_where_it_is_not_wanted_none_is_there(tmp_path: Path, settings: dict[str, str]) -> None:
    port = free_port()
    with serving(tmp_path, **{"SIMULATOR_PORT": str(port), **settings}) as program:
        assert "simulated" not in program.told
        assert bot_is(program, "offline")
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"http://127.0.0.1:{port}")
