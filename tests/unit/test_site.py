"""The site: every output is read back by a program that others use, and vendor text is nothing but text in all."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections import Counter
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any, Final
from urllib.parse import urldefrag, urljoin
from xml.etree import ElementTree

import feedparser
import icalendar
import pytest
from hypothesis import given, settings
from prometheus_client.parser import text_string_to_metric_families

from statuswatch.model.event import Change
from statuswatch.model.history import Rewrite
from statuswatch.model.incident import Impact, IncidentKind
from statuswatch.model.mute import Mute
from statuswatch.model.page import Failure, FailureKind
from statuswatch.render.site import OUTPUTS, render_site
from statuswatch.render.site.maintenance import folded
from tests.support.hostile_text import ALL_SPLICES, MARKUP, vendor_texts
from tests.support.sample_board import (
    NOW,
    ago,
    board_of,
    hostile_board,
    message,
    open_incident,
    page_of,
    past_incident,
    simulated_board,
)
from tests.support.sample_board import planned as planned_maintenance

OPENAI: Final = page_of("openai", "OpenAI")
GITHUB: Final = page_of("github", "GitHub")
DOWN: Final = Failure(FailureKind.UNAVAILABLE, "HTTP 503", "https://status.github.example/x", "later")


def opened(page: Any = OPENAI, key: str = "o1", **fields: Any) -> Any:
    return open_incident(page, key, **fields)


def planned(**fields: Any) -> Any:
    return planned_maintenance(GITHUB, **fields)


def site(*incidents: Any, **options: Any) -> dict[str, str]:
    options.setdefault("failures", {})
    board = board_of(OPENAI, GITHUB, incidents=incidents, **options)
    return {path: content.decode() for path, content in render_site(board).items()}


BLOCKS: Final = frozenset(("td", "th", "p", "li", "h1", "h2", "h3"))


class Tags(HTMLParser):
    """All tags with their attributes, and the text between them."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.words = ""
        self.feed(document)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.words += " " if tag in BLOCKS else ""
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.words += data

    def values(self, name: str) -> list[str]:
        return [attributes[name] for _, attributes in self.tags if name in attributes]


def words_of(document: str) -> str:
    return " ".join(Tags(document).words.split())


# ---------------------------------------------------------------------------------------------- pages


def test_what_is_open_stands_first() -> None:
    """Item "index": open incidents, worst first, with age and the vendor's last words; then maintenance, then rows."""
    minor = opened(GITHUB, "o2", impact=Impact.MINOR, title="Delayed webhooks")
    words = words_of(site(minor, opened(), planned())["index.html"])
    order = [
        "2 open · 1 scheduled",
        "Open now",
        "OpenAI: Elevated errors on login",
        "CRITICAL · Login · open 2 h 10 min",
        "“A bad deployment is being rolled back.” identified, 2 h 5 min ago",
        "GitHub: Delayed webhooks",
        "MINOR",
        "Maintenance",
        "in 2 d · 2026-11-30 06:43 to 08:43 UTC",
        "Last 90 days",
    ]
    places = [words.index(part) for part in order]
    assert places == sorted(places)


def test_what_is_not_known_is_never_green() -> None:
    """Contract 2.7: a page that could not be read is named with its reason, hatched in its row, and grey as a badge."""
    files = site(opened(GITHUB), failures={"github": DOWN})
    index = files["index.html"]
    assert "1 open · 1 page unknown" in words_of(index)
    assert "GitHub HTTP 503 · 1 open at the last good read" in words_of(index)
    assert re.search(r'GitHub</a></th><td>.*class="d89 C".*<span class="x">not known</span>', index)
    calm = site(failures={"github": DOWN})
    assert re.search(r'GitHub</a></th><td>.*class="d89 x"', calm["index.html"])
    assert "Not known: HTTP 503." in words_of(calm["v/github.html"])
    badge = json.loads(calm["badge/github.json"])
    assert (badge["message"], badge["color"]) == ("not known", "lightgrey")


