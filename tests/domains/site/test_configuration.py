"""The configuration: what may be set, what comes first, and that no change loses another one."""

import ast
import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

import guildhall
from guildhall.core.actor import Actor, ActorKind
from guildhall.core.crypto import SecretBox
from guildhall.core.db import Database
from guildhall.core.errors import GuildhallError
from guildhall.domains import site
from guildhall.domains.site import CLIENT_SECRET, KINDS, SECRETS, SECTIONS, TOKEN, Configuration, Outcome
from guildhall.domains.site.errors import ConfigurationMoved, InvalidSetting, SettingLocked, UnknownSetting
from tests.clock import SettableClock

STEWARD = Actor(ActorKind.USER, user_id="7")
KEY = "a key that is for tests only"


def configured(database: Database, key: str = KEY, **fixed: object) -> Configuration:
    """Return what a process knows whose environment sets some keys, written with `__` for the dot."""
    named = {name.replace("__", "."): value for name, value in fixed.items()}
    return Configuration(database, SecretBox(key, "configuration"), fixed=named)


async def change(
    database: Database, here: Configuration, changes: dict[str, object], *, version: int | None = None
) -> Outcome:
    """Change the configuration as a steward does."""
    async with database.write() as tx:
        return await site.change_configuration(
            tx, STEWARD, changes, site=here, version=version, now=SettableClock().now()
        )


async def test_a_change_keeps_what_it_does_not_name_and_is_written_down_with_old_and_new_value(
    database: Database,
) -> None:
    here = configured(database)
    first = await change(database, here, {"bot.status": "At your service", "thread.user_message_color": "#ABCDEF"})
    second = await change(database, here, {"tickets.max_open_per_user": 5, "bot.logs_channel_id": 42})
    assert (first.changed, second.snapshot.version) == (("bot.status", "thread.user_message_color"), 2)
    document = here.now.document
    assert (document.bot.status, document.thread.user_message_color) == ("At your service", "abcdef")
    assert (document.tickets.max_open_per_user, document.bot.logs_channel_id) == (5, "42")
    # What is as it was makes no version.
    assert (await change(database, here, {"bot.status": "At your service", "tickets.enabled": True})).changed == ()
    async with database.read() as tx:
        newest, oldest = await site.list_changes(tx, most=9)
    assert [(each.key, each.old, each.new) for each in oldest.changes] == [
        ("bot.status", "DM for support", "At your service"),
        ("thread.user_message_color", "5865f2", "abcdef"),
    ]
    assert (oldest.version, oldest.user_id, newest.version) == (1, "7", 2)


async def test_one_wrong_value_refuses_the_whole_change_and_each_wrong_value_is_named(database: Database) -> None:
    here = configured(database)

    async def refused(changes: dict[str, object]) -> tuple[type[GuildhallError], set[str]]:
        with pytest.raises(GuildhallError) as caught:
            await change(database, here, changes)
        faults = caught.value.details.get("faults")
        assert isinstance(faults, dict)
        assert all(re.match("must|has|is|lacks", words) and "`" not in words for words in faults.values()), faults
        return type(caught.value), set(faults)

    wrong: dict[str, object] = {
        "bot.enable_panel": "yes",
        "bot.guild_id": "forty-two",
        "bot.logs_channel_id": True,
        "bot.timezone": "Mars/Olympus",
        "bot.redirect_url": "nowhere",
        "bot.presence_state": "asleep",
        "bot.panel_super_admin_users": ["1", "two"],
        "bot.token": 5,
        "thread.user_message_color": "blue",
        "thread.auto_archive_duration": 61,
        "language.default_language": "Klingon",
        "logs.audit_log_actions": ["member_ban_add", "member_tickle"],
        "tickets.max_open_per_user": 26,
        "office_hours.windows": [{"day": "mon", "from": "25:00", "to": "26:00"}],
        "office_hours.holidays": ["2026-02-30"],
        "transcripts.email_to": "nobody",
        "command.overrides": [{"command": "reply", "allow": []}],
        "attachments.max_mb": None,
    }
    assert await refused({"bot.status": "Never seen", **wrong}) == (InvalidSetting, set(wrong))
    assert await refused({"bot.nonsense": 1, "tickets.max_open_per_user": 26}) == (UnknownSetting, {"bot.nonsense"})
    for together, lacking in (
        ({"bot.server_mode": "dual"}, {"bot.community_guild_id", "bot.staff_guild_id"}),
        ({"bot.enable_logs": True}, {"bot.logs_channel_id"}),
        ({"bot.enable_features": True}, {"bot.features_channel_id"}),
        ({"thread.container": "threads"}, {"thread.inbox_channel_id"}),
        ({"office_hours.windows": [{"day": "mon", "from": "17:00", "to": "09:00"}]}, {"office_hours.windows"}),
    ):
        assert await refused(dict(together)) == (InvalidSetting, lacking)
    async with database.read() as tx:
        assert (await site.read_configuration(tx, here)).version == 0
    done = await change(database, here, {"bot.enable_logs": True, "bot.logs_channel_id": "5"})
    assert set(done.changed) == {"bot.enable_logs", "bot.logs_channel_id"}


