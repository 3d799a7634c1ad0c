"""The workflows: what their YAML says, and what the script that commits the state does to real repositories."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from statuswatch.config.build import build_config
from statuswatch.delivery.deliver import connect
from statuswatch.history import archive
from tests.support.fake_receiver import FakeReceiver
from tests.support.fake_vendor import FakeVendor, incident
from tests.support.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).parents[2]
WORKFLOWS = REPOSITORY / ".github" / "workflows"
BASH = shutil.which("bash") or "bash"
GIT = shutil.which("git") or "git"

TOKEN = "ghs_Tr0ub4dor3TokenOfTheTests"  # noqa: S105
MESSAGE = "statuswatch: OpenAI resolved: Login issues"
OLD = '{"old": true}\n'
NEW = '{"new": true}\n'
SOMEBODY = dict.fromkeys(
    ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"], "somebody@example.org"
)


@cache
def load(name: str) -> dict[Any, Any]:
    """Return a workflow; PyYAML reads its key `on` as True."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # of C where it was compiled: a tenth of the time
    workflow: dict[Any, Any] = yaml.load((WORKFLOWS / name).read_text(encoding="utf-8"), loader)  # noqa: S506
    return workflow


def steps(workflow: dict[Any, Any]) -> Iterator[dict[str, Any]]:
    """Yield every step of every job."""
    for job in workflow["jobs"].values():
        yield from job["steps"]


def named(name: str, workflow: dict[Any, Any] | None = None) -> dict[str, Any]:
    """Return the step of that name, of the workflow made to be copied if none is given."""
    (step,) = (step for step in steps(workflow or load("statuswatch.yml")) if step["name"] == name)
    return step


NAMES = tuple(sorted(path.name for path in WORKFLOWS.glob("*.yml")))
MAX_MINUTES = {"proofs.yml": 90}  # of a job; of any other workflow 15
every = pytest.mark.parametrize("name", NAMES)


# ---------------------------------------------------------------------------------------- what the YAML says


@every
def test_no_permission_is_granted_to_a_whole_workflow(name: str) -> None:
    """The token of a workflow can do nothing but what a job asks for."""
    assert load(name)["permissions"] == {}


def test_code_of_others_runs_where_nothing_can_be_written() -> None:
    """The check only reads. The job that may push runs git and pinned actions of GitHub, after a check with changes."""
    jobs = load("statuswatch.yml")["jobs"]
    assert {name: job["permissions"] for name, job in jobs.items()} == {
        "check": {"contents": "read", "deployments": "read", "pages": "read"},
        "push": {"contents": "write"},
        "publish": {"pages": "write", "id-token": "write"},
    }
    for name in ("push", "publish"):
        assert all(step.get("uses", "actions/").startswith("actions/") for step in jobs[name]["steps"])
    scripts = [step["run"] for step in jobs["push"]["steps"] if "run" in step]
    assert len(scripts) == 1 and not re.search(r"\b(pip|python|statuswatch (check|merge)|eval|source)\b", scripts[0])
    assert jobs["push"]["needs"] == "check"
    assert jobs["push"]["if"] == "${{ !cancelled() && needs.check.outputs.changed == 'true' }}"


def test_the_board_is_published_by_one_variable() -> None:
    """It is built when the variable says so, after a change or an hour after the last one."""
    jobs = load("statuswatch.yml")["jobs"]
    condition = named("Build the board")["if"]
    for part in ("vars.STATUSWATCH_BOARD == 'true'", "outputs.changed == 'true'", "outputs.hour == 'true'"):
        assert part in condition
    assert jobs["publish"]["if"] == "${{ !cancelled() && needs.check.outputs.board == 'true' }}"
    assert jobs["publish"]["environment"]["name"] == "github-pages"


