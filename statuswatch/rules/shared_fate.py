"""Shared fate: pages of one host, or of one hosted platform, that fail alike are one incident. Pure.

A page belongs to the group `host:<name>` and, where its platform hosts the pages of many vendors, to the group
`platform:<name>`. Once all pages of a run are read, it is decided here which failures are reported by themselves, which
wait, and which a shared incident covers (contract, section 5).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import msgspec

from statuswatch.model.event import Change, Event, EventKind
from statuswatch.model.incident import Component, Impact, Incident, IncidentKind, IncidentUpdate
from statuswatch.model.page import FailureClass, Page
from statuswatch.model.state import Failing, SharedFailure
from statuswatch.platforms import HOSTED_PLATFORMS
from statuswatch.rules.diff import event_id
from statuswatch.rules.page_failure import UNREADABLE, failing_event, is_hour_up

MIN_SHARED_PAGES: Final = 5


class WatchedPage(NamedTuple):
    """A page of the configuration after a run. `page` has the platform that it was found to run on.

    `failing` is its series of failing reads, None after a good one; `reason` that of the last read. `was_read`: in this
    run, or before by the process that watches; then `read_at` is the time of its last read.
    """

    page: Page
    failing: Failing | None = None
    reason: str = ""
    was_read: bool = True
    read_at: datetime | None = None

    def is_hour_up(self, since: datetime, now: datetime) -> bool:
        """Return whether its failing reads span an hour, at its last read."""
        return is_hour_up(since, self.read_at or now)


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """What the failures of a run come to: events, changed series by page key, and the shared incidents now open."""

    events: tuple[Event, ...] = ()
    failing: Mapping[str, Failing] = {}
    shared: Mapping[str, SharedFailure] = {}


class Group(NamedTuple):
    """The watched pages of one host or one hosted platform."""

    key: str
    name: str
    url: str
    members: tuple[WatchedPage, ...]

    @property
    def is_complete(self) -> bool:
        """True where every member was read: only then does the run begin or end a shared incident."""
        return all(member.was_read for member in self.members)

    @property
    def keys(self) -> frozenset[str]:
        """The keys of its pages."""
        return frozenset(member.page.key for member in self.members)

    def is_enough(self, count: int) -> bool:
        """Return whether so many failing members may share a fate: at least five, and half of all."""
        return count >= MIN_SHARED_PAGES and 2 * count >= len(self.members)


def settle_failures(watched: Sequence[WatchedPage], shared: Mapping[str, SharedFailure], now: datetime) -> Settlement:
    """Decide which failing pages are reported by themselves, which wait, and which a shared incident covers."""
    failing = {member.page.key: member.failing for member in watched if member.failing}
    if not failing and not shared:
        return Settlement()
    groups = group_pages(watched)
    ended = {key: record for key, record in shared.items() if _has_ended(groups.get(key))}
    ongoing = {key: record for key, record in shared.items() if key not in ended}
    events = [shared_event(key, record, EventKind.RESOLVED, now) for key, record in ended.items()]

    changed = {key: _restart(failing[key], now) for key in _released(failing, ended, ongoing, groups)}
    failing |= changed
    for group, keys in _beginning(groups, failing, ongoing, now):
        record = _new_record(group, failing, keys, now)
        ongoing[group.key] = record
        events.append(shared_event(group.key, record, EventKind.NEW, now))

    for member in _reported_alone(watched, failing, ongoing, groups, now=now):
        series = failing[member.page.key]
        reported = msgspec.structs.replace(series, reported=True, reason=member.reason or series.reason)
        changed[member.page.key] = reported
        events.append(failing_event(member.page, reported, EventKind.NEW, now))
    return Settlement(events=tuple(events), failing=changed, shared=ongoing)


def group_pages(watched: Sequence[WatchedPage]) -> dict[str, Group]:
    """Return the groups of the pages, hosts first."""
    members: dict[str, list[WatchedPage]] = {}
    names: dict[str, tuple[str, str]] = {}
    for member in watched:
        host, origin = _host_and_origin(member.page.url)
        members.setdefault(f"host:{host}", []).append(member)
        names.setdefault(f"host:{host}", (host, origin))
    for member in watched:
        platform = member.page.platform
        if platform in HOSTED_PLATFORMS:
            members.setdefault(f"platform:{platform}", []).append(member)
            names.setdefault(f"platform:{platform}", (HOSTED_PLATFORMS[platform], ""))
    return {key: Group(key, *names[key], tuple(members[key])) for key in members}


@lru_cache(maxsize=10_000)  # a watch asks for those of every page at every pass
def _host_and_origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.hostname or "", f"{parts.scheme}://{parts.netloc}"


def covering_group(key: str, failing: Failing, shared: Mapping[str, SharedFailure], groups: Mapping[str, Group]) -> str:
    """Return the group whose shared incident covers a failing page; "" where none does.

    It covers the pages that it lists, and those of the group that came to fail alike.
    """
    for group_key, record in shared.items():
        if key in record.pages:
            return group_key
    for group_key, record in shared.items():
        group = groups.get(group_key)
        if group and key in group.keys and failing.failure_class is record.failure_class:
            return group_key
    return ""


def _has_ended(group: Group | None) -> bool:
    """Return whether fewer than half of the pages watched there fail; a run that left one out cannot say so."""
    if group is None:
        return True  # nothing is watched there any more
    failing = sum(member.failing is not None for member in group.members)
    return group.is_complete and 2 * failing < len(group.members)


def _released(
    failing: Mapping[str, Failing],
    ended: Mapping[str, SharedFailure],
    ongoing: Mapping[str, SharedFailure],
    groups: Mapping[str, Group],
) -> Iterator[str]:
    """Yield the pages that still fail after their shared incident ended, and were not reported by themselves."""
    for key, series in failing.items():
        covered_before = covering_group(key, series, ended, groups)
        if covered_before and not series.reported and not covering_group(key, series, ongoing, groups):
            yield key


def _restart(series: Failing, now: datetime) -> Failing:
    """Return the series as if it began now: the hour of a page that still fails counts from the end of the shared."""
    return msgspec.structs.replace(series, since=now, alike_since=None)


def _beginning(
    groups: Mapping[str, Group], failing: Mapping[str, Failing], ongoing: Mapping[str, SharedFailure], now: datetime
) -> Iterator[tuple[Group, frozenset[str]]]:
    """Yield the groups in which a shared incident begins, with the keys of its pages.

    A page belongs to at most one: the group with more failing pages has it, the host if equal.
    """
    claimed = {key for key, series in failing.items() if covering_group(key, series, ongoing, groups)}
    while True:
        candidates = []
        for group in groups.values():
            if group.key in ongoing or not group.is_complete:
                continue
            keys = _largest_alike(group, failing, claimed, now)
            if group.is_enough(len(keys)):
                candidates.append((group, keys))
        if not candidates:
            return
        group, keys = max(candidates, key=lambda candidate: len(candidate[1]))  # of equals the first: a host
        yield group, keys
        failure_class = failing[next(iter(keys))].failure_class
        claimed |= {key for key in group.keys if key in failing and failing[key].failure_class is failure_class}


def _largest_alike(group: Group, failing: Mapping[str, Failing], claimed: set[str], now: datetime) -> frozenset[str]:
    """Return the members that fail alike for an hour, in the way in which most do."""
    by_class: dict[FailureClass, set[str]] = {}
    for member in group.members:
        key, series = member.page.key, failing.get(member.page.key)
        if series and key not in claimed and member.is_hour_up(series.failed_alike_since, now):
            by_class.setdefault(series.failure_class, set()).add(key)
    return max((frozenset(keys) for keys in by_class.values()), key=len, default=frozenset())


def _reported_alone(
    watched: Sequence[WatchedPage],
    failing: Mapping[str, Failing],
    ongoing: Mapping[str, SharedFailure],
    groups: Mapping[str, Group],
    *,
    now: datetime,
) -> Iterator[WatchedPage]:
    """Yield the pages whose hour is up and that are neither covered by a shared incident nor wait for one."""
    covered = {key for key, series in failing.items() if covering_group(key, series, ongoing, groups)}
    for member in watched:
        series = failing.get(member.page.key)
        if series is None or series.reported or member.page.key in covered or not member.is_hour_up(series.since, now):
            continue
        own_groups = [group for group in groups.values() if member.page.key in group.keys]
        if member.was_read and not any(_must_wait(group, series, failing, covered) for group in own_groups):
            yield member


def _must_wait(group: Group, series: Failing, failing: Mapping[str, Failing], covered: set[str]) -> bool:
    """Return whether at least five pages of the group, and half, fail alike: a shared incident may begin soon.

    A run that left out a page of the group begins none: there every page is reported by itself.
    """
    alike = [
        key for key in group.keys - covered if key in failing and failing[key].failure_class is series.failure_class
    ]
    return group.is_complete and group.is_enough(len(alike))


def _new_record(group: Group, failing: Mapping[str, Failing], keys: Iterable[str], now: datetime) -> SharedFailure:
    members = [member for member in group.members if member.page.key in set(keys)]
    since = min(failing[member.page.key].failed_alike_since for member in members)
    reasons = [member.reason or failing[member.page.key].reason for member in members]
    reason = max(reasons, key=reasons.count)
    day = "" if since.date() == now.date() else f"{since:%Y-%m-%d} "
    title = (
        f"{group.name}: {len(members)} of {len(group.members)} watched pages cannot be read ({reason}) since "
        f"{day}{since:%H:%M} UTC; the state of these vendors is unknown"
    )
    return SharedFailure(
        since=since,
        title=title,
        url=group.url,
        failure_class=failing[members[0].page.key].failure_class,
        pages=tuple(member.page.key for member in members),
        names=tuple(member.page.name for member in members),
        reported_at=now,
    )


def shared_page(key: str, record: SharedFailure) -> Page:
    """Return the page that the events of a shared incident name: `platform:<name>` or `host:<name>`."""
    return Page(key=key, name=record.title.partition(":")[0], url=record.url)


def shared_event(key: str, record: SharedFailure, kind: EventKind, now: datetime) -> Event:
    """Return the start or the end of a shared incident.

    Its id has the first page besides the time: shards that begin one in the same second share none of their pages.
    """
    resolved = kind is EventKind.RESOLVED
    status = "resolved" if resolved else "failing"
    at = now if resolved else record.since
    body = (
        "Fewer than half of the pages watched there fail now."
        if resolved
        else f"What happens at these vendors now is not known: {', '.join(record.names)}."
    )
    update = IncidentUpdate(id=f"{status}-{at:%Y%m%dT%H%M%SZ}", status=status, body=body, created_at=at, display_at=at)
    components = tuple(sorted({Component(name) for name in record.names}))
    incident = Incident(
        id=UNREADABLE + "-".join([f"{record.reported_at:%Y%m%dT%H%M%SZ}", *record.pages[:1]]),
        kind=IncidentKind.PAGE,
        title=record.title,
        status=status,
        impact=Impact.UNKNOWN,
        url=record.url,
        created_at=record.since,
        position=record.since,
        components=components,
        updates=(update,),
        pages=record.pages,
    )
    return Event(
        id=event_id(key, incident.id, kind, (record.reported_at, kind)),
        kind=kind,
        changes=(Change.STATUS,) if resolved else (),
        page=shared_page(key, record),
        incident=incident,
        updates=(update,),
        peak_impact=Impact.UNKNOWN,
        all_components=components,
    )
