"""The laws of delivery (contract, section 7), held against every sink of the registry on a real loopback server."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import httpx
import msgspec
import pytest

from statuswatch import pipeline
from statuswatch.config.load import load_config
from statuswatch.delivery import deliver as delivery_stage
from statuswatch.delivery.deliver import MAX_ATTEMPTS, deliver, deliver_report
from statuswatch.errors import UsageError
from statuswatch.net import http
from statuswatch.net.response import Response
from statuswatch.net.threads import run_in_daemon_thread
from statuswatch.net.trust import trust_store
from statuswatch.sinks import SINKS, SinkError
from statuswatch.sinks.http import is_accepted, rejection
from tests.support.fake_receiver import SECRET, FakeReceiver, drip, hang, reset
from tests.support.fake_vendor import FakeVendor, statuspage
from tests.support.fake_vendor import incident as listed_incident
from tests.support.hostile_text import json_strings
from tests.support.loopback_server import Reply
from tests.support.sending import NOW, connected, function_sink, new_deliveries, send
from tests.support.sink_samples import (
    HTTP_SINKS,
    REACHED_BY_HTTP,
    READS_RESPONSES,
    SAMPLES,
    SECRET_PARTS,
    environment,
    options,
    service,
    variables,
)

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from pathlib import Path

    from statuswatch.model.event import Notification, PendingDelivery
    from statuswatch.model.report import SinkOutcome


PASSING: Final = {408, 425, 429, *range(500, 600)}
USUAL: Final = {200, 201, 202, 204, 299, *range(300, 309), *range(400, 430), 451, 499, 500, 502, 503, 504, 529, 599}
SOME: Final = {200, 202, 204, 299, 302, 307, 400, 403, 404, 408, 410, 413, 425, 429, 451, 500, 503, 599}
ONE: Final = new_deliveries(1)
FOR_PEOPLE: Final = [name for name in HTTP_SINKS if SINKS[name].DIGEST_ABOVE]
HOSTILE: Final = "🔥 <@U1> @everyone @here [x](https://evil.example) https://evil.example"

on_every_sink = pytest.mark.parametrize("sink", HTTP_SINKS)


@pytest.fixture(autouse=True)
def _one_trust_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """The certificate authorities are loaded once: these tests are about what is sent."""
    monkeypatch.setattr(delivery_stage, "trust_store", cache(trust_store))


@pytest.fixture
def little_time(monkeypatch: pytest.MonkeyPatch, no_pauses: None) -> None:
    """There is less time than usual."""
    monkeypatch.setattr(delivery_stage, "MAX_SECONDS", 0.5)
    monkeypatch.setattr(http, "MAX_SINK_BODY_SECONDS", 0.2)


def send_to(
    receiver: FakeReceiver, sink: str, *due: PendingDelivery, sink_options: dict[str, Any] | None = None
) -> SinkOutcome:
    """Send these through the sink to a receiver."""
    return send(sink, options(sink, receiver.url, **(sink_options or {})), environment(sink, receiver.url), *due)


def repeats_a_secret(text: str) -> bool:
    return any(part in text for part in SECRET_PARTS)


def test_every_sink_has_a_sample() -> None:
    """A new sink is held to the laws of this file."""
    assert list(SAMPLES) == list(SINKS)


# ---- what a response means


@on_every_sink
@pytest.mark.parametrize("hundred", [200, 300, 400, 500])
@pytest.mark.usefixtures("no_pauses")
def test_every_status_is_accepted_or_passes_or_is_final(sink: str, hundred: int) -> None:
    """7: 2xx is accepted; 408, 425, 429 and 5xx are retried, and then wait; anything else is sent once, and waits as
    finally rejected.
    """
    statuses = (USUAL if sink == "webhook" else SOME) & set(range(hundred, hundred + 100))  # the others share its code
    if sink in READS_RESPONSES:  # not every 2xx is a response of its service
        statuses -= set(range(200, 300))
    with service(sink) as receiver:
        for status in sorted(statuses):
            attempts = MAX_ATTEMPTS if status in PASSING else 1
            receiver.replies = [status] * attempts
            receiver.requests.clear()
            outcome = send_to(receiver, sink, *ONE)
            if status < 300:
                assert (outcome.sent, outcome.waiting, outcome.remarks) == (1, (), ()), status
                continue
            (kept,) = outcome.waiting
            assert outcome.sent == 0 and kept.event == ONE[0].event and kept.reason.startswith(f"HTTP {status}")
            assert kept.since == (None if status in PASSING else NOW), status
            if not (sink in READS_RESPONSES and status == 429):  # it may know better how long to wait
                assert len(receiver.requests) == attempts, status


def test_what_every_status_means() -> None:
    """7: so it is with every other status: sinks share what a response means."""
    for status in range(200, 600):
        response = Response(status, {"retry-after": "7"}, b"busy")
        assert is_accepted(response) == (status < 300)
        if status >= 300:
            error = rejection(response)
            assert (str(error), error.final) == (f"HTTP {status}: busy", status not in PASSING)
            assert error.retry_after == (7 if status in PASSING else None)


@on_every_sink
@pytest.mark.usefixtures("no_pauses")
def test_a_fault_that_passes_within_the_run(sink: str) -> None:
    """What is accepted at a later attempt is delivered, and the attempts before are not reported."""
    for status in sorted(PASSING)[::20]:
        with service(sink, status, status) as receiver:
            outcome = send_to(receiver, sink, *ONE)
        assert (outcome.sent, outcome.waiting, outcome.remarks) == (1, (), ())


@pytest.mark.parametrize("sink", ["webhook", "github-issues"])  # the second reads headers of its own
@pytest.mark.parametrize(("seconds", "delivered"), [("0", True), ("1", True), ("3600", False), ("inf", False)])
@pytest.mark.usefixtures("no_pauses")
def test_a_pause_that_the_receiver_asks_for(sink: str, seconds: str, *, delivered: bool) -> None:
    """`Retry-After` is honoured where it is short; a long one is not waited for in the run: the event waits."""
    with service(sink, Reply(429, {"Retry-After": seconds}, b"busy")) as receiver:
        outcome = send_to(receiver, sink, *ONE)
    assert len(outcome.waiting) == (not delivered)
    assert delivered or len(receiver.requests) == 1


@on_every_sink
@pytest.mark.parametrize("fault", [hang, reset, drip(b"HTTP/1.1 200 OK\r\nX: ")], ids=["hang", "reset", "drip"])
@pytest.mark.usefixtures("little_time")
def test_no_response_costs_a_bounded_time(sink: str, fault: Callable[[socket.socket], None]) -> None:
    """A receiver that hangs, resets or drips is left alone in this run after the deadline, and retried in the next."""
    with service(sink, *[fault] * MAX_ATTEMPTS) as receiver:
        outcome = send_to(receiver, sink, *ONE)
    (kept,) = outcome.waiting
    assert kept.since is None and kept.reason and outcome.sent == 0


@on_every_sink
@pytest.mark.parametrize("status", [200, 404])
@pytest.mark.usefixtures("little_time")
def test_the_status_counts_however_its_response_ends(sink: str, status: int) -> None:
    """What was accepted is not sent again for a response that is cut short or never ends, nor is what was rejected."""
    if sink in READS_RESPONSES:
        pytest.skip("it reads its responses")
    dripping = drip(b"HTTP/1.1 %d Whatever\r\n\r\n" % status)
    for reply in (dripping, Reply(status, {"Content-Length": "500"}, b"cut")):
        with service(sink, reply) as receiver:
            outcome = send_to(receiver, sink, *ONE)
        assert (len(receiver.requests), outcome.sent, len(outcome.waiting)) == (1, status == 200, status != 200)


@on_every_sink
def test_a_redirect_is_not_followed(sink: str) -> None:
    """The user never configured the other address: it gets neither the secret nor the event."""
    with FakeReceiver() as other, service(sink, *[Reply(307, {"Location": other.secret_url})] * 5) as receiver:
        outcome = send_to(receiver, sink, *ONE)
        assert (len(receiver.requests), other.requests) == (1, [])
    assert outcome.waiting[0].since == NOW


@on_every_sink
def test_nothing_due_is_no_request(sink: str) -> None:
    """No event is no request, nor is one that the sink does not subscribe to."""
    with service(sink) as receiver:
        env = environment(sink, receiver.url)
        for filters, events in (({}, ()), ({"events": ["resolved"]}, (ONE[0].event,))):
            sinks = connected(sink, options(sink, receiver.url, **filters), env)
            assert deliver(sinks, events, {}, NOW) == ()
        assert receiver.requests == []


@pytest.mark.parametrize("sink", REACHED_BY_HTTP)
@pytest.mark.parametrize(
    "value",
    ["http://[{}", "no address, {}", "ftp://{}/", "http://a b/{}", "http://x\x7f/{}", "http://127.0.0.1:99999/{}"],
)
@pytest.mark.usefixtures("no_pauses")
def test_an_invalid_address_is_reported_and_never_repeated(sink: str, value: str) -> None:
    """A variable that holds something else ends the run at its start, or is a rejection; its value is in neither."""
    with service(sink) as receiver:
        env = environment(sink, receiver.url) | dict.fromkeys(variables(sink).values(), value.format(SECRET))
        try:
            outcome = send(sink, options(sink, receiver.url), env, *ONE)
        except UsageError as error:
            printed = str(error)
        else:
            printed = repr(outcome.remarks) + repr([delivery.reason for delivery in outcome.waiting])
    assert not repeats_a_secret(printed), printed
    assert "internal error" not in printed


@on_every_sink
@pytest.mark.usefixtures("no_pauses")
def test_a_response_that_repeats_the_request(sink: str) -> None:
    """Contract 7.11: its text is reported without the secret, wherever it is cut."""

    def reason_of(body: bytes) -> str:
        receiver.replies = [Reply(404, {}, body)]
        (kept,) = send_to(receiver, sink, *ONE).waiting
        return kept.reason.replace("***", "")

    step = 3 if sink == "webhook" or sink in READS_RESPONSES else 12  # the others share the code of the first
    with service(sink) as receiver:
        secret = " ".join(environment(sink, receiver.url).values())
        bodies = [f"{'x' * length} {secret} {quote(secret, safe='')} {secret}" for length in range(150, 250, step)]
        for body in [*bodies, " " * 65_500 + secret * 10]:
            reason = reason_of(body.encode())
            assert not any(part[:4] in reason for part in SECRET_PARTS), reason


# ---- what is sent


@on_every_sink
def test_a_digest_holds_every_incident(sink: str) -> None:
    """Above the limit of a sink all events are sent in fewer notifications, and none is left out."""
    with service(sink) as receiver:
        outcome = send_to(receiver, sink, *new_deliveries(40))
    sent = b"\n".join(request.body for request in receiver.requests)
    assert all(re.search(rf"Incident a{number}\b".encode(), sent) for number in range(40))
    assert outcome.waiting == ()
    if SINKS[sink].DIGEST_ABOVE:
        assert outcome.sent == 1


@pytest.mark.parametrize("sink", FOR_PEOPLE)
@pytest.mark.parametrize("count", [1, 20])
def test_vendor_text_is_words_for_people(sink: str, count: int) -> None:
    """Contract 7.10: no mention, no link that is not the incident's, no control character, and no more than the
    receiver accepts; what is left out is counted.
    """
    long = f"{HOSTILE} {'and so on 🔥 ' * 10_000}"
    due = []
    for delivery in new_deliveries(count, title=HOSTILE, components=(HOSTILE,)):
        updates = (msgspec.structs.replace(delivery.event.updates[0], body=long),)
        incident = msgspec.structs.replace(delivery.event.incident, updates=updates)
        event = msgspec.structs.replace(delivery.event, incident=incident, updates=updates)
        due.append(msgspec.structs.replace(delivery, event=event))
    with service(sink) as receiver:
        assert send_to(receiver, sink, *due).waiting == ()
    for request in receiver.requests:
        assert len(request.body) < 100_000
        with suppress(json.JSONDecodeError):
            texts = list(json_strings(request.json))
            assert all(is_plain(text) for text in texts)
            assert any("more characters" in text for text in texts) and any("🔥" in text for text in texts)


def is_plain(text: str) -> bool:
    mentions = re.search(r"@(U1|everyone|here)", text)
    visible = all(char.isprintable() or char in "\n\u2060\u200d\ufe0f" for char in text)
    return visible and not mentions and "https://evil.example" not in text


def test_a_program_has_all_of_the_text() -> None:
    """The webhook's JSON leaves nothing out, and each id fits a header whatever a vendor calls an incident."""
    long = f"{HOSTILE} {'and so on 🔥 ' * 10_000}"
    (delivery,) = new_deliveries(1)
    updates = (msgspec.structs.replace(delivery.event.updates[0], body=long),)
    event = msgspec.structs.replace(delivery.event, id="acme/störung 7/new/0", updates=updates)
    with service("webhook") as receiver:
        assert send_to(receiver, "webhook", msgspec.structs.replace(delivery, event=event)).sent == 1
    (request,) = receiver.requests
    assert request.json["updates"][0]["body"] == long
    assert (request.json["id"], request.headers["Idempotency-Key"]) == (event.id, "acme/st%C3%B6rung%207/new/0")


