"""A component glob that matches nothing is reported: a warning in `check` and `inspect`, exit 2 of `status`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest

from statuswatch.model.incident import Component
from statuswatch.rules.filters import grouped, matches_any
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


@pytest.mark.parametrize(
    "glob", ["API", "api*", "EU - API", "us*", "Web*", "docs", "EU - Web Login", "us/*", "EU/Web*"]
)
def test_a_glob_that_matches_a_listed_component_is_fine(workspace: Workspace, glob: str) -> None:
    """Contract 3.10: a glob matches names, and group and name where the page has the name twice, in any case."""
    publish(workspace, incident("a1", "investigating", parts=["Status"]))
    workspace.watch("acme", settings=f'components = ["{glob}"]\n')
    assert "warning" not in workspace.check().err
    assert workspace.run("status", "--component", glob, "--fail-on", "minor").code == 0


@pytest.mark.parametrize("glob", ["Nope", "APi v2", "US - Web Login", "Dcos", "US/Web*"])
def test_a_glob_that_matches_nothing(workspace: Workspace, glob: str) -> None:
    """Contract 3.10: it is a warning in `check` and `inspect`, and exit 2 with `status --component`, nothing
    printed.
    """
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


def test_a_group_selects_incidents(workspace: Workspace) -> None:
    """Contract 3.10: a glob names a group; the vendor names a component of an incident without it."""
    publish(workspace)
    workspace.watch("acme", settings='components = ["eu/*"]\n')
    workspace.check()
    inside, outside = (
        incident("a1", "investigating", parts=["Web Login"]),
        incident("a2", "investigating", parts=["Docs"]),
    )
    publish(workspace, inside, outside)
    assert workspace.event_lines() == ["new acme/a1"]
    opened = json.loads(workspace.run("status", "--component", "EU/*", "--format", "json").out)
    assert [entry["incident"]["id"] for entry in opened["incidents"]] == ["a1"]
    assert opened["incidents"][0]["incident"]["components"] == ["Web Login"]


@pytest.mark.parametrize("glob", ["us-east-1/*", "us-east-1/EC2", "EC2*"])
def test_a_region_behind_a_name(glob: str) -> None:
    """Contract 3.10: where a region stands behind the name of a component, a glob names it like a group."""
    assert matches_any([Component("EC2 (us-east-1)")], [glob])
    assert not matches_any([Component("EC2 (eu-west-1)")], ["us-east-1/*"])


def test_components_are_listed_without_a_read(workspace: Workspace) -> None:
    """18: `pages KEY` lists the remembered components with their groups; so does `inspect` of a page that fails."""
    publish(workspace)
    unread = workspace.run("pages", "acme", "--configured")
    assert "Components" not in unread.out
    assert "no components of acme are remembered: `statuswatch inspect acme` reads them" in unread.err
    workspace.check()
    requests = len(workspace.vendor.requests)
    listed = ["Components, as remembered", "  EU: API, Web Login", "  US: API"]
    assert workspace.run("pages", "--configured", "acme").out.splitlines()[-4:] == [listed[0], "  Docs", *listed[1:]]
    assert "Components" not in workspace.run("pages", "--configured", "acme", "--format", "json").out
    assert len(workspace.vendor.requests) == requests
    workspace.vendor.answer("/acme/api/v2/incidents.json", "no", 503)
    inspected = workspace.run("inspect", "acme")
    assert inspected.code == 4
    assert all(line in inspected.out for line in listed)


def test_a_group_is_known_where_the_name_is_in_one_only() -> None:
    """Contract 3.10: where the page has a name in several groups, the incident says which, or nobody knows."""
    listed = [Component("API", "EU"), Component("API", "US"), Component("Docs", "EU"), Component("Blog")]
    named = [Component("API"), Component("API", "US"), Component("Docs"), Component("Blog"), Component("Gone")]
    assert [component.group for component in grouped(named, listed)] == ["", "US", "EU", "", ""]


def test_a_near_miss_is_named(workspace: Workspace) -> None:
    """Contract 3.10: the component that was meant is suggested."""
    publish(workspace)
    assert "did you mean 'Docs'?" in workspace.run("status", "--component", "Dcos").err


def test_inspect_lists_the_components(workspace: Workspace) -> None:
    """Contract 3.10: `inspect` lists what a page has, by group."""
    publish(workspace)
    lines = workspace.run("inspect", "acme").out.splitlines()
    start = lines.index("Components")
    assert lines[start + 1 : start + 4] == ["  Docs", "  EU: API, Web Login", "  US: API"]


def test_a_component_that_an_open_incident_names_is_a_match(workspace: Workspace) -> None:
    """Contract 3.10: a component that the page no longer lists, but an open incident names, passes the check."""
    publish(workspace, incident("a1", "investigating", impact="major", parts=["Old API"]))
    assert workspace.run("status", "--component", "Old*", "--fail-on", "major").code == 10


def test_a_match_on_one_of_the_pages_is_enough(workspace: Workspace) -> None:
    """Contract 3.10: a glob must match on at least one page asked about."""
    publish(workspace)
    workspace.vendor.put(incidentio("/bolt", [incident("b1", "investigating", parts=["Queue"])]))
    workspace.watch("acme", "bolt")
    assert workspace.run("status", "--component", "Queue").code == 0
    assert workspace.run("status", "acme", "--component", "Queue").code == 2
    assert workspace.run("status", "BOLT", "--component", "Docs").code == 2


def test_a_page_that_lists_no_components(workspace: Workspace) -> None:
    """Contract 3.10: there nothing matches, and an incident that names no component counts as matching."""
    workspace.acme()
    completed = workspace.run("status", "--component", "Nope", "--fail-on", "minor")
    assert completed.code == 2 and "lists none, so leave --component out" in completed.err
    workspace.acme(incident("a1", "investigating"))
    assert workspace.run("status", "--component", "Nope", "--fail-on", "minor").code == 10
    assert "it lists none" in workspace.run("inspect", "acme").out


def test_a_typing_error_is_found_on_a_suspicious_read(workspace: Workspace) -> None:
    """Contract 3.10: a component glob is judged also on a suspicious read, and on a page that fails."""
    publish(workspace, incident("a1", "investigating", "identified", parts=["API"]))
    workspace.check()
    publish(workspace, incident("a1", "investigating", parts=["API"]))
    assert "suspected" in workspace.run("status", "--offline").out or workspace.check().code == 0
    assert workspace.run("status", "--component", "Nope", "--allow-unknown").code == 2
    assert workspace.run("status", "--component", "API", "--fail-on", "critical").code == 4
    workspace.vendor.answer("/acme/api/v2/incidents.json", b"", 503)
    assert workspace.run("status", "--component", "Nope", "--allow-unknown").code == 2


def test_a_page_that_was_never_read_is_unknown_first(workspace: Workspace, dead: str) -> None:
    """Contract 3.10: where nobody knows what a page lists, it is unknown, and no glob is called a mistake."""
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
    """Contract 3.10: where every document answers 304, the remembered list counts."""
    workspace.vendor.etags = True
    publish(workspace, incident("a1", "investigating"))
    workspace.watch("acme", settings='components = ["Nope"]\n')
    for _ in range(2):
        assert "warning: 'Nope'" in workspace.check("--verbose").err
    assert workspace.run("status", "--component", "Nope").code == 2
