"""What happens in channels: messages, reactions, typing. Each verb changes the world and tells it."""

import re

from guildhall.simulator.discord import threads, wire
from guildhall.simulator.discord.drafts import Draft, shown_components, shown_embeds
from guildhall.simulator.discord.permissions import Permission
from guildhall.simulator.discord.refusals import Json, Refused, bad_form
from guildhall.simulator.discord.state import (
    DM,
    EPHEMERAL,
    WITHOUT_MESSAGES,
    Attachment,
    Channel,
    Message,
    Thread,
    User,
)
from guildhall.simulator.discord.world import Event, Intent, World

ADDED, RENAMED = 1, 4
"""Types of what Discord itself says in a thread: somebody was brought in, or it has another name."""

REPLY = 19
"""The type of a message that answers another."""

MENTION = re.compile(r"<@(?P<kind>[!&]?)(?P<id>\d+)>")
EVERYBODY_NAMED = re.compile(r"@(everyone|here)\b")


def post(world: World, channel: Channel, author: User, draft: Draft) -> Message:
    """Post a message and tell it.

    With a nonce to be enforced, the message that was posted with it before is returned and nothing is posted. Whether
    the author may post here is judged by `check_may_post`. Raises 400 for a message that would show nothing.
    """
    if channel.type in WITHOUT_MESSAGES:
        raise Refused(400, 50008, "Cannot send messages in a non-text channel")
    if draft.enforce_nonce and (earlier := _with_nonce(channel, author, draft)):
        return earlier
    if draft.empty:
        raise nothing_to_see()
    message = Message(world.new_id(), channel.id, author, "", world.now(), nonce=draft.nonce, tts=draft.tts)
    message.replied = _replied(channel, draft)
    message.type = REPLY if message.replied else 0
    message.flags = draft.flags & ~EPHEMERAL
    message.beside = draft.beside or {}
    put(world, channel, message, draft)
    return message


def put(world: World, channel: Channel, message: Message, draft: Draft) -> None:
    """Put a new message that shows a draft into a channel, and tell it."""
    if isinstance(channel, Thread) and message.visible_to is None:
        threads.speak(world, channel, message.author)
    fill(world, channel, message, draft)
    channel.messages[message.id] = message
    tell(world, channel, message, "MESSAGE_CREATE")


def announce(
    world: World, thread: Thread, by: User, kind: int, content: str = "", *, about: User | None = None
) -> None:
    """Let Discord say in a thread what somebody did with it."""
    named = [about] if about else []
    message = Message(world.new_id(), thread.id, by, content, world.now(), type=kind, mentions=named)
    thread.messages[message.id] = message
    tell(world, thread, message, "MESSAGE_CREATE")


def nothing_to_see() -> Refused:
    """Return the refusal for a message that would show nothing."""
    return Refused(400, 50006, "Cannot send an empty message")


def _with_nonce(channel: Channel, author: User, draft: Draft) -> Message | None:
    own = (each for each in reversed(channel.messages.values()) if each.author == author)
    return next((each for each in own if draft.nonce is not None and each.nonce == draft.nonce), None)


def _replied(channel: Channel, draft: Draft) -> Message | None:
    if draft.reply_to is None:
        return None
    found = channel.messages.get(draft.reply_to)
    if found is None and not draft.reply_or_not:
        error = {"code": "REPLIES_UNKNOWN_MESSAGE", "message": "Unknown message"}
        raise bad_form({"message_reference": {"_errors": [error]}})
    return found


def check_may_post(world: World, channel: Channel, author: User, draft: Draft) -> None:
    """Raise what Discord answers somebody who may not post this here."""
    if channel.type == DM:
        _check_conversation(world, channel, author)
        return
    wanted = Permission.VIEW_CHANNEL | Permission.SEND_MESSAGES
    if any(isinstance(each, tuple) for each in draft.files or []):
        wanted |= Permission.ATTACH_FILES
    world.require(channel, author, wanted)
    if isinstance(channel, Thread):
        threads.check_may_speak(world, channel, author)


