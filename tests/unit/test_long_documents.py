"""Contract 5: long documents are parsed beside the event loop, so that a long page keeps no other waiting."""

from __future__ import annotations

import asyncio
import gc
import threading
from typing import TYPE_CHECKING

import pytest

from statuswatch.model.page import Document, Failure
from statuswatch.net.client import Client
from statuswatch.net.response import Progress, Response
from statuswatch.net.threads import without_collection
from statuswatch.reading.gather import Plan, Request, Round
from statuswatch.reading.reader import MAX_PROMPT_BYTES, drive, run_loop

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

URL = "https://status.acme.example/"


class BodyWire:
    """Answers every request with the same body."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    async def get(self, url: str, headers: Mapping[str, str], progress: Progress) -> Response | Failure:
        progress.sent.set()
        return Response(200, {}, self.body)


def plan_of(rounds: int, parse: Callable[[], str]) -> Plan[list[str]]:
    """Request so many documents, one after the other; return what `parse` returned for each."""
    parsed = []
    for number in range(rounds):
        yield Round((Request(Document(f"d{number}", f"{URL}{number}", required=True)),))
        parsed.append(parse())
    return parsed


def run(rounds: int, body: bytes, parse: Callable[[], str]) -> list[str]:
    """Run such a plan over documents of this body."""

    async def go() -> list[str]:
        client = Client(BodyWire(body), asyncio.get_running_loop().time() + 60)
        return await drive(plan_of(rounds, parse), client)

    return run_loop(go())


def where() -> str:
    """Return where the parser runs."""
    return "loop" if threading.current_thread() is threading.main_thread() else "thread"


@pytest.mark.parametrize(
    ("body", "places"),
    [
        (b"{}", ["loop", "loop", "loop"]),
        (b"{" * (MAX_PROMPT_BYTES // 2), ["loop", "loop", "thread"]),
        (b"{" * (MAX_PROMPT_BYTES + 1), ["thread", "thread", "thread"]),
        (b" <rss>".ljust(MAX_PROMPT_BYTES // 10), ["loop", "thread", "thread"]),
    ],
)
def test_where_documents_are_parsed(body: bytes, places: list[str]) -> None:
    """5: once the documents of a page are long, all that is parsed of it is parsed in a thread; a feed takes ten times
    as long.
    """
    assert run(3, body, where) == places


def test_other_pages_go_on() -> None:
    """Contract 5.8: while a long document is parsed the event loop turns, and a page whose time is up is not waited
    for.
    """
    turned, ended, before = threading.Event(), threading.Event(), set(threading.enumerate())

    def parse() -> str:
        assert turned.wait(60)  # set by the loop
        ended.set()
        return "late"

    async def go() -> None:
        client = Client(BodyWire(b"{" * (MAX_PROMPT_BYTES + 1)), asyncio.get_running_loop().time() + 60)
        page = asyncio.create_task(drive(plan_of(1, parse), client))
        while gc.isenabled():  # until the thread has begun
            await asyncio.sleep(0)
        page.cancel()
        with pytest.raises(asyncio.CancelledError):
            await page

    run_loop(go())  # returns, although the thread still parses
    assert not ended.is_set() and not gc.isenabled()
    turned.set()
    assert ended.wait(60)
    for thread in set(threading.enumerate()) - before:
        thread.join()
    assert gc.isenabled()


def test_a_plan_that_ends_at_once() -> None:
    """5: a plan that requests nothing comes to what it returns."""
    assert run(0, b"", where) == []


def test_an_error_of_a_long_document() -> None:
    """5: an error in the thread reaches the page that it belongs to."""

    def parse() -> str:
        raise KeyError("a bug")

    with pytest.raises(KeyError, match="a bug"):
        run(1, b"{" * (MAX_PROMPT_BYTES + 1), parse)


def test_collection_is_paused_until_the_last_thread_ends() -> None:
    """5: garbage is collected again once no long document is parsed any more, also after an error."""
    assert without_collection(lambda: without_collection(gc.isenabled)) is False
    assert without_collection(lambda: (without_collection(gc.isenabled), gc.isenabled())) == (False, False)
    with pytest.raises(ZeroDivisionError):
        without_collection(lambda: 1 // 0)
    assert gc.isenabled()
    gc.disable()
    try:
        without_collection(lambda: None)
        assert not gc.isenabled()
    finally:
        gc.enable()
