"""Alertmanager: an incident is an alert that fires while it is open, and that is sent again as long as it is."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from statuswatch.delivery.deliver import connect, deliver, send_examples
from statuswatch.delivery.renewal import find_renewals
from statuswatch.errors import UsageError
from statuswatch.model.incident import Impact
from statuswatch.model.mute import Mute
from statuswatch.model.state import State
from statuswatch.net.response import Response
from statuswatch.schedule import Interval
from statuswatch.sinks.alertmanager import Alertmanager, alert
from statuswatch.state import encode_page
from tests.support.fake_alertmanager import FakeAlertmanager
from tests.support.fake_receiver import SECRET
from tests.support.fake_vendor import incident as listed_incident
from tests.support.hostile_text import MARKUP, hostile_delivery
from tests.support.page_timeline import PAGE, PageTimeline, at, incident, update
from tests.support.sending import connected, new_deliveries, resolved, send
from tests.support.simulated_watch import START as WATCH_START
from tests.support.simulated_watch import simulated, watch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from statuswatch.model.event import PendingDelivery
    from statuswatch.model.report import SinkOutcome
    from tests.support.workspace import Workspace

OPENED = update(1, "investigating", "We look.")
CLOSED = update(20, "resolved", "It is over.")
EXPIRY = datetime(2026, 3, 8, tzinfo=UTC)


@pytest.fixture
def manager() -> Iterator[FakeAlertmanager]:
    with FakeAlertmanager() as manager:
        yield manager


class Runs:
    """Runs over one page for one sink: read, deliver, and send again what is open."""

    def __init__(self, manager: FakeAlertmanager, *mutes: Mute, **options: Any) -> None:
        self.manager, self.mutes = manager, mutes
        self.sinks = connected("alertmanager", {"url": manager.url, **options}, {})
        self.timeline = PageTimeline()
        self.timeline.read(0)
        self.waiting: tuple[PendingDelivery, ...] = ()

    def run(self, minutes: float, *incidents: Any) -> tuple[SinkOutcome, ...]:
        events = self.timeline.read(minutes, *incidents)
        assert self.timeline.state
        state = State(pages={"acme": encode_page(self.timeline.state)})
        renewals = find_renewals(state, [PAGE], self.mutes, at(minutes))
        outbox = {"alertmanager": self.waiting} if self.waiting else {}
        outcomes = deliver(self.sinks, events, outbox, at(minutes), mutes=self.mutes, renewals=renewals)
        self.waiting = next((outcome.waiting for outcome in outcomes), ())
        return outcomes

    def firing(self) -> list[tuple[str, str]]:
        return [(entry["labels"]["incident"], entry["labels"]["impact"]) for entry in self.manager.firing]


def test_an_alert(manager: FakeAlertmanager) -> None:
    """Labels identify, annotations tell: vendor, components, impact and kind; title, newest message, all messages."""
    assert send("alertmanager", {"url": manager.url}, {}, *new_deliveries(1)).sent == 1
    (sent,) = manager.firing
    assert sent["labels"] == {
        "alertname": "VendorIncident",
        "page": "acme",
        "incident": "a0",
        "vendor": "Acme",
        "kind": "incident",
        "impact": "minor",
        "component": "API",
    }
    assert {name: sent["annotations"][name] for name in ("title", "message", "updates")} == {
        "title": "Incident a0",
        "message": "investigating — We look.",
        "updates": "investigating — We look.",
    }
    assert (sent["startsAt"], sent["generatorURL"]) == (
        "2026-03-07T09:01:00Z",
        "https://status.acme.example/incidents/a0",
    )
    left = datetime.fromisoformat(sent["endsAt"]) - datetime.now(UTC)
    assert timedelta(hours=23) < left <= timedelta(hours=24)


def test_the_course_of_an_incident(manager: FakeAlertmanager) -> None:
    """There is one alert of an incident at any time, also while its labels change; it ends with the incident, and
    fires again when it reopens.
    """
    runs = Runs(manager)
    runs.run(5, incident("a", OPENED))
    assert runs.firing() == [("a", "minor")]
    runs.run(10, incident("a", OPENED, update(9, "identified"), impact=Impact.MAJOR, components=("API", "Login")))
    assert runs.firing() == [("a", "major")] and manager.firing[0]["labels"]["component"] == "API, Login"
    runs.run(25, incident("a", OPENED, update(9, "identified"), CLOSED, impact=Impact.MAJOR))
    assert runs.firing() == []
    runs.run(
        40, incident("a", OPENED, update(9, "identified"), CLOSED, update(39, "investigating"), impact=Impact.MAJOR)
    )
    assert runs.firing() == [("a", "major")]


def test_an_end_is_where_the_vendor_has_it() -> None:
    """An alert ends with the vendor's closing update; nothing ends before it began, or starts in the future."""
    opened = new_deliveries(1)[0]
    end = resolved(opened)[0]
    ended = alert(end, EXPIRY)
    assert ended.endsAt == end.event.at <= end.detected_at and ended.startsAt == opened.event.incident.created_at
    early = msgspec.structs.replace(end, detected_at=at(-60))
    ended = alert(early, EXPIRY)
    assert ended.startsAt == ended.endsAt == at(-60)


