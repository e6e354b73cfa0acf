"""The public pages that show anybody whether a session or a period is genuine.

They tell what the public verdicts tell and no more: of a session not whose it was, and no name of anything, because
names are not signed. The id of a session is known to those who were given it, so the pages tell nobody their address.
"""

from datetime import UTC
from typing import Final

from guildhall.core.db import Tx
from guildhall.domains import attendance
from guildhall.domains.attendance.key_errors import RecordNotFound
from guildhall.domains.identity import Permission
from guildhall.panel.face import OPEN, UNTOLD
from guildhall.panel.guild_verdicts import log_state, moment_of, words_of
from guildhall.panel.pages import page
from guildhall.web.answers import Answer
from guildhall.web.calls import Call
from guildhall.web.house import House
from guildhall.web.routing import route

NOT_FOUND: Final = 404
LARGEST_ID: Final = 2**63 - 1
LARGEST_NUMBER: Final = 2**31 - 1
MOST_DIGITS: Final = 20
HIDDEN: Final = (UNTOLD, (b"x-robots-tag", b"noindex"))


@route(
    "GET", "/proof/sessions/{session_id}", permission=Permission.PUBLIC, accepts=OPEN, content="text/html", also=(404,)
)
async def show_session(session_id: str, call: Call, tx: Tx, house: House) -> Answer:
    """Show whether a session is genuine."""
    try:
        verdict = await attendance.verify_session(tx, session_id=session_id.lower(), now=house.clock.now())
    except RecordNotFound:
        return _unknown(call)
    return page(
        call,
        "proof_session.html",
        headers=HIDDEN,
        title="A session's proof",
        verdict=verdict,
        words=words_of(verdict),
        since=moment_of(verdict.joined_at),
        until=moment_of(verdict.left_at),
        signed_at=moment_of(verdict.signed_at),
        log=await log_state(tx, verdict),
        zone=UTC,
    )


@route(
    "GET", "/proof/periods/{guild_id}/{number}", permission=Permission.PUBLIC, accepts=OPEN, content="text/html",
    also=(404,),
)  # fmt: skip
async def show_period(guild_id: str, number: str, call: Call, tx: Tx) -> Answer:
    """Show whether an archived period is genuine."""
    if not _is_number(guild_id, LARGEST_ID) or not _is_number(number, LARGEST_NUMBER):
        return _unknown(call)
    try:
        verdict = await attendance.verify_period(tx, guild_id=int(guild_id), number=int(number))
    except RecordNotFound:
        return _unknown(call)
    return page(
        call,
        "proof_period.html",
        headers=HIDDEN,
        title="A period's proof",
        verdict=verdict,
        words=words_of(verdict),
        since=moment_of(verdict.started_at),
        until=moment_of(verdict.ended_at),
        signed_at=moment_of(verdict.signed_at),
        log=await log_state(tx, verdict),
        zone=UTC,
    )


def _unknown(call: Call) -> Answer:
    return page(call, "proof_unknown.html", status=NOT_FOUND, headers=HIDDEN, title="Nothing to prove here")


def _is_number(text: str, largest: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS and int(text) <= largest
