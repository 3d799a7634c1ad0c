"""Laws that the events of every platform keep: its documents, read as a run reads them, again and again."""

import copy
import random
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any, Final

import msgspec
import pytest

from statuswatch.errors import FeedError
from statuswatch.model.event import Event, EventKind
from statuswatch.model.incident import Incident, IncidentKind
from statuswatch.model.page import Feed
from statuswatch.model.state import IncidentRecord
from statuswatch.platforms import PLATFORMS
from tests.support.document_timeline import Documents, DocumentTimeline, encoded, first_read, minutes_after
from tests.support.page_timeline import START, shape, without_digests
from tests.support.plan_driver import LOST
from tests.support.platform_sample import Sample
from tests.support.platform_samples import SAMPLES, ending, enriching

BODIES: Final = frozenset(
    (
        *("body", "message", "message_string", "details", "contents", "text", "incident_status_desc", "usersAffected"),
        *("note", "content", "description", "Message", "last_update_message"),
    )
)
MOVING: Final = re.compile(r"updated_?at|modified|date_?updated|date_?posted|last_update_at|updated", re.IGNORECASE)
ENTRY: Final = re.compile(rb"<(entry|item)>.*?</\1>", re.DOTALL)
IDS_ARE_DERIVED: Final = {"microsoft"}  # all of them, so that none stands in an entry
# Entries that cannot be edited without becoming others: Azure's first has nothing but its title.
NAMED_BY_TITLE: Final = {("azure", 0)}


def walk(value: Any) -> Iterator[Any]:
    yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from walk(child)


def edited(documents: Documents, entry: dict[str, Any], edit: Callable[[dict[str, Any]], None]) -> Documents:
    """Return the documents with an entry edited, wherever they show an equal one."""
    original = copy.deepcopy(entry)
    changed = copy.deepcopy(documents)
    places = [value for value in walk([*changed.values()]) if isinstance(value, dict) and value == original]
    for place in places:
        edit(place)
    assert places
    return changed


def shuffled(value: Any, order: random.Random) -> Any:
    """Return the value with the entries of every list and of every object in another order."""
    if isinstance(value, bytes):
        entries = [match[0] for match in ENTRY.finditer(value)]
        order.shuffle(entries)
        return ENTRY.sub(lambda _: entries.pop(), value)
    if isinstance(value, dict):
        members = [(key, shuffled(member, order)) for key, member in value.items()]
        order.shuffle(members)
        return dict(members)
    if isinstance(value, list):
        entries = [shuffled(entry, order) for entry in value]
        order.shuffle(entries)
        return entries
    return value


def ids(feed: Feed) -> dict[str, list[str]]:
    """Return the ids of the updates of each incident."""
    return {incident.id: sorted(update.id for update in incident.updates) for incident in feed.incidents}


def entries(sample: Sample, documents: Documents) -> Iterator[tuple[int, Callable[[Callable[[Any], Any]], Documents]]]:
    """Yield each entry of the base document by its number, with a function that changes it wherever it is shown."""
    base = documents[sample.base]
    if isinstance(base, bytes):
        for number, match in enumerate(ENTRY.finditer(base)):
            yield number, partial(changed_in_bytes, documents, sample.base, match.span())
        return
    for number, entry in enumerate(sample.listed(base)):
        yield number, partial(changed_in_json, documents, entry)


def changed_in_bytes(documents: Documents, name: str, span: tuple[int, int], change: Callable[[Any], Any]) -> Documents:
    """Return the documents with a part of one changed, which is given in bytes."""
    start, end = span
    body = documents[name]
    return {**documents, name: body[:start] + change(body[start:end]) + body[end:]}


def changed_in_json(documents: Documents, entry: dict[str, Any], change: Callable[[Any], Any]) -> Documents:
    """Return the documents with a JSON object changed wherever it stands."""

    def replace(place: dict[str, Any]) -> None:
        changed = change(copy.deepcopy(place))
        place.clear()
        place.update(changed)

    return edited(documents, entry, replace)


def without(documents: Documents, key: str) -> Documents:
    """Return the documents as they were before an incident began."""
    return {name: without_incident(document, key) for name, document in documents.items()}


def without_incident(value: Any, key: str) -> Any:
    """Return a document, or a part of one, without the entries that name an incident."""
    if isinstance(value, bytes):
        return ENTRY.sub(lambda match: b"" if key.encode() in match[0] else match[0], value)
    if isinstance(value, dict):
        return {name: without_incident(member, key) for name, member in value.items()}
    if isinstance(value, list):
        return [without_incident(entry, key) for entry in value if not (isinstance(entry, dict) and names(entry, key))]
    return value


