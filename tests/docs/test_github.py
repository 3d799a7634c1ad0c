"""What runs on GitHub beside the workflow to copy: the reusable workflow, the composite action, the template."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from statuswatch.config import load
from tests.docs import reusable

ROOT: Final = Path(__file__).parents[2]
GITHUB: Final = ROOT / ".github"
TEMPLATE: Final = GITHUB / "template"
BASH: Final = shutil.which("bash") or "bash"
ACTION_PATH: Final = "OWNER/statuswatch/.github/actions/statuswatch@"
RANKS: Final = ("none", "read", "write")


def read(path: Path) -> dict[Any, Any]:
    """Return a YAML file; PyYAML reads the key `on` as True."""
    content: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


WATCH: Final = read(GITHUB / "workflows" / "watch.yml")
ACTION: Final = read(GITHUB / "actions" / "statuswatch" / "action.yml")
EXAMPLES: Final = re.findall(r"```yaml\n(.*?)```", (GITHUB / "docs" / "github.md").read_text(encoding="utf-8"), re.S)


def test_the_reusable_workflow_is_the_one_to_copy() -> None:
    """`watch.yml` has the jobs, steps and scripts of `statuswatch.yml`, with inputs for what a user would change."""
    assert (GITHUB / "workflows" / "watch.yml").read_text(encoding="utf-8") == reusable.workflow(), (
        "run python -m tests.docs.generate"
    )
    source = read(GITHUB / "workflows" / "statuswatch.yml")
    for name, job in source["jobs"].items():
        scripts = [[step.get("run") for step in jobs[name]["steps"]] for jobs in (source["jobs"], WATCH["jobs"])]
        assert scripts[0] == scripts[1]
        assert WATCH["jobs"][name].get("needs") == job.get("needs")


def test_the_reusable_workflow_hands_every_secret_to_the_check_alone() -> None:
    """Each secret that may be passed is in the environment of the check, and nowhere else; the token only if asked."""
    secrets = {*WATCH[True]["workflow_call"]["secrets"]}
    holders = [step for job in WATCH["jobs"].values() for step in job["steps"] if "secrets." in str(step)]
    assert [step["name"] for step in holders] == ["Check"]
    environment = holders[0]["env"]
    assert {name for name, value in environment.items() if value == f"${{{{ secrets.{name} }}}}"} == secrets
    assert environment["GITHUB_TOKEN"].startswith("${{ inputs.issues && ")


def test_the_documented_caller_is_the_template() -> None:
    """The file to copy is short, the same in the documentation and the template, and grants what the jobs ask for."""
    written = (TEMPLATE / ".github" / "workflows" / "statuswatch.yml").read_text(encoding="utf-8")
    assert EXAMPLES[0] == written
    assert len(written.partition("\njobs:\n")[2].splitlines()) <= 15
    caller = yaml.safe_load(written)
    job = caller["jobs"]["watch"]
    call = WATCH[True]["workflow_call"]
    assert {*job["with"]} <= {*call["inputs"]} and {*job["secrets"]} <= {*call["secrets"]}
    needed: dict[str, str] = {}
    for other in WATCH["jobs"].values():
        for scope, level in other["permissions"].items():
            needed[scope] = max(level, needed.get(scope, "none"), key=RANKS.index)
    assert job["permissions"] == needed
    assert caller["permissions"] == {} and caller["concurrency"]["cancel-in-progress"] is False
    source = read(GITHUB / "workflows" / "statuswatch.yml")
    assert caller[True] == source[True]


def test_the_template_fits_the_workflow_that_it_calls() -> None:
    """Its configuration is valid, keeps state and archive where the workflow looks, and has the sink it grants for."""
    config = load.load_config(TEMPLATE / "statuswatch.toml", {}, TEMPLATE)
    inputs = WATCH[True]["workflow_call"]["inputs"]
    assert config.state == TEMPLATE / inputs["state"]["default"]
    assert f'\nhistory = "{inputs["history"]["default"]}"' in (TEMPLATE / "statuswatch.toml").read_text()
    assert [sink.sink for sink in config.notify] == ["github-issues"]


def test_the_documented_steps_fit_the_action() -> None:
    """The examples of the documentation name inputs that the action has, and both of its modes."""
    steps = [step for job in yaml.safe_load(EXAMPLES[1])["jobs"].values() for step in job["steps"]]
    ours = [step for step in steps if step.get("uses", "").startswith(ACTION_PATH)]
    assert {step["with"].get("mode", ACTION["inputs"]["mode"]["default"]) for step in ours} == {"gate", "why"}
    assert all({*step["with"]} <= {*ACTION["inputs"]} for step in ours)


def ask(folder: Path, code: int = 0, **inputs: str) -> tuple[int, list[str], str]:
    """Run the last step of the action with a command that ends so; return the exit code, its words and the outputs."""
    step = ACTION["runs"]["steps"][-1]
    values = {name: inputs.get(name.replace("-", "_"), option["default"]) for name, option in ACTION["inputs"].items()}
    environment = {
        name: values[value.removeprefix("${{ inputs.").removesuffix(" }}")]
        for name, value in step["env"].items()
        if "inputs." in value
    }
    assert len(environment) == len(ACTION["inputs"])
    program, words, output = folder / "bin" / "statuswatch", folder / "words", folder / "output"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > "{words}"\nexit {code}\n')
    program.chmod(0o755)
    output.unlink(missing_ok=True)
    environment |= {"PATH": os.environ["PATH"], "FOLDER": str(folder), "GITHUB_OUTPUT": str(output)}
    run = subprocess.run([BASH, "-c", step["run"]], env=environment, capture_output=True, text=True)
    return (
        run.returncode,
        words.read_text().splitlines() if words.exists() else [],
        output.read_text() if output.exists() else "",
    )


@pytest.mark.parametrize(
    ("mode", "code", "expected", "result"),
    [
        ("gate", 0, 0, "result=clear\n"),
        ("gate", 4, 4, "result=unknown\n"),
        ("gate", 10, 10, "result=open\n"),
        ("gate", 2, 2, ""),
        ("why", 10, 0, "result=open\n"),
        ("why", 4, 0, "result=unknown\n"),
        ("why", 2, 2, ""),
    ],
)
def test_a_gate_fails_and_a_reason_does_not(tmp_path: Path, mode: str, code: int, expected: int, result: str) -> None:
    """A gate ends as `status --fail-on` does; `why` after a failure adds no other one, but for wrong usage."""
    assert ask(tmp_path, code, mode=mode)[::2] == (expected, result)


def test_inputs_become_words_and_nothing_else(tmp_path: Path) -> None:
    """Every input is one word of the command, whatever its characters are; pages are separated by blanks."""
    hostile = "$(touch pwned)`id`\" '*"
    _, words, _ = ask(tmp_path, pages="github  npm\n openai", component=hostile, allow_unknown="true", config=hostile)
    options = ["status", "--fail-on", "major", "--component", hostile, "--allow-unknown", "--config", hostile]
    assert words == [*options, "--", "github", "npm", "openai"]
    _, words, _ = ask(tmp_path, mode="why", log=hostile, pages="--config=x")
    assert words == ["why", "--format", "github", "--log", hostile, "--", "--config=x"]
    code, _, output = ask(tmp_path, mode="anything")
    assert (code, output) == (2, "")


def test_the_action_is_pinned_and_locked() -> None:
    """Its own action is pinned as those of the workflows are, and it installs by the lock of its own commit."""
    steps = ACTION["runs"]["steps"]
    pinned = {step["uses"] for job in WATCH["jobs"].values() for step in job["steps"] if "uses" in step}
    assert {step["uses"] for step in steps if "uses" in step} <= pinned
    assert "--require-hashes" in steps[1]["run"]
    assert not [step for step in steps if "${{" in step.get("run", "")]
