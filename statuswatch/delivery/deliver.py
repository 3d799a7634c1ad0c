"""Telling sinks: which events are due to whom, and sending them.

At least once per sink. All sinks are told at once, the events of one in order; what one does not take costs the others
nothing, and is kept for the next run. Two things are never kept for ever: what a receiver refuses for good (HTTP 4xx)
is given up a day after it first did, and of what waits for one sink only the newest hundred stay. Both are said aloud.
"""

import asyncio
import re
import ssl
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote, unquote

import httpx
import msgspec

from statuswatch import text
from statuswatch.config.schema import SinkConfig
from statuswatch.errors import UsageError
from statuswatch.model.event import Change, Event, EventKind, Notification, PendingDelivery
from statuswatch.model.incident import (
    IMPACT_SCALE,
    STATED_BY_VENDOR,
    Component,
    Impact,
    Incident,
    IncidentKind,
    IncidentUpdate,
)
from statuswatch.model.page import Page
from statuswatch.model.report import Delivery, RunReport, SinkOutcome
from statuswatch.model.state import State
from statuswatch.net.http import USER_AGENT
from statuswatch.net.loop import Loop
from statuswatch.net.trust import trust_store
from statuswatch.rules.diff import event_id
from statuswatch.rules.filters import is_at_least
from statuswatch.sinks import SINKS, Send, SinkError

DEADLINE: Final = 30.0  # seconds for one sink, all of its events and retries; all are told at once
HEADERS: Final = {"User-Agent": USER_AGENT}
REQUEST: Final = httpx.Timeout(10.0)  # for each step of one request
ATTEMPTS: Final = 3
MAX_PAUSE: Final = 20.0  # seconds that a receiver may ask us to wait within a run
GIVE_UP_AFTER: Final = timedelta(hours=24)  # what was refused for good
MAX_REFUSED: Final = 100  # events for one sink that were refused for good
MAX_WAITING: Final = 1000  # events for one sink, whatever they wait for
MAX_DIGEST: Final = 100  # events: a few posts, which a receiver's limit lets through in one run
MAX_REASON: Final = 240  # characters of what a receiver says that are repeated
MIN_SECRET: Final = 6  # characters; shorter ones would blank out words
_NAME: Final = re.compile(r"[A-Z][A-Z0-9]{0,15}|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")  # no token put in its place looks so


class ConnectedSink(msgspec.Struct, frozen=True):
    """A sink that is ready to send: its configuration, the function, and what must never be printed."""

    notify: SinkConfig
    send: Send
    digest_above: int
    secrets: tuple[str, ...]


def connect(configured: Iterable[SinkConfig], env: Mapping[str, str]) -> tuple[ConnectedSink, ...]:
    """Makes the sinks ready. Raises UsageError where a variable that one needs is missing."""
    return tuple(_channel(it, env) for it in configured)


def due(
    channel: ConnectedSink, events: Sequence[Event], waiting: Sequence[PendingDelivery], now: datetime
) -> tuple[PendingDelivery, ...]:
    """What is to be sent to a sink, in order: what waits first, and nothing twice."""
    known = {notice.event.id for notice in waiting}
    fresh = (
        PendingDelivery(event, now) for event in events if subscribes(channel.notify, event) and event.id not in known
    )
    return (*waiting, *fresh)


def subscribes(notify: SinkConfig, event: Event) -> bool:
    """Whether a sink is to be told. An incident that only now is grave enough for it is as good as new, and so is one
    that reopened; whoever heard of the beginning hears of the end.
    """
    if notify.pages and event.page.key not in notify.pages:
        return False
    if event.incident.kind is IncidentKind.MAINTENANCE:
        if not notify.maintenance:
            return False
    elif not is_at_least(event, notify.min_impact):
        return False
    if event.changes == (Change.EDITED,):
        return "edited" in notify.events
    if Change.REOPENED in event.changes or _escalated(notify, event):
        return not {"new", *([event.kind])}.isdisjoint(notify.events)
    return event.kind in notify.events


