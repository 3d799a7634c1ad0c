"""The catalog is data that anybody may edit: the rules for its rows."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from statuswatch.catalog import catalog, categories
from statuswatch.config import build
from statuswatch.config.checks import is_key
from statuswatch.config.load import load_config
from statuswatch.platforms import PLATFORMS

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

TEXT: Final = files("statuswatch").joinpath("catalog/catalog.csv").read_bytes().decode("utf-8")
PAGES: Final = catalog()
HTTPS: Final = r"https://[a-z0-9-]+(\.[a-z0-9-]+)+(/[\w.-]+)*"  # no port, no query, no fragment, no last slash
IDS: Final = {"statusio": "[0-9a-f]{24}", "rss": rf"(/[\w.-]+)+|{HTTPS}"}
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


def test_it_is_a_table_that_git_merges_well() -> None:
    """A row a line, all of the same columns, none quoted, sorted by key, with a newline at the end."""
    head, *lines = TEXT.removesuffix("\n").split("\n")
    assert head == "key,name,url,platform,category,id"
    assert TEXT.endswith("\n")
    assert {line.count(",") for line in lines} == {5}
    assert all(line.isprintable() and '"' not in line for line in lines)
    assert [line.split(",")[0] for line in lines] == sorted(PAGES) == list(PAGES) == list(categories())


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
    """Every address is https without a query, a fragment or a last slash, and no page is listed twice."""
    assert not [page for page in PAGES.values() if not re.fullmatch(HTTPS, page.url)]
    assert len({page.url for page in PAGES.values()}) == len(PAGES)


def test_platforms_and_categories_exist() -> None:
    """Every page runs on a platform that can be read and is in one of a few categories."""
    assert {page.platform for page in PAGES.values()} <= set(PLATFORMS)
    assert set(categories().values()) == CATEGORIES


def test_ids_have_the_form_of_their_platform() -> None:
    """A status.io page has 24 hexadecimal digits, a feed its path or address, any other page no id."""
    assert not [page for page in PAGES.values() if not re.fullmatch(IDS.get(page.platform, ""), page.id)]
    ids = [page.id for page in PAGES.values() if page.platform == "statusio"]
    assert len(set(ids)) == len(ids)


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
