"""One page: what a read comes to, in events and in state. Pure; `now` is an argument.

A page is read, or it failed with a reason. A read that may be an older copy is only a suspicion: see `suspicion`.
"""

from datetime import datetime
from typing import NamedTuple, assert_never

import msgspec

from statuswatch.model.event import Change, Event
from statuswatch.model.incident import Component
from statuswatch.model.page import Failure, FailureKind, Feed, NotModified, Page, PageResult, PageSnapshot
from statuswatch.model.report import OpenCounts, PageNotes, PageOutcome
from statuswatch.model.state import IncidentRecord, PageState, Suspicion
from statuswatch.rules import diff
from statuswatch.rules.absence import awaits_second_read, is_clock_ahead, is_due, is_record_due, judge_absences
from statuswatch.rules.diff import Difference, close_absent
from statuswatch.rules.expiry import expire_absent, expire_unchanged, expires_silently, with_expiry
from statuswatch.rules.filters import grouped, unmatched_globs
from statuswatch.rules.limits import beyond_limits, check_feed, check_limits
from statuswatch.rules.moved_ids import is_same_page, match_former, with_moved_ids
from statuswatch.rules.page_failure import end_failing, reconcile_failure
from statuswatch.rules.pruning import prune
from statuswatch.rules.record import baseline_record, is_worth_saving, past_record, to_second, with_listed_ids
from statuswatch.rules.suspicion import (
    continue_suspicion,
    find_suspicion,
    is_believed,
    is_history_empty,
    is_provably_old,
)
from statuswatch.rules.unlisted import compare_unlisted, ends_after, remaining_look_ups


def reconcile(
    page: Page, state: PageState | None, result: PageResult, now: datetime, *, announce_open: bool = False
) -> PageOutcome:
    """Return what a read of the page comes to.

    `state` is None where nothing is remembered of the page as it is configured now. With `announce_open` the first
    good read reports what is open.
    """
    second = to_second(now)
    match result:
        case Failure():  # rule 14
            outcome = reconcile_failure(page, state, result, second)
        case NotModified(served_at):
            outcome = _reconcile_unchanged(page, state, served_at, second)
        case PageSnapshot():
            outcome = _reconcile_snapshot(page, state, result, second, announce_open=announce_open)
        case _:
            assert_never(result)
    records = outcome.state.incidents.values() if outcome.state else ()
    outcome = _with_groups(_with_unmatched_globs(outcome))
    return msgspec.structs.replace(outcome, open=OpenCounts.of(records, now))


def _with_groups(outcome: PageOutcome) -> PageOutcome:
    """Give the components that filters look at their groups, as the page lists them."""
    listed = outcome.state.components if outcome.state else ()
    if not outcome.events or not any(component.group for component in listed):
        return outcome
    return msgspec.structs.replace(outcome, events=tuple(_with_group(event, listed) for event in outcome.events))


def _with_group(event: Event, listed: tuple[Component, ...]) -> Event:
    joined = event.joined_components
    return msgspec.structs.replace(
        event,
        all_components=grouped(event.all_components, listed),
        joined_components=grouped(joined, listed) if joined else joined,
    )


def _with_unmatched_globs(outcome: PageOutcome) -> PageOutcome:
    """Note the page's globs that match none of its components, where these are known."""
    listed = outcome.state.components if outcome.state else ()
    globs = outcome.page.components
    if outcome.failure or not listed or not globs:
        return outcome
    notes = msgspec.structs.replace(outcome.notes, unmatched=unmatched_globs(listed, globs))
    return msgspec.structs.replace(outcome, notes=notes)


def _reconcile_unchanged(page: Page, state: PageState | None, served_at: datetime | None, now: datetime) -> PageOutcome:
    """Reconcile a read that says what the last one said: a good one, on which incidents may expire."""
    events, after = end_failing(page, state, now)
    expired = dict(expire_unchanged(page, state, now)) if state and not is_clock_ahead(served_at, now) else {}
    if expired:
        records = {key: difference.record for key, difference in expired.items()}
        after = msgspec.structs.replace(after, incidents={**after.incidents, **records})
        events = (*events, *(difference.event for difference in expired.values() if difference.event))
    return PageOutcome(page=page, events=events, state=after, dirty=after != state)


def state_for(page: Page, state: PageState) -> PageState | None:
    """Return the state for the page as it is configured now; None where its address or platform is another.

    That is a new baseline. A reported failure and what was open are kept: whoever received a start also receives the
    end.
    """
    if state.url == page.url and page.platform in ("", state.platform) and page.id in ("", state.id):
        return state
    reported = state.failing if state.failing and state.failing.reported else None
    is_open = {key: record for key, record in state.incidents.items() if not record.closed}
    if not (reported or is_open):
        return None
    return PageState(url=page.url, platform=page.platform, id=page.id, failing=reported, incidents=is_open)


