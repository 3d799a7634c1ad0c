"""The tables of the configuration file, as TOML has them: their keys and types, not yet what the values mean."""

import re
from collections.abc import Collection, Mapping
from typing import Annotated, Any, Final, TypeVar

import msgspec

from statuswatch.config.checks import Place, mistake, safe_word
from statuswatch.config.suggest import did_you_mean
from statuswatch.model.incident import Moment
from statuswatch.schedule import DEFAULT_EVERY, MAX_EVERY, MIN_EVERY, MIN_EVERY_OPEN

T = TypeVar("T")
Every = Annotated[float, msgspec.Meta(ge=MIN_EVERY, le=MAX_EVERY)]
EveryOpen = Annotated[float, msgspec.Meta(ge=MIN_EVERY_OPEN, le=MAX_EVERY)]
_LIST_OR_TABLE: Final = 'list keys as pages = ["openai"], or write a table for one page, [page.acme]'

_TIME_EXAMPLE: Final = "2026-12-24T00:00:00Z"


class PageTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[page.KEY]`. What is None is taken from the catalog or from the top of the file."""

    name: str | None = None
    url: str | None = None
    platform: str | None = None
    id: str | None = None
    components: list[str] | None = None
    min_impact: str | None = None
    maintenance: bool | None = None
    kinds: list[str] | None = None
    tags: list[str] = []
    headers_env: dict[str, str] = {}
    public: bool = False
    every: Every | None = None
    every_open: EveryOpen | None = None
    hook_secret_env: str | None = None


class ServeTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[serve]`."""

    token_env: str | None = None


class NotifyTable(msgspec.Struct, frozen=True):
    """The keys that `[[notify]]` has for every sink; the others are the sink's own options."""

    sink: str
    name: str | None = None
    min_impact: str = "none"
    maintenance: bool | None = None
    events: list[str] | None = None
    pages: list[str] = []
    tags: list[str] = []
    kinds: list[str] | None = None
    components: list[str] = []
    hours: str | None = None
    digest_above: Annotated[int, msgspec.Meta(ge=0, le=1000)] | None = None


class MuteTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[[mute]]`. `until` is a date with a time and a zone."""

    page: str
    incident: Annotated[str, msgspec.Meta(min_length=1)]
    until: Moment | None = None


class FileTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file, or `[tool.statuswatch]`. `notify` and `mute` stay raw: each table has its own place."""

    pages: list[str] | None = None
    state: Annotated[str, msgspec.Meta(min_length=1)] = "state.json"
    history: Annotated[str, msgspec.Meta(min_length=1)] | None = None
    timeout: Annotated[float, msgspec.Meta(gt=0, le=86400)] = 15.0
    deadline: Annotated[float, msgspec.Meta(gt=0, le=86400)] = 240.0
    concurrency: Annotated[int, msgspec.Meta(ge=1, le=4096)] = 128
    components: list[str] = []
    min_impact: str = "none"
    maintenance: bool = True
    kinds: list[str] = []
    assume_impact: str = "unknown"
    every: Every = DEFAULT_EVERY
    every_open: EveryOpen | None = None
    page: dict[str, PageTable] = {}
    notify: list[dict[str, Any]] = []
    mute: list[dict[str, Any]] = []
    serve: ServeTable = ServeTable()


def read_file_table(table: Mapping[str, Any], place: Place) -> FileTable:
    """Convert the whole file, its pages by their keys in lower case.

    Mistakes are noted at the place; what has one is left out.
    """
    rest = known_keys(table, FileTable.__struct_fields__, place)
    if isinstance(rest.get("pages"), dict):
        _refuse_shape("pages", f"a table: {_LIST_OR_TABLE}", rest, place)
    if isinstance(rest.get("page"), list):
        _refuse_shape("page", f"a list: {_LIST_OR_TABLE}", rest, place)
    for name in ("notify", "mute"):
        if isinstance(rest.get(name), dict):
            _refuse_shape(name, f"a single table: write [[{name}]], with two brackets", rest, place)
    # Each by itself: in a mapping msgspec does not name the key of the fault.
    page_tables = rest.pop("page") if isinstance(rest.get("page"), dict) else {}
    if isinstance(rest.get("serve"), dict):
        rest["serve"] = known_keys(rest["serve"], ServeTable.__struct_fields__, place.at("serve"))
    file = convert_rest(rest, FileTable, place)
    return msgspec.structs.replace(file, page=_page_tables(page_tables, place))


def _refuse_shape(name: str, problem: str, rest: dict[str, Any], place: Place) -> None:
    del rest[name]
    with place.collecting():
        raise mistake(place.at(name), problem)


def page_place(key: str, file_place: Place) -> Place:
    """Return the place of a page's table. A key that is an address may hold a token, which no message repeats."""
    return file_place.at(f"page.{safe_word(key)}")


def _page_tables(tables: Mapping[str, Any], file_place: Place) -> dict[str, PageTable]:
    """Return the tables of pages by their keys in lower case."""
    converted: dict[str, PageTable] = {}
    for key, table in tables.items():
        place = page_place(key, file_place)
        with file_place.collecting():
            if key.lower() in converted:
                raise mistake(place, "another table has this key in another case: join them")
            rest = known_keys(table, PageTable.__struct_fields__, place) if isinstance(table, dict) else table
            converted[key.lower()] = PageTable()
            page_table = convert_rest(rest, PageTable, place)
            if page_table.name is None and page_table.url is not None and key != key.lower():
                page_table = msgspec.structs.replace(page_table, name=key)  # as it is written
            converted[key.lower()] = page_table
    return converted


def convert(table: object, table_type: type[T], place: Place) -> T:
    """Convert a TOML value to the type. Raises UsageError with the key of the first fault, in TOML's words."""
    try:
        return msgspec.convert(table, table_type)
    except msgspec.ValidationError as error:
        raise mistake(*_explain(error, place)) from error


def convert_rest(table: object, table_type: type[T], place: Place) -> T:
    """Convert a table without the keys that have a fault; these are noted. Raises UsageError where a key is missing."""
    if not isinstance(table, dict):
        return convert(table, table_type, place)
    rest = dict(table)
    problem = None
    while True:
        try:
            return msgspec.convert(rest, table_type)
        except msgspec.ValidationError as error:
            name = _faulty_key(error)
            if name not in rest:  # it lacks a key, perhaps one that was left out here: its fault says more
                raise problem or mistake(*_explain(error, place)) from error
            problem = mistake(*_explain(error, place))
            place.mistakes.append(str(problem))
            del rest[name]


def _explain(error: msgspec.ValidationError, place: Place) -> tuple[Place, str]:
    """Return the place of a fault, and what is wrong there."""
    problem, _, path = str(error).replace(" | null", "").partition(" - at ")
    problem = problem.replace("`array`", "`list`").replace("`object`", "`table`")
    if "datetime" in problem:
        problem += f": write it like {_TIME_EXAMPLE}"
    key = place.key + path.strip("`").removeprefix("$")
    return Place(place.source, key.removeprefix("."), place.mistakes), problem


def _faulty_key(error: msgspec.ValidationError) -> str:
    """Return the key of the table that a fault is at; "" where it is the table itself."""
    path = str(error).partition(" - at `$")[2]
    return re.split(r"[.\[`]", path.removeprefix("."))[0]


def known_keys(table: Mapping[str, Any], fields: Collection[str], place: Place) -> dict[str, Any]:
    """Return the table without the keys that are not one of the fields; these are noted as mistakes."""
    for name in table:
        if name not in fields:
            with place.collecting():
                raise mistake(place.at(name), f"unknown key{did_you_mean(name, fields)}")
    return {name: value for name, value in table.items() if name in fields}
