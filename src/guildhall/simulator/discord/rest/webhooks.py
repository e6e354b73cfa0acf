"""Webhooks of channels, and what shares their addresses: the messages of interactions. Nobody signs in for those."""

from guildhall.simulator.discord import auditing, messages, wire
from guildhall.simulator.discord.auditing import Deed
from guildhall.simulator.discord.drafts import read, read_choices, read_modal
from guildhall.simulator.discord.interactions import CHOICES, MODAL, Interaction
from guildhall.simulator.discord.permissions import Permission
from guildhall.simulator.discord.refusals import Json, Refused, missing_permissions, unknown
from guildhall.simulator.discord.rest.call import Call, Table
from guildhall.simulator.discord.state import EPHEMERAL, Channel, Message, User, Webhook
from guildhall.simulator.discord.world import Event, Intent, token

UPDATES = frozenset({6, 7})
"""Answers that leave a message in place of posting one."""


def answer(call: Call) -> object:
    """Take the bot's first answer to an interaction."""
    form = call.form
    kind, data = form.whole("type", least=1, most=12, required=True) or 0, form.inner("data")
    form.check()
    draft = read({} if kind in {MODAL, CHOICES} else data, call.uploads)
    modal = read_modal(data) if kind == MODAL else {}
    choices = read_choices(data) if kind == CHOICES else []
    found = call.desk.answer(call.parts["interaction"], call.parts["token"], kind, draft, modal, choices)
    return _callback(call, found) if call.query.get("with_response") in {"1", "true"} else None


def _callback(call: Call, found: Interaction) -> Json:
    message = found.original
    shown: Json = {"id": found.id, "type": found.type, "channel_id": found.channel.id}
    if found.channel.guild_id:
        shown["guild_id"] = found.channel.guild_id
    if message is None:
        return {"interaction": shown}
    shown |= {
        "response_message_id": message.id,
        "response_message_loading": found.waiting,
        "response_message_ephemeral": message.visible_to is not None,
    }
    kind = 4 if found.answer not in UPDATES else 7
    return {"interaction": shown, "resource": {"type": kind, "message": _shown(call, message)}}


def execute(call: Call) -> Json | None:
    """Post by a webhook, or another message of an interaction."""
    draft = call.draft
    if _is_interaction(call):
        return _shown(call, call.desk.follow(call.desk.talk(call.parts["token"]), draft))
    hook, channel = _hook_with_token(call)
    if draft.empty:
        raise messages.nothing_to_see()
    name, author_id = call.body.get("username") or hook.name, hook.id
    author = User(author_id, name, bot=True)
    flags = draft.flags & ~EPHEMERAL
    message = Message(call.world.new_id(), channel.id, author, "", call.world.now(), flags=flags, webhook_id=hook.id)
    messages.put(call.world, channel, message, draft)
    return _shown(call, message) if call.query.get("wait") in {"1", "true"} else None


def get_message(call: Call) -> Json:
    """Return a message of a webhook or an interaction."""
    return _shown(call, _message(call)[1])


def edit_message(call: Call) -> Json:
    """Change a message of a webhook or an interaction; an answer that was put off is given so."""
    channel, message, found = _message(call)
    draft = call.draft
    if found is not None:
        call.desk.revise(found, message, draft)
    else:
        messages.edit(call.world, channel, message, draft)
    return _shown(call, message)


def delete_message(call: Call) -> None:
    """Remove a message of a webhook or an interaction."""
    channel, message, found = _message(call)
    if found is not None:
        call.desk.withdraw(found, message)
    else:
        messages.delete(call.world, channel, message)


def create_webhook(call: Call) -> Json:
    """Make a webhook for a channel."""
    channel, form = call.channel(Permission.MANAGE_WEBHOOKS), call.form
    name = form.text("name", least=1, most=80, required=True) or ""
    form.check()
    if channel.guild_id is None:
        raise Refused(400, 50024, "Cannot execute action on this channel type")
    hook = Webhook(call.world.new_id(), token(), name, channel.id, channel.guild_id, call.user)
    call.world.webhooks[hook.id] = hook
    _tell(call, hook)
    _note(call, hook, Deed.WEBHOOK_CREATE, {}, auditing.webhook(hook))
    return wire.webhook(hook, call.world.address)


def list_of_channel(call: Call) -> list[Json]:
    """List the webhooks of a channel."""
    channel = call.channel(Permission.MANAGE_WEBHOOKS)
    there = [each for each in call.world.webhooks.values() if each.channel_id == channel.id]
    return [wire.webhook(each, call.world.address) for each in there]


def list_of_guild(call: Call) -> list[Json]:
    """List the webhooks of a guild."""
    guild = call.guild
    call.world.require_in_guild(guild, call.user, Permission.MANAGE_WEBHOOKS)
    there = [each for each in call.world.webhooks.values() if each.guild_id == guild.id]
    return [wire.webhook(each, call.world.address) for each in there]


