"""Events for programs: one JSON object a line, never wrapped, coloured or mixed with anything else."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec

from statuswatch.model.event import Event
from statuswatch.model.incident import Incident, IncidentKind, IncidentUpdate
from statuswatch.model.page import Page
from statuswatch.render import phrases

if TYPE_CHECKING:
    from collections.abc import Iterable

    from statuswatch.catalog.upstream import Upstream

SCHEMA: Final = 1


def render(event: Event, detected_at: datetime, *, filtered: bool = False, muted: bool = False) -> str:
    """Return the line of an event, without its end; `filtered`, `muted`: why nobody is notified of it."""
    reasons = {"filtered": filtered, "muted": muted}
    return encode(fields(event, detected_at) | {name: True for name, is_set in reasons.items() if is_set})


def fields(event: Event, detected_at: datetime) -> dict[str, object]:
    """Return the fields of an event's line; `upstream` stands in it only where the vendor names another one."""
    named = phrases.upstream_of(event)
    return {
        "schema": SCHEMA,
        "id": event.id,
        "event": event.kind,
        "changes": event.changes,
        "page": page(event.page),
        "incident": incident(event.incident),
        "updates": [update(each) for each in event.updates],
        "detected_at": moment(detected_at),
        **({"upstream": upstream(named)} if named else {}),
    }


def upstream(named: "Iterable[Upstream]") -> list[dict[str, str]]:
    """Return the fields of each vendor that an incident's text makes its cause."""
    return [
        {"key": each.key, "name": each.name, "url": each.url, "quote": each.quote, "link": each.link} for each in named
    ]


def encode(value: object) -> str:
    """Return JSON in which a workflow runner finds no command.

    `##[` counts anywhere in a line, and is spelled differently.
    """
    return msgspec.json.encode(value).decode().replace("##[", "#\\u0023[")


def page(page: Page) -> dict[str, object]:
    """Return the fields of a page."""
    return {"key": page.key, "name": page.name, "url": page.url}


def incident(incident: Incident) -> dict[str, object]:
    """Return the fields of an incident; besides its schedule, its pages, or the end that is stated for itself."""
    fields: dict[str, object] = {
        "id": incident.id,
        "kind": incident.kind,
        "title": incident.title,
        "status": incident.status,
        "impact": incident.impact,
        "url": incident.url,
        "components": [component.label for component in incident.components],
        "created_at": moment(incident.created_at),
    }
    if incident.ended_at:
        fields["ended_at"] = moment(incident.ended_at)
    if incident.affected_pages:
        fields["pages"] = incident.affected_pages
    if incident.kind is IncidentKind.MAINTENANCE:
        fields["scheduled_for"] = incident.scheduled_for and moment(incident.scheduled_for)
        fields["scheduled_until"] = incident.scheduled_until and moment(incident.scheduled_until)
    return fields


def update(update: IncidentUpdate) -> dict[str, object]:
    """Return the fields of an update."""
    return {
        "id": update.id,
        "status": update.status,
        "body": update.body,
        "created_at": moment(update.created_at),
        "display_at": moment(update.display_at),
    }


def moment(time: datetime) -> str:
    """Return a time as RFC 3339 in UTC, in whole seconds."""
    return time.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"
