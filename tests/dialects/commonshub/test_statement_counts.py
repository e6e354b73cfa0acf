"""Lists cost the same few statements however much there is to show."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import httpx

from tests.dialects.commonshub.asking import acting_for, booked, profile
from tests.serving import PROVIDER_ID, Served

Reading = Callable[[], Awaitable[int]]


@contextmanager
def counted(served: Served) -> Iterator[list[str]]:
    """Gather every statement that the server sends meanwhile."""
    statements: list[str] = []
    served.house.database.observe = statements.append
    try:
        yield statements
    finally:
        served.house.database.observe = None


async def test_lists_need_as_many_statements_for_much_as_for_nothing(
    served: Served, person: httpx.AsyncClient, app: httpx.AsyncClient, master: httpx.AsyncClient
) -> None:
    lists: tuple[tuple[httpx.AsyncClient, str, str, int], ...] = (
        (app, "/v1/rooms", "rooms", 2),
        (app, "/v1/rooms/ostrom/availability?date=2026-03-02", "events", 5),
        (app, "/v1/rooms/ostrom/availability?from=2026-03-02&to=2026-05-02", "events", 5),
        (person, "/v1/users/me/bookings?from=2026-03-02&to=2026-05-02", "bookings", 5),
        (master, "/v1/users?limit=50", "users", 3),
        (master, "/v1/users?limit=50&q=name", "users", 3),
        (master, "/v1/apps", "apps", 2),
        (app, "/v1/rooms/ostrom/calendar.ics", "", 4),
    )

    async def measured() -> tuple[list[int], list[int]]:
        statements, shown = [], []
        for client, path, key, _ in lists:
            with counted(served) as seen:
                answer = await client.get(path)
            assert answer.status_code == 200, answer.text
            statements.append(len(seen))
            shown.append(len(answer.json()[key]) if key else answer.text.count("BEGIN:VEVENT"))
        return statements, shown

    await person.get("/v1/users/me")  # What every first request of an app writes is written.
    await app.get("/v1/rooms")
    few, shown_before = await measured()
    assert all(number <= most for number, (*_, most) in zip(few, lists, strict=True)), few
    for number in range(60):
        name = acting_for(f"{number}", f"name{number}")
        await app.get("/v1/users/me", headers=name)
        await master.put(f"/v1/users/{number}/roles", json={"roles": ["minter", "gardener", f"role{number}"]})
    for number in range(40):
        room = {"name": f"Room {number}", "capacity": 5}
        await master.put(f"/v1/rooms/room{number}", json=room)
        await master.post("/v1/apps", json=room)
    for number in range(50):
        day = f"2026-03-{2 + number % 25:02d}"
        hour = 8 + number // 25
        await booked(person, date=day, start=f"{hour:02d}:00", end=f"{hour:02d}:30", private=bool(number % 2))
    many, shown = await measured()
    assert all(after > before for before, after in zip(shown_before, shown, strict=True)), shown
    assert many == few
    found = (await master.get("/v1/users?limit=50&q=name")).json()["users"]
    assert [each["roles"] for each in found] == [["gardener", "minter", f"role{number}"] for number in range(50)]
    assert (await profile(app, PROVIDER_ID))["roles"] == []
