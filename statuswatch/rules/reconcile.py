"""What a page's answer comes to: the rules of what is told and what is remembered. Pure; `now` is an argument.

A page is read, or it failed with a reason. A read that looks like an older copy, or a history that is suddenly empty,
is only a suspicion: nothing is told and nothing changes until a read at least half an hour later still says so.
"""

from bisect import bisect_left
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, assert_never

import msgspec

from statuswatch.model.event import Change, Event, EventKind
from statuswatch.model.incident import (
    Impact,
    Incident,
    IncidentKind,
    IncidentUpdate,
)
from statuswatch.model.page import Failure, FailureKind, Feed, NotModified, Page, PageResult, PageSnapshot
from statuswatch.model.report import OpenCounts, PageNotes, PageOutcome
from statuswatch.model.state import Failing, IncidentRecord, PageState, Suspicion
from statuswatch.rules import diff

REPORT_FAILING_AFTER: Final = timedelta(hours=1)
BELIEVE_SUSPICION_AFTER: Final = timedelta(minutes=30)
BELIEVE_ABSENCE_AFTER: Final = timedelta(minutes=10)
_OLDER: Final = "an older copy"
MAX_DATED_AHEAD: Final = timedelta(minutes=10)  # updates are dated up to some minutes ahead of their publication
FORGET_CLOSED_AFTER: Final = timedelta(days=90)


def reconcile(
    page: Page, known: PageState | None, answer: PageResult, now: datetime, *, announce_open: bool = False
) -> PageOutcome:
    """`known` is None where nothing is remembered of the page, or of the page that it was under another address or
    platform.
    """
    review = _review(page, known, answer, diff.to_second(now), announce_open)
    records = review.state.incidents.values() if review.state else ()
    return msgspec.structs.replace(review, open=OpenCounts.of(records, now))


def state_for(page: Page, state: PageState) -> PageState | None:
    """Return the state for the page as it is configured now; None where its address or platform is another.

    That is a new baseline; but whoever heard that the page cannot be read hears that it can.
    """
    if state.url == page.url and page.platform in ("", state.platform) and page.id in ("", state.id):
        return state
    reported = state.failing if state.failing and state.failing.reported else None
    return PageState(url=page.url, platform=page.platform, id=page.id, failing=reported) if reported else None


def needs_full_read(known: PageState) -> bool:
    """Whether something waits for a second look, so that "not modified" would be no answer."""
    absent = any(it.absent_since for it in known.incidents.values())
    return absent or known.suspicion is not None or known.failing is not None or known.baseline is None


def _review(page: Page, known: PageState | None, answer: PageResult, now: datetime, announce_open: bool) -> PageOutcome:
    match answer:
        case Failure():
            return _failed(page, known, answer, now)
        case NotModified():
            events, memory = _readable(page, known, now)
            return PageOutcome(page=page, events=events, state=memory, dirty=memory != known)
        case PageSnapshot():
            review = _read(page, known, answer, now, announce_open)
            if review.failure:
                return review
            losses = (*answer.losses, *answer.missing, *answer.feed.losses)
            return msgspec.structs.replace(
                review, notes=PageNotes(skipped=answer.feed.skipped, losses=losses, suspicion=review.notes.suspicion)
            )
        case _:
            assert_never(answer)


# ------------------------------------------------------------------------------------------ a good read


def _read(page: Page, known: PageState | None, read: PageSnapshot, now: datetime, announce_open: bool) -> PageOutcome:
    feed = read.feed
    if known is None or known.baseline is None:
        return _baseline(page, known, read, now, announce_open)
    if known.identity and feed.identity != known.identity:
        reason = f"it is another page now: {feed.identity} instead of {known.identity}"
        return _failed(
            page,
            known,
            Failure(
                FailureKind.OTHER_PAGE,
                reason,
                page.url,
                "if it moved, correct its `url`; to start over, change its key",
            ),
            now,
        )

    events, memory = _readable(page, known, now)
    reason = _suspicion(known, feed)
    if reason:
        noted = known.suspicion
        if noted is None or noted.since > now or noted.reason.startswith(_OLDER) != reason.startswith(_OLDER):
            noted = Suspicion(now, reason)
        if now - noted.since < BELIEVE_SUSPICION_AFTER:
            failing = (
                known.failing if known.failing and known.failing.reported else None
            )  # it did not fail at every read
            memory = msgspec.structs.replace(known, suspicion=noted, failing=failing)
            return PageOutcome(page=page, state=memory, dirty=memory != known, notes=PageNotes(suspicion=reason))
    else:
        memory = msgspec.structs.replace(memory, suspicion=None)

    incidents, baseline = dict(known.incidents), _baseline_of(known, known.baseline, now)
    told = list(events)
    dirty = memory != known
    for incident in feed.incidents:
        was = known.incidents.get(incident.id)
        difference = diff.compare(page, was, incident) if was else diff.compare_unknown(page, incident, baseline)
        if difference.event:
            told.append(difference.event)
        if difference.known is was:
            continue
        dirty |= difference.event is not None or (was is not None and diff.is_worth_saving(was, difference.known))
        incidents[incident.id] = difference.known
    if absent := _absent(known, feed):
        older_stands = _older_stands(feed)
        for key, was in absent:
            gone = _missing(page, key, was, feed, older_stands, now)
            if gone.event:
                told.append(gone.event)
            dirty |= gone.known != was
            incidents[key] = gone.known

    incidents, baseline = _pruned(incidents, feed, baseline, now)
    memory = _renewed(memory, read, incidents, baseline)
    return PageOutcome(page=page, events=tuple(told), state=memory, dirty=dirty)


