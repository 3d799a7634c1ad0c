"""Upptime: a repository on GitHub that checks sites, and opens an issue for each trouble.

The issues with the label "status", and those with the label "maintenance", are read on every run from GitHub's API, as
the page itself does in a browser: upptime/status-page `src/components/{ActiveIncidents,ActiveScheduled}.svelte`.
The `id` of a page is `owner/repository`; it need not be given where the address is that of the repository, or of its
page at github.io. What the software writes into an issue is in upptime/uptime-monitor `src/update.ts`.

Oddities:

- Without a token GitHub answers 60 requests an hour and address. One that is answered with 304 does not count.
- A trouble is opened by the first check that fails, and its issue is closed by the first that succeeds.
- The name of the site stands in the title only, behind a sign; the labels are short names.
- What people write as comments is not in the list, and is not read.
- The times of a maintenance stand in a comment within its text. An open one without times counts as scheduled.
- The list has the newest 100 issues, whatever their state. Pull requests are issues, too, and are left out.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Final
from urllib.parse import urlsplit

import msgspec

from statuswatch.model.incident import STATED_BY_VENDOR, Component, Impact, Incident, IncidentKind, IncidentUpdate, utc
from statuswatch.model.page import Document, Feed, Page
from statuswatch.platforms.parsing import (
    MissingPageIdError,
    ParseInput,
    clean_title,
    decode,
    incident_link,
    incident_update,
    labelled_components,
    newest_copies,
    parse_entries,
    unread_kinds,
    whole_list,
)

PARSER_VERSION: Final = 1
_API: Final = "https://api.github.com/repos/"
_STATUS: Final = "issues"
_MAINTENANCE: Final = "maintenance"
_WINDOW: Final = 100
_ID: Final = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
_SITE: Final = re.compile(r"(.+?) (?:is down|has degraded performance)")
_FACTS: Final = re.compile(r"<!--(.*?)-->", re.DOTALL)
_FACT: Final = re.compile(r"^[ \t]*(\w+)[ \t]*:[ \t]*(\S.*?)[ \t]*\r?$", re.MULTILINE)


class _Issue(msgspec.Struct):
    number: int
    title: str
    state: str
    created_at: datetime
    closed_at: datetime | None = None
    body: str | None = None
    html_url: str | None = None
    pull_request: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_decode_issue: Final = msgspec.json.Decoder(_Issue).decode


def documents(page: Page, /) -> tuple[Document, ...]:
    """Return the issues of both labels; nothing where the repository is not known."""
    repository = _repository(page)
    if not repository:
        return ()
    query = f"{_API}{repository}/issues?state=all&per_page={_WINDOW}&labels="
    return Document(_STATUS, f"{query}status", required=True), Document(_MAINTENANCE, f"{query}maintenance")


def _repository(page: Page) -> str:
    """Return `owner/repository` from the id or the address, "" where neither names it."""
    address = urlsplit(page.url)
    host, path = address.hostname or "", address.path.strip("/")
    owner = host.removesuffix(".github.io")
    named = path if host == "github.com" else f"{owner}/{path}" if owner != host else ""
    repository = page.id or named
    return repository if _ID.fullmatch(repository) else ""


def follow_ups(_reading: ParseInput, _feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
    """Return nothing: both documents are read on every run."""
    return ()


def matches(feed: Feed, /) -> bool:
    """Return whether there are incidents: any repository may have no issue of those labels."""
    return bool(feed.incidents)


def parse(reading: ParseInput, /) -> Feed:
    """Return troubles and maintenance. Raises FeedError."""
    repository = _repository(reading.page)
    if not repository:
        raise MissingPageIdError(f"{_STATUS}: the page needs an `id`: owner/repository")
    raws = decode(reading.required(_STATUS), list[msgspec.Raw], _STATUS)
    troubles, skipped = parse_entries(raws, partial(_trouble, reading.page), _STATUS)
    windows, losses = whole_list(reading, _MAINTENANCE, partial(_windows, reading))
    kinds = {IncidentKind.INCIDENT} if windows is None else {IncidentKind.INCIDENT, IncidentKind.MAINTENANCE}
    return Feed(
        identity=f"github/{repository.lower()}",
        incidents=newest_copies(troubles, windows or ()),
        by_creation=True,
        history=frozenset(kinds),
        unread=unread_kinds(reading, _MAINTENANCE, frozenset({IncidentKind.MAINTENANCE}), is_whole=windows is not None),
        window_sizes=dict.fromkeys(kinds, _WINDOW),
        skipped=tuple(skipped),
        losses=tuple(losses),
    )


def _windows(reading: ParseInput, body: bytes) -> tuple[list[Incident], list[str]]:
    """Return maintenance, and reasons for what was skipped. Raises FeedError."""
    raws = decode(body, list[msgspec.Raw], _MAINTENANCE)
    return parse_entries(raws, partial(_window, reading), _MAINTENANCE)


def _trouble(page: Page, raw: msgspec.Raw) -> Incident | None:
    """Return the trouble of an issue; None where it is a pull request."""
    issue = _decode_issue(raw)
    if issue.pull_request is not msgspec.UNSET:
        return None
    title = _title(issue)
    site = _SITE.fullmatch(title)
    created_at = utc(issue.created_at)
    return Incident(
        id=str(issue.number),
        title=title,
        status=_closed_or(issue, "resolved", "open"),
        impact=Impact.UNKNOWN,
        url=incident_link(issue.html_url, page),
        created_at=created_at,
        position=created_at,
        components=labelled_components([(site[1], "")], {}) if site else (),
        source_quality=STATED_BY_VENDOR if site else 0,
        updates=tuple(_updates(issue, "open", "resolved")),
    )


def _window(reading: ParseInput, raw: msgspec.Raw) -> Incident | None:
    """Return the maintenance of an issue; None where it is a pull request."""
    issue = _decode_issue(raw)
    if issue.pull_request is not msgspec.UNSET:
        return None
    facts = _facts(issue.body or "")
    begins_at, ends_at = _time(facts.get("start")), _time(facts.get("end"))
    has_begun = bool(begins_at and reading.now and begins_at <= reading.now)
    components = _sites(facts)
    created_at = utc(issue.created_at)
    return Incident(
        id=str(issue.number),
        kind=IncidentKind.MAINTENANCE,
        title=_title(issue),
        status=_closed_or(issue, "completed", "in_progress" if has_begun else "scheduled"),
        impact=Impact.MAINTENANCE,
        url=incident_link(issue.html_url, reading.page),
        created_at=created_at,
        position=created_at,
        components=components,
        source_quality=STATED_BY_VENDOR if components else 0,
        updates=tuple(_updates(issue, "scheduled", "completed")),
        scheduled_for=begins_at,
        scheduled_until=ends_at,
    )


def _facts(body: str) -> dict[str, str]:
    """Return what stands in the comments of a text, as `name: value`."""
    return {name: value for comment in _FACTS.findall(body) for name, value in _FACT.findall(comment)}


def _sites(facts: dict[str, str]) -> tuple[Component, ...]:
    """Return the sites that a maintenance is about, by their short names."""
    sites = ",".join(facts.get(name, "") for name in ("expectedDown", "expectedDegraded")).split(",")
    return labelled_components([(name, "") for site in sites if (name := clean_title(site))], {})


def _title(issue: _Issue) -> str:
    """Return the title without the sign before it."""
    return clean_title(issue.title.replace("🛑", "").replace("⚠️", ""))


def _closed_or(issue: _Issue, closed: str, otherwise: str) -> str:
    """Return a status. Raises ValueError for an issue that is neither open nor closed."""
    if issue.state not in ("open", "closed"):
        raise ValueError(f"an issue that is neither open nor closed: {clean_title(issue.state)!r}")
    return closed if issue.state == "closed" else otherwise


def _updates(issue: _Issue, first: str, last: str) -> Iterator[IncidentUpdate]:
    """Yield the text of an issue, and its end."""
    yield incident_update("opened", first, _FACTS.sub("", issue.body or ""), issue.created_at, None)
    if issue.state == "closed" and issue.closed_at:
        closed_at = max(utc(issue.closed_at), utc(issue.created_at))
        yield incident_update("closed", last, None, closed_at, None)


def _time(stated: str | None) -> datetime | None:
    """Return a time; None where none is stated that can be read."""
    try:
        return utc(datetime.fromisoformat(stated)) if stated else None
    except (ValueError, OverflowError):
        return None
