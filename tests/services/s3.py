"""An S3 server that keeps its objects in memory."""

import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.services.programs import serving


@dataclass(frozen=True)
class S3Server:
    """Where the server is and what it lets in: any key and secret."""

    endpoint: str
    key: str = "test-key"
    secret: str = "test-secret"
    region: str = "us-east-1"

    def make_bucket(self) -> str:
        """Create an empty bucket and return it as the setting S3_URL wants it, credentials included."""
        name = f"bucket-{secrets.token_hex(6)}"
        httpx.put(f"{self.endpoint}/{name}").raise_for_status()
        return f"s3://{self.key}:{self.secret}@{name}"


@contextmanager
def s3_server(folder: Path) -> Iterator[str]:
    """Run the server in a folder and yield its endpoint."""

    def command(port: int) -> list[str]:
        return [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)]

    with serving(command, folder) as port:
        yield f"http://127.0.0.1:{port}"
