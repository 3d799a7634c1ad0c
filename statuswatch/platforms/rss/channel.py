"""The channel: what holds for all entries of a feed, and by what its entries are recognised.

An entry's guid identifies its incident, else its link, else its title. Several entries are one incident where they
share the guid or the link, fragments of the link aside: Better Stack and Google Cloud publish one entry for each update
(read by others). A link that is the feed's own or the page's address, or that most entries share, identifies nothing.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from statuswatch import text
from statuswatch.errors import FeedError
from statuswatch.model.page import Page
from statuswatch.model.state import IncidentRecord
from statuswatch.platforms.parsing import ParseInput, clean_title, derived_id, identifier, incident_link
from statuswatch.platforms.rss.document import Entry, FeedDocument, FeedHead
from statuswatch.platforms.rss.wording import split_title

# Identities of feeds that list only what is open. Meta's are recorded empty, several at once, by readers who say so.
_ONLY_OPEN: Final = frozenset({"azure.status.microsoft", "metastatus.com"})
_HOST: Final = re.compile(r"(?:tag:|https?://)?([a-z0-9.-]+\.[a-z]{2,})(?:[:/,]|$)", re.IGNORECASE)
_REPEATED_SLASH: Final = re.compile(r"(?<!:)//+")
_NUMBER: Final = re.compile(r"incidents?/([\w-]{4,})/?$", re.IGNORECASE | re.ASCII)
_INCIDENT_ADDRESS: Final = re.compile(r"(?:incident|issue)s?/(?=[\w-]*\d)[\w-]{4,}$", re.IGNORECASE | re.ASCII)
_ENDS_IN_NUMBER: Final = re.compile(r"[/=#][\w-]*\d[\w-]*$", re.ASCII)
_MIN_SHARED_GUIDS: Final = 3  # entries of one guid and of as many titles: the guid is a date, or the page's


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """A feed, apart from its entries. `home` is its link, `records` what is remembered of the page's incidents.

    `only_open`: what is over leaves the feed. `lists_updates`: some entry shows more than its latest update.
    `categories_name_components`: the categories of an entry are what it affects.
    `common_links` and `common_guids` identify nothing. `now` is the time of the run, None where there is none.
    """

    page: Page
    home: str
    identity: str
    built_at: datetime | None
    now: datetime | None
    only_open: bool
    lists_updates: bool
    categories_name_components: bool
    common_links: frozenset[str]
    common_guids: frozenset[str]
    records: Mapping[str, IncidentRecord]


def read_channel(
    reading: ParseInput,
    document: FeedDocument,
    *,
    only_open: bool,
    lists_updates: bool,
    categories_name_components: bool,
) -> Channel:
    """Return the channel. Raises FeedError where the feed names nothing by which it can be told from another."""
    head = document.head
    identity = _identity(head)
    own = {_address_key(head.link), _address_key(reading.page.url), ""}
    return Channel(
        page=reading.page,
        home=head.link,
        identity=identity,
        built_at=head.built_at,
        now=reading.now,
        only_open=only_open or identity in _ONLY_OPEN,
        lists_updates=lists_updates,
        categories_name_components=categories_name_components,
        common_links=frozenset(own | _common_links(document.entries)),
        common_guids=_common_guids(document.entries),
        records=reading.records,
    )


def _identity(head: FeedHead) -> str:
    """Return the host of the feed's id or link, else its title."""
    identity = host_in(head.id) or host_in(head.link) or clean_title(head.title)
    if not identity:
        raise FeedError("feed: neither its id nor its link nor its title names the page")
    return identity


def host_in(address: str) -> str:
    """Return the host of an address or a tag URI in lower case, with or without a scheme; "" where there is none."""
    found = _HOST.match(address)
    return found[1].lower() if found else ""


def entry_address(entry: Entry, page: Page) -> str:
    """Return the entry's link, else the page's address. Links may lack their scheme (OnlineOrNot, quoted by others)."""
    address = _REPEATED_SLASH.sub("/", entry.link)
    if not address.startswith(("http://", "https://", "/")) and host_in(address):
        address = f"https://{address}"
    return incident_link(address, page)


# --------------------------------------------------------------------------------------------- entries of one incident


def group_entries(channel: Channel, entries: Sequence[Entry]) -> list[list[Entry]]:
    """Return the entries of each incident: those that share a guid or a link which identifies something."""
    numbers: dict[str, int] = {}  # of the group, by the keys of its entries
    groups: dict[int, list[Entry]] = {}
    for number, entry in enumerate(entries):
        keys = _keys(channel, entry)
        shared = sorted({numbers[key] for key in keys if key in numbers})
        groups[number] = [entry]
        for former in shared:  # two groups become one where an entry has the guid of one and the link of the other
            groups[number] = groups.pop(former) + groups[number]
            numbers.update((key, number) for key, listed in list(numbers.items()) if listed == former)
        numbers.update(dict.fromkeys(keys, number))
    return list(groups.values())


def _keys(channel: Channel, entry: Entry) -> list[str]:
    keys = [f"guid {entry.id}"] if identifies(channel, entry.id) else []
    link = _link_key(channel, entry)
    return [*keys, f"link {link}"] if link else keys


def _link_key(channel: Channel, entry: Entry) -> str:
    """Return the entry's link as it is compared; "" where it identifies nothing.

    Its fragment counts only where the rest is the address of the page: `https://status.acme.example/#outage-7`.
    """
    link = _address_key(entry.link)
    if link not in channel.common_links:
        return link
    link = _with_fragment(entry.link)
    return "" if link in channel.common_links or link.endswith(("#", "#/")) or "#" not in link else link


