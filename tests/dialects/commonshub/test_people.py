"""Users of the Commons Hub dialect: which id names whom, profiles, search and roles."""

import asyncio
import re
from typing import Any

import httpx
from sqlalchemy import bindparam, update

from guildhall.core.db import command
from guildhall.domains import audit, identity
from guildhall.domains.identity.models import users
from tests.dialects.commonshub.asking import acting_for, make_admin, profile, refusal
from tests.dialects.commonshub.conftest import Registering
from tests.serving import ADMIN_NAME, PROVIDER_ID, Served

WALLET = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
"""An address with its checksum, from EIP-55."""


async def everybody(master: httpx.AsyncClient, **query: str | int) -> list[dict[str, Any]]:
    """Return the users that a search finds on its first page."""
    answer = await master.get("/v1/users", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["users"]
    return found


async def test_one_person_is_the_same_in_every_app_of_a_provider_with_or_without_the_prefix(
    person: httpx.AsyncClient, another_app: Registering, master: httpx.AsyncClient
) -> None:
    first = (await person.get("/v1/users/me")).json()
    assert (first["userId"], first["username"], first["displayName"]) == ("u_849888126", "xdamman", "Xavier Damman")
    second = await another_app(name="Kiosk")
    for client in (person, second, master):
        for name in (PROVIDER_ID, f"u_{PROVIDER_ID}"):
            assert (await profile(client, name))["userId"] == "u_849888126"
            assert (await client.get(f"/v1/users/{name}")).json()["userId"] == "u_849888126"
    assert (await profile(second, "u_555"))["userId"] == "u_555"
    assert (await profile(person, "555"))["userId"] == "u_555"
    assert len(await everybody(master)) == 2


async def test_the_same_id_of_another_provider_is_another_person(
    person: httpx.AsyncClient, another_app: Registering, master: httpx.AsyncClient
) -> None:
    await person.get("/v1/users/me")
    telegram = await another_app(provider="telegram")
    assert refusal(await telegram.get(f"/v1/users/{PROVIDER_ID}")) == (404, "user_not_found")
    other = await profile(telegram, PROVIDER_ID)
    assert re.fullmatch(r"u_\d{12}", other["userId"])
    assert await profile(telegram, PROVIDER_ID) == other
    assert (await telegram.get(f"/v1/users/{PROVIDER_ID}")).json()["userId"] == other["userId"]
    # A public id names its person to everybody, whichever provider asks.
    assert (await profile(telegram, f"u_{PROVIDER_ID}"))["userId"] == "u_849888126"
    assert (await profile(person, other["userId"]))["userId"] == other["userId"]
    assert len(await everybody(master)) == 2


async def test_simultaneous_first_contacts_make_one_person(
    app: httpx.AsyncClient, another_app: Registering, master: httpx.AsyncClient
) -> None:
    shown = await asyncio.gather(*(profile(app, "4711") for _ in range(20)))
    assert {each["userId"] for each in shown} == {"u_4711"}
    telegram = await another_app(provider="telegram")
    others = {each["userId"] for each in await asyncio.gather(*(profile(telegram, "4711") for _ in range(20)))}
    assert len(others) == 1
    assert {each["userId"] for each in await everybody(master)} == {"u_4711"} | others


async def test_only_acting_makes_a_person(
    app: httpx.AsyncClient, master: httpx.AsyncClient, another_app: Registering
) -> None:
    assert refusal(await app.get("/v1/users/4711")) == (404, "user_not_found")
    assert refusal(await master.get("/v1/users/u_4711")) == (404, "user_not_found")
    assert refusal(await master.put("/v1/users/4711/roles", json={"roles": []})) == (404, "user_not_found")
    assert await everybody(master) == []
    # Acting is any request, also one that needs no user.
    assert (await app.get("/v1/rooms", headers=acting_for("4711"))).status_code == 200
    assert [each["userId"] for each in await everybody(master)] == ["u_4711"]


async def test_names_come_with_the_request_and_are_stored_when_they_differ(
    app: httpx.AsyncClient, served: Served
) -> None:
    unnamed = await profile(app, "4711")
    assert (unnamed["username"], unnamed["displayName"]) == ("4711", "4711")

    async def named(name: str | None = None, display_name: str | None = None) -> tuple[str, str]:
        shown = (await app.get("/v1/users/me", headers=acting_for("4711", name, display_name))).json()
        return shown["username"], shown["displayName"]

    assert await named("zoe", "Zo%C3%AB%20%E2%98%83") == ("zoe", "Zoë ☃")
    assert await named() == ("zoe", "Zoë ☃")
    assert await named("%20zoe2%20%20", "plain ASCII") == ("zoe2", "plain ASCII")
    assert await named("", "%20") == ("zoe2", "plain ASCII")
    assert await named("Zoe%CC%88", None) == ("Zoë", "plain ASCII"), "names are kept in their composed form"
    assert await named("%F0%9F%A6%8A" * 64, "%E2%98%83" * 100) == ("🦊" * 64, "☃" * 100)
    async with served.house.database.read() as tx:
        (user,) = await identity.search_users(tx, text=None, limit=10)
        entries = await audit.page_of_entries(tx, limit=50, target=user.id)
    assert [entry.action for entry in entries].count("user.changed") == 4


async def test_a_name_that_cannot_be_kept_is_refused(app: httpx.AsyncClient, master: httpx.AsyncClient) -> None:
    for header in ("X-User-Name", "X-User-Display-Name"):
        for name in ("a%00b", "a%0Ab", "%1b", "x" * 101, "a%C2%85b"):
            for path in ("/v1/users/me", "/v1/rooms"):
                answer = await app.get(path, headers={"X-User-Id": "4711", header: name})
                assert refusal(answer) == (400, "invalid_user_id"), (header, name)
                assert answer.json()["details"] == {"field": header}
    assert await everybody(master) == []


async def test_a_profile_changes_by_its_keys_and_null_clears(person: httpx.AsyncClient, app: httpx.AsyncClient) -> None:
    async def put(**body: object) -> dict[str, Any]:
        answer = await app.put("/v1/users/me", json=body, headers=acting_for(PROVIDER_ID))
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        assert await profile(app, PROVIDER_ID) == shown
        return shown

    assert (await person.get("/v1/users/me")).status_code == 200
    before = await put()
    assert before == {
        "userId": "u_849888126",
        "username": "xdamman",
        "displayName": "Xavier Damman",
        "email": None,
        "walletAddress": None,
        "roles": [],
        "emailVerified": False,
        "calendarFeedUrl": None,
        "createdAt": "2026-03-02T09:00:00Z",
    }
    with_mail = await put(email=" xavier@example.com ", unknown={"deep": [1]}, roles=["admin"], userId="u_1")
    assert with_mail == {**before, "email": "xavier@example.com"}
    with_wallet = await put(walletAddress=WALLET.lower(), displayName="Xavier")
    assert with_wallet == {**with_mail, "walletAddress": WALLET, "displayName": "Xavier"}
    assert (await put(walletAddress="0x" + WALLET[2:].upper()))["walletAddress"] == WALLET
    assert await put(email=None, walletAddress=None) == {**before, "displayName": "Xavier"}


async def test_a_bad_profile_is_refused_and_changes_nothing(person: httpx.AsyncClient) -> None:
    before = (await person.get("/v1/users/me")).json()
    wrong_case = WALLET[:-1] + "D"
    for body, slug in (
        ({"email": "no address"}, "invalid_email"),
        ({"email": ""}, "invalid_email"),
        ({"email": "a@b@c"}, "invalid_email"),
        ({"email": "a@" + "b" * 250 + ".com"}, "invalid_email"),
        ({"email": 5}, "invalid_email"),
        ({"walletAddress": wrong_case}, "invalid_wallet_address"),
        ({"walletAddress": WALLET[2:]}, "invalid_wallet_address"),
        ({"walletAddress": ""}, "invalid_wallet_address"),
        ({"walletAddress": ["0x"]}, "invalid_wallet_address"),
        ({"displayName": None}, "invalid_field"),
        ({"displayName": "  "}, "invalid_field"),
        ({"displayName": "x" * 101}, "invalid_field"),
        ({"displayName": "a\nb"}, "invalid_field"),
        ({"email": "new@example.com", "walletAddress": wrong_case}, "invalid_wallet_address"),
    ):
        assert refusal(await person.put("/v1/users/me", json=body)) == (400, slug), body
    assert (await person.get("/v1/users/me")).json() == before


async def test_simultaneous_changes_of_different_keys_are_all_kept(app: httpx.AsyncClient) -> None:
    for turn in range(5):
        wanted = {"email": f"x{turn}@example.com", "walletAddress": WALLET, "displayName": f"Xavier {turn}"}
        headers = acting_for("1")
        await app.put("/v1/users/me", json={"walletAddress": None}, headers=headers)
        renaming = app.get("/v1/users/me", headers=acting_for("1", f"xdamman{turn}"))
        changes = [app.put("/v1/users/me", json={key: value}, headers=headers) for key, value in wanted.items()]
        answers = await asyncio.gather(renaming, *changes)
        assert {answer.status_code for answer in answers} == {200}
        shown = await profile(app, "1")
        assert {key: shown[key] for key in wanted} == wanted
        assert shown["username"] == f"xdamman{turn}"


async def test_a_public_profile_has_neither_address_nor_wallet(
    person: httpx.AsyncClient, app: httpx.AsyncClient, master: httpx.AsyncClient
) -> None:
    await person.put("/v1/users/me", json={"email": "xavier@example.com", "walletAddress": WALLET})
    await master.put(f"/v1/users/{PROVIDER_ID}/roles", json={"roles": ["minter", "admin"]})
    shown = {
        "userId": "u_849888126",
        "username": "xdamman",
        "displayName": "Xavier Damman",
        "roles": ["admin", "minter"],
    }
    for client in (app, person, master):
        for name in ("u_849888126", "849888126", "u%5F849888126"):
            assert (await client.get(f"/v1/users/{name}")).json() == shown
    for unknown in ("u_1", "nobody", "x" * 65, "%00", "a b", "ü"):
        answer = await app.get(f"/v1/users/{unknown}")
        assert answer.status_code == 404, unknown
        assert answer.json()["error"] in {"user_not_found", "not_found"}


async def test_users_are_found_by_parts_of_names_and_address(app: httpx.AsyncClient, master: httpx.AsyncClient) -> None:
    people = {
        "1": ("xdamman", "Xavier%20Damman"),
        "2": ("zoe", "Zo%C3%AB%20%C3%96zt%C3%BCrk"),
        "3": ("a_b%25c", 'quo"te%20%5C%20back'),
        "4": ("AND", "O'Brien%20*%20(NEAR)"),
        "5": ("%E6%9D%B1%E4%BA%AC%E5%A4%AA%E9%83%8E", "Tokyo"),
    }
    for user_id, (name, display_name) in people.items():
        headers = acting_for(user_id, name, display_name)
        await app.put("/v1/users/me", json={"email": f"{user_id}@mail.example"}, headers=headers)
    for text, found in (
        ("xdamman", "1"),
        ("XDAM", "1"),
        ("vier dam", "1"),
        ("x", "12345"),
        ("öztürk", "2"),
        ("ÖZTÜRK", "2"),
        ("ö", "2"),
        ("_b%", "3"),
        ("%", "3"),
        ("_", "3"),
        ('o"t', "3"),
        ('"', "3"),
        (" \\ ", "3"),
        ("\\", "3"),
        ("o'brien", "4"),
        (" * ", "4"),
        ("*", "4"),
        ("(near)", "4"),
        ("and", "4"),
        ("東京太", "5"),
        ("東", "5"),
        ("3@mail", "3"),
        ("@mail.example", "12345"),
        ("nobody has this", ""),
        ("xdamman OR zoe", ""),
        ("x" * 100, ""),
    ):
        shown = [each["userId"].removeprefix("u_") for each in await everybody(master, q=text)]
        assert shown == list(found), text


async def test_a_changed_name_is_found_and_the_old_one_is_not(
    app: httpx.AsyncClient, master: httpx.AsyncClient
) -> None:
    await app.get("/v1/users/me", headers=acting_for("1", "before", "before"))
    await app.get("/v1/users/me", headers=acting_for("1", "afterwards", "afterwards"))
    assert await everybody(master, q="before") == []
    (found,) = await everybody(master, q="terwar")
    assert found["username"] == "afterwards"


async def test_users_come_in_pages_by_creation(app: httpx.AsyncClient, master: httpx.AsyncClient) -> None:
    for number in range(7):
        await profile(app, f"{number}", f"name{number % 2}")

    async def pages(**query: str | int) -> list[list[str]]:
        found, cursor = [], None
        while True:
            params = {**query, "cursor": cursor} if cursor else query
            page = (await master.get("/v1/users", params=params)).json()
            found.append([each["userId"] for each in page["users"]])
            if (cursor := page["nextCursor"]) is None:
                return found

    assert await pages(limit=3) == [["u_0", "u_1", "u_2"], ["u_3", "u_4", "u_5"], ["u_6"]]
    assert await pages(limit=7) == [[f"u_{number}" for number in range(7)]]
    assert await pages() == [[f"u_{number}" for number in range(7)]]
    assert await pages(limit=2, q="name0") == [["u_0", "u_2"], ["u_4", "u_6"]]
    assert await pages(limit=2, q="1") == [["u_1", "u_3"], ["u_5"]]
    assert await pages(q="absent") == [[]]


async def test_a_search_refuses_what_it_does_not_understand(
    person: httpx.AsyncClient, master: httpx.AsyncClient
) -> None:
    for query in (
        {"limit": "0"}, {"limit": "201"}, {"limit": "-1"}, {"limit": "many"}, {"limit": ""}, {"limit": "1.5"},
        {"q": "x" * 101}, {"q": "a\0b"}, {"cursor": "x"}, {"cursor": ""}, {"cursor": "ü"}, {"cursor": "OTk5" * 20},
        {"cursor": "LTE"},
    ):  # fmt: skip
        assert refusal(await master.get("/v1/users", params=query)) == (400, "invalid_field"), query
    assert refusal(await master.get("/v1/users?limit=1&limit=2")) == (400, "invalid_field")
    assert (await master.get("/v1/users", params={"unknown": "x", "limit": "200"})).status_code == 200
    assert refusal(await person.get("/v1/users")) == (403, "admin_required")
    await make_admin(master, PROVIDER_ID)
    (found,) = (await person.get("/v1/users")).json()["users"]
    assert (found["roles"], found["calendarFeedUrl"]) == (["admin"], None)


async def test_roles_are_replaced_and_open_doors_at_once(
    person: httpx.AsyncClient, app: httpx.AsyncClient, master: httpx.AsyncClient
) -> None:
    await profile(app, "2")
    mine, other = f"/v1/users/{PROVIDER_ID}/roles", "/v1/users/2/roles"
    await person.get("/v1/users/me")
    assert refusal(await person.put(other, json={"roles": ["minter"]})) == (403, "admin_required")
    answer = await master.put(mine, json={"roles": ["minter", "admin", "gardener-2_x"], "more": 1})
    assert answer.json()["roles"] == ["admin", "gardener-2_x", "minter"]
    assert (await person.put(other, json={"roles": ["minter"]})).json()["roles"] == ["minter"]
    assert (await person.put(other, json={"roles": []})).json()["roles"] == []
    assert (await person.get("/v1/users/me")).json()["roles"] == ["admin", "gardener-2_x", "minter"]
    for roles in (["Admin"], ["a b"], [""], ["admin", "admin"], [1], "admin", None, ["super_admin"], ["x" * 33]):
        assert refusal(await person.put(mine, json={"roles": roles})) == (400, "invalid_field"), roles
    too_many = [f"role{number}" for number in range(21)]
    assert refusal(await person.put(mine, json={"roles": too_many})) == (400, "invalid_field")
    assert refusal(await person.put(mine, json={})) == (400, "missing_field")
    await make_admin(master, "2")
    assert (await person.put(mine, json={"roles": []})).json()["roles"] == []
    assert refusal(await person.put(other, json={"roles": []})) == (403, "admin_required")


async def test_the_last_administrator_is_removed_by_the_master_key_only(
    person: httpx.AsyncClient, master: httpx.AsyncClient
) -> None:
    await person.get("/v1/users/me")
    mine = f"/v1/users/{PROVIDER_ID}/roles"
    await make_admin(master, PROVIDER_ID)
    assert refusal(await person.put(mine, json={"roles": ["minter"]})) == (422, "last_admin")
    assert (await person.put(mine, json={"roles": ["admin", "minter"]})).status_code == 200
    assert (await master.put(mine, json={"roles": []})).json()["roles"] == []


async def test_a_super_administrator_of_the_panel_is_an_admin_here_and_stays_one(
    administrator: identity.User, person: httpx.AsyncClient, master: httpx.AsyncClient
) -> None:
    await person.get("/v1/users/me")
    theirs = f"/v1/users/{administrator.alias}/roles"
    assert (await master.get(f"/v1/users/{administrator.alias}")).json()["roles"] == ["admin"]
    assert (await master.put(theirs, json={"roles": ["minter"]})).json()["roles"] == ["admin", "minter"]
    await make_admin(master, PROVIDER_ID)
    mine = f"/v1/users/{PROVIDER_ID}/roles"
    assert (await person.put(mine, json={"roles": []})).status_code == 200, f"{ADMIN_NAME} remains"


async def test_two_administrators_who_remove_each_other_at_once_leave_one(
    app: httpx.AsyncClient, master: httpx.AsyncClient
) -> None:
    for _ in range(5):
        for user_id in ("1", "2"):
            await profile(app, user_id)
            await make_admin(master, user_id)
        answers = await asyncio.gather(
            app.put("/v1/users/2/roles", json={"roles": []}, headers=acting_for("1")),
            app.put("/v1/users/1/roles", json={"roles": []}, headers=acting_for("2")),
        )
        assert sorted(answer.status_code for answer in answers) in ([200, 403], [200, 422])
        left = [each["userId"] for each in await everybody(master) if each["roles"] == ["admin"]]
        assert len(left) == 1


async def test_simultaneous_changes_of_roles_end_in_one_of_them(
    person: httpx.AsyncClient, master: httpx.AsyncClient
) -> None:
    await person.get("/v1/users/me")
    path = f"/v1/users/{PROVIDER_ID}/roles"
    wanted = [["a"], ["b"], ["a", "c"], ["d"]] * 3
    answers = await asyncio.gather(*(master.put(path, json={"roles": roles}) for roles in wanted))
    assert [answer.json().get("roles") for answer in answers] == wanted
    assert (await person.get("/v1/users/me")).json()["roles"] in wanted


async def test_a_disabled_person_is_turned_away(person: httpx.AsyncClient, served: Served) -> None:
    await person.get("/v1/users/me")
    async with served.house.database.write() as tx:
        await tx.run(command(update(users).values(disabled_at=bindparam("at"))), at=served.house.clock.now())
    assert refusal(await person.get("/v1/users/me")) == (401, "unauthorized")