def _baseline(
    page: Page, known: PageState | None, read: PageSnapshot, now: datetime, announce_open: bool
) -> PageOutcome:
    """Rule 1: the first good read of a page tells nothing, unless asked to announce what is open."""
    feed = read.feed
    told, memory = _readable(page, known, now)
    memory = msgspec.structs.replace(memory, platform=page.platform, id=page.id, identity=feed.identity, suspicion=None)
    incidents = {}
    for incident in feed.incidents:
        if announce_open and not incident.closed:
            difference = diff.compare_unknown(page, incident, now)
            told = (*told, difference.event) if difference.event else told
            incidents[incident.id] = difference.known
        else:
            incidents[incident.id] = diff.new_record(incident)
    return PageOutcome(
        page=page,
        events=told,
        state=_renewed(memory, read, incidents, now),
        dirty=True,
        is_baseline=True,
    )


def _baseline_of(known: PageState, noted: datetime, now: datetime) -> datetime:
    """When the page was first read. Noted by a clock that ran ahead, it would hide what comes and goes until then: the
    newest that the page had said is no later, where that bears out the clock of this run.
    """
    said = max([*(it.last_update_at for it in known.incidents.values()), *known.updated_at.values()], default=noted)
    return said if said <= now < noted else noted


def _renewed(
    memory: PageState, read: PageSnapshot, incidents: dict[str, IncidentRecord], baseline: datetime
) -> PageState:
    """With what rides along with a write and never causes one. Validators only of what was understood in full."""
    feed = read.feed
    in_full = not (feed.skipped or feed.losses or read.losses or memory.suspicion)
    return msgspec.structs.replace(
        memory,
        baseline=baseline,
        updated_at={**memory.updated_at, **{name: diff.to_second(it) for name, it in feed.updated_at.items()}},
        parser_version=read.parser_version if in_full else 0,
        validators=read.validators if in_full else {},
        names=dict(feed.names),
        incidents=incidents,
    )


def _suspicion(known: PageState, feed: Feed) -> str:
    """Why the documents may not be what the page says now; "" where there is no reason to think so."""
    for name, moment in feed.updated_at.items():
        if name in known.updated_at and diff.to_second(moment) < known.updated_at[name]:
            return f"{_OLDER} of {name}: its time of change went back"
    for incident in feed.incidents:
        was = known.incidents.get(incident.id)
        if was and diff.is_older_copy(was, incident):
            return f"{_OLDER}: it lacks the newest known update of {incident.id}"
    if (
        IncidentKind.INCIDENT in feed.history
        and not any(it.kind is IncidentKind.INCIDENT for it in feed.incidents)
        and any(it.kind is IncidentKind.INCIDENT for it in known.incidents.values())
    ):
        return "its history is suddenly empty"
    return ""


def _absent(known: PageState, feed: Feed) -> list[tuple[str, IncidentRecord]]:
    listed = {incident.id for incident in feed.incidents}
    return [(key, it) for key, it in known.incidents.items() if not it.closed and key not in listed]


def _missing(
    page: Page, key: str, was: IncidentRecord, feed: Feed, older_stands: Callable[[IncidentRecord], bool], now: datetime
) -> diff.Difference:
    """Rules 11 to 13: a known open incident that the feed does not list. An entry that could not be understood may be
    this one.
    """
    if not feed.skipped and was.kind in feed.current:
        return diff.close_absent(page, key, was, Change.DELISTED, now)
    if feed.skipped or not (was.kind in feed.complete or older_stands(was)):
        return diff.Difference(None, msgspec.structs.replace(was, absent_since=None))
    if was.absent_since is None or was.absent_since > now:
        return diff.Difference(None, msgspec.structs.replace(was, absent_since=now))
    if now - was.absent_since < BELIEVE_ABSENCE_AFTER:
        return diff.Difference(None, was)
    return diff.close_absent(page, key, was, Change.WITHDRAWN, now)


