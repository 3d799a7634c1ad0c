"""The answer of `status`, rendered: worst first, and nothing unknown shown as fine."""

from __future__ import annotations

import io
import json
import os
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from statuswatch import text
from statuswatch.cli.output import print_lines
from statuswatch.model.incident import IMPACT_SCALE, Component, Impact, IncidentKind
from statuswatch.model.page import Failure, FailureKind, Page
from statuswatch.model.report import PageStatus
from statuswatch.model.state import IncidentRecord
from statuswatch.render import phrases, status
from statuswatch.rules.status import status_view

if TYPE_CHECKING:
    from collections.abc import Sequence

Json = dict[str, Any]
NOW: Final = datetime(2026, 5, 4, 10, 30, tzinfo=UTC)
OPENAI: Final = Page(key="openai", name="OpenAI", url="https://status.openai.com")
CLOUD: Final = Page(key="cloud", name="Cloud", url="https://status.cloud.example")
GRANITE: Final = Page(key="granite", name="Granite Pay", url="https://status.granite.example")
URL: Final = "https://status.openai.com/incidents/01KK"


def failure(reason: str = "HTTP 503", where: str = "", hint: str = "") -> Failure:
    return Failure(FailureKind.UNAVAILABLE, reason, where, hint)


DOWN: Final = failure("HTTP 503", "https://status.granite.example/x.json", "retried on the next run")
UNREAD: Final = failure("never read")


def ago(**time: float) -> datetime:
    return NOW - timedelta(**time)


def record(impact: Impact = Impact.MAJOR, **fields: Any) -> IncidentRecord:
    usual: Json = {
        "status": "identified",
        "title": "Elevated errors on login",
        "last_update_at": ago(minutes=12),
        "components": (Component("Login"),),
        "url": URL,
        "message": "We have identified the cause.",
        "created_at": ago(hours=2, minutes=10, seconds=5),
    }
    return IncidentRecord(impact=impact, **usual | fields)


def planned(status: str = "scheduled", **fields: Any) -> IncidentRecord:
    usual: Json = {"kind": IncidentKind.MAINTENANCE, "status": status, "title": "Nameserver upgrade", "message": ""}
    return record(Impact.MAINTENANCE, **usual | fields)


def page_status(page: Page = OPENAI, *records: IncidentRecord, **fields: Any) -> PageStatus:
    opened = {f"i{number}": entry for number, entry in enumerate(records)}
    return PageStatus(page=page, open=opened, **{"read_before": True, **fields})


def lines(
    *statuses: PageStatus,
    width: int | None = None,
    globs: Sequence[str] = (),
    state_file: str = "",
    full: bool = False,
) -> list[str]:
    view = status_view(statuses, NOW, globs)
    return [line.plain for line in status.render(view, NOW, width, state_file=state_file, full=full)]


def short_lines(*statuses: PageStatus, width: int | None = None, state_file: str = "") -> list[str]:
    view = status_view(statuses, NOW)
    return [line.plain for line in status.render_short(view, width, state_file=state_file)]


def closing(*statuses: PageStatus, globs: Sequence[str] = (), state_file: str = "") -> str:
    return status.closing(status_view(statuses, NOW, globs), state_file=state_file)


def document(*statuses: PageStatus, globs: Sequence[str] = ()) -> Json:
    line = status.document(status_view(statuses, NOW, globs), NOW, offline=False)
    assert line.splitlines() == [line]
    fields: Json = json.loads(line)
    return fields


IN_PROGRESS: Final = planned("in_progress", scheduled_for=ago(minutes=30), scheduled_until=NOW + timedelta(minutes=30))
SCHEDULED: Final = planned(
    scheduled_for=NOW + timedelta(days=3, hours=5), scheduled_until=NOW + timedelta(days=3, hours=7)
)
MIXED: Final = (
    page_status(CLOUD, SCHEDULED, IN_PROGRESS, record(Impact.MINOR, components=(), created_at=ago(days=5))),
    page_status(OPENAI, record(Impact.CRITICAL), record(Impact.MAJOR, title="Slow answers")),
    page_status(GRANITE, record(Impact.MAJOR, title="Delayed payouts"), failure=DOWN),
)


