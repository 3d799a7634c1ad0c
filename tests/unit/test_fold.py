"""What is known of the past: incidents folded from events, joined with lists and state, and where that is covered."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from statuswatch.errors import UsageError
from statuswatch.history.coverage import coverage_of, gaps, is_known_at
from statuswatch.history.fold import fold_events, known_incidents
from statuswatch.model.event import Change, EventKind
from statuswatch.model.history import ArchivedEvent, ArchiveReading, Coverage, PastIncident, Span
from statuswatch.model.incident import Impact, Incident, IncidentKind
from statuswatch.model.page import Failure, FailureKind, Feed
from statuswatch.model.report import PageStatus, PageView
from statuswatch.model.state import Failing, IncidentRecord, PageState, State
from statuswatch.moments import parse_moment
from tests.support.archive_lines import ACME, archived, minute, update

NEW, UPDATED, RESOLVED = EventKind
BEGINNING = archived(NEW, 5, update(1, "investigating", claimed=-3))
END = archived(RESOLVED, 65, update(60, "resolved"), changes=(Change.STATUS,), components=("Web",))


def folded(*events: ArchivedEvent) -> PastIncident:
    (incident,) = fold_events(events)
    return incident


def test_the_end_that_a_vendor_states_beside_its_updates() -> None:
    """2: it is the end, whatever updates came after it; an incident that is open has none."""
    event = archived(RESOLVED, 65, update(60, "available"), changes=(Change.STATUS,), ended_at=minute(40))
    assert folded(BEGINNING, event).ended_at == minute(40)
    again = archived(UPDATED, 70, update(69, "disruption"), changes=(Change.REOPENED,))
    assert folded(BEGINNING, event, again).ended_at is None


def test_an_incident_from_its_events() -> None:
    """2: begin, end, impact, components and updates of an incident are those of all its events."""
    worse = archived(UPDATED, 30, update(20, "identified"), impact=Impact.MAJOR, changes=(Change.UPDATES,))
    incident = folded(BEGINNING, worse, END)
    assert (incident.started_at, incident.published_at, incident.detected_at) == (minute(-3), minute(1), minute(5))
    assert (incident.ended_at, incident.end_detected, incident.is_start_archived) == (minute(60), False, True)
    assert (incident.impact, incident.peak_impact, incident.components) == ("minor", "major", ("API", "Web"))
    assert [update.status for update in incident.updates] == ["investigating", "identified", "resolved"]
    assert incident.changes == {Change.UPDATES, Change.STATUS}


@pytest.mark.parametrize("change", [Change.DELISTED, Change.WITHDRAWN, Change.EXPIRED])
def test_an_end_that_nobody_stated_is_our_detection(change: Change) -> None:
    """Contract 4.5.1: for rows 11, 12, 12c, 12d and 13b it is the time of our detection."""
    incident = folded(BEGINNING, archived(RESOLVED, 90, changes=(change,), status="investigating"))
    assert (incident.ended_at, incident.end_detected, incident.ending) == (minute(90), True, change)
    late = archived(UPDATED, 99, update(95, "resolved"), changes=(Change.UPDATES, Change.STATUS))
    stated = folded(BEGINNING, archived(RESOLVED, 90, changes=(change,), status="investigating"), late)
    assert (stated.ended_at, stated.end_detected, stated.ending) == (minute(95), False, None)


def test_reopened_and_edited() -> None:
    """4, rows 6 and 9: a reopened incident is open; an edit in place after the end is kept as a rewrite."""
    edit = archived(UPDATED, 200, update(60, "resolved", "A root cause."), changes=(Change.EDITED,))
    edited = folded(BEGINNING, END, edit)
    (rewrite,) = edited.rewrites
    assert (rewrite.detected_at, rewrite.after_end, rewrite.update_id) == (minute(200), True, "u60")
    assert edited.updates[-1].body == "A root cause." and edited.ended_at == minute(60)
    reopening = archived(UPDATED, 70, update(69, "investigating"), changes=(Change.REOPENED,))
    assert folded(BEGINNING, END, reopening).is_open


def test_maintenance_counts_while_in_progress() -> None:
    """6: a maintenance is active from its progress on; a cancelled one never was."""
    plan: dict[str, Any] = {
        "kind": IncidentKind.MAINTENANCE,
        "scheduled_for": minute(100),
        "scheduled_until": minute(200),
    }
    announced = archived(NEW, 5, update(1, "scheduled"), **plan)
    assert folded(announced).active_from == minute(100)
    begun = archived(UPDATED, 103, update(102, "in_progress"), **plan)
    assert folded(announced, begun).active_from == minute(102)
    assert folded(announced, begun).overlaps(minute(300), minute(400))
    cancelled = folded(announced, archived(RESOLVED, 50, update(49, "cancelled"), **plan))
    assert cancelled.active_from is None and not cancelled.overlaps(minute(0), minute(400))


def view(
    *listed: Incident,
    records: dict[str, IncidentRecord] | None = None,
    failing: Failing | None = None,
    is_read: bool = True,
    since: float = 0,
    until: float = 500,
) -> PageView:
    state = PageState(
        url=ACME.url,
        platform="statuspage",
        baseline=minute(since),
        watched_since=minute(since),
        failing=failing,
        incidents=records or {},
    )
    failure = None if is_read else Failure(FailureKind.TIMEOUT, "timed out")
    feed = Feed(identity="acme", incidents=listed) if is_read else None
    return PageView(PageStatus(page=ACME, failure=failure), state, feed, minute(until))


def listed(status: str, *times: float, key: str = "i1", body: str = "…") -> Incident:
    earlier = [update(time, "investigating", body) for time in times[:-1]]
    updates = (*earlier, update(times[-1], status, body))
    return Incident(
        id=key, title="Down", status=status, impact=Impact.NONE, url="", created_at=minute(0), position=minute(0),
        updates=updates,
    )  # fmt: skip


def record(status: str, last: float = 60) -> IncidentRecord:
    return IncidentRecord(
        status=status, impact=Impact.MINOR, title="Down", last_update_at=minute(last), message="Working."
    )


def joined(view: PageView, *events: ArchivedEvent) -> PastIncident:
    (incident,) = known_incidents(ArchiveReading(events), [view])
    return incident


def test_one_incident_of_list_and_archive() -> None:
    """6: the list has the present text, the archive what came before; both are one incident."""
    incident = joined(view(listed("resolved", 1, 60, body="New."), records={"i1": record("resolved")}), BEGINNING, END)
    assert [update.body for update in incident.updates] == ["New.", "New."]
    assert (incident.peak_impact, incident.detected_at, incident.started_at) == ("minor", minute(5), minute(-3))
    alone = joined(view(listed("resolved", 1, 60), records={"i1": record("resolved")}))
    assert (alone.detected_at, alone.ended_at) == (None, minute(60))


@pytest.mark.parametrize(("made_of_times", "minutes"), [(True, [11]), (False, [1, 11])])
def test_an_update_under_a_corrected_time(*, made_of_times: bool, minutes: list[float]) -> None:
    """Contract 4.4.3, 6.15: where ids are made of times, one whose time the vendor corrected is one update."""
    shown = view(listed("investigating", 11, body="Down."), records={"i1": record("investigating")})
    assert shown.feed
    feed = msgspec.structs.replace(shown.feed, updates_have_no_ids=made_of_times)
    shown = msgspec.structs.replace(shown, feed=feed)
    first = msgspec.structs.replace(BEGINNING, updates=(update(1, "investigating", "Down."),))
    assert [one.created_at for one in joined(shown, first).updates] == [minute(at) for at in minutes]


def test_the_state_says_what_is_open() -> None:
    """6: what the list does not show is open while the state remembers it so."""
    incident = joined(view(records={"i1": record("identified")}))
    assert incident.is_open and [update.body for update in incident.updates] == ["Working."]
    assert joined(view(records={"i1": record("identified")}), BEGINNING).is_open
    over = joined(view(records={"i1": record("resolved")}), BEGINNING)
    assert (over.ended_at, over.end_detected) == (minute(60), True)
    expired = joined(view(listed("investigating", 1), records={"i1": record("expired", 1)}))
    assert (expired.ended_at, expired.ending) == (minute(1) + timedelta(days=14), Change.EXPIRED)


def test_what_ended_unwatched() -> None:
    """6: an archived incident that a later baseline does not have is not open for ever."""
    later = joined(view(since=300), BEGINNING)
    assert (later.ended_at, later.end_detected, later.ending) == (minute(300), True, None)
    killed = joined(view(is_read=False), BEGINNING)  # the state is older than the archive
    assert killed.is_open
    assert joined(view(), BEGINNING).ended_at == minute(5)


def test_an_unreadable_page_is_a_hole() -> None:
    """Contract 6.14: a page is covered from its first good read to the newest one; its `page` incidents are holes."""
    hole: dict[str, Any] = {"kind": IncidentKind.PAGE, "id": "unreadable-1", "created_at": minute(100)}
    failed = archived(NEW, 170, update(100, "failing"), **hole)
    again = archived(RESOLVED, 250, update(250, "resolved"), changes=(Change.STATUS,), **hole)
    shared_page = msgspec.structs.replace(ACME, key="platform:statuspage")
    shared_hole: dict[str, Any] = {"kind": IncidentKind.PAGE, "id": "s", "created_at": minute(240), "pages": ("acme",)}
    shared = archived(NEW, 300, update(240, "failing"), page=shared_page, **shared_hole)
    shared_end = archived(RESOLVED, 350, update(350, "resolved"), page=shared_page, **shared_hole)
    acme = view()
    incidents = known_incidents(ArchiveReading((failed, again, shared, shared_end)), [acme])
    coverage = coverage_of(acme, incidents)
    assert coverage == Coverage(minute(0), minute(500), (Span(minute(100), minute(350)),))
    assert gaps(coverage, minute(-60), minute(110)) == (
        Span(minute(-60), minute(0)),
        Span(minute(100), minute(110)),
    )
    assert gaps(coverage, minute(350), minute(500)) == ()
    assert [is_known_at(coverage, minute(time)) for time in (-1, 0, 100, 350, 500, 501)] == [
        *(False, True, False, True, True, False)
    ]
    assert gaps(Coverage(), minute(0), minute(1)) == (Span(minute(0), minute(1)),)


def test_a_failing_page_is_known_until_it_failed() -> None:
    """6: reads that fail show nothing; the open `page` incident of the state is part of the past."""
    failing = Failing(minute(100), "HTTP 503", reported=True)
    acme = view(failing=failing, is_read=False)
    assert acme.state and acme.state.known_until(minute(500)) == minute(100)
    incident = joined(acme)
    assert (incident.kind, incident.started_at, incident.is_open) == ("page", minute(100), True)


def test_the_newest_read_of_a_page() -> None:
    """6: a run that writes the file notes what it read: all pages, a shard, or single pages."""
    state = State().written_at(minute(0), [""])
    assert state.written_at(minute(1), ["acme"]).written == {"": minute(0), "acme": minute(1)}
    state = state.written_at(minute(1), ["acme"])
    assert (state.last_read("acme"), state.last_read("bolt")) == (minute(1), minute(0))
    assert state.written_at(minute(2), [""]).written == {"": minute(2)}
    sharded = State().written_at(minute(0), ["1/2"]).written_at(minute(1), ["2/2"])
    assert {sharded.last_read("acme"), sharded.last_read("bolt")} <= {minute(0), minute(1)}
    assert sharded.written_at(minute(2), ["1/3"]).written == {"1/3": minute(2)}
    assert State().last_read("acme") is None


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("2026-03-07", "2026-03-07T00:00:00+00:00"),
        ("2026-03-07T10:00", "2026-03-07T10:00:00+00:00"),
        ("2026-03-07T10:00:00+02:00", "2026-03-07T08:00:00+00:00"),
        ("90m", "2026-03-07T07:30:00+00:00"),
        ("0s", "2026-03-07T09:00:00+00:00"),
        ("12h", "2026-03-06T21:00:00+00:00"),
        ("2w", "2026-02-21T09:00:00+00:00"),
    ],
)
def test_moments_of_the_command_line(word: str, expected: str) -> None:
    """2: T is a time, a date, or how long ago."""
    assert parse_moment(word, minute(0), "--since").isoformat() == expected


@pytest.mark.parametrize("word", ["", "yesterday", "7 d", "-7d", "999999999w", "0001-01-01T00:00:00+09:00"])
def test_no_moments(word: str) -> None:
    """8: what is no time is exit 2, with the forms that are."""
    with pytest.raises(UsageError, match=r"--since: .* is no time: write a time \(2026"):
        parse_moment(word, minute(0), "--since")
