"""The configuration: a file, the environment and flags, made into one frozen `Config`. What is wrong ends the run
with the place of it.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import urlsplit

import msgspec

from statuswatch import text
from statuswatch.catalog import catalog
from statuswatch.config.schema import DEFAULT_EVENTS, KINDS, Config, SinkConfig
from statuswatch.config.suggest import did_you_mean
from statuswatch.errors import UsageError
from statuswatch.model.event import EventKind
from statuswatch.model.incident import IMPACT_SCALE, Impact
from statuswatch.model.page import Page
from statuswatch.platforms import PLATFORMS
from statuswatch.shard import MAX_SHARDS, PLACEHOLDER, parse_shard, shard_of
from statuswatch.sinks import SINKS

DEFAULT_PAGES: Final = ("openai", "anthropic", "github", "cloudflare", "npm", "pypi", "vercel", "docker")
MAX_ID: Final = 500  # characters
T = TypeVar("T")
_GENERIC: Final = {"www", "status", "statuspage", "instatus", "betteruptime", "co", "com"}  # no vendor's name
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_KEY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class _PageTable(msgspec.Struct, forbid_unknown_fields=True):
    name: str | None = None
    url: str | None = None
    platform: str | None = None
    id: str | None = None
    components: list[str] | None = None
    min_impact: str | None = None
    maintenance: bool | None = None
    kinds: list[str] | None = None


class _NotifyTable(msgspec.Struct):
    """What stands in the table of every sink; the rest is the sink's."""

    sink: str
    name: str | None = None
    min_impact: str = "none"
    maintenance: bool | None = None
    events: list[str] | None = None
    pages: list[str] = []
    digest_above: Annotated[int, msgspec.Meta(ge=0, le=1000)] | None = None


class _File(msgspec.Struct, forbid_unknown_fields=True):
    pages: list[str] | None = None
    state: Annotated[str, msgspec.Meta(min_length=1)] = "state.json"
    timeout: Annotated[float, msgspec.Meta(gt=0, le=86400)] = 15.0
    deadline: Annotated[float, msgspec.Meta(gt=0, le=86400)] = 240.0
    concurrency: Annotated[int, msgspec.Meta(ge=1, le=4096)] = 128
    components: list[str] = []
    min_impact: str = "none"
    maintenance: bool = True
    kinds: list[str] = []
    page: dict[str, _PageTable] = {}
    notify: list[dict[str, Any]] = []


def load_config(path: Path | None, env: Mapping[str, str], cwd: Path) -> Config:
    """The first there is of `path`, $STATUSWATCH_CONFIG, statuswatch.toml, [tool.statuswatch] in pyproject.toml, the
    built-in default.

    Raises UsageError with the file, the key and, for a word that is nearly one of ours, which one.
    """
    named = path or env.get("STATUSWATCH_CONFIG")
    path = cwd / named if named else None
    if path is None and (cwd / "statuswatch.toml").is_file():
        path = cwd / "statuswatch.toml"
    if path is not None:
        table = _toml(path)
        if path.name == "pyproject.toml":
            table = _tool_table(table, path)
            if not table:
                raise UsageError(f"{path}: has no [tool.statuswatch]")
        return _config(table, str(path), path.parent)
    project = cwd / "pyproject.toml"
    table = _tool_table(_toml(project), project) if project.is_file() else {}
    return _config(table, str(project), cwd) if table else _config({}, "", cwd)


def select_pages(config: Config, keys: Sequence[str]) -> Config:
    """The configuration limited to these pages; without any configuration they may be any of the catalog. Raises
    UsageError.
    """
    among = {page.key: page for page in config.pages} if config.source else catalog()
    for key in keys:
        if key not in among:
            where = f"{config.source} does not watch" if config.source else "the catalog does not have"
            raise UsageError(f"{where} a page {key!r}{did_you_mean(key, among)}")
    return msgspec.structs.replace(config, pages=tuple(among[key] for key in dict.fromkeys(keys)))


def sharded(config: Config, word: str | None, keys: Iterable[str] = ()) -> Config:
    """The configuration of one shard, or of none; these pages must be in it. Raises UsageError."""
    files = state_files(config.state)
    if word is None:
        if len(files) > 1:
            raise UsageError(f"{config.state} is a file for each shard: say which, for example --shard 1/8")
        return config
    shard = parse_shard(word)
    for key in keys:  # else a gate in front of a deploy would let everything pass
        if not shard.holds(key):
            raise UsageError(f"--shard {shard}: {key} is not in it, but in {shard_of(key, shard.count)}/{shard.count}")
    if len(files) == 1:
        return msgspec.structs.replace(config, shard=shard)
    return msgspec.structs.replace(config, shard=shard, state=files[shard.number - 1], states=files)


