"""Keeps the one message on the server from which people open tickets as the configuration and the categories say."""

import asyncio
import contextlib
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import discord
import msgspec

from guildhall.bot.desk.rendering import PREFIX, Part, invitation_of
from guildhall.bot.gateway import PASSING_FAULTS
from guildhall.bot.speech import words_among
from guildhall.core.db import StoreUnavailable
from guildhall.core.log import get_logger
from guildhall.domains.tickets import categories, invitations
from guildhall.domains.tickets.relay import Invitation

if TYPE_CHECKING:
    from guildhall.bot.client import HouseBot

log = get_logger(__name__)

LOOK: Final = 2.0
"""Seconds between two looks at what the message is to show; only a difference is told to Discord."""

REST: Final = 300.0
"""Seconds after which Discord is asked again for what it has refused, unless something changes before."""

SEARCHED: Final = 100
"""Among how many messages of the channel one is looked for of which nobody knows whether it was posted."""


@dataclass(frozen=True)
class Wanted:
    """What is to be where; two that look the same have the same `looks`."""

    channel_id: int
    part: Part
    looks: str


class Inviter:
    """Posts the message, changes it in place, posts it again when it is gone, and removes it where it is not wanted."""

    def __init__(self, bot: "HouseBot") -> None:
        self._bot = bot
        self._house = bot.house
        self._wake = asyncio.Event()
        self._is_unsure = True
        self._message_id: int | None = None
        self._refused_until = 0.0

    def look_anew(self) -> None:
        """Look whether the message is there still, and as it is to be."""
        self._is_unsure = True
        self._look_now()

    def _look_now(self) -> None:
        """Look at once, also for what Discord has refused: the configuration may be another one."""
        self._refused_until = 0.0
        self._wake.set()

    def hear_deletions(self, message_ids: set[int]) -> None:
        """Hear that messages were deleted, the message perhaps among them."""
        if self._message_id in message_ids:
            self.look_anew()

    async def keep(self) -> None:
        """Keep the message, until cancelled."""
        with self._house.site.watching(self._look_now):
            while True:
                self._wake.clear()
                try:
                    await self._look()
                except StoreUnavailable as fault:
                    log.warning("The message that invites people waits for the database", reason=fault.message)
                except PASSING_FAULTS as fault:
                    self._put_off(fault)
                except Exception:
                    log.exception("Whoever keeps the message that invites people stumbled, and goes on")
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK):
                        await self._wake.wait()

    def _put_off(self, fault: Exception) -> None:
        """Try soon again what may pass, and what Discord refuses, after a while."""
        is_refused = isinstance(fault, discord.HTTPException) and fault.status in {400, 403, 404}
        if is_refused:
            self._refused_until = asyncio.get_running_loop().time() + REST
        log.warning("The message that invites people is not as it is to be", reason=str(fault), refused=is_refused)

    async def _look(self) -> None:
        if not self._bot.is_live or asyncio.get_running_loop().time() < self._refused_until:
            return
        wanted = await self._wanted()
        async with self._house.database.read() as tx:
            kept = await invitations.invitation_of(tx)
        if kept is not None and (wanted is None or wanted.channel_id != kept.channel_id):
            await self._remove(kept)
            kept = None
        if wanted is not None:
            await self._show(wanted, kept)
        self._is_unsure = False

    async def _wanted(self) -> Wanted | None:
        """Return what is to be where, None for nothing anywhere."""
        document = self._house.site.now.document
        if not document.bot.enable_features or document.bot.features_channel_id is None:
            return None
        async with self._house.database.read() as tx:
            choice = await categories.choice_settings(tx)
            known = await categories.list_categories(tx) if choice.enabled else []
        offered = [each for each in known if each.enabled]
        part = invitation_of(offered, words_among(document.language), document.thread.system_message_color)
        return Wanted(int(document.bot.features_channel_id), part, _looks_of(part))

    async def _show(self, wanted: Wanted, kept: Invitation | None) -> None:
        """Let the message be there and as it is to be."""
        if kept is None:
            async with self._house.database.write() as tx:
                kept = await invitations.begin_invitation(tx, wanted.channel_id)
        elif kept.message_id is None:
            # Whoever was about to post it died, and perhaps it is there.
            found = await self._find(kept.channel_id)
            if found is not None:
                await self._change(kept, found.id, wanted)
                return
        elif kept.looks == wanted.looks and not self._is_unsure:
            self._message_id = kept.message_id
            return
        elif await self._change(kept, kept.message_id, wanted):
            return
        else:
            async with self._house.database.write() as tx:
                kept = await invitations.begin_invitation(tx, wanted.channel_id)
        await self._post(kept, wanted)

    async def _post(self, kept: Invitation, wanted: Wanted) -> None:
        place, part = self._bot.get_partial_messageable(wanted.channel_id), wanted.part
        if part.embed is not None and part.view is not None:
            posted = await place.send(embed=part.embed, view=part.view, nonce=kept.nonce)
            await self._note(kept, posted.id, wanted)

    async def _change(self, kept: Invitation, message_id: int, wanted: Wanted) -> bool:
        """Let the message show what it is to show; False when it is gone."""
        place = self._bot.get_partial_messageable(wanted.channel_id).get_partial_message(message_id)
        try:
            await place.edit(content=None, embed=wanted.part.embed, view=wanted.part.view)
        except discord.NotFound:
            return False
        await self._note(kept, message_id, wanted)
        return True

    async def _note(self, kept: Invitation, message_id: int, wanted: Wanted) -> None:
        async with self._house.database.write() as tx:
            await invitations.note_invitation(tx, kept, message_id, looks=wanted.looks)
        self._message_id = message_id

    async def _remove(self, kept: Invitation) -> None:
        """Take the message away; what Discord does not let the bot take away is left there."""
        place = self._bot.get_partial_messageable(kept.channel_id)
        try:
            found = await self._find(kept.channel_id) if kept.message_id is None else None
            message_id = found.id if found is not None else kept.message_id
            if message_id is not None:
                await place.get_partial_message(message_id).delete()
        except discord.NotFound:
            log.info("The message that invited people was gone already", channel=kept.channel_id)
        except discord.Forbidden as fault:
            log.warning(
                "The message that invited people stays where it was", channel=kept.channel_id, reason=str(fault)
            )
        async with self._house.database.write() as tx:
            await invitations.forget_invitation(tx)
        self._message_id = None

    async def _find(self, channel_id: int) -> discord.Message | None:
        """Return a message of ours in a channel from which people open tickets."""
        me = self._bot.user
        async for each in self._bot.get_partial_messageable(channel_id).history(limit=SEARCHED):
            if me is not None and each.author.id == me.id and _invites(each):
                return each
        return None


def _invites(message: discord.Message) -> bool:
    """Tell whether a message has a button from which people open tickets; answers to one person are told to nobody."""
    buttons = (each for row in message.components for each in getattr(row, "children", []))
    return any((each.custom_id or "").startswith(f"{PREFIX}open") for each in buttons)


def _looks_of(part: Part) -> str:
    """Return a hash of what people see and press."""
    shown = (part.embed.to_dict() if part.embed else None, part.view.to_components() if part.view else None)
    return hashlib.sha256(msgspec.json.encode(shown)).hexdigest()
