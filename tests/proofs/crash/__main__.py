"""`python -m tests.proofs.crash [KILLS]`: one table of what becomes of state.json, and of events, under kills and faults.

Runs are killed at random instants, with three sinks of which one refuses a third of what it is sent; and each sink must
have everything that a twin tells which nobody kills. After each kill the pages may move on, and the next run comes to
its end; then the twin reads the same. The faults are those of tests/proofs/crash/faults.py.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Final

from statuswatch.config.load import load_config
from statuswatch.errors import StateError
from statuswatch.pipeline import check
from statuswatch.render import jsonlines
from statuswatch.state import decode, decode_page
from tests.proofs.crash import faults
from tests.support.fake_receiver import FakeReceiver
from tests.support.world_model import World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from statuswatch.model.report import RunReport
    from tests.support.fake_receiver import Answer, Received

Json = dict[str, Any]
CHECKOUT: Final = Path(__file__).parent.parent
COMMAND: Final = (sys.executable, "-m", "statuswatch", "check", "--quiet")
IN_ONE_WORLD: Final = 50  # kills
CALM: Final = 60  # runs after which everything must have been taken
REFUSALS: Final[tuple[Answer, ...]] = ((503, {"Retry-After": "0"}, b"busy"), 404)
EVENTS: Final = '["new", "updated", "resolved", "edited"]'


class Sink(FakeReceiver):
    """Keeps what it took; refuses that share of its requests, some as busy and some for good."""

    def __init__(self, name: str, refused: float, rng: Random, told: threading.Event) -> None:
        super().__init__()
        self.name, self.share, self.rng, self.told = name, refused, rng, told
        self.taken: list[Json] = []
        self.refused = 0

    def reply(self, got: Received) -> Answer:
        self.told.set()
        with self.lock:
            self.got.append(got)
            if self.rng.random() < self.share:
                self.refused += 1
                return self.rng.choice(REFUSALS)
            with suppress(json.JSONDecodeError):  # its sender may be dead in the middle of it
                event = got.json
                assert event["id"] == got.headers["Idempotency-Key"]
                self.taken.append(event)
        return 200


@dataclass
class Figures:
    """What came of it; of `wrong` there must be none."""

    kills: int = 0
    runs: int = 0
    files: Counter[str] = field(default_factory=Counter)  # old, new or other, after each kill
    ends: Counter[int] = field(default_factory=Counter)  # exit codes of those that nobody killed
    lost: int = 0
    told: list[Json] = field(default_factory=list)  # by the twin
    sinks: list[Sink] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def __add__(self, other: Figures) -> Figures:
        return Figures(*(getattr(self, it.name) + getattr(other, it.name) for it in fields(self)))

    def row(self) -> faults.Row:
        repeats = sum(len(it.taken) - len({event["id"] for event in it.taken}) for it in self.sinks)
        ends = ", ".join(f"{code} ({count})" for code, count in sorted(self.ends.items()))
        refused, asked = sum(it.refused for it in self.sinks), sum(len(it.got) for it in self.sinks)
        said = f"the runs between: {ends}; the sinks refused {refused} of {asked} requests"
        name = f"SIGKILL at {self.kills} random instants, {len(self.told)} events to each of three sinks"
        return faults.Row(name, self.runs, self.files, self.lost, repeats, Counter([said]), self.wrong)


def facts(event: Json) -> Iterator[tuple[str, ...]]:
    """What somebody knows who was told this event: how the incident stands, and each update."""
    incident = event["incident"]
    about = event["page"]["key"], incident["id"]
    yield (*about, incident["status"], incident["title"], incident["impact"])
    for it in event["updates"]:
        yield (*about, it["id"], it["status"], it["body"])


def crash(folder: Path, kills: int, seed: int = 1) -> Figures:
    """Kills that many runs, lets the rest end, and compares."""
    rng, told, figures = Random(f"{seed}/kills"), threading.Event(), Figures()
    world = World(f"{seed}/crash", {"acme": "statuspage", "bolt": "statuspage"}, datetime.now(UTC), withdraws=False)
    shares = {"first": 0.0, "second": 0.0, "refusing": 1 / 3}
    figures.sinks = [Sink(name, share, Random(f"{seed}/{name}"), told) for name, share in shares.items()]
    ours, twin = folder / "ours", folder / "twin"
    with ExitStack() as served:
        for it in figures.sinks:
            served.enter_context(it)
        served.enter_context(world.served())
        for place, sinks in ((ours, figures.sinks), (twin, [])):
            place.mkdir()
            words = [
                f'[[notify]]\nsink = "webhook"\nname = "{it.name}"\nurl_env = "{it.name.upper()}"\nevents = {EVENTS}\n'
                for it in sinks
            ]
            (place / "statuswatch.toml").write_text(world.configuration() + "".join(words))
        env = {key: value for key, value in os.environ.items() if not key.startswith(("GITHUB_", "STATUSWATCH_"))}
        env |= {"PYTHONPATH": str(CHECKOUT), "NO_PROXY": "*"} | {it.name.upper(): it.url for it in figures.sinks}
        config = load_config(twin / "statuswatch.toml", {}, twin)

        def start() -> subprocess.Popen[bytes]:
            figures.runs += 1
            world.read()
            world.asked.clear()
            told.clear()
            return subprocess.Popen(COMMAND, cwd=ours, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

        def whole() -> int:
            with start() as process:
                _, errors = process.communicate(timeout=60)
            figures.ends[process.returncode] += 1
            if process.returncode not in (0, 5):
                figures.wrong.append(f"exit {process.returncode}: {errors.decode()}")
            return process.returncode

        def killed(patience: float, after: threading.Event | None) -> bool:
            """Whether the run was still there to be killed, so long after its start, or after something happened."""
            with start() as process:
                while after and not after.wait(0.002) and process.poll() is None:
                    pass
                with suppress(subprocess.TimeoutExpired):
                    process.wait(patience)
                process.kill()
            return process.returncode < 0

        def tell(report: RunReport) -> None:
            figures.told += [json.loads(jsonlines.render(event, report.detected_at)) for event in report.events]

        def look(before: bytes) -> None:
            """Whatever the instant, what is there is the old memory, or a whole new one."""
            file = "other"
            try:
                content = (ours / "state.json").read_bytes()
                pages, _ = decode(content, "state.json")
                for key, page in pages.items():
                    decode_page(page, key, "state.json")
                file = "old" if content == before else "new"
            except (StateError, OSError) as error:
                figures.wrong.append(f"invalid state.json after kill {figures.kills}: {error}")
            figures.files[file] += 1

        whole()
        check(config, datetime.now(UTC), tell)
        begun = time.monotonic()
        whole()
        lasts = time.monotonic() - begun
        while figures.kills < kills:
            world.advance(timedelta(minutes=5))
            span, after = rng.choice([(1.3 * lasts, None), (0.5 * lasts, world.asked), (0.3 * lasts, told)])
            before = (ours / "state.json").read_bytes()
            if killed(rng.uniform(0, span), after):
                figures.kills += 1
                look(before)
            if rng.random() < 0.5:
                world.advance(timedelta(minutes=5))
            whole()
            check(config, datetime.now(UTC), tell)
        for _ in range(CALM):
            if whole() == 0:
                break
        requests = [len(it.got) for it in figures.sinks]
        if whole() != 0 or [len(it.got) for it in figures.sinks] != requests:
            figures.wrong.append("not calm in the end")
        if left := {it.name for it in ours.iterdir()} - {"statuswatch.toml", "state.json", ".state.json.lock"}:
            figures.wrong.append(f"left behind: {left}")
    known = {fact for event in figures.told for fact in facts(event)}
    for it in figures.sinks:
        untold = sorted(known - {fact for event in it.taken for fact in facts(event)})
        figures.lost += len(untold)
        figures.wrong += [f"{it.name} was never told {fact}" for fact in untold]
        figures.wrong += [f"{it.name}: {fault}" for fault in misnamed(it.taken)]
    return figures


def misnamed(events: list[Json]) -> Iterator[str]:
    """Events of one id that differ, and repeats under another id. Without an update an event may happen again: an
    impact goes up and down.
    """
    contents: dict[str, str] = {}
    ids: dict[str, set[str]] = {}
    for event in events:
        content = json.dumps({key: it for key, it in event.items() if key not in ("id", "detected_at")}, sort_keys=True)
        if contents.setdefault(event["id"], content) != content:
            yield f"one id for two events: {event['id']}"
        if event["updates"]:
            ids.setdefault(content, set()).add(event["id"])
    yield from (f"two ids for one event: {sorted(them)}" for them in ids.values() if len(them) > 1)


def killed(folder: Path, kills: int) -> Figures:
    """That many kills, in worlds of their own, of which one is at work on each core."""
    shares = [min(IN_ONE_WORLD, kills - at) for at in range(0, kills, IN_ONE_WORLD)]
    places = [folder / str(seed) for seed in range(len(shares))]
    for place in places:
        place.mkdir(parents=True)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return sum(pool.map(crash, places, shares, range(len(shares))), Figures())


def rows(folder: Path, kills: int) -> Iterator[faults.Row]:
    (folder / "faults").mkdir()
    with faults.ground(folder / "faults") as ground:
        yield from faults.calls(ground)
        yield from faults.places(ground)
        yield faults.together(ground)
    yield killed(folder / "kills", kills).row()


def main() -> None:
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    about = (f"{datetime.now(UTC):%Y-%m-%d}", f"Python {platform.python_version()}", platform.machine())
    sys.stdout.write(f"{', '.join(about)}, {os.cpu_count()} core(s).\n\n{faults.HEAD}\n")
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for row in rows(Path(folder), kills):
            sys.stdout.write(f"{row}\n")
            sys.stdout.flush()
            wrong += row.wrong
    sys.stdout.writelines(f"{it}\n" for it in wrong)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
