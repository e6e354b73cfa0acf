"""What makes no sense is refused by its name, says what is wrong with which field, and changes nothing."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.clock import SettableClock
from tests.dialects.rustmail.people import ABOVE, OWNER, FrontDesk, refusal
from tests.dialects.rustmail.test_tickets import TICKETS, Opens, opened, owner, staff  # noqa: F401 (fixtures)


@pytest.fixture
def engine() -> str:
    """What is tested here does not depend on the engine."""
    return "sqlite"


async def test_a_ticket_takes_no_more_and_no_later_than_it_says(
    staff: httpx.AsyncClient,  # noqa: F811 (the fixture)
    opened: Opens,  # noqa: F811 (the fixture)
    clock: SettableClock,
) -> None:
    place = f"{TICKETS}/{(await opened()).id}"
    before = (await staff.get(place)).json()
    too_late = (clock.now() + timedelta(days=366, minutes=1)).isoformat()
    bad: list[tuple[dict[str, Any], str]] = [
        ({"tags": [f"tag{each}" for each in range(21)]}, "INVALID_TAG"),
        ({"tags": ["x" * 33]}, "INVALID_TAG"),
        ({"tags": "late"}, "INVALID_TAG"),
        ({"on_hold": "yes"}, "INVALID_REQUEST"),
        ({"scheduled_close_at": too_late}, "INVALID_TIME"),
    ]
    for changes, code in bad:
        # What is right beside it is not done either.
        answer = await staff.patch(place, json={**changes, "label": "refund"})
        assert refusal(answer) == (400, code), changes
    for changes in ({"at": too_late}, {"delay_seconds": 366 * 86400 + 60}):
        assert refusal(await staff.post(f"{place}/close", json=changes)) == (400, "INVALID_TIME")
    assert (await staff.get(place)).json() == before


async def test_only_the_claimer_and_super_administrators_give_a_ticket_back(
    front: FrontDesk,
    owner: httpx.AsyncClient,  # noqa: F811 (the fixture)
    staff: httpx.AsyncClient,  # noqa: F811 (the fixture)
    opened: Opens,  # noqa: F811 (the fixture)
) -> None:
    place = f"{TICKETS}/{(await opened()).id}"
    await front.grants(owner, "manage_tickets", to=front.id_of("juniper"))
    colleague = await front.enters("juniper")
    assert (await staff.post(f"{place}/claim")).status_code == 200
    assert refusal(await colleague.post(f"{place}/release")) == (403, "NOT_CLAIMER")
    assert (await owner.post(f"{place}/release")).json()["ticket"]["claimed_by"] is None


async def test_every_refusal_has_a_text_a_code_and_an_id_and_names_the_field(front: FrontDesk) -> None:
    mara = await front.enters(OWNER)
    place, kind = "/api/admin/permissions", {"Content-Type": "application/json"}
    for content, headers, expected in (
        (b'{"subject_type": "user"', kind, (400, "INVALID_JSON")),
        (b"{} {}", kind, (400, "INVALID_JSON")),
        (b'{"permission": "view_panel", "permission": "manage_bot"}', kind, (400, "INVALID_JSON")),
        (b"\xff", kind, (400, "INVALID_JSON")),
        (b"", kind, (400, "INVALID_JSON")),
        (b"a=1", {"Content-Type": "application/x-www-form-urlencoded"}, (415, "UNSUPPORTED_MEDIA_TYPE")),
        (b" " * (1024 * 1024 + 1), kind, (413, "PAYLOAD_TOO_LARGE")),
    ):
        answer = await mara.post(place, content=content, headers={**ABOVE, **headers})
        assert refusal(answer) == expected, content[:40]
    wrong = await mara.post("/api/bot/presence", json={"status": 5})
    body = wrong.json()
    assert (wrong.status_code, sorted(body)) == (400, ["code", "details", "error", "request_id"])
    assert [sorted(each) for each in body["details"]] == [["message", "path"]]
    assert body["request_id"] == wrong.headers["x-request-id"]
    assert refusal(await mara.get("/api/bot/nowhere")) == (404, "NOT_FOUND")
    method = await mara.put("/api/bot/status", json={})
    assert (*refusal(method), "GET" in method.headers["allow"]) == (405, "METHOD_NOT_ALLOWED", True)
