"""Templates and static files, read once at the start."""

from datetime import date, datetime
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context

from guildhall import __version__
from guildhall.domains.ledger import amount_text
from guildhall.domains.rooms.times import clock_text
from guildhall.domains.tickets.attachments import MOST_FILES, size_words
from guildhall.panel.guild_words import border_words, duration_words, fingerprint
from guildhall.web.assets import Assets

DASH = "\N{EN DASH}"
KINDS = {"caldav": "CalDAV", "google": "Google Calendar"}
"""What people call the kinds of calendars outside."""
ASSETS = Assets("/panel/static", sorted((Path(__file__).parent / "static").iterdir()))


def render(template: str, **context: object) -> bytes:
    """Return a page as UTF-8. Everything in it is escaped unless the template says otherwise."""
    return _ENVIRONMENT.get_template(template).render(context).encode("utf-8", "replace")


def day_words(day: date) -> str:
    """Write a day with its weekday: Tue 6 October."""
    return f"{day:%a} {day.day} {day:%B}"


def span_words(first: date, last: date) -> str:
    """Write a run of days without saying twice what both share: 28 September to 4 October 2026."""
    if first.year != last.year:
        return f"{first.day} {first:%B %Y} {DASH} {last.day} {last:%B %Y}"
    if first.month != last.month:
        return f"{first.day} {first:%B} {DASH} {last.day} {last:%B %Y}"
    return f"{first.day} {DASH} {last.day} {last:%B %Y}"


def short(digest: str) -> str:
    """Write a hash so that it fits a line: its beginning and its end."""
    return f"{digest[:10]}\N{HORIZONTAL ELLIPSIS}{digest[-6:]}"


@pass_context
def _moment(context: Context, instant: datetime) -> str:
    local = _local(context, instant)
    return f"{local.day} {local:%b %Y, %H:%M}"


@pass_context
def _when(context: Context, instant: datetime) -> str:
    """Write an instant as short as can be: its time if it is of today, else its day, with the year if it is another."""
    local, today = _local(context, instant), _local(context, context["now"])
    if local.date() == today.date():
        return f"{local:%H:%M}"
    return f"{local.day} {local:%b}" if local.year == today.year else f"{local.day} {local:%b %Y}"


@pass_context
def _day(context: Context, instant: datetime) -> str:
    return day_words(_local(context, instant).date())


@pass_context
def _clock(context: Context, instant: datetime) -> str:
    return f"{_local(context, instant):%H:%M}"


def _local(context: Context, instant: datetime) -> datetime:
    local: datetime = instant.astimezone(context["zone"])
    return local


_ENVIRONMENT = Environment(
    loader=PackageLoader("guildhall.panel"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
_ENVIRONMENT.globals.update(asset=ASSETS.url, version=__version__, theme="auto", kinds=KINDS, most_files=MOST_FILES)
_ENVIRONMENT.filters.update(
    border=border_words,
    clock=_clock,
    day=_day,
    day_words=day_words,
    duration=duration_words,
    fingerprint=fingerprint,
    minutes=clock_text,
    moment=_moment,
    short=short,
    size=size_words,
    tokens=amount_text,
    when=_when,
)
