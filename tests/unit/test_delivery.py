"""Sinks as the user of the command meets them: the configuration, what is sent, what waits, and how a run ends."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import pytest

from statuswatch.state import decode, encode
from tests.support.fake_receiver import SECRET, FakeReceiver
from tests.support.fake_vendor import incident

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.workspace import Completed, Workspace

HOOK: Final = '[[notify]]\nsink = "webhook"\nname = "{}"\nurl_env = "{}"\n'
A0: Final = incident("a0", "investigating")


@pytest.fixture
def receiver() -> Iterator[FakeReceiver]:
    with FakeReceiver() as receiver:
        yield receiver


def hook(workspace: Workspace, *more: str, name: str = "hook", variable: str = "HOOK") -> None:
    """Configures a webhook, and what else there is to say."""
    workspace.watch("acme", top="\n".join([HOOK.format(name, variable), *more]))


def waiting(workspace: Workspace) -> dict[str, list[str]]:
    """The ids of what waits, by sink; what the file says survives another writing of it."""
    content = workspace.state.read_bytes()
    pages, waiting = decode(content, "state.json")
    assert b"".join(encode(pages, waiting)) == content
    return {name: [it.event.id for it in notices] for name, notices in waiting.items()}


def keys(receiver: FakeReceiver) -> list[str]:
    return [str(got.headers["Idempotency-Key"]) for got in receiver.got]


# ---- the configuration


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('sink = "webhok"', "notify[0].sink: unknown sink 'webhok': did you mean 'webhook'?"),
        (f'sink = "https://hooks.example/{SECRET}"', "notify[0].sink: unknown sink"),
        ('url_env = "HOOK"', "notify[0]: Object missing required field `sink`"),
        ('sink = "webhook"', "notify[0]: Object missing required field `url_env`"),
        ('sink = "webhook"\nulr_env = "HOOK"', "notify[0].ulr_env: unknown option of the sink webhook: did you mean"),
        (f'sink = "webhook"\nurl = "https://{SECRET}"', "notify[0].url: unknown option of the sink webhook"),
        (f'sink = "webhook"\nurl_env = "https://x.example/{SECRET}"', "notify[0].url_env: not the name of an env"),
        ('sink = "webhook"\nurl_env = 7', "notify[0].url_env: not the name of an environment variable"),
        ('sink = "webhook"\nurl_env = "NOWHERE"', "notify[0] (webhook): $NOWHERE is not set, or is empty"),
        ('sink = "webhook"\nurl_env = "EMPTY"', "notify[0] (webhook): $EMPTY is not set, or is empty"),
        ('sink = "webhook"\nurl_env = "x1x2x3x4x5x6"', "(webhook): the environment variable that it names is not set"),
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
def test_a_mistake_stops_the_run_at_its_start(workspace: Workspace, receiver: FakeReceiver, table: str, said: str) -> None:
    """1: exit 2, with the place and what is wrong; nothing is read, sent or written, and no secret is repeated."""
    workspace.watch("acme", top=f"[[notify]]\n{table}")
    done = workspace.run("check", env={"HOOK": receiver.url, "EMPTY": " "})
    assert done.code == 2 and done.out == "" and said in done.err, done
    assert not any(part in done.err for part in SECRET.split("/"))
    assert workspace.vendor.requests == [] and receiver.got == [] and not workspace.state.exists()


@pytest.mark.parametrize("command", [("check", "--dry-run"), ("notify", "test")], ids=" ".join)
def test_a_missing_variable_stops_every_command_that_tells(workspace: Workspace, command: tuple[str, ...]) -> None:
    """1: a dry run too: it is how a configuration is tried."""
    hook(workspace)
    done = workspace.run(*command)
    assert done.code == 2 and "notify[0] (webhook): $HOOK is not set, or is empty" in done.err
    assert workspace.vendor.requests == []


# ---- what is sent


def test_who_is_told_what(workspace: Workspace, receiver: FakeReceiver) -> None:
    """1: each sink is told what its filters let through, in order; the closing line has the largest delay."""
    hook(workspace, 'min_impact = "major"', HOOK.format("other", "OTHER"), 'events = ["new"]')
    with FakeReceiver() as other:
        env = {"HOOK": receiver.url, "OTHER": other.url}
        workspace.check(env=env)
        begun = datetime.now(UTC) - timedelta(minutes=125)
        a1, a2 = incident("a1", "investigating", impact="major", at=begun), incident("a2", "investigating")
        workspace.acme(a1, a2, A0)
        done = workspace.check(env=env)
        workspace.acme(incident("a1", "investigating", "resolved", impact="major", at=begun), a2, A0)
        workspace.check(env=env)
        told = [[f"{got.json['event']} {got.json['incident']['id']}" for got in it.got] for it in (receiver, other)]
    assert told == [["new a1", "resolved a1"], ["new a2", "new a1"]]
    assert "statuswatch: hook: took 1 message\nstatuswatch: other: took 2 messages\n" in done.err
    assert "largest delay " in done.err


def test_the_largest_delay(workspace: Workspace, receiver: FakeReceiver) -> None:
    """5: the closing line of a run says how long after its publication the latest word was detected."""
    workspace.check()
    workspace.acme(incident("a1", "investigating", at=datetime.now(UTC) - timedelta(minutes=125)), A0)
    assert " · 1 event · 2 open · largest delay 2 h 5 min · " in workspace.check().err


def test_a_dry_run_says_what_would_be_sent_to_whom(workspace: Workspace, receiver: FakeReceiver) -> None:
    """1: by the events' ids, what waits included; nothing is sent or written."""
    hook(workspace, 'events = ["new"]', HOOK.format("other", "HOOK"), 'events = ["resolved"]')
    done = workspace.check("--dry-run", "--announce-open", env={"HOOK": receiver.url})
    (line,) = (line for line in done.err.splitlines() if "would be sent" in line)
    assert line.startswith("statuswatch: hook: would be sent 1 event: acme/a0/new/")
    assert receiver.got == [] and not workspace.state.exists()
    receiver.usual = 404
    workspace.run("check", "--announce-open", env={"HOOK": receiver.url})
    before, count = workspace.state.read_bytes(), len(receiver.got)
    assert line in workspace.check("--dry-run", env={"HOOK": receiver.url}).err
    assert workspace.state.read_bytes() == before and len(receiver.got) == count


