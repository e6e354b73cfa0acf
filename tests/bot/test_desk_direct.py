"""Tickets whose user reads by another way than Discord, where Discord takes their channel or does not."""

from collections.abc import Callable
from typing import Any

from guildhall.core.actor import SYSTEM
from guildhall.domains import tickets
from guildhall.domains.bot import Phase
from guildhall.domains.tickets import EVERYTHING, Delivery, Draft, Origin, Source, TicketState, Transport
from tests.bot.conftest import until
from tests.bot.front import MARA, ROSA, Front

MANAGE_CHANNELS = 1 << 4


async def test_without_a_channel_nothing_that_both_sides_read_by_requests_has_failed(
    scenes: Callable[..., Any],
) -> None:
    async with scenes() as scene:
        await scene.comes_to(Phase.CONNECTED)
        front = Front(scene)
        own = next(role for role in scene.discord.guild.roles.values() if role.bot_id is not None)
        own.permissions &= ~MANAGE_CHANNELS
        rosa = tickets.Person(scene.person(ROSA), ROSA)
        # All at once: what is written after Discord has refused the channel has no way to wait for.
        async with scene.house.database.write() as tx:
            ticket = await tickets.open_ticket(
                tx,
                SYSTEM,
                person=rosa,
                guild_id=scene.guild_id,
                origin=Origin.WEB,
                transport=Transport.DIRECT,
                needs_channel=True,
                now=scene.clock.now(),
            )
            asked = Draft("By the app", Source.HAZEBOT)
            await tickets.write_as_user(tx, SYSTEM, ticket, rosa, asked, now=scene.clock.now())
            ticket = await tickets.access_ticket_to_change(tx, SYSTEM, ticket.id, sight=EVERYTHING)
            answer = Draft("By the panel", Source.PANEL)
            await tickets.write_as_staff(tx, SYSTEM, ticket, MARA, answer, now=scene.clock.now())

        async def has_all() -> bool:
            found = [(each.delivery, each.delivery_error) for each in await front.messages(ticket)]
            assert Delivery.FAILED not in [each for each, _ in found]
            return found == [(Delivery.DELIVERED, None)] * 2

        await until(has_all)
        (shown,) = await front.tickets()
        assert (shown.state, shown.channel_id, front.channels()) == (TicketState.OPEN, None, [])
        # So it is with what is said from now on.
        later = await front.do(tickets.write_as_staff, ticket, MARA, Draft("And this", Source.PANEL))
        assert later.delivery is None
