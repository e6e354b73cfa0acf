"""What somebody wants to post: read from a body and judged, before it becomes a message."""

import base64
import binascii
import mimetypes
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from guildhall.simulator.discord.forms import Form
from guildhall.simulator.discord.refusals import Json, bad_form
from guildhall.simulator.discord.state import COMPONENTS_V2, EPHEMERAL

LONGEST_CONTENT = 2000
LONGEST_EMBEDS = 6000
MOST_FILES = 10
"""Characters of a message and of all its embeds together, and files of a message."""

MOST_CHOICES = 25

FLAGS_OF_SENDERS = 1 << 2 | EPHEMERAL | 1 << 12 | COMPONENTS_V2
"""Flags that a sender may set: hidden embeds, ephemeral, silent, components in place of content."""

OF_EMBEDS = {"title": 256, "description": 4096}
ROW, BUTTON, STRING_SELECT, TEXT_INPUT, CONTAINER = 1, 2, 3, 4, 17
SELECTS = frozenset({3, 5, 6, 7, 8})
INTERACTIVE = SELECTS | {BUTTON, TEXT_INPUT}


class Text(msgspec.Struct):
    """What a footer or an author of an embed says."""

    text: str | None = None
    name: str | None = None
    icon_url: str | None = None


class Picture(msgspec.Struct):
    """What an embed shows."""

    url: str


class Field(msgspec.Struct):
    """A field of an embed."""

    name: str
    value: str
    inline: bool | None = None


class Embed(msgspec.Struct):
    """The kinds of what is in an embed; how much it may be is judged afterwards."""

    title: str | None = None
    description: str | None = None
    url: str | None = None
    color: int | None = None
    timestamp: str | None = None
    footer: Text | None = None
    author: Text | None = None
    image: Picture | None = None
    thumbnail: Picture | None = None
    fields: list[Field] | None = None


class Component(msgspec.Struct):
    """The kinds of what is in a component, as far as the simulator looks at it."""

    type: int
    custom_id: str | None = None
    components: list["Component"] = []
    component: "Component | None" = None
    accessory: "Component | None" = None
    options: list[Json] | None = None


@dataclass(frozen=True)
class Upload:
    """A file as it was sent."""

    filename: str
    content: bytes

    @property
    def content_type(self) -> str:
        """What its name says it is: clients send everything as mere bytes."""
        return mimetypes.guess_type(self.filename)[0] or "application/octet-stream"


