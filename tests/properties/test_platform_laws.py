"""What holds for the life of every page, over the whole registry: the documents of each platform, read as a run reads
them, again and again.
"""

import copy
import json
import random
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from importlib import import_module
from typing import Any, Final

import msgspec
import pytest

from statuswatch.errors import FeedError
from statuswatch.model.event import Event, EventKind
from statuswatch.model.incident import IncidentKind
from statuswatch.model.page import Failure, Feed, Page, PageSnapshot
from statuswatch.model.state import PageState
from statuswatch.platforms import PLATFORMS
from statuswatch.platforms.parsing import ParseInput
from statuswatch.rules.reconcile import reconcile
from statuswatch.state import encode_page
from tests.platforms.test_contract import SAMPLES, decorating
from tests.support.page_timeline import START, PageTimeline, at, shape
from tests.support.platform_sample import Sample

Documents = dict[str, Any]  # by name, as a sample has them; None: the page has none, LOST: not fetched this time
LOST: Final = object()
BODIES: Final = frozenset(
    ("body", "message", "message_string", "details", "contents", "text", "incident_status_desc", "usersAffected")
)
MOVING: Final = re.compile(r"updated_?at|modified|date_?updated|date_?posted|last_update_at|updated", re.IGNORECASE)
ENTRY: Final = re.compile(rb"<(entry|item)>.*?</\1>", re.DOTALL)
# Whose entries cannot be edited without becoming others: Azure's first has nothing but its title.
NAMED_BY_TITLE: Final = {("azure", 0)}


class PageLife:
    """A page, read as a run reads it: calm documents first, then what the platform wants more, one by one.

    Each read is done twice, with the memory as it was written last, and with what would have ridden along with a
    write of another page: both must tell the same beginnings and ends.
    """

    def __init__(self, sample: Sample) -> None:
        self.page = msgspec.structs.replace(sample.page, platform=sample.platform)
        self.lives = PageTimeline(self.page), PageTimeline(self.page)
        self.feed = Feed(identity="", incidents=())
        self.now = 0.0

    @property
    def life(self) -> PageTimeline:
        return self.lives[0]

    @property
    def written(self) -> bytes:
        return encode_page(self.life.memory) if self.life.memory else b""

    def read(self, minutes: float, documents: Documents) -> list[Event]:
        self.now = minutes
        plain, riding = (self._read(life, minutes, documents) for life in self.lives)
        ends = [[it.id for it in events if it.kind is not EventKind.UPDATED] for events in (plain, riding)]
        assert ends[0] == ends[1], "what rides along with a write changes what begins or ends"
        self.lives[1].memory = self.lives[1].review.state
        return plain

    def later(self, minutes: float, documents: Documents) -> list[Event]:
        return self.read(self.now + minutes, documents)

    def _read(self, life: PageTimeline, minutes: float, documents: Documents) -> list[Event]:
        answer = answered(self.page, life.memory, minutes, documents)
        if isinstance(answer, PageSnapshot):
            self.feed = answer.feed
        return life.answer(minutes, answer)


def answered(page: Page, known: PageState | None, minutes: float, documents: Documents) -> PageSnapshot | Failure:
    """What a run reads of these documents: those of a calm run first, then one by one what the platform wants more."""
    platform = PLATFORMS[page.platform]
    fetched: dict[str, bytes | None] = {}
    losses: list[str] = []
    tried: set[str] = set()
    wanted = [it.name for it in platform.documents(page)]
    while True:
        for name in wanted:
            tried.add(name)
            if documents.get(name) is LOST:
                losses.append(name)
            else:
                fetched[name] = encoded(documents.get(name))
        reading = ParseInput(page, fetched, known)
        try:
            feed = platform.parse(reading)
        except FeedError as error:
            return Failure(str(error), misread=True)
        answer = PageSnapshot(feed, {}, platform.PARSER_VERSION, tuple(losses))
        dirty = reconcile(page, known, answer, at(minutes)).dirty
        wanted = [it.name for it in platform.follow_ups(reading, feed, dirty=dirty) if it.name not in tried][:1]
        if not wanted:
            return answer


def encoded(document: Any) -> bytes | None:
    return document if document is None or isinstance(document, bytes) else json.dumps(document).encode()


def begun(platform: str) -> tuple[PageLife, Documents]:
    """A page that was read for the first time an hour after the last that its documents speak of."""
    sample = SAMPLES[platform]
    documents: Documents = copy.deepcopy(dict(sample.documents))
    page = PageLife(sample)
    assert page.read(after(sample), documents) == []
    assert page.life.memory and page.life.memory.failing is None
    return page, documents


