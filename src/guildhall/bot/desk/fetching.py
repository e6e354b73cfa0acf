"""Files that people attach in Discord, fetched before their addresses lapse, and from nowhere else than Discord."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit, urlunsplit

import aiohttp
import discord
from msgspec.structs import replace

from guildhall.bot.desk.reading import attached_to
from guildhall.bot.gateway import PASSING_FAULTS
from guildhall.bot.speech import words_among
from guildhall.bot.words import Words
from guildhall.core.log import get_logger
from guildhall.domains.tickets import intake
from guildhall.domains.tickets.attachments import MOST_FILES, KeptFile, size_words
from guildhall.domains.tickets.attachments.errors import FileTooLarge
from guildhall.domains.tickets.relay import Attached, Incoming

if TYPE_CHECKING:
    from guildhall.bot.client import HouseBot

log = get_logger(__name__)

DISCORD: Final = "discord.com"
STORES: Final = frozenset({"cdn.discordapp.com", "media.discordapp.net"})
"""Where Discord keeps files; a simulated one keeps them beside its API."""

TIMEOUT: Final = aiohttp.ClientTimeout(total=300, connect=10, sock_read=20)
PART: Final = 1 << 18
PATIENCE: Final = timedelta(minutes=5)
"""How long what somebody wrote may wait for its files, while Discord does not hand them out."""

OK, NOT_FOUND = 200, 404
REFUSED: Final = frozenset({400, 401, 403, NOT_FOUND, 410, 415})
"""What Discord answers about a file that it will not hand out under this address, however often it is asked."""


class FileAway(OSError):
    """Discord does not hand out a file at the moment."""


class FileGone(Exception):
    """There is nothing under an address, or nothing that may be fetched."""


class FileFetcher:
    """Fetches files of messages, part by part into the house's keeping."""

    def __init__(self, bot: "HouseBot") -> None:
        self._bot = bot
        self._house = bot.house

    async def fetch_waiting(self, lane: int) -> bool:
        """Fetch the files of what came in there and was not worked on yet; False when Discord is to be asked again.

        What never can be fetched is named in the text in its place, and so is, after a while, what still is not there.
        Raises Unavailable.
        """
        async with self._house.database.read() as tx:
            waiting = await intake.waiting_in(tx, lane)
        for each in waiting:
            if each.is_pending:
                try:
                    files = await self._settled(each)
                except FileAway as fault:
                    log.info("A file is fetched later", message=each.message_id, reason=str(fault))
                    return False
                async with self._house.database.write() as tx:
                    await intake.note_files(tx, each, files)
        return True

    async def fetch(self, attached: Sequence[Attached]) -> tuple[tuple[KeptFile, ...], str]:
        """Fetch files at once, and return them with the words for those that cannot be had.

        Raises FileAway, Unavailable.
        """
        settled = [await self._settle(each) for each in attached]
        lost = "\n".join(each.lost for each in settled if each.lost)
        return tuple(each.kept for each in settled if each.kept), lost

    async def _settled(self, incoming: Incoming) -> list[Attached]:
        late = self._house.clock.now() - incoming.heard_at > PATIENCE
        files: list[Attached] = []
        for number, each in enumerate(incoming.attachments):
            try:
                if number >= MOST_FILES:
                    files.append(self._lose(each))
                else:
                    files.append(await self._settle(each, incoming, number) if each.is_pending else each)
            except FileAway as fault:
                if not late:
                    raise
                log.warning("A file is given up", message=incoming.message_id, reason=str(fault))
                files.append(self._lose(each))
        return files

    async def _settle(self, file: Attached, incoming: Incoming | None = None, number: int = 0) -> Attached:
        """Return a file as it is from now on: kept, or lost for good. Raises FileAway, Unavailable."""
        if file.size > self._house.largest_file:
            return self._lose(file)
        try:
            return replace(file, kept=await self._keep(file, incoming, number))
        except FileTooLarge:
            return self._lose(file)
        except FileGone as fault:
            log.warning("A file cannot be fetched", name=file.name, reason=str(fault))
            return self._lose(file)

    async def _keep(self, file: Attached, incoming: Incoming | None, number: int) -> KeptFile:
        try:
            return await self._take(file)
        except FileGone:
            # Addresses lapse within a day, and the message has new ones.
            fresh = await self._again(incoming, number) if incoming is not None else None
            if fresh is None or fresh.address == file.address:
                raise
            return await self._take(fresh)

    async def _take(self, file: Attached) -> KeptFile:
        address = self._checked(file.address)
        try:
            async with _opened(address) as content:
                return await self._house.files.keep_file(
                    content, name=file.name, content_type=file.content_type, limit=self._house.largest_file
                )
        except (aiohttp.ClientError, TimeoutError) as fault:
            raise FileAway(f"{type(fault).__name__} while a file was fetched") from fault

    def _checked(self, address: str) -> str:
        """Return the address under which a file is fetched. Raises FileGone for one that is not at Discord."""
        where, own = urlsplit(address), urlsplit(self._house.settings.discord.api_base)
        if where.scheme == "https" and where.hostname in STORES and where.port is None:
            beside = (own.scheme, own.netloc, where.path, where.query, "")
            return address if own.hostname == DISCORD else urlunsplit(beside)
        if own.hostname != DISCORD and (where.scheme, where.netloc) == (own.scheme, own.netloc):
            return address
        raise FileGone("This is no address of Discord's")

    async def _again(self, incoming: Incoming, number: int) -> Attached | None:
        """Return what Discord says of a file now, None when it says nothing."""
        place = self._bot.get_partial_messageable(incoming.channel_id)
        try:
            found = attached_to(await place.fetch_message(incoming.message_id))
        except discord.NotFound:
            return None
        except PASSING_FAULTS as fault:
            raise FileAway(f"Discord does not show the message: {fault}") from fault
        return found[number] if number < len(found) else None

    def _lose(self, file: Attached) -> Attached:
        """Return a file as one that stays with Discord, in the words of those who read it."""
        size = size_words(file.size) if file.size else "?"
        return replace(file, lost=self._words("desk.lost_file", name=file.name, size=size))

    @property
    def _words(self) -> Words:
        return words_among(self._house.site.now.document.language)


@asynccontextmanager
async def _opened(address: str) -> AsyncIterator[AsyncIterator[bytes]]:
    """Ask for a file, without redirects, cookies or proxies. Raises FileGone, FileAway."""
    async with (
        aiohttp.ClientSession(timeout=TIMEOUT, cookie_jar=aiohttp.DummyCookieJar()) as session,
        session.get(address, allow_redirects=False, headers={"Accept-Encoding": "identity"}) as answer,
    ):
        if answer.status in REFUSED:
            raise FileGone(f"Discord answers with {answer.status}")
        if answer.status != OK:
            raise FileAway(f"Discord answers with {answer.status}")
        yield answer.content.iter_chunked(PART)