def names(entry: dict[str, Any], key: str) -> bool:
    """Return whether a member of the entry is the id of an incident, or an address that ends with it and a slash.

    Before the last slash of an id stands the key of a component, where the trouble is one of its checks.
    """
    keys = tuple(filter(None, (key, key.rpartition("/")[0])))
    return any(str(value).removesuffix("/").endswith(keys) for value in entry.values() if isinstance(value, str | int))


@pytest.mark.parametrize("platform", PLATFORMS)
def test_unchanged_documents_are_no_events(platform: str) -> None:
    """4, 6: the same documents, read again minutes and hours later, give no event and leave the state as it was."""
    page, documents = first_read(platform)
    saved = page.saved
    for minutes in (5, 10, 31, 180, 24 * 60):
        assert page.read_later(minutes, documents) == []
        assert not page.timeline.outcome.dirty and page.saved == saved


@pytest.mark.parametrize("platform", PLATFORMS)
def test_another_order_is_no_event(platform: str) -> None:
    """Contract 4.6 and 4.10: entries, updates, components and keys in another order give no event and leave every id as
    it was.
    """
    page, documents = first_read(platform)
    before, saved = ids(page.feed()), page.saved
    order = random.Random(7)
    for _ in range(20):
        assert page.read_later(5, {name: shuffled(document, order) for name, document in documents.items()}) == []
        assert ids(page.feed()) == before and page.saved == saved


def reformat(entry: dict[str, Any]) -> None:
    """Change the white space and markup of bodies, and the times of the last change."""
    for key, value in entry.items():
        if key in BODIES and isinstance(value, str) and value:
            entry[key] = f"<p>\n {value.replace(' ', '  ')}"
        is_of_an_update = "last_update_message" in entry
        if MOVING.fullmatch(key) and isinstance(value, str) and not is_of_an_update:
            entry[key] = re.sub(r"[T ](\d\d):", lambda hour: f"{hour[0][0]}{int(hour[1]) + 1:02}:", value)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_white_space_and_times_of_change_are_no_events(platform: str) -> None:
    """Contract 4.6: white space and markup of a body, and the time at which something was last changed, are never
    compared.
    """
    page, documents = first_read(platform)
    saved = page.saved
    changed: Documents = copy.deepcopy(documents)
    for entry in walk([*changed.values()]):
        if isinstance(entry, dict):
            reformat(entry)
    for name, document in changed.items():
        if isinstance(document, bytes):
            changed[name] = document.replace(b"Words.", b"&lt;p&gt; Words.  ").replace(b"Errors.", b" <b>Errors.</b> ")
    assert page.read_later(5, changed) == [] and page.saved == saved
    assert page.read_later(5, changed) == [] and page.saved == saved


def with_longer_title(sample: Sample, entry: Any) -> Any:
    """Return an entry with its title edited, where it has one."""
    if isinstance(entry, bytes):
        return re.sub(rb"(<title>.*?)(</title>)", rb"\1, we think\2", entry, count=1)
    *path, name = sample.title.split(".")
    place = entry
    for step in path:
        place = place[step]
    if isinstance(place.get(name), str):
        place[name] += ", we think"
    return entry


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_edited_title_is_one_update(platform: str) -> None:
    """4.9, 4.9b: an open entry whose title is edited gives one `updated`, one that is over none.

    No other incident and no update gets another id.
    """
    sample = SAMPLES[platform]
    rename = partial(with_longer_title, sample)
    _, documents = first_read(platform)
    renamed_count = 0
    for number, change in entries(sample, documents):
        if (platform, number) in NAMED_BY_TITLE:
            continue
        page, _ = first_read(platform)
        before = ids(page.feed())
        titles = {incident.id: incident.title for incident in page.feed().incidents}
        events = page.read_later(5, change(rename))
        assert ids(page.feed()) == before
        assert len(events) <= 1
        assert all(event.kind is EventKind.UPDATED and not event.updates for event in events)
        assert page.read_later(5, change(rename)) == []
        renamed = [incident for incident in page.feed().incidents if incident.title != titles[incident.id]]
        assert [event.incident.id for event in events] == [each.id for each in renamed if not each.closed]
        renamed_count += len(renamed)
    assert renamed_count, "no title was edited"


def with_edited_body(documents: Documents) -> Iterator[Documents]:
    """Yield the documents once for each body in them, with that body edited."""
    for entry in walk([*documents.values()]):
        for key in sorted(BODIES & entry.keys()) if isinstance(entry, dict) else ():
            if isinstance(entry[key], str) and entry[key]:
                yield edited(documents, entry, partial(prefix_body, key))
    for name, document in documents.items():
        if isinstance(document, bytes):
            body = re.sub(rb"(We look into it|Words\.|Errors\.)", rb"Edited.", document, count=1)
            yield {**documents, name: body}


