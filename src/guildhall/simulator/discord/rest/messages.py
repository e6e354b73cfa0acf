"""Messages, reactions, pins, typing."""

from datetime import timedelta

from guildhall.simulator.discord import auditing, messages, threads, wire
from guildhall.simulator.discord.auditing import Deed
from guildhall.simulator.discord.drafts import Draft
from guildhall.simulator.discord.permissions import Permission
from guildhall.simulator.discord.refusals import Json, Refused
from guildhall.simulator.discord.rest.call import Call, Table
from guildhall.simulator.discord.state import DM, Channel, Message, User

NEWEST_IN_BULK = timedelta(days=14)
"""Older messages cannot be removed many at once."""


def post(call: Call) -> Json:
    """Post a message."""
    channel, draft = call.channel(), call.draft
    messages.check_may_post(call.world, channel, call.user, draft)
    return _shown(call, messages.post(call.world, channel, call.user, draft))


def list_messages(call: Call) -> list[Json]:
    """List messages, latest first: the latest, or those before, after or around one."""
    channel, limit = call.channel(), call.number("limit", 50, least=1, most=100)
    if channel.type != DM and not call.world.permissions(channel, call.user) & Permission.READ_MESSAGE_HISTORY:
        return []
    there = [each for each in reversed(channel.messages.values()) if each.visible_to is None]
    return [_shown(call, each) for each in _window(call, there, limit)]


