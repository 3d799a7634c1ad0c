"""JSON Schemas, derived from the types: of the configuration file for editors, and of an event for programs."""

from collections.abc import Collection, Mapping
from typing import Any, Final

import msgspec

from statuswatch.config.schema import EVENT_CHOICES, KIND_CHOICES
from statuswatch.config.tables import FileTable, MuteTable, NotifyTable, PageTable, ServeTable
from statuswatch.model.event_line import EventLine
from statuswatch.model.incident import IMPACT_SCALE, Impact, IncidentKind
from statuswatch.platforms import PLATFORMS
from statuswatch.sinks import SINKS

Schema = dict[str, Any]
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_REF: Final = "#/$defs/{name}"
# The words that a key takes, in any case. A table's own line comes before the one for every table.
_CHOICES: Final[Mapping[str, Collection[str]]] = {
    "assume_impact": (*IMPACT_SCALE, Impact.UNKNOWN),
    "events": EVENT_CHOICES,
    "kinds": KIND_CHOICES,
    "min_impact": IMPACT_SCALE,
    "platform": tuple(PLATFORMS),
    "NotifyTable.kinds": tuple(IncidentKind),
}
_DESCRIPTIONS: Final[Mapping[str, str]] = {
    "assume_impact": "The impact that filters assume where the vendor states none; unknown passes every filter.",
    "components": "Globs on component names; none means all.",
    "concurrency": "Pages that are read at a time.",
    "deadline": "Seconds for the whole run.",
    "digest_above": "More events of a run than this are sent as one notification; 0: never.",
    "events": "Kinds of events that the sink receives.",
    "every": "Seconds from one read of a page to the next, for a process that stays running.",
    "every_open": "The same while something is open there.",
    "headers_env": "Headers of a private page, each with the environment variable that holds its value.",
    "history": "The folder that keeps every event, relative to this file; {shard} in it is the number of the shard.",
    "hook_secret_env": "The environment variable that holds the secret with which the vendor signs its pushes.",
    "hours": 'Hours in which the sink is sent to, such as "Mon-Fri 08:00-18:00 Europe/Berlin".',
    "id": "What some platforms need besides the address: status.io's id, the address of a feed.",
    "incident": "The incident's id, or a glob on its title.",
    "kinds": "Kinds of events or incidents that are reported; none means all.",
    "maintenance": "Whether scheduled maintenance is reported.",
    "min_impact": "The lowest impact that is reported.",
    "mute": "Incidents that are printed as muted and not delivered.",
    "name": "The name that people read.",
    "notify": "The sinks that are notified.",
    "page": "A page that the catalog lacks, or other settings for one that it has, by key.",
    "pages": "Keys of the catalog.",
    "platform": "The platform that the page runs on; it is recognised where this is left out.",
    "public": "Whether what is published may show this private page.",
    "serve": "The HTTP side of `statuswatch serve`.",
    "sink": "Where notifications go.",
    "state": "The state file, relative to this file.",
    "tags": "Free words for routing.",
    "timeout": "Seconds for one page.",
    "token_env": "The environment variable that holds the token in the address of a webhook.",
    "until": "The end of the mute, with a zone.",
    "url": "The base address of the page.",
}


def event_schema() -> Schema:
    """Return the schema of an event's JSON line. Other fields may stand beside those of today."""
    return {"$schema": DIALECT, "title": "statuswatch event", **msgspec.json.schema(EventLine)}


def object_schema(table: type[msgspec.Struct]) -> Schema:
    """Return the schema of a type, itself at the root: some readers follow no reference there."""
    schema = msgspec.json.schema(table)
    definitions = {name: _one_line(definition) for name, definition in schema["$defs"].items()}
    root = definitions.pop(table.__name__)
    return {**root, "$defs": definitions} if definitions else root


