"""`guildhall demo`, as somebody meets it who wants to look around."""

import re
import signal
from pathlib import Path

import httpx

from tests.cli.program import Program, run, serving
from tests.services.programs import free_port, wait_until


def somebody_is_in_voice(address: str) -> bool:
    guilds = httpx.get(f"{address}/_sim/state").json()["guilds"]
    return any(each["voice_states"] for each in guilds)


def bot_is_there(program: Program) -> bool:
    return bool(httpx.get(f"{program.url}/health").json()["checks"]["bot"] == "simulated")


def come_in_with_discord(client: httpx.Client, address: str, name: str) -> httpx.Response:
    """Sign in as somebody of the simulated guild."""
    page = client.get(client.get("/panel/sign-in/discord").headers["location"])
    form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text))
    (user_id,) = re.findall(rf'value="(\d+)">[^<]*\({name}\)', page.text)
    sent = client.post(f"{address}/api/v10/oauth2/authorize", data={**form, "user_id": user_id})
    return client.get(sent.headers["location"])


def test_the_demo_is_alive_at_the_first_look_and_goes_on_where_it_was(tmp_path: Path) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    settings = {"SIMULATOR_PORT": str(port), "DISCORD_TOKEN": "the token of a real bot, which the demo leaves alone"}
    with serving(tmp_path, "demo", **settings) as program:
        assert "16 people have moved in" in program.told
        assert "13 people have met in voice for 5 weeks" in program.told
        assert wait_until(lambda: bot_is_there(program)), program.log
        assert somebody_is_in_voice(address)
        with httpx.Client(base_url=f"http://localhost:{program.port}") as client:
            assert come_in_with_discord(client, address, "mara").status_code == 303
            assert client.get("/panel/system").status_code == 200
            assert "The Lantern" in client.get("/panel/bot").text
        assert program.stop(signal.SIGINT) == 0
    first = len(program.told)
    with serving(tmp_path, "demo", **settings) as program:
        again = program.told[first:]
        assert "The demo goes on where it was left" in again
        assert not re.search("moved in|have met|Sign in as", again)
        assert wait_until(lambda: bot_is_there(program)), program.log
        assert program.stop(signal.SIGINT) == 0
    assert "Traceback" not in program.log


def test_the_demo_stays_out_of_production_and_out_of_a_house_where_people_live(tmp_path: Path) -> None:
    refused = run(tmp_path, "demo", ENVIRONMENT="production")
    assert (refused.returncode, "it is not for ENVIRONMENT=production" in refused.stderr) == (1, True)
    assert not (tmp_path / "data").exists()
    with serving(tmp_path, ADMIN_PASSWORD="a password for tests") as program, program.client() as client:
        client.post("/panel/sign-in", data={"name": "admin", "password": "a password for tests"})
        (token,) = set(re.findall(r'name="csrf_token" value="(\w+)"', client.get("/panel/people").text))
        person = {"csrf_token": token, "name": "grace", "password": "a password for tests"}
        assert client.post("/panel/people", data=person).status_code == 303
    refused = run(tmp_path, "demo")
    assert (refused.returncode, "has people or bookings already" in refused.stderr) == (1, True)
