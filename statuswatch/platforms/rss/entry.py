"""What one entry of a status feed says: its updates, its status, the components it names.

Entries state these in five ways, tried in this order:

- blocks, `<small>time</small><br><strong>Label</strong> - message`, newest first as a rule: Statuspage (recorded
  2014-2025), Instatus, LambStatus (quoted by others), OnlineOrNot (quoted: perhaps the newest block only);
- an element `status`, or a first line `Status: X` (incident.io, recorded: the latest message only, then the affected
  components with their live states; xAI, quoted);
- a word before or in the title, `Resolved: …`, `[RESOLVED] …` (AWS, recorded; PayPal, reported), or a category;
- a word before the message, `Resolved - …`;
- a sentence that says that it is over, of the few that can mean nothing else.

An entry that states none of them has the status "reported": what that comes to is in `rss`.
"""

import re
from calendar import timegm
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from statuswatch import text
from statuswatch.model.incident import Impact, IncidentUpdate
from statuswatch.model.page import Page
from statuswatch.model.state import IncidentRecord
from statuswatch.platforms.parsing import clean_status, derived_id, from_epoch, incident_update

Entry = Mapping[str, Any]  # as feedparser gives it, without its aliases

LATEST: Final = "latest"  # the id of an entry's one text, which its vendor replaces
REPORTED: Final = "reported"  # the status where none is stated
MAINTENANCE: Final = frozenset({"scheduled", "in_progress", "verifying", "completed"})
_WORDS: Final = {
    "in progress": "in_progress",
    "post-mortem": "postmortem",
    "update": "",  # nothing about the status: it stays
    "initial notification": "",
    **dict.fromkeys(("closed", "fixed", "recovered", "restored", "service restored", "behoben", "解決済"), "resolved"),
    **dict.fromkeys(("service is operating normally", "operating normally", "beendet"), "resolved"),
    **dict.fromkeys(("maintenance complete", "finished", "abgeschlossen"), "completed"),
    **{same: same for same in ("investigating", "identified", "monitoring", "resolved", "postmortem")},
    **{same: same for same in ("scheduled", "verifying", "completed")},
}
_COMPONENTS_TOO: Final = frozenset({"monitoring", "verifying", "restored"})  # in a title they may name what is affected
_IMPACTS: Final = {
    "degraded": Impact.MINOR,
    "degraded_performance": Impact.MINOR,
    "partial_outage": Impact.MAJOR,
    "outage": Impact.CRITICAL,
    "major_outage": Impact.CRITICAL,
}


