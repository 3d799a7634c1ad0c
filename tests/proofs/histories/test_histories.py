"""The short form: a synthetic repository with a document of each kind, all of it our own, replayed and compared."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.proofs.histories.compare import compare, reads
from tests.proofs.histories.convert import REPLACED_AFTER, Version, convert, git, parts
from tests.support.recorded_runs import replayed

if TYPE_CHECKING:
    from pathlib import Path

Json = dict[str, Any]
START = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)
STEP = timedelta(minutes=20)


def at(step: float) -> str:
    return (START + step * STEP).isoformat().replace("+00:00", "Z")


def summary(step: int, *incidents: Json, page: str = "p4rr0tp4g3id", windows: tuple[Json, ...] = ()) -> str:
    head = {"id": page, "name": "Parrot", "url": "https://parrot.example", "updated_at": at(step)}
    component = {"id": "c1", "name": "Perch", "group": False, "group_id": None}
    lists = {"incidents": incidents, "scheduled_maintenances": windows}
    return json.dumps({"page": head, "components": [component], **lists}, indent=2)


def incident(key: str, begin: float, *updates: tuple[float, str, str], **fields: Any) -> Json:
    listed = [
        {"id": f"{key}u{number}", "status": status, "body": body, "created_at": at(when), "affected_components": None}
        for number, (when, status, body) in enumerate(updates)
    ]
    components = [{"id": "c1", "name": "Perch", "group": False}]
    stated = {"id": key, "name": f"Incident {key}", "status": updates[-1][1], "impact": "minor"}
    return {**stated, "created_at": at(begin), "components": components, "incident_updates": listed[::-1], **fields}


def summaries() -> list[str]:
    """Open, updated, edited, a stale copy, another page for once, broken, gone, and a window of maintenance."""
    first, second = (0.5, "investigating", "Seeds are late."), (2.5, "identified", "The mill stands still.")
    window = {"scheduled_for": at(4), "scheduled_until": at(8)}
    planned = incident("w1", 3, (3, "scheduled", "New bars."), impact="maintenance", **window)
    return [
        summary(0),
        summary(1, incident("a1", 0.5, first)),
        summary(2, incident("a1", 0.5, first)),
        summary(3, incident("a1", 0.5, first, second), windows=(planned,)),
        summary(1, incident("a1", 0.5, first)),
        summary(4, page="0therp4g3id1"),
        "",
        summary(5, incident("a1", 0.5, (0.5, "investigating", "Seeds were late."), second), windows=(planned,)),
        summary(6, incident("b2", 5.5, (5.5, "investigating", "No water."))),
        summary(7, incident("b2", 5.5, (5.5, "investigating", "No water."))),
        *(summary(number) for number in range(8, 14)),
    ]


def google(begin: float, *updates: tuple[float, str, str], end: float | None = None, key: str = "") -> Json:
    listed = [{"created": at(when), "when": at(when), "status": status, "text": text} for when, status, text in updates]
    stated = {"id": key or "G" * 20, "begin": at(begin), "created": at(begin), "external_desc": "Slow storage"}
    kind = {"service_name": "Storage", "status_impact": "SERVICE_DISRUPTION", "severity": "low", "uri": "incidents/x"}
    entry = {**stated, **kind, "updates": listed[::-1], "affected_products": [{"title": "Storage", "id": "s"}]}
    return {**entry, "end": at(end)} if end is not None else entry


def googles() -> list[str]:
    """Open, over, rewritten afterwards, reported a week later; and one that opened and ended between two reads."""
    old = google(-90, (-89, "AVAILABLE", "It is over."), end=-89, key="A" * 20)
    first, second = (1, "SERVICE_DISRUPTION", "**Slow** writes."), (3, "AVAILABLE", "Writes are fast again.")
    missed = google(4.1, (4.2, "SERVICE_OUTAGE", "Gone."), (4.3, "AVAILABLE", "Back."), end=4.3, key="M" * 20)
    report = (500, "AVAILABLE", "Why it was so.")
    return [
        json.dumps([old]),
        json.dumps([google(0.8, first), old]),
        json.dumps([google(0.8, (1, "SERVICE_DISRUPTION", "Slow writes.")), old]),
        json.dumps([google(0.8, first, second, end=3), old]),
        json.dumps([missed, google(0.8, first, (3, "AVAILABLE", "Writes are quick again."), end=3), old]),
        json.dumps([missed, google(0.8, first, second, report, end=3), old]),
    ]


def current(*incidents: Json, changed: int) -> str:
    status = "active" if incidents else "ok"
    return json.dumps({"status": status, "date_updated": at(changed), "active_incidents": incidents})


def slack(key: int, *notes: tuple[float, str]) -> Json:
    listed = [{"date_created": at(when), "body": body} for when, body in notes]
    stated = {"id": key, "title": f"Trouble {key}", "type": "outage", "status": "active"}
    return {
        **stated,
        "date_created": at(notes[0][0]),
        "url": "https://slack.example/x",
        "services": ["Search"],
        "notes": listed,
    }


def slacks() -> list[str]:
    """Two open, one gone, and again in a copy that is older; then nothing."""
    one, other = slack(1, (0.5, "Slow.")), slack(2, (1.5, "Down."))
    return [
        current(changed=0),
        current(one, changed=1),
        current(one, other, changed=2),
        current(other, changed=3),
        current(one, other, changed=2),
        current(other, changed=3),
        *(current(changed=number) for number in range(4, 8)),
    ]


def atom(*entries: str) -> str:
    head = '<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><id>tag:h.example,2005:/history</id>'
    return f"{head}<title>Parrot</title><updated>{at(0)}</updated>{''.join(entries)}</feed>"


def entry(number: int, *messages: tuple[float, str, str]) -> str:
    parts = []
    for when, label, text in reversed(messages):
        moment = START + when * STEP
        date = f"<var data-var='date'>{moment.day}</var>, <var data-var='time'>{moment:%H:%M}</var>"
        parts.append(f"<p><small>{moment:%b} {date} UTC</small><br><strong>{label}</strong> - {text}</p>")
    content = "".join(parts).replace("<", "&lt;").replace(">", "&gt;")
    link = f'<link rel="alternate" type="text/html" href="https://h.example/incidents/i{number}"/>'
    times = f"<published>{at(messages[0][0])}</published><updated>{at(messages[-1][0])}</updated>"
    title = f"<title>Trouble {number}</title>"
    key = f"<id>tag:h.example,2005:Incident/{number}</id>"
    return f'<entry>{key}{times}{link}{title}<content type="html">{content}</content></entry>'


def atoms() -> list[str]:
    """Open, over, its end rewritten, all of it dated anew; and a page of HTML in between."""
    old = entry(10000001, (-30, "Investigating", "Late."), (-29, "Resolved", "On time."))
    begin = (1, "Investigating", "Dark.")
    return [
        atom(old),
        atom(entry(10000002, begin), old),
        "<!doctype html><title>503</title>",
        atom(entry(10000002, begin, (2, "Update", "Still dark."), (3, "Resolved", "Light.")), old),
        atom(entry(10000002, begin, (2, "Update", "Still dark."), (3, "Resolved", "Light, after a fuse.")), old),
        atom(entry(10000002, begin, (2.5, "Update", "Still dark."), (3, "Resolved", "Light, after a fuse.")), old),
    ]


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A repository with the versions as its commits, converted."""
    folder = tmp_path_factory.mktemp("scraped")
    repository = folder / "repo"
    git(folder, "init", "--quiet", "--bare", str(repository))
    histories = {"a.json": summaries(), "b.json": googles(), "c.json": slacks(), "d.atom": atoms()}
    stream = []
    for step in range(max(map(len, histories.values()))):
        moment = int((START + step * STEP).timestamp())
        stream.append(f"commit refs/heads/main\ncommitter A <a@b.example> {moment} +0000\ndata 1\n.\n")
        for name, documents in histories.items():
            if step < len(documents):
                body = documents[step]
                stream.append(f"M 644 inline {name}\ndata {len(body.encode())}\n{body}\n")
    command = ["git", "-C", str(repository), "fast-import", "--quiet"]
    subprocess.run(command, input="".join(stream).encode(), check=True)
    git(repository, "symbolic-ref", "HEAD", "refs/heads/main")
    written = convert(repository, folder / "recordings")
    return {path.name[0]: path for path in written}


