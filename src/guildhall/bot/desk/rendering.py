"""What posts look like in Discord: messages of a ticket, and what the house says beside them."""

from dataclasses import dataclass, replace
from typing import Any, Final

import discord
from discord import ui

from guildhall.bot.words import Words
from guildhall.domains.site import Document
from guildhall.domains.tickets import Kind, Message, Ticket
from guildhall.domains.tickets.attachments import Attachment
from guildhall.domains.tickets.categories import Category
from guildhall.domains.tickets.ratings import BEST, WORST
from guildhall.domains.tickets.relay import Button, Post, Target

LONGEST_PART: Final = 2000
"""Characters of one message of Discord's."""

LONGEST_EMBEDDED: Final = 4096
"""Characters of the text of an embed."""

LONGEST_CHOICE: Final = 100
LONGEST_LABEL: Final = 80
LONGEST_SHOWN: Final = 180
"""How much of each message a channel shows that begins anew."""

OTHER: Final = "other"
PREFIX: Final = "desk:"


@dataclass(frozen=True)
class Part:
    """One message of Discord's: plain text, or an embed, what people can press below it, and files."""

    content: str = ""
    embed: discord.Embed | None = None
    view: ui.View | None = None
    role_ids: tuple[int, ...] = ()
    user_ids: tuple[int, ...] = ()
    files: tuple[Attachment, ...] = ()

    def looks_like(self, shown: discord.Message) -> bool:
        """Tell whether this is what Discord shows there."""
        described = [each.description or "" for each in shown.embeds]
        wanted = [self.embed.description or ""] if self.embed else []
        is_same = shown.content == self.content.strip() and described == wanted
        return is_same and [each.size for each in shown.attachments] == [each.size for each in self.files]


@dataclass(frozen=True)
class Style:
    """By what a message is shown: the configuration, the words of whoever reads it, and where that is.

    With `open` its user reads along, in the channel of a direct ticket; there messages bear their author's `picture`.
    """

    document: Document
    words: Words
    target: Target
    open: bool = False
    picture: str | None = None

    @property
    def is_for_user(self) -> bool:
        """Whether the user reads it."""
        return self.open or self.target is Target.USER


@dataclass(frozen=True)
class Files:
    """The files of a message: what goes along, and the lines for what is too large to."""

    sent: tuple[Attachment, ...] = ()
    links: tuple[str, ...] = ()


def parts_of(message: Message, files: Files, style: Style, *, role: str | None = None) -> list[Part]:
    """Return what shows a message, in so many parts as its length asks for, the last with its files.

    `role` is that of a member of the staff.
    """
    text = "\n".join([message.content, *files.links]).strip()
    if message.deleted_at is not None:
        text = f"~~{text}~~\n{style.words('desk.deleted')}" if text else style.words("desk.deleted")
    if style.document.thread.embedded_message or style.open:
        pieces = split(text, LONGEST_EMBEDDED)
        parts = [Part(embed=_embed_of(message, each, style, role)) for each in pieces]
    else:
        parts = _plain_parts(message, text, style, role)
    return [*parts[:-1], replace(parts[-1], files=files.sent)]


def _embed_of(message: Message, text: str, style: Style, role: str | None) -> discord.Embed:
    document = style.document
    colours = {Kind.USER: document.thread.user_message_color, Kind.STAFF: document.thread.staff_message_color}
    colour = colours.get(message.kind, document.thread.system_message_color)
    embed = discord.Embed(description=text, colour=int(colour, 16))
    title = _title_of(message, style, role)
    if title:
        embed.set_author(name=title, icon_url=style.picture)
    if message.kind is Kind.STAFF and not style.is_for_user:
        embed.set_footer(text=f"#{message.number}")
    return embed


def _plain_parts(message: Message, text: str, style: Style, role: str | None) -> list[Part]:
    title = _title_of(message, style, role)
    head = f"**{title}**\n" if title else ""
    if style.document.thread.block_quote:
        text = "\n".join(f"> {line}" for line in text.splitlines())
    return [Part(each) for each in split(head + text)]


def _title_of(message: Message, style: Style, role: str | None) -> str:
    """Return who says it, as whoever reads it there may know."""
    if message.kind is Kind.SYSTEM:
        return ""
    if message.kind is Kind.NOTE:
        return style.words("desk.note_by", name=message.author_name)
    name = message.author_name
    if message.kind is Kind.STAFF and message.anonymous:
        if style.is_for_user:
            return style.document.tickets.anonymous_name
        name = style.words("desk.anonymous", name=name)
    if role is None and style.open and message.kind is Kind.STAFF:
        role = style.words("desk.staff")
    return f"{name} ({role})" if role else name


def split(text: str, longest: int = LONGEST_PART) -> list[str]:
    """Return a text in parts that Discord takes, broken between lines or words where there are any."""
    parts: list[str] = []
    while len(text) > longest:
        piece = text[:longest]
        cut = max(piece.rfind("\n"), piece.rfind(" "))
        cut = cut if cut > longest // 2 else longest
        parts.append(text[:cut])
        text = text[cut:].lstrip()
    return [*parts, text]


