"""No secret in any output, log, error or file (contract, section 7): looked for byte by byte after real processes."""

from __future__ import annotations

import base64
import json
import sys
from base64 import b64encode
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import pytest

from statuswatch.delivery.deliver import _spellings
from tests.sinks.test_contract import hang
from tests.support.fake_receiver import SECRET, FakeReceiver
from tests.support.sending import notices, send
from tests.support.sink_samples import PARTS, REACHED, environment, options, service, variables

if TYPE_CHECKING:
    from tests.support.workspace import Workspace

# The command, with less patience for receivers that hang.
HURRIED: Final = (
    sys.executable,
    "-c",
    "from statuswatch import cli, notify; notify.DEADLINE = 0.7; cli.main()",
)
COMMANDS: Final = (
    ("check", "--dry-run", "--announce-open"),
    ("check", "--verbose", "--announce-open"),
    ("notify", "test"),
)


class Echo(FakeReceiver):
    """Refuses, and repeats the whole request in its answer."""

    def reply(self, got: Any) -> Any:
        super().reply(got)
        return 404, {}, f"{got.method} {got.path} {got.headers} {got.body.decode()}".encode()


def table(sink: str, name: str, address: str, workspace: Workspace) -> tuple[str, dict[str, str]]:
    """A sink of that name that has variables of its own, and what they hold."""
    own = {option: f"{variable}_{name.upper()}" for option, variable in variables(sink).items()}
    held = environment(sink, address)
    env = {own.get(option, variable): held.pop(variable, "") for option, variable in variables(sink).items()}
    words = {"sink": sink, "name": name, **options(sink, address), **own}
    toml = "\n".join(f"{key} = {json.dumps(value)}" for key, value in words.items())
    return f"[[notify]]\n{toml}\n", {**held, **env}


# Those for chats and PagerDuty send by the code that the webhook sends by; the laws of delivery look at each of them.
@pytest.mark.parametrize("sink", [it for it in REACHED if it not in ("slack", "discord", "teams", "pagerduty")])
def test_no_secret_is_anywhere(sink: str, workspace: Workspace, dead: str) -> None:
    """Whatever a receiver does, neither an address nor a token, nor a part of one, is printed or written."""
    workspace.command = HURRIED
    summary, output = workspace.folder / "summary", workspace.folder / "output"
    env = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary), "GITHUB_OUTPUT": str(output)}
    with Echo() as echo, service(sink, *[hang] * 99) as hanging, service(sink, *[500] * 99) as failing:
        addresses = {
            "echo": echo.address,
            "dead": dead,
            "tls": echo.address.replace("http:", "https:"),
            "hang": hanging.address,
            "failing": failing.address,
        }
        if sink == "webhook":  # another may say at its start that this cannot be right
            addresses |= {"port": "http://127.0.0.1:99999", "scheme": "nonsense://127.0.0.1", "invalid": "http://["}
        tables = []
        for name, address in addresses.items():
            toml, held = table(sink, name, address, workspace)
            tables.append(toml)
            env |= held
        workspace.watch("acme", top="\n".join(tables))
        for command in COMMANDS if sink == "webhook" else COMMANDS[1:2]:
            done = workspace.run(*command, env=env)
            assert done.code == (0 if "--dry-run" in command else 5), done
            for name in addresses:
                assert f"{name}: " in done.out + done.err
            written = {name: content.decode() for name, content in workspace.files().items()}
            for where, content in {"stdout": done.out, "stderr": done.err, **written}.items():
                for part in (SECRET, *PARTS):
                    assert part not in content, f"{part} in {where} of {command}: {content}"
            assert "Traceback" not in done.err
    assert echo.got and hanging.got and failing.got and summary.read_text() and output.read_text()


# Every command, a memory that cannot be read, and a bug at the worst place: what ends a run in all of the other ways.
BUG: Final = (
    "from statuswatch import cli, notify, run\n"
    "def bug(config, now, tell, *, channels, **_):\n"
    "    secrets = [it.secrets for it in channels]\n"
    "    try: 1 / 0\n"
    "    except ZeroDivisionError as error: raise KeyError('a bug') from error\n"
    "run.check = bug\n"
    "cli.main()"
)
EVERYTHING: Final[dict[tuple[str, ...], int]] = {
    ("check", "--dry-run", "--announce-open", "--format", "jsonl"): 0,
    ("check", "--verbose", "--announce-open"): 5,
    ("status",): 0,
    ("inspect", "https://status.invalid/far"): 4,
    ("notify", "test"): 5,
    ("check", "--state", "spoiled.json"): 3,
    ("bug",): 1,
}