def test_everything() -> None:
    """Contract 2: incidents, then maintenance, worst first, with age, impact, components and the last message.

    Then the unknown pages, and the counts with the number of pages that they rest on.
    """
    assert lines(*MIXED) == [
        "🔴 CRITICAL  OpenAI - Login · open 2 h 10 min",
        "             Elevated errors on login · https://status.openai.com/incidents/01KK",
        "             identified — We have identified the cause. (12 min ago)",
        "🔴 MAJOR     Granite Pay - Login · open 2 h 10 min",
        "             Delayed payouts · https://status.openai.com/incidents/01KK",
        "             identified — We have identified the cause. (12 min ago)",
        "             As of the last good read of its page: the present state is unknown",
        "🔴 MAJOR     OpenAI - Login · open 2 h 10 min",
        "             Slow answers · https://status.openai.com/incidents/01KK",
        "             identified — We have identified the cause. (12 min ago)",
        "🟡 MINOR     Cloud - not stated · open 5 d",
        "             Elevated errors on login · https://status.openai.com/incidents/01KK",
        "             identified — We have identified the cause. (12 min ago)",
        "🔧 NOW       Cloud - Login · maintenance in progress, until 2026-05-04 11:00 UTC",
        "             Nameserver upgrade · https://status.openai.com/incidents/01KK",
        "             in_progress (12 min ago)",
        "📅 SCHEDULED Cloud - Login · maintenance in 3 d, 2026-05-07 15:30 to 17:30 UTC",
        "             Nameserver upgrade · https://status.openai.com/incidents/01KK",
        "             scheduled (12 min ago)",
        "❔ UNKNOWN   Granite Pay - status page · HTTP 503 (https://status.granite.example/x.json): "
        "retried on the next run · 1 open at the last good read",
        "4 open · 1 maintenance in progress · 1 scheduled · 1 page unknown · 2 of 3 pages read",
    ]


def test_short() -> None:
    """Contract 7: --short has a line for each vendor with something open or unknown, and the counts by impact."""
    calm = page_status(Page(key="calm", name="Calm", url="https://calm.example"))
    later = page_status(Page(key="later", name="Later", url="https://later.example"), SCHEDULED)
    assert short_lines(calm, later, *MIXED, page_status(CLOUD, failure=UNREAD)) == [
        "🔴 OpenAI: 1 critical, 1 major · Elevated errors on login",
        "🔴 Granite Pay: 1 major · unknown: HTTP 503 · Delayed payouts",
        "🟡 Cloud: 1 minor, 1 maintenance in progress · Elevated errors on login",
        "🟡 Cloud: 1 minor, 1 maintenance in progress · unknown: never read · Elevated errors on login",
        "1 critical · 2 major · 1 minor · 1 maintenance in progress · 2 scheduled · 2 pages unknown",
    ]
    assert short_lines(calm) == ["0 open"]
    assert short_lines(*MIXED[1:2], width=40)[0] == "🔴 OpenAI: 1 critical, 1 major · Elevat…"
    assert short_lines(page_status(CLOUD, IN_PROGRESS)) == [
        "🔧 Cloud: 1 maintenance in progress · Nameserver upgrade",
        "0 open · 1 maintenance in progress",
    ]
    assert short_lines(page_status(GRANITE, failure=UNREAD), state_file="state.json") == [
        "❔ Granite Pay: unknown: never read",
        "0 open · 1 page unknown · from the state file state.json",
    ]


def test_unknown_pages_alike_share_a_line() -> None:
    """Contract 7: unknown pages with the same reason share a line that names some of them; --full has a line each."""
    pages = [Page(key=f"p{number}", name=f"Page {number}", url="https://p.example") for number in range(10)]
    statuses = [page_status(page, failure=failure("no connection")) for page in pages]
    assert lines(*statuses) == [
        "❔ UNKNOWN   10 pages · no connection "
        "(Page 0, Page 1, Page 2, Page 3, Page 4, Page 5, Page 6, Page 7 and 2 more)",
        "0 open · 10 pages unknown · 0 of 10 pages read",
    ]
    assert len(lines(*statuses, full=True)) == 11


