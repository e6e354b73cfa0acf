"""Whether a session or a period is what was signed, as those who manage a guild are told."""

from datetime import datetime

import discord

from guildhall.bot.attendance.guests import enter_as_manager
from guildhall.bot.speech import GREEN, RED, own_words
from guildhall.bot.tree import Interaction, Reply
from guildhall.bot.words import Words
from guildhall.domains import attendance
from guildhall.domains.attendance import PeriodVerdict, SessionVerdict


async def judge_session(interaction: Interaction, session_id: str) -> Reply:
    """Check the signature of a session."""
    house, guild_id, words = interaction.client.house, await enter_as_manager(interaction), own_words(interaction)
    async with house.database.read() as tx:
        verdict = await attendance.verify_session(
            tx, session_id=session_id.strip().lower(), guild_id=guild_id, with_user=True, now=house.clock.now()
        )
    embed = _verdict(verdict, words)
    embed.add_field(name=words("verdict.who"), value=f"<@{verdict.user_id}>")
    embed.add_field(name=words("verdict.where"), value=f"<#{verdict.channel_id}>")
    time = words.duration(verdict.duration_seconds)
    when = f"{_moment(verdict.joined_at)}, **{time}**"
    embed.add_field(name=words("verdict.when"), value=when, inline=False)
    embed.add_field(name=words("verdict.session"), value=f"`{verdict.session_id}`", inline=False)
    return Reply(_with_signature(embed, verdict, words))


async def judge_period(interaction: Interaction, number: int) -> Reply:
    """Check the signature of an archived period, if the guild's tier shows it."""
    house, guild_id, words = interaction.client.house, await enter_as_manager(interaction), own_words(interaction)
    async with house.database.read() as tx:
        period = await attendance.period_of(tx, guild_id=guild_id, number=number)
        verdict = await attendance.verify_period(tx, guild_id=guild_id, number=period.number)
    embed = _verdict(verdict, words)
    embed.add_field(name=words("verdict.period"), value=str(verdict.period_index))
    embed.add_field(name=words("verdict.entries"), value=str(verdict.entry_count))
    when = words("board.over", start=_moment(verdict.started_at), end=_moment(verdict.ended_at))
    embed.add_field(name=words("verdict.when"), value=when, inline=False)
    return Reply(_with_signature(embed, verdict, words))


def _verdict(verdict: SessionVerdict | PeriodVerdict, words: Words) -> discord.Embed:
    if verdict.reason is None:
        return discord.Embed(
            title=f"✅ {words('verdict.valid')}", description=words("verdict.valid.about"), colour=GREEN
        )
    reason = words(f"reason.{verdict.reason.value}")
    return discord.Embed(title=f"❌ {words('verdict.not')}", description=reason, colour=RED)


def _with_signature(embed: discord.Embed, verdict: SessionVerdict | PeriodVerdict, words: Words) -> discord.Embed:
    if verdict.signed_at:
        embed.add_field(name=words("verdict.signed"), value=_moment(verdict.signed_at))
    if verdict.payload_hash:
        embed.add_field(name=words("verdict.hash"), value=f"`{verdict.payload_hash}`", inline=False)
    return embed


def _moment(instant: str) -> str:
    return discord.utils.format_dt(datetime.fromisoformat(instant), "f")
