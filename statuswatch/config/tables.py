"""The tables of the configuration file, as TOML has them: their keys and types, not yet what the values mean."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, TypeVar

import msgspec

from statuswatch.config.checks import Place, mistake
from statuswatch.config.suggest import did_you_mean
from statuswatch.model.incident import Moment

T = TypeVar("T")
_LIST_OR_TABLE: Final = 'list keys as pages = ["openai"], or write a table for one page, [page.acme]'


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
    timeout: Annotated[float, msgspec.Meta(gt=0, le=86400)] = 15.0
    deadline: Annotated[float, msgspec.Meta(gt=0, le=86400)] = 240.0
    concurrency: Annotated[int, msgspec.Meta(ge=1, le=4096)] = 128
    components: list[str] = []
    min_impact: str = "none"
    maintenance: bool = True
    kinds: list[str] = []
    assume_impact: str = "unknown"
    page: dict[str, PageTable] = {}
    notify: list[dict[str, Any]] = []
    mute: list[dict[str, Any]] = []


def read_file_table(table: Mapping[str, Any], place: Place) -> FileTable:
    """Convert the whole file. Raises UsageError for the first key that is unknown, then for the first wrong type."""
    _check_names(table, place)
    page_tables = table.get("page")
    if not isinstance(page_tables, dict):
        return convert(table, FileTable, place)
    # Each by itself: in a mapping msgspec does not name the key of the fault.
    pages = {key: convert(page, PageTable, place.at(f"page.{key}")) for key, page in page_tables.items()}
    file = convert({**table, "page": {}}, FileTable, place)
    return msgspec.structs.replace(file, page=pages)


def convert(table: object, table_type: type[T], place: Place) -> T:
    """Convert a TOML value to the type. Raises UsageError with the key of the first fault, in TOML's words."""
    try:
        return msgspec.convert(table, table_type)
    except msgspec.ValidationError as error:
        problem, _, path = str(error).replace(" | null", "").partition(" - at ")
        problem = problem.replace("`array`", "`list`").replace("`object`", "`table`")
        key = place.key + path.strip("`").removeprefix("$")
        raise mistake(Place(place.source, key.removeprefix(".")), problem) from error


def _check_names(table: Mapping[str, Any], place: Place) -> None:
    """Refuse unknown keys before anything else: they are the commonest mistake. Raises UsageError."""
    refuse_unknown(table, FileTable.__struct_fields__, place)
    page_tables = table.get("page")
    if isinstance(page_tables, dict):
        for key, page in page_tables.items():
            if isinstance(page, dict):
                refuse_unknown(page, PageTable.__struct_fields__, place.at(f"page.{key}"))
    if isinstance(page_tables, list):
        raise mistake(place.at("page"), f"a list: {_LIST_OR_TABLE}")
    if isinstance(table.get("pages"), dict):
        raise mistake(place.at("pages"), f"a table: {_LIST_OR_TABLE}")


def refuse_unknown(table: Mapping[str, Any], fields: tuple[str, ...], place: Place) -> None:
    """Raise UsageError for a key that is not one of the fields."""
    for name in table:
        if name not in fields:
            raise mistake(place.at(name), f"unknown key{did_you_mean(name, fields)}")
