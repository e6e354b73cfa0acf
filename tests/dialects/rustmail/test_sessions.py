"""The panel's session opens the dialect, and nothing else does."""

from datetime import timedelta

import httpx

from guildhall.domains.identity.sessions import WHOLE_LIFE
from tests.clock import SettableClock
from tests.dialects.rustmail.people import ABOVE, MEMBER, OTHER, OWNER, FrontDesk, refusal
from tests.serving import ADMIN_NAME, ADMIN_PASSWORD, Served

CHECK = "/api/panel/check"


async def test_a_person_who_signed_in_to_the_panel_with_a_password_has_the_same_cookie(
    served: Served, administrator: object
) -> None:
    async with served.client() as browser:
        form = {"name": ADMIN_NAME, "password": ADMIN_PASSWORD}
        await browser.post("/panel/sign-in", data=form)
        answer = (await browser.get(CHECK)).json()
        assert (answer["authenticated"], answer["authorized"], answer["is_super_admin"]) == (True, True, True)
        assert (await browser.get("/api/user/avatar")).json()["avatar_url"].endswith("/embed/avatars/0.png")
        assert (await browser.get("/api/apikeys")).json() == {"keys": []}


async def test_the_check_tells_strangers_and_those_without_access_apart(front: FrontDesk) -> None:
    stranger, member, owner = await front.opened(), await front.enters(MEMBER), await front.enters(OWNER)
    for client, status, known in ((stranger, 401, False), (member, 403, True)):
        answer = await client.get(CHECK)
        assert answer.status_code == status
        assert (answer.json()["authenticated"], answer.json()["authorized"]) == (known, False)
    assert (await owner.get(CHECK)).json() == {
        "authenticated": True,
        "authorized": True,
        "user_id": front.id_of(OWNER),
        "username": OWNER,
        "is_super_admin": True,
    }
    unlinked = (await (await front.enters(OTHER, "admin", linked=False)).get(CHECK)).json()["user_id"]
    assert unlinked != front.id_of(OTHER)
    assert unlinked.startswith("u_")


async def test_a_session_slides_with_its_cookie_and_ends(front: FrontDesk, clock: SettableClock) -> None:
    cookie = await front.cookie_of(OWNER)
    began, browser = clock.now(), await front.opened(cookie)
    first = await browser.get("/api/apikeys")
    assert "set-cookie" not in first.headers
    while clock.advance(timedelta(days=6)) < began + WHOLE_LIFE:
        answer = await browser.get("/api/apikeys")
        assert answer.status_code == 200
        assert answer.headers["set-cookie"].startswith(f"session_id={cookie}; Path=/; Max-Age=604800; SameSite=Lax")
    assert refusal(await browser.get("/api/apikeys")) == (401, "SESSION_EXPIRED")
    assert refusal(await (await front.opened()).get("/api/apikeys")) == (401, "UNAUTHORIZED")
    assert refusal(await (await front.opened("nonsense")).get("/api/apikeys")) == (401, "SESSION_EXPIRED")


async def test_another_sites_page_changes_nothing(front: FrontDesk) -> None:
    cookie = await front.cookie_of(OWNER)
    body = {"subject_type": "user", "subject_id": "1", "permission": "view_panel"}
    writes = (
        ("POST", "/api/admin/permissions", body),
        ("DELETE", "/api/admin/permissions/1", None),
        ("POST", "/api/apikeys", {"name": "n", "permissions": ["read:tickets"]}),
        ("POST", "/api/apikeys/1/revoke", None),
        ("DELETE", "/api/apikeys/1", None),
    )
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        browser = await front.opened(cookie, **headers)
        for method, path, sent in writes:
            assert refusal(await browser.request(method, path, json=sent)) == (403, "CSRF_REJECTED")
        assert (await browser.get("/api/admin/permissions")).json() == {"permissions": []}
    own = await front.opened(cookie, **ABOVE)
    assert (await own.post("/api/admin/permissions", json=body)).status_code == 200
    assert (await own.get("/api/apikeys")).json() == {"keys": []}


async def test_everybody_has_a_picture(front: FrontDesk) -> None:
    member, other = await front.enters(MEMBER), await front.enters(OTHER)
    users, number = front.discord.world.users, front.id_of(MEMBER)
    users[number].avatar, users[front.id_of(OTHER)].avatar = "a_0123456789abcdef", None

    async def picture_of(client: httpx.AsyncClient) -> str:
        return str((await client.get("/api/user/avatar")).json()["avatar_url"])

    assert await picture_of(member) == f"https://cdn.discordapp.com/avatars/{number}/a_0123456789abcdef.gif"
    default = (int(front.id_of(OTHER)) >> 22) % 6
    assert await picture_of(other) == f"https://cdn.discordapp.com/embed/avatars/{default}.png"