def prefix_body(key: str, entry: dict[str, Any]) -> None:
    """Edit a body in place."""
    entry[key] = f"Edited. {entry[key]}"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_edited_body_is_one_update(platform: str) -> None:
    """4.9: an update whose body is edited in place gives one `updated` that carries it, and no new id anywhere."""
    page, documents = first_read(platform)
    before = ids(page.feed())
    event_count = 0
    for version in with_edited_body(documents):
        page, _ = first_read(platform)
        events = page.read_later(5, version)
        assert ids(page.feed()) == before
        assert all(event.kind is EventKind.UPDATED and len(event.updates) == 1 for event in events)
        assert len({event.incident.id for event in events}) == len(events)
        assert page.read_later(5, version) == []
        event_count += len(events)
    has_bodies = any(update.body for incident in page.feed().incidents for update in incident.updates)
    assert event_count or not has_bodies, "no body was edited"


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("replacement", [LOST, None, b"", b"<html>", b"{}"])
def test_enrichment_comes_and_goes(platform: str, replacement: Any) -> None:
    """4: an enriching document that is missing, or is nonsense, at some reads and back at the next gives no event at
    any of them, and nothing remembered is lost.
    """
    for name in sorted(enriching(SAMPLES[platform])):
        page, documents = first_read(platform)
        remembered = records(page)
        without_it = {**documents, name: replacement}
        for minutes, version in (
            (5, without_it),
            (5, documents),
            (5, without_it),
            (40, without_it),
            (40, documents),
            (40, documents),
        ):
            assert page.read_later(minutes, version) == []
            present = {key: msgspec.structs.replace(record, absent_since=None) for key, record in records(page).items()}
            assert present == remembered
        assert records(page) == remembered, "an absence is still noted"


def records(page: DocumentTimeline) -> dict[str, IncidentRecord]:
    """Return what the state has of the page's incidents, but for the digests of the bytes of all that enriches them."""
    assert page.timeline.state
    return without_digests(page.timeline.state).incidents


def broken(sample: Sample) -> Callable[[Any], Any]:
    """Return a change that makes an entry impossible to understand."""

    def change(entry: Any) -> Any:
        if isinstance(entry, bytes):
            return re.sub(rb"<(published|updated|pubDate)>.*?</\1>", b"", entry)
        return {**entry, **sample.bad}

    return change


def is_understood(sample: Sample, document: Any) -> bool:
    """Return whether the page is understood in full with this base document."""
    changed: Documents = {sample.base: document}
    try:
        return not sample.read(**changed).skipped
    except FeedError:
        return False


