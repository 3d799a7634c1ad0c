"""`pages --verify --fix`: what a verification found, as a patch of the catalog."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import msgspec
import pytest

from statuswatch.catalog import HEAD, Row
from statuswatch.catalog.patch import PATH, fix_rows, found_row, patch
from statuswatch.cli.pages import print_patch
from statuswatch.config.load import load_config
from statuswatch.errors import NetworkError
from statuswatch.model.page import Failure, FailureKind, Feed, Inspection, Page
from statuswatch.render.inspection import catalog_row
from tests.support.fake_vendor import incidentio, statuspage

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.support.workspace import Workspace

ACME = Row(
    "acme", "Acme", "https://status.acme.example", "statuspage", "cloud", "", "acmecloud", "poll", "2026-09 polled"
)
BOLT = Row("bolt", "Bolt", "https://status.bolt.example", "hund", "ai", "", "", "code", "2026-03 used")
ROWS = {row.key: row for row in (ACME, BOLT)}


def apply(folder: Path, rows: Mapping[str, Row], text: str) -> str:
    """Return the file after `git apply`."""
    file = folder / PATH
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{line}\n" for line in [HEAD, *(row.line() for row in rows.values())]))
    subprocess.run(["git", "apply", "-"], input=text.encode(), cwd=folder, check=True)  # noqa: S607
    return file.read_text()


def test_a_moved_page_keeps_its_key_and_gets_an_alias(tmp_path: Path) -> None:
    """Contract 2.5e: a page that moved is a changed line: new address and platform, the former host as an alias."""
    moved = msgspec.structs.replace(ACME.page, url="https://acme.example/status", platform="instatus")
    fixed = fix_rows(ROWS, [moved], "2026-11")
    assert fixed.notes == ()
    line = "acme,Acme,https://acme.example/status,instatus,cloud,,acmecloud;status.acme.example,read,2026-11 read"
    assert fixed.rows["acme"].line() == line
    assert apply(tmp_path, ROWS, patch(ROWS, fixed.rows)).splitlines() == [HEAD, line, BOLT.line()]
    assert patch(ROWS, ROWS) == ""


def test_another_platform_is_no_move() -> None:
    """Contract 2: a page that stays where it was gets no alias."""
    fixed = fix_rows(ROWS, [msgspec.structs.replace(BOLT.page, platform="rss", id="/feed, all")], "2026-11")
    assert fixed.rows["bolt"].line() == "bolt,Bolt,https://status.bolt.example,rss,ai,/feed%2Call,,read,2026-11 read"


def test_a_page_that_became_another_rows_is_left_to_a_person() -> None:
    """Contract 2.5e: a patch never makes two rows of one page."""
    fixed = fix_rows(ROWS, [msgspec.structs.replace(BOLT.page, url=ACME.url)], "2026-11")
    assert fixed.rows == ROWS
    assert fixed.notes == (f"bolt: its page is now that of acme ({ACME.url}): make it an alias",)


def test_a_row_is_one_that_git_merges() -> None:
    """Contract 2: no name or address of a vendor makes a cell or a line of its own."""
    page = Page(key="x", name='A, "B"\nC', url="https://x.example", id="/a b,c\n")
    assert found_row(page, None).line() == "x,A B C,https://x.example,,,/ab%2Cc,,,"


def test_fix_prints_a_patch(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    """Contract 2.5e: what reads as the catalog says is no change; what reads otherwise, or at last, is one."""
    base = workspace.vendor.url
    rows = {
        row.key: row
        for row in (
            msgspec.structs.replace(ACME, url=f"{base}/acme"),  # on another platform now
            msgspec.structs.replace(BOLT, url=f"{base}/bolt"),  # no reader yet, but can be read today
            msgspec.structs.replace(ACME, key="dead", url=f"{base}/dead"),
            msgspec.structs.replace(ACME, key="same", url=f"{base}/same"),
            msgspec.structs.replace(ACME, key="weak", url=f"{base}/weak", evidence="list", checked="2025 listed"),
        )
    }
    for documents in (incidentio("/acme"), *(statuspage(f"/{key}") for key in ("bolt", "same", "weak"))):
        workspace.vendor.put(documents)
    settings = load_config(None, {}, workspace.folder)
    print_patch([row.page for row in rows.values()], rows, settings, quiet=False)
    out, err = capsys.readouterr()
    changes = [line.split(",") for line in out.splitlines() if line.startswith("+") and not line.startswith("+++")]
    assert [(cells[0], cells[3], cells[7]) for cells in changes] == [
        ("+acme", "incidentio", "read"),
        ("+bolt", "statuspage", "read"),
        ("+weak", "statuspage", "read"),
    ]
    assert "3 rows to change; no row was found for 1 page that cannot be read" in err


def test_fix_without_a_network(workspace: Workspace, dead: str) -> None:
    """Contract 8, code 4: where no page answered at all there is no patch, and exit 4."""
    row = msgspec.structs.replace(ACME, url=dead)
    with pytest.raises(NetworkError):
        print_patch([row.page], {"acme": row}, load_config(None, {}, workspace.folder), quiet=True)


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        (["--fix"], "--fix needs --verify"),
        (["--verify", "--fix", "--configured"], "--fix cannot be combined with --configured"),
        (["--verify", "--fix", "--format", "json"], "--fix cannot be combined with --format json"),
    ],
)
def test_contradictions_are_refused(workspace: Workspace, options: list[str], hint: str) -> None:
    """Contract 2.3: a patch is of the catalog, and is a patch."""
    completed = workspace.run("pages", *options)
    assert (completed.code, completed.out) == (2, "") and hint in completed.err


def test_inspect_prints_a_row() -> None:
    """Contract 2.1: a public page that was read and is not in the catalog gets a row to copy; any other gets none."""
    page = Page(key="acme", name="Acme, Inc", url="https://status.acme.example", platform="statusio", id="5" * 24)
    feed = Feed(identity="acme", incidents=())
    explained = Inspection(page, feed, (), ())
    row = f"acme,Acme Inc,https://status.acme.example,statusio,,{'5' * 24},,read,2026-11 read"
    assert catalog_row(explained, {}, "2026-11")[1:] == [f"  {row}"]
    assert catalog_row(explained, {"acme": BOLT.page}, "2026-11")[1].startswith("  acme-2,")
    assert catalog_row(explained, {"x": page}, "2026-11") == []
    assert catalog_row(Inspection(page, Failure(FailureKind.TIMEOUT, "late"), (), ()), {}, "2026-11") == []
    private = msgspec.structs.replace(page, url="http://acme.example")
    assert catalog_row(Inspection(private, feed, (), ()), {}, "2026-11") == []
