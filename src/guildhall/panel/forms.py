"""Routes that change something: only for forms of our own pages."""

import typing
from collections.abc import Awaitable, Callable
from typing import Any

from guildhall.core.crypto import same
from guildhall.core.errors import InvalidField
from guildhall.domains.identity import Permission
from guildhall.domains.identity.errors import CsrfFailed
from guildhall.panel.face import SIGNED_IN, viewer_of
from guildhall.web.answers import Answer
from guildhall.web.bodies import Form, read_form
from guildhall.web.calls import Call
from guildhall.web.credentials import is_cross_site
from guildhall.web.routing import Route, route

Handler = Callable[..., Awaitable[Answer]]


class _Proof(Form, frozen=True, kw_only=True):
    csrf_token: str = ""


def show(path: str, *, permission: Permission, transaction: str = "read") -> Callable[[Handler], Route]:
    """Declare a page for people who are signed in."""
    return route("GET", path, permission=permission, accepts=SIGNED_IN, transaction=transaction, content="text/html")


def change(
    path: str, *, permission: Permission, transaction: str = "write", files: bool = False
) -> Callable[[Handler], Route]:
    """Declare a form's target for people who are signed in; a form that is not from one of our pages is refused.

    With `files` it may bring some, which are in `Call.files`.
    """

    def declare(handler: Handler) -> Route:
        hints = typing.get_type_hints(handler)
        wants_call = "call" in hints

        async def checked(call: Call, **given: Any) -> Answer:  # noqa: ANN401 (whatever the handler asks for)
            check_form(call)
            return await handler(**given, **({"call": call} if wants_call else {}))

        checked.__annotations__ = {**hints, "call": Call}
        checked.__name__, checked.__doc__ = handler.__name__, handler.__doc__
        declared = route(
            "POST",
            path,
            permission=permission,
            accepts=SIGNED_IN,
            transaction=transaction,
            content="text/html",
            files=files,
        )
        return declared(checked)

    return declare


def check_form(call: Call, *, hides_origin: bool = False) -> None:
    """Refuse a form that is not from a page of this session; see `is_cross_site`. Raises CsrfFailed."""
    shown = read_form(call.body, _Proof).csrf_token
    expected = viewer_of(call).csrf_token
    if is_cross_site(call, hides_origin=hides_origin) or not same(shown, expected):
        raise CsrfFailed


def whole_number(text: str, *, field: str) -> int:
    """Read a field that holds a whole number. Raises InvalidField."""
    if not text.strip().isascii() or not text.strip().isdigit() or len(text) > 9:  # noqa: PLR2004 (any limit is lower)
        raise InvalidField("This must be a whole number", field=field)
    return int(text)


def text_or_none(text: str) -> str | None:
    """Read a field that may be left empty; line ends are those of a form, and become plain ones."""
    return text.strip().replace("\r\n", "\n") or None