@pytest.mark.parametrize(("name", "events"), [("a", 8), ("b", 5), ("c", 4), ("d", 3)])
def test_a_replayed_history_has_the_events_of_the_contract(recordings: dict[str, Path], name: str, events: int) -> None:
    """A replay reports what the contract demands of a series of reads: none missing, invented or repeated."""
    path = recordings[name]
    figures = compare(name, reads(path), [json.loads(line) for line in replayed(path)])
    assert (figures.missing, figures.invented, figures.repeated) == ([], [], [])
    assert figures.events == events
    assert figures.named == figures.nameable


def test_the_oracle_notices_what_is_wrong(recordings: dict[str, Path]) -> None:
    """An event that is left out is missing, one of another read invented, and one reported twice repeated."""
    path = recordings["b"]
    events = [json.loads(line) for line in replayed(path)]
    late = [*events[:-1], {**events[-1], "detected_at": at(2)}]
    twice = [*events, {**events[-1], "detected_at": at(2)}]
    assert len(compare("b", reads(path), events[1:]).missing) == 1
    assert len(compare("b", reads(path), late).invented) == 1
    assert compare("b", reads(path), twice).repeated


def test_a_page_that_is_replaced_for_good_begins_anew() -> None:
    """Versions of another page are a recording of their own where they stay, else part of the one before."""
    bodies = ["one", "two", "one", *["two"] * REPLACED_AFTER]
    history = [Version(START, summary(0, page=f"{name}4rr0tp4g3").encode()) for name in bodies]
    assert [number for number, _ in parts("statuspage", history)] == [1, 1, 1, *[2] * REPLACED_AFTER]
