"""Muted incidents (contract, sections 3 and 7): detected and printed, delivered to nobody, and never half."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
import pytest

from statuswatch.config.schema import SinkConfig
from statuswatch.delivery.muting import Records
from statuswatch.delivery.outbox import SinkTurn, plan_sink
from statuswatch.model.event import Change
from statuswatch.model.incident import Impact
from statuswatch.model.mute import Mute, longest
from statuswatch.rules.mutes import mute_of_event, muted_events
from statuswatch.rules.status import page_status, status_view
from statuswatch.state import encode_page
from tests.support.page_timeline import PageTimeline, at, incident, update

if TYPE_CHECKING:
    from statuswatch.model.event import PendingDelivery
    from statuswatch.model.report import SinkOutcome

CONFIG: Final = SinkConfig(sink="webhook", name="fake", where="notify[0]", options=None)
MUTE: Final = Mute(page="acme", incident="a1")
OPENED: Final = update(1, "investigating")
UPDATED: Final = update(5, "identified")
CLOSED: Final = update(9, "resolved")


class MutedRuns:
    """Runs over one page for one sink that accepts everything; `mutes` may change between them."""

    def __init__(self, *mutes: Mute, **filters: Any) -> None:
        self.mutes = mutes
        self.config = msgspec.structs.replace(CONFIG, **filters)
        self.timeline = PageTimeline()
        self.waiting: tuple[PendingDelivery, ...] = ()
        self.outcome: SinkOutcome | None = None

    def run(self, minutes: float, *incidents: Any) -> list[str]:
        """Read the page, and return what the sink accepted."""
        before = self._pages()
        events = self.timeline.read(minutes, *incidents)
        agenda = plan_sink(
            self.config,
            events,
            self.waiting,
            now=at(minutes),
            mutes=self.mutes,
            records=Records(before, self._pages()),
        )
        turn = SinkTurn(agenda, digest_above=0, now=at(minutes))
        sent = []
        while notification := turn.next_notification():
            sent += [f"{entry.event.kind} {entry.event.incident.id}" for entry in notification.deliveries]
            turn.accept(notification)
        self.outcome = turn.outcome("fake")
        assert not self.outcome.failed
        self.waiting = self.outcome.waiting
        return sent

    def _pages(self) -> dict[str, bytes]:
        return {"acme": encode_page(self.timeline.state)} if self.timeline.state else {}


def kinds(waiting: tuple[PendingDelivery, ...]) -> list[str]:
    return [str(delivery.event.kind) for delivery in waiting]


def test_a_muted_incident_is_delivered_when_its_mute_ends() -> None:
    """Contract 7.6.2: the events of a muted incident wait; when the mute entry is removed they are delivered, in
    order.
    """
    runs = MutedRuns(MUTE)
    assert runs.run(0) == []
    assert runs.run(2, incident("a1", OPENED), incident("b1", OPENED)) == ["new b1"]
    assert runs.run(6, incident("a1", OPENED, UPDATED), incident("b1", OPENED)) == []
    assert kinds(runs.waiting) == ["new", "updated"]
    assert runs.outcome and runs.outcome.remarks == ("2 events of muted incidents held",)
    runs.mutes = ()
    assert runs.run(7, incident("a1", OPENED, UPDATED), incident("b1", OPENED)) == ["new a1", "updated a1"]


def test_a_mute_that_is_over() -> None:
    """Contract 7.6.2: `until` has passed, and the incident is still open: it is delivered with its waiting events."""
    runs = MutedRuns(msgspec.structs.replace(MUTE, until=at(6)))
    runs.run(0)
    assert runs.run(2, incident("a1", OPENED)) == []
    assert runs.run(6, incident("a1", OPENED, UPDATED)) == ["new a1", "updated a1"]


def test_an_incident_that_opened_and_closed_while_muted() -> None:
    """Contract 7.6.2: it is dropped from the outbox, and no delivery of it ever comes."""
    runs = MutedRuns(MUTE)
    runs.run(0)
    runs.run(2, incident("a1", OPENED))
    assert runs.run(10, incident("a1", OPENED, CLOSED)) == [] and runs.waiting == ()
    assert runs.outcome and runs.outcome.remarks == ("2 events of muted incidents not delivered: they are over",)
    assert runs.outcome.lost == () and runs.outcome.dropped == 0
    runs.mutes = ()
    assert runs.run(11, incident("a1", OPENED, CLOSED)) == []


@pytest.mark.parametrize(("until", "sent"), [(9.5, []), (8, ["new a1", "resolved a1"])])
def test_an_incident_that_closed_in_the_run_after_its_mute(until: float, sent: list[str]) -> None:
    """Contract 7.6.2: the time of the closing update decides whether it closed while it was muted."""
    runs = MutedRuns(msgspec.structs.replace(MUTE, until=at(until)))
    runs.run(0)
    runs.run(2, incident("a1", OPENED))
    assert runs.run(20, incident("a1", OPENED, CLOSED)) == sent and runs.waiting == ()


def test_one_that_opened_and_closed_between_two_runs() -> None:
    """Contract 7.6.2: it is dropped as well: the sink never received a start."""
    runs = MutedRuns(MUTE)
    runs.run(0)
    assert runs.run(20, incident("a1", OPENED, CLOSED)) == [] and runs.waiting == ()


def test_the_end_comes_at_once() -> None:
    """Contract 7.6.2: a sink that received `new` receives `resolved` at once, muted or not; the updates before it
    are not sent.
    """
    runs = MutedRuns()
    runs.run(0)
    assert runs.run(2, incident("a1", OPENED)) == ["new a1"]
    runs.mutes = (MUTE,)
    assert runs.run(6, incident("a1", OPENED, UPDATED)) == [] and kinds(runs.waiting) == ["updated"]
    assert runs.run(10, incident("a1", OPENED, UPDATED, CLOSED)) == ["resolved a1"] and runs.waiting == ()


def test_the_end_of_what_was_open_at_the_baseline() -> None:
    """Contract 7.6.2: nobody received its start, so that its end is not due at once."""
    runs = MutedRuns(MUTE)
    runs.run(2, incident("a1", OPENED))
    assert runs.run(10, incident("a1", OPENED, CLOSED)) == [] and runs.waiting == ()


def test_a_sink_without_new_receives_no_end() -> None:
    """Contract 7.6.2: a sink that receives ends only did not receive the start of a muted incident."""
    runs = MutedRuns(events=frozenset({"resolved"}))
    runs.run(0)
    runs.run(2, incident("a1", OPENED))
    runs.mutes = (MUTE,)
    assert runs.run(10, incident("a1", OPENED, CLOSED)) == [] and runs.waiting == ()


def test_a_sink_without_ends_learns_that_it_is_over() -> None:
    """Contract 7.6.2: an incident that closed while muted is dropped for a sink that subscribes to `new` alone, too."""
    runs = MutedRuns(MUTE, events=frozenset({"new"}))
    runs.run(0)
    runs.run(2, incident("a1", OPENED))
    assert kinds(runs.waiting) == ["new"]
    assert runs.run(10, incident("a1", OPENED, CLOSED)) == [] and runs.waiting == ()


def test_an_incident_that_reached_the_sink_while_muted() -> None:
    """Contract 7.6.2: where the first event for a sink is an escalation that was muted, its end is not due."""
    runs = MutedRuns(MUTE, min_impact=Impact.MAJOR)
    runs.run(0)
    runs.run(2, incident("a1", OPENED))
    assert runs.waiting == ()
    runs.run(6, incident("a1", OPENED, UPDATED, impact=Impact.MAJOR))
    assert kinds(runs.waiting) == ["updated"]
    assert runs.run(10, incident("a1", OPENED, UPDATED, CLOSED, impact=Impact.MAJOR)) == [] and runs.waiting == ()


def test_a_later_note_waits() -> None:
    """Contract 7.6.2: what is published about a muted incident after its end waits until the mute ends, and is then
    delivered.
    """
    runs = MutedRuns()
    runs.run(0)
    runs.run(2, incident("a1", OPENED))
    runs.run(10, incident("a1", OPENED, CLOSED))
    runs.mutes = (MUTE,)
    note = update(15, "postmortem")
    assert runs.run(16, incident("a1", OPENED, CLOSED, note)) == [] and kinds(runs.waiting) == ["updated"]
    runs.mutes = ()
    assert runs.run(17, incident("a1", OPENED, CLOSED, note)) == ["updated a1"]


def test_the_current_title_counts() -> None:
    """Contract 7.6.2: a glob is compared with the title as it is now, also for a sink that is not sent changes of
    the title.
    """
    runs = MutedRuns(Mute(page="acme", incident="*login*"), events=frozenset({"new", "resolved"}))
    runs.run(0)
    assert runs.run(2, incident("a1", OPENED, title="Login issues")) == []
    assert runs.run(6, incident("a1", OPENED, UPDATED, title="API errors")) == ["new a1"]


def test_an_id_comes_before_a_glob() -> None:
    """Contract 7.6.2: what is compared as an id first may hold characters of a glob."""
    mute = Mute(page="acme", incident="a[1]")
    assert mute.names("acme", "a[1]", "Title") and mute.names("acme", "x", "A1")
    assert not mute.names("acme", "x", "a[1]") and not mute.names("bolt", "a[1]", "Title")


def test_the_longest_mute_counts() -> None:
    """Contract 7.6.2: of several mutes of one incident the one that ends last is shown."""
    short, long = (msgspec.structs.replace(MUTE, until=at(minutes)) for minutes in (5, 50))
    assert longest([short, long, short]) is long
    assert longest([short, MUTE, long]) is MUTE
    assert longest([]) is None


def test_muted_events_are_marked() -> None:
    """Contract 7.6.2: the report of a run knows which of its events are muted; one that is delisted ends when that
    is detected.
    """
    timeline = PageTimeline()
    timeline.read(0)
    events = timeline.read(2, incident("a1", OPENED), incident("b1", OPENED))
    assert list(muted_events([MUTE], events, at(2))) == [event.id for event in events if event.incident.id == "a1"]
    assert muted_events([], events, at(2)) == {}
    (resolved,) = timeline.read(10, incident("a1", OPENED, CLOSED), incident("b1", OPENED))
    dated = [msgspec.structs.replace(MUTE, until=at(9.5))]
    assert mute_of_event(dated, resolved, at(10))
    delisted = msgspec.structs.replace(resolved, changes=(Change.DELISTED,))
    assert not mute_of_event(dated, delisted, at(10))


def test_the_status_shows_a_muted_incident_marked() -> None:
    """Contract 7.6.2: mutes change deliveries only: the incident is shown and counts, with its mute."""
    timeline = PageTimeline()
    timeline.read(0)
    timeline.read(2, incident("a1", OPENED, impact=Impact.MAJOR))
    view = status_view([page_status(timeline.outcome, timeline.state)], at(3), (), [MUTE])
    (entry,) = view.incidents
    assert entry.mute == MUTE and view.blocking(Impact.MAJOR) == (entry,)
