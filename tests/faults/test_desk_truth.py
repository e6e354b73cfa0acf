"""One truth: what is said in a ticket by any door is read by all the others, once, as it reads now."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from guildhall.bot import Supervisor
from guildhall.domains.bot import Phase
from guildhall.settings import Settings
from guildhall.simulator.discord import DiscordSimulator, Limits, simulate
from guildhall.simulator.discord.state import Channel
from tests.bot.conftest import Scene, until
from tests.bot.front import ROSA, TOBIAS, Front
from tests.clock import SettableClock
from tests.dialects.hazebot.tickets.people import Heard, People
from tests.dialects.rustmail.people import OWNER, FrontDesk
from tests.services.discord import pointed_at
from tests.serving import Served, settings_for

FIRST = "by direct message"


@pytest.fixture
async def discord() -> AsyncIterator[DiscordSimulator]:
    """Discord, which the library's clients are pointed at."""
    async with simulate(limits=Limits(requests=10_000, requests_of_the_bot=10_000)) as simulator:
        with pointed_at(simulator):
            yield simulator


@pytest.fixture
def settings(database_url: str, tmp_path: Path, discord: DiscordSimulator) -> Settings:
    return settings_for(database_url, tmp_path, **discord.settings)


@asynccontextmanager
async def panel_stream(panel: httpx.AsyncClient, ticket_id: str) -> AsyncIterator[list[str]]:
    """Follow a ticket as its page does; yields what the page is told, line by line."""
    told: list[str] = []
    async with panel.stream("GET", f"/panel/desk/live?ticket={ticket_id}") as stream:

        async def listen() -> None:
            async for line in stream.aiter_lines():
                told.append(line)  # noqa: PERF401 (each is to be seen at once)

        listening = asyncio.create_task(listen())
        try:
            yield told
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


class Doors:
    """A ticket of Rosa's that is open at every door of one running server."""

    front: Front
    channel: Channel
    ticket_id: str
    mara: httpx.AsyncClient
    """Mara's browser, for the panel and for the routes of modmail."""
    tobias: httpx.AsyncClient
    sockets: dict[str, tuple[Any, Heard]]
    page: list[str]

    @property
    def bot_place(self) -> str:
        return f"/api/bot/tickets/{self.ticket_id}/messages"

    @property
    def place(self) -> str:
        return f"/api/tickets/{self.ticket_id}"

    async def panel_does(self, action: str, **form: str) -> None:
        """Send a form of the ticket's page."""
        here = f"/panel/desk/{self.ticket_id}"
        found = re.search(r'name="csrf_token" value="([0-9a-f]+)"', (await self.mara.get(here)).text)
        assert found is not None
        answer = await self.mara.post(f"{here}/{action}", data={"csrf_token": found[1], **form})
        assert answer.status_code in {302, 303}, answer.text

    def in_channel(self) -> Counter[str]:
        return _texts(self.channel)

    def in_dm(self) -> Counter[str]:
        world = self.front.scene.discord.world
        return _texts(world.conversation(world.users[self.front.scene.person(ROSA)], world.bot))

    async def in_modmail(self) -> Counter[str]:
        return Counter(each["content"] for each in await self.rows())

    async def rows(self) -> list[dict[str, Any]]:
        """The ticket's messages as staff read them by the routes of modmail, without those of the doors."""
        rows: list[dict[str, Any]] = (await self.mara.get(self.bot_place)).json()["messages"]
        return [each for each in rows if each["kind"] != "system"]

    async def in_panel(self) -> Counter[str]:
        page = (await self.mara.get(f"/panel/desk/{self.ticket_id}")).text
        return Counter(re.findall(r'<p class="prose">([^<]*)</p>', page))

    async def in_app(self) -> Counter[str]:
        messages = (await self.tobias.get(f"{self.place}/messages")).json()["messages"]
        return Counter(each["content"] for each in messages if not each["is_bot"])

    def times_told(self, message_id: int) -> int:
        """How often the panel's page was told of a new message."""
        words = re.compile(rf'"message_id": ?{message_id}\b')
        return sum("message.created" in each and words.search(each) is not None for each in self.page)

    def on_socket(self, who: str, event: str = "new_message") -> list[Any]:
        """What one side's socket was told under a name, in order."""
        return self.sockets[who][1].left(event)

    def words_on(self, who: str) -> Counter[str]:
        return Counter(each["message"] for each in self.on_socket(who))

    def updates(self, who: str, kind: str) -> Counter[str]:
        """What one side's socket was told of changes of a kind: how messages read now, or which they are."""
        told = [each["data"] for each in self.on_socket(who, "ticket_update") if each["event_type"] == kind]
        return Counter(each.get("content") or each["message_id"] for each in told)


