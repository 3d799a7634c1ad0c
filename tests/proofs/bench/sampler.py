"""A sampler that notes the stack of a program every few milliseconds of CPU; `inside/sitecustomize.py` imports it.

Signals are handled between two instructions: the time of a call into C belongs to the line that made the call, and
that of a garbage collection to `collected`, which Python calls when one ends. The CPU of threads belongs to the main
thread: they only wait for names. `BENCH_SAMPLES` names the file that gets the stacks, the innermost place first.
"""

import atexit
import gc
import json
import os
import signal
import time
from collections import Counter
from pathlib import Path
from types import FrameType

INTERVAL = 0.002  # seconds; the kernel's clock may be coarser
Stack = tuple[tuple[str, str, int], ...]  # file, function, line

stacks: Counter[Stack] = Counter()
before = time.process_time()  # until sampling began


def note(_: int, frame: FrameType | None) -> None:
    stack = []
    while frame:
        stack.append((frame.f_code.co_filename, frame.f_code.co_name, frame.f_lineno or 0))
        frame = frame.f_back
    stacks[tuple(stack)] += 1


def collected(_: str, __: object) -> None:
    pass


def save() -> None:
    signal.setitimer(signal.ITIMER_PROF, 0)
    Path(os.environ["BENCH_SAMPLES"]).write_text(json.dumps({"before": before, "stacks": list(stacks.items())}))


def begin() -> None:
    atexit.register(save)
    gc.callbacks.append(collected)
    signal.signal(signal.SIGPROF, note)
    signal.setitimer(signal.ITIMER_PROF, INTERVAL, INTERVAL)
