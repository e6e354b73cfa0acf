"""Users, the application itself, and where the gateway is."""

from guildhall.simulator.discord import guilds, permissions, wire
from guildhall.simulator.discord.refusals import Json, Refused, missing_access
from guildhall.simulator.discord.rest.call import Call, Table


def get_self(call: Call) -> Json:
    """Return the caller."""
    return wire.own_user(call.user, email="email" in call.scopes)


def change_self(call: Call) -> Json:
    """Change the bot's name or picture."""
    form = call.form
    name = form.text("username", least=2, most=32)
    form.check()
    if name is not None:
        call.user.username = name
    for picture in ("avatar", "banner"):
        if picture in call.body:
            setattr(call.user, picture, f"{int(call.world.new_id()):032x}" if call.body[picture] else None)
    return wire.own_user(call.user, email=False)


def get_user(call: Call) -> Json:
    """Return anybody."""
    return wire.user(call.world.user(call.parts["user"]))


def open_conversation(call: Call) -> Json:
    """Return the channel of direct messages with somebody, made if need be."""
    form = call.form
    recipient = form.snowflake("recipient_id", required=True)
    form.check()
    other = call.world.user(str(recipient))
    if other.bot:
        raise Refused(400, 50007, "Cannot send messages to this user")
    return wire.channel(call.world.conversation(call.user, other))


def list_guilds(call: Call) -> list[Json]:
    """List the guilds that the caller is in."""
    limit = call.number("limit", 200, least=1, most=200)
    found = [each for each in call.world.guilds_of(call.user) if int(each.id) > int(call.query.get("after", 0))]
    shown: list[Json] = [
        {
            "id": each.id,
            "name": each.name,
            "icon": each.icon,
            "banner": None,
            "owner": each.owner_id == call.user.id,
            "permissions": str(permissions.in_guild(each, each.members[call.user.id])),
            "features": [],
        }
        for each in sorted(found, key=lambda each: int(each.id))
    ]
    return shown[:limit]


def get_own_member(call: Call) -> Json:
    """Return the caller's membership of a guild."""
    return wire.member(call.guild.members[call.user.id])


def leave_guild(call: Call) -> None:
    """Let the bot leave a guild."""
    guilds.expel_bot(call.world, call.guild)


def get_application(call: Call) -> Json:
    """Return the application."""
    world = call.world
    if not call.user.bot:
        raise missing_access()
    return wire.own_application(world.application, guilds=len(list(world.guilds_of(world.bot))))


def get_authorization(call: Call) -> Json:
    """Return what the caller granted the application."""
    return {
        "application": wire.application(call.world.application),
        "scopes": sorted(call.scopes),
        "expires": wire.moment(call.world.now()),
        "user": wire.user(call.user),
    }


def get_regions(_: Call) -> list[Json]:
    """List where voice may be."""
    return [{"id": "rotterdam", "name": "Rotterdam", "custom": False, "deprecated": False, "optimal": True}]


TABLE: Table = [
    ("GET", "/users/@me", get_self),
    ("PATCH", "/users/@me", change_self),
    ("GET", "/users/@me/guilds", list_guilds),
    ("GET", "/users/@me/guilds/{guild}/member", get_own_member),
    ("DELETE", "/users/@me/guilds/{guild}", leave_guild),
    ("POST", "/users/@me/channels", open_conversation),
    ("GET", "/users/{user}", get_user),
    ("GET", "/applications/@me", get_application),
    ("GET", "/oauth2/applications/@me", get_application),
    ("GET", "/oauth2/@me", get_authorization),
    ("GET", "/voice/regions", get_regions),
]
