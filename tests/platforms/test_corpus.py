"""Recorded payloads, where they lie beside the checkout: extra tests, skipped in a clone that has none."""

import json
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Final

import pytest

from statuswatch.errors import FeedError
from statuswatch.model.incident import STATED_BY_VENDOR, Impact, IncidentKind, by_kind
from statuswatch.model.page import Page, PageSnapshot
from statuswatch.platforms import (
    PLATFORMS,
    apple,
    aws,
    azure,
    betterstack,
    google,
    incidentio,
    instatus,
    rss,
    slack,
    statuspage,
)
from statuswatch.platforms.parsing import ParseInput, decode
from tests.support.page_timeline import START, PageTimeline

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
PAGE = Page(key="acme", name="Acme", url="https://status.example")

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="there are no recorded payloads beside this checkout")


def body(path: str) -> bytes:
    return (CORPUS / path).read_bytes()


def test_github() -> None:
    """Fifty recorded incidents of GitHub are understood, and 18 of them name no component but by their updates."""
    documents: dict[str, bytes | None] = {
        "incidents.json": body("statuspage-v2/github/incidents-2026-07-31.json"),
        "summary.json": body("statuspage-v2/github/summary-2026-07-31.json"),
    }
    feed = statuspage.parse(ParseInput(PAGE, documents))
    assert (len(feed.incidents), feed.skipped, feed.losses) == (50, (), ())
    assert sum(len(incident.updates) for incident in feed.incidents) == 287
    assert sum(incident.source_quality < 3 for incident in feed.incidents) == 18
    assert all("<br" not in update.body for incident in feed.incidents for update in incident.updates)


@pytest.mark.parametrize(
    "path", sorted(CORPUS.glob("statuspage-v2/*/**/*summary*.json")), ids=lambda path: path.parent.name
)
def test_statuspage_summaries(path: Path) -> None:
    """Every recorded Statuspage summary is understood beside an empty history."""
    page = decode(path.read_bytes(), statuspage._Summary, path.name).page.id
    empty = b'{"page": {"id": "%s"}, "incidents": []}' % page.encode()
    feed = statuspage.parse(ParseInput(PAGE, {"incidents.json": empty, "summary.json": path.read_bytes()}))
    assert (feed.skipped, feed.losses) == ((), ())
    assert all(incident.components for incident in feed.incidents if incident.impact is not Impact.NONE)


def test_openai() -> None:
    """Recorded incidents of OpenAI: 25 with empty bodies; components from the Atom feed where there is nothing else."""
    feed = incidentio.parse(
        ParseInput(PAGE, {"incidents.json": body("incidentio-compat/openai/incidents-2025-11-15.json")})
    )
    assert (len(feed.incidents), feed.skipped) == (25, ())
    assert {update.body for incident in feed.incidents for update in incident.updates} == {""}
    documents: dict[str, bytes | None] = {
        "incidents.json": body("incidentio-compat/openai/incidents-2026-09-28-trimmed.json"),
        "feed.atom": body("incidentio-atom/openai/feed-2026-09-28.atom"),
        "names": body("incidentio-proxy/openai/summary-structure-2026-09-28-trimmed.json"),
    }
    feed = incidentio.parse(ParseInput(PAGE, documents))
    codex = next(incident for incident in feed.incidents if incident.id == "01M3DCNWMW57HYK8FJ5FBFPA39")
    assert [part.label for part in codex.components] == ["CLI", "Codex API", "Codex Web", "VS Code extension"]
    assert {"APIs - Login", "ChatGPT - Login"} <= {part.label for part in feed.names.values()}


