"""An event as a JSON line, field by field: schema 1, which is frozen. Fields may be added, none changed or removed."""

from typing import Annotated, Literal

import msgspec

from statuswatch.model.event import Change, EventKind
from statuswatch.model.incident import Impact, IncidentKind, Moment

Seconds = Annotated[Moment, msgspec.Meta(description="RFC 3339, UTC, whole seconds")]
Always = Literal[True]


class PageLine(msgspec.Struct, frozen=True):
    """The status page. Of a shared incident the key is "platform:NAME" or "host:NAME"."""

    key: str
    name: str
    url: str


class IncidentLine(msgspec.Struct, frozen=True, kw_only=True):
    """The incident as it is now. `pages` are the keys that a shared incident is about."""

    id: str
    kind: IncidentKind
    title: str
    status: str
    impact: Impact
    url: str
    components: tuple[str, ...]
    created_at: Seconds
    ended_at: Seconds | msgspec.UnsetType = msgspec.UNSET
    pages: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    scheduled_for: Moment | msgspec.UnsetType | None = msgspec.UNSET
    scheduled_until: Moment | msgspec.UnsetType | None = msgspec.UNSET


class UpdateLine(msgspec.Struct, frozen=True):
    """One message of the vendor: `created_at` is when it was published, `display_at` the time the vendor claims."""

    id: str
    status: str
    body: str
    created_at: Seconds
    display_at: Seconds


class UpstreamLine(msgspec.Struct, frozen=True):
    """A vendor that the incident's own text makes its cause: the sentence, and its link to that vendor's page or ""."""

    key: str
    name: str
    url: str
    quote: str
    link: str


class EventLine(msgspec.Struct, frozen=True, kw_only=True):
    """One event of `check --format jsonl`, of the archive, and of the sink `webhook`.

    `updates` are those not reported before, oldest first. `upstream` are vendors that the text
    makes the cause. `filtered` and `muted` mark what was held back.
    """

    schema: Literal[1]
    id: str
    event: EventKind
    changes: tuple[Change, ...]
    page: PageLine
    incident: IncidentLine
    updates: tuple[UpdateLine, ...]
    detected_at: Seconds
    upstream: tuple[UpstreamLine, ...] | msgspec.UnsetType = msgspec.UNSET
    muted: Always | msgspec.UnsetType = msgspec.UNSET
    filtered: Always | msgspec.UnsetType = msgspec.UNSET
