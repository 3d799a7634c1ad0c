"""Real output for the documentation, made the same at every run: ports, durations and ages do not vary."""

import os
import re
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from statuswatch.model.incident import Component, Impact, IncidentKind
from statuswatch.model.page import Failure, FailureKind, Page
from statuswatch.model.report import PageStatus
from statuswatch.model.state import IncidentRecord
from statuswatch.render import status
from statuswatch.rules.status import status_view
from tests.support.fake_vendor import FakeVendor

ROOT: Final = Path(__file__).parents[2]
ADDRESS: Final = "127.0.0.1:8080"  # in place of the port that the system chose
DEMO_SCENES: Final = ("09:05 UTC", "10:05 UTC")
VARYING: Final = re.compile(r"(?i)statuswatch_|github_|.*_proxy$")  # variables that change the output
NOW: Final = datetime(2026, 5, 4, 10, 30, tzinfo=UTC)
SLACK: Final[dict[str, Any]] = {
    "status": "active",
    "active_incidents": [
        {
            "id": 1579,
            "title": "Messages are slow to arrive",
            "type": "incident",
            "status": "active",
            "url": "https://slack-status.com/2026-10/6c28dfb7b670dc02",
            "date_created": "2026-10-01T05:39:35-07:00",
            "notes": [{"body": "<p>We are looking into it.</p>", "date_created": "2026-10-01T05:39:35-07:00"}],
            "services": ["Messaging"],
        }
    ],
}


def demo() -> str:
    """Return two scenes of what `statuswatch demo` prints."""
    scenes = re.split(r"\n\n(?=── )", printed("demo").strip())
    shown = [scene.rstrip() for scene in scenes if any(time in scene.partition("\n")[0] for time in DEMO_SCENES)]
    return "\n…\n".join(["```text\n$ statuswatch demo", *shown, "```"])


def inspection() -> str:
    """Return what `statuswatch inspect` prints of a page that it recognises."""
    with FakeVendor() as vendor:
        vendor.answer("/api/v2.0.0/current", SLACK, ETag='"a19e4593"')
        lines = printed("inspect", vendor.url)
    return f"```text\n$ statuswatch inspect http://{ADDRESS}\n{lines.rstrip()}\n```"


def printed(*arguments: str) -> str:
    """Return what a command prints, run in an empty folder; ports and durations are replaced."""
    environment = {name: value for name, value in os.environ.items() if not VARYING.match(name)}
    environment |= {"NO_COLOR": "1", "COLUMNS": "200", "PYTHONPATH": str(ROOT)}
    with tempfile.TemporaryDirectory() as folder:
        output = subprocess.run(
            [sys.executable, "-m", "statuswatch", *arguments],
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
            env=environment,
            cwd=folder,
        ).stdout
    return re.sub(r"\b\d+\.\d\d s\b", "0.01 s", re.sub(r"127\.0\.0\.1:\d+", ADDRESS, output))


def open_now() -> str:
    """Return what `statuswatch status` prints of three pages, one of which cannot be read."""
    statuses = (_openai(), _cloudflare(), _granite())
    lines = [line.plain for line in status.render(status_view(statuses, NOW), NOW, None)]
    return "\n".join(["```text\n$ statuswatch status", *lines, "```"])


def _openai() -> PageStatus:
    login = IncidentRecord(
        status="identified",
        impact=Impact.CRITICAL,
        title="Elevated errors on login",
        last_update_at=NOW - timedelta(hours=2, minutes=9),
        components=(Component("API"), Component("Login")),
        url="https://status.openai.com/incidents/01KK2T9T",
        message="A bad deployment is being rolled back.",
        created_at=NOW - timedelta(hours=2, minutes=10),
    )
    page = Page(key="openai", name="OpenAI", url="https://status.openai.com")
    return PageStatus(page=page, open={"01KK2T9T": login}, read_before=True)


def _cloudflare() -> PageStatus:
    upgrade = IncidentRecord(
        status="in_progress",
        impact=Impact.MAINTENANCE,
        kind=IncidentKind.MAINTENANCE,
        title="Nameserver upgrade",
        last_update_at=NOW - timedelta(hours=1),
        components=(Component("Anycast DNS"),),
        url="https://www.cloudflarestatus.com/incidents/q8jmv1p0x2rk",
        message="Queries are answered throughout.",
        created_at=NOW - timedelta(days=2),
        scheduled_for=NOW - timedelta(hours=1),
        scheduled_until=NOW + timedelta(minutes=30),
    )
    page = Page(key="cloudflare", name="Cloudflare", url="https://www.cloudflarestatus.com")
    return PageStatus(page=page, open={"q8jmv1p0x2rk": upgrade}, read_before=True)


def _granite() -> PageStatus:
    failure = Failure(
        FailureKind.UNAVAILABLE,
        "HTTP 503",
        "https://status.granite.example/api/v2/incidents.json",
        "the vendor's server has a fault; the next run tries again",
    )
    page = Page(key="granite", name="Granite Pay", url="https://status.granite.example")
    return PageStatus(page=page, open={}, failure=failure)
