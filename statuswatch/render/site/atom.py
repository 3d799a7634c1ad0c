"""Atom feeds: one entry an incident, of all vendors and of each. Ids are stable, and do not depend on the address."""

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple

from statuswatch.model.board import Board, BoardPage, last_word_of
from statuswatch.model.history import PastIncident
from statuswatch.model.incident import IncidentKind
from statuswatch.render import jsonlines, phrases
from statuswatch.render.site.markup import IMPACT_WORDS, anchor, escape, is_web_address, vendor_path

MAX_ENTRIES: Final = 100
_NAMESPACE: Final = uuid.UUID("3f0a6a0e-6f0b-5e0e-9a43-7b1f7a2d7c55")  # our own; it makes the ids, and never changes


class Item(NamedTuple):
    """An incident and its page."""

    page: BoardPage
    incident: PastIncident


def render(board: Board) -> dict[str, str]:
    """Return `feed.atom` and one feed a vendor."""
    items = [Item(page, incident) for page in board.pages for incident in page.incidents]
    feeds = {"feed.atom": _feed(board, "Vendor status", "", items, path="index.html")}
    for page in board.pages:
        key = page.page.key
        own = [Item(page, incident) for incident in page.incidents]
        feeds[f"v/{key}.atom"] = _feed(board, page.page.name, key, own, path=f"{key}.html")
    return feeds


def stable_id(*parts: str) -> str:
    """Return a UUID that only these words determine."""
    return str(uuid.uuid5(_NAMESPACE, "\n".join(parts)))


def updated_at(incident: PastIncident) -> datetime:
    """Return the time of the newest change of an incident that is known."""
    times = [last_word_of(incident), *(rewrite.detected_at for rewrite in incident.rewrites)]
    return max([*times, incident.ended_at] if incident.ended_at else times)


def _feed(board: Board, title: str, key: str, items: Iterable[Item], *, path: str) -> str:
    newest = sorted(
        items, key=lambda item: (updated_at(item.incident), item.page.page.key, item.incident.id), reverse=True
    )[:MAX_ENTRIES]
    updated = updated_at(newest[0].incident) if newest else board.at
    own = f"v/{key}.atom" if key else "feed.atom"
    self_link = f'<link rel="self" href="{escape(board.base_url + own)}"/>\n' if board.base_url else ""
    home = f"{board.base_url}{vendor_path(key) if key else path}" if board.base_url else path
    return f"""<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom">
<id>urn:uuid:{stable_id("feed", key)}</id>
<title>{escape(title)}</title>
<updated>{jsonlines.moment(updated)}</updated>
<author><name>statuswatch</name></author>
<link rel="alternate" type="text/html" href="{escape(home)}"/>
{self_link}{"".join(_entry(board, item, is_vendors_own=bool(key)) for item in newest)}</feed>
"""


def _entry(board: Board, item: Item, *, is_vendors_own: bool) -> str:
    page, incident = item.page.page, item.incident
    path = f"{vendor_path(page.key)}#{anchor(incident.id)}"
    ours = path.removeprefix("v/") if is_vendors_own and not board.base_url else f"{board.base_url}{path}"
    theirs = incident.url if is_web_address(incident.url) else ""
    related = f'<link rel="related" href="{escape(ours)}"/>\n' if theirs else ""
    muted = '<category term="muted"/>\n' if item.page.is_muted(incident) else ""
    return f"""<entry>
<id>urn:uuid:{stable_id("incident", page.key, incident.id)}</id>
<title>{escape(_title(item))}</title>
<updated>{jsonlines.moment(updated_at(incident))}</updated>
<published>{jsonlines.moment(incident.published_at)}</published>
<author><name>{escape(page.name)}</name></author>
<category term="{escape(incident.kind)}"/>
<category term="{escape(incident.peak_impact)}"/>
{muted}<link rel="alternate" href="{escape(theirs or ours)}"/>
{related}<content type="html">{escape(_content(item))}</content>
</entry>
"""


def _title(item: Item) -> str:
    incident = item.incident
    muted = "[muted] " if item.page.is_muted(incident) else ""
    state = incident.status if incident.is_open else f"over: {incident.status}"
    impact = f"{IMPACT_WORDS[incident.peak_impact]}, " if incident.kind is IncidentKind.INCIDENT else ""
    title = phrases.short(incident.title, phrases.MAX_TITLE)
    return f"{muted}{item.page.page.name}: {title} ({impact}{state})"


def _content(item: Item) -> str:
    """Return the messages, the newest first, as HTML in which the vendor's text is nothing but text."""
    incident = item.incident
    parts = [f"<p>{escape(phrases.some_components(incident.components, phrases.MAX_NOTIFIED_COMPONENTS))}</p>"]
    if incident.scheduled_for:
        parts.append(f"<p>Scheduled for {phrases.span(incident.scheduled_for, incident.scheduled_until)}</p>")
    for update in reversed(incident.updates):
        body = escape(update.body).replace("\n", "<br>")
        parts.append(f"<p><b>{escape(update.status)}</b>, {phrases.minute(update.created_at)}</p><p>{body}</p>")
    return "".join(parts)
