"""How the bot speaks: in whose language, and what people are told when something cannot be done."""

from datetime import datetime, timedelta
from typing import Final

import discord
from discord import app_commands

from guildhall.bot.words import DEFAULT, TABLES, Words, words_for
from guildhall.bot.words.en import TABLE as ENGLISH
from guildhall.core.errors import GuildhallError, Kind
from guildhall.domains.site.sections import LanguageSettings

GREEN, RED, BRASS = 0x4A9A83, 0xC5533F, 0xD9AA58

SOON: Final = 5
"""Seconds after which another try is suggested where the refusal names none."""


def said(key: str) -> app_commands.locale_str:
    """Return the name or the description of a command, which Discord shows to each person in their language."""
    return app_commands.locale_str(ENGLISH[key], key=key)


class Translator(app_commands.Translator):
    """Tells Discord what commands are called in each language that the bot knows."""

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,
    ) -> str | None:
        """Return a text of ours in a locale; None leaves the English one."""
        del context
        key, language = string.extras.get("key"), locale.value.partition("-")[0]
        return TABLES[language][key] if key and language in TABLES else None


def own_words(interaction: discord.Interaction) -> Words:
    """Return the words of the person who asks."""
    return words_for(interaction.locale.value)


def words_among(language: LanguageSettings, *wishes: str | None) -> Words:
    """Return the words of the first of these languages in which members may be spoken to.

    If that is none of them, the house's own language it is; and where the bot does not know that one, the one that is
    to stand in for it.
    """
    offered = {each.partition("-")[0] for each in language.supported_languages if language.per_user}
    wished = [code for code in (_code(each or "") for each in wishes) if code in offered]
    own = [_code(language.default_language), _code(language.fallback_language)]
    return words_for(next((each for each in (*wished, *own) if each in TABLES), DEFAULT))


def _code(locale: str) -> str:
    return locale.partition("-")[0].lower()


def common_words(interaction: discord.Interaction) -> Words:
    """Return the words of the guild, for what everybody there sees.

    Only guilds that are communities have a language; the others say English, whatever is spoken there. So then it is
    the language of the person who asks.
    """
    common = interaction.guild_locale
    if common in (None, discord.Locale.american_english):
        return own_words(interaction)
    return words_for(str(common.value))


def refusal(error: GuildhallError, words: Words, *, now: datetime, reference: str) -> discord.Embed:
    """Return what somebody is told who is refused: what went wrong, and what to do. Nothing of a fault of our own."""
    again = error.details.get("retry_after", SOON)
    later = now + timedelta(seconds=again if isinstance(again, int) else SOON)
    fields = {"when": discord.utils.format_dt(later, "R"), "reference": reference}
    if error.kind is Kind.INTERNAL:
        return _refusal(words("kind.internal"), words("error.internal", **fields))
    own = f"error.{error.code}"
    text = words(own, **fields) if own in words else f"{error.message.rstrip('.')}."
    return _refusal(words(f"kind.{error.kind.value}"), text[:1].upper() + text[1:])


def _refusal(title: str, text: str) -> discord.Embed:
    return discord.Embed(title=title, description=text, colour=RED)


def refusal_of(kind: Kind, key: str, words: Words) -> discord.Embed:
    """Return what somebody is told about a refusal that no domain knows."""
    return _refusal(words(f"kind.{kind.value}"), words(key))
