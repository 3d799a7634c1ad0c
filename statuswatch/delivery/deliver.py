"""Delivery: route, send, retry, settle. The only stage of delivery with I/O.

At least once per sink. All sinks are sent to at the same time, the events of one sink in order. A sink that fails costs
the others nothing; what it did not accept waits in the outbox for the next run.
"""

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from statuswatch.config.schema import SinkConfig
from statuswatch.delivery.muting import Records
from statuswatch.delivery.outbox import Agenda, SinkTurn, plan_sinks, removed_sink
from statuswatch.delivery.secrets import mask, spellings
from statuswatch.delivery.starts import started_after
from statuswatch.errors import SecretError, UsageError
from statuswatch.model.event import Change, Event, EventKind, Notification, PendingDelivery
from statuswatch.model.incident import STATED_BY_VENDOR, Component, Impact, Incident, IncidentUpdate
from statuswatch.model.mute import Mute
from statuswatch.model.page import Page
from statuswatch.model.report import Delivery, RunReport, SinkOutcome
from statuswatch.model.state import State
from statuswatch.net.http import RequestError, SinkClient, open_sink_client, proxy_secrets
from statuswatch.net.loop import NEVER, Interruption, Loop
from statuswatch.net.trust import trust_store
from statuswatch.rules.diff import event_id
from statuswatch.sinks import SINKS, OpenAlert, Options, Renew, RenewingSink, Send, SinkError

if TYPE_CHECKING:
    from statuswatch.delivery.renewal import Renewals

MAX_SECONDS: Final = 30.0  # for one sink: all of its notifications and retries
MAX_ATTEMPTS: Final = 3  # for one notification in a run
MAX_PAUSE: Final = 20.0  # seconds that a receiver may ask for within a run
# A name that no token looks like: a token that stands in its place must not be repeated.
_VARIABLE: Final = re.compile(r"[A-Z][A-Z0-9]{0,15}|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")


class ConnectedSink(msgspec.Struct, frozen=True):
    """A sink that is ready to send. `secrets` are the spellings that must never be printed.

    `broken` is why it cannot send at all; "" where it can. `renew` sends what is open again.
    """

    config: SinkConfig
    send: Send
    digest_above: int
    secrets: tuple[str, ...]
    broken: str = ""
    renew: Renew | None = None


class _Turn(NamedTuple):
    """The turn of one sink: what it sends, and what it then sends again."""

    sink: ConnectedSink
    events: SinkTurn
    open_alerts: Sequence[OpenAlert] = ()


def connect(configs: Iterable[SinkConfig], env: Mapping[str, str]) -> tuple[ConnectedSink, ...]:
    """Make the sinks ready to send. A missing or unusable secret breaks its sink only.

    Raises UsageError with every option that cannot be right, and its sink's place in the configuration.
    """
    sinks: list[ConnectedSink] = []
    mistakes: list[str] = []
    for config in configs:
        try:
            sinks.append(_connect(config, env))
        except UsageError as error:
            mistakes += [f"{config.where}: {problem}" for problem in str(error).splitlines()]
    if mistakes:
        raise UsageError("\n".join(mistakes))
    return tuple(sinks)


def deliver(
    sinks: Sequence[ConnectedSink],
    events: Sequence[Event],
    outbox: Mapping[str, Sequence[PendingDelivery]],
    now: datetime,
    *,
    dropped: Mapping[str, int] = MappingProxyType({}),
    mutes: Sequence[Mute] = (),
    records: Records | None = None,
    renewals: "Renewals | None" = None,
    started: Mapping[str, Collection[str]] = MappingProxyType({}),
    filtered: Sequence[Event] = (),
    interruption: Interruption = NEVER,
) -> tuple[SinkOutcome, ...]:
    """Deliver to all sinks what is due to them. Never raises: a fault of a sink is in its outcome.

    `dropped` counts, by sink, the events that it was never sent and does not know of. `renewals` are sent again to the
    sinks that need it, after the events. `started` and `filtered` are as in `plan_sinks`.
    """
    configs = [sink.config for sink in sinks]
    agendas = plan_sinks(configs, events, outbox, now, mutes=mutes, records=records, started=started, filtered=filtered)
    turns = []
    for sink in sinks:
        agenda = agendas.get(sink.config.name, Agenda(()))
        open_alerts = _open_alerts(sink, agenda, renewals, now)
        if sink.config.name in agendas or sink.broken or open_alerts:
            count = dropped.get(sink.config.name, 0)
            turn = SinkTurn(agenda, digest_above=sink.digest_above, now=now, dropped=count)
            turns.append(_Turn(sink, turn, open_alerts))
    outcomes = [outcome for outcome in _run_turns(turns, interruption) if outcome.name in agendas or outcome.remarks]
    return (*outcomes, *_removed_sinks(configs, outbox))


