"""Event ids and the bytes of the state file, as the first release wrote them: neither may ever change."""

from pathlib import Path
from typing import Final

import msgspec

from statuswatch import state
from statuswatch.model.event import Event
from statuswatch.model.incident import Impact, IncidentKind
from statuswatch.model.page import Failure, FailureKind, OwnDocuments
from statuswatch.model.state import PageState, State
from tests.support.page_timeline import PageTimeline, at, incident, snapshot, update

VERSION_1: Final = Path(__file__).with_name("state_version_1.json")
INCIDENTS: Final = frozenset({IncidentKind.INCIDENT})
WINDOWS: Final = frozenset({IncidentKind.MAINTENANCE})
LISTS: Final = {"history": INCIDENTS, "complete": INCIDENTS, "current": WINDOWS}
OLD: Final = incident("old", update(-900, "investigating"), update(-890, "resolved"))
REMOVED: Final = OwnDocuments(
    supported=True,
    incidents={"b": Failure(FailureKind.NOT_FOUND, "HTTP 404")},
    controls={IncidentKind.INCIDENT: OLD},
)


def play(timeline: PageTimeline) -> list[list[Event]]:
    """Return the events of each read of a page to which everything happens once."""
    a, b = [update(-5, "investigating")], [update(3, "investigating", "Errors of the API")]
    reports = [update(1, "reported", "Some cannot log in")]
    window = incident(
        "m",
        update(2, "scheduled"),
        kind=IncidentKind.MAINTENANCE,
        impact=Impact.MAINTENANCE,
        scheduled_for=at(20),
        scheduled_until=at(80),
    )
    events = [timeline.read(0, incident("a", *a), OLD, **LISTS)]  # row 1
    listed = [incident("b", *b), incident("d", *reports, components=(), source_quality=0, impact=Impact.UNKNOWN)]
    events.append(timeline.read(5, *listed, incident("a", *a), window, OLD, **LISTS))  # row 2
    a.append(update(8, "identified"))
    moved = msgspec.structs.replace(window, scheduled_for=at(30), scheduled_until=at(90))
    grown = incident("a", *a, impact=Impact.MAJOR, title="Renamed", components=("API", "Login"))
    events.append(timeline.read(10, *listed, grown, moved, OLD, **LISTS))  # rows 8 and 9
    b[0] = update(3, "investigating", "Errors of the API and of the console")
    listed[0] = incident("b", *b)
    events.append(timeline.read(15, *listed, grown, moved, OLD, **LISTS))  # row 9: edited
    a.append(update(18, "resolved"))
    over = incident("a", *a, impact=Impact.MAJOR, title="Renamed", components=())
    events.append(timeline.read(20, *listed, over, moved, OLD, **LISTS))  # row 5
    a.append(update(23, "monitoring"))
    again = incident("a", *a, impact=Impact.MAJOR, title="Renamed", components=("Login",))
    events.append(timeline.read(25, *listed, again, moved, OLD, **LISTS))  # row 6
    a += [update(26, "resolved"), update(27, "identified"), update(28, "resolved")]
    ended = incident("a", *a, impact=Impact.MAJOR, title="Renamed", components=("Login",))
    missed = incident("c", update(26, "investigating"), update(28, "resolved"))
    events.append(timeline.read(30, *listed, ended, missed, moved, OLD, **LISTS))  # rows 5 and 3
    a += [update(31, "identified"), update(32, "resolved")]
    twice = incident("a", *a, impact=Impact.MAJOR, title="Renamed", components=("Login",))
    events.append(timeline.read(35, *listed, twice, missed, OLD, **LISTS))  # rows 7 and 11
    without_b = msgspec.structs.replace(snapshot(listed[1], twice, missed, OLD, **LISTS), own=REMOVED)
    events.append(timeline.apply(40, without_b))
    events.append(timeline.apply(51, without_b))  # row 12
    reports[0] = update(1, "expired", "Some cannot log in")
    silent = incident("d", *reports, components=(), source_quality=0, impact=Impact.UNKNOWN)
    events.append(timeline.read(55, silent, twice, missed, OLD, **LISTS))  # closed by our own expiry
    events.append(timeline.fail(60))
    events.append(timeline.fail(125))  # section 5: an hour of failing reads
    news = incident("e", update(126, "investigating", "Slow", "e1"), components=("API", "Login"))
    events.append(timeline.read(130, news, silent, twice, missed, OLD, **LISTS))
    return events


EVENT_IDS: Final[list[list[str]]] = [
    [],
    ["acme/b/new/30a79053d178", "acme/d/new/9c257c9a6319", "acme/m/new/7846f78da689"],
    ["acme/a/updated/a06697dd7f53", "acme/m/updated/08ea253824c6"],
    ["acme/b/updated/e13d717f7637"],
    ["acme/a/resolved/92d6e4fa11e2"],
    ["acme/a/updated/f33956b8378b"],
    ["acme/a/resolved/2be06a2a1659", "acme/c/resolved/78522e097e96"],
    ["acme/a/resolved/535d1eb3e78c", "acme/m/resolved/37b577fd5eb8"],
    [],
    ["acme/b/resolved/9cfa006aca4f"],
    ["acme/d/resolved/7a251abb4648"],
    [],
    ["acme/unreadable-20260307T100000Z/new/31463dc5085b"],
    ["acme/unreadable-20260307T100000Z/resolved/8674b9a56fed", "acme/e/new/05f60e4b58dc"],
]


def test_event_ids_are_those_of_the_first_release() -> None:
    """Contract 4.14 and 7.3: the same reads give the same ids: whoever holds an event of an earlier version knows it
    again.
    """
    timeline = PageTimeline()
    assert [[event.id for event in events] for events in play(timeline)] == EVENT_IDS
    pages = state.decode(VERSION_1.read_bytes(), "state.json").pages
    assert timeline.state and state.encode_page(without_times(timeline.state)) == bytes(pages["acme"])


def without_times(page: PageState) -> PageState:
    """Return the state of a page without what the first release did not remember: times of updates, and since when
    it is watched.
    """
    incidents = {key: msgspec.structs.replace(record, update_times="") for key, record in page.incidents.items()}
    return msgspec.structs.replace(page, incidents=incidents, watched_since=None)


def test_a_version_1_state_file_is_written_again_byte_for_byte() -> None:
    """Contract 6.8: a state file of the first release, with every field that it can have, is read and written as it
    was; but for a line separator in a title, which no run wrote and which is cleaned.
    """
    content = VERSION_1.read_bytes()
    cleaned = content.replace("\u2028".encode(), b" ")
    loaded = state.decode(content, "state.json")
    pages = {key: state.encode_page(state.decode_page(page, key, "state.json")) for key, page in loaded.pages.items()}
    assert b"".join(state.encode(State(pages=pages, outbox=loaded.outbox))) == cleaned