def test_what_is_open_is_sent_again(manager: FakeAlertmanager) -> None:
    """Contract 7.6.0: at every run an open alert gets a later end, as it was sent; one that Alertmanager lost begins
    anew. What is over is not touched, and without anything open nothing is sent.
    """
    runs = Runs(manager)
    assert runs.run(4) == () and manager.requests == []
    runs.run(5, incident("a", OPENED))
    (first,) = manager.firing
    assert runs.run(10, incident("a", OPENED)) == (), "a renewal that succeeds is not reported"
    (second,) = manager.firing
    assert second.pop("endsAt") > first.pop("endsAt") and second == first
    manager.alerts.clear()
    runs.run(15, incident("a", OPENED))
    (restored,) = manager.firing
    assert restored["labels"] == first["labels"] and restored["annotations"]["message"] == "investigating — We look."
    assert restored["startsAt"] == first["startsAt"]
    runs.run(25, incident("a", OPENED, CLOSED))
    count = len(manager.requests)
    assert runs.run(30, incident("a", OPENED, CLOSED)) == () and len(manager.requests) == count


@pytest.mark.parametrize(
    "options", [{"min_impact": "major"}, {"kinds": ["page"]}, {"events": ["resolved"]}, {"components": ["Login"]}]
)
def test_what_the_filters_hold_back_is_never_sent(manager: FakeAlertmanager, options: dict[str, Any]) -> None:
    """Contract 7.6.0: an incident whose start the sink does not receive is not begun by what is sent again."""
    runs = Runs(manager, **options)
    for minutes in (5, 10):
        runs.run(minutes, incident("a", OPENED))
    assert manager.requests == []


def test_a_muted_incident(manager: FakeAlertmanager) -> None:
    """Contract 7.6.0: one that was muted from the start is not begun; one whose start was received goes on firing
    while it is muted, but does not begin anew.
    """
    runs = Runs(manager, Mute(page="acme", incident="a"))
    for minutes in (5, 10):
        runs.run(minutes, incident("a", OPENED))
    assert manager.firing == [] and len(runs.waiting) == 1
    runs.mutes = ()
    runs.run(15, incident("a", OPENED))
    (first,) = manager.firing
    runs.mutes = (Mute(page="acme", incident="a"),)
    runs.run(16, incident("a", OPENED))
    assert manager.firing[0]["endsAt"] > first["endsAt"]
    manager.alerts.clear()
    runs.run(17, incident("a", OPENED))
    assert manager.alerts == []


def test_outside_the_hours(manager: FakeAlertmanager) -> None:
    """Contract 7.6.0: outside the sink's `hours` what Alertmanager has goes on firing; nothing begins there, or begins
    anew. Within them it does.
    """
    runs = Runs(manager, hours="Sat 09:00-09:20 UTC")  # the first read is at 09:00
    runs.run(5, incident("a", OPENED))
    (first,) = manager.firing
    late = update(29, "investigating")
    runs.run(30, incident("a", OPENED), incident("b", late))
    assert runs.firing() == [("a", "minor")] and manager.firing[0]["endsAt"] > first["endsAt"]
    assert [delivery.event.incident.id for delivery in runs.waiting] == ["b"]
    manager.alerts.clear()
    runs.run(35, incident("a", OPENED), incident("b", late))
    assert manager.alerts == []
    runs.run(7 * 24 * 60 + 5, incident("a", OPENED), incident("b", late))
    assert sorted(runs.firing()) == [("a", "minor"), ("b", "minor")] and not runs.waiting


