"""`statuswatch status`: what is open now, on how many pages that rests, and the gate in front of a deploy."""

from __future__ import annotations

import io
import json
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

import msgspec
import pytest
from filelock import FileLock
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from statuswatch import cli, text
from statuswatch.model.incident import IMPACT_SCALE, Component, Impact, IncidentKind
from statuswatch.model.page import Failure, Page
from statuswatch.model.report import PageStatus
from statuswatch.model.state import IncidentRecord
from statuswatch.render import phrases, status
from statuswatch.rules.status import status_view
from tests.support.fake_vendor import incident, statuspage, window
from tests.support.workspace import INCIDENTS, on_a_terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.support.workspace import Completed, Workspace

Json = dict[str, Any]
NOW: Final = datetime(2026, 5, 4, 10, 30, tzinfo=UTC)
OPENAI: Final = Page(key="openai", name="OpenAI", url="https://status.openai.com")
CLOUD: Final = Page(key="cloud", name="Cloud", url="https://status.cloud.example")
GRANITE: Final = Page(key="granite", name="Granite Pay", url="https://status.granite.example")
DOWN: Final = Failure("HTTP 503", "https://status.granite.example/x.json", "the next run tries again")


# ------------------------------------------------------------------------------------------------- rendering, pure


def ago(**time: float) -> datetime:
    return NOW - timedelta(**time)


def known(impact: Impact = Impact.MAJOR, **fields: Any) -> IncidentRecord:
    usual: Json = {
        "status": "identified",
        "title": "Elevated errors on login",
        "last": ago(minutes=12),
        "components": (Component("Login"),),
        "url": "https://status.openai.com/incidents/01KK",
        "message": "We have identified the cause.",
        "created_at": ago(hours=2, minutes=10, seconds=5),
    }
    return IncidentRecord(impact=impact, **usual | fields)


def planned(status: str = "scheduled", **fields: Any) -> IncidentRecord:
    usual: Json = {"kind": IncidentKind.MAINTENANCE, "status": status, "title": "Nameserver upgrade", "message": ""}
    return known(Impact.MAINTENANCE, **usual | fields)


def stands(page: Page = OPENAI, *incidents: IncidentRecord, **fields: Any) -> PageStatus:
    opened = {f"i{number}": it for number, it in enumerate(incidents)}
    return PageStatus(page=page, open=opened, **{"read_before": True, **fields})


def lines(*standings: PageStatus, width: int | None = None, globs: Sequence[str] = (), memory: str = "") -> list[str]:
    seen = status_view(standings, NOW, globs)
    return [line.plain for line in status.render(seen, NOW, width, memory=memory)]


def closing(*standings: PageStatus, globs: Sequence[str] = (), memory: str = "") -> str:
    return status.closing(status_view(standings, NOW, globs), memory=memory)


def document(*standings: PageStatus, globs: Sequence[str] = ()) -> Json:
    line = status.document(status_view(standings, NOW, globs), NOW, offline=False)
    assert line.splitlines() == [line]
    read: Json = json.loads(line)
    return read


def test_all_of_it() -> None:
    """Contract 2: what is open and what maintenance is coming, worst first, with age, impact, components and the last
    message; then the pages of which that is not known, and on how many pages it all rests.
    """
    under_way = planned("in_progress", scheduled_for=ago(minutes=30), scheduled_until=NOW + timedelta(minutes=30))
    coming = planned(scheduled_for=NOW + timedelta(days=3, hours=5), scheduled_until=NOW + timedelta(days=3, hours=7))
    assert lines(
        stands(CLOUD, coming, under_way, known(Impact.MINOR, components=(), created_at=ago(days=5))),
        stands(OPENAI, known(Impact.CRITICAL)),
        stands(GRANITE, known(Impact.MAJOR, title="Delayed payouts"), failed=DOWN),
    ) == [
        "🔴 CRITICAL  OpenAI - Login · open 2 h 10 min",
        "             Elevated errors on login · https://status.openai.com/incidents/01KK",
        "             identified — We have identified the cause. (12 min ago)",
        "🔴 MAJOR     Granite Pay - Login · open 2 h 10 min",
        "             Delayed payouts · https://status.openai.com/incidents/01KK",
        "             identified — We have identified the cause. (12 min ago)",
        "             As of the last good read of its page: what it says now is not known",
        "🟡 MINOR     Cloud - not stated · open 5 d",
        "             Elevated errors on login · https://status.openai.com/incidents/01KK",
        "             identified — We have identified the cause. (12 min ago)",
        "🔧 NOW       Cloud - Login · maintenance in progress, until 2026-05-04 11:00:00 UTC",
        "             Nameserver upgrade · https://status.openai.com/incidents/01KK",
        "             in_progress (12 min ago)",
        "📅 COMING    Cloud - Login · maintenance in 3 d, 2026-05-07 15:30:00 UTC to 2026-05-07 17:30:00 UTC",
        "             Nameserver upgrade · https://status.openai.com/incidents/01KK",
        "             scheduled (12 min ago)",
        "❔ UNKNOWN   Granite Pay - status page · HTTP 503 (https://status.granite.example/x.json): "
        "the next run tries again · at its last good read 1 was open",
        "3 incidents open on 3 of 3 pages · maintenance: 1 in progress, 1 coming · "
        "1 page could not be read: Granite Pay (HTTP 503)",
    ]


