"""What channels of tickets are called, with Discord's limit on how often that changes."""

from collections.abc import Callable
from typing import Any

from guildhall.domains import tickets
from guildhall.domains.bot import Phase
from guildhall.domains.tickets import Priority
from tests.bot.front import MARA, Front, open_front


async def test_a_channel_follows_its_ticket_twice_in_ten_minutes_and_then_gets_the_last_name(
    scenes: Callable[..., Any],
) -> None:
    async with open_front(scenes) as front:
        await front.writes("Hello?")
        channel = await front.channel()
        await front.comes(lambda: len(front.heard_by()), 1)
        (ticket,) = await front.tickets()
        assert channel.name == "rosa-1"
        await front.do(tickets.claim_ticket, ticket, MARA)
        await front.comes(lambda: channel.name, "claimed-rosa-1")
        await front.do(tickets.hold_ticket, ticket, on_hold=True)
        await front.comes(lambda: channel.name, "hold-rosa-1")
        for label in ("first", "second", "Last One"):
            await front.do(tickets.sort_ticket, ticket, label=label, priority=Priority.NORMAL, subject=None)
        # Words do not wait for names; and they end the hold.
        await front.writes("Still there?")
        await front.comes(lambda: front.shown_in(channel)[-1], "Still there?")
        assert channel.name == "hold-rosa-1"
    async with scenes() as scene:
        # Another process remembers what was wanted.
        await scene.comes_to(Phase.CONNECTED)
        channel.renamed.clear()
        front = Front(scene)
        front.scene.at(601)
        await front.comes(lambda: channel.name, "claimed-last-one-rosa-1")
        assert len(channel.renamed) == 1