def test_a_watch(manager: FakeAlertmanager, tmp_path: Path) -> None:
    """Contract 7.6.0: a pass of a watch sends again what is open on all of its pages, also where it does not read."""
    intervals = {"acme": Interval(3600), "bolt": Interval(300)}
    passes, clock, vendors = simulated(tmp_path, "acme", "bolt", intervals=intervals)
    passes.sinks = connected("alertmanager", {"url": manager.url}, {})
    clock.at(1, lambda: vendors.incidents.update(acme=[listed_incident("a", "investigating", at=WATCH_START)]))
    clock.at(75, lambda: manager.alerts.clear())
    watch(passes, 81)
    assert passes.event_lines() == ["new acme"] and all(minutes < 75 for minutes in vendors.times("acme"))
    assert [entry["labels"]["incident"] for entry in manager.firing] == ["a"]


def test_a_shared_incident(manager: FakeAlertmanager, tmp_path: Path) -> None:
    """Contract 7.6.0: a sink whose `kinds` have `page` receives an incident of several pages, is sent it again while
    one of them is among the pages of the run, and receives its end.
    """
    keys = [f"p{number}" for number in range(6)]
    passes, clock, vendors = simulated(tmp_path, *keys, every=600)
    passes.sinks = connected("alertmanager", {"url": manager.url, "kinds": ["page"]}, {})
    clock.at(1, lambda: vendors.answers.update(dict.fromkeys(keys[:5], Response(503, {}))))
    clock.at(100, lambda: manager.alerts.clear())
    watch(passes, 115)
    assert passes.event_lines() == ["new platform:statuspage"]
    (sent,) = manager.firing
    assert sent["labels"]["page"] == "platform:statuspage" and "5 of 6 watched pages" in sent["annotations"]["title"]
    state, pages = passes.reports[-1].state, passes.config.pages
    assert [len(find_renewals(state, part, (), clock.now()).events) for part in (pages[:1], pages[5:])] == [1, 0]
    vendors.answers.clear()
    watch(passes, 20)
    assert passes.event_lines()[1:] == ["resolved platform:statuspage"] and manager.firing == []


def test_what_waits_is_not_overtaken(manager: FakeAlertmanager) -> None:
    """Contract 7.6.0: an incident whose start was rejected is not begun by what is sent again in its place."""
    runs = Runs(manager)
    manager.replies = [400]
    (outcome,) = runs.run(5, incident("a", OPENED))
    assert len(outcome.waiting) == 1 and manager.firing == []
    manager.replies = [400]
    runs.run(6, incident("a", OPENED))
    assert manager.firing == [] and len(runs.waiting) == 1
    runs.run(7, incident("a", OPENED))
    assert runs.firing() == [("a", "minor")] and not runs.waiting


def test_a_renewal_that_fails_loses_nothing(manager: FakeAlertmanager) -> None:
    """Contract 7.6.0: it is a remark and no failure of the run: no event waits, and the next run sends it again."""
    runs = Runs(manager)
    runs.run(5, incident("a", OPENED))
    manager.replies = [403]
    (outcome,) = runs.run(10, incident("a", OPENED))
    assert not outcome.failed and outcome.waiting == ()
    assert outcome.remarks == ("what is open could not be sent again: HTTP 403: ok; retried on the next run",)
    assert runs.run(15, incident("a", OPENED)) == ()


def test_the_command(workspace: Workspace, manager: FakeAlertmanager) -> None:
    """Contract 7.6.0: a run over some pages sends again what is open on these only; a page that cannot be read keeps
    its alerts; a dry run sends nothing.
    """
    workspace.watch("acme", "bolt", top=f'[[notify]]\nsink = "alertmanager"\nurl = "{manager.url}"\n')
    workspace.acme()
    workspace.bolt()
    workspace.check()
    workspace.acme(listed_incident("a1", "investigating"))
    workspace.bolt(listed_incident("b1", "investigating"))
    workspace.check()
    assert sorted(entry["labels"]["page"] for entry in manager.firing) == ["acme", "bolt"]
    manager.alerts.clear()
    workspace.check("--dry-run")
    assert manager.alerts == []
    assert "alertmanager" not in workspace.check("bolt").err
    assert [entry["labels"]["page"] for entry in manager.firing] == ["bolt"]
    workspace.vendor.answer("/acme/api/v2/incidents.json", "", 500)
    workspace.vendor.answer("/acme/api/v2/summary.json", "", 500)
    assert "acme" in workspace.check().err
    assert sorted(entry["labels"]["page"] for entry in manager.firing) == ["acme", "bolt"]


