"""A guild at a glance: who is there, how the period goes, whether all of it is signed."""

from guildhall.core.db import Tx
from guildhall.domains import attendance
from guildhall.panel.forms import show
from guildhall.panel.guild_door import MANAGE, place_of
from guildhall.panel.guilds import GUILD, guild_page
from guildhall.web.answers import Answer
from guildhall.web.calls import Call


@show(GUILD, permission=MANAGE)
async def show_overview(call: Call, tx: Tx) -> Answer:
    """Show a guild at a glance."""
    guild_id = place_of(call).guild_id
    guild = await attendance.access_guild(tx, guild_id)
    return guild_page(
        call,
        "guild_overview.html",
        guild,
        title="Overview",
        period=await attendance.period_of(tx, guild_id=guild_id),
    )
