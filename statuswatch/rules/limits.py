"""Bounds of what is remembered of one page, well above every real page. Pure.

The state file must stay small enough to be pushed to GitHub, which refuses files of 100 MB, whatever one vendor does.
Of the recorded pages, the largest has 157 incidents and 113 components.
"""

from typing import Final

import msgspec

from statuswatch.model.page import Failure, FailureKind, Feed, Page
from statuswatch.model.state import IncidentRecord, PageState

MAX_INCIDENTS: Final = 5_000
MAX_COMPONENTS: Final = 5_000  # of one incident, those that it named before included; and of the page
MAX_BYTES: Final = 2_000_000  # encoded
MIN_COMPONENT_BYTES: Final = 5  # a component, encoded with its comma; an incident takes more

_encode: Final = msgspec.json.Encoder().encode


def check_feed(feed: Feed) -> str:
    """Return why so much cannot be remembered of a page, before any of it is compared; "" where it can."""
    count = len(feed.incidents) + len(feed.as_remembered) + len(feed.over)
    return f"it lists {count:,} incidents, more than {MAX_INCIDENTS:,}" if count > MAX_INCIDENTS else ""


def check_limits(state: PageState) -> str:
    """Return why so much cannot be remembered of a page; "" where it can."""
    size = len(_encode(state))
    if size < MAX_COMPONENTS * MIN_COMPONENT_BYTES:  # no count can be too high
        return ""
    count = len(state.incidents)
    if count > MAX_INCIDENTS:
        return f"{count:,} incidents to remember, more than {MAX_INCIDENTS:,}"
    for key, record in state.incidents.items():
        if _component_count(record) > MAX_COMPONENTS:
            return f"more than {MAX_COMPONENTS:,} components of incident {key} to remember"
    if len(state.names) > MAX_COMPONENTS:
        return f"more than {MAX_COMPONENTS:,} components to remember"
    return f"{size:,} bytes to remember, more than {MAX_BYTES:,}" if size > MAX_BYTES else ""


def beyond_limits(page: Page, reason: str) -> Failure:
    """Return the failure of a page of which too much would have to be remembered."""
    hint = "what was remembered of it is kept; look at the page in a browser, and report this if it is as it should be"
    return Failure(FailureKind.UNUSABLE_BODY, reason, page.url, hint)


def _component_count(record: IncidentRecord) -> int:
    return len(record.components) + len(record.former_components)