def test_pleo() -> None:
    """The recorded native incidents of Pleo decorate their twins, and give the maintenance window of their own."""
    compat = b"""{"page": {"id": "01JEV56RY0P76Q6QPHRZN5SJ9D"}, "incidents": [{"id": "01KG77ZCW3ZCZBXCRP47BT0KFG",
        "name": "Invoices", "status": "resolved", "created_at": "2026-01-30T10:42:56Z", "incident_updates": [{"id":
        "01KG77ZCW3DBEXXB00VHC5GVZV", "status": "identified", "created_at": "2026-01-30T10:42:56Z", "body": ""}]}]}"""
    documents = {"incidents.json": compat, "native": body("incidentio-proxy/pleo/incidents-excerpt.json")}
    feed = incidentio.parse(ParseInput(PAGE, documents))
    incident, window = feed.incidents
    assert incident.updates[0].body.startswith("Some customers are unable")
    assert (window.kind, window.status) == (IncidentKind.MAINTENANCE, "completed")


def test_unclaimed_page() -> None:
    """The marketing page of an unclaimed name is HTML, not a page without incidents."""
    with pytest.raises(FeedError, match="HTML instead of JSON"):
        statuspage.parse(
            ParseInput(PAGE, {"incidents.json": body("error-pages/statuspage/unknown-subdomain-marketing.html")})
        )


def test_better_stack() -> None:
    """The page without reports of Better Stack's documentation is one without incidents."""
    feed = betterstack.parse(ParseInput(PAGE, {"index.json": body("betterstack-index/docs/index-excerpt.json")}))
    assert (feed.identity, feed.incidents, feed.skipped) == ("165", (), ())


def test_slack() -> None:
    """A recorded list of what is open at Slack: one incident with four notes, the oldest first."""
    page = Page(key="slack", name="Slack", url="https://slack-status.com")
    recorded = body("slack-status-v2/slack/current-2026-10-01-active.json")
    feed = slack.parse(ParseInput(page, {"current": recorded, "history": None}))
    assert (feed.skipped, feed.losses) == ((), ()) and slack.matches(feed)
    (incident,) = feed.incidents
    assert (incident.id, incident.status, [part.label for part in incident.components]) == (
        "1579",
        "active",
        ["Messaging"],
    )
    assert [f"{update.created_at:%H:%M:%S}" for update in incident.updates] == [
        "12:39:35",
        "12:56:59",
        "13:58:40",
        "14:31:24",
    ]
    assert all("<" not in update.body and "&" not in update.body for update in incident.updates)


APPLE = "apple-system-status/apple/"
APPLE_DOCUMENT = "system_status_en_US.js"


def test_apple() -> None:
    """The recorded page of Apple: one incident over, one ongoing; a calm page has none."""
    feed = apple.parse(ParseInput(PAGE, {APPLE_DOCUMENT: body(f"{APPLE}customer-one-ongoing-issue.json")}))
    assert {
        incident.id: (incident.status, [part.name for part in incident.components]) for incident in feed.incidents
    } == {
        "2000000560": ("resolved", ["iCloud Keychain"]),
        "1000000310": ("ongoing", ["iCloud Mail"]),
    }
    assert feed.updated_at == {APPLE_DOCUMENT: datetime(2021, 4, 26, 13, 30, tzinfo=UTC)}
    for name in ("customer-no-issues.json", "developer-no-issues.json"):
        calm = apple.parse(ParseInput(PAGE, {APPLE_DOCUMENT: body(APPLE + name)}))
        assert (calm.incidents, calm.skipped) == ((), ())


