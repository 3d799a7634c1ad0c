"""The plan that reads one page: what to request next, and what the answers mean. Without I/O, clock or sleep.

`reader` runs it over the network, `replay` over a recording; tests run it over documents in memory.
"""

from datetime import datetime

import msgspec

from statuswatch.model.page import Failure, FailureKind, Feed, Inspection, NotModified, Page, PageSnapshot
from statuswatch.model.report import PageNotes, PageOutcome
from statuswatch.model.state import PageState
from statuswatch.reading.gather import Plan, Session
from statuswatch.reading.lookup import look_up
from statuswatch.reading.recognise import begin, explain_failure, suggest_config
from statuswatch.rules.filters import unmatched_globs
from statuswatch.rules.reconcile import needs_full_read, reconcile


def read(
    page: Page,
    state: PageState | None,
    now: datetime,
    *,
    announce_open: bool = False,
    conditional: bool = True,
    brief: bool = True,
) -> Plan[PageOutcome]:
    """Request documents until the platform asks for no more, and reconcile what they say with the page's state.

    Unless it is `brief`, the outcome's feed has all that the documents say.
    """
    session = Session(now, conditional=conditional and not (state and needs_full_read(state, now)), brief=brief)
    reader, result = yield from begin(page, state, session)
    if isinstance(result, Failure):
        failure = yield from explain_failure(page, state, result, session)
        return reconcile(page, state, failure, now)
    if state:
        state = msgspec.structs.replace(state, platform=reader.page.platform, id=reader.page.id)
    outcome = reconcile(reader.page, state, result, now, announce_open=announce_open)
    while isinstance(result, PageSnapshot) and not outcome.failure:
        if not (yield from reader.follow_up(result, dirty=outcome.dirty)):
            break
        result = reader.understand()
        outcome = reconcile(reader.page, state, result, now, announce_open=announce_open)
    if isinstance(result, PageSnapshot) and state and _is_judged(outcome):
        snapshot = yield from look_up(reader, state, result, now)
        if snapshot is not result:
            result = snapshot
            outcome = reconcile(reader.page, state, result, now, announce_open=announce_open)
    if isinstance(result, PageSnapshot):
        outcome = msgspec.structs.replace(outcome, feed=result.feed)
    line = "" if state else suggest_config(page, reader.page)
    return _with_note(outcome, f"runs on {reader.page.platform}; write it down: {line}") if line else outcome


def _is_judged(outcome: PageOutcome) -> bool:
    """Return whether the read counts: the page is watched, and nothing is suspicious."""
    return not (outcome.is_baseline or outcome.failure or outcome.notes.suspicion)


def inspect(page: Page, session: Session) -> Plan[Inspection]:
    """Read everything that a page has, as if something had changed. The caller adds the exchanges."""
    reader, result = yield from begin(page, None, session)
    while isinstance(result, PageSnapshot) and (yield from reader.follow_up(result, dirty=True)):
        result = reader.understand()
    shown = _shown(result, page)
    listed = shown.components if isinstance(shown, Feed) else ()
    unmatched = unmatched_globs(listed, page.components) if listed else ()
    return Inspection(reader.page, shown, (), tuple(session.attempts), unmatched)


def _shown(result: PageSnapshot | NotModified | Failure, page: Page) -> Feed | Failure:
    match result:
        case PageSnapshot():
            return result.feed
        case NotModified():
            return Failure(FailureKind.REJECTED, "HTTP 304 to a request without validators", page.url)
        case Failure():
            return result


def _with_note(outcome: PageOutcome, note: str) -> PageOutcome:
    notes: PageNotes = msgspec.structs.replace(outcome.notes, found=(note,))
    return msgspec.structs.replace(outcome, notes=notes)
