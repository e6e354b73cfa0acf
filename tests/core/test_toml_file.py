"""Which line of a configuration file a fault is on."""

import msgspec
import pytest

from guildhall.core.errors import InvalidField
from guildhall.core.toml_file import FileFaulty, Place, TomlFile

TEXT = """\
# A house.
days = [
    { day = 2026-12-25, reason = "x" },  # a comment

    { day = 2027-01-01, reason = "y" }, { day = 2027-01-02, reason = "z" },
]
short = [{ day = 2026-12-25 }, { day = 2026-12-26 }]

[rooms."big-one"]   # the large one
name = "Big"
hours = { start = "08:00" }

[[plans]]
from = 2026-01-01

[plans.weekdays]
sunday = []

[[plans]]
from = 2027-01-01
weekdays.sunday = [
  { start = "1" },
  { start = "2" },
]
"""


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (("days",), 2),
        (("days", 0, "day"), 3),
        (("days", 1), 5),
        (("days", 2, "reason"), 5),
        (("short", 1, "day"), 7),
        (("rooms", "big-one"), 9),
        (("rooms", "big-one", "name"), 10),
        (("rooms", "big-one", "hours", "start"), 11),
        (("rooms", "big-one", "capacity"), 9),
        (("plans", 0), 13),
        (("plans", 0, "weekdays", "sunday"), 17),
        (("plans", 1, "from"), 20),
        (("plans", 1, "weekdays", "sunday", 1, "start"), 23),
        (("nowhere",), 1),
    ],
)
def test_a_fault_is_on_the_line_of_the_value_or_of_what_is_around_it(place: Place, line: int) -> None:
    assert str(TomlFile(TEXT).fault(place, "no")).startswith(f"Line {line}: ")


def test_values_are_read_as_types_or_refused_with_their_line() -> None:
    class Plan(msgspec.Struct, rename={"start": "from"}):
        start: str

    file = TomlFile(TEXT)
    assert (file.names("rooms"), file.names("none"), file.count("plans"), file.count("none")) == (["big-one"], [], 2, 0)
    assert file.read(("rooms", "big-one", "hours"), dict[str, str]) == {"start": "08:00"}
    with pytest.raises(FileFaulty, match=r"Line 20: plans\.from: Expected `str`, got `date`"):
        file.read(("plans", 1), Plan)
    with pytest.raises(FileFaulty, match=r"Line 2: days: Expected `object`, got `array`"):
        file.names("days")
    with pytest.raises(FileFaulty, match=r"Line 9: rooms: is not a setting of this file"):
        file.check_sections({"days", "short", "plans"})
    with (
        pytest.raises(FileFaulty, match=r"Line 23: plans\.weekdays\.sunday\.start: too early"),
        file.blaming("plans", 1),
    ):
        raise InvalidField("too early", field="weekdays.sunday.1.start")
    with pytest.raises(FileFaulty, match=r"The file is not valid TOML: .*line 2"):
        TomlFile("a = 1\nb = c\n")
