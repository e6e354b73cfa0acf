"""Reading tickets and what is said in them."""

from datetime import datetime
from typing import Final

from sqlalchemy import Integer, Text, and_, bindparam, func, literal_column, or_, select, text

from guildhall.core.db import JsonDoc, query
from guildhall.domains.tickets.models import (
    Message,
    Participant,
    ReadMark,
    Revision,
    Tagged,
    Ticket,
    ticket_languages,
    ticket_messages,
    ticket_numbers,
    ticket_participants,
    ticket_read_marks,
    ticket_revisions,
    ticket_tags,
    tickets,
)

_of_ticket = bindparam("ticket_id", type_=Text)
_limit = bindparam("limit", type_=Integer)

_there = tickets.c.deleted_at.is_(None)

TICKET = query(Ticket, select(tickets).where(tickets.c.id == bindparam("id"), _there))
TICKET_LOCKED = query(Ticket, select(tickets).where(tickets.c.id == bindparam("id"), _there).with_for_update())
TICKET_OF_NUMBER = query(Ticket, select(tickets).where(tickets.c.number == bindparam("number"), _there))
TICKET_OF_CHANNEL = query(
    Ticket,
    select(tickets)
    .where(tickets.c.channel_id == bindparam("channel_id"), _there)
    .order_by(tickets.c.number.desc())
    .limit(1),
)
LIVE_RELAY = query(
    Ticket,
    select(tickets).where(
        tickets.c.guild_id == bindparam("guild_id"),
        tickets.c.user_id == bindparam("user_id"),
        tickets.c.transport == text("'relay'"),
        tickets.c.state != text("'closed'"),
    ),
)
LAST_CLOSED = query(
    Ticket,
    select(tickets)
    .where(
        tickets.c.user_id == bindparam("user_id"),
        tickets.c.closed.is_(True),
        tickets.c.guild_id == bindparam("guild_id"),
    )
    .order_by(tickets.c.number.desc())
    .limit(1),
)
LATEST_OF_USER = query(
    datetime,
    select(ticket_messages.c.created_at)
    .where(ticket_messages.c.ticket_id == bindparam("ticket"), ticket_messages.c.kind == text("'user'"))
    .order_by(ticket_messages.c.id.desc())
    .limit(1)
    .offset(bindparam("skipped")),
)
OPEN_OF_PERSON = query(
    Ticket,
    select(tickets)
    .where(tickets.c.user_id == bindparam("user_id"), tickets.c.closed.is_(False))
    .order_by(tickets.c.number),
)
CHOSEN_LANGUAGE = query(
    str, select(ticket_languages.c.language).where(ticket_languages.c.person_id == bindparam("person_id"))
)
TICKETS_OF_PERSON = query(
    int, select(func.count()).select_from(tickets).where(tickets.c.user_id == bindparam("user_id"), _there)
)
LAST_NUMBER_LOCKED = query(int, select(ticket_numbers.c.last).with_for_update())
DUE_TO_WIPE = query(
    str,
    select(tickets.c.id)
    .where(tickets.c.deleted_at.is_not(None), tickets.c.deleted_at <= bindparam("before"))
    .order_by(tickets.c.deleted_at)
    .limit(_limit),
)
DUE_TO_DELETE = query(
    str,
    select(tickets.c.id)
    .where(tickets.c.closed_at <= bindparam("before"), _there)
    .order_by(tickets.c.closed_at)
    .limit(_limit),
)
DUE_TO_CLOSE = query(
    Ticket,
    select(tickets)
    .where(tickets.c.close_at.is_not(None), tickets.c.close_at <= bindparam("now"))
    .order_by(tickets.c.close_at)
    .limit(_limit),
)
QUIET = query(
    Ticket,
    select(tickets)
    .where(
        text("tickets.quiet_since IS NOT NULL"),
        tickets.c.quiet_since <= bindparam("quiet_before"),
        tickets.c.state == literal_column("'open'"),
        or_(
            tickets.c.warned_at.is_(None),
            tickets.c.warned_at < tickets.c.quiet_since,
            and_(tickets.c.warned_at <= bindparam("warned_before"), tickets.c.quiet_since <= bindparam("over_before")),
        ),
    )
    .order_by(tickets.c.quiet_since)
    .limit(_limit),
)

