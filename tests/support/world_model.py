"""A simulated world of status pages, the same for the same seed, behind a real HTTP server on the loopback.

Vendors open, update, edit, retitle, reopen, withdraw and explain incidents, and schedule maintenance. Every document is
rendered from a *snapshot*: the incidents of a page at the instant of one read. The wire between page and reader adds
noise, which must give no event, and faults, which must not be believed. The list of snapshots is the ground truth.
"""

from __future__ import annotations

import calendar
import hashlib
import json
import re
import threading
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from random import Random
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import unquote

from tests.support.loopback_server import LoopbackServer, Reply

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator, Mapping

    from tests.support.loopback_server import RawReply
    from tests.support.loopback_server import Request as HttpRequest

Platform = Literal["statuspage", "incidentio", "rss"]
Json = dict[str, Any]

CLOSED: Final = frozenset({"resolved", "postmortem", "completed"})
HARD: Final = ("http-500", "http-403", "html", "cut", "object", "closed")  # faults that cannot be understood
ALIKE: Final = (("http-500", "closed"), ("http-403",), ("html", "cut", "object"))  # faults that may share a cause
SPOILED_OWN_DOCUMENTS: Final = ("http-403", "html", "hang")
SOFT: Final = ("stale", "empty")  # faults that can be understood, and are not true
STEPS: Final = {"scheduled": "in_progress", "in_progress": "verifying", "verifying": "completed"}
DOCUMENTS: Final[Mapping[Platform, tuple[str, ...]]] = {
    "statuspage": ("api/v2/summary.json", "api/v2/incidents.json", "api/v2/scheduled-maintenances.json"),
    "incidentio": ("api/v2/incidents.json", "proxy/incidents", "proxy", "api/v2/summary.json", "feed.atom"),
    "rss": ("feed.xml",),
}
OWN_DOCUMENTS: Final = ("found", "found", "missing", "http-403", "html")  # how incidents' own are answered
LISTED: Final[Mapping[Platform, int]] = {"statuspage": 50, "incidentio": 25, "rss": 60}  # of each kind; of both; items
ITEM_ADDRESSES: Final = (  # guid and link of a feed's item
    ("{link}#{post}", "{link}"),
    ("{post}", "{link}#{post}"),
    ("{post}", "{link}"),
)
GROUPS: Final = {"Login": "Accounts", "Billing": "Accounts", "Uploads": "Storage", "Search": "", "Webhooks": ""}
BASE32: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
HTML: Final = "<!DOCTYPE html><html><head><title>Sorry</title></head><body><h1>Something went wrong</h1></body></html>"


@dataclass(frozen=True)
class Post:
    """One update of an incident, as the vendor published it."""

    id: str
    status: str
    body: str
    created_at: datetime
    display_at: datetime
    components: tuple[str, ...] = ()  # those the update itself names


@dataclass(frozen=True)
class Incident:
    """One incident or maintenance window, as it stands at some instant."""

    id: str
    kind: str
    title: str
    impact: str
    created_at: datetime
    touched_at: datetime  # shown as `updated_at`: moves with every change, and sometimes without any
    posts: tuple[Post, ...] = ()
    linked: tuple[str, ...] = ()  # components linked now
    stated: tuple[str, ...] = ()  # components linked last, even if they no longer are
    schedule: tuple[datetime, datetime] | None = None

    @property
    def status(self) -> str:
        return self.posts[-1].status

    @property
    def closed(self) -> bool:
        return self.status in CLOSED


@dataclass(frozen=True)
class Fault:
    """A fault of one read of a page: of all of its documents, or of only one."""

    kind: str
    only: str | None = None

    @property
    def soft(self) -> bool:
        return self.kind in SOFT


@dataclass(frozen=True)
class Snapshot:
    """The incidents of a page at one read, and a fault of the wire; `stale` is the snapshot that is served instead."""

    at: datetime
    changed_at: datetime
    incidents: Mapping[str, Incident]
    fault: Fault | None = None
    stale: Snapshot | None = None

    @property
    def clean(self) -> bool:
        return self.fault is None


