"""The catalog is data that anybody may edit: the rules for its rows."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from statuswatch.catalog import ALIAS_SEPARATOR, DORMANT, EVIDENCE, HEAD, Row, catalog
from statuswatch.catalog.search import squash
from statuswatch.config import build
from statuswatch.config.checks import is_key
from statuswatch.config.load import load_config
from statuswatch.model.page import FailureKind, any_page_answered
from statuswatch.platforms import PLATFORMS, UNREAD_PLATFORMS
from statuswatch.reading import plan
from tests.support.plan_driver import run_plan

if TYPE_CHECKING:
    import pytest

TEXT: Final = files("statuswatch").joinpath("catalog/catalog.csv").read_bytes().decode("utf-8")
PAGES: Final = catalog()
ROWS: Final = PAGES.rows.values()
HTTPS: Final = r"https://[a-z0-9-]+(\.[a-z0-9-]+)+(/[\w.-]+)*"  # no port, no query, no fragment, no last slash
FEED: Final = rf"(/[\w.-]+)+(\?[\w=.&-]+)?|{HTTPS}"
IDS: Final = {
    **{"statusio": "[0-9a-f]{24}", "rss": FEED, "cloudflare": "[0-9a-z]{12}", "freshstatus": "[0-9]+"},
    "cachet": "(api(/v1)?)?",
    **{"uptime-kuma": r"[\w-]*", "microsoft": "mac|ppac|azure|m365Consumer", "uptimerobot": "([0-9A-Za-z]{9,10})?"},
    "statuspal": r"([a-z0-9-]+\.statuspal\.(io|eu))?",
}
CHECKED: Final = "20[0-9]{2}(-(0[1-9]|1[0-2]))? (read|polled|probed|used|listed|seen)"
SOLID: Final = {"read", "poll", "probe", "code", "lists", DORMANT}
CATEGORIES: Final = {
    *("ai", "analytics", "cdn", "cloud", "communication", "crypto", "database", "dev-tools", "ecommerce", "education"),
    *("finance", "gaming", "health", "hosting", "hr", "iot", "it-management", "marketing", "media", "network"),
    *("observability", "payments", "saas", "security", "social"),
}
WELL_KNOWN: Final = {
    *("apple", "aws", "azure", "cloudflare", "databricks", "datadog", "discord", "docker", "github", "gitlab"),
    *("google-cloud", "google-workspace", "heroku", "hugging-face", "microsoft-365", "mongodb", "openai", "pagerduty"),
    *("paypal", "perplexity", "railway", "reddit", "salesforce", "shopify", "slack", "snowflake", "stripe", "twilio"),
    *("vercel", "zendesk", "zoom"),
}
SIXTY: Final = """
    aws azure gcp github gitlab bitbucket cloudflare fastly akamai datadog newrelic grafana sentry pagerduty opsgenie
    slack zoom teams twilio sendgrid postmark mailgun stripe paypal adyen braintree auth0 okta onelogin mongodb redis
    snowflake databricks supabase planetscale neon openai anthropic mistral xai huggingface npm pypi rubygems nuget
    crates dockerhub ghcr quay vercel netlify heroku render fly digitalocean linode hetzner ovh terraform circleci
"""
UNREAD_OF_SIXTY: Final = {"braintree", "mistral", "nuget"}


def test_it_is_a_table_that_git_merges_well() -> None:
    """A row a line, all of the same columns, none quoted, sorted by key, with a newline at the end."""
    head, *lines = TEXT.removesuffix("\n").split("\n")
    assert head == HEAD == ",".join(Row.__struct_fields__)
    assert TEXT.endswith("\n")
    assert {line.count(",") for line in lines} == {8}
    assert all(line.isprintable() and '"' not in line for line in lines)
    assert [line.split(",")[0] for line in lines] == sorted(PAGES) == list(PAGES)
    assert [row.line() for row in ROWS] == lines


def test_keys_can_be_configured() -> None:
    """Every key may be listed in a configuration, and is in lower case."""
    assert not [key for key in PAGES if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{0,63}", key)]
    assert not [key for key in PAGES if not is_key(key)]


def test_names_are_for_people() -> None:
    """Every page has a name, without spaces around it, and no two have the same."""
    names = [page.name for page in PAGES.values()]
    assert not [name for name in names if not name or name != " ".join(name.split())]
    assert len({name.casefold() for name in names}) == len(names)


def test_addresses_are_public_base_addresses() -> None:
    """Every address is https without a query, a fragment or a last slash."""
    assert not [page for page in PAGES.values() if not re.fullmatch(HTTPS, page.url)]


def test_no_page_is_listed_twice() -> None:
    """No two rows have the same host, path and id, and no two pages of one platform have the same id."""
    places = Counter((re.sub(r"https://(www\.)?", "", page.url), page.id) for page in PAGES.values())
    assert not [place for place, count in places.items() if count > 1]
    ids = Counter((page.platform, page.id) for page in PAGES.values() if page.id and not page.id.startswith("/"))
    assert not [entry for entry, count in ids.items() if count > 1]


def test_no_address_is_known_to_have_moved() -> None:
    """An alias that is a host is one that a page had before: no row's address stands on it."""
    former = {alias for row in ROWS for alias in row.words[2:] if alias.count(".") > 1 or alias.startswith("status.")}
    assert former >= {"status.anthropic.com", "www.replicatestatus.com", "status.smith.langchain.com"}
    assert not former & {urlsplit(row.url).hostname for row in ROWS}


