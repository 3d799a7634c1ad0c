"""Shards: which page belongs to which, what a shard remembers, and what a change of their number keeps."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from statuswatch.config.load import load_config
from statuswatch.config.select import sharded
from statuswatch.delivery.deliver import deliver_report
from statuswatch.errors import UsageError
from statuswatch.pipeline import check, read_status, recall_status, run_of
from statuswatch.shard import shard_of
from statuswatch.state import joined_state
from tests.proofs.bench.shards import WATCHED, row
from tests.support.fake_vendor import FakeVendor, incident, statuspage
from tests.support.workspace import Workspace, event_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from statuswatch.config.schema import Config
    from statuswatch.model.report import RunReport

KEYS: Final = [f"p{number}" for number in range(12)]
OWN: Final = "state-{shard}.json"
START: Final = datetime(2026, 3, 2, 8, tzinfo=UTC)


# ---- the shard of a page


@pytest.mark.parametrize("name", ["20,000 pages, numbered", "the catalog"])
def test_the_parts_are_disjoint_complete_and_even(name: str) -> None:
    """Every page is in exactly one of 8 shards, and none is a fifth larger or smaller than another would have it."""
    sizes = row(name, WATCHED[name])
    assert (sizes["in two"], sizes["in none"]) == (0, 0)
    assert 0.8 * float(sizes["even"]) < float(sizes["smallest"]) <= float(sizes["largest"]) < 1.2 * float(sizes["even"])


def test_a_shard_more_moves_only_what_it_gets() -> None:
    """From N shards to N + 1, a page stays in its shard or moves to the new one, and an even share moves."""
    keys = WATCHED["20,000 pages, vendor-product"][:4000]
    for count in (1, 2, 8, 31):
        moved = [after for key in keys if (after := shard_of(key, count + 1)) != shard_of(key, count)]
        assert {*moved} == {count + 1}
        assert 0.7 < len(moved) / (len(keys) / (count + 1)) < 1.3


def test_a_page_has_the_same_shard_everywhere_and_for_ever() -> None:
    """The shard of a key is a number that no version of anything changes."""
    pinned = {"openai": [1, 2, 3, 6, 6, 24, 81], "github": [1, 1, 1, 8, 8, 40, 78], "ü": [1, 2, 2, 2, 9, 9, 97]}
    assert {key: [shard_of(key, count) for count in (1, 2, 3, 8, 9, 64, 256)] for key in pinned} == pinned


# ---- what a shard reads and remembers


class Fleet:
    """Twelve pages, and shards that read them in this process."""

    def __init__(self, folder: Path, vendor: FakeVendor, state: str) -> None:
        self.folder, self.vendor, self.now = folder, vendor, START
        self.serial = 0
        self.listed: dict[str, list[Any]] = {key: [] for key in KEYS}
        tables = "".join(
            f'[page.{key}]\nurl = "{vendor.url}/{key}"\nplatform = "statuspage"\nname = "{key}"\n' for key in KEYS
        )
        (folder / "statuswatch.toml").write_text(f'state = "{state}"\n{tables}')

    def config(self, shard: str, *removed: str) -> Config:
        """Return the configuration of a shard, from now on without the removed pages."""
        file = self.folder / "statuswatch.toml"
        top, *tables = file.read_text().split("[page.")
        kept = [table for table in tables if table.partition("]")[0] not in removed]
        file.write_text("[page.".join([top, *kept]))
        return sharded(load_config(file, {}, self.folder), shard)

    def happen(self, *statuses: str) -> set[str]:
        """Publish one incident more on every page; return their ids."""
        self.serial += 1
        for key, incidents in self.listed.items():
            incidents.insert(0, incident(f"{key}-{self.serial}", *statuses, at=self.now - timedelta(minutes=5)))
            self.vendor.put(statuspage(f"/{key}", incidents))
        return {f"{key}-{self.serial}" for key in KEYS}

    def run(self, *shards: str) -> list[str]:
        """Run each shard once, all at the same time of the clock; return the incidents of their events."""
        reported: list[str] = []

        def keep(report: RunReport) -> None:
            reported.extend(event.incident.id for event in report.events)

        for shard in shards:
            check(run_of(self.config(shard)), self.now, keep, deliver_report((), partial=False))
        self.now += timedelta(hours=1)
        return reported

    def pages(self, state: str) -> set[str]:
        """Return the keys of the pages in a state file."""
        return {*json.loads((self.folder / state).read_text())["pages"]}


def all_of(count: int) -> list[str]:
    return [f"{number}/{count}" for number in range(1, count + 1)]


def page_of(incident_id: str) -> str:
    return incident_id.partition("-")[0]


@pytest.fixture
def vendor() -> Iterator[FakeVendor]:
    with FakeVendor() as served:
        yield served


def test_shards_report_everything_once(tmp_path: Path, vendor: FakeVendor) -> None:
    """Exactly one shard reports what happens on a page, and each file has the pages of its shard alone."""
    fleet = Fleet(tmp_path, vendor, OWN)
    fleet.happen("investigating")
    assert fleet.run(*all_of(3)) == []
    news = fleet.happen("investigating")
    assert Counter(fleet.run(*all_of(3))) == Counter(news)
    for number in (1, 2, 3):
        assert fleet.pages(f"state-{number}.json") == {key for key in KEYS if shard_of(key, 3) == number} != set()


def test_a_change_of_their_number_loses_and_repeats_nothing(tmp_path: Path, vendor: FakeVendor) -> None:
    """Pages that move to another shard's file bring their state along, in both directions, and leave none behind."""
    fleet = Fleet(tmp_path, vendor, OWN)
    fleet.happen("investigating")
    fleet.run(*all_of(2))
    for count in (3, 3, 2, 2):
        news = fleet.happen("investigating")
        assert Counter(fleet.run(*all_of(count))) == Counter(news), count
    files = [fleet.pages(f"state-{number}.json") for number in (1, 2)]
    assert files[0] | files[1] == {*KEYS} and not files[0] & files[1]


