"""The command as its user meets it: a folder with a configuration, a site with pages to watch, and processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tests.support.fake_vendor import incidentio, statuspage

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.support.fake_vendor import FakeVendor

Json = dict[str, Any]
COMMAND: Final = (sys.executable, "-m", "statuswatch")
PLATFORMS: Final = {"acme": "statuspage", "bolt": "incidentio"}
PATIENCE: Final = 20  # seconds for anything to end
INCIDENTS: Final = "/acme/api/v2/incidents.json"


class Completed(NamedTuple):
    code: int
    out: str
    err: str


class Workspace:
    """A folder with a configuration, a site with pages to watch, and the command."""

    def __init__(self, folder: Path, site: FakeVendor) -> None:
        self.folder, self.site, self.command = folder, site, COMMAND
        self.state = folder / "state.json"
        (folder / "home").mkdir()
        # PYTHONPATH names the checkout, where another one is installed.
        kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        self.env = {**kept, "HOME": str(folder / "home"), "LANG": "C.UTF-8", "NO_PROXY": "*"}
        self.watch("acme")

    def watch(self, *keys: str, top: str = "", words: str = "", **urls: str) -> None:
        """Configures these pages of the site; `words` are added to each."""
        tables = [
            f'[page.{key}]\nname = "{key.title()}"\nurl = "{urls.get(key, f"{self.site.url}/{key}")}"\n'
            + (f'platform = "{PLATFORMS[key]}"\n' if key in PLATFORMS else "")
            + words
            for key in keys
        ]
        (self.folder / "statuswatch.toml").write_text("\n".join([top, *tables]))

    def acme(self, *incidents: Json, windows: tuple[Json, ...] = ()) -> None:
        """What Acme's page says from now on."""
        self.site.put(statuspage("/acme", incidents, windows))

    def bolt(self, *incidents: Json) -> None:
        """What Bolt's page says from now on."""
        self.site.put(incidentio("/bolt", incidents))

    def start(self, *arguments: str, env: Mapping[str, str] | None = None, **more: Any) -> subprocess.Popen[bytes]:
        settings: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "cwd": self.folder} | more
        return subprocess.Popen([*self.command, *arguments], env=self.env | dict(env or {}), **settings)

    def run(self, *arguments: str, env: Mapping[str, str] | None = None, **more: Any) -> Completed:
        return finish(self.start(*arguments, env=env, **more))

    def run_in_shell(self, redirection: str, *arguments: str) -> Completed:
        """With its output redirected as a shell does it."""
        command = ["/bin/sh", "-c", f'exec "$@" {redirection}', "sh", *COMMAND, *arguments]
        process = subprocess.Popen(
            command, env=self.env, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        return finish(process)

    def check(self, *arguments: str, env: Mapping[str, str] | None = None) -> Completed:
        """A run that must complete."""
        done = self.run("check", *arguments, env=env)
        assert done.code == 0, done
        return done

    def events(self, *arguments: str) -> list[Json]:
        """What a run tells, as JSON lines."""
        return [json.loads(line) for line in self.check("--format", "jsonl", *arguments).out.splitlines()]

    def told(self, *arguments: str) -> list[str]:
        """What a run tells, in short."""
        return [brief(event) for event in self.events(*arguments)]

    def memory(self) -> Json:
        """The pages of state.json."""
        pages: Json = json.loads(self.state.read_bytes())["pages"]
        return pages

    def files(self) -> dict[str, bytes]:
        """Everything in the folder."""
        return {str(it): it.read_bytes() for it in sorted(self.folder.rglob("*")) if it.is_file()}


def finish(process: subprocess.Popen[bytes]) -> Completed:
    try:
        out, err = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    return Completed(process.returncode, (out or b"").decode(), (err or b"").decode())


def brief(event: Json) -> str:
    return f"{event['event']} {event['page']['key']}/{event['incident']['id']}"


def on_a_terminal(desk: Workspace, *arguments: str, term: str = "xterm", columns: int = 80) -> str:
    """All that a terminal is sent, from both streams."""
    ours, theirs = os.openpty()
    process = desk.start(*arguments, stdout=theirs, stderr=theirs, env={"TERM": term, "COLUMNS": str(columns)})
    os.close(theirs)
    seen = b""
    with suppress(OSError):  # how Linux says that the other side is closed
        while part := os.read(ours, 4096):
            seen += part
    os.close(ours)
    assert finish(process).code == 0
    return seen.decode()