@pytest.mark.parametrize(
    "name", ["customer-three-ongoing-issues", "customer-three-resolved-issues", "developer-one-resolved-issue"]
)
def test_apple_encoded_anew(name: str) -> None:
    """Copies that an app stored, without ids and with times since 2001, are refused: they are not Apple's documents."""
    with pytest.raises(FeedError, match="messageId"):
        apple.parse(ParseInput(PAGE, {APPLE_DOCUMENT: body(f"{APPLE}{name}.json")}))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_aws(encoding: str) -> None:
    """The recorded events of AWS: two, open for two months, of up to 113 services, with 23 and 13 entries."""
    document = body("aws-currentevents/aws/currentevents-2026-05-02.json").decode().encode(encoding)
    feed = aws.parse(ParseInput(PAGE, {"currentevents": document}))
    assert (feed.skipped, [len(incident.updates) for incident in feed.incidents]) == ((), [23, 13])
    assert {incident.status for incident in feed.incidents} == {"disruption"}
    kinds = [by_kind(incident.components) for incident in feed.incidents]
    assert max(len(services) for services, _ in kinds) == 113
    assert all(part.name.endswith((" (UAE)", " (Bahrain)")) for services, _ in kinds for part in services)
    regions = [region.name for _, regions in kinds for region in regions]
    assert regions == ["UAE (me-central-1)", "Bahrain (me-south-1)"]
    assert aws.matches(feed)


def test_google() -> None:
    """A recorded year of Google Cloud: 157 incidents, all over, with 770 updates; each names its products."""
    document = body("google-incidents/google-cloud/incidents-2022-07-03.json")
    feed = google.parse(ParseInput(PAGE, {"incidents.json": document}))
    assert (len(feed.incidents), feed.skipped, {incident.status for incident in feed.incidents}) == (
        157,
        (),
        {"resolved"},
    )
    assert sum(len(incident.updates) for incident in feed.incidents) == 770
    assert sum(incident.source_quality == STATED_BY_VENDOR for incident in feed.incidents) == 157
    in_a_region = [regions for _, regions in (by_kind(one.components) for one in feed.incidents) if regions]
    assert (len(in_a_region), max(map(len, in_a_region)), len({*chain.from_iterable(in_a_region)})) == (52, 34, 36)
    assert [incident.position for incident in feed.incidents] == sorted(
        (incident.position for incident in feed.incidents), reverse=True
    )
    assert all(
        incident.title and incident.last_update_at >= incident.created_at for incident in feed.incidents
    ) and google.matches(feed)
    later = body("google-incidents/google-cloud/incidents-2026-08-07-trimmed.json")
    assert len(google.parse(ParseInput(PAGE, {"incidents.json": later})).incidents) == 3


def test_instatus() -> None:
    """An incident of Manychat, recorded without its time and address, which are filled in here: its page says UP."""
    recorded = json.loads(body("instatus/manychat/summary-2026-08-03-excerpt.json"))
    recorded["page"]["url"] = "https://status.manychat.com"
    place = {"started": "2026-08-03T10:00:00Z", "url": "https://status.manychat.com/incident/cl4a8n3070721qtmzvts760c4"}
    recorded["activeIncidents"][0].update(place)
    feed = instatus.parse(ParseInput(PAGE, {"summary.json": json.dumps(recorded).encode(), "history.rss": None}))
    assert instatus.matches(feed) and (feed.skipped, feed.losses) == ((), ())
    assert [(incident.id, incident.status, incident.impact) for incident in feed.incidents] == [
        ("cl4a8n3070721qtmzvts760c4", "identified", Impact.MINOR)
    ]


def events_of(folder: str) -> list[tuple[str, str, list[str]]]:
    """The events of a recorded sequence of a feed, each copy read ten minutes after its last change."""
    timeline = PageTimeline(Page(key="acme", name="Acme", url="https://status.example", platform="rss", id="/feed"))
    events = []
    for path in sorted((CORPUS / folder).iterdir()):
        feed = rss.parse(ParseInput(timeline.page, {"feed": path.read_bytes()}, timeline.state))
        changed = max(incident.last_update_at for incident in feed.incidents) + timedelta(minutes=10)
        assert feed.skipped == ()
        snapshot = PageSnapshot(feed, {}, 1)
        events += timeline.apply((changed - START).total_seconds() / 60, snapshot)
        assert not timeline.outcome.notes.suspicion and not timeline.outcome.failure
    return [(str(event.kind), event.incident.id, [str(change) for change in event.changes]) for event in events]