def test_the_output_shown_in_the_readme() -> None:
    """The sample of the README is what is printed for such pages."""
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"\$ statuswatch status\n(.*?)\n```", readme, re.DOTALL)
    login = known(
        Impact.CRITICAL,
        components=(Component("API"), Component("Login")),
        message="A bad deployment is being rolled back.",
        url="https://status.openai.com/incidents/01KK2T9T",
        last_update_at=ago(hours=2, minutes=9),
    )
    upgrade = planned(
        "in_progress",
        components=(Component("Anycast DNS"),),
        message="Queries are answered throughout.",
        url="https://www.cloudflarestatus.com/incidents/q8jmv1p0x2rk",
        last_update_at=ago(hours=1),
        scheduled_for=ago(hours=1),
        scheduled_until=NOW + timedelta(minutes=30),
    )
    cloudflare = Page(key="cloudflare", name="Cloudflare", url="https://www.cloudflarestatus.com")
    where = "https://status.granite.example/api/v2/incidents.json"
    down = Failure("HTTP 503", where, "the vendor's server has a fault; the next run tries again")
    assert shown.splitlines() == lines(
        stands(OPENAI, login), stands(cloudflare, upgrade), stands(GRANITE, failed=down, read_before=False)
    )


def test_40_columns() -> None:
    """A narrow terminal wraps between words, and what follows is indented; no address is cut."""
    assert lines(stands(OPENAI, known()), stands(GRANITE, failed=Failure("HTTP 503"), read_before=False), width=40) == [
        "🔴 MAJOR     OpenAI - Login · open 2 h",
        "             10 min",
        "             Elevated errors on login ·",
        "             https://status.openai.com/incidents/01KK",
        "             identified — We have",
        "             identified the cause. (12",
        "             min ago)",
        "❔ UNKNOWN   Granite Pay - status page ·",
        "             HTTP 503",
        "1 incident open on 1 of 2 pages · 1 page",
        "  could not be read: Granite Pay (HTTP",
        "  503)",
    ]


@pytest.mark.parametrize(
    ("standings", "expected"),
    [
        ([stands(), stands(CLOUD)], "All clear: 2 of 2 pages read, nothing open"),
        ([stands()], "All clear: 1 of 1 page read, nothing open"),
        (
            [stands(), stands(CLOUD, planned(scheduled_for=NOW + timedelta(days=1)))],
            "All clear: 2 of 2 pages read, nothing open · maintenance: 1 coming",
        ),
        ([stands(OPENAI, planned("verifying"))], "No incident open: 1 of 1 page read · maintenance: 1 in progress"),
        (
            [stands(), stands(GRANITE, failed=DOWN)],
            "No incident open on the 1 of 2 pages that could be read · "
            "1 page could not be read: Granite Pay (HTTP 503)",
        ),
        (
            [stands(), stands(GRANITE, suspicion="its history is suddenly empty")],
            "No incident open on the 1 of 2 pages that could be read · "
            "1 page could not be read: Granite Pay (its history is suddenly empty)",
        ),
        (
            [stands(skipped=("entry 3: no id", "entry 4: no id"))],
            "Nothing can be said: 0 of 1 page read · "
            "1 page could not be read: OpenAI (an entry could not be understood: entry 3: no id (and 1 more))",
        ),
        (
            [stands(GRANITE, failed=DOWN)] * 7,
            "Nothing can be said: 0 of 7 pages read · 7 pages could not be read: "
            + ", ".join(["Granite Pay (HTTP 503)"] * 5)
            + ", and 2 more",
        ),
    ],
)
def test_closing(standings: list[PageStatus], expected: str) -> None:
    """Contract 2: "all clear" says how many pages that rests on and which could not be read."""
    assert closing(*standings) == expected


