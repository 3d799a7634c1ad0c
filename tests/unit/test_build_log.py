"""What of a build log belongs to a vendor."""

from __future__ import annotations

import pytest

from statuswatch.catalog.build_log import MAX_LINE, scan_log
from statuswatch.model.why import LogMatch


@pytest.mark.parametrize(
    ("line", "matches"),
    [
        ("curl: (28) Failed to connect to api.stripe.com port 443", [("stripe", "api.stripe.com")]),
        ("GET https://API.Stripe.com:443/v1/charges: 503", [("stripe", "api.stripe.com")]),
        ("HTTPSConnectionPool(host='hooks.slack.com', port=443)", [("slack", "hooks.slack.com")]),
        ("see api.stripe.com. It is down", [("stripe", "api.stripe.com")]),
        ("from api.stripe.com to api.stripe.com", [("stripe", "api.stripe.com")]),
        ("git@github.com: Permission denied", [("github", "github.com")]),
        ("fatal: unable to access 'https://user:hidden@github.com/a/b'", [("github", "github.com")]),
        ("Author: Somebody <somebody@github.com>", []),
        ("mailto:somebody@stripe.com", []),
        ("api.stripe.com.attacker.test", []),
        ("api-stripe.community", []),
        ("mystripe.com", []),
        ("src/stripe.component.ts", []),
        ("\x1b[31mapi.stripe.com\x1b[0m refused", [("stripe", "api.stripe.com")]),
        ("npm ERR! code E503", [("npm", "npm err!")]),
        ("2026-03-07T00:10:02Z npm error network timeout", [("npm", "npm error")]),
        ("ERROR: No matching distribution found for requests", [("pypi", "error: no matching distribution found")]),
        ("warning: spurious network error (3 tries remaining)", [("crates-io", "warning: spurious network error")]),
        ("Download action repository 'aws-actions/amazon-ecr-login@v2' (SHA:0)", ["aws", "github"]),
        ("Unable to find image 'node:22' locally", [("docker", "node:22")]),
        ('Failed to pull image "quay.io/org/app:1": timeout', ["quay"]),
        ("nothing of anybody", []),
    ],
)
def test_a_line_names_its_vendors(line: str, matches: list[tuple[str, str] | str]) -> None:
    """Contract 2.9.3: hosts by their labels, clients by their error lines, actions and images by their names; no
    mail address.
    """
    keys = [match[0] if isinstance(match, tuple) else match for match in matches]
    found = scan_log([line.encode()])
    assert [match.key for match in found] == keys
    assert {(match.key, match.name) for match in found} >= {match for match in matches if isinstance(match, tuple)}


def test_the_first_error_line_stands_for_a_vendor() -> None:
    """Contract 2.9.3: a line that reports trouble comes before an earlier one that does not; the others are left
    out.
    """
    log = b"cloning https://github.com/a/b\nGET https://api.stripe.com/v1 200\nok\napi.stripe.com: timed out\n" + (
        b"https://api.stripe.com/v1 failed\n"
    )
    assert scan_log([log]) == (
        LogMatch("github", 1, "github.com", in_error=False),
        LogMatch("stripe", 4, "api.stripe.com", in_error=True),
    )


@pytest.mark.parametrize("size", [1, 2, 7, 64])
def test_chunks_do_not_matter(size: int) -> None:
    """A name is found wherever a chunk ends, with its line; the last line needs no end."""
    log = b"one\r\ntwo \xff\xfe\n\nnpm ERR! 503\ncould not reach hooks.slack.com"
    chunks = [log[start : start + size] for start in range(0, len(log), size)]
    assert scan_log(chunks) == (
        LogMatch("npm", 4, "npm err!", in_error=True),
        LogMatch("slack", 5, "hooks.slack.com", in_error=True),
    )


def test_a_secret_is_not_repeated() -> None:
    """Contract 2.9.3: of a host with a long label only what follows it is shown, and nothing else of the line."""
    secret = "k" * 30
    (match,) = scan_log([f"https://user:{secret}@{secret}.supabase.co/rest?key={secret} failed".encode()])
    assert match == LogMatch("supabase", 1, "*.supabase.co", in_error=True)


def test_a_line_without_end_is_bounded() -> None:
    """A log of one endless line is read in parts: it is not held as a whole."""
    chunks = [b"x" * MAX_LINE, b" api.stripe.com ", b"y" * MAX_LINE, b"\nquay.io"]
    assert [match.key for match in scan_log(chunks)] == ["stripe", "quay"]
    assert [match.line for match in scan_log(chunks)] == [1, 2]
