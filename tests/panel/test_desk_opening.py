"""Staff open a ticket for a member in the panel, and see who that is on Discord."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from guildhall.core.actor import SYSTEM
from guildhall.domains.bot import Phase
from guildhall.domains.identity.desk import SubjectKind
from guildhall.domains.tickets import blocks
from guildhall.settings import Settings
from guildhall.simulator.discord import DiscordSimulator
from tests.clock import SettableClock
from tests.dialects.rustmail.channels import says
from tests.dialects.rustmail.people import MEMBER, OTHER, OWNER, FrontDesk
from tests.panel.test_desk_tickets import send
from tests.serving import Served, settings_for

NEW = "/panel/desk/new"


@pytest.fixture
def settings(database_url: str, tmp_path: Path, discord: DiscordSimulator) -> Settings:
    """Settings of a house whose staff and members are on one server."""
    return settings_for(database_url, tmp_path, **discord.settings)


@pytest.fixture
async def owner(served: Served, discord: DiscordSimulator, clock: SettableClock) -> AsyncIterator[httpx.AsyncClient]:
    """The owner of the server, who may do everything at the desk."""
    async with AsyncExitStack() as stack:
        yield await FrontDesk(served, discord, clock, stack).enters(OWNER)


async def test_staff_open_a_ticket_for_a_member_whom_they_name(
    served: Served, discord: DiscordSimulator, owner: httpx.AsyncClient
) -> None:
    house, known = served.house, {each.username: each.id for each in discord.world.users.values()}
    form = {"member": MEMBER, "subject": "Your booking", "text": "We are closed on Friday."}
    away = await send(owner, NEW, **form)
    assert (away.status_code, "We are closed on Friday." in away.text) == (503, True)
    await says(served, Phase.CONNECTED)
    async with house.database.write() as tx:
        await blocks.block(
            tx, SYSTEM, subject_kind=SubjectKind.USER, subject_id=known[OTHER], category_id=None, reason=None,
            notify=False, expires_at=None, now=house.clock.now(),
        )  # fmt: skip
    refused = {"": 400, "nobody of this name": 404, "1": 404, known[OTHER]: 403}
    assert {each: (await send(owner, NEW, **{**form, "member": each})).status_code for each in refused} == refused

    made = await send(owner, NEW, **form)
    assert made.status_code == 303
    one = made.headers["location"].partition("?")[0]
    shown = (await owner.get(one)).text
    assert ("Your booking" in shown, "On its way" in shown, ">opening<" in shown) == (True, True, True)
    assert (await send(owner, NEW, **{**form, "member": known[MEMBER]})).status_code == 409

    met = (await owner.get(f"{one}/member")).text
    assert ("On Discord" in met, f'<span class="hint">{MEMBER}</span>' in met) == (True, True)