def test_very_many_components() -> None:
    """Contract 7: at most three components are named; --full names all."""
    many = tuple(Component(f"Service {number:03}") for number in range(113))
    first, *_ = lines(page_status(OPENAI, record(components=many)))
    assert first == ("🔴 MAJOR     OpenAI - Service 000, Service 001, Service 002 and 110 more · open 2 h 10 min")
    assert "Service 112 · open" in lines(page_status(OPENAI, record(components=many)), full=True)[0]


def test_40_columns() -> None:
    """A narrow terminal wraps between words, and following lines are indented; no address is cut."""
    unknown = page_status(GRANITE, failure=failure(), read_before=False)
    assert lines(page_status(OPENAI, record()), unknown, width=40) == [
        "🔴 MAJOR     OpenAI - Login · open 2 h",
        "             10 min",
        "             Elevated errors on login ·",
        "             https://status.openai.com/incidents/01KK",
        "             identified — We have",
        "             identified the cause. (12",
        "             min ago)",
        "❔ UNKNOWN   Granite Pay - status page ·",
        "             HTTP 503",
        "1 open · 1 page unknown · 1 of 2 pages",
        "  read",
    ]


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([page_status(), page_status(CLOUD)], "All clear: 0 open · 2 of 2 pages read"),
        ([page_status()], "All clear: 0 open · 1 of 1 page read"),
        ([page_status(), page_status(CLOUD, SCHEDULED)], "All clear: 0 open · 1 scheduled · 2 of 2 pages read"),
        ([page_status(OPENAI, IN_PROGRESS)], "0 open · 1 maintenance in progress · 1 of 1 page read"),
        ([page_status(), page_status(GRANITE, failure=DOWN)], "0 open · 1 page unknown · 1 of 2 pages read"),
        (
            [page_status(), page_status(GRANITE, suspicion="its history is suddenly empty")],
            "0 open · 1 page unknown · 1 of 2 pages read",
        ),
        ([page_status(skipped=("entry 3: no id", "entry 4"))], "0 open · 1 page unknown · 0 of 1 page read"),
    ],
)
def test_closing(statuses: list[PageStatus], expected: str) -> None:
    """Contract 7.7: the closing line counts as `check` does, with the number of pages that the counts rest on."""
    assert closing(*statuses) == expected


def test_a_dormant_page_is_no_reassurance() -> None:
    """Contract 2.5d: a page that the catalog marks dormant is shown with its last word, and never counts towards
    "all clear".
    """
    caution = "dormant? silent for over a year"
    silent = page_status(GRANITE, caution=caution, last_word_at=ago(days=500))
    assert lines(silent) == [
        "⚪ SILENT    Granite Pay - status page · last word 500 d ago; dormant? silent for over a year",
        "0 open · 1 of 1 page read",
    ]
    assert document(silent)["dormant"] == ["granite"]
    never = page_status(GRANITE, caution=caution)
    assert "no word is remembered; dormant?" in lines(never)[0]


def test_a_long_silence_is_shown_in_full() -> None:
    """18: `--full` names pages without a word for 180 days, which may be calm or abandoned; a calm one is not named."""
    silent, calm = page_status(GRANITE, last_word_at=ago(days=181)), page_status(OPENAI, last_word_at=ago(days=179))
    assert lines(silent, calm) == ["All clear: 0 open · 2 of 2 pages read"]
    first, closing_line = lines(silent, calm, full=True)
    assert first == "⚪ SILENT    Granite Pay - status page · last word 181 d ago; it may be calm, or abandoned"
    assert closing_line.startswith("All clear")


