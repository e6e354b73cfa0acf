"""A guild at a glance: who is there, how the period goes, whether all of it is signed."""

from dataclasses import dataclass
from typing import Final

from guildhall.domains import attendance
from guildhall.domains.attendance import Guild, Mode, OccupiedChannel, TrackedChannel, Voice
from guildhall.panel.forms import show
from guildhall.panel.guild_door import MANAGE, Place, place_of
from guildhall.panel.guild_people import Member, members_of
from guildhall.panel.guild_words import Sign, policy_words, schedule_words, signs_of
from guildhall.panel.guilds import GUILD, guild_page
from guildhall.panel.office_bot import MODES
from guildhall.web.answers import Answer
from guildhall.web.calls import Call
from guildhall.web.house import House

MOST_CHANNELS: Final = 24
MOST_PEOPLE: Final = 24
"""How many are shown by name: a page is for looking at, and a guild may have thousands in voice."""

TOP: Final = 5


@dataclass(frozen=True)
class Present:
    """Somebody in voice and how their connection is."""

    member: Member
    signs: list[Sign]


@dataclass(frozen=True)
class Occupied:
    """A channel, those in it who are shown, and how many more there are."""

    name: str
    path: str
    people: list[Present]
    count: int

    @property
    def more(self) -> int:
        """How many are not shown by name."""
        return self.count - len(self.people)


@show(GUILD, permission=MANAGE, transaction="none")
async def show_overview(call: Call, house: House) -> Answer:
    """Show a guild at a glance."""
    place = place_of(call)
    guild_id = place.guild_id
    async with house.database.read() as tx:
        guild = await attendance.access_guild(tx, guild_id)
        occupied = await attendance.occupancy_of(tx, guild_id=guild_id)
        voices = await attendance.voices_of(tx, guild_id=guild_id)
        board = await attendance.board_of(tx, guild_id=guild_id, limit=TOP, now=house.clock.now())
        listed = await attendance.tracked_channels_of(tx, guild_id=guild_id)
        signing = await attendance.signing_status(tx, house.keyring, guild_id=guild_id)
    top = await members_of(house, place, [each.user_id for each in board.entries])
    return guild_page(
        call,
        "guild_overview.html",
        guild,
        title="Overview",
        period=board.period,
        schedule=schedule_words(guild.schedule),
        policy=policy_words(guild.fairness),
        mode=MODES[guild.mode],
        tracks=_tracks_something(guild, listed),
        channels=await rooms_of(house, place, occupied[:MOST_CHANNELS], voices),
        further=len(occupied[MOST_CHANNELS:]),
        count_here=sum(len(each.user_ids) for each in occupied),
        top=[(each, top[each.user_id]) for each in board.entries],
        on_board=board.total,
        signing=signing,
    )


async def rooms_of(house: House, place: Place, occupied: list[OccupiedChannel], voices: list[Voice]) -> list[Occupied]:
    """Return channels with the people in them, as far as they are shown by name."""
    shown = {each.channel_id: each.user_ids[:MOST_PEOPLE] for each in occupied}
    members = await members_of(house, place, [person for people in shown.values() for person in people])
    states = {voice.user_id: voice.state for voice in voices}
    return [
        Occupied(
            place.channel_name(each.channel_id),
            f"{place.path}/board/channels/{each.channel_id}",
            [
                Present(members[person], signs_of(states.get(person, 0), alone=len(each.user_ids) == 1))
                for person in shown[each.channel_id]
            ],
            len(each.user_ids),
        )
        for each in occupied
    ]


def _tracks_something(guild: Guild, listed: list[TrackedChannel]) -> bool:
    return guild.mode is not Mode.OFF and (guild.mode is not Mode.ALLOWLIST or bool(listed))
