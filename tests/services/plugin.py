"""Pytest's side of the services: who hosts them, and the fixtures that ask for them.

PostgreSQL, S3, Radicale and the templates serve the whole run. Redis, SMTP and the chain are cheap and tell everybody
everything, so each worker has its own. Loaded by the root conftest.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from redis import Redis

from tests.services.chain import ChainServer, Mintable, Proxy, chain_server, deploy
from tests.services.host import Host, ask
from tests.services.postgres import postgres_server
from tests.services.radicale import RadicaleServer, radicale_server
from tests.services.redis import redis_server
from tests.services.s3 import S3Server, s3_server as serving_s3
from tests.services.smtp import SmtpServer, smtp_server as serving_smtp
from tests.services.templates import postgres_template, sqlite_template

HOST_ADDRESS = pytest.StashKey[str]()
HANDED_OVER = "services"

SERVICES = {
    "postgres": lambda _, folder: postgres_server(folder),
    "radicale": lambda _, folder: radicale_server(folder),
    "s3": lambda _, folder: serving_s3(folder),
    "sqlite-template": lambda _, folder: sqlite_template(folder),
    "postgres-template": lambda host, _: postgres_template(host.need("postgres")),
}


def pytest_configure(config: pytest.Config) -> None:
    """Be the host, or learn where it is when this is a worker."""
    if hasattr(config, "workerinput"):
        config.stash[HOST_ADDRESS] = config.workerinput[HANDED_OVER]
        return
    host = Host(SERVICES)
    config.add_cleanup(host.close)
    config.stash[HOST_ADDRESS] = host.address


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:  # noqa: ANN401  A WorkerController of xdist, which has no types.
    """Tell a worker where the host is."""
    node.workerinput[HANDED_OVER] = node.config.stash[HOST_ADDRESS]


@pytest.fixture(scope="session")
def service(pytestconfig: pytest.Config) -> Callable[[str], str]:
    """Return what a service of the whole run yields, by its name; it starts when it is first asked for."""
    return lambda name: ask(pytestconfig.stash[HOST_ADDRESS], name)


@pytest.fixture(scope="session")
def postgres_url(service: Callable[[str], str]) -> str:
    """The address of the maintenance database of a PostgreSQL server."""
    return service("postgres")


@pytest.fixture(scope="session")
def s3_server(service: Callable[[str], str]) -> S3Server:
    """An S3 server; each test makes its own buckets."""
    return S3Server(service("s3"))


@pytest.fixture(scope="session")
def radicale(service: Callable[[str], str]) -> RadicaleServer:
    """A CalDAV server; each test makes its own calendars."""
    return RadicaleServer(service("radicale"))


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Redis server that no other worker uses and that is empty when a test begins."""
    with redis_server(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(scope="session")
def smtp_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmtpServer]:
    """An SMTP server that no other worker uses and that has seen no mail when a test begins."""
    with serving_smtp(tmp_path_factory.mktemp("smtp")) as server:
        yield server


@pytest.fixture(scope="session")
def chain_of_worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChainServer]:
    """A chain that no other worker uses."""
    with chain_server(tmp_path_factory.mktemp("chain")) as chain:
        yield chain


@pytest.fixture
def chain(chain_of_worker: ChainServer) -> ChainServer:
    """A chain on which nothing waits when a test begins, and where transactions are in a block at once."""
    chain_of_worker.drop()
    chain_of_worker.mine()
    return chain_of_worker


@pytest.fixture
def mintable(chain: ChainServer) -> Mintable:
    """A token on the chain, with a key of its own that may mint it."""
    return deploy(chain)


@pytest.fixture
def proxy(chain: ChainServer) -> Iterator[Proxy]:
    """An address of the chain that misbehaves on command."""
    with Proxy(chain).running() as proxy:
        yield proxy


@pytest.fixture(autouse=True)
def _fresh_services(request: pytest.FixtureRequest) -> None:
    """Empty what the last test of this worker left in the servers that this test uses."""
    if "redis_url" in request.fixturenames:
        with Redis.from_url(request.getfixturevalue("redis_url")) as client:
            client.flushall()
    if "smtp_server" in request.fixturenames:
        request.getfixturevalue("smtp_server").forget()
