"""`why`: is it us or them? Three answers, which are never mixed up."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.fake_vendor import incident, statuspage, window
from tests.support.workspace import INCIDENTS

if TYPE_CHECKING:
    from tests.support.workspace import Completed, Workspace

Json = dict[str, Any]
SECRET = "sk_live_5up3rs3cr3t"  # noqa: S105


def ago(minutes: float) -> datetime:
    return datetime.now(UTC) - timedelta(minutes=minutes)


def why(workspace: Workspace, *arguments: str, code: int) -> Json:
    """Return the JSON document of `why`."""
    completed = workspace.run("why", "--format", "json", *arguments)
    assert completed.code == code, completed
    fields: Json = json.loads(completed.out)
    return fields


def answers(workspace: Workspace, *arguments: str, code: int) -> dict[str, str]:
    return {each["page"]["key"]: each["answer"] for each in why(workspace, *arguments, code=code)["answers"]}


def with_log(workspace: Workspace, *lines: str) -> str:
    (workspace.folder / "build.log").write_text("\n".join(lines))
    return "build.log"


def test_they_had_this(workspace: Workspace) -> None:
    """Contract 2.9 and 2.9.4: an overlap is exit 10, with the time, the components and the vendor's own sentence."""
    workspace.acme(incident("a1", "investigating", "resolved", impact="major", parts=["API"], at=ago(61)))
    (answer,) = why(workspace, code=10)["answers"]
    (found,) = answer["incidents"]
    assert (answer["answer"], found["id"], found["components"], found["end_detected"]) == ("had", "a1", ["API"], False)
    assert found["last_words"]["body"] == "It is resolved."
    completed = workspace.run("why")
    assert (completed.code, completed.err) == (10, "")
    assert "THEY HAD  Acme - API · from " in completed.out
    assert "Trouble a1 · major" in completed.out
    assert "resolved — It is resolved." in completed.out
    assert completed.out.endswith("1 had something open · 0 admit nothing · 0 not known\n")


def test_nothing_they_admit(workspace: Workspace) -> None:
    """Contract 2.9 and 2.9.4: a page that was read, whose list goes back far enough, and that lists nothing then:
    exit 0.
    """
    workspace.acme(incident("a1", "resolved", at=ago(60 * 24)))
    assert answers(workspace, code=0) == {"acme": "nothing"}
    assert "NOTHING   they admit: Acme" in workspace.run("why").out


def test_not_known(workspace: Workspace) -> None:
    """Contract 2.9, 2.9.4 and 8.1: a page that cannot be read is no page without incidents: exit 4, and no answer of
    "nothing".
    """
    workspace.watch("acme", "bolt")
    workspace.acme()
    assert answers(workspace, code=4) == {"acme": "nothing", "bolt": "unknown"}
    completed = workspace.run("why")
    assert "UNKNOWN   Bolt · not known: " in completed.out
    assert "error: the range is not known (bolt): the answer says why" in completed.err
    workspace.acme(incident("a1", "investigating", at=ago(10)))
    assert answers(workspace, code=10) == {"acme": "had", "bolt": "unknown"}


def test_a_full_window_goes_back_to_its_oldest_entry(workspace: Workspace) -> None:
    """Contract 2.9.2: what is older than the vendor's list, and than the archive, is not known."""
    workspace.acme(*(incident(f"a{number}", "resolved", at=ago(60 * number)) for number in range(3, 53)))
    assert answers(workspace, "--from", "2h", code=0) == {"acme": "nothing"}
    assert answers(workspace, "--from", "30d", "--to", "29d", code=4) == {"acme": "unknown"}
    (answer,) = why(workspace, "--from", "30d", code=10)["answers"]
    assert answer["answer"] == "had" and len(answer["unknown"]) == 1


@pytest.mark.parametrize(
    ("begin", "end", "code"),
    [("3h", "2h", 0), ("3h", "61m", 0), ("3h", "59m", 10), ("31m", "5m", 10), ("29m", "5m", 0)],
)
def test_the_range_decides(workspace: Workspace, begin: str, end: str, code: int) -> None:
    """Contract 2.9.1: it overlaps if it began before the end of the range, and did not end before its beginning."""
    entry = incident("a1", "investigating", "resolved", at=ago(60))
    entry["incident_updates"][0]["created_at"] = ago(30).isoformat()
    workspace.acme(entry)
    assert workspace.run("why", "--from", begin, "--to", end).code == code


def test_maintenance_counts_while_in_progress(workspace: Workspace) -> None:
    """Contract 2.9.1: a maintenance in progress is an overlap, marked; one that is to come is none."""
    times = {"scheduled_for": ago(30).isoformat(), "scheduled_until": ago(-30).isoformat()}
    workspace.acme(windows=(window("w1", "scheduled", "in_progress", at=ago(40)) | times,))
    assert "IN WORK   Acme - not stated · " in workspace.run("why").out
    times = {"scheduled_for": ago(-30).isoformat(), "scheduled_until": ago(-60).isoformat()}
    workspace.acme(windows=(window("w1", "scheduled", at=ago(40)) | times,))
    assert answers(workspace, code=0) == {"acme": "nothing"}


