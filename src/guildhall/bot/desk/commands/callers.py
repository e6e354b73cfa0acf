"""Who uses a command, and whether they may: the same for every way to use one."""

from dataclasses import replace
from typing import Final

from guildhall.bot.desk.commands.errors import CommandDenied, CommandOff
from guildhall.bot.desk.commands.model import Caller, Command
from guildhall.core.actor import Actor, ActorKind, Credential
from guildhall.core.db import Tx
from guildhall.domains import identity
from guildhall.domains.identity import Permission, desk
from guildhall.domains.identity.desk import Standing
from guildhall.domains.identity.permissions import lent
from guildhall.domains.site import Document
from guildhall.domains.site.sections import CommandOverride
from guildhall.domains.tickets import Person, Ticket, Transport
from guildhall.web.house import House

DISCORD: Final = "discord"


async def caller_of(house: House, tx: Tx, person: Person, standing: Standing) -> Caller:
    """Return who it is that Discord names, with what they hold at the desk and in the house."""
    known = await identity.person_linked_to(tx, int(person.id))
    roles = await identity.roles_of(tx, known.id) if known else []
    grants = await identity.grants_of(tx, known.id) if known else []
    actor = Actor(
        ActorKind.USER,
        Credential.DISCORD,
        user_id=known.id if known else person.id,
        provider=DISCORD,
        roles=frozenset(roles),
        permissions=identity.permissions_of(Credential.DISCORD, roles, grants),
    )
    actor = await desk.at_desk(tx, actor, discord_id=int(person.id), standing=standing, rules=house.desk_rules)
    return Caller(person=person, actor=actor, standing=standing)


def makes_staff(ticket: Ticket | None, caller: Caller, document: Document, *, on_staff_server: bool) -> bool:
    """Tell whether being in a channel makes somebody staff there: in a ticket's channel, unless it is their own.

    A direct ticket is talked about with its user in the very channel, so seeing that one says nothing.
    """
    return (
        document.command.channel_members_are_staff
        and on_staff_server
        and ticket is not None
        and ticket.transport is Transport.RELAY
        and ticket.user_id != caller.person.id
    )


def admit(command: Command, caller: Caller, document: Document, *, is_staff_here: bool) -> Caller:
    """Return the caller with what the command needs, if they may use it. Raises CommandOff, CommandDenied.

    What is switched off is so for everybody; then super admins may, then the lists decide, and last the permission.
    """
    override = _override(command, document)
    if not override.enabled:
        raise CommandOff
    if caller.actor.may(Permission.RULE_DESK):
        return caller
    if _names(caller, override.deny_users, override.deny_roles):
        raise CommandDenied
    held = caller.actor.permissions | (
        lent(Credential.DISCORD, {Permission.MANAGE_TICKETS}) if is_staff_here else set()
    )
    if command.permission is not None and _names(caller, override.allow_users, override.allow_roles):
        held |= {command.permission}
    if command.permission is not None and command.permission not in held:
        raise CommandDenied
    return replace(caller, actor=replace(caller.actor, permissions=held))


def _override(command: Command, document: Document) -> CommandOverride:
    """Return what was said of a command, or else of its group; of several the first counts."""
    for name in (command.name, command.group):
        for each in document.command.overrides:
            if each.command == name:
                return each
    return CommandOverride(command=command.name)


def _names(caller: Caller, users: tuple[str, ...], roles: tuple[str, ...]) -> bool:
    return caller.person.id in users or not caller.standing.role_ids.isdisjoint(map(int, roles))
