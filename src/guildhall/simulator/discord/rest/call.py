"""What a handler is given, and what it gives back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import unquote

from guildhall.simulator.discord.drafts import Draft, Upload, read
from guildhall.simulator.discord.forms import Form
from guildhall.simulator.discord.interactions import Desk
from guildhall.simulator.discord.refusals import Json, bad_form, missing_access
from guildhall.simulator.discord.state import Channel, Guild, User
from guildhall.simulator.discord.world import World


@dataclass(frozen=True)
class Reply:
    """An answer whose status is not the usual one."""

    status: int
    body: object


@dataclass(frozen=True)
class Call:
    """A request, read and authorised: `user` is who asks, `scopes` what they may if they are no bot."""

    world: World
    desk: Desk
    user: User
    parts: Mapping[str, str]
    query: Mapping[str, str] = field(default_factory=dict)
    body: Json = field(default_factory=dict)
    items: list[Json] = field(default_factory=list)
    uploads: Mapping[int, Upload] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    scopes: frozenset[str] = frozenset()

    @property
    def form(self) -> Form:
        """The body, to be read field by field."""
        return Form(self.body)

    @property
    def draft(self) -> Draft:
        """The body as a message. Raises Invalid Form Body."""
        return read(self.body, self.uploads)

    @property
    def reason(self) -> str | None:
        """The reason for the audit log."""
        said = self.headers.get("X-Audit-Log-Reason")
        return unquote(said) if said else None

    @property
    def guild(self) -> Guild:
        """The guild of the address. Raises Unknown Guild, Missing Access where the caller is no member."""
        guild = self.world.guild(self.parts["guild"])
        if self.user.id not in guild.members:
            raise missing_access()
        return guild

    def channel(self, wanted: int = 0) -> Channel:
        """Return the channel of the address, in which the caller may do what is wanted.

        Raises Unknown Channel, Missing Access, Missing Permissions.
        """
        channel = self.world.channel(self.parts["channel"])
        self.world.require(channel, self.user, wanted)
        return channel

    def number(self, name: str, default: int, *, least: int, most: int) -> int:
        """Return a number of the query within these bounds. Raises Invalid Form Body."""
        value = self.query.get(name)
        if value is None:
            return default
        if not value.isdecimal() or not least <= int(value) <= most:
            message = f"int value should be between {least} and {most}."
            raise bad_form({name: {"_errors": [{"code": "NUMBER_TYPE_RANGE", "message": message}]}})
        return int(value)


Handler: TypeAlias = Callable[[Call], object]
"""Answers a call: with a body for 200, None for 204, a `Reply` for any other status. Raises Refused."""

Table: TypeAlias = list[tuple[str, str, Handler]]
"""Methods and paths with their handlers."""
