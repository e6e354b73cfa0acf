"""/docs: the OpenAPI documents of all dialects, browsable without a network."""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import msgspec

from guildhall.core.actor import Credential
from guildhall.core.errors import NotFound
from guildhall.domains.identity import Permission
from guildhall.web.answers import HTML, Answer
from guildhall.web.assets import Assets
from guildhall.web.calls import Call
from guildhall.web.faces import Face
from guildhall.web.house import House
from guildhall.web.openapi import document_of
from guildhall.web.routing import Route, route

OPEN = Credential.NONE
NEEDED = ("swagger-ui.css", "swagger-ui-bundle.js", "swagger-ui-standalone-preset.js")
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Guildhall APIs</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<link rel="stylesheet" href="{css}"></head>
<body><div id="apis"></div><script src="{bundle}"></script><script src="{preset}"></script>
<script src="/docs/start.js"></script></body></html>"""
START = """SwaggerUIBundle({{
  dom_id: "#apis", layout: "StandaloneLayout", deepLinking: true, validatorUrl: null,
  urls: {urls}, presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
}});"""


def docs_routes(faces: Mapping[str, tuple[Face, Sequence[Route]]]) -> tuple[Route, ...]:
    """Return the routes of the documentation of these faces."""
    assets = Assets("/docs/assets", (_viewer() / name for name in NEEDED))
    css, bundle, preset = (assets.url(name) for name in NEEDED)
    page = PAGE.format(css=css, bundle=bundle, preset=preset).encode()
    # A dialect without operations comes last: nobody opens the documents to read that there are none yet.
    listed = sorted(faces.items(), key=lambda item: not item[1][1])
    urls = [{"name": face.title, "url": f"/docs/openapi/{name}.json"} for name, (face, _) in listed]
    start = START.format(urls=msgspec.json.encode(urls).decode()).encode()

    @cache
    def document(name: str, server: str) -> bytes:
        face, routes = faces[name]
        return msgspec.json.encode(document_of(face, routes, server=server))

    @route("GET", "/docs", permission=Permission.PUBLIC, accepts=OPEN, transaction="none", content="text/html")
    async def show_docs() -> Answer:
        """Show the documents of all dialects."""
        return Answer(page, media_type=HTML)

    @route("GET", "/docs/start.js", permission=Permission.PUBLIC, accepts=OPEN, transaction="none")
    async def show_docs_script() -> Answer:
        """Give the script that opens the documents."""
        return Answer(start, media_type=b"text/javascript; charset=utf-8")

    @route("GET", "/docs/assets/{name}", permission=Permission.PUBLIC, accepts=OPEN, transaction="none")
    async def show_docs_asset(name: str, call: Call) -> Answer:
        """Give a file of the document viewer."""
        return assets.serve(name, call)

    @route("GET", "/docs/openapi/{file}", permission=Permission.PUBLIC, accepts=OPEN, transaction="none")
    async def show_document(file: str, house: House) -> Answer:
        """Give the OpenAPI document of a dialect."""
        name = file.removesuffix(".json")
        if name not in faces or name == file:
            raise NotFound
        return Answer(document(name, house.settings.public_url))

    return (show_docs, show_docs_script, show_docs_asset, show_document)


def _viewer() -> Path:
    """Return the folder with the viewer's files. Their package is not imported: only its files are wanted."""
    found = find_spec("swagger_ui")
    if found is None or found.origin is None:
        raise LookupError("the package swagger-ui-py is not installed")
    return Path(found.origin).parent / "static"
