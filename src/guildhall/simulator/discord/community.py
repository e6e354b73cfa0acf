"""People who live in the simulated guild by themselves: they talk, sit together in voice, and write to the bot."""

import asyncio
import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from guildhall.core.clock import Clock
from guildhall.simulator.discord import messages, people
from guildhall.simulator.discord.drafts import Draft
from guildhall.simulator.discord.permissions import Permission
from guildhall.simulator.discord.state import TEXT, VOICE, Channel, Guild, User
from guildhall.simulator.discord.world import World

BETWEEN_MESSAGES = timedelta(seconds=45)
BETWEEN_REACTIONS = timedelta(minutes=2)
BETWEEN_VISITS = timedelta(minutes=2)
BETWEEN_LETTERS = timedelta(minutes=12)
"""How long it takes on average until somebody does the like again."""

SHORTEST_VISIT, LONGEST_VISIT = timedelta(minutes=4), timedelta(minutes=70)
SELDOM = 0.25
SECONDS_FOR_A_LETTER_OF_TEXT = 0.15
"""How often people in voice do the less likely thing, and how fast they type."""

TALK = (
    "Morning all. The kettle is on in the workshop.",
    "Has anybody seen the blue toolbox?",
    "It is behind the piano. Do not ask.",
    "Who is coming on Thursday?",
    "Me, and I am bringing soup.",
    "I can take the late shift if somebody opens.",
    "Opening is fine with me, I have the key.",
    "The projector works again, it was the cable.",
    "It is always the cable.",
    "Could we move the reading circle to the quiet room?",
    "Yes please, the lounge was loud last week.",
    "I put the photos from Saturday into showcase.",
    "These are lovely, thank you!",
    "Does the printer take A3?",
    "Only if you feed it by hand and speak kindly.",
    "Reminder: the plants want water on weekdays too.",
    "I will be in voice for a while, come along.",
    "New episode tonight, anybody in?",
    "We need two more people for the board game.",
    "Count me in.",
    "Can somebody explain the new door code?",
    "Ask a steward, it is not for the chat.",
    "I finished the shelf. It is even level.",
    "Pictures or it did not happen.",
    "See you all tomorrow!",
)
LETTERS = (
    "Hi! I cannot see the staff calendar any more, is that on purpose?",
    "Hello, somebody keeps sending me odd links. Who do I tell?",
    "I booked the workshop for the wrong day, can you help?",
    "Could I become a host? I would like to help on Thursdays.",
    "My attendance from last night seems too short. Could somebody look?",
    "I lost my key card, what now?",
    "Is there a way to pay the membership in two parts?",
    "I would like to report a message in off-topic.",
)
ANSWERS = (
    "That was quick, thank you!",
    "Ah, that makes sense. One more thing: does it count for last week too?",
    "Perfect, it works now.",
    "I tried that already, sadly it did not help.",
    "Great, then I will wait for Thursday.",
)
REACTIONS = ("👍", "❤️", "😄", "🎉", "👀")


@dataclass(order=True)
class Plan:
    """What somebody is about to do."""

    due: datetime
    number: int
    deed: Callable[[], None] = field(compare=False)


