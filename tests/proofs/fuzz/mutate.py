"""Mutations of documents that keep their form: a byte changed at random seldom leaves JSON or XML."""

from __future__ import annotations

import copy
import json
import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

    from tests.proofs.fuzz.target import Documents

Place = tuple[Any, Any]  # an object or a list, and a key or an index of it
WORDS: Final = (
    "",
    " ",
    "-",
    "0",
    "null",
    "resolved",
    "completed",
    "postmortem",
    "investigating",
    "scheduled",
    "in_progress",
    "maintenance",
    "critical",
    "none",
    "2026-03-07T09:00:00Z",
    "2026-03-07T23:59:60Z",
    "2026-03-08T09:00:00.123456789+14:00",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "1970-01-01",
    "Sat, 07 Mar 2026 09:00:00 GMT",
    "1772874000",
    "\x1b[31mred\x1b]0;x\x07",
    "\u202eover\u2066ride\u200f",
    "\ud800",
    "::error::x\n##[error]x\n::set-output name=a::b",
    "@everyone [x](https://evil.example) <script>&#27;&lt;b&gt; <b>",
    "https://evil.example/\u202e x",
    "//evil.example",
    "javascript:alert(1)",
    "Down because of https://localhost/x, an outage at GitHub: see http://status. and https://[::1]##[error]x",
    "💥服務\u00ad\ufeff",
    "a" * 600,
    "\x00",
    "\u2028",
    "<p>",
    "&amp;amp;",
    "6 Mar, 17:12 UTC",
    "<p><small>Mar <var data-var='date'> 7</var>, 09:00 UTC</small><br><strong>Resolved</strong> - x</p>",
)
TIMES: Final = (1772874000, 1772874000000, 253402300800, -62135596801)  # seconds, milliseconds, beyond the calendar
NUMBERS: Final = (0, 1, -1, 7, *TIMES, 2**63, -(2**63) - 1, 1e308, 0.5, -0.0)
VALUES: Final[tuple[Any, ...]] = (None, True, False, [], {}, [None], [[]], {"": None})
TOKEN: Final = re.compile(rb"<[^>]*>|[^<]+|<")


def mutate(documents: Documents, rng: Random, raw: Callable[[bytes], bytes] | None = None) -> Documents:
    """Return the documents with one of them changed: in its form, by `raw` in any way, or sometimes removed."""
    name = rng.choice(list(documents))
    body = documents[name]
    if body is None or rng.random() < 0.01:
        return {**documents, name: None if body is not None else b"{}"}
    if raw and rng.random() < 0.2:
        return {**documents, name: raw(body)}
    try:
        tree = json.loads(body)
    except (ValueError, RecursionError):
        return {**documents, name: _tokens(body, rng)}
    try:
        return {**documents, name: json.dumps(_tree(tree, rng, raw)).encode()}
    except RecursionError:
        return documents


def _tree(tree: Any, rng: Random, raw: Callable[[bytes], bytes] | None) -> Any:
    """Return JSON with some node replaced, deleted, repeated, moved, or put in the place of another."""
    root = [tree]
    places = list(_places(root))
    holder, key = rng.choice(places)
    value = holder[key]
    other_holder, other_key = rng.choice(places)
    match rng.randrange(9):
        case 0 if holder is not root:
            del holder[key]
        case 1 if isinstance(holder, list) and holder is not root:
            holder.insert(rng.randrange(len(holder) + 1), copy.deepcopy(value))
        case 2 if isinstance(holder, list):
            rng.shuffle(holder)
        case 3 if isinstance(holder, dict):
            holder[rng.choice([*holder, *WORDS])] = holder.pop(key)
        case 4 | 5 if isinstance(other_holder[other_key], type(value)):
            holder[key] = copy.deepcopy(other_holder[other_key])
        case 6 if other_holder is not root:
            holder[key] = copy.deepcopy(other_holder[other_key])
        case _:
            holder[key] = _value(value, rng, raw)
    return root[0]


def _places(holder: Any) -> Iterator[Place]:
    for key, child in holder.items() if isinstance(holder, dict) else enumerate(holder):
        yield holder, key
        if isinstance(child, dict | list):
            yield from _places(child)


def _value(value: Any, rng: Random, raw: Callable[[bytes], bytes] | None) -> Any:
    """Return another value, more often than not of the same type."""
    if rng.random() < 0.3:
        return copy.deepcopy(rng.choice([*WORDS, *NUMBERS, *VALUES]))
    match value:
        case str():
            return _string(value, rng, raw)
        case bool() | None:
            return copy.deepcopy(rng.choice(VALUES))
        case int() | float():
            return rng.choice([*NUMBERS, value + 1, value - 1, -value])
        case list() if value:
            return value * rng.choice([2, 2, 5])
        case _:
            return copy.deepcopy(rng.choice([*WORDS, *VALUES]))


def _string(value: str, rng: Random, raw: Callable[[bytes], bytes] | None) -> str:
    digits = [place for place, char in enumerate(value) if char.isdigit()]
    if digits and rng.random() < 0.4:  # times and ids
        place = rng.choice(digits)
        return value[:place] + rng.choice("0123456789") + value[place + 1 :]
    if raw and rng.random() < 0.4:
        return raw(value.encode(errors="surrogatepass")).decode(errors="replace")
    place = rng.randrange(len(value) + 1)
    match rng.randrange(4):
        case 0:
            return value[:place]
        case 1:
            return value[place:] + value[:place]
        case 2:
            return value[:place] + rng.choice(WORDS) + value[place:]
        case _:
            return rng.choice(WORDS)


def _tokens(body: bytes, rng: Random) -> bytes:
    """Return markup, or anything else that is not JSON, with pieces deleted, repeated, swapped or replaced."""
    tokens = TOKEN.findall(body) or [b""]
    start = rng.randrange(len(tokens))
    end = min(len(tokens), start + rng.choice([1, 1, 2, 3, 8, 30]))
    other = rng.randrange(len(tokens))
    match rng.randrange(5):
        case 0:
            del tokens[start:end]
        case 1:
            tokens[other:other] = tokens[start:end]
        case 2:
            tokens[start], tokens[other] = tokens[other], tokens[start]
        case 3 if not tokens[start].startswith(b"<"):
            text = _string(tokens[start].decode(errors="replace"), rng, None)
            tokens[start] = text.encode(errors="replace")
        case _:
            piece = rng.choice(WORDS).encode(errors="replace")
            place = rng.randrange(len(tokens[start]) + 1)
            tokens[start] = tokens[start][:place] + piece + tokens[start][place:]
    return b"".join(tokens)