def _escalated(notify: SinkConfig, event: Event) -> bool:
    """Whether it was not grave enough before this event, for the sink or for its page. Where the vendor did not state
    how grave it is, it was told all along.
    """
    if (
        event.impact_unstated
        or event.previous_peak_impact not in IMPACT_SCALE
        or event.incident.kind is IncidentKind.MAINTENANCE
    ):
        return False
    least = max(notify.min_impact, event.page.min_impact, key=IMPACT_SCALE.index)
    return IMPACT_SCALE.index(event.previous_peak_impact) < IMPACT_SCALE.index(least)


def outboxes(
    channels: Sequence[ConnectedSink],
    events: Sequence[Event],
    waiting: Mapping[str, Sequence[PendingDelivery]],
    now: datetime,
) -> dict[str, tuple[PendingDelivery, ...]]:
    """What is due to whom, by the name of the sink."""
    due_to = {it.notify.name: due(it, events, waiting.get(it.notify.name, ()), now) for it in channels}
    return {name: notices for name, notices in due_to.items() if notices}


def send_examples(channels: Sequence[ConnectedSink], now: datetime) -> tuple[SinkOutcome, ...]:
    """Sends each sink one marked example: an incident that is over, so that nothing stays open anywhere."""
    return _all_told([(it, (PendingDelivery(_example(now), now),)) for it in channels], now, test=True)


def deliver(
    channels: Sequence[ConnectedSink],
    events: Sequence[Event],
    waiting: Mapping[str, Sequence[PendingDelivery]],
    now: datetime,
) -> tuple[SinkOutcome, ...]:
    """Tells all sinks. Never raises: a fault of one is in its outcome."""
    boxes = outboxes(channels, events, waiting, now)
    work = [(it, boxes[it.notify.name]) for it in channels if it.notify.name in boxes]
    named = {it.notify.name for it in channels}
    unnamed = (_forgotten(name, notices) for name, notices in waiting.items() if name not in named)
    return (*_all_told(work, now), *unnamed)


def _forgotten(name: str, notices: Sequence[PendingDelivery]) -> SinkOutcome:
    """What comes of what waits for a sink that is configured no more: it goes, but not without a word."""
    ids = ", ".join(notice.event.id for notice in notices)
    return SinkOutcome(name, remarks=(f"no sink is called so any more; what waited for it is forgotten: {ids}",))


def _all_told(
    work: Sequence[tuple[ConnectedSink, Sequence[PendingDelivery]]], now: datetime, *, test: bool = False
) -> tuple[SinkOutcome, ...]:
    if not work:
        return ()

    async def all_of_them() -> list[SinkOutcome]:
        trust = trust_store()
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_tell(trust, channel, notices, now, test)) for channel, notices in work]
        return [task.result() for task in tasks]

    with asyncio.Runner(loop_factory=Loop) as runner:
        return tuple(runner.run(all_of_them()))


def _example(now: datetime) -> Event:
    when = now.replace(microsecond=0)
    said = "This is an example, sent by `statuswatch notify test`. Nothing happened."
    updates = (IncidentUpdate(f"test-{when:%Y%m%dT%H%M%SZ}", "resolved", said, when, when),)
    incident = Incident(
        id=f"test-{when:%Y%m%dT%H%M%SZ}",
        title="TEST: an example of an event",
        status="resolved",
        impact=Impact.NONE,
        url="https://example.com/",
        created_at=when,
        position=when,
        components=(Component("Example"),),
        source_quality=STATED_BY_VENDOR,
        updates=updates,
    )
    return Event(
        id=event_id("test", incident.id, EventKind.RESOLVED, when),
        kind=EventKind.RESOLVED,
        changes=(Change.STATUS,),
        page=Page(key="test", name="TEST", url="https://example.com"),
        incident=incident,
        updates=updates,
        peak_impact=Impact.NONE,
        all_components=incident.components,
    )


