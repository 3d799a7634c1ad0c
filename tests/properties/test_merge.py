"""Two runs from one base, at any moments of any story of a page, and the merge of their states."""

from __future__ import annotations

import os
from random import Random
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from statuswatch.model.digest import parse_digests
from statuswatch.model.event import Change, Event
from statuswatch.model.incident import Impact, Incident
from statuswatch.rules.merge import UndecidedError, merge_page
from statuswatch.text import digest
from tests.support.page_timeline import PageTimeline, at, incident, snapshot, update, with_fields

if TYPE_CHECKING:
    from statuswatch.model.page import PageSnapshot
    from statuswatch.model.state import PageState

STATUSES = ("investigating", "identified", "monitoring", "resolved")
STEP = 7  # minutes between two versions of a page
EXAMPLES = int(os.environ.get("STATUSWATCH_EXAMPLES", "150"))


class Story:
    """All versions that a page ever had, each a few minutes after the one before."""

    def __init__(self, seed: int, length: int, *, with_times: bool) -> None:
        self._random = Random(seed)
        self.with_times = with_times
        self._incidents: dict[str, Incident] = {}
        self._minutes = 0.0
        self.versions: list[PageSnapshot] = []
        self._open()
        for _ in range(length):
            self.versions.append(self._snapshot())
            self._minutes += STEP
            self._random.choice((self._open, self._post, self._post, self._post, self._change))()

    def _snapshot(self) -> PageSnapshot:
        times = {"incidents.json": at(self._minutes)} if self.with_times else {}
        entries = [with_fields(entry, entry_digest=digest(repr(entry))) for entry in self._incidents.values()]
        listed = sorted(entries, key=lambda entry: entry.created_at, reverse=True)
        return snapshot(*listed, updated_at=times)

    def _open(self) -> None:
        key = f"i{len(self._incidents)}"
        self._incidents[key] = incident(key, update(self._minutes, "investigating", key=f"{key}-0"))

    def _post(self) -> None:
        before = self._random.choice([*self._incidents.values()])
        post = update(self._minutes, self._random.choice(STATUSES), key=f"{before.id}-{len(before.updates)}")
        self._incidents[before.id] = with_fields(before, updates=(*before.updates, post), status=post.status)

    def _change(self) -> None:
        before = self._random.choice([*self._incidents.values()])
        impact = self._random.choice((Impact.MINOR, Impact.MAJOR, Impact.CRITICAL))
        changes: tuple[dict[str, Any], ...] = (
            {"impact": impact} if self.with_times else {},  # may change back: only times tell that apart
            {"title": f"Title of {self._minutes}"},
            {"updates": (with_fields(before.updates[0], body=f"edited {self._minutes}"), *before.updates[1:])},
        )
        self._incidents[before.id] = with_fields(before, **self._random.choice(changes))


def run_from(base: PageState, story: Story, moments: list[int]) -> PageTimeline:
    """Read the page at these versions of it, starting with the base."""
    timeline = PageTimeline()
    timeline.state = base
    for moment in moments:
        timeline.apply(moment * STEP + 1, story.versions[moment])
    return timeline


def digests(state: PageState) -> set[tuple[str, str]]:
    return {
        (key, digest.id_digest) for key, record in state.incidents.items() for digest in parse_digests(record.updates)
    }


def described(event: Event) -> tuple[object, ...]:
    """Return what an event reports, but for what one side may have reported together with something else."""
    telling = (Change.MISSED, Change.REOPENED, Change.UPDATES)
    return event.kind, event.incident.id, [one for one in event.changes if one in telling], event.updates


moments = st.lists(st.integers(2, 9), min_size=1, max_size=4, unique=True).map(sorted)


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10_000), with_times=st.booleans(), ours=moments, theirs=moments)
def test_a_merge_loses_nothing_and_reports_nothing_again(
    *,
    seed: int,
    with_times: bool,
    ours: list[int],
    theirs: list[int],
) -> None:
    """Contract 6.12: the merged state remembers what either run did; the newest documents that either read yield no
    event again.

    Where the page states its times every merge is decided. Where it does not, a value that changed back is left out of
    the law: nothing tells it from one that did not change yet. What happens later is reported once, with its updates.
    """
    story = Story(seed, 12, with_times=with_times)
    start = PageTimeline()
    start.apply(1, story.versions[0])
    start.apply(STEP + 1, story.versions[1])
    base = start.state
    assert base
    runs = [run_from(base, story, moments) for moments in (ours, theirs)]
    mine, other = (run.state for run in runs)
    assert mine and other
    if ours[0] == theirs[0]:
        first = [run_from(base, story, moments[:1]).event_ids for moments in (ours, theirs)]
        assert first[0] == first[1], "the same documents, and another event"
    if mine in (base, other) or other == base:
        return  # one side alone changed it
    try:
        merged = merge_page(base, mine, other)
    except UndecidedError:
        assert not with_times
        return
    assert digests(merged) >= digests(mine) | digests(other)
    assert {*merged.incidents} == {*mine.incidents, *other.incidents}
    again = PageTimeline()
    again.state = merged
    newest = max(*ours, *theirs)
    assert again.apply(newest * STEP + 2, story.versions[newest]) == []
    # The next event is the one that a run would report which alone had read everything.
    alone = run_from(base, story, sorted({*ours, *theirs}))
    after = story.versions[11]
    events, expected = again.apply(11 * STEP + 1, after), alone.apply(11 * STEP + 1, after)
    assert [described(event) for event in events] == [described(event) for event in expected]
    assert not {event.id for event in events} & {*runs[0].event_ids, *runs[1].event_ids}
