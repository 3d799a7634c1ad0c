"""Digests of incident updates: read and written as the state file has them."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuswatch.model.digest import UpdateDigest, encode_digests, encode_updates, newest_id_digest, parse_digests
from tests.support.page_timeline import update

FIRST = update(1, "investigating", "We look.")
SILENT = msgspec.structs.replace(update(2, "monitoring"), body="")
ENRICHED = msgspec.structs.replace(update(3, "resolved", "It is over."), from_enrichment=True)


@pytest.mark.parametrize("published", [FIRST, SILENT, ENRICHED], ids=["plain", "silent", "enriched"])
def test_a_digest_is_written_and_read(published: object) -> None:
    """6: six characters of the id, two of the status, six of the body, and a mark for a body from enrichment."""
    digest = UpdateDigest.of(published)  # type: ignore[arg-type]
    assert UpdateDigest.parse(str(digest)) == digest
    assert (len(digest.id_digest), len(digest.status_digest)) == (6, 2)
    assert (len(digest.body_digest), str(digest).endswith("~")) == (
        0 if published is SILENT else 6,
        published is ENRICHED,
    )


def test_the_bytes_in_the_state_file() -> None:
    """6: what the first release wrote."""
    encoded = encode_updates((FIRST, SILENT, ENRICHED))
    assert encoded == "Qk+fdgNDwjANZQ 20bOzAdd rEH+WgPPdKxFew~"
    assert encode_digests(parse_digests(encoded)) == encoded
    assert newest_id_digest(encoded) == UpdateDigest.of(ENRICHED).id_digest
    assert newest_id_digest("") == "" and parse_digests("") == ()


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20))
def test_whatever_a_file_has_is_kept(encoded: str) -> None:
    """6: a digest that was not written by us is written again as it was."""
    assert str(UpdateDigest.parse(encoded)) == encoded