@pytest.mark.parametrize(
    ("answer", "address"),
    [
        ("echo https://acme.github.io/watch/", "https://acme.github.io/watch/"),
        ("echo https://status.acme.example/", "https://status.acme.example/"),
        ("echo", None),  # the site has no address yet
        ('echo \'{"message": "Not Found"}\'; exit 1', None),  # `gh` prints what it was refused
        ("echo 'https://acme.example/ $(id)'", None),
    ],
)
def test_the_board_knows_its_address(tmp_path: Path, answer: str, address: str | None) -> None:
    """The address that Pages states makes the links of the feeds absolute; without one they stay relative."""
    folder, output = tmp_path / "bin", tmp_path / "output"
    folder.mkdir()
    deployed = "*deployments*) echo 2026-01-01T00:00:00Z"
    (folder / "gh").write_text(f'#!/bin/sh\ncase "$2" in {deployed} ;; repos/acme/watch/pages) {answer} ;; esac\n')
    (folder / "gh").chmod(0o755)
    environment = {"PATH": f"{folder}:{os.environ['PATH']}", "GITHUB_REPOSITORY": "acme/watch"}
    environment["GITHUB_OUTPUT"] = str(output)
    look = named("Look when and where the board was published")
    subprocess.run([BASH, "-e", "-o", "pipefail", "-c", look["run"]], env=environment, check=True)
    assert output.read_text() == "hour=true\n" + (f"address={address}\n" if address else "")

    build = named("Build the board")
    assert build["env"]["ADDRESS"] == "${{ steps.due.outputs.address }}"
    environment = {"ADDRESS": address or "", "FOLDER": "site", "GITHUB_OUTPUT": str(output)}
    run = subprocess.run(
        [BASH, "-e", "-c", f'statuswatch() {{ echo "$@"; }}\n{build["run"]}'],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.split() == ["report", "--out", "site", *(["--base-url", address] if address else [])]


@pytest.mark.parametrize(
    ("page", "code"),
    [
        ("openai", 0),
        ("a.b_c-d", 0),
        ("", 1),
        ("-openai", 1),
        ("OpenAI", 1),
        ("a;id", 1),
        ("a\nkey=b", 1),
        ("a" * 65, 1),
    ],
)
def test_a_dispatch_carries_a_page_key_and_nothing_else(tmp_path: Path, page: str, code: int) -> None:
    """What a caller sends reaches the command only if it looks like a key, and is never printed."""
    assert load("statuswatch.yml")[True]["repository_dispatch"] == {"types": ["statuswatch"]}
    step, output = named("Validate the page key"), tmp_path / "output"
    assert step["env"] == {"PAGE": "${{ github.event.client_payload.page }}"}
    environment = {"PATH": os.environ["PATH"], "PAGE": page, "GITHUB_OUTPUT": str(output)}
    run = subprocess.run([BASH, "-e", "-c", step["run"]], env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == code
    assert run.stdout.startswith("::error title=statuswatch::") == bool(code)
    assert (output.read_text() if output.exists() else "") == ("" if code else f"key={page}\n")


def test_a_tag_is_refused_first() -> None:
    """A run on a tag ends with an error before it checks anything, since a tag takes no commits."""
    first = next(steps(load("statuswatch.yml")))
    assert (first["if"], first["name"]) == ("${{ github.ref_type != 'branch' }}", "Refuse a tag")
    run = subprocess.run([BASH, "-e", "-c", first["run"]], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout.startswith("::error title=statuswatch::The state is committed")) == (1, True)


def test_the_continuous_integration_may_only_read() -> None:
    """The job that runs code of pull requests holds contents: read alone."""
    (job,) = load("ci.yml")["jobs"].values()
    assert job["permissions"] == {"contents": "read"}


def test_the_catalog_is_verified_weekly_and_by_hand() -> None:
    """A job that may only read verifies the catalog once a week, off the full hour; another opens one issue."""
    workflow = load("catalog.yml")
    assert workflow[True] == {"schedule": [{"cron": "37 4 * * 1"}], "workflow_dispatch": None}
    permissions = {name: job["permissions"] for name, job in workflow["jobs"].items()}
    assert permissions == {"verify": {"contents": "read"}, "issue": {"issues": "write"}}
    assert 'statuswatch pages --verify --fix > "$FOLDER/catalog.patch"' in named("Verify", workflow)["run"]


GH = """#!/bin/sh
echo "$@" >> "$CALLS"
[ "$2" != list ] || echo "$OPEN"
while [ $# -gt 0 ]; do [ "$1" = --body-file ] && cp "$2" "$CALLS.body"; shift; done
"""


def answer(folder: Path, step: dict[str, Any], files: dict[str, str], **variables: str) -> tuple[list[str], str]:
    """Run a step that speaks to GitHub, with a `gh` that only notes; return its calls and the text that it sent."""
    program, calls = folder / "bin" / "gh", folder / "calls"
    program.parent.mkdir(exist_ok=True)
    program.write_text(GH)
    program.chmod(0o755)
    for name, content in files.items():
        (folder / name).write_text(content)
    environment = {"PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}", "CALLS": str(calls), "OPEN": ""}
    subprocess.run(
        [BASH, "-e", "-c", step["run"]], cwd=folder, env=environment | {"FOLDER": str(folder)} | variables, check=True
    )
    return calls.read_text().splitlines(), (folder / "calls.body").read_text()


HOSTILE_LINES = "+a,@everyone\n~~~~~~~~~~~~~~~\n# heading\n   ~~~\n"


@pytest.mark.parametrize(("found", "verb"), [("", "create"), ("7", "edit 7")])
def test_a_verification_has_one_issue(tmp_path: Path, found: str, verb: str) -> None:
    """The issue is opened once and brought up to date; what vendors wrote stays in its block."""
    step = named("Open or update the issue", load("catalog.yml"))
    calls, body = answer(tmp_path, step, {"catalog.patch": HOSTILE_LINES, "notes.txt": "note\n"}, OPEN=found)
    assert len(calls) == 2 and calls[1].startswith(f"issue {verb} ")
    assert body.count("\n~~~~~~~~~~~~\n") == 2 and "\n~~\n# heading\n ~~\n" not in body
    assert re.findall(r"(?m)^ *(~~~+)", body) == ["~" * 12] * 4


def test_the_answer_to_the_form_is_a_comment(tmp_path: Path) -> None:
    """What the page says becomes one comment, in a block that nothing in it can end."""
    step = named("Comment", load("add-page.yml"))
    calls, body = answer(tmp_path, step, {"inspection.txt": HOSTILE_LINES}, NUMBER="12")
    assert calls == ["issue comment 12 --body-file comment.md"]
    assert re.findall(r"(?m)^ *(~~~+)", body) == ["~" * 12] * 2


@pytest.mark.parametrize(
    ("address", "accepted"),
    [
        ("https://status.acme.example", True),
        ("https://acme.example/status/page-1", True),
        ("http://status.acme.example", False),
        ("https://127.0.0.1/", False),
        ("https://localhost", False),
        ("https://user@acme.example", False),
        ("https://acme.example:8080", False),
        ("https://acme.example/?q=$(id)", False),
        ("--config=x", False),
        ("https://acme.example/" + "a" * 200, False),
    ],
)
def test_the_form_takes_an_address_and_nothing_else(tmp_path: Path, address: str, *, accepted: bool) -> None:
    """The address of the form reaches the command only if it has a public form; the rest of the issue never does."""
    workflow = load("add-page.yml")
    form = yaml.safe_load((REPOSITORY / ".github" / "ISSUE_TEMPLATE" / "add_page.yml").read_text())
    labels = {field["id"]: field["attributes"]["label"] for field in form["body"]}
    assert form["labels"] == ["add-page"] and "'add-page'" in workflow["jobs"]["inspect"]["if"]
    assert workflow["jobs"]["inspect"]["permissions"] == {"contents": "read"}
    assert "secrets." not in str(workflow) and "github.token" not in str(workflow["jobs"]["inspect"])
    output = tmp_path / "output"
    lines = ("### Vendor", "https://other.example", f"### {labels['address']}", address, "### Recording", "none")
    body = "\r\n\r\n".join(lines)
    environment = {"PATH": os.environ["PATH"], "BODY": body, "GITHUB_OUTPUT": str(output)}
    script = named("Validate the address", workflow)["run"]
    run = subprocess.run([BASH, "-e", "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == (0 if accepted else 1)
    assert (output.read_text() if output.exists() else "") == (f"address={address}\n" if accepted else "")


def test_the_long_proofs_run_weekly_and_by_hand() -> None:
    """One job for each program of proof, which may only read, runs once a week and prints into its summary."""
    workflow = load("proofs.yml")
    (job,) = workflow["jobs"].values()
    ((schedule,),) = (workflow[True]["schedule"],)
    assert re.fullmatch(r"[1-9]\d? \d+ \* \* [0-6]", schedule["cron"]) and "workflow_dispatch" in workflow[True]
    assert job["permissions"] == {"contents": "read"}
    commands = {word for entry in job["strategy"]["matrix"]["include"] for word in entry["command"].split()}
    proofs = {f"tests.proofs.{path.parent.name}" for path in (REPOSITORY / "tests" / "proofs").glob("*/__main__.py")}
    assert proofs and proofs <= commands


def test_a_running_check_is_never_cancelled_by_the_next() -> None:
    """Checks of one branch run one at a time, and a started one is left to finish."""
    concurrency = load("statuswatch.yml")["concurrency"]
    assert concurrency == {"group": "statuswatch-${{ github.ref }}", "cancel-in-progress": False}


def test_the_check_runs_every_five_minutes_off_the_full_hour() -> None:
    """The schedule has twelve evenly spaced minutes, none of which is the full hour, and can be started by hand."""
    triggers = load("statuswatch.yml")[True]
    assert set(triggers) == {"schedule", "workflow_dispatch", "repository_dispatch"}
    ((_, cron),) = (entry for schedule in triggers["schedule"] for entry in schedule.items())
    field, *rest = cron.split()
    first, last, step = map(int, re.split("[-/]", field))
    minutes = list(range(first, last + 1, step))
    assert rest == ["*"] * 4
    assert len(minutes) == 12
    assert {(after - before) % 60 for before, after in zip(minutes, [*minutes[1:], minutes[0]], strict=True)} == {5}
    assert 0 not in minutes


@every
def test_every_action_is_pinned_to_a_commit_with_its_version(name: str) -> None:
    """An action is named by the 40 digits of a commit, and a comment says which version that is."""
    lines = [line.strip() for line in (WORKFLOWS / name).read_text(encoding="utf-8").splitlines()]
    uses = [line for line in lines if re.match(r"(- )?uses:", line)]
    assert len(uses) == sum("uses" in step for step in steps(load(name))) > 0
    for line in uses:
        assert re.fullmatch(r"(- )?uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


def test_all_workflows_use_the_same_actions() -> None:
    """An action that is updated in one workflow is updated in the others."""
    uses = {step["uses"] for name in NAMES for step in steps(load(name)) if "uses" in step}
    assert len(uses) == len({use.partition("@")[0] for use in uses})


def test_a_release_gives_each_job_what_it_needs() -> None:
    """What builds and tests can write nothing; what publishes runs in an environment, and no code of the checkout."""
    jobs = load("release.yml")["jobs"]
    assert load("release.yml")[True] == {"push": {"tags": ["v[0-9]*"]}}
    assert {name: job["permissions"] for name, job in jobs.items()} == {
        "build": {"contents": "read"},
        "attest": {"id-token": "write", "attestations": "write"},
        "pypi": {"id-token": "write"},
        "image": {"contents": "read", "packages": "write"},
        "index": {"packages": "write", "id-token": "write", "attestations": "write"},
        "github": {"contents": "write"},
    }
    assert {name for name, job in jobs.items() if "environment" in job} == {"pypi", "image", "index", "github"}
    assert set(jobs["github"]["needs"]) == {"pypi", "index"}
    assert named("Build and check", load("release.yml"))["run"] == "PYTHON=python bash .ci/release release"
    for name in ("attest", "pypi", "index", "github"):
        assert not [step for step in jobs[name]["steps"] if "actions/checkout" in step.get("uses", "")]


def test_the_dependencies_are_installed_by_their_lock() -> None:
    """The check installs nothing whose hash is not in the lock that comes with it."""
    installs = [line.strip() for line in named("Install statuswatch")["run"].splitlines() if " pip install " in line]
    assert all("--no-deps" in line for line in installs) and len(installs) == 2
    assert installs[1].endswith('--require-hashes --requirement "$package/locks/$LOCK"')
    assert (REPOSITORY / "statuswatch" / "locks" / load("statuswatch.yml")["env"]["LOCK"]).exists()


@every
def test_no_expression_is_pasted_into_a_script(name: str) -> None:
    """Values reach a shell through its environment, never through its source."""
    scripts = [step["run"] for step in steps(load(name)) if "run" in step]
    assert scripts
    assert not [script for script in scripts if "${{" in script]


@every
def test_no_checkout_leaves_the_token_behind(name: str) -> None:
    """The checkout writes no credential to .git/config."""
    checkouts = [step for step in steps(load(name)) if step.get("uses", "").startswith("actions/checkout@")]
    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_a_check_starts_from_the_newest_state_of_the_branch() -> None:
    """A queued or repeated check takes the branch as it is, not the commit it was queued for."""
    checkouts = [step for step in steps(load("statuswatch.yml")) if step["name"] == "Check out the branch"]
    assert [step["with"]["ref"] for step in checkouts] == ["${{ github.ref_name }}"] * 2


def test_the_state_is_committed_after_a_failed_check_too() -> None:
    """The hand-over runs unless the run was cancelled, whatever the check said."""
    assert named("Hand over what changed")["if"] == "${{ !cancelled() && steps.start.outputs.commit }}"


def test_the_message_comes_from_the_check() -> None:
    """The hand-over is given the message of the step `check`, through its environment."""
    assert named("Hand over what changed")["env"]["MESSAGE"] == "${{ steps.check.outputs.message }}"


@pytest.mark.parametrize(
    ("variables", "arguments"),
    [
        ({}, "check --once"),
        ({"PAGE": ""}, "check --once"),
        ({"PAGE": "openai"}, "ingest openai"),
        ({"PAGE": "openai", "SHARD": "2/8"}, "ingest openai --shard 2/8"),
        ({"SHARD": "2/8"}, "check --once --shard 2/8"),
    ],
)
def test_a_doorbell_reads_its_page(variables: dict[str, str], arguments: str) -> None:
    """The step checks all pages, or, where a page key was sent, that page until something changed."""
    script = f'statuswatch() {{ echo "$@"; }}\n{named("Check")["run"]}'
    run = subprocess.run([BASH, "-e", "-c", script], env=variables, capture_output=True, text=True, check=True)
    assert run.stdout == f"{arguments}\n"


def test_only_steps_without_code_of_others_are_given_the_token() -> None:
    """Neither the installation nor the check finds the token in its environment."""
    workflow = load("statuswatch.yml")
    holders = [step["name"] for step in steps(workflow) if "github.token" in str(step.get("env", {}))]
    assert holders == ["Look when and where the board was published", "Commit and push"]
    names = [step["name"] for step in workflow["jobs"]["check"]["steps"]]
    assert names.index("Look when and where the board was published") < names.index("Install statuswatch")
    assert "github.token" not in str(workflow["env"])


def test_issues_are_ready_to_switch_on() -> None:
    """With the comments removed that say so, the check may write issues and is given the secrets, and the lines for
    the configuration make a sink that finds all it needs on a runner.
    """
    written = (WORKFLOWS / "statuswatch.yml").read_text(encoding="utf-8")
    lines = "\n".join(re.findall(r"(?m)^ +#   (\[\[notify\]\]|\w+ = .*)$", written))
    workflow = yaml.safe_load(re.sub(r"(?m)^( +)# (issues: write|[A-Z_]+: \$\{\{)", r"\1\2", written))
    permissions = {"contents": "read", "deployments": "read", "pages": "read", "issues": "write"}
    assert workflow["jobs"]["check"]["permissions"] == permissions
    assert named("Check", workflow)["env"] == {
        "PAGE": "${{ steps.page.outputs.key }}",
        "GITHUB_TOKEN": "${{ github.token }}",
        "SLACK_WEBHOOK_URL": "${{ secrets.SLACK_WEBHOOK_URL }}",
    }
    assert len(lines.splitlines()) == 3
    (sink,) = build_config({"pages": ["openai"], **tomllib.loads(lines)}, "statuswatch.toml", Path()).notify
    assert sink.sink == "github-issues"
    assert connect([sink], {"GITHUB_TOKEN": TOKEN, "GITHUB_REPOSITORY": "owner/name"})


def test_a_failed_check_fails_the_job() -> None:
    """Nothing turns the exit code of the check into a success."""
    job, check = load("statuswatch.yml")["jobs"]["check"], named("Check")
    assert "continue-on-error" not in job | check
    assert "\n" not in check["run"] and not re.search(r"[|;&]", check["run"])


@every
def test_every_job_has_an_end(name: str) -> None:
    """No job may run longer than a quarter of an hour, but for the long proofs."""
    assert all(0 < job["timeout-minutes"] <= MAX_MINUTES.get(name, 15) for job in load(name)["jobs"].values())


def test_a_check_that_hangs_leaves_time_to_commit() -> None:
    """The check ends before its job does, since a job that is out of time commits nothing."""
    job, check = load("statuswatch.yml")["jobs"]["check"], named("Check")
    assert check["timeout-minutes"] < job["timeout-minutes"]


# ----------------------------------------------------------------------- what the script does to a repository


@dataclass(frozen=True)
class Sandbox:
    """A bare repository that stands for the server, and a clone of it that stands for the checkout."""

    root: Path
    server: Path
    checkout: Path
    environment: dict[str, str]

    def git(self, *arguments: str, cwd: Path | None = None) -> str:
        """Run git as somebody else, in the checkout or wherever told, and return what it printed."""
        return subprocess.run(
            [GIT, *arguments],
            cwd=cwd or self.checkout,
            env=self.environment | SOMEBODY,
            check=True,
            capture_output=True,
            encoding="utf-8",
        ).stdout

    def write(self, content: str, path: str = "state.json") -> None:
        """Write a file into the checkout."""
        target = self.checkout / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content, encoding="utf-8")

    def advance(self, path: str, content: str | None) -> str:
        """Commit a file on the server (None: its removal) as somebody else, and return that commit."""
        other = self.root / "other"
        self.git("clone", "--quiet", str(self.server), str(other), cwd=self.root)
        if content is None:
            (other / path).unlink()
        else:
            (other / path).parent.mkdir(parents=True, exist_ok=True)
            (other / path).write_text(content, encoding="utf-8")
        self.git("add", "--all", cwd=other)
        self.git("commit", "--quiet", "--message=somebody else", cwd=other)
        self.git("push", "--quiet", "origin", "HEAD", cwd=other)
        shutil.rmtree(other)
        return self.tip()

    def hand_over(self, message: str = MESSAGE, **variables: str) -> str:
        """Run the script that hands over what changed in the checkout; return the outputs of its step."""
        number = variables.get("SHARD", "1").partition("/")[0]
        output = self.root / f"output-{number}"
        values = {
            "${{ steps.check.outputs.message }}": message,
            "${{ steps.start.outputs.commit }}": self.git("rev-parse", "HEAD").strip(),
            "${{ runner.temp }}/hand-over": str(self.root / "handed-over" / f"statuswatch-{number}"),
        }
        run = self.run_step("Hand over what changed", self.checkout, values, GITHUB_OUTPUT=str(output), **variables)
        assert run.returncode == 0, run.stdout
        return output.read_text(encoding="utf-8") if output.exists() else ""

    def push(self, checkout: Path | None = None, /, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the script that commits and pushes, in a clean checkout of the branch as it is now if none is given."""
        if checkout is None:
            checkout = self.clone("pushing")
        values = {"${{ github.token }}": TOKEN, "${{ runner.temp }}/handed-over": str(self.root / "handed-over")}
        return self.run_step("Commit and push", checkout, values, **variables)

    def commit(self, message: str = MESSAGE, **variables: str) -> subprocess.CompletedProcess[str]:
        """Hand over what changed in the checkout, and push it."""
        self.hand_over(message, **variables)
        return self.push(**variables)

    def clone(self, name: str) -> Path:
        """Clone the server as the checkout of a workflow does: the last commit alone."""
        folder = self.root / name
        shutil.rmtree(folder, ignore_errors=True)
        # Only the address of a server, never a path, gives a shallow clone.
        self.git("clone", "--quiet", "--depth=1", self.server.as_uri(), str(folder), cwd=self.root)
        return folder

    def run_step(
        self, name: str, cwd: Path, values: dict[str, str], **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run the script of a step in the environment that the workflow gives it."""
        step = named(name)
        step_variables = {name: values[value] for name, value in step["env"].items()}
        environment = self.environment | load("statuswatch.yml")["env"] | step_variables
        return subprocess.run(
            [BASH, "-e", "-c", step["run"]],
            cwd=cwd,
            env=environment | {"PUSH_PAUSE": "0"} | variables,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )

    def refuse(self, times: int, reason: str = "busy") -> Path:
        """Let the server refuse that many pushes; the file returned has a line for each it was offered."""
        offered = self.root / "offered"
        hook = self.server / "hooks" / "pre-receive"
        hook.parent.mkdir(exist_ok=True)
        script = f'#!/bin/sh\necho "{reason}"\necho >> "{offered}"\n[ "$(wc -l < "{offered}")" -gt {times} ]\n'
        hook.write_text(script, encoding="utf-8")
        hook.chmod(0o755)
        return offered

    def tip(self) -> str:
        """Return the commit that the server has."""
        return self.git("rev-parse", "main", cwd=self.server).strip()

    def parents(self) -> list[str]:
        """Return the parents of the commit that the server has."""
        return self.git("log", "-1", "--format=%P", "main", cwd=self.server).split()

    def message(self) -> str:
        """Return the whole message of the commit that the server has."""
        return self.git("cat-file", "commit", "main", cwd=self.server).partition("\n\n")[2]

    def changed(self) -> list[str]:
        """Return the files that the server's last commit changed."""
        return self.git("diff-tree", "--name-only", "-r", "main^", "main", cwd=self.server).split()

    def state(self, path: str = "state.json") -> str:
        """Return the state that the server has."""
        return self.git("show", f"main:{path}", cwd=self.server)


def sandbox_at(root: Path) -> Sandbox:
    """Return a sandbox that is still empty."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(root),
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    return Sandbox(root, root / "server.git", root / "checkout", environment)


def fill_server(root: Path, *, state: bool) -> Path:
    """Return a server with a readme and, if asked for, a state."""
    sandbox, seed = sandbox_at(root), root / "seed"
    sandbox.git("init", "--quiet", "--bare", "--initial-branch=main", str(sandbox.server), cwd=root)
    sandbox.git("init", "--quiet", "--initial-branch=main", str(seed), cwd=root)
    for number in range(2):
        (seed / "README.md").write_text(f"readme {number}\n", encoding="utf-8")
        if state:
            (seed / "state.json").write_text(OLD, encoding="utf-8")
        sandbox.git("add", "--all", cwd=seed)
        sandbox.git("commit", "--quiet", f"--message=seed {number}", cwd=seed)
    sandbox.git("push", "--quiet", str(sandbox.server), "main", cwd=seed)
    return sandbox.server


@pytest.fixture(scope="module")
def server_with_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A server to copy, whose repository has a state."""
    return fill_server(tmp_path_factory.mktemp("with-state"), state=True)


@pytest.fixture(scope="module")
def server_without_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A server to copy, whose repository never had a state."""
    return fill_server(tmp_path_factory.mktemp("without-state"), state=False)


def build(root: Path, server: Path) -> Sandbox:
    """Return a copy of the server, and a fresh checkout of it."""
    sandbox = sandbox_at(root)
    shutil.copytree(server, sandbox.server)
    sandbox.clone("checkout")
    return sandbox


@pytest.fixture
def tracked(tmp_path: Path, server_with_state: Path) -> Sandbox:
    """A repository that has a state."""
    return build(tmp_path, server_with_state)


@pytest.fixture
def untracked(tmp_path: Path, server_without_state: Path) -> Sandbox:
    """A repository that never had a state."""
    return build(tmp_path, server_without_state)


def errors(run: subprocess.CompletedProcess[str]) -> list[str]:
    """Return the lines that an Actions runner shows as errors."""
    return [line for line in run.stdout.splitlines() if line.startswith("::error")]


def test_what_did_not_change_is_not_handed_over(tracked: Sandbox) -> None:
    """A run that found nothing new, or wrote no state, hands nothing over: no job is begun that may write."""
    assert tracked.hand_over() == ""
    (tracked.checkout / "state.json").unlink()
    assert tracked.hand_over() == ""
    tracked.write(NEW)
    assert tracked.hand_over() == "changed=true\nshard=1\n"


def test_a_changed_state_is_committed_with_the_message(tracked: Sandbox) -> None:
    """A changed state becomes one commit on top, by the bot, with exactly the message of the check."""
    before = tracked.tip()
    tracked.write(NEW)
    run = tracked.commit()
    assert (run.returncode, errors(run)) == (0, [])
    assert tracked.parents() == [before]
    assert tracked.state() == NEW
    assert tracked.message() == f"{MESSAGE}\n"
    bot = "github-actions[bot] <41898282+github-actions[bot]@users.noreply.github.com>"
    assert tracked.git("log", "-1", "--format=%an <%ae>|%cn <%ce>", "main", cwd=tracked.server) == f"{bot}|{bot}\n"


def test_the_first_state_is_committed_alone(untracked: Sandbox) -> None:
    """A state that git never saw is committed, while changed, staged and unknown files stay out."""
    untracked.write("changed\n", "README.md")
    untracked.write("staged\n", "staged.txt")
    untracked.git("add", "staged.txt")
    untracked.write("unknown\n", "build/unknown.txt")
    untracked.write(NEW)
    run = untracked.commit()
    assert (run.returncode, errors(run)) == (0, [])
    assert untracked.changed() == ["state.json"]
    assert untracked.state() == NEW


def test_an_ignored_state_is_committed(untracked: Sandbox) -> None:
    """A state that .gitignore names, as it may for work by hand, is committed all the same."""
    untracked.advance(".gitignore", "*.json\n")
    untracked.clone("checkout")
    untracked.write(NEW)
    run = untracked.commit()
    assert (run.returncode, errors(run)) == (0, [])
    assert untracked.changed() == ["state.json"]


@pytest.mark.parametrize("path", ["./state.json", "data/status page.json", "*.[j]son", ":(exclude)state,{1}.json"])
def test_the_state_may_lie_elsewhere(untracked: Sandbox, path: str) -> None:
    """The path of the state is taken as the configuration writes it, and never as a pattern."""
    untracked.write(NEW, path)
    untracked.write("other\n", "other.json")
    run = untracked.commit(STATE_FILE=path)
    assert (run.returncode, errors(run)) == (0, [])
    names = untracked.git(
        "-c", "core.quotePath=false", "diff-tree", "--name-only", "-r", "main^", "main", cwd=untracked.server
    )
    assert names.splitlines() == [path.removeprefix("./")]
    assert untracked.state(path.removeprefix("./")) == NEW


@pytest.mark.parametrize("path", ["../state.json", "README.md/state.json"])
def test_a_path_outside_the_branch_is_an_error(untracked: Sandbox, path: str) -> None:
    """No path leads out of the repository, into git's own folder, or below a file."""
    folder = untracked.root / "handed-over" / "statuswatch-1"
    folder.mkdir(parents=True)
    (folder / "state.json").write_text(NEW)
    (folder / "start").write_text(untracked.tip())
    (folder / "message").write_text("message")
    before = untracked.tip()
    run = untracked.push(STATE_FILE=path)
    assert run.returncode == 1
    assert errors(run) == [f"::error title=statuswatch::{path} is not a path that can be committed."]
    assert untracked.tip() == before


SHARDED = {"STATE_FILE": "state-{shard}.json"}
HOSTILE_MESSAGES = (
    "$(touch pwned)",
    "-n",
    "`touch pwned`",
    '"; touch pwned; echo "',
    "'; touch pwned; echo '",
    "--amend",
    "-",
    "# not a comment",
    "first\n\n# third\n\n\n  seventh  ",
    "\n\nthird",
    "  between blanks  ",
    "%s %n \\n \\x41 ${TOKEN} $TOKEN !!",
    "done: “Störung” ✓ \N{RIGHT-TO-LEFT OVERRIDE}",
)


def test_a_hostile_message_arrives_as_it_is(untracked: Sandbox) -> None:
    """Whatever a vendor writes becomes the text of the message, and neither a command nor an option."""
    count, handed_over = len(HOSTILE_MESSAGES), untracked.root / "handed-over"
    for number, message in enumerate(HOSTILE_MESSAGES, start=1):
        if number < 4:
            untracked.write(message, f"state-{number}.json")
            untracked.hand_over(message, SHARD=f"{number}/{count}", **SHARDED)
        else:
            folder = shutil.copytree(handed_over / "statuswatch-1", handed_over / f"statuswatch-{number}")
            (folder / "state.json").write_text(message)
            (folder / "message").write_text(f"{message}\n")
    run = untracked.push(**SHARDED)
    assert (run.returncode, errors(run)) == (0, [])
    commits = untracked.git("log", f"-{count}", "--format=%x00%B", "main", cwd=untracked.server).split("\0")[1:]
    pushed = {untracked.state(f"state-{number}.json"): number for number in range(1, count + 1)}
    assert {*pushed} == {*HOSTILE_MESSAGES}
    assert {message.removesuffix("\n") for message in commits} == {f"{message}\n" for message in HOSTILE_MESSAGES}
    assert not list(untracked.root.rglob("pwned"))


def test_a_message_is_not_printed(tracked: Sandbox) -> None:
    """A message that reads like a command to the runner never gets into the log."""
    tracked.write(NEW)
    run = tracked.commit("a\n::error::forged\n::add-mask::b")
    assert (run.returncode, run.stdout) == (0, "")


def test_an_empty_message_has_a_stand_in(tracked: Sandbox) -> None:
    """A check that died before it had a message still gets its state committed."""
    tracked.write(NEW)
    run = tracked.commit("")
    assert (run.returncode, errors(run)) == (0, [])
    assert tracked.message() == "statuswatch: update state.json\n"


@pytest.mark.parametrize("moment", ["before the checkout", "after it"])
def test_a_lost_race_is_run_again(tracked: Sandbox, moment: str) -> None:
    """Where the branch has moved on, before the pushing job checks it out or after, the commit follows it."""
    tracked.write(NEW)
    tracked.hand_over()
    checkout = tracked.clone("pushing") if moment == "after it" else None
    theirs = tracked.advance("other.txt", "theirs\n")
    run = tracked.push(checkout)
    assert (run.returncode, errors(run)) == (0, [])
    assert tracked.parents() == [theirs]
    assert tracked.changed() == ["state.json"]
    assert tracked.state() == NEW
    assert tracked.message() == f"{MESSAGE}\n"


@pytest.mark.parametrize(("theirs", "moment"), [('{"theirs": true}\n', "after it"), (None, "before the checkout")])
def test_a_state_changed_by_another_is_never_overwritten(tracked: Sandbox, theirs: str | None, moment: str) -> None:
    """Where the branch has another state by now, even none, the run says so, fails and pushes nothing."""
    tracked.write(NEW)
    tracked.write('{"id": 1}\n', f"{HISTORY}/2026-11.jsonl")
    tracked.hand_over()
    checkout = tracked.clone("pushing") if moment == "after it" else None
    tip = tracked.advance("state.json", theirs)
    run = tracked.push(checkout)
    assert run.returncode == 1
    assert errors(run) == [
        "::error title=statuswatch::state.json was changed on main during this run. "
        "Nothing of it was pushed: the next run reports its events again."
    ]
    assert tracked.tip() == tip


def test_a_first_state_of_another_is_never_overwritten(untracked: Sandbox) -> None:
    """Of two runs that both write the first state, the second one gives up."""
    tip = untracked.advance("state.json", OLD)
    untracked.write(NEW)
    run = untracked.commit()
    assert run.returncode == 1
    assert len(errors(run)) == 1
    assert untracked.tip() == tip


def test_a_state_that_already_arrived_is_enough(tracked: Sandbox) -> None:
    """Where the branch has this very state, as after a push whose answer was lost, nothing is left to do."""
    tip = tracked.advance("state.json", NEW)
    tracked.write(NEW)
    run = tracked.commit()
    assert (run.returncode, errors(run)) == (0, [])
    assert tracked.tip() == tip


def test_a_refused_push_is_tried_again(tracked: Sandbox) -> None:
    """A server that refuses twice and then takes the commit has it once."""
    before = tracked.tip()
    offered = tracked.refuse(2)
    tracked.write(NEW)
    run = tracked.commit()
    assert (run.returncode, errors(run)) == (0, [])
    assert tracked.parents() == [before]
    assert len(offered.read_text(encoding="utf-8").splitlines()) == 3


def test_the_tries_have_an_end(tracked: Sandbox) -> None:
    """A server that keeps refusing is asked ten times, and then the run says so and fails."""
    before = tracked.tip()
    offered = tracked.refuse(100)
    tracked.write(NEW)
    run = tracked.commit()
    assert run.returncode == 1
    assert errors(run) == [
        "::error title=statuswatch::The state could not be pushed to main in 10 attempts: "
        "the next run reports its events again."
    ]
    assert tracked.tip() == before
    assert len(offered.read_text(encoding="utf-8").splitlines()) == 10


def test_a_server_out_of_reach_is_an_error(tracked: Sandbox) -> None:
    """Without a server the run fails as loudly as with one that refuses."""
    tracked.write(NEW)
    tracked.hand_over()
    checkout = tracked.clone("pushing")
    tracked.server.rename(tracked.root / "gone.git")
    run = tracked.push(checkout)
    assert run.returncode == 1
    assert len(errors(run)) == 1


def test_a_protected_branch_is_named_at_once(tracked: Sandbox) -> None:
    """A push that a rule of the branch forbids is not tried again; the error says what to change."""
    offered = tracked.refuse(100, "error: GH006: Protected branch update failed for refs/heads/main.")
    tracked.write(NEW)
    run = tracked.commit()
    assert run.returncode == 1
    (error,) = errors(run)
    assert error.startswith("::error title=statuswatch::main is protected and takes no push of this workflow.")
    assert len(offered.read_text(encoding="utf-8").splitlines()) == 1


def test_the_token_reaches_git_and_nothing_else(tracked: Sandbox) -> None:
    """A push is given the token before any other credential, and neither arguments, output nor .git show it."""
    answer, arguments = tracked.root / "answer", tracked.root / "arguments"
    question = "protocol=https\\nhost=git.example\\n\\n"
    wrapper = tracked.root / "bin" / "git"
    wrapper.parent.mkdir()
    ask = f'[ "$1" != push ] || printf "{question}" | "{GIT}" credential fill > "{answer}"'
    wrapper.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >> "{arguments}"\n{ask}\nexec "{GIT}" "$@"\n', encoding="utf-8")
    wrapper.chmod(0o755)
    tracked.write(NEW)
    tracked.hand_over()
    checkout = tracked.clone("pushing")
    tracked.git("config", "credential.helper", "!f() { echo username=other; echo password=other; }; f", cwd=checkout)
    tracked.advance("other.txt", "theirs\n")
    path = f"{wrapper.parent}{os.pathsep}{tracked.environment['PATH']}"
    run = tracked.push(checkout, GIT_TRACE="1", PATH=path)
    assert run.returncode == 0
    assert {"username=x-access-token", f"password={TOKEN}"} <= set(answer.read_text(encoding="utf-8").splitlines())
    assert {"fetch", "push"} <= set(arguments.read_text(encoding="utf-8").splitlines())
    assert TOKEN not in arguments.read_text(encoding="utf-8")
    assert TOKEN not in run.stdout
    kept = [path for path in (checkout / ".git").rglob("*") if path.is_file()]
    assert not [path for path in kept if TOKEN.encode() in path.read_bytes()]


def test_a_planted_hook_or_setting_never_runs(tracked: Sandbox) -> None:
    """Hooks, filters and settings of the machine, and hooks of the checkout, see neither the push nor the token."""
    stolen, home = tracked.root / "stolen", tracked.root / "home"
    thief = home / "thief"
    home.mkdir()
    thief.write_text(f'#!/bin/sh\nenv >> "{stolen}"\nexec cat\n', encoding="utf-8")
    thief.chmod(0o755)
    (home / ".gitconfig").write_text(
        f"[core]\n hooksPath = {home}/hooks\n fsmonitor = {thief}\n attributesFile = {home}/attributes\n"
        f'[filter "thief"]\n clean = {thief}\n[merge "thief"]\n driver = {thief}\n[alias]\n push = !{thief}\n'
    )
    (home / "attributes").write_text("* filter=thief merge=thief\n")
    tracked.write(NEW)
    tracked.hand_over()
    checkout = tracked.clone("pushing")
    names = ("pre-push", "reference-transaction", "post-index-change", "pre-auto-gc", "push-to-checkout")
    for folder in (home / "hooks", checkout / ".git" / "hooks"):
        folder.mkdir(exist_ok=True)
        for name in names:
            shutil.copy(thief, folder / name)
    tracked.environment.pop("GIT_CONFIG_GLOBAL")
    run = tracked.push(checkout, HOME=str(home))
    assert (run.returncode, errors(run)) == (0, [])
    assert tracked.state() == NEW
    assert not stolen.exists()


# ------------------------------------------------------------------------------------------------ the archive


HISTORY = load("statuswatch.yml")["env"]["HISTORY"]
MONTH = f"{HISTORY}/2026-11.jsonl"


def lines(*numbers: int) -> str:
    """Return lines of an archive."""
    return "".join(f'{{"id": {number}}}\n' for number in numbers)


def test_the_archive_is_in_the_commit_of_the_state(untracked: Sandbox) -> None:
    """A month and the state are one commit; the folder of the archive says how git merges it."""
    untracked.write(NEW)
    untracked.write(lines(1), MONTH)
    run = untracked.commit()
    assert (run.returncode, errors(run)) == (0, [])
    assert untracked.changed() == [f"{HISTORY}/.gitattributes", MONTH, "state.json"]
    assert untracked.state(f"{HISTORY}/.gitattributes").encode() == archive.ATTRIBUTES


@pytest.mark.parametrize("theirs", [lines(1, 2, 7), lines(1, 2) + '{"torn', None])
def test_a_month_keeps_the_lines_of_others(untracked: Sandbox, theirs: str | None) -> None:
    """A month is merged with the one on the branch, whatever happened to that one, and never replaces it."""
    untracked.advance(MONTH, lines(1, 2))
    untracked.clone("checkout")
    untracked.write(NEW)
    untracked.write(lines(1, 2, 3), MONTH)
    untracked.hand_over()
    untracked.advance(MONTH, theirs)
    run = untracked.push()
    assert (run.returncode, errors(run)) == (0, [])
    merged = untracked.state(MONTH).splitlines()
    assert {*(theirs or "").splitlines(), '{"id": 3}'} <= {*merged}
    assert len(merged) == len({*merged})


def test_a_month_that_lost_lines_is_not_pushed(untracked: Sandbox) -> None:
    """What reads pages may be broken or hostile: it can add to the archive, and take nothing out of it."""
    tip = untracked.advance(MONTH, lines(1, 2))
    untracked.clone("checkout")
    untracked.write(lines(2, 3), MONTH)
    run = untracked.commit()
    assert run.returncode == 1
    assert errors(run) == [
        f"::error title=statuswatch::{MONTH} has lost lines during this run: "
        "the archive only grows. Nothing was pushed."
    ]
    assert untracked.tip() == tip


@pytest.mark.parametrize("name", ["archive/2026-11.txt", "start"])
def test_an_artifact_is_believed_its_content_alone(untracked: Sandbox, name: str) -> None:
    """A file that is no month, and a start that is no commit, end the job with an error."""
    untracked.write(NEW)
    untracked.hand_over()
    (untracked.root / "handed-over" / "statuswatch-1" / name).write_text("--help\n")
    before = untracked.tip()
    run = untracked.push()
    assert (run.returncode, len(errors(run))) == (1, 1)
    assert untracked.tip() == before


def test_what_a_sink_refused_is_committed(untracked: Sandbox) -> None:
    """The state of a check that ends with 5 is pushed, with the events that wait for the sink."""
    output, program = untracked.root / "output", untracked.root / "bin" / "statuswatch"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m statuswatch "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    check = named("Check")
    with FakeVendor() as vendor, FakeReceiver(default=400) as receiver:
        workspace = Workspace(untracked.checkout, vendor)
        workspace.acme(incident("a0", "investigating"))
        workspace.check()
        workspace.acme(incident("a0", "investigating", "resolved"))
        workspace.watch("acme", top='[[notify]]\nsink = "webhook"\nurl_env = "HOOK"\n')
        runner = {"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": str(output), "HOOK": receiver.url}
        path = f"{program.parent}{os.pathsep}{untracked.environment['PATH']}"
        run = subprocess.run(
            [BASH, "-e", "-c", check["run"]],
            cwd=untracked.checkout,
            env=workspace.env | runner | {"PATH": path},
            check=False,
        )
    assert run.returncode == 5
    (message,) = re.findall("(?m)^message=(.*)$", output.read_text(encoding="utf-8"))
    assert untracked.commit(message).returncode == 0
    assert [waiting["event"]["kind"] for waiting in json.loads(untracked.state())["waiting"]["webhook"]] == ["resolved"]
    assert untracked.message() == f"{message}\n" != "\n"


# --------------------------------------------------------------------------------------- a job for every shard


def documented(language: str) -> list[str]:
    """Return the code blocks of that language in README.md and the documents beside the workflows."""
    pages = [REPOSITORY / "README.md", *sorted((REPOSITORY / ".github").rglob("*.md"))]
    return [block for page in pages for block in re.findall(rf"```{language}\n(.*?)```", page.read_text(), re.DOTALL)]


def matrix(count: int) -> tuple[dict[Any, Any], list[str]]:
    """Return the workflow with the documented lines for shards in it, and the shard of each of so many jobs."""
    (added,) = (block for block in documented("yaml") if "matrix:" in block)
    written = (WORKFLOWS / "statuswatch.yml").read_text(encoding="utf-8")
    assert written.count("\n  check:\n") == 1
    workflow: dict[Any, Any] = yaml.safe_load(written.replace("\n  check:\n", f"\n  check:\n{added}"))
    job = workflow["jobs"]["check"]
    shard = job["env"]["SHARD"].replace("${{ strategy.job-total }}", str(count))
    return workflow, [shard.replace("${{ matrix.shard }}", str(n)) for n in job["strategy"]["matrix"]["shard"][:count]]


def test_the_documented_matrix_fits_the_workflow() -> None:
    """The lines for shards add nothing but a matrix and its environment, and no shard is ended by another's fault."""
    workflow, shards = matrix(8)
    usual, sharded = load("statuswatch.yml")["jobs"]["check"], workflow["jobs"]["check"]
    assert {key: sharded[key] for key in sharded if key not in ("strategy", "env")} == usual
    assert sharded["strategy"] == {"fail-fast": False, "matrix": {"shard": [*range(1, 9)]}}
    assert shards == [f"{n}/8" for n in range(1, 9)]


def test_shards_that_check_at_once_lose_nothing(untracked: Sandbox) -> None:
    """Four jobs that start from one commit hand over their states, and lines for one month: one push has them all.

    A shard whose state was changed meanwhile is left out with an error, and costs the others nothing.
    """
    _, shards = matrix(4)
    begun = untracked.tip()
    for number, shard in enumerate(shards, start=1):
        untracked.write(f"{shard}\n", f"state-{number}.json")
        untracked.write(lines(number), MONTH)
        outputs = untracked.hand_over(shard, SHARD=shard, **SHARDED)
        assert outputs == f"changed=true\nshard={number}\n"
        untracked.clone("checkout")
    untracked.advance("state-3.json", "theirs\n")
    run = untracked.push(**SHARDED)
    assert (run.returncode, len(errors(run))) == (1, 1)
    assert untracked.git("log", "--reverse", "--format=%s", f"{begun}..main", cwd=untracked.server).splitlines() == [
        "somebody else",
        "1/4",
        "2/4",
        "4/4",
    ]
    assert {*untracked.state(MONTH).splitlines()} == {*lines(1, 2, 4).splitlines()}
    assert [untracked.state(f"state-{n}.json") for n in range(1, 5)] == ["1/4\n", "2/4\n", "theirs\n", "4/4\n"]


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_two_runs_that_push_one_month_lose_no_line(untracked: Sandbox, order: tuple[int, int]) -> None:
    """Two runs from one commit append to one month file; in whatever order they push, no line is lost."""
    untracked.advance(MONTH, lines(0))
    checkouts = {}
    for number in order:
        ours = replace(untracked, root=untracked.root / str(number), checkout=untracked.root / str(number) / "checkout")
        ours.root.mkdir()
        ours.clone("checkout")
        ours.write(lines(0, number), MONTH)
        ours.write(NEW, f"state-{number}.json")
        ours.hand_over(STATE_FILE=f"state-{number}.json")
        checkouts[number] = (ours, ours.clone("pushing"))
    for number, (ours, checkout) in checkouts.items():
        run = ours.push(checkout, STATE_FILE=f"state-{number}.json")
        assert (run.returncode, errors(run)) == (0, [])
    assert sorted(untracked.state(MONTH).splitlines()) == lines(0, 1, 2).splitlines()
