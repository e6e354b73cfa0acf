"""Being told in a ticket: of something at a time, or that its user writes."""

import re
from typing import Final

from guildhall.bot.desk.commands.errors import UnreadableTime, UnreadableWord
from guildhall.bot.desk.commands.lines import instant
from guildhall.bot.desk.commands.model import Argument, Command, Kind, Subject, Use
from guildhall.domains.identity import Permission
from guildhall.domains.tickets import reminders

MANAGE: Final = Permission.MANAGE_TICKETS
ROLE: Final = re.compile(r"<@&(\d{1,20})>", re.ASCII)
ALWAYS, CANCEL = "always", "cancel"


async def remind(use: Use) -> str:
    """Remind the caller of something, and whoever has one of the roles that the text mentions."""
    at = use.moment("time")
    if at is None:
        raise UnreadableTime
    text = use.values["text"]
    async with use.change_ticket() as (tx, ticket):
        reminder = await reminders.remind(
            tx,
            use.actor,
            ticket,
            author_id=use.person.id,
            at=at,
            text=ROLE.sub("", text),
            role_ids=ROLE.findall(text),
            now=use.now,
        )
    return use.words("commands.said.remind", id=reminder.id, when=instant(at), left=instant(at, "R"))


async def unremind(use: Use) -> str:
    """Call a reminder off."""
    reminder_id = use.values["number"]
    async with use.change_ticket() as (tx, ticket):
        await reminders.drop_reminder(tx, use.actor, ticket, reminder_id, now=use.now)
    return use.words("commands.said.unremind", id=reminder_id)


async def subscribe(use: Use) -> str:
    """Let the reminders of a role ping the caller, or leave them alone."""
    subject: Subject = use.values["subject"]
    if not subject.is_role:
        raise UnreadableWord(name="subject")
    wanted = use.values["switch"] == "on"
    async with use.change() as tx:
        await reminders.spare_from_role(
            tx, use.actor, person_id=use.person.id, role_id=str(subject.id), spared=not wanted, now=use.now
        )
    return use.words("commands.said.subscribed" if wanted else "commands.said.unsubscribed", role=subject.mention)


async def alert(use: Use) -> str:
    """Ping the caller when the user writes next, or each time, or no more."""
    mode, person_id = use.values.get("mode"), use.person.id
    async with use.change_ticket() as (tx, ticket):
        if mode == CANCEL:
            was_set = await reminders.cancel_alert(tx, use.actor, ticket, person_id=person_id, now=use.now)
            return use.words("commands.said.alert.cancelled" if was_set else "commands.said.alert.none")
        await reminders.ask_for_alert(tx, use.actor, ticket, person_id=person_id, always=mode == ALWAYS, now=use.now)
    return use.words("commands.said.alert.always" if mode == ALWAYS else "commands.said.alert")


COMMANDS: Final = (
    Command("remind", remind, MANAGE, (Argument("time", Kind.MOMENT), Argument("text", Kind.TEXT)), ("rem",)),
    Command("unremind", unremind, MANAGE, (Argument("number", Kind.NUMBER),), ("urem",)),
    Command(
        "reminder_subscription",
        subscribe,
        MANAGE,
        (Argument("subject", Kind.SUBJECT), Argument("switch", Kind.WORD, choices=("on", "off"))),
    ),
    Command("alert", alert, MANAGE, (Argument("mode", Kind.WORD, required=False, choices=(ALWAYS, CANCEL)),)),
)
