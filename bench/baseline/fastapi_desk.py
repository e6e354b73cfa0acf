"""The equal application for the front desk: a list, a ticket with its newest messages, and an answer.

A bearer token is checked by PyJWT and its person read from the store. A list counts its tickets and skips those before
the page; what is unread comes from a table of marks. There is no full-text index, no audit log, no feed of events and
no copy for Discord.
"""

import os
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import jwt
from fastapi import APIRouter, Depends, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Field
from sqlalchemy import ForeignKey, Index, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column, relationship, selectinload

from bench.baseline.fastapi_rooms import InSession, turn
from bench.baseline.models import Base, User

SHOWN = 100


class Ticket(Base):
    """A conversation of a user with staff. Times are UTC."""

    __tablename__ = "desk_tickets"
    __table_args__ = (Index("ix_desk_tickets_state_created_at", "state", "created_at"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(unique=True)
    user_id: Mapped[str] = mapped_column(index=True)
    user_name: Mapped[str]
    category: Mapped[str]
    subject: Mapped[str | None]
    state: Mapped[str]
    claimed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(index=True)
    closed_at: Mapped[datetime | None]
    last_message_at: Mapped[datetime]
    last_words: Mapped[str]
    message_count: Mapped[int]
    claimed_by: Mapped[User | None] = relationship(lazy="raise")


class TicketMessage(Base):
    """Something that was said in a ticket."""

    __tablename__ = "desk_messages"
    __table_args__ = (Index("ix_desk_messages_ticket_id_id", "ticket_id", "id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[str] = mapped_column(ForeignKey("desk_tickets.id"))
    author_id: Mapped[str]
    author_name: Mapped[str]
    is_staff: Mapped[bool]
    content: Mapped[str]
    created_at: Mapped[datetime]


class ReadMark(Base):
    """How many messages of a ticket somebody has seen."""

    __tablename__ = "desk_read_marks"
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    ticket_id: Mapped[str] = mapped_column(ForeignKey("desk_tickets.id"), primary_key=True)
    seen: Mapped[int]


class TicketOut(BaseModel):
    """A line of the list."""

    ticket_id: str
    ticket_num: int
    user_id: str
    user_name: str
    type: str
    subject: str | None
    status: str
    created_at: datetime
    closed_at: datetime | None
    claimed_by: str | None
    claimed_by_name: str | None
    last_message: str
    last_message_at: datetime
    unread_count: int


class TicketsOut(BaseModel):
    """A page of the list."""

    tickets: list[TicketOut]
    total: int
    limit: int
    offset: int


class MessageOut(BaseModel):
    """A message."""

    id: str
    author_id: str
    author_name: str
    content: str
    timestamp: datetime
    is_admin: bool


class DetailOut(TicketOut):
    """A ticket with its newest messages, the oldest of them first."""

    messages: list[MessageOut]


class MessageIn(BaseModel):
    """An answer."""

    message: str = Field(min_length=1, max_length=4000)


class SentOut(BaseModel):
    """The answer that was written."""

    success: bool = True
    message: MessageOut


router = APIRouter(prefix="/api/tickets")
bearer = HTTPBearer()


async def get_worker(session: InSession, credentials: Annotated[HTTPAuthorizationCredentials, Depends(bearer)]) -> User:
    """Find who calls."""
    secret = os.environ["JWT_SECRET"]
    try:
        claims = jwt.decode(credentials.credentials, secret, algorithms=["HS256"], options={"require": ["exp", "sub"]})
    except jwt.InvalidTokenError as fault:
        raise HTTPException(401, "A valid token is needed") from fault
    found = await session.get(User, int(claims["sub"]))
    if found is None or found.disabled:
        raise HTTPException(401, "This user is unknown or disabled")
    return found


Worker = Annotated[User, Depends(get_worker)]


@router.get("")
async def get_tickets(
    worker: Worker,
    session: InSession,
    status: Literal["all", "open", "closed"] = "all",
    limit: Annotated[int, Field(ge=1, le=500)] = 50,
    offset: int = 0,
) -> TicketsOut:
    """List tickets, the newest first."""
    found, counted = select(Ticket), select(func.count()).select_from(Ticket)
    if status != "all":
        found, counted = found.where(Ticket.state == status), counted.where(Ticket.state == status)
    page = found.options(selectinload(Ticket.claimed_by)).order_by(Ticket.created_at.desc())
    rows = list(await session.scalars(page.limit(limit).offset(offset)))
    seen = await _seen(session, worker, rows)
    total = await session.scalar(counted)
    return TicketsOut(
        tickets=[TicketOut(**_shown(each, seen)) for each in rows], total=total or 0, limit=limit, offset=offset
    )


@router.get("/{ticket_id}")
async def get_ticket(ticket_id: str, worker: Worker, session: InSession) -> DetailOut:
    """Show a ticket with its newest messages."""
    ticket = await session.scalar(select(Ticket).where(Ticket.id == ticket_id).options(selectinload(Ticket.claimed_by)))
    if ticket is None:
        raise HTTPException(404, "There is no such ticket")
    newest = select(TicketMessage).where(TicketMessage.ticket_id == ticket_id).order_by(TicketMessage.id.desc())
    messages = list(await session.scalars(newest.limit(SHOWN)))
    seen = await _seen(session, worker, [ticket])
    return DetailOut(**_shown(ticket, seen), messages=[_said(each) for each in reversed(messages)])


@router.post("/{ticket_id}/send")
async def send(ticket_id: str, wish: MessageIn, worker: Worker, session: InSession) -> SentOut:
    """Answer in a ticket."""
    await session.commit()  # The reads so far end here: the write begins on its own, with the latest rows.
    async with turn:
        await session.execute(text("BEGIN IMMEDIATE"))
        ticket = await session.get(Ticket, ticket_id)
        if ticket is None or ticket.state == "closed":
            raise HTTPException(409, "There is no such open ticket")
        now = datetime.now(UTC).replace(tzinfo=None)
        message = TicketMessage(
            ticket_id=ticket.id,
            author_id=str(worker.id),
            author_name=worker.username,
            is_staff=True,
            content=wish.message,
            created_at=now,
        )
        session.add(message)
        ticket.message_count += 1
        ticket.last_message_at, ticket.last_words = now, wish.message[:200]
        await session.merge(ReadMark(user_id=worker.id, ticket_id=ticket.id, seen=ticket.message_count))
        await session.commit()
    return SentOut(message=_said(message))


async def _seen(session: AsyncSession, worker: User, page: list[Ticket]) -> dict[str, int]:
    marks = select(ReadMark).where(ReadMark.user_id == worker.id, ReadMark.ticket_id.in_([each.id for each in page]))
    return {each.ticket_id: each.seen for each in await session.scalars(marks)}


def _shown(ticket: Ticket, seen: dict[str, int]) -> dict[str, Any]:
    return {
        "ticket_id": ticket.id, "ticket_num": ticket.number, "user_id": ticket.user_id, "user_name": ticket.user_name,
        "type": ticket.category, "subject": ticket.subject, "status": ticket.state, "created_at": ticket.created_at,
        "closed_at": ticket.closed_at, "claimed_by": ticket.claimed_by and str(ticket.claimed_by.id),
        "claimed_by_name": ticket.claimed_by and ticket.claimed_by.username, "last_message": ticket.last_words,
        "last_message_at": ticket.last_message_at, "unread_count": ticket.message_count - seen.get(ticket.id, 0),
    }  # fmt: skip


def _said(message: TicketMessage) -> MessageOut:
    return MessageOut(
        id=str(message.id),
        author_id=message.author_id,
        author_name=message.author_name,
        content=message.content,
        timestamp=message.created_at,
        is_admin=message.is_staff,
    )