def test_a_log_puts_its_vendors_first(workspace: Workspace) -> None:
    """Contract 2.9.3: vendors that the log names come first, with the line and the name, never the line itself."""
    workspace.watch("acme", "quay", "stripe")
    workspace.acme(incident("a1", "investigating", impact="critical", at=ago(10)))
    for key in ("quay", "stripe"):
        workspace.vendor.put(statuspage(f"/{key}"))
    log = with_log(workspace, "pulling", f"curl https://user:{SECRET}@api.stripe.com/{SECRET} failed", "quay.io ok")
    document = why(workspace, "--log", log, code=10)
    assert [each["page"]["key"] for each in document["answers"]] == ["stripe", "quay", "acme"]
    assert document["answers"][0]["named"] == {"line": 2, "name": "api.stripe.com", "in_error": True}
    completed = workspace.run("why", "--log", log)
    assert "Line 2 of the log reports an error and names api.stripe.com" in completed.out
    assert completed.out.index("Stripe") < completed.out.index("Not named in the log:") < completed.out.index("Acme")
    assert SECRET not in completed.out + completed.err + json.dumps(document)


def test_a_log_may_come_from_a_pipe(workspace: Workspace) -> None:
    """Contract 2.9.3: `--log -` is stdin; a vendor that the log names is read, though nobody asked about it."""
    workspace.watch("acme", "npm")
    workspace.acme()
    workspace.vendor.put(statuspage("/npm", [incident("n1", "investigating", at=ago(10))]))
    assert answers(workspace, "acme", code=0) == {"acme": "nothing"}
    with_log(workspace, "npm ERR! code E503")
    with (workspace.folder / "build.log").open("rb") as log:
        completed = workspace.run("why", "acme", "--log", "-", "--format", "json", stdin=log)
    npm, acme = json.loads(completed.out)["answers"]
    assert (npm["page"]["key"], npm["answer"], npm["named"]["line"]) == ("npm", "had", 1)
    assert (acme["answer"], completed.code) == ("nothing", 10)


def test_a_log_may_be_compressed(workspace: Workspace) -> None:
    """Contract 2.9.3: of a log that gzip made the content counts; a broken one is a mistake, and never a silent one."""
    workspace.watch("acme", "npm")
    workspace.acme()
    workspace.vendor.put(statuspage("/npm"))
    packed = gzip.compress(b"npm ERR! code E503\n" * 50)
    log = workspace.folder / "build.log.gz"
    log.write_bytes(packed)
    found = {each["page"]["key"]: each["named"] for each in why(workspace, "--log", log.name, code=0)["answers"]}
    assert found["npm"]["line"] == 1 and found["acme"] is None
    log.write_bytes(packed[:-9])
    completed = workspace.run("why", "--log", log.name)
    assert completed.code == 2 and "the log cannot be read: Compressed file ended" in completed.err


def test_annotations(workspace: Workspace) -> None:
    """Contract 2.9.4: `--format github` prints workflow commands, in which vendor text begins none of its own."""
    entry = incident("a1", "investigating", impact="major", at=ago(10))
    entry["name"] = "Trouble\n::error::forged 100%"
    workspace.acme(entry)
    completed = workspace.run("why", "--format", "github")
    assert completed.code == 10
    warning, notice = completed.out.splitlines()
    assert warning.startswith("::warning title=Acme had an incident then::Trouble : :error::forged 100%25 · major · ")
    assert notice == "::notice title=statuswatch::1 had something open · 0 admit nothing · 0 not known"


def test_nothing_is_written(workspace: Workspace) -> None:
    """Contract 2.9.4: it reads like `status`: no file, not even a lock."""
    workspace.acme(incident("a1", "investigating", at=ago(10)))
    clean = workspace.files()
    workspace.run("why")
    assert workspace.files() == clean


def test_the_archive_fills_what_the_list_lacks(workspace: Workspace) -> None:
    """Contract 2.9.2: what rolled out of the vendor's list is in the archive."""
    workspace.acme(incident("a0", "resolved", at=ago(600)))
    workspace.check()
    workspace.acme(incident("a1", "investigating", "resolved", impact="major", at=ago(0.01)))
    lines = workspace.check("--format", "jsonl").out
    workspace.acme(incident("a2", "resolved", at=ago(300)))
    assert answers(workspace, "--from", "1m", code=0) == {"acme": "nothing"}
    workspace.watch("acme", top='history = "archive"')
    (workspace.folder / "archive").mkdir()
    (workspace.folder / "archive" / f"{ago(0):%Y-%m}.jsonl").write_text(lines)
    (answer,) = why(workspace, "--from", "1m", code=10)["answers"]
    assert [found["id"] for found in answer["incidents"]] == ["a1"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--from", "yesterday"), "--from: 'yesterday' is no time"),
        (("--from", "1h", "--to", "2h"), "--from 1h is not before --to 2h"),
        (
            ("--log", "no.log"),
            "the log cannot be read: No such file or directory (no.log): name a file, or - for stdin",
        ),
        (("--log", "."), "the log cannot be read: Is a directory (.): name a file, or - for stdin"),
        (("nobody",), "unknown page 'nobody'"),
    ],
)
def test_mistakes(workspace: Workspace, arguments: tuple[str, ...], message: str) -> None:
    """Contract 2.3: a wrong command line is exit 2, and nothing is read."""
    completed: Completed = workspace.run("why", *arguments)
    assert (completed.code, completed.out) == (2, "")
    assert message in completed.err
    assert not [request for request in workspace.vendor.requests if request.path == INCIDENTS]