def _older_stands(feed: Feed) -> Callable[[IncidentRecord], bool]:
    """Whether the history still holds an entry that had to roll out of it before a known one.

    Older must be both its creation and its place in the list: one ordered by last change may hold an entry created
    before the missing one but touched after it.
    """
    created: dict[IncidentKind, list[datetime]] = {}
    oldest: dict[IncidentKind, list[datetime]] = {}  # the oldest place of those created up to then
    for it in sorted(feed.incidents, key=lambda it: it.created_at):
        places = oldest.setdefault(it.kind, [])
        places.append(min(places[-1], it.position) if places else it.position)
        created.setdefault(it.kind, []).append(it.created_at)

    def stands(was: IncidentRecord) -> bool:
        began = was.created_at or was.last_update_at
        place, slack = (began, timedelta()) if feed.by_creation else (was.last_update_at, MAX_DATED_AHEAD)
        older = bisect_left(created.get(was.kind, ()), began)
        return was.kind in feed.history and older > 0 and place - oldest[was.kind][older - 1] > slack

    return stands


def _pruned(
    incidents: dict[str, IncidentRecord], feed: Feed, baseline: datetime, now: datetime
) -> tuple[dict[str, IncidentRecord], datetime]:
    """Forgets closed incidents that are long over and no longer listed. Should one ever be listed again it is older
    than the baseline.
    """
    listed = {incident.id for incident in feed.incidents}
    told_of = feed.history | feed.complete | feed.current  # else a document that failed now may list it again
    old = {
        key: it.last_update_at
        for key, it in incidents.items()
        if it.closed and key not in listed and it.kind in told_of and now - it.last_update_at > FORGET_CLOSED_AFTER
    }
    if not old:
        return incidents, baseline
    edge = max(old.values()) + timedelta(seconds=1)  # remembered times are cut to the second
    return {key: it for key, it in incidents.items() if key not in old}, max(baseline, edge)


# ------------------------------------------------------------------------------------------ a read that failed


def _failed(page: Page, known: PageState | None, failed: Failure, now: datetime) -> PageOutcome:
    """A failing page is remembered from its first failing read on, and told once when an hour of them has passed."""
    memory = known or PageState(url=page.url, platform=page.platform, id=page.id)
    failing = memory.failing
    events: tuple[Event, ...] = ()
    if failing is None or (failing.since > now and not failing.reported):  # what was told is not told under another id
        failing = Failing(now, failed.reason, suggested_config=failed.suggested_config)
    elif not failing.reported and now - failing.since >= REPORT_FAILING_AFTER:
        failing = Failing(failing.since, failed.reason, reported=True, suggested_config=failed.suggested_config)
        events = (_page_event(page, failing, EventKind.NEW, now),)
    elif failed.suggested_config and failed.suggested_config != failing.suggested_config:
        failing = msgspec.structs.replace(failing, suggested_config=failed.suggested_config)
    memory = msgspec.structs.replace(memory, failing=failing)
    return PageOutcome(page=page, events=events, state=memory, dirty=memory != known, failure=failed)


def _readable(page: Page, known: PageState | None, now: datetime) -> tuple[tuple[Event, ...], PageState]:
    memory = known or PageState(url=page.url, platform=page.platform, id=page.id)
    if memory.failing is None:
        return (), memory
    events = (_page_event(page, memory.failing, EventKind.RESOLVED, now),) if memory.failing.reported else ()
    return events, msgspec.structs.replace(memory, failing=None)


def _page_event(page: Page, failing: Failing, kind: EventKind, now: datetime) -> Event:
    day = "" if failing.since.date() == now.date() else f"{failing.since:%Y-%m-%d} "
    since = f"{day}{failing.since:%H:%M} UTC"
    title = f"{page.name}'s status page cannot be read: {failing.reason}, failing at every read since {since}"
    resolved = kind is EventKind.RESOLVED
    remedy = f" Set {failing.suggested_config}." if failing.suggested_config else ""
    status = "resolved" if resolved else "failing"
    update = IncidentUpdate(
        id=f"{status}-{(now if resolved else failing.since):%Y%m%dT%H%M%SZ}",
        status=status,
        body="It can be read again." if resolved else f"What happens there now is not known.{remedy}",
        created_at=now if resolved else failing.since,
        display_at=now if resolved else failing.since,
    )
    key = f"unreadable-{failing.since:%Y%m%dT%H%M%SZ}"
    incident = Incident(
        id=key,
        kind=IncidentKind.PAGE,
        title=title,
        status=status,
        impact=Impact.UNKNOWN,
        url=page.url,
        created_at=failing.since,
        position=failing.since,
        updates=(update,),
    )
    return Event(
        id=diff.event_id(page.key, key, kind, (failing.since, kind)),
        kind=kind,
        changes=(Change.STATUS,) if resolved else (),
        page=page,
        incident=incident,
        updates=(update,),
        peak_impact=Impact.UNKNOWN,
        all_components=(),
    )
