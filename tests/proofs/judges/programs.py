"""Programs as judges: a real Alertmanager, promtool, and cmark-gfm."""

from __future__ import annotations

import json
import subprocess
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import msgspec

from statuswatch.delivery.deliver import deliver
from statuswatch.delivery.renewal import Renewals
from statuswatch.model.event import EventKind
from statuswatch.model.incident import Impact
from statuswatch.model.report import OpenCounts, PageOutcome, RunReport
from statuswatch.render import markdown
from statuswatch.render.site.metrics import render as render_metrics
from tests.proofs.judges.running import free_port, running, wait_until
from tests.proofs.judges.verdict import TEXTS, control, deliveries, program, verdict
from tests.support.fake_receiver import FakeReceiver
from tests.support.hostile_text import INCIDENT_URL
from tests.support.sample_board import eventful_board, hostile_board, simulated_board
from tests.support.sample_events import NOW, OPENAI, hostile_event
from tests.support.sending import connected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from statuswatch.model.event import PendingDelivery
    from tests.proofs.judges.verdict import Verdict

_TAGS: Final = frozenset(("h3", "p", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "strong", "a", "br"))


# ------------------------------------------------------------------------------------------------- Alertmanager


@contextmanager
def alertmanager(hook: str) -> Iterator[str]:
    """Run a real Alertmanager that posts to `hook`; return its address."""
    path = program("prometheus-alertmanager", "apt-get install prometheus-alertmanager")
    address = f"127.0.0.1:{free_port()}"
    with tempfile.TemporaryDirectory() as folder:
        configuration = Path(folder, "alertmanager.yml")
        configuration.write_text(
            "route: {receiver: hook, group_by: [page, incident], group_wait: 100ms, group_interval: 300ms}\n"
            f"receivers: [{{name: hook, webhook_configs: [{{url: '{hook}', send_resolved: true}}]}}]\n"
        )
        command = [path, f"--config.file={configuration}", f"--storage.path={folder}/data"]
        command += [f"--web.listen-address={address}", "--cluster.listen-address=", "--log.level=error"]
        with running(command, lambda: _is_ready(address)):
            yield f"http://{address}"


def _is_ready(address: str) -> bool:
    try:
        with urlopen(f"http://{address}/-/ready") as response:
            return bool(response.status == 200)
    except URLError:
        return False


def judge_alertmanager() -> Iterator[Verdict]:
    """Send the sample incidents to a real Alertmanager, and compare what it lists and announces."""
    with FakeReceiver() as receiver, alertmanager(receiver.url) as address:
        stages = {kind: _of_kind(kind) for kind in EventKind}
        yield _judge_stage(address, "alerts that begin", stages[EventKind.NEW])
        begun = _listed(address)
        changed = [_escalated(delivery) for delivery in stages[EventKind.UPDATED]]
        yield _judge_stage(address, "alerts whose labels change", changed)
        before = _listed(address)
        renewals = Renewals(tuple(delivery.event for delivery in changed), {OPENAI.key: OPENAI})
        outcomes = deliver(_sinks(address), (), {}, datetime.now(UTC), renewals=renewals)
        after = _listed(address)
        yield verdict(
            "alerts sent again",
            (
                ", ".join(str(outcome.remarks) for outcome in outcomes) or _renewal_problem(before, after, key)
                for key in before
            ),
        )
        ends = [_escalated(delivery) for delivery in stages[EventKind.RESOLVED]]
        deliver(_sinks(address), [delivery.event for delivery in ends], {}, datetime.now(UTC))
        wait_until(lambda: not _listed(address) and len(_announced(receiver, "resolved")) >= len(begun))
        fired, over, listed = _announced(receiver, "firing"), _announced(receiver, "resolved"), _listed(address)
        yield verdict(
            "incidents announced, and announced as resolved",
            ("" if key in fired and key in over and key not in listed else f"{key} is still open" for key in begun),
        )
        yield control(_broken_alerts(address) | _two_alerts(address))


def _broken_alerts(address: str) -> dict[str, str]:
    """Return what Alertmanager says of alerts that are broken."""
    alert: dict[str, Any] = {"labels": {"alertname": "A"}, "startsAt": "2026-01-01T00:00:00Z"}
    broken = {
        "no label": {**alert, "labels": {}},
        "a label that is a number": {**alert, "labels": {"alertname": 1}},
        "a label whose name is none": {**alert, "labels": {"alertname": "A", "": "x"}},
        "an end before its beginning": {**alert, "endsAt": "2025-01-01T00:00:00Z"},
        "a time that is none": {**alert, "startsAt": "yesterday"},
        "an address that is none": {**alert, "generatorURL": "https://x.example/%zz"},
    }
    return {name: _rejection(address, entry) for name, entry in broken.items()}


def _two_alerts(address: str) -> dict[str, str]:
    """Return what is found where an incident has two alerts, for the former one was not ended."""
    delivery = _of_kind(EventKind.NEW)[0]
    incident = delivery.event.incident
    for impact in (incident.impact, Impact.CRITICAL):
        _rejection(address, {"labels": {"alertname": "A", "incident": incident.id, "impact": impact}})
    return {"two alerts of an incident": _stage_problem(_listed(address)[incident.id], delivery)}


def _rejection(address: str, alert: dict[str, Any]) -> str:
    body, headers = json.dumps([alert]).encode(), {"Content-Type": "application/json"}
    try:
        urlopen(Request(f"{address}/api/v2/alerts", body, headers)).close()
    except HTTPError as error:
        return str(error)
    return ""


