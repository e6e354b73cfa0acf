"""What a person does with a hub, from the first login to the last logout."""

import subprocess

import msgspec
import pytest

from tests.client.terminal import Hub, Terminal, code_in


@pytest.fixture
def person(hub: Hub, terminal: Terminal) -> Terminal:
    """The terminal of somebody who is logged in."""
    terminal.log_in(hub.url, hub.token_of("grace"))
    return terminal


def test_somebody_logs_in_by_the_page_looks_around_and_logs_out(hub: Hub, terminal: Terminal) -> None:
    with terminal.running(
        "login", "--server", f"{hub.url}/", more={"GUILDHALL_APP_SECRET": hub.secret}, stderr=subprocess.PIPE
    ) as login:
        hub.decide_in_the_browser(code_in(login.stdout), "approve")
        told, complaints = login.communicate(timeout=60)
    assert (login.returncode, told, complaints) == (0, "Logged in as admin (@admin)\n", "")
    assert terminal.login.path.stat().st_mode & 0o777 == 0o600
    assert terminal.login.path.parent.stat().st_mode & 0o777 == 0o700
    assert terminal.said("whoami").startswith("admin (@admin)\n")
    assert terminal.json("whoami")["roles"] == ["admin"]
    with terminal.running("rooms", python=("-X", "importtime"), stderr=subprocess.PIPE) as looked:
        rooms, imported = looked.communicate(timeout=60)
    assert "Phone Booth" in rooms
    assert "httpx" in imported
    for heavy in ("litestar", "sqlalchemy", "granian", "uvloop", "guildhall.domains", "guildhall.app"):
        assert heavy not in imported, f"the client starts slowly with {heavy}"
    token = terminal.login.read().token
    assert terminal.said("logout") == f"Logged out of {hub.url}\n"
    assert not terminal.login.path.exists()
    with hub.program.client(headers={"Authorization": f"Bearer {token}"}) as client:
        assert client.get("/v1/users/me").status_code == 401


def test_a_room_is_looked_at_booked_and_given_back(person: Terminal) -> None:
    assert "08:00-22:00" in person.said("availability", "mush", "tomorrow")
    told = person.said("book", "mush", "tomorrow", "10:00", "11:00", "Tasting")
    (booking,) = person.json("bookings")["bookings"]
    day = booking["start"][:10]
    assert told == f"Booked mush on {day} 10:00-11:00: Tasting ({booking['eventId']})\n"
    assert booking["eventId"] in person.said("bookings")
    shown = person.said("availability", "mush", day)
    assert all(each in shown for each in ("08:00-10:00", "11:00-22:00", "Tasting", "grace_name"))
    code, why = person.refused("book", "mush", day, "10:30", "11:30", "Yoga")
    assert code == 1
    assert why.startswith("Mush Room is already booked from 10:00 to 11:00 (room_booked); free instead: mush ")
    assert person.said("cancel", booking["eventId"]) == f"Cancelled {booking['eventId']}\n"
    assert person.said("bookings") == "You have booked nothing from today on.\n"
    assert person.refused("cancel", booking["eventId"]) == (1, "There is no such booking (booking_not_found)\n")


def test_a_booking_takes_its_details_and_the_past_is_asked_about(hub: Hub, person: Terminal) -> None:
    when = ("2026-01-15", "10:00", "11:00", "Inventory")
    code, why = person.refused("book", "angel", *when)
    assert (code, why) == (2, "2026-01-15 10:00 is in the past; `--yes` books it all the same\n")
    details = ("--private", "--description", "All of it", "--email", "grace@example.org", "--yes")
    made = person.json("book", "angel", *when, *details)
    assert (made["private"], made["description"], made["start"][:10]) == (True, "All of it", "2026-01-15")
    stranger = Terminal(person.folder / "stranger")
    stranger.log_in(hub.url, hub.token_of("rosa"))
    assert "Busy" in stranger.said("availability", "angel", "2026-01-15")
    code, why = stranger.refused("cancel", made["eventId"], "--room", "angel")
    assert (code, "(not_booking_owner)" in why) == (1, True)
    assert person.json("cancel", made["eventId"]) == {"ok": True}, "found although it is in no list of what comes"


