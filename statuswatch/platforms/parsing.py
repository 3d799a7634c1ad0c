"""What every platform needs to read documents: decoding with a reason, and lists in which one bad entry costs only
itself.
"""

import hashlib
import io
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final, Generic, TypeVar
from urllib.parse import urljoin

import msgspec

from statuswatch import text
from statuswatch.errors import FeedError
from statuswatch.model.incident import Component, Incident, IncidentUpdate, utc
from statuswatch.model.page import Page
from statuswatch.model.state import PageState

T = TypeVar("T")
Entry = TypeVar("Entry")
# What page ids look like on the platforms that share the addresses and the form of API v2.
IDENTITIES: Final = {"statuspage": re.compile(r"[0-9a-z]{12}"), "incidentio": re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")}
Raw = TypeVar("Raw")  # an entry of a list before it is understood
_ESCAPE: Final = re.compile(rb"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|u[dD][89a-fA-F]..|.)")
MAX_NAME: Final = 500  # characters
MAX_ID: Final = 200  # characters; the longest seen is an ARN of 113


class ParseInput(msgspec.Struct, frozen=True):
    """All that was fetched of a page, by document name. None: the page has no such document. Absent: not fetched, or
    not this time.
    """

    page: Page
    documents: Mapping[str, bytes | None]
    state: PageState | None = None


class MissingPageIdError(FeedError):
    """The platform needs an `id` that the page does not have: these may be it, best first."""

    def __init__(self, message: str, *ids: str) -> None:
        super().__init__(message)
        self.ids = ids


class PageHead(msgspec.Struct):
    """`page` of every document of API v2, as Statuspage made it and others imitate it."""

    id: str
    updated_at: datetime | None = None


class StatedUpdate(msgspec.Struct):
    """An incident update of API v2."""

    id: str
    status: str
    created_at: datetime
    body: str | None = None
    display_at: datetime | None = None


class IncidentList(msgspec.Struct, Generic[Entry]):
    """`api/v2/incidents.json`."""

    page: PageHead
    incidents: list[Entry]


def decode(body: bytes, what: type[T], name: str) -> T:
    """The document as that type. Raises FeedError with the place of the first fault."""
    try:
        plain = without_bom(body)
        try:
            return msgspec.json.decode(plain, type=what)
        except msgspec.ValidationError:
            raise
        except msgspec.DecodeError:
            return msgspec.json.decode(_ESCAPE.sub(_whole, plain), type=what)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        if re.search(rb"<(?:!doctype\s+html|html|\?xml)", body[:1024], re.IGNORECASE):
            raise FeedError(f"{name}: HTML instead of JSON") from error
        raise FeedError(f"{name}: {text.line(str(error))}") from error


def _whole(escape: re.Match[bytes]) -> bytes:
    """Half of a character, which is left where software cuts a text within an emoji, is shown as one that is lost."""
    return rb"\ufffd" if len(escape[0]) == len(rb"\ud83d") else escape[0]


def incident_list(body: bytes, what: type[Entry], name: str) -> IncidentList[Any]:
    """Its entries decoded, in one go; or raw where one of them cannot be, so that it costs only itself. Raises
    FeedError.
    """
    try:
        return msgspec.json.decode(without_bom(body), type=IncidentList[what])  # type: ignore[valid-type]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return decode(body, IncidentList[msgspec.Raw], name)


def without_bom(body: bytes) -> bytes:
    """As UTF-8 without a byte order mark. Raises UnicodeDecodeError."""
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return body.decode("utf-16").encode()
    return body.removeprefix(b"\xef\xbb\xbf")


def parse_syndication(body: bytes, name: str, **options: bool) -> Any:
    """RSS or Atom as feedparser reads it. Raises FeedError, also where feedparser breaks on it: it does not say what it
    raises then. Recorded are a ValueError, of a number of 5,000 digits, and a KeyError, of an element out of place.
    """
    import feedparser  # slow, and not needed where nothing changed

    try:
        return feedparser.parse(io.BytesIO(body), **options)
    except (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise FeedError(f"{name}: {type(error).__name__}: {text.line(str(error))}") from error


def parse_entries(raws: Iterable[Raw], build: Callable[[Raw], T], name: str) -> tuple[list[T], list[str]]:
    """The entries of a list, and why some were skipped. Raises FeedError where none of them could be understood."""
    incidents: list[T] = []
    skipped: list[str] = []
    for number, raw in enumerate(raws):
        try:
            incidents.append(build(raw))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, OverflowError, ValueError) as error:
            skipped.append(f"{name}: entry {number}: {text.line(str(error))}")
    if skipped and not incidents:
        raise FeedError(f"{skipped[0]}; and no other entry could be understood")
    return incidents, skipped


def identifier(vendors: str) -> str:
    """An id fit to be printed and remembered. Raises ValueError."""
    if vendors.isalnum() and vendors.isascii() and len(vendors) <= MAX_ID:  # nearly all of them
        return vendors
    if not vendors or len(vendors) > MAX_ID or vendors != text.line(vendors):
        raise ValueError(f"an id of {len(vendors)} characters that is not plain text")
    return vendors


def derived_id(*facts: str) -> str:
    """An id for what the vendor gives none, out of facts that stay when it is edited, reordered or resolved."""
    return hashlib.sha256("\x1f".join(facts).encode()).hexdigest()[:12]


def identity(vendors: str, name: str) -> str:
    """The id of the page that a document says it is of. Raises FeedError."""
    try:
        return identifier(vendors)
    except ValueError as error:
        raise FeedError(f"{name}: {error}") from error


def identity_of_platform(platform: str, page: PageHead, name: str) -> str:
    """The identity of a page of API v2. Raises FeedError where it is evidently one of the other platform."""
    for other, form in IDENTITIES.items():
        if other != platform and form.fullmatch(page.id):
            raise FeedError(f"{name}: the page runs on {other}, not on {platform}")
    return identity(page.id, name)


def page_changed_at(page: PageHead) -> datetime | None:
    """When the page says that it changed; nothing where it says so beyond the calendar."""
    try:
        return utc(page.updated_at) if page.updated_at else None
    except OverflowError:
        return None


def clean_title(vendors: str) -> str:
    """A title, or the name of a component: one line, and not beyond all measure."""
    line = text.line(vendors)
    return line if len(line) <= MAX_NAME else f"{line[:MAX_NAME]}…"


def incident_update(
    vendors_id: str, status: str, body: str | None, created_at: datetime, display_at: datetime | None
) -> IncidentUpdate:
    created = utc(created_at)
    return IncidentUpdate(
        id=identifier(vendors_id),
        status=clean_status(status),
        body=text.paragraph(body) if body else "",
        created_at=created,
        display_at=utc(display_at) if display_at else created,
    )


@lru_cache(maxsize=256)
def clean_status(vendors: str) -> str:
    """A status: one lower-case word of the vendor's. Raises ValueError."""
    if not (vendors and len(vendors) <= 50 and vendors.replace("_", "").replace("-", "").isalnum()):
        raise ValueError(f"a status that is not a word: {text.line(vendors)[:50]!r}")
    return vendors.lower()


def incident_link(vendors: str | None, page: Page) -> str:
    """A vendor's address of an incident, where it is one that can be followed; else the page's."""
    address = urljoin(f"{page.url}/", vendors or "")
    plain = address == text.line(address) and " " not in address and len(address) <= MAX_NAME
    return address if vendors and plain and address.startswith(("https://", "http://")) else page.url


def from_epoch(seconds: float) -> datetime:
    """A moment from a Unix time. Raises ValueError."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError) as error:
        raise ValueError(f"a time beyond the calendar: {seconds!r}") from error


def oldest_first(updates: Iterable[IncidentUpdate]) -> tuple[IncidentUpdate, ...]:
    """Vendors list the newest first; of two with the same time the one listed later is the older. Repeated ids are
    told once.
    """
    once = {update.id: update for update in reversed(list(updates))}
    return tuple(sorted(once.values(), key=attrgetter("created_at")))


def merge_same_id(updates: Iterable[IncidentUpdate]) -> tuple[IncidentUpdate, ...]:
    """Oldest first. Those of one id are one, which says all that they say: an id made of a time cannot tell two of the
    same moment apart, and one made of their order would be the other's as soon as that changes.
    """
    parts: dict[str, list[IncidentUpdate]] = {}
    for it in sorted(set(updates), key=attrgetter("created_at", "body", "status")):
        parts.setdefault(it.id, []).append(it)
    whole = (
        msgspec.structs.replace(of_one[-1], body="\n".join(it.body for it in of_one if it.body))
        for of_one in parts.values()
    )
    return tuple(sorted(whole, key=attrgetter("created_at")))


def labelled_components(named: Iterable[tuple[str, str]], page: Mapping[str, set[str]]) -> tuple[Component, ...]:
    """Components of (name, group), sorted, each with its group only where the page has two of the name (`page`:
    groups by name).
    """
    return tuple(sorted({Component(name, group if len(page.get(name, ())) > 1 else "") for name, group in named}))


def newest_copies(*copies: Iterable[Incident]) -> tuple[Incident, ...]:
    """Where documents show the same incident, the copy with the newest update; of equals the first."""
    chosen: dict[str, Incident] = {}
    for incident in (incident for copy in copies for incident in copy):
        other = chosen.get(incident.id)
        if other is None or incident.last_update_at > other.last_update_at:
            chosen[incident.id] = incident
    return tuple(chosen.values())


def newly_absent(reading: ParseInput, document: str, incidents: Iterable[Incident]) -> bool:
    """Whether something open is gone for the first time, and the page has a document that may yet say how it ended."""
    if reading.state is None or reading.documents.get(document, b"") is None:
        return False
    listed = {it.id for it in incidents}
    gone = [it for key, it in reading.state.incidents.items() if not it.closed and key not in listed]
    return bool(gone) and not any(it.absent_since for it in gone)
