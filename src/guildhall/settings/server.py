"""Settings of the server itself: where it listens and keeps things, who runs it, how its mail leaves."""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal

from guildhall.settings.declaring import setting


@dataclass(frozen=True, kw_only=True)
class ServerSettings:
    """Where the server listens and how it meets the world."""

    host: str = setting("HOST", default="127.0.0.1", help="Address or name to listen on; 0.0.0.0 for every interface.")
    port: int = setting("PORT", "API_PORT", default=8080, help="Port to listen on.")
    public_url: str = setting(
        "PUBLIC_URL",
        "BASE_URL",
        default="",
        help="Address people reach the server at; `http://localhost:PORT` when unset.",
    )
    environment: Literal["development", "production"] = setting(
        "ENVIRONMENT", default="development", help="`production` refuses weak secrets and prints no generated password."
    )
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = setting(
        "TRUSTED_PROXIES",
        default=(),
        help="Addresses or networks, by comma, whose X-Forwarded-For is believed.",
    )
    body_timeout: int = setting("BODY_TIMEOUT", default=20, help="Seconds a client may take to send a body.")
    rate_limit_per_ip: int = setting(
        "RATE_LIMIT_PER_IP", default=600, help="Requests a minute for each address without a credential."
    )
    rate_limit: bool = setting(
        "RATE_LIMIT_ENABLED", default=True, help="Whether requests, sign-ins and messages are limited at all."
    )
    cors_origins: tuple[str, ...] = setting(
        "CORS_ORIGINS",
        default=(),
        help="Origins, by comma, whose pages may use the community's API and sockets; "
        "when unset any in development, and only PUBLIC_URL in production.",
    )
    metrics_token: str = setting(
        "METRICS_TOKEN",
        default="",
        secret=True,
        help="Bearer that /metrics asks for; open to this machine only when unset.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = setting(
        "LOG_LEVEL", default="info", help="Least severity logged."
    )
    log_format: Literal["auto", "json", "console"] = setting(
        "LOG_FORMAT", default="auto", help="`json` lines, `console` for people; `auto` asks whether a terminal watches."
    )


@dataclass(frozen=True, kw_only=True)
class StoreSettings:
    """Where things are kept."""

    data_dir: Path = setting(
        "DATA_DIR", default=Path("data"), help="Folder for the database, files and generated secrets."
    )
    database_url: str = setting(
        "DATABASE_URL",
        default="",
        secret=True,
        help="`sqlite:///path` or `postgresql://user:password@host/name`; a SQLite file in DATA_DIR when unset.",
    )
    sqlite_synchronous: Literal["FULL", "NORMAL"] = setting(
        "SQLITE_SYNCHRONOUS", default="FULL", help="`NORMAL` is faster and may lose the last commits on loss of power."
    )
    redis_url: str = setting(
        "REDIS_URL",
        default="",
        secret=True,
        help="`redis://host:port/0` for events, limits and cache across processes.",
    )
    redis_host: str = setting(
        "REDIS_HOST",
        default="",
        help="The same by its host, when REDIS_URL is unset; done without where nothing answers at the start.",
    )
    redis_port: int = setting("REDIS_PORT", default=6379, help="Port of REDIS_HOST.")
    s3_url: str = setting(
        "S3_URL",
        default="",
        secret=True,
        help="`s3://key:secret@bucket/prefix` keeps files in S3; DATA_DIR/files when unset.",
    )
    s3_endpoint: str = setting("S3_ENDPOINT", default="", help="Address of an S3 server other than Amazon's.")
    s3_region: str = setting("S3_REGION", default="us-east-1", help="Region of the bucket.")
    secret_key: str = setting(
        "SECRET_KEY",
        "API_SECRET_KEY",
        default="",
        secret=True,
        help="Root of all encryption at rest; made once in DATA_DIR when unset.",
    )

    @property
    def redis_by_host(self) -> str:
        """The address that host and port make, empty without a host."""
        return f"redis://{self.redis_host}:{self.redis_port}/0" if self.redis_host else ""


@dataclass(frozen=True, kw_only=True)
class AdminSettings:
    """The first administrator and the master key."""

    user: str = setting("ADMIN_USER", "API_ADMIN_USER", default="admin", help="Name of the first administrator.")
    password: str = setting(
        "ADMIN_PASSWORD",
        "API_ADMIN_PASS",
        default="",
        secret=True,
        help="Their password; generated and printed once when unset.",
    )
    email: str = setting("ADMIN_EMAIL", default="", help="Their mail address.")
    api_key: str = setting(
        "ADMIN_API_KEY", default="", secret=True, help="Master key of the APIs; generated and printed once when unset."
    )


@dataclass(frozen=True, kw_only=True)
class MailSettings:
    """How mail leaves."""

    smtp_url: str = setting(
        "SMTP_URL",
        default="",
        secret=True,
        help="`smtp://user:password@host:587` (STARTTLS when offered) or `smtps://`; unset, mail is kept.",
    )
    sender: str = setting("MAIL_FROM", default="", help="From address; `guildhall@` the host of PUBLIC_URL when unset.")
