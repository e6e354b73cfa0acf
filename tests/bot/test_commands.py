"""Commands in Discord, used by people there: the real library against the simulator, through to the database."""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest

from guildhall.bot.words import TABLES
from guildhall.domains import attendance, bot
from guildhall.domains.attendance import Mode
from guildhall.domains.bot import Phase
from guildhall.simulator.discord import DiscordSimulator, Fault
from tests.bot.conftest import OPERATOR, Scene, until

Json = dict[str, Any]

MANAGER, STRANGER = "tobias.k", "rosa.m"
PASSPHRASE = "a lantern in the fog"
EPHEMERAL = 64
"""The flag of messages that one person alone sees."""


@dataclass
class Person:
    """Somebody in the guild who uses commands in a text channel."""

    scene: Scene
    username: str

    async def act(self, kind: str, **body: object) -> httpx.Response:
        async with httpx.AsyncClient(timeout=30) as client:
            return await client.post(
                f"{self.scene.discord.address}/_sim/interactions",
                json={
                    "type": kind,
                    "user_id": self.scene.person(self.username),
                    "channel_id": self.scene.channel("general"),
                    "wait_seconds": 20,
                    **body,
                },
            )

    async def use(self, name: str, **options: object) -> Json:
        """Use a command; what the person sees."""
        answer = await self.act("command", name=name, options=options)
        assert answer.is_success, answer.text
        return _seen(answer.json())

    async def fill_in(self, name: str, **values: str) -> Json:
        """Use a command that opens a window, fill that in and send it."""
        window = (await self.act("command", name=name)).json()["modal"]
        assert window is not None
        answer = await self.act("modal", custom_id=window["custom_id"], values=values)
        assert answer.is_success, answer.text
        return _seen(answer.json())


def _seen(answer: Json) -> Json:
    """The embed that somebody sees, whether only they do, and the files with it."""
    message = answer if answer["embeds"] else answer["followups"][0]
    alone = answer["ephemeral"] if answer["embeds"] else bool(message["flags"] & EPHEMERAL)
    return {**message["embeds"][0], "alone": alone, "attachments": message["attachments"]}


def fields(embed: Json) -> dict[str, str]:
    return {each["name"]: each["value"] for each in embed.get("fields", [])}


async def png_of(embed: Json) -> tuple[int, int]:
    """The size of the picture in an embed, which must be a PNG with a text for people who do not see it."""
    assert len(embed["attachments"][0]["description"]) > 20
    async with httpx.AsyncClient() as client:
        content = (await client.get(embed["image"]["url"])).content
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", content[16:24])
    return width, height


async def registered(scene: Scene, *, within: int = 1) -> None:
    """Wait until Discord knows the commands."""

    async def known() -> bool:
        async with scene.house.database.read() as tx:
            found = await bot.registrations_of(tx)
        return sum(each.registered_at is not None for each in found) >= within

    await until(known)


@pytest.fixture
async def ready(scenes: Callable[..., Any]) -> AsyncIterator[Scene]:
    """A process whose bot is connected and has its commands; hours may pass between two words of its gateway."""
    async with scenes(ATTENDANCE_MAX_GAP="100000") as scene:
        await scene.comes_to(Phase.CONNECTED)
        await registered(scene)
        yield scene


@pytest.fixture
def tobias(ready: Scene) -> Person:
    """Somebody who may manage the guild."""
    return Person(ready, MANAGER)


@pytest.fixture
def rosa(ready: Scene) -> Person:
    """Somebody who may not."""
    return Person(ready, STRANGER)


@pytest.fixture
async def lived(ready: Scene) -> Scene:
    """A guild where Rosa was in voice for two hours and Tobias for one."""
    await ready.track()
    await ready.voice(STRANGER, "Lounge")
    await ready.voice(MANAGER, "Workshop")
    await ready.tells((STRANGER, "Lounge", 0, None, None), (MANAGER, "Workshop", 0, None, None))
    ready.at(3600)
    await ready.voice(MANAGER, None)
    await ready.tells((STRANGER, "Lounge", 0, None, None), (MANAGER, "Workshop", 0, 3600, "left"))
    ready.at(7200)
    await ready.voice(STRANGER, None)
    await ready.tells((STRANGER, "Lounge", 0, 7200, "left"), (MANAGER, "Workshop", 0, 3600, "left"))
    return ready


