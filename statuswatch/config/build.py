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
    check_header,
    check_id,
    check_impact,
    check_key,
    check_url,
    check_variable,
    is_key,
    mistake,
    safe_word,
)
from statuswatch.config.resolve import catalog_key, is_address, is_same_address, near_hint
from statuswatch.config.schema import DEFAULT_EVENTS, EVENT_CHOICES, KIND_CHOICES, Config, SinkConfig
from statuswatch.config.suggest import did_you_mean
from statuswatch.config.tables import (
    FileTable,
    MuteTable,
    NotifyTable,
    PageTable,
    convert_rest,
    known_keys,
    page_place,
    read_file_table,
)
from statuswatch.errors import UsageError
from statuswatch.hours import Hours
from statuswatch.model.incident import IMPACT_SCALE, Impact, IncidentKind, utc
from statuswatch.model.mute import Mute
from statuswatch.model.page import Page
from statuswatch.model.state import ARCHIVE
from statuswatch.platforms import PLATFORMS
from statuswatch.schedule import Interval
from statuswatch.sinks import SINKS, Options

_NAME_PAGES: Final = 'name the pages to watch, for example pages = ["openai"]'
DEFAULT_PAGES: Final = ("openai", "anthropic", "github", "cloudflare", "npm", "pypi", "vercel", "docker")
OF_PLATFORM, OF_HOST = "platform:", "host:"  # so begin the page keys of shared incidents


def default_config(folder: Path) -> Config:
    """Return the built-in configuration, with its state in the folder."""
    return Config(pages=tuple(catalog()[key] for key in DEFAULT_PAGES), state=folder / FileTable().state)


def build_config(table: Mapping[str, Any], source: str, folder: Path) -> Config:
    """Build the configuration from the TOML table. `folder` is what a relative `state` starts from.

    Raises UsageError with all mistakes, one a line.
    """
    place = Place(source)
    if not table:
        raise mistake(place, f"empty: {_NAME_PAGES}")
    file = read_file_table(table, place)
    _check_filters(file, place)
    spellings = _page_spellings(file, place)
    keys = list(spellings)
    pages = tuple(_build_page(key, spelling, file, place) for key, spelling in spellings.items())
    tables = {key: file.page.get(spelling, PageTable()) for key, spelling in spellings.items()}
    config = Config(
        pages=pages,
        state=_path(file.state, folder, place.at("state")),
        history=_history(file, folder, place),
        timeout=file.timeout,
        deadline=file.deadline,
        concurrency=file.concurrency,
        assume_impact=_assume_impact(file, place),
        notify=_build_sinks(file, tables, place),
        mutes=_build_mutes(file, keys, place),
        source=source,
        headers=_build_all_headers(spellings, file, place),
        public=frozenset(key for key in keys if tables[key].public),
        every=file.every,
        every_open=_interval(file).every_open,
        intervals={key: _interval(table) for key, table in tables.items()},
        token_env=_variable(file.serve.token_env, place.at("serve.token_env")),
        hook_secrets=_hook_secrets(tables, place),
    )
    place.raise_mistakes()
    if not config.pages:
        raise mistake(place.at("pages"), f"no page to watch: {_NAME_PAGES}")
    return config


def _hook_secrets(tables: Mapping[str, PageTable], place: Place) -> dict[str, str]:
    """Return the names of the variables that hold secrets of pushes, by the key of the page."""
    named = {
        key: _variable(table.hook_secret_env, page_place(key, place).at("hook_secret_env"))
        for key, table in tables.items()
    }
    return {key: variable for key, variable in named.items() if variable}


def _variable(word: str | None, place: Place) -> str:
    """Return the name of a variable; "" where none is named."""
    if word is None:
        return ""
    with place.collecting():
        check_variable(word, place)
    return word


def _interval(table: FileTable | PageTable) -> Interval:
    return Interval(table.every or 0.0, table.every_open or 0.0)


def _history(file: FileTable, folder: Path, file_place: Place) -> Path | None:
    """Return the folder of the archive; its name is checked here, whatever else goes wrong with it is no mistake."""
    if file.history is None:
        return None
    place = file_place.at("history")
    path = _path(file.history, folder, place)
    with place.collecting():
        if path == folder / file.state or path.is_file():
            raise mistake(place, f"{path} is a file: name a folder for the archive")
    return path


def _path(name: str, folder: Path, place: Place) -> Path:
    with place.collecting():
        if "\0" in name:
            raise mistake(place, "a NUL character, which no path has: remove it")
        return folder / name
    return folder


