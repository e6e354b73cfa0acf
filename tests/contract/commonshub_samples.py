"""The request and response samples of the Commons Hub reference, for replay against a running server.

Bodies are kept as the reference writes them. Where it cuts a value short ("0x5678..."), the value is completed, since
the cut one is no address.
"""

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Sample:
    """One call of the reference.

    `path` has braces where the reference has a placeholder. `body` is the request body as written, None for none;
    `answer` the answer as written, None where the reference shows none.
    """

    operation: str
    method: str
    path: str
    body: str | None = None
    answer: str | None = None

    @property
    def shown(self) -> Any:  # noqa: ANN401  whatever JSON the reference shows
        """The answer as values."""
        return json.loads(self.answer or "null")


ERROR = Sample(
    operation="error format",
    method="GET",
    path="",
    answer="""{
  "error": "slot_full",
  "message": "This shift slot is full (3/3 spots taken)",
  "status": 422
}""",
)
"""What every refusal looks like; it belongs to no operation."""

SAMPLES = (
    Sample(
        operation="register_app",
        method="POST",
        path="/v1/apps",
        body="""{
  "name": "ElinorBot"
}""",
        answer="""{
  "appId": "app_abc123",
  "appSecret": "chb_sk_live_x7k9...",
  "name": "ElinorBot",
  "createdAt": "2026-03-18T16:00:00Z"
}""",
    ),
    Sample(
        operation="list_apps",
        method="GET",
        path="/v1/apps",
        answer="""{
  "apps": [
    {
      "appId": "app_abc123",
      "name": "ElinorBot",
      "createdAt": "2026-03-18T16:00:00Z",
      "lastUsedAt": "2026-03-18T16:30:00Z"
    }
  ]
}""",
    ),
    Sample(operation="revoke_app", method="DELETE", path="/v1/apps/{appId}"),
    Sample(
        operation="list_rooms",
        method="GET",
        path="/v1/rooms",
        answer="""{
  "rooms": [
    {
      "id": "ostrom",
      "name": "Ostrom Room",
      "calendarId": "c_72861d...@group.calendar.google.com",
      "capacity": 12,
      "amenities": ["projector", "whiteboard"]
    }
  ]
}""",
    ),
    Sample(
        operation="book_room",
        method="POST",
        path="/v1/rooms/{roomId}/book",
        body="""{
  "title": "Team Standup",
  "date": "2026-03-19",
  "start": "14:00",
  "end": "15:00",
  "description": "Weekly sync"
}""",
        answer="""{
  "eventId": "abc123",
  "title": "Team Standup",
  "room": "ostrom",
  "start": "2026-03-19T14:00:00+01:00",
  "end": "2026-03-19T15:00:00+01:00"
}""",
    ),
    Sample(
        operation="get_room_availability",
        method="GET",
        path="/v1/rooms/{roomId}/availability?date=2026-03-19",
        answer="""{
  "room": "ostrom",
  "date": "2026-03-19",
  "events": [
    {
      "id": "abc123",
      "title": "Board Meeting",
      "start": "2026-03-19T10:00:00+01:00",
      "end": "2026-03-19T12:00:00+01:00",
      "bookedBy": "xdamman"
    }
  ],
  "availableSlots": [
    { "start": "08:00", "end": "10:00" },
    { "start": "12:00", "end": "22:00" }
  ]
}""",
    ),
    Sample(
        operation="cancel_booking",
        method="DELETE",
        path="/v1/rooms/{roomId}/book/{eventId}",
        answer="""{ "ok": true }""",
    ),
    Sample(
        operation="sign_up_for_shift",
        method="POST",
        path="/v1/shifts/2026-03-19/0/signup",
        body="""{
  "email": "xavier@example.com"
}""",
        answer="""{
  "ok": true,
  "slot": { "start": "08:30", "end": "11:30" },
  "date": "2026-03-19",
  "spotsLeft": 1
}""",
    ),
    Sample(
        operation="list_shifts",
        method="GET",
        path="/v1/shifts?date=2026-03-19",
        answer="""{
  "date": "2026-03-19",
  "slots": [
    {
      "index": 0,
      "start": "08:30",
      "end": "11:30",
      "maxSignups": 3,
      "signups": [
        {
          "userId": "u_849888126",
          "username": "xdamman",
          "displayName": "Xavier Damman",
          "signedUpAt": "18/03/2026 14:15"
        }
      ],
      "roomEvents": [
        {
          "title": "Yoga Class",
          "room": "Ostrom",
          "start": "2026-03-19T10:00:00+01:00",
          "end": "2026-03-19T12:00:00+01:00"
        }
      ],
      "spotsLeft": 2
    }
  ]
}""",
    ),
    Sample(
        operation="cancel_shift_signup",
        method="DELETE",
        path="/v1/shifts/2026-03-19/0/signup",
        answer="""{ "ok": true }""",
    ),
    Sample(
        operation="reward_shift",
        method="POST",
        path="/v1/shifts/2026-03-19/0/reward",
        body="""{
  "participants": ["u_849888126", "u_123456789"],
  "amountPerUser": 3,
  "token": "CHT"
}""",
        answer="""{
  "results": [
    {
      "userId": "u_849888126",
      "username": "xdamman",
      "amount": 3,
      "txHash": "0xabc...",
      "success": true
    }
  ]
}""",
    ),
    Sample(
        operation="get_me",
        method="GET",
        path="/v1/users/me",
        answer="""{
  "userId": "u_849888126",
  "username": "xdamman",
  "displayName": "Xavier Damman",
  "email": "xavier@example.com",
  "walletAddress": "0x1234...",
  "roles": ["minter", "admin"]
}""",
    ),
    Sample(
        operation="update_me",
        method="PUT",
        path="/v1/users/me",
        body="""{
  "email": "new@example.com",
  "walletAddress": "0x5678567856785678567856785678567856785678"
}""",
    ),
    Sample(
        operation="get_user",
        method="GET",
        path="/v1/users/{userId}",
        answer="""{
  "userId": "u_849888126",
  "username": "xdamman",
  "displayName": "Xavier Damman",
  "roles": ["minter", "admin"]
}""",
    ),
    Sample(
        operation="prepare_action",
        method="POST",
        path="/v1/actions/prepare",
        body="""{
  "action": "shift_signup",
  "userId": "u_849888126",
  "params": {
    "date": "2026-03-19",
    "slotIndex": 0
  },
  "expiresIn": 3600
}""",
        answer="""{
  "actionId": "act_abc123",
  "confirmUrl": "https://api.commonshub.brussels/v1/actions/act_abc123/confirm",
  "expiresAt": "2026-03-19T17:00:00Z"
}""",
    ),
    Sample(
        operation="get_action",
        method="GET",
        path="/v1/actions/{actionId}",
        answer="""{
  "actionId": "act_abc123",
  "action": "shift_signup",
  "params": { "date": "2026-03-19", "slotIndex": 0 },
  "userId": "u_849888126",
  "status": "pending",
  "expiresAt": "2026-03-19T17:00:00Z"
}""",
    ),
    Sample(
        operation="execute_action",
        method="POST",
        path="/v1/actions/{actionId}/execute",
        answer="""{
  "ok": true,
  "result": {
    "slot": { "start": "08:30", "end": "11:30" },
    "date": "2026-03-19",
    "spotsLeft": 1
  }
}""",
    ),
)
"""The samples in an order in which they can be replayed; get_user has no sample, its keys are those of the prose."""


