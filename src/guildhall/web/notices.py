"""Short pages that a dialect shows to a person in a browser. How they look is the panel's business."""

from typing import TYPE_CHECKING, Protocol

from guildhall.web.answers import Answer

if TYPE_CHECKING:
    from guildhall.web.calls import Call


class Notices(Protocol):
    """The port through which a face shows a page with one thing to say."""

    def __call__(self, call: "Call", *, title: str, text: str) -> Answer:
        """Return the page."""


def prefers_page(call: "Call") -> bool:
    """Tell whether a person in a browser waits for the answer."""
    accepted = (call.header("accept") or "").split(",")
    return accepted[0].partition(";")[0].strip() in ("text/html", "application/xhtml+xml")
