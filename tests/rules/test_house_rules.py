"""The rules of the house are kept, and each of them notices when it is broken."""

import inspect
from pathlib import Path

import pytest

from guildhall.app import FACES
from guildhall.core.actor import Credential
from guildhall.core.errors import GuildhallError
from guildhall.domains.identity import Permission
from guildhall.domains.identity.permissions import CEILING
from guildhall.panel import ROUTES as PANEL_ROUTES
from guildhall.web.hooks import ROUTES as HOOK_ROUTES
from guildhall.web.routing import Route, RouteError, route
from guildhall.web.system import ROUTES as SYSTEM_ROUTES
from tools.rules import RULES, SOURCE, breaches

ROUTES = [*SYSTEM_ROUTES, *HOOK_ROUTES, *PANEL_ROUTES, *(each for _, routes in FACES for each in routes)]

BROKEN = {
    "no-commit": [
        ("domains/rooms/bookings.py", "async def book(tx):\n    await tx.commit()"),
        ("web/routing.py", "connection.rollback()"),
        ("app.py", "with engine.begin() as connection:\n    pass"),
        ("core/outbox.py", "cursor.execute('BEGIN IMMEDIATE')"),
        ("dialects/veza/tracks.py", "END = '  COMMIT'"),
    ],
    "select-in-queries": [
        ("domains/rooms/bookings.py", "ROOM = query(Room, select(rooms))"),
        ("domains/rooms/models.py", "ROOM = rooms.select()"),
        ("domains/queries.py", "import sqlalchemy as sa\nROOM = sa.select(rooms)"),
        ("panel/rooms.py", "FOUND = exists(rooms)"),
        ("app.py", "select(users)"),
    ],
    "no-naive-time": [
        ("domains/rooms/times.py", "datetime.now()"),
        ("core/clock.py", "import datetime\ndatetime.datetime.now()"),
        ("core/log.py", "datetime.utcnow()"),
        ("core/log.py", "datetime.fromtimestamp(0)"),
        ("core/log.py", "datetime.utcfromtimestamp(0)"),
        ("core/ids.py", "date.today()"),
    ],
    "time-from-clock": [
        ("domains/rooms/times.py", "datetime.now(UTC)"),
        ("web/edge.py", "time.time()"),
        ("web/edge.py", "from time import time"),
        ("core/jobs/engine.py", "time.time_ns()"),
        ("panel/week.py", "time.localtime()"),
    ],
    "no-environment": [
        ("core/crypto.py", "os.environ['SECRET_KEY']"),
        ("server.py", "os.getenv('PORT')"),
        ("adapters/smtp.py", "from os import environ"),
        ("domains/rooms/hub.py", "os.environ.get('TZ')"),
    ],
    "no-assembled-sql": [
        ("domains/rooms/queries.py", "f'SELECT * FROM {table}'"),
        ("domains/rooms/queries.py", "'DELETE FROM rooms WHERE id = ' + room_id"),
        ("domains/rooms/queries.py", "'UPDATE rooms SET name = %s' % name"),
        ("domains/rooms/queries.py", "'SELECT {}'.format(column)"),
        ("core/outbox.py", "text(statement)"),
        ("core/outbox.py", "text(f'{column} IS NULL')"),
    ],
    "no-print": [
        ("domains/rooms/bookings.py", "print('booked')"),
        ("server.py", "sys.stderr.write('listening')"),
    ],
    "named-routes": [
        ("dialects/veza/tracks.py", "@route('GET', '/x', permission=PUBLIC)\nasync def x(): ..."),
        ("dialects/veza/tracks.py", "@route('GET', '/x', accepts=OPEN)\nasync def x(): ..."),
        ("panel/rooms.py", "Route('GET', '/x', handler)"),
        ("panel/rooms.py", "from litestar import get"),
        ("app.py", "from litestar.handlers import HTTPRouteHandler"),
    ],
}
KEPT = [
    ("core/db/sqlite.py", "writer.execute('BEGIN IMMEDIATE')\nconnection.commit()"),
    ("migrations/env.py", "connection.commit()"),
    ("migrations/versions/m0001.py", "op.execute('BEGIN INSERT INTO a VALUES (1); END')"),
    ("core/outbox.py", "JOBS = query(Job, select(jobs))"),
    ("domains/rooms/queries.py", "ROOM = query(Room, select(rooms))"),
    ("domains/rooms/policy.py", "ROOM = query(Room, select(rooms))"),
    ("domains/rooms/bookings.py", "BEGIN = insert_if_new(rooms)\nCANCEL = command(update(rooms))"),
    ("domains/identity/permissions.py", "MEMBER.union(*others)"),
    ("core/clock.py", "datetime.now(UTC)"),
    ("core/log.py", "datetime.now(tz=UTC)"),
    ("core/jobs/engine.py", "datetime.fromtimestamp(0, UTC)\ndatetime.fromtimestamp(0, tz=UTC)\nhouse.clock.now()"),
    ("web/edge.py", "time.perf_counter()\ntime.monotonic()"),
    ("settings/reading.py", "os.environ"),
    ("cli.py", "os.environ\nprint('done')"),
    ("server.py", "scope.environ\nos.path.exists('x')"),
    ("domains/rooms/errors.py", "f'{name} is booked from {start}'\n'The room' + name\n'Please select {}'.format(name)"),
    ("domains/rooms/models.py", "text('state = 1')\nCheckConstraint(f'ends_at - starts_at <= {most}')"),
    ("domains/rooms/bookings.py", "console.print('x')\nlog.info('printed')"),
    ("dialects/veza/tracks.py", "@route('GET', '/x', permission=PUBLIC, accepts=OPEN)\nasync def x(): ..."),
    ("web/routing.py", "Route('GET', '/x', handler)\nfrom litestar.handlers import HTTPRouteHandler"),
    ("app.py", "from litestar import Litestar, Router\nhouse.cache.get('x')\nhouse.cache.delete('x')"),
]


