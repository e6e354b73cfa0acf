"""Transcripts as pages: one file without scripts that stays readable when nothing else of the house is left."""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import datetime, tzinfo
from itertools import groupby
from pathlib import Path
from typing import Final

from guildhall.core.errors import NotFound
from guildhall.domains.tickets.attachments import Attachment, FileStore, Links, size_words
from guildhall.domains.tickets.models import Kind
from guildhall.domains.tickets.transcripts.gathering import ENDS, Audience, Happening, Said, Transcript
from guildhall.domains.tickets.transcripts.markup import Html, element, together, void

LOOKS: Final = Path(__file__).with_name("transcript.css").read_text("utf-8")
LARGEST_PICTURE: Final = 2 << 20
MOST_PICTURES: Final = 12 << 20
"""Bytes of all images that are put into the page; those beyond are links, which end after a week."""

ACTS: Final = {
    "ticket.close_planned": "planned the end of the ticket",
    "ticket.held": "put the ticket on hold",
    "ticket.moved": "moved the ticket to another category",
    "ticket.released": "released the ticket",
    "ticket.resumed": "took the ticket off hold",
    "ticket.sorted": "sorted the ticket",
    "ticket.tagged": "changed the tags",
}
"""What is told between messages; what is not here is told by a line of the house, or nobody misses it."""


async def as_html(transcript: Transcript, *, files: FileStore, links: Links, zone: tzinfo) -> bytes:
    """Return a transcript as a page, its images in it as far as there is room. Raises Unavailable.

    Links to files are signed and end a week after the transcript was made. Times are those of `zone`.
    """
    return _Page(transcript, await _pictures(transcript, files), links, zone).whole().encode()


async def _pictures(transcript: Transcript, files: FileStore) -> dict[str, str]:
    """Return images as addresses that hold their bytes, by the hash of these."""
    pictures: dict[str, str] = {}
    room = MOST_PICTURES
    for file in (file for said in transcript.said for file in said.files):
        if not file.is_image or file.sha256 in pictures or file.size > min(room, LARGEST_PICTURE):
            continue
        try:
            content = b"".join([part async for part in await files.read_file(file)])
        except NotFound:
            # A transcript with a link to a file that is lost is worth more than none.
            continue
        room -= file.size
        pictures[file.sha256] = f"data:{file.content_type};base64,{b64encode(content).decode()}"
    return pictures