def get_webhook(call: Call) -> Json:
    """Return a webhook."""
    return wire.webhook(_manageable(call), call.world.address)


def get_with_token(call: Call) -> Json:
    """Return a webhook to whoever knows its token; who made it is not told."""
    shown = wire.webhook(_hook_with_token(call)[0], call.world.address)
    del shown["user"]
    return shown


def change_webhook(call: Call) -> Json:
    """Rename a webhook or point it to another channel."""
    hook, form = _manageable(call), call.form
    name, channel_id = form.text("name", least=1, most=80), form.snowflake("channel_id")
    form.check()
    before = auditing.webhook(hook)
    hook.name = name or hook.name
    hook.channel_id = call.world.channel(channel_id).id if channel_id else hook.channel_id
    _tell(call, hook)
    _note(call, hook, Deed.WEBHOOK_UPDATE, before, auditing.webhook(hook))
    return wire.webhook(hook, call.world.address)


def delete_webhook(call: Call) -> None:
    """Remove a webhook."""
    hook = _manageable(call)
    del call.world.webhooks[hook.id]
    _tell(call, hook)
    _note(call, hook, Deed.WEBHOOK_DELETE, auditing.webhook(hook), {})


def delete_with_token(call: Call) -> None:
    """Remove a webhook by its token."""
    hook = _hook_with_token(call)[0]
    del call.world.webhooks[hook.id]
    _tell(call, hook)


def _tell(call: Call, hook: Webhook) -> None:
    data = {"guild_id": hook.guild_id, "channel_id": hook.channel_id}
    call.world.publish(Event("WEBHOOKS_UPDATE", data, Intent.GUILD_WEBHOOKS, hook.guild_id))


def _note(call: Call, hook: Webhook, deed: Deed, before: Json, after: Json) -> None:
    guild, changes = call.world.guild(hook.guild_id), auditing.changed(before, after)
    if changes:
        auditing.note(call.world, guild, call.user, deed, hook.id, reason=call.reason, changes=changes)


def _is_interaction(call: Call) -> bool:
    return call.parts["webhook"] == call.world.application.id


def _message(call: Call) -> tuple[Channel, Message, Interaction | None]:
    """Return the message of the address with its channel, and its interaction if it has one. Raises Unknown Message."""
    wanted = call.parts["message"]
    if not _is_interaction(call):
        hook, channel = _hook_with_token(call)
        message = channel.message(wanted)
        if message.webhook_id != hook.id:
            raise unknown("Message")
        return channel, message, None
    found = call.desk.talk(call.parts["token"])
    own = [*found.said, *([found.original] if found.original else [])]
    message_or_none = found.original if wanted == "@original" else next((one for one in own if one.id == wanted), None)
    if message_or_none is None or message_or_none.id not in found.channel.messages:
        raise unknown("Message")
    return found.channel, message_or_none, found


def _hook_with_token(call: Call) -> tuple[Webhook, Channel]:
    hook = call.world.webhooks.get(call.parts["webhook"])
    if hook is None:
        raise unknown("Webhook")
    if hook.token != call.parts["token"]:
        raise Refused(401, 50027, "Invalid Webhook Token")
    return hook, call.world.channel(hook.channel_id)


def _manageable(call: Call) -> Webhook:
    hook = call.world.webhooks.get(call.parts["webhook"])
    if hook is None:
        raise unknown("Webhook")
    if not call.world.permissions(call.world.channel(hook.channel_id), call.user) & Permission.MANAGE_WEBHOOKS:
        raise missing_permissions()
    return hook


def _shown(call: Call, message: Message) -> Json:
    return wire.message(message, call.world.address, seen_by=call.world.bot.id)


OPEN: Table = [
    ("POST", "/interactions/{interaction}/{token}/callback", answer),
    ("GET", "/webhooks/{webhook}/{token}", get_with_token),
    ("POST", "/webhooks/{webhook}/{token}", execute),
    ("DELETE", "/webhooks/{webhook}/{token}", delete_with_token),
    ("GET", "/webhooks/{webhook}/{token}/messages/{message}", get_message),
    ("PATCH", "/webhooks/{webhook}/{token}/messages/{message}", edit_message),
    ("DELETE", "/webhooks/{webhook}/{token}/messages/{message}", delete_message),
]
"""What the token in the address opens."""

TABLE: Table = [
    ("GET", "/channels/{channel}/webhooks", list_of_channel),
    ("POST", "/channels/{channel}/webhooks", create_webhook),
    ("GET", "/guilds/{guild}/webhooks", list_of_guild),
    ("GET", "/webhooks/{webhook}", get_webhook),
    ("PATCH", "/webhooks/{webhook}", change_webhook),
    ("DELETE", "/webhooks/{webhook}", delete_webhook),
]