def after(sample: Sample) -> float:
    """In minutes after the start of time here."""
    feed = sample.read()
    moments = (
        [it.position for it in feed.incidents]
        + [it.last_update_at for it in feed.incidents]
        + [*feed.updated_at.values()]
    )
    moments += [it.created_at for it in feed.incidents]
    return (max(moments) + timedelta(hours=1) - START) / timedelta(minutes=1)


def walk(value: Any) -> Iterator[Any]:
    yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from walk(child)


def edited(documents: Documents, place: dict[str, Any], edit: Callable[[dict[str, Any]], None]) -> Documents:
    """With something edited, wherever the documents show the same."""
    same = copy.deepcopy(place)
    changed = copy.deepcopy(documents)
    found = [it for it in walk([*changed.values()]) if isinstance(it, dict) and it == same]
    for it in found:
        edit(it)
    assert found
    return changed


def shuffled(value: Any, order: random.Random) -> Any:
    """The entries of every list and of every object in another order."""
    if isinstance(value, bytes):
        entries = [match[0] for match in ENTRY.finditer(value)]
        order.shuffle(entries)
        return ENTRY.sub(lambda _: entries.pop(), value)
    if isinstance(value, dict):
        items = [(key, shuffled(it, order)) for key, it in value.items()]
        order.shuffle(items)
        return dict(items)
    if isinstance(value, list):
        items = [shuffled(it, order) for it in value]
        order.shuffle(items)
        return items
    return value


def ids(feed: Feed) -> dict[str, list[str]]:
    return {it.id: sorted(one.id for one in it.updates) for it in feed.incidents}


def entries(sample: Sample, documents: Documents) -> Iterator[tuple[int, Callable[[Callable[[Any], Any]], Documents]]]:
    """Each entry of the base document, and how to have it changed wherever it is shown."""
    base = documents[sample.base]
    if isinstance(base, bytes):
        for number, match in enumerate(ENTRY.finditer(base)):
            spot = match.span()

            def in_bytes(change: Callable[[Any], Any], spot: tuple[int, int] = spot) -> Documents:
                start, end = spot
                return {**documents, sample.base: base[:start] + change(base[start:end]) + base[end:]}

            yield number, in_bytes
        return
    for number, entry in enumerate(sample.listed(base)):

        def in_json(change: Callable[[Any], Any], entry: Any = entry) -> Documents:
            def put(it: dict[str, Any]) -> None:
                changed = change(copy.deepcopy(it))
                it.clear()
                it.update(changed)

            return edited(documents, entry, put)

        yield number, in_json


def without(documents: Documents, key: str) -> Documents:
    """As they were before an incident began."""

    def clean(value: Any) -> Any:
        if isinstance(value, bytes):
            return ENTRY.sub(lambda match: b"" if key.encode() in match[0] else match[0], value)
        if isinstance(value, dict):
            return {name: clean(it) for name, it in value.items()}
        if isinstance(value, list):
            return [clean(it) for it in value if not (isinstance(it, dict) and names(it))]
        return value

    def names(it: dict[str, Any]) -> bool:
        return any(str(value).endswith(key) for value in it.values() if isinstance(value, str | int))

    return {name: clean(it) for name, it in documents.items()}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_same_again(platform: str) -> None:
    """4, 6: the same documents, read again minutes and hours later, tell nothing and do not move the memory."""
    page, documents = begun(platform)
    written = page.written
    for minutes in (5, 10, 31, 180, 24 * 60):
        assert page.later(minutes, documents) == []
        assert not page.life.review.dirty and page.written == written


@pytest.mark.parametrize("platform", PLATFORMS)
def test_order_is_nothing(platform: str) -> None:
    """4: entries, updates, components and keys in another order tell nothing and leave every id as it was."""
    page, documents = begun(platform)
    before, written = ids(page.feed), page.written
    order = random.Random(7)
    for _ in range(20):
        assert page.later(5, {name: shuffled(it, order) for name, it in documents.items()}) == []
        assert ids(page.feed) == before and page.written == written