def test_closing_from_the_state_file() -> None:
    """Contract 2: an answer without a read names the state file that it comes from, and never says "all clear"."""
    assert closing(page_status(), state_file="state.json") == (
        "0 open · 1 of 1 page remembered · from the state file state.json"
    )
    assert closing(page_status(), page_status(GRANITE, failure=UNREAD), state_file="state.json") == (
        "0 open · 1 page unknown · 1 of 2 pages remembered · from the state file state.json"
    )


def test_closing_of_some_components() -> None:
    """Contract 2: an answer about some components names them, and counts what is open on others."""
    assert closing(page_status(OPENAI, record(), planned()), globs=["API*", "Chat"]) == (
        "All clear: 0 open · 1 of 1 page read · only components API*, Chat (2 more on other components)"
    )


problems = st.sampled_from(
    [
        {},
        {"failure": DOWN},
        {"failure": UNREAD, "read_before": False},
        {"failure": failure("")},
        {"suspicion": "an older copy"},
        {"skipped": ("entry 1",)},
    ]
)
records = st.lists(
    st.builds(record, st.sampled_from(Impact), status=st.sampled_from(["investigating", "resolved", "monitoring"]))
    | st.builds(planned, st.sampled_from(["scheduled", "in_progress"])),
    max_size=2,
)


@given(
    st.lists(st.tuples(problems, records), min_size=1, max_size=5),
    st.sampled_from([None, 40]),
    st.sampled_from([(), ("Login",), ("Other",)]),
    st.sampled_from(["", "state.json"]),
)
@example([({"failure": DOWN}, [])], None, (), "")
@example([({"failure": DOWN}, [])] * 3, None, (), "")
@example([({}, []), ({"suspicion": "an older copy"}, [])], None, (), "state.json")
def test_unknown_is_never_shown_as_fine(
    pages: list[tuple[Json, list[IncidentRecord]]], width: int | None, globs: tuple[str, ...], state_file: str
) -> None:
    """Contract 5: "all clear" appears only where every page was read and nothing is open on any.

    Every unknown page is named with its reason, in words and in JSON.
    """
    statuses = [
        page_status(Page(key=f"p{number}", name=f"Page{number}", url="https://p.example"), *entries, **problem)
        for number, (problem, entries) in enumerate(pages)
    ]
    printed = " ".join(" ".join(lines(*statuses, width=width, globs=globs, state_file=state_file)).split())
    unknown = [f"Page{number}" for number, (problem, _) in enumerate(pages) if problem]
    still_open = [entry for _, entries in pages for entry in entries if entry.status != "resolved"]
    if unknown or state_file:
        assert "all clear" not in printed.casefold()
    elif not still_open:
        assert "All clear" in printed
    unknown_lines = " ".join(part.partition(" of ")[0] for part in printed.split("❔ UNKNOWN ")[1:])
    assert sorted(set(re.findall(r"Page\d", unknown_lines))) == unknown
    brief = " ".join(short_lines(*statuses))
    assert all(f"{name}: " in brief for name in unknown) and brief.count("unknown: ") == len(unknown)
    fields = document(*statuses, globs=globs)
    assert [page["name"] for page in fields["unknown"]] == unknown
    assert fields["pages"] == {"asked": len(pages), "read": len(pages) - len(unknown)}
    stale = {f"p{number}" for number, (problem, _) in enumerate(pages) if problem and "skipped" not in problem}
    for entry in fields["incidents"]:
        assert entry["incident"]["as_of_last_good_read"] == (entry["page"]["key"] in stale)
        assert entry["incident"]["status"] != "resolved"


HOSTILE: Final = "[bold]x[/] \x1b[31mred\x1b[0m <b>&lt; ::error::a ##[error]b @everyone :fire: \u202eevil"