def test_a_page_stays_in_its_file_until_its_new_shard_has_it(tmp_path: Path, vendor: FakeVendor) -> None:
    """A shard that never completed a run takes its pages over later, and reports all that happened since."""
    fleet = Fleet(tmp_path, vendor, OWN)
    fleet.happen("investigating")
    fleet.run(*all_of(1))
    moving = {key for key in KEYS if shard_of(key, 2) == 2}
    first = fleet.happen("investigating")
    assert {*fleet.run("1/2")} == {key for key in first if page_of(key) not in moving}
    second = fleet.happen("investigating")
    assert {*fleet.run("1/2")} == {key for key in second if page_of(key) not in moving}
    assert fleet.pages("state-1.json") == {*KEYS}
    assert Counter(fleet.run("2/2")) == Counter(key for key in first | second if page_of(key) in moving)


def test_the_file_of_a_former_shard_can_be_deleted_after_a_run(tmp_path: Path, vendor: FakeVendor) -> None:
    """The state of a page in another shard's file is written by the first run of its new shard, even without events."""
    fleet = Fleet(tmp_path, vendor, OWN)
    fleet.happen("investigating")
    fleet.run(*all_of(3))
    assert fleet.run(*all_of(2)) == []
    (tmp_path / "state-3.json").unlink()
    news = fleet.happen("investigating")
    assert Counter(fleet.run(*all_of(2))) == Counter(news)


def test_one_state_becomes_that_of_many_shards(tmp_path: Path, vendor: FakeVendor) -> None:
    """A user who begins with shards renames the state file to state-1.json, and no page is a new baseline."""
    fleet = Fleet(tmp_path, vendor, "state.json")
    fleet.happen("investigating")
    fleet.run("1/1")
    file = tmp_path / "statuswatch.toml"
    file.write_text(file.read_text().replace("state.json", OWN))
    (tmp_path / "state.json").rename(tmp_path / "state-1.json")
    news = fleet.happen("investigating")
    assert Counter(fleet.run("3/3", "1/3", "2/3")) == Counter(news)