def needs_full_read(state: PageState, now: datetime) -> bool:
    """Return whether something waits for a second look, so that "not modified" would decide nothing.

    An absent incident does so on its first day, later in the runs in which it is due.
    """
    if state.baseline is None or state.failing is not None or state.suspicion is not None:
        return True
    if any(is_due(key, look_up.since, now) for key, look_up in state.to_look_up.items()):
        return True
    absent = ((key, record) for key, record in state.incidents.items() if record.absent_since and not record.closed)
    return any(is_record_due(key, record, now) for key, record in absent)


def _reconcile_snapshot(
    page: Page, state: PageState | None, snapshot: PageSnapshot, now: datetime, *, announce_open: bool
) -> PageOutcome:
    feed = snapshot.feed
    if excess := check_feed(feed):
        return reconcile_failure(page, state, beyond_limits(page, excess), now)
    if state is None or state.baseline is None:
        outcome = _first_read(page, state, snapshot, now, announce_open=announce_open)
    elif not is_same_page(state, feed):  # rule 14
        return reconcile_failure(page, state, _other_page(page, state, feed), now)
    else:
        outcome = _next_read(page, state, snapshot, now)
    if outcome.state and _remembers_more(state, outcome.state) and (excess := check_limits(outcome.state)):
        return reconcile_failure(page, state, beyond_limits(page, excess), now)
    losses = (*snapshot.losses, *snapshot.missing, *feed.losses)
    notes = PageNotes(skipped=feed.skipped, losses=losses, suspicion=outcome.notes.suspicion)
    return msgspec.structs.replace(outcome, notes=notes)


def _remembers_more(before: PageState | None, after: PageState) -> bool:
    """Return whether more may be remembered than what was within the limits."""
    if before is None:
        return True
    return after.incidents != before.incidents or after.names != before.names or after.components != before.components


def _other_page(page: Page, state: PageState, feed: Feed) -> Failure:
    reason = f"it is another page now: {feed.identity} instead of {state.identity}"
    hint = "if it moved, correct its `url`; to start over, change its key"
    return Failure(FailureKind.OTHER_PAGE, reason, page.url, hint)


def _first_read(
    page: Page, state: PageState | None, snapshot: PageSnapshot, now: datetime, *, announce_open: bool
) -> PageOutcome:
    """Rule 1: the first good read of a page is its baseline. It reports nothing, or what is open on request.

    What was open under another address or platform goes on where it is found; else it is no longer listed.
    """
    feed = snapshot.feed
    page_events, after = end_failing(page, state, now)
    after = msgspec.structs.replace(after, platform=page.platform, id=page.id, identity=feed.identity, suspicion=None)
    events = list(page_events)
    records = _past_records(feed, now)
    former = match_former(state.incidents if state else {}, feed)
    for listed in feed.incidents:
        incident = with_expiry(listed, None, now, may_expire=not is_clock_ahead(snapshot.served_at, now))
        if incident.id in former.found:
            difference = diff.compare(page, former.found[incident.id], incident)
        elif announce_open and not incident.closed:
            difference = diff.compare_unknown(page, incident, now)
        else:
            difference = Difference(None, baseline_record(incident))
        if difference.event:
            events.append(difference.event)
        records[incident.id] = difference.record
    for key, record in former.missing.items():
        if difference_event := close_absent(page, key, record, Change.DELISTED, now).event:
            events.append(difference_event)
    after = _renew(after, snapshot, records, now, now)
    return PageOutcome(page=page, events=tuple(events), state=after, dirty=True, is_baseline=True)


def _past_records(feed: Feed, now: datetime) -> dict[str, IncidentRecord]:
    """Return the records of what is over and looked at by its end only.

    What a longer list alone has is remembered only where its end, ahead of our clock, would be news at the next read.
    """
    past = {incident.id: past_record(incident) for incident in feed.over}
    return past | {incident.id: baseline_record(incident) for incident in feed.longer if ends_after(incident, now)}


def _next_read(page: Page, state: PageState, snapshot: PageSnapshot, now: datetime) -> PageOutcome:
    """Reconcile a read of a page that was read before, unless it is suspicious and not believed yet: rule 14.

    A suspicious read that is believed is remembered like any other, so the next read alike is not suspicious.
    """
    reason = find_suspicion(state, snapshot.feed)
    suspicion = continue_suspicion(state.suspicion, reason, now) if reason else None
    if suspicion and not is_believed(suspicion, now, provably_old=is_provably_old(state, snapshot, now)):
        outcome = _suspicious_read(page, state, suspicion, reason)
        listed = msgspec.structs.replace(outcome.state or state, components=_listed(state, snapshot.feed))
        return msgspec.structs.replace(outcome, state=listed)
    events, after = end_failing(page, state, now)
    after = msgspec.structs.replace(
        after,
        identity=snapshot.feed.identity if state.identity else "",
        suspicion=None,
        history_empty=is_history_empty(state, snapshot.feed),
    )
    baseline = _trusted_baseline(state, state.baseline or now, now)
    moved = with_moved_ids(state, snapshot.feed)
    compared = _compare_incidents(page, moved, snapshot, baseline, now)
    records, baseline = prune({**moved.incidents, **compared.records}, snapshot.feed, baseline, now)
    look_ups = remaining_look_ups(snapshot, records, now)
    after = msgspec.structs.replace(after, to_look_up=look_ups)
    renewed = _renew(after, snapshot, records, baseline, now)
    return PageOutcome(
        page=page,
        events=(*events, *compared.events),
        state=_with_full_reads(page, renewed, snapshot, now),
        dirty=compared.dirty or after != state or moved is not state or _is_read_anew(state, snapshot),
    )


