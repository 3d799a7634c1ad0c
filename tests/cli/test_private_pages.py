"""Private pages: headers of `headers_env` go to the page's origin only, and their values appear nowhere."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import pytest

from statuswatch.reading.private import MASK, Secrets
from tests.support.fake_vendor import FakeVendor, incident, statuspage

if TYPE_CHECKING:
    from tests.support.workspace import Workspace

TOKEN: Final = "Zk3/9x+Qw7Lm2&Tr8v"  # noqa: S105 - an example
VALUE: Final = f"Bearer {TOKEN}"
SETTINGS: Final = 'headers_env = { Authorization = "ACME_TOKEN", X-Team = "ACME_TEAM" }\n'
ENV: Final = {"ACME_TOKEN": f"{VALUE}\n", "ACME_TEAM": "blue"}
ECHOES: Final = {
    "as it is": TOKEN,
    "in another case": TOKEN.upper(),
    "base64": base64.b64encode(TOKEN.encode()).decode(),
    "base64 of the value": base64.b64encode(VALUE.encode()).decode(),
    "percent-encoded": quote(TOKEN, safe=""),
    "a piece at the start": TOKEN[:8],
    "a piece in the middle": TOKEN[5:14],
    "a piece at the end": TOKEN[-9:],
}


def headers_sent(vendor: FakeVendor) -> set[str]:
    """Return the value of the private header of every request; "None" where there was none."""
    return {str(request.headers["Authorization"]) for request in vendor.requests}


def test_a_private_page_is_read_with_its_headers(workspace: Workspace) -> None:
    """Contract 3.9: the headers are sent with every request to the page's origin, and with none of another page."""
    workspace.watch("acme", settings=SETTINGS)
    public = f'[page.bolt]\nurl = "{workspace.vendor.url}/bolt"\nplatform = "incidentio"\n'
    with (workspace.folder / "statuswatch.toml").open("a") as file:
        file.write(public)
    workspace.bolt()
    workspace.run("check", env=ENV)
    sent = {
        (request.path.split("/")[1], request.headers["Authorization"], request.headers["X-Team"])
        for request in workspace.vendor.requests
    }
    assert sent == {("acme", VALUE, "blue"), ("bolt", None, None)}


def test_a_redirect_to_another_origin_gets_no_headers(workspace: Workspace) -> None:
    """Contract 3.9: headers are never sent after a redirect to another origin, be it only another port."""
    with FakeVendor() as other:
        other.put(statuspage("/acme", [incident("a1", "investigating")]))
        for path in statuspage("/acme"):
            workspace.vendor.answer(path, b"", 302, Location=f"{other.url}{path}")
        workspace.watch("acme", settings=SETTINGS)
        completed = workspace.run("check", env=ENV)
        assert "1 of 1 page read" in completed.err
        assert headers_sent(workspace.vendor) == {VALUE}
        assert other.requests and headers_sent(other) == {"None"}


def test_a_document_on_another_origin_gets_no_headers(workspace: Workspace) -> None:
    """Contract 3.9: a page whose documents lie on another origin than its `url` is asked there without them."""
    with FakeVendor() as other:
        other.put(statuspage("/acme", [incident("a1", "investigating")]))
        workspace.watch("acme", settings=SETTINGS, acme=f"{other.url}/acme")
        listed = f"{workspace.vendor.url}/acme"
        assert workspace.run("inspect", listed, env=ENV).code == 0  # an address with the same key: `acme`
        assert headers_sent(workspace.vendor) == {"None"} and not other.requests
        assert workspace.run("inspect", "Acme", env=ENV).code == 0
        assert headers_sent(other) == {VALUE}


@pytest.mark.parametrize("value", [None, "", "  ", "Bearer \u2013", "Bearer a\nb"])
def test_a_missing_variable_fails_its_page_only(workspace: Workspace, value: str | None) -> None:
    """Contract 3.9 and 8.1: a missing or unusable variable fails its page with that reason, and never the run."""
    workspace.watch("acme", settings='headers_env = { Authorization = "ACME_TOKEN" }\n')
    env = {} if value is None else {"ACME_TOKEN": value}
    completed = workspace.run("check", env=env)
    assert completed.code == 0
    assert "acme failed: $ACME_TOKEN" in completed.err and "headers_env" in completed.err
    assert workspace.vendor.requests == []
    assert workspace.run("status", "--fail-on", "major", env=env).code == 4


