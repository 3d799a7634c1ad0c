"""The memory of a measured process together with its workers."""

import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

SAMPLE_SECONDS = 0.05
PSS = re.compile(rb"^Pss: +(\d+) kB", re.MULTILINE)  # a page of memory that n processes share counts one nth of it


def measure_tree(work: Callable[[], object]) -> float:
    """Return the peak memory, in MB, of all processes that `work` starts. It slows them down a little."""
    stop, peak = threading.Event(), 0.0
    before = set(descendants(os.getpid()))

    def watch() -> None:
        nonlocal peak
        while not stop.wait(SAMPLE_SECONDS):
            peak = max(peak, sum(memory_of(pid) for pid in descendants(os.getpid()) if pid not in before))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        work()
    finally:
        stop.set()
        watcher.join()
    return peak


def descendants(pid: int) -> Iterator[int]:
    """Yield the processes below a process."""
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield int(child)
                yield from descendants(int(child))


def memory_of(pid: int) -> float:
    """Return the memory of a process in MB; 0 where it has ended."""
    with suppress(OSError):
        found = PSS.search(Path(f"/proc/{pid}/smaps_rollup").read_bytes())
        return int(found[1]) * 1024 / 1e6 if found else 0.0
    return 0.0
