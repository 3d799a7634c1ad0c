"""Vendors that a repository depends on: two invented repositories, and hostile ones."""

from __future__ import annotations

import json
import os
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuswatch.scan import SCANNERS
from statuswatch.scan.repository import MAX_BYTES, scan
from tests.support.scanned_repositories import REPOSITORIES, write_repository

if TYPE_CHECKING:
    from pathlib import Path


def found(folder: Path) -> dict[str, str]:
    return {proposal.key: proposal.reason for proposal in scan(folder).proposals}


@pytest.mark.parametrize("name", REPOSITORIES)
def test_a_repository(tmp_path: Path, name: str) -> None:
    """Contract 2.12: each vendor is proposed once, with the file and the name that show it; nothing else is."""
    files, vendors = REPOSITORIES[name]
    assert found(write_repository(tmp_path, files)) == vendors


def test_no_value_of_a_variable_is_shown(tmp_path: Path) -> None:
    """Contract 2.12: of a file of variables only names are kept."""
    files, _ = REPOSITORIES["shop"]
    assert "sk-do-not-show-this" not in repr(scan(write_repository(tmp_path, files)))


@pytest.mark.parametrize(
    ("path", "content", "vendors"),
    [
        ("requirements/base.txt", "stripe==11.1.0 --hash=sha256:00\n", {"stripe": "stripe 11.1.0"}),
        (
            "requirements.txt",
            "-e .\nstripe @ https://x.example/s.whl\nTwilio ; python_version>'3'\n",
            {"stripe": "stripe", "twilio": "twilio"},
        ),
        (
            "setup.cfg",
            "[options]\ninstall_requires =\n  stripe>=1\n[options.extras_require]\na =\n  twilio\n",
            {"stripe": "stripe", "twilio": "twilio"},
        ),
        ("Pipfile", '[packages]\nstripe = "*"\n', {"stripe": "stripe"}),
        ("pyproject.toml", '[tool.poetry.group.dev.dependencies]\npython = "3"\nstripe = "*"\n', {"stripe": "stripe"}),
        (
            "uv.lock",
            '[[package]]\nname = "app"\nsource = { editable = "." }\ndependencies = [{ name = "stripe" }]\n'
            '[[package]]\nname = "stripe"\nversion = "11.1.0"\n[[package]]\nname = "twilio"\nversion = "9"\n',
            {"stripe": "stripe 11.1.0"},
        ),
        (
            "Cargo.lock",
            '[[package]]\nname = "edge"\nversion = "0.1.0"\ndependencies = ["async-stripe"]\n'
            '[[package]]\nname = "async-stripe"\nversion = "0.39.1"\nsource = "registry"\n',
            {"stripe": "async-stripe 0.39.1"},
        ),
        (
            ".terraform.lock.hcl",
            'provider "registry.x.io/cloudflare/cloudflare" {\n  version = "4.1.0"\n',
            {"cloudflare": "provider cloudflare/cloudflare 4.1.0"},
        ),
        (
            ".github/workflows/a.yml",
            "    - uses: docker://quay.io/a/b:1\n",
            {"quay": "uses quay.io/a/b:1", "github": "is there"},
        ),
        ("nginx.conf", "add_header Content-Security-Policy \"connect-src *.sentry.io\";\n", {"sentry": "sentry.io"}),
    ],
)  # fmt: skip
def test_a_file(tmp_path: Path, path: str, content: str, vendors: dict[str, str]) -> None:
    """Contract 2.12: each source is read as its tool reads it."""
    write_repository(tmp_path, {path: content})
    registries = {scanner.REGISTRY for scanner in SCANNERS.values()}
    assert {key: reason for key, reason in found(tmp_path).items() if key not in registries} == {
        key: f"{path}: {shown}" for key, shown in vendors.items()
    }


NAMED: Final = "jobs:\n  a:\n    env:\n      SLACK_WEBHOOK_URL: ${{ secrets.SLACK_WEBHOOK_URL }}\n"
OPTIONAL: Final = "on:\n  workflow_call:\n    secrets:\n      SLACK_WEBHOOK_URL:\n        required: "


