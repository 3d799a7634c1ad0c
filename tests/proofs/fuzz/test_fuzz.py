"""The laws of tests/proofs/fuzz without atheris: over the seeds, and over random mutations of them."""

from __future__ import annotations

import json
from random import Random
from typing import TYPE_CHECKING, Final

import pytest

from statuswatch.platforms import PLATFORMS, statuspage
from tests.proofs.fuzz.__main__ import table
from tests.proofs.fuzz.mutate import mutate
from tests.proofs.fuzz.target import examine, pack, seeds, unpack

if TYPE_CHECKING:
    from pathlib import Path

    from statuswatch.model.page import Feed
    from statuswatch.platforms.parsing import ParseInput
    from tests.proofs.fuzz.target import Documents

MUTATED: Final = 10  # inputs for a platform
MAX_MUTATED: Final = 60  # where all of those are refused: one in 15 mutated feeds is still XML
FIND_WITHIN: Final = 400


def mutated(platform: str, number: int) -> Documents:
    """Return one of the seeds, mutated up to five times."""
    order = Random(f"{platform}/{number}")
    documents = order.choice(seeds(platform))
    for _ in range(order.randrange(1, 6)):
        documents = mutate(documents, order)
    return documents


@pytest.mark.parametrize("platform", PLATFORMS)
def test_seeds(platform: str) -> None:
    """Every seed goes through one input of a fuzzer as it is, keeps the laws, and the whole sample is understood."""
    for number, documents in enumerate(seeds(platform)):
        assert unpack(platform, pack(platform, documents)) == documents
        assert examine(platform, documents) or number


@pytest.mark.parametrize("platform", PLATFORMS)
def test_mutations(platform: str) -> None:
    """4, 5: documents with anything in them changed are refused, or give a page that keeps the laws."""
    understood = [examine(platform, mutated(platform, number)) for number in range(MUTATED)]
    further = (examine(platform, mutated(platform, number)) for number in range(MUTATED, MAX_MUTATED))
    assert any(understood) or any(further), "inputs that are always refused test no law"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_any_bytes(platform: str) -> None:
    """4, 5: inputs with random bytes in them, as libFuzzer makes them too, keep the laws."""
    order = Random(platform)
    for _ in range(4):
        data = bytearray(pack(platform, seeds(platform)[0]))
        for _ in range(order.randrange(1, 9)):
            data[order.randrange(len(data))] = order.randrange(256)
        examine(platform, unpack(platform, bytes(data)))
    examine(platform, unpack(platform, b""))


def test_a_fault_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A parser that needs a member which vendors may omit is found in some hundred mutations: the search can fail."""
    parse = statuspage.parse

    def careless_parse(parse_input: ParseInput) -> Feed:
        feed = parse(parse_input)
        for listed in json.loads(parse_input.documents["incidents.json"] or b"")["incidents"]:
            listed["components"]
        return feed

    monkeypatch.setattr(statuspage, "parse", careless_parse)
    with pytest.raises(KeyError, match="components"):
        for number in range(FIND_WITHIN):
            examine("statuspage", mutated("statuspage", number))


def test_the_table(tmp_path: Path) -> None:
    """The table has the figures of a search's log, over all of its processes, and names searches that did not end."""
    (tmp_path / "rss" / "findings").mkdir(parents=True)
    (tmp_path / "rss" / "findings" / "0123.input").write_bytes(b"-")
    (tmp_path / "rss" / "findings" / "0123.txt").write_text("KeyError")
    units = "stat::number_of_executed_units: "
    parts = ("#10 DONE   cov: 5 ft: 9 corp: 3/1Kb", f"{units}10", "#30 DONE   cov: 7 ft: 9 corp: 4/1Kb", f"{units}30")
    (tmp_path / "rss" / "log").write_text("\n".join([*parts, "Searched for 4 s", ""]))
    assert table(["rss", "azure"], tmp_path).splitlines()[-2:] == [
        "| rss | 4 | 40 | 10 | 7 | 4 | 1 |",
        "| azure | did not end: see its log | | | | | |",
    ]