def needles(held: dict[str, str]) -> set[str]:
    """Each secret as it is, as an address has it, and as HTTP has it; and the parts of an address that are one."""
    whole = {*held.values(), *PARTS}
    whole |= {value.partition("://")[2].partition("@")[0] for value in held.values() if "@" in value}
    spelt = {it for value in whole for it in (value, quote(value, safe=""), b64encode(value.encode()).decode())}
    return {it for it in spelt if len(it) > 5}


def test_no_output_of_any_command_holds_one(workspace: Workspace) -> None:
    """Whatever the command and however it ends, with all sinks at once, a proxy with a password and every library as
    talkative as the environment can make it: none of what a variable holds is in a byte that is printed or written.
    """
    more = {"NO_PROXY": "127.0.0.1", "GITHUB_ACTIONS": "true", "PYTHONASYNCIODEBUG": "1", "HTTPX_LOG_LEVEL": "trace"}
    more |= {
        "GITHUB_STEP_SUMMARY": str(workspace.folder / "summary"),
        "GITHUB_OUTPUT": str(workspace.folder / "output"),
    }
    (workspace.folder / "spoiled.json").write_text("{")
    with Echo() as echo:
        tables, held = [], {"MAIL_USER": "someuser@example", "MAIL_PASSWORD": "s0me-Pass/w0rd"}
        for sink in sorted(REACHED):
            toml, env = table(sink, sink.replace("-", ""), echo.address, workspace)
            tables.append(toml)
            held |= {name: value for name, value in env.items() if name != "GITHUB_REPOSITORY"}
        tables.append(
            '[[notify]]\nsink = "email"\nhost = "127.0.0.1"\nport = 9\nsecurity = "none"\nsender = "a@b.example"\n'
            'to = ["c@d.example"]\nusername_env = "MAIL_USER"\npassword_env = "MAIL_PASSWORD"\n'
        )
        workspace.watch("acme", "far", top="timeout = 3\n" + "\n".join(tables), far="https://status.invalid/far")
        proxy = echo.address.replace("://", "://proxyuser:pr0xy-Passw0rd@")
        held |= {"GITHUB_TOKEN": "ghs_0123456789abcdef", "HTTPS_PROXY": proxy, "https_proxy": proxy}
        assert len(held) >= 12
        for command, code in EVERYTHING.items():
            workspace.command, arguments = (
                (HURRIED, command) if code != 1 else ((sys.executable, "-c", BUG), ("check",))
            )
            done = workspace.run(*arguments, env={**held, **more})
            assert done.code == code, done
            assert ("Traceback" in done.err) == (code == 1)
            written = {name: content.decode() for name, content in workspace.files().items()}
            for where, content in {"stdout": done.out, "stderr": done.err, **written}.items():
                assert [it for it in needles(held) if it in content] == [], f"in {where} of {command}"
    paths = {it.path for it in echo.got}
    assert len(paths) >= 5 and any("status.invalid" in it for it in paths) and "KeyError: 'a bug'" in done.err


class Login(FakeReceiver):
    """Refuses, and repeats what it was let in by, as it came and as it reads it."""

    def reply(self, got: Any) -> Any:
        _, _, encoded = got.headers["Authorization"].partition(" ")
        return 404, {}, f"no {encoded} {base64.b64decode(encoded).decode()}".encode()


def test_a_login_in_an_address() -> None:
    """A user and a password in an address are masked as HTTP sends them and as a receiver understands them."""
    with Login() as receiver:
        address = receiver.address.replace("://", "://someuser:p%40ss-w%2Ford@")
        (kept,) = send("webhook", {"url_env": "HOOK"}, {"HOOK": address}, *notices(1)).waiting
    assert kept.reason == "HTTP 404: no *** ***"


def test_each_of_several_addresses() -> None:
    """A variable of several addresses is as many secrets."""
    spelt = _spellings(["json://one.example/first-token json://two.example/other-token"])
    assert {"first-token", "other-token"} <= set(spelt)
