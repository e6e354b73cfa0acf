"""The rules of forms and of what fills them, without I/O."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from guildhall.domains.tickets.categories.errors import InvalidFormField
from guildhall.domains.tickets.categories.models import FieldKind, FormField
from guildhall.domains.tickets.models import FormAnswer

MOST_FIELDS: Final = 5
LONGEST_LABEL: Final = 45
LONGEST_PLACEHOLDER: Final = 100
LONGEST_VALUE: Final = 4000
KEY: Final = re.compile(r"[a-z0-9_]{1,32}")


def check_fields(fields: Sequence[FormField]) -> list[FormField]:
    """Return the fields of a form, with their texts trimmed. Raises InvalidFormField."""
    if len(fields) > MOST_FIELDS:
        raise InvalidFormField(f"A form has at most {MOST_FIELDS} fields", field="fields")
    checked = [_checked(f"fields[{index}]", field) for index, field in enumerate(fields)]
    keys = [field.key for field in checked]
    for index, key in enumerate(keys):
        if key in keys[:index]:
            raise InvalidFormField(f"Two fields have the key {key}", field=f"fields[{index}].key")
    return checked


def _checked(path: str, field: FormField) -> FormField:
    label, placeholder = field.label.strip(), (field.placeholder or "").strip() or None
    shortest, longest = field.min_length or 0, LONGEST_VALUE if field.max_length is None else field.max_length
    rules = (
        (KEY.fullmatch(field.key), "key", "A key has 1 to 32 small letters, digits and underscores"),
        (1 <= len(label) <= LONGEST_LABEL, "label", f"A label has 1 to {LONGEST_LABEL} characters"),
        (label.isprintable(), "label", "A label has no control characters"),
        (len(placeholder or "") <= LONGEST_PLACEHOLDER, "placeholder", "A placeholder has up to 100 characters"),
        (0 <= shortest <= LONGEST_VALUE, "min_length", f"The shortest answer has 0 to {LONGEST_VALUE} characters"),
        (1 <= longest <= LONGEST_VALUE, "max_length", f"The longest answer has 1 to {LONGEST_VALUE} characters"),
        (shortest <= longest, "max_length", "The longest answer is not shorter than the shortest"),
    )
    for holds, name, message in rules:
        if not holds:
            raise InvalidFormField(message, field=f"{path}.{name}")
    return replace(field, label=label, placeholder=placeholder)


def check_answers(fields: Sequence[FormField], answers: Mapping[str, str]) -> list[FormAnswer]:
    """Return what was filled in, trimmed, in the order of the form; what was left blank is not among it.

    Raises InvalidFormField: for a key that the form does not have, a required field left blank, a length out of
    bounds, several lines where one is asked for.
    """
    unknown = sorted(answers.keys() - {field.key for field in fields})
    if unknown:
        raise InvalidFormField(f"The form has no field {unknown[0]}", field=unknown[0])
    given = [FormAnswer(field.key, field.label, _value(field, answers.get(field.key, ""))) for field in fields]
    return [answer for answer in given if answer.value]


def _value(field: FormField, raw: str) -> str:
    value = raw.strip()
    if not value:
        if field.required:
            raise InvalidFormField(f"{field.label}: this must be filled in", field=field.key)
        return value
    if field.type is FieldKind.SHORT and len(value.splitlines()) > 1:
        raise InvalidFormField(f"{field.label}: this is one line", field=field.key)
    shortest, longest = field.min_length or 0, field.max_length or LONGEST_VALUE
    if not shortest <= len(value) <= longest:
        raise InvalidFormField(f"{field.label}: this has {shortest} to {longest} characters", field=field.key)
    return value