def identifies(channel: Channel, guid: str) -> bool:
    """Return whether the guid, its fragment included, is one of its own."""
    if not guid or guid in channel.common_guids:
        return False
    return "://" not in guid or _with_fragment(guid) not in channel.common_links


def _common_links(entries: Sequence[Entry]) -> set[str]:
    titles_by_link = _titles_by(entries, [_address_key(entry.link) for entry in entries])
    titles_by_link |= _titles_by(entries, [_with_fragment(entry.link) for entry in entries])
    return {link for link, titles in titles_by_link.items() if _is_common(link, titles, len(entries))}


def _is_common(link: str, titles: Sequence[str], total: int) -> bool:
    """Return whether most entries share the link, and not because one incident has most of the entries."""
    if len(titles) == 1 or len(titles) * 2 <= total or _INCIDENT_ADDRESS.search(link):
        return False
    return len(set(titles)) > 1 or not _ENDS_IN_NUMBER.search(link)


def _common_guids(entries: Sequence[Entry]) -> frozenset[str]:
    titles_by_guid = _titles_by(entries, [entry.id for entry in entries])
    return frozenset(
        guid
        for guid, titles in titles_by_guid.items()
        if len(titles) >= _MIN_SHARED_GUIDS and len(titles) * 2 > len(entries) and len(set(titles)) == len(titles)
    )


def _titles_by(entries: Iterable[Entry], keys: Iterable[str]) -> dict[str, list[str]]:
    titles: dict[str, list[str]] = {}
    for entry, key in zip(entries, keys, strict=True):
        titles.setdefault(key, []).append(split_title(entry.title)[0])
    return titles


def _address_key(address: str) -> str:
    """Return the address as it is compared: without its scheme, its fragment and a slash at its end."""
    return _with_fragment(address.partition("#")[0])


def _with_fragment(address: str) -> str:
    plain = _REPEATED_SLASH.sub("/", address.strip())
    return plain.partition("://")[2].rstrip("/") or plain


# ----------------------------------------------------------------------------------------------------------------- ids


def incident_id(channel: Channel, group: Sequence[Entry], *, title: str, published: datetime | None) -> str:
    """Return the id under which the incident of these entries, the oldest first, is remembered, else a new one."""
    own_ids = [own_id(channel, entry, title=title, published=published) for entry in group]
    links = [entry.link for entry in group if _address_key(entry.link) not in channel.common_links]
    guids = [entry.id for entry in group if entry.id]
    stated = [*map(_plain_id, guids), *(_plain_id(link.partition("#")[0]) for link in links)]
    remembered = [key for key in (*own_ids, *stated) if key in channel.records]
    still_open = [key for key in remembered if not channel.records[key].closed]
    key = next(iter([*still_open, *remembered]), "")
    return key or _id_by_link(channel, links) or _id_by_updates(channel, group) or _new_id(channel, group, own_ids[0])


def own_id(channel: Channel, entry: Entry, *, title: str, published: datetime | None) -> str:
    """Return the vendor's id, else one of the title, and of the date where the feed is a history.

    Of `…incident/NUMBER` only the number counts: it stays when the page moves to another host. Raises ValueError where
    nothing tells the entry from another one.
    """
    guid = entry.id if identifies(channel, entry.id) else ""
    link = entry.link if _link_key(channel, entry) else ""
    if link and _address_key(guid) == _address_key(link):
        guid = guid.partition("#")[0]  # the rest names the update
    stated = guid or link
    return _plain_id(stated) if stated else _id_by_title(channel, title, published)


def _id_by_title(channel: Channel, title: str, published: datetime | None) -> str:
    if not (title or published):
        raise ValueError("neither a title, an id nor a date")
    return derived_id(title) if channel.only_open or not published else derived_id(title, published.isoformat())


def _plain_id(stated: str) -> str:
    number = _NUMBER.search(stated)
    try:
        return identifier(number[1] if number else stated)
    except ValueError:
        return derived_id(stated)


def _id_by_link(channel: Channel, links: Iterable[str]) -> str:
    """Return the id of the open incident that is remembered with one of the links, "" where there is none."""
    addresses = {_address_key(link) for link in links}
    for key, record in channel.records.items() if addresses else ():
        if not record.closed and record.url and _address_key(record.url) in addresses:
            return key
    return ""


def _id_by_updates(channel: Channel, group: Sequence[Entry]) -> str:
    """Return the id of the incident that is remembered with one of these entries as an update, "" where there is none.

    The entry that gave the incident its id may have left the feed.
    """
    digests = [f" {text.digest(entry_update_id(entry))}" for entry in group if entry.id]
    for key, record in channel.records.items():
        remembered = f" {record.updates}"
        if any(digest in remembered for digest in digests):
            return key
    return ""


def entry_update_id(entry: Entry, number: int = 1) -> str:
    """Return the id of the update that the entry is; `number` counts entries of one guid and one time."""
    date = ",".join(map(str, (entry.published or entry.updated or ())[:6]))
    return derived_id(entry.id, date, str(number))


def _new_id(channel: Channel, group: Sequence[Entry], oldest_id: str) -> str:
    """Return the id of the link where several entries share it: the oldest of them will leave the feed first."""
    link = group[0].link.partition("#")[0]
    is_shared = len(group) > 1 and _address_key(link) not in channel.common_links
    return _plain_id(link) if is_shared else oldest_id
