"""Issues: one for an incident, each event in it once, whatever fails on the way."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import stamina
from hypothesis import example, given, settings

from statuswatch.delivery.deliver import send_examples
from statuswatch.errors import UsageError
from statuswatch.model.event import PendingDelivery
from statuswatch.model.incident import Impact
from statuswatch.net.trust import trust_store
from statuswatch.sinks import github_issues
from tests.support.fake_github import STRANGER, TOKEN, Fault, GitHub
from tests.support.page_timeline import PAGE, PageTimeline, incident, update, with_fields
from tests.support.sending import NOW, configured, notices, send

if TYPE_CHECKING:
    from collections.abc import Iterator

    from statuswatch.model.event import Event
    from statuswatch.model.report import SinkOutcome

SINK = "github-issues"
SAMPLE: dict[str, Any] = {"repository": "me/watch"}
ADDRESS = "api"
SERVICE = GitHub
ENV = {"GITHUB_TOKEN": TOKEN}


def environment(_: str) -> dict[str, str]:
    return ENV


HOSTILE = (
    "x" * 300 + "@everyone @org/team #1 GH-2 o/r#3 [x](y) https://evil.example www.evil.example <b>`c`</b> :fire: -->"
)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Retries do not wait, and the certificates are read once for all runs of a test."""
    monkeypatch.setattr(fetch, "trusted", cache(trust_store))
    with stamina.set_testing(True, attempts=3):
        yield


def tell(github: GitHub, *of: Event | PendingDelivery, **options: Any) -> SinkOutcome:
    """What comes of one run that has to send these."""
    due = [it if isinstance(it, PendingDelivery) else PendingDelivery(it, NOW) for it in of]
    return send(SINK, {**SAMPLE, "api": github.address, **options}, ENV, *due)


def story() -> list[Event]:
    """New, updated, resolved, reopened, resolved."""
    life = PageTimeline()
    told: list[Event] = []
    life.read(0)
    steps = ("investigating", "identified", "resolved", "monitoring", "resolved")
    updates = [update(2 * number + 1, status, f"Word {number}.") for number, status in enumerate(steps)]
    for number in range(len(steps)):
        told += life.read(2 * number + 2, incident("a-->b", *updates[: number + 1], impact=Impact.MAJOR))
    assert [it.kind for it in told] == ["new", "updated", "resolved", "updated", "resolved"]
    return told


def shape(github: GitHub) -> list[Any]:
    """Everything about the repository that a reader sees."""
    return [
        [issue[name] for name in ("title", "state", "state_reason", "body")]
        + [sorted(label["name"] for label in issue["labels"])]
        + [comment["body"] for comment in github.comments[issue["number"]]]
        for issue in github.issues
    ]


# ------------------------------------------------------------------------------------------------------- the law


def test_an_incident_is_one_issue() -> None:
    """Opened on new, a comment per update, closed on resolved, reopened on reopening, labels by page and impact."""
    with GitHub() as github:
        states = []
        for event in story():
            assert tell(github, event).remarks == ()
            (issue,) = github.issues
            states.append((issue["state"], issue["state_reason"]))
    ended = ("closed", "completed")
    assert states == [("open", None), ("open", None), ended, ("open", "reopened"), ended]
    assert issue["title"] == "Acme - API: Incident a-->b"
    assert [label["name"] for label in issue["labels"]] == ["statuswatch", "page: acme", "impact: major"]
    bodies = [issue["body"], *(comment["body"] for comment in github.comments[1])]
    assert [re.findall(r"Word \d", it) for it in bodies] == [[f"Word {number}"] for number in range(5)]
    assert all("published 2026-03-07 09:0" in it and "detected 2026-03-07 12:00:00 UTC" in it for it in bodies)


@pytest.mark.parametrize(
    ("fault", "again"),
    [
        ("after", "all"),
        ("after", "what waits"),
        ("after", "within the run"),
    ],
)
def test_a_fault_changes_nothing_in_the_end(fault: Fault, again: str) -> None:
    """Whichever request fails, before or after it took effect, and whatever is sent again after it, in the end there
    is one issue with each event once and the right state.
    """
    events = [PendingDelivery(event, NOW) for event in story()]
    with GitHub() as github:
        assert tell(github, *events).remarks == ()
        requests, expected = len(github.got), shape(github)
    assert requests > 15
    tries = 3 if again == "within the run" else 1
    for number in range(requests):
        with (
            GitHub(fault_at=number, fault=fault) as github,
            stamina.set_testing(True, attempts=tries),
        ):
            first = tell(github, *events)
            assert bool(first.waiting) == (again != "within the run")
            if again != "within the run":
                assert tell(github, *(events if again == "all" else first.waiting)).remarks == ()
            assert shape(github) == expected, f"request {number} failed: {github.got[number].path}"


