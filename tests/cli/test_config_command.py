"""`statuswatch config`: mistakes and warnings of a configuration, and the schemas."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from jsonschema import Draft202012Validator, ValidationError

from statuswatch.config.json_schema import config_schema, event_schema
from statuswatch.config.tables import FileTable, MuteTable, NotifyTable, PageTable
from tests.support.fake_vendor import incident, statuspage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.workspace import Workspace

ROOT: Final = Path(__file__).parents[2]
CONFIG: Final = Draft202012Validator(config_schema())


def documented_configurations() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every TOML block of the documentation that is a configuration, with its place."""
    for path in (ROOT / "README.md", *sorted((ROOT / ".github").rglob("*.md"))):
        for number, block in enumerate(re.findall(r"(?ms)^```toml\n(.*?)^```$", path.read_text("utf-8"))):
            # JSON has no times: validators of TOML files make them strings.
            yield f"{path.name}-{number}", json.loads(json.dumps(tomllib.loads(block), default=str))


@pytest.mark.parametrize(("place", "table"), list(documented_configurations()))
def test_the_schema_accepts_the_documented(place: str, table: dict[str, Any]) -> None:
    """Contract 2.13: every configuration of the documentation is valid by the schema."""
    CONFIG.validate(table)


@pytest.mark.parametrize(
    ("config", "path"),
    [
        ('pages = "openai"', "pages"),
        ("timeout = 0", "timeout"),
        ('timeoutt = 3\npages = ["openai"]', ""),
        ('[page.a]\nmin_impact = "majr"', "page/a/min_impact"),
        ('[page.a]\nplatform = "statuspaige"', "page/a/platform"),
        ('[[notify]]\nsink = "slak"', "notify/0"),
        ('[[notify]]\nsink = "slack"', "notify/0"),
        ('[[notify]]\nsink = "slack"\nurl_env = "A"\nto = ["a@b.example"]', "notify/0"),
        ('[[mute]]\npage = "a"', "mute/0"),
    ],
)
def test_the_schema_refuses_mistakes(config: str, path: str) -> None:
    """Contract 2.13: an unknown key, a wrong type or word, and a missing option of a sink are marked by an editor."""
    with pytest.raises(ValidationError) as failure:
        CONFIG.validate(tomllib.loads(config))
    assert "/".join(map(str, failure.value.absolute_path)) == path


def test_the_schema_matches_words_in_any_case() -> None:
    """Contract 2.13 and 3.3b: names match without regard to case, in the schema too."""
    CONFIG.validate(tomllib.loads('min_impact = "Major"\n[[notify]]\nsink = "Slack"\nurl_env = "A"\nkinds = ["Page"]'))


def test_every_key_is_explained() -> None:
    """An editor shows what each key means."""
    schema = config_schema()
    tables = [schema, schema["$defs"]["PageTable"], schema["$defs"]["MuteTable"]]
    (slack,) = (sink for sink in schema["properties"]["notify"]["items"]["oneOf"] if sink["title"] == "slack")
    silent = [key for table in tables for key, value in table["properties"].items() if "description" not in value]
    silent += [
        key for key in NotifyTable.__struct_fields__ if "description" not in slack["properties"][key] and key != "sink"
    ]
    assert silent == []
    keys = [set(table["properties"]) for table in tables]
    assert keys == [set(table.__struct_fields__) for table in (FileTable, PageTable, MuteTable)]


def test_judges_of_others_apply_the_schema(workspace: Workspace) -> None:
    """The printed schema is one that check-jsonschema and taplo apply: they accept a good file and refuse a bad one."""
    folder = workspace.folder
    (folder / "schema.json").write_text(workspace.run("config", "schema").out)
    (folder / "bad.toml").write_text('pages = ["openai"]\nmin_impact = "majr"\n')
    judges = {
        "check-jsonschema": ["--schemafile", "schema.json"],
        "taplo": ["lint", "--schema", (folder / "schema.json").as_uri()],
    }
    for name, arguments in judges.items():
        command = [str(Path(sys.executable).parent / name), *arguments, "statuswatch.toml", "bad.toml"]
        judged = subprocess.run(command, cwd=folder, env=workspace.env, capture_output=True, text=True, check=False)
        assert judged.returncode != 0, name
        assert "bad.toml" in judged.stdout + judged.stderr, name
        assert "statuswatch.toml" not in judged.stdout + judged.stderr, name