_these = {
    "postgresql": text("ticket_id = ANY(ARRAY(SELECT jsonb_array_elements_text(:tickets)))"),
    "sqlite": text("ticket_id IN (SELECT value FROM json_each(:tickets))"),
}
TAGS_OF_PAGE = {
    engine: query(
        Tagged,
        select(ticket_tags)
        .where(these.bindparams(bindparam("tickets", type_=JsonDoc)))
        .order_by(ticket_tags.c.ticket_id, ticket_tags.c.tag),
    )
    for engine, these in _these.items()
}
MARKS_OF_PAGE = {
    engine: query(
        ReadMark,
        select(ticket_read_marks).where(
            ticket_read_marks.c.person_id == bindparam("person_id"),
            these.bindparams(bindparam("tickets", type_=JsonDoc)),
        ),
    )
    for engine, these in _these.items()
}
TAGS = query(str, select(ticket_tags.c.tag).where(ticket_tags.c.ticket_id == _of_ticket).order_by(ticket_tags.c.tag))
PARTICIPANTS = query(
    Participant,
    select(ticket_participants)
    .where(ticket_participants.c.ticket_id == _of_ticket)
    .order_by(ticket_participants.c.role.desc(), ticket_participants.c.person_id),
)

MESSAGE_COLUMNS: Final = [ticket_messages.c[name] for name in Message.__struct_fields__]
_messages = select(*MESSAGE_COLUMNS).where(ticket_messages.c.ticket_id == _of_ticket)
MESSAGE = query(Message, _messages.where(ticket_messages.c.id == bindparam("id")))
ANY_MESSAGE = query(Message, select(*MESSAGE_COLUMNS).where(ticket_messages.c.id == bindparam("id")))
MESSAGE_LOCKED = query(Message, _messages.where(ticket_messages.c.id == bindparam("id")).with_for_update())
MESSAGE_OF_CLIENT = query(
    Message,
    _messages.where(
        ticket_messages.c.author_id == bindparam("author_id"), ticket_messages.c.client_id == bindparam("client_id")
    ),
)
REPLY = query(Message, _messages.where(ticket_messages.c.number == bindparam("number")))
MESSAGES_AFTER = query(
    Message, _messages.where(ticket_messages.c.id > bindparam("after")).order_by(ticket_messages.c.id).limit(_limit)
)
CLOSING_WORDS: Final = "**Closing Message:** "
"""How the line begins that tells the user why their ticket ends."""

_kind = ticket_messages.c.kind
HEARD_AFTER = query(
    Message,
    _messages.where(
        ticket_messages.c.id > bindparam("after"),
        or_(
            _kind.in_([literal_column("'user'"), literal_column("'staff'")]),
            (_kind == literal_column("'system'"))
            & ticket_messages.c.content.startswith(CLOSING_WORDS, autoescape=True),
        ),
    )
    .order_by(ticket_messages.c.id)
    .limit(_limit),
)
MESSAGES_BEFORE = query(
    Message,
    _messages.where(ticket_messages.c.id < bindparam("before")).order_by(ticket_messages.c.id.desc()).limit(_limit),
)
# Notes are for staff alone, and what was deleted is for nobody who writes with them.
_visible = (ticket_messages.c.kind != literal_column("'note'"), ticket_messages.c.deleted_at.is_(None))
VISIBLE_AFTER = query(
    Message,
    _messages.where(ticket_messages.c.id > bindparam("after"), *_visible).order_by(ticket_messages.c.id).limit(_limit),
)
VISIBLE_BEFORE = query(
    Message,
    _messages.where(ticket_messages.c.id < bindparam("before"), *_visible)
    .order_by(ticket_messages.c.id.desc())
    .limit(_limit),
)
NEWEST_OF_TICKET = query(
    Message,
    _messages.where(
        ticket_messages.c.kind.in_([literal_column("'user'"), literal_column("'staff'")]),
        ticket_messages.c.deleted_at.is_(None),
    )
    .order_by(ticket_messages.c.id.desc())
    .limit(1),
)

_of_messages = {
    "postgresql": text("message_id = ANY(ARRAY(SELECT CAST(jsonb_array_elements_text(:messages) AS BIGINT)))"),
    "sqlite": text("message_id IN (SELECT value FROM json_each(:messages))"),
}
REVISIONS_OF_PAGE = {
    engine: query(
        Revision,
        select(ticket_revisions)
        .where(these.bindparams(bindparam("messages", type_=JsonDoc)))
        .order_by(ticket_revisions.c.message_id, ticket_revisions.c.at),
    )
    for engine, these in _of_messages.items()
}
