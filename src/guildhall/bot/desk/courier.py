"""The courier: takes queued posts to Discord while the bot is connected, those of one place in order, each once.

Discord remembers a nonce for some minutes only, so before a later attempt the courier looks whether the post is there.
"""

import asyncio
import contextlib
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import discord
from msgspec.structs import replace

from guildhall.bot.desk.channels import topic_of
from guildhall.bot.desk.deeds import deed_embed
from guildhall.bot.desk.names import channel_name, thread_name
from guildhall.bot.desk.places import guild_of, place_of
from guildhall.bot.desk.recap import recap_of
from guildhall.bot.desk.rendering import Files, Part, Style, history_of, parts_of, said_part, view_of
from guildhall.bot.desk.sparing import spare
from guildhall.bot.desk.threads import awake, thread_there
from guildhall.bot.desk.transcripts import post_transcript
from guildhall.bot.gateway import PASSING_FAULTS
from guildhall.bot.speech import words_among
from guildhall.bot.words import Words
from guildhall.core.actor import SYSTEM
from guildhall.core.db import StoreUnavailable, Tx
from guildhall.core.errors import NotFound, Unavailable
from guildhall.core.log import get_logger
from guildhall.domains import tickets
from guildhall.domains.attendance.errors import BotNotInGuild, DiscordUnavailable, NotMember
from guildhall.domains.tickets import Kind, Message, Ticket, Transport, categories, echoes
from guildhall.domains.tickets.attachments import Attachment
from guildhall.domains.tickets.categories import Category
from guildhall.domains.tickets.relay import TOPIC, Button, Post, Say, Target, delivery
from guildhall.domains.tickets.relay.delivery import Taken

if TYPE_CHECKING:
    from guildhall.bot.client import HouseBot

log = get_logger(__name__)

LOOK: Final = 0.5
"""Seconds that a post may wait that nobody announced, such as one that rested."""

AT_ONCE: Final = 8
"""Places that are served together: Discord takes fifty requests a second of a bot."""

REMEMBERED: Final = timedelta(minutes=2)
"""How long Discord is trusted to know a nonce."""

MOST_RENAMES, RENAMED_WITHIN = 2, timedelta(minutes=10)
"""How often Discord lets a channel be renamed, and in what time."""

COMPARED: Final = 50
LAST_MESSAGES: Final = 20

LARGEST_SENT: Final = discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES
"""Bytes of a file that Discord takes anywhere; boosted servers take more."""

TOO_LARGE: Final = 413
CLOSED_DM, UNKNOWN_USER, UNKNOWN_CHANNEL, UNKNOWN_MESSAGE = 50007, 10013, 10003, 10008
NO_ACCESS, NO_PERMISSION = 50001, 50013
MOST_REFUSALS: Final = 10
"""How often a channel may refuse what an administrator can mend, before a post is given up."""

WORDS_OF: Final = {
    CLOSED_DM: "The user takes no direct messages",
    UNKNOWN_USER: "The user is not known to Discord",
    UNKNOWN_CHANNEL: "The channel is gone",
}


class NoPlace(Exception):
    """There is nowhere to say it."""