def test_an_example(manager: FakeAlertmanager) -> None:
    """Contract 7.6: `notify test` begins and ends an alert."""
    sinks = connected("alertmanager", {"url": manager.url}, {})
    (outcome,) = send_examples(sinks, datetime.now(UTC))
    assert outcome.sent == 2 and manager.firing == [] and len(manager.alerts) == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"url": f"http://robot:{SECRET}@alerts.example"}, "url: not the address of an Alertmanager"),
        ({"url": "alerts.example:9093"}, "url: not the address of an Alertmanager"),
        ({"expires_after": 59}, "expires_after: at least 60 seconds"),
        ({"username_env": "USER"}, "username_env and password_env: both, or neither"),
        ({"token_env": "T", "username_env": "U", "password_env": "P"}, "not both"),
    ],
)
def test_options_that_cannot_be_right(options: dict[str, Any], words: str) -> None:
    """They end the run at its start, and repeat no secret."""
    with pytest.raises(UsageError, match=words) as raised:
        connected("alertmanager", {"url": "http://alerts.example", **options}, dict.fromkeys("TUP", SECRET))
    assert "T0PSECRET" not in str(raised.value)


def test_logins(manager: FakeAlertmanager) -> None:
    """A bearer token or a login goes with every request, also with those that send again."""
    login = base64.b64encode(f"robot:{SECRET}".encode()).decode()
    logins: list[tuple[dict[str, Any], str]] = [
        ({"token_env": "T"}, f"Bearer {SECRET}"),
        ({"username_env": "U", "password_env": "T"}, f"Basic {login}"),
    ]
    for options, header in logins:
        opened = new_deliveries(1)
        sinks = connected("alertmanager", {"url": manager.url, **options}, {"T": SECRET, "U": "robot"})
        manager.requests.clear()
        outcomes = deliver(sinks, [opened[0].event, resolved(*opened)[0].event], {}, at(60))
        assert [outcome.sent for outcome in outcomes] == [2] and len(manager.requests) == 3
        assert {request.headers["Authorization"] for request in manager.requests} == {header}


def test_an_answer_that_is_no_list(manager: FakeAlertmanager) -> None:
    """What answers with something else is no Alertmanager: the event waits, and the reason says what to look at."""
    manager.replies = [200]
    (kept,) = send("alertmanager", {"url": manager.url}, {}, *resolved(*new_deliveries(1))).waiting
    assert "`url` must be the address of an Alertmanager" in kept.reason


def test_a_vendors_words() -> None:
    """Nothing that a vendor writes mentions anybody or is a link, in labels and annotations; an id is a plain word."""
    hostile = hostile_delivery(MARKUP)
    incident_id = "https://evil.example/@everyone"
    odd = msgspec.structs.replace(hostile.event.incident, id=incident_id, url="https://x.example/a b%zz")
    sent = alert(msgspec.structs.replace(hostile, event=msgspec.structs.replace(hostile.event, incident=odd)), EXPIRY)
    words = [*sent.labels.values(), *sent.annotations.values()]
    assert not [word for word in words if "://" in word or "@e" in word or "<!" in word or "<@" in word]
    assert sent.labels["incident"].isalnum() and len(sent.labels["incident"]) == 16
    assert sent.generatorURL == "", "Alertmanager would reject the whole request"


def test_the_default_kinds() -> None:
    """Contract 7.5: nobody is called for what is planned, or for a page that cannot be read, unless `kinds` say so."""
    (sink,) = connect(connected_config(), {})
    assert sink.config.kinds == Alertmanager.DEFAULT_KINDS == frozenset({"incident"})


def connected_config() -> Any:
    return [sink.config for sink in connected("alertmanager", {"url": "http://alerts.example"}, {})]
