"""The catalog answers like a person: what a word means, and what was perhaps meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from statuswatch.catalog import catalog
from statuswatch.catalog.search import search_catalog
from statuswatch.config.load import load_config
from statuswatch.config.resolve import NotFound, Unreadable, _keys_by_word, catalog_key, near_keys, resolve
from statuswatch.config.select import select_pages
from statuswatch.errors import UsageError
from statuswatch.model.page import Page
from statuswatch.platforms import PLATFORMS

if TYPE_CHECKING:
    from pathlib import Path

    from statuswatch.config.schema import Config

SIXTY: Final = """
    aws azure gcp github gitlab bitbucket cloudflare fastly akamai datadog newrelic grafana sentry pagerduty opsgenie
    slack zoom teams twilio sendgrid postmark mailgun stripe paypal adyen braintree auth0 okta onelogin mongodb redis
    snowflake databricks supabase planetscale neon openai anthropic mistral xai huggingface npm pypi rubygems nuget
    crates dockerhub ghcr quay vercel netlify heroku render fly digitalocean linode hetzner ovh terraform circleci
"""
UNREAD: Final = {"mistral": "rootly"}
OWN: Final = '[page.docker]\nurl = "https://docker.acme.example"\n[page.gcp]\nurl = "https://gcp.acme.example"\n'


def load(folder: Path, toml: str) -> Config:
    """Load a configuration of that text."""
    (folder / "statuswatch.toml").write_text(toml)
    return load_config(None, {}, folder)


@pytest.mark.parametrize("word", SIXTY.split())
def test_names_that_people_say_are_known(word: str) -> None:
    """Contract 2: each of sixty names is a key or an alias; its page is read, or known but unreadable with a reason."""
    match resolve(word):
        case Page(platform=platform):
            assert platform in PLATFORMS
        case Unreadable(page, reason):
            assert page.platform not in PLATFORMS and reason
            assert word in UNREAD or page.platform in ("", "custom")
        case NotFound():
            pytest.fail(f"{word} is not known")


@pytest.mark.parametrize(
    ("word", "key"),
    [
        ("OpenAI", "openai"),
        ("chatgpt", "openai"),
        ("New Relic", "new-relic"),
        ("new_relic", "new-relic"),
        ("Docker Hub", "docker"),
        ("docker.io", "docker"),
        ("https://status.openai.com", "openai"),
        ("https://status.openai.com/incidents/01KK2T9T", "openai"),
        ("www.githubstatus.com/", "github"),
        ("status.anthropic.com", "anthropic"),
        ("https://www.cloudflarestatus.com", "cloudflare"),
        ("www.google.com/appsstatus/dashboard/summary", "google-workspace"),
    ],
)
def test_a_word_means_a_page(word: str, key: str) -> None:
    """Contract 3.3c: keys, names, aliases and addresses, also former ones; case and punctuation do not matter."""
    assert catalog_key(word) == key


def test_aliases_are_looked_at_only_without_a_key() -> None:
    """Contract 3: a word that is a key costs no search: the file is read, its aliases are not."""
    before = _keys_by_word.cache_info()
    assert catalog_key("openai") == "openai" and catalog_key("GitHub") == "github"
    assert _keys_by_word.cache_info() == before


@pytest.mark.parametrize(
    "word", ["", "opnai", "https://status.acme.example", "www.google.com", "https://user@status.openai.com", "a b"]
)
def test_no_likeness_is_taken_for_a_page(word: str) -> None:
    """Contract 3.3c: a word that is only near means nothing, and neither does an address that may hold a secret."""
    assert catalog_key(word) is None
    assert isinstance(resolve(word), NotFound)


def test_near_keys_are_suggested() -> None:
    """Contract 2: what is near is suggested, also by its alias or one of its words."""
    assert near_keys("opnai")[0] == "openai"
    assert near_keys("dokcerhub")[0] == "docker"
    assert "openai" in near_keys("openai api")
    assert near_keys("qqqqqq") == near_keys("a b") == ()


def test_an_unknown_page_names_what_is_near(tmp_path: Path) -> None:
    """Contract 2.5c: the error for a word that means no page names near keys, or where to look."""
    for word, hint in (("dokcerhub", ": did you mean 'docker'?"), ("qqqqqq", ": `statuswatch pages` searches the")):
        with pytest.raises(UsageError) as caught:
            select_pages(load_config(None, {}, tmp_path), [word])
        assert str(caught.value).startswith(f"unknown page '{word}' (catalog){hint}")


@pytest.mark.parametrize(
    ("query", "first"),
    [("fly", "fly-io"), ("teams", "microsoft-365"), ("redis", "redis-cloud"), ("s3", "aws"), ("meta", "meta")],
)
def test_false_friends_rank_last(query: str, first: str) -> None:
    """Contract 2: exact words come first, whole words next, letters inside a word last."""
    keys = [page.key for page in search_catalog(catalog().values(), [query])]
    assert keys[0] == first
    ranks = [_inside_only(key, query) for key in keys]
    assert ranks == sorted(ranks)


def _inside_only(key: str, query: str) -> bool:
    row = catalog().rows[key]
    parts = " ".join((*row.words, row.category, row.platform)).lower().replace("-", " ").replace(".", " ").split()
    address = row.url.replace(".", " ").replace("/", " ").replace("-", " ").split()
    return not any(part.startswith(query) for part in parts) and query not in address


def test_any_word_of_a_query_counts() -> None:
    """Contract 2: a page that fits one word is found; one that fits them all comes first."""
    keys = [page.key for page in search_catalog(catalog().values(), ["google", "workspace"])]
    assert keys[0] == "google-workspace" and "google-cloud" in keys and "vmware-workspace-one" in keys


def test_the_configuration_takes_aliases_and_addresses(tmp_path: Path) -> None:
    """Contract 3.3c: pages, tables, sinks and mutes take the catalog's aliases and addresses; the key is the
    catalog's.
    """
    config = load(
        tmp_path,
        'pages = ["dockerhub", "https://status.claude.com", "GCP"]\n[page.newrelic]\nmin_impact = "major"\n'
        '[page.docker]\ncomponents = ["Hub*"]\n[[mute]]\npage = "claude"\nincident = "x"\n'
        '[[notify]]\nsink = "slack"\nurl_env = "X"\npages = ["docker hub", "new relic"]\n',
    )
    assert [page.key for page in config.pages] == ["docker", "anthropic", "google-cloud", "new-relic"]
    assert config.pages[0].components == ("Hub*",) and config.pages[0].platform == "incidentio"
    assert config.notify[0].pages == {"docker", "new-relic"} and config.mutes[0].page == "anthropic"


def test_an_own_key_comes_before_an_alias(tmp_path: Path) -> None:
    """Contract 3.3c: a table with an address is the user's own page, whatever the catalog calls so."""
    config = load(tmp_path, f'pages = ["google-cloud", "docker.acme.example"]\n{OWN}')
    assert {page.key: page.url for page in config.pages} == {
        "google-cloud": "https://status.cloud.google.com",
        "docker": "https://docker.acme.example",
        "gcp": "https://gcp.acme.example",
    }
    (gcp,) = select_pages(config, ["gcp"]).chosen(["gcp"])
    assert gcp.url == "https://gcp.acme.example"


