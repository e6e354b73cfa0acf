"""Socket.IO at /socket.io/: tickets live, for whoever is signed in."""

from guildhall.dialects.hazebot.live.door import Live

__all__ = ["Live"]