def _one_line(value: Any) -> Any:
    """Return a schema whose descriptions are one line each."""
    if isinstance(value, list):
        return [_one_line(part) for part in value]
    if not isinstance(value, dict):
        return value
    return {
        name: " ".join(part.split()) if name == "description" and isinstance(part, str) else _one_line(part)
        for name, part in value.items()
    }


def config_schema() -> Schema:
    """Return the schema of `statuswatch.toml`. It accepts whatever the program accepts."""
    tables: tuple[type[msgspec.Struct], ...] = (
        FileTable,
        PageTable,
        NotifyTable,
        MuteTable,
        ServeTable,
        *(sink.OPTIONS for sink in SINKS.values()),
    )
    _, definitions = msgspec.json.schema_components(tables, ref_template=_REF)
    names = {table: table.__name__ for table in tables}
    shown = {name: _without_null(schema) for name, schema in definitions.items()}
    for name in ("FileTable", "PageTable", "NotifyTable", "MuteTable", "ServeTable"):
        shown[name] = _explained(name, shown[name])
    file = shown["FileTable"]
    properties = {
        **file["properties"],
        "notify": {**file["properties"]["notify"], "items": {"oneOf": [_sink_schema(sink, shown) for sink in SINKS]}},
        "mute": {**file["properties"]["mute"], "items": {"$ref": _REF.format(name="MuteTable")}},
    }
    options = {names[sink.OPTIONS] for sink in SINKS.values()} | {"NotifyTable", "FileTable"}
    rest = {name: schema for name, schema in shown.items() if name not in options}
    return {"$schema": DIALECT, **file, "title": "statuswatch configuration", "properties": properties, "$defs": rest}


def _sink_schema(sink: str, definitions: Mapping[str, Schema]) -> Schema:
    """Return the schema of a `[[notify]]` table for one sink: the keys of every sink, and its own."""
    common = definitions["NotifyTable"]
    own = definitions[SINKS[sink].OPTIONS.__name__]
    return {
        "title": sink,
        "type": "object",
        "properties": {**common["properties"], **own["properties"], "sink": _choice((sink,))},
        "required": ["sink", *own.get("required", ())],
        "additionalProperties": False,
    }


def _explained(table: str, schema: Schema) -> Schema:
    """Return the schema of a table with the words that its keys take, and what they mean."""
    properties = {}
    for key, value in schema["properties"].items():
        choices = _CHOICES.get(f"{table}.{key}", _CHOICES.get(key))
        if choices and value.get("type") == "array":
            value = {**value, "items": _choice(choices)}
        elif choices:
            value = {**{name: fact for name, fact in value.items() if name == "default"}, **_choice(choices)}
        properties[key] = {"description": _DESCRIPTIONS[key], **value} if key in _DESCRIPTIONS else value
    return {**schema, "properties": properties}


def _choice(words: Collection[str]) -> Schema:
    """Return the schema of a word among these, in any case: an editor offers them, and none that works is refused."""
    pattern = "|".join(
        "".join(f"[{letter.upper()}{letter}]" if letter.isalpha() else letter for letter in word) for word in words
    )
    return {"anyOf": [{"enum": [str(word) for word in words]}, {"type": "string", "pattern": f"^({pattern})$"}]}


def _without_null(schema: Schema) -> Schema:
    """Return a schema for TOML, which has no null: a key that may be absent is left out there."""
    cleaned = {name: _cleaned(name, value) for name, value in schema.items()}
    if cleaned.get("default", ...) is None:
        del cleaned["default"]
    parts = [part for part in cleaned.get("anyOf", ()) if part != {"type": "null"}]
    if len(parts) == 1:
        del cleaned["anyOf"]
        cleaned |= parts[0]
    return cleaned


def _cleaned(name: str, value: Any) -> Any:
    if name == "description" and isinstance(value, str):
        return " ".join(value.split())
    if isinstance(value, dict):
        return _without_null(value)
    return [_without_null(part) for part in value] if name == "anyOf" else value