def test_somebody_takes_a_shift_and_gives_it_back(hub: Hub, person: Terminal) -> None:
    day = person.json("shifts", "tomorrow")["date"]
    assert person.said("signup", "tomorrow", "1") == f"Signed up for {day} 11:30-14:30, places left: 2\n"
    shown = person.said("shifts", "today", "--to", "tomorrow")
    assert shown.count("Slot") == 2
    assert "2 of 3 free" in shown
    assert len(person.json("shifts", "--to", day)["days"]) == 2
    assert person.json("shifts")["date"] < day
    assert person.refused("signup", day, "1")[0] == 1
    for other in ("one", "two"):
        with hub.acting_for(other) as helper:
            assert helper.post(f"/v1/shifts/{day}/1/signup").status_code == 200
    assert "full" in person.said("shifts", day)
    assert person.said("withdraw", day, "1") == f"Withdrawn from slot 1 on {day}\n"
    assert person.refused("withdraw", day, "1")[0] == 1


def test_somebody_decides_what_an_app_prepared(hub: Hub, person: Terminal) -> None:
    day = person.json("shifts", "tomorrow")["date"]

    def prepared(slot: int) -> str:
        body = {"action": "shift_signup", "userId": "grace", "params": {"date": day, "slotIndex": slot}}
        with hub.acting_for("grace") as app:
            return str(app.post("/v1/actions/prepare", json=body).json()["actionId"])

    assert person.said("actions") == "Nothing waits for you.\n"
    done, declined = prepared(2), prepared(3)
    listed = person.said("actions")
    assert done in listed
    assert declined in listed
    assert {each["actionId"] for each in person.json("actions")["actions"]} == {done, declined}
    assert "pending" in person.said("actions", "show", done)
    assert person.said("actions", "execute", done) == f"Done: {done}\n"
    assert person.json("actions", "show", done)["status"] == "executed"
    code, why = person.refused("actions", "execute", done)
    assert (code, "(action_already_executed)" in why) == (1, True)
    assert person.said("actions", "decline", declined) == f"Declined: {declined}\n"
    assert person.json("actions", "show", declined)["status"] == "cancelled"
    stranger = Terminal(person.folder / "stranger")
    stranger.log_in(hub.url, hub.token_of("rosa"))
    assert "(wrong_user)" in stranger.refused("actions", "show", done)[1]


def test_the_people_of_the_commons_hub_find_their_own_names_for_the_same(person: Terminal) -> None:
    free = person.chb("free", "ostrom")
    assert (free.exit_code, free.stdout) == (0, person.said("availability", "ostrom"))
    listed = person.chb("--help").stdout
    assert all(name in listed for name in ("free", "drop", "login", "signup"))
    assert not any(name in listed for name in ("availability", "withdraw", "demo"))
    helped = person.run("--help").stdout
    assert helped.index("At a hub, as yourself") < helped.index("withdraw") < helped.index("Your own server")


def test_rows_are_paragraphs_where_a_table_does_not_fit_and_whole_lines_in_a_pipe(person: Terminal) -> None:
    title = "A long talk about long titles, and how they are broken into lines that can still be read " * 2
    event = person.json("book", "satoshi", "tomorrow", "10:00", "11:00", title.strip())["eventId"]
    assert any(title.strip() in line and event in line for line in person.said("bookings").splitlines())
    wide = person.said("bookings", FORCE_COLOR="1", COLUMNS="90", TERM="xterm")
    assert event in wide
    assert max(map(len, wide.splitlines()[1:])) <= 90, "but for the headings, which hold what makes them bold"
    narrow = person.said("bookings", FORCE_COLOR="1", COLUMNS="40", TERM="xterm")
    assert f"Event: {event}" in narrow
    assert "\x1b[3" not in person.said("bookings"), "no colours where nobody sees them"
    person.said("cancel", event)


def test_every_answer_is_one_document_that_the_server_wrote(person: Terminal) -> None:
    for words in (("rooms",), ("shifts", "today"), ("availability", "ostrom", "today"), ("bookings",), ("whoami",)):
        printed = person.said(*words, "--json")
        assert printed.count("\n") == 1
        assert isinstance(msgspec.json.decode(printed), dict)
