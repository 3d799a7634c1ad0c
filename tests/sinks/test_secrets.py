"""No secret in any output, log, error or file (contract, section 7): looked for byte by byte after real processes."""

from __future__ import annotations

import base64
import json
import sys
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import pytest

from tests.support.fake_receiver import SECRET, FakeReceiver, hang
from tests.support.loopback_server import Reply
from tests.support.sending import new_deliveries, send
from tests.support.sink_samples import REACHED_BY_HTTP, SECRET_PARTS, environment, options, service, variables

if TYPE_CHECKING:
    from tests.support.loopback_server import Request
    from tests.support.workspace import Completed, Workspace

# The command, with less patience for receivers that hang.
IMPATIENT: Final = (
    sys.executable,
    "-c",
    "from statuswatch import cli\nfrom statuswatch.delivery import deliver\ndeliver.MAX_SECONDS = 0.7\ncli.main()",
)
COMMANDS: Final = (
    ("check", "--dry-run", "--announce-open"),
    ("check", "--verbose", "--announce-open"),
    ("notify", "test"),
)
SHARED_CODE: Final = {
    "slack",
    "discord",
    "teams",
    "pagerduty",
    "alertmanager",
}  # they send by the code that the webhook sends by


class EchoingReceiver(FakeReceiver):
    """Rejects every request, and repeats all of it in the response."""

    def reply(self, request: Request) -> Reply:
        super().reply(request)
        echo = f"{request.method} {request.path} {request.headers} {request.body.decode()}"
        return Reply(404, body=echo.encode())


class LoginReceiver(FakeReceiver):
    """Rejects every request, and repeats its login, as it came and decoded."""

    def reply(self, request: Request) -> Reply:
        _, _, encoded = request.headers["Authorization"].partition(" ")
        return Reply(404, body=f"no {encoded} {base64.b64decode(encoded).decode()}".encode())


def sink_table(sink: str, name: str, address: str) -> tuple[str, dict[str, str]]:
    """Return the table of a sink that has variables of its own, and what they hold."""
    own = {option: f"{variable}_{name.upper()}" for option, variable in variables(sink).items()}
    values = environment(sink, address)
    env = {own[option]: values.pop(variable, "") for option, variable in variables(sink).items()}
    fields = {"sink": sink, "name": name, **options(sink, address), **own}
    lines = [f"{key} = {json.dumps(value)}" for key, value in fields.items()]
    return "\n".join(["[[notify]]", *lines, ""]), {**values, **env}


def outputs(workspace: Workspace, completed: Completed) -> dict[str, str]:
    """Return everything that a process wrote, by where."""
    files = {name: content.decode() for name, content in workspace.files().items()}
    return {"stdout": completed.out, "stderr": completed.err, **files}


@pytest.mark.parametrize("sink", [name for name in REACHED_BY_HTTP if name not in SHARED_CODE])
def test_no_secret_is_anywhere(sink: str, workspace: Workspace, dead: str) -> None:
    """Contract 7.11: whatever a receiver does, neither an address nor a token, nor a part of one, is printed or
    written.
    """
    workspace.command = IMPATIENT
    summary, output = workspace.folder / "summary", workspace.folder / "output"
    env = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary), "GITHUB_OUTPUT": str(output)}
    with EchoingReceiver() as echo, service(sink, *[hang] * 99) as hanging, service(sink, *[500] * 99) as failing:
        addresses = {
            "echo": echo.url,
            "dead": dead,
            "tls": echo.url.replace("http:", "https:"),
            "hang": hanging.url,
            "failing": failing.url,
        }
        if sink == "webhook":  # another may say at its start that this cannot be right
            addresses |= {"port": "http://127.0.0.1:99999", "scheme": "nonsense://127.0.0.1", "invalid": "http://["}
        tables = []
        for name, address in addresses.items():
            table, values = sink_table(sink, name, address)
            tables.append(table)
            env |= values
        workspace.watch("acme", top="\n".join(tables))
        for command in COMMANDS if sink == "webhook" else COMMANDS[1:2]:
            completed = workspace.run(*command, env=env)
            assert completed.code == (0 if "--dry-run" in command else 5), completed
            assert all(f"{name}: " in completed.out + completed.err for name in addresses)
            for where, content in outputs(workspace, completed).items():
                repeated = [part for part in (SECRET, *SECRET_PARTS) if part in content]
                assert not repeated, f"{repeated} in {where} of {command}: {content}"
            assert "Traceback" not in completed.err
    assert echo.requests and hanging.requests and failing.requests and summary.read_text() and output.read_text()


