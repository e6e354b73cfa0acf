"""What people are told of the commands that they use, as the configuration wants it; without I/O.

A command that is chosen has to be answered, so where nothing is to be said of it, it is answered with a sign. One that
is typed is answered in its channel, with words or with a sign.
"""

from datetime import datetime
from typing import Final

from guildhall.bot.desk.commands.errors import CommandDenied, CommandOff, MayNotInDiscord
from guildhall.bot.desk.commands.model import Answer, Command, Telling
from guildhall.bot.speech import refusal
from guildhall.bot.tree import Notice
from guildhall.bot.words import Words
from guildhall.core.errors import GuildhallError, Internal, Kind
from guildhall.domains.site import Document

DONE: Final = "✅"
FAILED: Final = "\N{WARNING SIGN}\N{VARIATION SELECTOR-16}"

OURS: Final = frozenset({Kind.INTERNAL, Kind.UNAVAILABLE})
"""What no person can avoid by using a command in another way."""


def is_said(answer: Answer, document: Document) -> bool:
    """Tell whether it is said in words that a command has worked."""
    if answer.telling in {Telling.ANSWER, Telling.SIGN}:
        return answer.telling is Telling.ANSWER
    if answer.telling is Telling.PARTLY:
        return document.notifications.show_partial_success_on_edit
    also = {
        Telling.REPLY: document.notifications.show_success_on_reply,
        Telling.EDIT: document.notifications.show_success_on_edit,
        Telling.DELETE: document.notifications.show_success_on_delete,
    }
    return document.notifications.show_success and also.get(answer.telling, True)


def is_explained(error: GuildhallError, command: Command | None, document: Document) -> bool:
    """Tell whether it is said in words why a command did not work. Who may not use it is told so in any case."""
    if isinstance(error, CommandDenied | CommandOff):
        return True
    is_edit = command is not None and command.telling is Telling.EDIT
    return (
        document.error_handling.display_errors
        and document.notifications.show_error
        and (document.notifications.show_failure_on_edit or not is_edit)
    )


def explanation(error: GuildhallError, words: Words, document: Document, *, now: datetime, reference: str) -> Notice:
    """Return why a command did not work. Its details are the name and the kind of the error, and where it happened."""
    embed = refusal(error, words, now=now, reference=reference)
    details = f"{error.code} · {error.kind.value} · {reference}"
    is_detailed = document.error_handling.show_detailed_errors
    if document.error_handling.send_error_embeds:
        return Notice(embed.set_footer(text=details) if is_detailed else embed)
    lines = [f"**{embed.title}**", embed.description or "", *([f"-# {details}"] if is_detailed else [])]
    return Notice(content="\n".join(lines))


def is_logged(error: GuildhallError, document: Document) -> bool:
    """Tell whether the log channel is to know: of what the person could not have avoided."""
    is_ours = error.kind in OURS or isinstance(error, MayNotInDiscord)
    return is_ours and document.error_handling.log_errors


def known(fault: Exception) -> GuildhallError:
    """Return what went wrong as people are told it."""
    return fault if isinstance(fault, GuildhallError) else Internal()
