"""Amounts of tokens are exact, or refused."""

from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from guildhall.domains.ledger import InvalidAmount, amount_text, base_units

MOST = 100


@given(st.integers(1, MOST * 10**6))
def test_an_amount_that_is_written_is_read_as_the_same(units: int) -> None:
    assert base_units(Decimal(amount_text(units)), most=MOST * 10**6) == units
    assert amount_text(-units) == f"-{amount_text(units)}"


@given(st.decimals(min_value=-200, max_value=200, allow_nan=False))
def test_an_amount_is_taken_whole_or_not_at_all(amount: Decimal) -> None:
    numerator, denominator = amount.as_integer_ratio()
    fits = 0 < amount <= MOST and numerator * 10**6 % denominator == 0
    if fits:
        assert Decimal(base_units(amount, most=MOST * 10**6)) == amount * 10**6
    else:
        with pytest.raises(InvalidAmount):
            base_units(amount, most=MOST * 10**6)


@pytest.mark.parametrize("text", ["3." + "0" * 60 + "1", "1e-999999999999", "1e999999999", "99." + "9" * 30])
def test_no_digit_is_rounded_away(text: str) -> None:
    with pytest.raises(InvalidAmount):
        base_units(Decimal(text), most=MOST * 10**6)


def test_amounts_are_written_without_needless_zeros() -> None:
    assert [amount_text(units) for units in (0, 1, 2_500_000, 3_000_000, -1_000_001)] == [
        "0", "0.000001", "2.5", "3", "-1.000001",
    ]  # fmt: skip
