"""Recording a run, and replaying it: the same events, without network."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from statuswatch.config.schema import Config
from statuswatch.errors import UsageError
from statuswatch.model.page import Failure, FailureKind, Page
from statuswatch.net.response import Response
from statuswatch.recording.write import FileRecorder
from statuswatch.replay import replay
from tests.support.fake_vendor import incident, statuspage
from tests.support.recorded_runs import ACME, SLOW, START, URL, Live, replayed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from statuswatch.model.report import RunReport


def served(documents: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{URL}{path}": Response(200, {}, json.dumps(body).encode()) for path, body in documents.items()}


def acme(*incidents: dict[str, Any]) -> dict[str, Any]:
    return served(statuspage("", incidents))


@pytest.fixture
def live(tmp_path: Path) -> Live:
    return Live(tmp_path / "recording.jsonl")


def test_a_replay_gives_the_events_of_the_live_runs(live: Live) -> None:
    """Contract 2.6: the same events, byte for byte, in the order of the live runs."""
    live.run(0, acme(incident("a", "investigating")))
    live.run(5, acme(incident("a", "investigating", "identified"), incident("b", "investigating", at=START)))
    live.run(
        10, acme(incident("a", "investigating", "identified", "resolved"), incident("b", "investigating", at=START))
    )
    assert len(live.lines) == 3
    assert replayed(live.path) == live.lines


def test_a_line_is_one_response_with_the_fields_of_the_format(live: Live) -> None:
    """run, at, page, seq, url, status, headers and body; seq counts within the page; the pages come first."""
    headers = {"etag": '"1"', "set-cookie": "session=secret", "content-type": "application/json"}
    responses = {url: response._replace(headers=headers) for url, response in acme().items()}
    live.run(0, responses)
    lines = [json.loads(line) for line in live.path.read_text().splitlines()]
    assert lines[0] == {
        "run": "2026-03-07T09:00:00Z",
        "pages": [{"key": "acme", "name": "Acme", "url": URL, "platform": "statuspage", "id": ""} | filters()],
        "partial": False,
    }
    assert [line["seq"] for line in lines[1:]] == list(range(1, len(lines)))
    first = lines[1]
    assert (first["run"], first["at"]) == ("2026-03-07T09:00:00Z", "2026-03-07T09:00:00Z")
    assert (first["page"], first["status"]) == ("acme", 200)
    assert first["headers"] == {"content-type": "application/json", "etag": '"1"'}
    assert json.loads(first["body"])["page"]
    assert "secret" not in live.path.read_text()


def filters() -> dict[str, Any]:
    return {"components": [], "min_impact": "none", "maintenance": True, "kinds": []}


def test_a_body_that_is_not_text_is_kept_byte_for_byte(live: Live) -> None:
    """Contract 2.6: a body is never altered: what is not UTF-8 is base64."""
    body = b"\xff\xfe{}"
    live.run(0, {f"{URL}/api/v2/incidents.json": Response(200, {}, body)})
    line = json.loads(live.path.read_text().splitlines()[1])
    assert line["body_base64"] == "//57fQ=="
    assert "body" not in line


def test_redirects_and_retries_are_lines_of_their_own(live: Live) -> None:
    """Each response is a line, and the replay follows them as the run did."""
    documents = acme(incident("a", "investigating"))
    moved = f"{URL}/api/v2/incidents.json"
    documents[f"{URL}/moved"] = documents.pop(moved)
    documents[moved] = [
        Response(503, {}),
        Response(302, {"location": "/moved"}),
        Response(302, {"location": "/moved"}),
    ]
    live.run(0, documents)
    live.run(5, documents)
    lines = [json.loads(line) for line in live.path.read_text().splitlines()]
    statuses = [(line["url"].removeprefix(URL), line["status"]) for line in lines if line.get("page")]
    assert statuses[:3] == [("/api/v2/incidents.json", 503), ("/api/v2/incidents.json", 302), ("/moved", 200)]
    assert replayed(live.path) == live.lines


@pytest.mark.parametrize("kind", [FailureKind.UNRESOLVED, FailureKind.TLS, FailureKind.BROKEN])
def test_a_request_without_a_response_has_an_error(live: Live, kind: FailureKind) -> None:
    """Its kind stands in place of the status, and the page fails in the replay for the same reason."""
    pages = live.pages = (ACME, Page(key="bolt", name="Bolt", url=f"{URL}/bolt", platform="statuspage"))
    good = served(statuspage("/bolt"))
    failing = {f"{URL}/api/v2/incidents.json": Failure(kind, "it failed")}
    for minutes in (0, 30, 61):
        live.run(minutes, {**good, **failing})
    lines = [json.loads(line) for line in live.path.read_text().splitlines()]
    errors = [line for line in lines if line.get("error")]
    assert {(line["error"], line["reason"], line["page"]) for line in errors} == {(kind, "it failed", pages[0].key)}
    assert len(live.lines) == 1
    assert "it failed" in live.lines[0]
    assert replayed(live.path) == live.lines


def test_a_page_whose_time_is_up_is_replayed_as_such(tmp_path: Path) -> None:
    """A request that was cut off has the page's reason."""
    bolt = Page(key="bolt", name="Bolt", url=f"{URL}/bolt", platform="statuspage")
    live = Live(tmp_path / "recording.jsonl", ACME, bolt, timeout=0.05)
    responses = {**served(statuspage("/bolt")), f"{URL}/api/v2/incidents.json": SLOW}
    for minutes in (0, 30, 61):
        live.run(minutes, responses)
    assert "no complete answer within 0.05 s" in live.lines[0]
    assert replayed(live.path) == live.lines