def _open_alerts(
    sink: ConnectedSink, agenda: Agenda, renewals: "Renewals | None", now: datetime
) -> Sequence[OpenAlert]:
    return renewals.for_sink(sink.config, agenda.pending, now) if renewals and sink.renew else ()


def _removed_sinks(
    configs: Sequence[SinkConfig], outbox: Mapping[str, Sequence[PendingDelivery]]
) -> tuple[SinkOutcome, ...]:
    configured = {config.name for config in configs}
    return tuple(removed_sink(name, waiting) for name, waiting in outbox.items() if name not in configured)


def send_examples(sinks: Sequence[ConnectedSink], now: datetime) -> tuple[SinkOutcome, ...]:
    """Send each sink one marked example: an incident that is over, so that nothing stays open anywhere.

    A sink that keeps alerts open is sent the beginning of the example before its end.
    """
    end = PendingDelivery(example_event(now), now)
    beginning = PendingDelivery(beginning_of(end.event), now)
    turns = []
    for sink in sinks:
        opens_alerts = SINKS[sink.config.sink].OPTIONS.OPENS_ALERTS
        agenda = Agenda((beginning, end) if opens_alerts else (end,))
        turns.append(_Turn(sink, SinkTurn(agenda, digest_above=0, now=now, test=True)))
    return _run_turns(turns)


def deliver_report(
    sinks: Sequence[ConnectedSink],
    *,
    partial: bool,
    pages: Sequence[Page] = (),
    mutes: Sequence[Mute] = (),
    interruption: Interruption = NEVER,
) -> Callable[[RunReport, State], Delivery]:
    """Return how a run delivers its events. A `partial` run keeps what waits for sinks that it does not have.

    What is open on `pages` is sent again to the sinks that need it: their state is of this run, or of a process that
    watches them.
    """
    names = {sink.config.name for sink in sinks}

    def run(report: RunReport, before: State) -> Delivery:
        kept = {name: waiting for name, waiting in before.outbox.items() if partial and name not in names}
        own = {name: waiting for name, waiting in before.outbox.items() if name not in kept}
        outcomes = deliver(
            sinks,
            report.events,
            own,
            report.detected_at,
            dropped=before.dropped,
            mutes=mutes,
            records=Records(before.pages, report.state.pages),
            renewals=_renewals(sinks, report, pages, mutes),
            started=before.started,
            filtered=report.filtered,
            interruption=interruption,
        )
        outbox = {**kept, **{outcome.name: outcome.waiting for outcome in outcomes if outcome.waiting}}
        dropped = {name: count for name, count in before.dropped.items() if partial or name in names}
        dropped |= {outcome.name: outcome.dropped for outcome in outcomes}
        unannounced = {name: count for name, count in dropped.items() if count}
        started = {name: starts for name, starts in before.started.items() if partial or name in names}
        started |= _started(names, outcomes, report, before)
        return Delivery(
            outbox=outbox,
            dropped=unannounced,
            started={name: starts for name, starts in started.items() if starts},
            sinks=outcomes,
        )

    return run


def _started(
    names: Iterable[str], outcomes: Iterable[SinkOutcome], report: RunReport, before: State
) -> dict[str, tuple[str, ...]]:
    """Return, by sink, the incidents that are open and of which it received an event."""
    accepted = {outcome.name: outcome.accepted for outcome in outcomes}
    events = (*report.events, *report.filtered)
    return {
        name: started_after(before.started.get(name, ()), accepted.get(name, ()), events, report.state.pages)
        for name in names
    }