def test_as_of_and_trust_until() -> None:
    """Contract 2.7: both times stand on every page, in words that hold without a script, and for the script."""
    for path, content in site(opened()).items():
        if path.endswith(".html"):
            assert (
                "As of 2026-11-28 06:43 UTC · trust until 2026-11-28 08:43 UTC: later than that, this page is stale."
                in (words_of(content))
            )
            assert '<html lang="en" data-until="2026-11-28T08:43:00Z">' in content
            assert '<p id="stale" role="status" hidden>' in content


def test_marked_days_lead_to_their_incidents() -> None:
    """Each marked day links to an anchor on the vendor's page, inside the incident; days alike are one element."""
    past = past_incident(OPENAI, started_at=ago(days=3, hours=8), ended_at=ago(days=1))
    files = site(past)
    assert 'class="d85 w4 m" href=v/openai.html#1124 tabindex=-1>' in files["index.html"]
    assert re.search(r"<article id=\"i-\w+\" class=\"minor\"><span id=1124></span>", files["v/openai.html"])
    assert "Of 90 days: 4 minor; the latest incident on 27 Nov." in words_of(files["index.html"])


def test_calm_and_silent_differ() -> None:
    """A page without a word for half a year may be abandoned: its row says so."""
    old = past_incident(GITHUB, started_at=ago(days=300))
    words = words_of(site(past_incident(OPENAI), old)["index.html"])
    assert "calm 2 d" in words
    assert "silent 299 d" in words
    assert "no word yet" in words_of(site()["index.html"])


def test_a_vendors_page_has_every_message() -> None:
    """With their times, what was claimed, edits after the end, an end that nobody stated; and the page's ledger."""
    start = ago(days=3)
    incident = past_incident(
        OPENAI,
        started_at=start,
        updates=(
            message(9, "investigating", "First.\nSecond line.", start, dated=9),
            message(40, "expired", "", start),
        ),
        rewrites=(Rewrite(detected_at=ago(days=1), after_end=True),),
        end_detected=True,
        ending=Change.EXPIRED,
        peak_impact=Impact.MAJOR,
    )
    words = words_of(site(incident)["v/openai.html"])
    for part in (
        "MINOR, at its worst major",
        "2026-11-25 06:43 to 07:23 UTC, noticed (40 min)",
        "no end stated",
        "rewritten 1 time after the end",
        "2026-11-25 06:52 UTC investigating (dated 2026-11-25 06:43 UTC) First. Second line.",
        "Ended without a word 1",
        "Components Login",
    ):
        assert part in words


def test_a_vendor_that_blames_another_is_quoted() -> None:
    """Item 5: in the vendor's own words, with a link to that vendor's page on the board; never by the time alone."""
    words = "Webhooks are delayed. This is caused by an outage at GitHub."
    blamed = opened(updates=(message(5, "identified", words, ago(hours=2)),))
    files = site(blamed, opened(GITHUB))
    quote = "OpenAI says: “This is caused by an outage at GitHub.” (GitHub)"
    assert quote in words_of(files["index.html"])
    assert quote in words_of(files["v/openai.html"])
    assert '(<a href="../v/github.html">GitHub</a>)' in files["v/openai.html"]
    assert [named["key"] for named in json.loads(files["api/incidents.json"])["incidents"][1]["upstream"]] == ["github"]
    assert "says:" not in files["v/github.html"]


def test_muted_incidents_are_shown_and_marked() -> None:
    """Contract 2.7 and 7.6.2: a mute hides nothing on the board, in its feeds and documents; it marks."""
    mute = Mute(page="openai", incident="o1")
    files = site(opened(), mutes=(mute,))
    assert '<span class="mark">Muted: not delivered to any sink</span>' in files["index.html"]
    assert '<span class="mark">muted</span>' in files["v/openai.html"]
    assert json.loads(files["api/incidents.json"])["incidents"][0]["muted"] is True
    assert "[muted] OpenAI" in files["feed.atom"]


