"""What a snippet becomes: named variables and nothing else, and no mention that its text does not have."""

import pytest
from hypothesis import given, strategies as st

from guildhall.domains.tickets.snippets import VARIABLES, render_snippet
from guildhall.domains.tickets.snippets.errors import MissingArgument, UnknownVariable
from guildhall.domains.tickets.snippets.rendering import ARGUMENTS, BREAK, MENTIONS, check_variables

VALUES = {
    "user.name": "rosa",
    "user.mention": "<@1001>",
    "user.id": "1001",
    "staff.name": "Mara",
    "ticket.number": "42",
    "ticket.category": "Billing",
    "guild.name": "Commons",
    "date": "2026-03-03",
    "time": "09:00",
}


def mentions(text: str) -> list[str]:
    """Return what Discord would show as mentions."""
    return [found[0] for kind in MENTIONS for found in kind.finditer(text)]


def test_every_variable_and_argument_has_a_value() -> None:
    assert set(VALUES) == set(VARIABLES)
    text = " ".join(f"{{{{{name}}}}}" for name in (*VARIABLES, *ARGUMENTS))
    words = [f"w{place}" for place in range(1, 10)]
    assert render_snippet(text, VALUES, words) == " ".join([*VALUES.values(), *words])


@pytest.mark.parametrize(
    ("text", "args", "expected"),
    [
        ("Hello {{user.name}}, bye {{ user.name }}.", [], "Hello rosa, bye rosa."),
        ("{{args.2}} before {{args.1}}", ["a", "b"], "b before a"),
        ("no variable: { {user.name} } {{ {user.name}", [], "no variable: { {user.name} } {{ {user.name}"),
        ("{{{user.name}}}", [], "{rosa}"),
        ("{{args.1}}", ["{{user.id}}"], "{{user.id}}"),
        ("{{args.1}}{{args.2}}", ["{{user", ".id}}"], "{{user.id}}"),
        ("{{args.1}}", [r"\1 \g<0> %s {0}"], r"\1 \g<0> %s {0}"),
        ("Mail me@example.org, 1 < 2", [], "Mail me@example.org, 1 < 2"),
        ("{{args.1}}", ["me@example.org"], "me@example.org"),
        ("Ask <@&55> or @here", [], "Ask <@&55> or @here"),
        ("{{user.mention}}", [], "<@1001>"),
    ],
)
def test_variables_are_replaced_once_and_everything_else_stays(text: str, args: list[str], expected: str) -> None:
    assert render_snippet(text, VALUES, args) == expected


@pytest.mark.parametrize(
    "text", ["{{user}}", "{{}}", "{{args.0}}", "{{args.10}}", "{{User.name}}", "{{user.name }} {{x}}"]
)
def test_a_variable_that_nobody_fills_in_is_refused(text: str) -> None:
    with pytest.raises(UnknownVariable):
        check_variables(text)
    with pytest.raises(UnknownVariable):
        render_snippet(text, VALUES)


@pytest.mark.parametrize("args", [[], ["a"], ["a", " "]])
def test_a_missing_argument_refuses_the_use(args: list[str]) -> None:
    with pytest.raises(MissingArgument) as refused:
        render_snippet("{{args.1}} and {{args.2}}", VALUES, args)
    assert refused.value.details["variable"] in ("args.1", "args.2")


@pytest.mark.parametrize(
    ("text", "args"),
    [
        ("{{args.1}}", ["@everyone"]),
        ("{{args.1}}", ["@HERE and <@&12> and <#3> and <@!4> and </ban:5> and <id:browse>"]),
        ("<@{{args.1}}>", ["123"]),
        ("<{{args.1}}>", ["@123"]),
        ("@{{args.1}}", ["everyone"]),
        ("@every{{args.1}}", ["one"]),
        ("{{args.1}}veryone", ["@e"]),
        ("{{args.1}}{{args.2}}", ["@", "here"]),
        ("@{{ticket.category}}everyone", []),
        ("<{{user.mention}}{{args.1}}", ["<@1>"]),
    ],
)
def test_values_never_form_mentions_alone_or_with_their_neighbours(text: str, args: list[str]) -> None:
    rendered = render_snippet(text, {**VALUES, "ticket.category": ""}, args)
    assert set(mentions(rendered)) <= {"<@1001>"}
    assert rendered.replace(BREAK, "") != rendered


def test_a_name_that_poses_as_the_mention_of_somebody_is_none() -> None:
    assert mentions(render_snippet("{{user.name}}", {**VALUES, "user.name": "<@7>"})) == []
    assert mentions(render_snippet("{{user.mention}}", {**VALUES, "user.mention": "@everyone"})) == []


PIECES = st.sampled_from(["<", "@", "@!", "&", "#", "/", ":", ">", "1", "23", "every", "one", "here", "id:", "a", " "])
WORDS = st.lists(PIECES, min_size=1, max_size=5).map("".join).filter(str.strip)


@given(
    st.lists(PIECES | st.sampled_from(["{{args.1}}", "{{args.2}}", "{{user.name}}"]), max_size=12), WORDS, WORDS, WORDS
)
def test_a_text_with_values_mentions_nobody_whom_the_text_alone_does_not(
    text: list[str], first: str, second: str, name: str
) -> None:
    values = {**VALUES, "user.name": name}
    rendered = render_snippet("".join(text), values, [first, second])
    filled = "".join(text).replace("{{args.1}}", first).replace("{{args.2}}", second).replace("{{user.name}}", name)
    assert rendered.replace(BREAK, "") == filled
    # A character that no mention has stands in the place of each value: what is left is the text's own.
    own = mentions(render_snippet("".join(text), {**values, "user.name": "\n"}, ["\N{BULLET}", "\N{BULLET}"]))
    assert len(mentions(rendered)) <= len(own)


@given(st.text(max_size=60))
def test_a_text_without_variables_is_sent_as_it_is(text: str) -> None:
    if "{{" not in text:
        assert render_snippet(text, VALUES) == text
