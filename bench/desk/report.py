"""What was found of the front desk, as a section in Markdown."""

from collections.abc import Iterator
from statistics import median

from bench.desk.asking import Ask, Asked, DeskSamples
from bench.desk.fanout import PROCESSES, FanOut, Teller
from bench.desk.measured import DeskExtent, Found
from bench.desk.relaying import Copier, Relays
from bench.report import FIGURES, Ratio, comparison, conditions
from bench.rounds import System

MOST_GROWTH = 1.3
OF_GOALS = (Ask.FIRST, Ask.DEEP, Ask.DETAIL)

EXPLANATION = """\
**Lists, tickets and messages**: a page has 50 tickets, a deep one begins at random in the older half. A ticket comes
with the newest 100 of its {words:,} messages; {long_ones} such tickets take turns, all others have two. A message is an
answer of one of {staff:,} staff in one open ticket after the other, each a commit that waits for the disk. Bearer
token, whose session and person are looked up each time. One of 50 tickets is open, and all can be searched.
The FastAPI application reads tickets by the ORM, counts them for the list and skips those before the page. An answer it
writes to three tables; the server also to its search index, its audit log, its feed, and twice into what its bot is to
say in Discord.

**Direct messages**: {persons} people write {each} messages each, one at a time, to the bot in the simulated Discord,
whose limits of requests are lifted. The clock runs from the message to its copy in the staff's channel. A first message
makes a ticket and a channel. The server commits a message before it copies it and notes the copy after it; the bot of
`bench/baseline/desk_bot.py` keeps nothing and says each message again.

**Sockets**: they follow one ticket by WebSocket, in {processes} processes on the core of the client; the clock runs
from the request that writes a message until the last of them has it, {messages} times. The plain server has one room,
checks only a token at the door, keeps nothing and emits what the server emits: two events for each socket.
"""


def section(extent: DeskExtent, found: Found) -> str:
    """Return the section, without its heading."""
    explanation = EXPLANATION.format(
        words=extent.many.words, long_ones=extent.many.long_ones, staff=extent.many.staff, persons=extent.persons,
        each=extent.each, processes=PROCESSES, messages=extent.messages,
    )  # fmt: skip
    rounds = (
        f"Medians over {extent.rounds} rounds of {extent.seconds:g} s; ratios are the median of those of each round."
    )
    ratios = [*_growth(extent, found.asked), *_against_fastapi(found.asked), *_others(found)]
    lines = [
        explanation,
        rounds,
        "",
        *conditions(),
        "",
        *_asked(found.asked),
        "",
        *_relayed(found.relayed),
        "",
        *_told(found.told),
        "",
        *comparison(ratios),
        "",
    ]
    return "\n".join(lines)


def _asked(samples: DeskSamples) -> Iterator[str]:
    yield "| | | requests/s | p50 ms | p99 ms | server CPU µs |"
    yield "|---|---|--:|--:|--:|--:|"
    for asked, taken in samples.items():
        rate, p50, p99, cpu = (median(getattr(sample, name) for sample in taken) for name in FIGURES)
        numbers = f"{rate:,.0f} | {p50 * 1e3:.2f} | {p99 * 1e3:.2f} | {cpu * 1e6:,.0f}"
        yield f"| {_named(asked)} | {asked.system} | {numbers} |"


def _relayed(relays: Relays) -> Iterator[str]:
    yield "| | | messages | p50 ms | p99 ms |"
    yield "|---|---|--:|--:|--:|"
    for text, what in (("direct message to a new channel", "first"), ("direct message to its channel", "later")):
        for copier, relayed in relays.items():
            times: list[float] = getattr(relayed, what)
            p50, p99 = _percentile(times, 0.5), _percentile(times, 0.99)
            yield f"| {text} | {copier} | {len(times):,} | {p50 * 1e3:.2f} | {p99 * 1e3:.2f} |"


def _told(found: FanOut) -> Iterator[str]:
    yield "| | | sockets held | messages missed | first ms | last ms | slowest ms |"
    yield "|---|---|--:|--:|--:|--:|--:|"
    for (size, teller), spread in found.items():
        times = " | ".join(f"{each * 1e3:,.1f}" for each in (spread.first, spread.last, max(spread.lasts)))
        yield f"| message to {size:,} sockets | {teller} | {spread.held:,} | {spread.missed:,} | {times} |"


def _growth(extent: DeskExtent, samples: DeskSamples) -> Iterator[Ratio]:
    for ask in Ask:
        cases = [Asked(ask, plan.tickets, System.GUILDHALL) for plan in (extent.few, extent.many)]
        few, many = (samples[case] for case in cases)
        value = median(before.rate / after.rate for before, after in zip(few, many, strict=True))
        goal = f"at most {MOST_GROWTH:g}" if ask in OF_GOALS else ""
        yield Ratio(f"time for {_named(cases[1])} / for {_named(cases[0])}", value, goal, value <= MOST_GROWTH)


def _against_fastapi(samples: DeskSamples) -> Iterator[Ratio]:
    for asked, ours in samples.items():
        if asked.system is System.GUILDHALL:
            theirs = samples[Asked(asked.ask, asked.tickets, System.FASTAPI)]
            value = median(each.rate / other.rate for each, other in zip(ours, theirs, strict=True))
            yield Ratio(f"{_named(asked)}: requests/s, to FastAPI's", value)


def _others(found: Found) -> Iterator[Ratio]:
    ours, theirs = (_percentile(found.relayed[copier].later, 0.5) for copier in (Copier.GUILDHALL, Copier.PLAIN))
    yield Ratio("direct message to its channel: p50, to the plain bot's", ours / theirs)
    for size in dict.fromkeys(size for size, _ in found.told):
        value = found.told[size, Teller.GUILDHALL].last / found.told[size, Teller.PLAIN].last
        yield Ratio(f"message to {size:,} sockets: time until the last, to the plain server's", value)


def _named(asked: Asked) -> str:
    method = "POST" if asked.ask is Ask.SEND else "GET"
    return f"`{method}` {asked.ask}, {asked.tickets:,} tickets"


def _percentile(ascending: list[float], part: float) -> float:
    return ascending[min(len(ascending) - 1, int(part * len(ascending)))]
