"""The commands of the client, each a call or two of the hub's API."""

import platform
import sys
import time
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import typer

from guildhall.client import sheets
from guildhall.client.conversation import (
    Conversation,
    address,
    asking,
    failures_told,
    login_file,
    stored_login,
)
from guildhall.client.failures import BadUsage, LoggedInElsewhere, LoginOver, NotLoggedIn, NotReachable, Refused
from guildhall.client.login_file import Login, LoginFile
from guildhall.client.wire import (
    Action,
    Availability,
    Booking,
    Bookings,
    Executed,
    Ok,
    Profile,
    Room,
    Rooms,
    Shifts,
    SignedUp,
    path_of,
)

if TYPE_CHECKING:
    from guildhall.client.hub import Answer

CLIENT_PANEL = "At a hub, as yourself"
OWN_TOKEN = "/v1/users/me/tokens/current"  # noqa: S105 (a path)
NO_SUCH_BOOKING = "booking_not_found"

ServerOption = Annotated[
    str | None,
    typer.Option(
        "--server", envvar="GUILDHALL_SERVER", help="The server's address; that of the stored login by default."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the server's answer as it is.")]
RoomId = Annotated[str, typer.Argument(help="The room's id, as `rooms` lists it.")]
Day = Annotated[str, typer.Argument(metavar="DATE", help="today, tomorrow, or a day such as 2026-12-01.")]
DayOrToday = Annotated[
    str | None, typer.Argument(metavar="[DATE]", help="today, tomorrow, or a day such as 2026-12-01; today by default.")
]
SlotNumber = Annotated[int, typer.Argument(metavar="SLOT", min=0, help="The slot's number, as `shifts` lists it.")]
ActionId = Annotated[str, typer.Argument(metavar="ID", help="The action's id.")]


def login(
    context: typer.Context,
    *,
    server: ServerOption = None,
    app_secret: Annotated[
        str, typer.Option(envvar="GUILDHALL_APP_SECRET", help="The secret of the app; asked for when it is not set.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Log in by a code that you approve in the browser.

    The app secret stands on the panel's page of apps. On the command line other people of the machine can read it: let
    the command ask for it, or set GUILDHALL_APP_SECRET.
    """
    from guildhall.client import device_login
    from guildhall.client.hub import Hub
    from guildhall.client.printing import waiting

    with failures_told(as_json=as_json):
        file = login_file(context)
        where = address(server) if server else _known_server(file)
        file.make_folder()
        with Hub(where, app_secret or _ask_for_secret()) as hub:
            codes = device_login.start(hub, f"{context.find_root().info_name} on {platform.node()}")
            typer.echo(sheets.plain(f"Open {codes.verify_url} and enter code: {codes.user_code}"), err=as_json)
            with waiting("Waiting for you to approve it…"):
                answer = device_login.wait_for_token(hub, codes, pause=time.sleep)
        granted = answer.value
        _keep(file, Login(where, granted.token))
        told = f"Logged in as {granted.display_name} (@{granted.username or granted.user_id})"
        typer.echo(_without_token(answer.document) if as_json else sheets.plain(told))


def logout(
    context: typer.Context,
    *,
    server: ServerOption = None,
    forget: Annotated[
        bool, typer.Option("--forget", help="Forget the login here even when the server cannot be asked.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """End the login at the server, and forget it here."""
    from guildhall.client.hub import Hub

    file = login_file(context)
    with failures_told(as_json=as_json):
        try:
            stored = stored_login(context, server)
            with Hub(stored.server, stored.token) as hub:
                document = hub.delete(OWN_TOKEN, Ok).document
            told = f"Logged out of {stored.server}"
        except LoginOver as over:
            document, told = over.json, "The login was over already, and is forgotten here"
        except LoggedInElsewhere:
            raise
        except (NotLoggedIn, NotReachable) as failure:
            if not forget:
                raise
            document, told = failure.json, f"{failure}; forgotten here, and maybe still known there"
        file.forget()
        typer.echo(document if as_json else sheets.plain(told))


def whoami(context: typer.Context, *, server: ServerOption = None, as_json: JsonOption = False) -> None:
    """Show who you are at the hub."""
    with asking(context, server, as_json=as_json) as talk:
        talk.show(talk.hub.get("/v1/users/me", Profile), sheets.of_profile)


def rooms(context: typer.Context, *, server: ServerOption = None, as_json: JsonOption = False) -> None:
    """List the rooms."""
    with asking(context, server, as_json=as_json) as talk:
        talk.show(talk.hub.get("/v1/rooms", Rooms), sheets.of_rooms)


def availability(
    context: typer.Context,
    room: RoomId,
    date: DayOrToday = None,
    *,
    server: ServerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show when a room is free on a day, and what is in it."""
    with asking(context, server, as_json=as_json) as talk:
        query = {"date": talk.day(date)} if date else {}
        talk.show(talk.hub.get(path_of("rooms", room, "availability"), Availability, query), sheets.of_availability)


def book(
    context: typer.Context,
    room: RoomId,
    date: Day,
    start: Annotated[str, typer.Argument(help="The time it begins, such as 14:00, by the hub's clock.")],
    end: Annotated[str, typer.Argument(help="The time it ends.")],
    title: Annotated[str, typer.Argument(help="What for.")],
    *,
    description: Annotated[str | None, typer.Option(help="More about it.")] = None,
    private: Annotated[bool, typer.Option("--private", help="Show others only that the room is busy.")] = False,
    email: Annotated[str | None, typer.Option(help="Send an invitation to this address.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Book in the past without asking.")] = False,
    server: ServerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Book a room."""
    body = {"start": start, "end": end, "title": title, "description": description, "private": private, "email": email}
    with asking(context, server, as_json=as_json) as talk:
        body["date"] = talk.day(date)
        if not yes and _is_past(talk, room, f"{body['date']} {start}"):
            _ask_about_the_past(f"{body['date']} {start}")
        answer = talk.hub.post(path_of("rooms", room, "book"), Booking, body)
        made = answer.value
        talk.say(answer, f"Booked {made.room} on {sheets.when(made)}: {made.title} ({made.event_id})")


def bookings(context: typer.Context, *, server: ServerOption = None, as_json: JsonOption = False) -> None:
    """List your bookings from today on."""
    with asking(context, server, as_json=as_json) as talk:
        talk.show(talk.hub.get("/v1/users/me/bookings", Bookings), sheets.of_bookings)


def cancel(
    context: typer.Context,
    event: Annotated[str, typer.Argument(help="The booking's id, as `bookings` lists it.")],
    *,
    room: Annotated[str | None, typer.Option(help="Its room, where you know it; otherwise it is looked for.")] = None,
    server: ServerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Cancel a booking."""
    with asking(context, server, as_json=as_json) as talk:
        answer = _cancel(talk, event, [room] if room else _rooms_to_try(talk, event))
        talk.say(answer, f"Cancelled {event}")


def shifts(
    context: typer.Context,
    date: DayOrToday = None,
    *,
    to: Annotated[str | None, typer.Option(metavar="DATE", help="The last of several days.")] = None,
    server: ServerOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the shifts of a day or of several, and who does them."""
    with asking(context, server, as_json=as_json) as talk:
        names = ("from", "to") if to else ("date", "")
        query = {name: talk.day(text) for name, text in zip(names, (date, to), strict=True) if text}
        talk.show(talk.hub.get("/v1/shifts", Shifts, query), sheets.of_shifts)


def signup(
    context: typer.Context, date: Day, slot: SlotNumber, *, server: ServerOption = None, as_json: JsonOption = False
) -> None:
    """Sign up for a shift."""
    with asking(context, server, as_json=as_json) as talk:
        answer = talk.hub.post(path_of("shifts", talk.day(date), str(slot), "signup"), SignedUp)
        done = answer.value
        beside = "; it overlaps another shift of yours" if "overlaps_own_shift" in done.warnings else ""
        left = f"places left: {done.spots_left}"
        talk.say(answer, f"Signed up for {done.date} {done.slot.start}-{done.slot.end}, {left}{beside}")


def withdraw(
    context: typer.Context, date: Day, slot: SlotNumber, *, server: ServerOption = None, as_json: JsonOption = False
) -> None:
    """Give your place in a shift back."""
    with asking(context, server, as_json=as_json) as talk:
        day = talk.day(date)
        talk.say(
            talk.hub.delete(path_of("shifts", day, str(slot), "signup"), Ok), f"Withdrawn from slot {slot} on {day}"
        )


actions = typer.Typer()


@actions.callback(invoke_without_command=True)
def list_actions(context: typer.Context, *, server: ServerOption = None, as_json: JsonOption = False) -> None:
    """List what apps have prepared for you, look at one, do it or decline it."""
    if context.invoked_subcommand is not None:
        return
    with asking(context, server, as_json=as_json) as talk:
        answer = talk.hub.get("/v1/users/me", Profile, {"include": "actions"})
        waiting = answer.value.actions
        if isinstance(waiting, msgspec.UnsetType):
            raise Refused(
                f"{talk.hub.server} lists prepared actions on its pages only: {talk.hub.server}/panel/actions"
            )
        talk.show(answer, lambda _: sheets.of_actions(waiting))


@actions.command("show")
def show_action(
    context: typer.Context, action_id: ActionId, *, server: ServerOption = None, as_json: JsonOption = False
) -> None:
    """Show a prepared action and how it stands."""
    with asking(context, server, as_json=as_json) as talk:
        talk.show(talk.hub.get(path_of("actions", action_id), Action), sheets.of_action)


@actions.command("execute")
def execute_action(
    context: typer.Context, action_id: ActionId, *, server: ServerOption = None, as_json: JsonOption = False
) -> None:
    """Do what was prepared; it can be done once."""
    with asking(context, server, as_json=as_json) as talk:
        talk.say(talk.hub.post(path_of("actions", action_id, "execute"), Executed), f"Done: {action_id}")


@actions.command("decline")
def decline_action(
    context: typer.Context, action_id: ActionId, *, server: ServerOption = None, as_json: JsonOption = False
) -> None:
    """Decline what was prepared."""
    with asking(context, server, as_json=as_json) as talk:
        talk.say(talk.hub.delete(path_of("actions", action_id), Ok), f"Declined: {action_id}")


COMMANDS = (login, logout, whoami, rooms, availability, book, bookings, cancel, shifts, signup, withdraw)


def add_client_commands(app: typer.Typer, *, called: Mapping[str, str] | None = None) -> None:
    """Give a program the commands of the client; `called` has other names for some of them."""
    for command in COMMANDS:
        name = command.__name__
        app.command((called or {}).get(name, name), rich_help_panel=CLIENT_PANEL)(command)
    app.add_typer(actions, name="actions", rich_help_panel=CLIENT_PANEL)


def _known_server(file: LoginFile) -> str:
    """Return the server of the login there was, for somebody whose login is over."""
    try:
        return file.read().server
    except NotLoggedIn as fault:
        raise BadUsage("Say at which server, by `--server https://...` or GUILDHALL_SERVER") from fault


def _keep(file: LoginFile, login: Login) -> None:
    """Write a login down; a token that cannot be kept is given back."""
    from guildhall.client.hub import Hub

    try:
        file.write(login)
    except NotLoggedIn:
        with Hub(login.server, login.token) as hub:
            hub.delete(OWN_TOKEN, Ok)
        raise


def _ask_for_secret() -> str:
    if not sys.stdin.isatty():
        raise BadUsage("Set GUILDHALL_APP_SECRET to the secret of the app, which the panel's page of apps shows")
    secret: str = typer.prompt("App secret", hide_input=True, err=True)
    return secret


def _without_token(document: str) -> str:
    """Return what the server said when it let us in, but for the token: that is for the file alone."""
    said: dict[str, Any] = msgspec.json.decode(document)
    del said["token"]
    return msgspec.json.encode(said).decode()


def _is_past(talk: Conversation, room: str, start: str) -> bool:
    """Tell whether a time at the hub is over, by the hub's own clock; a time that is none is for the hub to refuse."""
    answer = talk.hub.get(path_of("rooms", room), Room)
    try:
        begins = datetime.strptime(start, "%Y-%m-%d %H:%M").replace(tzinfo=ZoneInfo(answer.value.timezone))
    except (ValueError, ZoneInfoNotFoundError):
        return False
    return answer.at is not None and begins < answer.at


def _ask_about_the_past(start: str) -> None:
    """Go on only when the person means it."""
    if not sys.stdin.isatty():
        raise BadUsage(f"{start} is in the past; `--yes` books it all the same")
    typer.confirm(f"{start} is in the past. Book it all the same?", abort=True, err=True)


def _rooms_to_try(talk: Conversation, event: str) -> list[str]:
    """Return the room of a booking of one's own, else all rooms: administrators cancel what others booked."""
    mine = talk.hub.get("/v1/users/me/bookings", Bookings).value.bookings
    known = [each.room for each in mine if each.event_id == event]
    return known or [each.id for each in talk.hub.get("/v1/rooms", Rooms).value.rooms]


def _cancel(talk: Conversation, event: str, rooms_to_try: list[str]) -> "Answer[Ok]":
    missed = Refused(f"There is no booking {event}", error=NO_SUCH_BOOKING)
    for room in rooms_to_try:
        try:
            return talk.hub.delete(path_of("rooms", room, "book", event), Ok)
        except Refused as refusal:
            if refusal.error != NO_SUCH_BOOKING:
                raise
            missed = refusal
    raise missed
