"""Where credentials stand in a request."""

from guildhall.web.calls import Call

SESSION_COOKIE = "session_id"


def bearer(call: Call) -> str | None:
    """Return the bearer token, or None when there is none."""
    scheme, _, token = (call.header("authorization") or "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def session_cookie(call: Call) -> str | None:
    """Return the value of the panel's session cookie, or None."""
    return call.request.cookies.get(SESSION_COOKIE)


def is_cross_site(call: Call, *, hides_origin: bool = False) -> bool:
    """Tell whether a browser sent this from another site's page, by what it says of itself.

    `hides_origin` says that our page lets its address be told to nobody, for then a browser calls its origin `null`.
    """
    if call.header("sec-fetch-site") in ("cross-site", "same-site"):
        return True
    origin = call.header("origin")
    if origin is None or (hides_origin and origin == "null"):
        return False
    own = {call.house.settings.public_url, f"http://{call.header('host')}", f"https://{call.header('host')}"}
    return origin not in own