def assert_like(sample: object, answer: object) -> None:
    """Every key of the sample is in the answer with the same JSON type; AssertionError names each one that is not.

    The answer may hold more keys. Where the sample shows a list of objects, the answer must have at least one entry
    that is like the first one shown, and every entry must have its keys; a list of plain values may be empty.
    """
    faults = _differences(sample, answer, "$")
    assert not faults, "; ".join(faults)


def _differences(sample: object, answer: object, place: str) -> list[str]:
    if _kind(sample) != _kind(answer):
        return [f"{place}: the sample has {_kind(sample)}, the answer {_kind(answer)}"]
    if isinstance(sample, dict) and isinstance(answer, dict):
        absent = [f"{place}.{key} is absent" for key in sample.keys() - answer.keys()]
        shared = [key for key in sample if key in answer]
        return absent + [fault for key in shared for fault in _differences(sample[key], answer[key], f"{place}.{key}")]
    if isinstance(sample, list) and isinstance(answer, list) and sample:
        return _entry_differences(sample[0], answer, place)
    return []


def _entry_differences(shown: object, entries: list[object], place: str) -> list[str]:
    if not isinstance(shown, dict):
        return [
            fault for index, entry in enumerate(entries) for fault in _differences(shown, entry, f"{place}[{index}]")
        ]
    if not entries:
        return [f"{place}: the sample has entries, the answer none"]
    lacking = [
        f"{place}[{index}] lacks {', '.join(sorted(absent))}"
        for index, entry in enumerate(entries)
        if (absent := shown.keys() - (entry.keys() if isinstance(entry, dict) else set()))
    ]
    judged = [_differences(shown, entry, f"{place}[{index}]") for index, entry in enumerate(entries)]
    return lacking or min(judged, key=len)


def _kind(value: object) -> str:
    """Name the JSON type of a parsed value."""
    names = {bool: "boolean", int: "number", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "null")