def _channel(notify: SinkConfig, env: Mapping[str, str]) -> ConnectedSink:
    held: list[str] = []

    def secret(variable: str, *, public: bool = False) -> str:
        value = env.get(variable, "").strip()
        if not value:
            named = f"${variable}" if _NAME.fullmatch(variable) else "the environment variable that it names"
            raise UsageError(f"{notify.where}: {named} is not set, or is empty")
        held.extend([] if public else [value])
        return value

    sink = SINKS[notify.sink]
    send = sink.configure(notify.options, secret)
    above = sink.DIGEST_ABOVE if notify.digest_above is None else notify.digest_above
    return ConnectedSink(notify, send, above, _spellings(held))


async def _tell(
    trust: ssl.SSLContext, channel: ConnectedSink, notices: Sequence[PendingDelivery], now: datetime, test: bool
) -> SinkOutcome:
    """One sink. A fault that may pass ends its turn, so that its events stay in order; what is refused for good holds
    up only what else there is of the same incident.
    """
    left = {notice.event.id: notice for notice in notices}
    sent, given_up, faults, said = 0, list[str](), list[str](), list[str]()
    blocked: set[tuple[str, str]] = set()
    try:
        async with asyncio.timeout(DEADLINE), _client(trust) as http:
            for message in _messages(channel, notices, now, test):
                if not blocked.isdisjoint(_incidents(message)):
                    continue
                fault, remark = await _send(channel, http, message)
                said += [remark] if remark else []
                for notice in message.deliveries:
                    since = min(notice.since or now, now)  # one that is to come was noted by a clock that ran ahead
                    if fault is None:
                        del left[notice.event.id]
                    elif fault.final and now - since >= GIVE_UP_AFTER:
                        given_up.append(left.pop(notice.event.id).event.id)
                    else:
                        first = since if notice.since or fault.final else None
                        left[notice.event.id] = msgspec.structs.replace(notice, since=first, reason=str(fault))
                if fault is None:
                    sent += 1
                    continue
                faults.append(str(fault))
                if not fault.final:
                    break
                blocked |= _incidents(message)
    except TimeoutError:
        faults.append(f"not done within {DEADLINE:g} s")
    except SinkError as error:
        faults.append(str(error))
    except (OSError, RuntimeError, httpx.HTTPError) as error:  # of closing the connections: what was taken was taken
        faults.append(str(_bug(error, channel)))
    why = faults[-1] if faults else ""
    waiting = [it if it.reason else msgspec.structs.replace(it, reason=why) for it in left.values()]
    refused = [it for it in waiting if it.since]
    lost = {it.event.id for it in (*refused[:-MAX_REFUSED], *waiting[:-MAX_WAITING])}
    given_up += [it.event.id for it in waiting if it.event.id in lost]
    waiting = [it for it in waiting if it.event.id not in lost]
    remarks = (*dict.fromkeys(said), *_remarks(faults, () if test else waiting, given_up))
    return SinkOutcome(channel.notify.name, sent, tuple(waiting), tuple(given_up), remarks)


def _client(trust: ssl.SSLContext) -> httpx.AsyncClient:
    """Raises SinkError."""
    try:
        return httpx.AsyncClient(verify=trust, timeout=REQUEST, headers=HEADERS)
    except (ValueError, ImportError, httpx.InvalidURL):
        raise SinkError("the proxy that the environment names cannot be used") from None


async def _send(channel: ConnectedSink, http: httpx.AsyncClient, message: Notification) -> tuple[SinkError | None, str]:
    """Sends one message, with more tries after a fault that may pass: what was wrong at last, and what else is to be
    said.
    """
    import stamina  # only where there is something to send
    import stamina.instrumentation

    remark: str | None = None
    stamina.instrumentation.set_on_retry_hooks([])  # they would log what is being sent, and to which address
    try:
        async for attempt in stamina.retry_context(
            on=_again, attempts=ATTEMPTS, timeout=DEADLINE, wait_initial=0.3, wait_jitter=0.3
        ):
            with attempt:
                remark = await channel.send(http, message)
    except SinkError as error:
        return SinkError(_masked(str(error), channel.secrets), final=error.final), ""
    except Exception as error:  # noqa: BLE001 - the sink's boundary: its fault must cost no other sink, nor the memory
        return _bug(error, channel), ""
    return None, _masked(remark or "", channel.secrets)


