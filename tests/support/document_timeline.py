"""The timeline of a platform's page, read from its documents as a run reads them, again and again."""

from __future__ import annotations

import copy
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from statuswatch.model.event import EventKind
from statuswatch.model.page import Feed
from statuswatch.reading.gather import Session
from statuswatch.reading.plan import inspect
from statuswatch.state import encode_page
from tests.support.page_timeline import START, PageTimeline, at
from tests.support.plan_driver import LOST, run_plan
from tests.support.platform_samples import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from statuswatch.model.event import Event
    from statuswatch.model.page import Page
    from tests.support.plan_driver import Lost
    from tests.support.platform_sample import Sample

Documents = dict[str, Any]  # by name, as a sample has them; None: the page has none, LOST: no answer this time


class DocumentTimeline:
    """Reads a page twice each time: with the state as it was written last, and with the one that is newest.

    Both must report the same beginnings and ends: that something else causes a write may change neither.
    """

    def __init__(self, sample: Sample) -> None:
        self.page = page_of(sample)
        self.timeline = PageTimeline(self.page)
        self._newest = PageTimeline(self.page)
        self.documents: Documents = {}
        self.minutes = 0.0

    @property
    def saved(self) -> bytes:
        """The state of the page as it was written last."""
        return encode_page(self.timeline.state) if self.timeline.state else b""

    def feed(self) -> Feed:
        """Return all that the documents of the last read say."""
        inspection = run_plan(
            inspect(self.page, Session(at(self.minutes), conditional=False)), encoded_all(self.documents)
        )
        assert isinstance(inspection.result, Feed), inspection.result
        return inspection.result

    def read(self, minutes: float, documents: Documents) -> list[Event]:
        """Read these documents, so many minutes after the first read of all."""
        self.minutes, self.documents = minutes, documents
        encoded_documents, differ = encoded_all(documents), self._newest.state != self.timeline.state
        events = newest_events = self.timeline.read_documents(minutes, encoded_documents)
        outcome = self.timeline.outcome
        if differ:  # with the same state a read comes to the same
            newest_events = self._newest.read_documents(minutes, encoded_documents)
            outcome = self._newest.outcome
        assert _beginnings_and_ends(events) == _beginnings_and_ends(newest_events), "a write changes what is reported"
        self._newest.state = outcome.state
        return events

    def read_later(self, minutes: float, documents: Documents) -> list[Event]:
        """Read these documents, so many minutes after the last read."""
        return self.read(self.minutes + minutes, documents)


def _beginnings_and_ends(events: list[Event]) -> list[str]:
    return [event.id for event in events if event.kind is not EventKind.UPDATED]


def page_of(sample: Sample) -> Page:
    """Return the page of a sample, with its platform configured."""
    return msgspec.structs.replace(sample.page, platform=sample.platform)


def encoded(document: Any) -> bytes | Lost | None:
    """Return a document as it is fetched."""
    return document if document is None or document is LOST or isinstance(document, bytes) else json_bytes(document)


def json_bytes(document: Any) -> bytes:
    """Return a JSON document."""
    return msgspec.json.encode(document)


def encoded_all(documents: Mapping[str, Any]) -> dict[str, bytes | Lost | None]:
    """Return documents as they are fetched."""
    return {name: encoded(document) for name, document in documents.items()}


def first_read(platform: str) -> tuple[DocumentTimeline, Documents]:
    """Return a page that was read for the first time, an hour after the last time in its documents, and those."""
    sample = SAMPLES[platform]
    documents: Documents = copy.deepcopy(dict(sample.documents))
    page = DocumentTimeline(sample)
    assert page.read(minutes_after(platform), documents) == []
    assert page.timeline.state and page.timeline.state.failing is None
    return page, documents


@cache
def minutes_after(platform: str) -> float:
    """Return a time an hour after all that the documents of its sample mention, in minutes after `START`."""
    feed = SAMPLES[platform].read()
    times = [*feed.updated_at.values()]
    for incident in feed.incidents:
        times += [incident.position, incident.last_update_at, incident.created_at]
    return (max(times) + timedelta(hours=1) - START) / timedelta(minutes=1)