def test_closing_from_memory() -> None:
    """Contract 2: an answer without a read says that it is what was remembered, and where."""
    assert closing(stands(), memory="state.json") == (
        "No incident open: 1 of 1 page known · as remembered in state.json"
    )
    assert closing(stands(), stands(GRANITE, failed=Failure("never read")), memory="state.json") == (
        "No incident open on the 1 of 2 pages that are known · "
        "1 page not known: Granite Pay (never read) · as remembered in state.json"
    )


def test_closing_of_some_components() -> None:
    """Contract 2: where only some components were asked about, the answer says which, and that more is open."""
    assert closing(stands(OPENAI, known(), planned()), globs=["API*", "Chat"]) == (
        "All clear for API*, Chat: 1 of 1 page read, nothing open · 2 more open or coming on other components"
    )


kinds = st.sampled_from(
    [
        {},
        {"failed": DOWN},
        {"failed": Failure("never read"), "read_before": False},
        {"failed": Failure("")},
        {"suspicion": "an older copy"},
        {"skipped": ("entry 1",)},
    ]
)
opened = st.lists(
    st.builds(known, st.sampled_from(Impact), status=st.sampled_from(["investigating", "resolved", "monitoring"]))
    | st.builds(planned, st.sampled_from(["scheduled", "in_progress"])),
    max_size=2,
)


@given(
    st.lists(st.tuples(kinds, opened), min_size=1, max_size=5),
    st.sampled_from([None, 40]),
    st.sampled_from([(), ("Login",), ("Other",)]),
    st.sampled_from(["", "state.json"]),
)
@example([({"failed": DOWN}, [])], None, (), "")
@example([({}, []), ({"suspicion": "an older copy"}, [])], None, (), "state.json")
def test_unknown_is_never_shown_as_fine(
    pages: list[tuple[Json, list[IncidentRecord]]], width: int | None, globs: tuple[str, ...], memory: str
) -> None:
    """Contract 5: whatever the mix of pages, "all clear" is said only where every one was read and none has anything
    open; every other page is named with its reason, in words and in JSON.
    """
    standings = [
        stands(Page(key=f"p{number}", name=f"Page{number}", url="https://p.example"), *them, **kind)
        for number, (kind, them) in enumerate(pages)
    ]
    said = " ".join(" ".join(lines(*standings, width=width, globs=globs, memory=memory)).split())
    unread = [f"Page{number}" for number, (kind, _) in enumerate(pages) if kind]
    if unread:
        assert "all clear" not in said.casefold()
    if not unread and not any(it.status != "resolved" for _, them in pages for it in them):
        assert "All clear" in said
    assert re.findall(r"❔ UNKNOWN (Page\d)", said) == unread
    read = document(*standings, globs=globs)
    assert [it["name"] for it in read["unknown"]] == unread
    assert read["pages"] == {"asked": len(pages), "read": len(pages) - len(unread)}
    stale = {f"p{number}" for number, (kind, _) in enumerate(pages) if kind and "skipped" not in kind}
    assert all(it["incident"]["as_of_last_good_read"] == (it["page"]["key"] in stale) for it in read["incidents"])
    assert all(it["incident"]["status"] != "resolved" for it in read["incidents"])


HOSTILE: Final = "[bold]x[/] \x1b[31mred\x1b[0m <b>&lt; ::error::a ##[error]b @everyone :fire: \u202eevil"