def state_files(state: Path) -> tuple[Path, ...]:
    """The files of all shards that there can be, where each has its own; else the one."""
    if PLACEHOLDER not in str(state):
        return (state,)
    return tuple(Path(str(state).replace(PLACEHOLDER, str(number))) for number in range(1, MAX_SHARDS + 1))


def page_at(target: str, keys: Sequence[str]) -> Page:
    """A page of which only the address is known. Raises UsageError where it is none, with the key that is near."""
    host = target.partition("/")[0]
    url = target if "://" in target or "." not in host else f"https://{target}"
    if "://" not in url:
        raise UsageError(f"there is no page {target!r}{did_you_mean(target, keys)}; or give an address, https://…")
    url = _url(url, "inspect")
    key = key_of(url)
    return Page(key=key, name=key, url=url)


def key_of(url: str) -> str:
    """A key for a page: `acme` for https://status.acme.example and https://acme.statuspage.io."""
    labels = (urlsplit(url).hostname or "").split(".")
    named = [label for label in labels[:-1] if label not in _GENERIC and not label.isdigit()]
    return re.sub("[^a-z0-9-]", "", named[-1]) if named else "page"


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: not valid TOML: {error}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 text") from error
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}") from error


def _tool_table(project: dict[str, Any], path: Path) -> dict[str, Any]:
    tool = project.get("tool")
    table = tool.get("statuswatch", {}) if isinstance(tool, dict) else {}
    if not isinstance(table, dict):
        raise UsageError(f"{path}: tool.statuswatch: not a table; write [tool.statuswatch]")
    return table


def _config(table: dict[str, Any], source: str, folder: Path) -> Config:
    _check_keys(table, source)
    tables = table.get("page")
    if isinstance(tables, dict):  # each by itself: msgspec does not name the keys of a mapping
        tables = {key: _typed(it, _PageTable, source, f"page.{key}") for key, it in tables.items()}
        table = {**table, "page": {}}
    file = _typed(table, _File, source, "")
    if tables:
        file.page.update(tables)
    listed = file.pages if file.pages is not None else [] if file.page else list(DEFAULT_PAGES)
    pages = [_page(key, file, source) for key in dict.fromkeys([*listed, *file.page])]
    notify = tuple(
        _notify(table, source, f"notify[{number}]", {page.key for page in pages})
        for number, table in enumerate(file.notify)
    )
    for name, count in Counter(it.name for it in notify).items():
        if count > 1:
            raise UsageError(f"{source}: notify: {count} sinks are called {name!r}; give each a `name` of its own")
    if not pages:
        raise UsageError(f'{source}: pages: no page to watch; name some, for example pages = ["openai"]')
    return Config(
        pages=tuple(pages),
        state=folder / file.state,
        timeout=file.timeout,
        deadline=file.deadline,
        concurrency=file.concurrency,
        notify=notify,
        source=source,
    )


def _typed(table: Any, what: type[T], source: str, place: str) -> T:
    try:
        return msgspec.convert(table, what)
    except msgspec.ValidationError as error:
        wrong, _, where = str(error).replace(" | null", "").partition(" - at ")
        wrong = wrong.replace("`array`", "`list`").replace("`object`", "`table`")
        key = (place + where.strip("`").removeprefix("$")).removeprefix(".")
        raise UsageError(f"{source}: {key or 'the file'}: {wrong}") from error


def _check_keys(table: dict[str, Any], source: str) -> None:
    """Unknown keys, before anything else: the commonest mistake gets the best answer."""
    tables = table.get("page")
    places = [("", table, _File.__struct_fields__)]
    if isinstance(tables, dict):
        places += [
            (f"page.{key}.", it, _PageTable.__struct_fields__) for key, it in tables.items() if isinstance(it, dict)
        ]
    for prefix, it, known in places:
        for key in it:
            if key not in known:
                raise UsageError(f"{source}: {prefix}{key}: unknown key{did_you_mean(key, known)}")
    if isinstance(table.get("pages"), dict) or isinstance(tables, list):
        wrong = "page" if isinstance(tables, list) else "pages"
        raise UsageError(
            f'{source}: {wrong}: keys are listed as pages = ["openai"]; a table is of one page, [page.acme]'
        )


