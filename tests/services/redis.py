"""A Redis server that keeps nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.services.programs import serving


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """Run Redis in a folder and yield its address."""

    def command(port: int) -> list[str]:
        listening = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder)]
        return ["redis-server", *listening, "--save", "", "--appendonly", "no"]

    with serving(command, folder) as port:
        yield f"redis://127.0.0.1:{port}/0"
