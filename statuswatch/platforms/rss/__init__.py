"""A feed, RSS or Atom, of whatever software writes it: the least that most status pages have.

The feed stands at the page's `id`, or at its `url` where that has a path. Where neither is a feed, its likely addresses
are proposed (`discovery`).

How a feed is read, a module for each stage:

1. `document`: bytes → head and entries.
2. `channel`: what holds for all entries, and which of them are one incident, under which id.
3. Entries → incidents (`incident`), by the kind of feed: one entry for each incident or for each update; items of AWS
   (`series`), or one item for each component (`component_feed`: StatusIQ, Microsoft).
4. Within an entry: its `messages` with their `times`, or its `wording`, and the `facts` beside them.

An entry that states no status expires after 14 days: see `rules.expiry`. What says itself that it is no incident, as
an announcement or a security bulletin, is left out.

Azure's feed lists only what is open (recorded: it is empty when nothing is). So do feeds of components. All others are
histories; an empty one lists nothing at all, so that what was open is withdrawn.

The feed's own date is no sign of a change: incident.io's is that of the request (recorded). It only shows that a copy
is older, and counts only where entries show no more than their latest text.
"""

from collections.abc import Iterable
from typing import Final
from urllib.parse import urljoin, urlsplit

from statuswatch.model.incident import LATEST, Incident, IncidentKind
from statuswatch.model.page import Document, Feed, Page
from statuswatch.platforms.parsing import ParseInput
from statuswatch.platforms.rss.channel import Channel, read_channel
from statuswatch.platforms.rss.component_feed import component_entries, component_incidents
from statuswatch.platforms.rss.discovery import missing_address
from statuswatch.platforms.rss.document import FeedDocument, decode, is_feed
from statuswatch.platforms.rss.incident import entry_incidents, newest_of_each_id
from statuswatch.platforms.rss.messages import lists_updates
from statuswatch.platforms.rss.wording import REPORTED, UNCHANGED

PARSER_VERSION: Final = 2
_NAME: Final = "feed"
_KINDS: Final = frozenset({IncidentKind.INCIDENT, IncidentKind.MAINTENANCE})


def documents(page: Page, /) -> tuple[Document, ...]:
    """Return the feed; nothing where its address is not known yet."""
    if page.id:
        return (Document(_NAME, urljoin(f"{page.url}/", page.id), required=True),)
    has_path = bool(urlsplit(page.url).path.strip("/"))
    return (Document(_NAME, page.url, required=True),) if has_path else ()


def follow_ups(reading: ParseInput, feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
    """Return nothing: there is only the feed."""
    return ()


def matches(feed: Feed, /) -> bool:
    """Return whether the feed states a status of anything in it. Any other may be a weblog's."""
    return any(incident.status not in (REPORTED, UNCHANGED) for incident in feed.incidents)


def parse(reading: ParseInput, /) -> Feed:
    """Return the feed. Raises FeedError, MissingPageIdError where the page's address is not that of a feed."""
    body = reading.documents.get(_NAME)
    if not reading.page.id and (body is None or not is_feed(body)):
        raise missing_address(reading.page, body)
    return read(reading)


def read(reading: ParseInput, *, only_open: bool = False, categories_name_components: bool = False) -> Feed:
    """Return the feed. Raises FeedError.

    The platform knows that it lists only what is open (`only_open`), and that the categories of an entry are what it
    affects.
    """
    document = decode(reading.required(_NAME))
    components = component_entries(document.entries)
    channel = read_channel(
        reading,
        document,
        only_open=only_open or bool(components),
        lists_updates=any(lists_updates(entry.markup) for entry in document.entries),
        categories_name_components=categories_name_components,
    )
    if components:
        incidents, skipped = component_incidents(channel, components)
    else:
        incidents, skipped = entry_incidents(channel, document.entries)
    incidents, repeated = newest_of_each_id(incidents)
    return _feed(channel, document, incidents, skipped=(*skipped, *repeated))


def _feed(channel: Channel, document: FeedDocument, incidents: Iterable[Incident], *, skipped: tuple[str, ...]) -> Feed:
    listed = tuple(incidents)
    may_be_older = channel.only_open or any(map(_shows_latest_only, listed))
    return Feed(
        identity=channel.identity,
        identity_is_host=True,
        updates_have_no_ids=True,
        incidents=listed,
        updated_at={_NAME: channel.built_at} if channel.built_at and may_be_older else {},
        history=frozenset() if channel.only_open else _KINDS,
        complete=frozenset() if document.entries else _KINDS,
        current=_KINDS if channel.only_open else frozenset(),
        skipped=skipped,
    )


def _shows_latest_only(incident: Incident) -> bool:
    return len(incident.updates) == 1 and incident.updates[0].id == LATEST
