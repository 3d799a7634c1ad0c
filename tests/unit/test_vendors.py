"""The map from names to vendors is data that anybody may edit: the rules for its rows, and how names are looked up."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import Final

import pytest

from statuswatch.catalog import catalog
from statuswatch.catalog.vendors import VendorKind, normalised, vendor_of_host, vendors_of
from statuswatch.platforms import PLATFORMS

TEXT: Final = files("statuswatch").joinpath("catalog/vendors.csv").read_bytes().decode("utf-8")
ROWS: Final = [tuple(line.split(",")) for line in TEXT.removesuffix("\n").split("\n")[1:]]
LISTED: Final = Path(__file__).parents[3] / "shared" / "vendors.tsv"  # names and their vendors, collected for us
FORMS: Final = {
    "action": r"\*|[a-z0-9-]+/(\*|[a-z0-9_.-]+\*?)",
    "client": r"[ -~]{6,}",
    "composer": r"[a-z0-9-]+/([a-z0-9._-]+\*?|\*)",
    "crate": r"[a-z0-9_-]+\*?",
    "env": r"\w+",
    "file": r"[\w./*-]+",
    "gem": r"[\w.-]+\*?",
    "go": r"[\w-]+(\.[\w-]+)+(/[\w.~-]+)*(/\*)?",
    "host": r"[a-z0-9-]+(\.[a-z0-9-]+)+",
    "image": r"[a-z0-9-]+(\.[a-z0-9-]+)+/|\*(\.[a-z0-9-]+)+",
    "name": r"[\w.' -]+",
    "npm": r"(@[a-z0-9._-]+/)?([a-zA-Z0-9._-]+|\*|[a-z0-9-]+\*)",
    "pypi": r"[a-z0-9-]+\*?",
    "terraform": r"[a-z0-9-]+/[a-z0-9-]+",
}


def test_it_is_a_table_that_git_merges_well() -> None:
    """A row a line of four plain fields, sorted by kind and pattern, each pattern once, with a newline at the end."""
    assert TEXT.startswith("kind,pattern,key,reason\n")
    assert TEXT.endswith("\n")
    assert {len(row) for row in ROWS} == {4}
    assert '"' not in TEXT
    assert all(line.isprintable() for line in TEXT.splitlines())
    names = [row[:2] for row in ROWS]
    assert names == sorted(set(names))


def test_every_row_has_a_page_and_a_reason() -> None:
    """Each key is a page of the catalog that can be read; each row says what the name is and where that is from."""
    readable = {key for key, page in catalog().items() if page.platform in PLATFORMS}
    assert {key for _, _, key, _ in ROWS} - {""} <= readable
    assert all(reason.strip() for *_, reason in ROWS)


def test_every_pattern_can_match() -> None:
    """A pattern has the form in which names of its kind are compared."""
    assert {kind for kind, *_ in ROWS} == set(VendorKind)
    wrong = [
        (kind, pattern)
        for kind, pattern, *_ in ROWS
        if not re.fullmatch(FORMS[kind], pattern)
        or (kind != "image" and normalised(VendorKind(kind), pattern) != pattern and not pattern.endswith("*"))
    ]
    assert wrong == []


def test_a_row_without_a_key_narrows_a_wider_row() -> None:
    """What has no page in the catalog is listed only where a wider row would name the wrong vendor."""
    narrowing = [row for row in ROWS if not row[2]]
    assert narrowing
    for kind, pattern, *_ in narrowing:
        wider = pattern.partition(".")[2] if kind == "host" else f"{pattern.partition('/')[0]}/anything"
        assert vendors_of(VendorKind(kind), wider), (kind, pattern)


def test_the_map_is_large_enough_to_be_of_use() -> None:
    """At least 300 hosts of 120 vendors, and 700 rows of 120 vendors over all kinds."""
    assert len(ROWS) >= 700
    assert len({key for *_, key, _ in ROWS}) >= 120
    hosts = [row for row in ROWS if row[0] == "host"]
    assert len(hosts) >= 300
    assert len({key for *_, key, _ in hosts}) >= 120


@pytest.mark.skipif(not LISTED.exists(), reason="the collected names are not part of the repository")
def test_every_vendor_of_the_collected_names_that_can_be_read_has_a_row() -> None:
    """2.9.3, 2.12: a page that becomes readable is proposed and found in logs from then on."""
    vendors = {line.split("\t")[2] for line in LISTED.read_text(encoding="utf-8").splitlines()[1:]}
    readable = {key for key, page in catalog().items() if page.platform in PLATFORMS}
    assert len(vendors & readable) >= 400
    assert vendors & readable <= {key for _, _, key, _ in ROWS}


@pytest.mark.parametrize(
    ("kind", "name", "keys"),
    [
        ("host", "api.stripe.com", ["stripe"]),
        ("host", "API.Stripe.com.", ["stripe"]),
        ("host", "notstripe.com", []),
        ("host", "stripe.com.example", []),
        ("host", "storage.googleapis.com", ["google-cloud"]),
        ("host", "fonts.googleapis.com", []),
        ("host", "com", []),
        ("npm", "@sentry/node", ["sentry"]),
        ("npm", "left-pad", []),
        ("pypi", "Sentry_SDK", ["sentry"]),
        ("pypi", "slack.sdk", ["slack"]),
        ("go", "github.com/aws/aws-sdk-go-v2/service/s3", ["aws"]),
        ("action", "Aws-Actions/configure-aws-credentials@v4", ["aws", "github"]),
        ("action", "actions/cache/restore@0c45773b623bea8c8e75f6c82b208c3cf94ea4f9", ["github"]),
        ("action", "nobody/anything@v1", ["github"]),
        ("image", "redis:7", ["docker"]),
        ("image", "grafana/k6", ["docker"]),
        ("image", "ghcr.io/owner/name:1", ["github"]),
        ("image", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app", ["aws"]),
        ("image", "registry.acme.example:5000/app", []),
        ("image", "localhost/app", []),
        ("image", "scratch", []),
        ("env", "STRIPE_SECRET_KEY", ["stripe"]),
        ("env", "stripe_secret_key", []),
        ("host", "repo.packagist.org", ["packagist"]),
        ("host", "graph.facebook.com", ["meta-graph-api"]),
        ("host", "outlook.live.com", ["microsoft-365-consumer"]),
        ("host", "outlook.office.com", ["microsoft-365"]),
        ("terraform", "Hashicorp/AWS", ["aws"]),
        ("client", "npm ERR!", ["npm"]),
    ],
)
def test_names_are_compared_exactly(kind: str, name: str, keys: list[str]) -> None:
    """Contract 2.9.3 and 2.12: labels of hosts, prefixes of names, and the form of each registry; never a likeness."""
    assert list(vendors_of(VendorKind(kind), name)) == keys


def test_the_longest_host_wins() -> None:
    """A row for a part of a domain comes before the row for the domain."""
    hosts = {pattern: key for kind, pattern, key, _ in ROWS if kind == "host"}
    for pattern, key in hosts.items():
        assert vendor_of_host(pattern) == vendor_of_host(f"any.{pattern}") or f"any.{pattern}" in hosts
        assert vendor_of_host(pattern) == key
