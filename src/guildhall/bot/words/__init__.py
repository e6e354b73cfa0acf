"""What the bot says, in the languages it knows. One table for each language, all with the same keys.

To add a language: copy `en.py`, translate the values, put it into `TABLES`. A test compares keys, placeholders and the
form of the names of commands.
"""

from collections.abc import Mapping
from typing import Final

from guildhall.bot.words import de, en, es, fr

TABLES: Final[Mapping[str, Mapping[str, str]]] = {"en": en.TABLE, "fr": fr.TABLE, "de": de.TABLE, "es": es.TABLE}
DEFAULT: Final = "en"

MINUTE, HOUR = 60, 3600


class Words:
    """The words of one language."""

    def __init__(self, language: str, table: Mapping[str, str]) -> None:
        self.language = language
        self._table = table

    def __contains__(self, key: str) -> bool:
        return key in self._table

    def __call__(self, key: str, /, **fields: object) -> str:
        """Return what is said under a key, with its placeholders filled. Raises KeyError for one that is not there."""
        return self._table[key].format(**fields)

    def counted(self, key: str, number: int, /, **fields: object) -> str:
        """Return what is said of so many: `key.one` or `key.other`, with `number` among the placeholders."""
        one = number in {0, 1} if self.language == "fr" else number == 1
        return self(f"{key}.{'one' if one else 'other'}", number=number, **fields)

    def duration(self, seconds: int) -> str:
        """Return a duration as people say it: its two largest units."""
        if seconds < MINUTE:
            return self("time.seconds", seconds=seconds)
        minutes = seconds // MINUTE
        if seconds < HOUR:
            return self("time.minutes", minutes=minutes)
        return self("time.hours", hours=minutes // MINUTE, minutes=f"{minutes % MINUTE:02}")


def words_for(locale: str) -> Words:
    """Return the words of a locale such as `es-419`; those of English where its language is not known."""
    language = locale.partition("-")[0].lower()
    known = language if language in TABLES else DEFAULT
    return Words(known, TABLES[known])
