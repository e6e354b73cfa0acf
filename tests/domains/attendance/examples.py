"""The examples of the wire contract: their hashes and signatures are real, made with the published seed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from guildhall.domains.attendance.records import BoardEntry, PeriodFacts, Policy, SessionFacts

SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
CONTRACT = Path(__file__).parents[2] / "contract" / "attendance.yaml"
EXAMPLES: dict[str, Any] = yaml.safe_load(CONTRACT.read_text())["components"]["examples"]
RECEIPT: dict[str, Any] = EXAMPLES["SessionReceipt"]["value"]
EXPORT: dict[str, Any] = EXAMPLES["PeriodExport"]["value"]

KEY_ID = "5b2f8f0e-7d0c-4f0a-9d65-0e2c7d3a4b10"
GUILD = 81384788765712384
PERIOD_ID = "0d9c7f54-2b1e-4f37-8a36-5c2d9e7f1a20"
JOINED = datetime(2026, 3, 19, 10, tzinfo=UTC)

SESSION = SessionFacts(
    session_id="7b0f3c1e-6a52-4c9e-9d53-2f0c1b7a9e11",
    guild_id=GUILD,
    user_id=80351110224678912,
    channel_id=127121515262115840,
    period_id=PERIOD_ID,
    joined_at=JOINED,
    left_at=JOINED + timedelta(seconds=5400),
    source="discord",
    end_reason="left",
)
PERIOD = PeriodFacts(
    period_id=PERIOD_ID,
    guild_id=GUILD,
    number=1,
    started_at=datetime(2026, 3, 16, tzinfo=UTC),
    ended_at=datetime(2026, 3, 23, tzinfo=UTC),
    entries=[BoardEntry(1, 80351110224678912, 5400, 1)],
    policy=Policy(),
    sessions_hash=EXPORT["v2"]["signed_payload"]["sessions_hash"],
)
