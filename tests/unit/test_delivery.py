"""Sinks as the user of the command meets them: the configuration, what is sent, what waits, and how a run ends."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import pytest

from statuswatch.state import decode, encode
from tests.support.fake_receiver import SECRET, FakeReceiver
from tests.support.fake_vendor import incident
from tests.support.loopback_server import Reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.workspace import Completed, Workspace

HOOK: Final = '[[notify]]\nsink = "webhook"\nname = "{}"\nurl_env = "{}"\n'
A0: Final = incident("a0", "investigating")


@pytest.fixture
def receiver() -> Iterator[FakeReceiver]:
    with FakeReceiver() as receiver:
        yield receiver


@pytest.fixture
def other() -> Iterator[FakeReceiver]:
    """The receiver of a second sink."""
    with FakeReceiver() as receiver:
        yield receiver


def configure_hook(workspace: Workspace, *tables: str, name: str = "hook", variable: str = "HOOK") -> None:
    """Configure a webhook, and what else stands in the file."""
    workspace.watch("acme", top="\n".join([HOOK.format(name, variable), *tables]))


def configure_two(workspace: Workspace, receiver: FakeReceiver, other: FakeReceiver) -> dict[str, str]:
    """Configure two webhooks, and return the variables that point them at the receivers."""
    configure_hook(workspace, HOOK.format("other", "OTHER"))
    return {"HOOK": receiver.secret_url, "OTHER": other.secret_url}


def env_of(receiver: FakeReceiver) -> dict[str, str]:
    return {"HOOK": receiver.secret_url}


def waiting(workspace: Workspace) -> dict[str, list[str]]:
    """Return the ids of what waits, by sink; the state file survives another writing of it."""
    content = workspace.state.read_bytes()
    state = decode(content, "state.json")
    assert b"".join(encode(state)) == content
    return {name: [delivery.event.id for delivery in deliveries] for name, deliveries in state.outbox.items()}


def idempotency_keys(receiver: FakeReceiver) -> list[str]:
    return [str(request.headers["Idempotency-Key"]) for request in receiver.requests]


def received_events(receiver: FakeReceiver) -> list[str]:
    events = [request.json for request in receiver.requests]
    return [f"{event['event']} {event['incident']['id']}" for event in events]


# ---- the configuration


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ('sink = "webhok"', "notify[0].sink: unknown sink 'webhok': did you mean 'webhook'?"),
        (f'sink = "https://hooks.example/{SECRET}"', "notify[0].sink: unknown sink"),
        ('url_env = "HOOK"', "notify[0]: Object missing required field `sink`"),
        ('sink = "webhook"', "notify[0]: Object missing required field `url_env`"),
        ('sink = "webhook"\nulr_env = "HOOK"', "notify[0].ulr_env: unknown option of the sink webhook: did you mean"),
        (f'sink = "webhook"\nurl = "https://{SECRET}"', "notify[0].url: unknown option of the sink webhook"),
        (f'sink = "webhook"\nurl_env = "https://x.example/{SECRET}"', "notify[0].url_env: not the name of an env"),
        ('sink = "webhook"\nurl_env = 7', "notify[0].url_env: not the name of an environment variable"),
        ('sink = "webhook"\nurl_env = "HOOK"\nevents = ["opened"]', "notify[0].events: unknown event 'opened'"),
        ('sink = "webhook"\nurl_env = "HOOK"\npages = ["acne"]', "notify[0].pages: unknown page 'acne': did you mean"),
        ('sink = "webhook"\nurl_env = "HOOK"\nmin_impact = "big"', "notify[0].min_impact: unknown impact 'big'"),
        ('sink = "webhook"\nurl_env = "HOOK"\ndigest_above = -1', "notify[0].digest_above: Expected `int` >= 0"),
        ('sink = "webhook"\nurl_env = "HOOK"\nname = "a b"', "notify[0].name: a name has up to 64 letters"),
        (
            'sink = "webhook"\nurl_env = "HOOK"\n[[notify]]\nsink = "webhook"\nurl_env = "HOOK"',
            "notify: 2 sinks are called 'webhook': give each a `name` of its own",
        ),
    ],
)
def test_a_mistake_stops_the_run_at_its_start(
    workspace: Workspace, receiver: FakeReceiver, table: str, words: str
) -> None:
    """1: exit 2, with the place and what is wrong; nothing is read, sent or written, and no secret is repeated."""
    workspace.watch("acme", top=f"[[notify]]\n{table}")
    completed = workspace.run("check", env={**env_of(receiver), "EMPTY": " "})
    assert completed.code == 2 and completed.out == "" and words in completed.err, completed
    assert not any(part in completed.err for part in SECRET.split("/"))
    assert workspace.vendor.requests == [] and receiver.requests == [] and not workspace.state.exists()


@pytest.mark.parametrize(
    ("variable", "words"),
    [
        ("NOWHERE", "cannot deliver: $NOWHERE is not set, or is empty"),
        ("EMPTY", "cannot deliver: $EMPTY is not set, or is empty"),
        ("x1x2x3x4x5x6", "cannot deliver: the environment variable that it names is not set, or is empty"),
    ],
)
def test_a_missing_secret_breaks_its_sink_only(
    workspace: Workspace, receiver: FakeReceiver, other: FakeReceiver, variable: str, words: str
) -> None:
    """Contract 7.6: the other sinks deliver; the run warns, and is exit 5 as long as something waits for the broken
    one. What waits is delivered once the secret is there.
    """
    configure_hook(workspace, HOOK.format("other", variable))
    env = {"HOOK": receiver.secret_url, "EMPTY": " "}
    completed = workspace.run("check", env=env)
    assert completed.code == 0 and f"other: {words}" in completed.err, "nothing waits yet"
    workspace.acme(incident("a1", "investigating"), A0)
    completed = workspace.run("check", env=env)
    assert completed.code == 5 and f"other: {words}; 1 event waits" in completed.err
    assert received_events(receiver) == ["new a1"] and list(waiting(workspace)) == ["other"]
    quiet = workspace.run("check", "--quiet", env=env)
    assert quiet.code == 5 and f"not every event was accepted by other ({words})" in quiet.err
    workspace.check(env={**env, variable: other.secret_url})
    assert received_events(other) == ["new a1"] and waiting(workspace) == {}


def test_a_dry_run_needs_no_secrets(workspace: Workspace, receiver: FakeReceiver) -> None:
    """Contract 7.6: it says which variables would be needed, and sends nothing."""
    configure_hook(workspace, HOOK.format("other", "x1x2x3x4x5x6"))
    completed = workspace.check("--dry-run", "--announce-open")
    assert "hook: would need $HOOK, not set in this environment\n" in completed.err
    assert "other: would need the environment variable that it names, not set" in completed.err
    assert "hook: would be sent 1 event: acme/a0/new/" in completed.err
    assert "would need $HOOK" not in workspace.check("--dry-run", env=env_of(receiver)).err
    assert receiver.requests == []


def test_an_example_through_a_broken_sink(workspace: Workspace, receiver: FakeReceiver) -> None:
    """Contract 7.6: `notify test` sends through the others, names the broken one, and is exit 5."""
    configure_hook(workspace, HOOK.format("other", "OTHER"))
    completed = workspace.run("notify", "test", env=env_of(receiver))
    assert completed.code == 5
    assert completed.out == "hook: accepted\nother: cannot deliver: $OTHER is not set, or is empty\n"
    assert len(receiver.requests) == 1


MUTE = '[[mute]]\npage = "acme"\nincident = "{}"\nuntil = 2126-12-24T01:00:00+01:00\n'


def test_a_muted_incident(workspace: Workspace, receiver: FakeReceiver) -> None:
    """Contract 7.6.2: printed as muted and not delivered, exit 0; `status` shows it, marked, and it stops a deploy.
    Once the mute is removed it is delivered.
    """
    configure_hook(workspace, MUTE.format("a1"))
    env = env_of(receiver)
    workspace.check(env=env)
    workspace.acme(incident("a1", "investigating", impact="major"), A0)
    completed = workspace.check("--format", "jsonl", env=env)
    assert json.loads(completed.out)["muted"] is True
    assert "hook: 1 event of muted incidents held\n" in completed.err
    assert receiver.requests == [] and len(waiting(workspace)["hook"]) == 1
    shown = workspace.run("status", "--fail-on", "major")
    assert shown.code == 10 and "Muted until 2126-12-24 00:00 UTC: not delivered to any sink" in shown.out
    listed = json.loads(workspace.run("status", "--format", "json").out)["incidents"]
    assert [entry["incident"].get("muted_until") for entry in listed] == ["2126-12-24T00:00:00Z", None]
    before = workspace.state.read_bytes()
    workspace.check(env=env)
    assert workspace.state.read_bytes() == before
    configure_hook(workspace)
    workspace.check(env=env)
    assert received_events(receiver) == ["new a1"] and waiting(workspace) == {}


def test_a_muted_incident_on_the_console(workspace: Workspace) -> None:
    """Contract 7.6.2: the event says that it is muted, and so does the step summary."""
    workspace.watch("acme", top=MUTE.format("a0"))
    summary = workspace.folder / "summary"
    runner = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}
    completed = workspace.check("--announce-open", env=runner)
    assert "Muted until 2126-12-24 00:00 UTC: not delivered to any sink\n" in completed.out
    assert "not delivered to any sink" in summary.read_text()
    workspace.acme(incident("a0", "investigating", "resolved"))
    assert "delivered only to a sink that received its start" in workspace.check().out


def test_an_assumed_impact(workspace: Workspace) -> None:
    """Contract 3.6: `assume_impact` is what filters and `--fail-on` take where the vendor states none; it is never
    shown.
    """
    workspace.bolt(incident("b1", "investigating", impact="unknown"))
    workspace.watch("bolt", top='assume_impact = "minor"')
    assert workspace.run("status", "--fail-on", "major").code == 0
    shown = workspace.run("status", "--fail-on", "minor")
    assert (shown.code, "UNSTATED" in shown.out) == (10, True)
    workspace.watch("bolt")
    assert workspace.run("status", "--fail-on", "critical").code == 10


def test_dropped_events_are_announced(workspace: Workspace, receiver: FakeReceiver) -> None:
    """Contract 7.4: what was given up is named, exit 5, and counted until the next delivery has announced it."""
    configure_hook(workspace)
    check_rejected(workspace, receiver, "--announce-open")
    saved = json.loads(workspace.state.read_bytes())
    saved["waiting"]["hook"][0]["since"] = (datetime.now(UTC) - timedelta(hours=25)).isoformat()
    workspace.state.write_text(json.dumps(saved))
    check_rejected(workspace, receiver)
    assert json.loads(workspace.state.read_bytes())["dropped"] == {"hook": 1}
    receiver.default = 200
    workspace.acme(incident("a1", "investigating"), A0)
    workspace.check(env=env_of(receiver))
    assert receiver.requests[-1].json["dropped"] == 1
    assert "dropped" not in json.loads(workspace.state.read_bytes())


# ---- what is sent


def test_each_sink_receives_what_its_filters_pass(
    workspace: Workspace, receiver: FakeReceiver, other: FakeReceiver
) -> None:
    """Contract 7.5: each sink receives what its filters let through, in order; the closing line has the largest
    delay.
    """
    configure_hook(workspace, 'min_impact = "major"', HOOK.format("other", "OTHER"), 'events = ["new"]')
    env = {"HOOK": receiver.secret_url, "OTHER": other.secret_url}
    workspace.check(env=env)
    started_at = datetime.now(UTC) - timedelta(minutes=125)
    a1, a2 = incident("a1", "investigating", impact="major", at=started_at), incident("a2", "investigating")
    workspace.acme(a1, a2, A0)
    completed = workspace.check(env=env)
    workspace.acme(incident("a1", "investigating", "resolved", impact="major", at=started_at), a2, A0)
    workspace.check(env=env)
    assert received_events(receiver) == ["new a1", "resolved a1"]
    assert received_events(other) == ["new a2", "new a1"]
    assert "hook: accepted 1 notification\n" in completed.err
    assert "other: accepted 2 notifications\n" in completed.err
    assert "largest delay " in completed.err


def test_the_largest_delay(workspace: Workspace) -> None:
    """5: the closing line of a run says how long after its publication the latest update was detected."""
    workspace.check()
    workspace.acme(incident("a1", "investigating", at=datetime.now(UTC) - timedelta(minutes=125)), A0)
    assert " · 1 event · 2 open · largest delay 2 h 5 min · " in workspace.check().err


def test_a_dry_run_lists_what_would_be_sent(workspace: Workspace, receiver: FakeReceiver) -> None:
    """Contract 7.6: by the events' ids, what waits included; nothing is sent or written."""
    configure_hook(workspace, 'events = ["new"]', HOOK.format("other", "HOOK"), 'events = ["resolved"]')
    completed = workspace.check("--dry-run", "--announce-open", env=env_of(receiver))
    (line,) = (line for line in completed.err.splitlines() if "would be sent" in line)
    assert line.startswith("statuswatch: hook: would be sent 1 event: acme/a0/new/")
    assert receiver.requests == [] and not workspace.state.exists()
    receiver.default = 404
    workspace.run("check", "--announce-open", env=env_of(receiver))
    before, count = workspace.state.read_bytes(), len(receiver.requests)
    assert line in workspace.check("--dry-run", env=env_of(receiver)).err
    assert workspace.state.read_bytes() == before and len(receiver.requests) == count