def anybody_may_use_admin(discord: DiscordSimulator) -> None:
    """Offer everybody the commands of managers, as those who manage a guild can do in Discord's settings."""
    for scope in discord.world.application.commands.values():
        for each in scope.values():
            each["default_member_permissions"] = None


async def test_the_board_is_shown_to_all_as_bars_with_the_own_rank_on_top(
    lived: Scene, rosa: Person, tobias: Person
) -> None:
    seen = await rosa.use("leaderboard")
    assert not seen["alone"]
    assert seen["description"].startswith("You are **#1** of 2 with **2 h 00 min**.")
    assert await png_of(seen) == (1200, 2 * (28 - 8 + 2 * 66 + 28 - 18))
    assert seen["attachments"][0]["description"].endswith("1. Rosa 2 h 00 min, 2. Tobias 1 h 00 min")
    assert "**#2** of 2 with **1 h 00 min**" in (await tobias.use("leaderboard"))["description"]
    stands_by = await Person(lived, "amina").use("leaderboard")
    assert "You are not on this board" in stands_by["description"]

    async with lived.house.database.write() as tx:
        await attendance.reset_now(
            tx,
            OPERATOR,
            guild_id=lived.guild_id,
            period_id=(await attendance.period_of(tx, guild_id=lived.guild_id)).id,
            now=lived.clock.now(),
            scene=lived.house.scene,
        )
    assert (await rosa.use("leaderboard"))["description"].startswith("Nobody is on this board yet")
    archived = await rosa.use("leaderboard", period=1)
    assert archived["title"] == "Leaderboard of period 1"
    assert "**#1** of 2" in archived["description"]
    refused = await rosa.use("leaderboard", period=7)
    assert (refused["title"], refused["alone"]) == ("Not found", True)
    assert "Leave the number out" in refused["description"]


async def test_a_board_names_everybody_whatever_their_names_are(
    ready: Scene, rosa: Person, discord: DiscordSimulator
) -> None:
    called = {"田中さん 🎉": "1. hana.sato", "مرحبا": "1. leopold", "<b>&\"'": "1. <b>&\"'", "𝓐𝓶𝓲𝓷𝓪 Ẑ̷̢͝": "1. Amina"}
    usernames = ["hana.sato", "leopold", "juniper", "amina"]
    for username, name in zip(usernames, called, strict=True):
        discord.world.users[ready.person(username)].global_name = name
    await ready.track()
    for username in [*usernames, "pavel_n"]:
        await ready.voice(username, "Lounge")
    await ready.tells(*((each, "Lounge", 0, None, None) for each in [*usernames, "pavel_n"]))
    # What the bot heard of Pavel is long forgotten, and Pavel has left the guild.
    pavel = ready.person("pavel_n")
    await ready.house.cache.delete(f"discord-name:{ready.guild_id}:{pavel}")
    ready.at(60)
    del discord.guild.members[pavel]
    seen = await rosa.use("leaderboard")
    assert await png_of(seen)
    told = seen["attachments"][0]["description"]
    for expected in called.values():
        assert expected in told
    assert fields(seen) == {"Names that do not fit into the picture:": f"1. <@{pavel}>"}


async def test_somebody_sees_their_own_attendance_alone(lived: Scene, rosa: Person) -> None:
    seen = await rosa.use("attendance")
    assert seen["alone"]
    shown = fields(seen)
    assert shown["This period"] == "**2 h 00 min**, rank 1\n1 session"
    assert shown["Last 28 days"] == "**2 h 00 min**"
    assert shown["Streak"] == "**1 day**"
    assert shown["Where you were most"] == f"<#{lived.channel('Lounge')}> 2 h 00 min"
    width, height = await png_of(seen)
    assert (width, height > 500) == (1200, True)
    assert "UTC" in seen["attachments"][0]["description"]
    nothing = await Person(lived, "amina").use("attendance")
    assert (nothing["description"][:26], nothing["alone"]) == ("You have no counted time y", True)


