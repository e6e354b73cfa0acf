"""Discord: REST version 10, the gateway, signing in by OAuth2, and the CDN, on one port of this machine.

It holds state and speaks the protocol: what a bot creates is there when it is read back, and permissions are judged as
Discord documents them. The control side below `/_sim` lets people act and things go wrong. What it leaves out: forums,
emojis and stickers of guilds, invitations, scheduled events, polls, auto-moderation, and voice itself.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from guildhall.core.clock import Clock, SystemClock
from guildhall.simulator.discord import cdn
from guildhall.simulator.discord.control import Control
from guildhall.simulator.discord.faults import Fault, Faults
from guildhall.simulator.discord.gateway import HEARTBEAT_INTERVAL, Gateway
from guildhall.simulator.discord.interactions import Desk
from guildhall.simulator.discord.limits import Limits
from guildhall.simulator.discord.oauth import OAuth
from guildhall.simulator.discord.refusals import Refused
from guildhall.simulator.discord.rest import Api, Exchange, Watch, in_discords_words
from guildhall.simulator.discord.start import create_world, furnish
from guildhall.simulator.discord.state import Guild
from guildhall.simulator.discord.world import SteeredClock, World, first_id_at
from guildhall.simulator.http import listen

__all__ = ["DiscordSimulator", "Exchange", "Fault", "Limits", "simulate"]

LARGEST_UPLOAD = 26 * 1024 * 1024
GOING_AWAY = 1001


@dataclass(frozen=True)
class DiscordSimulator:
    """Discord, as far as a bot can tell. `guild` is the one that is there from the start."""

    address: str
    world: World
    gateway: Gateway
    desk: Desk
    faults: Faults
    guild: Guild

    @property
    def api_base(self) -> str:
        """Where REST is, as the setting DISCORD_API_BASE wants it."""
        return f"{self.address}/api/v10"

    @property
    def gateway_url(self) -> str:
        """Where the gateway is, as the setting DISCORD_GATEWAY_URL wants it."""
        return self.gateway.address

    @property
    def token(self) -> str:
        """The bot's token."""
        return self.world.application.token

    @property
    def settings(self) -> dict[str, str]:
        """What a server needs in its environment to use it."""
        return {
            "DISCORD_API_BASE": self.api_base,
            "DISCORD_GATEWAY_URL": self.gateway_url,
            "DISCORD_TOKEN": self.token,
            "DISCORD_CLIENT_ID": self.world.application.id,
            "DISCORD_CLIENT_SECRET": self.world.application.secret,
            "DISCORD_GUILD_ID": self.guild.id,
        }


@asynccontextmanager
async def simulate(
    port: int = 0,
    *,
    clock: Clock | None = None,
    token: str | None = None,
    redirects: tuple[str, ...] = (),
    founded: datetime | None = None,
    limits: Limits | None = None,
    heartbeat: float = HEARTBEAT_INTERVAL,
    chunk: int = 1000,
    watch: Watch | None = None,
) -> AsyncIterator[DiscordSimulator]:
    """Run it on a port of this machine, a free one for 0, while the block runs. Raises OSError when it is taken.

    `token` is the bot's, made up unless given; `redirects` are the addresses that OAuth may send browsers to, any of
    this machine where there are none; `heartbeat` is in seconds; `chunk` bounds the members told at once; `watch` sees
    every exchange of REST. Whoever names the instant at which all was `founded` finds guild, channels and people under
    the same ids at every start, and another application, because its commands are not kept.
    """
    place, address = listen(port)
    clock = clock or SystemClock()
    world = create_world(
        address,
        _Still(founded) if founded else clock,
        bot_token=token,
        redirects=redirects,
        application_id=str(first_id_at(clock.now())) if founded else None,
    )
    guild = furnish(world)
    world.clock = SteeredClock(clock)
    gateway_address = f"{address.replace('http', 'ws', 1)}/gateway"
    gateway = Gateway(world, gateway_address, heartbeat=heartbeat, chunk=chunk)
    desk, faults = Desk(world), Faults()
    oauth = OAuth(world, faults)
    api = Api(world, desk, oauth, faults=faults, limits=limits or Limits(), watch=watch)
    app = web.Application(client_max_size=LARGEST_UPLOAD, middlewares=[in_discords_words])
    app.add_routes(api.routes(gateway_address))
    app.add_routes([*oauth.routes(), *cdn.routes(world, faults), *Control(world, gateway, desk, faults).routes()])
    app.add_routes([web.get(path, _door(gateway, faults)) for path in ("/gateway", "/")])
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1)
    await runner.setup()
    site = web.SockSite(runner, place)
    await site.start()
    try:
        yield DiscordSimulator(address, world, gateway, desk, faults, guild)
    finally:
        await site.stop()
        faults.clear()
        gateway.drop(GOING_AWAY)
        await runner.cleanup()


@dataclass(frozen=True)
class _Still:
    """A clock that shows one instant."""

    at: datetime

    def now(self) -> datetime:
        return self.at


def _door(gateway: Gateway, faults: Faults) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def enter(request: web.Request) -> web.StreamResponse:
        try:
            await faults.meet(request.path)
        except Refused as refused:
            return web.Response(status=refused.status)
        if request.headers.get("Upgrade", "").lower() != "websocket":
            raise web.HTTPNotFound
        return await gateway.meet(request)

    return enter