def test_an_example_through_each_sink(workspace: Workspace, receiver: FakeReceiver, other: FakeReceiver) -> None:
    """1: `notify test` sends one marked example, of something that is over, and reads and writes nothing."""
    env = configure_two(workspace, receiver, other)
    completed = workspace.run("notify", "test", env=env)
    assert (completed.code, completed.out, completed.err) == (0, "hook: accepted\nother: accepted\n", "")
    assert workspace.run("notify", "test", "other", env=env).out == "other: accepted\n"
    assert (len(receiver.requests), len(other.requests)) == (1, 2)
    (request,) = receiver.requests
    event = request.json
    assert (event["test"], event["event"], event["page"]["key"]) == (True, "resolved", "test")
    assert "TEST" in event["incident"]["title"]
    assert workspace.vendor.requests == [] and not workspace.state.exists()


def test_an_example_that_is_rejected(workspace: Workspace, receiver: FakeReceiver, other: FakeReceiver) -> None:
    """1: exit 5 with what came back, inert, and no mention of a next run: an example is sent once."""
    env = configure_two(workspace, receiver, other)
    receiver.default = Reply(404, body=b"##[error]no such hook\n::warning::no")
    completed = workspace.run("notify", "test", env=env)
    assert completed.code == 5
    assert completed.out == "hook: rejected: HTTP 404: ## [error]no such hook : :warning::no\nother: accepted\n"
    assert "not accepted by hook" in completed.err


