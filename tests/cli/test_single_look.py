"""A look at a page that is not watched: it is read and shown, and nothing is delivered or written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from statuswatch.catalog import catalog
from statuswatch.config.resolve import dormant_caution
from statuswatch.model.page import Feed, Inspection
from statuswatch.platforms import UNREAD_PLATFORMS, missing_reader
from statuswatch.render.inspection import render
from tests.support.fake_vendor import incident, statuspage

if TYPE_CHECKING:
    from tests.support.workspace import Workspace


def test_status_of_an_address(workspace: Workspace) -> None:
    """Contract 2.5c: `status` takes any address, with its scheme or without, and finds the platform out."""
    workspace.vendor.put(statuspage("/zyxw", [incident("z1", "investigating")]))
    address = f"{workspace.vendor.url}/zyxw"
    completed = workspace.run("status", address, "--fail-on", "minor")
    assert completed.code == 10 and "Trouble z1" in completed.out
    assert not workspace.state.exists()


def test_status_takes_a_watched_page_by_its_address(workspace: Workspace) -> None:
    """Contract 2.5c and 3.3c: the address of a watched page names it, also one below it."""
    completed = workspace.run("status", f"{workspace.vendor.url}/acme/incidents/1")
    assert completed.code == 0 and "1 of 1 page read" in completed.out


def test_check_of_an_address_remembers_nothing(workspace: Workspace) -> None:
    """Contract 2.5c: `check` of a page that is not watched is a single look, and says so."""
    workspace.check()
    before = workspace.state.read_bytes()
    workspace.vendor.put(statuspage("/zyxw", [incident("z1", "investigating")]))
    for words in ([f"{workspace.vendor.url}/zyxw"], ["acme", f"{workspace.vendor.url}/zyxw"]):
        completed = workspace.run("check", *words, "--announce-open")
        assert completed.code == 0 and "Trouble z1" in completed.out
        assert "a page is not watched: a single look; nothing is delivered or written" in completed.err
        assert workspace.state.read_bytes() == before


def test_a_single_look_cannot_be_repeated(workspace: Workspace) -> None:
    """Contract 2.5c: --watch and a page that is not watched contradict one another."""
    completed = workspace.run("check", "--watch", f"{workspace.vendor.url}/zyxw")
    assert completed.code == 2 and "--watch cannot be combined with a page that is not watched" in completed.err


def test_a_vendor_without_a_reader(workspace: Workspace) -> None:
    """Contract 3.3d: a vendor that is known but unreadable is named as such, with its page, and is never all clear."""
    unread = (
        row for row in catalog().rows.values() if row.platform in UNREAD_PLATFORMS and missing_reader(row.platform)
    )
    row = next(unread, None)
    if row is None:
        pytest.skip("every platform has a reader")
    reason = f"known but unreadable (platform {UNREAD_PLATFORMS[row.platform]}, no reader yet)"
    for arguments in (["status", row.key, "--fail-on", "minor"], ["inspect", row.key]):
        completed = workspace.run(*arguments)
        assert completed.code == 4 and f"{reason} ({row.url})" in completed.out
    line = f"{row.key}\t{row.name}\t{row.platform}\t{row.category}\t{row.url}\t{reason}"
    assert line in workspace.run("pages", row.key).out.splitlines()


def test_a_dormant_page_is_no_reassurance(workspace: Workspace) -> None:
    """Contract 2.5d: a page that may be abandoned says so in `pages`, `inspect` and `config check`."""
    warning = "dormant? silent for over a year: nothing open there does not mean that all is well"
    assert workspace.run("pages", "okta").out.startswith(
        f"okta\tOkta\trss\tsecurity\thttps://status.okta.com\t{warning}\n"
    )
    feed = Feed(identity="okta", incidents=())
    shown = render(
        Inspection(catalog()["okta"], feed, (), ()), "", None, None, caution=dormant_caution(catalog()["okta"])
    )
    assert [line.plain for line in shown][:2] == ["Okta · https://status.okta.com", warning]
    assert not dormant_caution(catalog()["openai"])
    (workspace.folder / "statuswatch.toml").write_text('pages = ["okta", "openai"]')
    assert f"\nwarning: okta: {warning} (https://status.okta.com)\n" in workspace.run("config", "check").out


def test_near_words_are_suggested(workspace: Workspace) -> None:
    """Contract 2: a search without a match suggests keys that are near, also by their aliases."""
    assert "no page matches 'dokcerhub': did you mean 'docker'?" in workspace.run("pages", "dokcerhub").err
    assert "no page matches 'acmee': did you mean 'acme'?" in workspace.run("pages", "--configured", "acmee").err
