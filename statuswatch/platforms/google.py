"""Google's dashboards: Cloud, Workspace, Firebase, Ads, Maps Platform, Play.

One document, `incidents.json` under the dashboard: the incidents of the past, open and closed, by their beginning, the
latest first (recorded: the past year, 157 of them, 1.3 MB; later less). Nothing says that every open one is listed.

Oddities, recorded on Cloud unless said otherwise:

- An incident is over when it has an `end`, whatever its last update says (2 of 157 ended in SERVICE_DISRUPTION). The
  end is the effect's: 67 of 770 updates that say otherwise were published after it, and 22 incidents altogether.
- An update has no id; its id is made of when it was created, which no two of an incident share. (On Workspace an
  older update's `modified` moves to when the next one is created, so nothing is made of it.)
- AVAILABLE in an update is only the vendor's word (33 of 270 came before the end), and stays it when the incident
  ends: an update that was told does not change. A report is published as one more, 9 days after the end.
- `current_title` of a product is its name of now: the incident keeps the one it has.
- `external_desc` is a title, or on Workspace (a copy of 2026) a whole text in Markdown that has one.
"""

import re
from collections import Counter
from datetime import datetime
from functools import partial
from typing import Final

import msgspec

from statuswatch.errors import FeedError
from statuswatch.model.incident import STATED_BY_VENDOR, Component, Impact, Incident, IncidentKind, IncidentUpdate, utc
from statuswatch.model.page import Document, Feed, Page
from statuswatch.platforms.parsing import (
    ParseInput,
    clean_status,
    clean_title,
    decode,
    derived_id,
    identifier,
    incident_link,
    incident_update,
    newest_copies,
    oldest_first,
    parse_entries,
)

PARSER_VERSION: Final = 1
_NAME: Final = "incidents.json"
_IDENTITY: Final = "google dashboard"  # the document does not say of which one it is
_ID: Final = re.compile(r"[0-9A-Za-z]{20}")
_IMPACTS: Final = {"low": Impact.MINOR, "medium": Impact.MAJOR, "high": Impact.CRITICAL}
_SEVERAL: Final = "Multiple Products"
_MARKDOWN: Final = re.compile(r"\*\*|^#+[ \t]+|\\(?=[!-/:-@\[-`{-~])", re.MULTILINE)  # bold, headings, escapes
_LABEL: Final = re.compile(r"(?:title|summary|description):\s*", re.IGNORECASE)


class _Update(msgspec.Struct):
    created: datetime
    status: str
    text: str
    when: datetime | None = None


class _Product(msgspec.Struct):
    title: str


class _Incident(msgspec.Struct):
    id: str
    begin: datetime
    external_desc: str
    updates: list[_Update]
    uri: str
    service_name: str
    status_impact: str  # not read, but none but Google's has it
    end: datetime | None = None
    severity: str | None = None
    affected_products: list[_Product] | None = None


_decode_incident: Final = msgspec.json.Decoder(_Incident).decode


def documents(page: Page, /) -> tuple[Document, ...]:
    return (Document(_NAME, f"{_dashboard(page).url}/{_NAME}", required=True),)


def follow_ups(reading: ParseInput, feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
    return ()


def matches(feed: Feed, /) -> bool:
    """An empty list is no proof."""
    return bool(feed.incidents) and all(_ID.fullmatch(it.id) for it in feed.incidents)


def parse(reading: ParseInput, /) -> Feed:
    body = reading.documents.get(_NAME)
    if body is None:
        raise FeedError(f"{_NAME}: missing")
    entries = decode(body, list[msgspec.Raw], _NAME)
    incidents, skipped = parse_entries(entries, partial(_incident, _dashboard(reading.page)), _NAME)
    return Feed(
        identity=_IDENTITY,
        incidents=newest_copies(incidents),
        by_creation=True,
        history=frozenset({IncidentKind.INCIDENT}),
        skipped=tuple(skipped),
    )


def _dashboard(page: Page) -> Page:
    return msgspec.structs.replace(page, url=page.url.removesuffix(f"/{_NAME}"))


def _incident(page: Page, raw: msgspec.Raw) -> Incident:
    it = _decode_incident(raw)
    begun = utc(it.begin)
    updates = _updates(it)
    last = updates[-1].status if updates else clean_status(it.status_impact)
    named = [product.title for product in it.affected_products or ()]
    if not named and it.service_name != _SEVERAL:
        named = [it.service_name]
    return Incident(
        id=identifier(it.id),
        title=_headline(it.external_desc),
        status="resolved" if it.end else last,
        impact=_IMPACTS.get(it.severity or "", Impact.UNKNOWN),
        url=incident_link(it.uri, page),
        created_at=begun,
        position=begun,
        components=tuple(sorted({Component(clean_title(name)) for name in named})),
        source_quality=STATED_BY_VENDOR if named else 0,
        updates=updates,
    )


def _updates(it: _Incident) -> tuple[IncidentUpdate, ...]:
    at_once: Counter[datetime] = Counter()
    updates = []
    for entry in reversed(it.updates):
        created = utc(entry.created)
        at_once[created] += 1
        facts = (created.isoformat(), *([str(at_once[created])] if at_once[created] > 1 else []))
        updates.append(incident_update(derived_id(*facts), entry.status, _plain(entry.text), created, entry.when))
    return oldest_first(reversed(updates))


def _plain(markdown: str) -> str:
    """Without its marks. Most texts have none, and the search for them costs as much as all else here."""
    return _MARKDOWN.sub("", markdown) if any(mark in markdown for mark in "*#\\") else markdown


def _headline(description: str) -> str:
    """The first line that says something."""
    lines = (_LABEL.sub("", line.strip(), count=1) for line in _plain(description).splitlines())
    return clean_title(next(filter(None, lines), ""))