@pytest.mark.parametrize("name", ["hok", "nothing-like-it"])
def test_an_example_for_an_unknown_sink(workspace: Workspace, receiver: FakeReceiver, name: str) -> None:
    """A sink that the configuration does not name is exit 2, and so is a configuration that names none."""
    configure_hook(workspace)
    completed = workspace.run("notify", "test", name, env=env_of(receiver))
    assert completed.code == 2 and f"no sink is called '{name}'" in completed.err and receiver.requests == []
    workspace.watch("acme")
    completed = workspace.run("notify", "test")
    assert completed.code == 2 and "[[notify]]" in completed.err


# ---- what waits


def check_rejected(workspace: Workspace, receiver: FakeReceiver, *arguments: str) -> Completed:
    """Run a check of which the receiver rejects everything for good."""
    receiver.default = 404
    completed = workspace.run("check", *arguments, env=env_of(receiver))
    assert completed.code == 5, completed
    return completed


def test_a_rejected_event_waits_and_is_delivered(workspace: Workspace, receiver: FakeReceiver) -> None:
    """Contract 7.2: exit 5 and the event in state.json; sent first on the next run, under its id; then exit 0, and
    forgotten. A calm run leaves the file byte for byte and sends nothing.
    """
    configure_hook(workspace)
    completed = check_rejected(workspace, receiver, "--announce-open")
    (first,) = idempotency_keys(receiver)
    assert waiting(workspace) == {"hook": [first]}
    assert "hook: rejected: HTTP 404: ok; 1 event waits; retried on the next run\n" in completed.err
    assert "error: not every event was accepted by hook" in completed.err.splitlines()[-1]
    before = workspace.state.read_bytes()
    check_rejected(workspace, receiver)
    assert workspace.state.read_bytes() == before, "rejected as before, for the same reason: nothing to write"
    receiver.default = 200
    workspace.acme(incident("a1", "investigating"), A0)
    workspace.check(env=env_of(receiver))
    assert idempotency_keys(receiver)[:3] == [first] * 3
    assert idempotency_keys(receiver)[3].startswith("acme/a1/new/")
    assert waiting(workspace) == {}
    before = workspace.state.read_bytes()
    workspace.check(env=env_of(receiver))
    assert workspace.state.read_bytes() == before and len(receiver.requests) == 4