@pytest.mark.parametrize(
    ("content", "vendors"),
    [
        (NAMED, {"github", "slack"}),
        (NAMED.replace("      SLACK", "      # SLACK"), {"github"}),
        (f"{OPTIONAL}true\n{NAMED}", {"github", "slack"}),
        (f"{OPTIONAL}false\n{NAMED}", {"github"}),
        (f"name: statuswatch\n{NAMED}", {"github"}),
        (
            "jobs:\n  a:\n    uses: ACME/statuswatch/.github/workflows/watch.yml@0123\n    secrets:\n"
            "      SLACK_WEBHOOK_URL: ${{ secrets.SLACK_WEBHOOK_URL }}\n",
            {"github"},
        ),
    ],
)
def test_a_secret_that_need_not_exist_shows_no_vendor(tmp_path: Path, content: str, vendors: set[str]) -> None:
    """2.12: a secret in a comment, an optional one, and those of our own workflow propose nothing."""
    assert set(found(write_repository(tmp_path, {".github/workflows/a.yml": content}))) == vendors


@pytest.mark.parametrize(
    ("folder", "counts"),
    [
        ("template", False),
        ("examples/shop", False),
        ("Sample", False),
        ("cookiecutter-app", False),
        ("{{cookiecutter.slug}}", False),
        (".github/template", False),
        ("templates", True),
        ("shop", True),
    ],
)
def test_a_template_shows_no_vendor(tmp_path: Path, folder: str, *, counts: bool) -> None:
    """2.12: the repository does not depend on what its templates and examples name; a folder that is scanned counts."""
    write_repository(
        tmp_path, {f"{folder}/requirements.txt": "stripe==14.2.0\n", f"{folder}/.env": "STRIPE_API_KEY=\n"}
    )
    assert ("stripe" in found(tmp_path)) == counts
    assert "stripe" in found(tmp_path / folder)


def test_nothing_outside_the_folder_is_read(tmp_path: Path) -> None:
    """A symbolic link is not followed, be it of a file or of a folder."""
    outside = write_repository(tmp_path / "outside", {".env": "OPENAI_API_KEY=1\n"})
    inside = write_repository(tmp_path / "inside", {"README.md": ""})
    (inside / ".env").symlink_to(outside / ".env")
    (inside / "linked").symlink_to(outside, target_is_directory=True)
    assert found(inside) == {}


@pytest.mark.skipif(os.name != "posix", reason="there are no FIFOs")
def test_what_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    """A file that is too large is named, a FIFO never waited for; the others count."""
    write_repository(tmp_path, {"package.json": json.dumps({"dependencies": {"stripe": "1"}})})
    with (tmp_path / "package-lock.json").open("wb") as lock:
        lock.truncate(MAX_BYTES + 1)
    os.mkfifo(tmp_path / "go.mod")
    result = scan(tmp_path)
    assert result.problems == ("package-lock.json has more than 20 MB: not read",)
    assert [proposal.key for proposal in result.proposals] == ["stripe", "npm"]


NAMES = ("package-lock.json", "pyproject.toml", "requirements.txt", "uv.lock", "setup.cfg", "go.mod", "Gemfile.lock",
         "Cargo.lock", "Cargo.toml", "composer.json", "main.tf", ".terraform.lock.hcl", ".env", "Dockerfile",
         "compose.yml", ".github/workflows/x.yml", "nginx.conf")  # fmt: skip


@given(st.text(max_size=80) | st.recursive(st.integers() | st.text(max_size=5), st.lists, max_leaves=5).map(json.dumps))
def test_any_content_is_read_without_a_fault(content: str) -> None:
    """A file that is not what its name says has no names, and stops nothing."""
    for name in NAMES:
        path = PurePosixPath(name)
        readers = [scanner for scanner in SCANNERS.values() if scanner.reads(path)]
        assert readers
        for scanner in readers:
            list(scanner.find(path, content))