def _page(key: str, file: _File, source: str) -> Page:
    words = file.page.get(key, _PageTable())
    entry = catalog().get(key) if words.url is None or words.platform is None or words.name is None else None
    where = f"{source}: page.{key}"
    if entry is None and words.url is None:
        place = f"{where}.url: missing; and the catalog" if key in file.page else f"{source}: pages: the catalog"
        raise UsageError(f"{place} has no page {key!r}{did_you_mean(key, catalog())}")
    if not _KEY.fullmatch(key):
        raise UsageError(f"{where}: a key has up to 64 letters, digits, '.', '_' and '-'")
    # Another address may be another platform: only the catalog's own comes with the catalog's platform and id.
    platform = words.platform if words.platform is not None else entry.platform if entry and words.url is None else ""
    if platform and platform not in PLATFORMS:
        raise UsageError(f"{where}.platform: unknown platform {platform!r}{did_you_mean(platform, PLATFORMS)}")
    url = _url(words.url, f"{where}.url") if words.url is not None else entry.url if entry else ""
    own_id = entry.id if entry and (url, platform) == (entry.url, entry.platform) else ""
    name = text.line(words.name or "") or (entry.name if entry else key)
    return Page(
        key=key,
        name=name,
        url=url,
        platform=platform,
        id=own_id if words.id is None else _id(words.id, f"{where}.id"),
        components=tuple(file.components if words.components is None else words.components),
        min_impact=(
            _impact(file.min_impact, f"{source}: min_impact")
            if words.min_impact is None
            else _impact(words.min_impact, f"{where}.min_impact")
        ),
        maintenance=file.maintenance if words.maintenance is None else words.maintenance,
        kinds=(
            _kinds(file.kinds, f"{source}: kinds") if words.kinds is None else _kinds(words.kinds, f"{where}.kinds")
        ),
    )


def _notify(table: dict[str, Any], source: str, place: str, pages: Set[str]) -> SinkConfig:
    shared, where = _NotifyTable.__struct_fields__, f"{source}: {place}"
    common = _typed({name: it for name, it in table.items() if name in shared}, _NotifyTable, source, place)
    if common.sink not in SINKS:
        word = f" {common.sink!r}" if _KEY.fullmatch(common.sink) else ""  # else it may be an address, and a secret
        raise UsageError(f"{where}.sink: unknown sink{word}{did_you_mean(common.sink, SINKS)}")
    what = SINKS[common.sink].OPTIONS
    for name, it in table.items():
        if name not in (*shared, *what.__struct_fields__):
            known = (*shared, *what.__struct_fields__)
            raise UsageError(f"{where}.{name}: unknown option of the sink {common.sink}{did_you_mean(name, known)}")
        if name.endswith("_env") and not (isinstance(it, str) and _VARIABLE.fullmatch(it)):  # it may be the secret
            raise UsageError(f"{where}.{name}: not the name of an environment variable (and never what it holds)")
    for name, words, those in (("events", common.events or (), (*EventKind, "edited")), ("pages", common.pages, pages)):
        for word in words:
            if word not in those:
                raise UsageError(f"{where}.{name}: unknown {name[:-1]} {word!r}{did_you_mean(word, those)}")
    if common.name is not None and not _KEY.fullmatch(common.name):
        raise UsageError(f"{where}.name: a name has up to 64 letters, digits, '.', '_' and '-'")
    least = _impact(common.min_impact, f"{where}.min_impact")
    own = {name: it for name, it in table.items() if name in what.__struct_fields__}
    return SinkConfig(
        sink=common.sink,
        name=common.name or common.sink,
        where=f"{where} ({common.sink})",
        options=_typed(own, what, source, place),
        min_impact=least,
        maintenance=least is IMPACT_SCALE[0] if common.maintenance is None else common.maintenance,
        events=DEFAULT_EVENTS if common.events is None else frozenset(common.events),
        pages=frozenset(common.pages),
        digest_above=common.digest_above,
    )


def _url(url: str, where: str) -> str:
    if "@" in url:  # before anything that would repeat it
        raise UsageError(f"{where}: an address with a user or a password in it; a public status page needs none")
    try:
        parts = urlsplit(url)
        usable = (
            parts.scheme in ("http", "https")
            and parts.hostname
            and parts.port != 0
            and not (parts.query or parts.fragment)
        )
    except ValueError:
        usable = False
    if not usable or url != text.line(url) or " " in url:
        raise UsageError(
            f"{where}: {text.line(url)!r} is not the public base address of a page, for example https://status.acme.example"
        )
    return url.rstrip("/")


def _impact(word: str, where: str) -> Impact:
    if word not in IMPACT_SCALE:
        raise UsageError(f"{where}: unknown impact {word!r}{did_you_mean(word, IMPACT_SCALE)}")
    return Impact(word)


def _id(word: str, where: str) -> str:
    if word != text.line(word) or " " in word or "@" in word or len(word) > MAX_ID:
        raise UsageError(f"{where}: not what a platform calls a page, nor the address of a feed")
    return word


def _kinds(words: list[str], where: str) -> tuple[str, ...]:
    for word in words:
        if word not in KINDS:
            raise UsageError(f"{where}: unknown kind {word!r}{did_you_mean(word, KINDS)}")
    return tuple(words)