def test_only_the_sink_that_rejected_is_sent_again(
    workspace: Workspace, receiver: FakeReceiver, other: FakeReceiver
) -> None:
    """Contract 7.2: nothing is sent twice to a sink that accepted it, whatever another one did."""
    env = configure_two(workspace, receiver, other)
    receiver.default = 403
    assert workspace.run("check", "--announce-open", env=env).code == 5
    receiver.default = 200
    workspace.check(env=env)
    assert idempotency_keys(receiver) == idempotency_keys(other) * 2


def test_a_sink_that_is_removed_is_forgotten(workspace: Workspace, receiver: FakeReceiver) -> None:
    """3: what waits for a sink that is not configured any more is dropped by the next run, and named."""
    configure_hook(workspace)
    check_rejected(workspace, receiver, "--announce-open")
    (dropped,) = waiting(workspace)["hook"]
    configure_hook(workspace, name="another")
    completed = workspace.check(env=env_of(receiver))
    assert waiting(workspace) == {}
    assert "hook: this sink is not configured any more; its waiting events are dropped: " + dropped in completed.err


def test_a_run_of_some_pages_forgets_no_sink(workspace: Workspace, receiver: FakeReceiver) -> None:
    """6: what waits for a sink that such a run does not know stays, as the state of the other pages does."""
    configure_hook(workspace)
    check_rejected(workspace, receiver, "--announce-open")
    before = waiting(workspace)
    configure_hook(workspace, name="another")
    completed = workspace.check("acme", env=env_of(receiver))
    assert waiting(workspace) == before and "dropped" not in completed.err