@pytest.fixture
async def doors(served: Served, clock: SettableClock, discord: DiscordSimulator) -> AsyncIterator[Doors]:
    """Rosa has written to the bot once, and everybody is there."""
    supervisor = Supervisor(served.house)
    supervisor.start()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(supervisor.stop)
        doors, scene = Doors(), Scene(served.house, clock, discord, supervisor)
        desk, people = FrontDesk(served, discord, clock, stack), People(served, clock, stack)
        await scene.comes_to(Phase.CONNECTED)
        doors.front = Front(scene)
        await doors.front.let_stewards_in()
        await doors.front.configure(thread__plain_messages="reply")
        doors.mara = await desk.enters(OWNER)
        tokens = {
            "rosa": await people.token("rosa", discord_id=scene.person(ROSA)),
            "tobias": await people.token("tobias", "moderator", discord_id=scene.person(TOBIAS)),
        }
        doors.tobias = await people.client(tokens["tobias"])
        await doors.front.writes(FIRST)
        doors.channel = await doors.front.channel()
        (ticket,) = await doors.front.tickets()
        doors.ticket_id = ticket.id
        doors.sockets = {who: await people.socket(token) for who, token in tokens.items()}
        for socket, heard in doors.sockets.values():
            await socket.emit("join_ticket", {"ticket_id": ticket.id})
            await heard.next("joined_ticket")
        doors.page = await stack.enter_async_context(panel_stream(doors.mara, ticket.id))
        yield doors


async def test_what_is_said_at_any_door_is_read_at_every_other_once_and_as_it_reads_now(doors: Doors) -> None:
    front = doors.front
    await front.says(doors.channel, "in the channel")
    await doors.panel_does("reply", text="on the panel", client_id="p1")
    sent = await doors.mara.post(doors.bot_place, json={"content": "by modmail"})
    assert sent.status_code == 200, sent.text
    sent = await doors.tobias.post(f"{doors.place}/send", json={"message": "by the app"})
    assert sent.status_code == 200, sent.text
    for who in ("tobias", "rosa"):
        spoken = {"ticket_id": doors.ticket_id, "message": f"by socket of {who}", "client_message_id": f"s-{who}"}
        # A repeat under the same name is the same message.
        for _ in range(2):
            done = await doors.sockets[who][0].call("send_message", spoken, timeout=20)
            assert done["success"], done
    await front.writes("by direct message again")

    of_staff = ["in the channel", "on the panel", "by modmail", "by the app", "by socket of tobias"]
    of_rosa = [FIRST, "by socket of rosa", "by direct message again"]
    everything = Counter([*of_staff, *of_rosa])
    await _comes(doors.in_modmail, everything)
    assert await doors.in_panel() == everything
    assert await doors.in_app() == everything
    await _comes(doors.in_channel, everything)
    # What Rosa says by other doors is her own, and nobody says it for her in her direct messages.
    await _comes(doors.in_dm, everything - Counter(["by socket of rosa"]))
    later = everything - Counter([FIRST])
    for who in doors.sockets:
        await _comes(partial(doors.words_on, who), later)
        assert len({each["messageData"]["id"] for each in doors.on_socket(who)}) == len(of_staff + of_rosa) - 1
    ids = {each["content"]: each["id"] for each in await doors.rows()}
    for text in later:
        await _comes(partial(doors.times_told, ids[text]), 1)

    await _changes_are_read_everywhere(doors, ids)