class _Page:
    def __init__(self, transcript: Transcript, pictures: Mapping[str, str], links: Links, zone: tzinfo) -> None:
        self._transcript, self._pictures, self._links, self._zone = transcript, pictures, links, zone

    def whole(self) -> str:
        ticket = self._transcript.ticket
        title = ticket.subject or f"Ticket {ticket.number}"
        head = together(
            (
                void("meta", charset="utf-8"),
                void("meta", name="viewport", content="width=device-width, initial-scale=1"),
                void("meta", name="color-scheme", content="light dark"),
                void("meta", name="referrer", content="no-referrer"),
                element("title", f"{title} · Transcript"),
                # Our own file, in which nothing of anybody else is.
                element("style", Html(LOOKS)),
            )
        )
        heading = element("h1", title, " ", element("small", f"#{ticket.number}"))
        body = element("main", element("header", heading, self._facts()), self._talk(), self._end())
        return f"<!doctype html>\n{element('html', element('head', head), element('body', body), lang='en')}\n"

    def _facts(self) -> Html:
        transcript = self._transcript
        ticket, details = transcript.ticket, transcript.details
        names = {each.person_id: each.name for each in details.participants}
        facts = {
            "From": ticket.user_name,
            "Opened": self._moment(ticket.created_at),
            "Closed": self._moment(ticket.closed_at) if ticket.closed_at else "",
            "Reason": ticket.close_reason or "",
            "Category": ticket.category_name or "",
            "Claimed by": names.get(ticket.claimed_by or "", ticket.claimed_by or ""),
            "Tags": " ".join(f"#{tag}" for tag in details.tags),
            "Taking part": ", ".join(names.values()),
            **{answer.label: answer.value for answer in transcript.answers},
        }
        return element("dl", *(_fact(name, words) for name, words in facts.items() if words))

    def _talk(self) -> Html:
        days = groupby(self._entries(), lambda entry: entry[0].astimezone(self._zone).date())
        parts = []
        for day, entries in days:
            lines = element("ol", *(shown for _, shown in entries))
            parts.append(element("section", element("h2", f"{day:%A}, {day.day} {day:%B %Y}"), lines))
        return together(parts or [element("p", "Nothing was said.", class_="end")])

    def _entries(self) -> Iterator[tuple[datetime, Html]]:
        """Yield what was said and done, in its order."""
        said = [(each.message.created_at, self._said(each)) for each in self._transcript.said]
        done = [
            (each.at, self._happening(each))
            for each in self._transcript.happenings
            if each.kind in ACTS or (self._transcript.audience is Audience.USER and each.kind in ENDS)
        ]
        yield from sorted([*said, *done], key=lambda entry: entry[0])

    def _said(self, said: Said) -> Html:
        message = said.message
        if message.kind is Kind.SYSTEM:
            return self._line(message.content.replace("**", ""), message.created_at)
        marks = [name for name, is_so in self._marks(said).items() if is_so]
        by = element(
            "p",
            element("b", message.author_name),
            *(element("i", mark) for mark in marks),
            self._clock(message.created_at),
            class_="by",
        )
        words = [element("p", message.content, class_="words")] if message.content else []
        looks = f"{message.kind} gone" if message.deleted_at else message.kind.value
        return element("li", by, *words, self._files(said.files), self._earlier(said), class_=looks)

    def _marks(self, said: Said) -> dict[str, bool]:
        message, is_staff = said.message, self._transcript.audience is Audience.STAFF
        return {
            "note": message.kind is Kind.NOTE,
            "anonymous": message.anonymous and is_staff,
            "edited": message.edited_at is not None,
            "deleted": message.deleted_at is not None,
            "not delivered": message.delivery == "failed" and is_staff,
        }

    def _earlier(self, said: Said) -> Html:
        if not said.revisions:
            return Html("")
        lines = [element("li", element("del", each.content), " ", self._clock(each.at)) for each in said.revisions]
        return element("div", element("p", "It said before:"), element("ul", *lines), class_="earlier")

    def _files(self, files: list[Attachment]) -> Html:
        return (
            element("ul", *(element("li", self._file(file)) for file in files), class_="files") if files else Html("")
        )

    def _file(self, file: Attachment) -> Html:
        picture, caption = self._pictures.get(file.sha256), f"{file.name} · {size_words(file.size)}"
        if picture is not None:
            return element("figure", void("img", src=picture, alt=file.name), element("figcaption", caption))
        address = self._links.signed(file.id, now=self._transcript.made_at)
        return element("a", caption, href=address, rel="noreferrer")

    def _happening(self, each: Happening) -> Html:
        if each.kind in ENDS:
            return self._line(f"The ticket was {each.kind.removeprefix('ticket.')}", each.at)
        return self._line(f"{each.actor_name or 'The house'} {ACTS[each.kind]}", each.at)

    def _line(self, words: str, at: datetime) -> Html:
        return element("li", words, " ", self._clock(at), class_="system")

    def _end(self) -> Html:
        made = f"Transcript made {self._moment(self._transcript.made_at)}. Times are those of {self._zone}."
        has_links = any(file.sha256 not in self._pictures for said in self._transcript.said for file in said.files)
        return element("p", made, " Links to files end a week later." if has_links else "", class_="end")

    def _moment(self, at: datetime) -> str:
        local = at.astimezone(self._zone)
        return f"{local.day} {local:%B %Y, %H:%M}"

    def _clock(self, at: datetime) -> Html:
        return element("time", f"{at.astimezone(self._zone):%H:%M}", datetime=at.isoformat())


def _fact(name: str, words: str) -> Html:
    return element("div", element("dt", name), element("dd", words))