@given(st.lists(st.sampled_from([HOSTILE, "::set-output name=x::y", "##[group]z", "plain", "服务"]), max_size=4))
@example([HOSTILE])
def test_vendor_text_is_inert(parts: list[str]) -> None:
    """Contract 7: no line is a workflow command or has a control character, none is wider than the terminal unless it
    is one word, and the JSON gives the text back.
    """
    vendors = text.line(" ".join(parts))
    page = msgspec.structs.replace(OPENAI, name=vendors or "x")
    it = known(title=vendors, message=vendors, components=(Component(vendors or "x", vendors),))
    failed = Failure(vendors, vendors, vendors)
    for width in (None, 40):
        shown = lines(stands(page, it), stands(page, failed=failed), width=width, memory=vendors)
        assert not [line for line in shown if line.strip().startswith("::") or "##[" in line]
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202e]", "".join(shown))
        assert width is None or not [
            line for line in shown if cell_len(line) > width and len(line.strip().split(" ")) > 1 and line[0] == " "
        ]
    line = status.document(status_view([stands(page, it)], NOW), NOW, offline=False)
    assert "##[" not in line
    assert (json.loads(line)["incidents"][0]["incident"]["title"], "::error" in line[:8]) == (vendors, False)


def test_markup_is_text() -> None:
    """Contract 7: Rich markup of a vendor is printed as it is."""
    file = io.StringIO()
    seen = status_view([stands(OPENAI, known(title="[bold]x[/] :fire:"))], NOW)
    with mock.patch.dict(os.environ, {}, clear=True):
        cli._lines(file, lambda width: status.render(seen, NOW, width))
    assert "[bold]x[/] :fire: · https" in file.getvalue()


def test_worst_first() -> None:
    """Contract 2: by impact, one that is not stated below the minor ones; of one impact the latest first."""
    impacts = [*Impact]
    them = [known(it, title=it) for it in impacts] + [known(Impact.MAJOR, title="newer", created_at=ago(minutes=1))]
    seen = status_view([stands(OPENAI, *them[:3]), stands(CLOUD, *them[3:])], NOW)
    assert [it.known.title for it in seen.incidents] == [
        "critical", "newer", "major", "minor", "unknown", "none", "maintenance"
    ]  # fmt: skip


def test_what_is_not_stated() -> None:
    """Contract 4: what the vendor does not state is said to be that; what is not remembered is not made up."""
    bare = known(
        Impact.UNKNOWN, components=(), message="", url="", created_at=None, last_update_at=NOW + timedelta(minutes=2)
    )
    assert lines(stands(OPENAI, bare), globs=["Login"])[:4] == [
        "🟡 UNSTATED  OpenAI - not stated · open at least under a minute",
        "             Elevated errors on login · impact not stated · https://status.openai.com",
        "             identified (under a minute ago)",
        "             It passes the filter on components: the vendor does not state which are affected",
    ]


def test_absent() -> None:
    """Contract 4, rule 12: one that its page lists no more is open until that is sure, and said to be missing."""
    (*_, remark, _) = lines(stands(OPENAI, known(absent_since=ago(minutes=1))))
    assert remark.strip() == "Its page lists it no longer; whether it is over shows at a later run of `check`"


@pytest.mark.parametrize(
    ("status", "start", "end", "expected"),
    [
        ("scheduled", 90, 150, "maintenance in 1 h 30 min, 2026-05-04 12:00:00 UTC to 2026-05-04 13:00:00 UTC"),
        ("scheduled", 90, None, "maintenance in 1 h 30 min, 2026-05-04 12:00:00 UTC"),
        ("scheduled", None, None, "maintenance at a time not stated"),
        ("scheduled", -30, 30, "maintenance due since 2026-05-04 10:00:00 UTC, until 2026-05-04 11:00:00 UTC"),
        ("scheduled", -30, None, "maintenance due since 2026-05-04 10:00:00 UTC"),
        ("scheduled", -90, -30, "maintenance not begun by its page, due to end at 2026-05-04 10:00:00 UTC"),
        ("in_progress", -30, 30, "maintenance in progress, until 2026-05-04 11:00:00 UTC"),
        ("verifying", -90, -30, "maintenance in progress by its page, due to end at 2026-05-04 10:00:00 UTC"),
        ("in_progress", 30, None, "maintenance in progress"),
    ],
)
def test_windows(status: str, start: int | None, end: int | None, expected: str) -> None:
    """Contract 4: a window is shown by its page's word for it and by its schedule, also where these disagree."""
    times = [None if it is None else NOW + timedelta(minutes=it) for it in (start, end)]
    shown = lines(stands(OPENAI, planned(status, scheduled_for=times[0], scheduled_until=times[1])))
    assert shown[0].split(" · ")[1] == expected


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
    """Ages are said in the two leading units, cut; many days as days."""
    assert phrases.length(timedelta(seconds=seconds)) == expected