def test_every_link_leads_somewhere() -> None:
    """Links inside the site are relative, and lead to a file of it and an anchor there: it works under any path."""
    board = simulated_board(20, 300)
    files = {path: content.decode() for path, content in render_site(board).items()}
    anchors = {path: set(Tags(content).values("id")) for path, content in files.items() if path.endswith(".html")}
    for path, content in files.items():
        if not path.endswith(".html"):
            continue
        tags = Tags(content)
        for link in {*tags.values("href"), *tags.values("src")}:
            if link.startswith("https://"):
                continue
            target, fragment = urldefrag(urljoin(f"/{path}", link))
            assert target.removeprefix("/") in files, (path, link)
            assert not fragment or fragment in anchors[target.removeprefix("/")], (path, link)


def test_only_files_of_the_site_may_run() -> None:
    """The policy allows no inline script and no inline style, and no page has any."""
    for path, content in site(opened(), planned()).items():
        if path.endswith(".html"):
            policy = re.findall(r'Content-Security-Policy" content="([^"]*)"', content)[0]
            assert "unsafe" not in policy
            assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self'")
            tags = Tags(content)
            assert not tags.values("style")
            assert not [name for _, attributes in tags.tags for name in attributes if name.startswith("on")]
            assert [attributes["src"] for tag, attributes in tags.tags if tag == "script"] == [
                "../board.js" if path.startswith("v/") else "board.js"
            ]


# ------------------------------------------------------------------------------------- vendors' text


def hostile_site(vendor_text: str) -> dict[str, str]:
    return {path: content.decode() for path, content in render_site(hostile_board(vendor_text)).items()}


STRUCTURE: Final = {
    path: Counter(tag for tag, _ in Tags(content).tags)
    for path, content in hostile_site("x").items()
    if path.endswith("html")
}


@pytest.mark.parametrize("vendor_text", [ALL_SPLICES, MARKUP, "javascript:alert(1)", '"><script>x</script>', "]]>"])
def test_hostile_text_is_text(vendor_text: str) -> None:
    """Contract 7.10: vendor text adds no tag, no attribute and no link to a page; Atom, SVG and JSON stay well
    formed.
    """
    assert_inert(hostile_site(vendor_text))


@settings(max_examples=15)
@given(vendor_texts)
def test_any_text_is_text(vendor_text: str) -> None:
    """The same for text that nobody thought of."""
    assert_inert(hostile_site(vendor_text))


def assert_inert(files: dict[str, str]) -> None:
    for path, content in files.items():
        if path.endswith(".html"):
            tags = Tags(content)
            assert Counter(tag for tag, _ in tags.tags) == STRUCTURE[path]
            assert not [link for link in tags.values("href") if re.match(r"\s*(javascript|data):", link)]
        elif path.endswith((".atom", ".svg")):
            ElementTree.fromstring(content)  # noqa: S314
        elif path.endswith(".json"):
            json.loads(content)
    assert len(icalendar.Calendar.from_ical(files["maintenance.ics"]).walk("VEVENT")) == 1


def test_links_of_vendors() -> None:
    """An address of a vendor is a link on http(s) only, and vouches for nothing."""
    files = site(opened(url="https://evil.example/?a=1&b=2"), opened(key="o2", url="javascript:alert(1)"))
    assert 'href="https://evil.example/?a=1&amp;b=2" rel="nofollow noopener noreferrer"' in files["v/openai.html"]
    assert "javascript:" not in files["v/openai.html"] + files["index.html"] + files["feed.atom"]


# ---------------------------------------------------------------------------------------------- feeds


def test_feeds_are_read_back() -> None:
    """One entry an incident, newest change first, with a stable id, whatever the address of the site is."""
    past = past_incident(OPENAI, title="Errors <b>&", started_at=ago(days=3))
    bare, based = site(past, opened()), site(past, opened(), base_url="https://board.example/x")
    feed, own = feedparser.parse(bare["feed.atom"]), feedparser.parse(based["v/openai.atom"])
    assert not feed.bozo
    assert [entry.title for entry in feed.entries] == [
        "OpenAI: Elevated errors on login (critical, identified)",
        "OpenAI: Errors <b>& (minor, over: resolved)",
    ]
    assert [entry.id for entry in feed.entries] == [entry.id for entry in own.entries]
    assert all(entry.id.startswith("urn:uuid:") for entry in feed.entries)
    assert feed.entries[1].updated == "2026-11-25T07:23:00Z"
    assert feed.entries[0].link == "https://status.openai.example/incidents/o1"
    assert own.feed.links[-1].href == "https://board.example/x/v/openai.atom"
    assert own.entries[0].links[1].href.startswith("https://board.example/x/v/openai.html#i-")
    assert feedparser.parse(bare["v/github.atom"]).entries == []