def test_a_word_means_one_page() -> None:
    """Contract 3.3c: no key, name or alias is another row's key or alias, also if case and punctuation are left out."""
    owners: dict[str, str] = {}
    for row in ROWS:
        for word in (row.key, *row.words[2:]):
            assert owners.setdefault(squash(word), row.key) == row.key, f"{word!r} means {owners[squash(word)]} too"
    assert not [row for row in ROWS if owners.get(squash(row.name), row.key) != row.key]


def test_aliases_add_something() -> None:
    """An alias is in lower case, trimmed, and differs from key and name in more than case and punctuation."""
    for row in ROWS:
        aliases = row.aliases.split(ALIAS_SEPARATOR) if row.aliases else []
        assert aliases == [" ".join(alias.lower().split()) for alias in aliases if alias]
        assert not {squash(alias) for alias in aliases} & {squash(row.key), squash(row.name)}


def test_keys_stay() -> None:
    """Contract 3.3c: a key that was ever released still means its page: as a key, or as an alias of the row that it
    moved to.
    """
    words = {word for row in ROWS for word in row.words}
    released = Path(__file__).with_name("catalog_keys.txt").read_text(encoding="utf-8").split()
    assert len(released) == 941
    assert not set(released) - words


def test_platforms_and_categories_exist() -> None:
    """Every page is in one of a few categories, and on a platform that has a reader or a name, or none is known."""
    assert {page.platform for page in PAGES.values()} <= {*PLATFORMS, *UNREAD_PLATFORMS, "custom", ""}
    assert {row.category for row in ROWS} == CATEGORIES


def test_rows_say_why_they_are_believed() -> None:
    """Every row has its evidence, and the month and kind of the last look at it; the rows of good evidence are many."""
    assert not [row for row in ROWS if row.evidence not in EVIDENCE or not re.fullmatch(CHECKED, row.checked)]
    assert not [row for row in ROWS if row.evidence == "page" and row.platform in PLATFORMS]
    assert len([row for row in ROWS if row.evidence in SOLID]) >= 1200
    assert PAGES.rows["okta"].dormant and not PAGES.rows["openai"].dormant


def test_ids_have_the_form_of_their_platform() -> None:
    """A status.io page has 24 hexadecimal digits, a feed its path or address, most others no id."""
    forms = IDS
    assert not [page for page in PAGES.values() if not re.fullmatch(forms.get(page.platform, ""), page.id)]


def test_a_page_without_a_reader_fails_without_a_request() -> None:
    """Contract 3.3d: a row becomes readable by its reader alone; until then its page fails, and says nothing about
    our network.
    """
    unread = [row.page for row in ROWS if row.platform in UNREAD_PLATFORMS and row.platform not in PLATFORMS]
    for page in unread[:1]:
        outcome = run_plan(plan.read(page, None, datetime(2026, 11, 28, tzinfo=UTC)), {})
        assert outcome.failure and outcome.failure.kind is FailureKind.NO_READER
        name = UNREAD_PLATFORMS[page.platform]
        assert str(outcome.failure).startswith(f"known but unreadable (platform {name}, no reader yet) ({page.url}): ")
        assert any_page_answered([outcome.failure])


def test_well_known_vendors_are_listed() -> None:
    """The pages of the default configuration and the vendors that most teams depend on are in the catalog."""
    assert {*build.DEFAULT_PAGES, *WELL_KNOWN} <= set(PAGES)


def test_a_complete_page_table_needs_no_catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that uses no key of the catalog does not read it."""
    monkeypatch.setattr(build, "catalog", None)
    (tmp_path / "statuswatch.toml").write_text(
        '[page.acme]\nname = "Acme"\nurl = "https://status.acme.example"\nplatform = "statuspage"\n'
    )
    assert load_config(None, {}, tmp_path).pages[0].key == "acme"