def test_feed_of_github() -> None:
    """Recorded sequences of GitHub's Atom: each incident is reported once, and later edits of titles and texts as such.

    Two updates with corrected times, and an incident that was deleted after its end, cause no event.
    """
    assert events_of("statuspage-atom/github/seq-01-first-2022") == [
        ("new", "10330972", []),
        ("resolved", "10330972", ["status"]),
        ("resolved", "10356121", ["missed"]),
        ("resolved", "10362851", ["missed"]),
        ("resolved", "10371759", ["missed"]),
        ("resolved", "10367914", ["missed"]),
    ]
    assert events_of("statuspage-atom/github/seq-03-title-change") == [
        ("resolved", "16184971", ["missed"]),
        ("resolved", "16184432", ["status", "title"]),
        ("resolved", "16196728", ["missed"]),
        ("updated", "16184432", ["title", "edited"]),
    ]
    assert events_of("statuspage-atom/github/seq-06-incident-deleted-2025-12") == [
        ("resolved", "27649291", ["missed"]),
        ("resolved", "27650049", ["missed"]),
        ("resolved", "27649413", ["missed"]),
        ("updated", "27649413", ["edited"]),  # three others were edited too: they were over at the baseline (9c)
    ]
    first = body("statuspage-atom/github/seq-01-first-2022/0001.atom")
    feed = rss.parse(ParseInput(Page(key="a", name="A", url="https://x.example", id="/f"), {"feed": first}))
    windows = {incident.title for incident in feed.incidents if incident.kind is IncidentKind.MAINTENANCE}
    assert len(windows) == 3 and "Insights charts maintenance" in windows


def test_feed_of_aws() -> None:
    """A recorded sequence of AWS's RSS: all items of an incident are issued again when it is over.

    The end is reported once. The later edit is a correction of PDT to PST.
    """
    assert events_of("aws-rss/aws/seq-2015-11") == [
        ("resolved", "cloudwatch-sa-east-1_1446703920", ["status"]),
        ("updated", "cloudwatch-sa-east-1_1446703920", ["edited"]),
        ("new", "ses-us-east-1_1446841740", []),
        ("updated", "ses-us-east-1_1446841740", ["updates"]),
    ]


def test_other_feeds() -> None:
    """Recorded feeds: Parse of 2014, whose zone is called PST in summer too; OpenAI's components; Azure's calm one."""
    page = Page(key="acme", name="Acme", url="https://status.example", id="/feed")

    def read(path: str) -> ParseInput:
        return ParseInput(page, {"feed": body(path)})

    feed = rss.parse(read("statuspage-rss/parse/history-2014-01.rss"))
    assert (len(feed.incidents), {incident.status for incident in feed.incidents}) == (17, {"resolved", "postmortem"})
    summer = next(incident for incident in feed.incidents if incident.id == "hjvc79kb47c4")
    assert summer.created_at.isoformat() == "2013-07-22T21:54:00+00:00"
    feed = rss.parse(read("incidentio-atom/openai/feed-2026-09-28.atom"))
    assert [len(incident.components) for incident in feed.incidents] == [4, 0, 15]
    calm = azure.parse(read("azure-rss/azure/feed-2026-08-07-empty.xml"))
    assert azure.matches(calm) and calm.current and not calm.incidents


