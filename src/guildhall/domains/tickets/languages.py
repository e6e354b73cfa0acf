"""In which language the desk speaks to somebody who has chosen one."""

from datetime import datetime

from guildhall.core.actor import Actor
from guildhall.core.db import Tx, insert_or_replace
from guildhall.domains import audit
from guildhall.domains.tickets.models import ticket_languages
from guildhall.domains.tickets.queries import CHOSEN_LANGUAGE

CHOOSE = insert_or_replace(ticket_languages)


async def choose_language(tx: Tx, actor: Actor, person_id: str, language: str, *, now: datetime) -> None:
    """Let the desk speak a language to a person from now on; the code is one that the bot speaks."""
    await tx.run(CHOOSE, person_id=person_id, language=language)
    await audit.record(tx, actor, "language.chosen", person_id, now=now, language=language)


async def language_of(tx: Tx, person_id: str) -> str | None:
    """Return the language that a person has chosen, None for none."""
    return await tx.one(CHOSEN_LANGUAGE, person_id=person_id)
