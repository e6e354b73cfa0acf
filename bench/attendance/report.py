"""What was found of attendance, as a section in Markdown."""

from collections.abc import Iterator
from statistics import median

from bench.attendance.figures import Asked, Figure, FigureSamples
from bench.attendance.measured import AttendanceExtent, Found
from bench.attendance.signing import Compared
from bench.attendance.voice import ON_THE_WAY, Taker, VoiceSamples
from bench.report import FIGURES, Ratio, comparison, conditions
from bench.rounds import System

MOST_GROWTH = 1.5

EXPLANATION = """\
**Voice events**: the simulator's gateway sends joins, moves, mutes and leaves of {people:,} people, {on_the_way} at
most on their way, and the clock runs until the last row is committed; all of them must be there. Each contender has a
process and a core of its own, the simulator the other core. The bot of `bench/baseline/voice_bot.py` writes one row for
an event of discord.py and commits it; the server keeps raw states, who is left alone, sums in eight ways to count, and
the bytes that are signed, under the guild's turn. The bot that keeps nothing shows what the simulator and discord.py
can bring at all. Discord itself would ask for more than one connection from a bot in 5,000 guilds.

**Leaderboard and heatmap**: bearer token, the permission check asked of the simulator and kept for 15 s. In both stores
{present:,} sessions are of the current period and the last 28 days; the others are of older periods of the guild and of
500 other guilds. The baseline has the same sessions with one sum each and no rules. Sessions in the store have no bytes
and no signatures, which no figure reads.

**Signing**: {signed:,} closed sessions wait; the clock runs from the request to unlock until the last has its two
signatures, each record in a transaction of its own that also queues it for the transparency log. Then `reset-now` ends
their period: board, hash over all sessions, bytes and signatures. At the end the command `guildhall attendance verify`
checks {receipts:,} receipts, as files with their proofs from the log. The bare loops do SHA-256 and Ed25519 of
`cryptography` over the same bytes, one after the other, and neither read nor write anything. Once each.
"""


def section(extent: AttendanceExtent, found: Found) -> str:
    """Return the section, without its heading."""
    explanation = EXPLANATION.format(
        people=extent.people, on_the_way=min(ON_THE_WAY, extent.people // 5), present=extent.many.present,
        signed=extent.sessions_signed, receipts=extent.receipts,
    )  # fmt: skip
    rounds = (
        f"Medians over {extent.rounds} rounds of {extent.seconds:g} s; ratios are the median of those of each round."
    )
    lines = [
        explanation,
        rounds,
        "",
        *conditions(),
        "",
        *_voice(found.voice),
        "",
        *_figures(found.figures),
        "",
        *_signing(found),
        "",
        *comparison([*_growth(extent, found.figures), *_against(found), *_voice_against(found.voice)]),
        "",
    ]
    return "\n".join(lines)


def _voice(samples: VoiceSamples) -> Iterator[str]:
    yield "| | | events/s | taker's CPU µs |"
    yield "|---|---|--:|--:|"
    for (guilds, taker), taken in samples.items():
        rate, cpu = median(each.rate for each in taken), median(each.cpu for each in taken)
        yield f"| voice events, {_guilds(guilds)} | {taker} | {rate:,.0f} | {cpu * 1e6:,.0f} |"


def _figures(samples: FigureSamples) -> Iterator[str]:
    yield "| | | requests/s | p50 ms | p99 ms | server CPU µs |"
    yield "|---|---|--:|--:|--:|--:|"
    for asked, taken in samples.items():
        rate, p50, p99, cpu = (median(getattr(sample, name) for sample in taken) for name in FIGURES)
        numbers = f"{rate:,.0f} | {p50 * 1e3:.2f} | {p99 * 1e3:.2f} | {cpu * 1e6:,.0f}"
        yield f"| {_named(asked.figure, asked.sessions)} | {asked.system} | {numbers} |"


def _signing(found: Found) -> Iterator[str]:
    yield "| | | seconds | records/s |"
    yield "|---|---|--:|--:|"
    for text, compared in _compared(found):
        for system, seconds in ((System.GUILDHALL.value, compared.guildhall), ("bare loop", compared.bare)):
            yield f"| {text} | {system} | {seconds:,.3f} | {compared.records / seconds:,.0f} |"


def _compared(found: Found) -> Iterator[tuple[str, Compared]]:
    signing = found.signing
    yield f"sign {signing.signed.records:,} sessions that wait", signing.signed
    yield f"archive and sign a period of {signing.archived.records:,} sessions", signing.archived
    yield f"verify {signing.verified.records:,} receipts offline", signing.verified


def _growth(extent: AttendanceExtent, samples: FigureSamples) -> Iterator[Ratio]:
    for figure in Figure:
        few, many = (
            samples[Asked(figure, history.sessions, System.GUILDHALL)] for history in (extent.few, extent.many)
        )
        value = median(before.rate / after.rate for before, after in zip(few, many, strict=True))
        text = f"time for {_named(figure, extent.many.sessions)} / for {_named(figure, extent.few.sessions)}"
        yield Ratio(text, value, f"at most {MOST_GROWTH:g}", value <= MOST_GROWTH)


def _against(found: Found) -> Iterator[Ratio]:
    for asked in found.figures:
        if asked.system is not System.GUILDHALL:
            continue
        for other, whose in ((System.FASTAPI, "FastAPI's"), (System.BARE, "the bare application's")):
            theirs = found.figures[Asked(asked.figure, asked.sessions, other)]
            pairs = zip(found.figures[asked], theirs, strict=True)
            value = median(ours.rate / them.rate for ours, them in pairs)
            yield Ratio(f"{_named(asked.figure, asked.sessions)}: requests/s, to {whose}", value)
    for text, compared in _compared(found):
        yield Ratio(f"{text}: records/s, to the bare loop's", compared.bare / compared.guildhall)


def _voice_against(samples: VoiceSamples) -> Iterator[Ratio]:
    for (guilds, taker), taken in samples.items():
        if taker is Taker.GUILDHALL:
            for other, whose in ((Taker.BOT, "the bot's"), (Taker.LIMIT, "the limit of the arrangement")):
                pairs = zip(taken, samples[guilds, other], strict=True)
                value = median(ours.rate / theirs.rate for ours, theirs in pairs)
                yield Ratio(f"voice events, {_guilds(guilds)}: events/s, to {whose}", value)


def _named(figure: Figure, sessions: int) -> str:
    return f"`GET` {figure}, {sessions:,} sessions"


def _guilds(number: int) -> str:
    return "1 guild" if number == 1 else f"{number:,} guilds"