# Every recorded file: the platform that reads it, as which document, and the result: the number of incidents, or the
# reason of the refusal. Files that are no document of a page (webhooks, a single component of API v2) are refused.
EVERY: Final = (
    ("apple-system-status/apple/customer-no-issues.json", "apple", "system_status_en_US.js", 0),
    ("apple-system-status/apple/customer-one-ongoing-issue.json", "apple", "system_status_en_US.js", 2),
    ("apple-system-status/apple/customer-three-*.json", "apple", "system_status_en_US.js", "`messageId`"),
    ("apple-system-status/apple/developer-no-issues.json", "apple", "system_status_en_US.js", 0),
    ("apple-system-status/apple/developer-one-resolved-issue.json", "apple", "system_status_en_US.js", "`messageId`"),
    ("aws-currentevents/aws/*.json", "aws", "currentevents", 2),
    ("aws-rss/aws/all-2026-08-06-trimmed.xml", "rss", "feed", 2),
    ("aws-rss/aws/seq-2015-11/*.xml", "rss", "feed", None),
    ("azure-rss/azure/feed-2026-08-07-empty.xml", "azure", "feed", 0),
    ("azure-rss/azure/feed-with-items-synthetic.xml", "azure", "feed", 2),
    ("betterstack-index/docs/*.json", "betterstack", "index.json", 0),
    ("error-pages/statuspage/*.html", "statuspage", "incidents.json", "HTML instead of JSON"),
    ("error-pages/twitter/*.html", "statuspage", "incidents.json", "HTML instead of JSON"),
    ("google-incidents/google-cloud/incidents-2022-07-03.json", "google", "incidents.json", 157),
    ("google-incidents/google-cloud/incidents-2026-08-07-trimmed.json", "google", "incidents.json", 3),
    ("incidentio-atom/openai/*.atom", "rss", "feed", 3),
    ("incidentio-compat/openai/incidents-*.json", "incidentio", "incidents.json", None),
    ("incidentio-compat/openai/summary-*.json", "incidentio", "incidents.json", 1),
    ("incidentio-compat/openai/seq-2026-09/0001.json", "incidentio", "incidents.json", "`incidents`"),
    ("incidentio-compat/openai/seq-2026-09/0002.json", "incidentio", "incidents.json", 1),
    ("incidentio-proxy/*/*.json", "incidentio", "incidents.json", "`page`"),
    ("instatus/manychat/*.json", "instatus", "summary.json", "no start"),
    ("slack-status-v2/slack/*.json", "slack", "current", 1),
    ("statuspage-atom/github/*/*.atom", "rss", "feed", 25),
    ("statuspage-rss/parse/*.rss", "rss", "feed", 17),
    ("statuspage-v2/*/scheduled-maintenances-*.json", "statuspage", "incidents.json", "`incidents`"),
    ("statuspage-v2/github/incidents-*.json", "statuspage", "incidents.json", 50),
    ("statuspage-v2/github/status-*.json", "statuspage", "incidents.json", "`incidents`"),
    ("statuspage-v2/*/**/*summary*.json", "statuspage", "incidents.json", None),
    ("statuspage-v2/*/summary-pair/*.json", "statuspage", "incidents.json", None),
    ("statuspage-v2/anthropic/seq-2026-09/*.json", "statuspage", "incidents.json", None),
    ("webhook-*/**/*.json", "statuspage", "incidents.json", "incidents.json"),
)


def outcome(path: Path, platform: str, document: str) -> int | str:
    """The number of incidents in a file, or the reason why it is refused."""
    content = path.read_bytes()
    if platform == "aws":
        content = content.decode().encode("utf-16")  # as on the wire
    page = Page(key="acme", name="Acme", url="https://status.example", platform=platform, id="feed")
    try:
        return len(PLATFORMS[platform].parse(ParseInput(page, {document: content})).incidents)
    except FeedError as error:
        return str(error)


def test_every_recorded_file() -> None:
    """Every recorded file is read, or refused for the right reason; none is left out, and none raises anything else."""
    read_paths = set()
    for pattern, platform, document, expected in EVERY:
        paths = sorted(CORPUS.glob(pattern))
        assert paths, f"no recorded file is like {pattern}"
        for path in paths:
            result = outcome(path, platform, document)
            read_paths.add(path)
            if isinstance(expected, int):
                assert result == expected, f"{path}: {result}"
            elif isinstance(expected, str):
                assert isinstance(result, str) and expected in result, f"{path}: {result}"
    assert {path for path in CORPUS.rglob("*") if path.is_file() and path.name != "INDEX.tsv"} == read_paths
