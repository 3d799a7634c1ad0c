"""Searches of hypothesis are the same at every run, and no machine is too slow for them. And what the tests of several
files begin with.
"""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.support.fake_vendor import FakeVendor, incident
from tests.support.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: many tests wait for a process, a lock or a server."""
    return (os.cpu_count() or 1) + 1


settings.register_profile("steady", deadline=None, derandomize=True, database=None)
settings.load_profile("steady")


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with FakeVendor() as vendor:
        workspace = Workspace(tmp_path, vendor)
        workspace.acme(incident("a0", "investigating"))
        yield workspace


@pytest.fixture
def dead() -> Iterator[str]:
    """An address at which nothing listens, and nobody else can begin to."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
