"""People in the voice channels of simulated guilds, and what they do there."""

from dataclasses import dataclass

from guildhall.simulator.discord import DiscordSimulator, guilds, people
from guildhall.simulator.discord.state import VOICE, Channel, Guild, User

IN_CHANNEL = 8
"""People of each channel, where a guild has so many."""

JOIN, MUTE, MOVE, SPEAK, LEAVE = STAGES = range(5)
"""What a person does in turn, again and again."""

SEEN_BY = (1, 0, 2, 0, 1)
"""How many beginnings and ends of sessions each of these leaves in a store."""


@dataclass(frozen=True)
class Deed:
    """What one of the people does next."""

    person: int
    stage: int


@dataclass(frozen=True)
class _Person:
    user: User
    guild: Guild
    first: Channel
    second: Channel


class Crowd:
    """So many people, spread over so many guilds of a simulated Discord beside the one that it has from the start."""

    def __init__(self, discord: DiscordSimulator, *, guilds: int, people: int) -> None:
        self._world = discord.world
        self.guilds = guilds + 1
        homes = [self._home(people // guilds // IN_CHANNEL + 2) for _ in range(guilds)]
        apart = max(1, guilds // people)
        self._people = [self._person(number, *homes[number * apart % guilds]) for number in range(people)]

    def does(self, deed: Deed) -> None:
        """Let somebody do what they do next."""
        who = self._people[deed.person]
        channel = None if deed.stage == LEAVE else who.first if deed.stage in (JOIN, MUTE) else who.second
        people.be_in_voice(self._world, who.guild, who.user, channel, self_mute=deed.stage in (MUTE, MOVE))

    def _home(self, channels: int) -> tuple[Guild, list[Channel]]:
        guild = guilds.found(self._world, "A guild", self._world.application.owner)
        return guild, [self._channel(guild, number) for number in range(channels)]

    def _channel(self, guild: Guild, number: int) -> Channel:
        made = Channel(self._world.new_id(), VOICE, f"Room {number}", guild.id, number)
        return guilds.create_channel(self._world, guild, made)

    def _person(self, number: int, guild: Guild, rooms: list[Channel]) -> _Person:
        user = self._world.add_user(f"person{number}")
        people.join(self._world, guild, user, [])
        place = number // IN_CHANNEL
        return _Person(user, guild, rooms[place % len(rooms)], rooms[(place + 1) % len(rooms)])


def story(people: int, turns: int) -> list[Deed]:
    """Return what people do, turn after turn. In each turn some join, some move and some leave; in the end all do."""
    deeds = []
    there = [-1] * people
    for turn in range(turns):
        for person in range(people):
            stage = (turn + person) % len(STAGES)
            if stage == JOIN or there[person] >= 0:
                deeds.append(Deed(person, stage))
                there[person] = -1 if stage == LEAVE else stage
    return deeds + [Deed(person, LEAVE) for person, stage in enumerate(there) if stage >= 0]