def test_json() -> None:
    """Contract 2: the JSON document has the pages asked and read, the unknown ones, and all that is open."""
    it = planned("in_progress", created_at=None, scheduled_for=ago(minutes=30))
    assert document(stands(OPENAI, it), stands(GRANITE, failed=DOWN)) == {
        "schema": 1,
        "at": "2026-05-04T10:30:00Z",
        "offline": False,
        "pages": {"asked": 2, "read": 1},
        "components": [],
        "hidden": 0,
        "unknown": [
            {"key": "granite", "name": "Granite Pay", "url": "https://status.granite.example", "reason": "HTTP 503"}
        ],
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
    """Contract 8: an open incident of that impact, a higher or an unstated one stops; nothing else does."""
    grave = impact is Impact.UNKNOWN or (
        impact in IMPACT_SCALE and IMPACT_SCALE.index(impact) >= IMPACT_SCALE.index(least)
    )
    assert bool(status_view([stands(OPENAI, known(impact))], NOW).stopping(least)) == grave
    over = known(impact, status="resolved")
    works = known(impact, kind=IncidentKind.MAINTENANCE, status="in_progress")
    assert status_view([stands(OPENAI, over, works)], NOW).stopping(least) == ()


def test_globs() -> None:
    """Contract 2: a glob means a component's name, with its group or without, in any case; what states none passes."""
    parts = known(components=(Component("Login", "API"), Component("Chat")))
    bare = known(components=())
    for globs, count in ((["login"], 2), (["api - *"], 2), (["Web", "c?at"], 2), (["Log"], 1), ([], 2)):
        seen = status_view([stands(OPENAI, parts, bare)], NOW, globs)
        assert (len(seen.incidents), seen.hidden) == (count, 2 - count)


# ---------------------------------------------------------------------------------------------- the command, as run


def answer(workspace: Workspace, *arguments: str, code: int = 0) -> Json:
    done = workspace.run("status", "--format", "json", *arguments)
    assert done.code == code, done
    read: Json = json.loads(done.out)
    return read


def opened_on(workspace: Workspace, *arguments: str) -> list[str]:
    return [f"{it['page']['key']}/{it['incident']['id']}" for it in answer(workspace, *arguments)["incidents"]]


def test_status_reads_and_writes_nothing(workspace: Workspace) -> None:
    """Contract 2: without a memory it reads what is open now, and leaves no trace, not even a lock."""
    workspace.acme(incident("a1", "identified", impact="critical", parts=["API"]), incident("a2", "resolved"))
    clean = workspace.files()
    done = workspace.run("status")
    out = re.sub(r"\d+ d\b", "N d", done.out)
    assert (done.code, done.err, workspace.files()) == (0, "", clean)
    assert out == (
        "🔴 CRITICAL  Acme - API · open N d\n"
        f"             Trouble a1 · {workspace.vendor.url}/acme/incidents/a1\n"
        "             identified — It is identified. (N d ago)\n"
        "1 incident open on 1 of 1 page\n"
    )
    workspace.check()
    before = workspace.files()
    assert workspace.run("status").out == done.out
    assert workspace.files() == before


def test_status_waits_for_no_run(workspace: Workspace) -> None:
    """Contract 2: it takes no lock, so it answers while another run holds it, and from a folder nobody may write."""
    with FileLock(workspace.folder / ".state.json.lock"):
        assert opened_on(workspace) == ["acme/a0"]
    (workspace.folder / "fixed").mkdir(mode=0o555)
    assert opened_on(workspace, "--state", "fixed/state.json") == ["acme/a0"]


def test_status_uses_the_memory(workspace: Workspace) -> None:
    """Contract 4, rule 13: what rolled out of a page's list is still open, as `check` has it."""
    documents = statuspage("/acme", [incident("a1", "investigating")])
    workspace.vendor.put(documents)
    workspace.check()
    workspace.vendor.put(statuspage("/acme", [incident("a2", "resolved", at=datetime(2025, 2, 1, tzinfo=UTC))]))
    workspace.vendor.answer("/acme/api/v2/summary.json", "no", 500)
    assert opened_on(workspace) == ["acme/a1"]


def test_all_clear(workspace: Workspace) -> None:
    """Contract 2: "all clear" says how many pages that rests on; a window that is coming does not spoil it."""
    workspace.watch("acme", "bolt")
    workspace.bolt(incident("b1", "resolved"))
    soon = window("w1", "scheduled") | {"scheduled_for": "2199-01-01T00:00:00Z", "scheduled_until": None}
    workspace.acme(windows=(soon,))
    done = workspace.run("status")
    assert done.out.splitlines()[-1] == "All clear: 2 of 2 pages read, nothing open · maintenance: 1 coming"
    assert "📅 COMING    Acme - not stated · maintenance in " in done.out
    assert workspace.run("status", "--fail-on", "minor").code == 0


def test_a_page_that_fails_is_unknown(workspace: Workspace) -> None:
    """Contract 5: a page that cannot be read is named, what was open on it is shown as of then, and nothing is fine."""
    workspace.watch("acme", "bolt")
    workspace.bolt()
    workspace.check()
    workspace.vendor.answer(INCIDENTS, "no", 503)
    done = workspace.run("status")
    assert done.code == 0
    assert "As of the last good read of its page" in done.out
    assert "❔ UNKNOWN   Acme - status page · HTTP 503 (" in done.out
    assert done.out.splitlines()[-1] == ("1 incident open on 1 of 2 pages · 1 page could not be read: Acme (HTTP 503)")
    (it,) = answer(workspace)["incidents"]
    assert it["incident"]["as_of_last_good_read"] is True
    workspace.state.unlink()
    said = workspace.run("status").out
    assert said.splitlines()[-1].startswith("No incident open on the 1 of 2 pages that could be read · 1 page could")


def test_a_suspicion_is_unknown(workspace: Workspace) -> None:
    """Contract 5: what may be an older copy is not believed here either."""
    workspace.check()
    workspace.acme()
    read = answer(workspace)
    assert [it["reason"] for it in read["unknown"]] == ["its history is suddenly empty"]
    assert [it["incident"]["id"] for it in read["incidents"]] == ["a0"]
    assert workspace.run("status", "--fail-on", "critical").code == 4


def test_an_entry_that_is_not_understood_is_unknown(workspace: Workspace) -> None:
    """Contract 5: an entry that could not be understood may be open: the rest counts, and the page is not fine."""
    bad = incident("a2", "investigating")
    del bad["name"]
    workspace.acme(incident("a1", "resolved"), bad)
    read = answer(workspace)
    assert (read["pages"], read["incidents"]) == ({"asked": 1, "read": 0}, [])
    assert read["unknown"][0]["reason"].startswith("an entry could not be understood: incidents.json: entry 1: ")
    assert "missing required field `name`" in read["unknown"][0]["reason"]
    assert workspace.run("status", "--fail-on", "major").code == 4


def test_offline(workspace: Workspace) -> None:
    """Contract 2: --offline answers from state.json alone, with the last message, and asks no page for anything."""
    workspace.watch("acme", "bolt")
    workspace.bolt()
    workspace.acme(incident("a1", "investigating", "identified", impact="major", parts=["API"]))
    workspace.check("acme")
    asked = len(workspace.vendor.requests)
    done = workspace.run("status", "--offline")
    assert len(workspace.vendor.requests) == asked
    assert done.code == 0
    assert "             identified — It is identified. (" in done.out
    assert "❔ UNKNOWN   Bolt - status page · never read" in done.out
    assert done.out.splitlines()[-1] == (
        f"1 incident open on 1 of 2 pages · 1 page not known: Bolt (never read) · as remembered in {workspace.state}"
    )
    assert answer(workspace, "--offline", "acme")["offline"] is True
    workspace.watch("acme", acme=f"{workspace.vendor.url}/moved")
    assert answer(workspace, "--offline")["unknown"][0]["reason"] == "never read"


def test_offline_failing_and_suspected(workspace: Workspace) -> None:
    """Contract 2: offline, a page that failed or looked wrong at its last read is unknown, and since when."""
    workspace.watch("acme", "bolt")
    workspace.bolt(incident("b0", "resolved"))
    workspace.check()
    workspace.vendor.answer(INCIDENTS, "no", 403)
    workspace.bolt()
    workspace.check()
    read = answer(workspace, "--offline")
    reasons = [re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "THEN", it["reason"]) for it in read["unknown"]]
    assert reasons == ["failing since THEN: HTTP 403", "suspected since THEN: its history is suddenly empty"]
    assert [it["incident"]["as_of_last_good_read"] for it in read["incidents"]] == [True]