@dataclass
class Page:
    """One vendor: its incidents, its habits, and a snapshot for every read."""

    key: str
    platform: Platform
    rng: Random
    now: datetime
    tick: timedelta = timedelta(seconds=4)  # between two changes that belong together
    withdraws: bool = True
    noisy: bool = True
    past: bool = True  # with incidents before the first read
    own_documents: str = "found"  # of its incidents; "missing": the page only imitates API v2
    listed: int = 0  # entries of its lists; 0: as many as the platform has
    incidents: dict[str, Incident] = field(default_factory=dict)
    snapshots: list[Snapshot] = field(default_factory=list)
    withdrawn: set[str] = field(default_factory=set)
    serial: int = 0

    def __post_init__(self) -> None:
        """Give the page its habits and a past that no window shows whole, with an old and a recent incident open."""
        self.changed_at, self.id = self.now, self.identity(self.now)
        self.unlinks = self.rng.random() < 0.5
        self.names_in_updates = self.rng.random() < 0.6
        self.empty_bodies = self.rng.random() < 0.5
        self.zone = timezone(timedelta(hours=self.rng.choice([0, 0, -4, -5])))
        self.listed = self.listed or LISTED[self.platform]
        self.item_addresses = Random(f"{self.key} {self.id}").choice(ITEM_ADDRESSES)
        if not self.past:
            return
        start = self.now
        for n in range(65 if self.platform == "statuspage" else 40):
            days = 150 - n if n < 5 else 86 - 1.25 * n  # some old enough to be forgotten, once out of the window
            at = start - timedelta(days=days, seconds=self.rng.randrange(9000))
            incident = self.begin(at)
            if n not in (6, 62):
                incident = self.post(incident, "monitoring", at + timedelta(minutes=40))
                self.post(incident, "resolved", at + timedelta(hours=2))
        for n in range(6 if self.platform == "statuspage" else 0):
            at = start - timedelta(days=90 - 14 * n)
            incident = self.schedule(at)
            if n < 5:
                for step, status in enumerate(STEPS.values()):
                    incident = self.post(incident, status, at + timedelta(days=2, hours=step))
        self.begin(start - timedelta(hours=2))

    # the actions of vendors

    def identity(self, at: datetime) -> str:
        """Return an id in the platform's alphabet: 12 characters, or a ULID that carries its instant."""
        if self.platform == "statuspage":
            return "".join(self.rng.choices(BASE32.lower(), k=12))
        millis = int(at.timestamp() * 1000)
        return "".join(BASE32[millis >> 5 * n & 31] for n in range(9, -1, -1)) + "".join(self.rng.choices(BASE32, k=16))

    def put(self, incident: Incident, at: datetime, **changes: Any) -> Incident:
        """Publish a change."""
        changed = replace(incident, touched_at=at, **changes)
        if changed.linked:
            changed = replace(changed, stated=changed.linked)
        self.incidents[changed.id], self.changed_at = changed, at
        return changed

    def post(self, incident: Incident, status: str, at: datetime, ago: int = 0, **changes: Any) -> Incident:
        """Publish an update, with a claimed time some minutes earlier."""
        self.serial += 1
        linked: tuple[str, ...] = changes.get("linked", incident.linked)
        if status in CLOSED and self.unlinks and self.platform == "statuspage":
            changes["linked"] = ()
        body = f"Update {self.serial} of {self.key}.\nWe are {status} & will post more."
        named = linked if self.platform == "incidentio" or self.names_in_updates else ()
        post = Post(self.identity(at), status, body, at, at - timedelta(minutes=ago), named)
        return self.put(incident, at, posts=(*incident.posts, post), **changes)

    def begin(self, at: datetime, kind: str = "incident") -> Incident:
        """Open an incident."""
        self.serial += 1
        linked = tuple(self.rng.sample(sorted(GROUPS), self.rng.choice([0, 1, 1, 2])))
        if self.platform == "rss":
            linked = ()
        impact = "maintenance" if kind == "maintenance" else self.impact()
        incident = Incident(self.identity(at), kind, f"Trouble {self.serial}", impact, at, at)
        status = "scheduled" if kind == "maintenance" else self.rng.choice(["investigating", "identified"])
        plan = (at + timedelta(hours=20), at + timedelta(hours=22)) if kind == "maintenance" else None
        return self.post(incident, status, at, linked=linked, schedule=plan)

    def impact(self) -> str:
        """Return an impact for a new incident: feeds state none."""
        return "unknown" if self.platform == "rss" else self.rng.choice(["none", "minor", "major", "critical"])

    def schedule(self, at: datetime) -> Incident:
        """Announce a maintenance window."""
        return self.begin(at, "maintenance")

    def happen(self, at: datetime) -> None:
        """Do one thing a vendor does."""
        rng, every, post = self.rng, sorted(self.incidents.values(), key=lambda i: i.id), self.post
        live = [i for i in every if not i.closed and i.kind == "incident"]
        plans = [i for i in every if not i.closed and i.kind == "maintenance"]
        past = [i for i in every if i.closed and at - i.posts[-1].created_at < timedelta(days=80)]
        recent = [i for i in past if at - i.posts[-1].created_at < timedelta(days=5)] or past
        over, later = [i for i in recent if i.kind == "incident"], at + self.tick
        impact = "unknown" if self.platform == "rss" else "minor"
        after = Incident(self.identity(at), "incident", f"After the fact {self.serial}", impact, at, at)
        actions: list[tuple[int, Callable[[], object]]] = [
            (4, lambda: self.begin(at)),
            (2, lambda: post(self.begin(at), "resolved", later)),
            (1, lambda: post(after, "resolved", at, ago=300)),
            (2, lambda: self.edit(rng.choice([*live, *recent]), at)),
        ]
        if live:
            one, back, more = rng.choice(live), rng.choice([0, 0, 0, 7]), rng.choice(sorted(GROUPS))
            actions += [
                (4, lambda: post(one, rng.choice(["investigating", "identified", "monitoring"]), at, ago=back)),
                (5, lambda: post(one, "resolved", at)),
                (1, lambda: self.put(one, at, title=f"{one.title} (now {self.serial})")),
            ]
        if live and self.platform != "rss":
            actions += [
                (2, lambda: post(one, "monitoring", at, linked=tuple(sorted({*one.linked, more})))),
                (1, lambda: self.put(one, at, impact="major" if one.impact != "major" else "critical")),
            ]
        if over:
            old, older = rng.choice(over), rng.choice([i for i in past if i.kind == "incident"])
            actions += [
                (1, lambda: self.late(old, at)),
                (1, lambda: self.late(older, at)),
                (2, lambda: post(old, "identified", at, linked=old.stated)),
                (1, lambda: post(post(old, "identified", at, linked=old.stated), "resolved", later)),
            ]
        if self.platform == "incidentio":
            actions.append((1, lambda: self.touch(at)))
        elif self.platform == "statuspage":
            actions.append((1, lambda: self.schedule(at)))
        if plans:
            plan, dirty = rng.choice(plans), (at + timedelta(hours=8), at + timedelta(hours=9))
            actions += [
                (3, lambda: post(plan, STEPS[plan.status], at)),
                (1, lambda: self.put(plan, at, schedule=dirty)),
                (1, lambda: post(plan, plan.status, at, schedule=dirty)),
            ]
        if self.platform == "statuspage" and self.withdraws and live:
            actions.append((1, lambda: self.withdraw(rng.choice(live), at)))
        rng.choices([do for _, do in actions], [weight for weight, _ in actions])[0]()

    def edit(self, incident: Incident, at: datetime) -> None:
        """Rewrite the text of a published update under the same id."""
        self.serial += 1
        which = self.rng.randrange(len(incident.posts))
        post = replace(incident.posts[which], body=f"Rewritten {self.serial}.\nThe root cause is known.")
        self.put(incident, at, posts=(*incident.posts[:which], post, *incident.posts[which + 1 :]))

    def late(self, incident: Incident, at: datetime) -> None:
        """Add a remark to an incident that closed long ago."""
        self.post(incident, "postmortem" if self.platform == "statuspage" else "resolved", at)

    def withdraw(self, incident: Incident, at: datetime) -> None:
        """Delete an open incident."""
        del self.incidents[incident.id]
        self.withdrawn.add(incident.id)
        self.changed_at = at

    def touch(self, at: datetime) -> None:
        """Move `updated_at` of many closed incidents without a change: open ones roll out of a list sorted by it."""
        closed = sorted(i.id for i in self.incidents.values() if i.closed)
        for old in self.rng.sample(closed, min(26, len(closed))):
            self.incidents[old] = replace(self.incidents[old], touched_at=at)
        self.changed_at = at


