"""One page as a state machine: its vendor does anything, and what is served may be right, older, empty or nothing.

Beside it stands a subscriber who knows what was reported. Each read reports exactly what the subscriber does not know.
The subscriber compares whole texts and knows no digests and no qualities of sources. Every read follows the plan of
`statuswatch.reading`, over documents in memory. hypothesis makes a failing story short; STATUSWATCH_EXAMPLES=2000
makes a long search of it.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any, ClassVar, Final

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from statuswatch.model.incident import Impact, IncidentKind
from statuswatch.model.page import Page
from statuswatch.rules.filters import passes
from statuswatch.rules.unlisted import MAX_OWN_DOCUMENTS
from statuswatch.state import encode_page
from tests.support.page_timeline import PAGE, START, PageTimeline, at, without_digests
from tests.support.plan_driver import LOST, read_page
from tests.support.world_model import (
    CLOSED,
    GROUPS,
    STEPS,
    Incident,
    Platform,
    Post,
    Snapshot,
    Writer,
    newest,
    recently,
)
from tests.support.world_model import Page as Vendor

if TYPE_CHECKING:
    from collections.abc import Callable

    from statuswatch.model.event import Event
    from statuswatch.model.report import PageOutcome

DAY: Final = timedelta(days=1)
WINDOW: Final = 3  # entries that a document lists
DOCUMENTS: Final[dict[Platform, dict[str, str]]] = {
    "statuspage": {
        "incidents.json": "api/v2/incidents.json",
        "summary.json": "api/v2/summary.json",
        "scheduled-maintenances.json": "api/v2/scheduled-maintenances.json",
    },
    "incidentio": {
        "incidents.json": "api/v2/incidents.json",
        "native": "proxy/incidents",
        "names": "proxy",
        "feed.atom": "feed.atom",
    },
}
NARROW: Final[dict[str, Any]] = {
    "components": ("Login",),
    "min_impact": Impact.CRITICAL,
    "maintenance": False,
    "kinds": ("resolved",),
}
OPEN: Final = ("investigating", "identified", "monitoring")
News = tuple[str, frozenset[str], tuple[str, ...]]  # kind, changes, ids of updates
Documents = dict[str, bytes]

pauses = st.sampled_from((1, 5, 9, 11, 31, 61, 300, 2880))  # minutes, around every delay of sections 4 and 5


@dataclass
class Knowledge:
    """What a subscriber knows of an incident who received every event, or saw the page when it was first read."""

    incident: Incident
    components: frozenset[str]
    posts: dict[str, Post]
    open: bool
    absent_since: datetime | None = None
    over_at_baseline: bool = False


def is_open(incident: Incident) -> bool:
    return not incident.closed


def is_live(incident: Incident) -> bool:
    return incident.kind == "incident" and not incident.closed


def is_over(incident: Incident) -> bool:
    return incident.kind == "incident" and incident.closed


def is_planned(incident: Incident) -> bool:
    return incident.kind == "maintenance" and not incident.closed


def is_unplanned(incident: Incident) -> bool:
    return incident.kind == "incident"


def is_any(_: Incident) -> bool:
    return True


def reopen(page: OnePage, incident: Incident, number: int) -> None:
    again = page.post(incident, "identified", linked=incident.stated)
    if number % 2:
        page.post(again, "resolved")


def move(page: OnePage, incident: Incident, _: int) -> None:
    hours = (timedelta(hours=8), timedelta(hours=9))
    page.put(incident, schedule=(page.now + hours[0], page.now + hours[1]))


def hide(page: OnePage, incident: Incident, _: int) -> None:
    """The first message is listed no more, or again."""
    hidden = page.hidden.pop(incident.id, None)
    if hidden:
        page.put(incident, posts=(hidden, *incident.posts))
    elif len(incident.posts) > 1:
        page.hidden[incident.id] = incident.posts[0]
        page.put(incident, posts=incident.posts[1:])


def plan(page: OnePage) -> None:
    if page.platform == "statuspage":
        page.vendor.schedule(page.tick())


def push_out(page: OnePage) -> None:
    for _ in range(WINDOW):
        page.post(page.begin(), "resolved")


def delete_all(page: OnePage) -> None:
    for incident in list(page.vendor.incidents.values()):
        page.vendor.withdraw(incident, page.tick())


# What a vendor does; and what a vendor does to an incident, and to which.
ACTIONS: Final[dict[str, Callable[[OnePage], object]]] = {
    "begin": lambda page: page.begin(),
    "begin and end": lambda page: page.post(page.begin(), "resolved"),
    "plan": plan,
    "push all out of the list": push_out,
    "delete all": delete_all,
}
INCIDENT_ACTIONS: Final[dict[str, tuple[Callable[[Incident], bool], Callable[[OnePage, Incident, int], object]]]] = {
    "say more": (is_live, lambda page, incident, n: page.post(incident, OPEN[n % 3])),
    "resolve": (is_live, lambda page, incident, _: page.post(incident, "resolved")),
    "explain": (is_over, lambda page, incident, _: page.post(incident, "postmortem")),
    "say more after the end": (is_over, lambda page, incident, _: page.post(incident, "resolved")),
    "reopen": (is_over, reopen),
    "edit": (is_any, lambda page, incident, _: page.vendor.edit(incident, page.tick())),
    "hide or show a message": (is_any, hide),
    "retitle": (is_any, lambda page, incident, _: page.put(incident, title=f"{incident.title}!")),
    "weigh anew": (
        is_unplanned,
        lambda page, incident, _: page.put(incident, impact="major" if incident.impact == "minor" else "minor"),
    ),
    "link others": (is_any, lambda page, incident, n: page.put(incident, linked=(sorted(GROUPS)[n % len(GROUPS)],))),
    "unlink": (is_any, lambda page, incident, _: page.put(incident, linked=())),
    "move a plan": (is_planned, move),
    "go on with a plan": (is_planned, lambda page, incident, _: page.post(incident, STEPS[incident.status])),
    "withdraw": (is_open, lambda page, incident, _: page.vendor.withdraw(incident, page.tick())),
}
actions = st.lists(st.tuples(st.sampled_from([*ACTIONS, *INCIDENT_ACTIONS]), st.integers(0, 9)), min_size=1, max_size=3)


class OnePage(RuleBasedStateMachine):
    platform: ClassVar[Platform]
    vendor: Vendor

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.timeline = PageTimeline(replace_page(self.platform))
        self.knowledge: dict[str, Knowledge] | None = None  # before the first good read nobody knows anything
        self.baseline = START
        self.failing_since: datetime | None = None
        self.failure_reported = False
        self.suspicion: tuple[str, datetime] | None = None
        self.times_reported: Counter[tuple[str, str, str]] = Counter()  # of an update as it stood
        self.known_before: set[tuple[str, str, str]] = set()

    # ---- the vendor

    @initialize(habits=st.integers(0, 3), older=st.integers(0, 4), at_once=st.booleans())
    def begin_page(self, habits: int, older: int, *, at_once: bool) -> None:
        self.vendor = Vendor("acme", self.platform, Random(habits), self.now, past=False, listed=WINDOW)
        self.vendor.unlinks, self.vendor.empty_bodies = bool(habits & 1), bool(habits & 2)
        self.vendor.names_in_updates, self.vendor.zone = False, UTC
        self.snapshots: list[Snapshot] = []
        self.hidden: dict[str, Post] = {}
        for number in range(older):
            incident = self.vendor.begin(self.tick())
            if number % 2:
                self.vendor.post(incident, "resolved", self.tick())
        if at_once:
            self.read(1)

    @rule(actions=actions, pause=st.none() | pauses)
    def live(self, actions: list[tuple[str, int]], pause: int | None) -> None:
        """The vendor acts, on one of the incidents that an action fits; mostly the page is read then."""
        for name, number in actions:
            if name in ACTIONS:
                ACTIONS[name](self)
                continue
            fits, act = INCIDENT_ACTIONS[name]
            fitting = [incident for incident in self.vendor.incidents.values() if fits(incident)]
            fitting.sort(key=lambda incident: incident.created_at)
            if fitting:
                act(self, fitting[number % len(fitting)], number)
        if pause is not None:
            self.read(pause)

    def begin(self) -> Incident:
        return self.vendor.begin(self.tick())

    def tick(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now

    def post(self, incident: Incident, status: str, **changes: Any) -> Incident:
        return self.vendor.post(incident, status, self.tick(), **changes)

    def put(self, incident: Incident, **changes: Any) -> Incident:
        return self.vendor.put(incident, self.tick(), **changes)

    # ---- what is served

    @rule(pause=pauses)
    def read(self, pause: int) -> None:
        self.now += timedelta(minutes=pause)
        self.snapshots.append(self.snapshot())
        self.serve(self.snapshots[-1])

    @rule(how=st.sampled_from(("nothing", "older", "empty")), number=st.integers(0, 9), pause=pauses)
    def misread(self, how: str, number: int, pause: int) -> None:
        """Serve nothing, or what is not true: not twice in a row, for then it would be believed."""
        self.now += timedelta(minutes=pause)
        if how == "nothing":
            events = self.timeline.read_documents(self.minutes, dict.fromkeys(DOCUMENTS[self.platform], LOST))
            assert self.timeline.outcome.failure
            assert page_events(events) == self.fail() and len(events) <= 1
        elif self.knowledge is None or self.suspicion is not None:
            pass
        elif how == "older":
            self.read_an_older_copy(self.snapshots[-1 - number % len(self.snapshots)])
        elif self.knows_incidents:
            self.read_suspicious("empty", self.documents(self.snapshot(), empty=True))

    def read_an_older_copy(self, older: Snapshot) -> None:
        documents = self.documents(older)
        if self.look(documents).notes.suspicion:
            self.read_suspicious("older", documents)
        else:  # nothing was written since it was current: it is as good as that
            self.serve(older)

    def read_suspicious(self, why: str, documents: Documents) -> None:
        """Nothing is reported, and only the suspicion is remembered; the page answered, so that it does not fail."""
        before = self.timeline.state
        assert self.timeline.read_documents(self.minutes, documents) == []
        assert self.timeline.outcome.failure is None
        assert before and self.timeline.state and self.timeline.state.incidents == before.incidents
        self.suspicion = self.suspicion if self.suspicion and self.suspicion[0] == why else (why, self.now)
        self.failing_since = self.failing_since if self.failure_reported else None

    # ---- the subscriber

    @property
    def minutes(self) -> float:
        return (self.now - START) / timedelta(minutes=1)

    @property
    def knows_incidents(self) -> bool:
        return any(known_one.incident.kind == "incident" for known_one in (self.knowledge or {}).values())

    def snapshot(self) -> Snapshot:
        return Snapshot(self.now, self.vendor.changed_at, dict(self.vendor.incidents))

    def documents(self, snapshot: Snapshot, *, empty: bool = False) -> Documents:
        writer = Writer(self.vendor, snapshot, PAGE.url, None)
        texts = {name: writer.document(path, empty=empty) for name, path in DOCUMENTS[self.platform].items()}
        documents = {name: text.encode() for name, text in texts.items() if text is not None}
        if self.platform == "incidentio":  # the native list is no longer than the other here
            listed = {incident.id for incident in recently(snapshot.incidents, WINDOW)}
            native = json.loads(documents["native"])["incidents"]
            kept = [incident for incident in native if incident["id"] in listed]
            documents["native"] = json.dumps({"incidents": kept}).encode()
        return documents

    def look(self, documents: Documents) -> PageOutcome:
        """Read the page without remembering anything."""
        return read_page(self.timeline.page, self.timeline.state, at(self.minutes), documents)

    def serve(self, snapshot: Snapshot) -> None:
        """A good read: neither the order of its documents, nor a repeat, nor a filter makes a difference."""
        documents, before = self.documents(snapshot), self.timeline.state
        events = self.timeline.read_documents(self.minutes, documents)
        outcome = self.timeline.outcome
        assert outcome.state and outcome.failure is None

        reordered = {name: mixed(body) for name, body in documents.items()}
        twin = read_page(self.timeline.page, before, at(self.minutes), reordered)
        assert by_id(twin.events) == by_id(events), "the order of a document changes what is reported"
        states = [encode_page(without_digests(state)) for state in (twin.state, outcome.state) if state]
        assert states[0] == states[-1] and len(states) == 2, "or what is remembered"

        filtered = read_page(replace_page(self.platform, **NARROW), before, at(self.minutes), documents)
        assert filtered.state == outcome.state, "a filter changes what is remembered"
        assert [event.id for event in filtered.events] == [event.id for event in events]
        assert all(passes(event) for event in events), "an event is held back without a filter"

        self.receive(snapshot, outcome, events)

        written = self.timeline.state
        assert self.timeline.read_documents(self.minutes, documents) == [], "reported twice"
        assert self.timeline.state == written and not self.timeline.outcome.dirty, "the same documents change the state"

    def receive(self, snapshot: Snapshot, outcome: PageOutcome, events: list[Event]) -> None:
        served = self.served(snapshot, outcome)
        reported = {event.incident.id: event for event in events if event.incident.kind is not IncidentKind.PAGE}
        assert len(reported) + len(page_events(events)) == len(events), "two events of one incident"
        if self.knowledge is None:
            assert reported == {}
            self.learn_baseline(served)
            assert page_events(events) == self.recover()
            return
        if self.is_suspiciously_empty(served):
            assert events == []
            self.failing_since = self.failing_since if self.failure_reported else None
            return
        assert page_events(events) == self.recover()
        expected = self.learn_listed(self.knowledge, served, dirty=outcome.dirty)
        expected |= self.learn_absent(self.knowledge, served, snapshot, reported)
        assert {key: shape(event) for key, event in reported.items()} == expected
        for key in reported.keys() & served.keys():
            self.assert_as_published(reported[key], served[key])

    def learn_baseline(self, served: dict[str, Incident]) -> None:
        self.knowledge = {key: self.learn(None, incident) for key, incident in served.items()}
        for known_one in self.knowledge.values():
            known_one.over_at_baseline = not known_one.open
        self.baseline = self.now
        self.known_before = {
            (post.id, post.status, post.body) for incident in served.values() for post in incident.posts
        }

    def is_suspiciously_empty(self, served: dict[str, Incident]) -> bool:
        """Keep the time since when the history is empty; half an hour later it is believed."""
        if not self.knows_incidents or any(incident.kind == "incident" for incident in served.values()):
            self.suspicion = None
            return False
        if self.suspicion is None or self.suspicion[0] != "empty":
            self.suspicion = ("empty", self.now)
        return self.now - self.suspicion[1] < timedelta(minutes=30)

    def learn_listed(
        self, knowledge: dict[str, Knowledge], served: dict[str, Incident], *, dirty: bool
    ) -> dict[str, News]:
        expected: dict[str, News] = {}
        for key, incident in served.items():
            before = knowledge.get(key)
            news = self.news(before, incident)
            if news:
                expected[key] = news
            if news or dirty:  # what is not saved is compared anew by the next read
                knowledge[key] = self.learn(before, incident)
                knowledge[key].over_at_baseline = self.is_over_at_baseline(before, incident, news)
        return expected

    def learn_absent(
        self,
        knowledge: dict[str, Knowledge],
        served: dict[str, Incident],
        snapshot: Snapshot,
        reported: dict[str, Event],
    ) -> dict[str, News]:
        """Return the ends of what is absent: this page has no document of a single incident.

        On Statuspage the summary lists what is open (4.12d). On incident.io an absent incident may have rolled out of
        the window: it expires (4.13b). Both are judged when its turn has come; on its first day, and where no more
        than five wait, that is in every read.
        """
        expected: dict[str, News] = {}
        absent = {key: before for key, before in knowledge.items() if before.open and key not in served}
        has_list = self.platform == "statuspage"
        delay, change = (timedelta(minutes=10), "delisted") if has_list else (timedelta(days=14), "expired")
        for key, before in absent.items():
            if before.absent_since is None:
                before.absent_since = self.now
            waits = self.now - before.absent_since
            must_end = waits >= delay and len(absent) <= MAX_OWN_DOCUMENTS and (not has_list or waits < DAY)
            if must_end or (waits >= delay and key in reported):
                left = snapshot.incidents.get(key)  # closed, and rolled out of the list before it was read
                assert not has_list or left is None or left.closed, "it is open"
                expected[key] = ("resolved", frozenset({change}), ())
                before.open, before.absent_since, before.incident = False, None, closed(before.incident, change)
        return expected

    def assert_as_published(self, event: Event, incident: Incident) -> None:
        shown = event.incident
        assert (shown.title, shown.status, str(shown.impact)) == (incident.title, incident.status, incident.impact)
        posts = {post.id: post for post in incident.posts}
        for update in event.updates:
            post = posts[update.id]
            assert (update.status, update.body) == (post.status, post.body)
            assert update.created_at == post.created_at.replace(microsecond=update.created_at.microsecond)
            self.times_reported[post.id, post.status, post.body] += 1

    def served(self, snapshot: Snapshot, outcome: PageOutcome) -> dict[str, Incident]:
        """The incidents that the documents of a read list."""
        every = snapshot.incidents
        if self.platform == "incidentio":
            return {incident.id: incident for incident in recently(every, WINDOW)}
        listed = [*newest(every, "incident", WINDOW), *(incident for incident in every.values() if is_open(incident))]
        if any(note.document == "scheduled-maintenances.json" for note in outcome.notes.requests):
            listed += newest(every, "maintenance", WINDOW)
        return {incident.id: incident for incident in listed}

    def components(self, incident: Incident) -> frozenset[str]:
        """The components that the page states."""
        if self.platform != "incidentio":
            return frozenset(incident.linked)
        return frozenset({*incident.linked, *(name for post in incident.posts for name in post.components)})

    def learn(self, before: Knowledge | None, incident: Incident) -> Knowledge:
        components = self.components(incident) or (before.components if before else frozenset())
        posts = (before.posts if before else {}) | {post.id: post for post in incident.posts}
        return Knowledge(incident, components, posts, not incident.closed)

    def news(self, before: Knowledge | None, incident: Incident) -> News | None:
        """What an event has to report of an incident (4.2 to 4.9c) to somebody who knows that much of it."""
        if before is None:
            return self.news_of_unknown(incident)
        fresh = [post for post in incident.posts if post.id not in before.posts]
        edited = [post for post in incident.posts if before.posts.get(post.id, post) != post]
        changes = self.differences(before, incident)
        if edited:
            changes.add("edited")
        kind = "updated"
        if before.open and incident.closed:
            kind, changes = "resolved", changes | {"status"}
        elif not before.open and not incident.closed:
            changes = changes - {"status"} | {"reopened"}
        elif not before.open and reopens(before, fresh):
            kind, changes = "resolved", changes - {"status"} | {"reopened"}
        elif not before.open:
            return self.news_after_the_end(before, incident, fresh=fresh, edited=edited)
        elif fresh:
            changes |= {"updates"}
        unreported = {post.id for post in (*fresh, *edited)}
        ids = tuple(post.id for post in incident.posts if post.id in unreported)
        return (kind, frozenset(changes), ids) if changes else None

    def news_after_the_end(
        self, before: Knowledge, incident: Incident, *, fresh: list[Post], edited: list[Post]
    ) -> News | None:
        """What is over only has posts; what was over at the baseline only such that are later than all known ones."""
        if before.over_at_baseline:
            newest = max(post.created_at for post in before.posts.values()).replace(microsecond=0)
            fresh, edited = [post for post in fresh if post.created_at > newest], []
        if not fresh and not edited:
            return None
        changes = self.differences(before, incident)
        changes |= {name for name, posts in (("updates", fresh), ("edited", edited)) if posts}
        unreported = {post.id for post in (*fresh, *edited)}
        ids = tuple(post.id for post in incident.posts if post.id in unreported)
        return "updated", frozenset(changes), ids

    def news_of_unknown(self, incident: Incident) -> News | None:
        ids = tuple(post.id for post in incident.posts)
        if not incident.closed:
            return "new", frozenset(), ids
        if max(incident.created_at, closed_at(incident)) > self.baseline:
            return "resolved", frozenset({"missed"}), ids
        later = tuple(post.id for post in incident.posts if post.created_at > self.baseline)
        return ("updated", frozenset({"updates"}), later) if later else None

    def is_over_at_baseline(self, before: Knowledge | None, incident: Incident, news: News | None) -> bool:
        """Return whether the incident was over before the page was watched, and has not reopened since."""
        if before:
            return before.over_at_baseline and incident.closed and not (news and "reopened" in news[1])
        return incident.closed and not (news and news[0] == "resolved")

    def differences(self, before: Knowledge, incident: Incident) -> set[str]:
        components = self.components(incident)
        differs = {
            "status": incident.status != before.incident.status,
            "impact": incident.impact != before.incident.impact,
            "title": incident.title != before.incident.title,
            "schedule": incident.schedule != before.incident.schedule,
            "components": bool(components and before.components and components != before.components),
        }
        return {name for name, is_different in differs.items() if is_different}

    def fail(self) -> list[str]:
        self.failing_since = self.failing_since or self.now
        if self.failure_reported or self.now - self.failing_since < timedelta(hours=1):
            return []
        self.failure_reported = True
        return ["new"]

    def recover(self) -> list[str]:
        ends = ["resolved"] if self.failure_reported else []
        self.failing_since, self.failure_reported = None, False
        return ends

    # ---- the end

    def teardown(self) -> None:
        """After some good reads all that the page lists was reported, each update once as it stood, and no more."""
        if not hasattr(self, "vendor"):
            return
        for _ in range(3):
            self.read(40)
        self.begin()
        self.read(1)  # an event has all documents read
        assert self.knowledge is not None
        snapshot = self.snapshots[-1]
        for incident in self.served(snapshot, self.look(self.documents(snapshot))).values():
            assert self.knowledge[incident.id].open is not incident.closed
            for post in incident.posts:
                as_published = (post.id, post.status, post.body)
                is_old = as_published in self.known_before or incident.posts[-1].created_at <= self.baseline
                once = self.times_reported[as_published] == (not is_old)
                assert once or self.is_an_old_one_missed(incident), f"{post}"

    def is_an_old_one_missed(self, incident: Incident) -> bool:
        """It stood in no document at the first read, and came back into one afterwards."""
        return incident.created_at <= self.baseline


def reopens(before: Knowledge, fresh: list[Post]) -> bool:
    """Return whether fresh posts later than all known ones open an incident and then close it."""
    newest_known = max(post.created_at for post in before.posts.values())
    closes = [post.status in CLOSED for post in fresh if post.created_at > newest_known]
    return False in closes and True in closes[closes.index(False) :]


def closed_at(incident: Incident) -> datetime:
    """The time of the last post that closed the incident while it was open; of the last one where none says so."""
    times = [
        post.created_at
        for before, post in zip((None, *incident.posts), incident.posts, strict=False)
        if post.status in CLOSED and not (before and before.status in CLOSED)
    ]
    return times[-1] if times else incident.posts[-1].created_at


def closed(incident: Incident, change: str) -> Incident:
    """The incident as it is remembered once it was no longer listed, or expired."""
    status = "expired" if change == "expired" else "resolved"
    return replace(incident, posts=(*incident.posts[:-1], replace(incident.posts[-1], status=status)))


def replace_page(platform: Platform, **fields: Any) -> Page:
    return Page(key=PAGE.key, name=PAGE.name, url=PAGE.url, platform=platform, **fields)


def shape(event: Event) -> News:
    return str(event.kind), frozenset(map(str, event.changes)), tuple(update.id for update in event.updates)


def page_events(events: list[Event]) -> list[str]:
    return [str(event.kind) for event in events if event.incident.kind is IncidentKind.PAGE]


def by_id(events: Any) -> list[Event]:
    return sorted(events, key=lambda event: event.id)


def mixed(document: bytes) -> bytes:
    """The document with the entries of every list and every object in another order; a feed stays as it is."""
    try:
        return json.dumps(shuffled(json.loads(document), Random(len(document)))).encode()
    except ValueError:
        return document


def shuffled(value: Any, order: Random) -> Any:
    match value:
        case dict():
            pairs = [(key, shuffled(child, order)) for key, child in value.items()]
            order.shuffle(pairs)
            return dict(pairs)
        case list():
            children = [shuffled(child, order) for child in value]
            order.shuffle(children)
            return children
    return value


@pytest.mark.parametrize("platform", DOCUMENTS)
def test_a_page(platform: Platform) -> None:
    """Contract 1.2 and 4.13: whatever happens to a page, every update is reported exactly once, and nothing false."""
    examples = os.environ.get("STATUSWATCH_EXAMPLES")
    run_state_machine_as_test(
        type(f"OnePage_{platform}", (OnePage,), {"platform": platform}),
        settings=settings(
            max_examples=int(examples or 8),
            stateful_step_count=30,
            derandomize=not examples,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
