"""Files over the wire: sent with messages, shown with them, downloaded by staff and by signed links."""

import asyncio
from datetime import timedelta

import httpx

from guildhall.core.actor import SYSTEM
from guildhall.domains import tickets
from guildhall.domains.tickets import EVERYTHING, Draft, Origin, Person, Source, Ticket, Transport
from tests.clock import SettableClock
from tests.dialects.rustmail.people import ABOVE, MEMBER, OWNER, FrontDesk, refusal
from tests.serving import Served

ROSA = Person("123456789012345678", "rosa.m")
PNG = b"\x89PNG\r\n\x1a\n" + b"pixels" * 1000
LARGE = b"0123456789abcdef" * (1 << 16) + b"."
"""One byte more than a megabyte."""


async def opened(served: Served, clock: SettableClock) -> Ticket:
    async with served.house.database.write() as tx:
        ticket = await tickets.open_ticket(
            tx, SYSTEM, guild_id=1, person=ROSA, origin=Origin.DM, transport=Transport.RELAY, needs_channel=False,
            now=clock.now(),
        )  # fmt: skip
        await tickets.write_as_user(tx, SYSTEM, ticket, ROSA, Draft("It is broken", Source.DISCORD), now=clock.now())
    return ticket


async def test_files_are_sent_with_a_message_and_downloaded_with_it(
    served: Served, front: FrontDesk, clock: SettableClock
) -> None:
    owner, ticket = await front.enters(OWNER), await opened(served, clock)
    place = f"/api/bot/tickets/{ticket.id}/messages"
    files = [("files", ("../the plan.png", PNG, "image/png")), ("files", ("Größe.html", b"<b>1</b>", "text/html"))]
    payload = {"payload_json": '{"content": "Look", "kind": "reply"}'}
    sent = (await owner.post(place, data=payload, files=files, headers=ABOVE)).json()
    first, second = sent["attachments"]
    assert (sent["content"], first["filename"], first["size"], first["content_type"], first["stored"]) == (
        "Look", "the plan.png", len(PNG), "image/png", True,
    )  # fmt: skip
    assert (await owner.get(place, params={"after": sent["id"] - 1})).json()["messages"] == [sent]
    wordless = await owner.post(place, files=files[:1])
    assert (wordless.json()["content"], len(wordless.json()["attachments"])) == ("", 1)

    image = await owner.get(httpx.URL(first["url"]).path)
    assert (image.content, image.headers["content-type"]) == (PNG, "application/octet-stream")
    assert image.headers["content-disposition"].startswith('inline; filename="the plan.png"')
    assert (image.headers["x-content-type-options"], "sandbox" in image.headers["content-security-policy"]) == (
        "nosniff",
        True,
    )
    page = await owner.get(httpx.URL(second["url"]).path, headers={"Sec-Fetch-Dest": "document"})
    assert (page.content, page.headers["content-type"]) == (b"<b>1</b>", "application/octet-stream")
    assert (
        page.headers["content-disposition"]
        == "attachment; filename=\"Gr__e.html\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe.html"
    )


async def test_strangers_need_a_signed_link_which_ends_after_a_week(
    served: Served, front: FrontDesk, clock: SettableClock
) -> None:
    owner, ticket = await front.enters(OWNER), await opened(served, clock)
    place = f"/api/bot/tickets/{ticket.id}/messages"
    sent = (await owner.post(place, files=[("files", ("a.png", PNG, "image/png"))])).json()
    (file,) = sent["attachments"]
    path = httpx.URL(file["url"]).path
    signed = httpx.URL(served.house.links.signed(file["id"], now=clock.now()))
    stranger, member = await front.opened(), await front.enters(MEMBER)
    assert refusal(await stranger.get(path)) == (401, "UNAUTHORIZED")
    assert refusal(await member.get(path)) == (403, "FORBIDDEN")
    assert refusal(await owner.get(f"{path}x")) == (404, "ATTACHMENT_NOT_FOUND")
    assert refusal(await stranger.get(path, params={"exp": 1})) == (400, "INVALID_PARAMETER")
    assert refusal(await stranger.get(path, params={"exp": 9999999999, "sig": "x"})) == (403, "INVALID_SIGNATURE")
    assert (await stranger.get(signed.raw_path.decode())).content == PNG
    made = await owner.post("/api/apikeys", json={"name": "Shop", "permissions": ["read:tickets"]}, headers=ABOVE)
    shop = await front.opened(**{"X-API-Key": made.json()["key"]})
    (heard,) = (await shop.get(f"/api/externals/tickets/{ticket.id}", params={"after": sent["id"] - 1})).json()[
        "messages"
    ]
    told = httpx.URL(heard["attachments"][0]["url"]).raw_path.decode()
    assert (await stranger.get(told)).content == PNG
    clock.advance(timedelta(days=7))
    assert refusal(await stranger.get(signed.raw_path.decode())) == (403, "INVALID_SIGNATURE")
    again = httpx.URL(served.house.links.signed(file["id"], now=clock.now())).raw_path.decode()
    async with served.house.database.write() as tx:
        fresh = await tickets.access_ticket_to_change(tx, SYSTEM, ticket.id, sight=EVERYTHING)
        person = Person(sent["author_id"], sent["author_name"])
        await tickets.delete_message(tx, SYSTEM, fresh, sent["id"], person=person, now=clock.now())
    assert refusal(await stranger.get(again)) == (404, "ATTACHMENT_NOT_FOUND")


async def test_bad_forms_and_too_large_files_leave_no_message(
    served: Served, front: FrontDesk, clock: SettableClock
) -> None:
    owner, ticket = await front.enters(OWNER), await opened(served, clock)
    place = f"/api/bot/tickets/{ticket.id}/messages"
    assert (await owner.put("/api/bot/config", json={"attachments": {"max_mb": 1}}, headers=ABOVE)).is_success
    file = ("files", ("a.txt", b"a", "text/plain"))
    large = await owner.post(place, files=[file, ("files", ("b.bin", LARGE, "x/y"))])
    assert (refusal(large), "b.bin is too large" in large.json()["error"]) == ((413, "PAYLOAD_TOO_LARGE"), True)
    assert refusal(await owner.post(place, files=[file] * 11)) == (400, "INVALID_REQUEST")
    form = {"Content-Type": "multipart/form-data; boundary=xx"}
    for broken in (b"", b"nothing", b"--xx\r\nContent-Disposition: form-data; name=a\r\n\r\nbroken off"):
        assert refusal(await owner.post(place, content=broken, headers=form)) == (400, "INVALID_REQUEST"), broken
    assert refusal(await owner.post(place, data={"payload_json": "{"}, files=[file])) == (400, "INVALID_JSON")
    assert refusal(await owner.post(place, data={"payload_json": "{}"}, files=[("files", ("", b"", ""))])) == (
        400,
        "EMPTY_MESSAGE",
    )
    close = owner.post(f"/api/bot/tickets/{ticket.id}/close", files=[file])
    assert refusal(await close) == (415, "UNSUPPORTED_MEDIA_TYPE")
    answers = await asyncio.gather(*(owner.post(place, files=[file]) for _ in range(5)))
    assert {answer.json()["attachments"][0]["sha256"] for answer in answers} == {
        "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
    }
    assert len((await owner.get(place)).json()["messages"]) == 6