def test_the_schema_of_an_event(workspace: Workspace) -> None:
    """Contract 2.13 and 7.8: `config schema --event` prints the schema of schema 1; whatever `check` prints is valid
    by it.
    """
    assert json.loads(workspace.run("config", "schema", "--event").out) == event_schema()
    validator = Draft202012Validator(event_schema())
    workspace.check()
    workspace.acme(incident("a1", "investigating", parts=["API"]), incident("a0", "investigating", "resolved"))
    events = workspace.events()
    assert len(events) == 2
    for event in events:
        validator.validate(event)
    with pytest.raises(ValidationError):
        validator.validate({**events[0], "event": "gone"})


def test_a_sound_configuration(workspace: Workspace) -> None:
    """Contract 2.13: one line says which file counts and what it names; exit 0. Nothing is read or written."""
    before = workspace.files()
    completed = workspace.run("config", "check")
    assert completed.code == 0
    assert completed.out == f"{workspace.folder}/statuswatch.toml: 1 page · 0 sinks · no mistake · 0 warnings\n"
    assert workspace.files() == before
    assert workspace.vendor.requests == []


def test_mistakes_are_listed_together(workspace: Workspace) -> None:
    """Contract 2.13 and 3.3: all mistakes are reported together, each with file, key and what was likely meant; exit
    2.
    """
    workspace.watch("acme", top='min_impact = "majr"\n[[notify]]\nsink = "slak"\n')
    completed = workspace.run("config", "check")
    assert (completed.code, completed.out) == (2, "")
    assert "min_impact: unknown impact 'majr': did you mean 'major'?" in completed.err
    assert "notify[0].sink: unknown sink 'slak': did you mean 'slack'?" in completed.err


def test_options_of_several_sinks(workspace: Workspace) -> None:
    """A mistake that only the sink itself finds is reported for every sink."""
    sink = (
        '[[notify]]\nsink = "email"\nname = "{}"\nhost = "mail.example"\nsender = "no address"\nto = ["a@b.example"]\n'
    )
    workspace.watch("acme", top=sink.format("first") + sink.format("second"))
    completed = workspace.run("config", "check")
    assert completed.code == 2
    assert "notify[0]" in completed.err and "notify[1]" in completed.err


def test_what_a_configuration_lacks(workspace: Workspace) -> None:
    """Contract 2.13: variables that are not set, and mutes that ended, are warnings; exit 0."""
    mute = '[[mute]]\npage = "acme"\nincident = "a0"\nuntil = 2025-01-01T00:00:00Z\n'
    sink = '[[notify]]\nsink = "slack"\nurl_env = "SLACK_URL"\n'
    workspace.watch("acme", top=mute + sink, settings='headers_env = { Authorization = "ACME_TOKEN" }\n')
    completed = workspace.run("config", "check")
    assert completed.code == 0
    head, *lacking = completed.out.splitlines()
    assert head.endswith("1 page · 1 sink · 1 mute · no mistake · 3 warnings")
    expected = ("$SLACK_URL is not set", "$ACME_TOKEN is not set", "mute of acme 'a0' ended at 2025-01-01 00:00 UTC")
    for line, words in zip(lacking, expected, strict=True):
        assert line.startswith("warning: ") and words in line


def test_a_state_file_without_a_folder(workspace: Workspace) -> None:
    """Contract 2.13: the folder that every run would miss is a warning."""
    completed = workspace.run("config", "check", "--state", "gone/state.json")
    assert completed.code == 0 and "warning: state: there is no folder gone: make it" in completed.out


def test_globs_are_compared_with_what_is_remembered(workspace: Workspace) -> None:
    """Contract 2.13 and 3.10: a glob that matches nothing the page lists is a warning of `config check`, without a
    read.
    """
    documents = statuspage("/acme", [incident("a0", "investigating")])
    documents["/acme/api/v2/summary.json"]["components"] = [{"id": "c", "name": "API"}]
    workspace.vendor.put(documents)
    sink = '[[notify]]\nsink = "slack"\nurl_env = "SLACK_URL"\ncomponents = ["Web*", "api"]\n'
    workspace.watch("acme", top=sink, settings='components = ["AP*", "Webb*"]\n')
    env = {"SLACK_URL": "https://slack.invalid/x"}
    unread = workspace.run("config", "check", env=env).out
    assert "acme: its components are not known yet" in unread
    workspace.check("--dry-run", env=env)
    workspace.check(env=env)
    requests = len(workspace.vendor.requests)
    lacking = workspace.run("config", "check", env=env).out.splitlines()[1:]
    assert [line.split("'")[1] for line in lacking] == ["Webb*", "Web*"]
    assert len(workspace.vendor.requests) == requests
