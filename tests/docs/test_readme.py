"""The documentation describes the whole program as it is."""

import re
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
import yaml

from statuswatch import __version__
from statuswatch.config import load
from statuswatch.config.schema import Config, SinkConfig
from statuswatch.config.tables import MuteTable
from statuswatch.model.page import Page
from statuswatch.platforms import PLATFORMS
from statuswatch.sinks import SINKS
from tests.docs import generate

ROOT: Final = generate.ROOT
GITHUB: Final = ROOT / ".github"
README: Final = (ROOT / "README.md").read_text(encoding="utf-8")
MAX_README_LINES: Final = 250
FORMS: Final = sorted(path for path in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")
LINK: Final = re.compile(r"\]\((?!https?://)([^)#\s]*)(?:#([^)\s]+))?\)")
MACHINE_PATH: Final = re.compile(r"(?:^|[\s\"'(])/(?:home|root|tmp|work|Users)/")


def document(name: str) -> str:
    return (GITHUB / name).read_text(encoding="utf-8")


def fenced(content: str, language: str) -> list[str]:
    """Return the code blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", content, re.DOTALL)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def loaded(folder: Path, content: str) -> Config:
    (folder / "statuswatch.toml").write_text(content, encoding="utf-8")
    return load.load_config(None, {}, folder)


@pytest.mark.parametrize("path", generate.DOCUMENTS, ids=name_of)
def test_every_generated_block_is_current(path: Path) -> None:
    """Contract 2.1: tables and real output are those that the code gives today."""
    content = path.read_text(encoding="utf-8")
    assert generate.generated(content) == content, "run python -m tests.docs.generate"


@pytest.mark.parametrize("path", generate.DOCUMENTS, ids=name_of)
def test_every_marker_belongs_to_a_block(path: Path) -> None:
    """A marker that is misspelled would leave a table to age."""
    content = path.read_text(encoding="utf-8")
    starts = content.count("\n<!-- generated:")
    assert starts == content.count("\n<!-- end -->") == len(generate.blocks_in(content))


def test_every_table_stands_somewhere() -> None:
    """Contract 2.1: every block is used, and every option of every command is in a table."""
    used = {name for path in generate.DOCUMENTS for name in generate.blocks_in(path.read_text(encoding="utf-8"))}
    commands = generate.commands()
    options = {f"options {words}" for words, command in commands.items() if generate.options_of(command)}
    assert used == {*generate.BLOCKS, *options}


def test_the_readme_is_short() -> None:
    """The README is a first screen and a map."""
    assert len(README.splitlines()) <= MAX_README_LINES


def test_every_platform_and_sink_has_its_facts() -> None:
    """A new platform or sink is documented, and one that is removed is not."""
    assert sorted(generate.PLATFORM_FACTS) == sorted(PLATFORMS)
    assert sorted(generate.SINK_FACTS) == sorted(SINKS)


def test_every_exit_code_has_a_meaning() -> None:
    """Contract 8.1: every exit code of an error is explained, and no other."""
    assert set(generate.EXIT_CODES) == generate.exit_codes()


def test_the_configuration_of_the_readme_is_valid(tmp_path: Path) -> None:
    """The example of the first page is short, and a configuration."""
    (example,) = fenced(README, "toml")
    assert len(example.splitlines()) <= 20
    config = loaded(tmp_path, example)
    assert [page.key for page in config.pages] == ["openai", "github", "acme"]
    assert [sink.sink for sink in config.notify] == ["slack"]


def test_every_key_of_the_configuration_is_shown(tmp_path: Path) -> None:
    """The configuration page has a valid example that names every key."""
    (example,) = fenced(document("docs/configuration.md"), "toml")
    assert [page.key for page in loaded(tmp_path, example).pages] == ["openai", "github", "acme"]
    internal = {
        "notify",
        "source",
        "shard",
        "state_files",
        "key",
        "headers",
        "mutes",
        "named",
        "single_look",
        "hook_secrets",
        "intervals",
    }
    fields = {*Config.__struct_fields__, *Page.__struct_fields__, *MuteTable.__struct_fields__}
    keys = (fields | {"tags", "headers_env"}) - internal
    assert [key for key in sorted(keys) if f"\n{key} = " not in f"\n{example}"] == []


def test_every_sink_has_a_block_to_copy(tmp_path: Path) -> None:
    """The sinks page configures every sink, and names every option that all sinks have."""
    first, second, by_apprise = fenced(document("docs/sinks.md"), "toml")
    config = loaded(tmp_path, f'pages = ["openai"]\n{first}{second}')
    assert sorted(sink.sink for sink in config.notify) == sorted(SINKS)
    services = loaded(tmp_path, f'pages = ["openai"]\n{by_apprise}').notify
    assert [sink.name for sink in services] == ["ntfy", "mattermost", "rocketchat", "googlechat"]
    options = {*SinkConfig.__struct_fields__, "tags"} - {"where", "options", "assume_impact"}
    assert [name for name in options if f"\n{name} = " not in f"\n{first}"] == []


@pytest.mark.parametrize("name", SINKS)
def test_every_option_of_a_sink_is_in_the_table(name: str) -> None:
    """The row of a sink has all its options."""
    _, options, *_ = generate.sink_row(name)
    fields = msgspec.structs.fields(SINKS[name].OPTIONS)
    assert [field.name for field in fields if f"`{field.name}`" not in options] == []


@pytest.mark.parametrize("path", generate.DOCUMENTS, ids=name_of)
def test_every_link_leads_somewhere(path: Path) -> None:
    """A relative link leads to a file, and its fragment to a heading."""
    for target, fragment in LINK.findall(path.read_text(encoding="utf-8")):
        file = (path.parent / target).resolve() if target else path
        assert file.exists(), f"{target} is missing"
        headings = re.findall(r"(?m)^#+ (.+)$", file.read_text(encoding="utf-8")) if file.suffix == ".md" else []
        slugs = [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]
        assert not fragment or fragment in slugs, f"{target}#{fragment} is missing"


@pytest.mark.parametrize("path", generate.DOCUMENTS, ids=name_of)
def test_no_path_of_a_machine_stands_in_a_document(path: Path) -> None:
    """Documents speak of the reader's machine, and have no placeholder left to fill in."""
    content = path.read_text(encoding="utf-8")
    assert not MACHINE_PATH.search(content)
    assert "@@" not in content and "TODO" not in content


def test_ci_runs_the_commands_of_the_readme() -> None:
    """`.ci/run` finds the two commands of the README by their first lines, and there are only those two."""
    blocks = re.findall(r"```sh\n# (\w+ it)\n(.*?)\n```", README, re.DOTALL)
    assert [name for name, _ in blocks] == ["run it", "test it"]
    assert all(f'"{name}"' in (ROOT / ".ci/run").read_text(encoding="utf-8") for name, _ in blocks)
    assert blocks[0][1].endswith("statuswatch demo") and blocks[1][1].endswith("-m pytest")


@pytest.mark.parametrize("path", FORMS, ids=name_of)
def test_every_issue_form_is_complete(path: Path) -> None:
    """A form has a name, a purpose and fields with ids of their own; one about a page asks for a recording."""
    form: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert form["name"] and form["description"]
    identifiers = [field["id"] for field in form["body"]]
    assert len(identifiers) == len(set(identifiers))
    recordings = [field["attributes"] for field in form["body"] if field["id"] == "recording"]
    assert len(recordings) == 1 and "--record FILE.jsonl" in recordings[0]["description"]


def test_dependabot_covers_every_ecosystem() -> None:
    """Python's dependencies and the actions of the workflows are kept up to date."""
    settings = yaml.safe_load(document("dependabot.yml"))
    assert [update["package-ecosystem"] for update in settings["updates"]] == ["pip", "github-actions", "docker"]


def test_the_changelog_has_the_version_of_the_package() -> None:
    """The version of the package is released, or announced."""
    changelog = document("CHANGELOG.md")
    assert "## [Unreleased]" in changelog and __version__ in changelog
