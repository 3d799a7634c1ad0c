"""One page for programs: what is open on it, and all that it lists."""

from datetime import datetime

from statuswatch.model.incident import Incident
from statuswatch.model.report import PageView, StatusView
from statuswatch.render import jsonlines
from statuswatch.render.status import open_fields


def document(view: PageView, opened: StatusView, now: datetime, *, caution: str) -> str:
    """Return the page as one JSON document on one line, without its end: `PageReport` describes it.

    `opened` is the status of this page alone, `caution` what the catalog knows against trusting it.
    """
    status, feed = view.status, view.feed
    listed = sorted(feed.incidents, key=_newest_first, reverse=True) if feed else ()
    platform = view.state.platform if view.state else ""
    return jsonlines.encode(
        {
            "schema": jsonlines.SCHEMA,
            "at": jsonlines.moment(now),
            "page": jsonlines.page(status.page),
            "platform": status.page.platform or platform,
            "unknown": status.unknown,
            "caution": caution,
            "open": [open_fields(entry) for entry in opened.entries],
            "listed": [_listed(incident) for incident in listed],
            "components": [component.label for component in status.components],
        }
    )


def _listed(incident: Incident) -> dict[str, object]:
    return {**jsonlines.incident(incident), "updates": [jsonlines.update(update) for update in incident.updates]}


def _newest_first(incident: Incident) -> tuple[datetime, str]:
    return incident.created_at, incident.id
