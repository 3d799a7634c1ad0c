"""The archive as one more receiver: every event of a run goes there, also one that nobody is notified of."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from statuswatch.history.archive import append_events
from statuswatch.model.event import PendingDelivery
from statuswatch.model.mute import Mute
from statuswatch.model.report import RunReport, SinkOutcome
from statuswatch.model.state import ARCHIVE
from statuswatch.render.phrases import counted
from statuswatch.rules.mutes import muted_events


def archive_report(
    folder: Path | None, report: RunReport, waiting: Sequence[PendingDelivery], mutes: Sequence[Mute]
) -> SinkOutcome:
    """Append what waits, and then the events of the run. What cannot be appended waits, within the outbox's bounds.

    Without a folder, the archive is not configured any more: what waits is dropped, and named.
    """
    if folder is None:
        ids = ", ".join(delivery.event.id for delivery in waiting)
        return SinkOutcome(ARCHIVE, remarks=(f"`history` is not set any more; its waiting events are dropped: {ids}",))
    appended = append_events(folder, [*waiting, *_entries(report, waiting, mutes)])
    if not appended.waiting:
        return SinkOutcome(ARCHIVE)
    from statuswatch.delivery.outbox import within_bounds

    kept = within_bounds([msgspec.structs.replace(entry, reason=appended.reason) for entry in appended.waiting])
    kept_ids = {entry.event.id for entry in kept}
    lost = tuple(entry.event.id for entry in appended.waiting if entry.event.id not in kept_ids)
    events = "event waits" if len(kept) == 1 else "events wait"
    remarks = [appended.reason, f"{len(kept)} {events}; appended first by the next run"]
    if lost:
        remarks.append(f"GIVEN UP, never archived: {counted(len(lost), 'event')}: {', '.join(lost)}")
    return SinkOutcome(ARCHIVE, waiting=kept, lost=lost, remarks=tuple(remarks))


def _entries(report: RunReport, waiting: Sequence[PendingDelivery], mutes: Sequence[Mute]) -> list[PendingDelivery]:
    """Return the events of the run as they are archived, each with the reason why nobody is notified of it."""
    waiting_ids = {entry.event.id for entry in waiting}
    muted = {**report.muted, **muted_events(mutes, report.filtered, report.detected_at)}
    entries = []
    for events, is_filtered in ((report.events, False), (report.filtered, True)):
        entries += [
            PendingDelivery(
                event,
                report.detected_at,
                filtered=is_filtered or msgspec.UNSET,
                muted=event.id in muted or msgspec.UNSET,
            )
            for event in events
            if event.id not in waiting_ids
        ]
    return entries