def test_two_tables_of_one_page_are_refused(tmp_path: Path) -> None:
    """Contract 3.3c: a table by key and another by alias are about one page."""
    with pytest.raises(UsageError, match=r"page\.dockerhub: the table \[page\.docker\] is about this page, too: join"):
        load(tmp_path, "[page.docker]\n[page.dockerhub]\n")


def test_words_of_the_command_line_name_watched_pages(tmp_path: Path) -> None:
    """Contract 2.5c and 3.3c: PAGE is a key, an alias or an address of a watched page; any other page is for a
    single look.
    """
    config = load(tmp_path, f'pages = ["anthropic"]\n{OWN}')
    for words, key in ((["claude"], "anthropic"), (["docker.acme.example/x"], "docker"), (["DOCKER"], "docker")):
        selected = select_pages(config, words)
        assert [page.key for page in selected.chosen(words)] == [key] and not selected.single_look
    looked = select_pages(config, ["https://status.zyxw.example", "stripe"])
    assert [page.key for page in looked.pages] == [
        "anthropic",
        "docker",
        "gcp",
        "zyxw",
        "stripe",
    ] and looked.single_look


def test_an_address_never_takes_the_key_of_another_page(tmp_path: Path) -> None:
    """Contract 2: an address for a single look has a key of its own."""
    config = load(tmp_path, 'pages = ["github"]')
    (page,) = select_pages(config, ["https://github.acme.example"]).chosen(["https://github.acme.example"])
    assert (page.key, page.url) == ("acme", "https://github.acme.example")
    (page,) = select_pages(config, ["https://status.github.example"]).chosen(["https://status.github.example"])
    assert page.key == "status.github.example"
