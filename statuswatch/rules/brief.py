"""Where a read may leave out what nothing can be reported of. Pure.

Entries of closed incidents that have the bytes that are remembered say what is remembered. They matter only as the
surroundings of what is absent, unknown or suspicious: then the whole of the documents is looked at. At a first read the
end of a closed incident is all that is remembered (rule 9c), so nothing else of it is looked at.
"""

from statuswatch.model.page import Feed
from statuswatch.model.state import PageState


def may_be_brief(state: PageState | None) -> bool:
    """Return whether a read may be brief: nothing of an earlier one is in question."""
    if state is None or state.baseline is None:
        return state is None or not state.incidents  # what was open under another address is looked for
    return state.suspicion is None and not state.to_look_up


def needs_all_entries(state: PageState | None, feed: Feed) -> bool:
    """Return whether entries that were left out of the feed may matter.

    An unknown incident may be a known one under another id, and an absent one may have been withdrawn; an entry that
    could not be understood may be either. An incident that stands in two lists is compared by its newest copy.
    """
    listed = {incident.id for incident in feed.incidents}
    if feed.over:
        return len(listed.union([incident.id for incident in feed.over])) < len(listed) + len(feed.over)
    if state is None or not feed.as_remembered:
        return False
    if feed.skipped or not listed.isdisjoint(feed.as_remembered) or not listed <= state.incidents.keys():
        return True
    return any(not state.incidents[key].closed for key in state.incidents.keys() - feed.as_remembered - listed)
