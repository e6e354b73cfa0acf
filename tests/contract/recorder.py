"""Hold every answer that a test receives against the contract of its dialect, and remember what was answered.

A test talks to the server through `recording_client`; an answer that breaks the contract raises AssertionError in the
test that caused it. What was answered is gathered over the whole run: the report of the run names the operations that
no test has seen succeed.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import cached_property
from typing import Any

import httpx
import msgspec

from tests.contract.documents import (
    DIALECTS,
    ERROR,
    Document,
    Operation,
    Place,
    document,
    escaped,
    meet,
    normal,
    owners,
)

BARS: dict[str, tuple[str, ...]] = {
    "attendance": (
        "get_health",
        "verify_session_public",
        "verify_period_public",
        "list_public_keys",
        "get_session_proof",
        "get_period_proof",
        "get_log_checkpoint",
        "get_log_tile",
        "get_log_entries",
        "receive_attendance",
        "get_overview",
        "get_leaderboard",
        "get_user_stats",
        "get_channel_stats",
        "get_heatmap",
        "get_live_occupancy",
        "list_sessions",
        "get_session_receipt",
        "update_tracking_mode",
        "list_tracked_channels",
        "add_tracked_channel",
        "remove_tracked_channel",
        "get_fairness",
        "update_fairness",
        "update_reset_interval",
        "reset_period_now",
        "list_archived_periods",
        "generate_signing_keys",
        "rotate_signing_keys",
        "unlock_signing_key",
        "lock_signing_key",
        "get_signing_status",
        "get_public_key",
        "verify_session",
        "verify_period",
        "list_guild_channels",
        "check_bot_present",
        "export_period",
        "get_subscription",
        "update_subscription",
        "get_webhook_settings",
        "update_webhook_settings",
        "send_test_webhook",
        "list_webhook_deliveries",
        "retry_webhook_delivery",
        "list_log_destinations",
        "add_log_destination",
        "remove_log_destination",
        "update_log_types",
        "update_log_frequency",
        "list_verified_roles",
        "put_verified_role",
        "delete_verified_role",
    ),
    "commonshub": (
        "register_app",
        "list_apps",
        "revoke_app",
        "list_rooms",
        "get_room",
        "put_room",
        "get_room_availability",
        "book_room",
        "cancel_booking",
        "get_room_calendar",
        "get_me",
        "update_me",
        "list_my_bookings",
        "rotate_calendar_feed",
        "get_shift_feed",
        "list_shifts",
        "get_shifts_of_day",
        "sign_up_for_shift",
        "cancel_shift_signup",
        "reward_shift",
        "list_shift_rewards",
        "list_my_rewards",
        "list_users",
        "get_user",
        "set_user_roles",
        "list_shifts",
        "get_shifts_of_day",
        "sign_up_for_shift",
        "cancel_shift_signup",
        "start_device_login",
        "poll_device_login",
        "exchange_device_code",
        "show_verify_page",
        "verify_device_code",
        "list_my_tokens",
        "revoke_my_token",
        "prepare_action",
        "get_action",
        "cancel_action",
        "execute_action",
        "show_confirm_page",
        "confirm_action",
    ),
    "rustmail": (
        "start_login",
        "finish_login",
        "end_session",
        "list_tickets",
        "open_ticket",
        "get_ticket",
        "update_ticket",
        "list_ticket_messages",
        "send_ticket_message",
        "edit_ticket_message",
        "delete_ticket_message",
        "close_ticket",
        "reopen_ticket",
        "claim_ticket",
        "release_ticket",
        "get_transcript",
        "get_attachment",
        "get_bot_status",
        "start_bot",
        "stop_bot",
        "restart_bot",
        "update_presence",
        "get_statistics",
        "stream_events",
        "get_bot_profile",
        "update_bot_profile",
        "get_setup_status",
        "verify_setup_token",
        "validate_bot_token",
        "validate_guild",
        "validate_channel",
        "validate_oauth_client",
        "save_setup",
        "restart_after_setup",
        "get_config",
        "update_config",
        "create_external_ticket",
        "list_external_tickets",
        "get_external_ticket",
        "send_external_message",
        "close_external_ticket",
        "list_api_keys",
        "create_api_key",
        "revoke_api_key",
        "delete_api_key",
        "list_members",
        "list_roles",
        "list_permissions",
        "grant_permission",
        "revoke_permission",
        "list_bans",
        "list_audit_entries",
        "get_user_avatar",
        "get_user_permissions",
        "check_panel_access",
        "list_categories",
        "create_category",
        "get_category_settings",
        "update_category_settings",
        "update_category",
        "delete_category",
        "list_category_roles",
        "add_category_role",
        "set_category_roles",
        "clear_category_roles",
        "remove_category_role",
        "list_snippets",
        "create_snippet",
        "update_snippet",
        "delete_snippet",
        "list_blocks",
        "create_block",
        "delete_block",
    ),
    "hazebot": (
        "log_in",
        "verify_token",
        "check_token",
        "start_discord_login",
        "finish_discord_login",
        "get_session",
        "refresh_token",
        "log_out",
        "create_monitoring_token",
        "ping",
        "list_tickets",
        "create_ticket",
        "list_my_tickets",
        "get_ticket",
        "update_ticket",
        "delete_ticket",
        "send_ticket_message",
        "list_ticket_messages",
        "post_ticket_message",
        "close_ticket",
        "reopen_ticket",
        "claim_ticket",
        "assign_ticket",
        "mark_ticket_read",
        "get_ticket_transcript",
        "get_tickets_config",
        "update_tickets_config",
        "reset_tickets_config",
    ),
    "veza": ("get_health_legacy", "get_liveness_legacy", "get_readiness_legacy", "get_metrics_legacy"),
}
"""The operations that the whole suite must have seen succeed, by dialect."""

_KEY_REUSED = frozenset({"idempotency_key_reused", "IDEMPOTENCY_KEY_REUSED"})
_UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_FIRST_ERROR = 400
_SHOWN = 160


@dataclass(frozen=True)
class Answer:
    """What came back for one request. A body of None was not read, because the answer is not JSON."""

    method: str
    path: str
    status: int
    headers: httpx.Headers
    body: bytes | None
    request_headers: httpx.Headers = field(default_factory=httpx.Headers)

    @property
    def media_type(self) -> str:
        """The content type without its parameters, in lower case; empty when there is none."""
        return _media_type(self.headers)

    @property
    def readable(self) -> bool:
        """Whether there is a body to judge: answers to HEAD have none."""
        return self.method != "HEAD" and self.body is not None

    @cached_property
    def value(self) -> Any:  # noqa: ANN401  whatever JSON was sent
        """The body as JSON; msgspec.DecodeError (a ValueError) when it is none."""
        return msgspec.json.decode(self.body or b"")


class Recorder:
    """Judges answers and counts them by operation."""

    def __init__(self) -> None:
        self.answered: dict[str, set[int]] = {}
        self.violations: list[str] = []

    def observe(
        self,
        method: str,
        path: str,
        status: int,
        headers: Mapping[str, str],
        body: bytes | None,
        *,
        request_headers: Mapping[str, str] | None = None,
    ) -> None:
        """Judge one answer; AssertionError names the operation, the place and the value that break the contract.

        `path` is decoded and without query. Paths outside the dialects and OPTIONS have no contract and pass.
        """
        __tracebackhide__ = True
        answer = Answer(
            method.upper(), normal(path), status, httpx.Headers(headers), body, httpx.Headers(request_headers)
        )
        if answer.method == "OPTIONS" or not owners(answer.path):
            return
        operations = meet(answer.method, answer.path)
        faults = [fault for operation in operations for fault in _operation_faults(operation, answer)]
        if not operations:
            faults = _stranger_faults(answer)
        if faults:
            self._refuse(answer, operations, faults)
        for operation in operations:
            self.answered.setdefault(operation.name, set()).add(status)

    def covered(self, name: str) -> bool:
        """Whether the operation (`dialect.id`) has been answered with a success."""
        return any(status < _FIRST_ERROR for status in self.answered.get(name, ()))

    def missing(self) -> list[str]:
        """Name the operations of the bar that no test has seen succeed."""
        required = (f"{dialect}.{operation}" for dialect, operations in BARS.items() for operation in operations)
        return [name for name in required if not self.covered(name)]

    def export(self) -> dict[str, Any]:
        """Give what was recorded, in plain values that another process can `merge`."""
        answered = {name: sorted(statuses) for name, statuses in self.answered.items()}
        return {"answered": answered, "violations": self.violations}

    def merge(self, exported: Mapping[str, Any]) -> None:
        """Add what another process recorded."""
        for name, statuses in exported["answered"].items():
            self.answered.setdefault(name, set()).update(statuses)
        self.violations.extend(exported["violations"])

    def _refuse(self, answer: Answer, operations: Iterable[Operation], faults: list[str]) -> None:
        __tracebackhide__ = True
        names = " and ".join(operation.name for operation in operations) or "no operation"
        text = f"{answer.method} {answer.path} ({names}) answered {answer.status}: " + "; ".join(faults)
        self.violations.append(text)
        raise AssertionError(text)


recorder = Recorder()
"""The recorder of this process: what `recording_client` reports to and the run's summary reads."""