def _check_conversation(world: World, channel: Channel, author: User) -> None:
    world.require(channel, author, 0)
    other = next(each for each in channel.recipients if each != author)
    known = {guild.id for guild in world.guilds_of(author)} & {guild.id for guild in world.guilds_of(other)}
    if (author.bot and other.closed) or not known:
        raise Refused(403, 50007, "Cannot send messages to this user")


def fill(world: World, channel: Channel, message: Message, draft: Draft) -> None:
    """Let a message show what a draft says, and leave the rest as it was."""
    if draft.content is not None:
        message.content = draft.content
    if draft.files is not None:
        message.attachments = _attached(world, channel, message, draft)
    if draft.embeds is not None:
        addresses = {each.filename: world.address + each.address for each in message.attachments}
        message.embeds = shown_embeds(draft.embeds, addresses)
    if draft.components is not None:
        message.components = shown_components(draft.components)
    _mention(world, channel, message, draft.allowed)


def _attached(world: World, channel: Channel, message: Message, draft: Draft) -> list[Attachment]:
    there = {each.id: each for each in message.attachments}
    files: list[Attachment] = []
    for each in draft.files or []:
        if isinstance(each, tuple):
            upload, description = each
            kept = world.keep_file(channel, upload.filename, upload.content_type, upload.content, description)
            files.append(kept)
        elif each in there:
            files.append(there[each])
    return files


def _mention(world: World, channel: Channel, message: Message, allowed: Json | None) -> None:
    """Find who is mentioned, as far as the sender allows it and may do it."""
    may = world.permissions(channel, message.author) & Permission.MENTION_EVERYONE
    allowed = allowed if allowed is not None else {"parse": ["users", "roles", "everyone"], "replied_user": True}
    parse = allowed.get("parse", [])
    # discord.py writes ids as numbers here.
    granted = {kind: {str(each) for each in allowed.get(kind, [])} for kind in ("users", "roles")}
    named = [(found["kind"], found["id"]) for found in MENTION.finditer(message.content)]
    users = [each for kind, each in named if kind != "&" and ("users" in parse or each in granted["users"])]
    if message.replied and allowed.get("replied_user"):
        users.append(message.replied.author.id)
    message.mentions = [world.users[each] for each in dict.fromkeys(users) if each in world.users]
    guild = world.guild_of(channel)
    roles = [each for kind, each in named if kind == "&" and ("roles" in parse or each in granted["roles"])]
    known = guild.roles if guild else {}
    called = [known[each] for each in dict.fromkeys(roles) if each in known]
    message.mention_roles = [each.id for each in called if may or each.mentionable]
    everybody = guild is not None and EVERYBODY_NAMED.search(message.content) is not None
    message.mention_everyone = bool(everybody and may and "everyone" in parse)
    if isinstance(channel, Thread) and message.visible_to is None:
        threads.call_in(world, channel, message)


def tell(world: World, channel: Channel, message: Message, name: str = "MESSAGE_UPDATE") -> None:
    """Tell that a message is new or has changed. What one person alone sees is told to nobody else."""
    if message.visible_to is not None:
        world.stir()
        return
    data = wire.message(message, world.address, seen_by=world.bot.id) | _where(world, channel, message.author)
    # Here a member comes without its user, which is the author.
    data.get("member", {}).pop("user", None)
    world.publish(Event(name, data, _intent(channel, "MESSAGES"), channel.guild_id, channel))


def edit(world: World, channel: Channel, message: Message, draft: Draft) -> None:
    """Change a message and tell it. Raises 400 where nothing would be left to see."""
    if draft.content == "" and not (draft.embeds or draft.components or draft.files):
        left = (draft.embeds is None and message.embeds) or (draft.components is None and message.components)
        if not left and (draft.files is not None or not message.attachments):
            raise nothing_to_see()
    fill(world, channel, message, draft)
    message.edited_at = world.now()
    tell(world, channel, message)