def test_a_lost_event_is_named_however_quiet(workspace: Workspace, receiver: FakeReceiver) -> None:
    """Contract 7.4: finally rejected for a day, it is dropped: exit 5 once more, with the event's id, even with
    --quiet.
    """
    configure_hook(workspace)
    check_rejected(workspace, receiver, "--announce-open")
    (dropped,) = waiting(workspace)["hook"]
    saved = json.loads(workspace.state.read_bytes())
    saved["waiting"]["hook"][0]["since"] = (datetime.now(UTC) - timedelta(hours=25)).isoformat()
    workspace.state.write_text(json.dumps(saved))
    completed = check_rejected(workspace, receiver, "--quiet")
    assert completed.err == f"statuswatch: error: GIVEN UP, never delivered to hook: {dropped}\n"
    assert waiting(workspace) == {}
    workspace.check(env=env_of(receiver))


@pytest.mark.parametrize(("reply", "code"), [(200, 10), (404, 5)])
def test_a_rejection_outweighs_events(workspace: Workspace, receiver: FakeReceiver, reply: int, code: int) -> None:
    """Contract 8, code 5, and 8.1: 10 says that the run completed; with something left to deliver it has not."""
    configure_hook(workspace)
    receiver.default = reply
    assert workspace.run("check", "--announce-open", "--exit-code", env=env_of(receiver)).code == code


def test_the_step_summary_names_a_rejection(workspace: Workspace, receiver: FakeReceiver) -> None:
    """Contract 7.9: on a runner the step summary says which sink rejected what, inert."""
    configure_hook(workspace)
    receiver.default = Reply(404, body=b"no [hook](https://evil.example) @you")
    summary, output = workspace.folder / "summary", workspace.folder / "output"
    runner = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary), "GITHUB_OUTPUT": str(output)}
    assert workspace.run("check", "--announce-open", env={**env_of(receiver), **runner}).code == 5
    (line,) = (line for line in summary.read_text().splitlines() if line.startswith("- ⚠️ hook"))
    assert "HTTP 404" in line and "1 event waits; retried on the next run" in line.replace("\\", "")
    assert "](" not in line and "@you" not in line
    assert "events=1\n" in output.read_text()


def test_nothing_is_sent_where_no_page_answers(workspace: Workspace, receiver: FakeReceiver, dead: str) -> None:
    """4: without our own network what waits stays as it is, and no sink is tried."""
    configure_hook(workspace)
    check_rejected(workspace, receiver, "--announce-open")
    before, count = workspace.state.read_bytes(), len(receiver.requests)
    workspace.watch("acme", top=HOOK.format("hook", "HOOK"), acme=f"{dead}/acme")
    assert workspace.run("check", env=env_of(receiver)).code == 4
    assert workspace.state.read_bytes() == before and len(receiver.requests) == count
