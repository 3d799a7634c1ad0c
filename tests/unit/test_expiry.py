"""Entries without a status end after 14 days, by our clock; another version of the parser edits nothing."""

from typing import Any, Final

import msgspec
import pytest

from statuswatch.model.incident import LATEST, Incident, IncidentKind
from statuswatch.model.page import NotModified, PageSnapshot, Validators
from tests.support.page_timeline import PageTimeline, at, feed, incident, shape, snapshot, update

DAY: Final = 24 * 60


def unstated(key: str = "a", minutes: float = 5, body: str = "Slow", **fields: Any) -> Incident:
    """An entry that states no status, as a feed shows it: its latest text."""
    return incident(key, update(minutes, "reported", body, LATEST), status_unstated=True, **fields)


def over(minutes: float, body: str = "Over", key: str = "a") -> Incident:
    """The entry once it states its end."""
    return incident(key, update(minutes, "resolved", body, LATEST))


def reported() -> PageTimeline:
    """A timeline on which the entry was reported as new."""
    timeline = PageTimeline()
    timeline.read(0)
    assert shape(timeline.read(10, unstated())) == [("new", "a", [], [LATEST])]
    return timeline


def expired() -> PageTimeline:
    """A timeline on which the entry expired."""
    timeline = reported()
    assert shape(timeline.read(5 + 14 * DAY, unstated())) == [("resolved", "a", ["expired"], [])]
    return timeline


def test_an_entry_expires_after_14_days_of_silence() -> None:
    """Contract 4, row 13b: not a minute earlier, once, and with the status `expired`; the time is that of its last
    update.
    """
    timeline = reported()
    assert timeline.read(4 + 14 * DAY, unstated()) == []
    (event,) = timeline.read(5 + 14 * DAY, unstated())
    assert (str(event.kind), event.incident.status, event.updates) == ("resolved", "expired", ())
    assert [str(change) for change in event.changes] == ["expired"]
    for days in (14, 15, 40):
        assert timeline.read(6 + days * DAY, unstated()) == [] and not timeline.outcome.dirty
    assert timeline.outcome.open.total == 0


def test_an_update_begins_the_14_days_anew() -> None:
    """Contract 4.11: a later text of the entry counts."""
    timeline = reported()
    assert shape(timeline.read(10 * DAY, unstated(minutes=9 * DAY, body="Still slow"))) == [
        ("updated", "a", ["updates"], [LATEST])
    ]
    assert timeline.read(22 * DAY, unstated(minutes=9 * DAY, body="Still slow")) == []
    assert shape(timeline.read(23 * DAY, unstated(minutes=9 * DAY, body="Still slow"))) == [
        ("resolved", "a", ["expired"], [])
    ]


def test_an_update_and_the_expiry_in_one_gap_are_one_event() -> None:
    """13b: the event has the update that nobody read in time."""
    timeline = reported()
    assert shape(timeline.read(30 * DAY, unstated(minutes=9 * DAY, body="Still slow"))) == [
        ("resolved", "a", ["expired", "updates"], [LATEST])
    ]


def test_an_entry_past_its_time_is_remembered_without_an_event() -> None:
    """Contract 4.11: so it is at the baseline and later."""
    timeline = PageTimeline()
    timeline.read(0, unstated("a", -14 * DAY), unstated("b", -13 * DAY))
    assert timeline.outcome.open.total == 1
    assert timeline.read(10, unstated("a", -14 * DAY), unstated("b", -13 * DAY), unstated("c", -14 * DAY)) == []
    assert timeline.read(20, unstated("a", -14 * DAY), unstated("b", -13 * DAY), unstated("c", -14 * DAY)) == []
    assert timeline.outcome.open.total == 1
    assert shape(timeline.read(DAY + 1, unstated("b", -13 * DAY))) == [("resolved", "b", ["expired"], [])]


def test_a_later_update_of_an_expired_entry() -> None:
    """Contract 4.11: an update under no status reopens it; one that states the end is reported as such."""
    timeline = expired()
    assert shape(timeline.read(20 * DAY, unstated(minutes=20 * DAY, body="Again"))) == [
        ("updated", "a", ["reopened"], [LATEST])
    ]
    assert timeline.outcome.open.total == 1
    timeline = expired()
    assert shape(timeline.read(20 * DAY, over(20 * DAY))) == [("updated", "a", ["updates", "status"], [LATEST])]
    assert timeline.read(21 * DAY, over(20 * DAY)) == []


def test_an_expired_entry_that_leaves_the_feed_is_kept() -> None:
    """Contract 4, row 10: nothing is reported of it, and its return as it was is neither a suspicion nor a
    reopening.
    """
    timeline = expired()
    assert timeline.read(15 * DAY) == []
    assert timeline.read(16 * DAY, unstated()) == [] and not timeline.outcome.notes.suspicion