@pytest.mark.parametrize("platform", PLATFORMS)
def test_white_space_and_times_of_change_are_nothing(platform: str) -> None:
    """4: white space and markup of a body, and the time at which anything was last touched, are never compared."""
    page, documents = begun(platform)
    written = page.written
    changed: Documents = copy.deepcopy(documents)
    for it in walk([*changed.values()]):
        for key, value in it.items() if isinstance(it, dict) else ():
            if key in BODIES and isinstance(value, str) and value:
                it[key] = f"<p>\n {value.replace(' ', '  ')}"
            if MOVING.fullmatch(key) and isinstance(value, str):
                it[key] = re.sub(r"[T ](\d\d):", lambda hour: f"{hour[0][0]}{int(hour[1]) + 1:02}:", value)
    for name, document in changed.items():
        if isinstance(document, bytes):
            changed[name] = document.replace(b"Words.", b"&lt;p&gt; Words.  ").replace(b"Errors.", b" <b>Errors.</b> ")
    assert page.later(5, changed) == [] and page.written == written
    assert page.later(5, changed) == [] and page.written == written


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_edited_title_is_one_update(platform: str) -> None:
    """4.9: an entry whose title is edited gives one `updated`; no other incident and no update gets another id."""
    sample = SAMPLES[platform]

    def rename(it: Any) -> Any:
        if isinstance(it, bytes):
            return re.sub(rb"(<title>.*?)(</title>)", rb"\1, we think\2", it, count=1)
        place, *path = it, *sample.title.split(".")
        for step in path[:-1]:
            place = place[step]
        if isinstance(place.get(path[-1]), str):
            place[path[-1]] += ", we think"
        return it

    count = 0
    page, documents = begun(platform)
    for number, change in entries(sample, documents):
        if (platform, number) in NAMED_BY_TITLE:
            continue
        page, _ = begun(platform)
        before = ids(page.feed)
        told = page.later(5, change(rename))
        assert ids(page.feed) == before
        assert len(told) <= 1 and all(it.kind is EventKind.UPDATED and not it.updates for it in told)
        assert page.later(5, change(rename)) == []
        count += len(told)
    assert count, "no title was edited"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_edited_body_is_one_update(platform: str) -> None:
    """4.9: an update whose body is edited in place gives one `updated` that carries it, and no new id anywhere."""
    page, documents = begun(platform)
    before = ids(page.feed)
    places = [it for it in walk([*documents.values()]) if isinstance(it, dict) and BODIES & it.keys()]
    versions = [
        edited(documents, place, lambda it, key=key: it.__setitem__(key, f"Edited. {it[key]}"))  # type: ignore[misc]
        for place in places
        for key in sorted(BODIES & place.keys())
        if isinstance(place[key], str) and place[key]
    ]
    versions += [
        documents | {name: re.sub(rb"(We look into it|Words\.|Errors\.)", rb"Edited.", document, count=1)}
        for name, document in documents.items()
        if isinstance(document, bytes)
    ]
    told = []
    for version in versions:
        page, _ = begun(platform)
        events = page.later(5, version)
        assert ids(page.feed) == before
        assert all(it.kind is EventKind.UPDATED and len(it.updates) == 1 for it in events)
        assert len({it.incident.id for it in events}) == len(events)
        assert page.later(5, version) == []
        told += events
    assert told or not any(before.values()), "no body was edited"


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("how", [LOST, None, b"", b"<html>", b"{}"])
def test_decoration_comes_and_goes(platform: str, how: Any) -> None:
    """4: a decorating document that is missing, or is nonsense, at some reads and back at the next: nothing is told at
    any of them, and nothing remembered is lost.
    """
    for name in sorted(decorating(SAMPLES[platform])):
        page, documents = begun(platform)
        assert page.life.memory
        remembered = page.life.memory.incidents
        for minutes, changed in ((5, {name: how}), (5, {}), (5, {name: how}), (40, {name: how}), (40, {}), (40, {})):
            assert page.later(minutes, {**documents, **changed}) == []
            calm = {
                key: msgspec.structs.replace(it, absent_since=None) for key, it in page.life.memory.incidents.items()
            }
            assert calm == remembered
        assert page.life.memory.incidents == remembered, "an absence is still noted"


def broken(sample: Sample) -> Callable[[Any], Any]:
    def change(it: Any) -> Any:
        if isinstance(it, bytes):
            return re.sub(rb"<(published|updated|pubDate)>.*?</\1>", b"", it)
        return {**it, **sample.bad}

    return change


