"""How the world begins: an application with its bot, and one guild with people in it."""

import secrets

from guildhall.core.clock import Clock
from guildhall.simulator.discord import guilds, people
from guildhall.simulator.discord.permissions import EVERYBODY, Permission
from guildhall.simulator.discord.state import CATEGORY, TEXT, VOICE, Application, Channel, Guild, Overwrite, Role, User
from guildhall.simulator.discord.world import PRIVILEGED, SteeredClock, World, token

GUILD = "The Lantern"
BOT = "guildhall"
OWNER = ("mara", "Mara Lindqvist")
PEOPLE = (
    ("tobias.k", "Tobias"),
    ("ines_v", "Inês"),
    ("okonkwo", "Chidi Okonkwo"),
    ("juniper", "Juniper"),
    ("hana.sato", "Hana"),
    ("leopold", "Leo"),
    ("marguerite", "Marguerite"),
    ("davvi", "Dávvi"),
    ("rosa.m", "Rosa"),
    ("wouter", "Wouter"),
    ("amina", "Amina"),
    ("pavel_n", "Pavel"),
)
ROLES = (("Steward", 0x4F7CAC), ("Host", 0x7FB069), ("Regular", 0xC9ADA7))
"""From the highest to the lowest; the first of the people are stewards, the next hosts, the next regulars."""

CHANNELS = (
    ("Hall", ("welcome", "general", "showcase"), ("Lounge", "Workshop")),
    ("Tables", ("planning", "off-topic"), ("Quiet room",)),
)
STAFF = "staff"
OF_STEWARDS = int(
    Permission.KICK_MEMBERS | Permission.BAN_MEMBERS | Permission.MANAGE_GUILD | Permission.MANAGE_CHANNELS
    | Permission.MANAGE_MESSAGES | Permission.MODERATE_MEMBERS | Permission.MANAGE_ROLES
)  # fmt: skip


def create_world(
    address: str,
    clock: Clock,
    *,
    bot_token: str | None = None,
    redirects: tuple[str, ...] = (),
    application_id: str | None = None,
) -> World:
    """Return a world with an application and its owner, and nothing else."""
    world = World(address, SteeredClock(clock))
    bot, owner = world.add_user(BOT, bot=True, user_id=application_id), world.add_user(*OWNER)
    world.application = Application(
        id=bot.id,
        name="Guildhall",
        bot=bot,
        token=bot_token or token(),
        secret=secrets.token_hex(16),
        owner=owner,
        privileged=PRIVILEGED,
        redirects=redirects,
    )
    return world


def furnish(world: World) -> Guild:
    """Found the guild that is there from the start."""
    guild = guilds.found(world, GUILD, world.application.owner)
    own = guild.members[world.bot.id].roles[0]
    roles = [
        Role(world.new_id(), name, OF_STEWARDS if name == "Steward" else EVERYBODY, 1, color, hoist=True)
        for name, color in ROLES
    ]
    # Each new role goes to the bottom, below the bot's own.
    for role in roles:
        guilds.create_role(world, guild, role)
    _add_people(world, guild, roles)
    for category, texts, voices in CHANNELS:
        parent = _add(world, guild, CATEGORY, category)
        for name in texts:
            _add(world, guild, TEXT, name, parent)
        for name in voices:
            _add(world, guild, VOICE, name, parent)
    _hide(_add(world, guild, TEXT, STAFF), guild, roles[0].id, own)
    return guild


def _add_people(world: World, guild: Guild, roles: list[Role]) -> None:
    for number, (username, name) in enumerate(PEOPLE):
        user: User = world.add_user(username, name)
        people.join(world, guild, user, [each.id for each in roles[number // 2 : number // 2 + 1]])


def _add(world: World, guild: Guild, kind: int, name: str, parent: Channel | None = None) -> Channel:
    channel = Channel(world.new_id(), kind, name, guild.id, guilds.next_position(guild, kind))
    channel.parent_id = parent.id if parent else None
    return guilds.create_channel(world, guild, channel)


def _hide(channel: Channel, guild: Guild, *role_ids: str) -> None:
    """Let only these roles see a channel."""
    view = int(Permission.VIEW_CHANNEL)
    shown = [Overwrite(each, 0, view, 0) for each in role_ids]
    channel.overwrites = {each.id: each for each in (Overwrite(guild.id, 0, 0, view), *shown)}