def _with_full_reads(page: Page, after: PageState, snapshot: PageSnapshot, now: datetime) -> PageState:
    """Keep no validators while a second read ends an incident: "not modified" would not show what is listed."""
    if not awaits_second_read(page, after, snapshot, now):
        return after
    return msgspec.structs.replace(after, validators={})


def _suspicious_read(page: Page, state: PageState, suspicion: Suspicion, reason: str) -> PageOutcome:
    """Remember the suspicion and nothing else. The page answered: a series of failing reads ends.

    A failure that was reported stays, for its end has to be reported by a good read.
    """
    failing = state.failing if state.failing and state.failing.reported else None
    after = msgspec.structs.replace(state, suspicion=suspicion, failing=failing)
    return PageOutcome(page=page, state=after, dirty=after != state, notes=PageNotes(suspicion=reason))


class _Compared(NamedTuple):
    """What a good read shows of the incidents: events, the records that it changes, and whether they must be saved."""

    events: list[Event]
    records: dict[str, IncidentRecord]
    dirty: bool


def _is_read_anew(state: PageState, snapshot: PageSnapshot) -> bool:
    """Return whether the records are those of another version of the parser. This read writes them again.

    A version of 0 says that the last read was incomplete.
    """
    return 0 < state.parser_version != snapshot.parser_version


def _compare_incidents(
    page: Page, state: PageState, snapshot: PageSnapshot, baseline: datetime, now: datetime
) -> _Compared:
    """Compare what is listed with its records, rules 2 to 9, and judge what is not listed, rules 11 to 13b."""
    events: list[Event] = []
    records: dict[str, IncidentRecord] = {}
    dirty = False
    is_read_anew = _is_read_anew(state, snapshot)
    may_expire = not is_clock_ahead(snapshot.served_at, now)
    for listed in snapshot.feed.incidents:
        record = state.incidents.get(listed.id)
        incident = with_expiry(listed, record, now, may_expire=may_expire)
        if record is None:
            difference = diff.compare_unknown(page, incident, baseline)
        else:
            before = with_listed_ids(record, incident, made_of_times=snapshot.feed.updates_have_no_ids)
            difference = diff.compare(page, before, incident, is_read_anew=is_read_anew)
            dirty |= is_worth_saving(record, difference.record)
        if expires_silently(incident, record):
            difference = diff.without_event(incident, record)
        if difference.event:
            events.append(difference.event)
        if difference.record is not record:
            records[incident.id] = difference.record
    absent = list(judge_absences(page, state, snapshot, now))
    if may_expire:
        absent = [(key, expire_absent(page, key, judged, now)) for key, judged in absent]
    for key, difference in (*absent, *compare_unlisted(page, state, snapshot, baseline, now)):
        if difference.event:
            events.append(difference.event)
        dirty |= difference.record != state.incidents.get(key)
        records[key] = difference.record
    return _Compared(events, records, dirty or bool(events))


def _trusted_baseline(state: PageState, baseline: datetime, now: datetime) -> datetime:
    """Return the time from which on the page is watched.

    A baseline noted by a clock that ran ahead would hide what opens and closes until then. Where the vendor's own
    times bear out the clock of this run, the newest of them takes its place.
    """
    if baseline <= now:
        return baseline
    moments = [record.last_update_at for record in state.incidents.values()]
    newest = max([*moments, *state.updated_at.values()], default=baseline)
    return newest if newest <= now else baseline


def _listed(state: PageState, feed: Feed) -> tuple[Component, ...]:
    """Return what the page lists; what is remembered where the document that says so was not fetched."""
    return feed.components or state.components


def _renew(
    after: PageState, snapshot: PageSnapshot, records: dict[str, IncidentRecord], baseline: datetime, now: datetime
) -> PageState:
    """Add what is saved together with another change, and causes no write by itself.

    Validators are kept only where everything was understood.
    """
    feed = snapshot.feed
    in_full = not (feed.skipped or feed.losses or snapshot.losses)
    updated_at = {name: to_second(moment) for name, moment in feed.updated_at.items()}
    return msgspec.structs.replace(
        after,
        baseline=baseline,
        updated_at={**after.updated_at, **updated_at},
        last_modified={**after.last_modified, **snapshot.last_modified},
        read_at=now if snapshot.age is not None else after.read_at,
        parser_version=snapshot.parser_version if in_full else 0,
        validators=snapshot.validators if in_full else {},
        names=dict(feed.names),
        components=_listed(after, feed),
        incidents=records,
        watched_since=min(after.watched_since or after.baseline or baseline, baseline),
    )
