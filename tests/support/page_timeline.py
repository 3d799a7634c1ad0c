"""A page's life against the rules, without documents or network: feeds in, events out, memory in between."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from statuswatch.model.event import Event
from statuswatch.model.incident import Component, Impact, Incident, IncidentKind, IncidentUpdate
from statuswatch.model.page import Failure, Feed, NotModified, Page, PageSnapshot, Validators
from statuswatch.model.report import PageOutcome
from statuswatch.model.state import PageState
from statuswatch.rules.reconcile import reconcile
from statuswatch.state import decode_page, encode_page

START = datetime(2026, 3, 7, 9, 0, tzinfo=UTC)
PAGE = Page(key="acme", name="Acme", url="https://status.acme.example", platform="statuspage")


def at(minutes: float) -> datetime:
    """A time, in minutes after the first read."""
    return START + timedelta(minutes=minutes)


def update(minutes: float, status: str, body: str = "", key: str = "") -> IncidentUpdate:
    """An incident update published then."""
    return IncidentUpdate(
        id=key or f"u{minutes:g}", status=status, body=body or status, created_at=at(minutes), display_at=at(minutes)
    )


def incident(key: str, *updates: IncidentUpdate, **fields: Any) -> Incident:
    """An incident with the status of its newest update."""
    created = updates[0].created_at if updates else START
    parts = fields.pop("components", ("API",))
    return Incident(
        **{
            "id": key,
            "title": f"Incident {key}",
            "status": updates[-1].status,
            "impact": Impact.MINOR,
            "url": f"{PAGE.url}/incidents/{key}",
            "created_at": created,
            "position": created,
            "components": tuple(Component(part) for part in parts),
            "rank": 3,
            "updates": updates,
            **fields,
        }
    )


def feed(*incidents: Incident, **fields: Any) -> Feed:
    """A window of the newest incidents, and no word on what else is open: the least that a platform says."""
    usual = {"identity": "acme", "by_creation": True, "history": frozenset({IncidentKind.INCIDENT})}
    return Feed(**{**usual, "incidents": incidents, **fields})


class PageTimeline:
    """What is told of one page, read by read. The memory goes through state.json's own format each time."""

    def __init__(self, page: Page = PAGE) -> None:
        self.page = page
        self.memory: PageState | None = None
        self.told: list[str] = []
        self.review = PageOutcome(page=page)

    def read(self, minutes: float, *incidents: Incident, **fields: Any) -> list[Event]:
        return self.answer(minutes, PageSnapshot(feed(*incidents, **fields), {"incidents.json": Validators("etag")}, 1))

    def fails(self, minutes: float, reason: str = "HTTP 403") -> list[Event]:
        return self.answer(minutes, Failure(reason))

    def unchanged(self, minutes: float) -> list[Event]:
        return self.answer(minutes, NotModified())

    def answer(self, minutes: float, answer: PageSnapshot | Failure | NotModified, **options: Any) -> list[Event]:
        before = encode_page(self.memory) if self.memory else b""
        self.review = reconcile(self.page, self.memory, answer, at(minutes), **options)
        if self.review.dirty:
            assert self.review.state
            content = encode_page(self.review.state)
            assert content != before, "said to have moved, and has not"
            self.memory = decode_page(content, "acme", "state.json")
            assert encode_page(self.memory) == content
        self.told += [event.id for event in self.review.events]
        assert len(set(self.told)) == len(self.told), "two events share an id"
        return list(self.review.events)


def shape(events: Iterable[Event]) -> list[tuple[str, str, list[str], list[str]]]:
    """(kind, incident, changes, ids of the updates) of each."""
    return [
        (str(it.kind), it.incident.id, [str(change) for change in it.changes], [update.id for update in it.updates])
        for it in events
    ]


def with_fields(it: Incident, **fields: Any) -> Incident:
    return msgspec.structs.replace(it, **fields)