def test_offline_without_a_memory(workspace: Workspace) -> None:
    """Contract 2: where nothing is remembered nothing is known, and that is never fine."""
    done = workspace.run("status", "--offline")
    assert (done.code, workspace.vendor.requests) == (0, [])
    assert "Nothing can be said: 0 of 1 page known · 1 page not known: Acme (never read)" in done.out
    assert workspace.run("status", "--offline", "--fail-on", "major").code == 4


@pytest.mark.parametrize("arguments", [(), ("--offline",)])
def test_a_spoiled_memory_is_exit_3(workspace: Workspace, arguments: tuple[str, ...]) -> None:
    """Contract 8: a state.json that cannot be read is exit 3 here too, and the file is left alone."""
    workspace.state.write_bytes(b"nonsense\n")
    done = workspace.run("status", *arguments)
    assert (done.code, done.out) == (3, "")
    assert "cannot be used" in done.err
    assert workspace.state.read_bytes() == b"nonsense\n"


def test_pages(workspace: Workspace) -> None:
    """Contract 2: PAGE limits it to some pages; a key that is not watched is exit 2."""
    workspace.watch("acme", "bolt")
    workspace.bolt(incident("b1", "investigating"))
    assert opened_on(workspace, "bolt") == ["bolt/b1"]
    assert {it.path.split("/")[1] for it in workspace.vendor.requests} == {"bolt"}
    done = workspace.run("status", "blot")
    assert (done.code, "did you mean 'bolt'?" in done.err) == (2, True)


