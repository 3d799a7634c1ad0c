"""cState, static pages made with Hugo, by whoever hosts them.

`index.json` and `issues/index.json` are read on every run. The first names the systems (the components), each with
its open issues; the second lists all issues of any age, where the page publishes it. Field names are those of the
templates that write the documents: cstate/cstate `layouts/index.json`, `layouts/_default/list.json`. A client in use
reads the first: `CStateStatuspageApi` in tmfg/digitraffic-cdk, under `status/lib`.

Oddities, all of the templates:

- An issue that names no system is in the second document only.
- One that names several systems is listed under each of them.
- Titles are not escaped: a quotation mark in one breaks the whole document, and with it the read.
- Times are printed as Go does, "2024-12-27 09:43:40.482 +0000 UTC"; `resolvedAt` is printed as the author wrote it.
- `informational` issues are announcements. They have no severity, are never resolved, and are left out.
- A maintenance is an issue of severity "notice", often with a time to come. Nothing else tells it from an incident.
- There is no id. The path of the address is one: it stays when an issue is edited or resolved, and when the page gets
  another host.
- What the author wrote stands in one document for each issue, `issues/<name>/index.json`, and is not read.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Final, Literal
from urllib.parse import urlsplit

import msgspec

from statuswatch.model.incident import STATED_BY_VENDOR, Impact, Incident, IncidentKind, IncidentUpdate, utc
from statuswatch.model.page import UNLIMITED, Document, Feed, Page
from statuswatch.platforms.parsing import (
    ParseInput,
    clean_title,
    decode,
    identifier,
    incident_link,
    incident_update,
    labelled_components,
    listed_components,
    newest_copies,
    parse_entries,
    unread_kinds,
    whole_list,
)

PARSER_VERSION: Final = 1
_INDEX: Final = "index.json"
_ISSUES: Final = "issues/index.json"
_IDENTITY: Final = "cstate"
_END: Final = "resolved"  # the id of the one update that states an end
_IMPACTS: Final = {"notice": Impact.MINOR, "disrupted": Impact.MAJOR, "down": Impact.CRITICAL}
_KINDS: Final = frozenset({IncidentKind.INCIDENT})
_GO_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?) ([+-]\d{4})(?: [-+\w]+)?")


class _Issue(msgspec.Struct, rename="camel"):
    title: str
    created_at: str
    permalink: str
    resolved: bool
    severity: str = ""
    informational: bool = False
    resolved_at: str = ""
    affected: list[str] = []


class _System(msgspec.Struct, rename="camel"):
    name: str
    unresolved_issues: list[msgspec.Raw]
    category: str = ""


class _Index(msgspec.Struct, rename="camel"):
    is_: Literal["index"] = msgspec.field(name="is")
    version: str = msgspec.field(name="cStateVersion")
    systems: list[_System]


class _IssueList(msgspec.Struct):
    is_: Literal["issues"] = msgspec.field(name="is")
    pages: list[msgspec.Raw]


_decode_issue: Final = msgspec.json.Decoder(_Issue).decode


def documents(page: Page, /) -> tuple[Document, ...]:
    """Return what is open, and the list of all issues."""
    base = page.url.removesuffix(f"/{_INDEX}")
    return Document(_INDEX, f"{base}/{_INDEX}", required=True), Document(_ISSUES, f"{base}/{_ISSUES}")


def follow_ups(_reading: ParseInput, _feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
    """Return nothing: both documents are read on every run."""
    return ()


def matches(feed: Feed, /) -> bool:
    """Return whether the feed is cState's: its first document says so."""
    return feed.identity == _IDENTITY


def parse(reading: ParseInput, /) -> Feed:
    """Return what is open, and what the list of all issues adds. Raises FeedError."""
    systems = decode(reading.required(_INDEX), _Index, _INDEX).systems
    raws = (raw for system in systems for raw in system.unresolved_issues)
    build = partial(_incident, reading.page)
    listed, skipped = parse_entries(raws, build, _INDEX)
    every, losses = whole_list(reading, _ISSUES, partial(_every_issue, reading.page))
    is_whole = every is not None
    return Feed(
        identity=_IDENTITY,  # the documents name the page by its address only
        incidents=newest_copies(listed, every or ()),
        by_creation=True,
        history=_KINDS if is_whole else frozenset(),
        complete=_KINDS if is_whole else frozenset(),
        current=frozenset() if is_whole or reading.documents.get(_ISSUES, b"") is not None else _KINDS,
        unread=unread_kinds(reading, _ISSUES, _KINDS, is_whole=is_whole),
        window_sizes={IncidentKind.INCIDENT: UNLIMITED} if is_whole else {},
        skipped=tuple(skipped),
        losses=tuple(losses),
        components=listed_components((clean_title(system.name), clean_title(system.category)) for system in systems),
    )


def _every_issue(page: Page, body: bytes) -> tuple[list[Incident], list[str]]:
    """Return the incidents of the list of all issues, and reasons for those that were skipped. Raises FeedError."""
    return parse_entries(decode(body, _IssueList, _ISSUES).pages, partial(_incident, page), _ISSUES)


def _incident(page: Page, raw: msgspec.Raw) -> Incident | None:
    """Return an issue; None where it is an announcement. Raises ValueError and msgspec.ValidationError."""
    issue = _decode_issue(raw)
    if issue.informational:
        return None
    created_at = _time(issue.created_at)
    if created_at is None:
        raise ValueError(f"a time that cannot be read: {clean_title(issue.created_at)!r}")
    components = labelled_components(((clean_title(name), "") for name in issue.affected), {})
    return Incident(
        id=identifier(urlsplit(issue.permalink).path.strip("/").removeprefix("issues/")),
        title=clean_title(issue.title),
        status="resolved" if issue.resolved else "open",
        impact=_IMPACTS.get(issue.severity, Impact.UNKNOWN),
        url=incident_link(issue.permalink, page),
        created_at=created_at,
        position=created_at,
        components=components,
        source_quality=STATED_BY_VENDOR if components else 0,
        updates=tuple(_end(issue)),
    )


def _end(issue: _Issue) -> Iterable[IncidentUpdate]:
    """Yield the end of a resolved issue, where its time can be read."""
    ended_at = _time(issue.resolved_at) if issue.resolved else None
    if ended_at:
        yield incident_update(_END, "resolved", None, ended_at, None)


def _time(printed: str) -> datetime | None:
    """Return a time as Go prints it, or in ISO 8601; None where it is neither, or beyond the calendar."""
    go_time = _GO_TIME.fullmatch(printed)
    try:
        return utc(datetime.fromisoformat(f"{go_time[1]}T{go_time[2]}{go_time[3]}" if go_time else printed))
    except (ValueError, OverflowError):
        return None
