"""iCalendar documents say what they were made of, whatever people write."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings, strategies as st
from icalendar import Calendar

from guildhall.domains.rooms.calendars import Entry, Invitation, calendar_document

BRUSSELS = ZoneInfo("Europe/Brussels")
WRITABLE = st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"])
TITLES = st.text(WRITABLE, min_size=1, max_size=200).map(str.strip).filter(bool)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=400)
STARTS = st.datetimes(datetime(1971, 1, 1), datetime(2099, 12, 31), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda moment: moment.replace(second=0, microsecond=0)
)


def entry(title: str = "Standup", description: str | None = None, start: datetime | None = None) -> Entry:
    starts_at = start or datetime(2026, 3, 19, 13, tzinfo=UTC)
    return Entry(
        uid="abc@hub.test",
        title=title,
        description=description,
        place="Ostrom Room",
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=1),
        sequence=3,
        stamp=datetime(2026, 3, 2, 9, tzinfo=UTC),
        created_at=datetime(2026, 3, 1, 9, tzinfo=UTC),
    )


def read(document: bytes) -> Calendar:
    """Read as a program does: every line ends with CR LF, is at most 75 octets, and is UTF-8 by itself."""
    for line in document.removesuffix(b"\r\n").split(b"\r\n"):
        assert len(line) <= 75
        assert b"\r" not in line
        assert b"\n" not in line
        line.decode()
    calendar = Calendar.from_ical(document)
    assert isinstance(calendar, Calendar)
    return calendar


def lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


@settings(max_examples=300)
@given(TITLES, TEXTS)
@example("C:\\News, all; of it", "\\N \\n \\\\N")
def test_titles_and_descriptions_come_back_as_they_were_written(title: str, description: str) -> None:
    calendar = read(calendar_document([entry(title, description)], zone=BRUSSELS, name=title))
    (event,) = calendar.events
    assert (str(event.summary), str(calendar["x-wr-calname"])) == (title, title)
    assert event.sequence == 3
    seen = "".join(char for char in description if char in "\t\r\n" or (char >= " " and char != "\x7f"))
    assert lines(str(event.description or "")) == lines(seen)


@pytest.mark.parametrize(
    "description",
    [
        "BEGIN:VALARM\r\nACTION:EMAIL",
        "ends here\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:forged",
        "a\rb",
        "a\nb\n",
        "\x0b\x0c\x1c\x85 \u2028 \u2029",
        "☃" * 400,
        "\\n \\, \\; ;,",
    ],
)
def test_no_text_adds_an_entry_or_a_line(description: str) -> None:
    calendar = read(calendar_document([entry(description=description)], zone=BRUSSELS))
    (event,) = calendar.walk("VEVENT")
    assert str(event["uid"]) == "abc@hub.test"
    assert not calendar.walk("VALARM")


@settings(max_examples=60)
@given(st.lists(STARTS, max_size=4))
def test_times_come_back_as_the_same_instants_by_the_zone_in_the_document(starts: list[datetime]) -> None:
    calendar = read(calendar_document([entry(start=start) for start in starts], zone=BRUSSELS))
    read_back = [event.start for event in calendar.events]
    assert [start.astimezone(UTC) for start in read_back if isinstance(start, datetime)] == starts
    assert calendar.get_missing_tzids() == set()
    assert bool(calendar.timezones) == bool(starts)


def test_the_document_defines_both_nights_on_which_the_clocks_change() -> None:
    nights = (datetime(2026, 3, 29, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 0, 30, tzinfo=UTC))
    calendar = read(calendar_document([entry(start=night) for night in nights], zone=BRUSSELS))
    (zone,) = calendar.timezones
    read_back = zone.to_tz()
    for night in nights:
        for hours in range(4):
            moment = night + timedelta(hours=hours)
            assert moment.astimezone(read_back).utcoffset() == moment.astimezone(BRUSSELS).utcoffset()


def test_an_invitation_names_who_asks_whom() -> None:
    invitation = Invitation("hub@hub.test", "zoe@example.org")
    calendar = read(calendar_document([entry()], zone=BRUSSELS, method="REQUEST", invitation=invitation))
    (event,) = calendar.events
    assert str(calendar["method"]) == "REQUEST"
    assert str(event["organizer"]) == "mailto:hub@hub.test"
    assert str(event["attendee"]) == "mailto:zoe@example.org"
    assert event["attendee"].params["RSVP"] == "TRUE"