def test_filters_hide_nothing(workspace: Workspace) -> None:
    """Contract 3: filters decide what `check` tells; what is open is shown whatever they say."""
    words = 'components = ["Web"]\nmin_impact = "critical"\nmaintenance = false\nkinds = ["resolved"]\n'
    workspace.watch("acme", settings=words)
    workspace.acme(
        incident("a1", "investigating", parts=["API"]), windows=(window("w1", "in_progress", parts=["API"]),)
    )
    assert opened_on(workspace) == ["acme/a1", "acme/w1"]


def gate(workspace: Workspace, *arguments: str) -> Completed:
    return workspace.run("status", "--quiet", *arguments)


def test_the_gate(workspace: Workspace) -> None:
    """Contract 8: --fail-on exits 10 when something at or above that impact is open on a component asked about."""
    workspace.acme(
        incident("a1", "investigating", impact="major", parts=["Login"]), windows=(window("w1", "in_progress"),)
    )
    codes = {word: gate(workspace, "--fail-on", word).code for word in ("minor", "major", "critical")}
    assert codes == {"minor": 10, "major": 10, "critical": 0}
    assert [gate(workspace, "--fail-on", "minor", "--component", it).code for it in ("log*", "API")] == [10, 0]
    assert gate(workspace, "--fail-on", "minor", "--component", "API", "--component", "Login").code == 10
    assert gate(workspace).code == 0
    said = workspace.run("status", "--fail-on", "minor").err
    assert said == "statuswatch: --fail-on minor: 1 incident is open of that impact, a higher or an unstated one\n"
    workspace.acme(incident("a1", "resolved", impact="critical"))
    assert gate(workspace, "--fail-on", "minor").code == 0


def test_the_gate_wants_a_component(workspace: Workspace) -> None:
    """8: an empty glob, of a variable that is not set, would let everything pass: exit 2."""
    workspace.acme(incident("a1", "investigating", parts=["Login"]))
    assert gate(workspace, "--fail-on", "minor", "--component", "").code == 2


@pytest.mark.parametrize("impact", [None, "catastrophic"])
def test_the_gate_stops_at_what_is_not_stated(workspace: Workspace, impact: str | None) -> None:
    """Contract 8: an impact or a component that the vendor does not state may be the one: better one stop too many."""
    workspace.acme(incident("a1", "investigating") | {"impact": impact})
    done = gate(workspace, "--fail-on", "critical", "--component", "Login")
    assert done.code == 10
    assert "impact not stated" in done.out
    assert "It passes the filter on components" in done.out