def _sinks(address: str) -> Any:
    return connected("alertmanager", {"url": address}, {})


def _of_kind(kind: EventKind) -> list[PendingDelivery]:
    return [delivery for delivery in deliveries() if delivery.event.kind is kind]


def _escalated(delivery: PendingDelivery) -> PendingDelivery:
    incident = msgspec.structs.replace(delivery.event.incident, impact=Impact.CRITICAL)
    event = msgspec.structs.replace(delivery.event, incident=incident, peak_impact=Impact.CRITICAL)
    return msgspec.structs.replace(delivery, event=event)


def _judge_stage(address: str, judged: str, due: list[PendingDelivery]) -> Verdict:
    (outcome,) = deliver(_sinks(address), [delivery.event for delivery in due], {}, datetime.now(UTC))
    rejected = {delivery.event.id: delivery.reason for delivery in outcome.waiting}
    listed = _listed(address)
    return verdict(
        judged,
        (
            rejected.get(delivery.event.id, "") or _stage_problem(listed.get(delivery.event.incident.id, []), delivery)
            for delivery in due
        ),
    )


def _stage_problem(listed: list[dict[str, Any]], delivery: PendingDelivery) -> str:
    impacts = [entry["labels"]["impact"] for entry in listed]
    expected = [str(delivery.event.incident.impact)]
    return "" if impacts == expected else f"{delivery.event.incident.id}: {impacts} is listed, not {expected}"


def _renewal_problem(before: dict[str, list[Any]], after: dict[str, list[Any]], key: str) -> str:
    ((old,), (new,)) = before[key], after[key]
    alike = all(old[name] == new[name] for name in ("fingerprint", "labels", "annotations", "startsAt"))
    return "" if alike and new["endsAt"] > old["endsAt"] else f"{key} was not renewed"


def _listed(address: str) -> dict[str, list[dict[str, Any]]]:
    with urlopen(f"{address}/api/v2/alerts") as response:
        alerts = json.load(response)
    found: dict[str, list[dict[str, Any]]] = {}
    for entry in alerts:
        found.setdefault(entry["labels"]["incident"], []).append(entry)
    return found


def _announced(receiver: FakeReceiver, status: str) -> set[str]:
    alerts = [entry for request in list(receiver.requests) for entry in request.json["alerts"]]
    return {entry["labels"]["incident"] for entry in alerts if entry["status"] == status}


# ----------------------------------------------------------------------------------------------------- the rest


def judge_promtool() -> Iterator[Verdict]:
    """Check our metrics as Prometheus does."""
    path = program("promtool", "apt-get install prometheus")
    boards = [eventful_board(), simulated_board(20, 200), *(hostile_board(words[:20_000]) for words in TEXTS)]

    def judge(metrics: str) -> str:
        command = [path, "check", "metrics"]
        completed = subprocess.run(command, input=metrics, capture_output=True, text=True, check=False)
        return completed.stderr.strip() if completed.returncode else ""

    files = [render_metrics(board)["metrics.prom"] for board in boards]
    yield verdict("files of metrics", map(judge, files))
    broken = {
        "a line that is none": f"{files[0]}no sample\n",
        "a value that is none": f'{files[0]}statuswatch_x{{page="a"}} many\n',
        "a quote that does not end": f'{files[0]}statuswatch_x{{page="a}} 1\n',
        "no last line feed": files[0].rstrip("\n"),
        "a type of another name": files[0].replace(" gauge\n", " mystery\n", 1),
    }
    yield control({name: judge(metrics) for name, metrics in broken.items()})


class MarkupReader(HTMLParser):
    """The tags and addresses in a document."""

    def __init__(self) -> None:
        super().__init__()
        self.foreign: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag that is not ours, and an address that is not the incident's."""
        if tag not in _TAGS:
            self.foreign.append(f"<{tag}>")
        self.foreign += [f"{name}={value}" for name, value in attrs if name != "align" and value != INCIDENT_URL]


def judge_cmark() -> Iterator[Verdict]:
    """Render the step summary as GitHub does, with raw HTML let through: no markup and no link is a vendor's."""
    path = program("cmark-gfm", "apt-get install cmark-gfm")
    extensions = [word for name in ("table", "autolink", "strikethrough", "tasklist") for word in ("-e", name)]

    def judge(written: str) -> str:
        command = [path, "--unsafe", *extensions]
        completed = subprocess.run(command, input=written, capture_output=True, text=True, check=True)
        reader = MarkupReader()
        reader.feed(completed.stdout)
        return " ".join(reader.foreign)[:200]

    summaries = [_summary(words) for words in TEXTS]
    yield verdict("step summaries with hostile text", map(judge, summaries))
    broken = {
        "an image": "![x](https://evil.example/x.png)",
        "a link": "[x](https://evil.example)",
        "an address": "https://evil.example",
        "a host": "www.evil.example",
        "raw HTML": "<img src=x onerror=alert(1)>",
        "a heading": "# x",
        "a strikethrough": "~~x~~",
        "code": "`x`",
        "a quotation": "> x",
        "a task": "- [ ] x",
    }
    yield control({name: judge(f"{summaries[0]}\n\n{markup}\n") for name, markup in broken.items()})


def _summary(words: str) -> str:
    event = hostile_event(words)
    outcome = PageOutcome(page=event.page, events=(event,), open=OpenCounts(1))
    return markdown.summary(RunReport(detected_at=NOW, pages=(outcome,), events=(event,), changed=True))
