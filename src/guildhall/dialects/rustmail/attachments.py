"""The files of messages: for staff, and for whoever holds a signed link."""

from collections.abc import Mapping
from typing import ClassVar, Final

from guildhall.core.actor import Credential
from guildhall.core.errors import Forbidden, Invalid, Unauthenticated
from guildhall.dialects.rustmail.tickets import VIEW
from guildhall.dialects.rustmail.wire import REFUSED, SESSION, InvalidParameter
from guildhall.domains.identity import Permission
from guildhall.domains.identity.errors import SessionEnded
from guildhall.domains.tickets import attachments
from guildhall.domains.tickets.attachments import PATH, Attachment
from guildhall.domains.tickets.attachments.errors import AttachmentNotFound, InvalidSignature
from guildhall.domains.tickets.categories import sight_of
from guildhall.web.answers import Answer
from guildhall.web.bodies import QueryString
from guildhall.web.calls import Call
from guildhall.web.credentials import session_cookie
from guildhall.web.files import answer_file
from guildhall.web.house import House
from guildhall.web.routing import route

SHOWING: Final = frozenset({"image", "document"})
"""What browsers say that a file is for, when they are about to show it."""


class LinkQuery(QueryString, frozen=True, kw_only=True):
    """The end of a signed link, in seconds since 1970, and its signature; neither where the caller is signed in."""

    refusals: ClassVar[Mapping[str, type[Invalid]]] = {"exp": InvalidParameter, "sig": InvalidParameter}

    exp: int | None = None
    sig: str = ""


@route(
    "GET", f"{PATH}/{{attachment_id}}", permission=Permission.PUBLIC, accepts=SESSION | Credential.NONE,
    transaction="none", content="application/octet-stream",
    refusals=(*REFUSED, Unauthenticated, Forbidden, InvalidParameter, InvalidSignature, AttachmentNotFound),
)  # fmt: skip
async def get_attachment(attachment_id: str, query: LinkQuery, call: Call, house: House) -> Answer:
    """Download a stored attachment."""
    is_link = query.exp is not None or query.sig
    file = await (_linked(attachment_id, query, house) if is_link else _seen(attachment_id, call, house))
    # Programs get the contract's type; a browser that is about to show an image gets the image's.
    answer = await answer_file(house, file, shows_images=call.header("sec-fetch-dest") in SHOWING)
    answer.headers = (*answer.headers, (b"vary", b"Sec-Fetch-Dest"))
    return answer


async def _linked(attachment_id: str, query: LinkQuery, house: House) -> Attachment:
    if query.exp is None or not query.sig:
        raise InvalidParameter("exp and sig belong together", field="sig" if query.exp is not None else "exp")
    house.links.check(attachment_id, ends=query.exp, signature=query.sig, now=house.clock.now())
    async with house.database.read() as tx:
        return await attachments.attachment_of_link(tx, attachment_id)


async def _seen(attachment_id: str, call: Call, house: House) -> Attachment:
    actor = call.actor
    if actor.method is Credential.NONE:
        raise SessionEnded if session_cookie(call) else Unauthenticated
    if not actor.may(VIEW):
        raise Forbidden
    async with house.database.read() as tx:
        return await attachments.access_attachment(tx, actor, attachment_id, sight=await sight_of(tx, actor))
