"""Transcripts as files in Discord, made at the moment at which they are posted."""

import io
from typing import TYPE_CHECKING, Final

import discord

from guildhall.bot.words import Words
from guildhall.domains.tickets import Ticket, Transport
from guildhall.domains.tickets.relay import Target
from guildhall.domains.tickets.relay.delivery import Taken
from guildhall.domains.tickets.transcripts import Audience, page_of

if TYPE_CHECKING:
    from guildhall.bot.client import HouseBot

LARGEST: Final = 10 << 20
"""Bytes of a file that Discord takes anywhere."""

COMPARED: Final = 50


async def post_transcript(
    bot: "HouseBot", taken: Taken, ticket: Ticket, place: discord.abc.Messageable, words: Words, *, was_lost: bool
) -> None:
    """Post the transcript of a ticket, in words where it is too large. What `was_lost` may be there already."""
    house = bot.house
    title = words("desk.transcript", number=ticket.number, user=ticket.user_name)
    if was_lost and await _is_there(bot, place, title):
        return
    # In the channel of a direct ticket its user reads along.
    is_direct = taken.post.target is Target.CHANNEL and ticket.transport is Transport.DIRECT
    is_users = taken.post.target is Target.USER or is_direct
    page = await page_of(
        house.database,
        ticket,
        house.site.now.document,
        audience=Audience.USER if is_users else Audience.STAFF,
        files=house.files,
        links=house.links,
        now=house.clock.now(),
    )
    nonce, quiet = f"{taken.nonce}0", discord.AllowedMentions.none()
    if len(page) > LARGEST:
        address = f"{house.settings.public_url}/panel/{'tickets' if is_users else 'desk'}/{ticket.id}"
        await place.send(f"{title}: {address}", nonce=nonce, allowed_mentions=quiet)
        return
    file = discord.File(io.BytesIO(page), filename=f"transcript-{ticket.number}.html")
    await place.send(title, file=file, nonce=nonce, allowed_mentions=quiet)


async def _is_there(bot: "HouseBot", place: discord.abc.Messageable, title: str) -> bool:
    me = bot.user
    async for each in place.history(limit=COMPARED):
        if me is not None and each.author.id == me.id and each.content.startswith(title):
            return True
    return False