def test_a_recording_that_starts_with_a_state_file_starts_with_the_state(live: Live) -> None:
    """The replay knows what was remembered: an incident known before is no news."""
    live.run(0, acme(incident("a", "investigating")), record=False)
    live.run(5, acme(incident("a", "investigating", "resolved")))
    first = json.loads(live.path.read_text().splitlines()[0])
    assert list(first["state"]) == ["acme"]
    assert replayed(live.path) == live.lines
    assert len(live.lines) == 1


def test_announce_open_is_chosen_by_the_replay(live: Live) -> None:
    """The first read of a page reports what is open, where the replay is asked to."""
    live.run(0, acme(incident("a", "investigating")))
    assert replayed(live.path) == []
    assert len(replayed(live.path, announce_open=True)) == 1


def test_a_compressed_recording_is_read_too(live: Live) -> None:
    """A `.gz` file replays as the file it was made from."""
    live.run(0, acme())
    live.run(5, acme(incident("a", "investigating", at=START)))
    packed = live.path.with_suffix(".jsonl.gz")
    packed.write_bytes(gzip.compress(live.path.read_bytes()))
    assert replayed(packed) == live.lines != []


def test_the_order_of_pages_in_the_file_does_not_matter(tmp_path: Path) -> None:
    """Contract 2.6: the same recording gives the same events, whatever the concurrency was."""
    bolt = Page(key="bolt", name="Bolt", url=f"{URL}/bolt", platform="statuspage")
    live = Live(tmp_path / "recording.jsonl", ACME, bolt)
    live.run(0, {**acme(), **served(statuspage("/bolt"))})
    news = incident("a", "investigating", at=START), incident("b", "investigating", at=START)
    live.run(5, {**acme(news[0]), **served(statuspage("/bolt", news[1:]))})
    lines = live.path.read_text().splitlines(keepends=True)
    responses = [line for line in lines if '"page":' in line]
    heads = [line for line in lines if '"page":' not in line]
    for number, line in enumerate(heads):
        run = json.loads(line)["run"]
        heads[number] = line + "".join(reversed([part for part in responses if json.loads(part)["run"] == run]))
    live.path.write_text("".join(heads))
    assert replayed(live.path) == live.lines
    assert len(live.lines) == 2


def test_pages_may_be_named_by_their_key(tmp_path: Path) -> None:
    """A recording that only names a page takes it from the configuration; without one the error says so."""
    path = tmp_path / "recording.jsonl"
    body = json.dumps(statuspage("")["/api/v2/incidents.json"])
    line = {"run": "2026-03-07T09:00:00Z", "page": "acme", "seq": 1, "url": f"{URL}/x", "status": 200, "body": body}
    path.write_text(json.dumps(line) + "\n")
    with pytest.raises(UsageError, match="acme"):
        replay(path, None, lambda _: None)
    reports: list[RunReport] = []
    replay(path, Config(pages=(ACME,), state=path), lambda _: None, on_run=reports.append)
    assert reports[0].failed[0].failure
    assert "no response" in reports[0].failed[0].failure.reason


@pytest.mark.parametrize("line", ["{", "[]", '{"page": "acme"}', '{"run": "2026-03-07T09:00:00Z", "page": "acme"}'])
def test_a_bad_line_is_named(tmp_path: Path, line: str) -> None:
    """The error names the file and the line."""
    path = tmp_path / "recording.jsonl"
    path.write_text(f'{{"run": "2026-03-07T09:00:00Z", "pages": []}}\n{line}\n')
    with pytest.raises(UsageError, match=r"recording\.jsonl, line 2"):
        replay(path, None, lambda _: None)


def test_a_recording_that_cannot_be_read_or_written_is_an_error(tmp_path: Path) -> None:
    """Both say which file, and what to do."""
    with pytest.raises(UsageError, match=r"missing\.jsonl"):
        replay(tmp_path / "missing.jsonl", None, lambda _: None)
    with pytest.raises(UsageError, match="--record"):
        FileRecorder(tmp_path)


def test_a_shared_outage_is_replayed_as_it_was(tmp_path: Path) -> None:
    """Also where the recording begins while it lasts, and where a run leaves out pages that count for it."""
    pages = [
        Page(key=f"p{number}", name=f"P{number}", url=f"{URL}/{number}", platform="statuspage") for number in range(6)
    ]
    live = Live(tmp_path / "recording.jsonl", *pages, ACME)
    good = {**acme(), **{url: body for n in range(6) for url, body in served(statuspage(f"/{n}")).items()}}
    down = {url: Failure(FailureKind.UNAVAILABLE, "HTTP 503") for url in good if not url.startswith(f"{URL}/api")}
    live.run(0, good, record=False)
    for minutes in (5, 40, 70):
        live.run(minutes, {**acme(), **down}, record=False)
    assert [json.loads(line)["page"]["key"] for line in live.lines] == ["host:status.acme.example"]
    live.lines.clear()
    live.run(75, {**acme(), **down})
    live.run(80, good, keys=("p0", "p1", "p2", "acme"))
    live.run(85, good)
    assert [json.loads(line)["event"] for line in live.lines] == ["resolved"]
    assert replayed(live.path) == live.lines
