"""Contract 7 and 8: our own proxy, its failures and its credentials."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import TYPE_CHECKING, Final

import pytest

from statuswatch.masking import MASK
from statuswatch.model.page import Document, DocumentResult, Failure, FailureKind, Fetched
from statuswatch.net.client import connect
from statuswatch.net.http import MAX_PROMPT_MASKING, open_network
from tests.support.fake_vendor import FakeVendor, incident, statuspage
from tests.support.loopback_server import Reply

if TYPE_CHECKING:
    from tests.support.loopback_server import RawReply, Request
    from tests.support.workspace import Workspace

PASS_PHRASE: Final = "pr0xy-Passw0rd/+x"  # noqa: S105
LOGIN: Final = base64.b64encode(f"someuser:{PASS_PHRASE}".encode()).decode()
PAGE: Final = "http://status.acme.example/x"


class EchoingProxy(FakeVendor):
    """A proxy that answers every request by itself, and repeats the credentials in its answer."""

    def __init__(self, status: int, **headers: str) -> None:
        super().__init__()
        self.status, self.headers, self.body = status, headers, b""

    def reply(self, request: Request) -> Reply | RawReply:
        super().reply(request)
        return Reply(self.status, self.headers, self.body)

    @property
    def address(self) -> str:
        """The address with the credentials, as a variable has it."""
        return self.url.replace("://", "://someuser:pr0xy-Passw0rd%2F%2Bx@")


def fetch(monkeypatch: pytest.MonkeyPatch, proxy: str, url: str = PAGE) -> DocumentResult:
    """Fetch a document through the proxy."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, proxy)
    monkeypatch.setenv("NO_PROXY", "")

    async def fetch_once() -> DocumentResult:
        async with connect(open_network(), asyncio.get_running_loop().time() + 60) as client:
            return await client.fetch(Document("x", url), None)

    return asyncio.run(fetch_once())


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_credentials_that_a_proxy_refuses(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    """Contract 5.9 and 8.1: a 407 is no answer of the page, whether the page has TLS or not."""
    with EchoingProxy(407) as proxy:
        failure = fetch(monkeypatch, proxy.address, PAGE.replace("http", scheme))
    assert isinstance(failure, Failure) and failure.kind is FailureKind.PROXY and not failure.answered
    assert "407" in failure.reason and "HTTPS_PROXY" in failure.hint


@pytest.mark.parametrize("status", [403, 502, 503])
def test_a_tunnel_that_a_proxy_refuses(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    """Contract 8.1: nor is any other status in answer to CONNECT."""
    with EchoingProxy(status) as proxy:
        failure = fetch(monkeypatch, proxy.address, PAGE.replace("http", "https"))
    assert isinstance(failure, Failure) and failure.kind is FailureKind.PROXY and str(status) in failure.reason


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("proxy", ["http://127.0.0.1:9", "http://proxy.invalid:3128", "https://127.0.0.1:9"])
def test_a_proxy_out_of_reach(monkeypatch: pytest.MonkeyPatch, scheme: str, proxy: str) -> None:
    """Contract 5.9 and 8.1: a proxy that is not there, or has no address, is no failure of the page."""
    failure = fetch(monkeypatch, proxy, PAGE.replace("http", scheme))
    assert isinstance(failure, Failure) and failure.kind is FailureKind.PROXY and not failure.answered
    assert failure.reason.startswith("our proxy: ")


def test_a_proxy_that_speaks_no_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    """8: nor is one whose TLS fails."""
    with EchoingProxy(200) as proxy:
        failure = fetch(monkeypatch, proxy.url.replace("http", "https"))
    assert isinstance(failure, Failure) and failure.kind is FailureKind.PROXY


def test_an_answer_of_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract 8.1: what comes through the proxy is an answer of the page, an error too."""
    with EchoingProxy(404) as proxy:
        failure = fetch(monkeypatch, proxy.address)
    assert isinstance(failure, Failure) and failure.kind is FailureKind.NOT_FOUND


@pytest.mark.parametrize(
    "echo", [PASS_PHRASE, PASS_PHRASE.upper(), LOGIN, LOGIN.rstrip("="), "pr0xy-Passw0rd%2F%2Bx", PASS_PHRASE[3:12]]
)
@pytest.mark.parametrize("size", [0, MAX_PROMPT_MASKING])
def test_a_body_that_repeats_credentials(monkeypatch: pytest.MonkeyPatch, echo: str, size: int) -> None:
    """Contract 2.6 and 7.11: whoever repeats the credentials, no byte of the document has them."""
    with EchoingProxy(200) as proxy:
        proxy.body = f"{' ' * size}<{echo}>".encode()
        result = fetch(monkeypatch, proxy.address)
    assert isinstance(result, Fetched) and result.body.strip() == f"<{MASK}>".encode()


@pytest.mark.parametrize(
    "echo",
    [
        json.dumps(PASS_PHRASE).replace("/", "\\/"),
        "".join(f"\\u{ord(character):04x}" for character in PASS_PHRASE),
        "".join(f"&#{ord(character)};" for character in PASS_PHRASE),
        "".join(f"&#x{ord(character):X};" for character in PASS_PHRASE),
    ],
)
def test_a_body_that_repeats_credentials_in_disguise(monkeypatch: pytest.MonkeyPatch, echo: str) -> None:
    """7: nor as escapes of JSON or HTML."""
    with EchoingProxy(200) as proxy:
        proxy.body = echo.encode()
        result = fetch(monkeypatch, proxy.address)
    if isinstance(result, Failure):
        assert result.reason == "a body that repeats the credentials of our proxy"
    else:
        assert isinstance(result, Fetched) and MASK.encode() in result.body


def test_an_ordinary_body_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """7: nothing else is changed, whatever its bytes."""
    body = bytes(range(256)) + json.dumps({"a": "s\u00f6 \\ / someuser"}).encode()
    with EchoingProxy(200) as proxy:
        proxy.body = body
        result = fetch(monkeypatch, proxy.address)
    assert isinstance(result, Fetched) and result.body == body


def test_no_output_holds_the_credentials(workspace: Workspace) -> None:
    """Contract 2.6 and 7.11: not stdout, stderr, state.json nor a recording, whether a title, a redirect or an error
    repeats them.
    """
    echoes = f"{PASS_PHRASE} {LOGIN} pr0xy-Passw0rd%2F%2Bx"
    documents = statuspage("/acme", [incident("a", "investigating") | {"name": f"Trouble {echoes}"}])
    pages = {key: f"http://{key}.example/acme" for key in ("title", "redirect", "error")}
    with FakeVendor() as proxy:
        for path, document in documents.items():
            proxy.answer(f"http://title.example{path}", document, ETag=f'"{LOGIN}"')
            proxy.answer(
                f"http://redirect.example{path}", "", 302, Location=f"http://{LOGIN}:{PASS_PHRASE[:8]}@evil.example/"
            )
            proxy.answer(f"http://error.example{path}", "{" + echoes)
        workspace.watch(*pages, top="timeout = 20", **pages)
        address = proxy.url.replace("://", "://someuser:pr0xy-Passw0rd%2F%2Bx@")
        env = {"HTTP_PROXY": address, "http_proxy": address, "NO_PROXY": "", "no_proxy": ""}
        completed = workspace.run("check", "--verbose", "--announce-open", "--record", "recording.jsonl", env=env)
        assert completed.code == 0 and "Trouble ***" in completed.out, completed
        files = {name: content.decode() for name, content in workspace.files().items()}
    assert workspace.state.exists() and (workspace.folder / "recording.jsonl").exists()
    for where, content in {"stdout": completed.out, "stderr": completed.err, **files}.items():
        for echo in (PASS_PHRASE, PASS_PHRASE[:8], LOGIN, LOGIN[:12], "Passw0rd%2F"):
            assert echo not in content, f"{echo} in {where}"


def test_nobody_answers_but_a_proxy(workspace: Workspace) -> None:
    """Contract 8, code 4, and 8.1: where a proxy lets nobody through, no page answered: exit 4, nothing reported,
    nothing written.
    """
    workspace.watch("acme", top="timeout = 20", acme="http://status.acme.example")
    with EchoingProxy(407) as proxy:
        env = {"HTTP_PROXY": proxy.address, "http_proxy": proxy.address, "NO_PROXY": "", "no_proxy": ""}
        completed = workspace.run("check", env=env)
    assert (completed.code, completed.out) == (4, "") and not workspace.state.exists()
