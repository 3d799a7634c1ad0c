"""The laws of delivery (contract, section 7), asked of every sink of the registry on a real server on the loopback."""

from __future__ import annotations

import json
import re
import socket
import struct
import time
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import httpx
import msgspec
import pytest
import stamina

from statuswatch import pipeline
from statuswatch.config.load import load_config
from statuswatch.config.schema import SinkConfig
from statuswatch.delivery import deliver
from statuswatch.delivery.deliver import ATTEMPTS, MAX_REFUSED, MAX_WAITING, ConnectedSink, deliver
from statuswatch.errors import UsageError
from statuswatch.net.threads import run_in_daemon_thread
from statuswatch.net.trust import trust_store
from statuswatch.sinks import SINKS, SinkError, http
from statuswatch.state import decode
from tests.support.fake_receiver import SECRET, FakeReceiver
from tests.support.fake_vendor import FakeVendor, statuspage
from tests.support.fake_vendor import incident as listed
from tests.support.sending import NOW, configured, ended, notices, send
from tests.support.sink_samples import (
    HTTP_SINKS,
    PARTS,
    REACHED,
    READS_ANSWERS,
    environment,
    options,
    service,
    variables,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from statuswatch.model.event import Notification, PendingDelivery
    from statuswatch.model.report import SinkOutcome


PASSING: Final = {408, 425, 429, *range(500, 600)}
USUAL: Final = {200, 201, 202, 204, 299, *range(300, 309), *range(400, 430), 451, 499, 500, 502, 503, 504, 529, 599}
ONE: Final = notices(1)
PEOPLE: Final = [name for name in HTTP_SINKS if SINKS[name].DIGEST_ABOVE]

on_every_sink = pytest.mark.parametrize("sink", HTTP_SINKS)


@pytest.fixture(autouse=True)
def one_trust(monkeypatch: pytest.MonkeyPatch) -> None:
    """The authorities are loaded once: this is about what is sent."""
    trust = trust_store()
    monkeypatch.setattr(fetch, "trusted", lambda: trust)


@pytest.fixture
def at_once() -> Iterator[None]:
    """Another try comes without a pause."""
    with stamina.set_testing(True, attempts=ATTEMPTS, cap=True):
        yield


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch, at_once: None) -> None:
    """There is less time than usual."""
    monkeypatch.setattr(notify, "DEADLINE", 0.5)
    monkeypatch.setattr(http, "LONGEST_BODY", 0.2)


def tell(sink: str, receiver: FakeReceiver, *due: PendingDelivery, **how: Any) -> SinkOutcome:
    more = how.pop("options", {})
    address = receiver.address
    return send(sink, options(sink, address, **more), environment(sink, address), *due, **how)


def channel(sent: Callable[[Notification], None], name: str = "fake", **words: Any) -> ConnectedSink:
    """A sink that gives its messages to a function."""

    async def send(_: object, message: Notification) -> None:
        sent(message)

    above = words.pop("digest_above", 0)
    return ConnectedSink(SinkConfig(sink="webhook", name=name, where="here", options=None, **words), send, above, PARTS)


def through(*due: PendingDelivery, to: Callable[[Notification], None], now: Any = NOW, **words: Any) -> SinkOutcome:
    (outcome,) = deliver([channel(to, **words)], (), {"fake": due}, now)
    return outcome


def refuses(*, final: bool) -> Callable[[Notification], None]:
    def sent(_: Notification) -> None:
        raise SinkError("no", final=final)

    return sent


# ---- what an answer means


@on_every_sink
@pytest.mark.parametrize("hundred", [200, 300, 400, 500])
def test_every_status_is_taken_or_passes_or_is_final(sink: str, hundred: int, at_once: None) -> None:
    """7: 2xx is taken; 408, 425, 429 and 5xx are asked again, and then kept; anything else is asked once, and kept as
    refused for good.
    """
    with service(sink) as receiver:
        for status in range(hundred, hundred + 100):
            if sink != "webhook" and status not in USUAL:
                continue  # they share the code that reads a status
            if sink in READS_ANSWERS and status < 300:
                break
            receiver.answers = [status] * (ATTEMPTS if status in PASSING else 1)
            receiver.got.clear()
            outcome = tell(sink, receiver, *ONE)
            if status < 300:
                assert (outcome.sent, outcome.waiting, outcome.remarks) == (1, (), ()), status
                continue
            (kept,) = outcome.waiting
            assert outcome.sent == 0 and kept.event == ONE[0].event and kept.reason.startswith(f"HTTP {status}")
            assert kept.since == (None if status in PASSING else NOW), status
            if not (sink in READS_ANSWERS and status == 429):  # it may know better for how long
                assert len(receiver.got) == (ATTEMPTS if status in PASSING else 1), status


