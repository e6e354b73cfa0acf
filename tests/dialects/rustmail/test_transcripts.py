"""Transcripts: all for staff, what was said between both for the user, and nothing of anybody's can act in a page."""

from collections.abc import Awaitable, Callable
from datetime import UTC, timedelta
from typing import Any

from guildhall.core.actor import SYSTEM
from guildhall.domains import tickets
from guildhall.domains.tickets import EVERYTHING, Draft, Message, Origin, Person, Source, Ticket, Transport
from guildhall.domains.tickets.transcripts import Audience, as_html, transcript_of
from guildhall.domains.tickets.transcripts.gathering import PER_PAGE
from tests.clock import SettableClock
from tests.dialects.rustmail.people import MEMBER, OWNER, FrontDesk, refusal
from tests.serving import Served

ROSA, MARA, TOBIAS = Person("101", "rosa <m>"), Person("202", "mara.d"), Person("203", "tobias.k")
PNG = b"\x89PNG\r\n\x1a\n" + b"pixels"
EVIL = '<script>alert(1)</script> & "quotes" </style>'


class Scene:
    """A ticket with everything in it that a transcript tells apart."""

    def __init__(self, served: Served, clock: SettableClock) -> None:
        self.served, self.clock = served, clock
        self.ticket: Ticket

    async def do(self, verb: Callable[..., Awaitable[Any]], *args: Any, **named: Any) -> Any:  # noqa: ANN401 (whatever the verb takes)
        """Call a verb for the ticket, a minute after the last."""
        now = self.clock.advance(timedelta(minutes=1))
        async with self.served.house.database.write() as tx:
            fresh = await tickets.access_ticket_to_change(tx, SYSTEM, self.ticket.id, sight=EVERYTHING)
            return await verb(tx, SYSTEM, fresh, *args, now=now, **named)

    async def play(self) -> None:
        """Let it all happen."""
        files = self.served.house.files
        async with self.served.house.database.write() as tx:
            self.ticket = await tickets.open_ticket(
                tx, SYSTEM, guild_id=1, person=ROSA, origin=Origin.DM, transport=Transport.RELAY, needs_channel=False,
                subject=EVIL, now=self.clock.now(),
            )  # fmt: skip
        image = await files.keep_file(PNG, name='a"><b>.png', content_type="image/png", limit=1000)
        other = await files.keep_file(b"text", name="log.txt", content_type="text/plain", limit=1000)
        said = Draft(EVIL, Source.DISCORD, attachments=(image, other))
        await self.do(tickets.write_as_user, ROSA, said)
        await self.do(tickets.claim_ticket, TOBIAS)
        await self.do(tickets.tag_ticket, ["late"])
        await self.do(tickets.write_as_staff, TOBIAS, Draft("We look into it", Source.PANEL, anonymous=True))
        await self.do(tickets.write_note, MARA, Draft("A known customer", Source.PANEL))
        slip: Message = await self.do(tickets.write_as_staff, MARA, Draft("Tomorow", Source.PANEL))
        await self.do(tickets.edit_message, slip.id, person=MARA, content="Tomorrow")
        wrong: Message = await self.do(tickets.write_as_staff, MARA, Draft("For somebody else", Source.PANEL))
        await self.do(tickets.delete_message, wrong.id, person=MARA)
        await self.do(tickets.close_ticket, by=MARA.id, reason="Solved")


async def test_staff_read_all_of_it_and_the_user_what_was_said_between_both(
    served: Served, front: FrontDesk, clock: SettableClock
) -> None:
    scene = Scene(served, clock)
    await scene.play()
    owner, member = await front.enters(OWNER), await front.enters(MEMBER)
    place = f"/api/bot/tickets/{scene.ticket.id}/transcript"
    answer = await owner.get(place)
    assert answer.headers["content-disposition"].startswith('attachment; filename="transcript-1.json"')
    staffs, users = answer.json(), (await owner.get(place, params={"audience": "user"})).json()
    assert (staffs["format"], staffs["ticket"]["tags"], staffs["ticket"]["claimed_by"]) == (
        "guildhall.transcript.v1", ["late"], TOBIAS.id,
    )  # fmt: skip
    assert [each["kind"] for each in staffs["messages"]] == [
        "user", "system", "staff", "note", "staff", "staff", "system", "system",
    ]  # fmt: skip
    edited = staffs["messages"][4]
    assert (edited["content"], [each["content"] for each in edited["revisions"]]) == ("Tomorrow", ["Tomorow"])
    assert staffs["messages"][5]["deleted_at"]
    assert [each["kind"].partition(".")[2] for each in staffs["events"]] == ["opened", "claimed", "tagged", "closed"]

    assert [each["content"] for each in users["messages"]] == [EVIL, "We look into it", "Tomorrow"]
    hidden = users["messages"][1]
    assert (hidden["author_id"], hidden["author_name"]) == (None, "Support team")
    assert [each["id"] for each in users["ticket"]["participants"]] == [ROSA.id, MARA.id]
    assert TOBIAS.id not in (await owner.get(place, params={"audience": "user"})).text
    assert [(each["kind"], each["actor_id"]) for each in users["events"]] == [
        ("ticket.opened", None), ("ticket.closed", None),
    ]  # fmt: skip
    assert [each["filename"] for each in users["messages"][0]["attachments"]] == ['a"><b>.png', "log.txt"]

    page = await owner.get(place, params={"format": "html"})
    assert page.headers["content-type"].startswith("text/html")
    for words in ("A known customer", "For somebody else", "Tomorow", "changed the tags", "data:image/png;base64,"):
        assert words in page.text, words
    assert "<script" not in page.text
    assert page.text.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 3, "the title, the headline and the message"
    assert 'alt="a&quot;&gt;&lt;b&gt;.png"' in page.text
    plain = (await owner.get(place, params={"format": "html", "audience": "user"})).text
    for words in ("A known customer", "For somebody else", "Tomorow", "tobias.k", "#late"):
        assert words not in plain, words
    assert "Support team" in plain
    for bad in ({"format": "pdf"}, {"audience": "press"}):
        assert refusal(await owner.get(place, params=bad)) == (400, "INVALID_PARAMETER")
    assert refusal(await owner.get("/api/bot/tickets/nothing/transcript")) == (404, "TICKET_NOT_FOUND")
    assert refusal(await member.get(place)) == (403, "FORBIDDEN")


async def test_a_long_ticket_is_read_to_its_end_and_a_lost_image_is_a_link(
    served: Served, clock: SettableClock
) -> None:
    scene, house = Scene(served, clock), served.house
    await scene.play()
    await scene.do(tickets.reopen_ticket)

    async with house.database.write() as tx:
        for number in range(PER_PAGE):
            ticket = await tickets.access_ticket_to_change(tx, SYSTEM, scene.ticket.id, sight=EVERYTHING)
            await tickets.write_as_user(
                tx, SYSTEM, ticket, ROSA, Draft(f"Words {number}", Source.DISCORD), now=clock.now()
            )
    transcript = await house.database.long_read(
        lambda tx: transcript_of(tx, scene.ticket, audience=Audience.USER, anonymous_name="Staff", now=clock.now())
    )
    assert (len(transcript.said), transcript.said[-1].message.content) == (PER_PAGE + 3, f"Words {PER_PAGE - 1}")
    assert [each.kind for each in transcript.happenings] == ["ticket.opened", "ticket.closed", "ticket.reopened"]
    await house.blobs.delete(transcript.said[0].files[0].key)
    page = (await as_html(transcript, files=house.files, links=house.links, zone=UTC)).decode()
    assert (page.count("data:image/png"), page.count("sig=")) == (0, 2)
