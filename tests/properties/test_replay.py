"""A replay gives the events of the live runs, for every platform of the registry."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from statuswatch.model.page import Failure, FailureKind
from statuswatch.net.response import Response
from statuswatch.platforms import PLATFORMS
from tests.support.document_timeline import minutes_after
from tests.support.platform_sample import encode
from tests.support.platform_samples import SAMPLES, ending
from tests.support.recorded_runs import Live, replayed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def responses_of(documents: Mapping[str, Any]) -> dict[str, Any]:
    """The documents as they are served, by their names."""
    return {
        name: Response(404, {})
        if document is None
        else Response(200, {"etag": f'"{len(json.dumps(str(document)))}"'}, encode(document))
        for name, document in documents.items()
    }


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_replay_gives_the_events_of_the_live_runs(platform: str, tmp_path: Path) -> None:
    """Contract 2.6: baseline, faults, the end of an incident, a later remark, withdrawn lists: the same events."""
    sample = SAMPLES[platform]
    documents = copy.deepcopy(dict(sample.documents))
    _, over, noted = ending(platform)
    down = dict.fromkeys(documents, Failure(FailureKind.UNAVAILABLE, "HTTP 503"))
    live = Live(tmp_path / "recording.jsonl", msgspec.structs.replace(sample.page, platform=platform))
    start = minutes_after(platform)
    steps: list[Any] = [documents, documents, down, documents, over, down, down, over, noted, documents, noted]
    gaps = [0, 5, 5, 5, 5, 5, 70, 5, 5, 5, 45]
    minutes = start
    for step, gap in zip(steps, gaps, strict=True):
        minutes += gap
        live.run(minutes, step if step is down else responses_of(step))
    assert live.lines
    assert replayed(live.path) == live.lines