def test_shards_of_one_file_keep_the_pages_of_each_other(tmp_path: Path, vendor: FakeVendor) -> None:
    """Where all shards share a state, each writes its own pages and keeps the others', whatever their number."""
    fleet = Fleet(tmp_path, vendor, "state.json")
    fleet.happen("investigating")
    fleet.run(*all_of(3))
    for count in (4, 2):
        news = fleet.happen("investigating")
        assert Counter(fleet.run(*all_of(count))) == Counter(news)
        assert fleet.pages("state.json") == {*KEYS}


def test_a_shard_forgets_a_page_that_nobody_watches_any_more(tmp_path: Path, vendor: FakeVendor) -> None:
    """A page removed from the configuration is forgotten by its shard at its next write."""
    fleet = Fleet(tmp_path, vendor, OWN)
    fleet.happen("investigating")
    fleet.run("1/2")
    removed, *kept = sorted(fleet.pages("state-1.json"))
    fleet.config("1/2", removed)
    fleet.happen("investigating")
    fleet.run("1/2")
    assert fleet.pages("state-1.json") == {*kept}


def test_status_is_of_the_shard_too(tmp_path: Path, vendor: FakeVendor) -> None:
    """`status` reads the pages of the shard with their state, also that of a page that is still in another file."""
    fleet = Fleet(tmp_path, vendor, OWN)
    fleet.happen("investigating")
    fleet.run("1/1")
    run = run_of(fleet.config("2/2"))
    keys = [key for key in KEYS if shard_of(key, 2) == 2]
    for statuses in (read_status(run, fleet.now), recall_status(run)):
        assert [status.page.key for status in statuses] == keys
        assert all(status.open and status.read_before for status in statuses)


# ---- the command


def test_an_empty_shard_is_a_run_like_any_other(workspace: Workspace) -> None:
    """With more shards than pages, a run without pages says so, writes nothing and exits 0."""
    empty = next(number for number in (1, 2) if shard_of("acme", 2) != number)
    completed = workspace.check("--shard", f"{empty}/2")
    assert f"shard {empty}/2 · 0 of 0 pages read · 0 events" in completed.err
    assert not workspace.state.exists() and not workspace.vendor.requests
    assert "All clear" not in workspace.run("status", "--shard", f"{empty}/2").out


def test_a_shard_reads_its_part(workspace: Workspace) -> None:
    """`check` and `status` read the pages of their shard, and `inspect` finds what any shard remembers."""
    workspace.watch("acme", "bolt", top=f'state = "{OWN}"\n')
    workspace.bolt(incident("b0", "investigating"))
    shard = f"{shard_of('bolt', 9)}/9"
    assert shard_of("acme", 9) != shard_of("bolt", 9)
    assert workspace.event_lines("--announce-open", "--shard", shard) == ["new bolt/b0"]
    status = json.loads(workspace.run("status", "--shard", shard, "--format", "json").out)
    assert [event_line({"event": "open", **entry}) for entry in status["incidents"]] == ["open bolt/b0"]
    assert status["pages"] == {"asked": 1, "read": 1}
    assert "State file" in workspace.run("inspect", "bolt").out


@pytest.mark.parametrize(
    "word",
    ["0/8", "9/8", "a/b", "2", "-1/8", "1/0", "", "1/257", "1/99999999999", "1/8/2", " 1/8", "1/8\n", "²/8", "١/8"],
)
def test_an_invalid_shard_is_refused(word: str, tmp_path: Path) -> None:
    """A word that is not K/N is exit 2, and the message shows the form."""
    config = load_config(None, {}, tmp_path)
    with pytest.raises(UsageError, match=r"is not K/N, N from 1 to 256 and K from 1 to N; for example 2/8") as refused:
        sharded(config, word)
    assert refused.value.exit_code == 2 and repr(word) in str(refused.value)


