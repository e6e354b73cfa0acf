"""The text of posts: lengths of time, names, and what people may have put into them."""

from datetime import UTC, datetime

import pytest

from guildhall.domains.attendance.posting.models import (
    Author,
    BoardLine,
    Content,
    Leaderboard,
    PeriodReset,
    Post,
    PostState,
    SessionCompleted,
    SettingsChanged,
    SigningNews,
)
from guildhall.domains.attendance.posting.rendering import Letterhead, duration, message_of, people_in, plain

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
HEAD = Letterhead({1: "Rosa\n  Müller", 2: "x" * 99, 3: "  "}, "https://hub.test")


def post(content: Content) -> Post:
    return Post(
        seq=1,
        destination_id="",
        content=content,
        created_at=NOW,
        ripe_at=NOW,
        nonce=None,
        tried_at=None,
        state=PostState.WAITING,
        message_id=None,
        ended_at=None,
        error=None,
    )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3601, "1 h 1 s"),
        (5400, "1 h 30 min"),
        (86_399, "23 h 59 min"),
        (93_784, "1 d 2 h"),
    ],
)
def test_a_length_of_time_is_told_in_its_two_largest_units(seconds: int, words: str) -> None:
    assert duration(seconds) == words


def test_names_are_shown_as_they_are_in_one_line_and_not_too_long() -> None:
    assert HEAD.person(1) == "**Rosa Müller**"
    assert HEAD.person(2) == f"**{'x' * 40}**"
    assert HEAD.person(3) == "<@3>", "a name of blanks is none"
    assert HEAD.person(4) == "<@4>"
    assert plain("*a* _b_ `c` [d](https://e) <@1> # - |f|") == (
        r"\*a\* \_b\_ \`c\` \[d\]\(https\://e\) \<\@1\> \# \- \|f\|"
    )


def test_everybody_whom_posts_name_is_known_beforehand() -> None:
    line = BoardLine(1, 7, 60)
    contents: list[Content] = [
        SessionCompleted("id", 5, 9, 60),
        PeriodReset(1, 1, NOW, NOW, 1, [line], "ab"),
        Leaderboard(1, NOW, None, 1, [BoardLine(1, 8, 60)]),
        SigningNews("locked", "key", Author(user_id=6)),
        SettingsChanged("mode", "Off", "All", Author(name="Ada")),
    ]
    assert people_in(map(post, contents)) == {5, 6, 7, 8}


def test_whoever_acts_is_told_by_name_as_discord_or_the_house_knows_them() -> None:
    def text(author: Author, old: object = "Off", new: object = "All") -> str:
        return message_of([post(SettingsChanged("mode", old, new, author))], HEAD).text

    assert text(Author(user_id=1)) == "Off → All\nBy **Rosa Müller**"
    assert text(Author(name="A_B")) == "Off → All\nBy A\\_B"
    assert text(Author()) == "Off → All\nBy the server itself"
    assert len(text(Author(), {}, {str(number): "x" * 500 for number in range(100)})) <= 4000


def test_a_board_without_anybody_says_so() -> None:
    message = message_of([post(Leaderboard(3, NOW, None, 0, []))], HEAD)
    assert message.title == "Leaderboard of period 3"
    assert message.text == f"Since <t:{int(NOW.timestamp())}:f>\n\nNobody has counted time yet."