def _renewals(
    sinks: Sequence[ConnectedSink], report: RunReport, pages: Sequence[Page], mutes: Sequence[Mute]
) -> "Renewals | None":
    if not any(sink.renew for sink in sinks):
        return None
    from statuswatch.delivery.renewal import find_renewals  # only for the few sinks that need it

    return find_renewals(report.state, pages, mutes, report.detected_at)


def rehearse(
    configs: Sequence[SinkConfig], env: Mapping[str, str], mutes: Sequence[Mute] = ()
) -> Callable[[RunReport, State], Delivery]:
    """Return how a dry run lists what each sink would be sent, and which secrets it would need. It reads none."""
    needed = {config.name: _unset_variables(config, env) for config in configs}

    def run(report: RunReport, before: State) -> Delivery:
        agendas = plan_sinks(
            configs,
            report.events,
            before.outbox,
            report.detected_at,
            mutes=mutes,
            records=Records(before.pages, report.state.pages),
            started=before.started,
            filtered=report.filtered,
        )
        return Delivery(
            outbox=before.outbox,
            dropped=before.dropped,
            started=before.started,
            due={name: agenda.due for name, agenda in agendas.items() if agenda.due},
            needed={name: variables for name, variables in needed.items() if variables},
        )

    return run


def _unset_variables(config: SinkConfig, env: Mapping[str, str]) -> tuple[str, ...]:
    """Return the variables that a sink needs and that are not set; one that may be the secret itself is not named."""
    variables = config.options.variables() if isinstance(config.options, Options) else ()
    return tuple(_shown(variable) for variable in variables if not env.get(variable, "").strip())


def _shown(variable: str) -> str:
    return f"${variable}" if _VARIABLE.fullmatch(variable) else "the environment variable that it names"


def retry_pause(error: Exception) -> bool | float:
    """Return whether another attempt in this run makes sense; in seconds where the receiver asks for a pause."""
    if not isinstance(error, SinkError) or error.final:
        return False
    if error.retry_after is None:
        return True
    return error.retry_after if error.retry_after <= MAX_PAUSE else False


def _connect(config: SinkConfig, env: Mapping[str, str]) -> ConnectedSink:
    values: list[str] = []

    def read_secret(variable: str, *, public: bool = False) -> str:
        value = env.get(variable, "").strip()
        if not value:
            raise SecretError(f"{_shown(variable)} is not set, or is empty")
        if not public:
            values.append(value)
        return value

    sink = SINKS[config.sink]
    digest_above = sink.DIGEST_ABOVE if config.digest_above is None else config.digest_above
    broken = ""
    send: Send = _send_nothing
    renew: Renew | None = None
    try:
        send = sink.configure(config.options, read_secret)  # reads the secrets that are masked from here on
        renew = sink.configure_renewal(config.options, read_secret) if isinstance(sink, RenewingSink) else None
    except SecretError as error:
        broken = f"cannot deliver: {error}"
    return ConnectedSink(config, send, digest_above, (*spellings(values), *proxy_secrets()), broken, renew)


async def _send_nothing(_client: SinkClient, _notification: Notification) -> None:
    raise SinkError("the sink cannot deliver", ends_turn=True)


def _run_turns(turns: Sequence[_Turn], interruption: Interruption = NEVER) -> tuple[SinkOutcome, ...]:
    """Run the turns of all sinks at the same time."""
    if not turns:
        return ()

    async def run_all() -> list[SinkOutcome]:
        trust = trust_store()
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_run_turn(turn, trust, interruption)) for turn in turns]
        return [task.result() for task in tasks]

    with asyncio.Runner(loop_factory=Loop) as runner:
        return tuple(runner.run(run_all()))


