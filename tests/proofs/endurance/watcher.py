"""`check --watch` in a process of its own, pass by pass: the real command but for its clock, which is the world's."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import threading
from asyncio import Task
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from statuswatch.cli.watching import Clock

if TYPE_CHECKING:
    from collections.abc import Mapping

Json = dict[str, Any]


class Held(NamedTuple):
    """What the process holds between two runs: open files, threads, asyncio's tasks, objects that nothing refers to."""

    files: int
    threads: int
    tasks: int
    garbage: int


class Pass(NamedTuple):
    """One pass of the watching process: the lines that it printed, its memory in bytes, and what it holds after it."""

    lines: list[Json]
    memory: int
    held: Held


class Now(datetime):
    """The time, as the command takes it."""

    moment: datetime

    @classmethod
    def now(cls, tz: Any = None) -> Any:
        return cls.moment


def watch(config: str) -> None:
    """Run `check --watch`. Where it would sleep it prints its figures, and goes on at the time that it is given."""
    counts_objects = wait_for_time()

    class WorldClock(Clock):
        """The world's clock. A rest lasts until the world goes on, and every page is due then."""

        def now(self) -> datetime:
            return Now.moment

        def monotonic(self) -> float:
            return Now.moment.timestamp()

        def rest(self, _: float) -> bool:
            nonlocal counts_objects
            sys.stdout.write(json.dumps({"figures": figures(counts_objects=counts_objects)}) + "\n")
            sys.stdout.flush()
            counts_objects = wait_for_time()
            return False

    vars(import_module("statuswatch.cli.watching")).update(Clock=WorldClock)
    vars(import_module("statuswatch.cli.check")).update(datetime=Now)
    sys.argv[1:] = ["check", "--watch", "--every", "1", "--quiet", "--format", "jsonl", "--config", config]
    import_module("statuswatch.cli").main()


def wait_for_time() -> bool:
    """Read the time of the next pass; return whether objects are to be counted after it."""
    moment, _, count = sys.stdin.readline().strip().partition(" ")
    if not moment:
        raise KeyboardInterrupt
    Now.moment = datetime.fromisoformat(moment)
    return bool(count)


def figures(*, counts_objects: bool) -> Json:
    """Return what this process holds; counting objects takes long, and is left out unless asked for."""
    return {
        "rss": int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE"),
        "files": len(os.listdir("/proc/self/fd")) - 1,  # noqa: PTH208 - but for the one that lists them
        "threads": threading.active_count(),
        "garbage": gc.collect() if counts_objects else 0,
        "tasks": sum(isinstance(value, Task) for value in gc.get_objects()) if counts_objects else 0,
    }


class Watcher:
    """The watching process, as its parent has it."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        config = str(folder / "statuswatch.toml")
        self.stderr = (folder / "stderr.txt").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-c", f"from tests.proofs.endurance.watcher import watch; watch({config!r})"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.stderr,
            cwd=folder,
            env=env,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.process.communicate("", timeout=120)
        finally:
            self.process.kill()
            self.stderr.close()

    def run(self, now: datetime, *, count: bool) -> Pass:
        """Let it make one pass at that time; with `count` objects are counted after it."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(f"{now.isoformat()}{' count' * count}\n")
        self.process.stdin.flush()
        lines: list[Json] = []
        for line in self.process.stdout:
            printed = json.loads(line)
            if "figures" in printed:
                now_held = printed["figures"]
                return Pass(lines, now_held["rss"], Held(*(now_held[name] for name in Held._fields)))
            lines.append(printed)
        self.stderr.seek(0)
        raise RuntimeError(f"the watching process ended: {self.stderr.read()[-2000:]}")
