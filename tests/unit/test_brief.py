"""Contract 4, row 9c, and 6.2: what was over at the baseline in brief, and entries whose bytes are as remembered."""

import copy
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from statuswatch.model.digest import entry_digest
from statuswatch.model.incident import Component, Impact, Incident, IncidentKind
from statuswatch.model.page import Feed
from statuswatch.model.state import IncidentRecord
from statuswatch.rules.merge import merge_page
from tests.support.document_timeline import Documents, DocumentTimeline, first_read, minutes_after
from tests.support.page_timeline import PageTimeline, incident, shape, update, with_fields
from tests.support.platform_samples import SAMPLES

BEGIN, END = update(-900, "investigating"), update(-890, "resolved")
OLD = incident("old", BEGIN, END, entry_digest="first")
SEVERAL_LISTED = ("heroku", "site24x7", "zendesk")
WITH_DIGESTS = ("statuspage", "betterstack", "google", "incidentio", "instatus", "salesforce", *SEVERAL_LISTED)


def timeline_of(old: Incident = OLD) -> PageTimeline:
    """Return a page at whose first read an incident was over."""
    timeline = PageTimeline()
    timeline.read(0, old)
    return timeline


def record_of(timeline: PageTimeline, key: str = "old") -> IncidentRecord:
    """Return the record of an incident, as it was written last."""
    assert timeline.state
    return timeline.state.incidents[key]


# -------------------------------------------------------------------------------------------------- brief records: 9c


def test_what_was_over_is_remembered_in_brief() -> None:
    """Contract 4, row 9c, and 6.3: of an incident closed at the baseline, the time of its last update and one digest
    are remembered.
    """
    record = record_of(timeline_of())
    assert record.is_brief and not record.updates and record.entry_digest == "first"
    assert record.last_update_at == END.created_at


def test_a_brief_record_reports_what_comes_later() -> None:
    """4.9c: only an update published after its last one is an event; an edit of older ones, or a late one, is none."""
    timeline = timeline_of()
    edited = incident("old", BEGIN, with_fields(END, body="We were wrong."), entry_digest="second")
    assert timeline.read(5, edited) == [] and not timeline.outcome.dirty
    between = incident("old", BEGIN, update(-895, "monitoring"), END, entry_digest="third")
    assert timeline.read(10, between) == [] and not timeline.outcome.dirty
    later = incident("old", BEGIN, END, update(11, "postmortem"), entry_digest="fourth")
    assert shape(timeline.read(15, later)) == [("updated", "old", ["updates", "status"], ["u11"])]
    assert timeline.read(20, later) == [] and not record_of(timeline).is_brief


def test_a_brief_record_gives_the_event_ids_of_a_full_one() -> None:
    """6.1: event ids are those that a state file with all updates gives."""
    later = [BEGIN, END, update(11, "monitoring"), update(12, "resolved")]
    brief, full = timeline_of(), timeline_of(with_fields(OLD, entry_digest=msgspec.UNSET))
    for number in (3, 4):
        parts = later[:number]
        (first,) = brief.read(15 * number, incident("old", *parts, entry_digest=str(number)))
        (second,) = full.read(15 * number, incident("old", *parts))
        assert first.id == second.id and first.incident == second.incident


def test_a_brief_record_reopens() -> None:
    """4.6, 4.9c: its reopening is an event, and from then on it is like any other."""
    timeline = timeline_of()
    again = incident("old", BEGIN, END, update(3, "investigating"), entry_digest="second")
    assert shape(timeline.read(5, again)) == [("updated", "old", ["reopened"], ["u3"])]
    record = record_of(timeline)
    assert record.entry_digest == "" and len(record.update_digests) == 3


def test_an_older_copy_of_a_brief_record() -> None:
    """5, 4.9c: a copy without its newest update is suspicious; once it is believed, it is no suspicion again, and the
    update is none when it is back.
    """
    timeline = timeline_of()
    older = incident("old", BEGIN, update(-895, "resolved"), entry_digest="second")
    assert timeline.read(5, older) == [] and "older copy" in timeline.outcome.notes.suspicion
    assert timeline.read(40, older) == [] and not timeline.outcome.notes.suspicion
    assert timeline.read(45, older) == [] and not timeline.outcome.notes.suspicion
    both = incident("old", BEGIN, update(-895, "resolved"), END, entry_digest="third")
    assert timeline.read(50, both) == [] and not timeline.outcome.notes.suspicion


@pytest.mark.parametrize(
    "parts",
    [
        (BEGIN, update(-890, "monitoring", key="twin"), END),  # which of the two is the newest does not follow
        (with_fields(BEGIN, created_at=END.created_at), END),
    ],
)
def test_updates_of_one_second_are_remembered_by_id(parts: tuple[Any, ...]) -> None:
    """4.9c: a record is brief only where time alone tells what comes later."""
    record = record_of(timeline_of(incident("old", *parts, entry_digest="first")))
    assert not record.is_brief and len(record.update_digests) == len(parts)


