"""The updates of an incident against those that its record remembers: which are new, which were edited. Pure."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from statuswatch import text
from statuswatch.model.digest import (
    WITHOUT_ID,
    UpdateDigest,
    UpdateTime,
    encode_digests,
    id_digest,
    is_time_id,
    newest_id_digest,
    parse_digests,
    parse_times,
    published_second,
)
from statuswatch.model.incident import IncidentUpdate


class UpdateComparison(NamedTuple):
    """Updates that are new, updates that were edited in place, and the digests to remember from now on."""

    fresh: tuple[IncidentUpdate, ...]
    edited: tuple[IncidentUpdate, ...]
    remembered: str


def compare_updates(remembered: str, updates: tuple[IncidentUpdate, ...], encoded: str) -> UpdateComparison:
    """Compare the listed updates, and their digests in `encoded`, with the remembered digests.

    Without remembered digests all updates are new. A read without updates changes nothing: the document that has them
    may have failed.
    """
    if not remembered:
        return UpdateComparison(updates, (), encoded)
    if not updates or encoded == remembered:
        return UpdateComparison((), (), remembered)
    former = {digest.id_digest: digest for digest in parse_digests(remembered)}
    fresh: list[IncidentUpdate] = []
    edited: list[IncidentUpdate] = []
    listed: dict[str, UpdateDigest] = {}
    for update, digest in zip(updates, parse_digests(encoded), strict=True):
        before = former.get(digest.id_digest)
        if before is None:
            fresh.append(update)
            listed[digest.id_digest] = digest
            continue
        if _was_edited(before, digest):
            edited.append(update)
        listed[digest.id_digest] = _with_best_body(before, digest)
    return UpdateComparison(tuple(fresh), tuple(edited), _remember(remembered, former, listed))


def is_poorer(digest: UpdateDigest, before: UpdateDigest) -> bool:
    """Return whether the body is empty where one is remembered, or from enrichment where the vendor's own is."""
    if not before.body_digest:
        return False
    return not digest.body_digest or (digest.from_enrichment and not before.from_enrichment)


def _was_edited(before: UpdateDigest, digest: UpdateDigest) -> bool:
    """Return whether the status differs, or the body where both sources are equally good and neither is empty."""
    if before.status_digest != digest.status_digest:
        return True
    if not before.body_digest or not digest.body_digest or before.from_enrichment != digest.from_enrichment:
        return False
    return before.body_digest != digest.body_digest


def _with_best_body(before: UpdateDigest, digest: UpdateDigest) -> UpdateDigest:
    if not is_poorer(digest, before):
        return digest
    return digest._replace(body_digest=before.body_digest, from_enrichment=before.from_enrichment)


def _remember(remembered: str, former: Mapping[str, UpdateDigest], listed: Mapping[str, UpdateDigest]) -> str:
    """Return the digests to remember: those no longer listed come first, and new ones last, however they are dated.

    So the last digest is always of the newest update that is listed. Where nothing is new and the newest is still
    listed, the order stays as it is.
    """
    as_before = all(former.get(key) == digest for key, digest in listed.items())
    if as_before and newest_id_digest(remembered) in listed:
        return remembered
    unlisted = [digest for key, digest in former.items() if key not in listed]
    listed_before = [digest for key, digest in listed.items() if key in former]
    learned = [digest for key, digest in listed.items() if key not in former]
    return encode_digests([*unlisted, *listed_before, *learned])


# ------------------------------------------------------------------------- updates that have different ids elsewhere


class _Published(NamedTuple):
    """When a remembered update was published, and the digest of its status."""

    second: int
    status_digest: str


def updates_unknown_by_time(
    remembered: str, times: str, updates: tuple[IncidentUpdate, ...], newest_second: int
) -> tuple[IncidentUpdate, ...]:
    """Return the updates of another document that are not remembered: by id, else by the second of publication.

    Status tells apart only several of one second. Of remembered updates without a time (version 1 of the state file)
    none is later than `newest_second`.
    """
    digests = {digest.id_digest: digest for digest in parse_digests(remembered)}
    remembered_times = parse_times(times)
    unknown = [update for update in updates if id_digest(update) not in digests]
    if not digests.keys() <= remembered_times.keys():
        earliest = min((time.second for time in remembered_times.values()), default=newest_second + 1)
        unknown = [update for update in unknown if published_second(update) >= earliest]
    listed_ids = {id_digest(update) for update in updates}
    unmatched = [
        _Published(time.second, digests[key].status_digest)
        for key, time in remembered_times.items()
        if key in digests and key not in listed_ids
    ]
    unknown = _without_matches(unknown, unmatched, with_status=True)
    return tuple(_without_matches(unknown, unmatched, with_status=False))


