"""Issues: one for an incident, each event in it once, whatever fails on the way."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import stamina
from hypothesis import example, given, settings

from statuswatch.delivery import deliver as delivery_stage
from statuswatch.delivery.deliver import deliver, send_examples
from statuswatch.errors import UsageError
from statuswatch.model.event import EventKind, PendingDelivery
from statuswatch.model.incident import EXPIRED, Impact
from statuswatch.net.trust import trust_store
from statuswatch.sinks import github_issues
from tests.support.fake_github import STRANGER, TOKEN, FakeGitHub, Fault
from tests.support.hostile_text import ALL_SPLICES, hostile_event, vendor_texts
from tests.support.loopback_server import Reply
from tests.support.markdown_reader import found_by_github, structure, visible
from tests.support.page_timeline import PAGE, PageTimeline, incident, update, with_fields
from tests.support.sending import NOW, connected, new_deliveries, resolved, send

if TYPE_CHECKING:
    from collections.abc import Iterator

    from statuswatch.model.event import Event
    from statuswatch.model.report import SinkOutcome
    from tests.support.loopback_server import Request

SINK = "github-issues"
OPTIONS: dict[str, Any] = {"repository": "me/watch"}
ENV = {"GITHUB_TOKEN": TOKEN}
HOSTILE = (
    "x" * 300 + "@everyone @org/team #1 GH-2 o/r#3 [x](y) https://evil.example www.evil.example <b>`c`</b> :fire: -->"
)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Retries do not wait, and the certificates are read once for all runs of a test."""
    monkeypatch.setattr(delivery_stage, "trust_store", cache(trust_store))
    with stamina.set_testing(True, attempts=3):
        yield


def deliver_to(github: FakeGitHub, *due: Event | PendingDelivery, **options: Any) -> SinkOutcome:
    """Run once with these events due."""
    deliveries = [entry if isinstance(entry, PendingDelivery) else PendingDelivery(entry, NOW) for entry in due]
    return send(SINK, {**OPTIONS, "api": github.url, **options}, ENV, *deliveries)


def course() -> list[Event]:
    """Return the events of one incident: new, updated, resolved, reopened, resolved."""
    timeline = PageTimeline()
    events: list[Event] = []
    timeline.read(0)
    steps = ("investigating", "identified", "resolved", "monitoring", "resolved")
    updates = [update(2 * number + 1, status, f"Word {number}.") for number, status in enumerate(steps)]
    for number in range(len(steps)):
        events += timeline.read(2 * number + 2, incident("a-->b", *updates[: number + 1], impact=Impact.MAJOR))
    assert [event.kind for event in events] == ["new", "updated", "resolved", "updated", "resolved"]
    return events


def contents(github: FakeGitHub) -> list[Any]:
    """Return everything about the repository that a reader sees."""
    return [
        [issue[name] for name in ("title", "state", "state_reason", "body")]
        + [sorted(label["name"] for label in issue["labels"])]
        + [comment["body"] for comment in github.comments[issue["number"]]]
        for issue in github.issues
    ]


# ------------------------------------------------------------------------------------------------------- the law


def test_an_incident_is_one_issue() -> None:
    """Opened on new, a comment per update, closed on resolved, reopened on reopening, labels by page and impact."""
    with FakeGitHub() as github:
        states = []
        for event in course():
            assert deliver_to(github, event).remarks == ()
            (issue,) = github.issues
            states.append((issue["state"], issue["state_reason"]))
    closed = ("closed", "completed")
    assert states == [("open", None), ("open", None), closed, ("open", "reopened"), closed]
    assert issue["title"] == "Acme - API: Incident a-->b"
    assert [label["name"] for label in issue["labels"]] == ["statuswatch", "page: acme", "impact: major"]
    bodies = [issue["body"], *(comment["body"] for comment in github.comments[1])]
    assert [re.findall(r"Word \d", body) for body in bodies] == [[f"Word {number}"] for number in range(5)]
    assert all("published 2026-03-07 09:0" in body and "detected 2026-03-07 12:00:00 UTC" in body for body in bodies)


