"""The workflows: what their YAML says, and what the script that commits the state does to real repositories."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from statuswatch.config.build import build_config
from statuswatch.delivery.deliver import connect
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


def load(name: str) -> dict[Any, Any]:
    """Return a workflow; PyYAML reads its key `on` as True."""
    workflow: dict[Any, Any] = yaml.safe_load((WORKFLOWS / name).read_text(encoding="utf-8"))
    return workflow


def steps(workflow: dict[Any, Any]) -> Iterator[dict[str, Any]]:
    """Yield every step of every job."""
    for job in workflow["jobs"].values():
        yield from job["steps"]


def action(workflow: dict[Any, Any], name: str) -> dict[str, Any]:
    """Return the one step that uses an action."""
    (step,) = (step for step in steps(workflow) if step.get("uses", "").startswith(f"{name}@"))
    return step


def commit_step() -> dict[str, Any]:
    """Return the last step of the workflow made to be copied: the one that commits the state."""
    return list(steps(load("statuswatch.yml")))[-1]


NAMES = ("catalog.yml", "ci.yml", "proofs.yml", "statuswatch.yml")
MAX_MINUTES = {"proofs.yml": 90}  # of a job; of any other workflow 15
every = pytest.mark.parametrize("name", NAMES)


# ---------------------------------------------------------------------------------------- what the YAML says


@every
def test_no_permission_is_granted_to_a_whole_workflow(name: str) -> None:
    """The token of a workflow can do nothing but what a job asks for."""
    assert load(name)["permissions"] == {}


def test_the_check_may_write_contents_and_nothing_else() -> None:
    """The job that commits the state holds contents: write alone."""
    (job,) = load("statuswatch.yml")["jobs"].values()
    assert job["permissions"] == {"contents": "write"}


def test_the_continuous_integration_may_only_read() -> None:
    """The job that runs code of pull requests holds contents: read alone."""
    (job,) = load("ci.yml")["jobs"].values()
    assert job["permissions"] == {"contents": "read"}


def test_the_catalog_is_verified_weekly_and_by_hand() -> None:
    """One job that may only read verifies the catalog once a week, off the full hour, and says so in its summary."""
    workflow = load("catalog.yml")
    (job,) = workflow["jobs"].values()
    assert workflow[True] == {"schedule": [{"cron": "37 4 * * 1"}], "workflow_dispatch": None}
    assert job["permissions"] == {"contents": "read"}
    assert job["steps"][-1]["run"] == 'statuswatch pages --verify --format markdown >> "$GITHUB_STEP_SUMMARY"'


def test_the_long_proofs_run_weekly_and_by_hand() -> None:
    """One job for each program of proof, which may only read, runs once a week and prints into its summary."""
    workflow = load("proofs.yml")
    (job,) = workflow["jobs"].values()
    ((schedule,),) = (workflow[True]["schedule"],)
    assert re.fullmatch(r"[1-9]\d? \d+ \* \* [0-6]", schedule["cron"]) and "workflow_dispatch" in workflow[True]
    assert job["permissions"] == {"contents": "read"}
    commands = {entry["command"].split()[2] for entry in job["strategy"]["matrix"]["include"]}
    proofs = {f"tests.proofs.{path.parent.name}" for path in (REPOSITORY / "tests" / "proofs").glob("*/__main__.py")}
    assert proofs and proofs <= commands


def test_a_running_check_is_never_cancelled_by_the_next() -> None:
    """Checks of one branch run one at a time, and a started one is left to finish."""
    concurrency = load("statuswatch.yml")["concurrency"]
    assert concurrency == {"group": "statuswatch-${{ github.ref }}", "cancel-in-progress": False}


def test_the_check_runs_every_five_minutes_off_the_full_hour() -> None:
    """The schedule has twelve evenly spaced minutes, none of which is the full hour, and can be started by hand."""
    triggers = load("statuswatch.yml")[True]
    assert set(triggers) == {"schedule", "workflow_dispatch"}
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
    assert len({frozenset(step["uses"] for step in steps(load(name)) if "uses" in step) for name in NAMES}) == 1


@every
def test_no_expression_is_pasted_into_a_script(name: str) -> None:
    """Values reach a shell through its environment, never through its source."""
    scripts = [step["run"] for step in steps(load(name)) if "run" in step]
    assert scripts
    assert not [script for script in scripts if "${{" in script]


@every
def test_no_checkout_leaves_the_token_behind(name: str) -> None:
    """The checkout writes no credential to .git/config."""
    assert action(load(name), "actions/checkout")["with"]["persist-credentials"] is False


def test_a_check_starts_from_the_newest_state_of_the_branch() -> None:
    """A queued or repeated check takes the branch as it is, not the commit it was queued for."""
    assert action(load("statuswatch.yml"), "actions/checkout")["with"]["ref"] == "${{ github.ref_name }}"


def test_the_state_is_committed_after_a_failed_check_too() -> None:
    """The commit runs unless the run was cancelled, whatever the check said."""
    assert commit_step()["if"] == "${{ !cancelled() }}"


def test_the_message_comes_from_the_check() -> None:
    """The commit is given the message of the step `check`, through its environment."""
    (check,) = (step for step in steps(load("statuswatch.yml")) if step.get("id") == "check")
    assert check["run"] == 'statuswatch check --once ${SHARD:+--shard "$SHARD"}'
    assert commit_step()["env"]["MESSAGE"] == "${{ steps.check.outputs.message }}"


def test_only_the_commit_is_given_the_token() -> None:
    """Neither the installation nor the check finds the token in its environment."""
    workflow = load("statuswatch.yml")
    holders = [step for step in steps(workflow) if "github.token" in str(step.get("env", {}))]
    assert holders == [commit_step()]
    assert "github.token" not in str(workflow["env"])


def test_issues_are_ready_to_switch_on() -> None:
    """With the comments removed that say so, the check may write issues and is given the secrets, and the lines for
    the configuration make a sink that finds all it needs on a runner.
    """
    written = (WORKFLOWS / "statuswatch.yml").read_text(encoding="utf-8")
    lines = "\n".join(re.findall(r"(?m)^ +#   (\[\[notify\]\]|\w+ = .*)$", written))
    written = re.sub(r"(?m)^( +)# (issues: write|env:|  [A-Z_]+: \$\{\{)", r"\1\2", written)
    (job,) = yaml.safe_load(written)["jobs"].values()
    (check,) = (step for step in job["steps"] if step.get("id") == "check")
    assert job["permissions"] == {"contents": "write", "issues": "write"}
    assert check["env"] == {
        "GITHUB_TOKEN": "${{ github.token }}",
        "SLACK_WEBHOOK_URL": "${{ secrets.SLACK_WEBHOOK_URL }}",
    }
    assert len(lines.splitlines()) == 3
    (sink,) = build_config({"pages": ["openai"], **tomllib.loads(lines)}, "statuswatch.toml", Path()).notify
    assert sink.sink == "github-issues"
    assert connect([sink], {"GITHUB_TOKEN": TOKEN, "GITHUB_REPOSITORY": "owner/name"})


def test_a_failed_check_fails_the_job() -> None:
    """Nothing turns the exit code of the check into a success."""
    (job,) = load("statuswatch.yml")["jobs"].values()
    (check,) = (step for step in job["steps"] if step.get("id") == "check")
    assert "continue-on-error" not in job | check
    assert "\n" not in check["run"] and not re.search(r"[|;&]", check["run"])


@every
def test_every_job_has_an_end(name: str) -> None:
    """No job may run longer than a quarter of an hour, but for the long proofs."""
    assert all(0 < job["timeout-minutes"] <= MAX_MINUTES.get(name, 15) for job in load(name)["jobs"].values())


def test_a_check_that_hangs_leaves_time_to_commit() -> None:
    """The check ends before its job does, since a job that is out of time commits nothing."""
    (job,) = load("statuswatch.yml")["jobs"].values()
    (check,) = (step for step in job["steps"] if step.get("id") == "check")
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
            (other / path).write_text(content, encoding="utf-8")
        self.git("add", "--all", cwd=other)
        self.git("commit", "--quiet", "--message=somebody else", cwd=other)
        self.git("push", "--quiet", "origin", "HEAD", cwd=other)
        shutil.rmtree(other)
        return self.tip()

    def commit(self, message: str = MESSAGE, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the script of the workflow in the checkout, in the environment that the workflow gives it."""
        values = {"${{ steps.check.outputs.message }}": message, "${{ github.token }}": TOKEN}
        step = commit_step()
        step_variables = {name: values[value] for name, value in step["env"].items()}
        script = self.root / "script.sh"
        script.write_text(step["run"], encoding="utf-8")
        environment = (
            self.environment | load("statuswatch.yml")["env"] | step_variables | {"PUSH_PAUSE": "0"} | variables
        )
        return subprocess.run(
            [BASH, "-e", str(script)],
            cwd=self.checkout,
            env=environment,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )

    def refuse(self, times: int) -> Path:
        """Let the server refuse that many pushes; the file returned has a line for each it was offered."""
        offered = self.root / "offered"
        hook = self.server / "hooks" / "pre-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f'#!/bin/sh\necho >> "{offered}"\n[ "$(wc -l < "{offered}")" -gt {times} ]\n', encoding="utf-8")
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