def _page_spellings(file: FileTable, place: Place) -> dict[str, str]:
    """Return the keys of the pages, each with the word that the file has for it; that of its table, if it has one."""
    spellings: dict[str, str] = {}
    for word in dict.fromkeys([*(key.lower() for key in file.pages or ()), *file.page]):
        key = _key_of(word, file)
        other = spellings.get(key, word)
        if word in file.page and other in file.page and other != word:
            with place.collecting():
                raise mistake(page_place(word, place), f"the table [page.{other}] is about this page, too: join them")
        spellings[key] = word if word in file.page else other
    return spellings


def _key_of(word: str, file: FileTable) -> str:
    """Return the key of the page that a word means: an own key first, then the catalog's key, alias or address."""
    table = file.page.get(word)
    if table and table.url is not None:
        return word
    for key, own in file.page.items() if is_address(word) else ():
        if own.url is not None and is_same_address(own.url, word):
            return key
    return catalog_key(word) or word


def _build_page(key: str, spelling: str, file: FileTable, file_place: Place) -> Page:
    """Build a page from its table, the catalog and the top of the file, in this order.

    The lack of an address is noted, and hides no other mistake.
    """
    table = file.page.get(spelling, PageTable())
    place = page_place(spelling, file_place)
    base = _catalog_entry(key, table)
    with place.collecting():
        if base is None and table.url is None:
            raise _unknown_page(spelling, file, file_place)
        check_key(key, place)
    base = base or Page(key=key, name=key, url="")
    platform = _platform(table, base, place)
    url = _url(table, base, place)
    catalog_id = base.id if (url, platform) == (base.url, base.platform) else ""
    return Page(
        key=key,
        name=text.line(table.name or "") or base.name,
        url=url,
        platform=platform,
        id=catalog_id if table.id is None else _id(table.id, place),
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
    """Return the error for a page without an address; the mistake that is already noted, where it explains that."""
    own_place = page_place(key, place)
    near = near_hint(key)
    if own_place.has_mistakes and (not near or own_place.at("url").has_mistakes):
        return UsageError(own_place.mistakes[-1])
    if key not in file.page and not is_key(key) and safe_word(key) != key:
        problem = f"{safe_word(key)!r} is an address, not a key: set it as `url` in a table [page.KEY]"
        return mistake(place.at("pages"), f"{problem}; a token belongs in a variable that `headers_env` names")
    problem = f"the catalog has no page {safe_word(key)!r}"
    if key in file.page:
        return mistake(own_place.at("url"), f"missing, and {problem}{near or ': add the address of the page'}")
    return mistake(place.at("pages"), f"{problem}{near or ': set its `url` in a table [page.KEY]'}")


def _platform(table: PageTable, base: Page, place: Place) -> str:
    """Return the page's platform; "" where it is to be recognised.

    Another address may run on another platform: the catalog's platform holds for the catalog's address only.
    """
    if table.platform:
        with place.collecting():
            return check_choice(table.platform, PLATFORMS, place.at("platform"), noun="platform")
    return base.platform if table.url is None and table.platform is None else ""


def _url(table: PageTable, base: Page, place: Place) -> str:
    if table.url is not None:
        with place.collecting():
            return check_url(table.url, place.at("url"))
    return base.url


def _id(stated: str, place: Place) -> str:
    with place.collecting():
        return check_id(stated, place.at("id"))
    return ""


def _build_all_headers(spellings: Mapping[str, str], file: FileTable, place: Place) -> dict[str, Mapping[str, str]]:
    """Return the headers of private pages, by the key of the page."""
    headers = {key: _build_headers(word, file, place) for key, word in spellings.items() if word in file.page}
    return {key: variables for key, variables in headers.items() if variables}


def _build_headers(key: str, file: FileTable, file_place: Place) -> dict[str, str]:
    """Return the names of environment variables by the header that each is the value of."""
    place = page_place(key, file_place).at("headers_env")
    variables = file.page[key].headers_env
    for name, count in Counter(map(str.lower, variables)).items():
        if count > 1:
            with place.collecting():
                raise mistake(place.at(name), f"{count} headers of this name: leave one")
    for name, variable in variables.items():
        with place.collecting():
            check_variable(variable, place.at(check_header(name, place)))
    return dict(variables)


def _assume_impact(file: FileTable, place: Place) -> Impact:
    """Return the impact that filters assume where the vendor states none."""
    choices = (*IMPACT_SCALE, Impact.UNKNOWN)
    with place.collecting():
        return Impact(check_choice(file.assume_impact, choices, place.at("assume_impact"), noun="impact"))
    return Impact.UNKNOWN


def _check_filters(file: FileTable, place: Place) -> None:
    """Note mistakes in the filters of all pages, also where every page has its own."""
    _min_impact(PageTable(), file, place, place)
    _kinds(PageTable(), file, place, place)


def _min_impact(table: PageTable, file: FileTable, place: Place, file_place: Place) -> Impact:
    with place.collecting():
        if table.min_impact is None:
            return check_impact(file.min_impact, file_place.at("min_impact"))
        return check_impact(table.min_impact, place.at("min_impact"))
    return Impact.NONE


def _kinds(table: PageTable, file: FileTable, place: Place, file_place: Place) -> tuple[str, ...]:
    if table.kinds is None:
        kinds, place = file.kinds, file_place
    else:
        kinds = table.kinds
    return tuple(_choices(kinds, KIND_CHOICES, place.at("kinds"), noun="kind"))


def _choices(words: Iterable[str], choices: Collection[str], place: Place, *, noun: str) -> list[str]:
    """Return the choices that the words name; every word that names none is noted."""
    chosen: list[str] = []
    for word in words:
        with place.collecting():
            chosen.append(check_choice(word, choices, place, noun=noun))
    return chosen


def _build_sinks(file: FileTable, pages: Mapping[str, PageTable], place: Place) -> tuple[SinkConfig, ...]:
    assume_impact = _assume_impact(file, place)
    tags = _pages_by_tag(pages)
    sinks: list[SinkConfig] = []
    for number, table in enumerate(file.notify):
        with place.collecting():
            sink = _build_sink(table, place.at(f"notify[{number}]"), pages, tags)
            sinks.append(msgspec.structs.replace(sink, assume_impact=assume_impact))
    for name, count in Counter(sink.name.casefold() for sink in sinks).items():
        if count > 1:
            with place.collecting():
                raise mistake(place.at("notify"), f"{count} sinks are called {name!r}: give each a `name` of its own")
    return tuple(sinks)


def _pages_by_tag(pages: Mapping[str, PageTable]) -> dict[str, set[str]]:
    """Return the keys of the pages that have each tag."""
    tagged: dict[str, set[str]] = {}
    for key, table in pages.items():
        for tag in table.tags:
            tagged.setdefault(tag.casefold(), set()).add(key)
    return tagged


def _build_sink(
    table: Mapping[str, Any], place: Place, page_keys: Collection[str], tags: Mapping[str, Collection[str]]
) -> SinkConfig:
    """Build a sink from its table. Raises UsageError, which never repeats what may be a secret."""
    if "sink" not in table:
        _note_keys_of_no_sink(table, place)
    common = convert_rest(_only(table, NotifyTable.__struct_fields__), NotifyTable, place)
    sink = _sink_type(common.sink, place)
    options_type = SINKS[sink].OPTIONS
    own = _sink_options(table, sink, options_type, place)
    events = _choices(common.events or (), EVENT_CHOICES, place.at("events"), noun="event")
    for name, empty in (("events", common.events == []), ("kinds", common.kinds == [])):
        if empty:
            with place.collecting():
                raise mistake(place.at(name), f"an empty list: leave it out to receive all {name}")
    if common.name is not None:
        with place.collecting():
            check_key(common.name, place.at("name"), noun="name")
            if common.name.casefold() == ARCHIVE:
                raise mistake(place.at("name"), f"{common.name!r} is reserved for the archive: choose another name")
    min_impact = _sink_min_impact(common, place)
    pages = _sink_pages(common, place, page_keys, tags)
    kinds = _sink_kinds(common, options_type, place)
    hours = _sink_hours(common, place)
    return SinkConfig(
        sink=sink,
        name=common.name or sink,
        where=f"{place} ({sink})",
        options=convert_rest(own, options_type, place),
        min_impact=min_impact,
        maintenance=min_impact is Impact.NONE if common.maintenance is None else common.maintenance,
        events=DEFAULT_EVENTS if common.events is None else frozenset(events),
        pages=pages,
        kinds=kinds,
        components=tuple(common.components),
        hours=hours,
        digest_above=common.digest_above,
    )


def _note_keys_of_no_sink(table: Mapping[str, Any], place: Place) -> None:
    """Note the keys that no sink has: one of them may be meant as `sink`."""
    names = dict.fromkeys(NotifyTable.__struct_fields__)
    names |= dict.fromkeys(name for sink in SINKS.values() for name in sink.OPTIONS.__struct_fields__)
    known_keys(table, names, place)


def _sink_min_impact(table: NotifyTable, place: Place) -> Impact:
    with place.collecting():
        return check_impact(table.min_impact, place.at("min_impact"))
    return Impact.NONE


def _sink_pages(
    table: NotifyTable, place: Place, page_keys: Collection[str], tags: Mapping[str, Collection[str]]
) -> frozenset[str]:
    """Return the keys of the pages that `pages` and `tags` both select; none where neither is set."""
    words = [_watched_key(word, page_keys) for word in table.pages]
    pages = _choices(words, page_keys, place.at("pages"), noun="page")
    chosen_tags = _sink_tags(table, place, tags)
    tagged = frozenset(key for tag in chosen_tags for key in tags[tag])
    if not (table.pages and table.tags):
        return tagged.union(pages)
    selected = tagged.intersection(pages)
    if not selected and len(pages) == len(table.pages) and len(chosen_tags) == len(table.tags):
        problem = "none of the pages in `pages` has one of these tags: leave one of the two out"
        with place.collecting():
            raise mistake(place.at("tags"), problem)
    return selected


def _sink_tags(table: NotifyTable, place: Place, tags: Collection[str]) -> list[str]:
    with place.collecting():
        if table.tags and not tags:
            raise mistake(place.at("tags"), "no page has tags: set `tags` in a table [page.KEY]")
        return _choices(table.tags, tags, place.at("tags"), noun="tag")
    return []


def _watched_key(word: str, page_keys: Collection[str]) -> str:
    """Return the key of the page that a word means; the word itself where it is one, or means no watched page."""
    if word.lower() in page_keys:
        return word
    key = catalog_key(word)
    return key if key and key in page_keys else word


def _sink_kinds(table: NotifyTable, options_type: type[Options], place: Place) -> frozenset[IncidentKind]:
    """Return the kinds of incidents that a sink receives. `maintenance = true` adds that kind to a sink's default."""
    if table.kinds is None:
        asked_for = {IncidentKind.MAINTENANCE} if table.maintenance else set()
        return options_type.DEFAULT_KINDS | asked_for
    kinds = _choices(table.kinds, tuple(IncidentKind), place.at("kinds"), noun="kind")
    return frozenset(IncidentKind(kind) for kind in kinds)


def _sink_hours(table: NotifyTable, place: Place) -> Hours | None:
    if table.hours is None:
        return None
    with place.collecting():
        try:
            return Hours.parse(table.hours)
        except UsageError as error:
            raise mistake(place.at("hours"), str(error)) from None
    return None


def _build_mutes(file: FileTable, keys: Collection[str], place: Place) -> tuple[Mute, ...]:
    mutes: list[Mute] = []
    for number, table in enumerate(file.mute):
        with place.collecting():
            mutes.append(_build_mute(table, keys, place.at(f"mute[{number}]")))
    return tuple(mutes)


def _build_mute(table: Mapping[str, Any], page_keys: Collection[str], place: Place) -> Mute:
    rest = known_keys(table, MuteTable.__struct_fields__, place)
    mute = convert_rest(rest, MuteTable, place)
    page = mute.page.lower()
    if page.startswith(OF_PLATFORM):
        check_choice(page.removeprefix(OF_PLATFORM), PLATFORMS, place.at("page"), noun="platform")
    elif not page.startswith(OF_HOST):
        page = check_choice(_watched_key(page, page_keys), page_keys, place.at("page"), noun="page")
    return Mute(page=page, incident=mute.incident, until=mute.until and utc(mute.until))


def _only(table: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: table[name] for name in names if name in table}


def _sink_type(word: str, place: Place) -> str:
    """Return the name of a sink in lower case. Raises UsageError."""
    if word.lower() not in SINKS:
        shown = f" {word!r}" if is_key(word) else ""  # else it may be an address, and so a secret
        raise mistake(place.at("sink"), f"unknown sink{shown}{did_you_mean(word, SINKS)}")
    return word.lower()


def _sink_options(table: Mapping[str, Any], sink: str, options_type: type[Options], place: Place) -> dict[str, Any]:
    """Return the sink's own options. Noted are unknown ones, and secrets in place of a variable's name."""
    names = (*NotifyTable.__struct_fields__, *options_type.__struct_fields__)
    for name, value in table.items():
        with place.collecting():
            if name not in names:
                raise mistake(place.at(name), f"unknown option of the sink {sink}{did_you_mean(name, names)}")
            if name.endswith("_env"):
                check_variable(value, place.at(name))
    return _only(table, options_type.__struct_fields__)
