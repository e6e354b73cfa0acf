"""What the board and one's own attendance look like."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import discord

from guildhall.bot.attendance.guests import enter, names_in
from guildhall.bot.pictures import Bar, draw_bars, draw_week, drawable
from guildhall.bot.speech import GREEN, common_words, own_words
from guildhall.bot.tree import Interaction, Reply
from guildhall.bot.words import Words
from guildhall.domains import attendance
from guildhall.domains.attendance import Board, Heatmap, Mode, Period, Streak, UserFigures
from guildhall.domains.bot import Name

TOP = 10
CHANNELS = 3
DAYS = 28
LONGEST_ALT = 1024
LAST_DIGITS = 4
HOURS = 24


@dataclass(frozen=True)
class Line:
    """Somebody's place on a board; `apart` when those before them are left out."""

    rank: int
    user_id: int
    seconds: int
    apart: bool = False


async def show_board(interaction: Interaction, number: int | None) -> Reply:
    """Show the board of a period to everybody, with the rank of the person who asks on top."""
    house, guild_id = interaction.client.house, await enter(interaction)
    words, now = common_words(interaction), house.clock.now()
    async with house.database.read() as tx:
        guild = await attendance.access_guild(tx, guild_id)
        board = await attendance.board_of(tx, guild_id=guild_id, number=number, limit=TOP, now=now)
        own = await attendance.figures_of_user(
            tx, guild_id=guild_id, user_id=interaction.user.id, number=number, now=now
        )
    archived = board.period.ended_at is not None
    title = words("board.title.archived", number=board.period.number) if archived else words("board.title")
    embed = discord.Embed(title=title, colour=GREEN)
    if not board.entries:
        embed.description = words("board.off" if guild.mode is Mode.OFF and not archived else "board.empty")
        return Reply(embed)
    lines = _lines(board, own, interaction.user.id)
    names = await names_in(interaction, [each.user_id for each in lines])
    bars = [_bar(each, names.get(each.user_id), words, own=each.user_id == interaction.user.id) for each in lines]
    embed.description = "\n".join((_own_rank(board, own, words), _time_of(board.period, words)))
    _mention_nameless(embed, lines, names, words)
    embed.set_image(url="attachment://board.png")
    told = ", ".join(words("board.line", rank=each.rank, name=each.name, time=each.label) for each in bars)
    return Reply(embed, _file(await draw_bars(bars), "board.png", words("board.alt", lines=told)))


def _lines(board: Board, own: UserFigures, user_id: int) -> list[Line]:
    lines = [Line(each.rank, each.user_id, each.total_seconds) for each in board.entries]
    if own.rank is not None and user_id not in {each.user_id for each in lines}:
        lines.append(Line(own.rank, user_id, own.total_seconds, apart=board.total > len(lines) + 1))
    return lines


def _bar(line: Line, name: Name | None, words: Words, *, own: bool) -> Bar:
    time = words.duration(line.seconds)
    return Bar(line.rank, _label(line.user_id, name), line.seconds, time, own=own, apart=line.apart)


def _label(user_id: int, name: Name | None) -> str:
    """Return what the picture calls somebody; a name in letters that it lacks gives way to the plain one."""
    shown = (drawable(name.shown) or drawable(name.handle)) if name else ""
    return shown or f"…{str(user_id)[-LAST_DIGITS:]}"


def _mention_nameless(embed: discord.Embed, lines: Sequence[Line], names: Mapping[int, Name], words: Words) -> None:
    """Name those in the text whom the picture cannot name: there, everybody's own screen finds the letters."""
    nameless = [each for each in lines if _label(each.user_id, names.get(each.user_id)).startswith("…")]
    if nameless:
        mentions = "\n".join(f"{each.rank}. <@{each.user_id}>" for each in nameless)
        embed.add_field(name=words("board.named"), value=mentions, inline=False)


def _own_rank(board: Board, own: UserFigures, words: Words) -> str:
    if own.rank is None:
        return words("board.own.none")
    return words("board.own", rank=own.rank, total=board.total, time=words.duration(own.total_seconds))


def _time_of(period: Period, words: Words) -> str:
    start = discord.utils.format_dt(period.started_at, "D")
    if period.ended_at is not None:
        return words("board.over", start=start, end=discord.utils.format_dt(period.ended_at, "D"))
    if period.ends_at is not None:
        return words("board.since.ends", start=start, end=discord.utils.format_dt(period.ends_at, "R"))
    return words("board.since", start=start)


async def show_own(interaction: Interaction) -> Reply:
    """Show somebody their own attendance: totals, rank, streak, where and when."""
    house, guild_id, words = interaction.client.house, await enter(interaction), own_words(interaction)
    user_id, now = interaction.user.id, house.clock.now()
    async with house.database.read() as tx:
        guild = await attendance.access_guild(tx, guild_id)
        figures = await attendance.figures_of_user(tx, guild_id=guild_id, user_id=user_id, now=now)
        streak = await attendance.streak_of(tx, guild_id=guild_id, user_id=user_id, now=now)
        heat = await attendance.heatmap_of(tx, guild_id=guild_id, user_id=user_id, days=DAYS, now=now)
    month = sum(each.seconds for each in heat.buckets)
    embed = discord.Embed(title=words("own.title"), colour=GREEN)
    if not (month or figures.total_seconds or streak.longest):
        embed.description = words("board.off" if guild.mode is Mode.OFF else "own.none")
        return Reply(embed)
    embed.add_field(name=words("own.period"), value=_in_period(figures, words))
    embed.add_field(name=words("own.month"), value=f"**{words.duration(month)}**")
    embed.add_field(name=words("own.streak"), value=_days_in_a_row(streak, words))
    if figures.channels:
        where = "\n".join(
            f"<#{each.channel_id}> {words.duration(each.total_seconds)}" for each in figures.channels[:CHANNELS]
        )
        embed.add_field(name=words("own.channels"), value=where, inline=False)
    if not month:
        return Reply(embed)
    embed.add_field(name=words("own.heatmap"), value=words("own.month"), inline=False)
    embed.set_image(url="attachment://week.png")
    return Reply(embed, await _week(heat, words))


def _in_period(figures: UserFigures, words: Words) -> str:
    time = words.duration(figures.total_seconds)
    sessions = words.counted("own.sessions", figures.session_count)
    if figures.rank is None:
        return f"{words('own.period.time', time=time)}\n{sessions}"
    return f"{words('own.period.rank', time=time, rank=figures.rank)}\n{sessions}"


def _days_in_a_row(streak: Streak, words: Words) -> str:
    days = f"**{words.counted('own.days', streak.days)}**"
    if streak.longest == streak.days:
        return days
    return words("own.streak.longest", days=days, longest=streak.longest)


async def _week(heat: Heatmap, words: Words) -> discord.File:
    seconds = [each.seconds for each in heat.buckets]
    weekdays = words("weekdays").split()
    day, hour = divmod(seconds.index(max(seconds)), HOURS)
    place = heat.timezone.rpartition("/")[2].replace("_", " ")
    alt = words("own.alt", zone=heat.timezone, day=weekdays[day], hour=f"{hour:02}:00")
    png = await draw_week(seconds, weekdays=weekdays, less=words("heat.less"), more=words("heat.more"), note=place)
    return _file(png, "week.png", alt)


def _file(png: bytes, name: str, alt: str) -> discord.File:
    return discord.File(io.BytesIO(png), name, description=alt[:LONGEST_ALT])
