"""Payloads: how much fits, and how what is left out is counted."""

from __future__ import annotations

import pytest

from statuswatch.errors import SecretError
from statuswatch.render.notification import cut
from statuswatch.sinks.payloads import AddressOptions, newest_that_fit, pack, read_address
from tests.support.fake_receiver import SECRET


@pytest.mark.parametrize("url", [f"ftp://x.example/{SECRET}", SECRET, f"https:///{SECRET}", f"http://x:y/{SECRET}"])
def test_an_invalid_address(url: str) -> None:
    """An address that cannot be one breaks its sink, and is not repeated."""
    with pytest.raises(SecretError) as error:
        read_address(AddressOptions(url_env="HOOK"), lambda variable, /, *, public=False: url)
    assert SECRET not in str(error.value) and "$HOOK" in str(error.value)


def test_the_newest_messages_are_kept() -> None:
    """What does not fit is the oldest, and counted; of the newest at least the beginning is kept."""
    statuses = [("a", "x" * 50), ("b", "y" * 50), ("c", "z" * 50)]
    assert newest_that_fit(statuses, 1000, len) == ("", statuses)
    assert newest_that_fit(statuses, 200, len) == ("(1 earlier message is left out)", statuses[1:])
    left_out, [(status, message)] = newest_that_fit([*statuses, ("d", "w" * 5000)], 200, len)
    assert left_out == "(3 earlier messages are left out)" and status == "d"
    assert message.startswith("ww") and len(message) <= 120 and message.endswith("more characters)")


def test_nothing_is_left_out_of_a_digest() -> None:
    """Every item is in one part, in order, whatever its size."""
    assert pack([3, 4, 9, 1, 1, 1, 1], 7, lambda item: item, 3) == [[3, 4], [9], [1, 1, 1], [1]]


def test_a_second_cut_counts_all() -> None:
    """The number of characters left out is of the whole text, however often it was cut."""
    once = cut("x" * 5000, 2000)
    twice = cut(once, 100, lambda plain: 2 * len(plain))
    for plain in (once, twice):
        kept, left_out = plain.count("x"), int(plain.split("(and ")[1].split()[0])
        assert kept + left_out == 5000
    assert 2 * len(twice) <= 100 and len(once) == 2000
