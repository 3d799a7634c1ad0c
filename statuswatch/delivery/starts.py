"""The incidents whose start a sink received: it receives their end too, whichever filter was changed meanwhile. Pure.

They are remembered while they are open, as "page/incident". Only what leaves out ends as such, `events` of the sink or
`kinds` of the page, leaves out the end of these.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from statuswatch.config.schema import SinkConfig
from statuswatch.model.event import Event, EventKind
from statuswatch.model.incident import IncidentKind
from statuswatch.model.state import EncodedPage, IncidentRecord
from statuswatch.rules.filters import reports_ends
from statuswatch.rules.page_failure import UNREADABLE
from statuswatch.state import decode_page

_SHARED: Final = ":"  # in the page key of a shared incident, and of no page


def incident_name(event: Event) -> str:
    """Return the name under which the event's incident is remembered."""
    return f"{event.page.key}/{event.incident.id}"


def is_end_of(started: Collection[str], config: SinkConfig, event: Event) -> bool:
    """Return whether a sink is to receive an event as the end of an incident whose start it received."""
    is_end = event.kind is EventKind.RESOLVED and event.kind in config.events
    return is_end and incident_name(event) in started and reports_ends(event.page)


def started_after(
    before: Collection[str], accepted: Iterable[Event], events: Sequence[Event], pages: Mapping[str, EncodedPage]
) -> tuple[str, ...]:
    """Return the incidents whose start a sink received, after a run with these events; some it `accepted`.

    `pages` are those of the state after the run. What ended is not kept: its end was delivered, or waits. Nor is what
    is of a page that is not remembered any more.
    """
    ended = {incident_name(event) for event in events if event.kind is EventKind.RESOLVED}
    started = _with_accepted(before, accepted) - ended
    changed = {event.page.key for event in events if event.incident.kind is not IncidentKind.PAGE}
    records = {key: decode_page(pages[key], key, "the state").incidents for key in changed if key in pages}
    left = {name for name in started if _page_of(name) in pages or _SHARED in _page_of(name)}
    return tuple(sorted(name for name in left if _is_open(name, records)))


def _page_of(name: str) -> str:
    return name.partition("/")[0]


def _with_accepted(before: Collection[str], accepted: Iterable[Event]) -> set[str]:
    started = set(before)
    for event in accepted:
        if event.kind is EventKind.RESOLVED:
            started.discard(incident_name(event))
        else:
            started.add(incident_name(event))
    return started


def _is_open(name: str, records: Mapping[str, Mapping[str, IncidentRecord]]) -> bool:
    """Return whether an incident goes on, as far as these pages tell. Its id may have changed with all of a page's."""
    key, incident = _page_of(name), name.partition("/")[2]
    if key not in records or incident.startswith(UNREADABLE):
        return True
    record = records[key].get(incident)
    return record is not None and not record.closed
