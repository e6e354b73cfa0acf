"""What a member may do in a channel, against the simulator's own sum of it."""

import random
from datetime import UTC, datetime

from guildhall.domains.attendance import DiscordGuild, GuildChannel, GuildRole, Overwrite
from guildhall.domains.attendance.directory import ADMINISTRATOR, EMBED_LINKS, SEND_MESSAGES, VIEW_CHANNEL
from guildhall.simulator.discord import permissions, state

GUILD, OWNER, MEMBER = 1, 50, 51
ROLES = (2, 3, 4)
BITS = (VIEW_CHANNEL, SEND_MESSAGES, EMBED_LINKS)
NOW = datetime(2026, 3, 2, tzinfo=UTC)


def some_bits(chance: random.Random) -> int:
    return sum(bit for bit in BITS if chance.random() < 0.5)


def test_overwrites_are_added_up_as_discord_does() -> None:
    chance = random.Random(20260302)
    posting = VIEW_CHANNEL | SEND_MESSAGES | EMBED_LINKS
    found = set()
    for _ in range(2000):
        granted = {role: some_bits(chance) for role in (GUILD, *ROLES)}
        if chance.random() < 0.1:
            granted[2] |= ADMINISTRATOR
        held = frozenset(role for role in ROLES if chance.random() < 0.5)
        touched = [each for each in (GUILD, *ROLES, MEMBER) if chance.random() < 0.6]
        overwrites = tuple(Overwrite(each, some_bits(chance), some_bits(chance)) for each in touched)
        user_id = OWNER if chance.random() < 0.1 else MEMBER

        roles = tuple(GuildRole(role, "", bits, position=0, managed=False) for role, bits in granted.items())
        guild = DiscordGuild(GUILD, "", OWNER, roles)
        channel = GuildChannel(9, "log", "text", None, 0, overwrites)
        may = guild.permissions_in(channel, user_id, held) & posting == posting
        assert may == (as_simulated(granted, held, overwrites, user_id) & posting == posting)
        found.add(may)
    assert found == {True, False}


def as_simulated(granted: dict[int, int], held: frozenset[int], overwrites: tuple[Overwrite, ...], user_id: int) -> int:
    user = state.User(str(user_id), "somebody")
    guild = state.Guild(str(GUILD), "", str(OWNER))
    guild.roles = {str(role): state.Role(str(role), "", bits, 0) for role, bits in granted.items()}
    member = state.Member(user, NOW)
    member.roles = [str(role) for role in held]
    channel = state.Channel("9", 0, "log", guild.id)
    channel.overwrites = {
        str(each.id): state.Overwrite(str(each.id), int(each.id == MEMBER), each.allow, each.deny)
        for each in overwrites
    }
    return permissions.in_channel(guild, channel, member, now=NOW)
