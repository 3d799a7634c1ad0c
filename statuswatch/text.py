"""Vendor text: cleaned once, when it is parsed, and compared without regard to its white space."""

import re
from binascii import b2a_base64
from functools import lru_cache
from zlib import crc32

# ESC [ … letter (colours, cursor), ESC ] … BEL or ESC \ (titles, links), any other two-character escape.
_ANSI = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b\]|\x9d)[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?|\x1b[ -/]*[0-~]"
)
_LINE_BREAK = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_FORBIDDEN = re.compile(
    "["
    "\x00-\x08\x0e-\x1f\x7f-\x9f"  # controls but tab and newline
    "\xad\u2060-\u206f\ufeff\ufff9-\ufffb"  # invisible: joins, hides or annotates
    "\u200b\u200c\u034f\u180e"  # invisible: of no width
    "\u115f\u1160\u17b4\u17b5\u3164\uffa0"  # invisible letters
    "\u180b-\u180d\u180f"  # invisible: choose a variant of a letter
    "\u061c\u200e\u200f\u202a-\u202e"  # bidi marks, embeddings and overrides (the isolates are above)
    "\ud800-\udfff"  # lone surrogates
    "\U000e0000-\U000e0fff"  # tag characters, and more that choose a variant
    "]"
)
_PICTOGRAPH = (
    "[\xa9\xae\u203c\u2049\u2100-\u214f\u2190-\u21ff\u2300-\u23ff\u24c2\u25a0-\u27bf\u2934\u2935"
    "\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]\ufe0f?"
)
_JOINER = re.compile("[\u200d\ufe00-\ufe0f]")
# Group 1 is an emoji that consists of several characters: within one, joiners are not invisible.
_JOINED = re.compile(f"({_PICTOGRAPH}(?:\u200d{_PICTOGRAPH})*|[0-9#*]\ufe0f\u20e3)|{_JOINER.pattern}")
_CELL_TAG = re.compile(r"</?(?:dd|dl|dt|td|th)(?:\s[^<>]*)?/?>", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{1,9}|#x[0-9a-f]{1,8}|[a-z][a-z0-9]{1,31});", re.IGNORECASE)
_BREAKING_TAG = re.compile(r"</?(?:br|p|div|li|ul|ol|tr|table|h[1-6]|hr|blockquote)(?:\s[^<>]*)?/?>", re.IGNORECASE)
_INLINE_TAG = re.compile(
    r"</?(?:a|abbr|b|code|em|font|i|img|kbd|mark|pre|s|small|span|strong|sub|sup|tbody|thead|time|tt|u|var)"
    r"(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)


def _visible(text: str) -> str:
    """Return the text without ANSI sequences and invisible characters; every line break is a newline."""
    text = _LINE_BREAK.sub("\n", text)
    if any(mark in text for mark in "\x1b\x9b\x9d"):  # searched first: they are rare, and the pattern is slow
        text = _ANSI.sub("", text)
    text = _FORBIDDEN.sub("", text)
    return _JOINED.sub(r"\1", text) if _JOINER.search(text) else text


def line(text: str) -> str:
    """Clean a title, a name or an id: one line of plain text."""
    if text.isascii() and text.isprintable():
        if "  " not in text:  # nearly all of them
            return text.strip()
    else:
        text = _visible(text)
    return " ".join(text.split())


def lines(text: str) -> str:
    """Clean a message that is plain text already: without HTML, and without empty lines."""
    if text.isascii() and text.isprintable():
        return text
    parts = (" ".join(part.split()) for part in _visible(text).split("\n"))
    return "\n".join(part for part in parts if part)


def paragraph(text: str) -> str:
    """Clean the message of an incident update: plain text that keeps its lines, with HTML tags and entities resolved.

    Only tags that vendors use count as markup; `latency <5 ms and >3 ms` stays as it is. The backslash that breaks a
    line in Markdown is removed.
    """
    is_plain = text.isascii() and text.isprintable()
    if is_plain and "<" not in text and "&" not in text and "\\" not in text:
        return text.strip()
    if "<" in text:
        text = _INLINE_TAG.sub("", _BREAKING_TAG.sub("\n", _CELL_TAG.sub(" ", text)))
    text = _visible(_ENTITY.sub(_unescaped, text))
    lines = (_without_break(" ".join(part.split())) for part in text.split("\n"))
    return "\n".join(part for part in lines if part)


def _without_break(line: str) -> str:
    r"""Return the line without the backslash of a Markdown line break at its end; a path like `D:\` keeps its own."""
    end = len(line)
    while line.endswith("\\", 0, end):
        word = line[line.rfind(" ", 0, end) + 1 : end - 1]
        if "\\" in word or ":" in word:
            break
        end -= 1
        while line.endswith(" ", 0, end):
            end -= 1
    return line[:end]


def _unescaped(entity: re.Match[str]) -> str:
    import html  # a table of 2,231 names, which most runs do not need

    return html.unescape(entity[0])


def digest(text: str) -> str:
    """Return 6 characters (32 bits) for cleaned text, the same when only its white space changes.

    It detects edits, and is no protection against forgery: 1 in 4 billion changes of a text goes unnoticed.
    """
    if not text.isascii() or "\n" in text or "  " in text:  # cleaned text has no other white space
        text = " ".join(text.split())
    return b2a_base64(crc32(text.encode()).to_bytes(4, "big"))[:6].decode()


@lru_cache(maxsize=256)
def word_digest(text: str) -> str:
    """Return 2 characters (12 bits) for a word out of a small vocabulary."""
    return b2a_base64((crc32(text.encode()) & 0xFFFFFF).to_bytes(3, "big"), newline=False)[-2:].decode()