def test_an_entry_keeps_its_id_when_its_incident_ends() -> None:
    """A reader shows one entry for an incident, and shows it as changed."""
    before = feedparser.parse(site(opened())["feed.atom"]).entries[0]
    closed = opened(status="resolved", ended_at=NOW)
    after = feedparser.parse(site(closed)["feed.atom"]).entries[0]
    assert before.id == after.id
    assert before.updated < after.updated


def calendar_events(*incidents: Any) -> dict[str, Any]:
    calendar = icalendar.Calendar.from_ical(site(*incidents)["maintenance.ics"])
    return {str(event["SUMMARY"]): event for event in calendar.walk("VEVENT")}


def test_the_calendar_is_read_back() -> None:
    """Maintenance has its schedule, a stable UID, and text as the vendor wrote it; incidents are not in it."""
    (event,) = calendar_events(planned(), opened()).values()
    assert event["SUMMARY"] == "GitHub: Nameserver upgrade; with, commas"
    assert event["DESCRIPTION"] == "scheduled\nLogin\nQueries are answered\nthroughout."
    assert event["DTSTART"].dt == NOW + timedelta(days=2)
    assert event["DTEND"].dt == NOW + timedelta(days=2, hours=2)
    assert (event["STATUS"], event["URL"]) == ("CONFIRMED", "https://status.github.example/incidents/m1")
    (again,) = calendar_events(planned(title="Other")).values()
    assert again["UID"] == event["UID"]


def test_a_changed_maintenance_has_a_higher_sequence() -> None:
    """SEQUENCE rises with every message; what is cancelled or withdrawn is CANCELLED."""
    (before,) = calendar_events(planned()).values()
    updates = (*planned().updates, message(600, "cancelled", "Not needed.", ago(days=1)))
    (after,) = calendar_events(planned(status="cancelled", updates=updates, ended_at=ago(hours=14))).values()
    assert after["SEQUENCE"] > before["SEQUENCE"]
    assert (before["STATUS"], after["STATUS"]) == ("CONFIRMED", "CANCELLED")
    ended: dict[str, Any] = {"ended_at": ago(hours=1), "end_detected": True}
    (withdrawn,) = calendar_events(planned(ending=Change.WITHDRAWN, **ended)).values()
    (delisted,) = calendar_events(planned(ending=Change.DELISTED, **ended)).values()
    assert (withdrawn["STATUS"], delisted["STATUS"]) == ("CANCELLED", "TENTATIVE")


def test_calendar_lines_are_folded() -> None:
    """No line has more than 75 octets, and folding splits no character."""
    line = "SUMMARY:" + "語😀a" * 60
    parts = list(folded(line))
    assert max(len(part.encode()) for part in parts) <= 75
    assert parts[0] + "".join(part.removeprefix(" ") for part in parts[1:]) == line


# -------------------------------------------------------------------------------- programs and badges


def metrics_of(content: str) -> dict[tuple[str, ...], float]:
    samples = [sample for family in text_string_to_metric_families(content) for sample in family.samples]
    values = {(entry.name.removeprefix("statuswatch_"), *entry.labels.values()): entry.value for entry in samples}
    assert len(values) == len(samples), "promtool does not notice a sample that stands twice"
    return values


def test_metrics_are_read_back() -> None:
    """Contract 2.8: open incidents by impact and maintenance, for each page; labels have keys only, and samples no
    time.
    """
    content = site(opened(), planned())["metrics.prom"]
    values = metrics_of(content)
    assert values["page_read", "openai"] == 1
    assert values["incidents_open", "openai", "critical"] == 1
    assert values["incidents_open", "openai", "minor"] == 0
    assert values["maintenance_scheduled", "github"] == 1
    assert values["run_timestamp_seconds",] == NOW.timestamp()
    assert "Elevated" not in content