def test_a_digest_alone_is_not_saved() -> None:
    """Contract 6.2: digests of raw bytes are saved only together with another change; then all of them are."""
    timeline = timeline_of()
    assert timeline.read(5, with_fields(OLD, entry_digest="second")) == []
    assert not timeline.outcome.dirty and record_of(timeline).entry_digest == "first"
    timeline.read(10, incident("new", update(9, "investigating")), with_fields(OLD, entry_digest="third"))
    assert record_of(timeline).entry_digest == "third"


def test_a_moved_record_forgets_its_digest() -> None:
    """4.4.5, 6.2: the bytes under a former id say nothing of the incident under its new one."""
    timeline = timeline_of()
    assert timeline.read(5, with_fields(OLD, id="moved", entry_digest=msgspec.UNSET)) == []
    assert timeline.outcome.state and timeline.outcome.state.incidents["moved"].entry_digest == ""


# ------------------------------------------------------------------------------------------ entries that are left out


def read_again(platform: str, change: Callable[[Documents], None]) -> DocumentTimeline:
    """Return a page that was read a second time, with its documents changed. Each read is compared with a whole one."""
    page, documents = first_read(platform)
    changed = copy.deepcopy(documents)
    change(changed)
    page.read_later(5, changed)
    return page


def left_out(page: DocumentTimeline) -> set[str]:
    """Return the ids of the entries that the last read left out."""
    assert page.timeline.outcome.feed
    return set(page.timeline.outcome.feed.as_remembered)


@pytest.mark.parametrize("platform", WITH_DIGESTS)
def test_what_is_as_remembered_is_left_out(platform: str) -> None:
    """Contract 6.2: closed incidents are recognised by their bytes, and listed all the same: no other read says
    less.
    """
    page = read_again(platform, lambda _: None)
    assert page.timeline.outcome.state and page.timeline.outcome.feed
    records = page.timeline.outcome.state.incidents
    closed = {key for key, record in records.items() if record.closed}
    assert closed and closed == left_out(page)
    assert {incident.id for incident in page.timeline.outcome.feed.incidents} == records.keys() - closed


@pytest.mark.parametrize("platform", ["statuspage", "betterstack", "google", "incidentio", *SEVERAL_LISTED])
def test_what_matters_is_looked_at_whole(platform: str) -> None:
    """Contract 6.2: where an incident is absent, unknown or broken, nothing is left out."""
    sample = SAMPLES[platform]

    def listed(documents: Documents) -> list[Any]:
        return sample.listed(documents[sample.base])

    def drop_open(documents: Documents) -> None:
        for name, document in documents.items():
            if isinstance(document, dict) and "incidents" in document:
                documents[name] = {**document, "incidents": [one for one in document["incidents"] if is_closed(one)]}

    def break_one(documents: Documents) -> None:
        listed(documents)[0].update(sample.bad)

    assert left_out(read_again(platform, break_one)) == set()
    if platform == "statuspage":
        assert left_out(read_again(platform, drop_open)) == set()


def is_closed(entry: dict[str, Any]) -> bool:
    return str(entry["status"]) in {"resolved", "postmortem"}


def test_a_copy_in_another_list_is_compared() -> None:
    """4: where the other list shows an incident that is as remembered in this one, the newest copy counts."""

    def reopen(documents: Documents) -> None:
        entry = copy.deepcopy(next(one for one in documents["incidents.json"]["incidents"] if is_closed(one)))
        entry["status"] = "investigating"
        note = {**entry["incident_updates"][0], "id": "fresh0000001", "status": "investigating"}
        entry["incident_updates"] = [{**note, "created_at": "2030-01-01T00:00:00Z"}, *entry["incident_updates"]]
        documents["summary.json"]["incidents"].append(entry)

    page = read_again("statuspage", reopen)
    assert left_out(page) == set()
    assert [event.changes for event in page.timeline.outcome.events] == [("reopened",)]


def test_a_digest_is_64_bits_of_all_that_an_entry_means() -> None:
    """6.2: another entry, and the same entry under another version of its parser or other names, has another digest."""
    digests = {entry_digest(context, entry) for context in (b"1", b"2") for entry in (b'{"a":1}', b'{"a":2}')}
    assert len(digests) == 4 and {len(digest) for digest in digests} == {11}


