"""Sending through one sink as a run does, and events to send."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from statuswatch.config import _config
from statuswatch.model import Notice, Outcome
from statuswatch.notify import connect, deliver
from tests.life import Life, incident, said

NOW = datetime(2026, 3, 7, 12, 0, tzinfo=UTC)


def notices(count: int, **fields: Any) -> tuple[Notice, ...]:
    """So many new incidents of one page; `fields` are of each incident. Detected at NOW."""
    life = Life()
    life.read(0)
    opened = [
        incident(f"a{number}", said(number + 1, "investigating", "We look."), **fields) for number in range(count)
    ]
    return tuple(Notice(event, NOW) for event in life.read(count + 2, *opened))


def ended(*of: Notice) -> tuple[Notice, ...]:
    """The same incidents, resolved ten minutes later."""
    over = []
    for notice in of:
        event = notice.event
        last = msgspec.structs.replace(event.updates[-1], id="over", status="resolved", body="It is over.")
        it = msgspec.structs.replace(event.incident, status="resolved", updates=(*event.incident.updates, last))
        changed = msgspec.structs.replace(event, id=f"{event.id}-over", kind="resolved", incident=it, updates=(last,))
        over.append(Notice(msgspec.convert(msgspec.to_builtins(changed), type(event)), NOW + timedelta(minutes=10)))
    return tuple(over)


def configured(sink: str, options: Mapping[str, Any], env: Mapping[str, str], folder: Path | None = None) -> Any:
    """The sink, ready to send, from a configuration file with these options."""
    folder = folder or Path("/nonexistent")
    table = {"page": {"acme": {"url": "https://status.acme.example"}}, "notify": [{"sink": sink, **options}]}
    return connect(_config(table, "statuswatch.toml", folder).notify, env)


def send(sink: str, options: Mapping[str, Any], env: Mapping[str, str], *due: Notice, now: datetime = NOW) -> Outcome:
    """What comes of sending these, as waiting from an earlier run, through one sink."""
    (outcome,) = deliver(configured(sink, options, env), (), {str(options.get("name", sink)): due}, now)
    return outcome
