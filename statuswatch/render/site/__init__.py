"""The site: one file an output, each a pure function of the board. `render_site` returns every file of it.

An output is a module here and its name in `OUTPUTS`.
"""

from collections.abc import Mapping
from typing import Final, Protocol

from statuswatch.model.board import Board
from statuswatch.registry import Registry


class SiteOutput(Protocol):
    """The interface of an output's module."""

    def render(self, board: Board, /) -> Mapping[str, str]:
        """Return the text of its files, by path: relative, with `/`."""


OUTPUTS: Final[Mapping[str, SiteOutput]] = Registry(
    __name__, "index", "vendor", "ledger", "atom", "maintenance", "api", "badges", "metrics", "assets"
)


def render_site(board: Board) -> dict[str, bytes]:
    """Return every file of the site by path. The same board gives the same bytes."""
    texts: dict[str, str] = {}
    for output in OUTPUTS.values():
        texts |= output.render(board)
    return {path: content.encode() for path, content in sorted(texts.items())}
