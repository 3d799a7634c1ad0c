"""One page explained, for the person who adds it or wonders why it is silent."""

import json
from collections.abc import Iterator, Mapping
from typing import Final

from rich.text import Text

from statuswatch.model.incident import IMPACT_SCALE, STATED_BY_VENDOR, Incident, IncidentKind
from statuswatch.model.page import Exchange, Failure, Feed, Fetched, Inspection, NotModified, Page
from statuswatch.model.state import PageState
from statuswatch.render import phrases
from statuswatch.render.console import wrapped
from statuswatch.render.summary import counted

INDENT: Final = 2
MOST_OPEN: Final = 20  # incidents that are shown one by one
Lines = Iterator[tuple[int, Text]]  # by how much they are indented
_IMPACTS: Final = {impact: place for place, impact in enumerate(reversed(IMPACT_SCALE))}


def render(seen: Inspection, origin: str, known: PageState | None, width: int | None) -> list[Text]:
    """The lines. `origin` says where the page's platform is from: "configured", "from the catalog", "recognised"."""
    page = seen.page
    paragraphs = [
        (0, Text(phrases.runner_safe(f"{page.name} · {page.url}"), "bold")),
        *_platform(seen, origin),
        (0, Text("Documents", "bold")),
        *_documents(seen.exchanges),
    ]
    if isinstance(seen.result, Failure):
        paragraphs += [(0, Text("Not read", "bold red")), (INDENT, Text(phrases.runner_safe(str(seen.result))))]
    else:
        paragraphs += _understood(seen.result)
    if known:
        paragraphs += [(0, Text("Remembered", "bold")), *_remembered(known)]
    if told := list(_filters(page)):
        paragraphs += [(0, Text("Filters", "bold")), *((INDENT, Text(it)) for it in told)]
    return [
        Text.assemble(" " * indent, line)
        for indent, paragraph in paragraphs
        for line in wrapped(paragraph, width and width - indent, (width or 0) - indent)
    ]


def to_write(seen: Inspection, catalog: Mapping[str, Page], watched: bool) -> list[str]:
    """The lines of a configuration that watch the page as it is; none where it was not read."""
    page = seen.page
    if isinstance(seen.result, Failure) or watched:
        return []
    known = next((it for it in catalog.values() if (it.url, it.platform) == (page.url, page.platform)), None)
    if known:
        return ["To watch it", f"  pages = [{json.dumps(known.key)}]"]
    key = page.key if page.key not in catalog else f"{page.key}-2"
    fields = {"name": page.name, "url": page.url, "platform": page.platform, "id": page.id}
    return [
        "To watch it",
        f"  [page.{_key(key)}]",
        *(f"  {name} = {json.dumps(it)}" for name, it in fields.items() if it),
    ]


def _key(key: str) -> str:
    return key if key.replace("-", "").replace("_", "").isalnum() else json.dumps(key)


def _platform(seen: Inspection, origin: str) -> Lines:
    page = seen.page
    if page.platform:
        needs = f", id {page.id}" if page.id else ""
        yield 0, Text.assemble("Platform: ", (page.platform, "bold"), phrases.runner_safe(f"{needs} ({origin})"))
    else:
        yield 0, Text("Platform: not recognised", "bold")
    if isinstance(seen.result, Feed):
        yield 0, Text(phrases.runner_safe(f"Identity: {seen.result.identity}"))
    alike: dict[str, list[str]] = {}
    for it in seen.attempts:
        alike.setdefault(it.failure.reason, []).append(it.platform)
    for reason, platforms in alike.items():
        yield INDENT, Text(phrases.runner_safe(f"not {', '.join(platforms)}: {reason}"), "dim")


def _documents(exchanges: tuple[Exchange, ...]) -> Lines:
    for it in exchanges:
        match it.result:
            case Fetched(body, validators):
                held = validators.etag and f"ETag {validators.etag}"
                held = held or (validators.last_modified and f"Last-Modified {validators.last_modified}")
                facts = ["HTTP 200", _size(len(body)), held or "no validators: it is fetched whole at every run"]
            case NotModified():
                facts = ["HTTP 304"]
            case Failure(reason):
                facts = [reason]
        said = " · ".join([*facts[:2], f"{it.seconds:.2f} s", *facts[2:]])
        style = "" if isinstance(it.result, Fetched) else "red"
        yield INDENT, Text.assemble((it.document.name, "bold"), " ", (phrases.runner_safe(said), style))
        yield 2 * INDENT, Text(phrases.runner_safe(it.document.url))
        for hop in it.redirects:
            yield 2 * INDENT, Text(phrases.runner_safe(f"redirected to {hop}"))


