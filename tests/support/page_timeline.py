"""The timeline of one page: reads in, events out, and the state between them as the state file keeps it."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from statuswatch.model.event import Event
from statuswatch.model.incident import Component, Impact, Incident, IncidentKind, IncidentUpdate
from statuswatch.model.page import Failure, FailureKind, Feed, NotModified, Page, PageResult, PageSnapshot, Validators
from statuswatch.model.report import PageOutcome
from statuswatch.rules.reconcile import reconcile
from statuswatch.rules.record import to_second
from statuswatch.rules.shared_fate import WatchedPage, settle_failures
from statuswatch.state import decode_page, encode_page
from tests.support.plan_driver import Documents, read_page

if TYPE_CHECKING:
    from statuswatch.model.state import PageState

T = TypeVar("T", bound=msgspec.Struct)
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
    components = fields.pop("components", ("API",))
    usual = {
        "id": key,
        "title": f"Incident {key}",
        "status": updates[-1].status if updates else "investigating",
        "impact": Impact.MINOR,
        "url": f"{PAGE.url}/incidents/{key}",
        "created_at": created,
        "position": created,
        "components": tuple(Component(name) for name in components),
        "source_quality": 3,
        "updates": updates,
    }
    return Incident(**{**usual, **fields})


def feed(*incidents: Incident, **fields: Any) -> Feed:
    """A window of the newest incidents that says nothing about what else is open: the least a platform can state."""
    usual = {"identity": "acme", "by_creation": True, "history": frozenset({IncidentKind.INCIDENT})}
    return Feed(**{**usual, "incidents": incidents, **fields})


def snapshot(*incidents: Incident, **fields: Any) -> PageSnapshot:
    """A good read of such a feed."""
    return PageSnapshot(feed(*incidents, **fields), {"incidents.json": Validators("etag")}, 1)


class PageTimeline:
    """The events of one page, read by read. The state goes through the format of state.json each time.

    `state` is what the state file has, `outcome` what the last read came to.
    """

    def __init__(self, page: Page = PAGE) -> None:
        self.page = page
        self.state: PageState | None = None
        self.event_ids: list[str] = []
        self.outcome = PageOutcome(page=page)

    def read(self, minutes: float, *incidents: Incident, **fields: Any) -> list[Event]:
        """Read a feed of these incidents."""
        return self.apply(minutes, snapshot(*incidents, **fields))

    def fail(self, minutes: float, reason: str = "HTTP 403", kind: FailureKind = FailureKind.FORBIDDEN) -> list[Event]:
        """Fail to read the page."""
        return self.apply(minutes, Failure(kind, reason))

    def unchanged(self, minutes: float) -> list[Event]:
        """Read documents that all answer 304."""
        return self.apply(minutes, NotModified())

    def apply(self, minutes: float, result: PageResult, **options: Any) -> list[Event]:
        """Reconcile a result with the state."""
        return self._keep(reconcile(self.page, self.state, result, at(minutes), **options), at(minutes))

    def read_documents(self, minutes: float, documents: Documents, **options: Any) -> list[Event]:
        """Read the page from its documents, by the plan that a run follows.

        Where entries are left out of the read, because they are as remembered or only their end matters, one of all
        entries comes to the same.
        """
        outcome = read_page(self.page, self.state, at(minutes), documents, **options)
        if outcome.feed and (outcome.feed.as_remembered or outcome.feed.over):
            whole = read_page(self.page, self.state, at(minutes), documents, brief=False, **options)
            assert with_fields(whole, feed=None) == with_fields(outcome, feed=None), "what is left out hides something"
        return self._keep(outcome, at(minutes))

    def _keep(self, outcome: PageOutcome, now: datetime) -> list[Event]:
        before = encode_page(self.state) if self.state else b""
        outcome = self._settle(outcome, now)
        self.outcome = outcome
        if outcome.dirty:
            assert outcome.state
            content = encode_page(outcome.state)
            assert content != before, "dirty, but the state is as it was"
            self.state = decode_page(content, self.page.key, "state.json")
            # Text that no parser cleaned is cleaned when it is loaded, and then stays as it is.
            assert decode_page(encode_page(self.state), self.page.key, "state.json") == self.state
        self.event_ids += [event.id for event in outcome.events]
        assert len(set(self.event_ids)) == len(self.event_ids), "two events share an id"
        return list(outcome.events)

    def _settle(self, outcome: PageOutcome, now: datetime) -> PageOutcome:
        """Decide whether the failure of the page is reported, as a run does that watches nothing else."""
        reason = outcome.failure.reason if outcome.failure else ""
        settlement = settle_failures([WatchedPage(self.page, outcome.failing, reason)], {}, to_second(now))
        state = outcome.state
        if state and self.page.key in settlement.failing:
            state = msgspec.structs.replace(state, failing=settlement.failing[self.page.key])
        events = (*settlement.events, *outcome.events)
        dirty = outcome.dirty or bool(settlement.failing)
        return msgspec.structs.replace(outcome, events=events, state=state, dirty=dirty)


def shape(events: Iterable[Event]) -> list[tuple[str, str, list[str], list[str]]]:
    """(kind, incident, changes, ids of the updates) of each."""
    return [
        (
            str(event.kind),
            event.incident.id,
            [str(change) for change in event.changes],
            [update.id for update in event.updates],
        )
        for event in events
    ]


def without_digests(state: "PageState") -> "PageState":
    """Return the state without the digests of bytes, which the order of a document changes."""
    records = {key: with_fields(record, entry_digest="") for key, record in state.incidents.items()}
    return with_fields(state, incidents=records)


def with_fields(struct: T, **fields: Any) -> T:
    """The incident, or the snapshot, with other values."""
    return msgspec.structs.replace(struct, **fields)