def build(root: Path, server: Path, *depth: str) -> Sandbox:
    """Return a copy of the server, and a fresh checkout of it."""
    sandbox = sandbox_at(root)
    shutil.copytree(server, sandbox.server)
    # Only the address of a server, never a path, gives a shallow clone.
    sandbox.git("clone", "--quiet", *depth, sandbox.server.as_uri(), str(sandbox.checkout), cwd=root)
    return sandbox


@pytest.fixture
def tracked(tmp_path: Path, server_with_state: Path) -> Sandbox:
    """A repository that has a state."""
    return build(tmp_path, server_with_state)


@pytest.fixture
def untracked(tmp_path: Path, server_without_state: Path) -> Sandbox:
    """A repository that never had a state."""
    return build(tmp_path, server_without_state)


@pytest.fixture
def shallow(tmp_path: Path, server_with_state: Path) -> Sandbox:
    """A repository that has a state, of which the checkout knows the last commit alone."""
    return build(tmp_path, server_with_state, "--depth=1")


def errors(run: subprocess.CompletedProcess[str]) -> list[str]:
    """Return the lines that an Actions runner shows as errors."""
    return [line for line in run.stdout.splitlines() if line.startswith("::error")]


def test_an_unchanged_state_is_not_committed(tracked: Sandbox) -> None:
    """A run that found nothing new leaves no commit."""
    before = tracked.tip()
    run = tracked.commit()
    assert (run.returncode, errors(run)) == (0, [])
    assert tracked.tip() == before


