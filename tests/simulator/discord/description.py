"""Holds what the simulator answers, and what bots ask of it, against Discord's own description of its API.

The description is not part of this project: it is looked for beside the checkout, or where DISCORD_OPENAPI says.
"""

import json
import os
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jsonschema_rs import Draft202012, Draft202012Validator, Registry

from guildhall.simulator.discord import Exchange

REPOSITORY = Path(__file__).parents[3]
PLACE = Path(os.environ.get("DISCORD_OPENAPI") or REPOSITORY.parent / "shared" / "spec" / "discord-openapi.json")
URI = "urn:discord"
WORD = re.compile(r"\{\w+\}")


class Description:
    """Discord's description, with a validator for whatever is asked of it."""

    def __init__(self, document: dict[str, Any]) -> None:
        # The codes of nested errors are words on the wire and in the written reference; here they are called numbers.
        document["components"]["schemas"]["Error"]["properties"]["code"]["type"] = ["integer", "string"]
        self._paths = document["paths"]
        self._names = {WORD.sub("{}", path): path for path in self._paths}
        self._registry = Registry([(URI, document)], draft=Draft202012)
        self._validators: dict[str, Draft202012Validator] = {}

    def knows(self, method: str, path: str) -> bool:
        """Tell whether there is such an operation; the names of the parts of a path do not matter."""
        return method.lower() in self._paths.get(self._names.get(WORD.sub("{}", path), ""), {})

    def faults(self, seen: Exchange) -> list[str]:
        """Return what about an exchange is not as described."""
        path = self._names.get(WORD.sub("{}", seen.path))
        operation = self._paths.get(path or "", {}).get(seen.method.lower())
        if path is None or operation is None:
            return [f"{seen.method} {seen.path} is not described"]
        where = f"/paths/{path.replace('/', '~1')}/{seen.method.lower()}"
        told = [f"{seen.method} {seen.target} {seen.status}: {each}" for each in self._answered(seen, operation, where)]
        if seen.status < 400:  # What was refused need not have been as described.
            told += [f"{seen.method} {seen.target} asked: {each}" for each in self._asked(seen, operation, where)]
        return told

    def _answered(self, seen: Exchange, operation: dict[str, Any], where: str) -> list[str]:
        responses = operation["responses"]
        status = str(seen.status)
        status = status if status in responses else f"{status[0]}XX"
        if status == "5XX":
            return []
        if status not in responses:
            return ["this status is not described"]
        response, place = responses[status], f"{where}/responses/{status}"
        if "$ref" in response:
            place = response["$ref"].removeprefix("#")
        elif "content" not in response:
            return [] if seen.answered is None else ["there should be no body"]
        return self._complaints(f"{place}/content/application~1json/schema", seen.answered)

    def _asked(self, seen: Exchange, operation: dict[str, Any], where: str) -> list[str]:
        if seen.asked == {} or "application/json" not in operation.get("requestBody", {}).get("content", {}):
            return []
        place = f"{where}/requestBody/content/application~1json/schema"
        return self._complaints(place, _ids_as_text(seen.asked), digits_alike=True)

    def _complaints(self, pointer: str, value: object, *, digits_alike: bool = False) -> list[str]:
        """Return what is wrong. Discord reads numbers and texts of digits alike, and clients rely on that."""
        if pointer not in self._validators:
            schema = {"$ref": f"{URI}#{quote(pointer)}"}
            self._validators[pointer] = Draft202012Validator(schema, registry=self._registry)
        errors = self._validators[pointer].iter_errors(value)
        told = [each for each in errors if not (digits_alike and str(each.instance).isdecimal())]
        return [f"{'/'.join(map(str, each.instance_path))}: {each.message[:300]}" for each in told]


def _ids_as_text(value: Any) -> Any:  # noqa: ANN401 (any JSON)
    """Return a body with the ids in it as text: discord.py sends them as numbers, which are larger than any other."""
    if isinstance(value, dict):
        return {name: _ids_as_text(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_ids_as_text(each) for each in value]
    return str(value) if isinstance(value, int) and value >> 40 else value


@cache
def description() -> Description | None:
    """Return Discord's description, None where it is not at hand."""
    return Description(json.loads(PLACE.read_text())) if PLACE.exists() else None


class Recorder:
    """Watches a simulator and gathers what is not as Discord describes it."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self.faults: list[str] = []

    def watch(self, seen: Exchange) -> None:
        """Judge an exchange."""
        self.exchanges.append(seen)
        known = description()
        if known is not None:
            self.faults += known.faults(seen)
