"""One page explained, for the person who adds it or wonders why it is silent."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec
from rich.text import Text

from statuswatch.catalog.patch import found_row
from statuswatch.model.incident import IMPACT_SCALE, STATED_BY_VENDOR, Component, Incident, IncidentKind
from statuswatch.model.page import (
    Exchange,
    Failure,
    Feed,
    Fetched,
    Inspection,
    NotModified,
    Page,
    RecognitionAttempt,
    Validators,
)
from statuswatch.model.state import PageState
from statuswatch.render import phrases
from statuswatch.render.console import wrapped
from statuswatch.render.phrases import counted, runner_safe

INDENT: Final = 2
MAX_OPEN: Final = 20  # incidents that are shown one by one
MAX_BODY: Final = 300  # characters of an incident's newest update
Lines = Iterator[tuple[int, Text]]  # indentation and paragraph
_NAMED: Final = "Components, as incidents name them"  # of a page that lists none
_WORST_FIRST: Final = {impact: place for place, impact in enumerate(reversed(IMPACT_SCALE))}
_LISTS: Final = ((IncidentKind.INCIDENT, "incidents"), (IncidentKind.MAINTENANCE, "maintenance windows"))


def render(
    inspection: Inspection,
    origin: str,
    state: PageState | None,
    width: int | None,
    *,
    caution: str = "",
    doubt: str = "",
) -> list[Text]:
    """Return the lines. `origin` says where the platform comes from: "configured", "from the catalog", "recognised".

    `caution` is what the catalog knows against trusting the page, and `doubt` why its documents are not believed.
    """
    return [
        Text.assemble(" " * indent, line)
        for indent, paragraph in _paragraphs(inspection, origin, state, caution, doubt)
        for line in wrapped(paragraph, width and width - indent, (width or 0) - indent)
    ]


def _paragraphs(inspection: Inspection, origin: str, state: PageState | None, caution: str, doubt: str) -> Lines:
    page, result = inspection.page, inspection.result
    yield 0, Text(runner_safe(f"{page.name} · {page.url}"), "bold")
    if caution:
        yield 0, Text(caution, "bold yellow")
    yield from _platform(inspection, origin)
    yield 0, Text("Documents", "bold")
    for exchange in inspection.exchanges:
        yield from _document(exchange)
    match result:
        case Failure():
            yield 0, Text("Not read", "bold red")
            yield INDENT, Text(runner_safe(str(result)))
        case Feed():
            yield 0, Text("Understood", "bold")
            yield from _understood(result)
    if doubt:
        line = f"not believed: {doubt}; nothing is reported unless a read half an hour later still shows it"
        yield INDENT, Text(runner_safe(line), "bold yellow")
    yield from _components(result, state)
    if state:
        yield 0, Text("State file", "bold")
        yield from _remembered(state)
    filters = list(_filters(page))
    if filters:
        yield 0, Text("Filters", "bold")
        yield from ((INDENT, Text(line)) for line in filters)
    for glob in inspection.unmatched:
        yield INDENT, Text(runner_safe(f"warning: {glob!r} in `components` matches none of the components"), "yellow")


def _components(result: Feed | Failure, state: PageState | None) -> Lines:
    """Return what the page lists, or its incidents name; where it could not be read, what is remembered of that."""
    if isinstance(result, Feed):
        named = {component for incident in result.incidents for component in incident.components}
        yield 0, Text(_NAMED if named and not result.components else "Components", "bold")
        yield from component_lines(result.components or sorted(named))
    elif state and (lines := remembered_components(state)):
        yield 0, Text(lines[0], "bold")
        yield from ((0, Text(line)) for line in lines[1:])


def remembered_components(state: PageState) -> list[str]:
    """Return what the page listed when it was last read, or its incidents named: a line for each group, and a heading.

    Nothing is returned where nothing is remembered.
    """
    records = state.incidents.values()
    named = {component for record in records for component in (*record.components, *record.former_components)}
    components = state.components or sorted(named)
    heading = "Components, as remembered" if state.components else f"{_NAMED}, as remembered"
    lines = [" " * indent + line.plain for indent, line in component_lines(components)]
    return [heading, *lines] if components else []


def configuration(inspection: Inspection, catalog: Mapping[str, Page], *, watched: bool) -> list[str]:
    """Return the lines of a configuration that watch the page as it is; none where it was not read."""
    page = inspection.page
    if watched or isinstance(inspection.result, Failure):
        return []
    for listed in catalog.values():
        if (listed.url, listed.platform) == (page.url, page.platform):
            return ["To watch it", f"  pages = [{json.dumps(listed.key)}]"]
    key = page.key if page.key not in catalog else f"{page.key}-2"
    fields = {"name": page.name, "url": page.url, "platform": page.platform, "id": page.id}
    settings = [f"  {name} = {json.dumps(value)}" for name, value in fields.items() if value]
    return ["To watch it", f"  [page.{_toml_key(key)}]", *settings]


def catalog_row(inspection: Inspection, catalog: Mapping[str, Page], month: str) -> list[str]:
    """Return the lines with a row for the catalog; none where the page was not read, is listed, or is not public."""
    page = inspection.page
    listed = any((other.url, other.id) == (page.url, page.id) for other in catalog.values())
    if isinstance(inspection.result, Failure) or listed or not page.url.startswith("https://"):
        return []
    key = page.key if page.key not in catalog else f"{page.key}-2"
    row = found_row(msgspec.structs.replace(page, key=key), None, month)
    return ["For the catalog, once it has a name and a category", f"  {row.line()}"]


def _toml_key(key: str) -> str:
    return key if key.replace("-", "").replace("_", "").isalnum() else json.dumps(key)


def _platform(inspection: Inspection, origin: str) -> Lines:
    page = inspection.page
    if page.platform:
        identifier = f", id {page.id}" if page.id else ""
        yield 0, Text.assemble("Platform: ", (page.platform, "bold"), runner_safe(f"{identifier} ({origin})"))
    else:
        yield 0, Text("Platform: not recognised", "bold")
    if isinstance(inspection.result, Feed):
        yield 0, Text(runner_safe(f"Identity: {inspection.result.identity}"))
    for reason, platforms in _by_reason(inspection.attempts).items():
        yield INDENT, Text(runner_safe(f"not {', '.join(platforms)}: {reason}"), "dim")


def _by_reason(attempts: tuple[RecognitionAttempt, ...]) -> dict[str, list[str]]:
    platforms: dict[str, list[str]] = {}
    for attempt in attempts:
        platforms.setdefault(attempt.failure.reason, []).append(attempt.platform)
    return platforms


def _document(exchange: Exchange) -> Lines:
    note = exchange.note()
    facts = [note.outcome]
    if isinstance(exchange.result, Fetched):
        facts.append(phrases.size(note.size))
    facts.append(f"{note.seconds:.2f} s")
    if isinstance(exchange.result, Fetched):
        facts.append(_validators(exchange.result.validators))
    style = "" if isinstance(exchange.result, Fetched | NotModified) else "red"
    line = runner_safe(" · ".join(facts))
    yield INDENT, Text.assemble((exchange.document.name, "bold"), " ", (line, style))
    yield 2 * INDENT, Text(runner_safe(exchange.document.url))
    for address in exchange.redirects:
        yield 2 * INDENT, Text(runner_safe(f"redirected to {address}"))


def _validators(validators: Validators) -> str:
    if validators.etag:
        return f"ETag {validators.etag}"
    if validators.last_modified:
        return f"Last-Modified {validators.last_modified}"
    return "no validators: every run fetches it whole"


def _understood(feed: Feed) -> Lines:
    still_open = [incident for incident in feed.incidents if not incident.closed]
    yield INDENT, Text(f"{_counts(feed)}; {len(still_open)} open")
    if feed.incidents:
        yield INDENT, Text(_component_sources(feed))
        yield INDENT, Text(_last_word(feed))
    for kind, plural in _LISTS:
        if coverage := _coverage(feed, kind):
            yield INDENT, Text(f"its list of {plural} has {coverage}")
    for problem, entries in (("skipped", feed.skipped), ("could not be read", feed.losses)):
        for entry in entries:
            yield INDENT, Text(runner_safe(f"{problem}: {entry}"), "yellow")
    still_open.sort(key=lambda incident: (_severity(incident), incident.created_at))
    for incident in still_open[:MAX_OPEN]:
        yield from _open(incident)
    if len(still_open) > MAX_OPEN:
        yield INDENT, Text(f"and {len(still_open) - MAX_OPEN} more that are open")
    yield from _newest_closed(feed)


def _last_word(feed: Feed) -> str:
    """Return when the page last published something: a calm page and an abandoned one look alike."""
    return f"last word: {phrases.minute(max(incident.last_update_at for incident in feed.incidents))}"


def _severity(incident: Incident) -> int:
    return _WORST_FIRST.get(incident.impact, len(_WORST_FIRST))


def _counts(feed: Feed) -> str:
    kinds = [incident.kind for incident in feed.incidents]
    updates = sum(len(incident.updates) for incident in feed.incidents)
    incidents = counted(kinds.count(IncidentKind.INCIDENT), "incident")
    windows = counted(kinds.count(IncidentKind.MAINTENANCE), "maintenance window")
    return f"{incidents}, {windows}, {counted(updates, 'update')}"


def _component_sources(feed: Feed) -> str:
    counts = {"stated": 0, "recovered from other documents or older updates": 0, "not stated": 0}
    stated, recovered, not_stated = counts
    for incident in feed.incidents:
        if not incident.components:
            counts[not_stated] += 1
        elif incident.source_quality >= STATED_BY_VENDOR:
            counts[stated] += 1
        else:
            counts[recovered] += 1
    return "components: " + ", ".join(f"{source} for {count}" for source, count in counts.items() if count)


def _coverage(feed: Feed, kind: IncidentKind) -> str:
    """Return which entries a list has, and what follows from an entry that disappears."""
    if kind in feed.current:
        return "only open entries: one that disappears is over"
    if kind in feed.complete:
        return "all open entries: one that is missing at two reads is over"
    if kind in feed.history:
        return "the newest entries, open or closed: an open one may roll out of it, and stays open for 14 days"
    return ""


def component_lines(components: Sequence[Component]) -> Lines:
    """Return what a page lists, a line for each group or region."""
    if not components:
        yield INDENT, Text("it lists none: a glob is compared with what each incident names")
    by_group: dict[str, list[str]] = {}
    for component in components:
        by_group.setdefault(component.group, []).append(component.name)
    for group, names in sorted(by_group.items()):
        heading = f"{group}: " if group else ""
        yield INDENT, Text(runner_safe(f"{heading}{', '.join(names)}"))


def _open(incident: Incident) -> Lines:
    components = ", ".join(component.label for component in incident.components) or "not stated"
    title = runner_safe(incident.title)
    yield INDENT, Text.assemble("open: ", (title, "bold"), f" · {phrases.impact(incident.impact)} · {incident.status}")
    since = phrases.minute(incident.created_at)
    updates = counted(len(incident.updates), "update")
    yield 2 * INDENT, Text(runner_safe(f"{components} · since {since} · {updates}"))
    if incident.updates and incident.updates[-1].body:
        yield 2 * INDENT, Text(runner_safe(phrases.short(incident.updates[-1].body, MAX_BODY)))


def _newest_closed(feed: Feed) -> Lines:
    closed = [incident for incident in feed.incidents if incident.closed]
    if closed:
        newest = max(closed, key=lambda incident: incident.last_update_at)
        yield INDENT, Text(runner_safe(f"newest closed: {newest.title}, {phrases.minute(newest.last_update_at)}"))


def _remembered(state: PageState) -> Lines:
    still_open = sum(not record.closed for record in state.incidents.values())
    since = f"first read {phrases.minute(state.baseline)}" if state.baseline else "never read"
    yield INDENT, Text(f"{since}; {counted(len(state.incidents), 'incident')}, {still_open} open")
    if state.failing:
        line = f"failing since {phrases.minute(state.failing.since)}: {state.failing.reason}"
        yield INDENT, Text(runner_safe(line), "red")
    if state.suspicion:
        line = f"suspected since {phrases.minute(state.suspicion.since)}: {state.suspicion.reason}"
        yield INDENT, Text(runner_safe(line), "yellow")


def _filters(page: Page) -> Iterator[str]:
    if page.components:
        yield runner_safe(f"components: {', '.join(page.components)}")
    if page.min_impact is not IMPACT_SCALE[0]:
        yield f"min_impact: {page.min_impact}"
    if not page.maintenance:
        yield "maintenance: not reported"
    if page.kinds:
        yield f"kinds: {', '.join(page.kinds)}"
