"""A sink that received the start of an incident also receives its end, whichever filter was changed meanwhile."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest

from statuswatch.delivery.starts import started_after
from statuswatch.rules.merge import merge_started
from statuswatch.state import encode_page
from tests.support.fake_receiver import FakeReceiver
from tests.support.fake_vendor import incident, window
from tests.support.page_timeline import PageTimeline, update
from tests.support.page_timeline import incident as listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.workspace import Workspace

# What each sink filters once it received the start.
FILTERS: Final = {
    "all": "",
    "impact": 'min_impact = "critical"',
    "part": 'kinds = ["page"]\ncomponents = ["Login"]\npages = ["bolt"]',
    "starts": 'events = ["new"]',
}
A0: Final = incident("a0", "investigating")


@pytest.fixture
def receiver() -> Iterator[FakeReceiver]:
    with FakeReceiver() as receiver:
        yield receiver


def run(workspace: Workspace, receiver: FakeReceiver, *, filters: bool = False, settings: str = "") -> list[str]:
    """Run `check`, and return the sinks that received something, in order of their names."""
    hook = '[[notify]]\nsink = "webhook"\nname = "{0}"\nurl_env = "{0}"\n{1}\n'
    top = "".join(hook.format(name, own if filters else "") for name, own in FILTERS.items())
    workspace.watch("acme", "bolt", top=top, settings=settings)
    receiver.requests.clear()
    workspace.check(env={name: f"{receiver.url}/{name}" for name in FILTERS})
    return sorted(request.path[1:] for request in receiver.requests)


def started(workspace: Workspace) -> dict[str, Any]:
    """Return what the state file has of the starts that sinks received."""
    names: dict[str, Any] = json.loads(workspace.state.read_bytes()).get("started", {})
    return names


def test_the_end_comes_whatever_a_sink_filters_by_now(workspace: Workspace, receiver: FakeReceiver) -> None:
    """Contract 7.5: only `events` of the sink leave out the end; what goes on is filtered, and nothing is kept."""
    workspace.bolt()
    run(workspace, receiver)
    workspace.acme(incident("a1", "investigating", parts=["API"]), A0)
    assert run(workspace, receiver) == sorted(FILTERS)
    assert started(workspace) == {name: ["acme/a1"] for name in FILTERS}
    before = workspace.state.read_bytes()
    assert run(workspace, receiver, filters=True) == []
    assert workspace.state.read_bytes() == before
    workspace.acme(incident("a1", "investigating", "identified", parts=["API"]), A0)
    assert run(workspace, receiver, filters=True) == ["all"]
    workspace.acme(incident("a1", "investigating", "identified", "resolved", parts=["API"]), A0)
    assert run(workspace, receiver, filters=True) == ["all", "impact", "part"]
    assert started(workspace) == {}


@pytest.mark.parametrize(
    ("settings", "received"),
    [
        ('maintenance = false\nkinds = ["incident"]\n', sorted(FILTERS)),
        ('kinds = ["new"]\n', []),
    ],
)
def test_the_end_comes_whatever_the_page_filters_by_now(
    workspace: Workspace, receiver: FakeReceiver, settings: str, received: list[str]
) -> None:
    """Contract 7.5: the end is not printed, and delivered all the same; only `kinds` without ends leave it out."""
    workspace.bolt()
    run(workspace, receiver)
    workspace.acme(A0, windows=(window("w1", "scheduled"),))
    run(workspace, receiver)
    workspace.acme(A0, windows=(window("w1", "scheduled", "in_progress", "completed"),))
    assert run(workspace, receiver, settings=settings) == received
    assert started(workspace) == {}


def test_a_sink_that_is_removed_is_forgotten(workspace: Workspace, receiver: FakeReceiver) -> None:
    """Contract 7.5: without its table nothing is kept of what it received; a run over some pages keeps it."""
    workspace.bolt()
    run(workspace, receiver)
    workspace.acme(incident("a1", "investigating"), A0)
    run(workspace, receiver)
    workspace.watch("acme", "bolt")
    workspace.check("acme")
    assert sorted(started(workspace)) == sorted(FILTERS)
    workspace.check()
    assert started(workspace) == {}


def test_what_is_kept_of_starts() -> None:
    """Contract 7.5: kept from the first event that a sink accepted, until the incident is over or its page is gone."""
    timeline = PageTimeline()
    updates = [update(1, "investigating"), update(5, "identified"), update(9, "resolved")]
    timeline.read(0)
    kept: tuple[str, ...] = ("acme/gone", "acme/unreadable-x", "bolt/b1", "host:a.example/x")
    names = []
    for count in (1, 2, 3):
        events = timeline.read(10 * count, listed("a1", *updates[:count]))
        assert timeline.state
        kept = started_after(kept, events, events, {"acme": encode_page(timeline.state)})
        names.append(kept)
    goes_on = ("acme/a1", "acme/unreadable-x", "host:a.example/x")
    assert names == [goes_on, goes_on, goes_on[1:]]
    assert started_after(goes_on, (), (), {}) == ("host:a.example/x",)


def test_starts_of_two_sides() -> None:
    """Contract 6.12 and 7.5: a merge keeps what a sink received on either side, but for what ended on one."""
    base = {"hook": ("acme/a1", "acme/a2")}
    ours = {"hook": ("acme/a1", "acme/a3")}
    theirs = {"hook": ("acme/a2", "acme/a4"), "other": ("acme/a4",)}
    assert merge_started(base, ours, theirs) == {"hook": ("acme/a3", "acme/a4"), "other": ("acme/a4",)}
    assert merge_started(base, {}, base) == {}
