"""The board for programs: `api/status.json` as `status --format json` has it, and `api/incidents.json`."""

import json
from datetime import datetime

from statuswatch.model.board import Board, BoardPage
from statuswatch.model.history import PastIncident
from statuswatch.render import jsonlines, status
from statuswatch.render.site.upstream import upstream_of


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
    fields: dict[str, object] = {
        "page": jsonlines.page(page.page),
        "id": incident.id,
        "kind": incident.kind,
        "title": incident.title,
        "status": incident.status,
        "impact": incident.impact,
        "peak_impact": incident.peak_impact,
        "url": incident.url,
        "components": incident.components,
        "created_at": jsonlines.moment(incident.created_at),
        "started_at": jsonlines.moment(incident.started_at),
        "published_at": jsonlines.moment(incident.published_at),
        "detected_at": _optional(incident.detected_at),
        "ended_at": _optional(incident.ended_at),
        "end_detected": incident.end_detected,
        "ending": incident.ending,
        "scheduled_for": _optional(incident.scheduled_for),
        "scheduled_until": _optional(incident.scheduled_until),
        "rewritten_after_end": sum(rewrite.after_end for rewrite in incident.rewrites),
        "updates": [jsonlines.update(update) for update in incident.updates],
    }
    if named := upstream_of(page.page, incident):
        fields["upstream"] = jsonlines.upstream(named)
    return {**fields, "muted": True} if page.is_muted(incident) else fields


def _optional(moment: datetime | None) -> str | None:
    return jsonlines.moment(moment) if moment else None