def said_part(post: Post, text: str, buttons: ui.View | None, colour: str) -> Part:
    """Return what shows something that the house says, with the people and roles that it may ping."""
    people = [each for each in post.user_ids if each.isdecimal()]
    pings = [*(f"<@{each}>" for each in people), *(f"<@&{each}>" for each in post.role_ids)]
    embed = discord.Embed(description=text, colour=int(colour, 16))
    return Part(" ".join(pings), embed, buttons, tuple(map(int, post.role_ids)), tuple(map(int, people)))


def history_of(messages: list[Message], words: Words) -> str:
    """Return the last words of a ticket, the oldest first."""
    lines = [
        f"**{each.author_name or '-'}**: {each.content[:LONGEST_SHOWN]}"
        for each in messages
        if each.deleted_at is None and each.kind is not Kind.SYSTEM
    ]
    return "\n".join([words("desk.history"), *lines])


def view_of(post: Post, ticket: Ticket | None, message_id: int | None, words: Words, menu: list[Category]) -> Any:  # noqa: ANN401 (the library's view, or none)
    """Return what people can press below a post, None when it is nothing."""
    if not post.buttons:
        return None
    view = ui.View(timeout=None)
    for each in post.buttons:
        if each is Button.MENU:
            view.add_item(_menu(menu, words))
        elif each is Button.REOPEN and ticket is not None:
            view.add_item(_button(words("desk.button.reopen"), f"reopen:{ticket.id}"))
        elif each is Button.RETRY and message_id is not None:
            view.add_item(_button(words("desk.button.retry"), f"retry:{message_id}"))
        elif each is Button.CLOSE:
            view.add_item(_button(words("desk.button.close"), "close"))
        elif each is Button.KEEP:
            view.add_item(_button(words("desk.button.keep"), "keep"))
        elif each is Button.RATE and ticket is not None:
            for score in range(WORST, BEST + 1):
                view.add_item(_button(f"{score} ★", f"rate:{ticket.id}:{ticket.reopen_count}:{score}", row=1))
    # Presses are heard by their ids, also after a restart; the library need not remember the view.
    view.stop()
    return view


def further_view(words: Words) -> ui.View:
    """Return the button of whoever was not helped by an answer."""
    view = ui.View(timeout=None)
    view.add_item(_button(words("desk.button.further"), "further"))
    view.stop()
    return view


def confirm_view(words: Words) -> ui.View:
    """Return the two buttons below what somebody looks at once more."""
    view = ui.View(timeout=None)
    view.add_item(_button(words("desk.entry.confirm.open"), "confirm", style=discord.ButtonStyle.success))
    view.add_item(_button(words("desk.entry.confirm.cancel"), "cancel"))
    view.stop()
    return view


def whose_view(words: Words) -> ui.View:
    """Return the button of a channel that somebody made by hand."""
    view = ui.View(timeout=None)
    view.add_item(_button(words("desk.entry.whose.open"), "whose"))
    view.stop()
    return view


def invitation_of(offered: list[Category], words: Words, colour: str) -> Part:
    """Return the message on the server from which people open tickets: a button for each category, or a single one."""
    embed = discord.Embed(title=words("desk.entry.invite.title"), colour=int(colour, 16))
    embed.description = words("desk.entry.invite.choose" if offered else "desk.entry.invite.text")
    lines = [f"**{each.name}**: {each.description}" for each in offered if each.description]
    if lines:
        embed.description = "\n".join([embed.description, "", *lines])[:LONGEST_EMBEDDED]
    view = ui.View(timeout=None)
    for each in offered:
        view.add_item(_button(each.name[:LONGEST_LABEL], f"open:{each.id}", emoji=each.emoji or None))
    if not offered:
        view.add_item(_button(words("desk.entry.invite.open"), "open", style=discord.ButtonStyle.primary))
    view.stop()
    return Part(embed=embed, view=view)


def _button(
    label: str,
    name: str,
    *,
    row: int | None = None,
    emoji: str | None = None,
    style: discord.ButtonStyle = discord.ButtonStyle.secondary,
) -> ui.Button[Any]:
    return ui.Button(label=label, custom_id=PREFIX + name, style=style, row=row, emoji=emoji)


def _menu(offered: list[Category], words: Words) -> ui.Select[Any]:
    options = [
        discord.SelectOption(
            label=each.name[:LONGEST_CHOICE],
            value=each.id,
            description=(each.description or "")[:LONGEST_CHOICE] or None,
            emoji=each.emoji or None,
        )
        for each in offered
    ]
    options.append(discord.SelectOption(label=words("desk.other"), value=OTHER))
    return ui.Select(custom_id=f"{PREFIX}menu", placeholder=words("desk.choose.here"), options=options)