def test_a_repeat_changes_nothing() -> None:
    """Events that are all there are sent again without a single change."""
    with GitHub() as github:
        tell(github, *story())
        before, asked = shape(github), len(github.got)
        tell(github, *story())
        assert shape(github) == before
        assert {it.method for it in github.got[asked:]} == {"GET"}


@pytest.mark.parametrize("first", range(5))
def test_whichever_event_is_first(first: int) -> None:
    """An incident without an issue gets one with all that is known, in the state that the event says."""
    event = story()[first]
    with GitHub() as github:
        tell(github, event)
        ((_, state, _, body, _, *comments),) = shape(github)
    assert re.findall(r"Word \d", body) == [f"Word {number}" for number in range(first + 1)]
    assert (state, comments) == ("closed" if event.kind == "resolved" else "open", [])


# -------------------------------------------------------------------------------------------- what people do


def test_an_issue_that_was_deleted() -> None:
    """An issue that a person deleted is made again by the next event, with all that is known."""
    new, updated, *_ = story()
    with GitHub() as github:
        tell(github, new)
        github.issues.clear()
        tell(github, updated)
        ((_, state, _, body, _, *comments),) = shape(github)
    assert (state, comments) == ("open", []) and "Word 0" in body and "Word 1" in body


def test_an_issue_that_a_person_closed() -> None:
    """It stays closed, and is commented on, until the vendor reopens the incident."""
    new, updated, resolved, reopened, _ = story()
    with GitHub() as github:
        tell(github, new)
        github.issues[0] |= {"state": "closed", "state_reason": "not_planned"}
        tell(github, updated, resolved)
        assert github.issues[0]["state_reason"] == "not_planned" and len(github.comments[1]) == 2
        tell(github, reopened)
        assert github.issues[0]["state"] == "open"


def test_what_people_say_and_label_stays() -> None:
    """Labels of people are kept, the one of the impact follows the vendor, and so does the title."""
    new, updated, *_ = story()
    worse = msgspec.structs.replace(
        updated, incident=with_fields(updated.incident, impact=Impact.CRITICAL, title="All of it")
    )
    with GitHub() as github:
        tell(github, new)
        github.issues[0]["labels"].append({"name": "ours"})
        github.say(1, "We are on it.", user=STRANGER)
        tell(github, worse)
        assert github.issues[0]["title"] == "Acme - API: All of it"
        names = {label["name"] for label in github.issues[0]["labels"]}
        assert names == {"statuswatch", "page: acme", "impact: critical", "ours"}
        assert len(github.comments[1]) == 2


def test_a_stranger_silences_nothing() -> None:
    """A marker in a stranger's comment, or in an issue without our labels, is not ours."""
    new, updated, *_ = story()
    with GitHub() as github:
        github.add("Mine", github_issues.marker("incident", f"acme/{new.incident.id}"), user=STRANGER)
        tell(github, new)
        github.say(2, github_issues.marker("event", updated.id), user=STRANGER)
        tell(github, updated)
        assert len(github.issues) == 2
        assert "Word 1" in github.comments[2][-1]["body"]


def test_another_token_of_the_owner() -> None:
    """What was said with another token counts: of a bot, or of somebody who may write."""
    new, updated, *_ = story()
    for user, association in (({"login": "another[bot]", "type": "Bot"}, "NONE"), (STRANGER, "OWNER")):
        with GitHub() as github:
            tell(github, new)
            github.say(1, github_issues.marker("event", updated.id), user=user, association=association)
            tell(github, updated)
            assert len(github.comments[1]) == 1