def _bug(error: Exception, channel: ConnectedSink) -> SinkError:
    what = _masked(f"{type(error).__name__}: {error}", channel.secrets)
    return SinkError(f"statuswatch itself failed on it, {what}; please report this", final=True)


def _again(error: Exception) -> bool | float:
    """Whether another try is worth it, and after how many seconds where the receiver says."""
    if not isinstance(error, SinkError) or error.final:
        return False
    if error.retry_after is not None:
        return error.retry_after if error.retry_after <= MAX_PAUSE else False
    return True


def _messages(
    channel: ConnectedSink, notices: Sequence[PendingDelivery], now: datetime, test: bool
) -> list[Notification]:
    """What has been refused for half of its time goes by itself: one event of a digest may be why all were refused."""
    alone = [it for it in notices if it.since and now - it.since >= GIVE_UP_AFTER / 2]
    rest = [it for it in notices if it not in alone]
    size = MAX_DIGEST if channel.digest_above and len(rest) > channel.digest_above else 1
    starts = range(0, len(rest), size)
    digests = [Notification(tuple(rest[at : at + size]), test) for at in starts]
    return [*(Notification((it,), test) for it in alone), *digests]


def _incidents(message: Notification) -> set[tuple[str, str]]:
    return {(notice.event.page.key, notice.event.incident.id) for notice in message.deliveries}


def _remarks(faults: Sequence[str], waiting: Sequence[PendingDelivery], given_up: Sequence[str]) -> tuple[str, ...]:
    """What a person must hear: nothing where all was taken."""
    lines = list(dict.fromkeys(f"refused: {fault}" for fault in faults))
    if waiting:
        lines.append(f"{len(waiting)} {'event waits' if len(waiting) == 1 else 'events wait'} for the next run")
    if given_up:
        lines.append(f"GIVEN UP, never delivered: {', '.join(given_up)}")
    return tuple(lines)


def _spellings(secrets: Iterable[str]) -> tuple[str, ...]:
    """How a secret, or a part of it that is one, may stand in what others say; the longest first."""
    found = set[str]()
    for secret in (it for held in secrets for it in (held, *held.split())):  # a variable may hold several addresses
        behind = secret.partition("://")[2]
        login = unquote(behind.partition("/")[0].rpartition("@")[0])  # what HTTP's Basic has in base64
        parts = [secret, login, *re.split(r"[/?#&=:@]+", behind or secret)]
        spelt = {it for part in parts if len(part) >= MIN_SECRET for it in (part, unquote(part))}
        found |= spelt | {quote(it, safe="") for it in spelt}
        found |= {b64encode(it.encode()).decode() for it in (secret, login) if len(it) >= MIN_SECRET}
    return tuple(sorted(found, key=len, reverse=True))


def _masked(words: str, secrets: Iterable[str]) -> str:
    """In one line, cut after the secrets are gone: half of one would not be known."""
    for secret in secrets:
        words = words.replace(secret, "***")
    return text.line(words)[:MAX_REASON]


def deliver_report(sinks: Sequence[ConnectedSink], *, partial: bool) -> Callable[[RunReport, State], Delivery]:
    """Return how a run delivers its events. A `partial` run keeps what waits for sinks that it does not have."""
    names = {sink.notify.name for sink in sinks}

    def run(report: RunReport, before: State) -> Delivery:
        kept = {name: waiting for name, waiting in before.outbox.items() if partial and name not in names}
        own = {name: waiting for name, waiting in before.outbox.items() if name not in kept}
        outcomes = deliver(sinks, report.events, own, report.detected_at)
        outbox = {**kept, **{outcome.name: outcome.waiting for outcome in outcomes if outcome.waiting}}
        return Delivery(outbox=outbox, sinks=outcomes)

    return run


def rehearse(sinks: Sequence[ConnectedSink]) -> Callable[[RunReport, State], Delivery]:
    """Return how a dry run says what each sink would be sent."""

    def run(report: RunReport, before: State) -> Delivery:
        due_to = outboxes(sinks, report.events, before.outbox, report.detected_at)
        return Delivery(outbox=before.outbox, due=due_to)

    return run