def _any(words: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


_TITLE: Final = re.compile(
    rf"\[\s*({_any(_WORDS.keys() - _COMPONENTS_TOO)})\s*\]\s*|^({_any(_WORDS.keys() - _COMPONENTS_TOO)})(?::| [-–—]) ",
    re.IGNORECASE,
)
_LEADING: Final = re.compile(rf"({_any(_WORDS)})\s?[-–—:]\s", re.IGNORECASE)
_STATED: Final = re.compile(r"status: ?([a-z][a-z _-]{1,30})(?:\n|$)", re.IGNORECASE)
_OVER: Final = re.compile(
    r"(?:^|[.!?\n] ?)(?:this|the|all) (?:[\w-]+ ){0,3}?"
    r"(?:incident|issue|problem|outage|disruption|event|maintenance)s? "
    r"(?:has|have|is|was|were) (?:(?:now|since|been|fully|completely|successfully) ){0,3}"
    r"(resolved|fixed|completed)\b(?! (?:for|in|on) (?:some|most|many|part|a)\b)",
    re.IGNORECASE,
)
_SMALL: Final = re.compile(r"<small\b[^<>]{0,100}>", re.IGNORECASE)
_LABEL: Final = re.compile(r"\s*(?:<br ?/?>)?\s*<strong>([^<>]{2,40})</strong>\s*[-–—](?:\s|$)", re.IGNORECASE)
_WHEN: Final = re.compile(
    r"([A-Z][a-z]{2})[a-z]* (\d\d?),? (?:(\d{4}),? )?(\d\d?):(\d\d)(?::(\d\d))?(?: ?([AP])M)?(?: (\S{1,12}))?",
    re.IGNORECASE,
)
_EVENT: Final = re.compile(
    r"THIS IS A SCHEDULED EVENT ([A-Z][a-z]{2} \d\d?, \d\d?:\d\d)[^\n]{0,40} ([A-Z]{2,5})(?:\n|$)"
)
_NUMERIC: Final = re.compile(r"(?:GMT|UTC)?([+-]\d\d?)(?::?(\d\d))?")
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_UTC: Final = frozenset({"", "utc", "gmt", "z", "gmt+0"})
_ZONES: Final = {"est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7} | {
    "cet": 1,
    "cest": 2,
    "eet": 2,
    "eest": 3,
}
_DAY: Final = timedelta(days=1)
_HOUR: Final = timedelta(hours=1)


class Dates(NamedTuple):
    """When it was published and last changed, as the entry says, and the day after which it says nothing."""

    published: datetime
    changed: datetime
    limit: datetime


class Channel(NamedTuple):
    """The feed itself. `several` is whether any of its entries lists more than one update."""

    page: Page
    home: str
    identity: str
    built: datetime | None
    only_open: bool
    several: bool
    known: Mapping[str, IncidentRecord]


class Block(NamedTuple):
    """One message; `at` is its local time, marked as UTC."""

    at: datetime
    zone: str
    label: str
    body: str


def moment(entry: Entry, name: str) -> datetime | None:
    """A time, which feedparser has brought to UTC. Raises ValueError."""
    parsed = entry.get(f"{name}_parsed")
    return from_epoch(timegm(parsed)) if parsed else None


def dates(entry: Entry, built: datetime | None) -> Dates:
    """`built` is when the feed says that it was. RSS has one date, which may be that of the first message. Raises
    ValueError where the entry has none.
    """
    published, updated = moment(entry, "published"), moment(entry, "updated")
    changed = updated or published
    if changed is None:
        raise ValueError("no date that can be understood")
    limit = updated or min(changed + 90 * _DAY, built or changed + 90 * _DAY)
    return Dates(published or changed, changed, limit + _DAY)


def markup(entry: Entry) -> str:
    contents = [str(part.get("value") or "") for part in entry.get("content") or ()]
    return next((content for content in contents if content.strip()), str(entry.get("summary") or ""))


def status(label: str) -> str:
    """The status that a word of the vendor's means; "" where it leaves it as it was. Raises ValueError."""
    plain = " ".join(label.lower().split())
    return _WORDS[plain] if plain in _WORDS else clean_status(plain.replace(" ", "_"))


def is_status(label: str) -> bool:
    """Whether it says how an incident stands, not a component."""
    return label.lower() in _WORDS


def untitled(title: str) -> tuple[str, str]:
    """The title without the word of status in it, and that status: "" where it has none."""
    stated = ""
    while found := _TITLE.search(title):
        rest = f"{title[: found.start()]}{title[found.end() :]}".strip()
        if not rest:
            break
        title, stated = rest, status(found[1] or found[2]) or stated
    return title, stated


def blocks(html: str, limit: datetime) -> list[Block]:
    """The messages in the order listed. What is set small within a message, without a label, belongs to it."""
    found: list[Block] = []
    for part in _SMALL.split(html)[1:]:
        when, _, rest = part.partition("</small>")
        label = _LABEL.match(rest)
        try:
            at, zone = _local(text.line(text.paragraph(when)), limit)
        except ValueError:
            label = None
        if label is not None:
            found.append(Block(at, zone, label[1], rest[label.end() :]))
        elif found:
            found[-1] = found[-1]._replace(body=f"{found[-1].body}\n{part}")
    return found


def messages(listed: list[Block], published: datetime) -> tuple[IncidentUpdate, ...]:
    """The updates, oldest first. Their ids are made of the local time as it stands there, and of a number where it
    stands twice. An "Update" has the status of the one before it.
    """
    ahead = _ahead(listed, published)
    current = ""
    same: Counter[datetime] = Counter()
    told = []
    for _, block in sorted(enumerate(listed), key=lambda one: (one[1].at, -one[0])):  # of one time the lower is older
        same[block.at] += 1
        current = status(block.label) or current
        key = derived_id(f"{block.at:%m-%d %H:%M:%S}", str(same[block.at]))
        told.append(incident_update(key, current or "update", block.body, (block.at - ahead), None))
    return tuple(told)


def scheduled(html: str, near: datetime) -> datetime | None:
    """When the window begins: `THIS IS A SCHEDULED EVENT Apr 7, 13:00 - 23:45 UTC` (Statuspage, quoted)."""
    found = _EVENT.search(text.paragraph(html.partition("<small")[0]))
    if found is None or found[2].lower() not in _UTC | _ZONES.keys():
        return None
    at, _ = _local(found[1], near + _DAY * 90)
    return at - _HOUR * _ZONES.get(found[2].lower(), 0)


def said(entry: Entry, plain: str, in_title: str) -> tuple[str, str]:
    """The status that an entry without blocks states, and its text without the line that does."""
    if is_status(own := str(entry.get("status") or "")):
        return status(own) or REPORTED, plain
    if line := _STATED.match(plain):
        return status(line[1]) or REPORTED, plain[line.end() :]
    categories = (str(tag.get("term") or "").lower().replace("_", " ") for tag in entry.get("tags") or ())
    if stated := in_title or next(filter(None, map(_WORDS.get, categories)), ""):
        return stated, plain
    if leading := _LEADING.match(plain):
        return status(leading[1]) or REPORTED, plain[leading.end() :]
    if over := _OVER.search(plain):
        return "completed" if over[1].lower() == "completed" else "resolved", plain
    return REPORTED, plain


def impact(entry: Entry) -> Impact:
    """What a category says of it (OnlineOrNot, xAI)."""
    terms = (str(tag.get("term") or "").lower().replace(" ", "_") for tag in entry.get("tags") or ())
    return next((_IMPACTS[term] for term in terms if term in _IMPACTS), Impact.UNKNOWN)


def affected(plain: str) -> tuple[str, list[str]]:
    """The text without the list of components, and their names: as a list with live states (incident.io), or in one
    line (Instatus).
    """
    before, _, listed = plain.partition("\nAffected components\n")
    if listed:
        return before, [re.sub(r" \([^()]*\)$", "", name) for name in listed.split("\n")]
    line = re.search(r"(?:^|\n)Affected Components: ?([^\n]+)", plain)
    return plain, line[1].split(", ") if line else []


def _local(when: str, limit: datetime) -> tuple[datetime, str]:
    """A local time, marked as UTC, in the last year in which it is not after the limit; and the name of its zone.
    Raises ValueError.
    """
    found = _WHEN.fullmatch(when)
    if found is None or found[1].lower() not in _MONTHS:
        raise ValueError("not a time")
    month, hour = _MONTHS.index(found[1].lower()) + 1, int(found[4])
    if found[7]:
        hour = hour % 12 + 12 * (found[7].upper() == "P")
    for year in [int(found[3])] if found[3] else range(limit.year, limit.year - 9, -1):
        try:
            at = datetime(year, month, int(found[2]), hour, int(found[5]), int(found[6] or 0), tzinfo=limit.tzinfo)
        except ValueError:
            continue  # 29 February
        if found[3] or at <= limit:
            return at, (found[8] or "").lower()
    raise ValueError("no such day")


def _ahead(listed: list[Block], published: datetime) -> timedelta:
    """How far the vendor's local time is ahead of UTC.

    Names of zones are ambiguous, and the one recorded in winter stood at the times of summer too: where one of the
    messages was published at the minute of `published`, that tells.
    """
    zone = listed[0].zone
    if zone in _UTC:
        return timedelta()
    if numeric := _NUMERIC.fullmatch(zone.upper()):
        hours = timedelta(hours=abs(int(numeric[1])), minutes=int(numeric[2] or 0))
        return -hours if numeric[1].startswith("-") else hours
    minute = published.replace(second=0)
    gaps = [block.at.replace(second=0) - minute for block in listed]
    possible = [gap for gap in gaps if abs(gap) <= 14 * _HOUR and not gap % timedelta(minutes=15)]
    if zone not in _ZONES:
        return possible[0] if possible else timedelta()
    usual = _ZONES[zone] * _HOUR
    return min((gap for gap in possible if abs(gap - usual) <= _HOUR), key=lambda gap: abs(gap - usual), default=usual)
