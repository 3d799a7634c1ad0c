"""The image and the manifests: one writer of the state, no rights, and commands that the program has."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
import typer
import yaml

from statuswatch.cli import app
from statuswatch.config import load

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[2]
DEPLOY: Final = ROOT / ".github" / "deploy"
DOCKERFILE: Final = (ROOT / ".github" / "docker" / "Dockerfile").read_text(encoding="utf-8")
USER: Final = 65532
COMMANDS: Final = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def resources(name: str) -> dict[str, Any]:
    """Return the resources of a manifest, by kind."""
    return {entry["kind"]: entry for entry in yaml.safe_load_all((DEPLOY / "kubernetes" / name).read_text())}


def pod_of(name: str) -> dict[str, Any]:
    """Return what the pods of a manifest are made of."""
    found = resources(name)
    if "CronJob" in found:
        pod: dict[str, Any] = found["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    else:
        pod = found["Deployment"]["spec"]["template"]["spec"]
    return pod


MANIFESTS: Final = sorted(path.name for path in (DEPLOY / "kubernetes").glob("*.yaml"))
SERVICES: Final = {
    path.name: yaml.safe_load(path.read_text())["services"] for path in sorted((DEPLOY / "compose").glob("*.yml"))
}
UNITS: Final = sorted((DEPLOY / "systemd").glob("*.service"))


def test_the_image_is_locked_and_has_no_rights() -> None:
    """What the image installs is in the lock, by hash; it runs as a user without a name, and without a shell."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    lock = "requirements-serve.txt" if "serve" in extras else "requirements.txt"
    assert f"\nARG LOCK={lock}\n" in DOCKERFILE, "the image serves, too: name this lock in .github/docker/Dockerfile"
    assert "--require-hashes" in DOCKERFILE and "--only-binary :all:" in DOCKERFILE
    stages = DOCKERFILE.split("\nFROM ")[1:]
    assert len(stages) == 2 and "pip" not in stages[1]
    assert f"\nUSER {USER}:{USER}\n" in stages[1]
    assert '\nENTRYPOINT ["/opt/statuswatch/bin/statuswatch"]\n' in stages[1]
    for label in ("title", "description", "licenses"):
        assert f"org.opencontainers.image.{label}=" in stages[1]


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_pod_has_no_rights(name: str) -> None:
    """No root, no capability, no writable root file system, no token of the cluster."""
    pod = pod_of(name)
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True and pod["securityContext"]["runAsUser"] == USER
    (container,) = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    volumes = {volume["name"] for volume in pod["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == volumes


def test_the_state_has_one_writer() -> None:
    """A check forbids a second one, and `serve` has one replica that ends before the next begins."""
    for name in ("check.yaml", "shards.yaml"):
        job = resources(name)["CronJob"]["spec"]
        assert (job["concurrencyPolicy"], job["startingDeadlineSeconds"]) == ("Forbid", 120)
        assert job["jobTemplate"]["spec"]["activeDeadlineSeconds"] < 300
    serve = resources("serve.yaml")["Deployment"]["spec"]
    assert (serve["replicas"], serve["strategy"]["type"]) == (1, "Recreate")
    (container,) = serve["template"]["spec"]["containers"]
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"


def test_the_configuration_of_the_manifest_is_valid(tmp_path: Path) -> None:
    """The ConfigMap holds a configuration whose state is on the volume."""
    (tmp_path / "statuswatch.toml").write_text(resources("check.yaml")["ConfigMap"]["data"]["statuswatch.toml"])
    assert str(load.load_config(None, {}, tmp_path).state) == "/data/state.json"


def test_every_pod_of_the_shards_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The index of a pod begins with 0 and its shard with 1; all shards are there."""
    (container,) = pod_of("shards.yaml")["containers"]
    job = resources("shards.yaml")["CronJob"]["spec"]["jobTemplate"]["spec"]
    assert (job["completionMode"], job["completions"], job["parallelism"]) == ("Indexed", 8, 8)
    called: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda _, words: called.append(words))
    for index in range(8):
        monkeypatch.setenv("JOB_COMPLETION_INDEX", str(index))
        exec(container["command"][2], {})  # noqa: S102
    assert [words[-1] for words in called] == [f"{number}/8" for number in range(1, 9)]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_no_rights(name: str) -> None:
    """Every service of a compose file is read-only, without capabilities, and gains no privileges."""
    for service in SERVICES[name].values():
        assert service["read_only"] is True and service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
    assert SERVICES[name]["statuswatch"]["user"] == f"{USER}:{USER}"
    assert "ports" not in SERVICES[name]["statuswatch"]


def invocations() -> Iterator[list[str]]:
    """Yield the words of every call of the program in the image, the manifests and the units."""
    yield re.findall(r'"([^"]+)"', re.findall(r"(?m)^CMD \[(.*)\]$", DOCKERFILE)[0])
    for name in MANIFESTS:
        yield pod_of(name)["containers"][0]["args"]
    for services in SERVICES.values():
        yield services["statuswatch"]["command"]
    for unit in UNITS:
        (line,) = re.findall(r"(?m)^ExecStart=/opt/statuswatch/bin/statuswatch (.*)$", unit.read_text())
        yield line.split()


def test_every_command_exists() -> None:
    """Each call names a command with options that it has. One that is not built yet is left out."""
    calls = [*invocations()]
    assert len(calls) == 1 + len(MANIFESTS) + len(SERVICES) + len(UNITS)
    for command, *words in calls:
        if command == "serve" and command not in COMMANDS:
            continue
        options = {spelling for param in COMMANDS[command].params for spelling in param.opts}
        assert {word for word in words if word.startswith("--")} <= options


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_is_hardened(path: Path) -> None:
    """A unit runs as a user of its own, sees the machine read-only, and has no capability."""
    unit = path.read_text()
    for line in ("DynamicUser=yes", "ProtectSystem=strict", "CapabilityBoundingSet=", "NoNewPrivileges=yes"):
        assert f"\n{line}\n" in unit
