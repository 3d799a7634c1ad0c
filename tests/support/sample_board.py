"""Invented boards: single incidents to put together by hand, and the simulated year of many vendors."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from statuswatch import text
from statuswatch.history.board import PagePast, compose_board
from statuswatch.model.event import Change
from statuswatch.model.history import Coverage, PastIncident, Rewrite, Span
from statuswatch.model.incident import Component, Impact, IncidentKind, IncidentUpdate
from statuswatch.model.mute import Mute
from statuswatch.model.page import Failure, FailureKind, Page
from statuswatch.model.report import PageStatus
from statuswatch.model.state import IncidentRecord

if TYPE_CHECKING:
    from statuswatch.model.board import Board

NOW: Final = datetime(2026, 11, 28, 6, 43, tzinfo=UTC)
YEAR: Final = timedelta(days=365)
_NAMES: Final = (
    *("Anthropic", "AWS", "Azure", "Cloudflare", "Datadog", "DigitalOcean", "Docker", "GitHub", "Linear", "Netlify"),
    *("npm", "OpenAI", "PagerDuty", "PyPI", "Sentry", "Slack", "Stripe", "Supabase", "Twilio", "Vercel"),
)
_PARTS: Final = ("API", "Login", "Webhooks", "Dashboard", "Search", "Object storage", "Notifications", "Billing")
_TROUBLE: Final = ("Elevated errors", "Slow answers", "Delayed jobs", "Partial outage", "Missing data", "Timeouts")
_STEPS: Final = (
    ("investigating", "We are investigating reports of trouble with some requests, and will post an update soon."),
    ("identified", "The cause is a change of configuration that went out this morning; it is being rolled back."),
    ("monitoring", "A fix is in place. Error rates are back to normal, and we watch closely."),
    ("resolved", "This incident is over. All requests succeed again."),
)


def ago(**length: float) -> datetime:
    return NOW - timedelta(**length)


def page_of(key: str = "openai", name: str = "") -> Page:
    return Page(key=key, name=name or key.title(), url=f"https://status.{key}.example", platform="statuspage")


def message(minute: int, status: str, body: str, start: datetime, dated: int = 0) -> IncidentUpdate:
    published = start + timedelta(minutes=minute)
    return IncidentUpdate(f"u{minute}", status, body, published, published - timedelta(minutes=dated))


def past_incident(page: Page, key: str = "i1", **fields: Any) -> PastIncident:
    """Return an incident that was over after 40 minutes; `fields` replace its own."""
    start = fields.get("started_at", ago(days=3))
    updates = (
        message(0, "investigating", "We are looking into it.", start),
        message(40, "resolved", "It is over.", start),
    )
    usual: dict[str, Any] = {
        "kind": IncidentKind.INCIDENT,
        "title": "Elevated errors on login",
        "status": "resolved",
        "impact": Impact.MINOR,
        "url": f"{page.url}/incidents/{key}",
        "components": ("Login",),
        "created_at": start,
        "started_at": start,
        "published_at": start,
        "detected_at": start + timedelta(minutes=5),
        "is_start_archived": True,
        "ended_at": start + timedelta(minutes=40),
        "updates": updates,
    }
    fields = usual | fields
    return PastIncident(page=page, id=key, **{"peak_impact": fields["impact"], **fields})


def open_record(incident: PastIncident) -> IncidentRecord:
    """Return the record of an open incident, as the state file has it."""
    newest = incident.updates[-1] if incident.updates else None
    return IncidentRecord(
        status=incident.status,
        impact=incident.impact,
        title=incident.title,
        kind=incident.kind,
        last_update_at=newest.created_at if newest else incident.created_at,
        components=tuple(Component(name) for name in incident.components),
        url=incident.url,
        message=newest.body if newest else "",
        created_at=incident.created_at,
        scheduled_for=incident.scheduled_for,
        scheduled_until=incident.scheduled_until,
    )


def board_of(
    *pages: Page,
    incidents: tuple[PastIncident, ...] = (),
    failures: dict[str, Failure] | None = None,
    since: datetime = NOW - YEAR,
    holes: dict[str, tuple[Span, ...]] | None = None,
    **options: Any,
) -> Board:
    """Return the board of these pages; an incident without an end is open there now."""
    failures, holes = failures or {}, holes or {}
    pages = pages or tuple({incident.page.key: incident.page for incident in incidents}.values())
    statuses, pasts = [], {}
    for page in pages:
        own = tuple(incident for incident in incidents if incident.page.key == page.key)
        opened = {incident.id: open_record(incident) for incident in own if incident.is_open}
        components = tuple(sorted({Component(name) for incident in own for name in incident.components}))
        failure = failures.get(page.key)
        statuses.append(PageStatus(page=page, open=opened, failure=failure, read_before=True, components=components))
        pasts[page.key] = PagePast(own, Coverage(since, NOW, holes.get(page.key, ())))
    return compose_board(statuses, pasts, NOW, **options)


def simulated_board(vendors: int = 20, incidents: int = 1000, *, days: int = 90, seed: int = 1) -> Board:
    """Return the board of many vendors with that many incidents in a year: most are calm, some are not known."""
    chance = random.Random(seed)
    pages = [_vendor(number) for number in range(vendors)]
    listed = [_incident(chance, chance.choice(pages), number) for number in range(incidents)]
    down = {page.key for page in chance.sample(pages, vendors // 20)}
    failures = {key: Failure(FailureKind.UNAVAILABLE, "HTTP 503", "https://status.example") for key in down}
    return board_of(
        *pages,
        incidents=tuple(listed),
        failures=failures,
        holes={key: (Span(ago(days=chance.uniform(0.1, 3)), NOW),) for key in down},
        days=days,
    )


def _vendor(number: int) -> Page:
    name = _NAMES[number % len(_NAMES)]
    again = number // len(_NAMES)
    return page_of(f"{name.lower()}{again or ''}", f"{name} {again}" if again else name)


def _incident(chance: random.Random, page: Page, number: int) -> PastIncident:
    if chance.random() < 0.15:
        return _maintenance(chance, page, number)
    is_open = chance.random() < 0.004
    start = ago(hours=chance.uniform(0.3, 9)) if is_open else ago(days=chance.uniform(0.5, 365))
    impact = chance.choices(
        (Impact.MINOR, Impact.MAJOR, Impact.CRITICAL, Impact.NONE, Impact.UNKNOWN), (60, 20, 6, 4, 10)
    )[0]
    steps = _STEPS[: chance.randint(1, 3)] if is_open else _STEPS[chance.choice((0, 0, 0, 1, 2)) :]
    minute, updates = 0, []
    for status, body in steps:
        updates.append(message(minute, status, body, start, dated=chance.choice((0, 0, 0, 7))))
        minute += 1 if is_open else int(chance.expovariate(1 / 45)) + 1
    end = None if is_open else updates[-1].created_at
    rewrites: tuple[Rewrite, ...] = ()
    if end and chance.random() < 0.2 and end + timedelta(days=4) < NOW:
        rewrites = (Rewrite(detected_at=end + timedelta(days=chance.uniform(0.2, 4)), after_end=True),)
    return past_incident(
        page,
        f"i{number}",
        title=f"{chance.choice(_TROUBLE)} on {chance.choice(_PARTS)}",
        status=updates[-1].status,
        impact=impact,
        components=tuple(sorted(chance.sample(_PARTS, chance.randint(1, 3)))),
        created_at=start,
        started_at=min(update.display_at for update in updates),
        published_at=start,
        detected_at=start + timedelta(minutes=chance.uniform(1, 20)),
        ended_at=end,
        updates=tuple(updates),
        rewrites=rewrites,
    )


def _maintenance(chance: random.Random, page: Page, number: int) -> PastIncident:
    start = NOW + timedelta(days=chance.uniform(-365, 7))
    end = start + timedelta(hours=chance.choice((1, 2, 4)))
    announced = start - timedelta(days=chance.uniform(1, 6))
    status = "scheduled" if start > NOW else "in_progress" if end > NOW else "completed"
    updates = [message(0, "scheduled", "We will be doing planned work on our network.", announced)]
    if start <= NOW:
        updates.append(IncidentUpdate("u1", "in_progress", "The work has begun.", start, start))
    if end <= NOW:
        updates.append(IncidentUpdate("u2", "completed", "The work is done.", end, end))
    return past_incident(
        page,
        f"m{number}",
        kind=IncidentKind.MAINTENANCE,
        title="Network maintenance",
        status=status,
        impact=Impact.MAINTENANCE,
        created_at=announced,
        started_at=announced,
        published_at=announced,
        ended_at=end if end <= NOW else None,
        scheduled_for=start,
        scheduled_until=end,
        updates=tuple(updates),
    )


def open_incident(page: Page, key: str = "o1", **fields: Any) -> PastIncident:
    """Return a critical incident that is open for two hours."""
    start = fields.pop("started_at", ago(hours=2, minutes=10))
    usual: dict[str, Any] = {
        "status": "identified",
        "impact": Impact.CRITICAL,
        "started_at": start,
        "ended_at": None,
        "updates": (message(5, "identified", "A bad deployment is being rolled back.", start),),
    }
    return past_incident(page, key, **usual | fields)


def planned(page: Page, key: str = "m1", *, days: float = 2, **fields: Any) -> PastIncident:
    """Return a maintenance that begins in so many days and takes two hours."""
    start = NOW + timedelta(days=days)
    usual: dict[str, Any] = {
        "kind": IncidentKind.MAINTENANCE,
        "title": "Nameserver upgrade; with, commas",
        "status": "scheduled",
        "impact": Impact.MAINTENANCE,
        "started_at": ago(days=1),
        "ended_at": None,
        "scheduled_for": start,
        "scheduled_until": start + timedelta(hours=2),
        "updates": (message(0, "scheduled", "Queries are answered\nthroughout.", ago(days=1)),),
    }
    return past_incident(page, key, **usual | fields)


def eventful_board() -> Board:
    """Return a board that has one of everything, with long names and texts."""
    openai, github, cloud = page_of("openai", "OpenAI"), page_of("github", "GitHub"), page_of("cloudflare")
    long = page_of("long-key-of-a-vendor", "Consolidated International Telecommunications of the North")
    frozen, down, fresh = page_of("frozen"), page_of("down", "PyPI"), page_of("fresh", "日本クラウド")
    started: dict[str, Any] = {"status": "in_progress"}
    return board_of(
        *(openai, github, cloud, long, frozen, down, fresh),
        incidents=(
            open_incident(openai, components=("API", "Login", "Chat completions", "Files", "Batch", "Voice", "Sora")),
            open_incident(github, impact=Impact.MINOR, title="Delayed webhooks"),
            open_incident(long, impact=Impact.UNKNOWN, title="Interruption" * 12, components=("x" * 120,)),
            open_incident(down, impact=Impact.MAJOR, title="Uploads fail"),
            planned(cloud, days=-0.05, **started),
            planned(cloud, "m2", components=()),
            past_incident(github, impact=Impact.NONE, started_at=ago(days=20)),
            past_incident(github, "i2", started_at=ago(days=9), ended_at=ago(days=6), impact=Impact.MAJOR),
            past_incident(frozen, started_at=ago(days=400)),
            past_incident(openai, "w", started_at=ago(days=44), ending=Change.WITHDRAWN, end_detected=True),
        ),
        failures={"down": Failure(FailureKind.UNAVAILABLE, "HTTP 503", "https://status.pypi.example/x")},
        holes={"down": (Span(ago(days=2.3), NOW),)},
        mutes=(Mute(page="github", incident="o1", until=NOW + timedelta(days=3)),),
        since=ago(days=60),
    )


def hostile_board(vendor_text: str) -> Board:
    """Return a board on which every text and address of a vendor is this text, cleaned as at parsing."""
    line, body = text.line(vendor_text) or "x", text.paragraph(vendor_text) or "x"
    words: dict[str, Any] = {"title": line, "components": (line,), "url": line}
    page, other = page_of("openai", line[:80]), page_of("github", "GitHub")
    updates = (message(0, line, body, ago(hours=1)),)
    incidents = (
        open_incident(page, line, status=line, updates=updates, **words),
        planned(other, title=line, components=(line,)),
    )
    return board_of(page, other, incidents=incidents)