@given(st.lists(st.sampled_from([HOSTILE, "::set-output name=x::y", "##[group]z", "plain", "服务"]), max_size=4))
@example([HOSTILE])
def test_vendor_text_is_inert(parts: list[str]) -> None:
    """Contract 7.10: no line is a workflow command or has a control character, and the JSON gives the text back. No
    line is wider than the terminal unless it is one word.
    """
    vendor_text = text.line(" ".join(parts))
    page = msgspec.structs.replace(OPENAI, name=vendor_text or "x")
    entry = record(title=vendor_text, message=vendor_text, components=(Component(vendor_text or "x", vendor_text),))
    unknown = page_status(page, failure=failure(vendor_text, vendor_text, vendor_text))
    for width in (None, 40):
        printed = lines(page_status(page, entry), unknown, unknown, width=width, state_file=vendor_text)
        printed += short_lines(page_status(page, entry), unknown, width=width, state_file=vendor_text)
        assert not [line for line in printed if line.strip().startswith("::") or "##[" in line]
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202e]", "".join(printed))
        assert width is None or not [
            line for line in printed if cell_len(line) > width and len(line.strip().split(" ")) > 1 and line[0] == " "
        ]
    line = status.document(status_view([page_status(page, entry)], NOW), NOW, offline=False)
    assert "##[" not in line
    assert (json.loads(line)["incidents"][0]["incident"]["title"], "::error" in line[:8]) == (vendor_text, False)


def test_markup_is_text() -> None:
    """Contract 7.10: Rich markup of a vendor is printed as it is."""
    file = io.StringIO()
    view = status_view([page_status(OPENAI, record(title="[bold]x[/] :fire:"))], NOW)
    with mock.patch.dict(os.environ, {}, clear=True):
        print_lines(file, lambda width: status.render(view, NOW, width))
    assert "[bold]x[/] :fire: · https" in file.getvalue()


def test_worst_first() -> None:
    """Contract 2: by impact, an unstated one below the minor ones; of one impact the latest first."""
    entries = [record(impact, title=impact) for impact in Impact]
    entries.append(record(Impact.MAJOR, title="newer", created_at=ago(minutes=1)))
    view = status_view([page_status(OPENAI, *entries[:3]), page_status(CLOUD, *entries[3:])], NOW)
    assert [incident.record.title for incident in view.incidents] == [
        "critical", "newer", "major", "minor", "unknown", "none", "maintenance"
    ]  # fmt: skip


def test_what_is_not_stated() -> None:
    """Contract 7.12: nothing is invented where the vendor states nothing, or where nothing is remembered."""
    bare = record(
        Impact.UNKNOWN, components=(), message="", url="", created_at=None, last_update_at=NOW + timedelta(minutes=2)
    )
    assert lines(page_status(OPENAI, bare), globs=["Login"])[:4] == [
        "🟡 UNSTATED  OpenAI - not stated · open at least under a minute",
        "             Elevated errors on login · impact not stated · https://status.openai.com",
        "             identified (under a minute ago)",
        f"             {phrases.NO_COMPONENT_STATED}",
    ]


def test_absent() -> None:
    """Contract 4, rule 13: an incident that its page no longer lists stays open, with a remark since when."""
    (*_, remark, _) = lines(page_status(OPENAI, record(absent_since=ago(minutes=1))))
    since = phrases.minute(ago(minutes=1))
    assert remark.strip() == f"Not in the vendor's list since {since}; its end is unknown"


