"""`why` on recorded pages: ten ranges of time whose right answers were read out of the documents by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from statuswatch.catalog import catalog
from statuswatch.history.fold import known_incidents
from statuswatch.history.why import compose_why
from statuswatch.model.history import ArchiveReading, Span
from statuswatch.model.report import PageStatus, PageView
from statuswatch.platforms import PLATFORMS
from statuswatch.platforms.parsing import ParseInput

if TYPE_CHECKING:
    from statuswatch.model.why import PageAnswer

DOCUMENTS: Final = ("incidents.json", "summary.json")
CORPUS: Final = Path(__file__).parents[3] / "shared" / "corpus"
Recorded = tuple[str, str, dict[str, str]]  # a key, the time of the read, and the files by the name of the document
GITHUB: Final[Recorded] = (
    "github",
    "2026-07-31T00:00",
    {name: f"statuspage-v2/github/{name.removesuffix('.json')}-2026-07-31.json" for name in DOCUMENTS},
)
OPENAI: Final[Recorded] = (
    "openai",
    "2025-11-15T03:00",
    {"incidents.json": "incidentio-compat/openai/incidents-2025-11-15.json"},
)
GOOGLE: Final[Recorded] = (
    "google-cloud",
    "2022-07-03T00:00",
    {"incidents.json": "google-incidents/google-cloud/incidents-2022-07-03.json"},
)

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="there are no recorded payloads beside this checkout")


def moment(words: str) -> datetime:
    return datetime.fromisoformat(words).replace(tzinfo=UTC)


def answer(recorded: Recorded, begin: str, end: str) -> PageAnswer:
    """Return the answer of a page whose documents were read at that time."""
    key, read_at, files = recorded
    page, now = catalog()[key], moment(read_at)
    documents = {name: (CORPUS / path).read_bytes() for name, path in files.items()}
    feed = PLATFORMS[page.platform].parse(ParseInput(page, documents))
    view = PageView(PageStatus(page=page, read_before=True), None, feed, now)
    incidents = known_incidents(ArchiveReading(), [view])
    return compose_why([view], incidents, Span(moment(begin), moment(end)), now, archived={}).answers[0]


@pytest.mark.parametrize(
    ("recorded", "times", "expected", "ids", "unknown"),
    [
        (GITHUB, ("2026-07-29T15:30", "2026-07-29T15:45"), "had", ["75g5xmzptjqb"], 0),
        (GITHUB, ("2026-07-29T16:30", "2026-07-29T17:30"), "nothing", [], 0),
        (GITHUB, ("2026-07-25T12:00", "2026-07-25T13:00"), "had", ["pz7g535gbs6p"], 0),
        (GITHUB, ("2026-07-25T09:00", "2026-07-25T10:00"), "had", ["vv9vvksmj4s9", "s65j9gslmfm8"], 0),
        (GITHUB, ("2026-07-24T10:30", "2026-07-24T11:30"), "had", ["594m87r8sw13"], 0),
        (GITHUB, ("2026-05-01T00:00", "2026-05-01T12:00"), "unknown", [], 1),
        (GITHUB, ("2026-05-28T18:00", "2026-05-28T20:00"), "had", ["rhqcgg8lg6mm"], 1),
        (
            OPENAI,
            ("2025-11-14T21:00", "2025-11-14T22:00"),
            "had",
            ["01KA22ACNT50TDGYE1B9TJ86D2", "01KA22C8G0G4EZG5YEJ4FRTWRA"],
            0,
        ),
        (OPENAI, ("2025-11-14T10:00", "2025-11-14T20:00"), "nothing", [], 0),
        (GOOGLE, ("2022-06-29T21:00", "2022-06-29T22:00"), "had", ["sPyYB214xAhqnoxNrrnW", "V3AJNVDysYF1EXttKC3N"], 0),
    ],
)
def test_ten_recorded_windows(
    recorded: Recorded, times: tuple[str, str], expected: str, ids: list[str], unknown: int
) -> None:
    """Contract 2.9: what was open then, worst first; nothing admitted; not known before the oldest entry."""
    found = answer(recorded, *times)
    assert [overlap.incident.id for overlap in found.overlaps] == ids
    assert (found.answer, len(found.unknown)) == (expected, unknown)
