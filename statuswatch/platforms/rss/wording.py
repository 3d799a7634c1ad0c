"""The words of status feeds, and the status that an entry states in them.

An entry without messages of its own (see `messages`) states a status in one of these ways, tried in this order:

- an element `status`;
- a first line `Status: X` (incident.io, recorded; xAI, quoted by others);
- a word in the title, `Resolved: …`, `[RESOLVED] …`, `[Ended] …` (AWS, recorded; PayPal, Hund, cState), or a category;
- a word before the text, `Resolved - …`;
- headings in the text, `<strong>Resolved: …</strong>` (PayPal), the newest of which counts;
- a sentence which says that the incident is over, of the few that cannot mean anything else.
"""

import re
from collections.abc import Collection, Sequence
from typing import Final

import msgspec

from statuswatch.model.incident import CLOSED_STATUSES, Impact
from statuswatch.platforms.parsing import clean_status
from statuswatch.platforms.rss.document import Entry

REPORTED: Final = "reported"  # the status of an entry that states none
UNCHANGED: Final = "update"  # the status of an update that states none, where none was stated before
MAINTENANCE_STATUSES: Final = frozenset({"scheduled", "in_progress", "verifying", "completed"})
# Words for the end in the languages of cState (its translations of "Resolved") and of other feeds.
_RESOLVED_ELSEWHERE: Final = (
    *("gelöst", "behoben", "beendet", "erledigt", "wiederhergestellt"),  # German
    *("résolu", "résolue", "terminé", "terminée", "rétabli"),  # French
    *("resuelto", "resuelta", "solucionado", "finalizado"),  # Spanish
    *("resolvido", "resolvida", "concluído", "finalizado", "solucionado"),  # Portuguese
    *("risolto", "risolta", "terminato"),  # Italian
    *("opgelost", "verholpen", "hersteld", "afgerond"),  # Dutch
    *("rozwiązano", "rozwiązane", "rozwiązany", "zakończone", "zakończono"),  # Polish
    *("vyřešeno", "vyřešený", "vyriešené", "ukončeno"),  # Czech, Slovak
    *("løst", "afsluttet", "avsluttet", "løyst"),  # Danish, Norwegian
    *("löst", "åtgärdad", "åtgärdat", "avslutad"),  # Swedish
    *("ratkaistu", "korjattu"),  # Finnish
    *("megoldva", "megoldódott", "elhárítva"),  # Hungarian
    *("rezolvat", "rezolvată", "remediat"),  # Romanian
    *("решено", "решена", "устранено", "устранена", "завершено", "восстановлено"),  # Russian, Macedonian
    *("вирішено", "усунено", "завершено", "відновлено"),  # Ukrainian
    *("решен", "разрешено", "отстранен", "решён"),  # Bulgarian, Russian
    *("išspręsta", "išspręsta problema", "pašalinta"),  # Lithuanian
    *("atrisināts", "novērsts", "lahendatud"),  # Latvian, Estonian
    *("riješeno", "rešeno", "решена", "επιλύθηκε"),  # Croatian, Slovene, Greek
    *("çözümlendi", "çözüldü", "giderildi", "tamamlandı"),  # Turkish
    *("selesai", "teratasi", "telah diselesaikan"),  # Indonesian
    *("na-resolba", "naresolba", "nalutas"),  # Tagalog
    *("đã giải quyết", "đã khắc phục", "แก้ไขแล้ว"),  # Vietnamese, Thai
    *("সমাধান করা হয়েছে", "समाधान", "हल किया गया"),  # Bengali, Hindi
    *("تم الحل", "تم حلها", "נפתר"),  # Arabic, Hebrew
    *("解決済み", "解決済", "解決", "復旧", "復旧済み", "復旧済", "復旧しました"),  # Japanese
    *("已解决", "已解決", "已恢复", "已恢復", "已修复", "已修復", "已结束", "已結束"),  # Chinese
    *("해결됨", "해결", "해결 완료", "복구 완료", "복구됨"),  # Korean
)
_WORDS_BY_STATUS: Final = {
    "investigating": ("investigating",),
    "identified": ("identified",),
    "monitoring": ("monitoring",),
    "resolved": (
        *("resolved", "closed", "fixed", "solved", "ended", "recovered", "restored"),
        *("service restored", "service recovered", "outage ended", "incident resolved", "issue resolved"),
        *("service is operating normally", "operating normally"),  # AWS
        *_RESOLVED_ELSEWHERE,
    ),
    "postmortem": ("postmortem", "post-mortem", "post mortem"),
    "scheduled": ("scheduled",),
    "in_progress": ("in progress",),
    "verifying": ("verifying",),
    "completed": (
        *("completed", "finished", "maintenance complete", "maintenance completed", "abgeschlossen"),
        *("maintenance ended", "maintenance finished", "complete"),
    ),
    "": ("update", "updated", "initial notification"),  # the status stays as it was
}
STATUS_BY_WORD: Final = {word: status for status, words in _WORDS_BY_STATUS.items() for word in words}
# In a title these may name a component ("Monitoring: alerts are late"), so they state no status there, but in brackets.
_UNSURE_TITLE_WORDS: Final = frozenset({"monitoring", "verifying", "restored", "complete"})
_TITLE_WORDS: Final = STATUS_BY_WORD.keys() - _UNSURE_TITLE_WORDS
_IMPACT_BY_CATEGORY: Final = {
    "degraded": Impact.MINOR,
    "degraded_performance": Impact.MINOR,
    "partial_outage": Impact.MAJOR,
    "outage": Impact.CRITICAL,
    "major_outage": Impact.CRITICAL,
}
_COURSE: Final = ("scheduled", "investigating", "identified", "in_progress", "monitoring", "verifying")


