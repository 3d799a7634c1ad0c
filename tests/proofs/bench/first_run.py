"""From an empty folder to the first alert, by a wheel of this tree: `python -m tests.proofs.bench.first_run`.

What a machine does is timed, as whole processes. What a person does is not: to read, to type, and to make a webhook.
Needs `pip install '.[dev,release]'` and an index of packages, which the second step downloads from.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.support.fake_receiver import FakeReceiver
from tests.support.fake_vendor import FakeVendor, incident, statuspage

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT: Final = Path(__file__).parents[3]
KEYS: Final = ("github", "npm")
SINK: Final = '\n[[notify]]\nsink = "slack"\nurl_env = "SLACK_WEBHOOK_URL"\nmin_impact = "minor"\n'
INSTALL: Final = "pip install (the wheel and what it needs)"
HEAD: Final = "| step | least | median | most |\n|---|---|---|---|"


def build_wheel(folder: Path) -> Path:
    """Return the wheel of this tree."""
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    (wheel,) = folder.glob("*.whl")
    return wheel


class FirstRun:
    """One walk from an empty folder; `seconds` has the time of each step."""

    def __init__(self, folder: Path, vendor: FakeVendor, receiver: FakeReceiver) -> None:
        self.folder, self.vendor, self.receiver = folder, vendor, receiver
        self.seconds: dict[str, float] = {}
        self.program = str(folder / "venv" / "bin" / "statuswatch")
        self.env = {"PATH": os.environ["PATH"], "HOME": str(folder), "SLACK_WEBHOOK_URL": receiver.secret_url}

    def step(self, name: str, *command: str, env: Mapping[str, str] | None = None) -> None:
        """Run a command to its end, which must be a good one."""
        started = time.monotonic()
        completed = subprocess.run(command, cwd=self.folder, env=env or self.env, capture_output=True, check=False)
        self.seconds[name] = time.monotonic() - started
        if completed.returncode:
            raise SystemExit(f"{name}: exit code {completed.returncode}\n{completed.stderr.decode()}")

    def walk(self, wheel: Path) -> None:
        """Walk from the empty folder to the first alert."""
        python = str(self.folder / "venv" / "bin" / "python")
        self.step("python -m venv", sys.executable, "-m", "venv", "venv")
        pip = (python, "-m", "pip", "install", "--quiet", "--no-cache-dir", "--disable-pip-version-check", str(wheel))
        self.step(INSTALL, *pip, env=dict(os.environ))
        self.step("statuswatch init github npm --yes", self.program, "init", *KEYS, "--yes")
        self.edit()
        self.step("statuswatch config check", self.program, "config", "check")
        self.step("statuswatch notify test", self.program, "notify", "test")
        self.step("statuswatch check (the baseline)", self.program, "check")
        sent = len(self.receiver.requests)
        self.vendor.put(statuspage("/github", [incident("a1", "investigating", impact="major")]))
        self.step("statuswatch check (the first alert)", self.program, "check")
        if len(self.receiver.requests) != sent + 1:
            raise SystemExit("the alert did not arrive")

    def edit(self) -> None:
        """Add the sink, as a person does, and let the keys lead to the simulated vendor."""
        configuration = self.folder / "statuswatch.toml"
        tables = (f'\n[page.{key}]\nurl = "{self.vendor.url}/{key}"\nplatform = "statuspage"\n' for key in KEYS)
        configuration.write_text("".join([configuration.read_text(), SINK, *tables]))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.proofs.bench.first_run", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="walks, each from an empty folder (3)")
    walks = []
    for _ in range(parser.parse_args().runs):
        with tempfile.TemporaryDirectory() as folder, FakeVendor() as vendor, FakeReceiver() as receiver:
            for key in KEYS:
                vendor.put(statuspage(f"/{key}", []))
            place = Path(folder, "empty")
            place.mkdir()
            walk = FirstRun(place, vendor, receiver)
            walk.walk(build_wheel(Path(folder)))
            walks.append(walk.seconds)
    totals = [{**seconds, "**together**": sum(seconds.values())} for seconds in walks]
    sys.stdout.write(
        f"{date.today()}, Python {platform.python_version()}, {os.cpu_count()} core(s); "  # noqa: DTZ011
        f"{len(walks)} walks, seconds.\n\n{HEAD}\n"
    )
    for name in totals[0]:
        times = [seconds[name] for seconds in totals]
        sys.stdout.write(f"| {name} | {min(times):.1f} | {statistics.median(times):.1f} | {max(times):.1f} |\n")


if __name__ == "__main__":
    main()
