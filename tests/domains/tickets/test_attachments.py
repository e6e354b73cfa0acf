"""Files of messages: kept once, called what is safe, given to whoever may have them, removed when nobody does."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from guildhall.core.actor import SYSTEM
from guildhall.core.blobs import Blob, BlobStore, open_blobs
from guildhall.core.errors import InvalidField
from guildhall.core.jobs import JobContext
from guildhall.domains import tickets
from guildhall.domains.site import Document
from guildhall.domains.tickets import EVERYTHING, Draft, Message, Sight, Source, Ticket, intake
from guildhall.domains.tickets.attachments import (
    Attachment,
    FileStore,
    KeptFile,
    Links,
    access_attachment,
    attachments_of,
    clean_name,
    clean_type,
    disposition,
    forgetter_of,
    size_words,
)
from guildhall.domains.tickets.attachments.errors import (
    AttachmentNotFound,
    FileTooLarge,
    InvalidSignature,
)
from guildhall.domains.tickets.errors import EmptyMessage
from guildhall.domains.tickets.intake import Guest, Rules
from guildhall.domains.tickets.relay import Attached, Incoming
from guildhall.settings import StoreSettings
from tests.clock import SettableClock
from tests.domains.tickets.desk import MARA, PAVEL, ROSA, START, Desk

if TYPE_CHECKING:
    from tests.services.s3 import S3Server

WEEK = timedelta(days=7)


@pytest.fixture(params=["disk", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    """Where bytes are kept: this machine, or a server that speaks S3."""
    if request.param == "disk":
        return open_blobs(StoreSettings(data_dir=tmp_path))
    server: S3Server = request.getfixturevalue("s3_server")
    return open_blobs(StoreSettings(data_dir=tmp_path, s3_url=server.make_bucket(), s3_endpoint=server.endpoint))


class Shelf:
    """A desk with a place for files."""

    def __init__(self, desk: Desk, blobs: BlobStore, clock: SettableClock) -> None:
        self.desk, self.blobs, self.clock = desk, blobs, clock
        self.store = FileStore(desk.database, blobs, clock)

    async def keep(self, content: bytes = b"some bytes", name: str = "a.txt", kind: str = "text/plain") -> KeptFile:
        """Keep a file."""
        return await self.store.keep_file(content, name=name, content_type=kind, limit=100)

    async def says(self, ticket: Ticket, *files: KeptFile, words: str = "Here they are") -> Message:
        """Let the user send files."""
        draft = Draft(words, Source.DISCORD, attachments=files)
        return await self.desk.do(tickets.write_as_user, ticket, ROSA, draft)

    async def of(self, message: Message) -> list[Attachment]:
        """Return the files of a message."""
        async with self.desk.database.read() as tx:
            return (await attachments_of(tx, [message.id]))[message.id]

    async def read(self, file: Attachment) -> bytes:
        """Return the bytes of a file."""
        return b"".join([part async for part in await self.store.read_file(file)])

    async def forget(self, *, after: timedelta = timedelta()) -> None:
        """Let the job run that removes what nobody has."""
        self.clock.advance(after)
        context = JobContext("files", 1, self.desk.database, self.clock)
        await forgetter_of(self.blobs)(context)

    async def exists(self, file: KeptFile) -> bool:
        """Tell whether the bytes of a file are there."""
        return await self.blobs.exists(f"{file.sha256[:2]}/{file.sha256}")


@pytest.fixture
def shelf(desk: Desk, blobs: BlobStore, clock: SettableClock) -> Shelf:
    return Shelf(desk, blobs, clock)


async def test_files_go_with_their_message_and_equal_ones_are_stored_once(shelf: Shelf) -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"some "
        yield b"bytes"

    ticket = await shelf.desk.open()
    again = await shelf.store.keep_file(parts(), name="b.png", content_type="IMAGE/PNG; x=1", limit=10)
    kept = await shelf.keep()
    assert (kept.sha256, kept.size, again.content_type) == (again.sha256, 10, "image/png")
    message = await shelf.says(ticket, kept, again)
    first, second = await shelf.of(message)
    assert [(each.name, each.is_image, each.size) for each in (first, second)] == [
        ("a.txt", False, 10),
        ("b.png", True, 10),
    ]
    assert (await shelf.read(first), first.key) == (b"some bytes", second.key)
    wordless = await shelf.says(ticket, kept, words="  ")
    assert (wordless.content, (await shelf.desk.look(ticket)).last_words) == ("", "a.txt")
    with pytest.raises(EmptyMessage):
        await shelf.says(ticket, words=" ")
    with pytest.raises(InvalidField, match="at most 10 files"):
        await shelf.says(ticket, *[kept] * 11)
    with pytest.raises(FileTooLarge, match=r"a.txt is too large, a file has at most 100 B"):
        await shelf.keep(b"x" * 101)


async def test_content_stays_as_long_as_what_it_came_with_waits_for_a_ticket(shelf: Shelf) -> None:
    kept, desk = await shelf.keep(), shelf.desk
    heard = Incoming(
        message_id=9001,
        lane=int(ROSA.id),
        channel_id=77,
        author_id=ROSA.id,
        author_name=ROSA.name,
        content="",
        attachments=[Attached(kept.name, kept.content_type, "", kept.size, kept)],
        reply_to=None,
        heard_at=desk.now,
    )
    async with desk.database.write() as tx:
        await intake.store_incoming(tx, heard, user_id=ROSA.id)
    await shelf.forget(after=3 * WEEK)
    assert await shelf.exists(kept), "such as over a long maintenance"
    async with desk.database.write() as tx:
        await intake.take_in(tx, Guest(ROSA.id, ROSA.name, "en", frozenset()), Rules(Document(), 1), now=desk.now)
    (ticket,) = (await desk.page()).tickets
    (file,) = await shelf.of((await desk.messages(ticket))[-1])
    assert await shelf.read(file) == b"some bytes"


async def test_content_goes_when_no_message_has_it_and_not_before(shelf: Shelf) -> None:
    ticket = await shelf.desk.open()
    waiting, sent = await shelf.keep(b"waits"), await shelf.keep(b"sent")
    message = await shelf.says(ticket, sent)
    await shelf.forget(after=WEEK - timedelta(hours=1))
    assert await shelf.exists(waiting)
    await shelf.keep(b"waits")
    await shelf.forget(after=timedelta(hours=2))
    assert await shelf.exists(waiting), "somebody brought it again"
    await shelf.forget(after=WEEK)
    assert not await shelf.exists(waiting)
    (file,) = await shelf.of(message)
    assert await shelf.read(file) == b"sent"
    assert await shelf.keep(b"waits") == waiting
    assert await shelf.exists(waiting)


async def test_what_dies_between_bytes_and_row_leaves_nothing_for_good(shelf: Shelf) -> None:
    class Death(BaseException):
        """A process that ends at this point."""

    async def die(blob: Blob) -> None:
        await shelf.store._want(blob)
        raise Death

    with pytest.raises(Death):
        await shelf.blobs.put(b"some bytes", limit=None, before_keeping=die)
    kept = await shelf.keep()
    assert await shelf.exists(kept), "the row that was left behind hinders nobody"
    # Now the bytes are there, and whoever was to write the message is gone.
    await shelf.forget(after=WEEK + timedelta(hours=1))
    assert not await shelf.exists(kept)
    several = await asyncio.gather(*(shelf.keep() for _ in range(5)), shelf.forget(after=WEEK + timedelta(hours=1)))
    assert several[0] == kept
    assert await shelf.exists(kept)


async def test_a_file_is_for_those_who_may_read_its_message(shelf: Shelf) -> None:
    ticket, kept = await shelf.desk.open(), await shelf.keep()
    said = await shelf.says(ticket, kept)
    note = await shelf.desk.do(tickets.write_note, ticket, MARA, Draft("", Source.PANEL, attachments=(kept,)))
    own, other, elsewhere = Sight(own=ROSA.id), Sight(own=PAVEL.id), Sight(frozenset({"billing"}))

    async def has(message: Message, sight: Sight) -> bool:
        (file,) = await shelf.of(message)
        async with shelf.desk.database.read() as tx:
            try:
                return (await access_attachment(tx, SYSTEM, file.id, sight=sight)).ticket_id == ticket.id
            except AttachmentNotFound:
                return False

    sights = (EVERYTHING, own, other, elsewhere)
    assert [await has(said, sight) for sight in sights] == [True, True, False, False]
    assert [await has(note, sight) for sight in sights] == [True, False, False, False]
    await shelf.desk.do(tickets.delete_message, ticket, said.id, person=ROSA)
    assert [await has(said, sight) for sight in sights] == [True, False, False, False]


def test_a_signed_link_is_good_for_a_week_and_for_one_file() -> None:
    links, others = Links("a secret", "https://hub.test"), Links("another secret", "https://hub.test")
    address, _, search = links.signed("01f", now=START).partition("?")
    assert address == links.of("01f") == "https://hub.test/api/bot/attachments/01f"
    given = dict(pair.split("=", 1) for pair in search.split("&"))
    ends, signature = int(given["exp"]), given["sig"]
    links.check("01f", ends=ends, signature=signature, now=START + WEEK - timedelta(seconds=1))
    wrong = [
        (links, "01f", ends, START + WEEK),
        (links, "01g", ends, START),
        (links, "01f", ends + 1, START),
        (others, "01f", ends, START),
    ]
    for by, name, until, now in wrong:
        with pytest.raises(InvalidSignature):
            by.check(name, ends=until, signature=signature, now=now)


def test_names_and_types_of_strangers_are_made_safe() -> None:
    names = {
        "../../etc/passwd": "passwd",
        "C:\\Temp\\fin\x00al\r\n.txt": "final.txt",
        "photo\u202egnp.exe": "photognp.exe",
        " ... ": "file",
        "": "file",
        "Größe 1.pdf": "Größe 1.pdf",
        "x" * 300 + ".tar": "x" * 146 + ".tar",
        "y" * 300: "y" * 150,
    }
    assert {name: clean_name(name) for name in names} == names
    types = {"Text/HTML; charset=x": "text/html", "image": "application/octet-stream", None: "application/octet-stream"}
    assert {kind: clean_type(kind) for kind in types} == types
    assert clean_type("text/html\r\nx: y") == "application/octet-stream"
    assert disposition('a"b.é', inline=False) == "attachment; filename=\"a_b._\"; filename*=UTF-8''a%22b.%C3%A9"
    assert [size_words(each) for each in (0, 1023, 1536, 25 << 20, 3 << 30)] == [
        "0 B",
        "1023 B",
        "1.5 KB",
        "25 MB",
        "3.0 GB",
    ]