@pytest.mark.parametrize("swapped", [False, True])
def test_a_merge_of_brief_records(*, swapped: bool) -> None:
    """4.9c, 6.12: of two baselines the merge remembers the later update, and the digest that belongs to it."""
    noted = incident("old", BEGIN, END, update(-5, "postmortem"), entry_digest="second")
    states = [timeline.state for timeline in (timeline_of(), timeline_of(noted)) if timeline.state]
    first, second = reversed(states) if swapped else states
    merged = PageTimeline()
    merged.state = merge_page(None, first, second)
    assert record_of(merged) == states[1].incidents["old"]
    assert merged.read(5, noted) == [] and not merged.outcome.notes.suspicion


def test_a_merge_with_changes_of_both_sides_has_no_digest() -> None:
    """6.2, 6.12: an entry that was compared with one side's record only is compared again."""
    state = timeline_of().state
    assert state
    record = state.incidents["old"]
    sides = [
        with_fields(state, incidents={"old": with_fields(record, **change)})
        for change in ({"impact": Impact.MAJOR}, {"components": (Component("Login"),), "entry_digest": "second"})
    ]
    assert merge_page(state, sides[0], sides[1]).incidents["old"].entry_digest == ""


def test_another_name_of_a_component_looks_at_all() -> None:
    """6.2: names come from another document than the entries: where one changes, none of these is as remembered."""

    def rename(documents: Documents) -> None:
        documents["summary.json"]["components"][0]["name"] += " (new)"

    assert left_out(read_again("statuspage", rename)) == set()


# ------------------------------------------------------------------------------------- first reads that look at the end


def first_feed(platform: str, documents: Documents) -> Feed:
    """Return what the first read of a page looked at. It is compared with a whole one."""
    page = DocumentTimeline(SAMPLES[platform])
    page.read(minutes_after(platform), documents)
    assert page.timeline.outcome.feed
    return page.timeline.outcome.feed


@pytest.mark.parametrize("platform", ["statuspage", "betterstack", "incidentio"])
def test_a_first_read_looks_at_the_end_of_what_is_over(platform: str) -> None:
    """4.9c: of what was closed at the baseline the end is enough: it comes to the record that a whole read gives."""
    feed = first_feed(platform, copy.deepcopy(dict(SAMPLES[platform].documents)))
    assert feed.over and all(not incident.updates for incident in feed.over)
    whole = [incident for incident in feed.incidents if incident.closed]
    assert all(platform == "incidentio" and one.kind is IncidentKind.MAINTENANCE for one in whole)  # native windows


def odd_entries() -> dict[str, dict[str, Any]]:
    """Return changes of a closed entry of which the end is not enough, or that nothing could be made of."""
    newest = {"id": "twin00000001", "status": "resolved", "created_at": "2026-01-01T00:00:00Z"}
    return {
        "twins": {"incident_updates": [newest, {**newest, "id": "twin00000002"}]},
        "one id twice": {"incident_updates": [newest, {**newest, "created_at": "2026-01-02T00:00:00Z"}]},
        "an id with a blank": {"incident_updates": [{**newest, "id": "a b"}]},
        "an id with a bell": {"incident_updates": [{**newest, "id": "a\ab"}]},
        "no id": {"incident_updates": [{**newest, "id": ""}]},
        "a status of two words": {"incident_updates": [{**newest, "status": "all clear"}]},
        "a body that is none": {"incident_updates": [{**newest, "body": 5}]},
        "the end of the calendar": {"incident_updates": [{**newest, "display_at": "0001-01-01T00:00:00+09:00"}]},
        "our own status": {"status": "expired"},
        "no updates": {"incident_updates": []},
        "created later": {"incident_updates": [newest], "created_at": "2026-01-01T00:00:00.9Z"},
    }


@pytest.mark.parametrize("oddity", odd_entries())
def test_an_odd_entry_of_a_first_read(oddity: str) -> None:
    """4.9c, 5: an entry of which the end does not tell all is looked at whole, and a bad one costs only itself."""
    documents: Documents = copy.deepcopy(dict(SAMPLES["statuspage"].documents))
    closed = [entry for entry in documents["incidents.json"]["incidents"] if is_closed(entry)]
    closed[0].update(odd_entries()[oddity])
    feed = first_feed("statuspage", documents)
    is_enough = oddity in ("no updates", "created later")
    assert (closed[0]["id"] in {incident.id for incident in feed.over}) == is_enough


def test_a_first_read_of_one_incident_in_two_lists() -> None:
    """4: where another list shows an incident open that is over in this one, both are looked at whole."""
    documents: Documents = copy.deepcopy(dict(SAMPLES["statuspage"].documents))
    entry = copy.deepcopy(next(one for one in documents["incidents.json"]["incidents"] if is_closed(one)))
    documents["summary.json"]["incidents"].append({**entry, "status": "investigating"})
    assert first_feed("statuspage", documents).over == ()
    documents["summary.json"]["incidents"][-1] = entry
    assert first_feed("statuspage", documents).over == ()