@on_every_sink
def test_a_fault_that_passes_within_the_run(sink: str, at_once: None) -> None:
    """What is taken at a later try was taken, and nothing is said of the tries."""
    for status in sorted(PASSING)[::20]:
        with service(sink, status, status) as receiver:
            outcome = tell(sink, receiver, *ONE)
        assert (outcome.sent, outcome.waiting, outcome.remarks) == (1, (), ())


@pytest.mark.parametrize("sink", ["webhook", "github-issues"])  # the second reads headers of its own
@pytest.mark.parametrize(("wanted", "tries", "least"), [("0", 3, 0), ("1", 2, 1), ("3600", 1, 0), ("inf", 1, 0)])
def test_a_pause_that_is_asked_for(sink: str, wanted: str, tries: int, least: float) -> None:
    """`Retry-After` is honoured where it is short; nobody waits for a long one in the run: the event is kept."""
    busy = (429, {"Retry-After": wanted}, b"busy")
    with service(sink, *[busy] * (tries if tries == 1 else tries - 1)) as receiver:
        begun = time.monotonic()
        outcome = tell(sink, receiver, *ONE)
        lasted = time.monotonic() - begun
    assert least <= lasted < least + 10
    assert len(outcome.waiting) == (tries == 1)
    assert tries != 1 or len(receiver.got) == 1


def hang(connection: socket.socket) -> None:
    """Says nothing until the other side goes away."""
    with suppress(OSError):
        connection.recv(1)


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def drip(beginning: bytes) -> Callable[[socket.socket], None]:
    """A byte, and another, and no end."""

    def dripping(connection: socket.socket) -> None:
        connection.settimeout(0.02)
        with suppress(OSError):
            connection.sendall(beginning)
            while True:
                connection.sendall(b"x")
                with suppress(TimeoutError):
                    if not connection.recv(1):
                        return

    return dripping


@on_every_sink
@pytest.mark.parametrize("fault", [hang, reset, drip(b"HTTP/1.1 200 OK\r\nX: ")], ids=["hang", "reset", "drip"])
def test_no_answer_costs_a_bounded_time(sink: str, fault: Callable[[socket.socket], None], hurried: None) -> None:
    """A receiver that hangs, resets or drips is given up for this run within the deadline, and asked again in the
    next.
    """
    with service(sink, *[fault] * ATTEMPTS) as receiver:
        begun = time.monotonic()
        outcome = tell(sink, receiver, *ONE)
        assert time.monotonic() - begun < 5
    (kept,) = outcome.waiting
    assert kept.since is None and kept.reason and outcome.sent == 0


@on_every_sink
@pytest.mark.parametrize("status", [200, 404])
def test_the_status_counts_however_its_answer_ends(sink: str, status: int, hurried: None) -> None:
    """What was taken is not sent again for an answer that is cut short or never ends, nor is what was refused."""
    if sink in READS_ANSWERS:
        pytest.skip("it reads what it is answered")
    dripping = drip(b"HTTP/1.1 %d Whatever\r\n\r\n" % status)
    for answer in (dripping, (status, {"Content-Length": "500"}, b"cut")):
        with service(sink, answer) as receiver:
            outcome = tell(sink, receiver, *ONE)
        assert (len(receiver.got), outcome.sent, len(outcome.waiting)) == (1, status == 200, status != 200)


@on_every_sink
def test_a_redirect_is_not_followed(sink: str) -> None:
    """Nobody said that the other address may have the secret, nor what is told."""
    with FakeReceiver() as other, service(sink, *[(307, {"Location": f"{other.url}"}, b"")] * 5) as receiver:
        outcome = tell(sink, receiver, *ONE)
        assert (len(receiver.got), other.got) == (1, [])
    assert outcome.waiting[0].since == NOW