def alternatives(words: Collection[str]) -> str:
    """Return a pattern of the words, the longest first."""
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


_BRACKETED: Final = (
    rf"\[\s*(?P<square>{alternatives(STATUS_BY_WORD)})\s*\]\s*|^\(\s*(?P<round>{alternatives(_TITLE_WORDS)})\s*\)\s*"
    rf"|[【［]\s*(?P<wide>{alternatives(STATUS_BY_WORD)})\s*[】］]\s*"
)
_LEADING: Final = rf"^(?P<leading>{alternatives(_TITLE_WORDS)})(?:\s?[:：]| [-–—|]) "
_TITLE_STATUS: Final = re.compile(f"{_BRACKETED}|{_LEADING}", re.IGNORECASE)
# "Login errors - Resolved", "Chat API recovered" beside "Chat API went down".
_TITLE_END: Final = re.compile(
    r"(?P<title>.{2,}?\S)\s*(?:(?:\s[-–—|]\s*|:\s)(?P<word>resolved|recovered|restored|closed|completed|ended)"
    r"|\s(?:has |have )?recovered|\s(?:is|are) back (?:up|online))\.?$",
    re.IGNORECASE,
)
_LEADING_STATUS: Final = re.compile(rf"({alternatives(STATUS_BY_WORD)})\s?[-–—:：]\s", re.IGNORECASE)
_STATUS_LINE: Final = re.compile(r"(?:current )?status: ?([^\W\d][\w /-]{1,40})(?:\n|$)", re.IGNORECASE)
_HEADING_STATUS: Final = re.compile(rf"({alternatives(STATUS_BY_WORD)})(?:\s*[-–—:：]\s*(.*))?", re.IGNORECASE)
_HEADING: Final = re.compile(
    r"<(?P<tag>strong|b|h[1-6])\b[^<>]{0,200}>\s*+(?P<words>[^\s<>][^<>]{1,199}?)\s*+</(?P=tag)\s{0,9}>", re.IGNORECASE
)
_CLOSING_SENTENCE: Final = re.compile(
    r"(?:^|[.!?\n] ?)(?:this|the|all) (?:[\w-]+ ){0,3}?"
    r"(?:incident|issue|problem|outage|disruption|event|maintenance)s? "
    r"(?:has|have|is|was|were) (?:(?:now|since|been|fully|completely|successfully) ){0,3}"
    r"(resolved|fixed|completed|over)\b(?! (?:for|in|on) (?:some|most|many|part|a)\b)"
    r"|(?:^|[.!?\n] ?)all (?:our |affected |impacted )?(?:services|systems|components) (?:have|are) "
    r"(?:(?:now|fully|been|all) ){0,3}"
    r"(?:recovered|restored|operational|operating normally|back to normal|back online)\b"
    r"(?! (?:for|in|on) (?:some|most|many|part|a)\b)"
    r"|\A[^\n.!?]{2,80} (?:has |have )?recovered\.?\Z",
    re.IGNORECASE,
)


