"""A page of the panel: the frame, who looks at it, and what the frame must know."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from guildhall.domains.identity import Permission
from guildhall.panel.face import UNCACHED, known_viewer
from guildhall.panel.templating import render
from guildhall.web.answers import HTML, Answer
from guildhall.web.calls import Call
from guildhall.web.house import House

LOCAL = re.compile(r"/(?:(?:panel|auth/verify)(?:/[\w.:@-]+)*|v1/actions/\w+/confirm)(?:\?[\w.:@%=&+/-]*)?", re.ASCII)
THEMES = ("auto", "light", "dark")
PER_PAGE = 30

NOTICES: dict[str, str] = {
    "app-revoked": "The app is revoked; its secret no longer works.",
    "booked": "Booked. The room is yours.",
    "calendar-asked": "The calendar is asked in a moment.",
    "calendar-linked": "The calendar is linked; its first sync follows in a moment.",
    "calendar-retried": "The calendar is told again in a moment.",
    "calendar-unlinked": "The link is ended; what the calendar outside holds stays there.",
    "attendance-channels": "The list is saved, and acts from this second on.",
    "attendance-fairness": "The rules are saved; the board of this period follows them from its start.",
    "attendance-mode": "The mode is saved, and acts from this second on.",
    "attendance-schedule": "The schedule is saved; nothing was ended by it.",
    "blocked": "Blocked; nothing they write reaches the desk.",
    "block-lifted": "They can write again.",
    "bot-started": "The bot is started.",
    "bot-stopped": "The bot is stopped, and stays so.",
    "category-deleted": "The category is deleted; its tickets keep its name.",
    "category-saved": "The category is saved.",
    "choice-saved": "Saved; it counts from the next ticket on.",
    "cog-wanted": "The bot loads the cog, at once or when it runs.",
    "cog-dismissed": "The bot unloads the cog.",
    "configuration-saved": "Saved. It counts from now on, everywhere.",
    "cancelled": "Cancelled. The time is free again.",
    "day-closed": "The house is closed that day.",
    "day-opened": "The house is open that day again.",
    "discord-linked": "Your Discord account is linked; it can sign you in.",
    "discord-unlinked": "Your Discord account is unlinked.",
    "destination-removed": "The channel is told no more.",
    "destination-saved": "Saved; the channel hears of what happens from now on.",
    "feed-made": "Your calendar has a new address; an older one no longer works.",
    "granted": "Given. It counts from their next click on.",
    "grant-withdrawn": "Taken back.",
    "job-retried": "The job will run again in a moment.",
    "key-locked": "The key is locked; what ends waits for it.",
    "key-made": "The guild has a key, and it is unlocked.",
    "key-replaced": "The guild signs with its new key; the old one still proves what it signed.",
    "key-deleted": "The key is deleted.",
    "key-revoked": "The key is revoked.",
    "key-unlocked": "The key is unlocked; what waited is being signed.",
    "mail-again": "The mail is tried again in a moment.",
    "mint-again": "The mint is taken to the chain once more.",
    "name-changed": "Your name is changed.",
    "others-ended": "All your other sessions are over.",
    "password-changed": "Your password is changed, and your other sessions are over.",
    "period-ended": "The period is archived, and the next one has begun.",
    "period-young": "The period has only just begun, so there was nothing to end.",
    "plan-removed": "The plan is removed; the one before it takes its days.",
    "plan-saved": "The plan is saved.",
    "password-set": "Their password is set, and their sessions are over.",
    "role-rule-deleted": "The rule is deleted; whoever has its role keeps it.",
    "role-rule-saved": "The rule is saved; whoever meets it has the role in a moment.",
    "snippet-deleted": "The snippet is deleted.",
    "snippet-saved": "The snippet is saved.",
    "roles-set": "The roles are set.",
    "room-archived": "The room is archived; its bookings stay.",
    "room-saved": "The room is saved.",
    "session-ended": "The session is over.",
    "sessions-ended": "All their sessions are over.",
    "close-planned": "The ticket closes by itself at that time.",
    "delivered-again": "It is tried again in a moment.",
    "message-deleted": "The message is deleted. Staff still read it.",
    "ticket-closed": "The ticket is closed.",
    "ticket-handed": "The ticket is where only others see it.",
    "ticket-made": "The ticket is open; its channel follows in a moment.",
    "ticket-opened": "We have your ticket. The answer comes here.",
    "ticket-reopened": "The ticket is open again.",
    "ticket-sorted": "Saved.",
    "tier-changed": "The tier is switched.",
    "token-removed": "The token is removed.",
    "token-saved": "The token is saved.",
    "tokens-ordered": "The order is changed; shifts suggest the first token.",
    "token-revoked": "The device is signed out.",
    "signed-up": "You are on. Thank you!",
    "webhook-again": "It is sent again in a moment.",
    "webhook-arrived": "The test has arrived.",
    "webhook-not-arrived": "The test has not arrived; the log below says why.",
    "webhook-removed": "The address and its secret are forgotten.",
    "webhook-saved": "The webhook is saved.",
    "webhook-switched": "The webhook is switched.",
    "withdrawn": "Your place is given back.",
    "signed-out": "You are signed out.",
}
"""What is told after a change, by the word that the redirect's address carries."""


