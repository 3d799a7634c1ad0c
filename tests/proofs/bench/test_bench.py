"""The benchmark: its pages are real pages, its rows can miss, its sampler finds the work, and the command runs."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from statuswatch.model.page import Page, Validators
from statuswatch.model.state import PageState, State
from statuswatch.platforms import PLATFORMS
from statuswatch.platforms.parsing import ParseInput
from statuswatch.state import StateFile, encode_page, load_page
from tests.proofs.bench import growth
from tests.proofs.bench.bench import INSIDE, Row, Sample, forget_validators
from tests.proofs.bench.documents import DOCUMENTS, PAGE, marker, templates
from tests.proofs.bench.origin import REPOSITORY
from tests.proofs.bench.profile import area


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_its_pages_are_real(kind: str) -> None:
    """The documents of a platform have 50 incidents of 4 updates, all understood, and there is no follow-up."""
    page = Page(key="p7", name="P7", url="https://p7.bench.test", platform=kind)
    platform, bodies = PLATFORMS[kind], templates()
    urls = {document.name: document.url for document in platform.documents(page)}
    paths = {name: url.removeprefix(f"{page.url}/") for name, url in urls.items()}
    assert tuple(paths.values()) == DOCUMENTS[kind]
    documents = {name: bodies[path].replace(PAGE.encode(), b"00007") for name, path in paths.items()}
    parse_input = ParseInput(page, documents)
    feed = platform.parse(parse_input)
    assert [len(incident.updates) for incident in feed.incidents] == [4] * 50
    assert not (feed.skipped or feed.losses)
    assert marker(7) in {incident.id for incident in feed.incidents}
    assert not platform.follow_ups(parse_input, feed, dirty=False)


@pytest.mark.parametrize("watched_since", [None, datetime(2026, 1, 1, tzinfo=UTC)])
def test_validators_are_forgotten(tmp_path: Path, watched_since: datetime | None) -> None:
    """A state without its validators is one, whatever comes after them."""
    page = PageState(url="u", platform="p", validators={"a": Validators('"}"')}, watched_since=watched_since)
    path = tmp_path / "state.json"
    StateFile(path).save(State(pages={"a": encode_page(page)}, dirty=True))
    forget_validators(path)
    assert load_page(path, "a") == PageState(url="u", platform="p", watched_since=watched_since)


def sample(cpu: float = 2, code: int = 0, traffic: tuple[int, int] = (100, 200)) -> Sample:
    return Sample(started_at=0, wall=cpu, cpu=cpu, memory=50, code=code, error="", traffic=traffic)


@pytest.mark.parametrize(
    ("subject", "reference", "missed"),
    [
        (sample(), sample(), ""),
        (sample(), sample(traffic=(95, 200)), ""),
        (sample(cpu=3), sample(), "1.50"),
        (sample(code=4), sample(), "exit 4"),
        (sample(), sample(code=7), "exit 7"),
        (sample(), sample(traffic=(200, 200)), "did other work"),
        (sample(), sample(traffic=(100, 100)), "did other work"),
    ],
)
def test_a_row_misses(subject: Sample, reference: Sample, missed: str, tmp_path: Path) -> None:
    """A run that took too long, failed, or was compared to other work meets no goal."""
    row, state = Row("work", "reference", "×", 1.2), tmp_path / "state.json"
    state.write_text(marker(0))
    row.compare("cpu", subject, reference, state, range(1))
    assert ("| met |" not in str(row)) == bool(missed) and missed in str(row)


def test_a_page_not_read_misses(tmp_path: Path) -> None:
    """A run that did not read all of its pages, or read a bomb, meets no goal."""
    row, state = Row("work", "", "s", 9), tmp_path / "state.json"
    row.add(1, sample(), state, range(2))
    state.write_text(f"{marker(0)}\n{marker(1)}")
    row.add(1, sample(), state, range(3), bomb=1)
    assert {"2 pages not read", "1 pages not read", "the bomb was read"} == row.spoilt and "**missed**" in str(row)


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_growth_in_short(kind: str, tmp_path: Path) -> None:
    """A first run saves every page; in the next one every page answers 304, and nothing changes."""
    first, calm = growth.run(tmp_path, kind, 3), growth.run(tmp_path, kind, 3)
    assert (first.changed, calm.changed, first.failed, calm.failed) == (True, False, (), ())
    assert len(first.baseline) == 3 and {note.outcome for page in calm.pages for note in page.notes.requests} == {
        "HTTP 304"
    }


def test_the_sampler_finds_the_work(tmp_path: Path) -> None:
    """The CPU of a call is found at the line of the call."""
    script = "import os, time, zlib\nbody = zlib.compress(bytes(3_000_000))\n"
    script += "while time.process_time() < 0.3:\n    zlib.decompress(body)\n"
    (tmp_path / "work.py").write_text(script)
    environment = {"PYTHONPATH": INSIDE, "BENCH_SAMPLES": "samples"}
    subprocess.run([sys.executable, "work.py"], cwd=tmp_path, env=environment, check=True, timeout=120)
    stacks = json.loads((tmp_path / "samples").read_text())["stacks"]
    areas = [area(stack) for stack, times in stacks for _ in range(times)]
    assert areas.count("inflate") > len(areas) / 2 and len(areas) > 10


def test_the_command_runs() -> None:
    """A short run prints a row for each work, of processes that ended well."""
    command = [sys.executable, "-m", "tests.proofs.bench", "--runs", "1", "start"]
    run = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=300, check=False)
    rows = [line.split(" | ") for line in run.stdout.splitlines() if line.startswith("| ")]
    assert run.returncode == 0, run.stderr
    assert [row[0] for row in rows] == ["| work", "| --help: wall", "| 3 pages: wall"]
    assert all(" (1)" in row[2] and "; " not in row[5] for row in rows[1:])