def test_a_failed_page_is_absent_from_the_metrics() -> None:
    """Contract 2.8: it has `page_read 0`, and neither 0 nor anything else as the number of what is open."""
    values = metrics_of(site(opened(GITHUB), failures={"github": DOWN})["metrics.prom"])
    assert values["page_read", "github"] == 0
    assert not [names for names in values if names[0] != "page_read" and "github" in names]


PROMTOOL: Final = shutil.which("promtool")


@pytest.mark.skipif(
    PROMTOOL is None, reason="metrics by promtool: promtool is not installed (Debian: apt-get install prometheus)"
)
def test_promtool_accepts_the_metrics() -> None:
    """Prometheus' own linter has nothing to say."""
    content = site(opened(), planned(), failures={"github": DOWN})["metrics.prom"]
    completed = subprocess.run(
        [str(PROMTOOL), "check", "metrics"], input=content.encode(), capture_output=True, check=False
    )
    assert (completed.returncode, completed.stdout, completed.stderr) == (0, b"", b"")


@pytest.mark.parametrize(
    ("incidents", "message_text", "colour"),
    [
        ((), "nothing open", "brightgreen"),
        ((opened(), opened(key="o2", impact=Impact.MINOR)), "2 open, critical", "red"),
        ((opened(impact=Impact.UNKNOWN),), "1 open", "blueviolet"),
        ((opened(status="in_progress", kind=IncidentKind.MAINTENANCE),), "maintenance", "blue"),
    ],
)
def test_badges(incidents: tuple[Any, ...], message_text: str, colour: str) -> None:
    """Shields' document and our picture say the same."""
    files = site(*incidents)
    assert json.loads(files["badge/openai.json"]) == {
        "schemaVersion": 1,
        "label": "OpenAI",
        "message": message_text,
        "color": colour,
        "cacheSeconds": 300,
    }
    picture = ElementTree.fromstring(files["badge/openai.svg"])  # noqa: S314
    assert picture.get("aria-label") == f"OpenAI: {message_text}"


def test_documents() -> None:
    """`api/status.json` is what `status --format json` prints, and more; `api/incidents.json` has every message."""
    files = site(opened(), past_incident(OPENAI), failures={"github": DOWN})
    now, past = json.loads(files["api/status.json"]), json.loads(files["api/incidents.json"])
    assert now["incidents"][0]["incident"]["id"] == "o1"
    assert (now["at"], now["trust_until"]) == ("2026-11-28T06:43:00Z", "2026-11-28T08:43:00Z")
    assert [(vendor["key"], vendor["known"], vendor["days"][-1]) for vendor in now["vendors"]] == [
        ("github", False, "unread"),
        ("openai", True, "critical"),
    ]
    assert [(incident["id"], len(incident["updates"])) for incident in past["incidents"]] == [("o1", 1), ("i1", 2)]


# ------------------------------------------------------------------------------------------ the whole


def test_the_same_board_gives_the_same_bytes() -> None:
    """Contract 2.7: the clock is part of the board: nothing else changes a byte."""
    assert render_site(simulated_board(5, 60)) == render_site(simulated_board(5, 60))


def test_an_output_is_a_module_and_a_name() -> None:
    """No two outputs write the same file."""
    board = simulated_board(3, 20)
    paths = [path for output in OUTPUTS.values() for path in output.render(board)]
    assert len(paths) == len(set(paths)) == len(render_site(board))


def test_sizes() -> None:
    """The index has at most 100 KB for 100 vendors with 2,000 incidents a year."""
    assert len(render_site(simulated_board(100, 2000))["index.html"]) < 100_000


def test_very_long_text_stays_readable() -> None:
    """A title of 100,000 characters is cut where it is a heading, and whole nowhere but on the vendor's page."""
    files = site(opened(title="word " * 20_000))
    assert len(files["index.html"]) < 20_000
    assert "more characters)" in files["index.html"]
