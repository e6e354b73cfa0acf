"""HTML without a template: elements whose every text is escaped, because nothing else can be put into one."""

from collections.abc import Iterable
from html import escape


class Html(str):
    """Text that is markup already. Only `element` and `together` make it."""

    __slots__ = ()


def element(name: str, /, *parts: str, **attributes: str) -> Html:
    """Return an element; parts that are not `Html` are escaped, and so are attributes. `class_` is `class`."""
    told = "".join(f' {key.strip("_").replace("_", "-")}="{escape(value)}"' for key, value in attributes.items())
    return Html(f"<{name}{told}>{together(parts)}</{name}>")


def void(name: str, /, **attributes: str) -> Html:
    """Return an element that has no end, such as an image."""
    return Html(element(name, **attributes).removesuffix(f"</{name}>"))


def together(parts: Iterable[str]) -> Html:
    """Return parts one after the other; those that are not `Html` are escaped."""
    return Html("".join(part if isinstance(part, Html) else escape(part) for part in parts))
