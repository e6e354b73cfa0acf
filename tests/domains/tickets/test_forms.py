"""Forms, what fills them, and what can be set of a category: rules without a database."""

import string
from typing import Any

import pytest
from hypothesis import given, strategies as st

from guildhall.core.errors import InvalidField
from guildhall.domains.tickets.categories import FieldKind, FormField, Layout, check_answers
from guildhall.domains.tickets.categories.errors import InvalidCategoryName, InvalidFormField, InvalidRole
from guildhall.domains.tickets.categories.forms import LONGEST_VALUE, check_fields
from guildhall.domains.tickets.categories.layouts import check_layout, check_roles


def field(key: str = "order", **given: Any) -> FormField:  # noqa: ANN401 (whatever a field takes)
    """Return a field that is in order, unless told otherwise."""
    return FormField(**{"key": key, "label": "Order", "type": FieldKind.SHORT, "required": True, **given})


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"key": ""}, "key"),
        ({"key": "Order"}, "key"),
        ({"key": "a-b"}, "key"),
        ({"key": "a" * 33}, "key"),
        ({"key": "é"}, "key"),
        ({"label": "  "}, "label"),
        ({"label": "x" * 46}, "label"),
        ({"label": "a\nb"}, "label"),
        ({"placeholder": "x" * 101}, "placeholder"),
        ({"min_length": -1}, "min_length"),
        ({"min_length": 4001}, "min_length"),
        ({"max_length": 0}, "max_length"),
        ({"max_length": 4001}, "max_length"),
        ({"min_length": 5, "max_length": 4}, "max_length"),
    ],
)
def test_a_field_that_discord_could_not_show_is_refused_with_its_place(wrong: dict[str, Any], place: str) -> None:
    with pytest.raises(InvalidFormField) as refused:
        check_fields([field("first"), field(**wrong)])
    assert refused.value.details == {"field": f"fields[1].{place}"}


def test_a_form_has_five_fields_with_keys_of_their_own_and_trimmed_texts() -> None:
    five = [field(f"f{each}") for each in range(5)]
    assert check_fields(five) == five
    with pytest.raises(InvalidFormField):
        check_fields([*five, field("f5")])
    with pytest.raises(InvalidFormField) as refused:
        check_fields([field("a"), field("b"), field("a")])
    assert refused.value.details == {"field": "fields[2].key"}
    (trimmed,) = check_fields([field(label="  Order ", placeholder=" ")])
    assert (trimmed.label, trimmed.placeholder) == ("Order", None)


def test_answers_come_in_the_order_of_the_form_with_the_labels_that_were_seen() -> None:
    form = [
        field(),
        field("why", label="Why?", type=FieldKind.PARAGRAPH, required=False),
        field("note", required=False),
    ]
    answers = check_answers(form, {"why": " a\nb ", "order": " A-17", "note": "  "})
    assert [(each.key, each.label, each.value) for each in answers] == [
        ("order", "Order", "A-17"),
        ("why", "Why?", "a\nb"),
    ]


@pytest.mark.parametrize(
    ("given_fields", "answers", "culprit"),
    [
        ({}, {}, "order"),
        ({}, {"order": " \n"}, "order"),
        ({}, {"order": "A", "other": "x"}, "other"),
        ({}, {"order": "A\nB"}, "order"),
        ({}, {"order": "x" * 4001}, "order"),
        ({"min_length": 3}, {"order": "ab "}, "order"),
        ({"max_length": 3}, {"order": "abcd"}, "order"),
        ({"min_length": 3, "required": False}, {"order": "ab"}, "order"),
    ],
)
def test_an_answer_that_does_not_fit_its_field_is_refused(
    given_fields: dict[str, Any], answers: dict[str, str], culprit: str
) -> None:
    with pytest.raises(InvalidFormField) as refused:
        check_answers([field(**given_fields)], answers)
    assert refused.value.details == {"field": culprit}


KEYS = st.text("abc_", min_size=1, max_size=3)
FORMS = st.lists(
    st.builds(
        FormField,
        key=KEYS,
        label=st.just("Label"),
        type=st.sampled_from(FieldKind),
        required=st.booleans(),
        min_length=st.none() | st.integers(0, 4),
        max_length=st.none() | st.integers(4, 8),
    ),
    max_size=5,
    unique_by=lambda each: each.key,
)