@pytest.mark.parametrize("kind", ["tracked", "untracked"])
def test_a_missing_state_is_not_committed(kind: str, request: pytest.FixtureRequest) -> None:
    """A run that has written no state neither commits nor removes one."""
    sandbox: Sandbox = request.getfixturevalue(kind)
    (sandbox.checkout / "state.json").unlink(missing_ok=True)
    before = sandbox.tip()
    run = sandbox.commit()
    assert (run.returncode, errors(run)) == (0, [])
    assert sandbox.tip() == before


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
    assert untracked.git("status", "--porcelain", "--untracked-files=all").splitlines() == [
        " M README.md",
        "A  staged.txt",
        "?? build/unknown.txt",
        "?? state.json",
    ]


def test_an_ignored_state_is_committed(untracked: Sandbox) -> None:
    """A state that .gitignore names, as it may for work by hand, is committed all the same."""
    untracked.advance(".gitignore", "*.json\n")
    untracked.git("pull", "--quiet")
    untracked.write(NEW)
    run = untracked.commit()
    assert (run.returncode, errors(run)) == (0, [])
    assert untracked.changed() == ["state.json"]


@pytest.mark.parametrize("path", ["./state.json", "data/status page.json"])
def test_the_state_may_lie_elsewhere(untracked: Sandbox, path: str) -> None:
    """The path of the state is taken as the configuration writes it."""
    untracked.write(NEW, path)
    run = untracked.commit(STATE_FILE=path)
    assert (run.returncode, errors(run)) == (0, [])
    assert untracked.state(path.removeprefix("./")) == NEW


@pytest.mark.parametrize(
    "message",
    [
        "$(touch pwned)",
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
    ],
)
def test_a_hostile_message_arrives_as_it_is(tracked: Sandbox, message: str) -> None:
    """Whatever a vendor writes becomes the text of the message, and neither a command nor an option."""
    tracked.write(NEW)
    run = tracked.commit(message)
    assert (run.returncode, errors(run)) == (0, [])
    assert tracked.message() == f"{message}\n"
    assert tracked.changed() == ["state.json"]
    assert not list(tracked.root.rglob("pwned"))


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