def is_understood(sample: Sample, document: Any) -> bool:
    changed: Documents = {sample.base: document}
    try:
        return not sample.read(**changed).skipped
    except FeedError:
        return False


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_is_skipped_does_not_end(platform: str) -> None:
    """5: while an entry cannot be understood nothing says that it, or any other, is over; nor that it is back."""
    sample = SAMPLES[platform]
    count = 0
    for _, change in entries(sample, dict(sample.documents)):
        page, documents = begun(platform)
        changed = change(broken(sample))
        if is_understood(sample, changed[sample.base]):
            continue  # it is none, or it is one that is passed over
        count += 1
        for minutes in (5, 15, 60, 120):
            told = page.later(minutes, changed)
            assert [it for it in told if it.incident.kind is not IncidentKind.PAGE] == []
        assert [it for it in page.later(5, documents) if it.incident.kind is not IncidentKind.PAGE] == []
        assert page.later(5, documents) == []
    assert count


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_cannot_be_parsed_is_no_news(platform: str) -> None:
    """5, 4.14: a document that fails to parse tells nothing and changes nothing but since when the page fails."""
    page, documents = begun(platform)
    before = page.life.memory
    name = SAMPLES[platform].base
    whole = encoded(documents[name])
    assert before and whole
    for body in (b"", b"{}", b"null", whole[: len(whole) // 2], b"<!doctype html><html>Sorry</html>"):
        assert page.later(5, {**documents, name: body}) == []
        known = page.life.memory
        assert known and known.failing and msgspec.structs.replace(known, failing=None) == before
    assert page.later(5, documents) == []
    known = page.life.memory
    assert known and known.incidents == before.incidents and known.failing is None


def ending(platform: str) -> tuple[str, Documents, Documents]:
    """The open incident of a sample, its documents once that is over, and once more was said of it after that."""
    module = import_module(f"tests.platforms.test_{platform}")
    over: Documents = copy.deepcopy(dict(SAMPLES[platform].documents))
    key: str = module.ended(over)
    noted = copy.deepcopy(over)
    module.noted(noted)
    return key, over, noted


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("pause", [5, 45, 3000])
def test_an_end_is_told_once(platform: str, pause: float) -> None:
    """4.5: what is over is `resolved` once; what is said of it later is at most `updated`, and it never reopens."""
    page, _ = begun(platform)
    key, over, noted = ending(platform)
    (end,) = page.later(pause, over)
    assert (end.kind, end.incident.id) == (EventKind.RESOLVED, key)
    assert page.later(5, over) == page.later(180, over) == []
    for minutes in (60, 5, 24 * 60):
        told = page.later(minutes, noted)
        assert all(it.kind is EventKind.UPDATED and it.incident.id == key for it in told), shape(told)
        assert not any("reopened" in it.changes for it in told), shape(told)
    assert page.life.review.dirty is False and page.later(5, noted) == []


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("reads", [1, 3])
def test_an_end_amid_losses_is_told_once(platform: str, reads: int) -> None:
    """4: an end is told once, also where decorating documents are lost at the reads at which it came."""
    for name in sorted(decorating(SAMPLES[platform])):
        page, _ = begun(platform)
        key, over, noted = ending(platform)
        told = [event for _ in range(reads) for event in page.later(11, {**over, name: LOST})]
        told += page.later(11, over) + page.later(11, over) + page.later(11, over)
        told += page.later(60, noted) + page.later(60, noted)
        kinds = [it.kind for it in told if it.incident.id == key]
        assert kinds.count(EventKind.RESOLVED) == 1 and EventKind.NEW not in kinds
        assert len(kinds) == len(told) and not any("reopened" in it.changes for it in told), shape(told)


@pytest.mark.parametrize("platform", [name for name, it in SAMPLES.items() if len(it.documents) > 1])
def test_documents_change_one_after_the_other(platform: str) -> None:
    """4: an end is told once, whichever of the documents shows it first, and however often it is read meanwhile."""
    key, over, _ = ending(platform)
    for seed in range(8):
        order = random.Random(seed)
        page, documents = begun(platform)
        served = {**dict.fromkeys(over), **documents}
        told = []
        for name in order.sample(sorted(over), len(over)):
            served[name] = over[name]
            for _ in range(order.randrange(3)):
                told += page.later(order.choice((5, 11)), served)
        for _ in range(3):
            told += page.later(40, served)
        kinds = [it.kind for it in told]
        assert kinds.count(EventKind.RESOLVED) == 1 and EventKind.NEW not in kinds, shape(told)
        assert all(it.incident.id == key and "reopened" not in it.changes for it in told), shape(told)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_was_never_seen(platform: str) -> None:
    """4.2, 4.3, 4.4: unknown and open is `new` with all its updates; unknown and closed is `missed`, or nothing where
    all of it is older than the baseline.
    """
    sample = SAMPLES[platform]
    whole: Documents = dict(sample.documents)
    seen = set()
    first = PageLife(sample)
    first.read(after(sample), whole)
    for it in first.feed.incidents:
        before = without(whole, it.id)
        if before == whole:  # its id is derived: the feeds' own tests have it
            continue
        for late in (True, False):
            page = PageLife(sample)
            page.read(after(sample) if late else (it.created_at - START) / timedelta(minutes=1) - 60, before)
            assert page.life.memory and page.life.memory.baseline
            assert it.id not in page.life.memory.incidents
            page.now = after(sample)
            told = shape(page.later(5, whole))
            every = [one.id for one in it.updates]
            if not it.closed:
                assert told == [("new", it.id, [], every)]
            elif late:
                assert told == []
            else:
                assert told == [("resolved", it.id, ["missed"], every)]
            assert page.later(5, whole) == []
        seen.add(it.id)
    assert seen


def test_every_platform_has_an_end() -> None:
    """A new platform's documents must show how an incident ends."""
    for name in PLATFORMS:
        key, *_ = ending(name)
        assert key in {it.id for it in SAMPLES[name].read().incidents if not it.closed}, name