def window(platform: Platform, incidents: Mapping[str, Incident]) -> set[str]:
    """Return the ids that the documents of a page list: the rest has rolled out of its window."""
    if platform == "incidentio":
        return {i.id for i in recently(incidents, LISTED[platform])}
    if platform == "rss":
        return {one.id for one, _ in latest_posts(incidents, LISTED[platform])}
    shown = {i.id for i in incidents.values() if not i.closed}
    return shown | {i.id for kind in ("incident", "maintenance") for i in newest(incidents, kind, LISTED[platform])}


def newest(incidents: Mapping[str, Incident], kind: str, count: int) -> list[Incident]:
    """Return Statuspage's window: those created last."""
    found = [i for i in incidents.values() if i.kind == kind]
    return sorted(found, key=lambda i: (i.created_at, i.id), reverse=True)[:count]


def recently(incidents: Mapping[str, Incident], count: int) -> list[Incident]:
    """Return incident.io's window: those touched last."""
    return sorted(incidents.values(), key=lambda i: (i.touched_at, i.id), reverse=True)[:count]


def latest_posts(incidents: Mapping[str, Incident], count: int) -> list[tuple[Incident, Post]]:
    """Return a feed's window: the updates published last, with their incidents."""
    posts = [(one, post) for one in incidents.values() for post in one.posts]
    return sorted(posts, key=lambda pair: pair[1].created_at, reverse=True)[:count]


