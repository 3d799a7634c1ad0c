"""Upstream vendors: claimed only where the vendor's own text links or names another one as the cause."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuswatch import text
from statuswatch.catalog import catalog
from statuswatch.catalog.upstream import MAX_UPSTREAM, find_upstream
from statuswatch.model.event import EventKind
from statuswatch.model.page import Page
from statuswatch.render import jsonlines
from tests.support.sample_events import NOW, event, printed, runner_commands, update
from tests.support.upstream_texts import LABELLED, NAMED, NOT_NAMED, LabelledText

if TYPE_CHECKING:
    from collections.abc import Iterator

CORPUS: Final = Path(__file__).parents[3] / "shared" / "corpus"
CIRCLECI: Final = catalog()["circleci"]
BLAMES: Final = "Builds are delayed due to an ongoing GitHub outage."


def keys(page: Page, *texts: str) -> list[str]:
    return [upstream.key for upstream in find_upstream(page, tuple(texts))]


@pytest.mark.parametrize("labelled", LABELLED, ids=lambda labelled: labelled.text[:40])
def test_no_vendor_is_named_falsely(labelled: LabelledText) -> None:
    """Contract 7.8.1: own products, integrations, places, comparisons, denials and times are no cause."""
    assert set(keys(catalog()[labelled.key], labelled.text)) <= set(labelled.upstream)


def test_most_are_found() -> None:
    """Of the vendors that the labelled texts make a cause, at least four in five are found."""
    assert len(NAMED) >= 60 and len(NOT_NAMED) >= 60
    expected = [(each.text, key) for each in NAMED for key in each.upstream]
    found = [pair for pair in expected if pair[1] in keys(catalog()[by_text(pair[0]).key], pair[0])]
    assert len(found) / len(expected) >= 0.8


def by_text(words: str) -> LabelledText:
    return next(each for each in LABELLED if each.text == words)


def test_the_sentence_and_its_link_are_kept() -> None:
    """The quote is the vendor's own sentence, one that states the cause before one that only links; with the link."""
    link = "https://www.githubstatus.com/incidents/a1"
    (upstream,) = find_upstream(CIRCLECI, (f"Hello. See {link}. Sorry.",))
    assert (upstream.key, upstream.name, upstream.url) == ("github", "GitHub", "https://www.githubstatus.com")
    assert (upstream.quote, upstream.link) == (f"See {link}.", link)
    for texts in ((f"Hello. {BLAMES} See {link}.",), (f"See {link}.", f"Hello. {BLAMES}")):
        (upstream,) = find_upstream(CIRCLECI, texts)
        assert (upstream.quote, upstream.link) == (BLAMES, link)


def test_pages_that_the_catalog_lacks_have_upstream_vendors_too() -> None:
    """An own page needs no key of the catalog, and a page of one's own for a vendor is that vendor's."""
    assert keys(Page(key="acme", name="Acme", url="https://status.acme.example"), BLAMES) == ["github"]
    assert keys(Page(key="gh", name="GitHub Enterprise", url="https://status.acme.example"), BLAMES) == []


def test_their_number_is_bounded() -> None:
    """A text that blames everybody names three."""
    names = ("AWS", "Cloudflare", "Twilio", "Stripe", "Heroku")
    assert len(find_upstream(CIRCLECI, tuple(f"It is down due to a {name} outage." for name in names))) == MAX_UPSTREAM


def test_an_event_quotes_it() -> None:
    """Contract 7.8.1: the console line and the JSON say so, with the link; the event's id is the same."""
    blaming = event(page=CIRCLECI, unreported=(update("u1", "identified", BLAMES),))
    line = json.loads(jsonlines.render(blaming, NOW))
    assert line["upstream"] == [
        {"key": "github", "name": "GitHub", "url": "https://www.githubstatus.com", "quote": BLAMES, "link": ""}
    ]
    assert line["id"] == blaming.id
    assert f"CircleCI says: “{BLAMES}” (GitHub: https://www.githubstatus.com)" in printed(blaming)
    silent = event(page=CIRCLECI, unreported=(update("u1", "identified", "Builds are delayed."),))
    assert "upstream" not in json.loads(jsonlines.render(silent, NOW))


@pytest.mark.parametrize("host", ["localhost", "acme", "status", "acme.", ".", "-", "127.0.0.1", "a..b"])
def test_any_address_is_read(host: str) -> None:
    """5.4: what a text links need not be a host on the internet; it names nobody then."""
    assert keys(CIRCLECI, f"Builds fail because of http://{host}/x and https://{host}") == []


@given(st.text(alphabet="as.-:/[]#@ ", max_size=20))
def test_any_address_is_understood_or_left_alone(rest: str) -> None:
    """5.4: no text that begins as an address ends a run."""
    assert keys(CIRCLECI, f"Builds fail because of https://{rest}") == []


def test_a_quote_is_vendor_text() -> None:
    """A quoted sentence begins no workflow command."""
    hostile = "##[error]Down due to a GitHub outage ::error::x https://www.githubstatus.com/::set-output"
    blaming = event(EventKind.NEW, page=CIRCLECI, unreported=(update("u1", "identified", hostile),))
    assert not runner_commands(printed(blaming))


@pytest.mark.skipif(not CORPUS.is_dir(), reason="there are no recorded payloads beside this checkout")
def test_the_recorded_incidents_have_two() -> None:
    """Of 16,000 recorded texts two make another vendor the cause, and nothing else is claimed."""
    found = {
        (page.key, upstream.key, upstream.quote[:50])
        for page, recorded in recorded_texts()
        for upstream in find_upstream(page, (recorded,))
    }
    assert found == {
        ("github", "azure", "This looks related to Azure networking issue which"),
        ("google-cloud", "github", "From preliminary analysis, the issue was caused by"),
    }


def recorded_texts() -> Iterator[tuple[Page, str]]:
    for path in sorted(CORPUS.glob("*/*/**/*")):
        if not path.is_file():
            continue
        vendor = path.relative_to(CORPUS).parts[1]
        page = catalog().get(vendor, Page(key=vendor, name=vendor, url=f"https://status.{vendor}.example"))
        content = path.read_text(errors="replace")
        try:
            texts = list(strings(json.loads(content)))
        except ValueError:
            texts = [
                html.unescape(part) for part in re.findall(r">([^<]+)<", re.sub(r"<!\[CDATA\[|\]\]>", "", content))
            ]
        yield from ((page, text.paragraph(words)) for words in dict.fromkeys(texts) if len(words) > 20)


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from strings(item)