def incident_events(events: list[Event]) -> list[Event]:
    """Return the events that are not about the page itself."""
    return [event for event in events if event.incident.kind is not IncidentKind.PAGE]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_skipped_entry_does_not_end(platform: str) -> None:
    """5: while an entry cannot be understood no event says that it, or any other, ended; nor later that it is back."""
    sample = SAMPLES[platform]
    broken_entries = 0
    for _, change in entries(sample, dict(sample.documents)):
        page, documents = first_read(platform)
        changed = change(broken(sample))
        if is_understood(sample, changed[sample.base]):
            continue  # not an incident, or one that the platform leaves out
        broken_entries += 1
        for minutes in (5, 15, 60, 120):
            assert incident_events(page.read_later(minutes, changed)) == []
        assert incident_events(page.read_later(5, documents)) == []
        assert page.read_later(5, documents) == []
    assert broken_entries


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_document_that_cannot_be_parsed_is_no_event(platform: str) -> None:
    """5, 4.14: a document that fails to parse gives no event and changes nothing but since when the page fails."""
    page, documents = first_read(platform)
    before = page.timeline.state
    name = SAMPLES[platform].base
    whole = encoded(documents[name])
    assert before and isinstance(whole, bytes)
    for body in (b"", b"{}", b"null", whole[: len(whole) // 2], b"<!doctype html><html>Sorry</html>"):
        assert page.read_later(5, {**documents, name: body}) == []
        state = page.timeline.state
        assert state and state.failing and msgspec.structs.replace(state, failing=None) == before
    assert page.read_later(5, documents) == []
    state = page.timeline.state
    assert state and state.incidents == before.incidents and state.failing is None


def is_follow_up(event: Event, key: str) -> bool:
    """Return whether an event is a plain `updated` of that incident: neither its beginning, its end nor a reopening."""
    return event.kind is EventKind.UPDATED and event.incident.id == key and "reopened" not in event.changes


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("pause", [5, 45, 3000])
def test_an_end_is_reported_once(platform: str, pause: float) -> None:
    """4.5, 4.11: an incident that ends is `resolved` once; a later remark is at most `updated`, and never reopens it.

    Where the end is that it is listed no longer, a second read may have to show it.
    """
    page, _ = first_read(platform)
    key, over, noted = ending(platform)
    (end,) = page.read_later(pause, over) or page.read_later(10, over)
    assert (end.kind, end.incident.id) == (EventKind.RESOLVED, key)
    assert page.read_later(5, over) == page.read_later(180, over) == []
    for minutes in (60, 5, 24 * 60):
        events = page.read_later(minutes, noted)
        assert all(is_follow_up(event, key) for event in events), shape(events)
    assert page.timeline.outcome.dirty is False and page.read_later(5, noted) == []


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("reads", [1, 3])
def test_an_end_amid_losses_is_reported_once(platform: str, reads: int) -> None:
    """4: an end is reported once, also where enriching documents are lost at the reads that show it first."""
    for name in sorted(enriching(SAMPLES[platform])):
        page, _ = first_read(platform)
        key, over, noted = ending(platform)
        versions = [(11, {**over, name: LOST})] * reads + [(11, over)] * 3 + [(60, noted)] * 2
        events = [event for minutes, version in versions for event in page.read_later(minutes, version)]
        assert_ends_once(events, key)


@pytest.mark.parametrize("platform", [name for name, sample in SAMPLES.items() if len(sample.documents) > 1])
def test_documents_change_one_after_the_other(platform: str) -> None:
    """4: an end is reported once, whichever document shows it first, and however often the page is read meanwhile."""
    key, over, _ = ending(platform)
    for seed in range(8):
        order = random.Random(seed)
        page, documents = first_read(platform)
        served = {**dict.fromkeys(over), **documents}
        events: list[Event] = []
        for name in order.sample(sorted(over), len(over)):
            served[name] = over[name]
            for _ in range(order.randrange(3)):
                events += page.read_later(order.choice((5, 11)), served)
        for _ in range(3):
            events += page.read_later(40, served)
        assert_ends_once(events, key)


def assert_ends_once(events: list[Event], key: str) -> None:
    """Assert that the events are one end of the incident, and nothing but remarks beside it."""
    ends = [event for event in events if event.kind is EventKind.RESOLVED]
    assert [event.incident.id for event in ends] == [key], shape(events)
    assert all(is_follow_up(event, key) for event in events if event not in ends), shape(events)
    assert not any("reopened" in event.changes for event in ends), shape(events)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_incident_that_was_never_listed(platform: str) -> None:
    """4.2, 4.3, 4.4: unknown and open is `new` with all its updates; unknown and closed is `missed`, or no event where
    all of it is older than the baseline.
    """
    sample = SAMPLES[platform]
    whole: Documents = dict(sample.documents)
    first = DocumentTimeline(sample)
    first.read(minutes_after(platform), whole)
    tested = 0
    for incident in first.feed().incidents:
        before = without(whole, incident.id)
        if before == whole:  # its id is derived: the feeds' own tests have that case
            continue
        tested += 1
        hour_before = (incident.created_at - START) / timedelta(minutes=1) - 60
        assert_appears(sample, before, minutes_after(platform), incident, [] if incident.closed else [opened(incident)])
        missed = ("resolved", incident.id, ["missed"], update_ids(incident))
        assert_appears(sample, before, hour_before, incident, [missed if incident.closed else opened(incident)])
    assert tested or platform in IDS_ARE_DERIVED


def update_ids(incident: Incident) -> list[str]:
    """Return the ids of an incident's updates."""
    return [update.id for update in incident.updates]


def opened(incident: Incident) -> tuple[str, str, list[str], list[str]]:
    """Return the shape of the event that an unknown open incident gives."""
    return "new", incident.id, [], update_ids(incident)


def assert_appears(sample: Sample, before: Documents, baseline: float, incident: Incident, expected: list[Any]) -> None:
    """Assert the events of an incident that is listed for the first time, after a baseline without it."""
    page = DocumentTimeline(sample)
    page.read(baseline, before)
    state = page.timeline.state
    assert state and state.baseline and incident.id not in state.incidents
    page.minutes = minutes_after(sample.platform)
    whole: Documents = dict(sample.documents)
    assert shape(page.read_later(5, whole)) == expected
    assert page.read_later(5, whole) == []


def test_every_platform_has_an_end() -> None:
    """The documents of every platform must show how an incident ends."""
    for name in PLATFORMS:
        key, *_ = ending(name)
        assert key in {incident.id for incident in SAMPLES[name].read().incidents if not incident.closed}, name