@dataclass(frozen=True)
class Writer:
    """One document being written: `noise` is drawn for this request alone, or None where the wire is calm."""

    page: Page
    snap: Snapshot
    url: str
    noise: Random | None

    def time(self, at: datetime, *, fine: bool = True) -> str:
        """Write an instant the way this page does."""
        if self.page.platform == "incidentio":
            return at.astimezone(UTC).isoformat(timespec="milliseconds" if fine else "seconds").replace("+00:00", "Z")
        text = at.astimezone(self.page.zone).isoformat(timespec="milliseconds")
        return text.replace("+00:00", "Z")

    def bumped(self, at: datetime) -> str:
        """Write an `updated_at`, which noise moves to the instant of the read."""
        return self.time(self.snap.at if self.noise and self.noise.random() < 0.5 else at, fine=False)

    def shuffled(self, items: list[Any]) -> list[Any]:
        """Return the items in a random order."""
        return self.noise.sample(items, len(items)) if self.noise else items

    def text(self, body: str) -> str:
        """Write a body: noise moves its whitespace and markup."""
        return body.replace("\n", self.noise.choice(["\n", "<br />\n", "\n\n", "\n  "])) if self.noise else body

    def envelope(self) -> Json:
        dirty = self.time(self.snap.at if self.noise else self.snap.changed_at, fine=False)
        return {"page": {"id": self.page.id, "name": self.page.key.title(), "url": self.url, "updated_at": dirty}}

    def component(self, name: str, position: int) -> Json:
        """Write a component with its live status, which is not history."""
        live = self.noise.choice(["operational", "partial_outage"]) if self.noise else "operational"
        entry: Json = {"id": f"c-{name.lower()}", "name": name, "status": live, "position": position}
        born = datetime(2024, 1, 1, tzinfo=UTC)
        stamps = {"created_at": self.time(born), "updated_at": self.bumped(born)}
        if self.page.platform == "incidentio":
            return entry | stamps
        group = GROUPS[name] and f"g-{GROUPS[name].lower()}"
        return entry | stamps | {"group": False, "group_id": group or None, "description": None, "showcase": True}

    def components(self, names: tuple[str, ...] | list[str]) -> list[Json]:
        return [self.component(name, n) for n, name in enumerate(self.shuffled(list(names)), 1)]

    def statuspage(self, path: str) -> Json | None:
        """Write a document of Statuspage."""
        found = self.snap.incidents
        live = [i for i in found.values() if i.kind == "incident" and not i.closed]
        plans = [i for i in found.values() if i.kind == "maintenance" and not i.closed]
        match path:
            case "api/v2/incidents.json":
                body: Json = {"incidents": [self.incident(i) for i in newest(found, "incident", self.page.listed)]}
            case "api/v2/incidents/unresolved.json":
                body = {"incidents": [self.incident(i) for i in live]}
            case "api/v2/scheduled-maintenances.json":
                body = {
                    "scheduled_maintenances": [self.incident(i) for i in newest(found, "maintenance", self.page.listed)]
                }
            case own if own.startswith("incidents/"):
                one = found.get(own.removeprefix("incidents/").removesuffix(".json"))
                return self.own_document(one) if one and self.page.own_documents != "missing" else None
            case "history.json":
                return {"months": self.months(list(found.values()))}
            case "api/v2/summary.json":
                groups: list[Json] = [
                    self.component("Search", 9) | {"id": f"g-{name.lower()}", "name": name, "group": True}
                    for name in sorted({*GROUPS.values()} - {""})
                ]
                everything: Json = {"components": self.components(list(GROUPS)) + groups}
                listed = {"incidents": [self.incident(i) for i in live]}
                body = everything | listed | {"scheduled_maintenances": [self.incident(i) for i in plans]}
                body |= {"status": {"indicator": "none", "description": "All Systems Operational"}}
            case _:
                return None
        return self.envelope() | body

    def own_document(self, one: Incident) -> Json:
        """Write Statuspage's document of one incident: its updates have no ids."""
        posts = sorted(one.posts, key=lambda p: p.created_at)
        updates = [
            {"status": post.status, "body": self.text(post.body), "created_at": self.time(post.created_at),
             "display_at": self.time(post.display_at)}
            for post in reversed(posts)
        ]  # fmt: skip
        body: Json = {"id": 4711, "code": one.id, "name": one.title, "status": one.status, "impact": one.impact}
        body |= {"created_at": self.time(one.created_at), "shortlink": f"https://stspg.io/{one.id}"}
        return body | {"components": [{"name": name} for name in one.linked], "incident_updates": updates}

    def months(self, incidents: list[Incident]) -> list[Json]:
        """Write Statuspage's list of all incidents: under the month they ended in, without a year in their times."""
        months: dict[tuple[int, int], list[Json]] = {}
        for one in sorted(incidents, key=lambda i: i.posts[-1].created_at, reverse=True):
            end = one.posts[-1].created_at.astimezone(self.page.zone)
            span = f"{end:%b} <var data-var='date'>{end:%d}</var>, <var data-var='time'>00:00</var> - {end:%H:%M} UTC"
            entry = {"code": one.id, "name": one.title, "impact": one.impact, "timestamp": span}
            months.setdefault((end.year, end.month), []).append(entry)
        return [
            {"name": calendar.month_name[month], "year": year, "incidents": entries}
            for (year, month), entries in months.items()
        ]

    def incident(self, one: Incident) -> Json:
        """Write an incident of Statuspage."""
        stamps = {"created_at": self.time(one.created_at), "updated_at": self.bumped(one.touched_at)}
        body: Json = {"id": one.id, "name": one.title, "status": one.status, "impact": one.impact}
        body |= stamps | {"page_id": self.page.id, "monitoring_at": None, "shortlink": f"https://stspg.io/{one.id}"}
        body["resolved_at"] = self.time(one.posts[-1].created_at) if one.closed else None
        body["components"] = self.components(one.linked)
        posts = sorted(one.posts, key=lambda p: p.display_at)
        body["incident_updates"] = [self.update(one, post) for post in reversed(posts)]
        if one.schedule:
            body |= {"scheduled_for": self.time(one.schedule[0]), "scheduled_until": self.time(one.schedule[1])}
        return body

    def update(self, one: Incident, post: Post) -> Json:
        """Write an update of Statuspage."""
        moves = [
            {"code": f"c-{name.lower()}", "name": f"{GROUPS[name]} - {name}" if GROUPS[name] else name,
             "old_status": "operational", "new_status": "partial_outage"}
            for name in post.components
        ]  # fmt: skip
        stamps = {"created_at": self.time(post.created_at), "display_at": self.time(post.display_at)}
        stamps["updated_at"] = self.bumped(post.created_at)
        body = {"id": post.id, "status": post.status, "body": self.text(post.body), "incident_id": one.id}
        return body | stamps | {"affected_components": moves or None, "deliver_notifications": True}

    def incidentio(self, path: str) -> Json | None:
        """Write a JSON document of incident.io: the compatible ones name no components, the native ones do."""
        shown = recently(self.snap.incidents, self.page.listed)
        match path:
            case "api/v2/incidents.json":
                return self.envelope() | {"incidents": [self.compat(i) for i in shown]}
            case "api/v2/summary.json":
                body: Json = self.envelope() | {"status": {"indicator": "none", "description": "Fine"}}
                live = [self.compat(i) for i in shown if not i.closed]
                return body | {"components": self.components(list(GROUPS))} | ({"incidents": live} if live else {})
            case "proxy/incidents":
                return {"incidents": [self.native(i) for i in self.snap.incidents.values()]}
            case "proxy":
                return {"summary": self.summary()}
            case _:
                return None

    def compat(self, one: Incident) -> Json:
        """Write an incident of incident.io's compatible API."""
        stamps = {"created_at": self.time(one.created_at, fine=False), "updated_at": self.bumped(one.touched_at)}
        body: Json = {"id": one.id, "name": one.title, "status": one.status, "impact": one.impact}
        if one.closed:
            body["resolved_at"] = self.time(one.posts[-1].created_at, fine=False)
        updates = [
            {"id": post.id, "status": post.status, "body": "" if self.page.empty_bodies else self.text(post.body),
             "incident_id": one.id, "created_at": self.time(post.created_at, fine=False),
             "display_at": self.time(post.display_at, fine=False), "updated_at": self.bumped(post.created_at)}
            for post in reversed(one.posts)
        ]  # fmt: skip
        return body | stamps | {"incident_updates": updates}

    def native(self, one: Incident) -> Json:
        """Write an incident of incident.io's own API."""
        hit = [{"component_id": f"c-{n.lower()}", "status": "partial_outage"} for n in self.shuffled(list(one.linked))]
        updates = [
            {"id": post.id, "published_at": self.time(post.display_at), "message_string": self.text(post.body),
             "to_status": post.status, "automated_update": False,
             "component_statuses": [{"component_id": f"c-{n.lower()}", "status": "operational" if post.status in CLOSED
                                     else "partial_outage"} for n in self.shuffled(list(post.components))]}
            for post in one.posts
        ]  # fmt: skip
        end = self.time(one.posts[-1].created_at) if one.closed else None
        span = {"start_at": self.time(one.created_at), "end_at": end}
        impacts = [entry | span | {"id": self.page.id, "status_page_incident_id": one.id} for entry in hit]
        body = {"id": one.id, "status_page_id": self.page.id, "name": one.title, "status": one.status}
        body |= {"type": "incident", "published_at": self.time(one.created_at)}
        affected = [entry | {"current_status": "operational"} for entry in hit]
        lists: Json = {"updates": updates, "affected_components": affected, "component_impacts": impacts}
        return body | lists | {"status_summaries": [span | {"worst_component_status": "partial_outage"}]}

    def summary(self) -> Json:
        """Write incident.io's list of components and groups; what is ongoing may be missing from it."""
        body: Json = {"id": self.page.id, "name": self.page.key.title(), "public_url": self.url}
        body["components"] = [{"id": f"c-{n.lower()}", "name": n, "status_page_id": self.page.id} for n in GROUPS]
        items = [
            {"group": {"id": f"g-{name}", "name": name, "components": [
                {"component_id": f"c-{n.lower()}", "name": n} for n in GROUPS if GROUPS[n] == name]}}
            for name in sorted({*GROUPS.values()} - {""})
        ]  # fmt: skip
        open_lists = ("affected_components", "ongoing_incidents", "in_progress_maintenances", "scheduled_maintenances")
        return body | {"structure": {"items": items}} | {name: [] for name in open_lists}

    def atom(self, *, empty: bool) -> str:
        """Write incident.io's feed: only the latest update of each incident, and the components in any order."""
        entries = ""
        for one in [] if empty else recently(self.snap.incidents, self.page.listed):
            link, last = f"{self.url}//incidents/{one.id}", one.posts[-1]
            items = "".join(f"<li>{name} (Operational)</li>" for name in self.shuffled(list(one.linked)))
            text = f"<b>Status: {one.status.title()}</b><br/><br/>{last.body}"
            text += f"<br/><br/><b>Affected components</b><ul>{items}</ul>" if items else ""
            entries += f'<entry><title type="html"><![CDATA[{one.title}]]></title><id>{link}</id><link href="{link}"/>'
            entries += f"<updated>{self.time(last.created_at)}</updated>"
            entries += f'<content type="html"><![CDATA[{text}]]></content></entry>'
        head = f"<id>{self.url}/</id><title>{self.page.key} status</title><updated>{self.time(self.snap.at)}</updated>"
        return f'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom">{head}{entries}</feed>'

    def rss(self, *, empty: bool) -> str:
        """Write a feed whose items are updates: those of one incident share its link, fragments aside."""
        items = ""
        for one, post in [] if empty else latest_posts(self.snap.incidents, self.page.listed):
            link = f"{self.url}/incidents/{one.id}"
            guid, address = (form.format(link=link, post=post.id) for form in self.page.item_addresses)
            text = f"<b>Status: {post.status.title()}</b><br/><br/>{self.text(post.body)}"
            items += f"<item><title><![CDATA[{one.title}]]></title><link>{address}</link>"
            items += f'<guid isPermaLink="false">{guid}</guid><pubDate>{format_datetime(post.created_at)}</pubDate>'
            items += f"<description><![CDATA[{text}]]></description></item>"
        built = format_datetime(self.snap.at if self.noise else self.snap.changed_at)
        head = f"<title>{self.page.key} status</title><link>{self.url}</link><lastBuildDate>{built}</lastBuildDate>"
        return f'<?xml version="1.0"?><rss version="2.0"><channel>{head}{items}</channel></rss>'

    def document(self, path: str, *, empty: bool = False) -> str | None:
        """Write any document, or None where the platform has no such one."""
        if self.page.platform == "rss":
            return self.rss(empty=empty) if path == "feed.xml" else None
        if self.page.platform == "incidentio" and path == "feed.atom":
            return self.atom(empty=empty)
        body = self.statuspage(path) if self.page.platform == "statuspage" else self.incidentio(path)
        if body and empty:
            body |= {key: [] for key in ("incidents", "scheduled_maintenances") if key in body}
        return None if body is None else json.dumps(body)


