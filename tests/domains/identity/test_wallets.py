"""Wallet addresses and their checksum."""

import pytest
from hypothesis import given, strategies as st

from guildhall.domains.identity.errors import InvalidWallet
from guildhall.domains.identity.wallets import checksummed

# All of them from EIP-55.
PROPER = (
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
    "0xde709f2102306220921060314715629080e2fb77",
    "0x27b1fdb04752bbc536007a920d24acb045561c26",
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
)


@pytest.mark.parametrize("address", PROPER)
def test_the_known_addresses_keep_their_form_and_get_it_from_one_case(address: str) -> None:
    assert checksummed(address) == address
    assert checksummed(address.lower()) == address
    assert checksummed("0x" + address[2:].upper()) == address


@pytest.mark.parametrize("address", PROPER[4:])
def test_a_letter_of_the_wrong_case_is_refused(address: str) -> None:
    for place, letter in enumerate(address):
        if place >= 2 and letter.isalpha():
            with pytest.raises(InvalidWallet):
                checksummed(address[:place] + letter.swapcase() + address[place + 1 :])


@given(st.from_regex(r"\A0x[0-9a-f]{40}\Z"))
def test_the_checksum_is_stable_and_changes_nothing_but_case(address: str) -> None:
    proper = checksummed(address)
    assert proper.lower() == address
    assert checksummed(proper) == proper


def test_another_form_is_refused() -> None:
    address = PROPER[0]
    for text in (
        "", "0x", address[:-1], f"{address}0", address[2:], f"0X{address[2:]}", f" {address}", f"{address}\n",
        "0x" + "g" * 40, "0x" + "٣" * 40,
    ):  # fmt: skip
        with pytest.raises(InvalidWallet):
            checksummed(text)
