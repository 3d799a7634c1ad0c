"""The rules that every platform keeps, over the whole registry. The samples are in the platforms' own test modules."""

import copy
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statuswatch.errors import FeedError
from statuswatch.model.page import Feed, Page
from statuswatch.platforms import PLATFORMS
from statuswatch.platforms.parsing import ParseInput
from tests.proofs.fuzz.mutate import WORDS
from tests.support.platform_sample import Sample, encode, only
from tests.support.platform_samples import SAMPLES, assert_sound, enriching

JSON: Final = [name for name, sample in SAMPLES.items() if not isinstance(sample.documents[sample.base], bytes)]
HTML: Final = b"\n<!DOCTYPE html><html><head><title>Sorry</title></head><body>Sorry</body></html>"


def mutations(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every place in a document, with each wrong value; KeyError: the place is deleted."""
    wrong: Any
    for wrong in (None, 7, "words", [], {}, True, [None], "\x1b[31m‮::error::"):
        yield path, wrong
    if path:
        yield path, KeyError
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from mutations(child, (*path, key))


def mutated(document: Any, path: tuple[Any, ...], wrong: Any) -> Any:
    """The document with that place changed; only what holds the place is copied."""
    if not path:
        return wrong
    step, *below = path
    copied = copy.copy(document)
    if below:
        copied[step] = mutated(copied[step], tuple(below), wrong)
    elif wrong is KeyError:
        del copied[step]
    else:
        copied[step] = wrong
    return copied


@pytest.mark.parametrize(
    ("platform", "name"), [(key, name) for key, sample in SAMPLES.items() for name in sample.documents]
)
def test_every_mutation_is_understood_or_refused(platform: str, name: str) -> None:
    """Contract 5.1: a document with a value deleted, null, empty or of a wrong type gives sound incidents or
    FeedError.
    """
    document = SAMPLES[platform].documents[name]
    if isinstance(document, bytes):
        for end in range(0, len(document), 97):
            cut: dict[str, Any] = {name: document[:end]}
            try:
                feed = SAMPLES[platform].read(**cut)
            except FeedError as error:
                assert name in str(error), f"{end}: {error}"
            else:
                assert_sound(feed)
        return
    for path, wrong in mutations(document):
        try:
            feed = SAMPLES[platform].read(**{name: mutated(document, path, wrong)})
        except FeedError as error:
            assert name in str(error), f"{path}: {error}"
        else:
            assert_sound(feed)


def times(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a document where a time stands, or a number."""
    if isinstance(value, str) and re.match(r"\d{4}-\d{2}-\d{2}", value):
        yield path
    if isinstance(value, int) and not isinstance(value, bool):
        yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from times(child, (*path, key))


@pytest.mark.parametrize(
    ("platform", "name"), [(key, name) for key, sample in SAMPLES.items() for name in sample.documents]
)
def test_times_and_numbers_beyond_all_bounds(platform: str, name: str) -> None:
    """5: a time that no calendar has in UTC, or a number that is no code, gives sound incidents or FeedError."""
    document = SAMPLES[platform].documents[name]
    if isinstance(document, bytes):
        return
    for path in times(document):
        far: Any
        for far in (
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59-12:00",
            "5026-03-07T08:00:00Z",
            10**18,
            10**60,
            -300,
        ):
            with suppress(FeedError):
                assert_sound(SAMPLES[platform].read(**{name: mutated(document, path, far)}))


@pytest.mark.parametrize("platform", PLATFORMS)
def test_other_content_is_refused(platform: str) -> None:
    """Contract 5.1 and 5.2: an empty body, `{}`, a scalar, HTML, a document cut short: the page is not read."""
    sample = SAMPLES[platform]
    document = sample.documents[sample.base]
    whole = document if isinstance(document, bytes) else json.dumps(document).encode()
    for body in (b"", b"{}", b"null", b"7", whole[:-2], whole[: len(whole) // 2], HTML, b"\xff\xfe{"):
        changed: dict[str, Any] = {sample.base: body}
        with pytest.raises(FeedError, match=sample.base):
            sample.read(**changed)


@pytest.mark.parametrize("platform", JSON)
def test_missing_list_is_an_error(platform: str) -> None:
    """Contract 5.1 and 5.2: a missing list, a list of a wrong type and HTML are failed reads, never a page without
    incidents.
    """
    sample = SAMPLES[platform]
    wrong: Any
    for wrong in (None, {}, "[]", 0, *([KeyError, []] if isinstance(sample.documents[sample.base], dict) else [])):
        path = sample.entries if wrong != [] else ()
        changed: dict[str, Any] = {sample.base: mutated(sample.documents[sample.base], path, wrong)}
        with pytest.raises(FeedError, match=sample.base):
            sample.read(**changed)
    html: dict[str, Any] = {sample.base: HTML}
    with pytest.raises(FeedError, match="HTML instead of JSON"):
        sample.read(**html)


@pytest.mark.parametrize("platform", JSON)
def test_one_bad_incident_costs_only_itself(platform: str) -> None:
    """Contract 5.4: one bad incident in a good document is skipped with a reason; where all are bad the read fails."""
    sample = SAMPLES[platform]
    document = copy.deepcopy(sample.documents[sample.base])
    entries = sample.listed(document)
    good = len(sample.read().incidents)
    entries.insert(0, {**entries[0], **sample.bad})
    changed: dict[str, Any] = {sample.base: document}
    feed = sample.read(**changed)
    assert len(feed.incidents) == good and len(feed.skipped) == 1 and "entry 0" in feed.skipped[0]
    del entries[1:]
    with pytest.raises(FeedError, match="no other entry"):
        sample.read(**changed)


@pytest.mark.parametrize("platform", JSON)
def test_byte_order_mark(platform: str) -> None:
    """5: UTF-8 and UTF-16 with a byte order mark are decoded."""
    sample = SAMPLES[platform]
    plain = json.dumps(sample.documents[sample.base])
    for body in (b"\xef\xbb\xbf" + plain.encode(), plain.encode("utf-16")):
        changed: dict[str, Any] = {sample.base: body}
        assert sample.read(**changed).incidents == sample.read().incidents


@pytest.mark.parametrize("platform", PLATFORMS)
def test_deep_nesting_and_large_numbers(platform: str) -> None:
    """5: very deep nesting and very large numbers are a failed read, not a crash."""
    sample = SAMPLES[platform]
    for body in (b"[" * 100_000, b'{"page":' * 50_000, b'{"page": ' + b"9" * 10_000 + b"}", b'{"page": 1e400}'):
        changed: dict[str, Any] = {sample.base: body}
        with pytest.raises(FeedError):
            sample.read(**changed)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_enriching_documents_cost_only_what_they_add(platform: str) -> None:
    """Contract 4.8: an enriching document that fails costs only what it adds: ids, statuses and updates stay. Where it
    adds the updates they are all missing, which is not a change of the incident.
    """
    sample = SAMPLES[platform]
    whole = sample.read()
    for name in enriching(sample):
        for body in (None, b"<html>", b"{}"):
            changed: dict[str, Any] = {name: body}
            for incident in sample.read(**changed).incidents:
                enriched = only(whole, incident.id)
                update_ids = [update.id for update in incident.updates]
                assert incident.status == enriched.status
                assert not update_ids or update_ids == [update.id for update in enriched.updates]


FURTHER_LISTS = {
    "cstate": "issues/index.json",
    "gatus": "config",
    "heroku": "current-status",
    "instatus": "history.rss",
    "oneuptime": "scheduled-maintenance-events",
    "salesforce": "incidents",
    "slack": "history",
    "statuspal": "incidents",
    "upptime": "maintenance",
    "uptime-kuma": "heartbeat",
}


@pytest.mark.parametrize("platform", FURTHER_LISTS)
def test_a_list_that_was_not_read_proves_nothing(platform: str) -> None:
    """Contract 4.4: nothing is absent of the kinds that a further list may hold, where it could not be read.

    A page that has no such list lacks nothing.
    """
    sample, name = SAMPLES[platform], FURTHER_LISTS[platform]
    assert name in {document.name for document in PLATFORMS[platform].documents(sample.page)}
    documents: dict[str, bytes | None] = {key: encode(document) for key, document in sample.documents.items()}
    assert not PLATFORMS[platform].parse(ParseInput(sample.page, documents, None)).unread
    for lost in ({key: body for key, body in documents.items() if key != name}, {**documents, name: b"<html>"}):
        assert PLATFORMS[platform].parse(ParseInput(sample.page, lost, None)).unread
    assert not PLATFORMS[platform].parse(ParseInput(sample.page, {**documents, name: None}, None)).unread


@pytest.mark.parametrize("platform", PLATFORMS)
def test_at_most_two_documents_on_a_run_without_changes(platform: str) -> None:
    """6: a run without changes makes at most two requests a page."""
    sample = SAMPLES[platform]
    documents = PLATFORMS[platform].documents(sample.page)
    assert 1 <= len(documents) <= 2 and documents[0].required and documents[0].name == sample.base
    assert PLATFORMS[platform].follow_ups(ParseInput(sample.page, {}), sample.read(), dirty=False) == ()


any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.sampled_from(WORDS),
    lambda values: st.lists(values) | st.dictionaries(st.text(), values),
)


@given(any_json)
@settings(max_examples=60)
def test_arbitrary_json(document: Any) -> None:
    """5: any JSON is understood or refused."""
    for sample in SAMPLES.values():
        changed: dict[str, Any] = {sample.base: json.dumps(document).encode()}
        try:
            feed = sample.read(**dict.fromkeys(enriching(sample)), **changed)
        except FeedError:
            continue
        assert document == [] and feed.incidents == (), "only an empty list may be a page without incidents"


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value in a document."""
    yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from places(child, (*path, key))


PLACES: Final = {
    platform: [
        (name, path)
        for name, document in sample.documents.items()
        if not isinstance(document, bytes)
        for path in places(document)
    ]
    for platform, sample in SAMPLES.items()
}


@given(st.lists(st.tuples(st.integers(0, 999), any_json), min_size=1, max_size=3))
@settings(max_examples=25)
def test_arbitrary_json_anywhere(changes: list[tuple[int, Any]]) -> None:
    """5: with any values at any places of a page's documents, they give sound incidents or FeedError."""
    for platform, sample in SAMPLES.items():
        documents: dict[str, Any] = dict(sample.documents)
        for number, value in changes:
            if PLACES[platform]:
                name, path = PLACES[platform][number % len(PLACES[platform])]
                with suppress(KeyError, IndexError, TypeError):  # another change took the place away
                    documents[name] = mutated(documents[name], path, value)
        try:
            feed = sample.read(**documents)
        except FeedError:
            continue
        assert_sound(feed)


def titled(sample: Sample, title: str) -> Feed:
    """The feed, with that title of the first incident."""
    document = copy.deepcopy(sample.documents[sample.base])
    place, *path = sample.listed(document)[0], *sample.title.split(".")
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = title
    changed: dict[str, Any] = {sample.base: document}
    return sample.read(**changed)


@pytest.mark.parametrize("platform", JSON)
def test_titles_are_cut(platform: str) -> None:
    """5: titles are cut at 500 characters."""
    assert 501 in {len(incident.title) for incident in titled(SAMPLES[platform], "t" * 1_000_000).incidents}


@pytest.mark.parametrize("platform", JSON)
def test_half_a_character(platform: str) -> None:
    """5: a lone surrogate, left by software that cuts a text within an emoji, costs only that character."""
    halves = "\ud83d", "\udd25 \ud83d", "\ud83d\ud83d"
    whole = titled(SAMPLES[platform], "🔥 \\ud83d \ufffd").incidents
    for half in halves:
        read = titled(SAMPLES[platform], f"🔥 \\ud83d {half}").incidents
        assert any("🔥 \\ud83d \ufffd" in incident.title for incident in read)
        assert [incident.id for incident in read] == [incident.id for incident in whole]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_platforms_are_recognised(platform: str) -> None:
    """3: a page of unknown platform is recognised: of all platforms in order, its own is the first that matches."""
    sample = SAMPLES[platform]
    served: dict[str, bytes] = {}
    for document in PLATFORMS[platform].documents(sample.page):
        if document.name in sample.documents:
            served[document.url] = encode(sample.documents[document.name])
    recognised = []
    for name, candidate in PLATFORMS.items():
        page = sample.page if name == platform else Page(key="acme", name="Acme", url=sample.page.url)
        documents = {document.name: served.get(document.url) for document in candidate.documents(page)}
        try:
            if candidate.matches(candidate.parse(ParseInput(page, documents))):
                recognised.append(name)
        except FeedError:
            continue
    assert recognised[:1] == [platform]
