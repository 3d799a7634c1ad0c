"""Events as the archive has them, for tests of what is folded from it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from statuswatch.model.history import ArchivedEvent, ArchivedIncident
from statuswatch.model.incident import Impact, IncidentUpdate
from statuswatch.model.page import Page

if TYPE_CHECKING:
    from pathlib import Path

    from statuswatch.model.event import Change, EventKind

START: Final = datetime(2026, 3, 7, 9, 0, tzinfo=UTC)
ACME: Final = Page(key="acme", name="Acme", url="https://status.acme.example")


def minute(count: float) -> datetime:
    return START + timedelta(minutes=count)


def update(at: float, status: str, body: str = "…", key: str = "", claimed: float | None = None) -> IncidentUpdate:
    return IncidentUpdate(key or f"u{at:g}", status, body, minute(at), minute(at if claimed is None else claimed))


def archived(
    happened: EventKind, at: float, /, *updates: IncidentUpdate, changes: tuple[Change, ...] = (), **fields: Any
) -> ArchivedEvent:
    """Return an event detected at that minute; `fields` are those of the incident, or `page`, `filtered`, `muted`."""
    own = {name: fields.pop(name) for name in ("page", "filtered", "muted") if name in fields}
    page = own.get("page", ACME)
    incident = {
        "id": "i1",
        "title": "Down",
        "status": updates[-1].status if updates else "investigating",
        "impact": Impact.MINOR,
        "url": "https://status.acme.example/i1",
        "components": ("API",),
        "created_at": START,
        **fields,
    }
    return ArchivedEvent(
        id=f"{page.key}/{incident['id']}/{happened}/{at:g}",
        kind=happened,
        changes=changes,
        incident=ArchivedIncident(**incident),
        updates=updates,
        detected_at=minute(at),
        **{"page": page, **own},
    )


def month_files(folder: Path) -> dict[str, list[str]]:
    """Return the lines of an archive by the name of their file."""
    return {path.name: path.read_text().splitlines() for path in sorted(folder.glob("*.jsonl"))}