@pytest.mark.parametrize(
    ("status", "start", "end", "expected"),
    [
        ("scheduled", 90, 150, "maintenance in 1 h 30 min, 2026-05-04 12:00 to 13:00 UTC"),
        ("scheduled", 90, None, "maintenance in 1 h 30 min, 2026-05-04 12:00 UTC"),
        ("scheduled", None, None, "maintenance at a time not stated"),
        ("scheduled", -30, 30, "maintenance due since 2026-05-04 10:00 UTC, until 2026-05-04 11:00 UTC"),
        ("scheduled", -30, None, "maintenance due since 2026-05-04 10:00 UTC"),
        ("scheduled", -90, -30, "maintenance not begun by its page, due to end at 2026-05-04 10:00 UTC"),
        ("in_progress", -30, 30, "maintenance in progress, until 2026-05-04 11:00 UTC"),
        ("verifying", -90, -30, "maintenance in progress by its page, due to end at 2026-05-04 10:00 UTC"),
        ("in_progress", 30, None, "maintenance in progress"),
    ],
)
def test_windows(status: str, start: int | None, end: int | None, expected: str) -> None:
    """Contract 4: a maintenance is shown by its status and by its schedule, also where these disagree."""
    times = [None if minutes is None else NOW + timedelta(minutes=minutes) for minutes in (start, end)]
    first, *_ = lines(page_status(OPENAI, planned(status, scheduled_for=times[0], scheduled_until=times[1])))
    assert first.split(" · ")[1] == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-5, "under a minute"),
        (59, "under a minute"),
        (60, "1 min"),
        (3 * 60 + 59, "3 min"),
        (3600, "1 h"),
        (7800, "2 h 10 min"),
        (86400, "1 d"),
        (86400 + 3600 + 120, "1 d 1 h"),
        (86400 + 120, "1 d"),
        (5 * 86400 + 4000, "5 d"),
    ],
)
def test_lengths(seconds: int, expected: str) -> None:
    """Ages have their two leading units, cut; many days are days alone."""
    assert phrases.length(timedelta(seconds=seconds)) == expected


def test_json() -> None:
    """Contract 2: the JSON document has the pages asked and read, the unknown ones, and all that is open."""
    window = planned("in_progress", created_at=None, scheduled_for=ago(minutes=30))
    quoted = page_status(OPENAI, window, last_word_at=ago(minutes=12))
    assert document(quoted, page_status(GRANITE, failure=DOWN)) == {
        "schema": 1,
        "at": "2026-05-04T10:30:00Z",
        "offline": False,
        "pages": {"asked": 2, "read": 1},
        "components": [],
        "hidden": 0,
        "unknown": [
            {"key": "granite", "name": "Granite Pay", "url": "https://status.granite.example", "reason": "HTTP 503"}
        ],
        "last_words": [{"key": "openai", "at": "2026-05-04T10:18:00Z"}, {"key": "granite", "at": None}],
        "dormant": [],
        "incidents": [
            {
                "page": {"key": "openai", "name": "OpenAI", "url": "https://status.openai.com"},
                "incident": {
                    "id": "i0",
                    "kind": "maintenance",
                    "title": "Nameserver upgrade",
                    "status": "in_progress",
                    "impact": "maintenance",
                    "url": "https://status.openai.com/incidents/01KK",
                    "components": ["Login"],
                    "created_at": None,
                    "scheduled_for": "2026-05-04T10:00:00Z",
                    "scheduled_until": None,
                    "message": "",
                    "last_update_at": "2026-05-04T10:18:00Z",
                    "absent_since": None,
                    "as_of_last_good_read": False,
                },
            }
        ],
    }


@pytest.mark.parametrize("least", IMPACT_SCALE[1:])
@pytest.mark.parametrize("impact", Impact)
def test_what_stops_a_deploy(least: Impact, impact: Impact) -> None:
    """Contract 8, code 10: an open incident of that impact, a higher or an unstated one blocks; nothing else does."""
    grave = impact is Impact.UNKNOWN or (
        impact in IMPACT_SCALE and IMPACT_SCALE.index(impact) >= IMPACT_SCALE.index(least)
    )
    assert bool(status_view([page_status(OPENAI, record(impact))], NOW).blocking(least)) == grave
    over = record(impact, status="resolved")
    works = record(impact, kind=IncidentKind.MAINTENANCE, status="in_progress")
    assert status_view([page_status(OPENAI, over, works)], NOW).blocking(least) == ()


def test_globs() -> None:
    """Contract 2: a glob means a component's name, with its group or without, in any case; what states none passes."""
    parts = record(components=(Component("Login", "API"), Component("Chat")))
    bare = record(components=())
    for globs, count in ((["login"], 2), (["api - *"], 2), (["Web", "c?at"], 2), (["Log"], 1), ([], 2)):
        view = status_view([page_status(OPENAI, parts, bare)], NOW, globs)
        assert (len(view.incidents), view.hidden) == (count, 2 - count)