@on_every_sink
def test_nothing_to_tell_is_no_request(sink: str) -> None:
    """No event, no request; an event that the sink does not want is none for it."""
    with service(sink) as receiver:
        env = environment(sink, receiver.address)
        for words, events in (({}, ()), ({"events": ["resolved"]}, (ONE[0].event,))):
            channels = configured(sink, options(sink, receiver.address, **words), env)
            assert deliver(channels, events, {}, NOW) == ()
        assert receiver.got == []


@pytest.mark.parametrize("sink", REACHED)
@pytest.mark.parametrize(
    "value",
    ["http://[{}", "no address, {}", "ftp://{}/", "http://a b/{}", "http://x\x7f/{}", "http://127.0.0.1:99999/{}"],
)
def test_what_is_no_address_is_said_so_and_never_repeated(sink: str, value: str, at_once: None) -> None:
    """A variable that holds something else ends the run at its start, or is a refusal; its value is not in either."""
    with service(sink) as receiver:
        env = environment(sink, receiver.address) | dict.fromkeys(variables(sink).values(), value.format(SECRET))
        try:
            outcome = send(sink, options(sink, receiver.address), env, *ONE)
        except UsageError as error:
            said = str(error)
        else:
            said = repr(outcome.remarks) + repr([it.reason for it in outcome.waiting])
    assert not any(part in said for part in PARTS), said
    assert "please report this" not in said


@on_every_sink
def test_what_a_receiver_says_back_holds_no_secret(sink: str, at_once: None) -> None:
    """An answer that repeats the request is repeated without the secret, wherever it is cut."""
    with service(sink) as receiver:
        held = " ".join(environment(sink, receiver.address).values())
        for length in range(150, 250, 3):
            receiver.answers = [(404, {}, f"{'x' * length} {held} {quote(held, safe='')} {held}".encode())]
            (kept,) = tell(sink, receiver, *ONE).waiting
            left = kept.reason.replace("***", "")
            assert not any(part[:4] in left for part in PARTS), kept.reason
        receiver.answers = [(404, {}, b" " * 65_500 + held.encode() * 10)]
        (kept,) = tell(sink, receiver, *ONE).waiting
        assert not any(part[:4] in kept.reason for part in PARTS), kept.reason


# ---- what is sent


@on_every_sink
def test_a_digest_holds_every_incident(sink: str) -> None:
    """Above the limit of a sink all events are told in fewer messages, and none is left out."""
    with service(sink) as receiver:
        outcome = tell(sink, receiver, *notices(40))
    told = b"\n".join(got.body for got in receiver.got)
    assert all(re.search(rf"Incident a{number}\b".encode(), told) for number in range(40))
    assert outcome.waiting == ()
    if SINKS[sink].DIGEST_ABOVE:
        assert outcome.sent == 1


@pytest.mark.parametrize("above", [0, 11, 12])
def test_the_limit_can_be_set(above: int) -> None:
    """`digest_above`: more events than that are one message; 0 is no limit."""
    sizes = []
    through(*notices(12), to=lambda message: sizes.append(len(message.deliveries)), digest_above=above)
    assert sizes == ([12] if above == 11 else [1] * 12)


def test_a_large_digest_is_told_in_parts() -> None:
    """4: what a receiver that wants a pause took of many events is not sent again, and the rest waits in order."""
    due = notices(250)
    sizes: list[int] = []

    def sent(message: Notification) -> None:
        if len(sizes) == 2:
            raise SinkError("no", retry_after=100)
        sizes.append(len(message.deliveries))

    outcome = through(*due, to=sent, digest_above=10)
    assert (sizes, outcome.sent) == ([100, 100], 2)
    assert [it.event for it in outcome.waiting] == [it.event for it in due[200:]]


