"""One page as a state machine: its vendor does anything, what is served of it may be right, older, empty or nothing at
all, and beside it stands a listener who knows what was heard. Each read tells exactly what the listener does not know.

The listener compares whole texts and knows no digests, ranks or documents; hypothesis makes a failing life short.
STATUSWATCH_EXAMPLES=2000 makes a long search of it.
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

from statuswatch.model.event import Event
from statuswatch.model.incident import Impact, IncidentKind
from statuswatch.model.page import Failure, Page, PageSnapshot
from statuswatch.rules.filters import passes
from statuswatch.rules.reconcile import reconcile
from statuswatch.state import encode_page
from tests.properties.test_platform_laws import answered, shuffled
from tests.support.page_timeline import PAGE, START, PageTimeline, at
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
Told = tuple[str, frozenset[str], tuple[str, ...]]  # kind, changes, ids of updates

pauses = st.sampled_from((1, 5, 9, 11, 31, 61, 300, 2880))  # minutes, around every patience of sections 4 and 5


@dataclass
class Heard:
    """What somebody knows of an incident who heard all that was told, or read the page when it was first read."""

    it: Incident
    parts: frozenset[str]
    posts: dict[str, Post]
    open: bool
    absent: datetime | None = None


def is_open(it: Incident) -> bool:
    return not it.closed


def is_live(it: Incident) -> bool:
    return it.kind == "incident" and not it.closed


def is_over(it: Incident) -> bool:
    return it.kind == "incident" and it.closed


def is_planned(it: Incident) -> bool:
    return it.kind == "maintenance" and not it.closed


def is_unplanned(it: Incident) -> bool:
    return it.kind == "incident"


def is_any(_: Incident) -> bool:
    return True


def reopen(page: OnePage, it: Incident, number: int) -> None:
    again = page.post(it, "identified", linked=it.stated)
    if number % 2:
        page.post(again, "resolved")


def move(page: OnePage, it: Incident, _: int) -> None:
    hours = (timedelta(hours=8), timedelta(hours=9))
    page.put(it, schedule=(page.now + hours[0], page.now + hours[1]))


def hide(page: OnePage, it: Incident, _: int) -> None:
    """The first message is listed no more, or again."""
    hidden = page.hidden.pop(it.id, None)
    if hidden:
        page.put(it, posts=(hidden, *it.posts))
    elif len(it.posts) > 1:
        page.hidden[it.id] = it.posts[0]
        page.put(it, posts=it.posts[1:])


def plan(page: OnePage) -> None:
    if page.platform == "statuspage":
        page.vendor.schedule(page.tick())


def push_out(page: OnePage) -> None:
    for _ in range(WINDOW):
        page.post(page.begin(), "resolved")


def delete_all(page: OnePage) -> None:
    for it in list(page.vendor.incidents.values()):
        page.vendor.withdraw(it, page.tick())


# What a vendor does; and what to an incident, of those that it can be done to.
DEEDS: Final[dict[str, Callable[[OnePage], object]]] = {
    "begin": lambda page: page.begin(),
    "begin and end": lambda page: page.post(page.begin(), "resolved"),
    "plan": plan,
    "push all out of the list": push_out,
    "delete all": delete_all,
}
CHANGES: Final[dict[str, tuple[Callable[[Incident], bool], Callable[[OnePage, Incident, int], object]]]] = {
    "say more": (is_live, lambda page, it, n: page.post(it, OPEN[n % 3])),
    "resolve": (is_live, lambda page, it, _: page.post(it, "resolved")),
    "explain": (is_over, lambda page, it, _: page.post(it, "postmortem")),
    "say more after the end": (is_over, lambda page, it, _: page.post(it, "resolved")),
    "reopen": (is_over, reopen),
    "edit": (is_any, lambda page, it, _: page.vendor.edit(it, page.tick())),
    "hide or show a message": (is_any, hide),
    "retitle": (is_any, lambda page, it, _: page.put(it, title=f"{it.title}!")),
    "weigh anew": (is_unplanned, lambda page, it, _: page.put(it, impact="major" if it.impact == "minor" else "minor")),
    "link others": (is_any, lambda page, it, n: page.put(it, linked=(sorted(GROUPS)[n % len(GROUPS)],))),
    "unlink": (is_any, lambda page, it, _: page.put(it, linked=())),
    "move a plan": (is_planned, move),
    "go on with a plan": (is_planned, lambda page, it, _: page.post(it, STEPS[it.status])),
    "withdraw": (is_open, lambda page, it, _: page.vendor.withdraw(it, page.tick())),
}
deeds = st.lists(st.tuples(st.sampled_from([*DEEDS, *CHANGES]), st.integers(0, 9)), min_size=1, max_size=3)


class OnePage(RuleBasedStateMachine):
    platform: ClassVar[Platform]
    vendor: Vendor

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.life = PageTimeline(replace_page(self.platform))
        self.heard: dict[str, Heard] | None = None  # before the first good read nobody knows anything
        self.baseline = START
        self.failing: datetime | None = None
        self.failure_told = False
        self.doubt: tuple[str, datetime] | None = None
        self.times_told: Counter[tuple[str, str, str]] = Counter()  # of an update as it stood
        self.known_before: set[tuple[str, str, str]] = set()

    # ---- what vendors do

    @initialize(habits=st.integers(0, 3), older=st.integers(0, 4), at_once=st.booleans())
    def begin_page(self, habits: int, older: int, at_once: bool) -> None:
        self.vendor = Vendor("acme", self.platform, Random(habits), self.now, past=False, listed=WINDOW)
        self.vendor.unlinks, self.vendor.empty_bodies = bool(habits & 1), bool(habits & 2)
        self.vendor.names_in_updates, self.vendor.zone = False, UTC
        self.snapshots: list[Snapshot] = []
        self.hidden: dict[str, Post] = {}
        for number in range(older):
            it = self.vendor.begin(self.tick())
            if number % 2:
                self.vendor.post(it, "resolved", self.tick())
        if at_once:
            self.read(1)

    @rule(deeds=deeds, pause=st.none() | pauses)
    def live(self, deeds: list[tuple[str, int]], pause: int | None) -> None:
        """The vendor does this and that, to one of the incidents that it can be done to; mostly somebody looks then."""
        for what, number in deeds:
            if what in DEEDS:
                DEEDS[what](self)
                continue
            fits, do = CHANGES[what]
            found = sorted((it for it in self.vendor.incidents.values() if fits(it)), key=lambda it: it.created_at)
            if found:
                do(self, found[number % len(found)], number)
        if pause is not None:
            self.read(pause)

    def begin(self) -> Incident:
        return self.vendor.begin(self.tick())

    def tick(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now

    def post(self, it: Incident, status: str, **changes: Any) -> Incident:
        return self.vendor.post(it, status, self.tick(), **changes)

    def put(self, it: Incident, **changes: Any) -> Incident:
        return self.vendor.put(it, self.tick(), **changes)

    # ---- what is served of it

    @rule(pause=pauses)
    def read(self, pause: int) -> None:
        self.now += timedelta(minutes=pause)
        self.snapshots.append(self.snapshot())
        self.serve(self.snapshots[-1])

    @rule(how=st.sampled_from(("nothing", "older", "empty")), number=st.integers(0, 9), pause=pauses)
    def misread(self, how: str, number: int, pause: int) -> None:
        """What is served is nothing, or not true: not twice on end, for then it would be believed."""
        self.now += timedelta(minutes=pause)
        if how == "nothing":
            events = self.life.answer(self.minutes, Failure("HTTP 500"))
            assert pages_own(events) == self.fails() and len(events) <= 1
        elif self.heard is None or self.doubt is not None:
            pass
        elif how == "older":
            self.read_an_older_copy(self.snapshots[-1 - number % len(self.snapshots)])
        elif self.knows_incidents:
            self.doubtful("empty", self.documents(self.snapshot(), empty=True))

    def read_an_older_copy(self, old: Snapshot) -> None:
        documents = self.documents(old)
        if reconcile(self.life.page, self.life.memory, self.answer(documents), at(self.minutes)).suspicion:
            self.doubtful("older", documents)
        else:  # nothing was written since it was current: it is as good as that
            self.serve(old)

    def doubtful(self, why: str, documents: dict[str, Any]) -> None:
        """Nothing is told, and nothing is remembered but the doubt; it was an answer, so the page does not fail."""
        before = self.life.memory
        assert self.life.answer(self.minutes, self.answer(documents)) == []
        assert before and self.life.memory and self.life.memory.incidents == before.incidents
        self.doubt = self.doubt if self.doubt and self.doubt[0] == why else (why, self.now)
        self.failing = self.failing if self.failure_told else None

    # ---- the listener

    @property
    def minutes(self) -> float:
        return (self.now - START) / timedelta(minutes=1)

    @property
    def knows_incidents(self) -> bool:
        return any(known.it.kind == "incident" for known in (self.heard or {}).values())

    def snapshot(self) -> Snapshot:
        return Snapshot(self.now, self.vendor.changed_at, dict(self.vendor.incidents))

    def documents(self, snapshot: Snapshot, *, empty: bool = False) -> dict[str, Any]:
        writer = Writer(self.vendor, snapshot, PAGE.url, None)
        texts = {name: writer.document(path, empty=empty) for name, path in DOCUMENTS[self.platform].items()}
        return {name: text.encode() for name, text in texts.items() if text is not None}

    def answer(self, documents: dict[str, Any]) -> PageSnapshot:
        found = answered(self.life.page, self.life.memory, self.minutes, documents)
        assert isinstance(found, PageSnapshot), found
        return found

    def serve(self, snapshot: Snapshot) -> None:
        """A good read: what it tells, and that neither its order, nor a repeat, nor a filter makes a difference."""
        documents, before = self.documents(snapshot), self.life.memory
        answer = self.answer(documents)
        events = self.life.answer(self.minutes, answer)
        review = self.life.review
        assert review.state

        other = answered(self.life.page, before, self.minutes, {k: mixed(v) for k, v in documents.items()})
        assert isinstance(other, PageSnapshot)
        twin = reconcile(self.life.page, before, other, at(self.minutes))
        assert by_id(twin.events) == by_id(events), "the order of a document changes what is told"
        assert twin.memory and encode_page(twin.memory) == encode_page(review.state), "or what is remembered"

        page = replace_page(self.platform, **NARROW)
        filtered = reconcile(page, before, answer, at(self.minutes))
        assert filtered.memory == review.state, "a filter changes what is remembered"
        assert [it.id for it in filtered.events] == [it.id for it in events]
        assert all(passes(it) for it in events), "nothing is filtered that nobody asked to"

        self.hear(snapshot, answer, events)

        written = self.life.memory
        assert self.life.answer(self.minutes, self.answer(documents)) == [], "told twice"
        assert self.life.memory == written and not self.life.review.dirty, "the same documents move the memory"

    def hear(self, snapshot: Snapshot, answer: PageSnapshot, events: list[Event]) -> None:
        served = self.served(snapshot, answer)
        told = {it.incident.id: it for it in events if it.incident.kind is not IncidentKind.PAGE}
        assert len(told) + len(pages_own(events)) == len(events), "two events of one incident"
        if self.heard is None:
            assert told == {}
            self.heard, self.baseline = {key: self.learn(None, it) for key, it in served.items()}, self.now
            self.known_before = {(p.id, p.status, p.body) for it in served.values() for p in it.posts}
            assert pages_own(events) == self.reads()
            return
        if self.knows_incidents and not any(it.kind == "incident" for it in served.values()):
            if self.doubt is None or self.doubt[0] != "empty":
                self.doubt = ("empty", self.now)
            if self.now - self.doubt[1] < timedelta(minutes=30):
                assert events == []
                self.failing = self.failing if self.failure_told else None
                return
        else:
            self.doubt = None
        assert pages_own(events) == self.reads()
        expected: dict[str, Told] = {}
        for key, it in served.items():
            known = self.heard.get(key)
            if news := self.news(known, it):
                expected[key] = news
            if known or news or self.life.review.dirty:
                self.heard[key] = self.learn(known, it)
        for key, known in self.heard.items():
            if known.open and key not in served:
                if not self.must_list(known, served):
                    known.absent = None
                elif known.absent is None:
                    known.absent = self.now
                elif self.now - known.absent >= timedelta(minutes=10):
                    left = snapshot.incidents.get(key)  # over, and rolled out of the list before anybody saw it
                    assert left is None or left.closed, "it is open"
                    expected[key] = ("resolved", frozenset({"withdrawn"}), ())
                    known.open, known.absent, known.it = False, None, closed(known.it)
        assert {key: shape(it) for key, it in told.items()} == expected
        for key, event in told.items():
            if key in served:
                it = served[key]
                said = event.incident
                assert (said.title, said.status, str(said.impact)) == (it.title, it.status, it.impact)
                posts = {post.id: post for post in it.posts}
                for update in event.updates:
                    post = posts[update.id]
                    assert (update.status, update.body) == (post.status, post.body)
                    assert update.created_at == post.created_at.replace(microsecond=update.created_at.microsecond)
                    self.times_told[post.id, post.status, post.body] += 1

    def served(self, snapshot: Snapshot, answer: PageSnapshot) -> dict[str, Incident]:
        """The incidents that the documents of a read list."""
        every = snapshot.incidents
        if self.platform == "incidentio":
            return {it.id: it for it in recently(every, WINDOW)}
        listed = [*newest(every, "incident", WINDOW), *(it for it in every.values() if is_open(it))]
        if IncidentKind.MAINTENANCE in answer.feed.history:
            listed += newest(every, "maintenance", WINDOW)
        return {it.id: it for it in listed}

    def must_list(self, known: Heard, served: dict[str, Incident]) -> bool:
        """Whether an open incident that is not listed must have been deleted (4.12), as far as one can know."""
        if self.platform == "statuspage":
            return True
        edge = whole(max(it.created_at for it in known.posts.values())) - timedelta(minutes=10)
        return any(it.created_at < whole(known.it.created_at) and whole(it.touched_at) < edge for it in served.values())

    def parts(self, it: Incident) -> frozenset[str]:
        """The components that the page states."""
        named = {part for post in it.posts for part in post.components} if self.platform == "incidentio" else set()
        return frozenset({*it.linked, *named})

    def learn(self, known: Heard | None, it: Incident) -> Heard:
        parts = self.parts(it) or (known.parts if known else frozenset())
        posts = (known.posts if known else {}) | {post.id: post for post in it.posts}
        return Heard(it, parts, posts, not it.closed)

    def news(self, known: Heard | None, it: Incident) -> Told | None:
        """What there is to tell of an incident (4.2 to 4.9) to somebody who knows that much of it."""
        every = tuple(post.id for post in it.posts)
        if known is None:
            if not it.closed:
                return "new", frozenset(), every
            late = it.posts[-1].created_at > self.baseline
            return ("resolved", frozenset({"missed"}), every) if late else None
        fresh = [post for post in it.posts if post.id not in known.posts]
        edited = [post for post in it.posts if post.id in known.posts and post != known.posts[post.id]]
        parts = self.parts(it)
        changes = {
            name
            for name, differs in {
                "status": it.status != known.it.status,
                "impact": it.impact != known.it.impact,
                "title": it.title != known.it.title,
                "schedule": it.schedule != known.it.schedule,
                "components": bool(parts and known.parts and parts != known.parts),
                "edited": bool(edited),
            }.items()
            if differs
        }
        newest = max(post.created_at for post in known.posts.values())
        words = [post.status in CLOSED for post in fresh if post.created_at > newest]
        again = False in words and True in words[words.index(False) :]
        kind = "updated"
        if known.open and it.closed:
            kind, changes = "resolved", changes | {"status"}
        elif not known.open and not it.closed:
            changes = changes - {"status"} | {"reopened"}
        elif not known.open and again:
            kind, changes = "resolved", changes - {"status"} | {"reopened"}
        elif fresh:
            changes |= {"updates"}
        untold = {post.id for post in (*fresh, *edited)}
        return (kind, frozenset(changes), tuple(key for key in every if key in untold)) if changes else None

    def fails(self) -> list[str]:
        self.failing = self.failing or self.now
        if self.failure_told or self.now - self.failing < timedelta(hours=1):
            return []
        self.failure_told = True
        return ["new"]

    def reads(self) -> list[str]:
        told = ["resolved"] if self.failure_told else []
        self.failing, self.failure_told = None, False
        return told

    # ---- the end

    def teardown(self) -> None:
        """After some good reads all that the page lists was told, each message once as it stood, and no more comes."""
        if not hasattr(self, "vendor"):
            return
        for _ in range(3):
            self.read(40)
        self.begin()
        self.read(1)  # an event has all documents read
        assert self.heard is not None
        for it in self.served(self.snapshots[-1], self.answer(self.documents(self.snapshots[-1]))).values():
            assert self.heard[it.id].open is not it.closed
            for post in it.posts:
                as_it_stands = (post.id, post.status, post.body)
                old = as_it_stands in self.known_before or it.posts[-1].created_at <= self.baseline
                assert self.times_told[as_it_stands] == (not old) or self.is_an_old_one_missed(it), f"{post}"

    def is_an_old_one_missed(self, it: Incident) -> bool:
        """It stood in no document at the first read, and came back into one afterwards."""
        return it.created_at <= self.baseline


def closed(it: Incident) -> Incident:
    """As it is remembered once it was withdrawn."""
    return replace(it, posts=(*it.posts[:-1], replace(it.posts[-1], status="resolved")))


def whole(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


def replace_page(platform: Platform, **fields: Any) -> Page:
    return Page(key=PAGE.key, name=PAGE.name, url=PAGE.url, platform=platform, **fields)


def shape(event: Event) -> Told:
    return str(event.kind), frozenset(map(str, event.changes)), tuple(update.id for update in event.updates)


def pages_own(events: list[Event]) -> list[str]:
    return [str(it.kind) for it in events if it.incident.kind is IncidentKind.PAGE]


def by_id(events: Any) -> list[Event]:
    return sorted(events, key=lambda it: it.id)


def mixed(document: bytes) -> bytes:
    """With the entries of every list and every object in another order."""
    try:
        return json.dumps(shuffled(json.loads(document), Random(len(document)))).encode()
    except ValueError:
        return document


@pytest.mark.parametrize("platform", DOCUMENTS)
def test_a_page(platform: Platform) -> None:
    """4, 5: whatever happens to a page, every update is told exactly once, and nothing that is not so."""
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
