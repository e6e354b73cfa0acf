"""Discord's own description judges every exchange of the tests here (see conftest.py); these tests judge the judge."""

import pytest

from guildhall.simulator.discord import Exchange
from guildhall.simulator.discord.rest import SIGNED_IN, webhooks
from tests.simulator.discord.description import Description, description


@pytest.fixture
def described() -> Description:
    """Discord's description of its API."""
    known = description()
    if known is None:
        pytest.skip("Discord's description is not beside the checkout, and DISCORD_OPENAPI names no other place")
    return known


def test_every_route_is_one_that_discord_has(described: Description) -> None:
    routes = {(method, path) for method, path, _ in [*SIGNED_IN, *webhooks.OPEN]}
    assert len(routes) > 80
    unknown = {(method, path) for method, path in routes if not described.knows(method, path)}
    assert unknown == set()


def test_an_answer_that_is_not_as_described_is_noticed(described: Description) -> None:
    def faults(status: int, answered: object, *, asked: object = None, method: str = "GET") -> list[str]:
        path = "/channels/{channel}/messages"
        return described.faults(Exchange(method, path, asked or {}, status, answered, "/channels/1/messages"))

    assert faults(200, []) == []
    assert "is a required property" in faults(200, [{"id": "1"}])[0]
    assert faults(404, {"message": "Unknown Channel", "code": 10003}) == []
    assert faults(404, {"message": "Unknown Channel"}) != []
    assert faults(204, None) != []
    assert "asked" in faults(200, {}, asked={"content": ["x"]}, method="POST")[-1]
    assert described.faults(Exchange("GET", "/nowhere", {}, 200, {}, "/nowhere")) != []