def test_a_page_that_is_not_asked_is_no_answer(workspace: Workspace, dead: str) -> None:
    """Contract 8.1: where the only page that is asked does not answer, no page answered at all."""
    workspace.watch("bolt", bolt=dead)
    toml = workspace.folder / "statuswatch.toml"
    private = f'[page.acme]\nurl = "{workspace.vendor.url}/acme"\nheaders_env = {{ Authorization = "ACME_TOKEN" }}\n'
    toml.write_text(toml.read_text() + private)
    assert workspace.run("check").code == 4
    assert workspace.run("check", "acme").code == 0


@pytest.mark.parametrize("echo", ECHOES)
def test_a_token_that_the_vendor_repeats_appears_nowhere(workspace: Workspace, echo: str) -> None:
    """Contract 3.9 and 7.11: the values are masked in every output and file, however the vendor repeats them."""
    repeated = ECHOES[echo]
    a1 = incident("a1", "investigating", parts=[f"API {repeated}"])
    a1["name"] = f"Trouble with {repeated}"
    a1["incident_updates"][0]["body"] = f"You sent {repeated}."
    workspace.acme(a1)
    workspace.watch("acme", settings=SETTINGS)
    record = ("--record", "recording.jsonl", "--announce-open", "--verbose")
    outputs = [workspace.run("check", *record, env=ENV), workspace.run("inspect", "acme", env=ENV)]
    outputs.append(workspace.run("status", "--format", "json", env=ENV))
    (workspace.folder / "state.json").rename(workspace.folder / "saved.json")
    workspace.vendor.answer("/acme/api/v2/incidents.json", b"", 302, Location=f"http://{quote(repeated)}.example/x")
    outputs.append(workspace.run("check", *record, env=ENV))
    workspace.vendor.answer("/acme/api/v2/incidents.json", f"<html>{repeated}", 200, ETag=f'"{repeated}"')
    outputs.append(workspace.run("check", *record, env=ENV))
    everything = b"".join(
        [*(f"{output.out}{output.err}".encode() for output in outputs), *workspace.files().values()]
    ).lower()
    assert b"trouble with" in everything and b"***" in everything
    for form in ECHOES.values():
        assert form.lower().encode() not in everything


def test_a_recording_has_no_request_headers(workspace: Workspace) -> None:
    """Contract 2.6 and 3.9: a recording has neither the values nor the names of private headers, and replays without
    them.
    """
    workspace.watch("acme", settings=SETTINGS)
    workspace.run("check", "--record", "recording.jsonl", env=ENV)
    recording = (workspace.folder / "recording.jsonl").read_text()
    assert "ACME_TOKEN" not in recording and "Authorization" not in recording
    assert workspace.run("replay", "recording.jsonl").code == 0


def test_a_private_page_is_verified_with_its_headers(workspace: Workspace) -> None:
    """Contract 3.9: `pages --configured --verify` reads a private page as a run does."""
    workspace.watch("acme", settings=SETTINGS)
    assert workspace.run("pages", "--configured", "--verify", env=ENV).code == 0
    assert headers_sent(workspace.vendor) == {VALUE}


def test_masking_keeps_ordinary_words() -> None:
    """Contract 3.9: schemes, names of cookies, logins and words of a secret are not masked where they stand alone."""
    secrets = Secrets(
        [VALUE, "session=Xk29dkQ1zz; theme=dark", f"Basic {base64.b64encode(b'status-reader:pa55wort').decode()}"]
    )
    words = b"Bearer and Basic authentication of the session fails for status-reader on statuspage.io"
    assert secrets.mask(words) is words
    assert secrets.mask(b"pa55wort Xk29dkQ1zz") == MASK + b" " + MASK
    assert json.loads(secrets.mask(json.dumps({"a": f"x {TOKEN} y"}).encode())) == {"a": "x *** y"}
