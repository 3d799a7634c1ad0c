"""The command as its user meets it: a folder with a configuration, a vendor with pages to watch, and processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from tests.support.fake_vendor import incidentio, statuspage
from tests.support.warm_command import PATIENCE, STREAMS, Completed, inherited_environment, runs_warm, warm_command

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.support.fake_vendor import FakeVendor

__all__ = ["COMMAND", "PATIENCE", "Completed", "Workspace", "event_line", "finish", "on_a_terminal"]

Json = dict[str, Any]
COMMAND: Final = (sys.executable, "-m", "statuswatch")
PLATFORMS: Final = {"acme": "statuspage", "bolt": "incidentio"}
INCIDENTS: Final = "/acme/api/v2/incidents.json"


class Workspace:
    """A folder with a configuration, a vendor with pages to watch, and the command."""

    def __init__(self, folder: Path, vendor: FakeVendor) -> None:
        self.folder, self.vendor, self.command = folder, vendor, COMMAND
        self.state = folder / "state.json"
        (folder / "home").mkdir()
        self.env = {**inherited_environment(), "HOME": str(folder / "home")}
        self.watch("acme")

    def watch(self, *keys: str, top: str = "", settings: str = "", **urls: str) -> None:
        """Write a configuration of these pages of the vendor; `top` stands above them, `settings` in each."""
        tables = [
            f'[page.{key}]\nname = "{key.title()}"\nurl = "{urls.get(key, f"{self.vendor.url}/{key}")}"\n'
            + (f'platform = "{PLATFORMS[key]}"\n' if key in PLATFORMS else "")
            + settings
            for key in keys
        ]
        (self.folder / "statuswatch.toml").write_text("\n".join([top, *tables]))

    def acme(self, *incidents: Json, windows: tuple[Json, ...] = ()) -> None:
        """Publish Acme's page from now on."""
        self.vendor.put(statuspage("/acme", incidents, windows))

    def bolt(self, *incidents: Json) -> None:
        """Publish Bolt's page from now on."""
        self.vendor.put(incidentio("/bolt", incidents))

    def start(self, *arguments: str, env: Mapping[str, str] | None = None, **options: Any) -> subprocess.Popen[bytes]:
        """Start the command; `options` are those of Popen."""
        defaults: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "cwd": self.folder}
        return subprocess.Popen([*self.command, *arguments], env=self.env | dict(env or {}), **(defaults | options))

    def run(self, *arguments: str, env: Mapping[str, str] | None = None, **options: Any) -> Completed:
        """Run the command to its end: in a process that is forked from a warm one where that makes no difference."""
        environment = self.env | dict(env or {})
        if options.keys() <= set(STREAMS) and runs_warm(self.command, environment):
            return warm_command().run([*self.command[1:], *arguments], self.folder, environment, **options)
        return finish(self.start(*arguments, env=env, **options))

    def run_in_shell(self, redirection: str, *arguments: str) -> Completed:
        """Run the command with its output redirected as a shell does it."""
        command = ["/bin/sh", "-c", f'exec "$@" {redirection}', "sh", *COMMAND, *arguments]
        process = subprocess.Popen(
            command, env=self.env, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        return finish(process)

    def check(self, *arguments: str, env: Mapping[str, str] | None = None) -> Completed:
        """Run `check`, which must complete."""
        completed = self.run("check", *arguments, env=env)
        assert completed.code == 0, completed
        return completed

    def events(self, *arguments: str) -> list[Json]:
        """Run `check`, and return the events that it prints as JSON lines."""
        return [json.loads(line) for line in self.check("--format", "jsonl", *arguments).out.splitlines()]

    def event_lines(self, *arguments: str) -> list[str]:
        """Run `check`, and return each event in short."""
        return [event_line(event) for event in self.events(*arguments)]

    def saved_pages(self) -> Json:
        """Return the pages of state.json."""
        pages: Json = json.loads(self.state.read_bytes())["pages"]
        return pages

    def files(self) -> dict[str, bytes]:
        """Return everything in the folder."""
        return {str(path): path.read_bytes() for path in sorted(self.folder.rglob("*")) if path.is_file()}


def finish(process: subprocess.Popen[bytes]) -> Completed:
    """Wait for the end of a process."""
    try:
        out, err = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    return Completed(process.returncode, (out or b"").decode(), (err or b"").decode())


def event_line(event: Json) -> str:
    """Return an event in short: "new acme/a1"."""
    return f"{event['event']} {event['page']['key']}/{event['incident']['id']}"


def on_a_terminal(workspace: Workspace, *arguments: str, term: str = "xterm", columns: int = 80) -> str:
    """Run the command on a terminal, and return all that it writes, on both streams."""
    ours, theirs = os.openpty()
    with ThreadPoolExecutor(1) as reader:
        output = reader.submit(_read_to_the_end, ours)
        try:
            env = {"TERM": term, "COLUMNS": str(columns)}
            completed = workspace.run(*arguments, stdout=theirs, stderr=theirs, env=env)
        finally:
            os.close(theirs)
    assert completed.code == 0
    return output.result().decode()


def _read_to_the_end(terminal: int) -> bytes:
    output = b""
    with suppress(OSError):  # how Linux says that the other side is closed
        while part := os.read(terminal, 4096):
            output += part
    os.close(terminal)
    return output
