"""The configuration built from the tables of its file, every value checked."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from statuswatch import text
from statuswatch.catalog import catalog
from statuswatch.config.checks import (
    Place,
    check_choice,
    check_id,
    check_impact,
    check_key,
    check_url,
    check_variable,
    is_key,
    mistake,
)
from statuswatch.config.schema import DEFAULT_EVENTS, EVENT_CHOICES, KIND_CHOICES, Config, SinkConfig
from statuswatch.config.suggest import did_you_mean
from statuswatch.config.tables import (
    FileTable,
    MuteTable,
    NotifyTable,
    PageTable,
    convert,
    read_file_table,
    refuse_unknown,
)
from statuswatch.errors import UsageError
from statuswatch.hours import Hours
from statuswatch.model.incident import IMPACT_SCALE, Impact, IncidentKind, utc
from statuswatch.model.mute import Mute
from statuswatch.model.page import Page
from statuswatch.platforms import PLATFORMS
from statuswatch.sinks import SINKS, Options

DEFAULT_PAGES: Final = ("openai", "anthropic", "github", "cloudflare", "npm", "pypi", "vercel", "docker")
SHARED_PAGES: Final = ("platform:", "host:")  # so begin the page keys of shared incidents


def build_config(table: Mapping[str, Any], source: str, folder: Path) -> Config:
    """Build the configuration from the TOML table. `folder` is what a relative `state` starts from.

    Raises UsageError for the first mistake.
    """
    place = Place(source)
    file = read_file_table(table, place)
    pages = tuple(_build_page(key, file, place) for key in _page_keys(file))
    sinks = _build_sinks(file, pages, place)
    if not pages:
        raise mistake(place.at("pages"), 'no page to watch: name some, for example pages = ["openai"]')
    return Config(
        pages=pages,
        state=folder / file.state,
        timeout=file.timeout,
        deadline=file.deadline,
        concurrency=file.concurrency,
        assume_impact=_assume_impact(file, place),
        notify=sinks,
        mutes=_build_mutes(file, pages, place),
        source=source,
    )


def _page_keys(file: FileTable) -> list[str]:
    """Return the keys of `pages` and of the page tables, each once; the default ones where the file has neither."""
    listed = file.pages
    if listed is None:
        listed = [] if file.page else list(DEFAULT_PAGES)
    return list(dict.fromkeys([*listed, *file.page]))


def _build_page(key: str, file: FileTable, file_place: Place) -> Page:
    """Build a page from its table, the catalog and the top of the file, in this order. Raises UsageError."""
    table = file.page.get(key, PageTable())
    place = file_place.at(f"page.{key}")
    base = _catalog_entry(key, table)
    if base is None:
        if table.url is None:
            raise _unknown_page(key, file, file_place)
        base = Page(key=key, name=key, url="")
    check_key(key, place)
    platform = _platform(table, base, place)
    url = base.url if table.url is None else check_url(table.url, place.at("url"))
    catalog_id = base.id if (url, platform) == (base.url, base.platform) else ""
    return Page(
        key=key,
        name=text.line(table.name or "") or base.name,
        url=url,
        platform=platform,
        id=catalog_id if table.id is None else check_id(table.id, place.at("id")),
        components=tuple(file.components if table.components is None else table.components),
        min_impact=_min_impact(table, file, place, file_place),
        maintenance=file.maintenance if table.maintenance is None else table.maintenance,
        kinds=_kinds(table, file, place, file_place),
    )


def _catalog_entry(key: str, table: PageTable) -> Page | None:
    """Return the catalog's page, where it has one. A table that needs nothing from the catalog does not load it."""
    if table.url is not None and table.platform is not None and table.name is not None:
        return None
    return catalog().get(key)


def _unknown_page(key: str, file: FileTable, place: Place) -> UsageError:
    problem = f"the catalog has no page {key!r}"
    near = did_you_mean(key, catalog())
    if key in file.page:
        return mistake(place.at(f"page.{key}.url"), f"missing, and {problem}{near or ': add the address of the page'}")
    return mistake(place.at("pages"), f"{problem}{near or ': set its `url` in a table [page.KEY]'}")


def _platform(table: PageTable, base: Page, place: Place) -> str:
    """Return the page's platform; "" where it is to be recognised.

    Another address may run on another platform: the catalog's platform holds for the catalog's address only.
    """
    platform = table.platform
    if platform is None:
        platform = base.platform if table.url is None else ""
    if platform:
        check_choice(platform, PLATFORMS, place.at("platform"), noun="platform")
    return platform


def _assume_impact(file: FileTable, place: Place) -> Impact:
    """Return the impact that filters assume where the vendor states none."""
    choices = (*IMPACT_SCALE, Impact.UNKNOWN)
    return Impact(check_choice(file.assume_impact, choices, place.at("assume_impact"), noun="impact"))


def _min_impact(table: PageTable, file: FileTable, place: Place, file_place: Place) -> Impact:
    if table.min_impact is None:
        return check_impact(file.min_impact, file_place.at("min_impact"))
    return check_impact(table.min_impact, place.at("min_impact"))


def _kinds(table: PageTable, file: FileTable, place: Place, file_place: Place) -> tuple[str, ...]:
    if table.kinds is None:
        kinds, place = file.kinds, file_place
    else:
        kinds = table.kinds
    return tuple(check_choice(kind, KIND_CHOICES, place.at("kinds"), noun="kind") for kind in kinds)