class Statement(msgspec.Struct, frozen=True):
    """The status that an entry states, and its text without the line or word that states it."""

    status: str
    body: str


class Heading(msgspec.Struct, frozen=True):
    """A heading that begins with a word of status, the words after it, and where it stands in the markup."""

    label: str
    rest: str
    start: int
    end: int


def is_status(label: str) -> bool:
    """Return whether the label is a word for the status of an incident."""
    return _plain(label) in STATUS_BY_WORD


def status_of(label: str) -> str:
    """Return the status that a label means; "" where it leaves the status as it was, or is no word for one."""
    words = _plain(label)
    if words in STATUS_BY_WORD:
        return STATUS_BY_WORD[words]
    try:
        return clean_status(words.replace(" ", "_"))
    except ValueError:
        return ""


def _plain(label: str) -> str:
    return " ".join(label.lower().replace("_", " ").split())


def split_title(title: str) -> tuple[str, str]:
    """Return the title without the words of status in it, and the status: "" where it states none."""
    status = ""
    while found := _TITLE_STATUS.search(title):
        rest = f"{title[: found.start()]}{title[found.end() :]}".strip()
        if not rest:
            break
        title = rest
        status = status_of(next(word for word in found.groups() if word)) or status
    ending = _TITLE_END.fullmatch(title)
    if ending and not status:
        return ending["title"], status_of(ending["word"] or "recovered")
    return title, status


def find_headings(markup: str) -> list[Heading]:
    """Return the headings that begin with a word of status, in the order of the markup."""
    headings = []
    for found in _HEADING.finditer(markup):
        words = _HEADING_STATUS.fullmatch(" ".join(found["words"].split()))
        if words:
            headings.append(Heading(words[1], words[2] or "", found.start(), found.end()))
    return headings


def read_statement(entry: Entry, plain: str, title_status: str) -> Statement:
    """Return the status and the text of an entry without messages; `plain` is its markup as plain text."""
    return (
        _from_element(entry, plain)
        or _from_status_line(plain)
        or _from_title_or_category(entry, plain, title_status)
        or _from_headings(entry.markup, plain, at_least=2)
        or _from_leading_word(plain)
        or _from_headings(entry.markup, plain, at_least=1)
        or _from_closing_sentence(plain)
        or Statement(REPORTED, plain)
    )


def _from_element(entry: Entry, plain: str) -> Statement | None:
    if not entry.status or not is_status(entry.status):
        return None
    return Statement(status_of(entry.status) or REPORTED, plain)


def _from_status_line(plain: str) -> Statement | None:
    line = _STATUS_LINE.match(plain)
    return Statement(status_of(line[1]) or REPORTED, plain[line.end() :]) if line else None


def _from_title_or_category(entry: Entry, plain: str, title_status: str) -> Statement | None:
    if title_status:
        return Statement(title_status, plain)
    for category in entry.categories:
        status = STATUS_BY_WORD.get(_plain(category))
        if status:
            return Statement(status, plain)
    return None


def _from_leading_word(plain: str) -> Statement | None:
    word = _LEADING_STATUS.match(plain)
    return Statement(status_of(word[1]) or REPORTED, plain[word.end() :]) if word else None


def _from_headings(markup: str, plain: str, *, at_least: int) -> Statement | None:
    statuses = [status for heading in find_headings(markup) if (status := status_of(heading.label))]
    return Statement(_newest(statuses), plain) if len(statuses) >= at_least else None


def _newest(statuses: Sequence[str]) -> str:
    """Return the status of the newest heading. The newest comes first, unless the first is the beginning."""
    first, last = statuses[0], statuses[-1]
    return last if _stage(last) > _stage(first) else first


def _stage(status: str) -> int:
    if status in CLOSED_STATUSES:
        return len(_COURSE)
    return _COURSE.index(status) if status in _COURSE else 0


def _from_closing_sentence(plain: str) -> Statement | None:
    sentence = _CLOSING_SENTENCE.search(plain)
    if sentence is None:
        return None
    return Statement("completed" if (sentence[1] or "").lower() == "completed" else "resolved", plain)


def read_impact(entry: Entry) -> Impact:
    """Return the impact that a category states (OnlineOrNot, xAI: quoted by others)."""
    for category in entry.categories:
        impact = _IMPACT_BY_CATEGORY.get(category.lower().replace(" ", "_"))
        if impact:
            return impact
    return Impact.UNKNOWN