class Community:
    """The people of a guild. What they do follows from the source of chance and from the clock alone.

    `pace` is how much faster they live than people do.
    """

    def __init__(self, world: World, guild: Guild, *, chance: Random, clock: Clock, pace: float = 1) -> None:
        self._world = world
        self._guild = guild
        self._chance = chance
        self._clock = clock
        self._pace = pace
        self._plans: list[Plan] = []
        self._planned = 0
        for deed, pause in (
            (self._talk, BETWEEN_MESSAGES),
            (self._react, BETWEEN_REACTIONS),
            (self._visit, BETWEEN_VISITS),
            (self._write, BETWEEN_LETTERS),
        ):
            self._plan_again(deed, pause)

    @property
    def next_at(self) -> datetime:
        """When the next one does something."""
        return self._plans[0].due

    def act(self) -> int:
        """Let everybody do what is due by now, and return how many did something.

        What comes next is planned from now on, so that nobody makes up for a time in which the program stood still.
        """
        now, done = self._clock.now(), 0
        while self._plans[0].due <= now:
            heapq.heappop(self._plans).deed()
            done += 1
        return done

    def gather(self, *, visits: int = 5, messages: int = 8) -> None:
        """Let some be in voice and some be typing, as whoever comes in the middle of an evening finds them."""
        for deed, times in ((self._visit, visits), (self._talk, messages)):
            for _ in range(times):
                deed()

    async def live(self) -> None:
        """Let people live until this is cancelled."""
        while True:
            self.act()
            await asyncio.sleep(max(0.0, (self.next_at - self._clock.now()).total_seconds()))

    def _plan(self, deed: Callable[[], None], pause: timedelta) -> None:
        self._planned += 1
        heapq.heappush(self._plans, Plan(self._clock.now() + pause / self._pace, self._planned, deed))

    def _plan_again(self, deed: Callable[[], None], pause: timedelta) -> None:
        """Plan something that is done again and again, after a pause that is this long on average."""

        def done() -> None:
            deed()
            self._plan_again(deed, pause)

        self._plan(done, pause * min(4.0, self._chance.expovariate(1)))

    def _talk(self) -> None:
        """Let somebody type something in a channel, and send it when it is typed."""
        channel = self._chance.choice(self._channels(TEXT))
        speakers = [each for each in self._people() if self._may(each, channel, Permission.SEND_MESSAGES)]
        if not speakers:
            return
        speaker, text = self._chance.choice(speakers), self._chance.choice(TALK)
        messages.type_in(self._world, channel, speaker)

        def send() -> None:
            # Meanwhile the channel may be gone, or the person silenced.
            if channel.id in self._guild.channels and self._may(speaker, channel, Permission.SEND_MESSAGES):
                messages.post(self._world, channel, speaker, Draft(content=text))

        self._plan(send, timedelta(seconds=SECONDS_FOR_A_LETTER_OF_TEXT * len(text)))

    def _react(self) -> None:
        """Let somebody react to one of the latest messages."""
        channel = self._chance.choice(self._channels(TEXT))
        latest = [each for each in list(channel.messages.values())[-5:] if each.visible_to is None]
        readers = [each for each in self._people() if self._may(each, channel, Permission.ADD_REACTIONS)]
        if latest and readers:
            reader, emoji = self._chance.choice(readers), self._chance.choice(REACTIONS)
            messages.react(self._world, channel, self._chance.choice(latest), reader, emoji)

    def _visit(self) -> None:
        """Let somebody join a voice channel for a while, rather one where others are, or mute or move there."""
        channels = [each for each in self._channels(VOICE) for _ in range(1 + self._present(each))]
        visitor, channel = self._chance.choice(self._people()), self._chance.choice(channels)
        state = self._guild.voice.get(visitor.id)
        if state is not None:
            where = channel if self._now_and_then() else self._guild.channels[state.channel_id]
            people.be_in_voice(self._world, self._guild, visitor, where, self_mute=not state.self_mute)
        elif self._may(visitor, channel, Permission.CONNECT):
            people.be_in_voice(self._world, self._guild, visitor, channel, self_mute=self._now_and_then())
            stay = SHORTEST_VISIT + (LONGEST_VISIT - SHORTEST_VISIT) * self._chance.random()
            self._plan(lambda: people.leave_voice(self._world, self._guild, visitor), stay)

    def _write(self) -> None:
        """Let somebody write to the bot: an answer if it has spoken to them, else something that moves them."""
        if self._world.bot.id not in self._guild.members:
            return
        writer = self._chance.choice(self._people())
        conversation = self._world.conversation(writer, self._world.bot)
        latest = next(reversed(conversation.messages.values()), None)
        answered = latest is not None and latest.author == self._world.bot
        text = self._chance.choice(ANSWERS if answered else LETTERS)
        messages.post(self._world, conversation, writer, Draft(content=text))

    def _now_and_then(self) -> bool:
        return self._chance.random() < SELDOM

    def _people(self) -> list[User]:
        return [each.user for each in self._guild.members.values() if not each.user.bot]

    def _channels(self, kind: int) -> list[Channel]:
        return [each for each in self._guild.channels.values() if each.type == kind]

    def _present(self, channel: Channel) -> int:
        return sum(each.channel_id == channel.id for each in self._guild.voice.values())

    def _may(self, user: User, channel: Channel, wanted: int) -> bool:
        return self._world.permissions(channel, user) & wanted == wanted
