"""Updates of an entry, and what the state file remembers of them."""

from datetime import datetime
from typing import Final

from statuswatch import text
from statuswatch.model.incident import IncidentUpdate
from statuswatch.model.state import IncidentRecord
from statuswatch.platforms.parsing import incident_update

LATEST: Final = "latest"  # the id of an entry's one text, which its vendor replaces
_LATEST_DIGEST: Final = text.digest(LATEST)


def latest_update(status: str, body: str, at: datetime) -> tuple[IncidentUpdate, ...]:
    """Return the one update of an entry that shows no more than its latest text. Raises ValueError."""
    return (incident_update(LATEST, status, body, at, None),)


def shows_latest_only(record: IncidentRecord) -> bool:
    """Return whether the incident is remembered by its latest text."""
    digests = record.update_digests
    return bool(digests) and digests[0].id_digest == _LATEST_DIGEST


def without_redated(updates: tuple[IncidentUpdate, ...], record: IncidentRecord) -> tuple[IncidentUpdate, ...]:
    """Return the updates without those that are remembered under another time.

    GitHub corrects times a day later (recorded). Such an update has a new id, and the text of a remembered one that
    is not listed any longer.
    """
    listed = {text.digest(update.id) for update in updates}
    digests = record.update_digests
    remembered = {digest.id_digest for digest in digests}
    unlisted_bodies = {
        digest.body_digest for digest in digests if digest.body_digest and digest.id_digest not in listed
    }
    kept = tuple(
        update
        for update in updates
        if text.digest(update.id) in remembered or text.digest(update.body) not in unlisted_bodies
    )
    return kept or updates
