"""The front desk's staff: who holds what there, and giving and taking it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.core.errors import GuildhallError
from guildhall.domains.identity import Permission, desk
from guildhall.domains.identity.desk import ShownGrant, Staff, StaffMember, StaffRole, SubjectKind
from guildhall.domains.identity.desk.errors import InvalidPermission, InvalidSubject, NoStaffServer, StaffServerAway
from guildhall.panel.forms import change, show
from guildhall.panel.pages import page, told
from guildhall.panel.words import Refusal, message_of
from guildhall.web.answers import Answer, redirect
from guildhall.web.bodies import QueryString, number_in_path, read_form
from guildhall.web.calls import Call
from guildhall.web.house import House

STAFF: Final = "/panel/desk/staff"
MANAGE: Final = Permission.MANAGE_DESK_GRANTS
MOST: Final = 1000
OF_PERMISSION: Final = "may_"
EVERYBODY: Final = "@everyone"
"""What Discord calls the role that all have."""

WORDS: Final[Mapping[Permission, str]] = {
    Permission.VIEW_TICKETS: "read tickets",
    Permission.MANAGE_TICKETS: "answer and manage tickets",
    Permission.MANAGE_CATEGORIES: "change categories and forms",
    Permission.MANAGE_SNIPPETS: "write snippets",
    Permission.MANAGE_BLOCKS: "block people",
    Permission.VIEW_BANS: "see bans",
    Permission.SEE_AUDIT: "read the audit log",
    Permission.MANAGE_BOT: "start and stop the bot",
    Permission.MANAGE_CONFIG: "change the configuration",
    Permission.MANAGE_DESK_KEYS: "make and end API keys",
    Permission.MANAGE_DESK_GRANTS: "say who may do what",
    Permission.VIEW_DESK: "come in, and nothing else",
}
"""What can be given, from the everyday to the rare."""


class Search(QueryString, frozen=True, kw_only=True):
    """With which letters the names of the members begin that can be chosen."""

    q: str = ""


@dataclass(frozen=True)
class Entered:
    """What a form asked for: whom, chosen as `kind:id` or by id where Discord cannot be asked, and what."""

    subject: str = ""
    subject_kind: str = "user"
    subject_id: str = ""
    permissions: tuple[Permission, ...] = ()

    @classmethod
    def of(cls, fields: Mapping[str, str]) -> "Entered":
        """Read a form."""
        return cls(
            fields.get("subject", ""),
            fields.get("subject_kind", "user"),
            fields.get("subject_id", "").strip(),
            tuple(each for each in WORDS if OF_PERMISSION + each in fields),
        )

    def named(self) -> tuple[SubjectKind, str]:
        """Return to whom. Raises InvalidSubject."""
        kind, _, subject_id = (self.subject or f"{self.subject_kind}:{self.subject_id}").partition(":")
        if kind not in set(SubjectKind):
            raise InvalidSubject("Choose a role or a member", field="subject")
        return SubjectKind(kind), subject_id


@dataclass(frozen=True)
class Choice:
    """The staff server: its roles, its members as far as Discord lists them at once, and those of them to choose from.

    `cut` tells that there are more members, `trouble` why Discord cannot be asked.
    """

    roles: Sequence[StaffRole] = ()
    members: Sequence[StaffMember] = ()
    found: Sequence[StaffMember] = ()
    cut: bool = False
    trouble: str = ""

    def name_of(self, kind: SubjectKind, subject_id: str) -> str:
        """Return what somebody is called, by their number where that is not known."""
        if kind is SubjectKind.USER:
            return next((each.display_name for each in self.members if str(each.id) == subject_id), subject_id)
        name = next((each.name for each in self.roles if str(each.id) == subject_id), subject_id)
        return "Everybody on the server" if name == EVERYBODY else name


@show(STAFF, permission=MANAGE, transaction="none")
async def list_staff(query: Search, call: Call, house: House) -> Answer:
    """Show who holds what at the desk."""
    choice = await _choice(house.staff, query.q.strip())
    async with house.database.read() as tx:
        return await _page(call, tx, choice, q=query.q)


@change(STAFF, permission=MANAGE, transaction="none")
async def give(call: Call, actor: Actor, house: House) -> Answer:
    """Give a user or a role everything that is ticked."""
    entered = Entered.of(read_form(call.body, dict[str, str]))
    try:
        await _give(house, actor, entered)
    except GuildhallError as error:
        choice = await _choice(house.staff, "")
        async with house.database.read() as tx:
            return await _page(call, tx, choice, entered=entered, refusal=Refusal.of(error))
    return redirect(told(STAFF, "granted"))


@change(STAFF + "/{grant_id}/withdraw", permission=MANAGE)
async def take(grant_id: str, tx: Tx, actor: Actor, house: House) -> Answer:
    """Take a permission back."""
    await desk.withdraw(tx, actor, number_in_path(grant_id), now=house.clock.now())
    return redirect(told(STAFF, "grant-withdrawn"))


async def _give(house: House, actor: Actor, entered: Entered) -> None:
    kind, subject_id = entered.named()
    if not entered.permissions:
        raise InvalidPermission("Tick what they may do", field="permissions")
    async with house.database.write() as tx:
        for each in entered.permissions:
            await desk.grant(
                tx, actor, subject_kind=kind, subject_id=subject_id, permission=each, now=house.clock.now()
            )


async def _choice(staff: Staff, beginning: str) -> Choice:
    """Return whom one can choose from: everybody on the staff server, or those whose names begin so."""
    try:
        roles = await staff.server.roles()
        everybody = await staff.server.members(after=0, limit=MOST)
        found = await staff.server.members_named(beginning) if beginning else everybody
    except (NoStaffServer, StaffServerAway) as fault:
        return Choice(trouble=message_of(fault))
    return Choice(roles, everybody, found, len(everybody) == MOST)


async def _page(
    call: Call,
    tx: Tx,
    choice: Choice,
    *,
    q: str = "",
    entered: Entered | None = None,
    refusal: Refusal | None = None,
) -> Answer:
    grants = await desk.list_grants(tx)
    held = [(subject, list(given)) for subject, given in groupby(sorted(grants, key=_subject), key=_subject)]
    names = {subject: choice.name_of(*subject) for subject, _ in held}
    return page(
        call,
        "desk_staff.html",
        status=refusal.status if refusal else 200,
        title="Staff",
        held=sorted(held, key=lambda each: (each[0][0], names[each[0]].casefold())),
        names=names,
        words=WORDS,
        offered=[(each, words) for each, words in WORDS.items() if call.actor.may(each)],
        choice=choice,
        q=q,
        entered=entered or Entered(),
        refusal=refusal,
    )


def _subject(grant: ShownGrant) -> tuple[SubjectKind, str]:
    return grant.subject_kind, grant.subject_id
