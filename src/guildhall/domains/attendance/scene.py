"""What every verb that may end a session or a period works with."""

from dataclasses import dataclass
from datetime import timedelta

from guildhall.domains.attendance.keyring import Keyring


@dataclass(frozen=True)
class Scene:
    """How long a session survives without news of it, and the keys that are unlocked in this process."""

    max_gap: timedelta
    keyring: Keyring
