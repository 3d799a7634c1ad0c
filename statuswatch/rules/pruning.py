"""Records that are no longer needed: closed incidents, long over and not listed any more. Pure."""

from datetime import datetime, timedelta
from typing import Final

from statuswatch.model.page import Feed
from statuswatch.model.state import IncidentRecord

FORGET_CLOSED_AFTER: Final = timedelta(days=90)


def prune(
    records: dict[str, IncidentRecord], feed: Feed, baseline: datetime, now: datetime
) -> tuple[dict[str, IncidentRecord], datetime]:
    """Return the records that are kept, and the page's baseline after that.

    The baseline moves up to the newest update of a pruned incident: listed again, closed, it is older than that, and
    rule 4 applies.
    """
    listed_ids = feed.as_remembered.union([incident.id for incident in feed.incidents])
    listed_kinds = feed.history | feed.complete | feed.current  # a document that failed now may list the rest again
    unlisted = ((key, records[key]) for key in records.keys() - listed_ids)
    pruned = {
        key: record.last_update_at
        for key, record in unlisted
        if record.closed and record.kind in listed_kinds and now - record.last_update_at > FORGET_CLOSED_AFTER
    }
    if not pruned:
        return records, baseline
    newest = max(pruned.values()) + timedelta(seconds=1)  # remembered times are cut to the second
    return {key: record for key, record in records.items() if key not in pruned}, max(baseline, newest)