def _without_matches(
    updates: list[IncidentUpdate], unmatched: list[_Published], *, with_status: bool
) -> list[IncidentUpdate]:
    """Return the updates for which nothing of the same second is left in `unmatched`, and take the matches from it."""
    rest = []
    for update in updates:
        second, status_digest = published_second(update), text.word_digest(update.status)
        matches = [
            published
            for published in unmatched
            if published.second == second and (not with_status or published.status_digest == status_digest)
        ]
        if matches:
            unmatched.remove(matches[0])
        else:
            rest.append(update)
    return rest


def encode_times(before: str, updates: Iterable[IncidentUpdate], remembered: str, *, only_without_id: bool) -> str:
    """Return the times to remember of the updates in `remembered`: of the listed ones, else as they were before."""
    listed = list(updates)
    if only_without_id and WITHOUT_ID not in before and not any(is_time_id(update.id) for update in listed):
        return ""
    times = {**parse_times(before), **{time.id_digest: time for time in map(UpdateTime.of, listed)}}
    kept = [times[digest.id_digest] for digest in parse_digests(remembered) if digest.id_digest in times]
    return " ".join(str(time) for time in kept if time.without_id or not only_without_id)


def adopt_vendor_ids(remembered: str, times: str, updates: tuple[IncidentUpdate, ...]) -> tuple[str, str]:
    """Return digests and times in which listed updates replace those that were learned without an id.

    They are recognised by the second of publication, several of one second by their status.
    """
    digests = {digest.id_digest: digest for digest in parse_digests(remembered)}
    remembered_times = parse_times(times)
    candidates = [update for update in updates if id_digest(update) not in digests and not is_time_id(update.id)]
    replaced: dict[str, IncidentUpdate] = {}
    for key, time in remembered_times.items():
        if time.without_id and key in digests:
            match = _match_of(digests[key], time, candidates)
            if match:
                replaced[key] = match
                candidates.remove(match)
    return _with_replaced(digests, remembered_times, replaced)


def adopt_new_dates(remembered: str, times: str, updates: tuple[IncidentUpdate, ...]) -> tuple[str, str]:
    """Return digests and times in which listed updates replace those that vanished with their status and text.

    They are the same updates under a corrected time, of which their ids are made (GitHub's feed, recorded).
    """
    digests = {digest.id_digest: digest for digest in parse_digests(remembered)}
    listed_ids = {id_digest(update) for update in updates}
    vanished = [digest for key, digest in digests.items() if key not in listed_ids]
    replaced: dict[str, IncidentUpdate] = {}
    for update in updates if vanished else ():
        match = _same_text(vanished, update) if update.body and id_digest(update) not in digests else None
        if match:
            replaced[match.id_digest] = update
            vanished.remove(match)
    return _with_replaced(digests, parse_times(times), replaced)


def _same_text(vanished: Iterable[UpdateDigest], update: IncidentUpdate) -> UpdateDigest | None:
    """Return the digest that has the status and the text of the update."""
    _, *content = UpdateDigest.of(update)
    return next((digest for digest in vanished if [*digest[1:]] == content), None)


def _with_replaced(
    digests: Mapping[str, UpdateDigest], times: Mapping[str, UpdateTime], replaced: Mapping[str, IncidentUpdate]
) -> tuple[str, str]:
    """Return digests and times as the state file has them, with the updates that take the place of others."""
    adopted = [UpdateDigest.of(replaced[key]) if key in replaced else digest for key, digest in digests.items()]
    adopted_times = [UpdateTime.of(replaced[key]) if key in replaced else time for key, time in times.items()]
    return encode_digests(adopted), " ".join(map(str, adopted_times))


def _match_of(digest: UpdateDigest, time: UpdateTime, candidates: list[IncidentUpdate]) -> IncidentUpdate | None:
    """Return the update of the same second; of several the one of the same status, else the first."""
    in_second = [update for update in candidates if published_second(update) == time.second]
    with_status = [update for update in in_second if text.word_digest(update.status) == digest.status_digest]
    return next(iter([*with_status, *in_second]), None)