async def test_managers_choose_what_is_tracked(ready: Scene, tobias: Person) -> None:
    await ready.is_watched()
    lounge, general = ready.channel("Lounge"), ready.channel("general")
    off = await tobias.use("leaderboard")
    assert "Nothing is tracked" in off["description"]
    seen = await tobias.use("admin tracking-mode", mode="Allowlist")
    assert seen["alone"]
    assert fields(seen)["The list"] == "There is no channel on it."
    async with ready.house.database.read() as tx:
        assert (await attendance.access_guild(tx, ready.guild_id)).mode is Mode.ALLOWLIST
    added = await tobias.use("admin track-channel add", channel=lounge)
    assert added["description"] == f"<#{lounge}> is on the list."
    assert fields(await tobias.use("admin track-channel show"))["The list"] == f"<#{lounge}>"
    assert (
        "Choose one that Discord offers"
        in (await tobias.use("admin track-channel add", channel=general))["description"]
    )

    typed = {"name": "admin track-channel remove", "focused": "channel"}
    offered = (await tobias.act("autocomplete", **typed, options={"channel": "lou"})).json()["choices"]
    assert offered == [{"name": "Lounge", "value": lounge}]
    assert (await tobias.act("autocomplete", **typed, options={"channel": "xyz"})).json()["choices"] == []
    # Channels that were deleted stay on the list until somebody takes them off.
    await tobias.use("admin track-channel add", channel=ready.channel("Workshop"))
    workshop = ready.channel("Workshop")
    await _delete_channel(ready, workshop)
    assert "deleted channel" in fields(await tobias.use("admin track-channel show"))["The list"]
    for named in (workshop, "Lounge"):
        removed = await tobias.use("admin track-channel remove", channel=named)
    assert removed["description"] == f"<#{lounge}> is off the list."
    for named in ("nonsense", workshop, "9" * 30):
        refused = await tobias.use("admin track-channel remove", channel=named)
        assert "not on the list" in refused["description"]
    async with ready.house.database.read() as tx:
        assert await attendance.tracked_channels_of(tx, guild_id=ready.guild_id) == []


async def _delete_channel(scene: Scene, channel_id: str) -> None:
    assert scene.supervisor.bot is not None
    channel = scene.supervisor.bot.get_channel(int(channel_id))
    await channel.delete()  # type: ignore[union-attr]  # It is a voice channel.

    async def gone() -> bool:
        return scene.supervisor.bot is not None and scene.supervisor.bot.get_channel(int(channel_id)) is None

    await until(gone)


async def test_keys_are_made_unlocked_and_shown_and_passphrases_only_asked_for_in_windows(
    lived: Scene, tobias: Person
) -> None:
    assert "no signing key yet" in (await tobias.use("admin public-key"))["description"]
    unlocked = await tobias.fill_in("admin unlock-signing", passphrase=PASSPHRASE)
    assert "no signing key yet" in unlocked["description"]
    differing = await tobias.fill_in("admin generate-keys", passphrase=PASSPHRASE, again=PASSPHRASE + "!")
    assert "not the same" in differing["description"]
    made = await tobias.fill_in("admin generate-keys", passphrase=PASSPHRASE, again=PASSPHRASE)
    assert made["title"] == "The key is made and unlocked"
    again = await tobias.fill_in("admin generate-keys", passphrase=PASSPHRASE, again=PASSPHRASE)
    assert "already" in again["description"]
    shown = await tobias.use("admin public-key")
    assert fields(shown)["Public key"] == fields(made)["Public key"]
    assert fields(shown)["State"] == "unlocked"
    assert f"http://hub.test/verify/keys/{lived.guild_id}" in shown["description"]
    lived.house.keyring.forget(lived.guild_id)
    assert "locked" in fields(await tobias.use("admin public-key"))["State"]
    opened = await tobias.fill_in("admin unlock-signing", passphrase=PASSPHRASE)
    assert opened["title"] == "Signing is unlocked"
    known = lived.discord.world.application.commands[lived.discord.guild.id].values()
    admin = next(each for each in known if each["name"] == "admin")
    windows = [each for each in admin["options"] if each["name"] in {"generate-keys", "unlock-signing"}]
    assert [each.get("options") for each in windows] == [[], []]