def delete(world: World, channel: Channel, message: Message) -> None:
    """Remove a message and tell it."""
    del channel.messages[message.id]
    for each in message.attachments:
        world.files.pop(each.address, None)
    if message.visible_to is None:
        data = {"id": message.id, "channel_id": channel.id} | _place(channel)
        world.publish(Event("MESSAGE_DELETE", data, _intent(channel, "MESSAGES"), channel.guild_id, channel))
    world.stir()


def delete_many(world: World, channel: Channel, message_ids: list[str]) -> None:
    """Remove several messages at once, as far as they are there, and tell it once."""
    gone = [each for each in message_ids if channel.messages.pop(each, None) is not None]
    data = {"ids": gone, "channel_id": channel.id} | _place(channel)
    world.publish(Event("MESSAGE_DELETE_BULK", data, _intent(channel, "MESSAGES"), channel.guild_id, channel))


def react(world: World, channel: Channel, message: Message, user: User, emoji: str) -> None:
    """Let somebody react; a second time is no other."""
    people = message.reactions.setdefault(emoji, [])
    if user.id not in people:
        people.append(user.id)
        who = _where(world, channel, user) | {"user_id": user.id, "message_author_id": message.author.id}
        _tell_reaction(world, channel, message, "ADD", emoji, who)


def unreact(world: World, channel: Channel, message: Message, user: User, emoji: str) -> None:
    """Let somebody take a reaction back; nothing happens where there is none."""
    people = message.reactions.get(emoji, [])
    if user.id in people:
        people.remove(user.id)
        if not people:
            del message.reactions[emoji]
        _tell_reaction(world, channel, message, "REMOVE", emoji, {"user_id": user.id})


def clear_reactions(world: World, channel: Channel, message: Message, emoji: str | None = None) -> None:
    """Remove all reactions, or those with one emoji."""
    if emoji is not None:
        message.reactions.pop(emoji, None)
        _tell_reaction(world, channel, message, "REMOVE_EMOJI", emoji, {})
        return
    message.reactions.clear()
    data = {"channel_id": channel.id, "message_id": message.id} | _place(channel)
    intent = _intent(channel, "MESSAGE_REACTIONS")
    world.publish(Event("MESSAGE_REACTION_REMOVE_ALL", data, intent, channel.guild_id, channel))


def _tell_reaction(world: World, channel: Channel, message: Message, what: str, emoji: str, more: Json) -> None:
    data = {
        "channel_id": channel.id,
        "message_id": message.id,
        "emoji": wire.emoji(emoji),
        "burst": False,
        "type": 0,
        **_place(channel),
        **more,
    }
    intent = _intent(channel, "MESSAGE_REACTIONS")
    world.publish(Event(f"MESSAGE_REACTION_{what}", data, intent, channel.guild_id, channel))


def type_in(world: World, channel: Channel, user: User) -> None:
    """Tell that somebody is typing."""
    data = {"channel_id": channel.id, "user_id": user.id, "timestamp": int(world.now().timestamp())}
    where = _where(world, channel, user)
    intent = _intent(channel, "MESSAGE_TYPING")
    world.publish(Event("TYPING_START", data | where, intent, channel.guild_id, channel))


def _intent(channel: Channel, what: str) -> int:
    """Return the intent for what happens in a channel; conversations of two have their own."""
    return Intent[f"DIRECT_{what}" if channel.type == DM else f"GUILD_{what}"]


def _place(channel: Channel) -> Json:
    return {"guild_id": channel.guild_id} if channel.guild_id else {}


def _where(world: World, channel: Channel, user: User) -> Json:
    """Return the guild and the membership of whoever did something; a conversation of two has neither."""
    guild = world.guild_of(channel)
    if guild is None:
        return {}
    member = guild.members.get(user.id)
    return {"guild_id": guild.id} | ({"member": wire.member(member)} if member else {})
