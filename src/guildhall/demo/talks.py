"""What is asked and answered at the demo's front desk, and what its editors hold."""

from dataclasses import dataclass, field
from typing import Final

from guildhall.domains.tickets import Priority
from guildhall.domains.tickets.categories import FieldKind, FormField, Layout

KEYS, PEOPLE, MONEY, HOURS = "Rooms and keys", "Something is wrong", "Membership", "When we are here"


@dataclass(frozen=True)
class Talk:
    """What somebody asked, and what followed, in turns: the staff answer first. A turn with a `#` is a note.

    `filled` is what they entered in the form of the category, by its keys.
    """

    asked: str
    turns: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    priority: Priority = Priority.NORMAL
    about: str | None = None
    category: str | None = None
    filled: dict[str, str] = field(default_factory=dict)


SNIPPETS: Final = {
    "welcome": "Hello {{user.name}}, this is {{staff.name}} at the front desk. How can we help?",
    "key-card": "We have blocked your card. A new one waits for you at the front desk from {{args.1}} on.",
    "report": "Thank you, {{user.name}}. We look at it today; your report has the number {{ticket.number}}.",
    "solved": "Does it work now? If we hear nothing more we close this on {{args.1}}.",
}
UNNAMED: Final = frozenset({"report"})


def layouts(place: int) -> tuple[Layout, ...]:
    """Return the categories that people choose from; `place` is where Discord shows the channels of their tickets."""
    return (
        Layout(
            name=KEYS,
            description="Doors, cards, bookings, and what broke",
            emoji="\N{KEY}",
            discord_category_id=str(place),
            fields=[
                FormField(key="where", label="Which room or door?", type=FieldKind.SHORT, required=True, max_length=80),
                FormField(
                    key="what",
                    label="What is the matter with it?",
                    type=FieldKind.PARAGRAPH,
                    required=False,
                    placeholder="What you tried, and since when",
                ),
            ],
        ),
        Layout(
            name=PEOPLE,
            description="Reports go to the stewards only",
            emoji="\N{TRIANGULAR FLAG ON POST}",
            discord_category_id=str(place),
            fields=[
                FormField(key="who", label="Whom is it about?", type=FieldKind.SHORT, required=False, max_length=80),
                FormField(key="where", label="Where can we see it?", type=FieldKind.SHORT, required=True),
            ],
        ),
        Layout(
            name=MONEY,
            description="Joining, paying, becoming a host",
            emoji="\N{CARD INDEX}",
            discord_category_id=str(place),
        ),
        Layout(
            name=HOURS,
            description="Answered at once",
            emoji="\N{ALARM CLOCK}",
            discord_category_id=str(place),
            answer="Somebody is at the desk on weekdays from nine to nine, and on Saturdays until two. "
            "Write on if that does not answer it.",
        ),
    )


PAST: Final = (
    Talk(
        "I lost my key card, what now?",
        ("We have blocked it. A new one is at the desk.", "Thank you!"),
        ("keys",),
        category=KEYS,
        filled={"where": "Side door", "what": "It was in a coat that went home with somebody else."},
    ),
    Talk(
        "Somebody keeps sending me odd links.",
        ("Who is it, and may we see one?", "They are called free-nitro.", "They are gone now.", "That was quick!"),
        ("report",),
        Priority.HIGH,
        category=PEOPLE,
        filled={"who": "free-nitro", "where": "Direct messages"},
    ),
    Talk("Does the printer take A3?", ("By hand, and with kind words.", "It listened. Thanks.")),
    Talk(
        "My attendance from last night seems too short.", ("The bot was away for an hour; now it is right.",), ("bot",)
    ),
    Talk(
        "Could I become a host?",
        ("Gladly! Come on Thursday at six.", "I will be there."),
        ("hosts",),
        category=MONEY,
    ),
    Talk(
        "I booked the workshop for the wrong day.",
        ("Cancelled; book again whenever you like.", "Perfect."),
        category=KEYS,
        filled={"where": "Workshop"},
    ),
)
OPEN: Final = {
    "bram": Talk(
        "May the choir have the big hall on Fridays?",
        ("#Ask the neighbours about the noise first.", "How many of you are there?", "Fourteen, and a small piano."),
        ("rooms",),
        about="The big hall on Fridays",
        category=KEYS,
        filled={"where": "The big hall"},
    ),
    "chiara": Talk(
        "It stays open a hand wide since the storm.",
        (),
        ("keys", "repair"),
        Priority.URGENT,
        "The side door",
        KEYS,
        {"where": "Side door, to the yard", "what": "Pulled, pushed, asked nicely. Since Tuesday night."},
    ),
    "elif": Talk(
        "Can it be paid in two parts?",
        ("Yes. In March and in September?",),
        ("money",),
        about="Membership",
        category=MONEY,
    ),
    "noor": Talk(
        "I would like to report a message in off-topic.",
        (),
        ("report",),
        Priority.HIGH,
        "Off-topic",
        PEOPLE,
        {"where": "Off-topic, at nine this morning"},
    ),
}
"""What is open, by who asked it: by the names that they sign in with."""

RATINGS: Final = ((5, "Quick and kind."), (5, None), (4, None), (5, "Thank you!"), (3, "It took a while."), (4, None))
"""What people think of how they were helped, from 1 to 5, and why."""
