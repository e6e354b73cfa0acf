"""The commands of the bot and its cogs: acknowledged at once, answered later, with one place for what goes wrong."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypeAlias

import discord
from discord import app_commands

from guildhall.bot.speech import own_words, refusal, refusal_of
from guildhall.core.actor import Actor, ActorKind
from guildhall.core.errors import GuildhallError, Internal, Kind, Limited
from guildhall.core.log import get_logger

if TYPE_CHECKING:
    from guildhall.bot.client import HouseBot

log = get_logger(__name__)

Interaction: TypeAlias = "discord.Interaction[HouseBot]"

ALONE: Final = "alone"
"""Where an interaction remembers that only the person who asked sees the answer."""

USES: Final = 20
MINUTE: Final = timedelta(minutes=1)

UNKNOWN_INTERACTION, ACKNOWLEDGED, TOKEN_OVER, UNKNOWN_WEBHOOK = 10062, 40060, 50027, 10015
TOO_LATE: Final = frozenset({UNKNOWN_INTERACTION, ACKNOWLEDGED, TOKEN_OVER, UNKNOWN_WEBHOOK})
"""What Discord says when there is nobody to answer any more, or when the same interaction came twice."""


KNOWN: Final = (
    GuildhallError,
    app_commands.CheckFailure,
    app_commands.CommandNotFound,
    app_commands.CommandSignatureMismatch,
    app_commands.TransformerError,
)
"""What may go wrong without anything being wrong with the program."""


@dataclass(frozen=True)
class Reply:
    """An answer: what it says, and a picture with it."""

    embed: discord.Embed
    picture: discord.File | None = None


@dataclass(frozen=True)
class Notice:
    """What somebody is told about something that did not work: in a box of its own, or in plain words."""

    embed: discord.Embed | None = None
    content: str | None = None

    @property
    def embeds(self) -> list[discord.Embed]:
        """The box, as posts take it."""
        return [self.embed] if self.embed is not None else []


class HouseTree(app_commands.CommandTree["HouseBot"]):
    """The commands, with words for whatever goes wrong in any of them."""

    async def on_error(self, interaction: Interaction, error: app_commands.AppCommandError, /) -> None:
        """Tell whoever used a command why it did not work."""
        await explain(interaction, error)


async def answer(interaction: Interaction, work: Callable[[], Awaitable[Reply]], *, shown_to_all: bool = False) -> None:
    """Acknowledge an interaction, do the work, and answer with what came of it.

    Discord waits three seconds for the first and a quarter of an hour for the last. Raises Limited for people who use
    commands without a pause.
    """
    interaction.extras[ALONE] = not shown_to_all
    await interaction.response.defer(ephemeral=not shown_to_all, thinking=True)
    house = interaction.client.house
    allowance = await house.limiter.hit(f"discord:{interaction.user.id}", limit=USES, window=MINUTE)
    if not allowance.allowed:
        raise Limited(retry_after=allowance.retry_after)
    reply = await work()
    await interaction.edit_original_response(
        embed=reply.embed,
        attachments=[reply.picture] if reply.picture else [],
        allowed_mentions=discord.AllowedMentions.none(),
    )


def actor_of(interaction: Interaction) -> Actor:
    """Return the person who uses a command; what they may do in a guild, Discord decides."""
    return Actor(ActorKind.USER, user_id=str(interaction.user.id), provider="discord")


async def explain(interaction: Interaction, error: Exception, notice: Notice | None = None) -> None:
    """Tell somebody alone what went wrong and what to do. Where nobody can be told any more, the log is.

    A `notice` is what they are told, where somebody knows better than the words for the error.
    """
    fault = error.original if isinstance(error, app_commands.CommandInvokeError) else error
    if is_over(fault):
        log.info("An interaction is over before its answer", interaction=interaction.id, reason=str(fault))
        return
    try:
        await _tell_alone(interaction, notice or Notice(_words_for(interaction, fault)))
    except discord.HTTPException as refused:
        log.warning("Discord does not take the answer to an interaction", status=refused.status, code=refused.code)
    # Last, because writing down where it happened takes time that the person would wait.
    if not isinstance(fault, KNOWN):
        log.error("A command failed", interaction=interaction.id, exc_info=fault)


def is_over(fault: Exception) -> bool:
    """Tell whether somebody could not be answered because nobody waits for it any more, or has been answered."""
    return isinstance(fault, discord.HTTPException) and fault.code in TOO_LATE


def _words_for(interaction: Interaction, fault: Exception) -> discord.Embed:
    words = own_words(interaction)
    if isinstance(fault, app_commands.CommandNotFound | app_commands.CommandSignatureMismatch):
        return refusal_of(Kind.GONE, "error.command_gone", words)
    if isinstance(fault, app_commands.TransformerError):
        return refusal_of(Kind.INVALID, "error.bad_option", words)
    if isinstance(fault, app_commands.CheckFailure):
        return refusal_of(Kind.FORBIDDEN, "error.check_failed", words)
    error = fault if isinstance(fault, GuildhallError) else Internal()
    now = interaction.client.house.clock.now()
    return refusal(error, words, now=now, reference=str(interaction.id))


async def _tell_alone(interaction: Interaction, notice: Notice) -> None:
    if interaction.response.is_done() and interaction.extras.get(ALONE):
        await interaction.edit_original_response(content=notice.content, embed=notice.embed)
        return
    if not interaction.response.is_done():
        await interaction.response.send_message(notice.content, embeds=notice.embeds, ephemeral=True)
        return
    if interaction.response.type is discord.InteractionResponseType.deferred_channel_message:
        # What was announced to all would be visible to all, so a refusal must not take its place.
        await interaction.delete_original_response()
    await interaction.followup.send(notice.content or "", embeds=notice.embeds, ephemeral=True)