def test_a_page_of_another_shard_is_refused(workspace: Workspace) -> None:
    """A page named with another shard than its own is exit 2, and the message has the right one."""
    right = shard_of("acme", 8)
    completed = workspace.run("status", "acme", "--shard", f"{right % 8 + 1}/8")
    assert (
        completed.code == 2
        and f"acme is not in it, but in {right}/8" in completed.err
        and not workspace.vendor.requests
    )
    assert workspace.event_lines("acme", "--announce-open", "--shard", f"{right}/8") == ["new acme/a0"]


def test_a_state_for_each_shard_needs_one(workspace: Workspace) -> None:
    """Where the path of the state has {shard} in it, a run needs --shard."""
    completed = workspace.run("check", "--state", OWN)
    assert completed.code == 2 and "is a file for each shard: say which, for example --shard 1/8" in completed.err


# ---- the past of all shards


def test_the_past_of_all_shards_is_read_without_naming_one(workspace: Workspace) -> None:
    """6.15: `history`, `why`, `report` and `status --at` or `--offline` read the archives and states of all shards."""
    workspace.watch("acme", "bolt", top=f'state = "{OWN}"\nhistory = "archive/{{shard}}"')
    workspace.bolt(incident("b0", "investigating"))
    for number in (1, 2):
        workspace.check("--announce-open", "--shard", f"{number}/2")
    assert len([*workspace.folder.glob("state-*.json")]) == len([*workspace.folder.glob("archive/*/*.jsonl")]) == 2
    before = workspace.files()
    past = workspace.run("history", "--format", "jsonl")
    assert {json.loads(line)["id"] for line in past.out.splitlines()} == {"a0", "b0"} and "not covered" not in past.err
    one = workspace.run("history", "--format", "jsonl", "--shard", "1/2")
    assert {json.loads(line)["page"] for line in one.out.splitlines()} == {"bolt"}
    for command in (("status", "--at", "0s"), ("status", "--offline")):
        shown = workspace.run(*command)
        assert shown.code == 0 and "Acme" in shown.out and "Bolt" in shown.out and "never read" not in shown.out
    why = workspace.run("why")
    assert why.code == 10 and "Acme" in why.out and "Bolt" in why.out
    assert workspace.files() == before
    assert workspace.run("report", "--out", "site").code == 0


def test_a_page_is_covered_as_far_as_its_own_shard_ran(tmp_path: Path, vendor: FakeVendor) -> None:
    """6.14: what other shards read later says nothing of a page."""
    fleet = Fleet(tmp_path, vendor, OWN)
    fleet.happen("investigating")
    first, second = fleet.now, fleet.now + timedelta(hours=1)
    fleet.run("1/2")
    fleet.run("2/2")
    state = joined_state([tmp_path / OWN.format(shard=number) for number in (1, 2, 3)])
    assert {(shard_of(key, 2), state.last_read(key)) for key in KEYS} == {(1, first), (2, second)}
    assert set(state.pages) == set(KEYS)


def test_of_a_page_in_two_files_the_newer_counts(tmp_path: Path, vendor: FakeVendor) -> None:
    """6.15: a page that moved is in its old file until the old shard runs again; what its new one knows counts."""
    fleet = Fleet(tmp_path, vendor, OWN)
    fleet.run("1/1")
    published = fleet.happen("investigating")
    fleet.run("2/2")
    config = sharded(load_config(tmp_path / "statuswatch.toml", {}, tmp_path), None, or_every=True)
    recalled = {incident_id for status in recall_status(run_of(config)) for incident_id in status.open}
    assert recalled == {incident_id for incident_id in published if shard_of(page_of(incident_id), 2) == 2}
