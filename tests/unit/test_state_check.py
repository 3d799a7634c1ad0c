"""Contract 6 and 7: the state file is committed, and anybody may have edited it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
import pytest

from statuswatch import state
from statuswatch.errors import StateError
from statuswatch.model.incident import Component, Impact
from statuswatch.model.page import FailureClass, Page, Validators
from statuswatch.model.state import Failing, IncidentRecord, PageState, SharedFailure, State
from tests.support.hostile_text import INVISIBLE
from tests.support.sending import new_deliveries

if TYPE_CHECKING:
    from statuswatch.model.event import PendingDelivery

NOW = datetime(2026, 3, 7, 9, 0, tzinfo=UTC)
RECORD = IncidentRecord(
    status="investigating",
    impact=Impact.MINOR,
    title="Slow",
    last_update_at=NOW,
    updates="Aq3xT9Ndg/o2Ow Aq3xT9Nd",
    url="https://status.acme.example/a",
)
PAGE = PageState(url="https://status.acme.example", platform="statuspage", baseline=NOW, incidents={"a": RECORD})


def load_page(page: PageState, before: bytes = b"", after: bytes = b"") -> PageState:
    """Return the state of a page as it is loaded after an edit of the file."""
    encoded = state.encode_page(page)
    assert before in encoded
    return state.decode_page(encoded.replace(before, after) if before else encoded, "acme", "state.json")


def test_a_backslash_hides_no_escape() -> None:
    """7: quotes and backslashes are as they were; what is escaped behind them is cleaned."""
    etag, path = 'W/"5-a"', "C:\\"
    page = msgspec.structs.replace(PAGE, validators={"a": Validators(etag)}, identity=path)
    assert load_page(page) == page
    spoiled = msgspec.structs.replace(page, identity=f"{path}\x1b[31m")
    assert load_page(spoiled) == page


@pytest.mark.parametrize("mark", INVISIBLE)
def test_text_of_a_page_is_cleaned(mark: str) -> None:
    """Contract 6.10: text that the state file holds is cleaned as a vendor's is, wherever it stands."""

    def spoiled(words: str) -> str:
        return f"{words[:2]}{mark}{words[2:]}"

    record = msgspec.structs.replace(
        RECORD,
        title=spoiled("Slow"),
        message=spoiled("We look"),
        components=(Component(spoiled("Login"), spoiled("Group")),),
        former_components=(Component(spoiled("API")),),
    )
    failing = Failing(NOW, spoiled("HTTP 500"), suggested_config=spoiled("url"))
    page = msgspec.structs.replace(
        PAGE,
        incidents={spoiled("abc"): record},
        failing=failing,
        identity=spoiled("acme"),
        names={spoiled("c-1"): Component(spoiled("Login"))},
    )
    loaded = load_page(page)
    assert loaded.incidents == {
        "abc": msgspec.structs.replace(
            RECORD,
            title="Slow",
            message="We look",
            components=(Component("Login", "Group"),),
            former_components=(Component("API"),),
        )
    }
    assert loaded.failing == Failing(NOW, "HTTP 500", suggested_config="url")
    assert (loaded.identity, loaded.names) == ("acme", {"c-1": Component("Login")})


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "file:///etc/passwd", "https://a b", "data:text/html,x", "https://x/\\u202e"]
)
def test_addresses_are_safe_to_follow(address: str) -> None:
    """Contract 6.10: an address that no vendor's could be is not kept."""
    loaded = load_page(PAGE, b"https://status.acme.example/a", address.encode())
    assert loaded.incidents["a"].url in ("", "https://x/")
    assert load_page(PAGE).incidents["a"].url == RECORD.url


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        (b'"status":"investigating"', b'"status":""', "incident a: malformed `status`"),
        (b'"status":"investigating"', b'"status":"a]b"', "incident a: malformed `status`"),
        (b'"status":"investigating"', b'"status":"' + b"x" * 51 + b'"', "incident a: malformed `status`"),
        (b'Aq3xT9Nd"', b'Aq3xT9N"', "incident a: malformed `updates`"),
        (b'Aq3xT9Nd"', b'Aq3xT9Nd~"', "incident a: malformed `updates`"),
        (b'Aq3xT9Nd"', b'Aq3xT9N*"', "incident a: malformed `updates`"),
        (b'"last":"2026', b'"last":"12026', "Invalid RFC3339"),
        (b'"last":"2026-03-07T09:00:00Z"', b'"last":"9999-12-31T23:59:59-14:00"', "date value out of range"),
        (b'"baseline": "2026-03-07T09:00:00Z"', b'"baseline": "0001-01-01T00:00:00+01:00"', "date value out of range"),
    ],
)
def test_an_impossible_record(before: bytes, after: bytes, reason: str) -> None:
    """Contract 6.10: what no run can have written is the file's fault: exit 3, with the way to recover."""
    with pytest.raises(StateError, match="git checkout") as raised:
        load_page(PAGE, before, after)
    assert f"page acme: {reason}" in str(raised.value) and raised.value.exit_code == 3