# ---- what a sink's fault costs


def test_a_passing_fault_ends_the_turn_of_its_sink() -> None:
    """Contract 7.4: nothing is sent after a passing fault, so that the events of one sink stay in order; other sinks
    go on.
    """
    due = new_deliveries(6)
    received: list[str] = []
    complete: list[str] = []

    def fail_once(notification: Notification) -> None:
        received.append(notification.id)
        if len(received) == 4:
            raise SinkError("HTTP 429", retry_after=100)

    sinks = [
        function_sink(fail_once, name="failing"),
        function_sink(lambda sent: complete.append(sent.id), name="sound"),
    ]
    failing, sound = deliver(sinks, [delivery.event for delivery in due], {}, NOW)
    keys = [delivery.event.id for delivery in due]
    assert received == keys[:4] and complete == keys
    assert (failing.sent, [delivery.event.id for delivery in failing.waiting]) == (3, keys[3:])
    assert (sound.sent, sound.waiting) == (6, ())


def test_an_unusable_proxy_is_a_rejection(monkeypatch: pytest.MonkeyPatch) -> None:
    """Delivery never raises: not even where no client can be made."""
    monkeypatch.setenv("ALL_PROXY", f"nonsense://{SECRET}")
    (outcome,) = deliver([function_sink(lambda _: None)], (ONE[0].event,), {}, NOW)
    assert len(outcome.waiting) == 1 and "proxy" in outcome.remarks[0] and SECRET not in repr(outcome.remarks)


