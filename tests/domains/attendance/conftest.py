"""What tests of keys and signatures share."""

from collections.abc import Iterator

import pytest

from guildhall.domains.attendance.keyring import Keyring


@pytest.fixture
def keyring() -> Iterator[Keyring]:
    """An empty keyring of this test's process."""
    keyring = Keyring()
    yield keyring
    keyring.close()