def found_in(folder: Path, place: str, code: str) -> list[str]:
    """The names of the rules that a module with this code breaks."""
    module = folder / place
    module.parent.mkdir(parents=True, exist_ok=True)
    module.write_text(code)
    return [breach.rule.name for breach in breaches(folder)]


def test_the_house_keeps_its_rules() -> None:
    assert [str(breach) for breach in breaches(SOURCE)] == []


@pytest.mark.parametrize(
    ("name", "place", "code"),
    [(name, place, code) for name, cases in BROKEN.items() for place, code in cases],
    ids=lambda value: str(value)[:60],
)
def test_a_rule_notices_when_it_is_broken(tmp_path: Path, name: str, place: str, code: str) -> None:
    assert name in found_in(tmp_path, place, code)


@pytest.mark.parametrize(("place", "code"), KEPT, ids=lambda value: str(value)[:60])
def test_a_rule_lets_through_what_it_is_not_about(tmp_path: Path, place: str, code: str) -> None:
    assert found_in(tmp_path, place, code) == []


def test_each_rule_is_broken_on_purpose_here_and_says_why_it_is_there() -> None:
    assert {rule.name for rule in RULES} == set(BROKEN)
    assert all(len(rule.reason) > 40 for rule in RULES)
    assert all(len(reason) > 5 for rule in RULES for reason in rule.let_through.values())


def test_what_a_rule_lets_through_is_still_there() -> None:
    gone = [pattern for rule in RULES for pattern in rule.let_through if not list(SOURCE.glob(pattern))]
    assert gone == []


async def handler() -> None:
    """Do nothing."""


def test_a_route_without_a_permission_or_credentials_cannot_be_declared() -> None:
    for said in ({}, {"permission": Permission.PUBLIC}, {"accepts": Credential.NONE}):
        with pytest.raises(RouteError, match="GET /x names no permission or no credentials"):
            route("GET", "/x", **said)
    assert route("GET", "/x", permission=Permission.PUBLIC, accepts=Credential.NONE)(handler).handler is handler


def test_a_route_whose_handler_asks_for_what_nothing_can_give_cannot_be_declared() -> None:
    async def wants_a_number(number: int) -> None:
        """Want a number."""

    async def wants_an_absent_part(room_id: str) -> None:
        """Want a part of the path that is not there."""

    for wants in (wants_a_number, wants_an_absent_part):
        with pytest.raises(RouteError, match="/x: nothing can fill the parameter"):
            route("GET", "/x", permission=Permission.PUBLIC, accepts=Credential.NONE)(wants)


@pytest.mark.parametrize("each", ROUTES, ids=lambda each: f"{each.method} {each.path}")
def test_a_route_can_be_passed_by_somebody_and_only_with_what_it_accepts(each: Route) -> None:
    """A route that no accepted credential may ever pass is a mistake; so is one that strangers pass by accident."""
    able = [
        credential for credential in Credential if credential & each.accepts and each.permission in CEILING[credential]
    ]
    assert able
    assert (each.permission is Permission.PUBLIC) or not each.accepts & Credential.NONE
    assert each.summary.endswith(".")
    assert all(issubclass(refusal, GuildhallError) for refusal in each.refusals)
    assert each.transaction in {"read", "write", "none"}
    assert inspect.iscoroutinefunction(each.handler)
