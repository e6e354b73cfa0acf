"""The keys with which other systems open and answer tickets."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.core.errors import GuildhallError
from guildhall.domains.identity import Permission, desk
from guildhall.domains.identity.desk import KeyScope
from guildhall.domains.identity.desk.errors import InvalidExpiry
from guildhall.panel.forms import change, show
from guildhall.panel.pages import page, told
from guildhall.panel.words import Refusal
from guildhall.web.answers import Answer, redirect
from guildhall.web.bodies import number_in_path, read_form
from guildhall.web.calls import Call
from guildhall.web.house import House

KEYS: Final = "/panel/desk/keys"
MANAGE: Final = Permission.MANAGE_DESK_KEYS
OF_SCOPE: Final = "may_"

OFFERED: Final[Mapping[KeyScope, str]] = {
    KeyScope.READ: "read tickets",
    KeyScope.CREATE_TICKET: "open tickets",
    KeyScope.UPDATE_TICKET: "answer and close tickets",
}
WORDS: Final[Mapping[KeyScope, str]] = {
    **OFFERED,
    KeyScope.READ_TICKETS: "read tickets",
    KeyScope.WRITE: "open, answer and close tickets",
}
"""What a key may do, in words."""


@dataclass(frozen=True)
class Entered:
    """What a form asked for; `last_day` is empty for a key without an end."""

    name: str = ""
    last_day: str = ""
    scopes: tuple[KeyScope, ...] = (KeyScope.READ,)

    @classmethod
    def of(cls, fields: Mapping[str, str]) -> "Entered":
        """Read a form."""
        scopes = tuple(each for each in OFFERED if OF_SCOPE + each in fields)
        return cls(fields.get("name", ""), fields.get("last_day", "").strip(), scopes)

    def end(self, zone: ZoneInfo) -> datetime | None:
        """Return the end of the last day, None for never. Raises InvalidExpiry."""
        if not self.last_day:
            return None
        try:
            day = datetime.strptime(self.last_day, "%Y-%m-%d").replace(tzinfo=zone).date()
        except ValueError as fault:
            raise InvalidExpiry("Choose a day", field="last_day") from fault
        return datetime.combine(day, time.max, zone)


@show(KEYS, permission=MANAGE)
async def list_keys(call: Call, tx: Tx) -> Answer:
    """List the keys."""
    return await _page(call, tx)


@change(KEYS, permission=MANAGE)
async def create_key(call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Make a key and show it this once."""
    entered = Entered.of(read_form(call.body, dict[str, str]))
    try:
        async with tx.savepoint():
            _, value = await desk.create_integration_key(
                tx,
                actor,
                name=entered.name,
                scopes=entered.scopes,
                expires_at=entered.end(house.hub.zone),
                now=house.clock.now(),
            )
    except GuildhallError as error:
        refusal = Refusal.of(error, fields={"expires_at": "last_day"})
        return await _page(call, tx, entered=entered, refusal=refusal)
    return await _page(call, tx, value=value)


@change(KEYS + "/{key_id}/revoke", permission=MANAGE)
async def revoke_key(key_id: str, tx: Tx, actor: Actor, house: House) -> Answer:
    """End a key for good."""
    await desk.revoke_integration_key(tx, actor, number_in_path(key_id), now=house.clock.now())
    return redirect(told(KEYS, "key-revoked"))


@change(KEYS + "/{key_id}/delete", permission=MANAGE)
async def delete_key(key_id: str, tx: Tx, actor: Actor, house: House) -> Answer:
    """Remove a key from the list."""
    await desk.delete_integration_key(tx, actor, number_in_path(key_id), now=house.clock.now())
    return redirect(told(KEYS, "key-deleted"))


async def _page(
    call: Call, tx: Tx, *, entered: Entered | None = None, refusal: Refusal | None = None, value: str = ""
) -> Answer:
    keys = await desk.list_integration_keys(tx)
    return page(
        call,
        "desk_keys.html",
        status=refusal.status if refusal else 200,
        title="API keys",
        keys=keys,
        active={each.id for each in keys if each.is_active(call.house.clock.now())},
        words=WORDS,
        offered=OFFERED,
        entered=entered or Entered(),
        refusal=refusal,
        value=value,
    )