@pytest.mark.parametrize(
    ("fault", "again"),
    [
        ("before", "waiting"),
        ("after", "all"),
        ("after", "waiting"),
        ("after", "within the run"),
    ],
)
def test_a_fault_changes_nothing_in_the_end(fault: Fault, again: str) -> None:
    """Whichever request fails, before or after it took effect, and whatever is sent again after it, in the end there
    is one issue with each event once and the right state.
    """
    events = [PendingDelivery(event, NOW) for event in course()]
    with FakeGitHub() as github:
        assert deliver_to(github, *events).remarks == ()
        requests, expected = len(github.requests), contents(github)
    assert requests > 15
    attempts = 3 if again == "within the run" else 1
    for number in range(requests):
        with (
            FakeGitHub(fault_at=number, fault=fault) as github,
            stamina.set_testing(True, attempts=attempts),
        ):
            first = deliver_to(github, *events)
            assert bool(first.waiting) == (again != "within the run")
            if again != "within the run":
                assert deliver_to(github, *(events if again == "all" else first.waiting)).remarks == ()
            assert contents(github) == expected, f"request {number} failed: {github.requests[number].path}"


def test_a_repeat_changes_nothing() -> None:
    """Events that are all in the issue are sent again without a single change."""
    with FakeGitHub() as github:
        deliver_to(github, *course())
        before, count = contents(github), len(github.requests)
        deliver_to(github, *course())
        assert contents(github) == before
        assert {request.method for request in github.requests[count:]} == {"GET"}


@pytest.mark.parametrize("first", range(5))
def test_whichever_event_is_first(first: int) -> None:
    """An incident without an issue gets one with all that is known, in the state that the event says."""
    event = course()[first]
    with FakeGitHub() as github:
        deliver_to(github, event)
        ((_, state, _, body, _, *comments),) = contents(github)
    assert re.findall(r"Word \d", body) == [f"Word {number}" for number in range(first + 1)]
    assert (state, comments) == ("closed" if event.kind == "resolved" else "open", [])


# -------------------------------------------------------------------------------------------- what people do


def test_an_issue_that_was_deleted() -> None:
    """An issue that a person deleted is made again by the next event, with all that is known."""
    new, updated, *_ = course()
    with FakeGitHub() as github:
        deliver_to(github, new)
        github.issues.clear()
        deliver_to(github, updated)
        ((_, state, _, body, _, *comments),) = contents(github)
    assert (state, comments) == ("open", []) and "Word 0" in body and "Word 1" in body


def test_an_issue_that_a_person_closed() -> None:
    """It stays closed, and is commented on, until the vendor reopens the incident."""
    new, updated, end, reopened, _ = course()
    with FakeGitHub() as github:
        deliver_to(github, new)
        github.issues[0] |= {"state": "closed", "state_reason": "not_planned"}
        deliver_to(github, updated, end)
        assert github.issues[0]["state_reason"] == "not_planned" and len(github.comments[1]) == 2
        deliver_to(github, reopened)
        assert github.issues[0]["state"] == "open"


def test_comments_and_labels_of_people_stay() -> None:
    """Labels of people are kept, the one of the impact follows the vendor, and so does the title."""
    new, updated, *_ = course()
    worse = msgspec.structs.replace(
        updated, incident=with_fields(updated.incident, impact=Impact.CRITICAL, title="All of it")
    )
    with FakeGitHub() as github:
        deliver_to(github, new)
        github.issues[0]["labels"].append({"name": "ours"})
        github.add_comment(1, "We are on it.", user=STRANGER)
        deliver_to(github, worse)
        assert github.issues[0]["title"] == "Acme - API: All of it"
        names = {label["name"] for label in github.issues[0]["labels"]}
        assert names == {"statuswatch", "page: acme", "impact: critical", "ours"}
        assert len(github.comments[1]) == 2


def test_a_stranger_silences_nothing() -> None:
    """A marker in a stranger's comment, or in an issue without our labels, is not ours."""
    new, updated, *_ = course()
    with FakeGitHub() as github:
        github.add_issue("Mine", github_issues.marker("incident", f"acme/{new.incident.id}"), user=STRANGER)
        deliver_to(github, new)
        github.add_comment(2, github_issues.marker("event", updated.id), user=STRANGER)
        deliver_to(github, updated)
        assert len(github.issues) == 2
        assert "Word 1" in github.comments[2][-1]["body"]


def test_another_token_of_the_owner() -> None:
    """A comment made with another token counts: of a bot, or of somebody who may write."""
    new, updated, *_ = course()
    for user, association in (({"login": "another[bot]", "type": "Bot"}, "NONE"), (STRANGER, "OWNER")):
        with FakeGitHub() as github:
            deliver_to(github, new)
            github.add_comment(1, github_issues.marker("event", updated.id), user=user, association=association)
            deliver_to(github, updated)
            assert len(github.comments[1]) == 1


