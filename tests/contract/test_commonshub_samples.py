"""The samples are those of the contract, and the comparison with them sees what a client would stumble over."""

import json
from typing import Any

import pytest

from tests.contract.commonshub_samples import ERROR, SAMPLES, Sample, assert_like
from tests.contract.documents import document, meet


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.operation)
def test_a_sample_calls_the_operation_it_names_with_a_body_that_fits(sample: Sample) -> None:
    (operation,) = meet(sample.method, sample.path.partition("?")[0])
    assert operation.name == f"commonshub.{sample.operation}"
    if sample.body is not None:
        schema = f"{operation.pointer}/requestBody/content/application~1json/schema"
        document("commonshub").validator(schema, sent=False).validate(json.loads(sample.body))


def answered(operation: str, **changes: object) -> tuple[Any, Any]:
    """Give the answer shown for an operation, and a copy of it with changes."""
    shown = next(sample.shown for sample in SAMPLES if sample.operation == operation)
    return shown, shown | changes


def test_an_answer_is_like_its_sample_when_it_has_every_key_with_the_same_type() -> None:
    for sample in (*SAMPLES, ERROR):
        assert_like(sample.shown, sample.shown)
    assert_like(*answered("register_app", appId="app_other", provider="discord"))
    assert_like(*answered("get_me", roles=[]))

    apps, _ = answered("list_apps")
    unused = apps["apps"][0] | {"lastUsedAt": None}
    assert_like(apps, {"apps": [unused, apps["apps"][0]]})


@pytest.mark.parametrize(
    ("operation", "changes", "told"),
    [
        ("get_me", {"email": None}, r"\$\.email: the sample has string, the answer null"),
        ("get_me", {"roles": [1]}, r"\$\.roles\[0\]: the sample has string, the answer number"),
        ("cancel_booking", {"ok": 1}, r"\$\.ok: the sample has boolean, the answer number"),
        ("list_rooms", {"rooms": []}, r"\$\.rooms: the sample has entries, the answer none"),
        ("list_rooms", {"rooms": [{"id": "ostrom"}]}, r"\$\.rooms\[0\] lacks amenities, calendarId, capacity, name"),
        ("list_apps", {"apps": [None]}, r"\$\.apps\[0\] lacks"),
        ("get_room_availability", {"events": {}}, r"\$\.events: the sample has array, the answer object"),
    ],
)
def test_a_missing_key_or_another_type_is_named(operation: str, changes: dict[str, object], told: str) -> None:
    with pytest.raises(AssertionError, match=told):
        assert_like(*answered(operation, **changes))
    with pytest.raises(AssertionError, match=r"\$\.\w+ is absent"):
        assert_like(answered(operation)[0], {})
