"""A first configuration, written for a person to go on from."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from statuswatch import text
from statuswatch.config.checks import safe_word
from statuswatch.config.resolve import NotFound, Unreadable, is_address, resolve
from statuswatch.config.select import look_at
from statuswatch.model.page import Page

_HEAD: Final = """\
# The status pages that are watched. `statuswatch pages WORD` finds further keys.
# `statuswatch config check` tests this file.
"""
_TAIL: Final = """
state = "state.json"         # what the next run compares with
# history = "history"        # a folder that keeps every event: `statuswatch history`, `why`, `report`
# min_impact = "major"       # report only incidents of at least this impact

# Settings of one page:
# [page.{example}]
# components = ["API*"]      # `statuswatch inspect {example}` lists them
# maintenance = false

# Where events are sent; `statuswatch notify test` sends an example:
# [[notify]]
# sink = "slack"
# url_env = "SLACK_WEBHOOK_URL"   # the name of the variable that holds the secret
"""


class Entry(msgspec.Struct, frozen=True):
    """A page to watch, and the reason; `url` is set where the catalog has no such page."""

    key: str
    reason: str = ""
    url: str = ""


class Plan(msgspec.Struct, frozen=True):
    """What to watch: pages that were named, and pages that were proposed. `remarks` say what cannot be watched."""

    named: tuple[Entry, ...]
    proposed: tuple[Entry, ...]
    remarks: tuple[str, ...]


def plan(words: Iterable[str], reasons: Mapping[str, str], watched: Collection[str]) -> Plan:
    """Resolve all words and proposals together, without those that are watched already.

    `reasons` has the reason for each proposed vendor, by key. Raises UsageError for an address that cannot be one.
    """
    remarks: list[str] = []
    named = {entry.key: entry for word in words for entry in _entry(word, "", remarks)}
    proposed = {entry.key: entry for key, reason in reasons.items() for entry in _entry(key, reason, remarks)}
    return Plan(
        tuple(entry for key, entry in named.items() if key not in watched),
        tuple(entry for key, entry in proposed.items() if key not in watched and key not in named),
        tuple(dict.fromkeys(remarks)),
    )


def _entry(word: str, reason: str, remarks: list[str]) -> list[Entry]:
    """Return the entry for a word; none, and a remark, where it cannot be watched."""
    match resolve(word):
        case Page(key=key):
            return [Entry(key, reason or ("" if word.lower() == key else safe_word(word)))]
        case Unreadable(page, why):
            because = f" ({reason})" if reason else ""
            remarks.append(
                f"{page.key} is known, and cannot be read: {why}; its page for people is {page.url}{because}"
            )
        case NotFound(near=near):
            if is_address(word):
                page = look_at(word)
                return [Entry(page.key, reason, page.url)]
            hint = f"did you mean {' or '.join(near)}?" if near else "`statuswatch pages WORD` searches the catalog"
            remarks.append(f"{safe_word(word)!r} is not in the catalog: {hint}")
    return []


def starter_file(entries: Sequence[Entry], remarks: Iterable[str]) -> str:
    """Return the text of a new file. `remarks` say what could not be added."""
    example = entries[0].key if entries else "openai"
    remarks = "".join(f"# {text.line(remark)}\n" for remark in remarks)
    return f"{_HEAD}{additions(entries)}{remarks}{_TAIL.format(example=example)}{own_pages(entries)}"


def additions(entries: Sequence[Entry]) -> str:
    """Return the list of the keys of the catalog, each with its reason."""
    listed = [(json.dumps(entry.key) + ",", entry.reason) for entry in entries if not entry.url]
    width = max((len(word) for word, _ in listed), default=0)
    lines = [f"  {word:<{width}}  # {text.line(reason)}" if reason else f"  {word}" for word, reason in listed]
    return "".join(["pages = [\n", *(f"{line}\n" for line in lines), "]\n"])


def own_pages(entries: Iterable[Entry]) -> str:
    """Return a table for each page that the catalog lacks. Its platform is recognised by the first run."""
    return "".join(
        f"\n[page.{json.dumps(entry.key)}]\nurl = {json.dumps(entry.url)}\n" for entry in entries if entry.url
    )


def workflow_file() -> str:
    """Return the workflow that runs statuswatch in a repository on GitHub: the same file as the template's."""
    return Path(__file__).with_name("workflow.yml").read_text(encoding="utf-8")
