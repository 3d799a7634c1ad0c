"""From entries to incidents: the order of the stages, each of which is a module."""

from collections.abc import Iterable, Sequence

from statuswatch.model.incident import Incident
from statuswatch.platforms.parsing import parse_entries
from statuswatch.platforms.rss.channel import Channel
from statuswatch.platforms.rss.entry import Entry
from statuswatch.platforms.rss.series import read_item, series_incidents, split_series
from statuswatch.platforms.rss.single import single_incident


def entry_incidents(channel: Channel, entries: Sequence[Entry]) -> tuple[list[Incident], list[str]]:
    """Return the incidents of a feed of updates or incidents, and why entries were skipped.

    Raises FeedError where none of the entries of either kind could be understood.
    """

    def build(entry: Entry) -> Incident:
        return single_incident(channel, entry)

    series, singles = split_series(entries)
    items, skipped_items = parse_entries(series, read_item, "feed")
    incidents, skipped_singles = parse_entries(singles, build, "feed")
    return [*series_incidents(channel, items), *incidents], [*skipped_items, *skipped_singles]


def newest_of_each_id(incidents: Iterable[Incident]) -> tuple[list[Incident], list[str]]:
    """Return the incidents, the newest first, without older ones of the same id, and a remark on each of these."""
    newest: dict[str, Incident] = {}
    remarks = []
    for incident in sorted(incidents, key=lambda incident: incident.position, reverse=True):
        if incident.id in newest:
            remarks.append(f"feed: a second entry with the id {incident.id}")
        else:
            newest[incident.id] = incident
    return list(newest.values()), remarks