async def test_after_five_wrong_passphrases_a_key_stays_closed_for_a_while(lived: Scene, tobias: Person) -> None:
    await tobias.fill_in("admin generate-keys", passphrase=PASSPHRASE, again=PASSPHRASE)
    for _ in range(5):
        wrong = await tobias.fill_in("admin unlock-signing", passphrase="not this one")
        assert "does not open the key" in wrong["description"]
    closed = await tobias.fill_in("admin unlock-signing", passphrase=PASSPHRASE)
    opens = int((lived.clock.now() + timedelta(minutes=15)).timestamp())
    assert (closed["title"], f"<t:{opens}:R>" in closed["description"]) == ("Not so fast", True)


async def test_sessions_and_periods_are_verified(lived: Scene, tobias: Person) -> None:
    async with lived.house.database.read() as tx:
        lines = await attendance.sessions_of(tx, guild_id=lived.guild_id, now=lived.clock.now())
    session = lines[0].session
    unsigned = await tobias.use("admin verify_session", session=session.id)
    assert (unsigned["title"], "not signed yet" in unsigned["description"]) == ("❌ Not valid", True)
    await tobias.fill_in("admin generate-keys", passphrase=PASSPHRASE, again=PASSPHRASE)
    async with lived.house.database.write() as tx:
        await attendance.reset_now(
            tx,
            OPERATOR,
            guild_id=lived.guild_id,
            period_id=(await attendance.period_of(tx, guild_id=lived.guild_id)).id,
            now=lived.clock.now(),
            scene=lived.house.scene,
        )
    valid = await tobias.use("admin verify_period", period=1)
    assert (valid["title"], valid["alone"], fields(valid)["People on its board"]) == ("✅ Valid", True, "2")
    for name, options in (("session", {"session": "7b0f3c1e-6a52-4c9e-9d53-2f0c1b7a9e11"}), ("period", {"period": 2})):
        assert (
            "no such session or archived period" in (await tobias.use(f"admin verify_{name}", **options))["description"]
        )
    await lived.voice(STRANGER, "Lounge")
    lived.at(7300)
    await lived.voice(STRANGER, None)

    async def signed() -> bool:
        async with lived.house.database.read() as tx:
            newest = await attendance.sessions_of(tx, guild_id=lived.guild_id, now=lived.clock.now(), limit=1)
        return newest[0].session.signing_state == "signed"

    await until(signed)
    async with lived.house.database.read() as tx:
        newest = await attendance.sessions_of(tx, guild_id=lived.guild_id, now=lived.clock.now(), limit=1)
    valid = await tobias.use("admin verify_session", session=newest[0].session.id.upper())
    assert valid["title"] == "✅ Valid"
    assert fields(valid)["Who"] == f"<@{lived.person(STRANGER)}>"


async def test_who_may_not_manage_the_guild_is_refused_by_discord_and_by_the_house(
    ready: Scene, rosa: Person, discord: DiscordSimulator
) -> None:
    await ready.is_watched()
    assert (await rosa.act("command", name="admin public-key")).status_code == 403
    anybody_may_use_admin(discord)
    used: dict[str, Json] = {
        "tracking-mode": {"mode": "All"},
        "track-channel add": {"channel": ready.channel("Lounge")},
        "track-channel remove": {"channel": "Lounge"},
        "track-channel show": {},
        "generate-keys": {},
        "unlock-signing": {},
        "public-key": {},
        "verify_session": {"session": "x"},
        "verify_period": {"period": 1},
    }
    for name, options in used.items():
        seen = await rosa.use(f"admin {name}", **options)
        assert (seen["title"], seen["alone"]) == ("You may not do this", True), name
        assert "Manage Server" in seen["description"]
    typed = {"name": "admin track-channel remove", "focused": "channel", "options": {}}
    assert (await rosa.act("autocomplete", **typed)).json()["choices"] == []
    async with ready.house.database.read() as tx:
        assert (await attendance.access_guild(tx, ready.guild_id)).mode is Mode.OFF
    all_commands = next(each for each in discord.world.application.commands.values() if each)
    admin = next(each for each in all_commands.values() if each["name"] == "admin")
    assert {each["name"] for each in admin["options"]} == {name.split()[0] for name in used}


