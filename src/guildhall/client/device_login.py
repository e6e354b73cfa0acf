"""Logging in by a code that a person approves in a browser."""

from collections.abc import Callable

from guildhall.client.failures import LoginOver
from guildhall.client.hub import Answer, Hub
from guildhall.client.wire import POLL, Approved, Codes, path_of

LONGEST_NAME = 64
SLOWER = 5
"""Seconds by which a program that asks too often waits longer, where the server does not say how long."""


def start(hub: Hub, client_name: str) -> Codes:
    """Ask for a pair of codes. Raises LoginOver when the server does not know the app's secret."""
    try:
        return hub.post("/v1/auth/device", Codes, {"clientName": client_name[:LONGEST_NAME]}).value
    except LoginOver as unknown:
        raise LoginOver(f"{hub.server} does not know this app secret", document=unknown.document) from unknown


def wait_for_token(hub: Hub, codes: Codes, *, pause: Callable[[float], None]) -> Answer[Approved]:
    """Ask as often as the server allows, until the person has decided.

    `pause` waits for some seconds. Raises Refused when the person denies it or the codes expire.
    """
    interval = codes.interval
    while True:
        pause(interval)
        answer = hub.get(path_of("auth", "device", codes.device_code), POLL)
        value = answer.value
        if isinstance(value, Approved):
            return Answer(value, answer.document, answer.at)
        interval = value.interval or (interval + SLOWER if value.reason == "slow_down" else interval)