async def test_the_environment_comes_first_and_locks_what_it_sets(database: Database) -> None:
    free = configured(database)
    await change(database, free, {"bot.guild_id": "5", "bot.token": "stored"})
    here = configured(database, bot__guild_id=7, bot__token="set")
    async with database.read() as tx:
        await here.refresh(tx)
    assert (here.now.document.bot.guild_id, here.now.secret("bot.token")) == ("7", "set")
    assert here.now.locked == {"bot.guild_id", "bot.token"}
    with pytest.raises(SettingLocked) as caught:
        await change(database, here, {"bot.guild_id": "8", "bot.token": "other", "bot.status": "x"})
    assert caught.value.details["keys"] == ["bot.guild_id", "bot.token"]
    # Whoever sends back what they read is not refused for it.
    assert (await change(database, here, {"bot.guild_id": 7, "bot.status": "x"})).changed == ("bot.status",)
    async with database.read() as tx:
        assert (await site.read_configuration(tx, free)).document.bot.guild_id == "5"


async def test_secrets_are_sealed_and_told_nowhere_and_masks_are_not_taken_for_them(database: Database) -> None:
    here = configured(database)
    written: list[str] = []
    assert (await change(database, here, {"bot.token": "s3cret-token"})).changed == ("bot.token",)
    for mask in ("s3c...ken", "********"):
        assert (await change(database, here, {"bot.token": mask})).changed == ()
    assert here.now.secret("bot.token") == "s3cret-token"
    async with database.read() as tx:
        stored = await tx.all(site.queries.STORED)
        changes = await site.list_changes(tx, most=9)
    written.append(msgspec.json.encode([stored, changes]).decode())
    written.append(repr(here.now))
    assert "s3cret" not in "".join(written)
    assert [(each.key, each.old, each.new) for each in changes[0].changes] == [("bot.token", "changed", "changed")]
    async with database.read() as tx:
        # Under another SECRET_KEY it counts as not set, and the rest is there.
        assert (await site.read_configuration(tx, configured(database, "another key"))).secret("bot.token") == ""
    assert (await change(database, here, {"bot.token": ""})).snapshot.secret("bot.token") == ""


async def test_of_changes_at_once_none_is_lost_and_one_of_those_for_a_version_wins(database: Database) -> None:
    here = configured(database)
    keys = sorted(key for key, kind in KINDS.items() if kind is bool and key.startswith("notifications."))
    before = site.plain(here.now.document)["notifications"]
    wanted = {key: not before[key.partition(".")[2]] for key in keys}
    done = await asyncio.gather(*(change(database, here, {key: value}) for key, value in wanted.items()))
    assert sorted(each.snapshot.version for each in done) == list(range(1, len(keys) + 1))
    after = site.plain(here.now.document)["notifications"]
    assert {f"notifications.{key}": value for key, value in after.items()} == wanted

    version = here.now.version
    tries = (change(database, here, {"bot.status": f"Try {number}"}, version=version) for number in range(8))
    ends = await asyncio.gather(*tries, return_exceptions=True)
    lost = [each for each in ends if isinstance(each, ConfigurationMoved)]
    assert (len(lost), here.now.version) == (7, version + 1)
    assert {each.details["version"] for each in lost} == {version + 1}


def test_every_key_has_a_reader() -> None:
    package = Path(guildhall.__file__).parent
    own = {"configuration.py", "sections.py", "values.py"}
    sources = [each for each in package.rglob("*.py") if "domains/site" not in each.as_posix() or each.name not in own]
    read = {key for each in sources for key in keys_read_in(ast.parse(each.read_text("utf-8")))}
    unread = {key for key in {*KINDS, *SECRETS} if key not in read}
    assert unread == set()


def keys_read_in(tree: ast.AST) -> Iterator[str]:
    """Tell which keys are read: from a section, from a parameter that is one, or by the name of a secret."""
    sections = {kind.__name__: section for section, kind in SECTIONS.items()}
    parameters = {
        each.arg: sections[each.annotation.id]
        for each in ast.walk(tree)
        if isinstance(each, ast.arg) and isinstance(each.annotation, ast.Name) and each.annotation.id in sections
    }
    secrets = {"TOKEN": TOKEN, "CLIENT_SECRET": CLIENT_SECRET}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute):
            yield f"{node.value.attr}.{node.attr}"
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield f"{parameters.get(node.value.id, node.value.id)}.{node.attr}"
            yield secrets.get(node.attr, "")
        elif isinstance(node, ast.Name):
            yield secrets.get(node.id, "")