@pytest.mark.parametrize("kind", ["tracked", "shallow"])
def test_a_lost_race_is_run_again(kind: str, request: pytest.FixtureRequest) -> None:
    """Where the branch has moved on, the commit follows it, from a clone of one commit too."""
    sandbox: Sandbox = request.getfixturevalue(kind)
    assert sandbox.git("rev-parse", "--is-shallow-repository").strip() == str(kind == "shallow").lower()
    theirs = sandbox.advance("other.txt", "theirs\n")
    sandbox.write(NEW)
    run = sandbox.commit()
    assert (run.returncode, errors(run)) == (0, [])
    assert sandbox.parents() == [theirs]
    assert sandbox.changed() == ["state.json"]
    assert sandbox.state() == NEW
    assert sandbox.message() == f"{MESSAGE}\n"


def test_a_lost_race_is_run_again_whatever_lies_in_the_work_tree(tracked: Sandbox) -> None:
    """Files that a rebase would stumble over are neither in its way nor touched."""
    theirs = tracked.advance("other.txt", "theirs\n")
    tracked.write("ours\n", "other.txt")
    tracked.write("changed\n", "README.md")
    tracked.write(NEW)
    run = tracked.commit()
    assert (run.returncode, errors(run)) == (0, [])
    assert tracked.parents() == [theirs]
    assert tracked.changed() == ["state.json"]
    assert (tracked.checkout / "other.txt").read_text(encoding="utf-8") == "ours\n"


@pytest.mark.parametrize("kind", ["tracked", "shallow"])
@pytest.mark.parametrize("theirs", ['{"theirs": true}\n', None])
def test_a_state_changed_by_another_is_never_overwritten(
    kind: str, theirs: str | None, request: pytest.FixtureRequest
) -> None:
    """Where the branch has another state by now, even none, the run says so, fails and pushes nothing."""
    sandbox: Sandbox = request.getfixturevalue(kind)
    tip = sandbox.advance("state.json", theirs)
    sandbox.write(NEW)
    run = sandbox.commit()
    assert run.returncode == 1
    assert errors(run) == [
        "::error title=statuswatch::state.json was changed on main during this run. "
        "Nothing was pushed: the next run reports its events again."
    ]
    assert sandbox.tip() == tip
    if theirs is not None:
        assert sandbox.state() == theirs


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
        "::error title=statuswatch::state.json could not be pushed to main in 10 attempts: "
        "the next run reports its events again."
    ]
    assert tracked.tip() == before
    assert len(offered.read_text(encoding="utf-8").splitlines()) == 10


def test_a_server_out_of_reach_is_an_error(tracked: Sandbox) -> None:
    """Without a server the run fails as loudly as with one that refuses."""
    tracked.write(NEW)
    tracked.server.rename(tracked.root / "gone.git")
    run = tracked.commit()
    assert run.returncode == 1
    assert len(errors(run)) == 1


def test_the_token_reaches_git_and_nothing_else(tracked: Sandbox) -> None:
    """A push is given the token before any other credential, and neither arguments, output nor .git show it."""
    answer, arguments = tracked.root / "answer", tracked.root / "arguments"
    question = "protocol=https\\nhost=git.example\\n\\n"
    hook = tracked.checkout / ".git" / "hooks" / "pre-push"
    wrapper = tracked.root / "bin" / "git"
    for script, text in (
        (hook, f'printf "{question}" | git credential fill > "{answer}"'),
        (wrapper, f'printf "%s\\n" "$@" >> "{arguments}"\nexec "{GIT}" "$@"'),
    ):
        script.parent.mkdir(exist_ok=True)
        script.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        script.chmod(0o755)
    tracked.git("config", "credential.helper", "!f() { echo username=other; echo password=other; }; f")
    tracked.advance("other.txt", "theirs\n")
    tracked.write(NEW)
    run = tracked.commit(GIT_TRACE="1", PATH=f"{wrapper.parent}{os.pathsep}{tracked.environment['PATH']}")
    assert run.returncode == 0
    assert {"username=x-access-token", f"password={TOKEN}"} <= set(answer.read_text(encoding="utf-8").splitlines())
    assert {"fetch", "push"} <= set(arguments.read_text(encoding="utf-8").splitlines())
    assert TOKEN not in arguments.read_text(encoding="utf-8")
    assert "credential fill" in run.stdout
    assert TOKEN not in run.stdout
    kept = [path for path in (tracked.checkout / ".git").rglob("*") if path.is_file()]
    assert not [path for path in kept if TOKEN.encode() in path.read_bytes()]


