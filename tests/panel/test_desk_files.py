"""Files in the panel: chosen, sent, seen and saved on both sides, and transcripts of all that was said."""

import struct
import zlib
from pathlib import Path
from typing import Literal

import httpx
import pytest
from playwright.async_api import Browser, FilePayload, ViewportSize, expect

from guildhall.core.db.base import Engine
from guildhall.domains import identity, tickets
from guildhall.domains.tickets import attachments
from tests.panel.test_desk_tickets import DESK, OWN, ada, as_member, asked, browsing, member, overflow, rosa
from tests.panel.test_looks import FAULTS_OF_READING
from tests.panel.visiting import sign_in, visiting
from tests.serving import Served

__all__ = ["ada", "rosa"]

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
SIZES: dict[str, ViewportSize] = {"wide": {"width": 1280, "height": 900}, "phone": {"width": 360, "height": 740}}


@pytest.fixture
def engine() -> Engine:
    """SQLite alone: pages are the same on both."""
    return "sqlite"


def png(width: int, height: int) -> bytes:
    """Return an image with a slope of colours."""
    rows = b"".join(
        b"\0" + b"".join(bytes((40 + 150 * x // width, 110, 90 + 120 * y // height)) for x in range(width))
        for y in range(height)
    )
    chunks = [
        (b"IHDR", struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    packed = (
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def file(name: str, kind: str, content: bytes) -> FilePayload:
    """A file as somebody chooses it."""
    return {"name": name, "mimeType": kind, "buffer": content}


PHOTO = file("the key.png", "image/png", png(640, 360))
BILL = file("bill of the locksmith.pdf", "application/pdf", b"%PDF-1.7 of a kind" * 2000)
SLIP = file("slip.txt", "text/plain", b"a slip")
PASTE = """(field) => {
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File(["a list"], "keys.csv", { type: "text/csv" }));
    field.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
}"""


async def test_files_go_from_one_side_to_the_other(
    served: Served, browser: Browser, administrator: identity.User, rosa: tuple[identity.User, str]
) -> None:
    ticket = await asked(served, rosa[0], "The key of the workshop broke")
    async with visiting(browser, served) as staff, browsing(browser, served, rosa[1]) as page:
        await page.goto(f"{OWN}/{ticket.id}")
        chosen = page.get_by_role("list", name="Files to be sent").get_by_role("listitem")
        await page.locator("#text-files").set_input_files([PHOTO, SLIP])
        await page.locator("#text-files").set_input_files([BILL])
        await expect(chosen).to_have_count(3)
        await page.get_by_role("button", name="Remove slip.txt").click()
        await expect(chosen).to_have_count(2)
        await page.get_by_role("button", name="Send").click()
        await expect(page.locator(".talk .picture img")).to_have_js_property("naturalWidth", 640)
        await expect(page.locator(".talk .file")).to_contain_text("bill of the locksmith.pdf 35 KB")
        await expect(chosen).to_have_count(0)

        await sign_in(staff)
        await staff.goto(f"{DESK}/{ticket.id}")
        await expect(staff.locator(".talk .picture img")).to_have_js_property("naturalWidth", 640)
        async with staff.expect_download() as download:
            await staff.locator(".talk .file").click()
        assert (await (await download.value).path()).read_bytes() == BILL["buffer"]
        await staff.get_by_label("Reply to").evaluate(PASTE)
        await staff.get_by_label("Reply to").fill("These are all keys.")
        await staff.get_by_role("button", name="Reply").click()
        await expect(page.locator(".talk .staff .file")).to_contain_text("keys.csv")
        await staff.get_by_text("Note for the staff").click()
        await staff.locator("#note-files").set_input_files([SLIP])
        await staff.get_by_role("button", name="Add the note").click()
        await expect(staff.locator(".talk .note .file")).to_contain_text("slip.txt")


async def test_members_get_their_own_files_and_transcripts_and_no_others(
    served: Served, ada: httpx.AsyncClient, rosa: tuple[identity.User, str]
) -> None:
    ticket = await asked(served, rosa[0], "The key of the workshop broke")
    for act in ("reply", "note"):
        proof = {"csrf_token": await csrf_token(ada), "text": f"A {act}"}
        brought = {"files": (f"{act}.csv", b"a list", "text/csv")}
        assert (await ada.post(f"{DESK}/{ticket.id}/{act}", data=proof, files=brought)).status_code == 303
    async with served.house.database.read() as tx:
        said = (await tickets.messages_of(tx, ticket)).messages
        (answer,), (note,) = list((await attachments.attachments_of(tx, (each.id for each in said))).values())[1:]
    pavel = (await member(served, "pavel"))[1]
    async with as_member(served, rosa[1]) as own, as_member(served, pavel) as stranger:
        assert (await own.get(f"{OWN}/files/{answer.id}")).content == b"a list"
        assert (await own.get(f"{OWN}/files/{note.id}")).status_code == 404
        assert (await own.get(f"{DESK}/files/{answer.id}")).status_code == 403
        assert (await stranger.get(f"{OWN}/files/{answer.id}")).status_code == 404
        assert (await stranger.get(f"{OWN}/{ticket.id}/transcript")).status_code == 403
        saved = await own.get(f"{OWN}/{ticket.id}/transcript?save=true&audience=staff")
        assert saved.headers["content-disposition"].startswith("attachment")
        assert ("reply.csv" in saved.text, "note.csv" in saved.text) == (True, False)
    staffs = await ada.get(f"{DESK}/{ticket.id}/transcript?form=json")
    assert [len(each["attachments"]) for each in staffs.json()["messages"]] == [0, 1, 1]


async def test_files_and_transcripts_look_well_in_light_and_dark_and_on_a_phone(
    served: Served, browser: Browser, ada: httpx.AsyncClient, rosa: tuple[identity.User, str], tmp_path: Path
) -> None:
    ticket = await asked(served, rosa[0], "The key of the workshop broke in the lock when I wanted to close")
    brought = [("files", (each["name"], each["buffer"], each["mimeType"])) for each in (PHOTO, BILL)]
    for act, words in (("reply", "Like this one?"), ("note", "The smith comes on Friday.")):
        proof = {"csrf_token": await csrf_token(ada), "text": words}
        assert (await ada.post(f"{DESK}/{ticket.id}/{act}", data=proof, files=brought)).status_code == 303
    async with visiting(browser, served) as staff:
        await sign_in(staff)
        for scheme in SCHEMES:
            await staff.emulate_media(color_scheme=scheme)
            for width, size in SIZES.items():
                await staff.set_viewport_size(size)
                for name in ("transcript", ""):
                    path = f"{DESK}/{ticket.id}/{name}".rstrip("/")
                    await staff.goto(path)
                    assert (path, await overflow(staff)) == (path, 0)
                    await staff.screenshot(path=tmp_path / f"{name or 'ticket'}-{scheme}-{width}.png", full_page=True)
                await staff.locator("#reply-files").set_input_files([PHOTO, BILL])
                assert await staff.evaluate(FAULTS_OF_READING) == []
                assert await overflow(staff) == 0
                await staff.locator(".compose").first.screenshot(path=tmp_path / f"choosing-{scheme}-{width}.png")


async def csrf_token(client: httpx.AsyncClient) -> str:
    """Return what forms of somebody's session carry."""
    return (await client.get("/panel/account")).text.partition('name="csrf_token" value="')[2].partition('"')[0]