def strings(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for it in value:
                yield from strings(it)
        case dict():
            for it in value.values():
                yield from strings(it)


HOSTILE: Final = "🔥 <@U1> @everyone @here [x](https://evil.example) https://evil.example"


@pytest.mark.parametrize("sink", PEOPLE)
@pytest.mark.parametrize("count", [1, 20])
def test_vendor_text_is_inert_for_people(sink: str, count: int) -> None:
    """7: no mention, no link that is not the incident's, no control character, and no more than the receiver takes;
    what is left out is counted.
    """
    long = f"{HOSTILE} {'and so on 🔥 ' * 10_000}"
    due = []
    for notice in notices(count, title=HOSTILE, components=(HOSTILE,)):
        updates = (msgspec.structs.replace(notice.event.updates[0], body=long),)
        it = msgspec.structs.replace(notice.event.incident, updates=updates)
        event = msgspec.structs.replace(notice.event, incident=it, updates=updates)
        due.append(msgspec.structs.replace(notice, event=event))
    with service(sink) as receiver:
        outcome = tell(sink, receiver, *due)
    assert outcome.waiting == ()
    for got in receiver.got:
        assert len(got.body) < 100_000
        with suppress(json.JSONDecodeError):
            shown = list(strings(got.json))
            for text in shown:
                assert not re.search(r"@(U1|everyone|here)", text), text
                assert "https://evil.example" not in text
                assert all(char.isprintable() or char in "\n\u2060\u200d\ufe0f" for char in text)
            assert any("more characters" in text for text in shown) and any("🔥" in text for text in shown)


def test_a_program_has_all_of_the_text() -> None:
    """The webhook's JSON leaves nothing out, and each id fits a header whatever a vendor calls an incident."""
    long = f"{HOSTILE} {'and so on 🔥 ' * 10_000}"
    (notice,) = notices(1)
    updates = (msgspec.structs.replace(notice.event.updates[0], body=long),)
    event = msgspec.structs.replace(notice.event, id="acme/störung 7/new/0", updates=updates)
    with service("webhook") as receiver:
        assert tell("webhook", receiver, msgspec.structs.replace(notice, event=event)).sent == 1
    (got,) = receiver.got
    assert got.json["updates"][0]["body"] == long
    assert (got.json["id"], got.headers["Idempotency-Key"]) == (event.id, "acme/st%C3%B6rung%207/new/0")


# ---- order, and what is kept


def test_events_come_in_order_and_a_passing_fault_ends_the_turn() -> None:
    """The events of one sink in order: after a fault that may pass the rest waits, in order, with the reason."""
    told: list[str] = []

    def sent(message: Notification) -> None:
        if len(told) == 3:
            raise SinkError("no", retry_after=100)
        told.append(message.id)

    due = notices(6)
    outcome = through(*due, to=sent)
    assert told == [it.event.id for it in due[:3]]
    assert [it.event for it in outcome.waiting] == [it.event for it in due[3:]]
    assert {(it.since, it.reason) for it in outcome.waiting} == {(None, "no")}


def test_a_refusal_for_good_holds_up_its_own_incident_only() -> None:
    """What is refused for good keeps what else there is of the same incident, and nothing else."""
    told: list[str] = []

    def sent(message: Notification) -> None:
        if message.deliveries[0].event.incident.id == "a1":
            raise SinkError("no", final=True)
        told.append(message.id)

    due = (*notices(3), *ended(*notices(3)))
    outcome = through(*due, to=sent)
    assert told == [due[number].event.id for number in (0, 2, 3, 5)]
    assert [(it.event, it.since) for it in outcome.waiting] == [(due[1].event, NOW), (due[4].event, None)]


def test_a_refusal_for_good_is_given_up_a_day_after_it_began(at_once: None) -> None:
    """7: what is refused for good is given up, aloud, after 24 hours of refusals; an outage of the receiver before the
    first of them does not count, and alone never ends the wait.
    """
    (waiting,) = through(*ONE, to=refuses(final=False)).waiting
    (waiting,) = through(waiting, to=refuses(final=False), now=NOW + timedelta(days=9)).waiting
    first = NOW + timedelta(days=10)
    (waiting,) = through(waiting, to=refuses(final=True), now=first).waiting
    kept = through(waiting, to=refuses(final=True), now=first + timedelta(hours=23, minutes=59))
    assert kept.waiting == (waiting,) and kept.lost == ()
    gone = through(waiting, to=refuses(final=True), now=first + timedelta(hours=24))
    assert (gone.waiting, gone.lost) == ((), (waiting.event.id,))
    assert any("GIVEN UP" in remark and waiting.event.id in remark for remark in gone.remarks)


@pytest.mark.parametrize(("final", "most"), [(False, MAX_WAITING), (True, MAX_REFUSED)])
def test_the_newest_are_kept(final: bool, most: int, at_once: None) -> None:
    """7: of what was refused for good a hundred events of a sink stay, of all that waits a thousand, the newest; the
    others are named as given up.
    """
    due = notices(most + 3)
    outcome = through(*due, to=refuses(final=final))
    assert [it.event for it in outcome.waiting] == [it.event for it in due[3:]]
    assert outcome.lost == tuple(it.event.id for it in due[:3])
    assert any(all(lost in remark for lost in outcome.lost) for remark in outcome.remarks)


def test_one_event_costs_its_digest_nothing(at_once: None) -> None:
    """7: a digest that is refused for good is sent event by event before anything is given up: one may be to blame."""
    due, first = notices(12), NOW

    def picky(message: Notification) -> None:
        if any(it.event.incident.id == "a3" for it in message.deliveries):
            raise SinkError("no", final=True)

    target = channel(picky, digest_above=10)
    for hours, left in ((0, 12), (1, 12), (13, 1), (25, 0)):
        (outcome,) = deliver([target], (), {"fake": due}, first + timedelta(hours=hours))
        due = outcome.waiting
        assert len(due) == left
    assert outcome.lost == (notices(12)[3].event.id,)


def test_what_waits_is_sent_first_and_nothing_twice() -> None:
    """What waits comes before what is new; an event that waits and is told again is sent once."""
    old, new = notices(2)
    told: list[str] = []
    deliver([channel(lambda message: told.append(message.id))], (old.event, new.event), {"fake": (new,)}, NOW)
    assert told == [new.event.id, old.event.id]


def test_a_proxy_that_cannot_be_used_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Delivery never raises: not even where no client can be made."""
    monkeypatch.setenv("ALL_PROXY", f"nonsense://{SECRET}")
    outcome = through(*ONE, to=lambda _: None)
    assert len(outcome.waiting) == 1 and "proxy" in outcome.remarks[0] and SECRET not in repr(outcome.remarks)


@pytest.mark.parametrize("error", [KeyError(SECRET), TimeoutError(), RecursionError(), ExceptionGroup("", [OSError()])])
def test_a_sink_that_fails_stops_neither_another_nor_the_memory(tmp_path: Path, error: Exception) -> None:
    """7: whatever a sink raises, the others are told and the run is saved, with what it did not take."""

    def broken(_: Notification) -> None:
        raise error

    told: list[Notification] = []
    with FakeVendor() as site:
        (tmp_path / "statuswatch.toml").write_text(f'[page.acme]\nurl = "{site.url}/acme"\nplatform = "statuspage"\n')
        config = load_config(tmp_path / "statuswatch.toml", {}, tmp_path)
        site.put(statuspage("/acme", [listed("a1", "investigating")]))
        channels = [channel(broken, "broken"), channel(told.append, "sound")]
        report = pipeline.check(config, NOW, lambda _: None, announce_open=True, channels=channels)
    pages, waiting = decode((tmp_path / "state.json").read_bytes(), "state.json")
    assert [len(it.deliveries) for it in told] == [1] and list(pages) == ["acme"]
    assert list(waiting) == ["broken"] and waiting["broken"][0].event == report.events[0]
    assert not any(part.encode() in (tmp_path / "state.json").read_bytes() for part in PARTS)


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit(), StopIteration(), OSError()])
def test_what_a_library_raises_on_its_thread_costs_its_own_sink_only(error: BaseException) -> None:
    """7: not even what would end a program ends the run, nor does anybody wait for what cannot be handed over."""

    def work() -> None:
        raise error

    async def broken(_: object, message: Notification) -> None:
        await run_in_daemon_thread(work)

    sound: list[Notification] = []
    channels = [msgspec.structs.replace(channel(sound.append, "broken"), send=broken), channel(sound.append, "sound")]
    failed, other = deliver(channels, (ONE[0].event,), {}, NOW)
    assert len(sound) == other.sent == 1
    assert failed.sent == 0 and type(error).__name__ in failed.waiting[0].reason


def test_a_connection_that_cannot_be_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """7: delivery never raises: what was taken before was taken."""

    async def broken(*_: object) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(httpx.AsyncClient, "__aexit__", broken)
    outcome = through(*ONE, to=lambda _: None)
    assert (outcome.sent, outcome.waiting) == (1, ())
    assert "RuntimeError" in outcome.remarks[0] and not any(part in repr(outcome) for part in PARTS)
