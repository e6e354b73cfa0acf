"""Identifiers."""

import re
from itertools import pairwise

from guildhall.core import ids


def test_ids_have_their_form_and_never_repeat() -> None:
    made = {
        r"[0-7][0-9a-hjkmnp-tv-z]{25}": [ids.ulid() for _ in range(1000)],
        r"[0-9a-v]{26}": [ids.event_id() for _ in range(1000)],
        r"[0-9A-Za-z]{22}": [ids.base62(22) for _ in range(1000)],
        r"[\w-]{43}": [ids.url_token() for _ in range(1000)],
    }
    for form, each in made.items():
        assert all(re.fullmatch(form, one) for one in each)
        assert len(set(each)) == len(each)


def test_a_row_made_later_sorts_later() -> None:
    times = [ids.ulid()[:10] for _ in range(1000)]
    assert all(earlier <= later for earlier, later in pairwise(times))
