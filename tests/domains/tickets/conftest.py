"""What tests of the front desk share."""

import pytest

from guildhall.core.db import Database
from tests.domains.tickets.desk import Desk


@pytest.fixture
def desk(database: Database) -> Desk:
    """An empty front desk."""
    return Desk(database)
