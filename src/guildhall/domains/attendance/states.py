"""The states of one person's presence, as adjoining stretches, and how many of its seconds count. Pure sums, no I/O.

A session keeps its stretches as a short list of `(second, state)`: from that second after joining the state held, until
the next one or the end. The raw states are kept and judged only when they are read, so that a rule that is changed
today applies to what was recorded yesterday.
"""

from collections.abc import Iterator, Sequence
from enum import IntFlag
from typing import Final

from guildhall.domains.attendance.records import Policy


class State(IntFlag):
    """What Discord tells of a voice connection, whether anybody else was there, and whether it was only inferred."""

    SELF_MUTE = 1
    SERVER_MUTE = 2
    SELF_DEAF = 4
    SERVER_DEAF = 8
    SUPPRESSED = 16
    VIDEO = 32
    STREAM = 64
    ALONE = 128
    INFERRED = 256


Stretch = tuple[int, int]
Stretches = tuple[Stretch, ...]

OPEN_MICROPHONE: Final = 0
MUTED: Final = int(State.SELF_MUTE | State.SERVER_MUTE)
DEAF: Final = int(State.SELF_DEAF | State.SERVER_DEAF)
ALONE: Final = int(State.ALONE)
INFERRED: Final = int(State.INFERRED)

RULES: Final = (MUTED, DEAF, ALONE)
WAYS: Final = range(2 ** len(RULES))
"""The ways to count: one bit for each of the three pause rules."""

PAUSING: Final = tuple(sum(rule for bit, rule in enumerate(RULES) if way >> bit & 1) for way in WAYS)
"""For each way to count, the states that pause it."""

NOTHING_RUNS: Final = 2 ** len(WAYS) - 1


def way_of(policy: Policy) -> int:
    """Return the number of the way to count that a policy asks for."""
    return policy.pause_on_mute | policy.pause_on_deafen << 1 | policy.pause_when_solo << 2


def paused_ways(state: int) -> int:
    """Return a bit for each way to count that stands still in a state."""
    return sum(1 << way for way in WAYS if state & PAUSING[way])


PAUSED_WAYS: Final = tuple(paused_ways(state) for state in range(2 * INFERRED))


def with_state(stretches: Stretches, second: int, state: int) -> Stretches:
    """Return the stretches with a state from a second on, which lies not before the last one begins.

    What lasted less than a second leaves nothing, and a state that does not change begins nothing.
    """
    earlier = stretches[:-1] if stretches and stretches[-1][0] >= second else stretches
    return earlier if earlier and earlier[-1][1] == state else (*earlier, (second, state))


def split_at(stretches: Stretches, second: int) -> tuple[Stretches, Stretches]:
    """Return what lies before a second, and what holds from it on, counted from it; the first begins before it."""
    before = tuple(each for each in stretches if each[0] < second)
    after = tuple((start - second, state) for start, state in stretches if start > second)
    return before, with_front(after, state_at(stretches, second))


def with_front(stretches: Stretches, state: int) -> Stretches:
    """Return the stretches with a state from second 0 until the first of them."""
    return ((0, state), *(each for each in stretches if each[0] > 0))


def state_at(stretches: Stretches, second: int) -> int:
    """Return the state that held in a second."""
    return next(state for start, state in reversed(stretches) if start <= second)


def pieces(stretches: Sequence[Stretch], seconds: int) -> Iterator[tuple[int, int, int]]:
    """Yield each stretch of a session of that length as its first second, the one after its last, and the state."""
    ends = [start for start, _ in stretches[1:]]
    for (start, state), end in zip(stretches, [*ends, seconds], strict=True):
        if end > start:
            yield start, end, state


def counted_in_all_ways(stretches: Sequence[Stretch], seconds: int) -> tuple[int, ...]:
    """Return the counted seconds of a session of that length, for each way to count."""
    counted = [0] * len(WAYS)
    for start, end, state in pieces(stretches, seconds):
        paused = PAUSED_WAYS[state]
        for way in WAYS:
            if not paused >> way & 1:
                counted[way] += end - start
    return tuple(counted)
