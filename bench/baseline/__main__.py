"""Serve a baseline as the server serves itself: `python -m bench.baseline bare|fastapi|sockets PORT DATABASE`."""

import asyncio
import signal
import sys
from typing import Any

import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.embed import Server

from bench.baseline import fastapi_attendance, fastapi_desk, fastapi_shifts, sockets
from bench.baseline.bare import answer
from bench.baseline.fastapi_rooms import build_app
from guildhall.server import BACKLOG, HEADER_TIMEOUT, LARGEST_HEAD


async def serve(app: Any, port: int) -> None:  # noqa: ANN401 (an ASGI application)
    """Serve an application until SIGTERM, with the settings of `guildhall serve`."""
    server = Server(
        app,
        address="127.0.0.1",
        port=port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        backlog=BACKLOG,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_TIMEOUT, max_buffer_size=LARGEST_HEAD),
        log_level=LogLevels.error,
    )
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, server.stop)
    await server.serve()


async def main() -> None:
    """Serve the baseline that the command line names."""
    kind, port, database = sys.argv[1:]
    if kind == "bare":
        await serve(answer, int(port))
        return
    if kind == "sockets":
        await serve(sockets.app, int(port))
        return
    app = await build_app(database)
    app.include_router(fastapi_shifts.router)
    app.include_router(fastapi_attendance.router)
    app.include_router(fastapi_desk.router)
    await serve(app, int(port))


uvloop.run(main())