def _build_sinks(file: FileTable, pages: Iterable[Page], place: Place) -> tuple[SinkConfig, ...]:
    keys = {page.key: page for page in pages}
    assume_impact = _assume_impact(file, place)
    tags = _pages_by_tag(file)
    sinks = tuple(
        msgspec.structs.replace(
            _build_sink(table, place.at(f"notify[{number}]"), keys, tags), assume_impact=assume_impact
        )
        for number, table in enumerate(file.notify)
    )
    for name, count in Counter(sink.name for sink in sinks).items():
        if count > 1:
            raise mistake(place.at("notify"), f"{count} sinks are called {name!r}: give each a `name` of its own")
    return sinks


def _pages_by_tag(file: FileTable) -> dict[str, set[str]]:
    """Return the keys of the pages that have each tag."""
    tagged: dict[str, set[str]] = {}
    for key, table in file.page.items():
        for tag in table.tags:
            tagged.setdefault(tag, set()).add(key)
    return tagged


def _build_sink(
    table: Mapping[str, Any], place: Place, page_keys: Collection[str], tags: Mapping[str, Collection[str]]
) -> SinkConfig:
    """Build a sink from its table. Raises UsageError, which never repeats what may be a secret."""
    common = convert(_only(table, NotifyTable.__struct_fields__), NotifyTable, place)
    options_type = _options_type(common.sink, place)
    _check_options(table, common.sink, options_type, place)
    for event in common.events or ():
        check_choice(event, EVENT_CHOICES, place.at("events"), noun="event")
    if common.name is not None:
        check_key(common.name, place.at("name"), noun="name")
    min_impact = check_impact(common.min_impact, place.at("min_impact"))
    return SinkConfig(
        sink=common.sink,
        name=common.name or common.sink,
        where=f"{place} ({common.sink})",
        options=convert(_only(table, options_type.__struct_fields__), options_type, place),
        min_impact=min_impact,
        maintenance=min_impact is Impact.NONE if common.maintenance is None else common.maintenance,
        events=DEFAULT_EVENTS if common.events is None else frozenset(common.events),
        pages=_sink_pages(common, place, page_keys, tags),
        kinds=_sink_kinds(common, options_type, place),
        components=tuple(common.components),
        hours=_sink_hours(common, place),
        digest_above=common.digest_above,
    )


def _sink_pages(
    table: NotifyTable, place: Place, page_keys: Collection[str], tags: Mapping[str, Collection[str]]
) -> frozenset[str]:
    """Return the keys of the pages that `pages` and `tags` both select; none where neither is set."""
    for key in table.pages:
        check_choice(key, page_keys, place.at("pages"), noun="page")
    for tag in table.tags:
        check_choice(tag, tags, place.at("tags"), noun="tag")
    tagged = frozenset(key for tag in table.tags for key in tags[tag])
    if not (table.pages and table.tags):
        return tagged.union(table.pages)
    selected = tagged.intersection(table.pages)
    if not selected:
        raise mistake(place.at("tags"), "none of the pages in `pages` has one of these tags: leave one of the two out")
    return selected


def _sink_kinds(table: NotifyTable, options_type: type[Options], place: Place) -> frozenset[IncidentKind]:
    """Return the kinds of incidents that a sink receives. `maintenance = true` adds that kind to a sink's default."""
    if table.kinds is None:
        asked_for = {IncidentKind.MAINTENANCE} if table.maintenance else set()
        return options_type.DEFAULT_KINDS | asked_for
    if not table.kinds:
        raise mistake(place.at("kinds"), "an empty list: leave it out to receive all kinds")
    choices = tuple(IncidentKind)
    return frozenset(IncidentKind(check_choice(kind, choices, place.at("kinds"), noun="kind")) for kind in table.kinds)


def _sink_hours(table: NotifyTable, place: Place) -> Hours | None:
    if table.hours is None:
        return None
    try:
        return Hours.parse(table.hours)
    except UsageError as error:
        raise mistake(place.at("hours"), str(error)) from None


def _build_mutes(file: FileTable, pages: Iterable[Page], place: Place) -> tuple[Mute, ...]:
    keys = {page.key: page for page in pages}
    return tuple(_build_mute(table, keys, place.at(f"mute[{number}]")) for number, table in enumerate(file.mute))


def _build_mute(table: Mapping[str, Any], page_keys: Collection[str], place: Place) -> Mute:
    refuse_unknown(table, MuteTable.__struct_fields__, place)
    mute = convert(table, MuteTable, place)
    if not mute.page.startswith(SHARED_PAGES):
        check_choice(mute.page, page_keys, place.at("page"), noun="page")
    return Mute(page=mute.page, incident=mute.incident, until=mute.until and utc(mute.until))


def _only(table: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: table[name] for name in names if name in table}


def _options_type(sink: str, place: Place) -> type[Options]:
    if sink not in SINKS:
        shown = f" {sink!r}" if is_key(sink) else ""  # else it may be an address, and so a secret
        raise mistake(place.at("sink"), f"unknown sink{shown}{did_you_mean(sink, SINKS)}")
    return SINKS[sink].OPTIONS


def _check_options(table: Mapping[str, Any], sink: str, options_type: type[Options], place: Place) -> None:
    """Refuse options that neither every sink nor this one has, and secrets in place of a variable's name."""
    names = (*NotifyTable.__struct_fields__, *options_type.__struct_fields__)
    for name, value in table.items():
        if name not in names:
            raise mistake(place.at(name), f"unknown option of the sink {sink}{did_you_mean(name, names)}")
        if name.endswith("_env"):
            check_variable(value, place.at(name))
