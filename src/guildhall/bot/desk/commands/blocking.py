"""Who may not write to the desk."""

from typing import Final

from guildhall.bot.desk.commands.errors import NothingBlocked
from guildhall.bot.desk.commands.lines import fitting, instant
from guildhall.bot.desk.commands.model import Argument, Command, Kind, Subject, Telling, Use
from guildhall.domains.identity import Permission
from guildhall.domains.identity.desk import SubjectKind
from guildhall.domains.tickets import blocks
from guildhall.domains.tickets.blocks import Block

MANAGE: Final = Permission.MANAGE_BLOCKS
SUBJECT: Final = Argument("subject", Kind.SUBJECT)


async def block(use: Use) -> str:
    """Keep a user, or everybody with a role, from writing."""
    subject: Subject = use.values["subject"]
    until = use.moment("time")
    async with use.change() as tx:
        await blocks.block(
            tx,
            use.actor,
            subject_kind=_kind(subject),
            subject_id=str(subject.id),
            reason=use.values.get("reason"),
            notify=not use.values.get("silent", False),
            expires_at=until,
            now=use.now,
        )
    if until is None:
        return use.words("commands.said.block", subject=subject.mention)
    return use.words("commands.said.block.until", subject=subject.mention, when=instant(until))


async def unblock(use: Use) -> str:
    """Lift every block of a user or a role."""
    subject: Subject = use.values["subject"]
    async with use.change() as tx:
        found = await blocks.list_blocks(tx, now=use.now, subject_id=str(subject.id))
        lifted = [each for each in found if each.subject_kind is _kind(subject)]
        if not lifted:
            raise NothingBlocked
        for each in lifted:
            await blocks.lift_block(tx, use.actor, await blocks.access_block(tx, use.actor, each.id), now=use.now)
    return use.words("commands.said.unblock", subject=subject.mention)


async def list_all(use: Use) -> str:
    """List who is blocked."""
    async with use.house.database.read() as tx:
        found = await blocks.list_blocks(tx, now=use.now)
    return fitting([_line(each) for each in found], use.words, none="commands.said.blocked.none")


def _kind(subject: Subject) -> SubjectKind:
    return SubjectKind.ROLE if subject.is_role else SubjectKind.USER


def _line(block_shown: Block) -> str:
    subject = Subject(int(block_shown.subject_id), block_shown.subject_kind is SubjectKind.ROLE)
    until = instant(block_shown.expires_at, "R") if block_shown.expires_at else ""
    return " · ".join(filter(None, (subject.mention, until, block_shown.reason)))


COMMANDS: Final = (
    Command(
        "block",
        block,
        MANAGE,
        (
            SUBJECT,
            Argument("time", Kind.MOMENT, required=False),
            Argument("silent", Kind.FLAG, required=False),
            Argument("reason", Kind.TEXT, required=False),
        ),
    ),
    Command("unblock", unblock, MANAGE, (SUBJECT,)),
    Command("blocked", list_all, MANAGE, telling=Telling.ANSWER),
)
