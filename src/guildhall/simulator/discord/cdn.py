"""The CDN: files of messages, and pictures of users and guilds, each of one colour."""

import hashlib
import struct
import zlib

from aiohttp import web

from guildhall.simulator.discord.faults import Faults
from guildhall.simulator.discord.refusals import Refused
from guildhall.simulator.discord.world import World

SIZE = 64
"""Pixels of a picture's side."""


def routes(world: World, faults: Faults) -> list[web.RouteDef]:
    """Return what the CDN answers."""

    async def attachment(request: web.Request) -> web.Response:
        try:
            await faults.meet(request.path)
        except Refused as refused:
            return web.Response(status=refused.status)
        found = world.files.get(request.path)
        if found is None:
            raise web.HTTPNotFound
        return web.Response(body=found.content, headers={"Content-Type": found.content_type})

    async def picture(request: web.Request) -> web.Response:
        name = request.path.rpartition(".")[0]
        return web.Response(body=_picture(name), content_type="image/png")

    return [
        web.get("/attachments/{channel}/{file}/{name}", attachment),
        web.get("/avatars/{user}/{name}", picture),
        web.get("/icons/{guild}/{name}", picture),
        web.get("/embed/avatars/{name}", picture),
        web.get("/stickers/{name}", picture),
    ]


def _picture(name: str) -> bytes:
    """Return a PNG whose colour follows from a name."""
    colour = bytes(64 + each // 2 for each in hashlib.sha256(name.encode()).digest()[:3])
    rows = (b"\0" + colour * SIZE) * SIZE
    header = struct.pack(">IIBBBBB", SIZE, SIZE, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