@dataclass(frozen=True)
class Draft:
    """A message to be, or changes to one: what is None was not said.

    `files` lists what shall be attached in order: ids of files that are there already, and uploads with a description.
    """

    content: str | None = None
    embeds: list[Json] | None = None
    components: list[Json] | None = None
    files: list[str | tuple[Upload, str | None]] | None = None
    flags: int = 0
    tts: bool = False
    nonce: str | int | None = None
    enforce_nonce: bool = False
    reply_to: str | None = None
    reply_or_not: bool = True
    allowed: Json | None = None
    beside: Json | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing would be seen."""
        return not (self.content or self.embeds or self.components or self.files or self.beside)


def read(body: Json, uploads: Mapping[int, Upload]) -> Draft:
    """Read a message from a body. Raises Invalid Form Body."""
    form = Form(body)
    content = form.text("content", most=LONGEST_CONTENT)
    embeds = _shaped(form, "embeds", Embed)
    components = _shaped(form, "components", Component)
    for index, each in enumerate(embeds or []):
        _judge_embed(form, f"embeds.{index}", each)
    if sum(map(_length, embeds or [])) > LONGEST_EMBEDS:
        form.fail("embeds", "MAX_EMBED_SIZE_EXCEEDED", f"Embed size exceeds maximum size of {LONGEST_EMBEDS}")
    _judge_components(form, components or [])
    reference = form.inner("message_reference")
    draft = Draft(
        content="" if content is None and "content" in body else content,
        embeds=embeds,
        components=components,
        files=_files(form, uploads),
        flags=(form.whole("flags", least=0, most=1 << 31) or 0) & FLAGS_OF_SENDERS,
        tts=form.flag("tts"),
        nonce=_nonce(form),
        enforce_nonce=form.flag("enforce_nonce"),
        reply_to=str(reference["message_id"]) if "message_id" in reference else None,
        reply_or_not=not reference.get("fail_if_not_exists", True),
        allowed=form.inner("allowed_mentions") if "allowed_mentions" in body else None,
    )
    form.check()
    return draft


def read_modal(body: Json) -> Json:
    """Read a modal from a body. Raises Invalid Form Body."""
    form = Form(body)
    form.text("custom_id", least=1, most=100, required=True)
    form.text("title", least=1, most=45, required=True)
    components = _shaped(form, "components", Component) or []
    _judge_components(form, components)
    form.check()
    return body | {"components": shown_components(components)}


def read_choices(body: Json) -> list[Json]:
    """Read what somebody is offered who types an option. Raises Invalid Form Body."""
    form = Form(body)
    choices = form.items("choices", most=MOST_CHOICES)
    for index, each in enumerate(choices):
        form.measure(f"choices.{index}.name", str(each.get("name", "")), least=1, most=100)
    form.check()
    return choices


def read_upload(attachment: Json) -> Upload:
    """Return a file from its `filename` and its content: text in `content`, or anything in `content_base64`.

    Raises Invalid Form Body.
    """
    try:
        content = base64.b64decode(attachment.get("content_base64", ""), validate=True)
    except binascii.Error as error:
        wrong = {"code": "BASE_TYPE_CONVERT", "message": "Could not interpret value as base64."}
        raise bad_form({"attachments": {"_errors": [wrong]}}) from error
    return Upload(str(attachment.get("filename", "file")), content or str(attachment.get("content", "")).encode())


def _shaped(form: Form, name: str, shape: type[msgspec.Struct]) -> list[Json] | None:
    """Read a list of objects of this shape, None where there is no list. Those of another shape are left out."""
    if form.body.get(name) is None:
        return None
    fitting = []
    for index, each in enumerate(form.items(name, most=10)):
        try:
            msgspec.convert(each, shape)
            fitting.append(each)
        except msgspec.ValidationError as error:
            form.fail(f"{name}.{index}", "MODEL_TYPE_CONVERT", str(error))
    return fitting


def _nonce(form: Form) -> str | int | None:
    nonce = form.body.get("nonce")
    if isinstance(nonce, int) or nonce is None:
        return nonce
    form.measure("nonce", str(nonce), most=25)
    return str(nonce)


def _judge_embed(form: Form, path: str, embed: Json) -> None:
    for name, most in OF_EMBEDS.items():
        form.measure(f"{path}.{name}", str(embed.get(name) or ""), most=most)
    fields = embed.get("fields") or []
    if len(fields) > 25:  # noqa: PLR2004 (fields of an embed)
        form.fail(f"{path}.fields", "BASE_TYPE_BAD_LENGTH", "Must be between 0 and 25 in length.")
    for index, each in enumerate(fields):
        form.measure(f"{path}.fields.{index}.name", str(each.get("name", "")), least=1, most=256)
        form.measure(f"{path}.fields.{index}.value", str(each.get("value", "")), least=1, most=1024)


def _length(embed: Json) -> int:
    fields = [text for each in embed.get("fields") or [] for text in (each.get("name"), each.get("value"))]
    others = [(embed.get("footer") or {}).get("text"), (embed.get("author") or {}).get("name")]
    return sum(len(str(each or "")) for each in [embed.get("title"), embed.get("description"), *fields, *others])


def _judge_components(form: Form, components: list[Json]) -> None:
    seen: set[str] = set()
    for each in walk(components):
        name = each.get("custom_id")
        if name is None:
            continue
        form.measure("components", str(name), least=1, most=100)
        if name in seen:
            form.fail("components", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated")
        seen.add(name)


def _files(form: Form, uploads: Mapping[int, Upload]) -> list[str | tuple[Upload, str | None]] | None:
    """Join the files with what the body says of them; files that it does not mention follow."""
    if form.body.get("attachments") is None and not uploads:
        return None
    files: list[str | tuple[Upload, str | None]] = []
    rest = dict(uploads)
    for index, each in enumerate(form.items("attachments", most=MOST_FILES)):
        number = str(each.get("id", ""))
        if number.isdecimal() and int(number) in rest:
            upload = rest.pop(int(number))
            name = each.get("filename") or upload.filename
            files.append((Upload(name, upload.content), each.get("description")))
        elif not number.isdecimal() or int(number) < MOST_FILES:  # So small a number counts uploads.
            form.fail(f"attachments.{index}.id", "ATTACHMENT_NOT_FOUND", "Attachment data not found")
        else:
            files.append(number)
    return files + [(each, None) for each in rest.values()]


def walk(components: list[Json]) -> Iterator[Json]:
    """Yield every component, rows and containers first, then what is in them."""
    for each in components:
        yield each
        inner = [*each.get("components", []), *(each[name] for name in ("component", "accessory") if name in each)]
        yield from walk(inner)


def shown_components(components: list[Json]) -> list[Json]:
    """Return components as they are read back: numbered, with what was left out."""
    shown: list[Json] = _copied(components)
    for number, each in enumerate(walk(shown), start=1):
        each.setdefault("id", number)
        if each["type"] in SELECTS:
            each.setdefault("min_values", 1)
            each.setdefault("max_values", 1)
        if each["type"] == CONTAINER:
            each.setdefault("accent_color", None)
            each.setdefault("spoiler", False)
    return shown


def shown_embeds(embeds: list[Json], addresses: Mapping[str, str]) -> list[Json]:
    """Return embeds as they are read back; `addresses` tells where the message's own files are by name."""
    shown: list[Json] = _copied(embeds)
    for each in shown:
        each["type"] = "rich"
        for one in each.get("fields", []):
            one.setdefault("inline", False)
        for name in ("image", "thumbnail"):
            if name in each:
                each[name]["url"] = _resolved(each[name]["url"], addresses)
                each[name] |= {"proxy_url": each[name]["url"], "width": 0, "height": 0}
        for name in ("author", "footer"):
            if each.get(name, {}).get("icon_url"):
                each[name]["icon_url"] = _resolved(each[name]["icon_url"], addresses)
                each[name]["proxy_icon_url"] = each[name]["icon_url"]
    return shown


def _resolved(url: str, addresses: Mapping[str, str]) -> str:
    return addresses.get(url.removeprefix("attachment://"), url)


def _copied(value: Any) -> Any:  # noqa: ANN401 (any JSON)
    """Return a deep copy without what is null: Discord leaves that out when it shows components and embeds."""
    if isinstance(value, dict):
        return {name: _copied(each) for name, each in value.items() if each is not None}
    return [_copied(each) for each in value] if isinstance(value, list) else value
