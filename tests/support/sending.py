"""Sending through one sink as a run does, and events to send."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from statuswatch.config.build import build_config
from statuswatch.delivery.deliver import connect, deliver
from statuswatch.model.event import PendingDelivery
from statuswatch.model.report import SinkOutcome
from tests.support.page_timeline import PageTimeline, incident, update

NOW = datetime(2026, 3, 7, 12, 0, tzinfo=UTC)


def notices(count: int, **fields: Any) -> tuple[PendingDelivery, ...]:
    """So many new incidents of one page; `fields` are of each incident. Detected at NOW."""
    life = PageTimeline()
    life.read(0)
    opened = [
        incident(f"a{number}", update(number + 1, "investigating", "We look."), **fields) for number in range(count)
    ]
    return tuple(PendingDelivery(event, NOW) for event in life.read(count + 2, *opened))


def ended(*of: PendingDelivery) -> tuple[PendingDelivery, ...]:
    """The same incidents, resolved ten minutes later."""
    over = []
    for notice in of:
        event = notice.event
        last = msgspec.structs.replace(event.updates[-1], id="over", status="resolved", body="It is over.")
        it = msgspec.structs.replace(event.incident, status="resolved", updates=(*event.incident.updates, last))
        changed = msgspec.structs.replace(event, id=f"{event.id}-over", kind="resolved", incident=it, updates=(last,))
        over.append(
            PendingDelivery(msgspec.convert(msgspec.to_builtins(changed), type(event)), NOW + timedelta(minutes=10))
        )
    return tuple(over)


def configured(sink: str, options: Mapping[str, Any], env: Mapping[str, str], folder: Path | None = None) -> Any:
    """The sink, ready to send, from a configuration file with these options."""
    folder = folder or Path("/nonexistent")
    table = {"page": {"acme": {"url": "https://status.acme.example"}}, "notify": [{"sink": sink, **options}]}
    return connect(build_config(table, "statuswatch.toml", folder).notify, env)


def send(
    sink: str, options: Mapping[str, Any], env: Mapping[str, str], *due: PendingDelivery, now: datetime = NOW
) -> SinkOutcome:
    """What comes of sending these, as waiting from an earlier run, through one sink."""
    (outcome,) = deliver(configured(sink, options, env), (), {str(options.get("name", sink)): due}, now)
    return outcome