# Every command, a state file that cannot be read, and a bug at the worst place: all ways in which a run ends.
BUG: Final = (
    "import os\n"
    "from statuswatch import cli, pipeline\n"
    "def check(*arguments):\n"
    "    secrets = dict(os.environ)\n"
    "    try: 1 / 0\n"
    "    except ZeroDivisionError as error: raise KeyError('a bug') from error\n"
    "pipeline.check = check\n"
    "cli.main()"
)
ALL_COMMANDS: Final[dict[tuple[str, ...], int]] = {
    ("check", "--dry-run", "--announce-open", "--format", "jsonl"): 0,
    ("check", "--verbose", "--announce-open"): 5,
    ("status",): 0,
    ("inspect", "https://status.invalid/far"): 4,
    ("notify", "test"): 5,
    ("check", "--state", "spoiled.json"): 3,
    ("bug",): 1,
}
MAIL_SINK: Final = (
    '[[notify]]\nsink = "email"\nhost = "127.0.0.1"\nport = 9\nsecurity = "none"\nsender = "a@b.example"\n'
    'to = ["c@d.example"]\nusername_env = "MAIL_USER"\npassword_env = "MAIL_PASSWORD"\n'
)


def all_spellings(secrets: dict[str, str]) -> set[str]:
    """Return each secret as it is, as an address has it, and as HTTP has it; and the secret parts of an address."""
    whole = {*secrets.values(), *SECRET_PARTS}
    whole |= {value.partition("://")[2].partition("@")[0] for value in secrets.values() if "@" in value}
    found = set()
    for value in whole:
        found |= {value, quote(value, safe=""), base64.b64encode(value.encode()).decode()}
    return {spelling for spelling in found if len(spelling) > 5}


def configure_all_sinks(workspace: Workspace, address: str) -> dict[str, str]:
    """Configure every sink, and a proxy with a password; return what the variables hold."""
    tables, secrets = [MAIL_SINK], {"MAIL_USER": "someuser@example", "MAIL_PASSWORD": "s0me-Pass/w0rd"}
    for sink in sorted(REACHED_BY_HTTP):
        table, values = sink_table(sink, sink.replace("-", ""), address)
        tables.append(table)
        secrets |= {name: value for name, value in values.items() if name != "GITHUB_REPOSITORY"}
    workspace.watch("acme", "far", top="timeout = 3\n" + "\n".join(tables), far="https://status.invalid/far")
    proxy = address.replace("://", "://proxyuser:pr0xy-Passw0rd@")
    return {**secrets, "GITHUB_TOKEN": "ghs_0123456789abcdef", "HTTPS_PROXY": proxy, "https_proxy": proxy}


def test_no_output_of_any_command_holds_a_secret(workspace: Workspace) -> None:
    """Contract 7.11: whatever the command and however it ends, with all sinks at once, a proxy with a password and
    every library as talkative as the environment can make it: none of what a variable holds is in a byte that is
    printed or written.
    """
    env = {"NO_PROXY": "127.0.0.1", "GITHUB_ACTIONS": "true", "PYTHONASYNCIODEBUG": "1", "HTTPX_LOG_LEVEL": "trace"}
    env["GITHUB_STEP_SUMMARY"] = str(workspace.folder / "summary")
    env["GITHUB_OUTPUT"] = str(workspace.folder / "output")
    (workspace.folder / "spoiled.json").write_text("{")
    with EchoingReceiver() as echo:
        secrets = configure_all_sinks(workspace, echo.url)
        assert len(secrets) >= 12
        for command, code in ALL_COMMANDS.items():
            is_bug = command == ("bug",)
            workspace.command = (sys.executable, "-c", BUG) if is_bug else IMPATIENT
            completed = workspace.run(*(("check",) if is_bug else command), env={**secrets, **env})
            assert completed.code == code, completed
            assert ("Traceback" in completed.err) == is_bug
            for where, content in outputs(workspace, completed).items():
                repeated = [spelling for spelling in all_spellings(secrets) if spelling in content]
                assert not repeated, f"in {where} of {command}"
    assert "KeyError: 'a bug'" in completed.err
    paths = {request.path for request in echo.requests}
    assert len(paths) >= 5 and any("status.invalid" in path for path in paths)


def test_a_login_in_an_address() -> None:
    """A user and a password in an address are masked as HTTP sends them and as a receiver decodes them."""
    with LoginReceiver() as receiver:
        address = receiver.url.replace("://", "://someuser:p%40ss-w%2Ford@")
        (kept,) = send("webhook", {"url_env": "HOOK"}, {"HOOK": address}, *new_deliveries(1)).waiting
    assert kept.reason == "HTTP 404: no *** ***"