def test_times_are_in_utc() -> None:
    """6: a time in another zone is the same moment."""
    loaded = load_page(PAGE, b'"last":"2026-03-07T09:00:00Z"', b'"last":"2026-03-07T10:00:00+01:00"')
    assert loaded.incidents["a"].last_update_at == NOW and loaded.incidents["a"].last_update_at.tzinfo is UTC


def test_a_plain_page_is_as_it_was() -> None:
    """6: nothing is changed in what a run wrote, also where it is not ASCII."""
    page = msgspec.structs.replace(PAGE, incidents={"a": msgspec.structs.replace(RECORD, title='"Störung" \\ 👩‍💻')})
    assert load_page(page) == page and load_page(PAGE) == PAGE


def reloaded(deliveries: tuple[PendingDelivery, ...], shared: SharedFailure | None = None) -> State:
    """Return what a state file with this outbox is loaded as."""
    content = State(outbox={"hook": deliveries}, shared={"host:x": shared} if shared else {})
    return state.decode(b"".join(state.encode(content)), "state.json")


def test_what_waits_is_cleaned() -> None:
    """7: so is an event that waits for a sink: one line for a title, lines for a message, an address that is safe."""
    (delivery,) = new_deliveries(1)
    event = delivery.event
    update = msgspec.structs.replace(event.updates[0], body="one\x1b[31m\r\ntwo\u202e\n\n three")
    page: Page = msgspec.structs.replace(event.page, name="Ac\nme\u200b", url="javascript:alert(1)")
    incident = msgspec.structs.replace(event.incident, title="Sl\u202eow\nness", url="javascript:alert(1)")
    spoiled = msgspec.structs.replace(event, page=page, incident=incident, updates=(update,))
    loaded = reloaded((msgspec.structs.replace(delivery, event=spoiled, reason="\x1b[31mHTTP 500"),))
    ((waiting,),) = loaded.outbox.values()
    assert (waiting.reason, waiting.event.page.name, waiting.event.page.url) == ("HTTP 500", "Ac me", "")
    assert (waiting.event.incident.title, waiting.event.incident.url) == ("Slow ness", "")
    assert waiting.event.updates[0].body == "one\ntwo\nthree"
    assert reloaded((delivery,)).outbox["hook"] == (delivery,)


def test_an_impossible_event() -> None:
    """6: an event that waits with a malformed status is the file's fault."""
    (delivery,) = new_deliveries(1)
    incident = msgspec.structs.replace(delivery.event.incident, status="a]b")
    spoiled = msgspec.structs.replace(delivery, event=msgspec.structs.replace(delivery.event, incident=incident))
    with pytest.raises(StateError, match="malformed `status`"):
        reloaded((spoiled,))


def test_a_shared_incident_is_cleaned() -> None:
    """7: so is a shared incident."""
    shared = SharedFailure(
        since=NOW,
        title="x\u202e of y",
        url="javascript:alert(1)",
        failure_class=FailureClass.FORBIDDEN,
        pages=("a",),
        names=("A\x1b[31m",),
        reported_at=NOW,
    )
    loaded = reloaded(new_deliveries(1), shared).shared["host:x"]
    assert (loaded.title, loaded.url, loaded.names) == ("x of y", "", ("A",))