def test_the_gate_and_what_is_unknown(workspace: Workspace) -> None:
    """Contract 8: else 4 where a page asked about was not read, unless --allow-unknown; what is open comes first."""
    workspace.watch("acme", "bolt")
    workspace.bolt(incident("b1", "investigating", impact="major", parts=["Chat"]))
    workspace.vendor.answer(INCIDENTS, "no", 503)
    done = gate(workspace, "--fail-on", "critical")
    assert done.code == 4
    assert done.err == (
        "statuswatch: error: --fail-on critical: it is not known what is open on acme; see --allow-unknown\n"
    )
    assert "1 page could not be read: Acme (HTTP 503)" in done.out
    assert gate(workspace, "--fail-on", "critical", "--allow-unknown").code == 0
    assert gate(workspace, "--fail-on", "critical", "bolt").code == 0
    assert gate(workspace, "--fail-on", "major").code == 10
    assert gate(workspace, "--fail-on", "major", "--allow-unknown").code == 10
    assert gate(workspace, "--allow-unknown").code == 0
    assert gate(workspace).code == 0


def test_the_gate_remembers(workspace: Workspace) -> None:
    """Contract 8: what was open at a page's last good read stops too, while it cannot be read."""
    workspace.acme(incident("a1", "investigating", impact="major"))
    workspace.check()
    workspace.vendor.answer(INCIDENTS, "no", 503)
    assert gate(workspace, "--fail-on", "major", "--allow-unknown").code == 10
    assert gate(workspace, "--fail-on", "critical").code == 4


def test_no_page_answered(workspace: Workspace, dead: str) -> None:
    """Contract 8: where no page answers at all it is exit 4, whatever was asked; offline nobody is asked."""
    workspace.check()
    workspace.watch("acme", acme=dead)
    done = workspace.run("status")
    assert done.code == 4
    assert done.err == "statuswatch: error: no page answered at all: our own network, most likely\n"
    assert "Nothing can be said: 0 of 1 page read · 1 page could not be read: Acme (no connection" in done.out
    assert gate(workspace, "--fail-on", "major").code == 4
    assert gate(workspace, "--fail-on", "major", "--allow-unknown").code == 0
    assert gate(workspace, "--offline").code == 0


@pytest.mark.parametrize(
    "arguments", [("--fail-on", "none"), ("--fail-on", "severe"), ("--format", "jsonl"), ("--once",)]
)
def test_a_wrong_command_line_is_exit_2(workspace: Workspace, arguments: tuple[str, ...]) -> None:
    """Contract 8: an impact that no incident is below, or a word that is none, is exit 2, and nothing is read."""
    done = workspace.run("status", *arguments)
    assert (done.code, done.out, workspace.vendor.requests) == (2, "", [])


def test_on_a_terminal(workspace: Workspace) -> None:
    """Contract 2: a progress bar shows on a terminal only, not offline, and is gone before the answer."""
    seen = on_a_terminal(workspace, "status")
    assert seen.rindex("reading pages") < seen.index("🟡")
    assert "reading pages" not in on_a_terminal(workspace, "status", "--quiet")
    assert "reading pages" not in on_a_terminal(workspace, "status", "--offline")


def test_on_a_dumb_terminal(workspace: Workspace) -> None:
    """A terminal without a cursor to move gets lines of its own width, and none that is empty for a bar."""
    seen = on_a_terminal(workspace, "status", term="dumb", columns=40)
    assert seen.startswith("🟡") and all(len(it) <= 40 or "http" in it for it in seen.splitlines())


def test_what_to_write_down_is_said(workspace: Workspace) -> None:
    """Contract 3: a platform that was recognised is said on stderr; --quiet leaves the answer alone."""
    workspace.watch("mine", mine=f"{workspace.vendor.url}/acme")
    assert 'write it down: platform = "statuspage" in [page.mine]' in workspace.run("status").err
    assert workspace.run("status", "--quiet").err == ""


@pytest.mark.parametrize("form", ["console", "json"])
def test_an_answer_that_cannot_be_printed(workspace: Workspace, form: str) -> None:
    """Contract 8: an answer that nobody takes is exit 5, not a bug, and no gate is passed by it."""
    done = workspace.run_in_shell(">&-", "status", "--format", form, "--fail-on", "critical")
    assert (done.code, "Traceback" in done.err) == (5, False)
    assert "the answer could not be printed" in done.err
    if Path("/dev/full").exists():
        assert workspace.run_in_shell("> /dev/full", "status", "--format", form).code == 5
