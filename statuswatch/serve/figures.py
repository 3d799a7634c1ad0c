"""The figures of `/metrics`, in the text format of Prometheus. No text of a vendor is in a label."""

import re
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from statuswatch.model.report import RunReport

_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0, 30.0)


class Figures:
    """What a watch did since it began. For any thread."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.reads = Counter("statuswatch_reads", "Reads of pages, by result.", ["result"], registry=registry)
        self.seconds = Histogram(
            "statuswatch_document_seconds", "Seconds for a document.", ["document"], buckets=_BUCKETS, registry=registry
        )
        self.events = Counter("statuswatch_events", "Events, by kind.", ["kind"], registry=registry)
        self.deliveries = Counter(
            "statuswatch_deliveries", "Notifications that a sink accepted.", ["sink"], registry=registry
        )
        self.waiting = Gauge(
            "statuswatch_outbox_events", "Events that wait for a sink, held ones too.", ["sink"], registry=registry
        )
        self.oldest = Gauge(
            "statuswatch_oldest_undelivered_seconds",
            "For how long the oldest event waits for a sink.",
            registry=registry,
        )
        self.oldest.set_function(self._waiting_seconds)
        self.unknown = Gauge("statuswatch_pages_unknown", "Pages that are unknown now.", registry=registry)
        self.lag = Gauge("statuswatch_schedule_lag_seconds", "How late the most overdue page is.", registry=registry)
        self.rings = Counter("statuswatch_rings", "Rings, by answer.", ["status"], registry=registry)
        for result in ("good", "failed", "unsure"):
            self.reads.labels(result)
        self._unknown: set[str] = set()
        self._oldest: datetime | None = None

    def take(self, report: RunReport) -> None:
        """Take over what a pass came to."""
        unsure = {outcome.page.key for outcome in report.unknown}
        for outcome in report.pages:
            key = outcome.page.key
            result = "failed" if outcome.failure else "unsure" if key in unsure else "good"
            self.reads.labels(result).inc()
            for request in outcome.notes.requests:
                self.seconds.labels(label_of(request.document)).observe(request.seconds)
            (self._unknown.add if key in unsure else self._unknown.discard)(key)
        self.unknown.set(len(self._unknown))
        for event in report.events:
            self.events.labels(str(event.kind)).inc()
        for sink in report.sinks:
            self.deliveries.labels(sink.name).inc(sink.sent)
            self.waiting.labels(sink.name).set(len(sink.waiting))
        self._oldest = oldest_of(report)

    def _waiting_seconds(self) -> float:
        oldest = self._oldest
        return max(0.0, (datetime.now(UTC) - oldest).total_seconds()) if oldest else 0.0

    def text(self) -> bytes:
        """Return all of it."""
        return generate_latest(self.registry)


def oldest_of(report: RunReport) -> datetime | None:
    """Return when the oldest event that waits for a sink was detected; None where nothing waits."""
    times = (delivery.detected_at for waiting in report.state.outbox.values() for delivery in waiting)
    return min(times, default=None)


def label_of(document: str) -> str:
    """Return the name of a document for a label; that of one incident's would make a series of its own."""
    return document if re.fullmatch(r"[a-z._-]{1,40}", document) else "other"
