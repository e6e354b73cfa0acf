"""The program as a developer runs it."""

import signal
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

COMMANDS = {
    "module": (sys.executable, "-m", "guildhall.simulator", "discord"),
    "command line": (sys.executable, "-m", "guildhall", "simulator"),
}


@pytest.fixture(params=COMMANDS)
def program(request: pytest.FixtureRequest) -> Iterator["subprocess.Popen[str]"]:
    """The program, started either way, with people who live in it."""
    options = ("--port", "0", "--token", "a-token-for-the-bot", "--lively")
    with subprocess.Popen([*COMMANDS[request.param], *options], stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


async def test_it_says_where_it_is_and_which_token_opens_it(program: "subprocess.Popen[str]") -> None:
    assert program.stdout is not None
    address = program.stdout.readline().split()[-1]
    settings = dict(program.stdout.readline().strip().split("=", 1) for _ in range(6))
    assert settings["DISCORD_API_BASE"] == f"{address}/api/v10"
    assert settings["DISCORD_GATEWAY_URL"] == f"{address.replace('http', 'ws')}/gateway"
    headers = {"Authorization": f"Bot {settings['DISCORD_TOKEN']}"}
    async with httpx.AsyncClient(base_url=settings["DISCORD_API_BASE"], headers=headers) as client:
        me = (await client.get("/users/@me")).json()
        assert (me["bot"], me["id"]) == (True, settings["DISCORD_CLIENT_ID"])
        assert (await client.get(f"/guilds/{settings['DISCORD_GUILD_ID']}")).json()["name"] == "The Lantern"
    program.send_signal(signal.SIGTERM)
    assert program.wait(20) == 0
