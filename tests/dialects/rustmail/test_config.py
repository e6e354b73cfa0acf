"""The configuration over the wire: read without secrets, changed in part, for every process."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from guildhall.core.actor import SYSTEM
from guildhall.domains import site
from guildhall.settings import Settings
from guildhall.simulator.discord import DiscordSimulator
from tests.bot.conftest import until
from tests.clock import SettableClock
from tests.dialects.rustmail.people import ABOVE, MEMBER, OTHER, OWNER, STEWARD, FrontDesk, refusal
from tests.serving import serving, settings_for

CONFIG = "/api/bot/config"


async def put(client: httpx.AsyncClient, body: Any, **headers: str) -> httpx.Response:  # noqa: ANN401 (any JSON)
    return await client.put(CONFIG, json=body, headers={**ABOVE, **headers})


async def test_it_is_read_without_secrets_and_any_part_of_it_is_changed(
    front: FrontDesk, discord: DiscordSimulator
) -> None:
    owner, steward = await front.enters(OWNER), await front.enters(STEWARD)
    await front.grants(owner, "view_panel", to=front.id_of(STEWARD))
    first = await steward.get(CONFIG)
    body = first.json()
    assert (body["version"], first.headers["etag"]) == (0, '"0"')
    assert {"bot.token", "bot.guild_id", "bot.client_id"} <= set(body["locked"])
    assert body["secrets"]["bot.token"] is True
    assert discord.token not in first.text
    assert "token" not in body["bot"]
    assert refusal(await put(steward, {"bot": {"status": "mine"}})) == (403, "FORBIDDEN")

    # The reference's sample, as it stands there.
    changed = (await put(owner, {"bot": {"status": "Updated status"}})).json()
    assert (changed["success"], changed["changed"], changed["version"]) == (True, ["bot.status"], 1)
    assert (await steward.get(CONFIG)).json()["bot"]["status"] == "Updated status"
    assert (await owner.get("/api/bot/status")).json()["presence"] == "Updated status"

    # The whole of it is a large subset, and keys of other versions are told apart from mistakes.
    whole = (await owner.get(CONFIG)).json()
    whole["bot"] |= {"mode": "x", "panel_port": 1, "logs_channel_id": 123456789012345678, "enable_logs": True}
    answer = (await put(owner, whole)).json()
    assert (answer["changed"], answer["ignored"]) == (
        ["bot.enable_logs", "bot.logs_channel_id"],
        ["bot.mode", "bot.panel_port"],
    )
    assert (await steward.get(CONFIG)).json()["bot"]["logs_channel_id"] == "123456789012345678"
    audited = (await owner.get("/api/admin/audit")).json()["entries"]
    assert sum(each["action"] == "configuration.changed" for each in audited) == 2


@pytest.mark.parametrize(
    ("body", "expected", "paths"),
    [
        ({"bot": {"status": "x" * 129}}, (400, "INVALID_SETTING"), ["bot.status"]),
        ({"bot": {"enable_panel": 1}, "tickets": {"max_open_per_user": 0}}, (400, "INVALID_SETTING"),
         ["bot.enable_panel", "tickets.max_open_per_user"]),
        ({"bot": 5}, (400, "INVALID_SETTING"), ["bot"]),
        ({"bot": {"colour": 1}}, (400, "UNKNOWN_SETTING"), ["bot.colour"]),
        ({"nonsense": {}}, (400, "UNKNOWN_SETTING"), ["nonsense"]),
        ({"version": "1"}, (400, "INVALID_REQUEST"), ["version"]),
        ([], (400, "INVALID_JSON"), []),
        ({"bot": {"guild_id": "12"}}, (409, "SETTING_LOCKED"), []),
        ({"version": 7, "bot": {"status": "x"}}, (409, "CONFIG_CONFLICT"), []),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_named_and_nothing_is_changed(
    front: FrontDesk, body: object, expected: tuple[int, str], paths: list[str]
) -> None:
    owner = await front.enters(OWNER)
    answer = await put(owner, body)
    assert refusal(answer) == expected
    assert [each["path"] for each in answer.json().get("details", [])] == paths
    assert (await owner.get(CONFIG)).json()["version"] == 0


async def test_a_change_for_another_version_is_refused_however_the_version_is_named(front: FrontDesk) -> None:
    owner = await front.enters(OWNER)
    etag = (await owner.get(CONFIG)).headers["etag"]
    body = {"bot": {"status": "one"}}
    assert (await put(owner, body, **{"If-Match": etag})).status_code == 200
    for stale in (etag, '"nonsense"'):
        assert refusal(await put(owner, {"bot": {"status": "two"}}, **{"If-Match": stale})) == (409, "CONFIG_CONFLICT")
    assert (await put(owner, {"bot": {"status": "two"}}, **{"If-Match": "*"})).status_code == 200
    assert (await put(owner, {"version": 2, "bot": {"status": "three"}})).status_code == 200


async def test_changes_of_many_at_once_are_all_there_afterwards(front: FrontDesk) -> None:
    owner = await front.enters(OWNER)
    keys = ["show_success", "show_error", "show_success_on_edit", "show_failure_on_edit", "show_success_on_reply"]
    before = (await owner.get(CONFIG)).json()["notifications"]
    answers = await asyncio.gather(*(put(owner, {"notifications": {key: not before[key]}}) for key in keys))
    assert {each.status_code for each in answers} == {200}
    after = (await owner.get(CONFIG)).json()
    assert {key: after["notifications"][key] for key in keys} == {key: not before[key] for key in keys}
    assert after["version"] == len(keys)


async def test_whom_the_configuration_names_rules_the_desk_at_once_in_every_process(
    front: FrontDesk, settings: Settings, clock: SettableClock
) -> None:
    owner = await front.enters(OWNER)
    cookie = await front.cookie_of(MEMBER)
    other_cookie = await front.cookie_of(OTHER)
    async with (
        serving(settings, clock=clock, works_jobs=True) as second,
        second.client(headers={"Cookie": f"session_id={cookie}"}) as there,
    ):
        assert (await there.get(CONFIG)).status_code == 403
        named = {"bot": {"panel_super_admin_users": [int(front.id_of(MEMBER))], "status": "Everywhere"}}
        assert (await put(owner, named)).status_code == 200

        async def rules() -> bool:
            return (await there.get(CONFIG)).status_code == 200

        await until(rules, within=1)
        assert second.house.site.now.document.bot.status == "Everywhere"
        assert (await there.get("/api/bot/status")).json()["presence"] == "Everywhere"
    here = await front.opened(cookie)
    assert (await here.get(CONFIG)).status_code == 200
    assert (await (await front.opened(other_cookie)).get(CONFIG)).status_code == 403


async def test_what_is_stored_is_there_after_a_restart_and_a_secret_is_still_sealed(
    database_url: str, tmp_path: Path, clock: SettableClock, discord: DiscordSimulator
) -> None:
    settings = settings_for(database_url, tmp_path, **{**discord.settings, "DISCORD_TOKEN": ""})
    async with serving(settings, clock=clock) as first:
        assert first.house.site.now.secret("bot.token") == ""
        async with first.house.database.write() as tx:
            await site.change_configuration(
                tx, SYSTEM, {"bot.token": discord.token}, site=first.house.site, now=clock.now()
            )
    async with serving(settings, clock=clock) as second:
        assert second.house.site.now.secret("bot.token") == discord.token
        assert second.house.site.now.version == 1


async def test_without_the_panel_only_the_api_remains(front: FrontDesk) -> None:
    owner = await front.enters(OWNER)
    for wanted, status in ((False, 404), (True, 200)):
        assert (await put(owner, {"bot": {"enable_panel": wanted}})).status_code == 200
        assert (await owner.get("/panel/account")).status_code == status
        assert (await owner.get(CONFIG)).status_code == 200