def test_an_entry_that_left_the_feed_expires() -> None:
    """Contract 4, row 13b: 14 days after its last update, listed or not."""
    timeline = reported()
    assert timeline.read(3 * DAY) == []
    assert timeline.read(14 * DAY) == []
    (event,) = timeline.read(5 + 14 * DAY)
    assert (event.incident.status, [str(change) for change in event.changes]) == ("expired", ["expired"])
    assert timeline.read(20 * DAY, unstated()) == []


def test_an_entry_expires_on_a_page_that_did_not_change() -> None:
    """Contract 5.6: HTTP 304 is a good read, on which entries expire, once; the next full read agrees."""
    timeline = reported()
    assert timeline.unchanged(4 + 14 * DAY) == []
    assert shape(timeline.unchanged(5 + 14 * DAY)) == [("resolved", "a", ["expired"], [])]
    assert timeline.unchanged(6 + 14 * DAY) == []
    assert timeline.read(7 + 14 * DAY, unstated()) == []


def test_a_maintenance_expires_after_its_scheduled_end() -> None:
    """Contract 4.11: for maintenance the 14 days begin at the scheduled end, if that is later."""
    window: dict[str, Any] = {
        "kind": IncidentKind.MAINTENANCE,
        "scheduled_for": at(7 * DAY),
        "scheduled_until": at(8 * DAY),
    }
    timeline = PageTimeline()
    timeline.read(0)
    timeline.read(10, unstated(**window))
    assert timeline.read(22 * DAY - 1, unstated(**window)) == []
    assert shape(timeline.read(22 * DAY, unstated(**window))) == [("resolved", "a", ["expired"], [])]


def test_what_states_a_status_never_expires_while_it_is_listed() -> None:
    """13: an incident under investigation for a year is open."""
    timeline = PageTimeline()
    listed = incident("a", update(5, "investigating"))
    timeline.read(0)
    timeline.read(10, listed)
    assert timeline.read(365 * DAY, listed) == [] and timeline.outcome.open.total == 1


def test_an_entry_of_the_first_release_that_was_never_reported() -> None:
    """Contract 4.11: the first release noted neither that it states no status nor an event; it expires without one."""
    timeline = PageTimeline()
    timeline.read(0, unstated(minutes=-DAY))
    assert timeline.state
    record = msgspec.structs.replace(timeline.state.incidents["a"], status_unstated=False)
    timeline.state = msgspec.structs.replace(timeline.state, incidents={"a": record})
    assert timeline.read(14 * DAY, unstated(minutes=-DAY)) == [] and timeline.outcome.open.total == 0


def test_another_version_of_the_parser_edits_nothing() -> None:
    """9: a text that another version of the parser reads differently is no edit; the next difference is one."""
    timeline = PageTimeline()
    timeline.read(0, incident("a", update(-5, "investigating", "Slow\\")))
    cleaned = PageSnapshot(
        feed(incident("a", update(-5, "investigating", "Slow"))), {"incidents.json": Validators()}, 2
    )
    assert timeline.apply(10, cleaned) == [] and timeline.outcome.dirty
    assert timeline.apply(20, cleaned) == [] and not timeline.outcome.dirty
    edited = PageSnapshot(feed(incident("a", update(-5, "investigating", "Very slow"))), {}, 2)
    assert shape(timeline.apply(30, edited)) == [("updated", "a", ["edited"], ["u-5"])]


@pytest.mark.parametrize("status", ["identified", "resolved"])
def test_another_version_of_the_parser_hides_no_news(status: str) -> None:
    """5, 8: new updates and a new status are reported all the same."""
    timeline = PageTimeline()
    timeline.read(0, incident("a", update(-5, "investigating")))
    listed = incident("a", update(-5, "investigating", "Other words"), update(5, status))
    (event,) = timeline.apply(10, msgspec.structs.replace(snapshot(listed), parser_version=2))
    assert [update.id for update in event.updates] == ["u5"]


def test_nothing_expires_while_our_clock_is_ahead() -> None:
    """Contract 4.4.6: if the clock is more than a day ahead of the servers' `Date`, nothing expires; 304 answers count
    too.
    """
    timeline = reported()
    late = 5 + 15 * DAY
    behind = msgspec.structs.replace(snapshot(unstated()), served_at=at(late - DAY - 1))
    assert timeline.apply(late, behind) == []
    assert timeline.apply(late, NotModified(at(late - DAY - 1))) == []
    in_step = msgspec.structs.replace(behind, served_at=at(late - DAY))
    assert shape(timeline.apply(late, in_step)) == [("resolved", "a", ["expired"], [])]


def test_an_entry_past_its_time_is_no_baseline_expiry_by_a_wrong_clock() -> None:
    """Clocks: at the first read, too: what is open then stays open until the clock is right."""
    timeline = PageTimeline()
    late = 20 * DAY
    behind = msgspec.structs.replace(snapshot(unstated()), served_at=at(10 * DAY))
    timeline.apply(late, behind)
    assert timeline.outcome.open.total == 1