def _window(call: Call, there: list[Message], limit: int) -> list[Message]:
    bound = {name: int(value) for name, value in call.query.items() if name in {"before", "after", "around"}}
    if "around" in bound:
        older = [each for each in there if int(each.id) <= bound["around"]]
        newer = [each for each in there if int(each.id) > bound["around"]]
        return newer[-(limit // 2) :] + older[: limit - limit // 2]
    if "after" in bound:
        return [each for each in there if int(each.id) > bound["after"]][-limit:]
    return [each for each in there if int(each.id) < bound.get("before", 1 << 64)][:limit]


def get_message(call: Call) -> Json:
    """Return a message."""
    return _shown(call, call.channel(Permission.READ_MESSAGE_HISTORY).message(call.parts["message"]))


def edit(call: Call) -> Json:
    """Change one's own message."""
    channel = call.channel()
    message, draft = channel.message(call.parts["message"]), call.draft
    if message.author != call.user:
        raise Refused(403, 50005, "Cannot edit a message authored by another user")
    threads.check_not_archived(channel)
    messages.edit(call.world, channel, message, draft)
    return _shown(call, message)


def delete(call: Call) -> None:
    """Remove a message: one's own, or as a moderator."""
    channel = call.channel()
    message = channel.message(call.parts["message"])
    if message.author != call.user:
        if channel.type == DM:
            raise Refused(403, 50003, "Cannot execute action on a DM channel")
        call.world.require(channel, call.user, Permission.MANAGE_MESSAGES)
        # What bots remove one by one Discord does not log.
        if not call.user.bot:
            _note(call, channel, Deed.MESSAGE_DELETE, message.author.id, {"channel_id": channel.id, "count": "1"})
    messages.delete(call.world, channel, message)


def delete_many(call: Call) -> None:
    """Remove 2 to 100 messages that are not older than two weeks."""
    channel = call.channel(Permission.MANAGE_MESSAGES)
    wanted = [str(each) for each in call.body.get("messages") or []]
    if not 2 <= len(wanted) <= 100:  # noqa: PLR2004 (Discord's bounds)
        raise Refused(400, 50016, "Provided too few or too many messages to delete.")
    oldest = call.world.now() - NEWEST_IN_BULK
    if any(channel.messages[each].created_at < oldest for each in wanted if each in channel.messages):
        raise Refused(400, 50034, "You can only bulk delete messages that are under 14 days old.")
    there = [each for each in wanted if each in channel.messages]
    messages.delete_many(call.world, channel, there)
    _note(call, channel, Deed.MESSAGE_BULK_DELETE, channel.id, {"count": str(len(there))})


def react(call: Call) -> None:
    """React to a message."""
    channel = call.channel(Permission.READ_MESSAGE_HISTORY)
    threads.check_not_archived(channel)
    message, emoji = channel.message(call.parts["message"]), _emoji(call)
    if emoji not in message.reactions and channel.type != DM:
        call.world.require(channel, call.user, Permission.ADD_REACTIONS)
    messages.react(call.world, channel, message, call.user, emoji)


def unreact(call: Call) -> None:
    """Take a reaction back, one's own or as a moderator that of another."""
    channel = call.channel()
    message = channel.message(call.parts["message"])
    user: User = call.user
    if call.parts.get("user", "@me") != "@me":
        call.world.require(channel, call.user, Permission.MANAGE_MESSAGES)
        user = call.world.user(call.parts["user"])
    messages.unreact(call.world, channel, message, user, _emoji(call))


def clear_reactions(call: Call) -> None:
    """Remove all reactions, or those with one emoji."""
    channel = call.channel(Permission.MANAGE_MESSAGES)
    message = channel.message(call.parts["message"])
    messages.clear_reactions(call.world, channel, message, _emoji(call) if "emoji" in call.parts else None)


def list_reactions(call: Call) -> list[Json]:
    """List who reacted with an emoji."""
    message = call.channel(Permission.READ_MESSAGE_HISTORY).message(call.parts["message"])
    limit, after = call.number("limit", 25, least=1, most=100), int(call.query.get("after", 0))
    people = sorted((each for each in message.reactions.get(_emoji(call), []) if int(each) > after), key=int)
    return [wire.user(call.world.users[each]) for each in people[:limit]]


def type_in(call: Call) -> None:
    """Show that one is typing."""
    channel = call.channel()
    messages.check_may_post(call.world, channel, call.user, Draft())
    messages.type_in(call.world, channel, call.user)


def list_pins(call: Call) -> Json:
    """List pinned messages, latest first."""
    found = _pinned(call.channel(Permission.READ_MESSAGE_HISTORY))
    items = [{"pinned_at": wire.moment(each.pinned_at), "message": _shown(call, each)} for each in found]
    return {"items": items, "has_more": False}


def list_pins_plainly(call: Call) -> list[Json]:
    """List pinned messages as clients did before."""
    return [_shown(call, each) for each in _pinned(call.channel(Permission.READ_MESSAGE_HISTORY))]


def pin(call: Call) -> None:
    """Pin a message."""
    channel = call.channel(0 if _is_conversation(call) else Permission.MANAGE_MESSAGES)
    message = channel.message(call.parts["message"])
    is_new, message.pinned_at = message.pinned_at is None, message.pinned_at or call.world.now()
    messages.tell(call.world, channel, message)
    if is_new:
        _note_pin(call, channel, message, Deed.MESSAGE_PIN)


def unpin(call: Call) -> None:
    """Take a message down."""
    channel = call.channel(0 if _is_conversation(call) else Permission.MANAGE_MESSAGES)
    message = channel.message(call.parts["message"])
    was_pinned, message.pinned_at = message.pinned_at is not None, None
    messages.tell(call.world, channel, message)
    if was_pinned:
        _note_pin(call, channel, message, Deed.MESSAGE_UNPIN)


def _note_pin(call: Call, channel: Channel, message: Message, deed: Deed) -> None:
    _note(call, channel, deed, message.author.id, {"channel_id": channel.id, "message_id": message.id})


def _note(call: Call, channel: Channel, deed: Deed, target_id: str, options: dict[str, str]) -> None:
    """Write what a moderator did to messages into the guild's log; conversations of two have none."""
    guild = call.world.guild_of(channel)
    if guild is not None:
        auditing.note(call.world, guild, call.user, deed, target_id, reason=call.reason, options=options)


def _is_conversation(call: Call) -> bool:
    return call.channel().type == DM


def _pinned(channel: Channel) -> list[Message]:
    return [each for each in reversed(channel.messages.values()) if each.pinned_at is not None]


def _shown(call: Call, message: Message) -> Json:
    return wire.message(message, call.world.address, seen_by=call.user.id)


def _emoji(call: Call) -> str:
    """Return the emoji of the address. Raises Unknown Emoji for a name that is none."""
    written = call.parts["emoji"]
    name, _, number = written.partition(":")
    if written.isascii() and not (name and number.isdecimal()):
        raise Refused(400, 10014, "Unknown Emoji")
    return written


TABLE: Table = [
    ("GET", "/channels/{channel}/messages", list_messages),
    ("POST", "/channels/{channel}/messages", post),
    ("POST", "/channels/{channel}/messages/bulk-delete", delete_many),
    ("GET", "/channels/{channel}/messages/pins", list_pins),
    ("PUT", "/channels/{channel}/messages/pins/{message}", pin),
    ("DELETE", "/channels/{channel}/messages/pins/{message}", unpin),
    ("GET", "/channels/{channel}/messages/{message}", get_message),
    ("PATCH", "/channels/{channel}/messages/{message}", edit),
    ("DELETE", "/channels/{channel}/messages/{message}", delete),
    ("DELETE", "/channels/{channel}/messages/{message}/reactions", clear_reactions),
    ("GET", "/channels/{channel}/messages/{message}/reactions/{emoji}", list_reactions),
    ("DELETE", "/channels/{channel}/messages/{message}/reactions/{emoji}", clear_reactions),
    ("PUT", "/channels/{channel}/messages/{message}/reactions/{emoji}/@me", react),
    ("DELETE", "/channels/{channel}/messages/{message}/reactions/{emoji}/{user}", unreact),
    ("GET", "/channels/{channel}/pins", list_pins_plainly),
    ("PUT", "/channels/{channel}/pins/{message}", pin),
    ("DELETE", "/channels/{channel}/pins/{message}", unpin),
    ("POST", "/channels/{channel}/typing", type_in),
]
