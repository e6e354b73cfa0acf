"""What the hub's configuration file says of tokens. Pure: a file in, plans out. See docs/hub.toml."""

from decimal import Decimal

import msgspec

from guildhall.core.toml_file import TomlFile
from guildhall.domains.ledger.amounts import DECIMALS
from guildhall.domains.ledger.tokens import MOST_BY_DEFAULT, TokenPlan, checked_code, checked_token, token_units

SECTIONS = ("tokens",)


class FileToken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A token as the file writes it: amounts are tokens, not base units."""

    hourly: Decimal
    most: Decimal | None = None
    chain_id: int | None = None
    contract: str | None = None
    decimals: int = DECIMALS


def read_tokens(file: TomlFile) -> list[tuple[str, TokenPlan]]:
    """Read the tokens of the configuration file. Raises FileFaulty with the line in question."""
    return [(code, _plan(file, code)) for code in file.names("tokens")]


def _plan(file: TomlFile, code: str) -> TokenPlan:
    token = file.read(("tokens", code), FileToken)
    with file.blaming("tokens", code):
        plan = TokenPlan(
            hourly=token_units(token.hourly, field="hourly"),
            most=MOST_BY_DEFAULT if token.most is None else token_units(token.most, field="most"),
            chain_id=token.chain_id,
            contract=token.contract,
            decimals=token.decimals,
        )
        checked_code(code)
        return checked_token(plan)