def test_many_issues_comments_and_pull_requests() -> None:
    """The issue is found behind 250 others, and the event behind 250 comments; a pull request is no issue. Pages are
    asked of no other address than the configured one, however large they are.
    """
    new, updated, *_ = story()
    mark = github_issues.marker("incident", f"acme/{new.incident.id}")
    with GitHub() as github:
        tell(github, new)
        for number in range(250):
            github.add(f"Other {number}", "x" * 2000, "statuswatch", "page: acme")
            github.say(1, f"Word of somebody {number}")
        github.add("A pull request", mark, "statuswatch", "page: acme", pull_request={"url": "x"})
        tell(github, updated)
        assert (len(github.issues), len(github.comments[1])) == (252, 251)
        tell(github, updated)
        assert (len(github.issues), len(github.comments[1])) == (252, 251)


# ---------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("fields", "options", "env", "reason"),
    [
        ({}, {}, {"GITHUB_TOKEN": "wrong-token-x1x2"}, "401: Bad credentials (the token in $GITHUB_TOKEN is not valid"),
        ({"rights": False}, {}, ENV, "a workflow's job needs `permissions: issues: write`"),
        ({"may_label": False}, {}, ENV, "403: Must have push access"),
        ({"off": True}, {}, ENV, "switch the issues on in the settings"),
        ({}, {"repository": "me/nothing"}, ENV, "404: Not Found (no such repository"),
    ],
)
def test_what_a_person_must_mend(
    fields: dict[str, Any], options: dict[str, Any], env: dict[str, str], reason: str
) -> None:
    """A refusal for good says what to do, adds nothing to the repository, keeps the event, and repeats no secret."""
    with GitHub(**fields) as github:
        outcome = send(SINK, {**SAMPLE, "api": github.address, **options}, env, *notices(1))
        assert (outcome.sent, len(outcome.waiting), github.issues) == (0, 1, [])
        assert len(github.got) <= 2, "asked again"
    assert reason in outcome.remarks[0]
    assert env["GITHUB_TOKEN"] not in str(outcome)


@pytest.mark.parametrize(
    "limit",
    [
        (403, {"Retry-After": "0"}, b'{"message": "You have exceeded a secondary rate limit."}'),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}, b'{"message": "API rate limit exceeded"}'),
        (502, {}, b"<html>"),
    ],
)
def test_a_limit_passes(limit: Any) -> None:
    """A limit that is over soon is waited for within the run."""
    with GitHub() as github:
        github.answers = [limit]
        assert tell(github, *notices(1)).sent == 1


@pytest.mark.parametrize(
    "limit",
    [
        (403, {}, b'{"message": "You have exceeded a secondary rate limit."}'),
        (429, {"Retry-After": "60"}, b""),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "99999999999"}, b'{"message": "slower"}'),
    ],
)
def test_a_longer_limit_waits_for_the_next_run(limit: Any) -> None:
    """Where GitHub wants to be left alone for a minute or more it is not asked again, and nothing is given up."""
    with GitHub() as github:
        github.answers = [limit]
        outcome = tell(github, *notices(2))
        assert len(github.got) == 1 and len(outcome.waiting) == 2


@pytest.mark.parametrize("content", [b"ok", b"{}", b'[{"number": 1}]', b"\xff"])
def test_what_is_not_github(content: bytes) -> None:
    """An answer that is not GitHub's is a refusal, not a delivery and not a fault of ours."""
    with GitHub() as github:
        github.answers = [(200, {}, content)] * 4
        (remark, *_) = tell(github, *notices(1)).remarks
    assert "not GitHub's API" in remark


@pytest.mark.parametrize(
    ("options", "env"),
    [
        ({"repository": "watch"}, ENV),
        ({"repository": "me/.."}, ENV),
        ({"repository": "me/watch/issues?x"}, ENV),
        ({"repository": ""}, ENV),
        ({"repository": ""}, {**ENV, "GITHUB_REPOSITORY": "me"}),
        ({"api": "api.github.com"}, ENV),
        ({"api": "https://user:word@api.github.com"}, ENV),
        ({}, {"GITHUB_TOKEN": "two words"}),
        ({}, {}),
    ],
)
def test_options_that_cannot_be_right(options: dict[str, Any], env: dict[str, str]) -> None:
    """They end the run at its start, and no value of a variable is repeated."""
    with pytest.raises(UsageError) as error:
        configured(SINK, {**SAMPLE, **options}, env)
    assert not [value for value in env.values() if re.search(rf"(?<!\w){value}(?!\w)", str(error.value))]