async def _run_turn(whole: _Turn, trust: ssl.SSLContext, interruption: Interruption) -> SinkOutcome:
    sink, turn, open_alerts = whole
    if sink.broken:
        turn.break_off(sink.broken)
        return turn.outcome(sink.config.name)
    try:
        async with interruption.timeout(MAX_SECONDS), open_sink_client(trust) as client:
            while notification := turn.next_notification():
                await _deliver_one(sink, turn, client, notification)
            if open_alerts and sink.renew and not turn.is_over:
                await _renew(sink, turn, partial(sink.renew, client, open_alerts))
    except TimeoutError:
        turn.fail("interrupted" if interruption.requested else f"not finished within {MAX_SECONDS:g} s")
    except RequestError as error:
        turn.fail(str(error))
    except (OSError, RuntimeError) as error:  # while closing connections: what was accepted stays accepted
        turn.fail(str(_internal_error(error, sink)))
    return turn.outcome(sink.config.name)


async def _deliver_one(sink: ConnectedSink, turn: SinkTurn, client: SinkClient, notification: Notification) -> None:
    try:
        remark = await _with_retries(sink, lambda: sink.send(client, notification))
    except SinkError as error:
        turn.reject(notification, error)
    else:
        turn.accept(notification, remark)


async def _renew(sink: ConnectedSink, turn: SinkTurn, renew: Callable[[], Awaitable[None]]) -> None:
    """Send again what is open. A fault loses no event: it is a remark, and the next run sends it again."""
    try:
        await _with_retries(sink, renew)
    except SinkError as error:
        turn.remark(f"what is open could not be sent again: {error}; retried on the next run")


async def _with_retries(sink: ConnectedSink, send: Callable[[], Awaitable[str | None]]) -> str:
    """Send, again after a fault that may pass, and return the sink's remark. Raises only SinkError.

    Secrets are masked in both.
    """
    import stamina  # only where there is something to send
    import stamina.instrumentation

    stamina.instrumentation.set_on_retry_hooks([])  # they would log the notification and the address
    remark: str | None = None
    try:
        async for attempt in stamina.retry_context(
            on=retry_pause, attempts=MAX_ATTEMPTS, timeout=MAX_SECONDS, wait_initial=0.3, wait_jitter=0.3
        ):
            with attempt:
                remark = await send()
    except SinkError as error:
        raise error.with_reason(mask(str(error), sink.secrets)) from None
    except Exception as error:  # noqa: BLE001 - the sink's boundary: its fault must not cost another sink, nor the state
        raise _internal_error(error, sink) from None
    return mask(remark or "", sink.secrets)


def _internal_error(error: Exception, sink: ConnectedSink) -> SinkError:
    cause = mask(f"{type(error).__name__}: {error}", sink.secrets)
    return SinkError(f"an internal error of statuswatch, {cause}: please report it", final=True)


def example_event(now: datetime) -> Event:
    """Return a marked event of an incident that is over."""
    moment = now.replace(microsecond=0)
    key = f"test-{moment:%Y%m%dT%H%M%SZ}"
    body = "This is an example, sent by `statuswatch notify test`. Nothing happened."
    updates = (IncidentUpdate(key, "resolved", body, moment, moment),)
    incident = Incident(
        id=key,
        title="TEST: an example of an event",
        status="resolved",
        impact=Impact.NONE,
        url="https://example.com/",
        created_at=moment,
        position=moment,
        components=(Component("Example"),),
        source_quality=STATED_BY_VENDOR,
        updates=updates,
    )
    return Event(
        id=event_id("test", incident.id, EventKind.RESOLVED, moment),
        kind=EventKind.RESOLVED,
        changes=(Change.STATUS,),
        page=Page(key="test", name="TEST", url="https://example.com"),
        incident=incident,
        updates=updates,
        peak_impact=Impact.NONE,
        all_components=incident.components,
    )


def beginning_of(example: Event) -> Event:
    """Return the beginning of the example's incident."""
    (update,) = example.updates
    opened = (msgspec.structs.replace(update, id=f"{update.id}-new", status="investigating"),)
    incident = msgspec.structs.replace(example.incident, status="investigating", updates=opened)
    return msgspec.structs.replace(
        example,
        id=event_id("test", incident.id, EventKind.NEW, incident.created_at),
        kind=EventKind.NEW,
        changes=(),
        incident=incident,
        updates=opened,
    )
