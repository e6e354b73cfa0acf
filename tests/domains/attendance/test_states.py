"""Stretches of states, and how many of their seconds count."""

from itertools import pairwise

from hypothesis import given, strategies as st

from guildhall.domains.attendance import Policy, State
from guildhall.domains.attendance.states import (
    Stretches,
    counted_in_all_ways,
    pieces,
    split_at,
    state_at,
    way_of,
    with_state,
)

STATES = st.sampled_from((0, *(int(each) for each in State), int(State.SERVER_MUTE | State.ALONE)))


@st.composite
def histories(draw: st.DrawFn) -> Stretches:
    stretches: Stretches = ((0, draw(STATES)),)
    for _ in range(draw(st.integers(0, 6))):
        stretches = with_state(stretches, stretches[-1][0] + draw(st.integers(0, 50)), draw(STATES))
    return stretches


@given(histories())
def test_stretches_adjoin_and_each_differs_from_the_one_before(stretches: Stretches) -> None:
    assert stretches[0][0] == 0
    assert all(first[0] < second[0] and first[1] != second[1] for first, second in pairwise(stretches))


@given(histories(), st.integers(1, 500), st.integers(1, 200))
def test_the_parts_of_a_split_add_up_exactly(stretches: Stretches, border: int, rest: int) -> None:
    seconds = max(border, stretches[-1][0]) + rest
    before, after = split_at(stretches, border)
    whole = counted_in_all_ways(stretches, seconds)
    parts = zip(counted_in_all_ways(before, border), counted_in_all_ways(after, seconds - border), strict=True)
    assert [first + second for first, second in parts] == list(whole)
    assert all(state_at(after, second - border) == state_at(stretches, second) for second in range(border, seconds))


@given(histories(), st.integers(0, 100), st.builds(Policy, st.booleans(), st.booleans(), st.booleans()))
def test_what_counts_is_what_no_rule_pauses(stretches: Stretches, rest: int, policy: Policy) -> None:
    seconds = stretches[-1][0] + rest
    expected = 0
    for second in range(seconds):
        state = State(state_at(stretches, second))
        muted = policy.pause_on_mute and state & (State.SELF_MUTE | State.SERVER_MUTE)
        deafened = policy.pause_on_deafen and state & (State.SELF_DEAF | State.SERVER_DEAF)
        expected += not (muted or deafened or (policy.pause_when_solo and state & State.ALONE))
    assert counted_in_all_ways(stretches, seconds)[way_of(policy)] == expected


def test_what_lasts_less_than_a_second_leaves_nothing() -> None:
    muted = with_state(((0, 0),), 10, State.SELF_MUTE)
    assert muted == ((0, 0), (10, State.SELF_MUTE))
    assert with_state(muted, 10, 0) == ((0, 0),)
    assert with_state(((0, 0),), 0, State.ALONE) == ((0, State.ALONE),)
    assert list(pieces(muted, 10)) == [(0, 10, 0)]