def test_many_issues_comments_and_pull_requests() -> None:
    """The issue is found behind 250 others, and the event behind 250 comments; a pull request is no issue. Pages of a
    list are requested from no address but the configured one, however large they are.
    """
    new, updated, *_ = course()
    mark = github_issues.marker("incident", f"acme/{new.incident.id}")
    with FakeGitHub() as github:
        deliver_to(github, new)
        for number in range(250):
            github.add_issue(f"Other {number}", "x" * 2000, "statuswatch", "page: acme")
            github.add_comment(1, f"Comment {number} of somebody")
        github.add_issue("A pull request", mark, "statuswatch", "page: acme", pull_request={"url": "x"})
        deliver_to(github, updated)
        assert (len(github.issues), len(github.comments[1])) == (252, 251)
        deliver_to(github, updated)
        assert (len(github.issues), len(github.comments[1])) == (252, 251)


# -------------------------------------------------------------------------------------------------- rejections


@pytest.mark.parametrize(
    ("repository", "options", "env", "reason"),
    [
        ({}, {}, {"GITHUB_TOKEN": "wrong-token-x1x2"}, "401: Bad credentials (the token in $GITHUB_TOKEN is not valid"),
        ({"may_write": False}, {}, ENV, "a workflow's job needs `permissions: issues: write`"),
        ({"may_label": False}, {}, ENV, "403: Must have push access"),
        ({"issues_enabled": False}, {}, ENV, "switch the issues on in the settings"),
        ({}, {"repository": "me/nothing"}, ENV, "404: Not Found (no such repository"),
    ],
)
def test_a_cause_that_a_person_must_remove(
    repository: dict[str, Any], options: dict[str, Any], env: dict[str, str], reason: str
) -> None:
    """A final rejection says what to do, adds nothing to the repository, keeps the event, and repeats no secret."""
    with FakeGitHub(**repository) as github:
        outcome = send(SINK, {**OPTIONS, "api": github.url, **options}, env, *new_deliveries(1))
        assert (outcome.sent, len(outcome.waiting), github.issues) == (0, 1, [])
        assert len(github.requests) <= 2, "requested again"
    assert reason in outcome.remarks[0]
    assert env["GITHUB_TOKEN"] not in str(outcome)


def test_a_repository_that_moved() -> None:
    """A redirect is a rejection that says so; the token goes to no other address."""
    with FakeGitHub() as github, FakeGitHub() as other:
        github.replies = [Reply(301, {"Location": f"{other.url}/repos/new/name"})]
        outcome = deliver_to(github, *new_deliveries(1))
        assert other.requests == []
    assert "set `repository` to its new name" in outcome.remarks[0]


@pytest.mark.parametrize(
    "limit",
    [
        Reply(403, {"Retry-After": "0"}, b'{"message": "You have exceeded a secondary rate limit."}'),
        Reply(403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}, b'{"message": "API rate limit exceeded"}'),
        Reply(502, {}, b"<html>"),
    ],
)
def test_a_limit_passes(limit: Reply) -> None:
    """A rate limit that is over soon is waited for within the run."""
    with FakeGitHub() as github:
        github.replies = [limit]
        assert deliver_to(github, *new_deliveries(1)).sent == 1


@pytest.mark.parametrize(
    "limit",
    [
        Reply(403, {}, b'{"message": "You have exceeded a secondary rate limit."}'),
        Reply(429, {"Retry-After": "60"}),
        Reply(403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "99999999999"}, b'{"message": "slower"}'),
    ],
)
def test_a_longer_limit_waits_for_the_next_run(limit: Reply) -> None:
    """Where GitHub asks for a pause of a minute or more it is left alone in this run, and nothing is given up."""
    with FakeGitHub() as github:
        github.replies = [limit]
        outcome = deliver_to(github, *new_deliveries(2))
        assert len(github.requests) == 1 and len(outcome.waiting) == 2


@pytest.mark.parametrize("content", [b"ok", b"{}", b'[{"number": 1}]', b"\xff"])
def test_a_server_that_is_not_github(content: bytes) -> None:
    """A response that is not GitHub's is a rejection, not a delivery and not a fault of ours."""
    with FakeGitHub() as github:
        github.replies = [Reply(200, {}, content)] * 4
        (remark, *_) = deliver_to(github, *new_deliveries(1)).remarks
    assert "not GitHub's API" in remark