def recording_client(base_url: str, **options: Any) -> httpx.AsyncClient:  # noqa: ANN401  the options of httpx
    """Make an httpx client whose every answer is held against the contract; `options` are those of httpx.AsyncClient.

    Answers that are not JSON, event streams above all, are judged by status and headers and are left unread.
    """
    hooks: dict[str, list[Any]] = dict(options.pop("event_hooks", {}))
    hooks["response"] = [*hooks.get("response", ()), _observe_response]
    return httpx.AsyncClient(base_url=base_url, event_hooks=hooks, **options)


async def _observe_response(response: httpx.Response) -> None:
    __tracebackhide__ = True
    request = response.request
    is_json = _is_json(_media_type(response.headers))
    recorder.observe(
        request.method,
        request.url.path,
        response.status_code,
        response.headers,
        await response.aread() if is_json else None,
        request_headers=request.headers,
    )


def _operation_faults(operation: Operation, answer: Answer) -> list[str]:
    contract = document(operation.dialect)
    response = contract.response(operation, answer.status)
    general = _general_slugs(contract, answer)
    slugs = operation.slugs.get(answer.status, frozenset()) | (general or frozenset())
    if response is not None:
        faults = [*_header_faults(contract, response, answer), *_content_faults(contract, response, answer)]
        return faults or list(_slug_faults(contract, slugs, answer))
    if general is not None:
        return _error_faults(contract, slugs, answer)
    return [f"the status is not documented for {operation.id}"]


