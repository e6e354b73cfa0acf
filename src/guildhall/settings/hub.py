"""Settings of the house with the rooms, and of the calendars it is linked to."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from guildhall.settings.declaring import setting

GOOGLE = "https://www.googleapis.com"


@dataclass(frozen=True, kw_only=True)
class CommonsHubSettings:
    """The house with the rooms."""

    timezone: ZoneInfo = setting(
        "COMMONSHUB_TIMEZONE", default=ZoneInfo("Europe/Brussels"), help="Time zone of the hub."
    )
    config: Path | None = setting(
        "COMMONSHUB_CONFIG",
        default=None,
        help="TOML file with rooms, closed days, shift plans, tokens and calendars; see docs/hub.toml.",
    )
    ledger: Literal["embedded", "evm"] = setting(
        "COMMONSHUB_LEDGER",
        default="embedded",
        help="Where rewards are minted: in the database, or by `evm` on the chain that tokens name.",
    )
    rpc_url: str = setting(
        "RPC_URL", default="", secret=True, help="JSON-RPC address of a node of that chain; `evm` needs it."
    )
    minter_key: str = setting(
        "MINTER_PRIVATE_KEY",
        default="",
        secret=True,
        help="Private key of the minter, 64 hexadecimal digits; `evm` needs it. Never stored.",
    )
    rate_limit: int = setting("COMMONSHUB_RATE_LIMIT", default=6000, help="Requests a minute for each credential.")
    public_calendars: bool = setting(
        "COMMONSHUB_PUBLIC_CALENDARS", default=True, help="Whether room calendars can be read without a credential."
    )
    kiosk: bool = setting(
        "COMMONSHUB_KIOSK",
        default=False,
        help="Whether `/kiosk` shows today's rooms and shifts, without names, to anybody: for a screen on a wall.",
    )


@dataclass(frozen=True, kw_only=True)
class GoogleSettings:
    """Calendars at Google."""

    account_key: Path | None = setting(
        "GOOGLE_ACCOUNT_KEY_FILEPATH",
        default=None,
        help="JSON key file of the service account that calendars are shared with; unset, none can be linked.",
    )
    impersonate: str = setting(
        "GOOGLE_CALENDAR_IMPERSONATE_USER",
        default="",
        help="Person of the account's domain to act for; Google then invites attendees, instead of a mail from here.",
    )
    api_base: str = setting(
        "GOOGLE_API_BASE",
        default=GOOGLE,
        help="Address of Google's APIs; another one is for tests.",
    )