def test_an_example_through_each_sink(workspace: Workspace, receiver: FakeReceiver) -> None:
    """1: `notify test` sends one marked example, of something that is over, and reads and writes nothing."""
    hook(workspace, HOOK.format("other", "OTHER"))
    with FakeReceiver() as other:
        env = {"HOOK": receiver.url, "OTHER": other.url}
        done = workspace.run("notify", "test", env=env)
        assert (done.code, done.out, done.err) == (0, "hook: taken\nother: taken\n", "")
        assert workspace.run("notify", "test", "other", env=env).out == "other: taken\n"
        assert (len(receiver.got), len(other.got)) == (1, 2)
    (got,) = receiver.got
    assert (got.json["test"], got.json["event"], got.json["page"]["key"]) == (True, "resolved", "test")
    assert "TEST" in got.json["incident"]["title"]
    assert workspace.vendor.requests == [] and not workspace.state.exists()


def test_an_example_that_is_refused(workspace: Workspace, receiver: FakeReceiver) -> None:
    """1: exit 5 with what came back, inert, and no word of a next run: an example is sent once."""
    hook(workspace, HOOK.format("other", "OTHER"))
    receiver.usual = (404, {}, b"##[error]no such hook\n::warning::no")
    with FakeReceiver() as other:
        done = workspace.run("notify", "test", env={"HOOK": receiver.url, "OTHER": other.url})
    assert done.code == 5
    assert done.out == "hook: refused: HTTP 404: ## [error]no such hook : :warning::no\nother: taken\n"
    assert done.err == "statuswatch: error: not every sink took its example\n"


@pytest.mark.parametrize("name", ["hok", "nothing-like-it"])
def test_an_example_for_nobody(workspace: Workspace, receiver: FakeReceiver, name: str) -> None:
    """A sink that the configuration does not name is exit 2, and so is one where it names none."""
    hook(workspace)
    done = workspace.run("notify", "test", name, env={"HOOK": receiver.url})
    assert done.code == 2 and f"no sink is called '{name}'" in done.err and receiver.got == []
    workspace.watch("acme")
    done = workspace.run("notify", "test")
    assert done.code == 2 and "it names no sink, [[notify]]" in done.err


# ---- what waits


def refused(workspace: Workspace, receiver: FakeReceiver, *arguments: str, answer: int = 404) -> Completed:
    """A run of which the receiver takes nothing."""
    receiver.usual = answer
    done = workspace.run("check", *arguments, env={"HOOK": receiver.url})
    assert done.code == 5, done
    return done


def test_what_was_refused_waits_and_is_taken(workspace: Workspace, receiver: FakeReceiver) -> None:
    """3: exit 5 and the event in state.json; sent first at the next run, under the same id; then exit 0, and forgotten.
    A calm run leaves the file byte for byte and sends nothing.
    """
    hook(workspace)
    done = refused(workspace, receiver, "--announce-open")
    (first,) = keys(receiver)
    assert waiting(workspace) == {"hook": [first]}
    assert "hook: refused: HTTP 404: ok; 1 event waits for the next run\n" in done.err
    assert done.err.endswith("error: not everything was taken by hook; it is kept for the next run\n")
    before = workspace.state.read_bytes()
    refused(workspace, receiver)
    assert workspace.state.read_bytes() == before, "refused as before, for the same reason: nothing to write"
    receiver.usual = 200
    workspace.acme(incident("a1", "investigating"), A0)
    workspace.check(env={"HOOK": receiver.url})
    assert keys(receiver)[:3] == [first] * 3 and keys(receiver)[3].startswith("acme/a1/new/")
    assert waiting(workspace) == {}
    before = workspace.state.read_bytes()
    workspace.check(env={"HOOK": receiver.url})
    assert workspace.state.read_bytes() == before and len(receiver.got) == 4


