"""The software that status pages run on. A new platform is one module here and its name in `PLATFORMS`.

A module is imported when its platform is used: a run of three pages does not pay for all of them.
"""

from collections.abc import Mapping
from datetime import datetime
from re import Pattern
from typing import Final, Protocol

from statuswatch.model.incident import Incident
from statuswatch.model.page import Document, Feed, LongerListEntry, Page
from statuswatch.platforms.parsing import ParseInput
from statuswatch.registry import Registry


class Platform(Protocol):
    """The interface of a platform's module. All of it is pure: bytes in, incidents out."""

    PARSER_VERSION: int  # raised when `parse` reads a document differently: remembered validators are then void

    def documents(self, page: Page, /) -> tuple[Document, ...]:
        """Return the documents to read on every run: at most two."""

    def parse(self, reading: ParseInput, /) -> Feed:
        """Return what the documents say; raise FeedError where they are not understood.

        A missing list is an error, never an empty list. Raises MissingPageIdError where the page needs an `id`.
        """

    def follow_ups(self, reading: ParseInput, feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
        """Return further documents worth reading, best first. `dirty`: the feed differs from the state file.

        The first that was not requested yet is fetched; then all documents are parsed again.
        """

    def matches(self, feed: Feed, /) -> bool:
        """Return whether the feed shows that its page runs on this platform."""


class OwnDocumentPlatform(Protocol):
    """The interface of a platform that publishes a document for each incident, whatever its age."""

    def own_document(self, page: Page, incident_id: str, created_at: datetime | None, /) -> Document | None:
        """Return the document of one incident; None where it cannot be named without the time of its creation."""

    def parse_own(self, reading: ParseInput, incident_id: str, body: bytes, /) -> Incident | None:
        """Return the incident of its own document; None where the document shows that the vendor removed it.

        Raises FeedError where it is not understood, or another incident's.
        """


class LongerListPlatform(Protocol):
    """The interface of a platform with a list that reaches further back than the one it reads on every run."""

    MAX_LONGER_LISTS: int  # parts of the longer list that are read in one run

    def longer_list(self, page: Page, number: int, /) -> Document:
        """Return the part of the longer list with that number, from 1; the newest entries come first."""

    def parse_longer_list(self, body: bytes, /) -> tuple[LongerListEntry, ...]:
        """Return the entries of one part. Raises FeedError."""


class RegionalPlatform(Protocol):
    """The interface of a platform that names regions beside services. An incident without any leaves them unstated."""

    REGION_CODE: Pattern[str]  # the regions by code, in small letters: a glob on one is no typing error on a calm day


# A page of unknown platform is tried in this order: the surest and the commonest first.
PLATFORMS: Final[Mapping[str, Platform]] = Registry(
    __name__,
    "incidentio",
    "statuspage",
    "instatus",
    "betterstack",
    "google",
    "slack",
    "aws",
    "apple",
    "heroku",
    "pagerduty",
    "salesforce",
    "site24x7",
    "zendesk",
    "cstate",
    "uptime-kuma",
    "gatus",
    "openstatus",
    "oneuptime",
    "upptime",
    "microsoft",
    "uptimerobot",
    "statusio",
    "firehydrant",
    "sorry",
    "statuspal",
    "datadog",
    "cloudflare",
    "hund",
    "cachet",
    "statuscast",
    "oracle",
    "azure",
    "incidentio-widget",
    "rss",
)

# Platforms that host the pages of many vendors, by the name that people know: when one is down, its pages fail alike.
HOSTED_PLATFORMS: Final[Mapping[str, str]] = {
    "incidentio": "incident.io",
    "incidentio-widget": "incident.io",
    "statuspage": "Statuspage",
    "instatus": "Instatus",
    "betterstack": "Better Stack",
    "pagerduty": "PagerDuty",
    "site24x7": "Site24x7",
    "statusio": "Status.io",
    "firehydrant": "FireHydrant",
    "sorry": "Sorry",
    "statuspal": "Statuspal",
    "datadog": "Datadog Status Page",
    "hund": "Hund",
    "statuscast": "StatusCast",
    "uptimerobot": "UptimeRobot",
}

# Platforms of a single page: a page of unknown platform elsewhere is not tried as one.
ONLY_HOSTS: Final[Mapping[str, str]] = {
    "cloudflare": "www.cloudflarestatus.com",
    "microsoft": "status.cloud.microsoft",
    "oracle": "ocistatus.oraclecloud.com",
}

# What a platform may have besides: its module then has these functions, too.
OWN_DOCUMENTS: Final[Mapping[str, OwnDocumentPlatform]] = Registry(__name__, "statuspage", "incidentio", "sorry")
LONGER_LISTS: Final[Mapping[str, LongerListPlatform]] = Registry(__name__, "statuspage")
REGIONAL: Final[Mapping[str, RegionalPlatform]] = Registry(__name__, "aws", "azure", "google")

# Platforms of pages of the catalog, by the name that people know. One that is in `PLATFORMS` is read all the same.
UNREAD_PLATFORMS: Final[Mapping[str, str]] = {
    "cachet": "Cachet",
    "cloudflare": "Cloudflare Status",
    "datadog": "Datadog Status Page",
    "firehydrant": "FireHydrant",
    "freshstatus": "Freshstatus",
    "hund": "Hund",
    "hyperping": "Hyperping",
    "incidentio-global": "incident.io with regions",
    "oracle": "Oracle Cloud",
    "rootly": "Rootly",
    "sorry": "Sorry",
    "statuscast": "StatusCast",
    "statushub": "StatusHub",
    "statuspal": "Statuspal",
    "vigil": "Vigil",
    "wedos": "WEDOS",
}


def missing_reader(platform: str) -> str:
    """Return why a page on that platform cannot be read; "" where it can, or where its platform is to be recognised."""
    if not platform or platform in PLATFORMS:
        return ""
    name = UNREAD_PLATFORMS.get(platform)
    return f"platform {name}, no reader yet" if name else "a page of its own kind, no reader yet"