@given(FORMS, st.dictionaries(KEYS, st.text("xy \n", max_size=10), max_size=5))
def test_what_is_accepted_keeps_every_rule_of_the_form_and_is_accepted_again(
    form: list[FormField], answers: dict[str, str]
) -> None:
    assert check_fields(form) == form
    try:
        kept = check_answers(form, answers)
    except InvalidFormField:
        return
    by_key = {each.key: each for each in form}
    assert {each.key for each in form if each.required} <= {each.key for each in kept} <= answers.keys() & by_key.keys()
    for each in kept:
        shown = by_key[each.key]
        assert each.value == answers[each.key].strip()
        assert (shown.min_length or 0) <= len(each.value) <= (shown.max_length or LONGEST_VALUE)
        assert "\n" not in each.value or shown.type is FieldKind.PARAGRAPH
    assert check_answers(form, {each.key: each.value for each in kept}) == kept


def layout(**given: Any) -> Layout:  # noqa: ANN401 (whatever can be set)
    """Return the layout of a category that is in order, unless told otherwise."""
    return Layout(**{"name": "Billing", "discord_category_id": "987", **given})


@pytest.mark.parametrize("good", ["💶", "👩‍👩‍👧‍👦", "1️⃣", "🏴", "<:party:123>", "<a:party_2:123456789012345678>"])
def test_an_emoji_is_one_of_unicode_or_a_custom_one(good: str) -> None:
    assert check_layout(layout(emoji=f" {good} ")).emoji == good


@pytest.mark.parametrize(
    ("wrong", "refusal", "place"),
    [
        ({"name": " "}, InvalidCategoryName, "name"),
        ({"name": "x" * 101}, InvalidCategoryName, "name"),
        ({"name": "a\x07b"}, InvalidCategoryName, "name"),
        ({"discord_category_id": ""}, InvalidField, "discord_category_id"),
        ({"discord_category_id": "1" * 21}, InvalidField, "discord_category_id"),
        ({"discord_category_id": "\N{ARABIC-INDIC DIGIT ONE}"}, InvalidField, "discord_category_id"),
        ({"description": "x" * 101}, InvalidField, "description"),
        ({"emoji": ":party:"}, InvalidField, "emoji"),
        ({"emoji": "1"}, InvalidField, "emoji"),
        ({"emoji": "💶 x"}, InvalidField, "emoji"),
        ({"emoji": "💶" * 17}, InvalidField, "emoji"),
        ({"position": 10**7}, InvalidField, "position"),
        ({"answer": "x" * 2001}, InvalidFormField, "answer"),
        ({"viewer_role_ids": ["x"]}, InvalidField, "viewer_role_ids"),
        ({"viewer_role_ids": ["7", "07"]}, InvalidField, "viewer_role_ids"),
        ({"viewer_role_ids": [str(each) for each in range(51)]}, InvalidField, "viewer_role_ids"),
    ],
)
def test_a_category_that_could_not_be_shown_or_found_is_refused(
    wrong: dict[str, object], refusal: type[Exception], place: str
) -> None:
    with pytest.raises(refusal) as refused:
        check_layout(layout(**wrong))
    assert refused.value.details["field"] == place  # type: ignore[attr-defined]  # every refusal has them


def test_texts_of_a_category_are_trimmed_and_ids_have_one_spelling() -> None:
    checked = check_layout(
        layout(name="  Billing  and\tmoney ", description=" ", answer="  ", discord_category_id="0987", emoji="")
    )
    assert checked == layout(name="Billing and money")
    assert check_roles(["07", "8"]) == ["7", "8"]
    with pytest.raises(InvalidRole):
        check_roles(["7", "7"])


@given(st.text(string.printable, max_size=120))
def test_a_name_that_is_accepted_is_accepted_again_as_it_is(name: str) -> None:
    try:
        checked = check_layout(layout(name=name))
    except InvalidCategoryName:
        return
    assert checked.name
    assert check_layout(checked) == checked
