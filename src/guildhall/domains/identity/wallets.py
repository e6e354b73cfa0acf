"""Wallet addresses: the checksum of EIP-55."""

import re

from eth_hash.auto import keccak

from guildhall.domains.identity.errors import InvalidWallet

FORM = re.compile(r"0x[0-9a-fA-F]{40}")
UPPER_FROM = 8


def checksummed(address: str) -> str:
    """Return an EVM address in checksum form. Raises InvalidWallet for another form or a wrong mixed-case checksum."""
    if not FORM.fullmatch(address):
        raise InvalidWallet
    digits = address[2:].lower()
    digest = keccak(digits.encode()).hex()
    proper = "0x" + "".join(
        digit.upper() if int(nibble, 16) >= UPPER_FROM else digit for digit, nibble in zip(digits, digest, strict=False)
    )
    has_case = address[2:].lower() != address[2:] and address[2:].upper() != address[2:]
    if has_case and address != proper:
        raise InvalidWallet
    return proper