def _stranger_faults(answer: Answer) -> list[str]:
    """Judge an answer of no operation: it must be an error in the words of a dialect that owns the path."""
    if answer.status < _FIRST_ERROR:
        return ["a success that no operation documents"]
    contracts = [document(dialect) for dialect in owners(answer.path)]
    judged = [_error_faults(each, _general_slugs(each, answer) or frozenset(), answer) for each in contracts]
    return min(judged, key=len)


def _error_faults(contract: Document, slugs: frozenset[str], answer: Answer) -> list[str]:
    """Judge an error that the operation does not document itself by the general error shape of the dialect."""
    if answer.status == httpx.codes.METHOD_NOT_ALLOWED and not answer.headers.get("allow"):
        return ["405 without an Allow header"]
    if not _is_json(answer.media_type):
        return [f"an error of {contract.dialect} is JSON, this one is {answer.media_type!r}"]
    return list(_schema_faults(contract, ERROR, answer)) or list(_slug_faults(contract, slugs, answer))


def _general_slugs(contract: Document, answer: Answer) -> frozenset[str] | None:
    """Name what every operation may answer with this status; None when it is not a status for every operation.

    Every unsafe route honours Idempotency-Key, and refuses its reuse for another body, whether it lists that or not.
    """
    reusable = answer.method in _UNSAFE and "idempotency-key" in answer.request_headers
    if reusable and answer.status == httpx.codes.CONFLICT:
        return _KEY_REUSED
    return contract.general.get(answer.status)


def _slug_faults(contract: Document, slugs: frozenset[str], answer: Answer) -> Iterator[str]:
    """Judge the slug of an error whose body has already been found to fit its schema."""
    manner = DIALECTS[contract.dialect]
    is_error = answer.status >= _FIRST_ERROR and answer.readable and _is_json(answer.media_type)
    if manner.listing is None or not is_error or manner.slug_key not in answer.value:
        return
    slug = answer.value[manner.slug_key]
    if slug not in slugs:
        yield f"$.{manner.slug_key}: {slug!r} is not listed for this status (listed: {', '.join(sorted(slugs))})"
    told = answer.value.get("status", answer.status)
    if isinstance(told, int) and told != answer.status:
        yield f"$.status: {told} contradicts the status of the answer"


def _content_faults(contract: Document, response: Place, answer: Answer) -> Iterator[str]:
    content = response.tree.get("content", {})
    if not content:
        if answer.readable and answer.body:
            yield f"a body where none is documented: {_shown(answer.body)}"
        return
    listed = next((media_type for media_type in content if fnmatch(answer.media_type, media_type)), None)
    if listed is None:
        yield f"content type {answer.media_type!r} is not documented (documented: {', '.join(content)})"
    elif _is_json(listed):
        yield from _schema_faults(contract, f"{response.pointer}/content/{escaped(listed)}/schema", answer)


def _header_faults(contract: Document, response: Place, answer: Answer) -> Iterator[str]:
    for name in response.tree.get("headers", {}):
        place = contract.resolve(f"{response.pointer}/headers/{escaped(name)}")
        text = answer.headers.get(name)
        if text is None:
            if place.tree.get("required"):
                yield f"header {name} is absent"
            continue
        number = place.tree["schema"].get("type") == "integer" and text.isdecimal()
        schema = contract.validator(f"{place.pointer}/schema", sent=True)
        yield from (f"header {name}: {error.message}" for error in schema.iter_errors(int(text) if number else text))


def _schema_faults(contract: Document, pointer: str, answer: Answer) -> Iterator[str]:
    if not answer.readable:
        return
    try:
        value = answer.value
    except msgspec.DecodeError as broken:
        yield f"the body is not JSON ({broken}): {_shown(answer.body)}"
        return
    for error in contract.validator(pointer, sent=True).iter_errors(value):
        yield f"{_json_path(error.instance_path)}: {_shortened(error.message)} (value: {_shown(error.instance)})"


def _media_type(headers: httpx.Headers) -> str:
    declared: str = headers.get("content-type", "")
    return declared.partition(";")[0].strip().lower()


def _is_json(media_type: str) -> bool:
    return media_type == "application/json" or media_type.endswith("+json")


def _json_path(path: Iterable[str | int]) -> str:
    return "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)


def _shown(value: object) -> str:
    return _shortened(repr(value))


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
