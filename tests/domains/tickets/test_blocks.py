"""Who may not write to the desk: by themselves or by a role, everywhere or in one category, and until when."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st

from guildhall.core.actor import SYSTEM, Actor, ActorKind
from guildhall.core.db import Database
from guildhall.domains.identity import Permission
from guildhall.domains.identity.desk import SubjectKind
from guildhall.domains.tickets import blocks
from guildhall.domains.tickets.blocks import Block
from guildhall.domains.tickets.blocks.matching import strongest
from guildhall.domains.tickets.blocks.models import ANY_CATEGORY
from tests.domains.tickets.desk import START

HOUR = timedelta(hours=1)
BILLING, BANS = "billing", "bans"


def blocked(**given: Any) -> Block:  # noqa: ANN401 (whatever a block has)
    """Return a block of user 7 on the whole desk, unless told otherwise."""
    usual: dict[str, Any] = {
        "id": 1,
        "subject_kind": SubjectKind.USER,
        "subject_id": "7",
        "category_id": ANY_CATEGORY,
        "reason": None,
        "notify": True,
        "created_by": None,
        "created_at": START,
        "expires_at": None,
    }
    return Block(**usual | given)


ROLE = {"subject_kind": SubjectKind.ROLE, "subject_id": "70"}


@pytest.mark.parametrize(
    ("given_block", "stops"),
    [
        ({}, {None, BILLING}),
        ({"subject_id": "8"}, set()),
        ({"subject_id": "70"}, set()),
        (ROLE, {None, BILLING}),
        ({**ROLE, "subject_id": "7"}, set()),
        ({"category_id": BILLING}, {BILLING}),
        ({"category_id": BANS}, set()),
        ({"expires_at": START + HOUR}, {None, BILLING}),
        ({"expires_at": START}, set()),
        ({"expires_at": START - HOUR}, set()),
        ({**ROLE, "category_id": BILLING, "expires_at": START + HOUR}, {BILLING}),
    ],
)
def test_a_block_stops_its_subject_in_its_category_until_its_end(
    given_block: dict[str, object], stops: set[str | None]
) -> None:
    block = blocked(**given_block)
    for category_id in (None, BILLING):
        found = strongest([block], user_id="7", role_ids={"70", "71"}, category_id=category_id, now=START)
        assert found == (block if category_id in stops else None)


ENDS = st.none() | st.integers(-3, 3).map(lambda hours: START + hours * HOUR)
BLOCKS = st.lists(
    st.builds(
        blocked,
        id=st.integers(1, 99),
        subject_kind=st.sampled_from(SubjectKind),
        subject_id=st.sampled_from(["7", "8", "70"]),
        category_id=st.sampled_from([ANY_CATEGORY, BILLING, BANS]),
        expires_at=ENDS,
    ),
    max_size=8,
    unique_by=lambda each: each.id,
)


@given(BLOCKS, st.none() | st.sampled_from([BILLING, BANS]), st.integers(-4, 4))
def test_the_block_that_is_told_is_the_one_that_lasts_longest_of_those_that_stop(
    found: list[Block], category_id: str | None, hours: int
) -> None:
    now = START + hours * HOUR

    def told(among: list[Block], at: datetime = now) -> Block | None:
        return strongest(among, user_id="7", role_ids={"70"}, category_id=category_id, now=at)

    longest = told(found)
    each_alone = [each for each in found if told([each])]
    assert longest is None if not each_alone else longest in each_alone
    if longest is not None:
        ends = [each.expires_at for each in each_alone]
        assert longest.expires_at is None if None in ends else longest.expires_at == max(filter(None, ends))
        if longest.expires_at is not None:
            # The end that somebody is told is when they may write again.
            assert told(found, longest.expires_at) is None
    assert told(list(reversed(found))) == longest


async def test_a_look_up_finds_blocks_of_a_user_and_their_roles_with_one_statement(database: Database) -> None:
    keeper = Actor(ActorKind.USER, permissions=frozenset({Permission.MANAGE_BLOCKS}))
    subjects: list[dict[str, Any]] = [
        {"subject_kind": SubjectKind.USER, "subject_id": "7", "expires_at": START + HOUR, "reason": "spam"},
        {"subject_kind": SubjectKind.ROLE, "subject_id": "70", "expires_at": START + 2 * HOUR},
        *({"subject_kind": SubjectKind.USER, "subject_id": str(each)} for each in range(100, 150)),
    ]
    async with database.write() as tx:
        for each in subjects:
            await blocks.block(tx, SYSTEM, **each, now=START)
    statements: list[str] = []
    for user_id, role_ids, at, expected in (
        ("7", [], START, "7"),
        ("7", ["70", "71"], START, "70"),
        ("8", ["70"], START, "70"),
        ("8", ["7"], START, None),
        ("70", [], START, None),
        ("7", [], START + HOUR, None),
        ("120", [], START + 999 * HOUR, "120"),
    ):
        async with database.read() as tx:
            database.observe = statements.append
            found = await blocks.block_of(tx, user_id=user_id, role_ids=role_ids, now=at)
            database.observe = None
        assert (found and found.subject_id) == expected
    async with database.write() as tx:
        (there,) = await blocks.list_blocks(tx, subject_id="7", now=START)
        assert len(await blocks.list_blocks(tx, now=START + HOUR)) == 51
        await blocks.lift_block(tx, keeper, await blocks.access_block(tx, keeper, there.id), now=START)
        assert await blocks.block_of(tx, user_id="7", role_ids=[], now=START) is None
