"""The words of status feeds: which status a label means, and which impact a category states."""

from typing import Final

from statuswatch.model.incident import Impact

REPORTED: Final = "reported"  # the status of an entry that states none
MAINTENANCE_STATUSES: Final = frozenset({"scheduled", "in_progress", "verifying", "completed"})
_WORDS_BY_STATUS: Final = {
    "investigating": ("investigating",),
    "identified": ("identified",),
    "monitoring": ("monitoring",),
    "resolved": (
        "resolved",
        "closed",
        "fixed",
        "recovered",
        "restored",
        "service restored",
        "service is operating normally",  # AWS
        "operating normally",
        "behoben",
        "beendet",
        "解決済",
    ),
    "postmortem": ("postmortem", "post-mortem"),
    "scheduled": ("scheduled",),
    "in_progress": ("in progress",),
    "verifying": ("verifying",),
    "completed": ("completed", "finished", "maintenance complete", "abgeschlossen"),
    "": ("update", "initial notification"),  # the status stays as it was
}
STATUS_BY_WORD: Final = {word: status for status, words in _WORDS_BY_STATUS.items() for word in words}
# In a title these may name a component ("Monitoring: alerts are late"), so they state no status there.
TITLE_WORDS: Final = STATUS_BY_WORD.keys() - {"monitoring", "verifying", "restored"}
IMPACT_BY_CATEGORY: Final = {
    "degraded": Impact.MINOR,
    "degraded_performance": Impact.MINOR,
    "partial_outage": Impact.MAJOR,
    "outage": Impact.CRITICAL,
    "major_outage": Impact.CRITICAL,
}