@pytest.mark.parametrize("error", [KeyError(SECRET), TimeoutError(), RecursionError(), ExceptionGroup("", [OSError()])])
def test_a_sink_that_fails_stops_neither_another_nor_the_save(tmp_path: Path, error: Exception) -> None:
    """Contract 7.2: whatever a sink raises, the others are sent to and the state is saved, with what it did not
    accept.
    """

    def fail(_: Notification) -> None:
        raise error

    received: list[Notification] = []
    sinks = [
        function_sink(fail, name="broken", secrets=SECRET_PARTS),
        function_sink(received.append, name="sound"),
    ]
    with FakeVendor() as vendor:
        path = tmp_path / "statuswatch.toml"
        path.write_text(f'[page.acme]\nurl = "{vendor.url}/acme"\nplatform = "statuspage"\n')
        vendor.put(statuspage("/acme", [listed_incident("a1", "investigating")]))
        run = pipeline.run_of(load_config(path, {}, tmp_path), announce_open=True)
        report = pipeline.check(run, NOW, lambda _: None, deliver_report(sinks, partial=False))
    saved = json.loads((tmp_path / "state.json").read_bytes())
    assert [len(notification.deliveries) for notification in received] == [1] and list(saved["pages"]) == ["acme"]
    assert [waiting["event"]["id"] for waiting in saved["waiting"]["broken"]] == [report.events[0].id]
    assert list(saved["waiting"]) == ["broken"]
    assert not repeats_a_secret((tmp_path / "state.json").read_text())


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit(), StopIteration(), OSError()])
def test_an_error_on_a_thread_costs_its_own_sink_only(error: BaseException) -> None:
    """7: not even what would end a program ends the run, nor does anybody wait for what cannot be handed over."""

    def work() -> None:
        raise error

    async def fail(_: object, notification: Notification) -> None:
        await run_in_daemon_thread(work)

    received: list[Notification] = []
    broken = msgspec.structs.replace(function_sink(received.append, name="broken"), send=fail)
    failed, sound = deliver([broken, function_sink(received.append, name="sound")], (ONE[0].event,), {}, NOW)
    assert len(received) == sound.sent == 1
    assert failed.sent == 0 and type(error).__name__ in failed.waiting[0].reason


def test_a_connection_that_cannot_be_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """7: delivery never raises: what was accepted before stays accepted."""

    async def fail(*_: object) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(httpx.AsyncClient, "__aexit__", fail)
    sink = function_sink(lambda _: None, secrets=SECRET_PARTS)
    (outcome,) = deliver([sink], (ONE[0].event,), {}, NOW)
    assert (outcome.sent, outcome.waiting) == (1, ())
    assert "RuntimeError" in outcome.remarks[0] and not repeats_a_secret(repr(outcome))
