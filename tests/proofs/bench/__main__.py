"""Measure the command as a whole process: interpreter, imports, network, decoding, comparing, state and exit.

The client has a core of its own and the origin the others, where there are any. For Linux, since it uses all of 127/8.
"""

import argparse
import os
import platform
import resource
import shlex
import signal
import subprocess
import sys
import sysconfig
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from tests.proofs.bench.bench import BLOCK, Bench, hosts
from tests.proofs.bench.measurements import MEASUREMENTS
from tests.proofs.bench.origin import REPOSITORY, Origin
from tests.proofs.bench.profile import PAGES, profile


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.proofs.bench", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"measurements, of {', '.join(MEASUREMENTS)} (all)")
    parser.add_argument(
        "--runs", type=int, default=5, metavar="N", help="rounds, at most (5); fewer of what takes long"
    )
    parser.add_argument("--subject", default=shlex.join([sys.executable, "-m", "statuswatch"]), metavar="COMMAND")
    parser.add_argument("--no-nginx", action="store_true", help="use the built-in origin even if nginx is installed")
    parser.add_argument("--before", default="", metavar="FOLDER", help="a checkout of the code before, for `calm1000`")
    options = parser.parse_args()
    if unknown := set(options.names) - {*MEASUREMENTS, "profile"}:
        parser.error(f"no such measurement: {', '.join(sorted(unknown))}")
    chosen = [name for name in MEASUREMENTS if name in (options.names or MEASUREMENTS)]
    profiled = "profile" in options.names
    pages = max([MEASUREMENTS[name][0] for name in chosen] + [PAGES] * profiled)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="statuswatch-bench-")))
        root.chmod(0o755)  # where root runs this, nginx's worker is another user
        preparation = [sys.executable, "-m", "tests.proofs.bench.origin", "prepare", str(root), str(pages)]
        subprocess.run(preparation, cwd=REPOSITORY, check=True, start_new_session=True)
        cores = sorted(os.sched_getaffinity(0))
        soft_limit, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (hard_limit, hard_limit)
        )  # like the next call, for the origin to inherit
        os.sched_setaffinity(0, cores[1:] or cores)
        origin = Origin(stack, root, min(4, max(1, len(cores) - 1)), use_nginx=not options.no_nginx)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft_limit, hard_limit))
        os.sched_setaffinity(0, cores[:1])  # for every measured process
        subject, before = shlex.split(options.subject), options.before and str(Path(options.before).resolve())
        bench = Bench(root, origin, subject, rounds=options.runs, pages=pages, before=before)
        bench.all_cores = tuple(cores)
        bench.check(*hosts(1))  # not measured: compiles the modules
        rows = []
        for name in chosen:
            print(f"{name} …", file=sys.stderr)  # noqa: T201
            rows += MEASUREMENTS[name][1](bench)
        optimised = "--enable-optimizations" in str(sysconfig.get_config_var("CONFIG_ARGS"))
        build = f"built {'with' if optimised else 'without'} PGO"
        machine = f"Python {platform.python_version()}, {build}, {platform.machine()}, {len(cores)} core(s)"
        place = "the client has one of them" if cores[1:] else "shared by client and origin"
        lines = [
            f"{datetime.now(UTC):%Y-%m-%d}, {machine}: {place}. Origin: {origin.name}.",
            f"A page: a host and a 127/8 address of its own, TLS; {(root / 'sizes').read_text()}.",
            "curl --parallel and aiohttp have 100 in flight. curl discards what it reads, undecoded, and is given",
            f"the first documents of {BLOCK} pages, then their second ones, so that it uses a connection for both.",
            "Name resolution is bypassed: getaddrinfo is wrapped inside the programs, curl has --resolve. A dead name",
            "blocks the thread that asks, in that wrapper, for a minute.",
        ]
        if rows:
            lines += [
                "",
                "| work | reference | min / **median** / max (rounds) | goal | met | last |",
                "|---" * 6 + "|",
            ]
            lines += map(str, rows)
        if profiled:
            lines += ["", *profile(bench)]
        print("\n".join(lines))  # noqa: T201


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
