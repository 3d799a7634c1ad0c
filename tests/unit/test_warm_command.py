"""A run in a forked process is like one in a process of its own: the tests of the command rest on it."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Final

import pytest

from tests.support import warm_command
from tests.support.warm_command import CAN_FORK, runs_warm
from tests.support.workspace import COMMAND, finish, on_a_terminal

if TYPE_CHECKING:
    from tests.support.workspace import Completed, Workspace

RUNS: Final = {
    "events": ("check", "--announce-open", "--format", "jsonl", "--dry-run"),
    "coloured signs": ("check", "--announce-open", "--dry-run"),
    "a view": ("status",),
    "a table": ("pages",),
    "help": ("check", "--help"),
    "no command": (),
    "the version": ("--version",),
    "a wrong option": ("check", "--formt", "jsonl"),
    "an unknown page": ("check", "nobody"),
    "no such file": ("check", "--config", "nowhere.toml"),
}
PROGRAMS: Final = {
    "a traceback": "import statuswatch.cli\n\ndef bug():\n    {}['a bug']\n\nprint('before')\nbug()",
    "a chain of errors": "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    raise ValueError('ü') from error",
    "a message as exit code": "import sys\nsys.exit('that is all')",
    "an exit code": "import sys\nsys.exit(300)",
    "a signal": "import os, signal\nos.kill(os.getpid(), signal.SIGTERM)",
    "a thread that goes on": "import threading\nthreading.Thread(target=print, args=('late',)).start()",
    "work at exit": "import atexit\natexit.register(print, 'at exit')",
    "streams": "import sys\nfor stream in (sys.stdin, sys.stdout, sys.stderr):\n"
    "    print(stream.fileno(), stream.encoding, stream.errors, stream.line_buffering, stream.isatty())",
    "arguments": "import sys\nprint(sys.argv, __name__)",
    "folder and environment": "import os, pathlib\n"
    "print(os.getcwd(), pathlib.Path.home(), sorted(os.environ.items()), os.getenv('HOME'))",
    "settings": "import gc, signal, threading\nprint(gc.isenabled(), gc.get_threshold(), threading.active_count())\n"
    "print(*(signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE, signal.SIGCHLD)))",
    "no other file": "import os\nfor number in range(3, 64):\n    try:\n        print(number, os.fstat(number))\n"
    "    except OSError:\n        pass",
}
only_where_it_forks = pytest.mark.skipif(not CAN_FORK, reason="no process is forked here")


def without_times(completed: Completed) -> Completed:
    """Return it without what depends on the time of the run."""
    out = re.sub(r'"(detected_at|delay_seconds)":[^,}]*', "", completed.out)
    return completed._replace(out=out, err=re.sub(r"\d+\.\d s$|\d+ d\b", "", completed.err, flags=re.MULTILINE))


def assert_the_same(workspace: Workspace, *arguments: str) -> Completed:
    """Run both ways, assert that all is the same, and return it."""
    assert runs_warm(workspace.command, workspace.env)
    warm = without_times(workspace.run(*arguments))
    assert warm == without_times(finish(workspace.start(*arguments)))
    return warm


@only_where_it_forks
@pytest.mark.parametrize("name", RUNS)
def test_the_command_does_the_same(workspace: Workspace, name: str) -> None:
    """Exit code, stdout and stderr of the command are those of a process of its own."""
    completed = assert_the_same(workspace, *RUNS[name])
    assert completed.out or completed.err


@only_where_it_forks
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_does_the_same(workspace: Workspace, name: str) -> None:
    """A program finds what it finds in a process of its own, and ends as it does there."""
    workspace.command = (sys.executable, "-c", PROGRAMS[name])
    assert_the_same(workspace, "one", "--two")


@only_where_it_forks
def test_a_traceback_of_the_command(workspace: Workspace) -> None:
    """Contract 8, code 1: a bug of the command ends with 1 and a traceback, which has no frame of the tests."""
    (workspace.folder / "broken.py").write_text("def bug():\n    raise KeyError('a bug')\n\n\nbug()\n")
    workspace.command = (sys.executable, "-m", "broken")
    completed = assert_the_same(workspace)
    assert (completed.code, completed.out) == (1, "")
    assert "KeyError: 'a bug'" in completed.err
    assert "tests" not in completed.err


@only_where_it_forks
def test_a_terminal_is_one(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal a program finds the streams that it finds there in a process of its own."""
    workspace.command = (sys.executable, "-c", PROGRAMS["streams"])
    warm = on_a_terminal(workspace)
    assert "True" in warm
    monkeypatch.setattr(warm_command, "CAN_FORK", False)
    assert warm == on_a_terminal(workspace)


@only_where_it_forks
def test_a_run_leaves_nothing_to_the_next(workspace: Workspace) -> None:
    """Environment, folder and modules of a run are its own."""
    leave = "import os, sys\nos.environ['LEFT'] = os.environ['GIVEN']\nos.chdir('/')\nsys.modules['left'] = sys"
    find = "import os, sys\nprint(os.environ.get('LEFT'), os.environ.get('GIVEN'), os.getcwd(), 'left' in sys.modules)"
    workspace.command = (sys.executable, "-c", leave)
    assert workspace.run(env={"GIVEN": "1"}).code == 0
    workspace.command = (sys.executable, "-c", find)
    assert workspace.run().out == f"None None {workspace.folder} False\n"


def test_what_is_read_at_the_start_needs_a_process_of_its_own(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run whose environment differs in such a variable is not forked, nor is any where processes cannot be."""
    env = workspace.env
    assert runs_warm(COMMAND, env) == CAN_FORK
    assert runs_warm(COMMAND, env | {"HOOK": "http://127.0.0.1"}) == CAN_FORK
    assert runs_warm(COMMAND, env | {"PYTHONASYNCIODEBUG": "1"}) == CAN_FORK
    for name in ("PYTHONIOENCODING", "PYTHONPATH", "LC_ALL", "TZ", "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION"):
        assert not runs_warm(COMMAND, env | {name: "x"})
    assert not runs_warm(("/bin/sh", "-c"), env)
    monkeypatch.setattr(warm_command, "CAN_FORK", False)
    assert not runs_warm(COMMAND, env)
    assert workspace.run("--version").code == 0