@dataclass(frozen=True)
class Request:
    """One request as the vendor saw it."""

    page: str
    path: str
    conditional: bool
    status: int


@dataclass(frozen=True)
class Outage:
    """Pages that fail alike for some reads."""

    reads_left: int = 0
    kinds: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()


class World:
    """Pages, one clock, and a server in front of them."""

    def __init__(self, seed: object, pages: Mapping[str, Platform], now: datetime, **habits: Any) -> None:
        self.seed, self.now, self.noisy, self.base = seed, now, True, ""
        self.rng = Random(f"{seed}/world")
        self.share: float = 1 / 3  # of the reads that are faulty
        self.kinds: tuple[str, ...] = (*HARD, *SOFT, *SOFT)  # of faults; there are identity and hang too
        self.has_outages = False  # with hours in which most pages fail alike
        self.outage = Outage()
        self.outage_rng = Random(f"{seed}/outages")
        own_documents = Random(f"{seed}/own documents")
        self.pages = {k: Page(k, platform, Random(f"{seed}/{k}"), now, **habits) for k, platform in pages.items()}
        for page in self.pages.values():
            page.own_documents = own_documents.choice(OWN_DOCUMENTS)
        self.requests: list[Request] = []
        self.asked = threading.Event()  # set by every request
        self._lock = threading.Lock()
        self._asked = Counter[tuple[str, str]]()

    def advance(self, gap: timedelta, most: int = 4) -> None:
        """Move the clock, and let each page do a few things meanwhile, seconds apart from each other and both ends."""
        seconds = int(gap.total_seconds())
        for page in self.pages.values():
            for second in sorted(self.rng.sample(range(20, seconds - 20, 10), self.rng.randint(0, most))):
                page.happen(self.now + timedelta(seconds=second, milliseconds=page.rng.randrange(1000)))
        self.now += gap

    def read(self, *, faulty: bool = False) -> None:
        """Begin a read: fix what every page states now and, on some of the pages, what goes wrong."""
        for page in self.pages.values():
            page.snapshots.append(Snapshot(self.now, page.changed_at, dict(page.incidents)))
        if faulty:
            for page in self.pages.values():
                page.snapshots[-1] = self._spoil(page)
            if self.has_outages:
                self._fail_alike()
            page = next(iter(self.pages.values()))
            if all(p.snapshots[-1].fault == Fault("closed") for p in self.pages.values()):  # else: our own network
                page.snapshots[-1] = replace(page.snapshots[-1], fault=Fault("http-500"))

    def _fail_alike(self) -> None:
        """Begin an outage now and then, and let its pages fail alike until it has lasted for some reads."""
        rng, keys = self.outage_rng, sorted(self.pages)
        if not self.outage.reads_left and rng.random() < 1 / 4:
            platform = [key for key in keys if self.pages[key].platform == "statuspage"]
            some = rng.sample(keys, rng.randint(5, len(keys)))
            self.outage = Outage(rng.randint(2, 5), rng.choice(ALIKE), tuple(rng.choice([platform, some])))
        if self.outage.reads_left:
            self.outage = replace(self.outage, reads_left=self.outage.reads_left - 1)
            for key in self.outage.keys:
                snapshots = self.pages[key].snapshots
                snapshots[-1] = replace(snapshots[-1], fault=Fault(rng.choice(self.outage.kinds)), stale=None)

    def _spoil(self, page: Page) -> Snapshot:
        """Draw a fault: none that misleads before the first clean read, or again before another one."""
        *before, snap = page.snapshots
        kind = self.rng.choice(self.kinds) if self.rng.random() < self.share else ""
        only = self.rng.choice([None, *DOCUMENTS[page.platform]])
        first = not any(old.clean for old in before)
        telling = [old.fault for old in before if old.fault is None or old.fault.soft]
        misled = not telling or telling[-1] is not None
        if not kind or (first and (before or kind in SOFT)) or (kind in SOFT and misled):
            return snap
        stale = self.rng.choice(before[-3:]) if kind == "stale" else None
        return replace(snap, fault=Fault(kind, None if first else only), stale=stale)

    def answer(self, key: str, path: str) -> tuple[int, str, bytes] | None:
        """Return status, content type and body of a document, or None where the connection is closed without a word."""
        page = self.pages.get(key)
        if page is None or not page.snapshots:
            return 404, "text/html", HTML.encode()
        snapshot = page.snapshots[-1]
        fault = snapshot.fault.kind if snapshot.fault and snapshot.fault.only in (None, path) else ""
        if path.startswith("incidents/") and not fault and page.own_documents in SPOILED_OWN_DOCUMENTS:
            fault = page.own_documents
        text = self._document(page, snapshot, path, fault)
        if text is None and path.startswith("incidents/") and fault in SPOILED_OWN_DOCUMENTS:
            text = ""  # what spoils them stands before the server that knows which there are
        if text is None:
            return 404, "text/html", HTML.encode()
        if fault == "closed":
            return None
        return spoiled(fault, page, path, text)

    def _document(self, page: Page, snapshot: Snapshot, path: str, fault: str) -> str | None:
        """Write the document as the page states it, or as it did when a stale copy was made."""
        with self._lock:
            count = self._asked[page.key, path]
        noise = Random(f"{self.seed}/{page.key}/{path}/{count}") if self.noisy and page.noisy else None
        shown = snapshot.stale if fault == "stale" and snapshot.stale else snapshot
        return Writer(page, shown, f"{self.base}/{page.key}", noise).document(path, empty=fault == "empty")

    def note(self, request: Request) -> None:
        with self._lock:
            self.requests.append(request)
            self._asked[request.page, request.path] += 1
        self.asked.set()

    @contextmanager
    def served(self) -> Iterator[World]:
        """Serve the world on a free port of the loopback: a page is a prefix of the paths."""
        with WorldServer(self) as server:
            self.base = server.url
            yield self

    def configuration(self, timeout: int = 5) -> str:
        """Return the configuration that watches this world."""
        lines = ["pages = []", 'state = "state.json"', f"timeout = {timeout}"]
        for key, page in self.pages.items():
            path = f"{key}/feed.xml" if page.platform == "rss" else key
            lines += [f"[page.{key}]", f'name = "{key.title()}"', f'url = "{self.base}/{path}"']
            lines.append(f'platform = "{page.platform}"')
        return "\n".join(lines) + "\n"


