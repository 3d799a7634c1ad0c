"""The README says what the program does: all of it, and as it is."""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import typer

from statuswatch import errors
from statuswatch.catalog import catalog
from statuswatch.cli import app
from statuswatch.config import load, tables
from statuswatch.platforms import PLATFORMS
from statuswatch.sinks import SINKS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def table(first_cell: str) -> list[str]:
    """The first cells of the table whose head begins so."""
    lines = README[README.index(f"| {first_cell} |") :].splitlines()[2:]
    return [
        line.split("|")[1].strip() for line in lines[: next(n for n, it in enumerate(lines) if not it.startswith("|"))]
    ]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command(command: str) -> None:
    """Every command is in the README."""
    assert f"`statuswatch {command}" in README


@pytest.mark.parametrize("command", [name for name in COMMANDS if name not in ("demo", "notify")])
def test_every_option(command: str) -> None:
    """The table of a command's options has every one of them, and no other."""
    told = {option for cell in table(f"option of `{command}`") for option in re.findall(r"`(--?[a-z-]+)", cell)}
    real = {option for parameter in COMMANDS[command].params for option in parameter.opts if option.startswith("-")}
    assert told == real - {"--help", "-h"}


def test_every_platform() -> None:
    """The table of platforms has every platform, and no other."""
    assert sorted(cell.strip("`") for cell in table("platform")) == sorted(PLATFORMS)


def test_every_exit_code() -> None:
    """The table of exit codes has every code that an error has, and those of a run that ended well."""
    codes = {it.exit_code for it in errors.StatuswatchError.__subclasses__()}
    assert {int(cell) for cell in table("exit code")} == {0, 1, *codes, errors.EVENTS_FOUND, errors.INTERRUPTED}


def test_the_configuration_shown_is_valid(tmp_path: Path) -> None:
    """The configuration of the README is one, and names every key there is."""
    shown, *sinks = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    (tmp_path / "statuswatch.toml").write_text(shown)
    loaded = load.load_config(None, {}, tmp_path)
    assert [page.key for page in loaded.pages] == ["openai", "github", "acme"]
    keys = {*tables.FileTable.__struct_fields__, *tables.PageTable.__struct_fields__} - {"page", "notify"}
    assert [key for key in keys if f"\n{key} = " not in f"\n{shown}"] == []
    (tmp_path / "statuswatch.toml").write_text(f'pages = ["openai"]\n{"".join(sinks)}')
    told = load.load_config(None, {}, tmp_path).notify
    assert sorted(it.sink for it in told) == sorted(SINKS), "a block to copy for every sink"
    assert [key for key in tables.NotifyTable.__struct_fields__ if f"\n{key} = " not in f"\n{sinks[0]}"] == []


def test_every_sink_and_its_options() -> None:
    """The table of sinks has every sink with all its options, and no other."""
    assert sorted(cell.strip("`") for cell in table("sink")) == sorted(SINKS)
    rows = {line.split("|")[1].strip().strip("`"): line for line in README.splitlines() if line.startswith("| `")}
    for name, sink in SINKS.items():
        assert [it for it in sink.OPTIONS.__struct_fields__ if f"`{it}`" not in rows[name]] == []


def test_the_output_shown_is_real() -> None:
    """The output on the first screen is what the demonstration prints, but for the port and what is left out."""
    (shown,) = re.findall(r"\$ statuswatch demo\n…\n(.*?)\n…\n```", README, re.DOTALL)
    printed = subprocess.run(
        [sys.executable, "-m", "statuswatch", "demo"], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    parts = re.sub(r":\d{4,5}/", ":8080/", shown).split("\n…\n")
    assert len(parts) == 2 and all(part in re.sub(r":\d{4,5}/", ":8080/", printed) for part in parts)


def test_nothing_is_left_to_fill_in() -> None:
    """No placeholder is left in the README."""
    assert "@@" not in README


def test_the_catalog_count_is_real() -> None:
    """The README counts the catalog as it is, in all and by platform."""
    sentence = README[README.index("**The catalog has") :].partition("Each row")[0]
    counts = Counter(page.platform for page in catalog().values()).values()
    told = [int(number) for number in re.findall(r"\b\d+\b", sentence)]
    assert told == [len(catalog()), *sorted((it for it in counts if it > 2), reverse=True), 2]
    assert sorted(it for it in counts if it <= 2) == [1] * 7 + [2] * 2


def test_ci_runs_the_readmes_commands() -> None:
    """`.ci/run` finds the two commands of the README, by their first lines, and there are only those two."""
    blocks = re.findall(r"```sh\n# (\w+ it)\n(.*?)\n```", README, re.DOTALL)
    assert [name for name, _ in blocks] == ["run it", "test it"]
    assert all(f'"{name}"' in (ROOT / ".ci/run").read_text() for name, _ in blocks)
    assert blocks[0][1].endswith("statuswatch demo") and blocks[1][1].endswith("-m pytest")
