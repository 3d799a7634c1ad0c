"""Markdown as GitHub renders it, and what GitHub then finds in the text."""

from __future__ import annotations

import re
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it.token import Token

# What GitHub looks for in the text of rendered Markdown, after Markdown's own escapes are gone.
GITHUB_FINDS: Final = (
    r"@[A-Za-z0-9]",  # mentions, addresses
    r"#\d",  # issues
    r"(?i)(?<![a-z0-9])gh-\d",
    r"(?i)(?<![a-z0-9])www\.",
    r"://",
)


def structure(source: str) -> list[tuple[str, str, object]]:
    """Return everything that Markdown makes of the source but the text."""
    return [
        (token.type, token.content if token.type == "html_inline" else "", token.attrGet("href"))
        for token in _leaves(source)
        if token.type != "text"
    ]


def visible(source: str) -> str:
    """Return the text that a reader sees."""
    return "".join(token.content for token in _leaves(source) if token.type == "text")


def found_by_github(plain: str) -> list[str]:
    """Return the mentions, references and addresses in rendered text."""
    return [match[0] for pattern in GITHUB_FINDS for match in re.finditer(pattern, plain)]


def _parser() -> MarkdownIt:
    """Return a parser near to GitHub's: with autolinks, where the optional package for them is installed."""
    if find_spec("linkify_it"):
        return MarkdownIt("gfm-like")
    return MarkdownIt("commonmark").enable(["table", "strikethrough"])


_PARSER: Final = _parser()


def _leaves(source: str) -> Iterator[Token]:
    for token in _PARSER.parse(source):
        if token.type == "inline":
            yield from token.children or []
        else:
            yield token