@dataclass(frozen=True)
class Link:
    """A page in the navigation; `key` opens it after `g` on the keyboard.

    Pages that are `beside` others of their wing have the same tabs as these.
    """

    name: str
    path: str
    key: str
    permission: Permission
    beside: bool = False


@dataclass(frozen=True)
class Wing:
    """A part of the house in the navigation."""

    name: str
    links: tuple[Link, ...]


WINGS = (
    Wing(
        "House",
        (
            Link("Rooms", "/panel/rooms", "r", Permission.READ_HUB),
            Link("Shifts", "/panel/shifts", "f", Permission.READ_HUB),
            Link("My bookings", "/panel/bookings", "b", Permission.BOOK_ROOMS),
            Link("My tickets", "/panel/tickets", "t", Permission.USE_PANEL),
            Link("Prepared actions", "/panel/actions", "c", Permission.USE_ACTIONS),
        ),
    ),
    Wing(
        "Front desk",
        (
            Link("Tickets", "/panel/desk", "d", Permission.VIEW_TICKETS),
            Link("Statistics", "/panel/desk/statistics", "u", Permission.VIEW_DESK),
            Link("Categories", "/panel/desk/categories", "q", Permission.MANAGE_CATEGORIES, beside=True),
            Link("Snippets", "/panel/desk/snippets", "x", Permission.MANAGE_SNIPPETS, beside=True),
            Link("Blocks", "/panel/desk/blocks", "z", Permission.MANAGE_BLOCKS, beside=True),
            Link("Staff", "/panel/desk/staff", "e", Permission.MANAGE_DESK_GRANTS, beside=True),
            Link("API keys", "/panel/desk/keys", "i", Permission.MANAGE_DESK_KEYS, beside=True),
            Link("Configuration", "/panel/desk/configuration", "n", Permission.MANAGE_CONFIG, beside=True),
        ),
    ),
    Wing("Discord", (Link("Attendance", "/panel/guilds", "v", Permission.MANAGE_GUILDS),)),
    Wing(
        "Office",
        (
            Link("People", "/panel/people", "p", Permission.MANAGE_PEOPLE),
            Link("Rewards", "/panel/rewards", "w", Permission.REWARD),
            Link("Ledger", "/panel/ledger", "k", Permission.SEE_LEDGER),
            Link("Hub", "/panel/office", "h", Permission.MANAGE_ROOMS),
            Link("Apps", "/panel/apps", "a", Permission.MANAGE_APPS),
            Link("Audit", "/panel/audit", "l", Permission.SEE_AUDIT),
            Link("Mail", "/panel/mail", "m", Permission.MANAGE_SYSTEM),
            Link("Jobs", "/panel/jobs", "j", Permission.MANAGE_JOBS),
            Link("Bot", "/panel/bot", "o", Permission.MANAGE_SYSTEM),
            Link("System", "/panel/system", "s", Permission.MANAGE_SYSTEM),
        ),
    ),
    Wing("You", (Link("Account", "/panel/account", "y", Permission.USE_PANEL),)),
)


def page(
    call: Call, template: str, *, status: int = 200, headers: Sequence[tuple[bytes, bytes]] = (), **context: object
) -> Answer:
    """Return a page with its frame, for whoever looks."""
    viewer = known_viewer(call)
    here, wings = call.request.scope["path"], _wings(call) if viewer else []
    known = {
        "viewer": viewer,
        "csrf_token": viewer.csrf_token if viewer else "",
        "wings": wings,
        "here": here,
        "within": _within(wings, here),
        "notice": NOTICES.get(call.request.query_params.get("done", ""), ""),
        "theme": _theme(call),
        "zone": call.house.hub.zone,
        "now": call.house.clock.now(),
    }
    html = render(template, **{**known, **context})
    return Answer(html, status=status, media_type=HTML, headers=[UNCACHED, *headers])


def local_path(text: str, *, otherwise: str = "/panel") -> str:
    """Return the address of a page of the panel as it is, and `otherwise` for any other."""
    return text if LOCAL.fullmatch(text) and "//" not in text else otherwise


def file_words(house: House) -> str:
    """Return why what the hub's configuration file names cannot be changed on a page."""
    return f"This is set in {house.settings.commonshub.config} and can be changed only there"


def told(path: str, notice: str) -> str:
    """Return an address that tells a notice when it is shown, in place of one that it told before."""
    bare, _, search = path.partition("?")
    kept = [part for part in search.split("&") if part and not part.startswith("done=")]
    return f"{bare}?{'&'.join([*kept, f'done={notice}'])}"


def _wings(call: Call) -> list[Wing]:
    open_to_them = (
        Wing(wing.name, tuple(link for link in wing.links if call.actor.may(link.permission))) for wing in WINGS
    )
    return [wing for wing in open_to_them if wing.links]


def _within(wings: Sequence[Wing], here: str) -> str:
    """Return the link of the navigation that a page is behind; of several the nearest."""
    paths = [link.path for wing in wings for link in wing.links]
    return max((path for path in paths if here == path or here.startswith(f"{path}/")), key=len, default="")


def _theme(call: Call) -> str:
    chosen = call.request.cookies.get("theme", "auto")
    return chosen if chosen in THEMES else "auto"
