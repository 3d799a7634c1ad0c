"""Events for programs: one JSON object a line, never wrapped, coloured or mixed with anything else."""

from datetime import UTC, datetime
from typing import Final

import msgspec

from statuswatch.model.event import Event
from statuswatch.model.incident import Incident, IncidentKind, IncidentUpdate
from statuswatch.model.page import Page

SCHEMA: Final = 1


def render(event: Event, detected_at: datetime) -> str:
    """The line, without its end."""
    return encode(fields(event, detected_at))


def fields(event: Event, detected_at: datetime) -> dict[str, object]:
    """What the line says."""
    return {
        "schema": SCHEMA,
        "id": event.id,
        "event": event.kind,
        "changes": event.changes,
        "page": page(event.page),
        "incident": incident(event.incident),
        "updates": [update(it) for it in event.updates],
        "detected_at": moment(detected_at),
    }


def encode(value: object) -> str:
    """JSON in which a workflow runner finds no command: `##[` counts anywhere in a line, and is spelled differently."""
    return msgspec.json.encode(value).decode().replace("##[", "#\\u0023[")


def page(it: Page) -> dict[str, object]:
    return {"key": it.key, "name": it.name, "url": it.url}


def incident(it: Incident) -> dict[str, object]:
    fields: dict[str, object] = {
        "id": it.id,
        "kind": it.kind,
        "title": it.title,
        "status": it.status,
        "impact": it.impact,
        "url": it.url,
        "components": [component.label for component in it.components],
        "created_at": moment(it.created_at),
    }
    if it.affected_pages:
        fields["pages"] = it.affected_pages
    if it.kind is IncidentKind.MAINTENANCE:
        fields["scheduled_for"] = it.scheduled_for and moment(it.scheduled_for)
        fields["scheduled_until"] = it.scheduled_until and moment(it.scheduled_until)
    return fields


def update(it: IncidentUpdate) -> dict[str, object]:
    return {
        "id": it.id,
        "status": it.status,
        "body": it.body,
        "created_at": moment(it.created_at),
        "display_at": moment(it.display_at),
    }


def moment(it: datetime) -> str:
    """RFC 3339 in UTC, whole seconds."""
    return it.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"