def test_only_who_refused_is_told_again(workspace: Workspace, receiver: FakeReceiver) -> None:
    """3: nothing is told twice to a sink that took it, whatever another one did."""
    hook(workspace, HOOK.format("other", "OTHER"))
    with FakeReceiver() as other:
        env = {"HOOK": receiver.url, "OTHER": other.url}
        receiver.usual = 403
        assert workspace.run("check", "--announce-open", env=env).code == 5
        receiver.usual = 200
        workspace.check(env=env)
        assert keys(receiver) == keys(other) * 2


def test_a_sink_that_is_removed_is_forgotten(workspace: Workspace, receiver: FakeReceiver) -> None:
    """3: what waits for a sink that the configuration does not name any more goes at the next run, and is named."""
    hook(workspace)
    refused(workspace, receiver, "--announce-open")
    (lost,) = waiting(workspace)["hook"]
    hook(workspace, name="another")
    done = workspace.check(env={"HOOK": receiver.url})
    assert waiting(workspace) == {}
    assert f"hook: no sink is called so any more; what waited for it is forgotten: {lost}\n" in done.err


def test_a_run_of_some_pages_forgets_no_sink(workspace: Workspace, receiver: FakeReceiver) -> None:
    """6: what waits for a sink that such a run does not know stays, as the memory of the other pages does."""
    hook(workspace)
    refused(workspace, receiver, "--announce-open")
    before = waiting(workspace)
    hook(workspace, name="another")
    done = workspace.check("acme", env={"HOOK": receiver.url})
    assert waiting(workspace) == before and "forgotten" not in done.err


def test_what_is_given_up_is_said_however_quiet(workspace: Workspace, receiver: FakeReceiver) -> None:
    """3: refused for good for a day, it is dropped: exit 5 once more, with the event's id, even with --quiet."""
    hook(workspace)
    refused(workspace, receiver, "--announce-open")
    (lost,) = waiting(workspace)["hook"]
    file = json.loads(workspace.state.read_bytes())
    file["waiting"]["hook"][0]["since"] = (datetime.now(UTC) - timedelta(hours=25)).isoformat()
    workspace.state.write_text(json.dumps(file))
    done = refused(workspace, receiver, "--quiet")
    assert done.err == f"statuswatch: error: GIVEN UP, never delivered to hook: {lost}\n"
    assert waiting(workspace) == {}
    workspace.check(env={"HOOK": receiver.url})


@pytest.mark.parametrize(("answer", "code"), [(200, 10), (404, 5)])
def test_a_refusal_ends_the_run_before_events_do(
    workspace: Workspace, receiver: FakeReceiver, answer: int, code: int
) -> None:
    """8: 10 says that the run completed; with something left it has not."""
    hook(workspace)
    receiver.usual = answer
    assert workspace.run("check", "--announce-open", "--exit-code", env={"HOOK": receiver.url}).code == code


def test_the_summary_names_a_refusal(workspace: Workspace, receiver: FakeReceiver) -> None:
    """7: on a runner the step summary says which sink refused what, inert."""
    hook(workspace)
    receiver.usual = (404, {}, b"no [hook](https://evil.example) @you")
    paths = {"GITHUB_STEP_SUMMARY": str(workspace.folder / "summary"), "GITHUB_OUTPUT": str(workspace.folder / "output")}
    env = {"HOOK": receiver.url, "GITHUB_ACTIONS": "true", **paths}
    assert workspace.run("check", "--announce-open", env=env).code == 5
    summary = (workspace.folder / "summary").read_text()
    (line,) = (line for line in summary.splitlines() if line.startswith("- ⚠️ hook"))
    assert "HTTP 404" in line and "1 event waits for the next run" in line
    assert "](" not in line and "@you" not in line
    assert "events=1\n" in (workspace.folder / "output").read_text()


def test_nothing_is_told_where_no_page_answers(workspace: Workspace, receiver: FakeReceiver, dead: str) -> None:
    """4: with our own network gone what waits stays as it is, and nobody is asked."""
    hook(workspace)
    refused(workspace, receiver, "--announce-open")
    before, count = workspace.state.read_bytes(), len(receiver.got)
    workspace.watch("acme", top=HOOK.format("hook", "HOOK"), acme=f"{dead}/acme")
    assert workspace.run("check", env={"HOOK": receiver.url}).code == 4
    assert workspace.state.read_bytes() == before and len(receiver.got) == count