async def _changes_are_read_everywhere(doors: Doors, ids: dict[str, int]) -> None:
    front, world = doors.front, doors.front.scene.discord.world
    dm = world.conversation(world.users[front.scene.person(ROSA)], world.bot)
    by_rosa = {each.content: each.id for each in dm.messages.values() if not each.author.bot}
    by_tobias = {each.content: each.id for each in doors.channel.messages.values() if not each.author.bot}
    await front.steer("PATCH", f"/messages/{dm.id}/{by_rosa['by direct message again']}", content="now by DM")
    await front.steer("PATCH", f"/messages/{doors.channel.id}/{by_tobias['in the channel']}", content="now in channel")
    await doors.panel_does(f"messages/{ids['on the panel']}/edit", text="now on the panel")
    edited = await doors.mara.patch(f"{doors.bot_place}/{ids['by modmail']}", json={"content": "now by modmail"})
    assert edited.status_code == 200, edited.text
    now = ["now by DM", "now in channel", "now on the panel", "now by modmail"]
    rest = [FIRST, "by the app", "by socket of tobias", "by socket of rosa"]
    await _comes(doors.in_modmail, Counter(now + rest))
    assert await doors.in_panel() == Counter(now + rest)
    assert await doors.in_app() == Counter(now + rest)
    await _comes(doors.in_channel, Counter(now + rest))
    await _comes(doors.in_dm, Counter(now + rest) - Counter(["by socket of rosa"]))
    for who in doors.sockets:
        await _comes(partial(doors.updates, who, "message_edited"), Counter(now))

    await front.steer("DELETE", f"/messages/{dm.id}/{by_rosa['by direct message again']}")
    await doors.panel_does(f"messages/{ids['on the panel']}/delete")
    gone = [str(ids[each]) for each in ("by direct message again", "on the panel")]
    left = Counter(now + rest) - Counter(["now by DM", "now on the panel"])
    await _comes(doors.in_app, left)
    await _comes(doors.in_dm, left - Counter(["by socket of rosa"]))
    marked = left + Counter(["~~now by DM~~\ndeleted", "~~now on the panel~~\ndeleted"])
    await _comes(doors.in_channel, marked)
    for who in doors.sockets:
        await _comes(partial(doors.updates, who, "message_deleted"), Counter(gone))
    # Nothing of all this has come twice in the meantime.
    for who in doors.sockets:
        assert {*Counter(each["messageData"]["id"] for each in doors.on_socket(who)).values()} == {1}
    assert {doors.times_told(ids[each]) for each in ids if each != FIRST} == {1}
    deleted = {each["content"] for each in await doors.rows() if each["deleted_at"]}
    assert deleted == {"now by DM", "now on the panel"}


def _texts(channel: Channel) -> Counter[str]:
    """What people wrote in a channel, or the bot for them; what the bot says beside that is left out."""
    shown = [
        each.content if not each.author.bot else str(each.embeds[0].get("description") or "") if each.embeds else ""
        for each in channel.messages.values()
        if not each.author.bot or (each.embeds and each.embeds[0].get("author"))
    ]
    return Counter(each for each in shown if each)


async def _comes(read: Callable[[], Any], wanted: object) -> None:
    """Wait until a door shows this, and tell what it shows when that does not come."""
    found: object = None

    async def so() -> bool:
        nonlocal found
        shown = read()
        found = await shown if isinstance(shown, Awaitable) else shown
        return found == wanted

    try:
        await until(so, within=15)
    except TimeoutError:
        assert found == wanted
