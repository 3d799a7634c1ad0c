"""An Actions runner: the step summary and the outputs."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from statuswatch.github_actions import report_to_runner
from statuswatch.model.report import OpenCounts
from statuswatch.render import annotation, markdown
from tests.support.fake_vendor import incident
from tests.support.sample_events import event, failure, hostile, hostile_event, report, searched

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.workspace import Workspace


def outputs(written: str) -> dict[str, str]:
    """Return the outputs as the runner reads them.

    A line is `name=value` or, where `<<` comes before `=`, the beginning of a block up to a delimiter.
    """
    found: dict[str, str] = {}
    for line in re.split(r"\r\n|\r|\n", written.removesuffix("\n")):
        name, equals, value = line.partition("=")
        assert equals and "<<" not in name
        assert name not in found
        found[name] = value
    return found


def runner(folder: Path, **env: str) -> dict[str, str]:
    paths = {"GITHUB_STEP_SUMMARY": str(folder / "summary.md"), "GITHUB_OUTPUT": str(folder / "output")}
    return {"GITHUB_ACTIONS": "true", **paths, **env}


@pytest.mark.parametrize("value", [None, "", "false", "1"])
def test_nothing_is_written_off_a_runner(tmp_path: Path, value: str | None) -> None:
    """Contract 7.9: only GITHUB_ACTIONS=true makes it an Actions runner; else no file is touched."""
    env = runner(tmp_path) | ({} if value is None else {"GITHUB_ACTIONS": value})
    if value is None:
        del env["GITHUB_ACTIONS"]
    assert report_to_runner(report(event()), env) == []
    assert list(tmp_path.iterdir()) == []


def test_outputs(tmp_path: Path) -> None:
    """Contract 7.9: on an Actions runner the summary and five outputs are appended to the runner's files. `open`
    counts incidents, not maintenance.
    """
    (tmp_path / "summary.md").write_text("before\n", encoding="utf-8")
    (tmp_path / "output").write_text("before=1\n", encoding="utf-8")
    opened = OpenCounts(incidents=2, in_progress=3, scheduled=4)
    run = report(event(title="Größe 東京"), opened=opened, failures=[failure()])
    assert report_to_runner(run, runner(tmp_path)) == []
    assert (tmp_path / "summary.md").read_text("utf-8") == f"before\n{markdown.summary(run)}"
    assert outputs((tmp_path / "output").read_text("utf-8")) == {
        "before": "1",
        "changed": "true",
        "events": "1",
        "open": "2",
        "failed": "1",
        "message": "statuswatch: OpenAI new: Größe 東京",
    }


def test_outputs_of_a_run_without_events(tmp_path: Path) -> None:
    """Contract 7.9: a run without events has all outputs: a workflow can rely on them."""
    report_to_runner(report(changed=False), runner(tmp_path))
    found = outputs((tmp_path / "output").read_text("utf-8"))
    assert (found["changed"], found["events"], found["open"], found["failed"]) == ("false", "0", "0", "0")


@searched
@given(hostile)
def test_outputs_cannot_be_forged(vendor_text: str) -> None:
    """Contract 7.9 and 7.10: whatever a vendor writes, there are five outputs of a line each, and the counts are
    ours.
    """
    run = report(hostile_event(f"x\nchanged=false\nevents<<EOF\n{vendor_text}"))
    with TemporaryDirectory() as folder:
        report_to_runner(run, runner(Path(folder)))
        found = outputs((Path(folder) / "output").read_bytes().decode())
    assert list(found) == ["changed", "events", "open", "failed", "message"]
    assert (found["changed"], found["events"]) == ("true", "1")


def _is_a_folder(folder: Path) -> Path:
    return folder


def _has_no_folder(folder: Path) -> Path:
    return folder / "missing" / "file"


@pytest.mark.parametrize("place", [_is_a_folder, _has_no_folder])
@pytest.mark.parametrize("variable", ["GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"])
def test_a_file_that_cannot_be_written_is_a_remark(
    tmp_path: Path, variable: str, place: Callable[[Path], Path]
) -> None:
    """Contract 7.9: a file that cannot be written is reported, and the other file is written all the same."""
    env = runner(tmp_path, **{variable: str(place(tmp_path))})
    (problem,) = report_to_runner(report(event()), env)
    assert variable in problem
    assert "cannot be written" in problem
    (other,) = (Path(env[name]) for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT") if name != variable)
    assert other.stat().st_size > 0


def test_a_runner_without_files_is_no_fault() -> None:
    """A runner that names no files, as local ones do, is given nothing, and that is no problem."""
    assert report_to_runner(report(event()), {"GITHUB_ACTIONS": "true"}) == []


def test_a_run_on_a_runner(workspace: Workspace) -> None:
    """Contract 7.9: with GITHUB_ACTIONS=true a run appends its summary and its outputs; the message is one line."""
    workspace.watch("acme", "bolt")
    workspace.bolt()
    env = runner(workspace.folder)
    summary, output = Path(env["GITHUB_STEP_SUMMARY"]), Path(env["GITHUB_OUTPUT"])
    summary.write_text("before\n")

    def outputs_of_a_run() -> dict[str, str]:
        output.write_text("")
        workspace.check(env=env)
        return outputs(output.read_text())

    runs = [outputs_of_a_run()]
    workspace.acme(incident("a1", "investigating"), incident("a0", "investigating"))
    workspace.vendor.answer("/bolt/api/v2/incidents.json", "no", 500)
    runs += [outputs_of_a_run(), outputs_of_a_run()]
    names = ("changed", "events", "open", "failed")
    assert [tuple(run[name] for name in names) for run in runs] == [
        ("true", "0", "1", "0"),
        ("true", "1", "2", "1"),
        ("false", "0", "2", "1"),
    ]
    assert runs[1]["message"] == "statuswatch: Acme new: Trouble a1"
    written = summary.read_text()
    assert written.startswith("before\n### statuswatch\n")
    assert "Trouble a1" in written and "HTTP 500" in written and "1 page unknown" in written


def commands(err: str) -> list[str]:
    return [line for line in err.splitlines() if line.startswith("::")]


def test_annotations_of_a_run(workspace: Workspace) -> None:
    """Contract 7.9: a warning for each new incident of at least major impact and each page that failed, on stderr."""
    workspace.watch("acme", "bolt")
    workspace.bolt()
    env = runner(workspace.folder)
    assert commands(workspace.check(env=env).err) == []
    grave, slight = incident("a1", "investigating", impact="major"), incident("a2", "investigating")
    workspace.acme(grave, slight, incident("a0", "investigating"))
    workspace.vendor.answer("/bolt/api/v2/incidents.json", "no", 403)
    completed = workspace.check("--format", "jsonl", env=env)
    assert "::" not in completed.out
    new, failed = commands(completed.err)
    assert new.startswith("::warning title=NEW%3A Acme - not stated::Trouble a1 · major · http")
    assert failed.startswith("::warning title=status page not read::bolt failed: HTTP 403")
    (again,) = commands(workspace.check(env=env).err)
    assert again == failed


def test_annotations_of_status(workspace: Workspace) -> None:
    """Contract 7.9: `status` warns of open incidents of at least major impact and of unknown pages, on a runner
    only.
    """
    workspace.watch("acme", "bolt")
    workspace.acme(incident("a1", "investigating", impact="critical"), incident("a2", "investigating"))
    env = {"GITHUB_ACTIONS": "true"}
    opened, unknown = commands(workspace.run("status", env=env).err)
    assert opened.startswith("::warning title=OPEN%3A Acme - not stated::Trouble a1 · critical · http")
    assert unknown.startswith("::warning title=unknown::bolt: ")
    assert commands(workspace.run("status").err) == []


def test_a_muted_incident_is_not_annotated(workspace: Workspace) -> None:
    """Contract 7.9: a mute holds back the warning as it holds back a delivery."""
    workspace.watch("acme", top='[[mute]]\npage = "acme"\nincident = "a1"\n')
    workspace.check()
    workspace.acme(incident("a1", "investigating", impact="major"))
    env = runner(workspace.folder)
    assert commands(workspace.check(env=env).err) == commands(workspace.run("status", env=env).err) == []


@searched
@given(hostile)
def test_an_annotation_is_one_command(vendor_text: str) -> None:
    """Contract 7.10: whatever a vendor writes, it neither ends the warning nor begins another command."""
    written = annotation.warning(f"a{vendor_text}", f"b{vendor_text}")
    assert len(written.splitlines()) == 1
    head, title, message = re.fullmatch(r"(::warning title=)([^:,\r\n]*)::(.*)", written).groups()  # type: ignore[union-attr]
    assert head and title and "##[" not in message


def test_the_summary_shows_what_is_open(workspace: Workspace) -> None:
    """Contract 7.9: the step summary has the events, then what is open, worst first, then what is unknown."""
    workspace.watch("acme", "bolt")
    workspace.acme(incident("a1", "investigating"), incident("a2", "identified", impact="critical"))
    env = runner(workspace.folder)
    workspace.check(env=env)
    rows = [line for line in Path(env["GITHUB_STEP_SUMMARY"]).read_text().splitlines() if line.startswith("| ")]
    assert rows[0] == "| impact | product | what | since |"
    assert [row.split(" | ")[0] for row in rows[2:]] == ["| critical", "| minor", "| unknown"]


def test_variables_of_a_runner_elsewhere(workspace: Workspace) -> None:
    """Contract 7.9: without GITHUB_ACTIONS=true the runner's variables mean nothing."""
    summary = workspace.folder / "summary.md"
    workspace.check(env={"GITHUB_STEP_SUMMARY": str(summary), "GITHUB_OUTPUT": str(summary), "GITHUB_ACTIONS": "false"})
    assert not summary.exists()
