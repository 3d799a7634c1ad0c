"""The status that an entry states in words, and its text without the words that state only that.

An entry without messages of its own (see `messages`) states a status in one of these ways, tried in this order:

- an element `status`;
- a first line `Status: X` (incident.io, recorded; xAI, quoted by others);
- a word in the title, `Resolved: …`, `[RESOLVED] …` (AWS, recorded; PayPal, reported), or a category;
- a word before the text, `Resolved - …`;
- a sentence which says that the incident is over, of the few that cannot mean anything else.
"""

import re
from collections.abc import Collection
from typing import Final

import msgspec

from statuswatch.model.incident import Impact
from statuswatch.platforms.parsing import clean_status
from statuswatch.platforms.rss.entry import Entry
from statuswatch.platforms.rss.vocabulary import IMPACT_BY_CATEGORY, REPORTED, STATUS_BY_WORD, TITLE_WORDS


def _alternatives(words: Collection[str]) -> str:
    """Return a pattern of the words, the longest first."""
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


_TITLE_WORD: Final = _alternatives(TITLE_WORDS)
_TITLE_STATUS: Final = re.compile(
    rf"\[\s*(?P<bracketed>{_TITLE_WORD})\s*\]\s*|^(?P<leading>{_TITLE_WORD})(?::| [-–—]) ",
    re.IGNORECASE,
)
_LEADING_STATUS: Final = re.compile(rf"({_alternatives(STATUS_BY_WORD)})\s?[-–—:]\s", re.IGNORECASE)
_STATUS_LINE: Final = re.compile(r"status: ?([a-z][a-z _-]{1,30})(?:\n|$)", re.IGNORECASE)
_CLOSING_SENTENCE: Final = re.compile(
    r"(?:^|[.!?\n] ?)(?:this|the|all) (?:[\w-]+ ){0,3}?"
    r"(?:incident|issue|problem|outage|disruption|event|maintenance)s? "
    r"(?:has|have|is|was|were) (?:(?:now|since|been|fully|completely|successfully) ){0,3}"
    r"(resolved|fixed|completed)\b(?! (?:for|in|on) (?:some|most|many|part|a)\b)",
    re.IGNORECASE,
)


class Statement(msgspec.Struct, frozen=True):
    """The status that an entry states, and its text without the line or word that states it."""

    status: str
    body: str


def is_status(label: str) -> bool:
    """Return whether the label is a word for the status of an incident."""
    return label.lower() in STATUS_BY_WORD


def status_of(label: str) -> str:
    """Return the status that a label means; "" where it leaves the status as it was. Raises ValueError."""
    words = " ".join(label.lower().split())
    if words in STATUS_BY_WORD:
        return STATUS_BY_WORD[words]
    return clean_status(words.replace(" ", "_"))


def split_title(title: str) -> tuple[str, str]:
    """Return the title without the words of status in it, and the status: "" where it states none."""
    status = ""
    while found := _TITLE_STATUS.search(title):
        rest = f"{title[: found.start()]}{title[found.end() :]}".strip()
        if not rest:
            break
        title = rest
        status = status_of(found["bracketed"] or found["leading"]) or status
    return title, status


def read_statement(entry: Entry, plain: str, title_status: str) -> Statement:
    """Return the status and the text of an entry without messages; `plain` is its markup as plain text.

    Raises ValueError where the label is no status.
    """
    return (
        _from_element(entry, plain)
        or _from_status_line(plain)
        or _from_title_or_category(entry, plain, title_status)
        or _from_leading_word(plain)
        or _from_closing_sentence(plain)
        or Statement(REPORTED, plain)
    )


def _from_element(entry: Entry, plain: str) -> Statement | None:
    if not is_status(entry.status):
        return None
    return Statement(status_of(entry.status) or REPORTED, plain)


def _from_status_line(plain: str) -> Statement | None:
    line = _STATUS_LINE.match(plain)
    return Statement(status_of(line[1]) or REPORTED, plain[line.end() :]) if line else None


def _from_title_or_category(entry: Entry, plain: str, title_status: str) -> Statement | None:
    if title_status:
        return Statement(title_status, plain)
    for category in entry.categories:
        status = STATUS_BY_WORD.get(category.replace("_", " "))
        if status:
            return Statement(status, plain)
    return None


def _from_leading_word(plain: str) -> Statement | None:
    word = _LEADING_STATUS.match(plain)
    return Statement(status_of(word[1]) or REPORTED, plain[word.end() :]) if word else None


def _from_closing_sentence(plain: str) -> Statement | None:
    sentence = _CLOSING_SENTENCE.search(plain)
    if sentence is None:
        return None
    return Statement("completed" if sentence[1].lower() == "completed" else "resolved", plain)


def read_impact(entry: Entry) -> Impact:
    """Return the impact that a category states (OnlineOrNot, xAI: quoted by others)."""
    for category in entry.categories:
        impact = IMPACT_BY_CATEGORY.get(category.replace(" ", "_"))
        if impact:
            return impact
    return Impact.UNKNOWN
