"""A component glob that matches nothing is reported: a warning in `check` and `inspect`, exit 2 of `status`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.support.fake_vendor import incident, incidentio, statuspage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.support.workspace import Workspace

SUMMARY: Final = "/acme/api/v2/summary.json"
GROUPS: Final = {"g1": "EU", "g2": "US"}
LISTED: Final = (("API", "g1"), ("API", "g2"), ("Web Login", "g1"), ("Docs", None))


def publish(
    workspace: Workspace, *incidents: dict[str, Any], listed: Sequence[tuple[str, str | None]] = LISTED
) -> None:
    """Publish Acme's page with these components."""
    documents = statuspage("/acme", incidents)
    groups = [{"id": key, "name": name, "group": True} for key, name in GROUPS.items()]
    parts = [{"id": f"c{number}", "name": name, "group_id": group} for number, (name, group) in enumerate(listed)]
    documents[SUMMARY]["components"] = [*groups, *parts]
    workspace.vendor.put(documents)


@pytest.mark.parametrize("glob", ["API", "api*", "EU - API", "us*", "Web*", "docs"])
def test_a_glob_that_matches_a_listed_component_is_fine(workspace: Workspace, glob: str) -> None:
    """Section 3: a glob matches names, and group and name where the page has the name twice, in any case."""
    publish(workspace, incident("a1", "investigating", parts=["Status"]))
    workspace.watch("acme", settings=f'components = ["{glob}"]\n')
    assert "warning" not in workspace.check().err
    assert workspace.run("status", "--component", glob, "--fail-on", "minor").code == 0


@pytest.mark.parametrize("glob", ["Nope", "APi v2", "EU - Web Login", "Dcos"])
def test_a_glob_that_matches_nothing(workspace: Workspace, glob: str) -> None:
    """Section 3: it is a warning in `check` and `inspect`, and exit 2 with `status --component`, nothing printed."""
    publish(workspace, incident("a1", "investigating", parts=["API"]))
    workspace.watch("acme", settings=f'components = ["API", "{glob}"]\n')
    warning = f"warning: '{glob}' in `components` matches no component (acme): `statuswatch inspect acme` lists them"
    for _ in range(2):
        completed = workspace.check()
        assert completed.err.count("warning") == 1 and warning in completed.err
    assert "warning" not in workspace.check("--quiet").err
    inspected = workspace.run("inspect", "acme").out
    assert f"warning: '{glob}' in `components` matches none of the components" in inspected
    for arguments in ((), ("--fail-on", "major"), ("--offline",), ("--allow-unknown", "--format", "json")):
        answer = workspace.run("status", "--component", glob, "--component", "API", *arguments)
        assert (answer.code, answer.out) == (2, ""), arguments
        assert f"--component '{glob}' matches no component (acme)" in answer.err


def test_a_near_miss_is_named(workspace: Workspace) -> None:
    """Section 3: the component that was meant is suggested."""
    publish(workspace)
    assert "did you mean 'Docs'?" in workspace.run("status", "--component", "Dcos").err


def test_inspect_lists_the_components(workspace: Workspace) -> None:
    """Section 3: `inspect` lists what a page has, by group."""
    publish(workspace)
    lines = workspace.run("inspect", "acme").out.splitlines()
    start = lines.index("Components")
    assert lines[start + 1 : start + 4] == ["  Docs", "  EU: API, Web Login", "  US: API"]


def test_a_component_that_an_open_incident_names_is_a_match(workspace: Workspace) -> None:
    """Section 3: a component that the page no longer lists, but an open incident names, passes the check."""
    publish(workspace, incident("a1", "investigating", impact="major", parts=["Old API"]))
    assert workspace.run("status", "--component", "Old*", "--fail-on", "major").code == 10


def test_a_match_on_one_of_the_pages_is_enough(workspace: Workspace) -> None:
    """Section 3: a glob must match on at least one page asked about."""
    publish(workspace)
    workspace.vendor.put(incidentio("/bolt", [incident("b1", "investigating", parts=["Queue"])]))
    workspace.watch("acme", "bolt")
    assert workspace.run("status", "--component", "Queue").code == 0
    assert workspace.run("status", "acme", "--component", "Queue").code == 2
    assert workspace.run("status", "BOLT", "--component", "Docs").code == 2


def test_a_page_that_lists_no_components(workspace: Workspace) -> None:
    """Section 3: there a glob cannot be judged, and an incident that names no component counts as matching."""
    workspace.acme()
    assert workspace.run("status", "--component", "Nope", "--fail-on", "minor").code == 0
    workspace.acme(incident("a1", "investigating"))
    assert workspace.run("status", "--component", "Nope", "--fail-on", "minor").code == 10
    assert "it lists none" in workspace.run("inspect", "acme").out


def test_a_typing_error_is_found_on_a_suspicious_read(workspace: Workspace) -> None:
    """Section 8: a component glob is judged also on a suspicious read, and on a page that fails."""
    publish(workspace, incident("a1", "investigating", "identified", parts=["API"]))
    workspace.check()
    publish(workspace, incident("a1", "investigating", parts=["API"]))
    assert "suspected" in workspace.run("status", "--offline").out or workspace.check().code == 0
    assert workspace.run("status", "--component", "Nope", "--allow-unknown").code == 2
    assert workspace.run("status", "--component", "API", "--fail-on", "critical").code == 4
    workspace.vendor.answer("/acme/api/v2/incidents.json", b"", 503)
    assert workspace.run("status", "--component", "Nope", "--allow-unknown").code == 2


def test_a_page_that_was_never_read_is_unknown_first(workspace: Workspace, dead: str) -> None:
    """Section 8: where nobody knows what a page lists, it is unknown, and no glob is called a mistake."""
    publish(workspace)
    workspace.watch("acme", "bolt", bolt=f"{dead}/bolt")
    assert workspace.run("status", "--component", "Queue", "--fail-on", "minor").code == 4


def test_the_list_of_components_causes_no_write(workspace: Workspace) -> None:
    """Section 6: what a page lists is remembered with another change only, sorted, for runs that answer offline."""
    publish(workspace, incident("a1", "investigating"))
    workspace.check()
    before = workspace.state.read_bytes()
    assert workspace.saved_pages()["acme"]["listed"] == [
        ["API", "EU"],
        ["API", "US"],
        ["Docs", ""],
        ["Web Login", "EU"],
    ]
    publish(workspace, incident("a1", "investigating"), listed=[*LISTED, ("New", None)][::-1])
    workspace.check()
    assert workspace.state.read_bytes() == before
    assert workspace.run("status", "--component", "New").code == 0
    publish(workspace, incident("a1", "investigating", "resolved"), listed=[*LISTED, ("New", None)])
    workspace.check()
    assert ["New", ""] in workspace.saved_pages()["acme"]["listed"]


def test_a_page_that_did_not_change_is_judged_too(workspace: Workspace) -> None:
    """Section 3: where every document answers 304, the remembered list counts."""
    workspace.vendor.etags = True
    publish(workspace, incident("a1", "investigating"))
    workspace.watch("acme", settings='components = ["Nope"]\n')
    for _ in range(2):
        assert "warning: 'Nope'" in workspace.check("--verbose").err
    assert workspace.run("status", "--component", "Nope").code == 2