def _understood(feed: Feed) -> Lines:
    incidents = [it for it in feed.incidents if it.kind is IncidentKind.INCIDENT]
    windows = [it for it in feed.incidents if it.kind is IncidentKind.MAINTENANCE]
    still = [it for it in feed.incidents if not it.closed]
    yield 0, Text("Understood", "bold")
    updates = counted(sum(len(it.updates) for it in feed.incidents), "update")
    counts = f"{counted(len(incidents), 'incident')}, {counted(len(windows), 'maintenance window')}, {updates}"
    yield INDENT, Text(f"{counts}; {len(still)} open")
    ranks = {"stated": 0, "recovered from other documents or older updates": 0, "not stated": 0}
    for it in feed.incidents:
        source = (
            "not stated" if not it.components else "stated" if it.source_quality >= STATED_BY_VENDOR else list(ranks)[1]
        )
        ranks[source] += 1
    if feed.incidents:
        sources = ", ".join(f"{source} for {count}" for source, count in ranks.items() if count)
        yield INDENT, Text(f"components: {sources}")
    for kind, plural in ((IncidentKind.INCIDENT, "incidents"), (IncidentKind.MAINTENANCE, "maintenance windows")):
        if kind in feed.current:
            said = "only what is open: one that is gone is over"
        elif kind in feed.complete:
            said = "all that is open: one that is gone at two reads was withdrawn"
        elif kind in feed.history:
            said = "the newest, open or over: an open one may roll out of it, and stays open"
        else:
            continue
        yield INDENT, Text(f"its list of {plural} has {said}")
    for what, entries in (("skipped", feed.skipped), ("could not be read", feed.losses)):
        for entry in entries:
            yield INDENT, Text(phrases.runner_safe(f"{what}: {entry}"), "yellow")
    order = sorted(still, key=lambda it: (_IMPACTS.get(it.impact, len(_IMPACTS)), it.created_at))
    for it in order[:MOST_OPEN]:
        yield from _open(it)
    if len(order) > MOST_OPEN:
        yield INDENT, Text(f"… and {len(order) - MOST_OPEN} more that are open")
    newest = max((it for it in feed.incidents if it.closed), key=lambda it: it.last_update_at, default=None)
    if newest:
        yield (
            INDENT,
            Text(phrases.runner_safe(f"newest that is closed: {newest.title}, {phrases.clock(newest.last_update_at)}")),
        )


def _open(it: Incident) -> Lines:
    parts = ", ".join(part.label for part in it.components) or "not stated"
    yield INDENT, Text.assemble("open: ", (phrases.runner_safe(it.title), "bold"), f" · {it.impact} · {it.status}")
    yield (
        2 * INDENT,
        Text(
            phrases.runner_safe(
                f"{parts} · since {phrases.clock(it.created_at)} · {counted(len(it.updates), 'update')}"
            )
        ),
    )
    if it.updates and it.updates[-1].body:
        yield 2 * INDENT, Text(phrases.runner_safe(phrases.short(it.updates[-1].body, 300)))


def _remembered(known: PageState) -> Lines:
    still = sum(not it.closed for it in known.incidents.values())
    since = f"first read {phrases.clock(known.baseline)}" if known.baseline else "never read so far"
    yield INDENT, Text(f"{since}; {counted(len(known.incidents), 'incident')}, {still} open")
    if known.failing:
        yield (
            INDENT,
            Text(
                phrases.runner_safe(f"failing since {phrases.clock(known.failing.since)}: {known.failing.reason}"),
                "red",
            ),
        )
    if known.suspicion:
        said = f"suspected since {phrases.clock(known.suspicion.since)}: {known.suspicion.reason}"
        yield INDENT, Text(phrases.runner_safe(said), "yellow")


def _filters(page: Page) -> Iterator[str]:
    if page.components:
        yield phrases.runner_safe(f"components: {', '.join(page.components)}")
    if page.min_impact is not IMPACT_SCALE[0]:
        yield f"min_impact: {page.min_impact}"
    if not page.maintenance:
        yield "maintenance: not told"
    if page.kinds:
        yield f"kinds: {', '.join(page.kinds)}"


def _size(count: int) -> str:
    return (
        f"{count} bytes" if count < 1000 else f"{count / 1000:.1f} kB" if count < 1_000_000 else f"{count / 1e6:.1f} MB"
    )
