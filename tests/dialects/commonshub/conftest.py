"""Clients that only the tests of this dialect need."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import httpx
import pytest

from tests.serving import Served

Registering = Callable[..., Awaitable[httpx.AsyncClient]]


@pytest.fixture
async def another_app(served: Served, master: httpx.AsyncClient) -> AsyncIterator[Registering]:
    """Register an app with these properties, and return a client that holds its secret."""
    async with AsyncExitStack() as stack:

        async def register(**properties: str) -> httpx.AsyncClient:
            answer = await master.post("/v1/apps", json={"name": "Another", **properties})
            secret = answer.json()["appSecret"]
            client = served.client(headers={"Authorization": f"Bearer {secret}"})
            return await stack.enter_async_context(client)

        yield register


@pytest.fixture
async def device(another_app: Registering) -> httpx.AsyncClient:
    """A client that holds the secret of a device app."""
    return await another_app(name="chb", kind="device")


@pytest.fixture
async def stranger(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a credential."""
    async with served.client() as client:
        yield client
