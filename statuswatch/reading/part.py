"""A part of the pages, read in one process. Each page comes to an outcome, and to its state as the file has it."""

from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec

from statuswatch.model.page import Page
from statuswatch.model.report import PageOutcome
from statuswatch.model.state import EncodedPage, PageState
from statuswatch.net.client import ClientFactory
from statuswatch.reading.reader import ReadOptions, read_pages, run_loop
from statuswatch.rules.reconcile import state_for
from statuswatch.state import decode_page, encode_page, is_failing

Keep = Callable[[PageOutcome, bytes | None], None]  # what a page came to, and its state where that changed


class Part(msgspec.Struct, frozen=True):
    """Pages to read, and what is remembered of them in the state file `name`."""

    pages: tuple[Page, ...]
    states: Mapping[str, EncodedPage]
    name: str

    def state_of(self, page: Page) -> PageState | None:
        """Decode what is remembered of a page. Raises StateError."""
        return decode_state(page, self.states, self.name)


def read_part(part: Part, options: ReadOptions, *, now: datetime, connect: ClientFactory, keep: Keep) -> None:
    """Read the pages of a part; each ends in one call of `keep`, in the order of arrival. Raises StateError.

    The new state of a page is encoded as soon as the page is read: no more than the pages in flight are in memory.
    """
    before: dict[str, PageState | None] = {}

    def state_of(page: Page) -> PageState | None:
        before[page.key] = state = part.state_of(page)
        return state

    def finish(outcome: PageOutcome) -> None:
        keep(outcome, encoded_change(outcome, before.pop(outcome.page.key)))

    # Pages that failed the last time come first: they may take all of their time, and must not begin late.
    queue = sorted(part.pages, key=lambda page: not is_failing(part.states.get(page.key, b"")))
    run_loop(read_pages(queue, state_of, now, connect, msgspec.structs.replace(options, on_page=finish)))


def encoded_change(outcome: PageOutcome, before: PageState | None) -> bytes | None:
    """Return the page's state as the file has it; None where it is as it was."""
    return encode_page(outcome.state) if outcome.state and outcome.state != before else None


def decode_state(page: Page, states: Mapping[str, EncodedPage], name: str) -> PageState | None:
    """Decode what is remembered of a page, under its present address and platform. Raises StateError."""
    encoded = states.get(page.key)
    return state_for(page, decode_page(encoded, page.key, name)) if encoded is not None else None
