"""How the desk does, over the wire."""

from datetime import timedelta

from guildhall.core.actor import SYSTEM
from guildhall.core.db import Database
from guildhall.domains import tickets
from guildhall.domains.tickets import Draft, Origin, Person, Source, Transport
from tests.clock import SettableClock
from tests.dialects.rustmail.people import OWNER, STEWARD, FrontDesk, refusal

STATISTICS = "/api/bot/statistics"
ROSA, MARA = Person("123456789012345678", "rosa.m"), Person("987654321098765432", "mara.d")


async def test_a_period_is_summed_up_in_the_zone_of_the_bot_for_what_one_sees(
    front: FrontDesk, database: Database, clock: SettableClock
) -> None:
    owner, steward = await front.enters(OWNER), await front.enters(STEWARD)
    assert refusal(await steward.get(STATISTICS)) == (403, "FORBIDDEN")
    await front.grants(owner, "view_panel", to=front.id_of(STEWARD))
    empty = (await owner.get(STATISTICS)).json()
    assert empty["overview"] == {
        "open_tickets": 0, "total_closed": 0, "closed_today": 0, "closed_this_week": 0, "closed_this_month": 0,
        "avg_response_time_seconds": None, "avg_resolution_time_seconds": None, "avg_rating": None, "rating_count": 0,
    }  # fmt: skip
    assert len(empty["activity"]) == 30
    assert set(empty["top_performers"].values()) == {None}
    for days in ("8", "0", "x", "-7"):
        assert refusal(await owner.get(STATISTICS, params={"days": days})) == (400, "INVALID_PARAMETER")

    hidden = {"name": "Secret", "discord_category_id": "1", "viewer_role_ids": ["55"]}
    secret = (await owner.post("/api/categories", json=hidden)).json()["id"]
    opened = clock.now()
    async with database.write() as tx:
        given = {"guild_id": 1, "origin": Origin.DM, "transport": Transport.RELAY, "needs_channel": False}
        ticket = await tickets.open_ticket(
            tx,
            SYSTEM,
            person=ROSA,
            category_id=secret,
            category_name="Secret",
            now=opened,
            **given,  # type: ignore[arg-type]  # by name
        )
        later = opened + timedelta(minutes=7)
        await tickets.write_as_staff(tx, SYSTEM, ticket, MARA, Draft("Hello!", Source.DISCORD), now=later)
        ticket = await tickets.access_ticket_to_change(tx, SYSTEM, ticket.id, sight=tickets.EVERYTHING)
        await tickets.close_ticket(tx, SYSTEM, ticket, by=MARA.id, now=opened + timedelta(hours=2))
    clock.advance(timedelta(hours=2))
    # On Kiritimati it was eleven in the evening then, and is one in the morning now.
    await owner.put("/api/bot/config", json={"bot": {"timezone": "Pacific/Kiritimati"}})
    shown = (await owner.get(STATISTICS, params={"days": 7})).json()
    assert shown["overview"]["avg_response_time_seconds"] == 420
    assert shown["overview"]["avg_resolution_time_seconds"] == 7200
    today = (clock.now() + timedelta(hours=14)).date()
    assert shown["activity"][-2:] == [
        {"date": (today - timedelta(days=1)).isoformat(), "created": 1, "closed": 0},
        {"date": today.isoformat(), "created": 0, "closed": 1},
    ]
    assert shown["categories"] == [{"name": "Secret", "count": 1, "percentage": 100.0}]
    assert shown["staff_leaderboard"] == [
        {
            "user_id": MARA.id, "username": "mara.d", "messages_count": 1, "tickets_closed": 1,
            "avg_response_time_seconds": 420, "avg_rating": None,
        }
    ]  # fmt: skip
    assert shown["top_performers"]["fastest_responder"] == {"user_id": MARA.id, "username": "mara.d", "value": 420}
    part = (await steward.get(STATISTICS)).json()
    assert (part["overview"]["total_closed"], part["staff_leaderboard"], part["categories"]) == (0, [], [])
