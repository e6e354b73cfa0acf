"""Amounts of tokens: whole numbers of base units, a millionth of a token each. Pure sums, no I/O."""

from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal

from guildhall.domains.ledger.errors import InvalidAmount

DECIMALS = 6
UNITS = 10**DECIMALS
# Decimal rounds to 28 digits unless told otherwise, and would take 3.0000000000000000000000000001 for three.
EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)


def base_units(amount: Decimal, *, most: int) -> int:
    """Return an amount of tokens in base units, at most `most` of those. Raises InvalidAmount; never rounds."""
    if not 0 < amount <= EXACT.scaleb(Decimal(most), -DECIMALS):
        told = amount_text(most)
        raise InvalidAmount(f"An amount is more than 0 and at most {told}", most=amount_number(most))
    units = EXACT.scaleb(amount, DECIMALS)
    if units != EXACT.to_integral_value(units):
        raise InvalidAmount(f"An amount has at most {DECIMALS} decimals", decimals=DECIMALS)
    return int(units)


def contract_units(units: int, decimals: int) -> int:
    """Return base units as units of a contract with that many decimals. Raises InvalidAmount; never rounds."""
    if decimals >= DECIMALS:
        return int(units * 10 ** (decimals - DECIMALS))
    whole, rest = divmod(units, 10 ** (DECIMALS - decimals))
    if rest:
        raise InvalidAmount(f"On its chain this token has {decimals} decimals", decimals=decimals)
    return int(whole)


def base_units_of(units: int, decimals: int) -> int:
    """Return units of a contract as base units; what is less than one of those is left out."""
    return int(units * 10**DECIMALS // 10**decimals)


def amount_text(units: int) -> str:
    """Write base units as tokens, without needless zeros: `3`, `2.5`, `-0.000001`."""
    whole, rest = divmod(abs(units), UNITS)
    decimals = f".{rest:0{DECIMALS}}".rstrip("0") if rest else ""
    return f"{'-' if units < 0 else ''}{whole}{decimals}"


def amount_number(units: int) -> int | float:
    """Return base units as the number of tokens that JSON shows; below a thousand million tokens it is exact."""
    text = amount_text(units)
    return float(text) if "." in text else int(text)