def test_what_a_sink_refused_is_committed(untracked: Sandbox) -> None:
    """The state of a check that ends with 5 is pushed, with the events that wait for the sink."""
    output, program = untracked.root / "output", untracked.root / "bin" / "statuswatch"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m statuswatch "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    (check,) = (step for step in steps(load("statuswatch.yml")) if step.get("id") == "check")
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


def matrix(count: int) -> tuple[dict[Any, Any], list[dict[str, str]]]:
    """Return the workflow with the documented lines for shards in it, and the environment of each of so many jobs."""
    (lines,) = (block for block in documented("yaml") if "matrix:" in block)
    written = (WORKFLOWS / "statuswatch.yml").read_text(encoding="utf-8")
    assert written.count("\n  check:\n") == 1
    workflow: dict[Any, Any] = yaml.safe_load(written.replace("\n  check:\n", f"\n  check:\n{lines}"))
    job = workflow["jobs"]["check"]
    jobs = [
        {
            name: value.replace("${{ matrix.shard }}", str(number)).replace("${{ strategy.job-total }}", str(count))
            for name, value in (workflow["env"] | job["env"]).items()
        }
        for number in job["strategy"]["matrix"]["shard"][:count]
    ]
    return workflow, jobs


def test_the_documented_matrix_fits_the_workflow() -> None:
    """The lines for shards add nothing but a matrix and its environment, and no shard is ended by another's fault."""
    workflow, jobs = matrix(8)
    (usual,), (sharded,) = load("statuswatch.yml")["jobs"].values(), workflow["jobs"].values()
    assert {key: sharded[key] for key in sharded if key not in ("strategy", "env")} == usual
    assert sharded["strategy"] == {"fail-fast": False, "matrix": {"shard": [*range(1, 9)]}}
    assert [(job["SHARD"], job["STATE_FILE"]) for job in jobs] == [(f"{n}/8", f"state-{n}.json") for n in range(1, 9)]


def test_shards_that_commit_at_once_lose_nothing(untracked: Sandbox) -> None:
    """Four jobs that start from one commit, and push to one branch at one time, all have their states in it."""
    workflow, jobs = matrix(4)
    (check,) = (step for step in steps(workflow) if step.get("id") == "check")
    program = untracked.root / "bin" / "statuswatch"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho "$@" > "$STATE_FILE"\n', encoding="utf-8")
    program.chmod(0o755)

    def shard(job: dict[str, str]) -> Sandbox:
        root = untracked.root / job["STATE_FILE"]
        root.mkdir()
        ours = replace(untracked, root=root, checkout=root / "checkout")
        ours.git("clone", "--quiet", untracked.server.as_uri(), str(ours.checkout), cwd=root)
        path = f"{program.parent}{os.pathsep}{ours.environment['PATH']}"
        environment = ours.environment | job | {"PATH": path}
        subprocess.run([BASH, "-e", "-c", check["run"]], cwd=ours.checkout, env=environment, check=True)
        return ours

    begun = untracked.tip()
    with ThreadPoolExecutor(len(jobs)) as pool:
        shards = list(pool.map(shard, jobs))
        runs = list(pool.map(lambda ours, job: ours.commit(job["SHARD"], **job), shards, jobs))
    assert [(run.returncode, errors(run)) for run in runs] == [(0, [])] * 4
    assert untracked.git("rev-list", "--count", f"{begun}..main", cwd=untracked.server) == "4\n"
    assert untracked.git("log", "--merges", "--format=%H", "main", cwd=untracked.server) == ""
    for number in range(1, 5):
        assert untracked.state(f"state-{number}.json") == f"check --once --shard {number}/4\n"
    assert "state-5.json" not in untracked.git("ls-tree", "--name-only", "main", cwd=untracked.server)