async def test_a_right_that_was_lost_while_a_window_was_open_is_missing_when_it_is_sent(
    ready: Scene, tobias: Person
) -> None:
    await ready.is_watched()
    window = (await tobias.act("command", name="admin generate-keys")).json()["modal"]
    await ready.steer("PUT", f"/guilds/{ready.guild_id}/members/{ready.person(MANAGER)}", roles=[])
    values = {"passphrase": PASSPHRASE, "again": PASSPHRASE}
    refused = _seen((await tobias.act("modal", custom_id=window["custom_id"], values=values)).json())
    assert "Manage Server" in refused["description"]


async def test_people_are_answered_in_their_language_and_boards_in_the_guilds(
    lived: Scene, rosa: Person, tobias: Person, discord: DiscordSimulator
) -> None:
    for locale, title in (
        ("fr", "Ta présence"),
        ("de", "Deine Anwesenheit"),
        ("es-419", "Tu asistencia"),
        ("ja", "Your"),
    ):
        discord.world.users[lived.person(STRANGER)].locale = locale
        assert title in (await rosa.use("attendance"))["title"]
    discord.world.users[lived.person(STRANGER)].locale = "de"
    assert (await rosa.use("leaderboard"))["title"] == "Rangliste"
    discord.guild.locale = "fr"
    assert (await rosa.use("leaderboard"))["title"] == "Classement"
    registered_commands = discord.world.application.commands[discord.guild.id].values()
    board = next(each for each in registered_commands if each["name"] == "leaderboard")
    assert board["name_localizations"]["es-ES"] == TABLES["es"]["command.leaderboard"]
    assert set(board["name_localizations"]) >= {"fr", "de", "es-ES", "es-419"}


async def test_whoever_uses_commands_without_a_pause_is_asked_to_wait(lived: Scene, rosa: Person) -> None:
    answers = [await rosa.use("attendance") for _ in range(21)]
    assert [each["title"] for each in answers].count("Your attendance") == 20
    assert answers[-1]["title"] == "Not so fast"


async def test_trouble_is_told_and_the_bot_lives(
    lived: Scene, rosa: Person, tobias: Person, discord: DiscordSimulator
) -> None:
    # Discord does not say what Tobias may do.
    discord.faults.add(Fault(path=f"/api/v10/guilds/{lived.guild_id}", status=500), times=9)
    seen = await tobias.use("admin public-key")
    assert seen["title"] == "Something does not answer"
    discord.faults.clear()
    # A command fails as a mistake in the code does, and nothing else does.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("guildhall.domains.attendance.board_of", _broken)
        broken = await rosa.use("leaderboard")
    assert (broken["title"], broken["alone"]) == ("Something broke on our side", True)
    assert "database" not in broken["description"]
    # An interaction whose answer comes too late is nobody's any more.
    discord.faults.add(Fault(path="/api/v10/interactions/", delay=60), times=1)
    late = asyncio.create_task(rosa.act("command", name="attendance", wait_seconds=1))
    await _waits_at_discord(discord)
    await lived.steer("POST", "/clock", advance_seconds=5)
    discord.faults.clear()
    assert (await late).json()["answered"] is False
    # What is told twice is answered once.
    await rosa.use("attendance")
    await lived.supervisor.report()
    assert (await lived.state()).phase is Phase.CONNECTED


async def _broken(*_: object, **__: object) -> None:
    raise RuntimeError("the database at /srv/secret is gone")


async def _waits_at_discord(discord: DiscordSimulator) -> None:
    async def taken() -> bool:
        return not discord.faults._coming

    await until(taken)
