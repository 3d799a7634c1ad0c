"""Sending through one sink as a run does, and events to send."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import msgspec

from statuswatch.config.load import load_config
from statuswatch.config.schema import SinkConfig
from statuswatch.delivery.deliver import ConnectedSink, connect, deliver
from statuswatch.model.event import EventKind, PendingDelivery
from tests.support.page_timeline import PageTimeline, incident, update

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from statuswatch.model.event import Event, Notification
    from statuswatch.model.report import SinkOutcome

NOW = datetime(2026, 3, 7, 12, 0, tzinfo=UTC)


def new_deliveries(count: int, **fields: Any) -> tuple[PendingDelivery, ...]:
    """Return that many new incidents of one page, detected at NOW; `fields` are of each incident."""
    timeline = PageTimeline()
    timeline.read(0)
    opened = [
        incident(f"a{number}", update(number + 1, "investigating", "We look."), **fields) for number in range(count)
    ]
    return tuple(PendingDelivery(event, NOW) for event in timeline.read(count + 2, *opened))


def resolved(*deliveries: PendingDelivery) -> tuple[PendingDelivery, ...]:
    """Return the events that resolve these incidents ten minutes later."""
    detected_at = NOW + timedelta(minutes=10)
    return tuple(PendingDelivery(_resolved_event(delivery.event), detected_at) for delivery in deliveries)


def _resolved_event(event: Event) -> Event:
    last = msgspec.structs.replace(event.updates[-1], id="over", status="resolved", body="It is over.")
    ended = msgspec.structs.replace(event.incident, status="resolved", updates=(*event.incident.updates, last))
    return msgspec.structs.replace(
        event, id=f"{event.id}-over", kind=EventKind.RESOLVED, incident=ended, updates=(last,)
    )


def connected(sink: str, options: Mapping[str, Any], env: Mapping[str, str]) -> tuple[ConnectedSink, ...]:
    """Return the sink, ready to send, from a configuration file with these options."""
    lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in {"sink": sink, **options}.items()]
    page = '[page.acme]\nurl = "https://status.acme.example"\n'
    return connect(_configured("\n".join([page, "[[notify]]", *lines])), env)


@cache
def _configured(text: str) -> tuple[SinkConfig, ...]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "statuswatch.toml"
        path.write_text(text, encoding="utf-8")
        return load_config(path, {}, Path(folder)).notify


def send(
    sink: str, options: Mapping[str, Any], env: Mapping[str, str], *due: PendingDelivery, now: datetime = NOW
) -> SinkOutcome:
    """Send these, as waiting from an earlier run, through one sink."""
    name = str(options.get("name", sink))
    (outcome,) = deliver(connected(sink, options, env), (), {name: due}, now)
    return outcome


def function_sink(
    receive: Callable[[Notification], None],
    *,
    name: str = "fake",
    digest_above: int = 0,
    secrets: tuple[str, ...] = (),
    **settings: Any,
) -> ConnectedSink:
    """Return a sink that gives its notifications to a function."""

    async def send_to_function(_: object, notification: Notification) -> None:
        receive(notification)

    config = SinkConfig(sink="webhook", name=name, where="notify[0]", options=None, **settings)
    return ConnectedSink(config, send_to_function, digest_above, secrets)