def spoiled(fault: str, page: Page, path: str, text: str) -> tuple[int, str, bytes]:
    """Return status, content type and body of a document, with whatever is wrong with it."""
    content_type = "application/atom+xml" if path.endswith(("atom", "xml")) else "application/json; charset=utf-8"
    whole = text.encode()
    responses = {
        "hang": (0, "hang", b""),
        "identity": (200, content_type, text.replace(page.id, page.id[::-1]).encode()),
        "http-500": (500, "text/html", HTML.encode()),
        "http-403": (403, "text/html", HTML.encode()),
        "html": (200, "text/html; charset=utf-8", HTML.encode()),
        "cut": (200, content_type, whole[: len(text) // 2]),
        "object": (200, content_type, b"{}"),
    }
    return responses.get(fault, (200, content_type, whole))


class WorldServer(LoopbackServer):
    """The server in front of a world. Every 200 has an ETag, of which a conditional request gets 304."""

    def __init__(self, world: World) -> None:
        super().__init__(keep_alive=True)
        self.world = world

    def reply(self, request: HttpRequest) -> Reply | RawReply:
        """Return what the page states at this read, or what the wire makes of it."""
        key, path = page_and_document(request.path)
        status, content_type, body = self.world.answer(key, path) or (0, "", b"")
        etag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
        condition = request.headers.get("If-None-Match")
        if status == 200 and condition and etag in condition:
            status = 304
        self.world.note(Request(key, path, condition is not None, status))
        match status, content_type:
            case 0, "hang":
                return until_hung_up
            case 0, _:
                return hang_up
            case 304, _:
                return Reply(304, {"ETag": etag})
        return Reply(status, {"ETag": etag, "Content-Type": content_type}, body)


def page_and_document(path: str) -> tuple[str, str]:
    """Split a requested path into the key of a page and the name of a document, as `DOCUMENTS` has it."""
    key, _, document = unquote(path).split("?")[0].lstrip("/").partition("/")
    return key, re.sub(r"^proxy/127\.0\.0\.1(:\d+)?", "proxy", document).rstrip("/")


def until_hung_up(connection: socket.socket) -> None:
    """Say nothing until the reader hangs up."""
    with suppress(OSError):
        connection.recv(1)


def hang_up(_: socket.socket) -> None:
    """Say nothing, and close the connection."""