@pytest.mark.parametrize(
    ("options", "env"),
    [
        ({"repository": "watch"}, ENV),
        ({"repository": "me/.."}, ENV),
        ({"repository": "me/watch/issues?x"}, ENV),
        ({"api": "api.github.com"}, ENV),
        ({"api": "https://user:word@api.github.com"}, ENV),
    ],
)
def test_options_that_cannot_be_right(options: dict[str, Any], env: dict[str, str]) -> None:
    """They end the run at its start, and no value of a variable is repeated."""
    with pytest.raises(UsageError) as error:
        connected(SINK, {**OPTIONS, **options}, env)
    assert not [value for value in env.values() if re.search(rf"(?<!\w){value}(?!\w)", str(error.value))]


@pytest.mark.parametrize(
    ("options", "env"),
    [
        ({"repository": ""}, ENV),
        ({"repository": ""}, {**ENV, "GITHUB_REPOSITORY": "me"}),
        ({}, {"GITHUB_TOKEN": "two words"}),
        ({}, {}),
    ],
)
def test_variables_that_cannot_be_right(options: dict[str, Any], env: dict[str, str]) -> None:
    """7: they break the sink only, and no value of a variable is repeated."""
    (sink,) = connected(SINK, {**OPTIONS, **options}, env)
    assert sink.broken
    assert not [value for value in env.values() if re.search(rf"(?<!\w){value}(?!\w)", sink.broken)]


class LaggingGitHub(FakeGitHub):
    """Lists an issue only after `lag` more requests for lists, and answers 502 to the creation of one."""

    def __init__(self, *, lag: int) -> None:
        super().__init__()
        self.lag = lag

    def _list_issues(self, path: str, query: dict[str, str]) -> Reply:
        if self.issues and self.lag:
            self.lag -= 1
            return Reply(200, {}, b"[]")
        return super()._list_issues(path, query)

    def _create_issue(self, request: Request) -> Reply:
        super()._create_issue(request)
        return Reply(502, {}, b'{"message": "Server Error"}')


@pytest.mark.parametrize(("lag", "waits"), [(0, 0), (1, 0), (5, 1)])
def test_a_create_that_answered_502_makes_one_issue(lag: int, waits: int) -> None:
    """Contract 7.6.3: the list is asked again before anything is created again: in the run for as long as it may
    lag, and then by the next run.
    """
    with LaggingGitHub(lag=lag) as github:
        sinks = connected(SINK, {**OPTIONS, "api": github.url}, ENV)
        (outcome,) = deliver(sinks, (), {SINK: new_deliveries(1)}, NOW)
        assert (len(outcome.waiting), len(github.issues)) == (waits, 1)
        github.lag = 0
        (again,) = deliver(sinks, (), {SINK: new_deliveries(1)}, NOW)
        assert (again.waiting, len(github.issues)) == ((), 1)


def test_a_locked_issue_is_closed_first() -> None:
    """Contract 7.6.3: GitHub may refuse a comment on a locked issue: by then the issue is closed."""
    opened = new_deliveries(1)
    with FakeGitHub() as github:
        deliver_to(github, *opened)
        (issue,) = github.issues
        issue["locked"] = True
        github.requests.clear()
        deliver_to(github, *resolved(*opened))
        assert [request.method for request in github.requests if request.method != "GET"] == ["PATCH", "POST"]
        assert issue["state"] == "closed"


@pytest.mark.parametrize(
    ("errors", "reason"),
    [
        ([{"resource": "Issue", "field": "title", "code": "missing_field"}], "Validation Failed: title missing_field"),
        ([{"message": "body is too long"}, "and more"], "Validation Failed: body is too long, and more"),
        ([], "Validation Failed"),
    ],
)
def test_the_details_of_a_rejection(errors: list[Any], reason: str) -> None:
    """What GitHub lists in `errors` is in the reason."""
    content = json.dumps({"message": "Validation Failed", "errors": errors}).encode()
    with FakeGitHub() as github:
        github.replies = [Reply(422, {}, content)]
        (remark, *_) = deliver_to(github, *new_deliveries(1)).remarks
    assert remark == f"rejected: HTTP 422: {reason}"


def test_the_repository_of_the_workflow() -> None:
    """On a runner nothing but the sink's name has to be configured."""
    with FakeGitHub() as github:
        (sink,) = connected(SINK, {"api": github.url}, {**ENV, "GITHUB_REPOSITORY": "me/watch"})
        (outcome,) = send_examples([sink], NOW)
        assert (outcome.sent, outcome.remarks) == (1, ())
        (issue,) = github.issues
    assert issue["state"] == "closed" and "TEST" in issue["title"] and "TEST · RESOLVED" in issue["body"]


