"""The board for programs: what is open as `status --format json` has it, and the past as `history` has it."""

import json
from datetime import datetime

from statuswatch.model.board import Board, BoardPage
from statuswatch.model.history import PastIncident
from statuswatch.render import history, jsonlines, status
from statuswatch.render.phrases import upstream_of_past


def render(board: Board) -> dict[str, str]:
    """Return both documents."""
    now = json.loads(status.document(board.view, board.at, offline=False))
    now["trust_until"] = jsonlines.moment(board.trust_until)
    now["vendors"] = [_vendor(page) for page in board.pages]
    past = {
        "schema": jsonlines.SCHEMA,
        "at": jsonlines.moment(board.at),
        "days": board.days,
        "incidents": [_incident(page, incident) for page in board.pages for incident in page.incidents],
    }
    return {"api/status.json": f"{jsonlines.encode(now)}\n", "api/incidents.json": f"{jsonlines.encode(past)}\n"}


def _vendor(page: BoardPage) -> dict[str, object]:
    coverage = page.coverage
    return {
        **jsonlines.page(page.page),
        "known": not page.status.unknown,
        "last_word_at": _optional(page.last_word_at),
        "covered_since": _optional(coverage.since),
        "covered_until": _optional(coverage.until),
        "days": [day.kind for day in page.days],
    }


def _incident(page: BoardPage, incident: PastIncident) -> dict[str, object]:
    fields = {**history.fields(incident), "muted": page.is_muted(incident)}
    named = upstream_of_past(incident)
    return {**fields, "upstream": jsonlines.upstream(named)} if named else fields


def _optional(moment: datetime | None) -> str | None:
    return jsonlines.moment(moment) if moment else None