class Courier:
    """Works off what waits to be said. There is one, in the process that holds the bot."""

    def __init__(self, bot: "HouseBot") -> None:
        self._bot = bot
        self._house = bot.house
        self._told = asyncio.Event()
        self._served: set[str] = set()

    async def keep(self) -> None:
        """Take out whatever is queued, as soon as it is told or due, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen())
            tasks.create_task(self._keep_turning(tasks))

    async def _listen(self) -> None:
        async with self._house.events.subscribe(TOPIC, tickets.TOPIC) as told:
            async for _ in told:
                self._told.set()

    async def _keep_turning(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            self._told.clear()
            with _goes_on():
                await self._turn(tasks)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    await self._told.wait()

    async def _turn(self, tasks: asyncio.TaskGroup) -> None:
        """Begin to serve the places where something waits; a slow one, such as for a large file, holds up no other."""
        if not self._bot.is_live:
            return
        async with self._house.database.read() as tx:
            lanes = await delivery.waiting_lanes(tx, now=self._house.clock.now())
        for lane in lanes:
            if len(self._served) < AT_ONCE and lane not in self._served:
                self._served.add(lane)
                tasks.create_task(self._serve(lane))

    async def _serve(self, lane: str) -> None:
        try:
            with _goes_on():
                while self._bot.is_live:
                    async with self._house.database.write() as tx:
                        taken = await delivery.take_post(tx, lane, now=self._house.clock.now())
                    if taken is None:
                        # Something may have come for it since, or waited for room.
                        self._told.set()
                        return
                    if not await self._send(taken):
                        return
        finally:
            self._served.discard(lane)

    async def _send(self, taken: Taken) -> bool:
        """Send a post, and write down what came of it. False when nothing more can be done in its lane now."""
        try:
            ended = await self._do_awake(taken)
        except NoPlace as fault:
            words = str(fault)
            await self._note(lambda tx, now: delivery.note_failed(tx, taken, words, now=now))
        except discord.RateLimited as fault:
            pause = timedelta(seconds=fault.retry_after)
            await self._note(lambda tx, now: delivery.note_away(tx, taken, "RateLimited", pause=pause, now=now))
        except discord.HTTPException as fault:
            await self._note_refusal(taken, fault)
        except (Unavailable, *PASSING_FAULTS) as fault:
            words = type(fault).__name__
            await self._note(lambda tx, now: delivery.note_away(tx, taken, words, now=now))
        else:
            if ended:
                await self._note(lambda tx, now: delivery.note_sent(tx, taken, now=now))
                if taken.post.payload.say is Say.WELCOME:
                    # A channel may have waited for word that its user can be written to.
                    self._bot.desk.look_now()
            return ended
        return True

    async def _note_refusal(self, taken: Taken, fault: discord.HTTPException) -> None:
        words = WORDS_OF.get(fault.code, fault.text or f"Discord refuses with {fault.status}")
        log.info("Discord does not take a post", target=taken.post.target.value, status=fault.status, code=fault.code)
        is_hindered = fault.code in {NO_ACCESS, NO_PERMISSION} and taken.post.attempts < MOST_REFUSALS
        may_pass = fault.status >= 429 or fault.status == 401 or is_hindered  # noqa: PLR2004 (HTTP's numbers)
        if may_pass:
            await self._note(lambda tx, now: delivery.note_away(tx, taken, words, now=now))
            return
        await self._note(lambda tx, now: delivery.note_failed(tx, taken, words, now=now))
        if self._house.site.now.document.notifications.show_partial_success_on_edit:
            await self._note(lambda tx, now: delivery.tell_of_unchanged(tx, taken, words, now=now))
        ticket = taken.ticket
        if fault.code == CLOSED_DM and ticket is not None:
            await self._note(lambda tx, now: tickets.turn_direct(tx, SYSTEM, ticket, now=now))
        if fault.code == UNKNOWN_CHANNEL and taken.post.target is Target.CHANNEL and ticket and ticket.channel_id:
            gone = ticket.channel_id
            await self._note(lambda tx, now: echoes.hear_channel_gone(tx, SYSTEM, ticket, gone, now=now))

    async def _note(self, note: Callable[[Tx, datetime], Awaitable[None]]) -> None:
        async with self._house.database.write() as tx:
            await note(tx, self._house.clock.now())

    async def _do_awake(self, taken: Taken) -> bool:
        """Do what a post is for, also in the thread of an open ticket that rests. Raises NoPlace."""
        ticket = taken.ticket
        if taken.post.target is not Target.CHANNEL or ticket is None or ticket.closed or ticket.channel_id is None:
            return await self._do(taken)
        return await awake(self._bot, ticket.channel_id, partial(self._do, taken))

    async def _do(self, taken: Taken) -> bool:
        """Do what a post is for; False when it waits for later. Raises NoPlace."""
        say = taken.post.payload.say
        apart = {Say.END: self._end, Say.NAME: self._rename, Say.REMOVE: self._remove}.get(say)
        if apart is not None:
            return await apart(taken)
        place = await self._place_of(taken)
        if place is None:
            return True
        if say is Say.TRANSCRIPT and taken.ticket is not None:
            await post_transcript(
                self._bot, taken, taken.ticket, place, self._words_for(taken), was_lost=self._is_forgotten(taken)
            )
            return True
        if say in {Say.EDIT, Say.DELETE}:
            await self._change_copies(taken, place)
            return True
        is_moot = taken.message is not None and taken.message.deleted_at is not None
        if not (is_moot and taken.post.target is Target.USER):
            await self._show(taken, place)
        return True

    async def _show(self, taken: Taken, place: discord.abc.Messageable) -> None:
        """Post something, with its files as far as Discord takes them there."""
        is_here = taken.post.target is Target.CHANNEL and taken.ticket is not None
        guild = self._bot.get_guild(guild_of(self._house, taken.ticket)) if is_here and taken.ticket else None
        try:
            most = guild.filesize_limit if guild is not None else LARGEST_SENT
            await self._post(taken, place, await self._parts_of(taken, most))
        except (NotFound, discord.HTTPException) as fault:
            if isinstance(fault, discord.HTTPException) and fault.status != TOO_LARGE:
                raise
            # The words go through in any case.
            await self._post(taken, place, await self._parts_of(taken, 0))

    async def _place_of(self, taken: Taken) -> discord.abc.Messageable | None:
        """Return where a post goes. Raises NoPlace.

        None for a log that nobody wants, and for the channel that a direct ticket could not have: both sides read it by
        the way they came.
        """
        post, ticket = taken.post, taken.ticket
        if post.target is Target.USER:
            if not (post.user_id or "").isdecimal():
                raise NoPlace("The user has no account at Discord that is known")
            return await self._bot.create_dm(discord.Object(int(post.user_id or 0)))
        if post.target is Target.LOG:
            channel_id = place_of(post.payload, self._house.site.now.document)
        elif ticket is None or (ticket.channel_id is None and ticket.transport is Transport.RELAY):
            raise NoPlace("The channel was never made")
        else:
            channel_id = ticket.channel_id
        return self._bot.get_partial_messageable(channel_id) if channel_id else None

    async def _post(self, taken: Taken, place: discord.abc.Messageable, parts: list[Part]) -> None:
        """Post each part that is not there yet."""
        channel = await place._get_channel()  # noqa: SLF001 (what each messageable of the library is sent through)
        there = {each.part for each in taken.copied_to(channel.id)} if taken.post.payload.say is Say.MESSAGE else set()
        for number, part in enumerate(parts):
            if number in there:
                continue
            posted = await self._find(taken, place, part) if self._is_forgotten(taken) else None
            if posted is None:
                posted = await self._post_part(taken, place, channel.id, part, number)
            sent, index = posted.id, number
            await self._note(
                lambda tx, now, sent=sent, index=index: self._note_part(tx, taken, channel.id, sent, index, now)  # type: ignore[misc]  # a lambda's default has no type
            )

    async def _note_part(self, tx: Tx, taken: Taken, channel_id: int, sent: int, index: int, now: datetime) -> None:
        await delivery.note_part(tx, taken, channel_id=channel_id, discord_id=sent, part=index)
        if taken.post.target is Target.USER:
            await echoes.know_channel(tx, channel_id, taken.post.user_id, last_seen=sent, now=now)

    async def _post_part(
        self, taken: Taken, place: discord.abc.Messageable, channel_id: int, part: Part, number: int
    ) -> discord.Message:
        """Post a part; one that answers another message quotes it, if that is there."""
        quoted = next((each.discord_id for each in taken.quoted if each.channel_id == channel_id), None)
        more: dict[str, Any] = {}
        if quoted is not None and number == 0:
            more["reference"] = discord.MessageReference(
                message_id=quoted, channel_id=channel_id, fail_if_not_exists=False
            )
        if part.embed is not None:
            more["embed"] = part.embed
        if part.view is not None:
            more["view"] = part.view
        roles = [discord.Object(each) for each in part.role_ids]
        users = [discord.Object(each) for each in part.user_ids]
        with contextlib.ExitStack() as opened:
            return await place.send(
                part.content or None,
                nonce=f"{taken.nonce}{number}",
                allowed_mentions=discord.AllowedMentions(everyone=False, users=users, roles=roles, replied_user=False),
                files=[await self._opened(each, opened) for each in part.files],
                **more,
            )

    async def _opened(self, file: Attachment, opened: contextlib.ExitStack) -> discord.File:
        """Return a file as Discord takes it, read into the system's temporary folder. Raises NotFound, Unavailable."""
        copy = opened.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 (the stack closes it)
        async for part in await self._house.files.read_file(file):
            copy.write(part)
        copy.seek(0)
        return discord.File(copy, filename=file.name)

    def _is_forgotten(self, taken: Taken) -> bool:
        return taken.was_tried and self._house.clock.now() - taken.tried_at > REMEMBERED

    async def _find(self, taken: Taken, place: discord.abc.Messageable, part: Part) -> discord.Message | None:
        """Return the post of an attempt of which nobody knows how it ended."""
        known = {each.discord_id for each in taken.copies}
        me = self._bot.user
        async for each in place.history(limit=COMPARED):
            if me is not None and each.author.id == me.id and each.id not in known and part.looks_like(each):
                return each
        return None

    async def _change_copies(self, taken: Taken, place: discord.abc.Messageable) -> None:
        channel = await place._get_channel()  # noqa: SLF001 (as above)
        copies = taken.copied_to(channel.id)
        if not copies:
            return
        parts = await self._parts_of(taken, LARGEST_SENT)
        for copy in copies:
            shown = self._bot.get_partial_messageable(channel.id).get_partial_message(copy.discord_id)
            with contextlib.suppress(discord.NotFound):
                if taken.post.payload.say is Say.DELETE or copy.part >= len(parts):
                    await shown.delete()
                else:
                    part = parts[copy.part]
                    await shown.edit(content=part.content or None, embed=part.embed)

    async def _end(self, taken: Taken) -> bool:
        """Do to the channel of a closed ticket what the configuration says; False when that is due later."""
        ticket, document = taken.ticket, self._house.site.now.document
        if ticket is None or not ticket.closed or ticket.channel_id is None:
            return True
        wait = timedelta(seconds=document.thread.time_to_close_thread)
        if document.thread.on_close == "keep":
            wait = timedelta(hours=document.thread.keep_channel_hours)
        async with self._house.database.read() as tx:
            if await delivery.is_waiting(tx, ticket):
                return False
        due = (ticket.closed_at or taken.post.queued_at) + wait
        if due > self._house.clock.now():
            await self._note(lambda tx, _: delivery.put_off(tx, taken, due))
            return False
        channel = await self._channel_of(ticket)
        if channel is None:
            return True
        if document.thread.on_close != "archive":
            await channel.delete()
        elif isinstance(channel, discord.Thread):
            await channel.edit(archived=True, locked=True)
        else:
            name = f"closed-{channel.name}"[:100]
            rules = channel.overwrites_for(channel.guild.default_role)
            rules.update(send_messages=False)
            await channel.edit(name=name, overwrites={**channel.overwrites, channel.guild.default_role: rules})
        return True

    async def _channel_of(self, ticket: Ticket | None) -> discord.TextChannel | discord.Thread | None:
        """Return where a ticket is talked about, None when that is gone. The library knows no thread that rests."""
        if ticket is None or ticket.channel_id is None:
            return None
        channel = self._bot.get_channel(ticket.channel_id) or await thread_there(self._bot, ticket.channel_id)
        return channel if isinstance(channel, discord.TextChannel | discord.Thread) else None

    async def _remove(self, taken: Taken) -> bool:
        what = taken.post.payload.fields
        place = self._bot.get_partial_messageable(int(what["channel"]))
        with contextlib.suppress(discord.NotFound):
            await place.get_partial_message(int(what["message"])).delete()
        return True

    async def _rename(self, taken: Taken) -> bool:
        """Give a channel the name that follows from its ticket now; False when that is due later, or done already."""
        ticket = taken.ticket
        channel = await self._channel_of(ticket) if ticket is not None and not ticket.closed else None
        if ticket is None or channel is None:
            await self._note(lambda tx, now: delivery.note_moot(tx, taken, "There is no channel", now=now))
            return False
        change = self._change_of(channel, ticket)
        if not change:
            await self._note(lambda tx, now: delivery.note_moot(tx, taken, "It has this name", now=now))
            return False
        async with self._house.database.read() as tx:
            done = await delivery.renames_since(tx, ticket, self._house.clock.now() - RENAMED_WITHIN)
        if len(done) >= MOST_RENAMES:
            due = done[-MOST_RENAMES] + RENAMED_WITHIN
            await self._note(lambda tx, _: delivery.put_off(tx, taken, due))
            return False
        await channel.edit(**change)
        return True

    def _change_of(self, channel: discord.TextChannel | discord.Thread, ticket: Ticket) -> dict[str, Any]:
        """Return what a channel lacks: its name, and where somebody made it by hand, whose it is."""
        named = thread_name if isinstance(channel, discord.Thread) else channel_name
        wanted = {"name": named(ticket, self._house.site.now.document.thread.name_template)}
        if isinstance(channel, discord.TextChannel) and ticket.id not in (channel.topic or ""):
            wanted["topic"] = topic_of(ticket)
        return {what: text for what, text in wanted.items() if getattr(channel, what) != text}

    async def _parts_of(self, taken: Taken, most: int) -> list[Part]:
        """Return what shows a post; of its files those that have no more bytes than `most`, and links to the others."""
        document = self._house.site.now.document
        post, ticket, message = self._wanted(taken.post.payload), taken.ticket, taken.message
        words = self._words_for(taken)
        if post.say in {Say.MESSAGE, Say.EDIT, Say.DELETE} and message is not None:
            is_open = ticket is not None and ticket.transport is Transport.DIRECT
            picture = await self._picture_of(message) if is_open else None
            style = Style(document, words, taken.post.target, open=is_open, picture=picture)
            return parts_of(message, self._files_of(taken, most), style, role=await self._role_of(message))
        if post.say is Say.RECAP and ticket is not None:
            async with self._house.database.read() as tx:
                facts = await recap_of(tx, ticket)
            return [await facts.part(self._bot, words)]
        if post.deed is not None:
            return [Part(embed=deed_embed(post.deed, words, document.thread.system_message_color))]
        menu = await self._menu() if Button.MENU in post.buttons else []
        view = view_of(post, ticket, taken.post.message_id, words, menu)
        text = await self._text_of(taken, words)
        if Button.RATE in post.buttons:
            text = f"{text}\n\n{words('desk.rate')}"
        colour = document.thread.system_message_color
        if post.say is Say.REMINDER:
            post, colour = await spare(self._house.staff.server, post), document.reminders.embed_color
        return [said_part(post, text, view, colour)]

    def _files_of(self, taken: Taken, most: int) -> Files:
        # What a link says ends a week after the first attempt, so that a later attempt says the same.
        return Files(
            tuple(each for each in taken.files if each.size <= most),
            tuple(
                f"[{each.name}]({self._house.links.signed(each.id, now=taken.tried_at)})"
                for each in taken.files
                if each.size > most
            ),
        )

    def _wanted(self, post: Post) -> Post:
        """Return a post without the buttons that the configuration does not want."""
        if self._house.site.now.document.ratings.enabled:
            return post
        return replace(post, buttons=[each for each in post.buttons if each is not Button.RATE])

    async def _text_of(self, taken: Taken, words: Words) -> str:
        post, document = taken.post.payload, self._house.site.now.document
        if post.say is Say.WELCOME:
            return document.bot.welcome_message
        if post.say is Say.CLOSED:
            return f"{document.bot.close_message}\n\n{post.text}".strip()
        if post.say in {Say.WORDS, Say.REMINDER}:
            link = f"{self._house.settings.public_url}/panel/desk/{post.fields.get('ticket', '')}"
            return words(post.words, **{**post.fields, "link": link})
        if post.say is Say.HISTORY and taken.ticket is not None:
            async with self._house.database.read() as tx:
                if await delivery.is_shown_in_channel(tx, taken.ticket):
                    return words("desk.again")
                page = await tickets.messages_of(tx, taken.ticket, before=1 << 62, limit=LAST_MESSAGES)
            return history_of(page.messages, words)
        return post.text

    def _words_for(self, taken: Taken) -> Words:
        """Return the words of whoever reads a post: staff have one language, and people their own where they may."""
        is_own = taken.post.target is Target.USER and taken.ticket is not None
        own = taken.ticket.language if is_own and taken.ticket else None
        return words_among(self._house.site.now.document.language, own)

    async def _menu(self) -> list[Category]:
        async with self._house.database.read() as tx:
            return [each for each in await categories.list_categories(tx) if each.enabled]

    async def _picture_of(self, message: Message) -> str | None:
        author = message.author_id or ""
        if not author.isdecimal() or message.anonymous:
            return None
        picture = await self._house.staff.avatar_of(int(author))
        return f"{discord.Asset.BASE}/avatars/{author}/{picture}.png" if picture else None

    async def _role_of(self, message: Message) -> str | None:
        """Return the highest role of a member of the staff, where that is shown."""
        document = self._house.site.now.document
        author = message.author_id or ""
        if message.kind is not Kind.STAFF or message.anonymous or not document.thread.show_staff_role:
            return None
        guild = self._bot.get_guild(self._house.discord.staff_guild_id)
        if guild is None or not author.isdecimal():
            return None
        try:
            held = await self._house.directory.roles_of_member(guild.id, int(author))
        except (NotMember, BotNotInGuild, DiscordUnavailable):
            return None
        roles = sorted((role for role in guild.roles if role.id in held), key=lambda role: role.position)
        return roles[-1].name if roles else None


@contextlib.contextmanager
def _goes_on() -> Iterator[None]:
    """Let what went wrong be known, and the rest go on: what is queued is looked for again."""
    try:
        yield
    except StoreUnavailable as fault:
        log.warning("What is to be said waits for the database", reason=fault.message)
    except Exception:
        log.exception("The courier of the desk stumbled, and goes on")
