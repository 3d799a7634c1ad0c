"""Fixtures of several files. Hypothesis searches the same examples at every run, however slow the machine is."""

from __future__ import annotations

import gc
import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
import stamina
import trustme
from hypothesis import settings

from statuswatch.delivery.deliver import MAX_ATTEMPTS
from tests.support.fake_vendor import FakeVendor, incident
from tests.support.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator


# At its import jsonschema compiles 38 grammars for formats that no schema of ours has: a second of CPU in each worker.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]


def pytest_xdist_auto_num_workers() -> int:
    """Return two workers more than there are cores: many tests wait for a process, a lock or a server."""
    return (os.cpu_count() or 1) + 2


MEMORY: Final = Path("/dev/shm")  # noqa: S108 - pytest makes a folder of its own in it

# To rewrite and compile the modules takes each worker longer than to import them; the next run finds them done.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
if MEMORY.is_dir() and os.access(MEMORY, os.W_OK):  # state files are synced to the disk, and a disk takes its time
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))
gc.disable()  # while collecting: nothing of that is ever freed

settings.register_profile("steady", deadline=None, derandomize=True, database=None)
settings.load_profile("steady")


@pytest.fixture(scope="session", autouse=True)
def _one_authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Make a certificate authority of the tests the only one of the system: to load the real ones takes 18 ms a run."""
    path = tmp_path_factory.mktemp("authority") / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(path))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(path))
        yield


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """Make a workspace whose one page, Acme's, has an open incident."""
    with FakeVendor() as vendor:
        workspace = Workspace(tmp_path, vendor)
        workspace.acme(incident("a0", "investigating"))
        yield workspace


@pytest.fixture
def no_pauses() -> Iterator[None]:
    """Another attempt comes without a pause."""
    with stamina.set_testing(True, attempts=MAX_ATTEMPTS, cap=True):
        yield


@pytest.fixture
def dead() -> Iterator[str]:
    """Reserve an address at which nothing listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly what was not looked at because a program is missing here."""
    reasons = {str(report.longrepr[2]) for report in terminalreporter.stats.get("skipped", ()) if report.longrepr}
    for reason in sorted(reason for reason in reasons if "not installed" in reason):
        terminalreporter.write_line(f"NOT TESTED HERE: {reason.removeprefix('Skipped: ')}", yellow=True, bold=True)


def pytest_collection_finish() -> None:
    """Leave the modules and tests out of garbage collection: hundreds of thousands of objects that never are any."""
    gc.enable()
    gc.set_threshold(20_000, 50, 50)  # as the command does it
    gc.collect()
    gc.freeze()