# --------------------------------------------------------------------------------------------- the issue's text


def test_an_end_that_the_vendor_did_not_state_is_not_completed() -> None:
    """An incident that is no longer listed is closed as not planned: nobody said that it is resolved."""
    kinds = {"complete": frozenset({"incident"})}
    timeline = PageTimeline()
    timeline.read(0, **kinds)
    (new,) = timeline.read(2, incident("a", update(1, "investigating")), **kinds)
    ends = [event for minutes in (4, 60, 120) for event in timeline.read(minutes, **kinds)]
    with FakeGitHub() as github:
        deliver_to(github, new, *ends)
        assert [event.kind for event in ends] == ["resolved"]
        assert (github.issues[0]["state"], github.issues[0]["state_reason"]) == ("closed", "not_planned")


def test_an_expired_incident_is_not_completed() -> None:
    """An incident that we let expire is closed as not planned."""
    (end,) = resolved(*new_deliveries(1))
    expired = msgspec.structs.replace(
        end.event, kind=EventKind.RESOLVED, incident=with_fields(end.event.incident, status=EXPIRED)
    )
    with FakeGitHub() as github:
        deliver_to(github, *new_deliveries(1), expired)
        assert github.issues[0]["state_reason"] == "not_planned"


@settings(max_examples=100)
@given(vendor_texts)
@example(ALL_SPLICES)
@example(HOSTILE)
@example(":fire:0")
def test_vendor_text_is_words(vendor_text: str) -> None:
    """The body has the structure that it has for plain words, GitHub finds nothing in it or in the title, and no
    marker but ours.
    """
    event, plain_event = hostile_event(vendor_text), hostile_event("x")
    marks = (github_issues.marker("incident", event.incident.id), github_issues.marker("event", event.id))
    body, plain_body = (
        github_issues.body(PendingDelivery(shown, NOW), *marks, test=False) for shown in (event, plain_event)
    )
    assert structure(body) == structure(plain_body)
    assert re.findall("<!--.*?-->", body, re.DOTALL) == list(marks)
    title = github_issues.title(event)
    assert len(title) <= 256 and title.splitlines() == [title]
    assert found_by_github(visible(body)) == found_by_github(title) == []
    assert not re.search(r"`|:[A-Za-z0-9_+-]+:", title)


@pytest.mark.parametrize("name", ["a-->b", "--", "<!--", "a b", "->", "ü" * 200, "a/b#c?d"])
def test_a_marker_is_one_comment(name: str) -> None:
    """Whatever the vendor calls an incident, it neither ends the comment nor is two words."""
    mark = github_issues.marker("event", name)
    assert re.fullmatch(r"<!-- statuswatch event [!-~]+ -->", mark)
    assert "--" not in mark[4:-3] and ">" not in mark[:-1]
    assert github_issues.marker("event", f"{name}x") != mark


def test_a_long_event_is_cut() -> None:
    """Of more text than an issue can have the newest messages are shown, and how many are not."""
    updates = [update(number + 1, "investigating", f"{number} " + "@<" * 50_000) for number in range(40)]
    components = tuple("C" * 40 + str(number) for number in range(99))
    timeline = PageTimeline()
    timeline.read(0)
    (event,) = timeline.read(50, incident("a", *updates, title="T" * 5000, components=components))
    with FakeGitHub() as github:
        assert deliver_to(github, event).remarks == ()
        body = github.issues[0]["body"]
    assert re.search(r"and \d+ earlier messages", body.replace("\\", "")) and "39 " in body
    assert "more characters" in body and len(body) <= 65_536


def test_labels_fit() -> None:
    """The longest key of a page makes a label that GitHub accepts."""
    timeline = PageTimeline(msgspec.structs.replace(PAGE, key="k" * 64))
    timeline.read(0)
    events = timeline.read(2, incident("a", update(1, "investigating")))
    with FakeGitHub() as github:
        assert deliver_to(github, *events).sent == 1
        assert deliver_to(github, *events).sent == 1
        assert len(github.issues) == 1


def test_a_digest_is_its_events() -> None:
    """Where a digest is configured, each event still goes into the issue of its own incident."""
    with FakeGitHub() as github:
        assert deliver_to(github, *new_deliveries(12), digest_above=10).sent == 1
        assert len(github.issues) == 12
