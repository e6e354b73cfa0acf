"""Guilds and their rules, fetched and judged in one step."""

from guildhall.core.db import Tx
from guildhall.domains.attendance.errors import NeedsPro
from guildhall.domains.attendance.models import Guild, Tier
from guildhall.domains.attendance.policy import access_guild_to_change
from guildhall.domains.attendance.roles.errors import RuleNotFound
from guildhall.domains.attendance.roles.models import Rule
from guildhall.domains.attendance.roles.queries import RULE


async def access_pro_guild_to_change(tx: Tx, guild_id: int) -> Guild:
    """Return a guild whose tier has verified roles, and whose turn is held. Raises GuildNotSeen, NeedsPro."""
    guild = await access_guild_to_change(tx, guild_id)
    if guild.tier is not Tier.PRO:
        raise NeedsPro(tier_required=Tier.PRO.value)
    return guild


async def access_rule(tx: Tx, guild_id: int, rule_id: str) -> Rule:
    """Return a rule of a guild. Raises RuleNotFound."""
    rule = await tx.one(RULE, guild_id=guild_id, rule_id=rule_id)
    if rule is None:
        raise RuleNotFound
    return rule
