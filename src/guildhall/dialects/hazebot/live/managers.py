"""The library's managers of rooms, which know in which rooms a socket is.

By themselves they look into every room when a socket leaves, and each socket has one of its own: where thousands leave
at once, such as when a network goes down or the server stops, that takes minutes in which nobody is answered.
"""

from collections import defaultdict
from typing import Any

import socketio  # type: ignore[import-untyped]  # the library has no types

Place = tuple[str, str]
"""A namespace, and a socket in it."""


class _Remembering(socketio.AsyncManager):  # type: ignore[misc]  # the library has no types
    """Remembers each socket's rooms; what it overrides has the library's names."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 (the library's signature)
        super().__init__(*args, **kwargs)
        self._rooms_of: defaultdict[Place, set[str | None]] = defaultdict(set)

    def basic_enter_room(self, sid: str, namespace: str, room: str | None, eio_sid: str | None = None) -> None:
        """Let a socket into a room. Raises ValueError as the library does."""
        super().basic_enter_room(sid, namespace, room, eio_sid=eio_sid)
        self._rooms_of[namespace, sid].add(room)

    def basic_leave_room(self, sid: str, namespace: str, room: str | None) -> None:
        """Take a socket out of a room."""
        super().basic_leave_room(sid, namespace, room)
        if (namespace, sid) in self._rooms_of:
            self._rooms_of[namespace, sid].discard(room)

    def basic_disconnect(self, sid: str, namespace: str, **_: object) -> None:
        """Forget a socket that has left: its rooms, what it was to acknowledge, and that it was coming or going."""
        for room in self._rooms_of.pop((namespace, sid), ()):
            super().basic_leave_room(sid, namespace, room)
        self.callbacks.pop(sid, None)
        for pending in (self.pending_connect, self.pending_disconnect):
            if sid in pending.get(namespace, ()):
                pending[namespace].remove(sid)
                if not pending[namespace]:
                    del pending[namespace]


class LocalManager(_Remembering):
    """The rooms of the only process."""


class SharedManager(_Remembering, socketio.AsyncRedisManager):  # type: ignore[misc]  # the library has no types
    """The rooms of one process among several, which hears through Redis what others want said in them."""