def test_the_repository_of_the_workflow() -> None:
    """On a runner nothing but the sink's name has to be configured."""
    with GitHub() as github:
        (channel,) = configured(SINK, {"api": github.address}, {**ENV, "GITHUB_REPOSITORY": "me/watch"})
        (outcome,) = send_examples([channel], NOW)
        assert (outcome.sent, outcome.remarks) == (1, ())
        (issue,) = github.issues
    assert issue["state"] == "closed" and "TEST" in issue["title"] and "TEST · RESOLVED" in issue["body"]


# ------------------------------------------------------------------------------------------------- what it says


def test_what_the_vendor_took_away_is_not_completed() -> None:
    """An incident that is no longer listed is closed as not planned: nobody said that it is resolved."""
    life = PageTimeline()
    life.read(0, complete=frozenset({"incident"}))
    (new,) = life.read(2, incident("a", update(1, "investigating")), complete=frozenset({"incident"}))
    gone = [event for minutes in (4, 60, 120) for event in life.read(minutes, complete=frozenset({"incident"}))]
    with GitHub() as github:
        tell(github, new, *gone)
        assert [it.kind for it in gone] == ["resolved"]
        assert (github.issues[0]["state"], github.issues[0]["state_reason"]) == ("closed", "not_planned")


@settings(max_examples=100)
@given(hostile)
@example(ALL)
@example(HOSTILE)
@example(":fire:0")
def test_vendor_text_is_inert(vendors: str) -> None:
    """The body has the structure that it has for plain words, GitHub finds nothing in it or in the title, and no
    marker but ours.
    """
    event, plain = hostile_event(vendors), hostile_event("x")
    marks = (github_issues.marker("incident", event.incident.id), github_issues.marker("event", event.id))
    bodies = [github_issues.body(PendingDelivery(it, NOW), *marks, test=False) for it in (event, plain)]
    assert structure(bodies[0]) == structure(bodies[1])
    assert re.findall("<!--.*?-->", bodies[0], re.DOTALL) == list(marks)
    title = github_issues.title(event)
    assert len(title) <= 256 and title.splitlines() == [title]
    for plain_text in (visible(bodies[0]), title):
        assert not [pattern for pattern in GITHUB_FINDS if re.search(pattern, plain_text)]
    assert not re.search(r"`|:[A-Za-z0-9_+-]+:", title)


@pytest.mark.parametrize("name", ["a-->b", "--", "<!--", "a b", "->", "ü" * 200, "a/b#c?d"])
def test_a_marker_is_one_comment(name: str) -> None:
    """Whatever the vendor calls an incident, it neither ends the comment nor is two words."""
    mark = github_issues.marker("event", name)
    assert re.fullmatch(r"<!-- statuswatch event [!-~]+ -->", mark)
    assert "--" not in mark[4:-3] and ">" not in mark[:-1]
    assert github_issues.marker("event", f"{name}x") != mark


def test_a_long_story_is_cut() -> None:
    """Of more text than an issue can have the newest messages are shown, and how many are not."""
    updates = [update(number + 1, "investigating", f"{number} " + "@<" * 50_000) for number in range(40)]
    life = PageTimeline()
    life.read(0)
    (event,) = life.read(
        50, incident("a", *updates, title="T" * 5000, components=tuple("C" * 40 + str(it) for it in range(99)))
    )
    with GitHub() as github:
        assert tell(github, event).remarks == ()
        body = github.issues[0]["body"]
    assert re.search(r"and \d+ earlier messages", body.replace("\\", "")) and "39 " in body
    assert "more characters" in body and len(body) <= 65_536


def test_labels_fit() -> None:
    """The longest key of a page makes a label that GitHub takes."""
    life = PageTimeline(msgspec.structs.replace(PAGE, key="k" * 64))
    life.read(0)
    events = life.read(2, incident("a", update(1, "investigating")))
    with GitHub() as github:
        assert tell(github, *events).sent == 1
        assert tell(github, *events).sent == 1
        assert len(github.issues) == 1


def test_a_digest_is_its_events() -> None:
    """Where a digest is asked for, each event still goes into the issue of its own incident."""
    with GitHub() as github:
        assert tell(github, *notices(12), digest_above=10).sent == 1
        assert len(github.issues) == 12
